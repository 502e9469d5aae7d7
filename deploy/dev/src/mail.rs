//! A mail server that delivers to a folder: what the product mails can be read there. It lives as long as this tool.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

const LIMIT: Duration = Duration::from_secs(30);
/// Nothing of ours is larger.
const LARGEST: usize = 1024 * 1024;

/// Where it listens and what it fills.
#[derive(Debug)]
pub(crate) struct Catcher {
    pub(crate) url: String,
    pub(crate) folder: PathBuf,
}

impl Catcher {
    pub(crate) fn start(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let listener = TcpListener::bind("127.0.0.1:0").context("no port for mail")?;
        let url = format!("smtp://{}", listener.local_addr()?);
        let to = folder.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let to = to.clone();
                // A sender that breaks off loses its own mail only, and tries again.
                std::thread::spawn(move || converse(&stream, &to));
            }
        });
        Ok(Self { url, folder })
    }
}

/// One conversation: as much of SMTP as a sender needs.
fn converse(stream: &TcpStream, folder: &Path) -> Result<()> {
    stream.set_read_timeout(Some(LIMIT))?;
    let mut lines = BufReader::new(stream).lines();
    let say = |text: &str| -> Result<()> {
        let mut out = stream;
        out.write_all(format!("{text}\r\n").as_bytes())
            .map_err(Into::into)
    };
    say("220 development mail")?;
    while let Some(line) = lines.next().transpose()? {
        let verb = line
            .split([' ', ':'])
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say("250-development mail\r\n250 8BITMIME")?,
            "DATA" => {
                say("354 go on")?;
                let mut text = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." || text.len() > LARGEST {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push('\n');
                }
                keep(folder, &text)?;
                say("250 kept")?;
            }
            "QUIT" => return say("221 bye"),
            "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP" => say("250 ok")?,
            _ => say("502 not here")?,
        }
    }
    Ok(())
}

fn keep(folder: &Path, text: &str) -> Result<()> {
    let count = fs::read_dir(folder)?.count() + 1;
    let file = folder.join(format!("{count:04}.eml"));
    fs::write(&file, text)?;
    let header = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    eprintln!(
        "  mail  {}: {} ({})",
        header("To:"),
        header("Subject:"),
        file.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_ends_in_the_folder_with_its_dots_undoubled() {
        let folder = std::env::temp_dir().join(format!("quolum-mail-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let catcher = Catcher::start(folder.clone()).expect("a catcher");
        let address = catcher.url.strip_prefix("smtp://").expect("an address");
        let stream = TcpStream::connect(address).expect("a connection");
        let mut answers = BufReader::new(&stream).lines();
        let mut out = &stream;
        for (order, answer) in [
            ("", "220"),
            ("HELO test\r\n", "250"),
            ("MAIL FROM:<a@b.example>\r\n", "250"),
            ("RCPT TO:<c@d.example>\r\n", "250"),
            ("DATA\r\n", "354"),
            (
                "To: c@d.example\r\nSubject: hello\r\n\r\n..a dot\r\n.\r\n",
                "250",
            ),
            ("QUIT\r\n", "221"),
        ] {
            out.write_all(order.as_bytes()).expect("sent");
            let said = answers.next().expect("a line").expect("text");
            assert!(said.starts_with(answer), "{order}: {said}");
        }
        let kept = fs::read_to_string(folder.join("0001.eml")).expect("a mail");
        assert!(kept.contains("\n.a dot\n"), "{kept}");
        let _ = fs::remove_dir_all(&folder);
    }
}
