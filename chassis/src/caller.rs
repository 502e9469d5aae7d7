//! Who calls, and what they may call: a list of callers and methods, checked before any handler runs.
//! Whoever is not on the list is refused.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::{Either, Ready, ready};
use http::{Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};

use crate::Code;

/// Open to every caller with a fit certificate.
const HEALTH: &str = "/grpc.health.v1.Health/";

/// Who is at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Unknown: without TLS nobody shows who they are. Development only.
    Plaintext,
    /// A service, by the name in its certificate.
    Service(Arc<str>),
    /// A certificate of our authority that names no service.
    Unnamed,
}

/// Which caller may call what. A method is `/package.Service/Method`, or `/package.Service/` for all of
/// a service.
#[derive(Debug, Clone, Copy)]
pub struct AllowList(pub &'static [(&'static str, &'static [&'static str])]);

impl AllowList {
    /// Whether this caller may call this path. Without TLS there is nobody to tell apart.
    pub fn permits(&self, caller: &Caller, path: &str) -> bool {
        let covers =
            |method: &&str| *method == path || (method.ends_with('/') && path.starts_with(*method));
        match caller {
            Caller::Plaintext => true,
            _ if path.starts_with(HEALTH) => true,
            Caller::Unnamed => false,
            Caller::Service(name) => self
                .0
                .iter()
                .filter(|(listed, _)| **listed == **name)
                .any(|(_, methods)| methods.iter().any(covers)),
        }
    }
}

impl<S> Layer<S> for AllowList {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { list: *self, inner }
    }
}

/// A server behind an allow-list.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    list: AllowList,
    inner: S,
}

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let path = request.uri().path();
        let caller = request.extensions().get::<Caller>();
        if caller.is_some_and(|caller| self.list.permits(caller, path)) {
            return Either::Left(self.inner.call(request));
        }
        tracing::warn!(?caller, path, "a call is refused: its caller may not");
        let status = Code::Forbidden.status("CALLER", "this caller may not call this method");
        Either::Right(ready(Ok(status.into_http())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: AllowList = AllowList(&[("front", &["/q.A/", "/q.B/One"]), ("back", &["/q.B/"])]);

    #[test]
    fn only_what_is_listed_is_permitted() {
        let may = |name: &str, path: &str| LIST.permits(&Caller::Service(name.into()), path);
        assert!(may("front", "/q.A/Any") && may("front", "/q.B/One") && may("back", "/q.B/Two"));
        assert!(
            !may("front", "/q.B/Two") && !may("front", "/q.B/OneMore") && !may("front", "/q.AA/x")
        );
        assert!(!may("back", "/q.A/Any") && !may("stranger", "/q.A/Any") && !may("", "/q.A/Any"));
    }

    #[test]
    fn health_is_open_and_a_nameless_certificate_opens_nothing_else() {
        assert!(LIST.permits(&Caller::Unnamed, "/grpc.health.v1.Health/Check"));
        assert!(!LIST.permits(&Caller::Unnamed, "/q.A/Any"));
        assert!(LIST.permits(&Caller::Plaintext, "/q.A/Any"));
    }
}
