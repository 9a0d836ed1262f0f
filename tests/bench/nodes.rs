//! What going from one embedded node to several on PostgreSQL costs: claims of the store alone, then whole servers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use safelight::{
    account,
    clock::Clock,
    job::State,
    store::{
        Advance, Change, Completion, DerivedRow, Filter, Library, NewJob, Options, Pool, Postgres, ResourceKey,
        ResourceQuery, ResourceRow, Sqlite, Store, Submission, Test, ValueClass,
    },
};
use safelight_test_postgres::Server as Database;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    finished::job,
    pictures::cpu_ms,
    rates::{counter, reach, tiny},
    settled,
    support::{Origin, Server, jpeg},
};

const LEASE: Duration = Duration::from_secs(60);

/// Jobs of the measurement of the store.
const CLAIMED: usize = 8_000;
const AT_ONCE: usize = 100;

/// Jobs that a worker claims together: as many as it has slots.
const SLOTS: u32 = 8;

/// Jobs of the measurement of servers.
const TINY: usize = 4_000;
const REAL: usize = 240;
const CONNECTIONS: usize = 32;

/// What claims took, and what they cost.
struct Claims {
    a_second: f64,
    p50: Duration,
    p99: Duration,
}

/// Submits jobs, then has them claimed and ended by so many workers, half of the stores' each.
async fn claim_all(stores: &[Arc<dyn Store>], workers: usize) -> Claims {
    for _ in 0..CLAIMED / AT_ONCE {
        let jobs: Vec<NewJob> = std::iter::repeat_with(job).take(AT_ONCE).collect();
        let submission =
            Submission { account: "demo".into(), jobs, batch: None, idempotency: None, queue_limit: u64::MAX };
        stores[0].submit(submission).await.unwrap();
    }
    let (left, begun) = (Arc::new(AtomicUsize::new(CLAIMED)), Instant::now());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..workers {
        let (store, left) = (stores[number % stores.len()].clone(), left.clone());
        tasks.spawn(async move {
            let mut times = Vec::new();
            while left.load(Ordering::Relaxed) > 0 {
                let asked = Instant::now();
                let claimed = store.claim_jobs(SLOTS, LEASE).await.unwrap();
                times.push(asked.elapsed());
                let ends = claimed.into_iter().map(|claimed| {
                    let (report, progress) = (claimed.job.report, claimed.job.progress);
                    let advance = Advance { report, progress, deliveries: Vec::new(), blobs: Vec::new() };
                    let end = Completion { state: State::Succeeded, advance, changes: Vec::new() };
                    store.complete(claimed.job.id, claimed.token, end)
                });
                let ended = futures_util::future::try_join_all(ends).await.unwrap().len();
                left.fetch_sub(ended, Ordering::Relaxed);
            }
            times
        });
    }
    let mut times = tasks.join_all().await.concat();
    let seconds = begun.elapsed().as_secs_f64();
    times.sort_unstable();
    Claims { a_second: CLAIMED as f64 / seconds, p50: times[times.len() / 2], p99: times[times.len() * 99 / 100] }
}

async fn new_account(store: &dyn Store) {
    store.create_account(account::generate("demo", SystemTime::UNIX_EPOCH).unwrap()).await.unwrap();
}

