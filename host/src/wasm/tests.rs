//! The boundary seen from the port: hostile programs, broken components, install and remove.
//!
//! The components come from `tests/programs`; `make plugins` builds them.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use safelight_codec::{PixelFormat, Raster};
use serde_json::json;

use super::{
    Config, Counts, Error, Origin, PluginLimits, PluginSummary, PluginsConfig, Registry, Snapshot, Wanted,
    engine::Build,
};
use crate::{
    error::{Code, Failure},
    job::Params,
    pipeline::{Call, CallError, Outcome, Rect, Size, Transforms, View},
};

pub(crate) fn component(name: &str) -> Vec<u8> {
    let path = component_path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `make plugins`", path.display()))
}

fn component_path(name: &str) -> PathBuf {
    target_dir().join("wasm32-wasip2/wasm").join(format!("{name}.wasm"))
}

fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from)
}

/// A folder that is removed in the end.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Dir {
        let path = std::env::temp_dir().join(format!("safelight-wasm-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&path).unwrap();
        Dir(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn with(self, name: &str, bytes: &[u8]) -> Dir {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Small limits. The bundled folder is `dir/bundled`, the operator's `dir/folder`, the data `dir/data`, assets lie in
/// `dir/tables` and `dir/models`.
pub(crate) fn open(dir: &Dir, change: impl FnOnce(&mut Config)) -> Result<Registry, Error> {
    let defaults = crate::config::Config::defaults();
    let mut config = defaults.wasm;
    config.deadline_ms = 20_000;
    config.memory_bytes = 128 << 20;
    config.max_instances = 8;
    change(&mut config);
    let bundled_dir = dir.0.join("bundled");
    let folder = dir.0.join("folder");
    std::fs::create_dir_all(&bundled_dir).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    // One cache for all tests, or each would compile the same components.
    let cache = target_dir().join("wasm-test-cache");
    let data_dir = dir.0.join("data");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::create_dir_all(&data_dir).unwrap();
    if !data_dir.join("cache").exists() {
        std::os::unix::fs::symlink(cache.canonicalize().unwrap(), data_dir.join("cache")).unwrap();
    }
    let assets = |name: &str| Some(dir.0.join(name)).filter(|path| path.is_dir()).unwrap_or_default();
    let (tables_dir, models_dir) = (assets("tables"), assets("models"));
    let plugins = PluginsConfig { bundled_dir, dir: folder, tables_dir, models_dir, ..defaults.plugins };
    Registry::open(&plugins, &config, &dir.0.join("data"))
}

/// What was counted of a plugin.
pub(super) fn counts(registry: &Registry, plugin: &str) -> Counts {
    let usage = registry.usage().into_iter().find(|usage| usage.plugin == plugin && usage.transform.is_none());
    usage.map(|usage| usage.counts).unwrap_or_default()
}

pub(super) fn wanted(owner: &str, name: &str) -> Wanted {
    Wanted {
        owner: owner.into(),
        name: name.into(),
        versions: Vec::new(),
        active: None,
        pins: Default::default(),
        off: None,
        versions_off: Default::default(),
        limits: Default::default(),
        grants: None,
    }
}

/// Installs a component for everybody, as the only one.
pub(super) fn install(registry: &Registry, component: &[u8]) -> Result<PluginSummary, Failure> {
    let plugin = registry.admit("", component)?;
    let digest = plugin.info.digest.clone();
    let only = Wanted { versions: vec![digest.clone()], active: Some(digest.clone()), ..wanted("", &plugin.info.name) };
    assert_eq!(registry.offer(vec![only], &[(digest, Bytes::copy_from_slice(component))].into()), Vec::<String>::new());
    Ok(plugin)
}

/// The component of a test program, which says that it is of another version.
pub(crate) fn as_version(component: &[u8], version: &str) -> Vec<u8> {
    let said = b"0.1.0Apache-2.0";
    let places: Vec<usize> =
        component.windows(said.len()).enumerate().filter(|(_, part)| part == said).map(|(at, _)| at).collect();
    let &[place] = &places[..] else { panic!("the version stands at {places:?}") };
    let mut component = component.to_vec();
    component[place..place + 5].copy_from_slice(version.as_bytes());
    component
}

/// The hostile plugin and the one that does nothing, neither of them bundled.
fn hostile(change: impl FnOnce(&mut Config)) -> (Dir, Registry) {
    let dir =
        Dir::new().with("folder/hostile.wasm", &component("hostile")).with("folder/empty.wasm", &component("empty"));
    let registry = open(&dir, change).unwrap();
    (dir, registry)
}

pub(super) fn call(snapshot: &Snapshot, name: &str, params: Params) -> Call {
    Call { transform: snapshot.resolve(name).unwrap(), params, images: Vec::new() }
}

pub(super) fn run(snapshot: &Snapshot, names: &[&str], image: &Raster) -> Result<Outcome, CallError> {
    let calls: Vec<Call> = names.iter().map(|name| call(snapshot, name, Params::new())).collect();
    let full = Size { width: image.width(), height: image.height() };
    let region = Rect { x: 0, y: 0, width: full.width, height: full.height };
    snapshot.run(&calls, Some(image), View { full, region })
}

pub(super) fn small() -> Raster {
    Raster::filled(4, 3, [10, 20, 30, 255])
}

#[test]
fn every_hostile_transform_meets_its_code_and_the_next_run_works() {
    let (_dir, registry) = hostile(|_| ());
    let snapshot = registry.snapshot();
    let meets = |name: &str, code: Code, message: &str| {
        let started = Instant::now();
        let error = run(&snapshot, &[name], &small()).expect_err(name);
        let failure = &error.failure;
        assert_eq!((error.call, failure.code), (0, code), "{name}: {failure}");
        assert!(failure.message.contains(message), "{name}: {failure}");
        assert!(started.elapsed() < Duration::from_secs(15), "{name} took {:?}", started.elapsed());
        let next = run(&snapshot, &["noop"], &small()).expect(name);
        assert_eq!(next.image, Some(small()), "after {name}");
    };
    meets("grow", Code::LimitMemory, "plugin hostile asked for");
    meets("stack", Code::LimitStack, "plugin hostile used up its stack");
    meets("flood", Code::LimitLog, "plugin hostile logged more than 200 lines");
    meets("talk", Code::LimitLog, "plugin hostile logged more than 200 lines");
    meets("huge_output", Code::LimitMemory, "134217728 are allowed");
    meets("trap", Code::PluginTrapped, "unreachable");
    meets("panic", Code::PluginTrapped, "the hostile plugin panics");
    meets("exit", Code::PluginTrapped, "asked to end the process with status 0");
    meets("wrong_size", Code::PluginMisbehaved, "4 x 3 px of 3 bytes need 36 bytes, 35 given");
    meets("zero_size", Code::PluginMisbehaved, "0 x 0 px is empty");
    meets("wrong_plan", Code::PluginMisbehaved, "gives 2 x 2 px, it planned 1 x 1 px");
    meets("no_image", Code::PluginMisbehaved, "gives no picture for no_image");
    meets("bad_json", Code::PluginMisbehaved, "data for bad_json that is not JSON");
    meets("refuse", Code::UnsupportedImage, "this plugin refuses every picture");
    meets("refuse_params", Code::InvalidParams, "x: is missing, expected a number from 1 to 2");

    let counts = counts(&registry, "hostile");
    assert_eq!((counts.runs, counts.refused, counts.trapped, counts.misbehaved, counts.limited), (15, 2, 3, 5, 5));
    assert!(counts.peak_bytes > 100 << 20 && counts.peak_bytes <= 128 << 20, "{counts:?}");
}

#[test]
fn a_deadline_ends_what_spins_and_what_sleeps() {
    let (_dir, registry) = hostile(|config| config.deadline_ms = 200);
    let snapshot = registry.snapshot();
    for name in ["spin", "sleep", "spin_in_plan"] {
        let started = Instant::now();
        let failure = run(&snapshot, &[name], &small()).expect_err(name).failure;
        assert_eq!(failure, Failure::new(Code::LimitTime, "plugin hostile ran for more than 200 ms"), "{name}");
        let elapsed = started.elapsed();
        assert!(elapsed >= Duration::from_millis(200) && elapsed < Duration::from_secs(5), "{name}: {elapsed:?}");
    }
}

#[test]
fn a_limit_of_one_plugin_is_that_of_no_other() {
    let (_dir, registry) = hostile(|config| {
        config.plugin.insert("hostile".to_owned(), super::PluginConfig { deadline_ms: Some(50), ..Default::default() });
    });
    let snapshot = registry.snapshot();
    let started = Instant::now();
    assert_eq!(run(&snapshot, &["spin"], &small()).unwrap_err().failure.code, Code::LimitTime);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(run(&snapshot, &["noop"], &small()).is_ok());

    // Less than the component begins with.
    let (_dir, registry) = hostile(|config| {
        config
            .plugin
            .insert("empty".to_owned(), super::PluginConfig { memory_bytes: Some(1 << 20), ..Default::default() });
    });
    let failure = run(&registry.snapshot(), &["noop"], &small()).unwrap_err().failure;
    assert_eq!(failure.code, Code::LimitMemory, "{failure}");
}

#[test]
fn a_result_over_the_limit_is_refused_whether_by_little_or_by_much() {
    let (_dir, registry) = hostile(|config| {
        config.output_bytes = 1 << 20;
        config.data_bytes = 10;
    });
    let snapshot = registry.snapshot();
    let square = |side| Raster::filled(side, side, [1, 2, 3, 4]);
    assert!(run(&snapshot, &["noop"], &square(512)).is_ok());
    let little = run(&snapshot, &["noop"], &square(513)).unwrap_err().failure;
    let expected = "plugin empty gives a picture of 1052676 bytes, 1048576 are allowed";
    assert_eq!(little, Failure::new(Code::LimitOutput, expected));
    // Here wasmtime is not to copy the bytes at all; that is known by the text of its error.
    let much = run(&snapshot, &["noop"], &square(2048)).unwrap_err().failure;
    assert_eq!(much.code, Code::LimitOutput, "{much}");
    let data = run(&snapshot, &["environment"], &small()).unwrap_err().failure;
    assert_eq!(data.code, Code::LimitOutput, "{data}");
    assert!(data.message.contains("gives data of"), "{data}");
    // A line that is larger than all that is taken over at once.
    let line = run(&snapshot, &["long_line"], &small()).unwrap_err().failure;
    assert_eq!(line.code, Code::LimitLog, "{line}");
}

#[test]
fn a_long_line_is_cut_and_a_polite_guest_is_told_that_memory_is_out() {
    let (_dir, registry) = hostile(|_| ());
    let snapshot = registry.snapshot();
    assert!(run(&snapshot, &["long_line"], &small()).is_ok());
    let polite = run(&snapshot, &["grow_politely"], &small()).unwrap();
    let mib = polite.data[0].as_ref().unwrap()["mib"].as_u64().unwrap();
    assert!((100..128).contains(&mib), "got {mib} MiB of 128");
    assert!(polite.peak_bytes > 100 << 20 && polite.peak_bytes <= 128 << 20);
}

#[test]
fn a_guest_finds_no_files_no_network_and_no_environment() {
    let (_dir, registry) = hostile(|_| ());
    let snapshot = registry.snapshot();
    for name in ["files", "network"] {
        let data = run(&snapshot, &[name], &small()).unwrap().data.remove(0).unwrap();
        let attempts = data.as_object().unwrap();
        assert_eq!(attempts.len(), 4);
        assert!(attempts.values().all(|came_of| came_of != "worked"), "{name}: {data}");
    }
    let data = run(&snapshot, &["environment"], &small()).unwrap().data.remove(0).unwrap();
    assert_eq!((&data["variables"], &data["arguments"]), (&json!({}), &json!([])), "{data}");
    assert!(!Path::new("/tmp/hostile").exists());
}

#[test]
fn clock_and_randomness_are_the_same_in_every_run_and_every_registry() {
    let (_dir, first) = hostile(|_| ());
    let (_other, second) = hostile(|_| ());
    let look = |registry: &Registry| run(&registry.snapshot(), &["clock"], &small()).unwrap().data.remove(0).unwrap();
    let data = look(&first);
    assert_eq!(data["wall_ns"], json!(["1767225600000000000", "1767225600000000000"]));
    assert_eq!(data["elapsed_ns"], "0");
    assert_ne!(data["random"][0], data["random"][1]);
    assert_eq!(data, look(&first));
    assert_eq!(data, look(&second));
}

#[test]
fn others_run_at_their_speed_while_hostile_ones_spin_sleep_and_grow() {
    let (_dir, registry) = hostile(|config| config.deadline_ms = 1_000);
    let snapshot = registry.snapshot();
    std::thread::scope(|scope| {
        for name in ["spin", "sleep", "grow", "flood"] {
            let snapshot = &snapshot;
            scope.spawn(move || assert!(run(snapshot, &[name], &small()).is_err()));
        }
        let started = Instant::now();
        let mut runs = 0;
        while started.elapsed() < Duration::from_millis(800) {
            assert_eq!(run(&snapshot, &["noop"], &small()).unwrap().image, Some(small()));
            runs += 1;
        }
        // Alone it does some ten thousand; the machine may be busy with much else.
        assert!(runs > 200, "{runs} runs in 800 ms");
    });
}

#[test]
fn more_callers_than_instances_wait_for_each_other() {
    let (_dir, registry) = hostile(|config| config.max_instances = 2);
    let snapshot = registry.snapshot();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    run(&snapshot, &["noop"], &small()).unwrap();
                }
            });
        }
    });
}

