//! `health`: asks a running service on this machine whether it is ready. For images, which have no
//! shell and no other program to ask with.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use crate::config::Reader;

/// Longest wait for the answer, more than the checks behind it take.
const LIMIT: Duration = Duration::from_secs(3);

/// The service is not ready; the words are for the person who asks.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// Nothing to ask.
    #[error("{0} is not set, or is no address")]
    Address(&'static str),
    /// Nobody answers there.
    #[error("{0} does not answer: {1}")]
    Silent(SocketAddr, io::Error),
    /// It runs and is not ready.
    #[error("not ready: {0}")]
    NotReady(String),
}

/// Asks `/readyz` on the admin port that `variable` names; answers its report.
pub fn check(prefix: &'static str, variable: &'static str) -> Result<String, Unhealthy> {
    let listens = Reader::from_environment(prefix).required::<SocketAddr>(variable);
    let address = reachable(listens.ok_or(Unhealthy::Address(variable))?);
    let answer = ask(address).map_err(|error| Unhealthy::Silent(address, error))?;
    let (head, report) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) == Some("200") {
        Ok(report.to_owned())
    } else {
        Err(Unhealthy::NotReady(report.to_owned()))
    }
}

/// A service that listens on every address is asked on the loopback.
fn reachable(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listens.port())
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_listens_everywhere_is_asked_on_the_loopback() {
        let asked = |listens: &str| reachable(listens.parse().expect("an address")).to_string();
        assert_eq!(asked("0.0.0.0:9000"), "127.0.0.1:9000");
        assert_eq!(asked("[::]:9000"), "[::1]:9000");
        assert_eq!(asked("10.1.2.3:9000"), "10.1.2.3:9000");
    }

    #[test]
    fn the_report_of_a_ready_service_is_its_answer() {
        let served = served("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        assert!(ask(served).expect("an answer").ends_with("{}"));
    }

    /// A listener that gives one answer.
    fn served(answer: &'static str) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a caller");
            let mut request = [0; 512];
            let read = stream.read(&mut request).expect("a request");
            assert!(request[..read].starts_with(b"GET /readyz "));
            stream.write_all(answer.as_bytes()).expect("an answer");
        });
        address
    }
}
