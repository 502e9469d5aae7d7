//! A mail server on a socket: it holds the real conversation and remembers what it took.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well = 0,
    /// Refuses the recipient for good.
    NoSuchUser = 1,
    /// Asks for patience.
    Busy = 2,
    /// Hangs up in the middle.
    Gone = 3,
    /// Refuses everybody until they show a password.
    WantsPassword = 4,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Mail {
    pub(crate) fn header(&self, name: &str) -> String {
        let unfolded = self.headers.replace("\r\n ", " ");
        let start = format!("{name}: ");
        let line = unfolded.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_default().to_owned()
    }

    /// The token of the link in it.
    pub(crate) fn token(&self) -> String {
        let (_, rest) = self.body.split_once("?token=").expect("a link");
        rest.split_whitespace().next().expect("a token").to_owned()
    }
}

pub(crate) struct MailServer {
    pub(crate) url: String,
    mood: Arc<AtomicU8>,
    taken: Arc<Mutex<Vec<Mail>>>,
    task: AbortHandle,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl MailServer {
    #[allow(clippy::disallowed_methods, reason = "a test's own server")]
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let (mood, taken) = (Arc::new(AtomicU8::new(0)), Arc::default());
        let (its_mood, its_taken) = (Arc::clone(&mood), Arc::clone(&taken));
        let serve = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (mood, taken) = (Arc::clone(&its_mood), Arc::clone(&its_taken));
                // A client that hangs up ends its conversation and nothing else.
                tokio::spawn(async move { converse(stream, &mood, &taken).await.ok() });
            }
        };
        let task = tokio::spawn(serve).abort_handle();
        Self {
            url,
            mood,
            taken,
            task,
        }
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }

    pub(crate) fn taken(&self) -> Vec<Mail> {
        self.taken.lock().expect("the mails").clone()
    }

    /// Settings that send mail here.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AUTH_SMTP_URL", self.url.clone()),
            ("AUTH_MAIL_FROM", "Quolum <quolum@seats.example>".to_owned()),
        ]
    }
}

async fn converse(
    stream: TcpStream,
    mood: &AtomicU8,
    taken: &Mutex<Vec<Mail>>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.example ESMTP\r\n").await?;
    let (mut from, mut to) = (String::new(), String::new());
    while let Some(line) = lines.next_line().await? {
        let mood = mood.load(Ordering::SeqCst);
        let upper = line.to_uppercase();
        let answer = if upper.starts_with("EHLO") {
            "250-mail.example\r\n250 8BITMIME\r\n"
        } else if upper.starts_with("MAIL FROM") && mood == Mood::WantsPassword as u8 {
            "530 5.7.0 authentication required\r\n"
        } else if upper.starts_with("MAIL FROM") {
            from = between(&line);
            "250 ok\r\n"
        } else if upper.starts_with("RCPT TO") {
            to = between(&line);
            match mood {
                m if m == Mood::NoSuchUser as u8 => "550 5.1.1 no such user\r\n",
                m if m == Mood::Busy as u8 => "451 4.3.0 try again later\r\n",
                m if m == Mood::Gone as u8 => return Ok(()),
                _ => "250 ok\r\n",
            }
        } else if upper == "DATA" {
            write.write_all(b"354 go on\r\n").await?;
            let mut text = Vec::new();
            while let Some(line) = lines.next_line().await? {
                if line == "." {
                    break;
                }
                text.push(line.strip_prefix('.').unwrap_or(&line).to_owned());
            }
            let text = text.join("\r\n");
            let (headers, body) = text.split_once("\r\n\r\n").expect("headers and body");
            taken.lock().expect("the mails").push(Mail {
                from: from.clone(),
                to: to.clone(),
                headers: headers.to_owned(),
                body: decoded(headers, body),
            });
            "250 taken\r\n"
        } else if upper == "QUIT" {
            write.write_all(b"221 bye\r\n").await?;
            return Ok(());
        } else {
            "250 ok\r\n"
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

fn between(line: &str) -> String {
    let (_, rest) = line.split_once('<').expect("<");
    rest.split_once('>').expect(">").0.to_owned()
}

fn decoded(headers: &str, body: &str) -> String {
    if !headers.to_lowercase().contains("quoted-printable") {
        return body.to_owned();
    }
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'=' {
            let (hex, after) = tail.split_at(2);
            let hex = std::str::from_utf8(hex).expect("hexadecimal digits");
            bytes.push(u8::from_str_radix(hex, 16).expect("hexadecimal digits"));
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}
