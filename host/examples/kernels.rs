//! The picture kernels in the sandbox against the same code called natively.
//!
//! `cargo run --release -p safelight --example kernels [FOLDER] [NAME]`, where FOLDER holds `bench.wasm` and the
//! standard plugins (default: `target/wasm32-wasip2/wasm`), and NAME restricts it to the kernels whose name
//! contains it. Medians of the CPU time of the thread, in ms, on an opaque picture of 4000 x 3000 RGBA.
//!
//! - *native*: the kernel, called in this process.
//! - *guest*: the kernel alone: a call that runs it n times less one that runs it once, divided by n - 1.
//!   *unchecked* is how bundled plugins run, *checked* is with interruption checks in every loop.
//! - *call*: a whole call, unchecked: instance made, picture copied in, kernel, picture copied out.
//!
//! At the end the standard plugins' pixels are compared with the native kernels'; a difference of more
//! than one level is an error.

#![allow(clippy::print_stdout, reason = "it is a report")]

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use safelight::{
    config::Config,
    job::Params,
    pipeline::{Call, Rect, Size, Transforms, View},
    wasm::{PluginsConfig, Registry, Snapshot},
};
use safelight_codec::{PixelFormat, Raster};
use safelight_kernels::{self as native, Filter, Interpolation, Window};
use serde_json::{Value, json};

#[path = "../../tests/programs/bench/src/kernels.rs"]
mod kernels;

/// The host's allocator: its buffers are reused between runs without new page faults.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const SIZE: (u32, u32) = (4000, 3000);

/// Rounds; in each one native code and both guests take their turns.
const ROUNDS: usize = 5;

/// About how long the repeated kernels of one turn should run, in ms.
const TURN_MS: f64 = 120.0;

