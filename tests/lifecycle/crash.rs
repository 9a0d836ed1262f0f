//! Hundreds of jobs, and a process that is killed at random moments.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Origin, Receiver, Server, png};

const JOBS: usize = 300;
const KILLS: usize = 6;

#[tokio::test]
async fn nothing_accepted_is_lost_when_the_process_is_killed_at_random_moments() {
    let mut random = StdRng::seed_from_u64(20_261_127);
    let mut server = Server::builder().set("worker", "lease_s", 3).set("worker", "heartbeat_s", 1).start().await;
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    let source = origin.bytes("photo", png(320, 240));
    let mut accepted = Vec::new();
    let mut kills = 0;
    while accepted.len() < JOBS || kills < KILLS {
        let (until_kill, mut sent) = (random.random_range(300..1500), Vec::new());
        let submitting = async {
            while accepted.len() + sent.len() < JOBS {
                let number = accepted.len() + sent.len();
                let answer = server
                    .post("/v1/jobs")
                    .json(&json!({
                        "source": {"url": source},
                        "steps": [{"transform": "resize", "params": {"width": 20 + number}}],
                        "outputs": [{"id": "a", "format": "png"}],
                        "eager": [{"id": "b", "format": "jpeg", "steps": [{"transform": "invert"}]}],
                        "notification_url": receiver.url("main"),
                        "eager_notification_url": receiver.url("eager"),
                        "reference": number.to_string(),
                    }))
                    .send()
                    .await;
                // Only what was answered with 202 was accepted.
                let Ok(answer) = answer else { break };
                let Ok(job) = answer.json::<Value>().await else { break };
                sent.push(job["id"].as_str().expect("it was accepted").to_owned());
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(until_kill), submitting).await;
        accepted.append(&mut sent);
        tokio::time::sleep(Duration::from_millis(random.random_range(0..200))).await;
        if kills < KILLS {
            server.kill().await;
            kills += 1;
            server.start_again().await;
        }
    }

    let mut jobs = HashMap::new();
    for id in &accepted {
        let job = server.finished(id).await;
        assert_eq!(job["state"], "succeeded", "{job}");
        for output in [&job["outputs"][0], &job["eager"][0]] {
            let bytes = server.download(&reachable(&server, output)).await;
            assert_eq!(hex::encode(Sha256::digest(&bytes)), output["sha256"].as_str().unwrap(), "a whole blob");
        }
        jobs.insert(id.clone(), job);
    }
    // Each job has one event of each kind, told at least once, always under the same id.
    let told = crate::support::eventually("every callback has come", Duration::from_secs(60), async || {
        let mut told: HashMap<(String, String), HashSet<String>> = HashMap::new();
        for one in receiver.received() {
            let event = one.json();
            let key = (event["data"]["id"].as_str()?.to_owned(), event["type"].as_str()?.to_owned());
            told.entry(key).or_default().insert(one.header("webhook-id").to_owned());
        }
        let all = accepted.iter().all(|id| {
            ["job.finished", "job.eager_finished"]
                .iter()
                .all(|kind| told.contains_key(&(id.clone(), (*kind).to_owned())))
        });
        all.then_some(told)
    })
    .await;
    for ((job, kind), ids) in &told {
        assert_eq!(ids.len(), 1, "{kind} of {job} was told under several ids");
    }
    assert_blobs_are_whole(&server);
}

/// The output with its URL on the port that the server has now.
fn reachable(server: &Server, output: &Value) -> Value {
    let url = output["url"].as_str().unwrap();
    let path = url.find("/o/").map(|at| &url[at..]).unwrap();
    let mut moved = output.clone();
    moved["url"] = json!(format!("{}{path}", server.url));
    moved
}

/// Every file of the blob store has the content that its name says. What a killed process was just writing stays for an
/// hour, in a place of its own.
fn assert_blobs_are_whole(server: &Server) {
    let files: Vec<PathBuf> = match server.bucket() {
        Some(bucket) => bucket.keys().iter().map(|key| bucket.file(key)).collect(),
        None => files_below(&server.data_dir.join("blobs")),
    };
    let is_blob = |path: &&PathBuf| path.parent().is_none_or(|parent| !parent.ends_with("tmp"));
    for path in files.iter().filter(is_blob) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let digest = hex::encode(Sha256::digest(std::fs::read(path).unwrap()));
        assert!(digest.ends_with(name) || name.ends_with(&digest), "{} is not whole", path.display());
    }
    assert!(!files.is_empty());
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}
