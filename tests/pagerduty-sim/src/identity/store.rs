//! What was granted: pending consents, codes, grants, access and refresh tokens.
//!
//! Refresh tokens rotate strictly. A used one presented again is taken for stolen: the whole grant dies, the newest
//! access token too.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::authorize::Consent;
use super::{App, Delegation, TokenOwner, scope};
use crate::caller::TokenKind;

/// A code lives this long.
pub const CODE_SECONDS: i64 = 30;
/// Dead codes, tokens and abandoned consents are swept when there are more than this.
const KEPT: usize = 5_000;

/// An authorization code.
#[derive(Clone, Debug)]
pub struct Code {
    pub client_id: String,
    pub redirect_uri: String,
    /// The S256 challenge it is bound to.
    pub challenge: Option<String>,
    pub owner: TokenOwner,
    pub expires_at: Timestamp,
    pub used: bool,
    /// The grant it was exchanged for.
    pub grant: Option<String>,
}

#[derive(Debug)]
struct Grant {
    owner: TokenOwner,
    created_at: Timestamp,
    access_ends_at: Timestamp,
    revoked: bool,
}

#[derive(Debug)]
struct Access {
    grant: String,
    expires_at: Timestamp,
}

#[derive(Debug)]
struct Refresh {
    grant: String,
    expires_at: Timestamp,
    used: bool,
}

/// A pair of tokens just issued.
#[derive(Clone, Debug)]
pub struct Issued {
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub expires_in: i64,
    /// The grant: the `delegation_id` claim.
    pub grant: String,
    pub owner: TokenOwner,
}

/// Why a code or a refresh token is refused; always `invalid_grant` outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the code or token is unknown")]
    Unknown,
    #[error("the code or token was used before")]
    Reused,
    #[error("the code or token has expired")]
    Expired,
    #[error("the grant was revoked")]
    Revoked,
    #[error("the code or token was issued to another client")]
    OtherClient,
    #[error("the redirect_uri is not the one of the authorization request")]
    OtherRedirect,
    #[error("the code_verifier does not match the code_challenge")]
    WrongVerifier,
}

/// The store.
#[derive(Debug, Default)]
pub struct Store {
    pub(super) consents: HashMap<String, Consent>,
    codes: HashMap<String, Code>,
    grants: BTreeMap<u64, (String, Grant)>,
    grant_numbers: HashMap<String, u64>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    last_grant: u64,
}

impl Store {
    /// Writes a new code.
    pub fn add_code(&mut self, code: Code) -> String {
        if self.codes.len() > KEPT {
            let oldest = code.expires_at - SignedDuration::from_hours(1);
            self.codes.retain(|_, kept| kept.expires_at > oldest);
        }
        let name = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.codes.insert(name.clone(), code);
        name
    }

    /// Uses a code up. `check` looks at a live code of the right client; whatever it says, the code is spent.
    pub fn exchange_code(
        &mut self,
        name: &str,
        app: &App,
        now: Timestamp,
        check: impl FnOnce(&Code) -> Result<(), Refused>,
    ) -> Result<Issued, Refused> {
        let code = self.codes.get_mut(name).ok_or(Refused::Unknown)?;
        if code.used {
            if let Some(grant) = code.grant.clone() {
                self.revoke(&grant);
            }
            return Err(Refused::Reused);
        }
        code.used = true;
        if code.client_id != app.client_id {
            return Err(Refused::OtherClient);
        }
        if now >= code.expires_at {
            return Err(Refused::Expired);
        }
        check(code)?;
        let owner = code.owner.clone();
        let issued = self.grant(owner, app, now);
        if let Some(code) = self.codes.get_mut(name) {
            code.grant = Some(issued.grant.clone());
        }
        Ok(issued)
    }

    /// A new grant and its first tokens; app tokens come without a refresh token.
    pub fn grant(&mut self, owner: TokenOwner, app: &App, now: Timestamp) -> Issued {
        self.last_grant += 1;
        let id = format!(
            "PDEL{:04}{}",
            self.last_grant,
            &Uuid::new_v4().simple().to_string()[..6].to_uppercase()
        );
        let grant = Grant {
            owner,
            created_at: now,
            access_ends_at: now,
            revoked: false,
        };
        self.grants.insert(self.last_grant, (id.clone(), grant));
        self.grant_numbers.insert(id.clone(), self.last_grant);
        self.issue(&id, app, now)
    }

    /// Exchanges a refresh token for a new pair.
    pub fn refresh(&mut self, token: &str, app: &App, now: Timestamp) -> Result<Issued, Refused> {
        let presented = self.refresh.get_mut(token).ok_or(Refused::Unknown)?;
        let id = presented.grant.clone();
        let (was_used, expires_at) = (presented.used, presented.expires_at);
        let grant = self
            .grant_numbers
            .get(&id)
            .and_then(|number| self.grants.get(number))
            .ok_or(Refused::Unknown)?;
        let (_, grant) = grant;
        if grant.owner.client_id != app.client_id {
            return Err(Refused::OtherClient);
        }
        if was_used {
            self.revoke(&id);
            return Err(Refused::Reused);
        }
        if grant.revoked {
            return Err(Refused::Revoked);
        }
        let window_ends = grant.created_at + SignedDuration::from_secs(app.window_seconds());
        if now >= expires_at || now >= window_ends {
            return Err(Refused::Expired);
        }
        if let Some(presented) = self.refresh.get_mut(token) {
            presented.used = true;
        }
        Ok(self.issue(&id, app, now))
    }