/// Claims and ends of jobs that do nothing.
pub(crate) async fn claims() {
    let dir = std::env::temp_dir().join(format!("safelight-bench-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&dir).unwrap();
    let options = || Options::without_breaker([7; 32]);
    let embedded: Arc<dyn Store> = Arc::new(Sqlite::open(&dir.join("db"), Clock::System, options()).await.unwrap());
    new_account(embedded.as_ref()).await;
    let tell = |name: &str, claims: &Claims, database: &str| {
        let (p50, p99) = (claims.p50.as_secs_f64() * 1e3, claims.p99.as_secs_f64() * 1e3);
        println!(
            "claims\t{name}\t{:.0} jobs a second\ta claim of {SLOTS}: {p50:.1} ms, p99 {p99:.1} ms{database}",
            claims.a_second
        );
    };
    tell("embedded", &claim_all(&[embedded], 2).await, "");
    let database = Database::durable();
    database.create("bench");
    let pool = Pool { max_connections: 16, acquire_timeout: Duration::from_secs(30) };
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for nodes in [1, 2, 4] {
        while stores.len() < nodes {
            let store = Postgres::open(&database.url("bench"), pool, Clock::System, options()).await.unwrap();
            if stores.is_empty() {
                new_account(&store).await;
            }
            stores.push(Arc::new(store));
        }
        let before = database.processor_time();
        let claims = claim_all(&stores, 2 * nodes).await;
        let each = (database.processor_time() - before).as_secs_f64() * 1e3 / CLAIMED as f64;
        tell(&format!("{nodes} on PostgreSQL"), &claims, &format!("\tdatabase {each:.2} ms of CPU a job"));
    }
    drop(stores);
    let _ = std::fs::remove_dir_all(dir);
}

/// Submits `count` jobs to the servers in turn; answers jobs a second until all callbacks are there, and CPU time.
async fn drive(
    servers: &[Server],
    database: Option<&Database>,
    name: &str,
    job: &Value,
    count: usize,
    told: &AtomicUsize,
) -> f64 {
    let nodes = || servers.iter().map(|server| cpu_ms(server.pid())).sum::<f64>();
    let of_database = || database.map_or(Duration::ZERO, Database::processor_time);
    let (before, database_before, done) = (nodes(), of_database(), told.load(Ordering::Relaxed));
    let (left, begun) = (AtomicUsize::new(count), Instant::now());
    let clients = (0..CONNECTIONS).map(|number| {
        let (server, left) = (&servers[number % servers.len()], &left);
        async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                server.submit(job).await;
            }
        }
    });
    futures_util::future::join_all(clients).await;
    reach(told, done + count).await;
    let a_second = count as f64 / begun.elapsed().as_secs_f64();
    let of_nodes = (nodes() - before) / count as f64;
    let of_database = (of_database() - database_before).as_secs_f64() * 1e3 / count as f64;
    println!(
        "nodes\t{name}\t{a_second:.0} jobs a second\tnodes {of_nodes:.2} ms, database {of_database:.2} ms of CPU a job"
    );
    a_second
}

/// Whole servers on this machine's cores: a tiny job with a callback, and a picture of 2 megapixels made smaller.
pub(crate) async fn servers() {
    let (url, told) = counter().await;
    let origin = Origin::start().await;
    let source = origin.bytes("photo.jpg", jpeg(1920, 1080));
    let tiny = tiny(&url);
    let real = json!({"source": {"url": source}, "steps": [{"transform": "resize", "params": {"width": 800}}],
        "outputs": [{"id": "main", "format": "jpeg"}], "notification_url": url});
    let measure = async |servers: &[Server], database: Option<&Database>, name: &str| {
        let tiny = drive(servers, database, &format!("{name}, tiny"), &tiny, TINY, &told).await;
        let real = drive(servers, database, &format!("{name}, real"), &real, REAL, &told).await;
        (tiny, real)
    };
    let embedded = [settled(Server::start().await).await];
    let alone = measure(&embedded, None, "embedded").await;
    drop(embedded);
    for nodes in [1, 2, 4] {
        let database = Database::durable();
        database.create("bench");
        let builder = || Server::builder().set("store", "url", database.url("bench"));
        let mut servers = vec![settled(builder().start().await).await];
        while servers.len() < nodes {
            let beside = builder().start_beside(&servers[0]).await;
            servers.push(settled(beside).await);
        }
        let (tiny, real) = measure(&servers, Some(&database), &format!("{nodes} on PostgreSQL")).await;
        if nodes == 1 {
            sizes(&database);
        }
        let (tiny, real) = (tiny / alone.0, real / alone.1);
        println!("nodes\t{nodes} on PostgreSQL\tagainst embedded: tiny {tiny:.2}, real {real:.2}");
    }
}

