//! Every transform at 2 and 12 megapixels: in the sandbox, natively, and in libvips.
//!
//! `cargo bench -p safelight-tests --bench transforms -- [NAME]`, with NAME only those whose name contains it. Prints a
//! table of CPU times in ms: of the thread for ours, of the process for libvips (`vips.py`, one worker
//! thread), medians of rounds in which the three take turns. *sandbox* is a whole call: instance made, the
//! part of the picture that is needed copied in, work, picture copied out. *native* is the same plugin compiled into this program.

#![allow(clippy::print_stdout, reason = "it is a report")]

mod pairs;

use std::{
    error::Error,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
};

use rustix::time::{ClockId, clock_gettime};
use safelight::{
    config::Config,
    pipeline::{Call, Rect, Size, Transforms, View},
    wasm::{PluginsConfig, Registry, Snapshot},
};
use safelight_codec::{PixelFormat, Raster};
use safelight_sdk::{Image, PixelFormat as Format};
use serde_json::{Map, Value, json};
use transform_tests::{Described, cases, described, pictures, try_run};

/// The host's allocator: its buffers are reused between runs without new page faults.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// 2 and 12 megapixels.
const SIZES: [(u32, u32); 2] = [(1632, 1224), (4000, 3000)];

/// Rounds in which the sides take turns, and about how long one turn should last, in ms.
const ROUNDS: usize = 3;
const TURN_MS: f64 = 60.0;

/// No transform is slower than libvips by more than this.
const GOAL: f64 = 1.5;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let target = transform_tests::target_dir();
    let scratch = target.join("bench-transforms");
    std::fs::create_dir_all(&scratch)?;
    let registry = open(&target.join("release/plugins"), &scratch)?;
    let snapshot = registry.snapshot();
    let mut vips = Vips::start(&target)?;
    let all = cases::all();
    let photos: Vec<Photo> = SIZES.iter().map(|size| Photo::draw(*size, &scratch)).collect::<Result<_>>()?;

    println!("| transform | 2 MP: sandbox | : native | : libvips | 12 MP: sandbox | : native | : libvips |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let (mut slower, mut compared) = (Vec::new(), 0);
    for transform in described().iter().filter(|described| described.info.name.contains(&wanted)) {
        let name = &transform.info.name;
        let base = all.get(name).map(|case| case.base.clone()).unwrap_or_default();
        let own: Vec<(Value, Option<&str>)> = pairs::of(name);
        let own = if own.is_empty() { vec![(json!({}), None)] } else { own };
        for (more, expression) in own {
            let mut params = base.clone();
            params.extend(more.as_object().cloned().unwrap_or_default());
            let mut cells = Vec::new();
            for photo in &photos {
                let times = measure(transform, &params, photo, &snapshot, expression.map(|text| (text, &mut vips)))?;
                if let Some(ratio) = times.of_libvips() {
                    compared += 1;
                    if ratio > GOAL {
                        slower.push(format!("{name} ({} MP, {ratio:.2})", photo.megapixels()));
                    }
                }
                cells.push(times.to_string());
            }
            let shown = if more == json!({}) { String::new() } else { format!(" `{more}`") };
            println!("| {name}{shown} | {} |", cells.join(" | "));
        }
    }
    let verdict = if slower.is_empty() { "none".to_owned() } else { slower.join(", ") };
    println!("\nSlower than libvips by more than {GOAL}, of {compared} measured: {verdict}");
    Ok(())
}

/// A photograph in memory, and as a file for libvips.
struct Photo {
    image: Image,
    raster: Raster,
    raw: PathBuf,
}

impl Photo {
    fn draw((width, height): (u32, u32), scratch: &Path) -> Result<Photo> {
        let image = pictures::photo(width, height);
        let raw = scratch.join(format!("{width}x{height}.rgb"));
        std::fs::write(&raw, &image.pixels)?;
        Ok(Photo { raster: raster(&image)?, image, raw })
    }

    fn megapixels(&self) -> u32 {
        self.image.width * self.image.height / 1_000_000 + u32::from(self.image.width < 2000)
    }
}

fn raster(image: &Image) -> Result<Raster> {
    let format = match image.format {
        Format::Gray8 => PixelFormat::Gray8,
        Format::Rgb8 => PixelFormat::Rgb8,
        Format::Rgba8 => PixelFormat::Rgba8,
    };
    Ok(Raster::new(image.width, image.height, format, image.pixels.clone())?)
}

fn open(bundled: &Path, scratch: &Path) -> Result<Registry> {
    let defaults = Config::defaults();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("transforms/models");
    let plugins = PluginsConfig { bundled_dir: bundled.to_owned(), models_dir: models, ..defaults.plugins };
    let registry = Registry::open(&plugins, &defaults.wasm, scratch)?;
    registry.settle();
    Ok(registry)
}

