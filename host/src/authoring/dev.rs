//! A plugin while it is written: rebuilt at every change, and shown before and after in a browser.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    config::Config,
    error::{Code, Failure},
    job::{Encoding, Group, Output, Params, Rendering, Step},
    pipeline::Transforms,
    wasm::{Grants, Registry, Snapshot},
    worker::{LocalSource, run_local},
};

/// How often the project is looked at.
const LOOK: Duration = Duration::from_millis(400);

/// The longest piece of a build's output that is shown, in bytes.
const LOG_BYTES: usize = 16 << 10;

/// Folders that hold what is built or fetched, and no sources.
const NO_SOURCES: [&str; 6] = ["target", "node_modules", ".venv", "__pycache__", ".git", "safelight"];

/// A project that is watched, and what its newest component does to a picture.
pub struct Workshop {
    registry: Registry,
    config: Config,
    folder: PathBuf,
    command: String,
    picture: Bytes,
    now: Mutex<Now>,
}

/// The state of the project.
#[derive(Default)]
struct Now {
    /// Counts what a page has to look at again.
    version: u64,
    building: bool,
    /// What the last build printed, and whether it worked.
    log: String,
    built: bool,
    plugin: Option<Arc<Snapshot>>,
    /// Why the component cannot be used.
    problem: Option<String>,
}

/// What the page asks for.
#[derive(Deserialize)]
struct Ask {
    transform: String,
    #[serde(default)]
    params: Params,
}

impl Workshop {
    /// Takes a project. `command` builds it and is run in its folder by a shell; the component is then the newest
    /// `.wasm` file in the folder. `picture` is what transforms are shown on.
    pub fn new(registry: Registry, config: Config, folder: PathBuf, command: String, picture: Bytes) -> Workshop {
        Workshop { registry, config, folder, command, picture, now: Mutex::default() }
    }

    /// Watches the project, and builds it now and at every change, for ever.
    pub async fn watch(self: Arc<Workshop>) {
        let mut seen = BTreeMap::new();
        loop {
            let found = sources(&self.folder);
            if found != seen {
                seen = found;
                self.build().await;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The page and what it asks.
    pub fn router(self: Arc<Workshop>) -> Router {
        Router::new()
            .route("/", get(async || Html(include_str!("dev.html"))))
            .route("/state", get(state))
            .route("/before", get(before))
            .route("/after", post(after))
            .with_state(self)
    }

    async fn build(self: &Arc<Workshop>) {
        self.change(|now| now.building = true);
        let output = tokio::process::Command::new("sh")
            .args(["-c", &self.command])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        let (built, log) = match output {
            Ok(output) => {
                let text = [output.stdout, output.stderr].concat();
                let text = String::from_utf8_lossy(&text[text.len().saturating_sub(LOG_BYTES)..]).into_owned();
                (output.status.success(), text)
            }
            Err(error) => (false, format!("{}: {error}", self.command)),
        };
        let loaded = if built {
            let this = self.clone();
            let loaded = tokio::task::spawn_blocking(move || this.load()).await;
            Some(loaded.unwrap_or_else(|error| Err(error.to_string())))
        } else {
            None
        };
        tracing::info!(built, "{} {}", self.command, if built { "worked" } else { "failed" });
        self.change(|now| {
            (now.building, now.built, now.log) = (false, built, log);
            match loaded {
                Some(Ok(plugin)) => (now.plugin, now.problem) = (Some(plugin), None),
                Some(Err(problem)) => now.problem = Some(problem),
                // What worked before goes on being shown.
                None => {}
            }
        });
    }

    fn load(&self) -> Result<Arc<Snapshot>, String> {
        let component = newest_component(&self.folder)
            .ok_or_else(|| format!("the build left no .wasm file in {}", self.folder.display()))?;
        let bytes = std::fs::read(&component).map_err(|error| format!("{}: {error}", component.display()))?;
        self.registry.apart(&bytes, Grants::all()).map_err(|failure| format!("{}: {failure}", component.display()))
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut now);
        now.version += 1;
    }

    fn plugin(&self) -> Option<Arc<Snapshot>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).plugin.clone()
    }