#[test]
fn runs_go_on_the_blocking_threads_of_a_runtime_and_a_registry_may_end_on_an_async_one() {
    let (_dir, registry) = hostile(|config| config.deadline_ms = 100);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async move {
        for (name, expected) in [("noop", None), ("sleep", Some(Code::LimitTime)), ("noop", None)] {
            let snapshot = registry.snapshot();
            let result = tokio::task::spawn_blocking(move || run(&snapshot, &[name], &small())).await.unwrap();
            assert_eq!(result.err().map(|error| error.failure.code), expected, "{name}");
        }
        drop(registry);
    });
}

#[test]
fn a_run_of_calls_passes_the_picture_on_and_an_error_names_its_call() {
    let (_dir, registry) = hostile(|_| ());
    let snapshot = registry.snapshot();
    let outcome = run(&snapshot, &["clock", "environment", "clock"], &small()).unwrap();
    assert_eq!(outcome.image, Some(small()));
    assert_eq!(outcome.data.len(), 3);
    assert!(outcome.peak_bytes >= 1 << 20 && outcome.elapsed > Duration::ZERO);
    let error = run(&snapshot, &["clock", "refuse", "clock"], &small()).unwrap_err();
    assert_eq!((error.call, error.failure.code), (1, Code::UnsupportedImage));
    let error = run(&snapshot, &["clock", "panic"], &small()).unwrap_err();
    assert!(error.failure.message.ends_with("(in the run clock, panic)"), "{error}");
    let error = run(&snapshot, &["clock", "noop"], &small()).unwrap_err();
    assert_eq!((error.call, error.failure.code), (1, Code::Internal), "two plugins in a run");
}

