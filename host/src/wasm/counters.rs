//! What became of each plugin's runs, for the metrics page.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::error::Code;

/// The counts of one plugin since the host started. A new version of a plugin counts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs of `apply`; with a codec, sources that were rendered and results that were written.
    pub runs: u64,
    /// Calls of `plan` that reached the plugin; those answered from memory are not in it. With a codec,
    /// sources that were asked about.
    pub plans: u64,
    /// Runs and plans that the plugin refused.
    pub refused: u64,
    /// Runs and plans that trapped.
    pub trapped: u64,
    /// Runs and plans that broke the contract.
    pub misbehaved: u64,
    /// Runs and plans that met a limit.
    pub limited: u64,
    /// Wall-clock time of all runs and plans.
    pub time: Duration,
    /// The highest linear memory of any run, in bytes.
    pub peak_bytes: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    runs: AtomicU64,
    plans: AtomicU64,
    refused: AtomicU64,
    trapped: AtomicU64,
    misbehaved: AtomicU64,
    limited: AtomicU64,
    micros: AtomicU64,
    peak_bytes: AtomicU64,
}

/// What kind of call is counted.
#[derive(Clone, Copy)]
pub(super) enum Work {
    Run,
    Plan,
}

impl Counters {
    pub(super) fn count(&self, work: Work, cost: super::host::Cost, failure: Option<Code>) {
        let by_work = match work {
            Work::Run => &self.runs,
            Work::Plan => &self.plans,
        };
        by_work.fetch_add(1, Relaxed);
        let by_end = match failure {
            None => None,
            Some(Code::PluginTrapped) => Some(&self.trapped),
            Some(Code::PluginMisbehaved) => Some(&self.misbehaved),
            Some(Code::LimitTime | Code::LimitMemory | Code::LimitStack | Code::LimitOutput | Code::LimitLog) => {
                Some(&self.limited)
            }
            Some(_) => Some(&self.refused),
        };
        if let Some(counter) = by_end {
            counter.fetch_add(1, Relaxed);
        }
        self.micros.fetch_add(cost.elapsed.as_micros() as u64, Relaxed);
        self.peak_bytes.fetch_max(cost.peak_bytes, Relaxed);
    }

    fn read(&self) -> Counts {
        Counts {
            runs: self.runs.load(Relaxed),
            plans: self.plans.load(Relaxed),
            refused: self.refused.load(Relaxed),
            trapped: self.trapped.load(Relaxed),
            misbehaved: self.misbehaved.load(Relaxed),
            limited: self.limited.load(Relaxed),
            time: Duration::from_micros(self.micros.load(Relaxed)),
            peak_bytes: self.peak_bytes.load(Relaxed),
        }
    }
}

/// The counters of all plugins, by name.
#[derive(Default)]
pub(super) struct AllCounters(Mutex<BTreeMap<String, Arc<Counters>>>);

impl AllCounters {
    /// The counters of one plugin; the same ones every time.
    pub(super) fn of(&self, plugin: &str) -> Arc<Counters> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(plugin.to_owned()).or_default().clone()
    }

    pub(super) fn read(&self) -> Vec<(String, Counts)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(name, counters)| (name.clone(), counters.read())).collect()
    }
}