    fn apply(&self, ask: Ask) -> Result<Response, Failure> {
        let Some(snapshot) = self.plugin() else {
            return Err(Failure::new(Code::Unavailable, "there is no component yet"));
        };
        let transform = snapshot.resolve(&ask.transform)?;
        if let Some(failure) = snapshot.check_params(&transform, &ask.params).into_iter().next() {
            return Err(failure);
        }
        let output = Output {
            destination: None,
            id: "after".to_owned(),
            group: Group::Main,
            steps: vec![Step { transform: ask.transform, params: ask.params }],
            encoding: Encoding { format: Some("png".to_owned()), effort: Some(1), ..Encoding::default() },
        };
        let picture = self.picture.clone();
        let source = LocalSource::Bytes(picture.clone(), String::new(), Rendering::default());
        // Every picture that a parameter names is the one that is shown.
        let (_, mut made) =
            run_local(&*snapshot, &self.config.codec, source, &[output], &|_| Ok(picture.clone()), &mut |_| {})?;
        let made = made.remove(0);
        if let Some(error) = made.report.error {
            return Err(Failure::new(error.code, error.message));
        }
        let step = made.report.steps.first();
        let headers = [
            ("x-ms", step.and_then(|step| step.ms).map_or(String::new(), |ms| format!("{ms:.1}"))),
            ("x-peak-bytes", step.and_then(|step| step.peak_bytes).unwrap_or_default().to_string()),
            ("x-data", made.report.data.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")),
        ];
        let bytes = made.bytes.ok_or_else(|| Failure::new(Code::Internal, "the output has no picture"))?;
        Ok((headers.map(|(name, value)| (name, ascii(&value))), [(header::CONTENT_TYPE, "image/png")], bytes)
            .into_response())
    }
}

/// A header's value must not hold other letters; JSON can write them as escapes.
fn ascii(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii() && !c.is_ascii_control() { c.to_string() } else { c.escape_unicode().to_string() })
        .collect()
}

async fn state(State(workshop): State<Arc<Workshop>>) -> Json<Value> {
    let now = workshop.now.lock().unwrap_or_else(PoisonError::into_inner);
    let transforms: Vec<Value> = now
        .plugin
        .iter()
        .flat_map(|plugin| plugin.transforms())
        .map(|transform| {
            json!({"name": transform.name, "summary": transform.summary, "schema": transform.schema,
                "images": transform.image_params})
        })
        .collect();
    Json(json!({
        "version": now.version, "building": now.building, "built": now.built, "log": now.log,
        "problem": now.problem, "transforms": transforms, "folder": workshop.folder,
    }))
}

async fn before(State(workshop): State<Arc<Workshop>>) -> Response {
    workshop.picture.clone().into_response()
}

async fn after(State(workshop): State<Arc<Workshop>>, Json(ask): Json<Ask>) -> Response {
    let applied = tokio::task::spawn_blocking(move || workshop.apply(ask)).await;
    match applied {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => (StatusCode::UNPROCESSABLE_ENTITY, failure.to_string()).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// When each source file of the project was changed.
fn sources(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                if !NO_SOURCES.iter().any(|other| name == *other) {
                    folders.push(path);
                }
            } else if !is_made(&path)
                && let Ok(changed) = metadata.modified()
            {
                found.insert(path, changed);
            }
        }
    }
    found
}

/// Whether a file is what builds write.
fn is_made(path: &Path) -> bool {
    let made = ["wasm", "out", "pyc"];
    let is_lock = path.file_name().is_some_and(|name| name == "Cargo.lock" || name == "package-lock.json");
    is_lock || path.extension().is_some_and(|extension| made.iter().any(|other| extension == *other))
}

/// The component that was written last; core modules that lie beside it are none.
fn newest_component(folder: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let components = files.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".wasm") && !name.ends_with(".core.wasm")
    });
    components.max_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).ok())
}
