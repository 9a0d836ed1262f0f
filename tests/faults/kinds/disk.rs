//! A disk is full for a while.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::Fault;
use crate::scene::Scene;

pub(super) const BLOBS_MIB: u32 = 32;
pub(super) const WAL_MIB: u32 = 256;

/// How long it is full.
const FULL: Duration = Duration::from_secs(20);

/// How long the leader may take to find out.
const FOUND_OUT: Duration = Duration::from_secs(60);

/// The disk that all nodes keep blobs on.
pub(super) async fn fill_blobs(scene: &mut Scene) -> Fault {
    let filler = Filler::fill(&scene.blobs);
    sleep(FULL).await;
    drop(filler);
    Fault::over(Vec::new())
}

/// The disk on which the leader writes what is to be committed. It ends, and another one leads.
pub(super) async fn fill_wal(scene: &mut Scene) -> Fault {
    let leader = scene.cluster.leader().await;
    let (filler, begun) = (Filler::fill(&scene.cluster.wal(leader)), Instant::now());
    // What is there already is written full first.
    let mut is_writing = true;
    while is_writing && begun.elapsed() < FOUND_OUT {
        is_writing =
            scene.cluster.query("SELECT pg_switch_wal()").await.is_some() && scene.cluster.leader().await == leader;
        sleep(Duration::from_millis(200)).await;
    }
    let found_out = begun.elapsed();
    sleep(FULL).await;
    drop(filler);
    let mut fault = Fault::over(Vec::new());
    let another = scene.cluster.leader().await != leader;
    fault.notes.push(format!("the leader failed after {:.1} s", found_out.as_secs_f64()));
    fault.notes.push(if another { "another one led".to_owned() } else { "it led again".to_owned() });
    fault
}

/// A file that takes all the room there is, and whatever becomes free, until it is dropped.
struct Filler {
    path: PathBuf,
    filling: tokio::task::JoinHandle<()>,
}

impl Filler {
    fn fill(disk: &Path) -> Filler {
        let path = disk.join("filler");
        let mut file = File::create(&path).unwrap();
        take_all(&mut file);
        let filling = tokio::spawn(async move {
            loop {
                take_all(&mut file);
                sleep(Duration::from_millis(50)).await;
            }
        });
        Filler { path, filling }
    }
}

fn take_all(file: &mut File) {
    let zeros = [0; 4096];
    while file.write(&zeros).is_ok_and(|written| written > 0) {}
}

impl Drop for Filler {
    fn drop(&mut self) {
        self.filling.abort();
        std::fs::remove_file(&self.path).unwrap();
    }
}
