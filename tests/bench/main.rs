//! `make bench`: the server as a whole, against the same work in libvips (`sharp`), and its rates.
//!
//! Every ratio comes from one run, the sides taking turns, in CPU time of the process. Sections can be
//! named: `cargo bench -p safelight-tests --bench server -- pictures rates memory postbacks finished claims library nodes`.

#![allow(missing_docs, clippy::print_stdout, reason = "a program that prints a table")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests, which use more of it")]
mod support;

mod finished;
mod nodes;
mod pictures;
mod postbacks;
mod rates;

use support::Server;

fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |section: &str| named.is_empty() || named.iter().any(|word| word == section);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        if wanted("pictures") {
            pictures::run().await;
        }
        if wanted("rates") {
            rates::callbacks().await;
            rates::jobs().await;
        }
        if wanted("memory") {
            rates::memory().await;
        }
        if wanted("postbacks") {
            postbacks::run().await;
        }
        if wanted("finished") {
            finished::run().await;
        }
        if wanted("claims") {
            nodes::claims().await;
        }
        if wanted("library") {
            nodes::library().await;
        }
        if wanted("nodes") {
            nodes::servers().await;
        }
    });
}

/// Waits until all plugins of a server run their optimised code.
async fn settled(server: Server) -> Server {
    loop {
        let url = format!("{}/metrics", server.url);
        let page = server.client.get(url).send().await.unwrap().text().await.unwrap();
        if page.lines().any(|line| line == "safelight_plugins_unoptimised 0") {
            return server;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
