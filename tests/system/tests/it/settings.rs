//! A service with wrong settings says everything that is wrong at once.

use std::process::Command;

use system::process::binary;

#[test]
fn a_service_without_settings_lists_every_mistake_and_exits_with_64() {
    for (service, expected) in [
        ("auth-service", ["AUTH_DATABASE_URL", "AUTH_REDIRECT_URL"]),
        ("ingest-service", ["INGEST_DATABASE_URL", "INGEST_AMQP_URL"]),
        (
            "dashboard-api",
            ["DASHBOARD_DATABASE_URL", "DASHBOARD_AUTH_URL"],
        ),
    ] {
        let output = Command::new(binary(service))
            .arg("serve")
            .env_clear()
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{service}: {said}");
        for name in expected {
            assert!(
                said.contains(name),
                "{service} does not name {name}: {said}"
            );
        }
    }
}
