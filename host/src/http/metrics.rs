//! What the metrics page shows. Others count through [`Metrics`]; it knows nothing of them.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use crate::{
    error::Code,
    job::State,
    store::{DeliveryState, Gauges},
    wasm::{Counts, Percentiles, Usage},
};

/// Seconds: from a quarter of a millisecond, a factor of 2.5, to about ten minutes.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.5, 17))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutputLabels {
    format: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabels {
    verdict: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PluginLabels {
    plugin: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PluginOnly {
    plugin: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransformLabels {
    plugin: String,
    transform: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QuantileLabels {
    plugin: String,
    /// Empty for the plugin as a whole.
    transform: String,
    quantile: &'static str,
}

/// All counters of the process. Cheap to share behind an `Arc`; every method may be called from
/// anywhere.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram>,
    accepted: Counter,
    jobs: Family<StateLabels, Counter>,
    job_seconds: Family<StateLabels, Histogram>,
    outputs: Family<OutputLabels, Counter>,
    output_bytes: Counter,
    attempts: Family<VerdictLabels, Counter>,
    attempt_seconds: Histogram,
    plugin_calls: Family<PluginLabels, Counter>,
    plugin_seconds: Family<PluginOnly, Counter<f64, AtomicU64>>,
    plugin_peak: Family<PluginOnly, Gauge>,
    transform_calls: Family<TransformLabels, Counter>,
    run_seconds: Family<QuantileLabels, Gauge<f64, AtomicU64>>,
    run_bytes: Family<QuantileLabels, Gauge>,
    unoptimised: Gauge,
    jobs_now: Family<StateLabels, Gauge>,
    oldest_queued: Gauge<f64, AtomicU64>,
    deliveries_now: Family<StateLabels, Gauge>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("safelight");
        let metrics = Metrics {
            registry: Registry::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            accepted: Counter::default(),
            jobs: Family::default(),
            job_seconds: Family::new_with_constructor(seconds),
            outputs: Family::default(),
            output_bytes: Counter::default(),
            attempts: Family::default(),
            attempt_seconds: seconds(),
            plugin_calls: Family::default(),
            plugin_seconds: Family::default(),
            plugin_peak: Family::default(),
            transform_calls: Family::default(),
            run_seconds: Family::default(),
            run_bytes: Family::default(),
            unoptimised: Gauge::default(),
            jobs_now: Family::default(),
            oldest_queued: Gauge::default(),
            deliveries_now: Family::default(),
        };
        registry.register("http_requests", "Answered requests", metrics.requests.clone());
        registry.register_with_unit(
            "http_request",
            "Time from the head of a request to the head of its answer",
            Unit::Seconds,
            metrics.request_seconds.clone(),
        );
        registry.register("jobs_accepted", "Jobs accepted", metrics.accepted.clone());
        registry.register("jobs_finished", "Jobs by final state", metrics.jobs.clone());
        registry.register_with_unit(
            "job",
            "Time from the first claim of a job to its end",
            Unit::Seconds,
            metrics.job_seconds.clone(),
        );
        registry.register("outputs", "Outputs by format and result", metrics.outputs.clone());
        registry.register_with_unit("output", "Encoded results", Unit::Bytes, metrics.output_bytes.clone());
        registry.register("delivery_attempts", "Attempts of callbacks by verdict", metrics.attempts.clone());
        registry.register_with_unit(
            "delivery_attempt",
            "Time of an attempt",
            Unit::Seconds,
            metrics.attempt_seconds.clone(),
        );
        registry.register("plugin_calls", "Runs and plans by plugin and result", metrics.plugin_calls.clone());
        registry.register_with_unit(
            "plugin",
            "Wall-clock time of all runs and plans",
            Unit::Seconds,
            metrics.plugin_seconds.clone(),
        );
        registry.register_with_unit(
            "plugin_peak_memory",
            "Highest linear memory of any run",
            Unit::Bytes,
            metrics.plugin_peak.clone(),
        );
        registry.register("transform_calls", "Runs and plans by transform and result", metrics.transform_calls.clone());
        registry.register_with_unit(
            "plugin_run",
            "Percentiles of the time of runs: of a plugin, or of one of its transforms alone",
            Unit::Seconds,
            metrics.run_seconds.clone(),
        );
        registry.register_with_unit(
            "plugin_run_memory",
            "Percentiles of the highest linear memory of runs",
            Unit::Bytes,
            metrics.run_bytes.clone(),
        );
        registry.register(
            "plugins_unoptimised",
            "Plugins that run slower code until they are compiled with all optimisations",
            metrics.unoptimised.clone(),
        );
        registry.register("jobs", "Jobs that wait or run", metrics.jobs_now.clone());
        registry.register_with_unit(
            "oldest_queued_job",
            "Age of the oldest waiting job",
            Unit::Seconds,
            metrics.oldest_queued.clone(),
        );
        registry.register("deliveries", "Deliveries that are owed or given up", metrics.deliveries_now.clone());
        Metrics { registry, ..metrics }
    }

    /// A request was answered. `route` is the pattern (`/v1/jobs/{id}`), not the path.
    pub fn request(&self, method: &str, route: &str, status: u16, elapsed: Duration) {
        let labels = RequestLabels { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&RouteLabels { route: route.to_owned() }).observe(elapsed.as_secs_f64());
    }

    /// Jobs were accepted.
    pub fn jobs_accepted(&self, count: u64) {
        self.accepted.inc_by(count);
    }

    /// A job reached a final state; `ran` is the time since its first claim, zero if there was none.
    pub fn job_finished(&self, state: State, ran: Duration) {
        let labels = StateLabels { state: state.as_str() };
        self.jobs.get_or_create(&labels).inc();
        self.job_seconds.get_or_create(&labels).observe(ran.as_secs_f64());
    }

    /// An output was made.
    pub fn output_made(&self, format: &str, bytes: u64) {
        self.outputs.get_or_create(&OutputLabels { format: format.to_owned(), result: "succeeded" }).inc();
        self.output_bytes.inc_by(bytes);
    }

    /// An output failed.
    pub fn output_failed(&self, code: Code) {
        self.outputs.get_or_create(&OutputLabels { format: "none".to_owned(), result: code.as_str() }).inc();
    }

    /// An attempt of a callback was made; `verdict` is `delivered`, `retry` or `dead`.
    pub fn attempt(&self, verdict: &'static str, elapsed: Duration) {
        self.attempts.get_or_create(&VerdictLabels { verdict }).inc();
        self.attempt_seconds.observe(elapsed.as_secs_f64());
    }

    /// The page, in the OpenMetrics text format, with what the store and the plugins count now.
    pub fn page(&self, gauges: &Gauges, plugins: &[Usage], unoptimised: usize) -> String {
        self.unoptimised.set(unoptimised as i64);
        for usage in plugins {
            self.count(usage);
        }
        for state in [State::Queued, State::Running] {
            let count = gauges.jobs.iter().find(|(each, _)| *each == state).map_or(0, |(_, count)| *count);
            self.jobs_now.get_or_create(&StateLabels { state: state.as_str() }).set(count as i64);
        }
        self.oldest_queued.set(gauges.oldest_queued.unwrap_or_default().as_secs_f64());
        for (state, name) in [(DeliveryState::Pending, "pending"), (DeliveryState::Dead, "dead")] {
            let count = gauges.deliveries.iter().find(|(each, _)| *each == state).map_or(0, |(_, count)| *count);
            self.deliveries_now.get_or_create(&StateLabels { state: name }).set(count as i64);
        }
        let mut page = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut page, &self.registry);
        page
    }

    /// What was counted of a plugin, or of one of its transforms. That of an account has the account in its label.
    fn count(&self, usage: &Usage) {
        let Usage { owner, plugin, transform, counts, taken } = usage;
        let plugin = if owner.is_empty() { plugin.clone() } else { format!("{owner}/{plugin}") };
        for (result, count) in by_result(counts) {
            let counter = match transform.clone() {
                Some(transform) => {
                    let labels = TransformLabels { plugin: plugin.clone(), transform, result };
                    self.transform_calls.get_or_create(&labels).clone()
                }
                None => {
                    let labels = PluginLabels { plugin: plugin.clone(), result };
                    self.plugin_calls.get_or_create(&labels).clone()
                }
            };
            counter.inner().store(count, Relaxed);
        }
        if transform.is_none() {
            let labels = PluginOnly { plugin: plugin.clone() };
            self.plugin_seconds.get_or_create(&labels).inner().store(counts.time.as_secs_f64().to_bits(), Relaxed);
            self.plugin_peak.get_or_create(&labels).set(counts.peak_bytes as i64);
        }
        let transform = transform.clone().unwrap_or_default();
        let labels = |quantile| QuantileLabels { plugin: plugin.clone(), transform: transform.clone(), quantile };
        for (quantile, time) in by_quantile(taken.time) {
            self.run_seconds.get_or_create(&labels(quantile)).set(time.as_secs_f64());
        }
        for (quantile, bytes) in by_quantile(taken.bytes) {
            self.run_bytes.get_or_create(&labels(quantile)).set(bytes as i64);
        }
    }
}

fn by_result(counts: &Counts) -> [(&'static str, u64); 5] {
    let failed = counts.refused + counts.trapped + counts.misbehaved + counts.limited;
    [
        ("succeeded", (counts.runs + counts.plans).saturating_sub(failed)),
        ("refused", counts.refused),
        ("trapped", counts.trapped),
        ("misbehaved", counts.misbehaved),
        ("limited", counts.limited),
    ]
}

fn by_quantile<T>(percentiles: Percentiles<T>) -> [(&'static str, T); 3] {
    [("0.5", percentiles.p50), ("0.95", percentiles.p95), ("0.99", percentiles.p99)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::Taken;

    #[test]
    fn what_was_counted_is_on_the_page() {
        let metrics = Metrics::new();
        metrics.request("GET", "/v1/jobs/{id}", 200, Duration::from_millis(3));
        metrics.jobs_accepted(2);
        metrics.job_finished(State::PartiallyFailed, Duration::from_secs(1));
        metrics.output_made("webp", 1000);
        metrics.output_failed(Code::UnknownTransform);
        metrics.attempt("retry", Duration::from_millis(20));
        let counts =
            Counts { runs: 3, limited: 1, time: Duration::from_millis(2500), peak_bytes: 7, ..Counts::default() };
        let gauges = Gauges {
            jobs: vec![(State::Queued, 7)],
            oldest_queued: Some(Duration::from_millis(1500)),
            deliveries: vec![(DeliveryState::Dead, 3)],
        };
        let plugin = Usage { plugin: "filter".to_owned(), counts, ..Usage::default() };
        let own = Usage {
            owner: "shop".to_owned(),
            plugin: "halftone".to_owned(),
            transform: Some("dots".to_owned()),
            counts: Counts { runs: 4, ..Counts::default() },
            taken: Taken {
                time: Percentiles { p50: Duration::from_millis(250), ..Percentiles::default() },
                bytes: Percentiles { p99: 9, ..Percentiles::default() },
            },
        };
        let page = metrics.page(&gauges, &[plugin, own], 2);
        assert!(page.contains("safelight_plugins_unoptimised 2"), "{page}");
        for line in [
            "safelight_http_requests_total{method=\"GET\",route=\"/v1/jobs/{id}\",status=\"200\"} 1",
            "safelight_jobs_accepted_total 2",
            "safelight_jobs_finished_total{state=\"partially_failed\"} 1",
            "safelight_outputs_total{format=\"webp\",result=\"succeeded\"} 1",
            "safelight_outputs_total{format=\"none\",result=\"unknown_transform\"} 1",
            "safelight_output_bytes_total 1000",
            "safelight_delivery_attempts_total{verdict=\"retry\"} 1",
            "safelight_plugin_calls_total{plugin=\"filter\",result=\"limited\"} 1",
            "safelight_plugin_calls_total{plugin=\"filter\",result=\"succeeded\"} 2",
            "safelight_plugin_seconds_total{plugin=\"filter\"} 2.5",
            "safelight_plugin_peak_memory_bytes{plugin=\"filter\"} 7",
            "safelight_transform_calls_total{plugin=\"shop/halftone\",transform=\"dots\",result=\"succeeded\"} 4",
            "safelight_plugin_run_seconds{plugin=\"shop/halftone\",transform=\"dots\",quantile=\"0.5\"} 0.25",
            "safelight_plugin_run_memory_bytes{plugin=\"shop/halftone\",transform=\"dots\",quantile=\"0.99\"} 9",
            "safelight_jobs{state=\"queued\"} 7",
            "safelight_jobs{state=\"running\"} 0",
            "safelight_oldest_queued_job_seconds 1.5",
            "safelight_deliveries{state=\"dead\"} 3",
        ] {
            assert!(page.contains(line), "{line} is not in\n{page}");
        }
    }
}
