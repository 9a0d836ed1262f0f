//! The codec plugins: what their first use costs, and what decoding costs in the sandbox beside the decoders
//! that are built in.
//!
//! `cargo run --release -p safelight --example codecs [FOLDER] [NAME]`, where FOLDER holds the components
//! (default: `target/wasm32-wasip2/wasm`), and NAME restricts the decoding to formats whose name contains it.
//! Medians of the CPU time of the thread, in ms, for a picture with the detail of a photograph.
//!
//! - *built in*: decoded by the host's own code.
//! - *unchecked*, *checked*: the same code in the sandbox, without and with interruption checks. Codecs run with
//!   them, see `wasm.check_codecs`.
//!
//! Both look at the headers first, as a job does; in the sandbox that is an instance of its own, which gets the
//! source as well.

#![allow(clippy::print_stdout, reason = "it is a report")]

use std::{
    error::Error,
    path::{Path, PathBuf},
    time::Instant,
};

use safelight::{
    config::Config,
    job::Rendering,
    pipeline::{Ask, BuiltIn, Codecs, Sandbox, Size, Transforms, Want},
    wasm::{PluginsConfig, Registry},
};
use safelight_codec::{EncodeOptions, Format, Limits, Picture, PixelFormat, Raster};

/// The host's allocator: its buffers are reused between runs without new page faults.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const PLUGINS: [&str; 12] = [
    "codec_pictures",
    "codec_svg",
    "codec_pdf",
    "codec_jxl",
    "analyze",
    "animate",
    "color",
    "compose",
    "detect",
    "draw",
    "filter",
    "geometry",
];

/// Turns of each side; they alternate.
const ROUNDS: usize = 7;

/// Up to this ratio a format is decoded in the sandbox by default.
const GOAL: f64 = 1.3;

/// The goal for compiling a component at its first use, in seconds.
const GOAL_COMPILE_S: f64 = 1.0;

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm32-wasip2/wasm");
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or(default.to_owned()));
    let wanted = std::env::args().nth(2).unwrap_or_default();
    let scratch = std::env::temp_dir().join(format!("safelight-codecs-{}", std::process::id()));
    if wanted.is_empty() {
        println!("| component | bytes | first use, s | CPU, s | optimised, s | CPU, s | goal {GOAL_COMPILE_S} s |");
        println!("|---|---:|---:|---:|---:|---:|---|");
        for name in PLUGINS {
            first_use(&folder, &scratch, name)?;
        }
        println!();
    }
    println!("| source | bytes | built in | unchecked | ratio | checked | ratio |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let unchecked = open(&folder, &scratch.join("unchecked"), &["codec_pictures"], false)?;
    let checked = open(&folder, &scratch.join("checked"), &["codec_pictures"], true)?;
    for registry in [&unchecked, &checked] {
        registry.settle();
    }
    for (name, source, enough) in sources(&wanted)? {
        let (unchecked, checked) = (unchecked.snapshot(), checked.snapshot());
        let sides: [(&dyn Codecs, Sandbox); 3] =
            [(&BuiltIn, Sandbox::None), (unchecked.codecs(), Sandbox::All), (checked.codecs(), Sandbox::All)];
        let [native, plain, with_checks] = measure(&sides, &source, enough)?;
        let bytes = source.len();
        let ratios = [plain / native, with_checks / native];
        let verdict = if ratios[1] <= GOAL { "**" } else { "" };
        println!(
            "| {name} | {bytes} | {native:.1} | {plain:.1} | {:.2} | {with_checks:.1} | {verdict}{:.2}{verdict} |",
            ratios[0], ratios[1]
        );
    }
    std::fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// A registry of copies of components, as bundled plugins.
fn open(folder: &Path, scratch: &Path, names: &[&str], checked: bool) -> Result<Registry, Box<dyn Error>> {
    std::fs::create_dir_all(scratch.join("bundled"))?;
    for name in names {
        let from = folder.join(format!("{name}.wasm"));
        std::fs::copy(&from, scratch.join("bundled").join(format!("{name}.wasm")))
            .map_err(|error| format!("{}: {error}: run `make plugins`", from.display()))?;
    }
    let defaults = Config::defaults();
    let plugins = PluginsConfig { bundled_dir: scratch.join("bundled"), ..defaults.plugins };
    let settings = safelight::wasm::Config { check_codecs: checked, ..defaults.wasm };
    Ok(Registry::open(&plugins, &settings, scratch)?)
}

/// Compiling is all that a start with an empty cache does beside what every start does.
fn first_use(folder: &Path, scratch: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    let [mut seconds, mut cpu, mut later_seconds, mut later_cpu] = [const { Vec::new() }; 4];
    for round in 0..3 {
        let scratch = scratch.join(format!("{name}-{round}"));
        let (started, used) = (Instant::now(), process_cpu_s()?);
        let registry = open(folder, &scratch, &[name], true)?;
        seconds.push(started.elapsed().as_secs_f64());
        cpu.push(process_cpu_s()? - used);
        let (started, used) = (Instant::now(), process_cpu_s()?);
        registry.settle();
        later_seconds.push(started.elapsed().as_secs_f64());
        later_cpu.push(process_cpu_s()? - used);
    }
    let bytes = std::fs::metadata(folder.join(format!("{name}.wasm")))?.len();
    let [seconds, cpu, later_seconds, later_cpu] = [seconds, cpu, later_seconds, later_cpu].map(median);
    let verdict = if seconds <= GOAL_COMPILE_S { "met" } else { "missed" };
    println!("| {name} | {bytes} | {seconds:.2} | {cpu:.2} | {later_seconds:.2} | {later_cpu:.2} | {verdict} |");
    Ok(())
}

type Source = (String, Vec<u8>, Option<Size>);

fn sources(wanted: &str) -> Result<Vec<Source>, Box<dyn Error>> {
    let mut sources = Vec::new();
    let is_wanted = |name: &str| name.contains(wanted);
    let large = |name: &str, enough| -> Result<Option<Source>, Box<dyn Error>> {
        if !is_wanted(name) {
            return Ok(None);
        }
        let options = EncodeOptions { quality: 85, ..EncodeOptions::new(Format::Jpeg) };
        Ok(Some((name.to_owned(), safelight_codec::encode(&photo(4000, 3000)?, &options)?, enough)))
    };
    let size = |width, height| Some(Size { width, height });
    sources.extend(large("jpeg, 12 Mpx", None)?);
    sources.extend(large("jpeg, 12 Mpx, for 800 x 600", size(800, 600))?);
    let small = photo(2000, 1500)?;
    for format in Format::ALL {
        let mut add = |name: String, picture: &Picture, options: EncodeOptions| -> Result<(), Box<dyn Error>> {
            if is_wanted(&name) {
                sources.push((name, safelight_codec::encode(picture, &options)?, None));
            }
            Ok(())
        };
        let options = EncodeOptions { effort: 1, ..EncodeOptions::new(format) };
        match format {
            Format::WebP => {
                add("webp, lossy, 3 Mpx".to_owned(), &small, options.clone())?;
                add("webp, lossless, 3 Mpx".to_owned(), &small, EncodeOptions { lossless: true, ..options })?;
            }
            Format::Jpeg => {
                add("jpeg, 3 Mpx".to_owned(), &small, options.clone())?;
                let progressive = EncodeOptions { progressive: true, ..options };
                add("jpeg, progressive, 3 Mpx".to_owned(), &small, progressive)?;
            }
            Format::Ico => add("ico, 256 x 256 px".to_owned(), &photo(256, 256)?, options)?,
            _ => add(format!("{format}, 3 Mpx"), &small, options)?,
        }
    }
    Ok(sources)
}

/// By side: the median of the thread's CPU time.
fn measure<const N: usize>(
    sides: &[(&dyn Codecs, Sandbox); N],
    source: &[u8],
    enough: Option<Size>,
) -> Result<[f64; N], Box<dyn Error>> {
    let (limits, rendering) = (Limits::default(), Rendering::default());
    let decode = |(codecs, sandbox): (&dyn Codecs, Sandbox), times: u32| -> Result<f64, Box<dyn Error>> {
        let ask = Ask { limits: &limits, sandbox, rendering: &rendering };
        let want = Want { enough, animated: true, keep_metadata: false };
        let before = thread_cpu_ms()?;
        for _ in 0..times {
            let info = codecs.probe(source, ask)?;
            std::hint::black_box(codecs.decode(source, ask, &info, want)?);
        }
        Ok((thread_cpu_ms()? - before) / f64::from(times))
    };
    let times = (20.0 / decode(sides[0], 1)?.max(0.1)).ceil() as u32;
    let mut found = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (side, found) in sides.iter().zip(&mut found) {
            found.push(decode(*side, times)?);
        }
    }
    Ok(found.map(median))
}

