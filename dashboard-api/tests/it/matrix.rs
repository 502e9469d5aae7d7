//! Every operation of the description, by every role, with a session and a key, of the own tenant
//! and of another: what the table of routes says is what happens, and nothing of another tenant is
//! ever seen. Again without row-level security, and again without the application's own filter.

use dashboard_api::http::{self, access_table};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::{
    account::{Run, everybody, user},
    house::{House, apply},
};

const OWN: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);
const ROLES: [&str; 4] = ["owner", "admin", "analyst", "viewer"];

/// Two tenants with people of different names.
async fn two_tenants(superuser: &PgPool) -> House {
    let house = House::open(superuser).await;
    apply(&house.store, &Run::new(1).messages(everybody())).await;
    let theirs = vec![user("PX1", "Xenia Secret"), user("PX2", "Yuri Secret")];
    apply(&house.store, &Run::new(2).messages(theirs)).await;
    house.generation(OWN, 1).await;
    house.generation(OTHER, 1).await;
    house
}

struct Operation {
    method: Method,
    template: String,
    body: Option<Value>,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(http::openapi()).expect("serializes");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let method: Method = method.to_uppercase().parse().expect("a method");
            let body = operation.get("requestBody").map(|_| body_of(path));
            operations.push(Operation {
                method,
                template: path.clone(),
                body,
            });
        }
    }
    operations
}

/// A body that is accepted.
fn body_of(path: &str) -> Value {
    match path {
        "/api/v1/connections/direct" => json!({"api_key": "k", "region": "us"}),
        "/api/v1/invitations" => json!({"email": "a@b.example", "days": 3}),
        "/api/v1/members" => json!({"email": "a@b.example", "role": "viewer"}),
        "/api/v1/members/{id}" => json!({"role": "viewer"}),
        "/api/v1/organization" => json!({"name": "Acme"}),
        "/api/v1/api-keys" => {
            json!({"name": "k", "role": "viewer", "expires_at": "2027-01-01T00:00:00Z"})
        }
        "/api/v1/prices" => json!({"currency": "USD", "licenses": [], "addons": []}),
        "/api/v1/contract" => Value::Null,
        "/api/v1/thresholds" => json!({
            "grace_days": 30, "default_window_days": 90, "time_zone": "UTC",
            "accepted_blind_spots": [],
        }),
        "/api/v1/privacy" => json!({"mode": "named"}),
        "/api/v1/exemptions" => json!({"user_id": "PU4", "reason": "leave"}),
        "/api/v1/notifications" => json!({"digest": true, "kinds": []}),
        "/api/v1/saved-views" => json!({"page": "users", "name": "mine", "query": ""}),
        "/api/v1/recommendations/{id}/state" => json!({"state": "accepted"}),
        "/api/v1/recommendations/state" => {
            json!({"ids": [Uuid::from_u128(5)], "state": "accepted"})
        }
        "/api/v1/parked-messages/replay" => json!({"all": true}),
        "/sign-in/link" => json!({"email": "a@b.example"}),
        "/invite/look-up" => json!({"token": "fresh"}),
        _ => json!({}),
    }
}

/// The path with ids of a tenant.
fn path_of(template: &str, org: Uuid) -> String {
    let connection = Uuid::from_u128(org.as_u128() << 8).to_string();
    let user = if org == OWN { "PU4" } else { "PX1" };
    let id = match template {
        path if path.starts_with("/api/v1/connections/") => connection,
        path if path.starts_with("/api/v1/users/") => user.to_owned(),
        path if path.starts_with("/api/v1/features/") => "ack".to_owned(),
        path if path.starts_with("/api/v1/members/") => Uuid::from_u128(7).to_string(),
        _ => Uuid::from_u128(5).to_string(),
    };
    template.replace("{id}", &id).replace("{user_id}", user)
}