#[test]
fn a_plan_is_asked_for_once() {
    let (_dir, registry) = hostile(|_| ());
    let snapshot = registry.snapshot();
    let size = Size { width: 640, height: 480 };
    for _ in 0..5 {
        let planned = snapshot.plan(&call(&snapshot, "noop", Params::new()), size).unwrap();
        assert_eq!(planned.output, Some(size));
    }
    let plans = || counts(&registry, "empty").plans;
    assert_eq!(plans(), 1);
    snapshot.plan(&call(&snapshot, "noop", Params::new()), Size { width: 640, height: 481 }).unwrap();
    assert_eq!(plans(), 2);
}

#[test]
fn names_are_found_with_and_without_the_plugin_and_unknown_ones_are_named() {
    let (_dir, registry) = hostile(|_| ());
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.resolve("noop").unwrap().plugin.name, "empty");
    assert_eq!(snapshot.resolve("empty/noop").unwrap().name, "noop");
    for unknown in ["blu3r", "hostile/noop", "", "empty/"] {
        let failure = snapshot.resolve(unknown).unwrap_err();
        assert_eq!(failure.code, Code::UnknownTransform);
        assert_eq!(failure.message, format!("Unknown function named '{unknown}'"));
    }
    let noop = snapshot.resolve("noop").unwrap();
    let params = json!({"x": 1}).as_object().unwrap().clone();
    let failures = snapshot.check_params(&noop, &params);
    assert_eq!(failures, [Failure::new(Code::InvalidParams, "x: is unknown, noop takes no parameters here")]);
    assert_eq!(snapshot.check_params(&noop, &Params::new()), []);
}

