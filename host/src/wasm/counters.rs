//! What became of the runs of each plugin and transform, and what they took.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hdrhistogram::Histogram;

use super::host::Cost;
use crate::error::Code;

/// What was counted of one plugin, or of one of its transforms, since the host started. A new version counts on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// The account that the plugin belongs to; empty: it is everybody's.
    pub owner: String,
    /// The plugin.
    pub plugin: String,
    /// The transform; none for the plugin as a whole.
    pub transform: Option<String>,
    /// How many calls there were, and how they ended.
    pub counts: Counts,
    /// What runs took: those of the plugin, or those of the transform alone (a run may be of several transforms).
    pub taken: Taken,
}

/// Calls by their end.
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

/// Wall-clock time and highest linear memory of runs; percentiles are right to about a hundredth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Taken {
    /// Time.
    pub time: Percentiles<Duration>,
    /// Memory in bytes.
    pub bytes: Percentiles<u64>,
}

/// What half, 95 and 99 of a hundred runs took at most.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percentiles<T> {
    /// The median.
    pub p50: T,
    /// 95 of a hundred.
    pub p95: T,
    /// 99 of a hundred.
    pub p99: T,
}

impl Percentiles<u64> {
    fn of(histogram: &Histogram<u64>) -> Percentiles<u64> {
        let at = |quantile| if histogram.is_empty() { 0 } else { histogram.value_at_quantile(quantile) };
        Percentiles { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    }

    fn map<T>(self, to: impl Fn(u64) -> T) -> Percentiles<T> {
        Percentiles { p50: to(self.p50), p95: to(self.p95), p99: to(self.p99) }
    }
}

/// What kind of call is counted.
#[derive(Clone, Copy)]
pub(super) enum Work {
    Run,
    Plan,
}

struct Tally {
    counts: Counts,
    micros: Histogram<u64>,
    bytes: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Tally {
        // Two digits: a few kilobytes for each transform, growing with the span of what is seen.
        let histogram = || Histogram::new(2).expect("two digits are allowed");
        Tally { counts: Counts::default(), micros: histogram(), bytes: histogram() }
    }
}

impl Tally {
    fn end(&mut self, work: Work, failure: Option<Code>) {
        match work {
            Work::Run => self.counts.runs += 1,
            Work::Plan => self.counts.plans += 1,
        }
        match failure {
            None => {}
            Some(Code::PluginTrapped) => self.counts.trapped += 1,
            Some(Code::PluginMisbehaved) => self.counts.misbehaved += 1,
            Some(Code::LimitTime | Code::LimitMemory | Code::LimitStack | Code::LimitOutput | Code::LimitLog) => {
                self.counts.limited += 1;
            }
            Some(_) => self.counts.refused += 1,
        }
    }

    fn cost(&mut self, work: Work, cost: Cost) {
        let micros = cost.elapsed.as_micros() as u64;
        self.counts.time += cost.elapsed;
        self.counts.peak_bytes = self.counts.peak_bytes.max(cost.peak_bytes);
        if matches!(work, Work::Run) {
            // A histogram that grows by itself takes every number.
            let _ = self.micros.record(micros);
            let _ = self.bytes.record(cost.peak_bytes);
        }
    }

