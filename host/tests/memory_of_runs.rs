//! Runs leave nothing behind in the host's memory. A test binary of its own, as it looks at the whole
//! process.

use std::path::{Path, PathBuf};

use safelight::{
    config::Config,
    job::Params,
    pipeline::{Call, Rect, Size, Transforms, View},
    wasm::{PluginsConfig, Registry},
};
use safelight_codec::Raster;

/// What a thousand runs may leave, in bytes: allocators keep a little.
const LEEWAY_BYTES: u64 = 8 << 20;

#[test]
fn memory_does_not_grow_with_runs_that_work_trap_or_meet_a_limit() {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let components = target.join("wasm32-wasip2/wasm");
    assert!(components.join("hostile.wasm").exists(), "{}: run `make plugins`", components.display());
    let dir = std::env::temp_dir().join(format!("safelight-memory-{}", std::process::id()));
    let folder = dir.join("folder");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["empty.wasm", "hostile.wasm"] {
        std::fs::copy(components.join(name), folder.join(name)).unwrap();
    }
    let mut config = Config::defaults();
    config.wasm.memory_bytes = 16 << 20;
    config.wasm.plan_cache = 64;
    let plugins = PluginsConfig { dir: folder, ..config.plugins };
    let registry = Registry::open(&plugins, &config.wasm, &dir).unwrap();
    registry.settle();
    let snapshot = registry.snapshot();

    let names = ["noop", "trap", "panic", "grow", "stack", "flood", "refuse", "bad_json", "talk", "environment"];
    let calls = names.map(|name| Call {
        transform: snapshot.resolve(name).unwrap(),
        params: Params::new(),
        images: Vec::new(),
    });
    let round = |number: u32| {
        for call in &calls {
            // Sizes differ, so that plans are asked for too.
            let image = Raster::filled(100 + number, 100, [1, 2, 3, 255]);
            let full = Size { width: image.width(), height: image.height() };
            let region = Rect { x: 0, y: 0, width: full.width, height: full.height };
            let result = snapshot.run(std::slice::from_ref(call), Some(&image), View { full, region });
            let works = ["noop", "environment"].contains(&call.transform.name.as_str());
            assert_eq!(result.is_ok(), works, "{}", call.transform.name);
        }
    };
    (0..20).for_each(round);
    let before = resident_bytes();
    (20..120).for_each(round);
    let after = resident_bytes();
    std::fs::remove_dir_all(&dir).ok();
    assert!(after < before + LEEWAY_BYTES, "{before} bytes before, {after} after 1000 runs");
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells what a process uses");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS is in it");
    line.trim_end_matches("kB").trim().parse::<u64>().expect("a number") * 1024
}
