//! The files of `deploy/` name settings, paths and metrics that there are.

use std::{collections::BTreeSet, path::Path};

use regex::Regex;
use safelight::{config::Config, http::Metrics, store::Gauges};

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All that a pattern finds in a text.
fn found(text: &str, pattern: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

#[test]
fn settings_are_known() {
    for name in ["Dockerfile", "compose.yaml", "kubernetes.yaml"] {
        let settings = found(&file(name), "SAFELIGHT__[A-Z0-9_]+");
        assert!(!settings.is_empty(), "{name}");
        let defaults: toml::Table = safelight::config::DEFAULTS.parse().unwrap();
        for setting in settings {
            let path = setting.trim_start_matches("SAFELIGHT__").to_lowercase();
            let (section, key) = path.split_once("__").unwrap();
            let known = defaults.get(section).and_then(|section| section.get(key));
            assert!(known.is_some(), "{name}: there is no {section}.{key}");
        }
    }
}

#[test]
fn every_role_is_there_once_and_probes_ask_what_every_node_answers() {
    for name in ["compose.yaml", "kubernetes.yaml"] {
        let text = file(name);
        for role in ["api", "worker", "sender"] {
            let set = Regex::new(&format!(r"SAFELIGHT__NODE__ROLES(: |, value: ){role}\b")).unwrap();
            assert_eq!(set.find_iter(&text).count(), 1, "{name}: {role}");
        }
        let paths = found(&text, r"path: /\w+");
        assert!(
            paths.iter().all(|path| ["path: /healthz", "path: /readyz", "path: /metrics"].contains(&path.as_str()))
        );
    }
    // Whoever stops a node waits longer than it drains.
    let drain = Config::defaults().server.drain_s;
    let waits = found(&file("kubernetes.yaml"), r"terminationGracePeriodSeconds: \d+");
    let waits: Vec<u64> = waits.iter().map(|wait| wait.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert!(!waits.is_empty() && waits.iter().all(|wait| *wait >= drain + 10), "{waits:?}");
}

#[test]
fn metrics_are_told() {
    let metrics = Metrics::new();
    let second = std::time::Duration::from_secs(1);
    metrics.request("GET", "/", 200, second);
    metrics.job_finished(safelight::job::State::Succeeded, second);
    metrics.output_made("png", 1);
    metrics.attempt("delivered", second);
    let usage = safelight::wasm::Usage { plugin: "filter".into(), ..Default::default() };
    let page = metrics.page(&Gauges::default(), &[usage], 0);
    for name in ["grafana.json", "kubernetes.yaml"] {
        let text = file(name);
        for metric in found(&text, "safelight_[a-z_]+") {
            let told =
                page.lines().any(|line| line.strip_prefix(&metric).is_some_and(|rest| rest.starts_with([' ', '{'])));
            assert!(told, "{name}: {metric} is not on the page:\n{page}");
        }
    }
}
