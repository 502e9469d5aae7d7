//! Where news may be sent: https to public addresses only. A name is looked up once more when it is
//! connected to, so that what it means then is what is judged.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// An address that news are not sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this is no web address")]
    NoAddress,
    #[error("the address has to begin with https://")]
    NotHttps,
    #[error("the address must not carry a user or password")]
    Credentials,
    #[error("the address lies in a private network")]
    Private,
}

/// Checks what can be seen of an address. `private` allows everything that development needs.
pub fn parse(text: &str, private: bool) -> Result<Url, Refused> {
    let url: Url = text.parse().map_err(|_| Refused::NoAddress)?;
    if !private && url.scheme() != "https" {
        return Err(Refused::NotHttps);
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refused::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Credentials);
    }
    let public = match url.host() {
        None => return Err(Refused::NoAddress),
        Some(Host::Ipv4(ip)) => is_public(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => is_public(IpAddr::V6(ip)),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name.contains('.')
                && !["localhost", "local", "internal", "home.arpa"]
                    .iter()
                    .any(|zone| name == *zone || name.ends_with(&format!(".{zone}")))
        }
    };
    if public || private {
        return Ok(url);
    }
    Err(Refused::Private)
}

/// Whether an address is one of the public Internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4() {
            // Mapped, and the old compatible form.
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(ip),
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || ip.is_unspecified();
    let reserved = a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !special && !reserved
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Global unicast without what carries another address inside: 6to4, Teredo, documentation.
    (0x2000..0x4000).contains(&first)
        && first != 0x2002
        && !(first == 0x2001 && (second == 0 || second == 0x0db8))
}

/// Looks names up and leaves out what is not public.
#[derive(Debug, Clone, Copy)]
pub struct PublicOnly {
    pub private: bool,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| private || is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err(Box::new(Refused::Private).into());
            }
            let addrs: Addrs = Box::new(allowed.into_iter());
            Ok(addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://hooks.slack.com/services/T/B/x", true)]
    #[case("https://93.184.216.34/hook", true)]
    #[case("http://hooks.slack.com/", false)]
    #[case("https://127.0.0.1/", false)]
    #[case("https://10.1.2.3/", false)]
    #[case("https://192.168.1.1/", false)]
    #[case("https://169.254.169.254/latest/meta-data", false)]
    #[case("https://[::1]/", false)]
    #[case("https://[::ffff:10.0.0.1]/", false)]
    #[case("https://[fd00::1]/", false)]
    #[case("https://[64:ff9b::a00:1]/", false)]
    #[case("https://[2002:0a00:0001::]/", false)]
    #[case("https://2130706433/", false)]
    #[case("https://0x7f.1/", false)]
    #[case("https://100.64.0.1/", false)]
    #[case("https://localhost/", false)]
    #[case("https://db/", false)]
    #[case("https://metadata.google.internal/", false)]
    #[case("https://user:secret@example.com/", false)]
    #[case("ftp://example.com/", false)]
    #[case("nonsense", false)]
    fn only_public_https_addresses_are_told(#[case] text: &str, #[case] accepted: bool) {
        assert_eq!(parse(text, false).is_ok(), accepted);
    }

    #[test]
    fn development_may_use_its_own_machine() {
        assert!(parse("http://127.0.0.1:9000/hook", true).is_ok());
        assert!(parse("ftp://127.0.0.1/", true).is_err());
    }
}
