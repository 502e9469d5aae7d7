//! Free ports, remembered so that addresses stay the same from start to start.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// Below the range from which the kernel takes ports for outgoing connections.
const FIRST: u16 = 20_000;
const SPAN: u16 = 12_000;

#[derive(Debug)]
pub(crate) struct Ports {
    file: PathBuf,
    known: BTreeMap<String, u16>,
    start: u16,
}

impl Ports {
    pub(crate) fn load(file: PathBuf, number: u32) -> Self {
        let known = std::fs::read_to_string(&file)
            .map(|text| parse(&text))
            .unwrap_or_default();
        let start = u16::try_from(number % u32::from(SPAN)).unwrap_or(0);
        Self { file, known, start }
    }

    /// The port of `name`: the remembered one while it is free, then `wanted`, then any free one.
    pub(crate) fn take(&mut self, name: &str, wanted: Option<u16>) -> Result<u16> {
        let remembered = self.known.get(name).copied();
        let candidates = remembered
            .into_iter()
            .chain(wanted)
            .chain((0..SPAN).map(|step| FIRST + (self.start + step) % SPAN));
        let others: Vec<u16> = self
            .known
            .iter()
            .filter(|(other, _)| *other != name)
            .map(|(_, port)| *port)
            .collect();
        let port = candidates
            .filter(|port| !others.contains(port))
            .find(|port| is_free(*port))
            .context("no free port on this machine")?;
        if remembered != Some(port) {
            self.known.insert(name.to_owned(), port);
            std::fs::write(&self.file, render(&self.known))
                .with_context(|| format!("cannot write {}", self.file.display()))?;
        }
        Ok(port)
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

fn parse(text: &str) -> BTreeMap<String, u16> {
    text.lines()
        .filter_map(|line| {
            let (name, port) = line.split_once('=')?;
            Some((name.trim().to_owned(), port.trim().parse().ok()?))
        })
        .collect()
}

fn render(ports: &BTreeMap<String, u16>) -> String {
    let mut text = String::new();
    for (name, port) in ports {
        let _ = writeln!(text, "{name}={port}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_file_reads_back_what_it_wrote_and_skips_nonsense() {
        let ports = BTreeMap::from([("amqp".to_owned(), 20_001), ("postgres".to_owned(), 20_000)]);
        assert_eq!(parse(&render(&ports)), ports);
        assert_eq!(
            parse("x\ny=high\nz = 7\n"),
            BTreeMap::from([("z".to_owned(), 7)])
        );
    }

    #[test]
    fn a_taken_port_is_replaced_and_the_new_one_remembered() {
        let folder = std::env::temp_dir().join(format!("ports-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("ports");
        let first = Ports::load(file.clone(), 77).take("page", None).unwrap();
        assert_eq!(
            Ports::load(file.clone(), 77).take("page", None).unwrap(),
            first
        );
        let _busy = TcpListener::bind(("127.0.0.1", first)).unwrap();
        let second = Ports::load(file.clone(), 77).take("page", None).unwrap();
        assert_ne!(second, first);
        assert_eq!(
            parse(&std::fs::read_to_string(&file).unwrap()).get("page"),
            Some(&second)
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
