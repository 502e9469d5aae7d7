//! Instants between `jiff` and protobuf.

use jiff::Timestamp;

/// The protobuf form of an instant.
pub fn to_proto(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond(),
    }
}

/// The instant of a protobuf timestamp; `None` when it lies outside of the years -9999 to 9999.
pub fn from_proto(at: &prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(at.seconds, at.nanos).ok()
}
