//! What operators and tenants do with plugins, while the server works.

mod published;

use std::{path::PathBuf, time::Duration};

use futures_util::{StreamExt, stream};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Receiver, Server, eventually, tools};

/// The plugin that does nothing, saying that it is of another version: five characters.
pub(crate) fn version(number: &str) -> Vec<u8> {
    let mut component = std::fs::read(tools::program("empty")).unwrap();
    let said = b"0.1.0Apache-2.0";
    let place = component.windows(said.len()).position(|part| part == said).expect("the version stands in the data");
    component[place..place + 5].copy_from_slice(number.as_bytes());
    component
}

/// The same in a file.
fn version_in(server: &Server, number: &str) -> PathBuf {
    let path = server.data_dir.join(format!("empty-{number}.wasm"));
    std::fs::write(&path, version(number)).unwrap();
    path
}

fn noop() -> Value {
    json!({"source": {"canvas": {"width": 4, "height": 4}}, "steps": [{"transform": "noop"}]})
}

/// Runs a command that must succeed beside the server.
async fn command(server: &Server, arguments: &[&str]) -> String {
    let (arguments, data_dir) =
        (arguments.iter().map(ToString::to_string).collect::<Vec<_>>(), server.data_dir.clone());
    let ran = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        tools::safelight(&arguments, &data_dir)
    });
    let (code, out, err) = ran.await.unwrap();
    assert_eq!(code, 0, "{out}{err}");
    out
}

/// The version that a job of the demo account runs with.
async fn running(server: &Server) -> Option<String> {
    let job = server.run(&noop()).await;
    Some(job["outputs"][0]["steps"][0]["version"].as_str()?.to_owned())
}

