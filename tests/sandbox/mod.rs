//! Each misbehaviour of a guest meets its limit and its error code, and touches nothing else.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Server, ServerBuilder, tools};

fn limited() -> ServerBuilder {
    Server::builder()
        .set("wasm", "deadline_ms", 1500)
        .set("wasm", "memory_bytes", 256 << 20)
        .set("wasm", "output_bytes", 64 << 20)
        .set("wasm", "log_lines", 50)
        .set("worker", "slots", 2)
}

async fn with_hostile(builder: ServerBuilder) -> Server {
    // From the operator's folder: an installation would be refused, since one of its plans never ends.
    let folder = std::env::temp_dir().join(format!("safelight-hostile-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(tools::program("hostile"), folder.join("hostile.wasm")).unwrap();
    // Out of quarantine for as long as it takes to see all that it does.
    let server = builder.set("plugins", "quarantine_traps", 0).plugins(folder.clone()).start().await;
    std::fs::remove_dir_all(folder).unwrap();
    server
}

fn job(transform: &str) -> Value {
    json!({
        "source": {"canvas": {"width": 16, "height": 16, "color": "#102030"}},
        "outputs": [
            {"id": "victim", "format": "png", "steps": [{"transform": "flip", "params": {"direction": "vertical"}}]},
            {"id": "hostile", "format": "png", "steps": [{"transform": transform}]},
        ],
    })
}

#[tokio::test]
async fn every_misbehaviour_has_its_code_and_siblings_succeed() {
    let server = with_hostile(limited()).await;
    let cases = [
        ("spin", "limit_time"),
        ("spin_in_plan", "limit_time"),
        ("sleep", "limit_time"),
        ("grow", "limit_memory"),
        ("stack", "limit_stack"),
        ("flood", "limit_log"),
        ("trap", "plugin_trapped"),
        ("panic", "plugin_trapped"),
        ("wrong_size", "plugin_misbehaved"),
        ("zero_size", "plugin_misbehaved"),
        ("wrong_plan", "plugin_misbehaved"),
        ("no_image", "plugin_misbehaved"),
        ("bad_json", "plugin_misbehaved"),
        ("refuse", "unsupported_image"),
        ("refuse_params", "invalid_params"),
    ];
    let mut wrong = Vec::new();
    for (transform, code) in cases {
        let done = server.run(&job(transform)).await;
        let (victim, hostile) = (&done["outputs"][0], &done["outputs"][1]);
        if victim["state"] != "succeeded" || done["state"] != "partially_failed" {
            wrong.push(format!("{transform}: the sibling suffered: {done}"));
        }
        if hostile["error"]["code"] != code {
            wrong.push(format!("{transform}: expected {code}, got {}", hostile["error"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let panic = server.run(&job("panic")).await;
    let message = panic["outputs"][1]["error"]["message"].as_str().unwrap();
    assert!(message.contains("the hostile plugin panics"), "the author finds his message: {message}");
}

#[tokio::test]
async fn a_result_over_the_limit_is_not_taken() {
    // It needs a gibibyte of its own to make such a result, and on a busy machine time to fill it.
    let limits = limited().set("wasm", "memory_bytes", 2_u64 << 30).set("wasm", "deadline_ms", 60_000);
    let server = with_hostile(limits).await;
    let before = server.resident();
    let done = server.run(&job("huge_output")).await;
    assert_eq!(done["outputs"][1]["error"]["code"], "limit_output", "{done}");
    assert_eq!(done["outputs"][0]["state"], "succeeded");
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 700 << 20, "resident memory grew by {grown} bytes");
}

#[tokio::test]
async fn a_guest_that_asks_for_power_gets_nothing() {
    let server = with_hostile(limited()).await;
    let data = async |transform: &str| {
        let done = server.run(&job(transform)).await;
        let hostile = &done["outputs"][1];
        assert_eq!(hostile["state"], "succeeded", "{transform}: {hostile}");
        hostile["data"][0].clone()
    };
    for transform in ["files", "network"] {
        let found = data(transform).await;
        for (what, came_of) in found.as_object().unwrap() {
            assert_ne!(came_of, "worked", "{transform}: {what}");
        }
    }
    let found = data("environment").await;
    assert_eq!(found["variables"], json!({}));
    let first = data("clock").await;
    assert_eq!(first["wall_ns"][0], first["wall_ns"][1], "time stands still");
    assert_eq!(first, data("clock").await, "and starts at the same point, with the same randomness");
    assert!(!std::path::Path::new("/tmp/hostile").exists());
}

#[tokio::test]
async fn talk_is_bounded_in_the_log() {
    let server = with_hostile(limited().set("wasm", "log_line_bytes", 200)).await;
    server.run(&job("long_line")).await;
    server.run(&job("talk")).await;
    let size = server.log().len();
    assert!(size < 2_000_000, "the log has {size} bytes");
}

#[tokio::test]
async fn others_go_on_while_a_guest_spins() {
    let server = with_hostile(limited().set("wasm", "deadline_ms", 5000)).await;
    let spinning = server.submit(&job("spin")).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let good = json!({"source": {"canvas": {"width": 64, "height": 64}}, "steps": [{"transform": "blur", "params": {"sigma_px": 2}}]});
    for _ in 0..10 {
        assert_eq!(server.run(&good).await["state"], "succeeded");
    }
    let still = server.job(spinning["id"].as_str().unwrap()).await;
    assert_eq!(still["state"], "running", "ten jobs were done in the meantime");
    let done = server.finished(spinning["id"].as_str().unwrap()).await;
    assert_eq!(done["outputs"][1]["error"]["code"], "limit_time");
}

#[tokio::test]
async fn memory_of_the_host_is_flat_over_many_hostile_runs() {
    let server = with_hostile(limited()).await;
    let round = async || {
        for transform in ["grow", "panic", "wrong_size", "huge_output"] {
            server.run(&job(transform)).await;
        }
    };
    round().await;
    let before = server.resident();
    for _ in 0..8 {
        round().await;
    }
    let after = server.resident();
    // What a single instance may have is the allowance: the pool keeps memory mapped by intent.
    assert!(after < before + (512 << 20), "resident memory went from {before} to {after} bytes");
}