#[test]
fn what_is_no_plugin_is_refused_with_its_reason() {
    let dir = Dir::new();
    let registry = open(&dir, |_| ()).unwrap();
    let refused = |bytes: &[u8], expected: &str| {
        let report = registry.check(bytes);
        let failure = registry.admit("", bytes).expect_err(expected);
        assert_eq!(report.problems.first(), Some(&failure));
        assert_eq!(failure.code, Code::PluginInvalid);
        assert!(failure.message.contains(expected), "{failure}, expected {expected}");
        assert!(registry.plugins().is_empty());
    };
    refused(b"", "not WebAssembly");
    refused(b"junk that is longer than a header", "not WebAssembly");
    refused(b"\0asm\x01\0\0\0", "core WebAssembly module, expected a component");
    refused(b"\0asm\x0d\0\x01\0junk", "cannot be compiled");
    let mut cut = component("empty");
    cut.truncate(cut.len() / 2);
    refused(&cut, "cannot be compiled");
    refused(&component("other_world"), "is of neither world of safelight:plugin@0.1.0 and 0.2.0");
    refused(&component("liar"), "two are named \"twin\"");
}

#[test]
fn an_import_that_is_not_offered_is_named() {
    // `(component (import "wasi:http/types@0.2.0" (instance)) (import "my:own/thing" (instance)))`
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.extend([0x07, 0x03, 0x01, 0x42, 0x00]);
    let imports = ["wasi:http/types@0.2.0", "my:own/thing"];
    let length: usize = 1 + imports.iter().map(|name| 4 + name.len()).sum::<usize>();
    bytes.extend([0x0a, length as u8, imports.len() as u8]);
    for name in imports {
        bytes.extend([0x00, name.len() as u8]);
        bytes.extend(name.as_bytes());
        bytes.extend([0x05, 0x00]);
    }
    let dir = Dir::new();
    let failure = open(&dir, |_| ()).unwrap().admit("", &bytes).unwrap_err();
    assert_eq!(failure.code, Code::PluginInvalid);
    assert!(
        failure.message.starts_with("the component imports my:own/thing, wasi:http/types@0.2.0, which is not offered"),
        "{failure}"
    );
}