async fn runs_with(server: &Server, number: &str) {
    eventually(&format!("jobs run with {number}"), Duration::from_secs(20), || async {
        (running(server).await.as_deref() == Some(number)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_changes_the_plugins_of_a_running_server() {
    let server = Server::start().await;
    for number in ["1.0.0", "2.0.0"] {
        let file = version_in(&server, number);
        let out = command(&server, &["plugin", "install", file.to_str().unwrap()]).await;
        assert!(out.starts_with(&format!("installed empty {number}, sha256 ")), "{out}");
        runs_with(&server, number).await;
    }
    command(&server, &["plugin", "rollback", "empty"]).await;
    runs_with(&server, "1.0.0").await;
    command(&server, &["plugin", "pin", "empty", "2.0.0", "--account", "demo"]).await;
    runs_with(&server, "2.0.0").await;
    command(&server, &["plugin", "pin", "empty", "--account", "demo"]).await;
    runs_with(&server, "1.0.0").await;
    let by_number =
        json!({"source": {"canvas": {"width": 4, "height": 4}}, "steps": [{"transform": "empty@2.0.0/noop"}]});
    assert_eq!(server.run(&by_number).await["outputs"][0]["steps"][0]["version"], "2.0.0");
    command(&server, &["plugin", "limit", "empty", "--output-bytes", "10"]).await;
    eventually("the limit holds", Duration::from_secs(20), || async {
        (server.run(&noop()).await["errors"][0]["code"] == "limit_output").then_some(())
    })
    .await;
    command(&server, &["plugin", "limit", "empty"]).await;
    runs_with(&server, "1.0.0").await;
    let shown = command(&server, &["plugin", "show", "empty"]).await;
    assert!(
        shown.contains("version 1.0.0 (active) sha256 ") && shown.contains("empty-1.0.0.wasm, installed "),
        "{shown}"
    );
    command(&server, &["plugin", "disable", "empty", "--reason", "ticket 12"]).await;
    let refused = eventually("it is off", Duration::from_secs(20), || async {
        let job = server.run(&noop()).await;
        (job["errors"][0]["code"] == "plugin_disabled").then_some(job)
    })
    .await;
    assert!(refused["errors"][0]["message"].as_str().unwrap().ends_with("ticket 12"), "{refused}");
    assert!(command(&server, &["plugin", "list"]).await.contains("empty 1.0.0 (installed, disabled): noop"));
    command(&server, &["plugin", "enable", "empty"]).await;
    runs_with(&server, "1.0.0").await;
    command(&server, &["plugin", "remove", "empty", "--version", "2.0.0"]).await;
    command(&server, &["plugin", "remove", "empty"]).await;
    let log = command(&server, &["audit", "--subject", "empty"]).await;
    let actions: Vec<&str> = log.lines().rev().map(|line| line.split_whitespace().nth(2).unwrap()).collect();
    let expected = [
        "installed",
        "installed",
        "rolled_back",
        "pinned",
        "unpinned",
        "limited",
        "limited",
        "disabled",
        "enabled",
        "version_removed",
        "removed",
    ];
    assert_eq!(actions, expected.map(|action| format!("plugin.{action}")));
    assert!(log.lines().all(|line| line.split_whitespace().nth(1).unwrap().starts_with("cli:")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_replacements_under_load_fail_no_job_and_mix_no_versions() {
    let server = Server::builder().set("server", "requests_per_s", 0).start().await;
    let put = async |number: &str| {
        let put = server.request(Method::PUT, "/v1/plugins/empty").body(version(number)).send().await.unwrap();
        assert_eq!(put.status(), StatusCode::OK, "{number}: {}", put.text().await.unwrap());
    };
    put("0.0.0").await;
    let mut job = noop();
    job["outputs"] = ["a", "b", "c"]
        .map(|id| json!({"id": id, "format": "png", "steps": [{"transform": "noop"}, {"transform": "empty/noop"}]}))
        .into();
    let replaced = tokio::sync::watch::Sender::new(false);
    let replacing = async {
        for number in 1..=100 {
            put(&format!("{}.{}.{}", number / 100, number / 10 % 10, number % 10)).await;
        }
        replaced.send_replace(true);
    };
    // Two hundred jobs are in flight until the last replacement is done.
    let jobs = async {
        let seen = replaced.subscribe();
        let more = stream::iter(0..20_000).take_while(|_| std::future::ready(!*seen.borrow()));
        let run = |_| async {
            let job = server.run(&job).await;
            assert_eq!(job["state"], "succeeded", "{job}");
            let outputs = job["outputs"].as_array().unwrap();
            let steps = outputs.iter().flat_map(|output| output["steps"].as_array().unwrap());
            let versions: Vec<&str> = steps.map(|step| step["version"].as_str().unwrap()).collect();
            assert_eq!(versions.len(), 9, "{job}");
            assert!(versions.iter().all(|version| *version == versions[0]), "{versions:?}");
            versions[0].to_owned()
        };
        more.map(run).buffer_unordered(200).collect::<std::collections::BTreeSet<String>>().await
    };
    let ((), versions) = tokio::join!(replacing, jobs);
    assert!(versions.len() > 10, "jobs ran meanwhile with {versions:?}");
    assert_eq!(running(&server).await.as_deref(), Some("1.0.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_uploads_a_plugin_that_it_alone_sees() {
    let server = Server::builder().set("plugins", "own_plugins", 1).start().await;
    let made = command(&server, &["account", "create", "shop"]).await;
    let secret = made.split_whitespace().nth(2).unwrap().to_owned();
    let shop = |method: Method, path: &str| {
        server.client.request(method, format!("{}{path}", server.url)).basic_auth("shop", Some(secret.clone()))
    };
    let put = shop(Method::PUT, "/v1/plugins/empty").body(version("3.0.0")).send().await.unwrap();
    let plugin: Value = put.json().await.unwrap();
    assert_eq!((&plugin["owner"], &plugin["version"]), (&json!("shop"), &json!("3.0.0")), "{plugin}");
    let submitted: Value = shop(Method::POST, "/v1/jobs").json(&noop()).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/jobs/{}?wait=20", submitted["id"].as_str().unwrap());
    let job: Value = shop(Method::GET, &path).send().await.unwrap().json().await.unwrap();
    assert_eq!(job["outputs"][0]["steps"][0]["version"], "3.0.0", "{job}");
    let catalogue: Value = shop(Method::GET, "/v1/transforms").send().await.unwrap().json().await.unwrap();
    assert!(catalogue["items"].as_array().unwrap().iter().any(|transform| transform["name"] == "noop"));

    let other = server.run(&noop()).await;
    assert_eq!(other["errors"][0]["message"], "Unknown function named 'noop'");
    let geometry = std::fs::read(tools::binary().parent().unwrap().join("plugins/geometry.wasm")).unwrap();
    let second = shop(Method::PUT, "/v1/plugins/geometry").body(geometry).send().await.unwrap();
    assert_eq!(second.status(), StatusCode::FORBIDDEN);
    let everybodys = shop(Method::DELETE, "/v1/plugins/geometry").send().await.unwrap();
    assert_eq!(everybodys.status(), StatusCode::NOT_FOUND, "what is everybody's is not the account's to remove");
    let removed = shop(Method::DELETE, "/v1/plugins/empty").send().await.unwrap();
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_keeps_trapping_is_taken_out_of_use_and_the_operator_hears_of_it() {
    let receiver = Receiver::start().await;
    let folder = std::env::temp_dir().join(format!("safelight-folder-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(tools::program("hostile"), folder.join("hostile.wasm")).unwrap();
    let server = Server::builder()
        .set("plugins", "quarantine_traps", 3)
        .set("plugins", "notification_url", receiver.url("/operator"))
        .plugins(folder.clone())
        .start()
        .await;
    let trap = json!({"source": {"canvas": {"width": 4, "height": 4}}, "steps": [{"transform": "trap"}]});
    for _ in 0..3 {
        assert_eq!(server.run(&trap).await["errors"][0]["code"], "plugin_trapped");
    }
    let told = receiver.wait_for(1).await.remove(0);
    let body = told.json();
    assert_eq!((&body["type"], &body["data"]["plugin"]), (&json!("plugin.quarantined"), &json!("hostile")));
    assert!(!told.header("webhook-signature").is_empty());
    let plugin: Value = server.get("/v1/plugins/hostile").send().await.unwrap().json().await.unwrap();
    assert_eq!(plugin["state"], "quarantined", "{plugin}");
    let usage: Value = server.get("/v1/plugins/hostile/usage").send().await.unwrap().json().await.unwrap();
    assert_eq!((&usage["trapped"], &usage["transforms"]["trap"]["runs"]), (&json!(3), &json!(3)), "{usage}");
    let refused = server.run(&trap).await;
    assert_eq!(refused["errors"][0]["code"], "plugin_disabled", "{refused}");
    let blur = json!({"source": {"canvas": {"width": 4, "height": 4}}, "steps": [{"transform": "blur", "params": {"sigma_px": 1}}]});
    assert_eq!(server.run(&blur).await["state"], "succeeded", "others go on");
    let enabled = server.request(Method::PATCH, "/v1/plugins/hostile").json(&json!({"enabled": true})).send().await;
    assert_eq!(enabled.unwrap().json::<Value>().await.unwrap()["state"], "enabled");
    assert_eq!(server.run(&trap).await["errors"][0]["code"], "plugin_trapped");
    let log: Value = server.get("/v1/audit?subject=hostile").send().await.unwrap().json().await.unwrap();
    let entries: Vec<(&str, &str)> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["actor"].as_str().unwrap(), entry["action"].as_str().unwrap()))
        .collect();
    assert_eq!(entries, [("demo", "plugin.enabled"), ("safelight", "plugin.quarantined")]);
    drop(server);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_of_a_hundred_megabytes_is_refused_and_nothing_changes() {
    let server = Server::start().await;
    let put = |body: Vec<u8>| server.request(Method::PUT, "/v1/plugins/empty").body(body).send();
    assert_eq!(put(version("1.0.0")).await.unwrap().status(), StatusCode::OK);
    let before: Value = server.get("/v1/plugins").send().await.unwrap().json().await.unwrap();
    let mut large = version("2.0.0");
    // A custom section of the component format: it is valid, only large.
    let padding = 100_000_000_u32;
    large.push(0);
    let mut left = padding;
    while left >= 0x80 {
        large.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    large.push(left as u8);
    large.extend([4, b'f', b'i', b'l', b'l']);
    large.resize(large.len() + padding as usize - 5, 0);
    let refused = put(large).await.unwrap();
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "body_too_large");
    let after: Value = server.get("/v1/plugins").send().await.unwrap().json().await.unwrap();
    assert_eq!(after, before);
    assert_eq!(running(&server).await.as_deref(), Some("1.0.0"));
}
