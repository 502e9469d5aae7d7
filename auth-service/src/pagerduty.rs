//! PagerDuty's identity service as a client sees it: the authorize address, the token endpoint, the
//! keys, the id_token. Of its API only one question belongs
//! here: whose an API key is; auth-service never reads customer data.

pub use crate::idp::{http, jwks};

pub mod account;
pub mod id_token;
pub mod token;
