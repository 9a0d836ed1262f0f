//! `make test-cluster`: a cluster under load while things break, and an audit by ledger.
//!
//! Three PostgreSQL servers with Patroni and etcd, two API and two worker nodes of the real binary. Every fault is run
//! `RUNS` times (3), each time with a cluster of its own. Faults can be named:
//! `RUNS=1 cargo bench -p safelight-tests --bench cluster -- kill-leader jump-clock`.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests, which use more of it")]
mod support;

mod janitor;
mod kinds;
mod ledger;
mod load;
mod nodes;
mod patroni;
mod receiver;
mod scene;

use std::process::ExitCode;

use kinds::Kind;
use ledger::Account;
use scene::Scene;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [word, dir] = words.as_slice()
        && word == janitor::WORD
    {
        janitor::wait_and_clear(dir.as_ref());
        return ExitCode::SUCCESS;
    }
    let kinds: Option<Vec<Kind>> =
        if words.is_empty() { Some(Kind::ALL.to_vec()) } else { words.iter().map(|word| Kind::of(word)).collect() };
    let runs = std::env::var("RUNS").map_or(Some(3), |runs| runs.parse::<u32>().ok());
    let (Some(kinds), Some(runs)) = (kinds, runs) else {
        eprintln!("expected faults among {}, and a number of RUNS", Kind::ALL.map(Kind::name).join(", "));
        return ExitCode::FAILURE;
    };
    safelight::egress::install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let found = runtime.expect("threads can be started").block_on(run(&kinds, runs));
    println!("\n{}", ledger::HEAD);
    found.iter().for_each(|account| println!("{account}"));
    let complaints: usize = found.iter().map(|account| account.complaints.len()).sum();
    println!("\n{} runs, {complaints} complaints", found.len());
    if complaints == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(kinds: &[Kind], runs: u32) -> Vec<Account> {
    let mut found = Vec::new();
    for &kind in kinds {
        for run in 1..=runs {
            eprintln!("{} {run}", kind.name());
            let mut scene = Scene::start(kind.setup()).await;
            let fault = kind.inject(&mut scene).await;
            let account = scene.audit(kind.name(), run, fault).await;
            eprintln!("{account}");
            account.complaints.iter().for_each(|complaint| eprintln!("  COMPLAINT: {complaint}"));
            found.push(account);
        }
    }
    found
}