    fn read(&self, owner: &str, plugin: &str, transform: Option<String>) -> Usage {
        let taken = Taken {
            time: Percentiles::of(&self.micros).map(Duration::from_micros),
            bytes: Percentiles::of(&self.bytes),
        };
        Usage { owner: owner.to_owned(), plugin: plugin.to_owned(), transform, counts: self.counts, taken }
    }
}

#[derive(Default)]
struct Tallies {
    plugin: Tally,
    transforms: BTreeMap<String, Tally>,
}

/// The counters of one plugin.
#[derive(Default)]
pub(super) struct Counters(Mutex<Tallies>);

impl Counters {
    /// Counts a call of these transforms; `failed` is the one that it failed at, and why. A codec names none.
    pub(super) fn count(&self, work: Work, transforms: &[&str], cost: Cost, failed: Option<(usize, Code)>) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.plugin.end(work, failed.map(|(_, code)| code));
        tallies.plugin.cost(work, cost);
        for (index, name) in transforms.iter().enumerate() {
            let failure = failed.filter(|(at, _)| *at == index).map(|(_, code)| code);
            // Looked up by reference first: a name is made once.
            if !tallies.transforms.contains_key(*name) {
                tallies.transforms.insert((*name).to_owned(), Tally::default());
            }
            let Some(tally) = tallies.transforms.get_mut(*name) else { continue };
            tally.end(work, failure);
            if transforms.len() == 1 {
                tally.cost(work, cost);
            }
        }
    }

    /// Of the plugin as a whole.
    pub(super) fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).plugin.counts
    }
}

/// The counters of all plugins, by owner and name.
#[derive(Default)]
pub(super) struct AllCounters(Mutex<BTreeMap<(String, String), Arc<Counters>>>);

impl AllCounters {
    /// Those of the plugins of one owner.
    pub(super) fn of_owner<'a>(&'a self, owner: &'a str) -> Scope<'a> {
        Scope { all: self, owner }
    }

    /// What was counted, by owner and plugin: the plugin as a whole, then its transforms by name.
    pub(super) fn read(&self) -> Vec<Usage> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut usage = Vec::new();
        for ((owner, plugin), counters) in all.iter() {
            let tallies = counters.0.lock().unwrap_or_else(PoisonError::into_inner);
            usage.push(tallies.plugin.read(owner, plugin, None));
            let transforms = tallies.transforms.iter();
            usage.extend(transforms.map(|(name, tally)| tally.read(owner, plugin, Some(name.clone()))));
        }
        usage
    }
}

/// The counters of the plugins of one owner.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    all: &'a AllCounters,
    pub(super) owner: &'a str,
}

impl Scope<'_> {
    /// The counters of one plugin; the same ones every time.
    pub(super) fn of(&self, plugin: &str) -> Arc<Counters> {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry((self.owner.to_owned(), plugin.to_owned())).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_several_transforms_counts_for_each_and_its_time_for_the_plugin() {
        let all = AllCounters::default();
        let counters = all.of_owner("").of("geometry");
        let cost = |ms, peak_bytes| Cost { elapsed: Duration::from_millis(ms), peak_bytes };
        for ms in 1..=100 {
            counters.count(Work::Run, &["crop"], cost(ms, ms << 20), None);
        }
        counters.count(Work::Run, &["crop", "trim"], cost(500, 1), Some((1, Code::PluginTrapped)));
        counters.count(Work::Plan, &["trim"], cost(1, 1), Some((0, Code::InvalidParams)));
        let [plugin, crop, trim] = <[Usage; 3]>::try_from(all.read()).unwrap();
        assert_eq!((plugin.transform.as_deref(), crop.transform.as_deref()), (None, Some("crop")));
        assert_eq!((plugin.counts.runs, plugin.counts.trapped, plugin.counts.refused), (101, 1, 1));
        assert_eq!((crop.counts.runs, crop.counts.trapped), (101, 0));
        assert_eq!((trim.counts.runs, trim.counts.plans, trim.counts.trapped, trim.counts.refused), (1, 1, 1, 1));
        let near = |found: Duration, ms: u64| {
            let found = found.as_micros() as f64 / 1000.0;
            assert!((found / ms as f64 - 1.0).abs() < 0.02, "{found} is not about {ms}");
        };
        near(crop.taken.time.p50, 50);
        near(crop.taken.time.p95, 95);
        near(crop.taken.time.p99, 99);
        assert_eq!(trim.taken, Taken::default(), "it never ran alone");
        assert!(plugin.taken.bytes.p50 > 49 << 20 && plugin.counts.peak_bytes == 100 << 20);
    }
}
