//! Requests and sweepers at random, on a clock that the test moves: what is referred to can always be read.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use futures_util::{FutureExt, stream::FuturesUnordered};

use super::{stepped::Stepped, sweep::References, *};

const GRACE: Duration = Duration::from_secs(10);
const CONTENTS: u64 = 5;

/// Rows that are asked slowly: the answer is old when it comes.
struct Rows {
    used: Mutex<HashMap<String, u32>>,
    objects: Stepped,
}

#[async_trait]
impl References for Rows {
    async fn unreferenced(&self, keys: &[String]) -> Result<Vec<String>, Error> {
        self.objects.pause(true).await;
        let unused = {
            let used = self.used.lock().unwrap();
            keys.iter().filter(|key| !used.contains_key(*key)).cloned().collect()
        };
        self.objects.pause(true).await;
        Ok(unused)
    }
}

impl Rows {
    fn add(&self, key: &str) {
        *self.used.lock().unwrap().entry(key.to_owned()).or_default() += 1;
    }

    fn remove(&self, key: &str) {
        let mut used = self.used.lock().unwrap();
        let count = used.get_mut(key).unwrap();
        *count -= 1;
        if *count == 0 {
            used.remove(key);
        }
    }
}

/// What happened.
#[derive(Default)]
struct Seen {
    read: AtomicU64,
    aside: AtomicU64,
    /// Requests that are not over yet.
    open: AtomicU64,
}

/// One request after the other: put, commit within half of the grace, read for a while, forget.
async fn requests(objects: Stepped, rows: Arc<Rows>, seen: Arc<Seen>) {
    let blobs = objects.blobs();
    let sleep = async |most: u64| objects.sleep(Duration::from_millis(objects.random(most))).await;
    for _ in 0..20 {
        let content = Bytes::from(vec![objects.random(CONTENTS) as u8; 100]);
        let began = objects.clock().now();
        let key = blobs.put(content.clone()).await.unwrap().sha256;
        sleep(3000).await;
        if objects.clock().now().duration_since(began).unwrap() >= GRACE / 2 {
            continue;
        }
        rows.add(&key);
        for _ in 0..objects.random(6) {
            assert_eq!(blobs.get(&key).await.unwrap(), content, "it is referred to");
            seen.read.fetch_add(1, Ordering::Relaxed);
            sleep(20_000).await;
        }
        rows.remove(&key);
        sleep(40_000).await;
    }
    seen.open.fetch_sub(1, Ordering::Relaxed);
}

async fn sweeps(objects: Stepped, rows: Arc<Rows>, seen: Arc<Seen>) {
    let blobs = objects.blobs();
    while seen.open.load(Ordering::Relaxed) > 0 {
        let aside = sweep::run(&blobs, rows.as_ref(), GRACE).await.unwrap();
        seen.aside.fetch_add(aside, Ordering::Relaxed);
        objects.sleep(Duration::from_millis(objects.random(6000))).await;
    }
}

#[test]
fn what_is_referred_to_can_always_be_read() {
    let seen = Arc::new(Seen::default());
    for seed in 0..40 {
        let objects = Stepped::new();
        objects.seed(seed);
        let quick = objects.slow(Duration::from_millis(100), Duration::ZERO);
        // Sweepers are held up for longer than the grace now and then, though never while something is removed.
        let held_up = objects.slow(Duration::from_millis(400), 2 * GRACE);
        let rows = Arc::new(Rows { used: Mutex::default(), objects: held_up.clone() });
        let tasks = FuturesUnordered::new();
        for _ in 0..4 {
            seen.open.fetch_add(1, Ordering::Relaxed);
            tasks.push(requests(quick.clone(), rows.clone(), seen.clone()).boxed());
        }
        for _ in 0..2 {
            tasks.push(sweeps(held_up.clone(), rows.clone(), seen.clone()).boxed());
        }
        objects.run(tasks);
    }
    let (read, aside) = (seen.read.load(Ordering::Relaxed), seen.aside.load(Ordering::Relaxed));
    assert!(read > 1000 && aside > 100, "the walk went somewhere: {read} reads, {aside} set aside");
}