/// Noise in octaves over slow gradients: it compresses as a photograph does.
fn photo(width: u32, height: u32) -> Result<Picture, Box<dyn Error>> {
    let lattice = |x: u32, y: u32, octave: u32| {
        let mut hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ octave.wrapping_mul(0xc2b2_ae3d);
        hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
        ((hash >> 8) & 0xffff) as f32 / 65535.0 - 0.5
    };
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let mut value = 0.0;
            for octave in 0..8 {
                let cell = 256 >> octave;
                let (column, row) = (x / cell, y / cell);
                let (fx, fy) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
                let top = lattice(column, row, octave) * (1.0 - fx) + lattice(column + 1, row, octave) * fx;
                let bottom = lattice(column, row + 1, octave) * (1.0 - fx) + lattice(column + 1, row + 1, octave) * fx;
                value += (top * (1.0 - fy) + bottom * fy) * 56.0 * 0.9_f32.powi(octave as i32);
            }
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            pixels.push((90.0 + 80.0 * u + value).clamp(0.0, 255.0) as u8);
            pixels.push((100.0 + 60.0 * v + value * 0.9).clamp(0.0, 255.0) as u8);
            pixels.push((140.0 - 70.0 * u * v + value * 0.8).clamp(0.0, 255.0) as u8);
        }
    }
    Ok(Picture::still(Raster::new(width, height, PixelFormat::Rgb8, pixels)?))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU time that this thread used so far.
fn thread_cpu_ms() -> Result<f64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().ok_or("schedstat is empty")?.parse()?;
    Ok(nanoseconds / 1e6)
}

/// CPU time that all threads used so far, those that have ended as well.
fn process_cpu_s() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The fields after the name, which may hold spaces; ticks of 10 ms in user and system mode.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).ok_or("stat is short")?.parse::<f64>().map_err(|e| e.to_string());
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
