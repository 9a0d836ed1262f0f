//! The database is away for a while, or a connection to it is, at the worst moment.

use reqwest::{Method, StatusCode};

use super::*;
use crate::support::{Lose, Proxy};

/// A proxy before the database, and a server that goes through it.
async fn through_a_proxy(database: &Database) -> (Proxy, Server) {
    let host = shared().host();
    let proxy = Proxy::start(host.as_str()).await;
    let url = database.url().replace(&host, &proxy.host());
    let server = on(database).set("store", "url", url).set("store", "acquire_timeout_s", 1).start().await;
    (proxy, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_submissions_are_put_off() {
    let database = database();
    let (proxy, server) = through_a_proxy(&database).await;
    let job = json!({"source": {"canvas": {"width": 4, "height": 4}}});
    // With the connections ended, and with connections that stay silent for ever.
    for cut in [Proxy::reset, Proxy::freeze] {
        assert_eq!(server.run(&job).await["state"], "succeeded");
        cut(&proxy);
        let answer = server.post("/v1/jobs").json(&job).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key("retry-after"), "{:?}", answer.headers());
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "storage_failed", "{problem}");
        let ready = server.get("/readyz").send().await.unwrap();
        assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
        proxy.heal();
        let accepted = eventually("jobs are accepted again", Duration::from_secs(60), async || {
            let answer = server.post("/v1/jobs").json(&job).send().await.unwrap();
            (answer.status() == StatusCode::ACCEPTED).then_some(answer)
        });
        let accepted: Value = accepted.await.json().await.unwrap();
        assert_eq!(server.finished(accepted["id"].as_str().unwrap()).await["state"], "succeeded");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_neither_refused_nor_repeated() {
    let database = database();
    let (proxy, server) = through_a_proxy(&database).await;
    for (lose, expected) in [(Lose::Answer, StatusCode::ACCEPTED), (Lose::Request, StatusCode::SERVICE_UNAVAILABLE)] {
        let key = format!("lost-{lose:?}");
        let job = json!({"source": {"canvas": {"width": 4, "height": 4}}, "reference": key});
        let submit = || server.request(Method::POST, "/v1/jobs").header("idempotency-key", &key).json(&job).send();
        proxy.lose(lose, &key, "COMMIT\0");
        let first = submit().await.unwrap();
        assert!(proxy.has_lost(), "the connection broke during the commit");
        assert_eq!(first.status(), expected, "{lose:?}");
        let first: Value = first.json().await.unwrap();
        let again = submit().await.unwrap();
        assert_eq!(again.status(), StatusCode::ACCEPTED, "{lose:?}");
        let again: Value = again.json().await.unwrap();
        if lose == Lose::Answer {
            assert_eq!(first["id"], again["id"]);
        }
        let ended = server.finished(again["id"].as_str().unwrap()).await;
        assert_eq!(ended["state"], "succeeded", "{ended}");
        let jobs = database.execute(&format!("SELECT COUNT(*) FROM jobs WHERE reference = '{key}'"));
        assert_eq!(jobs, "1", "{lose:?}");
    }
}
