//! Uses without end of time, memory, stack and log.

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use safelight_sdk::{Image, PixelFormat, Refusal, log};
use serde_json::json;

use crate::{Found, found};

pub(crate) fn forever() -> ! {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

pub(crate) fn spin(_: Image) -> Result<Found, Refusal> {
    forever()
}

pub(crate) fn sleep(image: Image) -> Result<Found, Refusal> {
    std::thread::sleep(Duration::from_secs(3600));
    Ok((image, None))
}

pub(crate) fn grow(_: Image) -> Result<Found, Refusal> {
    let mut kept = Vec::new();
    loop {
        kept.push(black_box(vec![1u8; 1 << 20]));
    }
}

pub(crate) fn grow_politely(image: Image) -> Result<Found, Refusal> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(1 << 20).is_err() {
            return found(image, &json!({ "mib": kept.len() }));
        }
        piece.resize(1 << 20, 1);
        kept.push(black_box(piece));
    }
}

pub(crate) fn stack(image: Image) -> Result<Found, Refusal> {
    deeper(1);
    Ok((image, None))
}

#[expect(unconditional_recursion, reason = "that is what it is for")]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    deeper(depth + 1) + frame[3]
}

pub(crate) fn flood(_: Image) -> Result<Found, Refusal> {
    let mut line = 0u64;
    loop {
        log::info(&format!("line {line} of too many"));
        line += 1;
    }
}

pub(crate) fn long_line(image: Image) -> Result<Found, Refusal> {
    log::info(&"x".repeat(100_000_000));
    Ok((image, None))
}

pub(crate) fn talk(image: Image) -> Result<Found, Refusal> {
    for line in 0..1_000_000 {
        // The host may close either; that is its right.
        let _ = writeln!(std::io::stdout(), "output {line}");
        let _ = writeln!(std::io::stderr(), "error {line}");
    }
    Ok((image, None))
}

pub(crate) fn huge_output(_: Image) -> Result<Found, Refusal> {
    let pixels = vec![7; 1 << 30];
    Ok((Image { width: 65_535, height: 65_535, format: PixelFormat::Gray8, pixels }, None))
}
