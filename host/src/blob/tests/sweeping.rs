//! What the sweeper takes, what it leaves, and puts at the worst moment.

use std::collections::HashSet;

use async_trait::async_trait;
use object_store::ObjectStore;

use super::{stepped::Stepped, sweep::References, *};
use crate::store::Store;

const HOUR: Duration = Duration::from_secs(3600);

/// What is referred to.
#[derive(Clone, Default)]
pub(super) struct Rows(pub(super) Arc<Mutex<HashSet<String>>>);

#[async_trait]
impl References for Rows {
    async fn unreferenced(&self, keys: &[String]) -> Result<Vec<String>, Error> {
        let used = self.0.lock().unwrap();
        Ok(keys.iter().filter(|key| !used.contains(*key)).cloned().collect())
    }
}

struct Room {
    objects: Stepped,
    blobs: Blobs,
    rows: Rows,
}

impl Room {
    fn new() -> Room {
        let objects = Stepped::new();
        Room { blobs: objects.blobs(), objects, rows: Rows::default() }
    }

    async fn sweep(&self) -> u64 {
        sweep::run(&self.blobs, &self.rows, HOUR).await.unwrap()
    }

    /// A blob that nothing refers to and that is old enough to go.
    async fn old(&self) -> String {
        let blob = self.blobs.put(Bytes::from_static(b"old")).await.unwrap();
        self.objects.clock().step(2 * HOUR);
        blob.sha256
    }

    async fn objects(&self) -> usize {
        self.objects.list(None).count().await
    }
}