impl Operation {
    fn request(&self, house: &House, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", house.url);
        let request = house.http.request(self.method.clone(), url);
        match &self.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    fn asked_by_page(
        &self,
        house: &House,
        path: &str,
        (role, org): (&str, Uuid),
    ) -> RequestBuilder {
        self.request(house, path)
            .header("cookie", format!("sid={role}.{org}"))
            .header("origin", "http://localhost:8080")
            .header("x-requested-with", "quolum")
    }

    fn with_key(&self, house: &House, path: &str, (role, org): (&str, Uuid)) -> RequestBuilder {
        self.request(house, path)
            .header("authorization", format!("Bearer qk.{role}.{org}"))
    }

    fn line(&self) -> http::AccessLine {
        let all = access_table();
        let found = all
            .into_iter()
            .find(|line| line.method == self.method.as_str() && line.path == self.template);
        found.expect("every operation has a line")
    }

    /// Answers forever.
    fn streams(&self) -> bool {
        self.template.ends_with("/events")
    }
}

async fn answer(request: RequestBuilder, streams: bool) -> (u16, String) {
    let response = request.send().await.expect("answers");
    let status = response.status().as_u16();
    if streams && status == 200 {
        return (status, String::new());
    }
    (status, response.text().await.expect("a body"))
}

fn assert_nothing_of_the_other(body: &str, operation: &Operation) {
    for mark in ["Secret", "PX1", "PX2", "px1@", &OTHER.to_string()] {
        assert!(
            !body.contains(mark),
            "{} {}: {mark} in {body}",
            operation.method,
            operation.template
        );
    }
}

#[sqlx::test(migrations = false)]
async fn roles_are_what_the_table_of_routes_says(superuser: PgPool) {
    let house = two_tenants(&superuser).await;
    let mut seen = 0;
    for operation in operations() {
        let line = operation.line();
        let path = path_of(&operation.template, OWN);
        let nobody = operation
            .request(&house, &path)
            .header("origin", "http://localhost:8080")
            .header("x-requested-with", "quolum");
        let (status, _) = answer(nobody, operation.streams()).await;
        let what = format!("{} {path}", operation.method);
        assert_eq!(status == 401, !line.open, "{what} by nobody: {status}");
        for role in ROLES {
            let request = operation.asked_by_page(&house, &path, (role, OWN));
            let (status, body) = answer(request, operation.streams()).await;
            assert_eq!(
                status == 403,
                !line.allows(role),
                "{what} by {role}: {status} {body}"
            );
            assert!(status < 500, "{what} by {role}: {status} {body}");
            assert_nothing_of_the_other(&body, &operation);
            let request = operation.with_key(&house, &path, (role, OWN));
            let (status, body) = answer(request, operation.streams()).await;
            let may = line.allows(role) && (line.keys || line.open);
            assert_eq!(
                status == 403,
                !may,
                "{what} by key of {role}: {status} {body}"
            );
            assert!(status < 500, "{what} by key of {role}: {status} {body}");
            seen += 1;
        }
    }
    assert!(seen > 250, "{seen}");
    house.close().await;
}

/// Asks for the other tenant's things by their ids, as an owner.
async fn other_tenants_things_do_not_exist(house: &House) {
    for operation in operations() {
        let path = path_of(&operation.template, OTHER);
        let request = operation.asked_by_page(house, &path, ("owner", OWN));
        let (status, body) = answer(request, operation.streams()).await;
        assert_nothing_of_the_other(&body, &operation);
        assert!(status < 500, "{} {path}: {status} {body}", operation.method);
        let named = ["/api/v1/connections/{", "/api/v1/users/{"];
        if named
            .iter()
            .any(|begin| operation.template.starts_with(begin))
        {
            assert_eq!(status, 404, "{} {path}: {body}", operation.method);
        }
    }
}

#[sqlx::test(migrations = false)]
async fn another_tenant_is_never_seen(superuser: PgPool) {
    let house = two_tenants(&superuser).await;
    other_tenants_things_do_not_exist(&house).await;
    house.close().await;
}

async fn tables(superuser: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'public' and c.relrowsecurity",
    )
    .fetch_all(superuser)
    .await
    .expect("tables")
}

#[sqlx::test(migrations = false)]
async fn the_applications_filter_alone_keeps_tenants_apart(superuser: PgPool) {
    let house = two_tenants(&superuser).await;
    for table in tables(&superuser).await {
        let statement = format!("alter table \"{table}\" disable row level security");
        let done = sqlx::query(AssertSqlSafe(statement)).execute(&superuser);
        done.await.expect("disabled");
    }
    other_tenants_things_do_not_exist(&house).await;
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn row_level_security_alone_keeps_tenants_apart(superuser: PgPool) {
    let house = two_tenants(&superuser).await;
    // What a query that names no organization sees in a transaction of one.
    let mut tx = house
        .store
        .begin(proto::OrgId(OWN))
        .await
        .expect("a transaction");
    let mut looked = 0;
    for table in tables(&superuser).await {
        let columns: i64 = sqlx::query_scalar(
            "select count(*) from information_schema.columns
             where table_schema = 'public' and table_name = $1 and column_name = 'org_id'",
        )
        .bind(&table)
        .fetch_one(&superuser)
        .await
        .expect("columns");
        if table == "fact_floors" {
            // Which months are pruned is the same for everybody.
            continue;
        }
        assert_eq!(columns, 1, "{table} belongs to no organization");
        // The lists of ids that workers may see hold nothing of a tenant.
        let for_workers = ["due_organizations", "day_turns", "notified_organizations"];
        if for_workers.contains(&table.as_str()) {
            continue;
        }
        let statement = format!("select count(*) from \"{table}\" where org_id <> '{OWN}'");
        let foreign: i64 = sqlx::query_scalar(AssertSqlSafe(statement))
            .fetch_one(&mut *tx)
            .await
            .expect("a count");
        assert_eq!(foreign, 0, "{table}");
        looked += 1;
    }
    assert!(looked > 30, "{looked}");
    drop(tx);
    house.close().await;
}
