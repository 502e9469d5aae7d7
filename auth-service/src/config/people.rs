//! The settings of mail and sign-in.

use chassis::config::Reader;
use lettre::{AsyncSmtpTransport, Tokio1Executor, message::Mailbox};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::is_safe;

/// The mail server.
#[derive(Debug, Clone)]
pub struct Mail {
    /// `AUTH_SMTP_URL` (secret): `smtps://user:password@host`, `smtp://host:587?tls=required` or, inside
    /// a trusted network, `smtp://host:port`.
    pub url: SecretString,
    /// `AUTH_MAIL_FROM`: the sender, `address` or `Name <address>`.
    pub from: Mailbox,
}

/// The OpenID Connect provider.
#[derive(Debug, Clone)]
pub struct Oidc {
    /// `AUTH_OIDC_ISSUER`: exactly as its tokens say it.
    pub issuer: String,
    /// `AUTH_OIDC_CLIENT_ID`: what the provider knows us as.
    pub client_id: String,
    /// `AUTH_OIDC_CLIENT_SECRET` (secret): the secret that goes with it.
    pub client_secret: SecretString,
    /// `AUTH_OIDC_NAME`: on the button.
    pub name: String,
}

/// The outer option: whether what was set is right. The inner one: whether anything was set.
#[allow(clippy::option_option, reason = "absent and mistaken are different")]
pub(super) fn read_mail(reader: &mut Reader) -> Option<Option<Mail>> {
    let url = reader.optional_secret("AUTH_SMTP_URL");
    let from = reader.or_default::<String>("AUTH_MAIL_FROM", "")?;
    let Some(url) = url else {
        if !from.is_empty() {
            reader.reject("AUTH_MAIL_FROM is set and AUTH_SMTP_URL is not".to_owned());
            return None;
        }
        return Some(None);
    };
    let known = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret()).is_ok();
    if !known || !keeps_its_password(&url) {
        reader.reject(
            "AUTH_SMTP_URL is no `smtps://user:password@host`, `smtp://host:587?tls=required` or, without a \
             password, `smtp://host:port`"
                .to_owned(),
        );
        return None;
    }
    let Ok(from) = from.parse() else {
        reader.reject(
            "AUTH_MAIL_FROM must be `address` or `Name <address>` when AUTH_SMTP_URL is set"
                .to_owned(),
        );
        return None;
    };
    Some(Some(Mail { url, from }))
}

/// A password travels over TLS or not beyond this machine.
fn keeps_its_password(url: &SecretString) -> bool {
    let Ok(url) = url.expose_secret().parse::<Url>() else {
        return false;
    };
    let encrypted = url.scheme() == "smtps"
        || url
            .query_pairs()
            .any(|(name, value)| name == "tls" && value == "required");
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.password().is_none() || encrypted || local
}

/// As [`read_mail`], for single sign-on.
#[allow(clippy::option_option, reason = "absent and mistaken are different")]
pub(super) fn read_oidc(reader: &mut Reader) -> Option<Option<Oidc>> {
    let issuer = reader.or_default::<String>("AUTH_OIDC_ISSUER", "")?;
    let client_id = reader.or_default::<String>("AUTH_OIDC_CLIENT_ID", "")?;
    let client_secret = reader.optional_secret("AUTH_OIDC_CLIENT_SECRET");
    let name = reader.or_default::<String>("AUTH_OIDC_NAME", "single sign-on")?;
    match (issuer.is_empty(), client_id.is_empty(), client_secret) {
        (true, true, None) => Some(None),
        (false, false, Some(client_secret)) => {
            if !issuer.parse::<Url>().is_ok_and(|url| is_safe(&url)) {
                reader.reject("AUTH_OIDC_ISSUER is no https address".to_owned());
                return None;
            }
            Some(Some(Oidc {
                issuer,
                client_id,
                client_secret,
                name,
            }))
        }
        _ => {
            reader.reject(
                "AUTH_OIDC_ISSUER, AUTH_OIDC_CLIENT_ID and AUTH_OIDC_CLIENT_SECRET go together; one is not set"
                    .to_owned(),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;

    use super::*;
    use crate::mail::Server;

    fn reader(set: &[(&str, &str)]) -> Reader {
        let set = set.iter().filter(|(_, value)| !value.is_empty());
        let set: BTreeMap<_, _> = set
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Reader::new("AUTH_", set)
    }

    #[rstest]
    #[case("", "", true)]
    #[case("smtp://mail:25", "quolum@seats.example", true)]
    #[case("smtp://mail:587?tls=required", "Quolum <quolum@seats.example>", true)]
    #[case("smtps://me:pw@mail.example", "quolum@seats.example", true)]
    #[case(
        "smtp://me:pw@mail.example:587?tls=required",
        "quolum@seats.example",
        true
    )]
    #[case("smtp://me:pw@127.0.0.1:25", "quolum@seats.example", true)]
    #[case("smtp://me:pw@mail.example:25", "quolum@seats.example", false)]
    #[case(
        "smtp://me:pw@mail.example:587?tls=opportunistic",
        "quolum@seats.example",
        false
    )]
    #[case("http://mail.example", "quolum@seats.example", false)]
    #[case("smtps://mail.example", "", false)]
    #[case("smtps://mail.example", "Quolum", false)]
    #[case("", "quolum@seats.example", false)]
    fn a_mail_server_needs_a_sender_and_a_password_needs_tls(
        #[case] url: &str,
        #[case] from: &str,
        #[case] fit: bool,
    ) {
        let mut reader = reader(&[("AUTH_SMTP_URL", url), ("AUTH_MAIL_FROM", from)]);
        let mail = read_mail(&mut reader);
        assert_eq!(mail.is_some(), fit);
        if let Some(Some(mail)) = mail {
            assert!(!format!("{mail:?}").contains("pw"));
            Server::new(&mail).expect("a mail server");
        }
    }

    #[rstest]
    #[case("", "", "", true)]
    #[case("https://login.example/tenant", "quolum", "s3cret", true)]
    #[case("http://127.0.0.1:1", "quolum", "s3cret", true)]
    #[case("http://login.example", "quolum", "s3cret", false)]
    #[case("login.example", "quolum", "s3cret", false)]
    #[case("https://login.example", "", "s3cret", false)]
    #[case("https://login.example", "quolum", "", false)]
    #[case("", "", "s3cret", false)]
    fn single_sign_on_is_set_wholly_or_not_at_all(
        #[case] issuer: &str,
        #[case] id: &str,
        #[case] secret: &str,
        #[case] fit: bool,
    ) {
        let mut reader = reader(&[
            ("AUTH_OIDC_ISSUER", issuer),
            ("AUTH_OIDC_CLIENT_ID", id),
            ("AUTH_OIDC_CLIENT_SECRET", secret),
        ]);
        let oidc = read_oidc(&mut reader);
        assert_eq!(oidc.is_some(), fit);
        assert!(!format!("{oidc:?}").contains("s3cret"));
    }
}