/// Mean CPU time of one piece of work in ms.
fn turn(repeat: u32, work: &mut dyn FnMut() -> Result<()>) -> Result<f64> {
    let before = clock_gettime(ClockId::ThreadCPUTime);
    for _ in 0..repeat {
        work()?;
    }
    let after = clock_gettime(ClockId::ThreadCPUTime);
    let ns = (after.tv_sec - before.tv_sec) * 1_000_000_000 + (after.tv_nsec - before.tv_nsec);
    Ok(ns as f64 / 1e6 / f64::from(repeat))
}

struct Times {
    sandbox: f64,
    native: f64,
    vips: Option<f64>,
}

impl Times {
    fn of_libvips(&self) -> Option<f64> {
        self.vips.map(|vips| self.sandbox / vips)
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ratio = self.vips.map_or("-".to_owned(), |vips| format!("{:.2}", self.sandbox / vips));
        write!(f, "{:.1} | {:.2} | {ratio}", self.sandbox, self.sandbox / self.native)
    }
}

fn measure(
    transform: &Described,
    params: &Map<String, Value>,
    photo: &Photo,
    snapshot: &Snapshot,
    mut vips: Option<(&str, &mut Vips)>,
) -> Result<Times> {
    let name = transform.info.name.as_str();
    let images = cases::large_images_for(transform, params);
    let rasters = images.iter().map(|image| raster(image).map(Arc::new)).collect::<Result<Vec<_>>>()?;
    let image = (!transform.generates()).then_some(&photo.image);
    let given = Value::Object(params.clone());
    let full = Size { width: photo.image.width, height: photo.image.height };
    let view = View { full, region: Rect { x: 0, y: 0, width: full.width, height: full.height } };
    let call =
        Call { transform: snapshot.resolve(name)?, params: serde_json::from_value(given.clone())?, images: rasters };
    let picture = image.map(|_| &photo.raster);

    // As the pipeline does: only the part that the plan asks for is handed over, where that is much less.
    let needed = picture.and_then(|picture| needed(snapshot, &call, picture).transpose()).transpose()?;
    let mut ours = || {
        let cut = needed.zip(picture).map(|(Rect { x, y, width, height }, whole)| whole.crop(x, y, width, height));
        let cut = cut.transpose()?;
        let view = View { region: needed.unwrap_or(view.region), ..view };
        std::hint::black_box(snapshot.run(std::slice::from_ref(&call), cut.as_ref().or(picture), view)?);
        Ok(())
    };
    let mut plain = || {
        let made = try_run(name, &given, image, &images).map_err(|refusal| format!("{name}: {refusal}"))?;
        std::hint::black_box(made);
        Ok(())
    };
    let first = turn(1, &mut ours)?;
    let repeat = (TURN_MS / first).ceil().clamp(1.0, 20.0) as u32;
    let rounds = if first > 1000.0 { 1 } else { ROUNDS };
    let (mut sandbox, mut native, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        sandbox.push(turn(repeat, &mut ours)?);
        native.push(turn(repeat, &mut plain)?);
        if let Some((expression, vips)) = &mut vips {
            others.push(vips.time(photo, expression, repeat)?);
        }
    }
    Ok(Times { sandbox: median(sandbox), native: median(native), vips: (!others.is_empty()).then(|| median(others)) })
}

/// The part of a picture that a call asks for, if it is at most three quarters of it.
fn needed(snapshot: &Snapshot, call: &Call, picture: &Raster) -> Result<Option<Rect>> {
    let full = Size { width: picture.width(), height: picture.height() };
    let area = |width: u32, height: u32| u64::from(width) * u64::from(height);
    let region = snapshot.plan(call, full)?.region;
    Ok(region.filter(|part| 4 * area(part.width, part.height) <= 3 * area(full.width, full.height)))
}

/// libvips in a process of its own.
struct Vips {
    process: Child,
    tasks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Vips {
    fn start(target: &Path) -> Result<Vips> {
        let mut process = Command::new(target.join("test-venv/bin/python"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/bench/transforms/vips.py"))
            .env("VIPS_CONCURRENCY", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (tasks, answers) = (process.stdin.take(), process.stdout.take());
        let (tasks, answers) = tasks.zip(answers).ok_or("the pipes to libvips are missing")?;
        Ok(Vips { process, tasks, answers: BufReader::new(answers) })
    }

    fn time(&mut self, photo: &Photo, expression: &str, repeat: u32) -> Result<f64> {
        let (width, height) = (photo.image.width, photo.image.height);
        let task = json!({"raw": photo.raw, "width": width, "height": height, "expr": expression, "repeat": repeat});
        writeln!(self.tasks, "{task}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        line.trim().parse().map_err(|_| format!("libvips failed at {expression}").into())
    }
}

impl Drop for Vips {
    fn drop(&mut self) {
        // It ends with its input, or is ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}
