//! W3C trace context across gRPC, HTTP and anything else that carries text headers.

use opentelemetry::{
    global,
    propagation::{Extractor, Injector},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The name of the header, in HTTP, gRPC metadata and AMQP alike.
pub const TRACEPARENT: &str = "traceparent";

struct Header(Option<String>);

impl Injector for Header {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = Some(value);
        }
    }
}

impl Extractor for Header {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.as_deref().filter(|_| key == TRACEPARENT)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

/// The `traceparent` of the current span; `None` when nothing is traced.
pub fn current() -> Option<String> {
    of(&Span::current())
}

/// The `traceparent` of a span.
pub fn of(span: &Span) -> Option<String> {
    let mut header = Header(None);
    let context = span.context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut header));
    header.0
}

/// Makes a span the child of the context in a `traceparent`. Text that is none changes nothing.
/// Call it before the span is first entered.
pub fn adopt(span: &Span, traceparent: &str) {
    let header = Header(Some(traceparent.to_owned()));
    let context = global::get_text_map_propagator(|propagator| propagator.extract(&header));
    if span.set_parent(context).is_err() {
        tracing::debug!("the trace context came after the span had started");
    }
}

/// The trace id (32 hex digits) in a `traceparent`.
pub fn trace_id(traceparent: &str) -> Option<&str> {
    traceparent.split('-').nth(1).filter(|id| id.len() == 32)
}

/// tonic client interceptor that sends the current trace context along.
pub fn inject(mut request: tonic::Request<()>) -> Result<tonic::Request<()>, tonic::Status> {
    if let Some(value) = current().and_then(|text| text.parse().ok()) {
        request.metadata_mut().insert(TRACEPARENT, value);
    }
    Ok(request)
}

/// For `tonic::transport::Server::trace_fn`: one server span for each call, child of the caller's.
pub fn grpc_server_span<B>(request: &http::Request<B>) -> Span {
    let span = tracing::info_span!(
        "grpc",
        otel.name = request.uri().path(),
        otel.kind = "server"
    );
    adopt_headers(&span, request.headers());
    span
}

/// Makes a span the child of the context in an HTTP request's headers.
pub fn adopt_headers(span: &Span, headers: &http::HeaderMap) {
    if let Some(value) = headers
        .get(TRACEPARENT)
        .and_then(|value| value.to_str().ok())
    {
        adopt(span, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_id_is_the_second_part() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(trace_id(parent), Some("0af7651916cd43dd8448eb211c80319c"));
        assert_eq!(trace_id("nonsense"), None);
    }
}
