//! Runs every kernel natively on a 12-megapixel RGBA picture and prints `kernel<TAB>ms`: the median
//! CPU time of the thread. An argument restricts it to the kernels whose name contains it.
//!
//! ```text
//! cargo run --release -p safelight-kernels --example kernel_bench -- blur
//! ```

use std::io::Write;

#[path = "../../../tests/programs/bench/src/kernels.rs"]
mod kernels;

const SIZE: (u32, u32) = (4000, 3000);
const RUNS: usize = 7;

fn main() -> std::io::Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let mut pixels = picture();
    let mut out = std::io::stdout();
    for kernel in kernels::NAMES.iter().filter(|name| name.contains(&wanted)) {
        kernels::run(kernel, &mut pixels, SIZE);
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let before = cpu_ns()?;
            kernels::run(kernel, &mut pixels, SIZE);
            times.push(cpu_ns()? - before);
        }
        times.sort_unstable();
        writeln!(out, "{kernel}\t{:.1}", times[RUNS / 2] as f64 / 1e6)?;
    }
    Ok(())
}

/// Opaque noise over a gradient, the same every time.
fn picture() -> Vec<u8> {
    let mut state = 1u32;
    let pixel = |index: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = (index % SIZE.0 / 32) as u8;
        [value, (state >> 24) as u8, value ^ (state >> 26) as u8, 255]
    };
    (0..SIZE.0 * SIZE.1).flat_map(pixel).collect()
}

/// CPU time of this thread in nanoseconds: the first field of Linux's schedstat.
fn cpu_ns() -> std::io::Result<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = text.split_whitespace().next().and_then(|field| field.parse().ok());
    first.ok_or_else(|| std::io::Error::other("schedstat has no number"))
}