#[test]
fn a_component_is_installed_and_removed_while_jobs_keep_theirs() {
    let dir = Dir::new();
    let registry = open(&dir, |_| ()).unwrap();
    let empty = component("empty");
    let before = registry.snapshot();
    let plugin = install(&registry, &empty).unwrap();
    assert_eq!((plugin.info.name.as_str(), plugin.info.bundled), ("empty", false));
    assert!(before.resolve("noop").is_err());
    let with = registry.snapshot();
    assert!(run(&with, &["noop"], &small()).is_ok());
    let listed = &registry.plugins()[0];
    assert_eq!((listed.origin, listed.bytes, listed.transforms.len()), (Origin::Installed, empty.len() as u64, 1));
    assert!(listed.imports.contains(&"safelight:plugin/log@0.2.0".to_owned()), "{:?}", listed.imports);

    assert_eq!(registry.offer(Vec::new(), &HashMap::new()), Vec::<String>::new());
    assert!(registry.snapshot().resolve("noop").is_err());
    assert!(run(&with, &["noop"], &small()).is_ok(), "a job that began before");
}

#[test]
fn accounts_see_their_versions_and_their_own_plugins() {
    let dir = Dir::new();
    let registry = open(&dir, |_| ()).unwrap();
    let versions = ["1.0.0", "2.0.0", "3.0.0"].map(|version| as_version(&component("empty"), version));
    let digest = |component: &[u8]| hex::encode(<sha2::Sha256 as sha2::Digest>::digest(component));
    let [one, two, own] = versions.each_ref().map(|component| digest(component));
    let components: HashMap<String, Bytes> =
        versions.iter().map(|component| (digest(component), Bytes::from(component.clone()))).collect();
    let everybodys = Wanted {
        versions: vec![two.clone(), one.clone()],
        active: Some(two),
        pins: [("shop".to_owned(), one)].into(),
        ..wanted("", "empty")
    };
    let owned = Wanted { versions: vec![own.clone()], active: Some(own), ..wanted("studio", "empty") };
    assert_eq!(registry.missing(&[everybodys.clone(), owned.clone()]).len(), 3);
    assert_eq!(registry.offer(vec![everybodys, owned], &components), Vec::<String>::new());
    let version = |account: &str, name: &str| registry.view(account).resolve(name).unwrap().plugin.version.clone();
    for name in ["noop", "empty/noop"] {
        assert_eq!(version("demo", name), "2.0.0");
        assert_eq!(version("shop", name), "1.0.0");
        assert_eq!(version("studio", name), "3.0.0");
    }
    assert_eq!(version("demo", "empty@1.0.0/noop"), "1.0.0", "by its number");
    assert_eq!(version("studio", "empty@2.0.0/noop"), "2.0.0");
    let hidden = registry.view("demo").resolve("empty@3.0.0/noop").unwrap_err();
    assert_eq!(hidden.code, Code::UnknownTransform, "the own one of another account");
    for account in ["demo", "shop", "studio"] {
        assert!(run(&registry.view(account), &["noop"], &small()).is_ok(), "{account}");
    }
    let owners: Vec<String> = registry.usage().into_iter().map(|usage| usage.owner).collect();
    assert_eq!(owners, ["", "", "studio", "studio"], "an account's own plugin is counted apart");
}

