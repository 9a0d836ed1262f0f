//! Servers on a PostgreSQL database: one that is started again, two that share the work, and databases that go away.

mod outages;
mod tls;

mod objects;
mod roles;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use safelight_test_postgres::{Database, shared};
use serde_json::{Value, json};

use crate::support::{Origin, Receiver, Served, Server, ServerBuilder, eventually, png, tools};

fn database() -> Database {
    shared().empty()
}

/// A server on the database, whose work is lost soon when it is killed.
fn on(database: &Database) -> ServerBuilder {
    let url = database.url();
    Server::builder().set("store", "url", url).set("worker", "lease_s", 3).set("worker", "heartbeat_s", 1)
}

fn job(source: &str, receiver: &Receiver, number: usize) -> Value {
    json!({
        "source": {"url": source},
        "steps": [{"transform": "resize", "params": {"width": 20 + number}}],
        "notification_url": receiver.url("told"),
        "reference": number.to_string(),
    })
}

/// Waits until the end of each job was told, always under one id.
async fn all_told(receiver: &Receiver, jobs: &[String]) {
    let told = eventually("every callback has come", Duration::from_secs(60), async || {
        let mut told = HashMap::<String, HashSet<String>>::new();
        for one in receiver.received() {
            let id = one.json()["data"]["id"].as_str()?.to_owned();
            told.entry(id).or_default().insert(one.header("webhook-id").to_owned());
        }
        jobs.iter().all(|id| told.contains_key(id)).then_some(told)
    })
    .await;
    for (job, ids) in &told {
        assert_eq!(ids.len(), 1, "the end of {job} was told under several ids");
    }
}

/// How many jobs a process has ended itself.
async fn ended_by(server: &Server) -> u64 {
    let page = server.get("/metrics").send().await.unwrap().text().await.unwrap();
    let counts = page.lines().filter_map(|line| line.strip_prefix("safelight_jobs_finished_total{"));
    counts.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_and_callbacks_outlive_the_process() {
    let database = database();
    let mut server = on(&database).start().await;
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    let source = origin.bytes("photo", png(64, 48));
    let mut jobs = Vec::new();
    for number in 0..20 {
        let accepted = server.submit(&job(&source, &receiver, number)).await;
        jobs.push(accepted["id"].as_str().unwrap().to_owned());
        if number == 12 {
            server.kill().await;
            server.start_again().await;
        }
    }
    for id in &jobs {
        let ended = server.finished(id).await;
        assert_eq!(ended["state"], "succeeded", "{ended}");
    }
    all_told(&receiver, &jobs).await;
    assert!(server.terminate().await.success());
    server.start_again().await;
    let mut listed = Vec::new();
    let mut path = "/v1/jobs?limit=7".to_owned();
    loop {
        let page: Value = server.get(&path).send().await.unwrap().json().await.unwrap();
        let items = page["items"].as_array().unwrap();
        listed.extend(items.iter().map(|job| job["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/jobs?limit=7&cursor={cursor}"),
            None => break,
        }
    }
    listed.reverse();
    assert_eq!(listed, jobs);
    assert!(!server.data_dir.join("safelight.db").exists(), "nothing is kept beside the database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_the_work_and_one_takes_over() {
    const JOBS: usize = 24;
    let database = database();
    let mut first = on(&database).set("worker", "slots", 2).start().await;
    let second = on(&database).set("worker", "slots", 2).start_beside(&first).await;
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    // Slow enough that one of them cannot do all before the other looks.
    let picture = png(16, 16);
    let pause = Duration::from_millis(600 / picture.len() as u64 + 1);
    let source = origin.serve("slow", Served::Dripping(picture.into(), pause));
    let mut jobs = Vec::new();
    for number in 0..JOBS {
        let accepted = first.submit(&job(&source, &receiver, number)).await;
        jobs.push(accepted["id"].as_str().unwrap().to_owned());
    }
    // Whoever runs it, both tell of it.
    for (server, id) in [(&first, &jobs[0]), (&second, &jobs[0]), (&second, &jobs[JOBS / 2])] {
        assert_eq!(server.finished(id).await["state"], "succeeded");
    }
    let by_first = ended_by(&first).await;
    assert!(by_first > 0 && ended_by(&second).await > 0, "each did something");
    first.kill().await;
    for id in &jobs {
        let ended = second.finished(id).await;
        assert_eq!(ended["state"], "succeeded", "{ended}");
    }
    all_told(&receiver, &jobs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_work_on_the_database() {
    let (database, dir) = (database(), std::env::temp_dir().join(format!("safelight-pg-{}", uuid::Uuid::now_v7())));
    let settings = dir.join("safelight.toml");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(&settings, format!("[store]\nurl = \"{}\"\n", database.url())).unwrap();
    let run = |arguments: &[&str]| {
        let mut line = vec!["--config", settings.to_str().unwrap()];
        line.extend(arguments);
        tools::safelight(&line, &dir.join("data"))
    };
    let told = |(code, out, err): (i32, String, String)| (code, format!("{out}{err}").trim().to_owned());
    let behind = "the schema is at step 0, to be brought to step 2";
    assert_eq!(told(run(&["migrate", "--check"])), (1, behind.to_owned()));
    assert_eq!(told(run(&["migrate"])).0, 0);
    let newest = "the schema is at step 2, which is the newest";
    assert_eq!(told(run(&["migrate", "--check"])), (0, newest.to_owned()));
    assert_eq!(run(&["account", "create", "gallery"]).0, 0);
    assert_eq!(told(run(&["account", "list"])), (0, "gallery".to_owned()));
    assert_eq!(told(run(&["delivery", "list", "gallery"])), (0, String::new()));
    database.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'x', TRUE, '\\x00', 0)",
    );
    for arguments in [&["migrate"][..], &["migrate", "--check"], &["account", "list"], &["serve"]] {
        let (code, said) = told(run(arguments));
        assert_eq!(code, 1, "{arguments:?}");
        assert!(said.contains("its schema has step 99, this binary knows 2 only: use a newer binary"), "{said}");
    }
    std::fs::remove_dir_all(&dir).unwrap();
}
