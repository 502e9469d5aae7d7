//! PagerDuty's identity service as a client sees it: the authorize address, the token endpoint, the
//! keys, the id_token. PagerDuty's API does not belong here; auth-service never reads customer data.

pub mod http;
pub mod id_token;
pub mod jwks;
pub mod token;