#[test]
fn what_is_off_says_so_and_limits_are_changed_in_place() {
    let dir = Dir::new();
    let registry = open(&dir, |_| ()).unwrap();
    install(&registry, &component("empty")).unwrap();
    let digest = registry.plugins()[0].info.digest.clone();
    let on = Wanted { versions: vec![digest.clone()], active: Some(digest.clone()), ..wanted("", "empty") };
    let why = Failure::new(Code::PluginDisabled, "plugin empty is disabled");
    let none = HashMap::new();
    registry.offer(vec![Wanted { off: Some(why.clone()), ..on.clone() }], &none);
    assert_eq!(registry.snapshot().resolve("noop").unwrap_err(), why);
    assert!(registry.plugins().is_empty() && registry.version("", &digest).is_some());
    registry.offer(vec![Wanted { versions_off: [(digest.clone(), why.clone())].into(), ..on.clone() }], &none);
    assert_eq!(registry.snapshot().resolve("empty/noop").unwrap_err(), why);
    let tight = PluginLimits { output_bytes: Some(10), ..PluginLimits::default() };
    registry.offer(vec![Wanted { limits: tight, ..on.clone() }], &none);
    let error = run(&registry.snapshot(), &["noop"], &small()).unwrap_err();
    assert_eq!(error.failure.code, Code::LimitOutput, "{}", error.failure);
    registry.offer(vec![on], &none);
    assert!(run(&registry.snapshot(), &["noop"], &small()).is_ok());
}