/// What rows and their indexes take, in bytes, after a run with all its changes.
fn sizes(database: &Database) {
    database.execute("bench", "VACUUM ANALYZE");
    let tables = database.execute(
        "bench",
        "SELECT relname || E'\t' || reltuples || ' rows' || E'\t' || pg_table_size(oid) / reltuples::bigint || ' bytes a row' \
         || E'\t' || pg_indexes_size(oid) / reltuples::bigint || ' bytes of indexes' \
         FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= 1000 ORDER BY relname",
    );
    for table in tables.lines() {
        println!("sizes\t{table}");
    }
}

/// Resources with three tags each, and a result of each.
const RESOURCES: usize = 100_000;

/// A library: what its rows take, and how long it takes to list, to search and to count it.
pub(crate) async fn library() {
    let database = Database::durable();
    database.create("bench");
    let pool = Pool { max_connections: 16, acquire_timeout: Duration::from_secs(30) };
    let options = Options::without_breaker([7; 32]);
    let store = Postgres::open(&database.url("bench"), pool, Clock::System, options).await.unwrap();
    new_account(&store).await;
    let begun = Instant::now();
    for start in (0..RESOURCES).step_by(AT_ONCE) {
        store.change((start..start + AT_ONCE).flat_map(resource).collect(), Vec::new()).await.unwrap();
    }
    let a_second = RESOURCES as f64 / begun.elapsed().as_secs_f64();
    println!("library\t{RESOURCES} resources with three tags and a result each: {a_second:.0} written a second");
    sizes(&database);
    let tag = Some(Test::Is("7 of 100".to_owned()));
    let tagged = Filter::Value { class: ValueClass::Tag, name: tag, value: None };
    let queries = [
        ("the newest 500", ResourceQuery { limit: 500, ..ResourceQuery::default() }),
        (
            "500 of a tag that every hundredth has",
            ResourceQuery { filter: tagged, limit: 500, ..ResourceQuery::default() },
        ),
    ];
    for (name, query) in queries {
        let begun = Instant::now();
        let found = store.resources("demo", query).await.unwrap().items.len();
        println!("library\t{name}: {found} in {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    }
    let begun = Instant::now();
    let totals = store.totals("demo").await.unwrap();
    println!("library\tadding all up ({totals:?}): {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
}

fn resource(number: usize) -> [Change; 2] {
    let key = ResourceKey {
        account: "demo".to_owned(),
        kind: "image".to_owned(),
        delivery: "upload".to_owned(),
        public_id: format!("spring/collection/picture-{number}"),
    };
    let sha256 = |what: &str| hex::encode(Sha256::digest(format!("{what} {number}")));
    let at = SystemTime::now();
    let mut row = ResourceRow::new(key, at);
    (row.sha256, row.etag, row.bytes, row.format) =
        (sha256("original"), sha256("etag")[..32].to_owned(), 2_000_000, "jpeg".to_owned());
    (row.width, row.height, row.pages, row.folder) = (1920, 1080, 1, "spring/collection".to_owned());
    row.facts.tags = [10, 100, 1000].iter().map(|count| format!("{} of {count}", number % count)).collect();
    let derived = DerivedRow {
        id: uuid::Uuid::new_v4(),
        account: "demo".to_owned(),
        resource: row.id,
        transformation: "c_fill,h_300,w_400/e_sharpen".to_owned(),
        extension: "webp".to_owned(),
        key: sha256("recipe"),
        sha256: sha256("derived"),
        etag: row.etag.clone(),
        bytes: 30_000,
        format: "webp".to_owned(),
        width: 400,
        height: 300,
        created_at: at,
    };
    [Change::PutResource { row: Box::new(row), over: None }, Change::PutDerived(derived)]
}
