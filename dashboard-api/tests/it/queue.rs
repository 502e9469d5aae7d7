//! Through RabbitMQ: duplicates, order, poison.

use dashboard_api::parked;
use prost::Message;
use proto::{
    OrgId,
    facts::v1::{Envelope, envelope::Payload},
    topology::Lane,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    account::{Run, everybody, user},
    house::{House, eventually},
};

async fn publish_all(house: &House, run: &Run, messages: &[Envelope]) {
    for (number, message) in messages.iter().enumerate() {
        // Pages of one run may come over both lanes.
        let lane = if number % 3 == 0 {
            Lane::Live
        } else {
            Lane::Backfill
        };
        house
            .publish(run.connection, lane, &message.encode_to_vec())
            .await;
    }
}

/// Ids of ours name the connection they belong to; the two organizations have one each.
fn without_ids(body: &str) -> String {
    let parts = body.split('"').map(|part| match Uuid::parse_str(part) {
        Ok(_) => "an id",
        Err(_) => part,
    });
    parts.collect::<Vec<_>>().join("\"")
}

#[sqlx::test(migrations = false)]
async fn duplicated_and_shuffled_delivery_gives_byte_equal_answers(superuser: PgPool) {
    let house = House::open(&superuser).await;
    let (straight, shuffled) = (Run::new(1), Run::new(2));
    publish_all(&house, &straight, &straight.messages(everybody())).await;
    let mut messages = shuffled.messages(everybody());
    messages.extend(messages.clone());
    messages.reverse();
    messages.rotate_right(7);
    publish_all(&house, &shuffled, &messages).await;
    house.generation(straight.org, 1).await;
    house.generation(shuffled.org, 1).await;
    for path in [
        "/api/v1/overview?window=90",
        "/api/v1/features?window=30",
        "/api/v1/users?window=180&sort=-last_any",
        "/api/v1/users/PU1",
        "/api/v1/licenses",
    ] {
        let left = house
            .get(straight.org, "viewer", path)
            .send()
            .await
            .expect("answers");
        let right = house
            .get(shuffled.org, "viewer", path)
            .send()
            .await
            .expect("answers");
        assert_eq!(left.status(), 200, "{path}");
        let (left, right) = (left.text().await, right.text().await);
        let [left, right] = [left, right].map(|body| without_ids(&body.expect("a body")));
        assert_eq!(left, right, "{path}");
    }
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn poison_is_parked_with_its_reason_and_the_rest_goes_on(superuser: PgPool) {
    let house = House::open(&superuser).await;
    let run = Run::new(1);
    let mut messages = run.messages(everybody());
    // PostgreSQL cannot store a NUL in a text.
    let mut poisoned = messages[0].clone();
    poisoned.page = 7;
    if let Some(Payload::Users(page)) = &mut poisoned.payload {
        page.records = vec![user("PU9", "nul\0byte")];
    }
    messages.insert(3, poisoned);
    house
        .publish(run.connection, Lane::Live, b"\xff\xff not protobuf")
        .await;
    publish_all(&house, &run, &messages).await;
    house.generation(run.org, 1).await;
    let mut parked = Vec::new();
    eventually("two parked messages", || {
        let broker = house.broker.clone();
        async move {
            parked::list(&broker, 10)
                .await
                .is_ok_and(|parked| parked.len() == 2)
        }
    })
    .await;
    parked.extend(parked::list(&house.broker, 10).await.expect("lists"));
    parked.sort_by_key(|one| one.bytes);
    assert!(
        parked[0].reason.starts_with("not an envelope"),
        "{:?}",
        parked[0]
    );
    assert_eq!(parked[1].org_id, run.org.to_string());
    assert_eq!(
        (parked[1].attempts, parked[1].page),
        (2, 7),
        "{:?}",
        parked[1]
    );
    assert!(
        parked[1].reason.contains("22P05") || parked[1].reason.contains("22021"),
        "{:?}",
        parked[1]
    );
    let users = house
        .store
        .stored_counts(OrgId(run.org), proto::RunId(run.id))
        .await;
    assert_eq!(users.expect("counts").get("users"), Some(&4));

    assert_eq!(parked::replay(&house.broker).await.expect("replays"), 2);
    eventually("both are parked again", || {
        let broker = house.broker.clone();
        async move {
            parked::list(&broker, 10)
                .await
                .is_ok_and(|parked| parked.len() == 2)
        }
    })
    .await;
    house.close().await;
}
