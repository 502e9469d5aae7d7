//! Just enough HTTP/1.1 to talk to programs on this machine: one request at a time, bodies in memory.
//!
//! No TLS, no redirects and no cookies here: `browser` adds what a browser adds. A client library would bring
//! more code to compile than everything else in this crate.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_mins(1);
/// More than any answer the tool asks for.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).context("the answer is not JSON")
    }
}

/// `http://host:port/path?query` cut into `host:port` and the rest.
pub(crate) fn split(url: &str) -> Result<(&str, &str)> {
    let rest = url
        .strip_prefix("http://")
        .with_context(|| format!("only http addresses are spoken here, not {url}"))?;
    let cut = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(cut);
    Ok((authority, if target.is_empty() { "/" } else { target }))
}

/// One request over a connection of its own.
pub(crate) fn get(url: &str) -> Result<Response> {
    let (authority, target) = split(url)?;
    let request = Request {
        method: "GET",
        target,
        ..Request::default()
    };
    Connection::open(authority)?.send(&request)
}

pub(crate) fn is_ok(url: &str) -> bool {
    get(url).is_ok_and(|response| response.status == 200)
}

/// A connection that is kept for further requests.
#[derive(Debug)]
pub(crate) struct Connection {
    authority: String,
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn open(authority: &str) -> Result<Self> {
        let address = authority
            .to_socket_addrs()
            .with_context(|| format!("cannot resolve {authority}"))?
            .find(std::net::SocketAddr::is_ipv4)
            .with_context(|| format!("no address for {authority}"))?;
        let stream = TcpStream::connect_timeout(&address, CONNECT)
            .with_context(|| format!("cannot reach {authority}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        Ok(Self {
            authority: authority.to_owned(),
            stream: BufReader::with_capacity(64 * 1024, stream),
        })
    }

    pub(crate) fn send(&mut self, request: &Request<'_>) -> Result<Response> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cargo-dev\r\n",
            request.method, request.target, self.authority
        );
        for (name, value) in &request.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if request.method != "GET" {
            let _ = write!(head, "Content-Length: {}\r\n", request.body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&request.body);
        let stream = self.stream.get_mut();
        stream
            .write_all(&bytes)
            .and_then(|()| stream.flush())
            .with_context(|| format!("cannot write to {}", self.authority))?;
        self.receive(request.method)
            .with_context(|| format!("{} {}", request.method, path_only(request.target)))
    }

    fn receive(&mut self, method: &str) -> Result<Response> {
        let status_line = self.line()?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .with_context(|| format!("not an HTTP answer: {status_line}"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        if method != "HEAD" && status != 204 && status != 304 {
            response.body = self.body(&response)?;
        }
        Ok(response)
    }

    fn body(&mut self, response: &Response) -> Result<Vec<u8>> {
        let is_chunked = response
            .header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        if is_chunked {
            return self.chunks();
        }
        if let Some(length) = response.header("content-length") {
            return self.exactly(length.parse().context("a length that is no number")?);
        }
        let mut body = Vec::new();
        self.stream.read_to_end(&mut body)?;
        Ok(body)
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let digits = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16).context("a bad chunk size")?;
            body.extend(self.exactly(size)?);
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
            if body.len() > LARGEST_BODY {
                bail!("the answer is too large");
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        if length > LARGEST_BODY {
            bail!("the answer is too large");
        }
        let mut body = vec![0; length];
        self.stream
            .read_exact(&mut body)
            .context("the answer was cut short")?;
        Ok(body)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            bail!("the connection was closed before an answer");
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

/// Queries may hold one-time codes: messages leave them out.
fn path_only(target: &str) -> &str {
    target.split('?').next().unwrap_or(target)
}

/// `a=1&b=2` with everything escaped that needs it.
pub(crate) fn form(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_address_is_cut_into_authority_and_target() {
        assert_eq!(split("http://a:1/b?c=d").unwrap(), ("a:1", "/b?c=d"));
        assert_eq!(split("http://a:1").unwrap(), ("a:1", "/"));
        assert!(split("https://a/").is_err());
    }

    #[test]
    fn form_fields_are_escaped() {
        let fields = [("e mail".to_owned(), "a+b@c.example".to_owned())];
        assert_eq!(form(&fields), "e%20mail=a%2Bb%40c.example");
    }

    #[test]
    fn answers_of_each_framing_are_read_over_one_kept_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let answers = [
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: 1\r\n\r\nabc",
                "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                "HTTP/1.1 204 No Content\r\n\r\n",
                "HTTP/1.1 200 OK\r\n\r\nabc",
            ];
            for answer in answers {
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let mut connection = Connection::open(&authority).unwrap();
        let request = Request {
            method: "GET",
            target: "/",
            ..Request::default()
        };
        let first = connection.send(&request).unwrap();
        assert_eq!(first.header("x-a"), Some("1"));
        let found: Vec<(u16, String)> = std::iter::once(first)
            .chain((0..3).map(|_| connection.send(&request).unwrap()))
            .map(|response| (response.status, response.text()))
            .collect();
        let expected = [(200, "abc"), (201, "abc"), (204, ""), (200, "abc")];
        assert_eq!(
            found,
            expected.map(|(status, text)| (status, text.to_owned()))
        );
        server.join().unwrap();
    }
}
