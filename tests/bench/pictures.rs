//! A 12-megapixel JPEG to 800 x 600 and to five sizes, through the whole server and in sharp.

use std::{path::PathBuf, process::Command};

use safelight_codec::{EncodeOptions, Format, Picture, PixelFormat, Raster, encode};
use serde_json::{Value, json};

use crate::settled;
use crate::support::{
    Origin, Server,
    tools::{existing, release_dir},
};

const ROUNDS: usize = 5;
const PICTURES: usize = 20;
const FIVE: [u32; 5] = [960, 640, 480, 320, 160];

pub(crate) async fn run() {
    let source = photo();
    let file = std::env::temp_dir().join(format!("safelight-bench-{}.jpg", std::process::id()));
    std::fs::write(&file, &source).unwrap();
    println!("# 4000 x 3000 px JPEG 4:2:0, {} bytes; CPU ms a picture, median of {ROUNDS} x {PICTURES}", source.len());

    let server = settled(Server::start().await).await;
    // With the decoder in the sandbox as well.
    let inside = settled(Server::builder().set("codec", "sandbox", "all").start().await).await;
    let origin = Origin::start().await;
    let url = origin.bytes("photo.jpg", source);
    for (name, widths) in [("800 x 600", &[800][..]), ("five outputs", &FIVE[..])] {
        let outputs: Vec<Value> = widths
            .iter()
            .map(|width| {
                json!({"id": format!("w{width}"), "format": "jpeg", "quality": 80,
                    "steps": [{"transform": "resize", "params": {"width": width}}]})
            })
            .collect();
        let job = json!({"source": {"url": url}, "outputs": outputs});
        let (mut ours, mut sandboxed, mut one, mut all) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(server_round(&server, &job).await);
            sandboxed.push(server_round(&inside, &job).await);
            one.push(sharp_round(&file, 1, widths));
            all.push(sharp_round(&file, 0, widths));
        }
        let (ours, sandboxed, one, all) = (median(ours), median(sandboxed), median(one), median(all));
        println!(
            "{name}\tserver {ours:.1}, all in the sandbox {sandboxed:.1}\tsharp, one thread {one:.1} (ratios {:.2}, \
             {:.2})\tsharp, default {all:.1} (ratios {:.2}, {:.2})",
            ours / one,
            sandboxed / one,
            ours / all,
            sandboxed / all
        );
    }
    std::fs::remove_file(file).unwrap();
}

async fn server_round(server: &Server, job: &Value) -> f64 {
    for _ in 0..3 {
        assert_eq!(server.run(job).await["state"], "succeeded");
    }
    let before = cpu_ms(server.pid());
    for _ in 0..PICTURES {
        assert_eq!(server.run(job).await["state"], "succeeded");
    }
    (cpu_ms(server.pid()) - before) / PICTURES as f64
}

fn sharp_round(file: &PathBuf, threads: usize, widths: &[u32]) -> f64 {
    let widths: Vec<String> = widths.iter().map(u32::to_string).collect();
    let output = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/bench/sharp.mjs"))
        .arg(file)
        .args([PICTURES.to_string(), threads.to_string(), widths.join(",")])
        .current_dir(bench_node())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// The folder in which `sharp` is installed.
fn bench_node() -> PathBuf {
    let folder = release_dir().parent().unwrap().join("bench-node");
    existing(folder.join("node_modules"), "make bench-tools");
    folder
}

/// CPU time that a process used so far, in user and system mode, in milliseconds.
pub(crate) fn cpu_ms(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The fields after the name, which may hold spaces; user and system ticks are the 12th and 13th of them, of
    // 10 ms each (USER_HZ is 100 on every Linux).
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) * 10.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A picture with the spectrum of a photograph: noise in nine octaves down to single pixels,
/// each half as coarse and nearly as strong as the one before, over slow gradients.
fn photo() -> Vec<u8> {
    const WIDTH: u32 = 4000;
    const HEIGHT: u32 = 3000;
    let lattice = |x: u32, y: u32, octave: u32| {
        let mut hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ octave.wrapping_mul(0xc2b2_ae3d);
        hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
        ((hash >> 8) & 0xffff) as f32 / 65535.0 - 0.5
    };
    let mut luma = vec![0f32; (WIDTH * HEIGHT) as usize];
    let mut strength = 56.0;
    for octave in 0..9 {
        let cell = 256 >> octave;
        for y in 0..HEIGHT {
            let (row, fy) = (y / cell, (y % cell) as f32 / cell as f32);
            for x in 0..WIDTH {
                let (column, fx) = (x / cell, (x % cell) as f32 / cell as f32);
                let top = lattice(column, row, octave) * (1.0 - fx) + lattice(column + 1, row, octave) * fx;
                let bottom = lattice(column, row + 1, octave) * (1.0 - fx) + lattice(column + 1, row + 1, octave) * fx;
                luma[(y * WIDTH + x) as usize] += (top * (1.0 - fy) + bottom * fy) * strength;
            }
        }
        strength *= 0.95;
    }
    let mut pixels = Vec::with_capacity(luma.len() * 3);
    for (at, value) in luma.iter().enumerate() {
        let (u, v) = ((at as u32 % WIDTH) as f32 / WIDTH as f32, (at as u32 / WIDTH) as f32 / HEIGHT as f32);
        pixels.push((90.0 + 80.0 * u + value).clamp(0.0, 255.0) as u8);
        pixels.push((100.0 + 60.0 * v + value * 0.9).clamp(0.0, 255.0) as u8);
        pixels.push((140.0 - 70.0 * u * v + value * 0.8).clamp(0.0, 255.0) as u8);
    }
    let raster = Raster::new(WIDTH, HEIGHT, PixelFormat::Rgb8, pixels).unwrap();
    let options = EncodeOptions { quality: 85, ..EncodeOptions::new(Format::Jpeg) };
    encode(&Picture::still(raster), &options).unwrap()
}
