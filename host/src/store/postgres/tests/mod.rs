//! The contract, and what is particular to PostgreSQL.

mod cluster;
mod many;

use std::sync::Arc;

use safelight_test_postgres::{Database, shared};
use tokio::sync::OnceCell;

use super::*;
use crate::{
    clock::micros,
    job::State,
    store::contract::{self, Subject},
};

contract::contract_tests!(super::subject);

/// The database that those of tests are copies of.
const TEMPLATE: &str = "template_safelight";

const POOL: Pool = Pool { max_connections: 8, acquire_timeout: Duration::from_secs(20) };

fn options() -> Options {
    Options {
        cursor_key: [7; 32],
        breaker_failures: contract::BREAKER_FAILURES,
        breaker_pause: contract::BREAKER_PAUSE,
        breaker_max_pause: contract::BREAKER_MAX_PAUSE,
        level: Level::new(7),
    }
}

async fn open(url: &str, clock: Clock) -> Postgres {
    Postgres::open(url, POOL, clock, options()).await.unwrap()
}

/// A database with the schema and nothing in it.
async fn database() -> Database {
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_init(async || {
        shared().create(TEMPLATE);
        open(&shared().url(TEMPLATE), Clock::System).await.close().await;
    })
    .await;
    let kept = ["_sqlx_migrations", "locks", "plugin_set", "settings"];
    shared().copy(TEMPLATE, &kept, "UPDATE plugin_set SET revision = 0")
}

async fn subject() -> Subject {
    let (database, clock) = (database().await, Subject::clock());
    let store = open(&database.url(), clock.clone()).await;
    Subject { store: Box::new(store), clock, thousands: 10, _keep: Box::new(database) }
}

/// Several nodes on one database, with the database's time.
async fn nodes(count: usize) -> (Vec<Arc<Postgres>>, Database) {
    let database = database().await;
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(Arc::new(open(&database.url(), Clock::System).await));
    }
    (nodes, database)
}

#[tokio::test]
async fn time_is_the_databases_own() {
    let (nodes, database) = nodes(1).await;
    nodes[0].create_account(contract::account("demo")).await.unwrap();
    let now = || database.execute("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");
    let before: u64 = now().parse().unwrap();
    let job = nodes[0].submit(contract::submission("demo", vec![contract::job()])).await.unwrap().jobs[0];
    let after: u64 = now().parse().unwrap();
    let row = nodes[0].job("demo", job).await.unwrap().unwrap();
    assert!((before..=after).contains(&micros(row.created_at)));
}

#[tokio::test]
async fn nodes_read_each_others_cursors() {
    let database = database().await;
    let first = open(&database.url(), Clock::System).await;
    let other = Options { cursor_key: [8; 32], ..options() };
    let second = Postgres::open(&database.url(), POOL, Clock::System, other).await.unwrap();
    first.create_account(contract::account("demo")).await.unwrap();
    first.submit(contract::submission("demo", vec![contract::job(), contract::job()])).await.unwrap();
    let page = first.jobs("demo", JobFilter { limit: 1, ..Default::default() }).await.unwrap();
    let next = JobFilter { limit: 1, cursor: page.next, ..Default::default() };
    assert_eq!(second.jobs("demo", next).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn text_with_a_zero_is_taken() {
    let (nodes, _database) = nodes(1).await;
    let store = &nodes[0];
    store.create_account(contract::account("demo")).await.unwrap();
    let mut job = contract::job();
    job.spec.reference = Some("a\0b".into());
    store.submit(contract::submission("demo", vec![job.clone()])).await.unwrap();
    let filter = JobFilter { reference: Some("a\0b".into()), limit: 10, ..Default::default() };
    let found = store.jobs("demo", filter).await.unwrap().items;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].spec.reference.as_deref(), Some("a\0b"));
    let claimed = store.claim_jobs(1, Duration::from_secs(30)).await.unwrap().remove(0);
    let mut end = contract::completion(State::Succeeded);
    end.advance.deliveries = vec![contract::delivery("https://example.com/")];
    store.complete(job.id, claimed.token, end).await.unwrap();
    let sent = store.claim_deliveries(contract::first_tries()).await.unwrap().remove(0);
    let mut attempt = contract::attempt(crate::clock::from_micros(0), Some(200));
    attempt.detail = "binary \0 answer".into();
    let verdict = crate::store::Verdict::Delivered;
    let recorded = RecordedAttempt { id: sent.row.id, token: sent.token, attempt, verdict };
    store.record_attempts(vec![recorded]).await.unwrap();
    let log = store.delivery("demo", sent.row.id).await.unwrap().unwrap().log;
    assert_eq!(log[0].detail, "binary \u{fffd} answer");
}

#[tokio::test]
async fn text_of_any_length_is_taken() {
    let (nodes, _database) = nodes(1).await;
    let store = &nodes[0];
    store.create_account(contract::account("demo")).await.unwrap();
    // Of random letters, so that it cannot be compressed to what an index takes.
    let long: String = (0..20_000).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect();
    let mut job = contract::job();
    job.spec.reference = Some(long.clone());
    store.submit(contract::submission("demo", vec![job.clone()])).await.unwrap();
    let filter = JobFilter { reference: Some(long), limit: 10, ..Default::default() };
    assert_eq!(store.jobs("demo", filter).await.unwrap().items[0].id, job.id);
}

#[tokio::test]
async fn several_nodes_may_bring_an_empty_database_up_to_date() {
    let database = shared().empty();
    let url = database.url();
    assert_eq!(Postgres::schema(&url).await.unwrap(), Schema { found: 0, newest: STEPS.len() as i64 });
    let opened = futures_util::future::join_all((0..6).map(|_| open(&url, Clock::System))).await;
    assert_eq!(opened.len(), 6);
    assert_eq!(Postgres::schema(&url).await.unwrap(), Schema { found: STEPS.len() as i64, newest: STEPS.len() as i64 });
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let database = shared().empty();
    open(&database.url(), Clock::System).await;
    database.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'x', TRUE, '\\x00', 0)",
    );
    let refused = Postgres::open(&database.url(), POOL, Clock::System, options()).await.err().unwrap();
    let expected = "its schema has step 99, this binary knows 2 only: use a newer binary";
    assert_eq!(refused.to_string(), format!("cannot bring the database up to date: {expected}"));
    let refused = Postgres::schema(&database.url()).await.err().unwrap();
    assert_eq!(refused.to_string(), format!("cannot open the database: {expected}"));
}

#[tokio::test]
async fn a_database_that_is_not_unicode_is_refused() {
    shared().execute("postgres", "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'");
    let refused = Postgres::open(&shared().url("latin"), POOL, Clock::System, options()).await.err().unwrap();
    assert_eq!(refused.to_string(), "cannot open the database: the database is in LATIN1, UTF8 is needed");
}