#[test]
fn trouble_is_reported_of_plugins_that_do_not_ship_with_the_host() {
    let reports = Arc::new(std::sync::Mutex::new(Vec::new()));
    let watched = |registry: &Registry| {
        let seen = reports.clone();
        registry.watch(Box::new(move |trouble| seen.lock().unwrap().push(trouble)));
        let snapshot = registry.snapshot();
        for name in ["trap", "refuse", "bad_json", "clock"] {
            let _ = run(&snapshot, &[name], &small());
        }
        std::mem::take(&mut *reports.lock().unwrap())
    };
    let (_dir, registry) = hostile(|_| ());
    let told = watched(&registry);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((told[0].plugin.as_str(), told[0].counts.trapped, told[1].counts.misbehaved), ("hostile", 1, 1));
    assert!(told[0].message.contains("trapped: "), "{}", told[0].message);
    let dir = Dir::new().with("bundled/hostile.wasm", &component("hostile"));
    assert_eq!(watched(&open(&dir, |config| config.check_bundled = true).unwrap()), []);
}

#[test]
fn a_component_can_be_added_without_being_kept() {
    let dir = Dir::new();
    let registry = open(&dir, |_| ()).unwrap();
    registry.add(&component("empty")).unwrap();
    assert!(run(&registry.snapshot(), &["noop"], &small()).is_ok());
    assert_eq!(registry.add(&component("empty")).unwrap_err().code, Code::Conflict);
    assert_eq!(registry.add(b"junk").unwrap_err().code, Code::PluginInvalid);
}

#[test]
fn a_look_at_a_component_tells_what_it_is_and_what_is_wrong() {
    let dir = Dir::new();
    let registry = open(&dir, |config| config.deadline_ms = 200).unwrap();
    let report = registry.check(&component("empty"));
    assert!(report.fits());
    let text = report.to_string();
    assert!(text.starts_with("empty 0.1.0 (Apache-2.0): Does nothing.\n"), "{text}");
    assert!(text.contains("\nof the world safelight:plugin/transformer@0.2.0\n"), "{text}");
    assert!(text.contains("safelight:plugin/log@0.2.0") && text.contains("offers noop (Filter)"), "{text}");
    assert!(text.ends_with("fits the contract"), "{text}");
    // One of its transforms never comes back from being planned.
    let report = registry.check(&component("hostile"));
    assert_eq!(report.problems.len(), 1, "{report}");
    assert_eq!(report.problems[0].code, Code::LimitTime);
    assert!(report.problems[0].message.starts_with("plan of spin_in_plan: "), "{report}");
    assert!(registry.plugins().is_empty() && registry.usage().is_empty());
}

#[test]
fn a_broken_file_is_left_out_unless_it_is_bundled() {
    let junk: &[u8] = b"junk";
    let dir = Dir::new()
        .with("folder/broken.wasm", junk)
        .with("folder/note.txt", junk)
        .with("folder/empty.wasm", &component("empty"));
    assert_eq!(open(&dir, |_| ()).unwrap().plugins().len(), 1);
    let dir = dir.with("bundled/broken.wasm", junk);
    let error = open(&dir, |_| ()).err().unwrap().to_string();
    assert!(error.contains("bundled/broken.wasm") && error.contains("not WebAssembly"), "{error}");
}

#[test]
fn a_clash_of_names_stops_the_start_and_an_install() {
    let dir = Dir::new().with("folder/one.wasm", &component("empty")).with("bundled/two.wasm", &component("empty"));
    let error = open(&dir, |_| ()).err().unwrap().to_string();
    assert!(error.contains("\"empty\"") && error.contains("folder/one.wasm"), "{error}");
    assert!(error.contains("bundled/two.wasm"), "{error}");

    std::fs::remove_file(dir.0.join("folder/one.wasm")).unwrap();
    let registry = open(&dir, |_| ()).unwrap();
    assert!(registry.plugins()[0].info.bundled);
    let failure = registry.admit("", &component("empty")).unwrap_err();
    assert_eq!(failure.code, Code::Conflict, "{failure}");
    assert!(registry.admit("shop", &component("empty")).is_ok(), "an account may hide it from itself");
}

