//! What an organization sets, and what of it changes the answers.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    account::{Run, everybody},
    house::{House, apply},
};

const ORG: Uuid = Uuid::from_u128(1);

async fn filled(superuser: &PgPool) -> House {
    let house = House::open(superuser).await;
    apply(&house.store, &Run::new(1).messages(everybody())).await;
    house.generation(ORG, 1).await;
    house
}

fn request(house: &House, method: Method, path: &str) -> RequestBuilder {
    house
        .http
        .request(method, format!("{}{path}", house.url))
        .header("cookie", format!("sid=owner.{ORG}"))
        .header("origin", "http://localhost:8080")
        .header("x-requested-with", "quolum")
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.expect("answers")
}

async fn json_of(house: &House, path: &str) -> Value {
    let response = sent(request(house, Method::GET, path)).await;
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.expect("JSON")
}

async fn put(house: &House, path: &str, body: &Value) -> u16 {
    let response = sent(request(house, Method::PUT, path).json(body)).await;
    response.status().as_u16()
}

#[sqlx::test(migrations = false)]
async fn a_mistake_in_settings_is_pointed_at(superuser: PgPool) {
    let house = House::open(&superuser).await;
    let thresholds = json!({
        "grace_days": 30, "default_window_days": 90, "time_zone": "Mars/Olympus",
        "accepted_blind_spots": [],
    });
    let price = json!({
        "license_id": "PL1", "amount_minor": -1, "per": "month", "pack_size": null,
        "valid_from": "2026-01-01",
    });
    for (path, body, pointer) in [
        ("/api/v1/thresholds", thresholds, "#/time_zone"),
        (
            "/api/v1/prices",
            json!({"currency": "USD", "licenses": [price], "addons": []}),
            "#/licenses/0/amount_minor",
        ),
        ("/api/v1/privacy", json!({"mode": "secret"}), "#/mode"),
        (
            "/api/v1/notifications",
            json!({"digest": true, "kinds": [], "webhook_url": "nonsense"}),
            "#/webhook_url",
        ),
    ] {
        let response = sent(request(&house, Method::PUT, path).json(&body)).await;
        assert_eq!(response.status(), 400, "{path}");
        let problem: Value = response.json().await.expect("JSON");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn prices_turn_seats_into_money_at_once(superuser: PgPool) {
    let house = filled(&superuser).await;
    let before = sent(request(&house, Method::GET, "/api/v1/licenses")).await;
    let etag = before.headers()["etag"].clone();
    let price = |id: &str, amount: i64| {
        json!({
            "license_id": id, "amount_minor": amount, "per": "month", "pack_size": null,
            "valid_from": "2026-01-01",
        })
    };
    let book = json!({
        "currency": "USD", "licenses": [price("PL1", 4_100), price("PL2", 900)], "addons": [],
    });
    assert_eq!(put(&house, "/api/v1/prices", &book).await, 200);
    assert_eq!(
        json_of(&house, "/api/v1/prices").await["licenses"][0]["amount_minor"],
        4_100
    );
    let again = request(&house, Method::GET, "/api/v1/licenses").header("if-none-match", &etag);
    let again = sent(again).await;
    assert_eq!(again.status(), 200, "the prices are a part of the answer");
    let licenses: Value = again.json().await.expect("JSON");
    assert_eq!(licenses["data"][0]["monthly_cost"], 3 * 4_100, "{licenses}");
    let user = json_of(&house, "/api/v1/users/PU1").await;
    assert_eq!(user["cost_monthly"], 4_100);
    let overview = json_of(&house, "/api/v1/overview").await;
    assert_eq!(overview["money"]["currency"], "USD");
    assert_eq!(overview["money"]["missing_prices"], json!([]));
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn pseudonyms_stand_for_names_everywhere(superuser: PgPool) {
    let house = filled(&superuser).await;
    let mode = json!({"mode": "pseudonymous"});
    assert_eq!(put(&house, "/api/v1/privacy", &mode).await, 200);
    for path in [
        "/api/v1/users",
        "/api/v1/users?format=csv",
        "/api/v1/users?format=ndjson",
        "/api/v1/users/PU1",
        "/api/v1/oncall-load",
        "/api/v1/recommendations",
        "/api/v1/exports/focus",
        "/api/v1/overview",
    ] {
        let text = sent(request(&house, Method::GET, path)).await.text().await;
        let text = text.expect("text");
        for name in ["Ada", "Busy", "Ben", "Cleo", "Silent", "@acme.example"] {
            assert!(!text.contains(name), "{path} tells {name}: {text}");
        }
    }
    let users = json_of(&house, "/api/v1/users").await;
    let name = users["data"][0]["name"]
        .as_str()
        .expect("a name")
        .to_owned();
    assert!(name.starts_with("Person "), "{name}");
    let search = |text: &str| {
        let text = text.replace(' ', "%20");
        format!("/api/v1/users?q={text}")
    };
    assert_eq!(json_of(&house, &search(&name)).await["total"], 1);
    assert_eq!(json_of(&house, &search("Ada")).await["total"], 0);
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn where_only_teams_are_shown_nothing_leads_to_a_person(superuser: PgPool) {
    let house = filled(&superuser).await;
    assert_eq!(
        put(&house, "/api/v1/privacy", &json!({"mode": "team_only"})).await,
        200
    );
    for path in [
        "/api/v1/users",
        "/api/v1/users/PU1",
        "/api/v1/oncall-load",
        "/api/v1/recommendations",
    ] {
        assert_eq!(
            sent(request(&house, Method::GET, path)).await.status(),
            403,
            "{path}"
        );
    }
    let teams = json_of(&house, "/api/v1/teams").await;
    assert_eq!(teams["data"], json!([]), "four people are too few");
    assert_eq!(teams["hidden"], 1);
    let narrow = sent(request(&house, Method::GET, "/api/v1/overview?team=PT1")).await;
    assert_eq!(narrow.status(), 403);
    assert_eq!(
        json_of(&house, "/api/v1/overview").await["seats"]["total"],
        4
    );
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn an_erased_person_is_counted_and_no_longer_named(superuser: PgPool) {
    let house = filled(&superuser).await;
    let erase = request(&house, Method::POST, "/api/v1/people/PU1/erase");
    assert_eq!(sent(erase).await.status(), 204);
    let overview = json_of(&house, "/api/v1/overview").await;
    assert_eq!(overview["seats"]["total"], 4);
    let text = sent(request(&house, Method::GET, "/api/v1/users?format=csv")).await;
    let text = text.text().await.expect("text");
    assert!(!text.contains("Ada") && text.contains("PU1"), "{text}");
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn a_request_that_is_sent_again_is_done_once(superuser: PgPool) {
    let house = House::open(&superuser).await;
    let body = json!({"page": "users", "name": "idle", "query": "class=idle"});
    let save = |body: &Value| {
        request(&house, Method::POST, "/api/v1/saved-views")
            .header("idempotency-key", "one")
            .json(body)
    };
    let first = sent(save(&body)).await;
    assert_eq!(first.status(), 201);
    let first: Value = first.json().await.expect("JSON");
    let again = sent(save(&body)).await;
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.status(), 201);
    assert_eq!(again.json::<Value>().await.expect("JSON"), first);
    let views = json_of(&house, "/api/v1/saved-views").await;
    assert_eq!(views["data"].as_array().map(Vec::len), Some(1));
    let other = json!({"page": "users", "name": "never", "query": ""});
    assert_eq!(sent(save(&other)).await.status(), 422);
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn a_list_is_the_same_in_every_format(superuser: PgPool) {
    let house = filled(&superuser).await;
    let json = json_of(&house, "/api/v1/users").await;
    let file = sent(request(
        &house,
        Method::GET,
        "/api/v1/users?format=ndjson&limit=1",
    ))
    .await;
    assert_eq!(file.headers()["content-type"], "application/x-ndjson");
    let text = file.text().await.expect("text");
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        Value::Array(rows),
        json["data"],
        "all rows, whatever the limit"
    );
    let csv = request(&house, Method::GET, "/api/v1/users").header("accept", "text/csv");
    let csv = sent(csv).await.text().await.expect("text");
    assert_eq!(csv.lines().count(), 5, "{csv}");
    for path in [
        "/api/v1/licenses",
        "/api/v1/features",
        "/api/v1/teams",
        "/api/v1/addons",
        "/api/v1/oncall-load",
        "/api/v1/incidents/summary",
        "/api/v1/licenses/history",
        "/api/v1/recommendations",
        "/api/v1/receipts",
        "/api/v1/users/PU1/evidence",
        "/api/v1/chargeback",
        "/api/v1/features/matrix?by=team",
    ] {
        let rows = json_of(&house, path).await["data"].as_array().map(Vec::len);
        let sign = if path.contains('?') { '&' } else { '?' };
        let file = format!("{path}{sign}format=csv");
        let file = sent(request(&house, Method::GET, &file)).await;
        assert_eq!(file.status(), 200, "{path}");
        let text = file.text().await.expect("text");
        assert_eq!(Some(text.lines().count() - 1), rows, "{path}: {text}");
    }
    house.close().await;
}
