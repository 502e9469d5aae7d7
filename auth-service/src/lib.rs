//! auth-service: who may do what, and the vault.
//!
//! | module | holds |
//! |---|---|
//! | `config`, `cli`, `service`, `metrics` | settings, commands, wiring, instruments |
//! | `identity`, `sign_in`, `oidc` | organizations, people, sessions, and the ways to sign in |
//! | `member`, `api_key`, `authority` | who belongs to an organization, its keys, who may do what |
//! | `invitation` | somebody outside is asked to make one connection |
//! | `audit` | what was done, by whom, as a chain |
//! | `mail`, `notices` | the outbox, its letters, and what owners and admins must know |
//! | `consent`, `return_to`, `scope` | the OAuth round trip and its rules |
//! | `connection`, `access`, `direct` | what is connected, by which kind of access, and how it ends |
//! | `warning`, `consent_clock` | accesses about to end, and telling of them |
//! | `grant`, `refresh`, `refresh_ahead`, `lease` | token pairs: refreshed once, lent shortly |
//! | `vault`, `keys`, `keeping`, `opaque` | secrets sealed, their keys, secrets of other services, secrets hashed |
//! | `idp`, `pagerduty` | identity providers: HTTP, keys, id_tokens; PagerDuty's own |
//! | `store` | SQL |
//! | `grpc` | the services |

pub mod access;
pub mod api_key;
pub mod audit;
pub mod authority;
pub mod cli;
pub mod config;
pub mod connection;
pub mod consent;
pub mod consent_clock;
pub mod direct;
pub mod grant;
pub mod grpc;
pub mod identity;
pub mod idp;
pub mod invitation;
pub mod keeping;
pub mod keys;
pub mod lease;
pub mod mail;
pub mod member;
pub mod metrics;
pub mod notices;
pub mod oidc;
pub mod opaque;
pub mod pagerduty;
pub mod refresh;
pub mod refresh_ahead;
pub mod return_to;
pub mod scope;
pub mod service;
pub mod sign_in;
pub mod store;
pub mod vault;
pub mod warning;

pub use config::Config;
pub use service::Service;
