//! What the clients were promised against what became of it.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use safelight_codec::{DecodeOptions, Limits, decode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    load::{Acknowledged, color},
    scene::Scene,
    support::{KEY, SECRET, Server},
};

/// The heading of the table that accounts make.
pub(crate) const HEAD: &str = "\
| fault | run | acknowledged | succeeded | failed | lost | told | ids | repeated | longest pause | recovered after | notes |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|";

/// At most so many complaints of one sort are listed.
const LISTED: usize = 5;

/// Downloads at the same time.
const AT_ONCE: usize = 8;

/// What one run came to.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) fault: &'static str,
    pub(crate) run: u32,
    pub(crate) acknowledged: usize,
    pub(crate) succeeded: usize,
    pub(crate) failed: usize,
    /// Acknowledged, but not there, not final, or without its picture.
    pub(crate) lost: usize,
    /// Jobs whose end was accepted by the receiver, and ids under which.
    pub(crate) told: usize,
    pub(crate) ids: usize,
    /// Callbacks that were accepted once more.
    pub(crate) repeated: u32,
    /// The longest time without an acknowledgement.
    pub(crate) pause: Duration,
    /// From the fault's end until all that was acknowledged by then was final.
    pub(crate) recovered: Duration,
    pub(crate) notes: Vec<String>,
    /// What must not be.
    pub(crate) complaints: Vec<String>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { fault, run, acknowledged, succeeded, failed, lost, told, ids, repeated, .. } = self;
        write!(
            f,
            "| {fault} | {run} | {acknowledged} | {succeeded} | {failed} | {lost} | {told} | {ids} | {repeated} "
        )?;
        write!(f, "| {:.1} s | {:.1} s ", self.pause.as_secs_f64(), self.recovered.as_secs_f64())?;
        write!(f, "| {} |", self.notes.join("; "))
    }
}

/// A row of the database.
struct Row {
    reference: String,
    state: String,
    /// Ids of callbacks.
    messages: u32,
}

impl Account {
    /// Compares. Everything must have come to rest.
    pub(crate) async fn audit(&mut self, scene: &Scene, promised: &[Acknowledged]) {
        self.acknowledged = promised.len();
        self.pause = longest_pause(promised);
        let rows = rows(scene).await;
        self.rows(promised, &rows);
        self.callbacks(scene, promised);
        self.logs(scene);
        let kept: Vec<&Acknowledged> =
            promised.iter().filter(|job| rows.get(&job.id).is_some_and(|row| row.state == "succeeded")).collect();
        let looks = kept.into_iter().map(|job| async move { (job, picture(scene, job).await) });
        let looked: Vec<_> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
        let wrong = looked.into_iter().filter_map(|(job, result)| Some((job, result.err()?)));
        let wrong: Vec<String> = wrong.map(|(job, problem)| format!("job {}: {problem}", job.number)).collect();
        self.lost += wrong.len();
        self.complain("no or a wrong picture", wrong);
    }

    fn rows(&mut self, promised: &[Acknowledged], rows: &HashMap<String, Row>) {
        let (mut missing, mut open, mut several) = (Vec::new(), Vec::new(), Vec::new());
        for job in promised {
            match rows.get(&job.id).map(|row| row.state.as_str()) {
                Some("succeeded") => self.succeeded += 1,
                Some("failed") => self.failed += 1,
                Some(state) => open.push(format!("job {} is {state}", job.number)),
                None => missing.push(format!("job {} {}", job.number, job.id)),
            }
        }
        self.lost += missing.len() + open.len();
        let mut references = HashSet::new();
        for row in rows.values() {
            if !references.insert(&row.reference) {
                several.push(format!("job {}", row.reference));
            }
        }
        let promised: HashSet<String> = promised.iter().map(|job| job.number.to_string()).collect();
        let unknown = rows.values().filter(|row| !promised.contains(&row.reference));
        let unknown = unknown.map(|row| format!("job {}", row.reference)).collect();
        let told_twice = rows.values().filter(|row| row.messages > 1);
        let told_twice = told_twice.map(|row| format!("job {}", row.reference)).collect();
        if self.failed > 0 {
            self.notes.push(format!("{} jobs failed", self.failed));
        }
        self.complain("acknowledged and not there", missing);
        self.complain("acknowledged and not final", open);
        self.complain("there more than once", several);
        self.complain("there and never acknowledged", unknown);
        self.complain("owes several callbacks", told_twice);
    }

