//! Compiles the .proto files with protox, so that no protoc has to be installed.

use std::error::Error;

const FILES: [&str; 10] = [
    "quolum/auth/v1/identity.proto",
    "quolum/auth/v1/consent.proto",
    "quolum/auth/v1/connection.proto",
    "quolum/auth/v1/credential.proto",
    "quolum/auth/v1/member.proto",
    "quolum/auth/v1/invitation.proto",
    "quolum/auth/v1/audit.proto",
    "quolum/ingest/v1/sync.proto",
    "quolum/facts/v1/dataset.proto",
    "quolum/facts/v1/facts.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