    fn issue(&mut self, id: &str, app: &App, now: Timestamp) -> Issued {
        self.sweep(now);
        let number = self.grant_numbers[id];
        let (_, grant) = self
            .grants
            .get_mut(&number)
            .expect("a numbered grant exists");
        let with_user = grant.owner.kind != TokenKind::App;
        let expires_in = if with_user {
            app.access_seconds()
        } else {
            86_400
        };
        grant.access_ends_at = now + SignedDuration::from_secs(expires_in);
        // The sample tokens hold a part of the account in capitals; the `+` has to survive form encoding.
        let letters = grant.owner.account.to_uppercase();
        let access_token = format!("pdus+_0{letters}_{}", Uuid::new_v4());
        self.access.insert(
            access_token.clone(),
            Access {
                grant: id.to_owned(),
                expires_at: grant.access_ends_at,
            },
        );
        let refresh_token = with_user.then(|| format!("pdus+_1{letters}_{}", Uuid::new_v4()));
        if let Some(token) = &refresh_token {
            let expires_at = now + SignedDuration::from_secs(app.refresh_seconds());
            self.refresh.insert(
                token.clone(),
                Refresh {
                    grant: id.to_owned(),
                    expires_at,
                    used: false,
                },
            );
        }
        Issued {
            access_token,
            refresh_token,
            expires_in,
            grant: id.to_owned(),
            owner: grant.owner.clone(),
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        let long_ago = now - SignedDuration::from_hours(24);
        if self.access.len() > KEPT {
            self.access.retain(|_, access| access.expires_at > long_ago);
        }
        if self.refresh.len() > KEPT {
            self.refresh
                .retain(|_, refresh| refresh.expires_at > long_ago);
        }
    }

    fn revoke(&mut self, id: &str) {
        if let Some(number) = self.grant_numbers.get(id)
            && let Some((_, grant)) = self.grants.get_mut(number)
        {
            grant.revoked = true;
        }
    }

    pub(super) fn revoke_grant(&mut self, id: &str) -> bool {
        let is_alive = self
            .grants
            .values()
            .any(|(name, grant)| name == id && !grant.revoked);
        self.revoke(id);
        is_alive
    }

    pub(super) fn revoke_account(&mut self, account: &str) -> usize {
        let alive = self
            .grants
            .values_mut()
            .filter(|(_, grant)| grant.owner.account == account && !grant.revoked);
        let mut count = 0;
        for (_, grant) in alive {
            grant.revoked = true;
            count += 1;
        }
        count
    }

    pub(super) fn delegations(&self, account: &str) -> Vec<Delegation> {
        let of_account = self
            .grants
            .values()
            .filter(|(_, grant)| grant.owner.account == account);
        of_account
            .map(|(id, grant)| Delegation {
                id: id.clone(),
                user_id: grant.owner.user_id.clone(),
                client_id: grant.owner.client_id.clone(),
                scope: scope::printed(&grant.owner.scopes),
                created_at: grant.created_at,
                expires_at: grant.access_ends_at,
                revoked: grant.revoked,
            })
            .collect()
    }

    fn grant_of(&self, token: &str) -> Option<(&Access, &Grant)> {
        let access = self.access.get(token)?;
        let (_, grant) = self.grants.get(self.grant_numbers.get(&access.grant)?)?;
        Some((access, grant))
    }

    pub(super) fn owner_of(&self, token: &str) -> Option<TokenOwner> {
        self.grant_of(token).map(|(_, grant)| grant.owner.clone())
    }

    pub(super) fn is_live(&self, token: &str, now: Timestamp) -> bool {
        self.grant_of(token)
            .is_some_and(|(access, grant)| now < access.expires_at && !grant.revoked)
    }

    /// Remembers a consent under way and answers its name; abandoned ones are forgotten.
    pub(super) fn add_consent(&mut self, consent: Consent) -> String {
        if self.consents.len() > KEPT {
            let oldest = consent.asked_at - SignedDuration::from_mins(30);
            self.consents.retain(|_, kept| kept.asked_at > oldest);
        }
        let name = Uuid::new_v4().simple().to_string();
        self.consents.insert(name.clone(), consent);
        name
    }
}

impl TokenOwner {
    /// A user of an account consenting to an app.
    pub fn user(account: &str, user_id: &str, app: &App, scopes: BTreeSet<String>) -> Self {
        Self {
            account: account.to_owned(),
            user_id: Some(user_id.to_owned()),
            client_id: app.client_id.to_owned(),
            scopes,
            kind: app.token_kind(),
        }
    }

    /// An app acting for an account, without a user.
    pub fn app(account: &str, app: &App, scopes: BTreeSet<String>) -> Self {
        Self {
            account: account.to_owned(),
            user_id: None,
            client_id: app.client_id.to_owned(),
            scopes,
            kind: TokenKind::App,
        }
    }
}