    fn callbacks(&mut self, scene: &Scene, promised: &[Acknowledged]) {
        let (mut silent, mut several) = (Vec::new(), Vec::new());
        scene.receiver.read(|book| {
            for job in promised {
                let Some(told) = book.jobs.get(&job.id) else {
                    silent.push(format!("job {}", job.number));
                    continue;
                };
                let accepted: u32 = told.ids.values().map(|(accepted, _)| accepted).sum();
                if accepted == 0 {
                    silent.push(format!("job {}", job.number));
                }
                if told.ids.len() > 1 {
                    several.push(format!("job {}", job.number));
                }
                self.told += usize::from(accepted > 0);
                self.ids += told.ids.len();
                self.repeated += accepted.saturating_sub(1);
            }
            if book.off > 0 {
                self.notes.push(format!("{} callbacks with a time that is off", book.off));
            }
            if book.forged > 0 {
                self.complaints.push(format!("{} callbacks with a wrong signature", book.forged));
            }
        });
        self.complain("nobody was told", silent);
        self.complain("told under several ids", several);
    }

    /// No job was ended twice, and nothing panicked.
    fn logs(&mut self, scene: &Scene) {
        let mut ended = HashMap::<String, u32>::new();
        for log in scene.nodes.all().map(Server::log) {
            for line in log.lines().filter(|line| line.contains("job finished")) {
                let id = line.split("job=").nth(1).map(|rest| rest.chars().take(36).collect::<String>());
                *ended.entry(id.unwrap_or_default()).or_default() += 1;
            }
            let panics = log.lines().filter(|line| line.contains("panicked at")).map(str::to_owned).collect();
            self.complain("a panic", panics);
        }
        let twice = ended.iter().filter(|(_, times)| **times > 1).map(|(id, _)| id.clone()).collect();
        self.complain("ended more than once", twice);
        if ended.contains_key("") || ended.is_empty() {
            self.complaints.push("the logs do not tell which jobs ended".to_owned());
        }
    }

    fn complain(&mut self, what: &str, cases: Vec<String>) {
        if !cases.is_empty() {
            let listed = cases.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
            self.complaints.push(format!("{what}: {} ({listed})", cases.len()));
        }
    }
}

fn longest_pause(promised: &[Acknowledged]) -> Duration {
    let mut times: Vec<_> = promised.iter().map(|job| job.at).collect();
    times.sort_unstable();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

async fn rows(scene: &Scene) -> HashMap<String, Row> {
    const ROWS: &str = "SELECT j.id, j.reference, j.state, (SELECT COUNT(DISTINCT d.message_id) FROM deliveries d \
         WHERE d.job = j.id) FROM jobs j";
    let rows = scene.ask(ROWS).await;
    let row = |columns: Vec<String>| {
        let [id, reference, state, messages] = columns.try_into().expect("four columns");
        (id, Row { reference, state, messages: messages.parse().expect("a number") })
    };
    rows.into_iter().map(row).collect()
}

/// Looks at the job's picture through one of the nodes.
async fn picture(scene: &Scene, job: &Acknowledged) -> Result<(), String> {
    let node = &scene.nodes.api[job.number as usize % scene.nodes.api.len()];
    let told = |error: reqwest::Error| error.to_string();
    let client = scene.load.client();
    let asked = client.get(format!("{}/v1/jobs/{}", node.url, job.id)).basic_auth(KEY, Some(SECRET));
    let document: Value = asked.send().await.map_err(told)?.json().await.map_err(told)?;
    let output = &document["outputs"][0];
    let url = output["url"].as_str().ok_or_else(|| format!("no output in {document}"))?;
    let answer = client.get(url).send().await.map_err(told)?.error_for_status().map_err(told)?;
    let bytes = answer.bytes().await.map_err(told)?;
    if output["sha256"].as_str() != Some(&hex::encode(Sha256::digest(&bytes))) {
        return Err(format!("{} bytes with another digest than {}", bytes.len(), output["sha256"]));
    }
    let limits = Limits::default();
    let options = DecodeOptions { limits: &limits, enough: None, keep_metadata: false, animated: false };
    let made = decode(&bytes, &options).map_err(|error| error.to_string())?;
    let raster = &made.frames[0].raster;
    let is_right = (raster.width(), raster.height()) == (8, 6)
        && raster.pixels().chunks(raster.format().bytes_per_pixel()).all(|pixel| pixel[..3] == color(job.number));
    if is_right { Ok(()) } else { Err("another picture than asked for".to_owned()) }
}