/// The goal for a guest without checks, as a multiple of native time.
const GOAL: f64 = 1.5;

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm32-wasip2/wasm");
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or(default.to_owned()));
    let wanted = std::env::args().nth(2).unwrap_or_default();
    let scratch = std::env::temp_dir().join(format!("safelight-kernels-{}", std::process::id()));
    let unchecked = open(&folder, &scratch, false)?;
    let checked = open(&folder, &scratch, true)?;
    let guests = [unchecked.snapshot(), checked.snapshot()];
    let picture = picture()?;

    println!("| kernel | native | guest, unchecked | ratio | guest, checked | ratio | call |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let mut missed = Vec::new();
    for kernel in kernels::NAMES.iter().filter(|name| name.contains(&wanted)) {
        let times = measure(kernel, &guests, &picture)?;
        let [unchecked, checked] = times.guests.map(|guest| guest / times.native);
        let [native, call] = [times.native, times.call];
        let [plain, with_checks] = times.guests;
        println!(
            "| {kernel} | {native:.1} | {plain:.1} | {unchecked:.2} | {with_checks:.1} | {checked:.2} | {call:.1} |"
        );
        if unchecked > GOAL {
            missed.push(*kernel);
        }
    }
    let verdict = if missed.is_empty() { "met".to_owned() } else { format!("missed by {}", missed.join(", ")) };
    println!("\nGoal, unchecked: at most {GOAL} times native: {verdict}\n");

    if wanted.is_empty() {
        compare(&guests[0], &picture)?;
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// A registry of copies of the folder's components, as bundled plugins.
fn open(folder: &Path, scratch: &Path, checked: bool) -> Result<Registry, Box<dyn Error>> {
    let dir = scratch.join(if checked { "checked" } else { "unchecked" });
    std::fs::create_dir_all(dir.join("bundled"))?;
    for name in ["bench.wasm", "filter.wasm", "geometry.wasm", "color.wasm"] {
        let from = folder.join(name);
        std::fs::copy(&from, dir.join("bundled").join(name))
            .map_err(|error| format!("{}: {error}: run `make plugins programs`", from.display()))?;
    }
    let defaults = Config::defaults();
    let plugins = PluginsConfig { bundled_dir: dir.join("bundled"), ..defaults.plugins };
    let settings = safelight::wasm::Config { check_bundled: checked, ..defaults.wasm };
    let registry = Registry::open(&plugins, &settings, &dir)?;
    registry.settle();
    Ok(registry)
}

struct Times {
    native: f64,
    /// Without and with checks.
    guests: [f64; 2],
    call: f64,
}

fn measure(kernel: &str, guests: &[Arc<Snapshot>; 2], picture: &Raster) -> Result<Times, Box<dyn Error>> {
    let mut pixels = picture.pixels().to_vec();
    let mut native = |times: u32| -> Result<f64, Box<dyn Error>> {
        let before = cpu_ms()?;
        for _ in 0..times {
            kernels::run(kernel, &mut pixels, SIZE);
        }
        Ok((cpu_ms()? - before) / f64::from(times))
    };
    let guest = |snapshot: &Snapshot, repeat: u32| -> Result<f64, Box<dyn Error>> {
        let before = cpu_ms()?;
        std::hint::black_box(run(snapshot, "bench", json!({ "kernel": kernel, "repeat": repeat }), picture)?);
        Ok(cpu_ms()? - before)
    };
    native(1)?;
    let more = (TURN_MS / native(1)?).ceil().clamp(1.0, 30.0) as u32;
    guests.iter().try_for_each(|snapshot| guest(snapshot, 1).map(|_| ()))?;

    let mut natives = Vec::new();
    let mut in_guests = [Vec::new(), Vec::new()];
    let mut calls = Vec::new();
    for _ in 0..ROUNDS {
        natives.push(native(more)?);
        for (index, snapshot) in guests.iter().enumerate() {
            let once = guest(snapshot, 1)?;
            let often = guest(snapshot, 1 + more)?;
            in_guests[index].push((often - once) / f64::from(more));
            if index == 0 {
                calls.push(once);
            }
        }
    }
    Ok(Times { native: median(natives), guests: in_guests.map(median), call: median(calls) })
}

/// Runs standard plugins and compares what they make with the native kernels' result.
fn compare(snapshot: &Snapshot, picture: &Raster) -> Result<(), Box<dyn Error>> {
    println!("| plugin's transform | largest difference from native, levels |");
    println!("|---|---:|");
    let pixels = || picture.pixels().to_vec();
    let in_place = |work: &dyn Fn(&mut [u8])| {
        let mut pixels = pixels();
        work(&mut pixels);
        pixels
    };
    let background = [0, 0, 0, 255];
    let window = Window::whole(SIZE.0, SIZE.1);
    let black = json!({ "angle_deg": 30, "background": "#000000" });
    let cases: [(&str, Value, Vec<u8>); 8] = [
        ("blur", json!({ "sigma_px": 2 }), in_place(&|p| native::gaussian_blur(p, SIZE, 4, 2.0))),
        ("blur", json!({ "sigma_px": 5 }), in_place(&|p| native::gaussian_blur(p, SIZE, 4, 5.0))),
        ("blur", json!({ "sigma_px": 20 }), in_place(&|p| native::gaussian_blur(p, SIZE, 4, 20.0))),
        ("pixelate", json!({ "size_px": 10 }), in_place(&|p| native::pixelate(p, SIZE, 4, 10))),
        (
            "saturation",
            json!({ "amount": 1.5 }),
            in_place(&|p| native::apply_matrix(p, 4, &native::saturation_matrix(1.5))),
        ),
        ("rotate", json!({ "angle_deg": 90 }), native::quarter_turn(&pixels(), SIZE, 4, true)),
        ("rotate", black, native::rotate(&mut pixels(), SIZE, &background, 30.0, Interpolation::Bilinear)),
        (
            "resize",
            json!({ "width": 800, "filter": "lanczos3" }),
            native::resize(&mut pixels(), SIZE, 4, window, (800, 600), Filter::Lanczos3),
        ),
    ];
    for (transform, params, expected) in cases {
        let made = run(snapshot, transform, params.clone(), picture)?.ok_or("no picture came out")?;
        if made.pixels().len() != expected.len() {
            return Err(format!("{transform} {params}: {} bytes, not {}", made.pixels().len(), expected.len()).into());
        }
        let largest = made.pixels().iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
        println!("| {transform} `{params}` | {largest} |");
        if largest > 1 {
            return Err(format!("{transform} {params}: the guest is {largest} levels off").into());
        }
    }
    Ok(())
}

fn run(snapshot: &Snapshot, transform: &str, params: Value, image: &Raster) -> Result<Option<Raster>, Box<dyn Error>> {
    let params: Params = serde_json::from_value(params)?;
    let call = Call { transform: snapshot.resolve(transform)?, params, images: Vec::new() };
    let full = Size { width: image.width(), height: image.height() };
    let region = Rect { x: 0, y: 0, width: full.width, height: full.height };
    Ok(snapshot.run(std::slice::from_ref(&call), Some(image), View { full, region })?.image)
}

/// Opaque noise over a gradient, the same every time.
fn picture() -> Result<Raster, Box<dyn Error>> {
    let mut state = 1u32;
    let pixel = |index: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = (index % SIZE.0 / 32) as u8;
        [value, (state >> 24) as u8, value ^ (state >> 26) as u8, 255]
    };
    Ok(Raster::new(SIZE.0, SIZE.1, PixelFormat::Rgba8, (0..SIZE.0 * SIZE.1).flat_map(pixel).collect())?)
}

/// CPU time of this thread in ms: the first field of Linux's schedstat. Guests run on the calling thread.
fn cpu_ms() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let ns: u64 = text.split_whitespace().next().ok_or("schedstat is empty")?.parse()?;
    Ok(ns as f64 / 1e6)
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}
