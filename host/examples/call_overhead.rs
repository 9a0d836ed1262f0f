//! What a call of a sandboxed transform costs beside the transform's own work.
//!
//! `cargo run --release -p safelight --example call_overhead [FOLDER]`, where FOLDER holds `empty.wasm`
//! (default: `target/wasm32-wasip2/wasm`). Medians, wall-clock.

#![allow(clippy::print_stdout, reason = "it is a report")]

use std::{error::Error, path::PathBuf, time::Instant};

use safelight::{
    config::Config,
    job::Params,
    pipeline::{Call, Rect, Size, Transforms, View},
    wasm::{PluginsConfig, Registry, Snapshot},
};
use safelight_codec::{PixelFormat, Raster};

/// The host's allocator: its buffers are reused between runs without new page faults.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The goal for an empty call, in microseconds.
const GOAL_US: f64 = 50.0;

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm32-wasip2/wasm");
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or(default.to_owned()));
    let component = std::fs::read(folder.join("empty.wasm"))
        .map_err(|error| format!("{}/empty.wasm: {error}: run `make plugins`", folder.display()))?;
    let scratch = std::env::temp_dir().join(format!("safelight-call-overhead-{}", std::process::id()));
    for checked in [false, true] {
        let dir = scratch.join(checked.to_string());
        std::fs::create_dir_all(dir.join("bundled"))?;
        std::fs::write(dir.join("bundled/empty.wasm"), &component)?;
        let defaults = Config::defaults();
        let plugins = PluginsConfig { bundled_dir: dir.join("bundled"), ..defaults.plugins };
        let settings = safelight::wasm::Config { check_bundled: checked, ..defaults.wasm };
        let opened = Instant::now();
        drop(Registry::open(&plugins, &settings, &dir)?);
        let compiled = opened.elapsed();
        // The cache is written behind the start's back.
        std::thread::sleep(std::time::Duration::from_secs(1));
        let opened = Instant::now();
        let registry = Registry::open(&plugins, &settings, &dir)?;
        let cached = opened.elapsed();
        registry.settle();
        println!("interruption checks: {checked}; start with compiling {compiled:.1?}, from the cache {cached:.1?}");
        measure(&registry.snapshot())?;
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(())
}

fn measure(snapshot: &Snapshot) -> Result<(), Box<dyn Error>> {
    let call = Call { transform: snapshot.resolve("noop")?, params: Params::new(), images: Vec::new() };
    let dot = Raster::new(1, 1, PixelFormat::Rgba8, vec![0; 4])?;
    let us = median(5000, || run(snapshot, &call, &dot))?;
    let verdict = if us <= GOAL_US { "met" } else { "missed" };
    println!("  instantiate and call, 1 x 1 px      {us:9.1} us   (goal {GOAL_US} us: {verdict})");

    let mut width = 0;
    let us = median(2000, || {
        width += 1;
        snapshot.plan(&call, Size { width, height: 1 }).map(|_| ())
    })?;
    println!("  plan, asked                         {us:9.1} us");
    let us = median(5000, || snapshot.plan(&call, Size { width: 1, height: 1 }).map(|_| ()))?;
    println!("  plan, known already                 {us:9.1} us");

    let (width, height) = (4000, 3000);
    let picture = Raster::new(width, height, PixelFormat::Rgba8, vec![7; width as usize * height as usize * 4])?;
    let ms = median(40, || run(snapshot, &call, &picture))? / 1e3;
    println!("  12 megapixels RGBA in and out again {ms:9.2} ms");
    let mut copy = vec![1; picture.pixels().len()];
    let ms = median(40, || {
        copy.copy_from_slice(picture.pixels());
        std::hint::black_box(&mut copy);
        Ok::<(), Box<dyn Error>>(())
    })? / 1e3;
    println!("  the same bytes copied once, natively {ms:8.2} ms");
    Ok(())
}

fn run(snapshot: &Snapshot, call: &Call, image: &Raster) -> Result<(), safelight::pipeline::CallError> {
    let full = Size { width: image.width(), height: image.height() };
    let region = Rect { x: 0, y: 0, width: full.width, height: full.height };
    let outcome = snapshot.run(std::slice::from_ref(call), Some(image), View { full, region })?;
    std::hint::black_box(outcome);
    Ok(())
}

/// The median of `times` runs after a tenth as many for warming up, in microseconds.
fn median<E>(times: usize, mut work: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    for _ in 0..times / 10 {
        work()?;
    }
    let mut all = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        work()?;
        all.push(started.elapsed());
    }
    all.sort_unstable();
    Ok(all[times / 2].as_secs_f64() * 1e6)
}