#[tokio::test]
async fn an_unused_blob_is_set_aside_and_later_removed() {
    let room = Room::new();
    let old = room.old().await;
    let young = room.blobs.put(Bytes::from_static(b"young")).await.unwrap().sha256;
    assert_eq!(room.sweep().await, 1);
    assert!(!room.blobs.is_in_place(&old).await.unwrap() && room.blobs.is_in_place(&young).await.unwrap());
    assert_eq!(room.objects().await, 2, "it lies in the trash");
    room.objects.clock().step(HOUR / 2);
    assert_eq!(room.sweep().await, 0);
    assert_eq!(room.objects().await, 2, "its grace is not over");
    room.rows.0.lock().unwrap().insert(young);
    room.objects.clock().step(HOUR);
    room.sweep().await;
    assert_eq!(room.objects().await, 1);
    assert!(matches!(room.blobs.get(&old).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_blob_that_was_set_aside_is_found_by_all_ways_of_reading() {
    let room = Room::new();
    let key = room.old().await;
    for way in 0..4 {
        room.objects.clock().step(2 * HOUR);
        assert_eq!(room.sweep().await, 1, "{way}");
        assert!(!room.blobs.is_in_place(&key).await.unwrap());
        match way {
            0 => assert_eq!(room.blobs.get(&key).await.unwrap(), &b"old"[..]),
            1 => assert_eq!(room.blobs.get_range(&key, 1..9).await.unwrap(), &b"ld"[..]),
            2 => assert_eq!(room.blobs.size(&key).await.unwrap(), 3),
            _ => assert_eq!(room.blobs.stream(&key).await.unwrap().0, 3),
        }
        assert!(room.blobs.is_in_place(&key).await.unwrap());
    }
}

#[tokio::test]
async fn a_put_between_the_look_and_the_removal_loses_nothing() {
    for is_read in [true, false] {
        let room = Room::new();
        let key = room.old().await;
        let (blobs, rows) = (room.blobs.clone(), room.rows.clone());
        room.objects.before("delete", &key[..2], async move {
            let blob = blobs.put(Bytes::from_static(b"old")).await.unwrap();
            rows.0.lock().unwrap().insert(blob.sha256);
        });
        assert_eq!(room.sweep().await, 1);
        assert!(room.rows.0.lock().unwrap().contains(&key), "the put was in between");
        if is_read {
            assert_eq!(room.blobs.get(&key).await.unwrap(), &b"old"[..]);
        }
        for _ in 0..3 {
            room.objects.clock().step(2 * HOUR);
            room.sweep().await;
            assert!(room.blobs.is_in_place(&key).await.unwrap(), "the second look puts it back");
        }
        assert_eq!(room.objects().await, 1, "and clears the trash");
        assert_eq!(room.blobs.get(&key).await.unwrap(), &b"old"[..]);
    }
}

#[tokio::test]
async fn a_put_does_not_count_what_was_set_aside() {
    let room = Room::new();
    let key = room.old().await;
    room.sweep().await;
    room.blobs.put(Bytes::from_static(b"old")).await.unwrap();
    assert!(room.blobs.is_in_place(&key).await.unwrap());
    room.rows.0.lock().unwrap().insert(key.clone());
    room.objects.clock().step(2 * HOUR);
    room.sweep().await;
    assert_eq!(room.objects().await, 1);
    assert_eq!(room.blobs.get(&key).await.unwrap(), &b"old"[..]);
}

#[tokio::test]
async fn a_put_that_finds_its_blob_taken_away_writes_it() {
    let room = Room::new();
    let key = room.old().await;
    // The store says that it is there; when the put looks whether it is whole, it is not there any more.
    let (blobs, rows) = (room.blobs.clone(), room.rows.clone());
    room.objects.before("head", &key[..2], async move {
        assert_eq!(sweep::run(&blobs, &rows, HOUR).await.unwrap(), 1);
    });
    room.blobs.put(Bytes::from_static(b"old")).await.unwrap();
    assert!(room.blobs.is_in_place(&key).await.unwrap());
}

#[tokio::test]
async fn a_sweeper_that_was_held_up_takes_nothing_away() {
    let room = Room::new();
    let key = room.old().await;
    let clock = room.objects.clock().clone();
    room.objects.before("copy", &key[..2], async move { clock.step(HOUR) });
    assert_eq!(room.sweep().await, 0);
    assert!(room.blobs.is_in_place(&key).await.unwrap());
}

#[tokio::test]
async fn what_two_sweepers_do_at_once_is_done_once() {
    let room = Room::new();
    let key = room.old().await;
    let (blobs, rows) = (room.blobs.clone(), room.rows.clone());
    room.objects.before("copy", &key[..2], async move {
        assert_eq!(sweep::run(&blobs, &rows, HOUR).await.unwrap(), 1);
    });
    assert_eq!(room.sweep().await, 0);
    assert_eq!(room.blobs.get(&key).await.unwrap(), &b"old"[..]);
}

#[tokio::test]
async fn what_was_left_on_the_way_is_removed_after_a_day() {
    let room = Room::new();
    room.objects.put(&Path::from("tmp/left"), Bytes::from_static(b"x").into()).await.unwrap();
    room.objects.clock().step(23 * HOUR);
    room.sweep().await;
    assert_eq!(room.objects().await, 1);
    room.objects.clock().step(2 * HOUR);
    room.sweep().await;
    assert_eq!(room.objects().await, 0);
}

#[tokio::test]
async fn two_processes_may_sweep_one_folder() {
    let folder = Folder::new();
    let (one, other) = (Blobs::local(&folder.0).unwrap(), Blobs::local(&folder.0).unwrap());
    let rows = Rows::default();
    let key = one.put(Bytes::from_static(b"old")).await.unwrap().sha256;
    let age = || folder.files().iter().for_each(|file| make_older(file, 2 * HOUR));
    age();
    assert_eq!(sweep::run(&one, &rows, HOUR).await.unwrap(), 1);
    assert_eq!(sweep::run(&other, &rows, HOUR).await.unwrap(), 0);
    assert!(!one.is_in_place(&key).await.unwrap());
    assert_eq!(other.get(&key).await.unwrap(), &b"old"[..]);
    assert!(one.is_in_place(&key).await.unwrap());
    age();
    assert_eq!(sweep::run(&other, &rows, HOUR).await.unwrap(), 1);
    // A row came in time.
    rows.0.lock().unwrap().insert(key.clone());
    let aside = std::fs::read_dir(folder.0.join("trash").join(&key)).unwrap().next().unwrap().unwrap().path();
    make_older(&aside, 2 * HOUR);
    sweep::run(&one, &rows, HOUR).await.unwrap();
    assert!(one.is_in_place(&key).await.unwrap());
    rows.0.lock().unwrap().clear();
    age();
    sweep::run(&one, &rows, HOUR).await.unwrap();
    let aside = std::fs::read_dir(folder.0.join("trash").join(&key)).unwrap().next().unwrap().unwrap().path();
    make_older(&aside, 2 * HOUR);
    sweep::run(&other, &rows, HOUR).await.unwrap();
    assert!(matches!(one.get(&key).await, Err(Error::NotFound { .. })));
    assert!(folder.files().is_empty(), "no empty folder stays");
}

#[tokio::test]
async fn a_sweep_removes_old_blobs_that_no_row_refers_to() {
    let (folder, database) = (Folder::new(), Folder::new());
    let blobs = Blobs::local(&folder.0).unwrap();
    std::fs::create_dir_all(&database.0).unwrap();
    let options = crate::store::Options::without_breaker([0; 32]);
    let clock = crate::clock::Clock::System;
    let store = crate::store::Sqlite::open(&database.0.join("db"), clock.clone(), options).await.unwrap();
    let used = blobs.put(Bytes::from_static(b"used")).await.unwrap();
    blobs.put(Bytes::from_static(b"unused")).await.unwrap();
    let asset = crate::store::AssetRow {
        account: "demo".into(),
        id: "cat".into(),
        sha256: used.sha256.clone(),
        bytes: used.bytes,
        format: "png".into(),
        width: 1,
        height: 1,
        created_at: clock.now(),
    };
    let account = crate::store::Account {
        key: "demo".into(),
        secret: "secret".into(),
        webhook_secret: "whsec_bmV3".into(),
        previous_webhook_secret: None,
        previous_until: None,
        settings: Default::default(),
        created_at: clock.now(),
    };
    store.create_account(account).await.unwrap();
    store.put_asset(asset).await.unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!(sweep(&blobs, &store, hour).await.unwrap(), 0, "both are young");
    for file in folder.files() {
        make_older(&file, 2 * hour);
    }
    assert_eq!(sweep(&blobs, &store, hour).await.unwrap(), 1);
    assert_eq!(listed(&blobs, Duration::ZERO).await, [used.sha256]);
}
