//! 100,000 jobs that have ended: how long a poll takes, and how long forgetting them does.

use std::time::{Duration, Instant, SystemTime};

use safelight::{
    account,
    clock::{Clock, from_micros},
    job::{Callbacks, Report, Spec, State},
    source::Source,
    store::{Completion, NewJob, Options, Sqlite, Store, Submission},
};

const JOBS: usize = 100_000;
const AT_ONCE: usize = 1_000;
const POLLS: usize = 10_000;

pub(crate) fn job() -> NewJob {
    let spec = Spec {
        dialect: "blitline".into(),
        source: Source::Canvas { width: 1, height: 1, color: [0; 4] },
        rendering: Default::default(),
        outputs: Vec::new(),
        open: false,
        callbacks: Callbacks::default(),
        reference: None,
        store_as: None,
        intake: Default::default(),
        patience: None,
        extra: Default::default(),
    };
    NewJob { id: uuid::Uuid::new_v4(), priority: 0, spec, report: Report::default(), blobs: Vec::new() }
}

pub(crate) async fn run() {
    let dir = std::env::temp_dir().join(format!("safelight-bench-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&dir).unwrap();
    let clock = Clock::stepped(from_micros(1_700_000_000_000_000));
    let options = Options::without_breaker([7; 32]);
    let store = Sqlite::open(&dir.join("db"), clock.clone(), options).await.unwrap();
    store.create_account(account::generate("demo", SystemTime::UNIX_EPOCH).unwrap()).await.unwrap();
    let mut ids = Vec::new();
    while ids.len() < JOBS {
        let jobs: Vec<NewJob> = std::iter::repeat_with(job).take(AT_ONCE).collect();
        ids.extend(jobs.iter().map(|job| job.id));
        let submission =
            Submission { account: "demo".into(), jobs, batch: None, idempotency: None, queue_limit: u64::MAX };
        store.submit(submission).await.unwrap();
        let claimed = store.claim_jobs(AT_ONCE as u32, Duration::from_secs(60)).await.unwrap();
        let ends = claimed.into_iter().map(|claimed| {
            let advance = safelight::store::Advance {
                report: claimed.job.report,
                progress: claimed.job.progress,
                deliveries: Vec::new(),
                blobs: Vec::new(),
            };
            let completion = Completion { state: State::Succeeded, advance, changes: Vec::new() };
            store.complete(claimed.job.id, claimed.token, completion)
        });
        futures_util::future::try_join_all(ends).await.unwrap();
        clock.step(Duration::from_secs(1));
    }
    let begun = Instant::now();
    for index in 0..POLLS {
        let id = ids[index * 7919 % ids.len()];
        assert!(store.any_job(id).await.unwrap().is_some());
    }
    let each = begun.elapsed().as_secs_f64() * 1e6 / POLLS as f64;
    println!("finished\t{JOBS} jobs have ended: a poll of any of them reads for {each:.0} us");
    // The older half is due.
    let begun = Instant::now();
    let gone = store.forget(Duration::from_secs((JOBS / AT_ONCE / 2) as u64)).await.unwrap();
    println!("finished\t{gone} of them are forgotten in {:.2} s", begun.elapsed().as_secs_f64());
    drop(store);
    let _ = std::fs::remove_dir_all(dir);
}
