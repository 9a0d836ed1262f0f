//! Looks for power that a plugin must not have, and tells what it found.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::{BuildHasher, RandomState};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs};

use safelight_sdk::{Image, Refusal};
use serde_json::{Value, json};

use crate::{Found, found};

/// "worked" or the error.
fn came_of<T, E: Debug>(result: Result<T, E>) -> Value {
    match result {
        Ok(_) => json!("worked"),
        Err(error) => json!(format!("{error:?}")),
    }
}

pub(crate) fn files(image: Image) -> Result<Found, Refusal> {
    let data = json!({
        "read": came_of(fs::read("/etc/passwd")),
        "read_relative": came_of(fs::read("Cargo.toml")),
        "write": came_of(fs::write("/tmp/hostile", b"was here")),
        "list": came_of(fs::read_dir("/")),
    });
    found(image, &data)
}

pub(crate) fn network(image: Image) -> Result<Found, Refusal> {
    let data = json!({
        "connect": came_of(TcpStream::connect("127.0.0.1:80")),
        "listen": came_of(TcpListener::bind("127.0.0.1:0")),
        "udp": came_of(UdpSocket::bind("127.0.0.1:0")),
        "resolve": came_of("localhost:80".to_socket_addrs()),
    });
    found(image, &data)
}

pub(crate) fn environment(image: Image) -> Result<Found, Refusal> {
    let variables: BTreeMap<String, String> = env::vars().collect();
    let arguments: Vec<String> = env::args().collect();
    let data = json!({
        "variables": variables,
        "arguments": arguments,
        "folder": env::current_dir().ok(),
    });
    found(image, &data)
}

pub(crate) fn clock(image: Image) -> Result<Found, Refusal> {
    let wall = || SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_nanos().to_string()).ok();
    let started = Instant::now();
    let first = wall();
    let mut sum = 0u64;
    for turn in 0..10_000_000u64 {
        sum = std::hint::black_box(sum ^ turn);
    }
    let data = json!({
        "wall_ns": [first, wall()],
        "elapsed_ns": started.elapsed().as_nanos().to_string(),
        "random": [RandomState::new().hash_one(sum).to_string(), RandomState::new().hash_one(sum).to_string()],
    });
    found(image, &data)
}
