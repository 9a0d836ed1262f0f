//! Clients that submit jobs as good clients do: with a key, again and again until they have an answer.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use safelight_codec::{Format, Picture, Raster};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use crate::support::{KEY, Origin, SECRET, Served, pictures_written};

/// Clients at the same time, and how many jobs they have to submit in a second.
const CLIENTS: usize = 16;
const PER_SECOND: f64 = 20.0;

/// How long a client waits for an answer, and before it asks once more.
const ANSWER: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(250);

/// How long clients go on with a job when no new ones are submitted.
const LAST: Duration = Duration::from_secs(120);

/// A job that was acknowledged.
#[derive(Clone)]
pub(crate) struct Acknowledged {
    /// Which of the jobs; its reference and its key.
    pub(crate) number: u32,
    pub(crate) id: String,
    pub(crate) at: Instant,
}

/// What the clients wrote down.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) acknowledged: Vec<Acknowledged>,
    /// What a client has reason to complain of.
    pub(crate) complaints: Vec<String>,
    /// How often a status was answered; 0: none.
    pub(crate) answers: BTreeMap<u16, u32>,
}

struct Inner {
    doors: Vec<String>,
    notify: String,
    origin: Origin,
    client: reqwest::Client,
    ledger: Mutex<Ledger>,
    next: AtomicU32,
    begun: Instant,
    is_over: AtomicBool,
}

/// The clients, at work.
pub(crate) struct Load {
    inner: Arc<Inner>,
    clients: JoinSet<()>,
}

/// The colour of a job's picture.
pub(crate) fn color(number: u32) -> [u8; 3] {
    let [_, red, green, blue] = number.wrapping_mul(2_654_435).to_be_bytes();
    [red, green, blue]
}

impl Load {
    /// Begins to submit at these addresses; ends are told to `notify`.
    pub(crate) async fn start(doors: Vec<String>, notify: String) -> Load {
        let inner = Arc::new(Inner {
            doors,
            notify,
            origin: Origin::start().await,
            client: reqwest::Client::builder().no_proxy().timeout(ANSWER).build().unwrap(),
            ledger: Mutex::default(),
            next: AtomicU32::new(0),
            begun: Instant::now(),
            is_over: AtomicBool::new(false),
        });
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let inner = inner.clone();
            clients.spawn(async move { inner.submit().await });
        }
        Load { inner, clients }
    }

    /// Looks at what was written down.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.inner.ledger.lock().unwrap())
    }

    /// Submits no new jobs; returns when the clients have an answer to all of theirs.
    pub(crate) async fn stop(&mut self) {
        self.inner.is_over.store(true, Ordering::SeqCst);
        while self.clients.join_next().await.is_some() {}
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.inner.client
    }
}

impl Inner {
    async fn submit(&self) {
        loop {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let due = Duration::from_secs_f64(f64::from(number) / PER_SECOND);
            sleep(due.saturating_sub(self.begun.elapsed())).await;
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let body = self.job(number);
            match self.acknowledged(number, &body).await {
                Ok(id) => {
                    let done = Acknowledged { number, id, at: Instant::now() };
                    self.ledger.lock().unwrap().acknowledged.push(done);
                }
                Err(complaint) => self.complain(format!("job {number}: {complaint}")),
            }
        }
    }

    /// A job whose picture no other one has.
    fn job(&self, number: u32) -> Value {
        let [red, green, blue] = color(number);
        let picture = Picture::still(Raster::filled(16, 12, [red, green, blue, 255]));
        let bytes = pictures_written(picture.frames[0].raster.clone(), Format::Png);
        // Some take longer, so that workers die in the middle of them.
        let served = if number.is_multiple_of(4) {
            Served::Dripping(bytes.into(), Duration::from_millis(4))
        } else {
            Served::Bytes(bytes.into())
        };
        json!({
            "source": {"url": self.origin.serve(&format!("n{number}"), served)},
            "steps": [{"transform": "resize", "params": {"width": 8}}],
            "outputs": [{"id": "small", "format": "png"}],
            "notification_url": self.notify,
            "reference": number.to_string(),
        })
    }

    /// Asks until the job is acknowledged; its id.
    async fn acknowledged(&self, number: u32, body: &Value) -> Result<String, String> {
        let mut door = number as usize;
        let mut over = None;
        loop {
            let url = format!("{}/v1/jobs", self.doors[door % self.doors.len()]);
            let asked = self.client.post(url).basic_auth(KEY, Some(SECRET)).json(body);
            let answer = asked.header("idempotency-key", format!("job-{number}")).send().await;
            let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            *self.ledger.lock().unwrap().answers.entry(status).or_default() += 1;
            match answer {
                Ok(answer) if answer.status() == StatusCode::ACCEPTED => {
                    if let Ok(job) = answer.json::<Value>().await {
                        return job["id"].as_str().map(str::to_owned).ok_or_else(|| format!("no id in {job}"));
                    }
                }
                Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    if !answer.headers().contains_key("retry-after") {
                        self.complain(format!("job {number}: 503 without Retry-After"));
                    }
                }
                Ok(answer) => return Err(format!("{status} {}", answer.text().await.unwrap_or_default())),
                Err(_) => {}
            }
            // The other node may be better off.
            door += 1;
            sleep(PAUSE).await;
            if self.is_over.load(Ordering::SeqCst) && over.get_or_insert_with(Instant::now).elapsed() > LAST {
                return Err("never acknowledged".to_owned());
            }
        }
    }

    fn complain(&self, complaint: String) {
        self.ledger.lock().unwrap().complaints.push(complaint);
    }
}