#[test]
fn a_component_that_is_too_large_is_not_read() {
    let dir = Dir::new().with("folder/empty.wasm", &component("empty"));
    let defaults = crate::config::Config::defaults();
    let plugins = PluginsConfig { dir: dir.0.join("folder"), max_component_bytes: 1000, ..defaults.plugins };
    let config = Config { max_instances: 2, ..defaults.wasm };
    let registry = Registry::open(&plugins, &config, &dir.0.join("data")).unwrap();
    assert!(registry.plugins().is_empty());
    let failure = registry.admit("", &component("empty")).unwrap_err();
    assert!(failure.message.ends_with("1000 are allowed"), "{failure}");
}

#[test]
fn pictures_of_every_format_come_back_as_they_went_in() {
    let (_dir, registry) = hostile(|_| ());
    let snapshot: Arc<Snapshot> = registry.snapshot();
    for format in [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8] {
        let pixels = (0..7 * 5 * format.bytes_per_pixel()).map(|index| index as u8).collect();
        let image = Raster::new(7, 5, format, pixels).unwrap();
        assert_eq!(run(&snapshot, &["clock"], &image).unwrap().image, Some(image));
    }
}

#[test]
fn a_stored_component_is_run_and_offered_to_nobody() {
    let dir = Dir::new();
    let registry = Arc::new(open(&dir, |_| ()).unwrap());
    let stored = super::StoredComponents::new(registry.clone());
    let bytes = component("empty");
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    assert!(stored.at_hand(&digest).is_none());
    let loaded = stored.load(&bytes).unwrap();
    assert_eq!(loaded.transform, "noop");
    assert!(registry.snapshot().resolve("noop").is_err());
    let transform = loaded.transforms.resolve("noop").unwrap();
    assert_eq!(transform.plugin.digest, digest);
    let call = Call { transform, params: Params::new(), images: Vec::new() };
    let input = small();
    let size = Size { width: input.width(), height: input.height() };
    let region = Rect { x: 0, y: 0, width: size.width, height: size.height };
    let outcome = loaded.transforms.run(&[call], Some(&input), View { full: size, region }).unwrap();
    assert_eq!(outcome.image.unwrap().pixels(), input.pixels());
    assert!(stored.at_hand(&digest).is_some());
    for wrong in [&b"\0asm\x01\0\0\0"[..], b"nothing", b""] {
        assert_eq!(stored.load(wrong).err().unwrap().code, Code::PluginInvalid);
    }
}

#[test]
fn what_was_compiled_quickly_is_optimised_later_and_gives_the_same() {
    // A cache of its own, and empty.
    let dir = Dir::new().with("bundled/filter.wasm", &component("filter")).with("data/cache/new", b"");
    let blur = |registry: &Registry| {
        let snapshot = registry.snapshot();
        let params = serde_json::from_str(r#"{"sigma_px": 2.5}"#).unwrap();
        let pixels = (0..60 * 40 * 3).map(|index| (index * index / 7) as u8).collect();
        let image = Raster::new(60, 40, PixelFormat::Rgb8, pixels).unwrap();
        let full = Size { width: 60, height: 40 };
        let region = Rect { x: 0, y: 0, width: 60, height: 40 };
        snapshot.run(&[call(&snapshot, "blur", params)], Some(&image), View { full, region }).unwrap().image.unwrap()
    };
    let registry = open(&dir, |_| ()).unwrap();
    let filter = registry.snapshot().plugins[0].clone();
    let early = blur(&registry);
    registry.settle();
    assert_eq!(registry.unoptimised(), 0);
    assert!(!filter.is_unoptimised());
    assert_eq!(blur(&registry), early);
    drop(registry);

    // The next start finds it, and nothing is left to do.
    let again = open(&dir, |_| ()).unwrap();
    assert_eq!(again.unoptimised(), 0);
    assert!(!again.snapshot().plugins[0].is_unoptimised());
    assert_eq!(blur(&again), early);

    // With interruption checks it is other code, which the cache does not hold.
    let digest = &filter.info.digest;
    assert!(!again.host().engines.is_optimised(Build::Checked, digest));
    let checked = open(&dir, |config| config.check_bundled = true).unwrap();
    checked.settle();
    assert!(checked.host().engines.is_optimised(Build::Checked, digest));
    assert_eq!(blur(&checked), early);
}
