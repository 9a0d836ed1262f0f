//! What a node can run, and what the jobs that it accepts need: a job is claimed only by nodes that have as much.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

/// The release of a node and the revision of the set of plugins that it offers. Clones are the same level.
///
/// Both only grow: a newer release runs what an older one accepted, and a set of plugins replaces the one before it.
#[derive(Clone, Debug, Default)]
pub struct Level {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    release: i64,
    needed: AtomicI64,
    offered: AtomicI64,
}

/// One level, as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) release: i64,
    pub(super) plugins: i64,
}

impl Level {
    /// The level of this release, with the first set of plugins, the empty one.
    pub fn new(release: u32) -> Level {
        Level { inner: Arc::new(Inner { release: release.into(), ..Inner::default() }) }
    }

    /// The level of the release that this program is.
    pub fn of_this_release() -> Level {
        let mut release = 0;
        for part in [env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"), env!("CARGO_PKG_VERSION_PATCH")]
        {
            release = release * 1000 + part.parse::<u32>().unwrap_or(999).min(999);
        }
        Level::new(release)
    }

    /// To be called before plugins of this revision can be seen: jobs that are accepted from now on may need them.
    pub fn will_offer(&self, revision: u64) {
        self.inner.needed.fetch_max(number(revision), SeqCst);
    }

    /// To be called once all plugins of this revision can be run.
    pub fn offers(&self, revision: u64) {
        self.inner.offered.fetch_max(number(revision), SeqCst);
    }

    /// What jobs need that are accepted now.
    pub(super) fn needed(&self) -> Needs {
        Needs { release: self.inner.release, plugins: self.inner.needed.load(SeqCst) }
    }

    /// What jobs may need that are claimed now.
    pub(super) fn offered(&self) -> Needs {
        Needs { release: self.inner.release, plugins: self.inner.offered.load(SeqCst) }
    }

    /// The revision of the set of plugins that is offered.
    pub fn plugins(&self) -> u64 {
        self.inner.offered.load(SeqCst).unsigned_abs()
    }
}

fn number(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}
