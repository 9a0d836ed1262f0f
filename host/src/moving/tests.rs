//! Copies of a store that holds something in every table, from either database to either.

use std::{
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use serde_json::json;

use super::*;
use crate::{
    account,
    clock::Clock,
    job::{State, new_id},
    store::{
        AuditRow, Change, ChunkRow, DeliveryFilter, JobFilter, Options, PluginChange, PluginRow, Pool, Postgres,
        Sqlite, contract,
    },
};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("safelight-moving-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    async fn sqlite(&self, name: &str) -> (Arc<dyn Store>, Blobs) {
        let options = Options::without_breaker([7; 32]);
        let store = Sqlite::open(&self.path(&format!("{name}.db")), Clock::System, options).await.unwrap();
        (Arc::new(store), Blobs::local(&self.path(name)).unwrap())
    }

    async fn postgres(&self, name: &str) -> (Arc<dyn Store>, Blobs, safelight_test_postgres::Database) {
        let database = safelight_test_postgres::shared().empty();
        let pool = Pool { max_connections: 4, acquire_timeout: Duration::from_secs(20) };
        let options = Options::without_breaker([8; 32]);
        let store = Postgres::open(&database.url(), pool, Clock::System, options).await.unwrap();
        (Arc::new(store), Blobs::local(&self.path(name)).unwrap(), database)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Fills a store by what servers do: one job has ended, one runs, the others wait.
async fn fill(store: &Arc<dyn Store>, blobs: &Blobs) {
    for key in ["demo", "shop"] {
        store.create_account(account::generate(key, UNIX_EPOCH).unwrap()).await.unwrap();
    }
    let kept = blobs.put(vec![7; 3000].into()).await.unwrap();
    let mut jobs: Vec<_> = (0..1203).map(|_| contract::job()).collect();
    jobs[0].spec.reference = Some("a\u{0}b \"\u{1f98b}\"".into());
    jobs[5].blobs = vec![kept.sha256.clone()];
    let mut submission = contract::submission("demo", jobs);
    submission.queue_limit = 10_000;
    submission.batch = Some(contract::batch());
    store.submit(submission).await.unwrap();
    let claimed = store.claim_jobs(2, Duration::from_secs(60)).await.unwrap();
    let mut end = contract::completion(State::Succeeded);
    end.advance.deliveries =
        vec![contract::delivery("https://example.com/a"), contract::delivery("https://example.com/b")];
    end.advance.blobs = vec![kept.clone().into()];
    store.complete(claimed[0].job.id, claimed[0].token, end).await.unwrap();
    let one = crate::store::DeliveryClaim { limit: 1, ..contract::first_tries() };
    let delivery = store.claim_deliveries(one).await.unwrap().remove(0);
    let attempt = contract::attempt(UNIX_EPOCH, Some(503));
    let (id, token) = (delivery.row.id, delivery.token);
    let verdict = crate::store::Verdict::Retry(UNIX_EPOCH);
    store.record_attempts(vec![crate::store::RecordedAttempt { id, token, attempt, verdict }]).await.unwrap();
    let chunk = ChunkRow {
        account: "shop".into(),
        upload: "u".into(),
        begins: 0,
        bytes: kept.bytes,
        sha256: kept.sha256.clone(),
        created_at: UNIX_EPOCH,
    };
    store.change(vec![Change::PutChunk(chunk)], Vec::new()).await.unwrap();
    let row = PluginRow {
        owner: String::new(),
        name: "halftone".into(),
        document: json!({"versions": []}),
        blobs: vec![kept.sha256],
    };
    let audit = AuditRow {
        id: new_id(),
        at: UNIX_EPOCH,
        actor: "demo".into(),
        action: "plugin.installed".into(),
        subject: "halftone".into(),
        detail: json!({}),
    };
    let change = PluginChange { revision: 0, row, removed: false, audit: vec![audit], owed: Vec::new() };
    store.change_plugin(change).await.unwrap();
}

/// What the API shows of a store.
async fn shown(store: &Arc<dyn Store>) -> String {
    let mut shown = format!("{:?} {:?}", store.accounts().await.unwrap(), store.plugin_set().await.unwrap());
    let mut cursor = None;
    loop {
        let page = store.jobs("demo", JobFilter { limit: 500, cursor, ..JobFilter::default() }).await.unwrap();
        shown += &format!("{:?}", page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let deliveries =
        store.deliveries("demo", DeliveryFilter { limit: 500, ..DeliveryFilter::default() }).await.unwrap();
    shown += &format!("{:?}", deliveries.items);
    // One of the databases cannot hold it.
    shown.replace("\\0", "\u{fffd}")
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_moves_to_postgresql_and_back() {
    let folder = Folder::new();
    let (embedded, blobs) = folder.sqlite("embedded").await;
    fill(&embedded, &blobs).await;
    let manifest = export(&embedded, &blobs, &folder.path("one")).await.unwrap();
    assert_eq!((manifest.tables["jobs"].rows, manifest.blobs, manifest.blob_bytes), (1203, 1, 3000));
    assert_eq!(manifest.tables.len(), TABLES.len(), "empty tables are told, too");

    let (cluster, there, _database) = folder.postgres("cluster").await;
    assert_eq!(import(&cluster, &there, &folder.path("one")).await.unwrap(), manifest);
    assert_eq!(shown(&cluster).await, shown(&embedded).await);
    assert_eq!(there.get(&hex::encode(Sha256::digest([7; 3000]))).await.unwrap().len(), 3000);
    let counted = |gauges: crate::store::Gauges| (gauges.jobs, gauges.deliveries);
    assert_eq!(counted(cluster.gauges().await.unwrap()), counted(embedded.gauges().await.unwrap()));
    // It goes on where it was.
    assert_eq!(cluster.claim_jobs(5, Duration::from_secs(60)).await.unwrap().len(), 5);
    let first = cluster.claim_deliveries(contract::first_tries()).await.unwrap();
    let later = cluster.claim_deliveries(crate::store::DeliveryClaim { retries: true, ..contract::first_tries() });
    assert_eq!((first.len(), later.await.unwrap().len()), (1, 1));

    let second = export(&cluster, &there, &folder.path("two")).await.unwrap();
    let (back, home) = folder.sqlite("back").await;
    assert_eq!(import(&back, &home, &folder.path("two")).await.unwrap(), second);
    assert_eq!(shown(&back).await, shown(&cluster).await);
    assert_eq!(counted(back.gauges().await.unwrap()), counted(cluster.gauges().await.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_not_whole_is_refused_and_nothing_is_taken_in() {
    let folder = Folder::new();
    let (store, blobs) = folder.sqlite("embedded").await;
    fill(&store, &blobs).await;
    let copy = folder.path("copy");
    export(&store, &blobs, &copy).await.unwrap();
    assert!(export(&store, &blobs, &copy).await.unwrap_err().to_string().contains("is not empty"));
    let refused = async |name: &str| {
        let (target, there) = folder.sqlite(name).await;
        let refused = import(&target, &there, &copy).await.unwrap_err().to_string();
        assert!(target.accounts().await.unwrap().is_empty(), "nothing was taken in");
        refused
    };
    let jobs = copy.join("tables/jobs.ndjson");
    let whole = fs::read_to_string(&jobs).unwrap();
    fs::write(&jobs, whole.replacen("queued", "failed", 1)).unwrap();
    assert!(refused("changed").await.contains("jobs.ndjson: was changed or is not whole: 1203 rows, expected 1203"));
    fs::write(&jobs, &whole[..whole.len() / 2]).unwrap();
    assert!(refused("cut").await.contains("jobs.ndjson: row "));
    fs::write(&jobs, whole.replacen("true", "1", 1)).unwrap();
    assert!(refused("mistyped").await.contains("is 1, expected Flag"));
    fs::write(&jobs, &whole).unwrap();
    let blob = fs::read_dir(copy.join("blobs")).unwrap().next().unwrap().unwrap().path();
    let blob = fs::read_dir(blob).unwrap().next().unwrap().unwrap().path();
    fs::write(&blob, b"other bytes").unwrap();
    assert!(refused("blob").await.contains("is damaged: its bytes have the SHA-256"));
    fs::remove_file(&blob).unwrap();
    assert!(refused("missing").await.contains("the copy has 0 blobs of 0 bytes, expected 1 of 3000"));
    fs::write(&blob, [7; 3000]).unwrap();
    let (target, there) = folder.sqlite("late").await;
    target.create_account(account::generate("other", UNIX_EPOCH).unwrap()).await.unwrap();
    assert!(import(&target, &there, &copy).await.unwrap_err().to_string().contains("the store has accounts"));
    fs::remove_file(copy.join("manifest.json")).unwrap();
    assert!(refused("unfinished").await.contains("cannot read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_by_an_older_version_is_taken_in() {
    let folder = Folder::new();
    let (store, blobs) = folder.sqlite("embedded").await;
    fill(&store, &blobs).await;
    let copy = folder.path("copy");
    let mut manifest = export(&store, &blobs, &copy).await.unwrap();
    // Without what came later: the last two columns of jobs, and a table.
    let path = copy.join("tables/jobs.ndjson");
    let mut older = String::new();
    for line in fs::read_to_string(&path).unwrap().lines() {
        let mut cells: Vec<serde_json::Value> = serde_json::from_str(line).unwrap();
        cells.truncate(cells.len() - 2);
        older += &serde_json::to_string(&cells).unwrap();
        older.push('\n');
    }
    fs::write(&path, &older).unwrap();
    manifest.tables.get_mut("jobs").unwrap().sha256 = hex::encode(Sha256::digest(&older));
    manifest.tables.remove("chunks");
    fs::write(copy.join("manifest.json"), serde_json::to_vec(&manifest).unwrap()).unwrap();

    let (target, there) = folder.sqlite("target").await;
    assert_eq!(import(&target, &there, &copy).await.unwrap(), manifest);
    assert_eq!(shown(&target).await, shown(&store).await);
    assert_eq!(target.claim_jobs(5, Duration::from_secs(60)).await.unwrap().len(), 5);
}
