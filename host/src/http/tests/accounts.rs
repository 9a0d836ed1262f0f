//! What is set for accounts, by their owners and by the operator.

use axum::http::Method;
use serde_json::{Value, json};

use super::door::{Answer, Door, KEY, OTHER};

async fn patch(door: &Door, key: &str, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("authorization", key)];
    door.ask(Method::PATCH, path, &headers, body.to_string()).await
}

#[tokio::test]
async fn an_owner_sees_the_account_and_changes_its_webhook_secret() {
    let door = Door::open().await;
    let before = door.get("/v1/account").await.json();
    assert_eq!((&before["key"], &before["settings"]["queue_limit"]), (&json!("demo"), &Value::Null));
    let own = format!("whsec_{}", "QUJD".repeat(10));
    let after = patch(&door, KEY, "/v1/account", &json!({"webhook_secret": own})).await;
    assert_eq!((after.status.as_u16(), &after.json()["webhook_secret"]), (200, &json!(own)));
    assert!(after.json()["previous_webhook_secret_until"].is_string());
    let fresh = patch(&door, KEY, "/v1/account", &json!({"webhook_secret": null})).await.json();
    assert!(fresh["webhook_secret"] != own && fresh["webhook_secret"] != before["webhook_secret"]);
    assert_eq!(
        patch(&door, KEY, "/v1/account", &json!({"queue_limit": 5})).await.status,
        422,
        "not the owner's matter"
    );
    let wrong = patch(&door, KEY, "/v1/account", &json!({"webhook_secret": "x"})).await;
    assert_eq!(wrong.issues()[0].0, "/webhook_secret");
}

#[tokio::test]
async fn the_operator_sets_limits_and_buses_which_count_at_once() {
    let door = Door::open().await;
    let path = "/v1/accounts/other";
    assert_eq!(patch(&door, OTHER, path, &json!({})).await.problem().0, 403, "others may not");
    assert_eq!(patch(&door, KEY, "/v1/accounts/nobody", &json!({})).await.problem().0, 404);
    let set = json!({"queue_limit": 1, "requests_per_s": 3, "polls_per_s": 2, "event_bus": "orders"});
    let account = patch(&door, KEY, path, &set).await.json();
    assert_eq!(account["settings"]["event_bus"], "orders");
    assert_eq!(door.get(path).await.json(), account);
    for (wrong, pointer) in [
        (json!({"queue_limit": 0}), "/queue_limit"),
        (json!({"queue_limit": "many"}), "/queue_limit"),
        (json!({"event_bus": ""}), "/event_bus"),
        (json!({"secret": "x"}), "/secret"),
    ] {
        let refused = patch(&door, KEY, path, &wrong).await;
        assert_eq!((refused.status.as_u16(), refused.issues()[0].0.as_str()), (422, pointer), "{wrong}");
    }

    let job = json!({
        "application_id": "other:right", "v": 1.22, "src": {"name": "canvas"},
        "functions": [{"name": "no_op", "save": {"image_identifier": "a"}}]
    });
    let submit = async || door.ask(Method::POST, "/job", &[("authorization", "")], job.to_string()).await;
    let first = submit().await.json();
    let id = first["results"]["job_id"].as_str().unwrap().to_owned();
    assert_eq!(submit().await.status, 429, "one may wait");
    // The second request of three in a second was the last one that was refused.
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(door.get(&format!("/poll?job_id={id}")).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 429], "polls have a limit of their own");
    let rates: Vec<u16> = [submit().await.status.as_u16(), submit().await.status.as_u16()].into();
    assert!(rates.iter().all(|status| *status == 429));

    let claimed = door.claim().await;
    let mut row = claimed.job;
    row.state = crate::job::State::Succeeded;
    let owed = door.state.dialect("blitline").unwrap().deliveries(&row, &crate::dialect::Event::MainFinished);
    assert_eq!((owed.len(), owed[0].signer), (1, crate::webhook::Signer::AwsEvents));
    assert_eq!(owed[0].url, "https://events.us-east-1.amazonaws.com/");
    let body: Value = serde_json::from_slice(&owed[0].body).unwrap();
    assert_eq!(body["Entries"][0]["EventBusName"], "orders");
}
