//! All kinds of blob store against the same expectations, and what a folder must stand.

mod server;
mod settings;
mod stepped;
mod sweeping;
mod walk;

use std::path::PathBuf;

use http::HeaderMap;
use object_store::{GetOptions, GetResult, memory::InMemory};

use super::*;

/// A folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        Folder(std::env::temp_dir().join(format!("safelight-blob-{}", uuid::Uuid::new_v4())))
    }

    fn files(&self) -> Vec<PathBuf> {
        let dirs = std::fs::read_dir(&self.0).unwrap();
        dirs.flat_map(|dir| std::fs::read_dir(dir.unwrap().path()).unwrap()).map(|file| file.unwrap().path()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn make_older(path: &FsPath, by: Duration) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - by).unwrap();
}

async fn listed(blobs: &Blobs, older_than: Duration) -> Vec<String> {
    // Some stores tell times in whole seconds.
    let before = blobs.now().await.unwrap() - older_than + Duration::from_secs(2);
    let mut keys: Vec<String> = blobs.put_before(before).map(|entry| entry.unwrap().sha256).collect().await;
    keys.sort();
    keys
}

async fn is_a_blob_store(blobs: Blobs) {
    let abc = blobs.put(Bytes::from_static(b"abc")).await.unwrap();
    // The example of FIPS 180-2, appendix B.1.
    assert_eq!(abc.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(abc.bytes, 3);
    assert_eq!(blobs.put(Bytes::from_static(b"abc")).await.unwrap(), abc);
    assert_eq!(blobs.get(&abc.sha256).await.unwrap(), &b"abc"[..]);
    assert_eq!(blobs.size(&abc.sha256).await.unwrap(), 3);
    assert_eq!(blobs.get_range(&abc.sha256, 1..2).await.unwrap(), &b"b"[..]);
    assert_eq!(blobs.get_range(&abc.sha256, 1..99).await.unwrap(), &b"bc"[..]);
    assert!(matches!(blobs.get_range(&abc.sha256, 3..4).await, Err(Error::BadRange { bytes: 3, .. })));
    let empty = blobs.put(Bytes::new()).await.unwrap();
    assert_eq!(blobs.get(&empty.sha256).await.unwrap().len(), 0);

    // Small and large blobs by the writer, in pieces of odd sizes.
    for size in [0, 3, 255 << 10, 3_000_001] {
        let bytes: Vec<u8> = (0..size).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut writer = blobs.writer(size.into());
        for piece in bytes.chunks(70_001) {
            writer.write(piece).await.unwrap();
        }
        assert_eq!(writer.written(), u64::from(size));
        let written = writer.finish().await.unwrap();
        assert_eq!(written, BlobRef { sha256: hex::encode(Sha256::digest(&bytes)), bytes: size.into() });
        assert!(blobs.get(&written.sha256).await.unwrap() == bytes, "{size}");
        let (announced, mut pieces) = blobs.stream(&written.sha256).await.unwrap();
        let mut streamed = Vec::new();
        while let Some(piece) = pieces.next().await {
            streamed.extend_from_slice(&piece.unwrap());
        }
        assert!(streamed == bytes && announced == u64::from(size), "{size}");
        let range = u64::from(size) / 3..u64::from(size);
        let pieces = blobs.stream_range(&written.sha256, range.clone()).await.unwrap();
        let streamed: Vec<Bytes> = pieces.map(|piece| piece.unwrap()).collect().await;
        assert!(streamed.concat() == bytes[range.start as usize..], "{size}");
    }
    let mut writer = blobs.writer(10);
    writer.write(b"0123456789").await.unwrap();
    assert!(matches!(writer.write(b"x").await, Err(Error::TooLarge { limit: 10 })));

    // Empty, "abc" and the three of the writer that are not empty.
    assert_eq!(listed(&blobs, Duration::ZERO).await.len(), 5);
    assert!(listed(&blobs, Duration::from_secs(60)).await.is_empty());
    blobs.delete(&abc.sha256).await.unwrap();
    blobs.delete(&abc.sha256).await.unwrap();
    assert!(matches!(blobs.get(&abc.sha256).await, Err(Error::NotFound { sha256 }) if sha256 == abc.sha256));
    assert!(matches!(blobs.size(&abc.sha256).await, Err(Error::NotFound { .. })));
    for key in ["", "../../etc/passwd", "AB", &"A".repeat(64), &"g".repeat(64), &"a".repeat(63)] {
        assert!(matches!(blobs.get(key).await, Err(Error::BadKey { .. })), "{key}");
    }
}

#[tokio::test]
async fn a_folder_is_a_blob_store() {
    let folder = Folder::new();
    is_a_blob_store(Blobs::local(&folder.0).unwrap()).await;
}

#[tokio::test]
async fn an_object_store_is_a_blob_store() {
    is_a_blob_store(Blobs::in_object_store(Arc::new(InMemory::new()))).await;
}

#[tokio::test]
async fn blobs_outlive_the_process_and_half_written_ones_do_not() {
    let folder = Folder::new();
    let blobs = Blobs::local(&folder.0).unwrap();
    let kept = blobs.put(Bytes::from_static(b"kept")).await.unwrap();
    let mut writer = blobs.writer(1 << 30);
    writer.write(&vec![1; 1 << 20]).await.unwrap();
    assert_eq!(folder.files().len(), 2);
    // A crash: nothing is dropped. What is young may be another process's.
    std::mem::forget(writer);
    Blobs::local(&folder.0).unwrap();
    assert_eq!(folder.files().len(), 2);
    let half = folder.files().into_iter().find(|file| !file.ends_with(&kept.sha256)).unwrap();
    make_older(&half, Duration::from_secs(7200));
    let blobs = Blobs::local(&folder.0).unwrap();
    assert_eq!(folder.files().len(), 1);
    assert_eq!(blobs.get(&kept.sha256).await.unwrap(), &b"kept"[..]);
}

#[tokio::test]
async fn a_dropped_writer_leaves_nothing_behind() {
    let folder = Folder::new();
    let blobs = Blobs::local(&folder.0).unwrap();
    let mut writer = blobs.writer(1 << 20);
    writer.write(&vec![1; 1 << 20]).await.unwrap();
    assert!(writer.write(b"x").await.is_err());
    assert_eq!(folder.files().len(), 1);
    drop(writer);
    assert!(folder.files().is_empty());
}

#[tokio::test]
async fn the_same_bytes_put_by_many_are_one_blob() {
    let folder = Folder::new();
    let blobs = Blobs::local(&folder.0).unwrap();
    let puts = (0..32).map(|at| {
        let blobs = blobs.clone();
        async move { blobs.put(Bytes::from(vec![at % 4; 10_000])).await.unwrap() }
    });
    let kept = futures_util::future::join_all(puts).await;
    for blob in &kept {
        assert_eq!(blobs.size(&blob.sha256).await.unwrap(), 10_000);
    }
    assert_eq!(folder.files().len(), 4);
}

#[tokio::test]
async fn a_blob_put_again_is_spared_by_a_removal_that_had_seen_it_old() {
    let folder = Folder::new();
    let blobs = Blobs::local(&folder.0).unwrap();
    let blob = blobs.put(Bytes::from_static(b"again")).await.unwrap();
    let hour = Duration::from_secs(3600);
    make_older(&folder.files()[0], 2 * hour);
    assert_eq!(listed(&blobs, hour).await, std::slice::from_ref(&blob.sha256));
    let before = SystemTime::now() - hour;
    blobs.put(Bytes::from_static(b"again")).await.unwrap();
    assert!(!blobs.set_aside(&blob.sha256, before, hour).await.unwrap());
    assert!(listed(&blobs, hour).await.is_empty());
    make_older(&folder.files()[0], 2 * hour);
    assert!(blobs.set_aside(&blob.sha256, before, hour).await.unwrap());
    assert!(!blobs.set_aside(&blob.sha256, before, hour).await.unwrap());
}

#[tokio::test]
async fn files_of_others_are_not_listed() {
    let folder = Folder::new();
    let blobs = Blobs::local(&folder.0).unwrap();
    for name in ["notes.txt", "ab/readme", "tmp/0"] {
        std::fs::write(folder.0.join(name), b"x").unwrap();
    }
    std::fs::write(folder.0.join("ab").join("c".repeat(64)), b"x").unwrap();
    assert!(listed(&blobs, Duration::ZERO).await.is_empty());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    std::fs::write(&folder.0, b"a file").unwrap();
    let error = Blobs::local(&folder.0).err().unwrap().to_string();
    assert!(error.contains(folder.0.to_str().unwrap()), "{error}");
    std::fs::remove_file(&folder.0).unwrap();
}
