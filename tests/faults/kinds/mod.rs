//! The faults.

mod clock;
mod cut;
mod disk;
mod kill_leader;
mod kill_workers;

use std::time::Instant;

use tokio::task::JoinHandle;

use crate::scene::Scene;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    KillWorkers,
    KillLeader,
    CutDatabase,
    CutObjects,
    FillBlobs,
    FillWal,
    JumpClock,
}

/// What has to be prepared for a fault.
#[derive(Clone, Copy, Default)]
pub(crate) struct Setup {
    /// The second nodes reach the databases through proxies.
    pub(crate) is_cut: bool,
    /// Blobs are in a bucket, which the second nodes reach through a proxy.
    pub(crate) is_on_bucket: bool,
    /// The second nodes have a clock that can be shifted.
    pub(crate) is_faked: bool,
    /// Blobs are on a disk of this size.
    pub(crate) blobs_mib: Option<u32>,
    /// What the databases are about to commit is on disks of this size.
    pub(crate) wal_mib: Option<u32>,
}

/// A fault that is over.
pub(crate) struct Fault {
    pub(crate) ended: Instant,
    pub(crate) notes: Vec<String>,
    /// What is found out later.
    pub(crate) later: Vec<JoinHandle<String>>,
    /// The database server that is to be started again.
    pub(crate) killed: Option<usize>,
}

impl Fault {
    /// It ended now.
    fn over(notes: Vec<String>) -> Fault {
        Fault { ended: Instant::now(), notes, later: Vec::new(), killed: None }
    }
}

impl Kind {
    pub(crate) const ALL: [Kind; 7] = [
        Kind::KillWorkers,
        Kind::KillLeader,
        Kind::CutDatabase,
        Kind::CutObjects,
        Kind::FillBlobs,
        Kind::FillWal,
        Kind::JumpClock,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::KillWorkers => "kill-workers",
            Kind::KillLeader => "kill-leader",
            Kind::CutDatabase => "cut-database",
            Kind::CutObjects => "cut-objects",
            Kind::FillBlobs => "fill-blobs",
            Kind::FillWal => "fill-wal",
            Kind::JumpClock => "jump-clock",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) fn setup(self) -> Setup {
        match self {
            Kind::KillWorkers | Kind::KillLeader => Setup::default(),
            Kind::CutDatabase => Setup { is_cut: true, ..Setup::default() },
            Kind::CutObjects => Setup { is_on_bucket: true, ..Setup::default() },
            Kind::FillBlobs => Setup { blobs_mib: Some(disk::BLOBS_MIB), ..Setup::default() },
            Kind::FillWal => Setup { wal_mib: Some(disk::WAL_MIB), ..Setup::default() },
            Kind::JumpClock => Setup { is_faked: true, ..Setup::default() },
        }
    }

    /// Makes the fault happen, under load; returns when it is over.
    pub(crate) async fn inject(self, scene: &mut Scene) -> Fault {
        match self {
            Kind::KillWorkers => kill_workers::inject(scene).await,
            Kind::KillLeader => kill_leader::inject(scene).await,
            Kind::CutDatabase | Kind::CutObjects => cut::inject(scene).await,
            Kind::FillBlobs => disk::fill_blobs(scene).await,
            Kind::FillWal => disk::fill_wal(scene).await,
            Kind::JumpClock => clock::inject(scene).await,
        }
    }
}
