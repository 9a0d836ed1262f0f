//! The wasmtime engines, the ticker that ends runaway guests, and the slots that guests wait for.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use wasmtime::{
    Cache, CacheConfig, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    RegallocAlgorithm,
};

use super::{Config, Error, outcome::BACKTRACE_FRAMES};

/// Host frames (lifting, logging) run on the guest's stack, above the part that the guest may use.
const HOST_STACK_BYTES: usize = 1 << 20;

/// How many core instances, tables and memories one component may be made of. Rust and C need a few;
/// an interpreter that is linked from shared libraries needs about twenty instances.
const PARTS: u32 = 32;
const TABLES: u32 = 8;
const MEMORIES: u32 = 2;

/// The largest table in elements: one function pointer each.
pub(super) const TABLE_ELEMENTS: usize = 50_000;

/// How much more stack code of [`Build::Quick`] may use: its frames are larger.
const QUICK_STACKS: usize = 4;

/// How a component is compiled, which is also the engine that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Build {
    /// In a third of the time, for two to three times as slow code, with interruption checks: what runs until the
    /// other one is there.
    Quick,
    /// Optimised; loops and calls look at the deadline.
    Checked,
    /// Optimised, without interruption checks: for code whose loops are known to end.
    Unchecked,
}

impl Build {
    /// Whether loops and calls look at the deadline.
    pub(super) fn has_checks(self) -> bool {
        self != Build::Unchecked
    }
}

/// One engine for each [`Build`].
pub(super) struct Engines {
    quick: Engine,
    checked: Engine,
    unchecked: Engine,
    /// Where it is noted which components the cache holds optimised.
    optimised_dir: PathBuf,
    /// Drives the timers of guests that sleep. Guests themselves run on the caller's thread.
    timer: Option<tokio::runtime::Runtime>,
    slots: Slots,
}

impl Engines {
    /// Makes the engines. Compiled components are kept in `cache_dir`, which is made if it is missing;
    /// who can write there can run native code in the host.
    pub(super) fn new(config: &Config, cache_dir: &Path) -> Result<Engines, Error> {
        let engine_error = |error: wasmtime::Error| Error::Engine(format!("{error:#}"));
        let cache_dir = std::path::absolute(cache_dir)
            .and_then(|dir| std::fs::create_dir_all(&dir).map(|()| dir))
            .map_err(|error| Error::Folder { path: cache_dir.to_owned(), reason: error.to_string() })?;
        let mut cache_config = CacheConfig::new();
        let optimised_dir = cache_dir.join("optimised");
        cache_config.with_directory(cache_dir);
        let cache = Cache::new(cache_config).map_err(engine_error)?;
        let engine = |build| {
            let engine = Engine::new(&settings(config, build, cache.clone())).map_err(engine_error)?;
            if build.has_checks() {
                tick(&engine, Duration::from_millis(config.epoch_ms))?;
            }
            Ok(engine)
        };
        let timer = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .thread_name("wasm-timer")
            .build()
            .map_err(|error| Error::Engine(format!("cannot start the timer: {error}")))?;
        Ok(Engines {
            quick: engine(Build::Quick)?,
            checked: engine(Build::Checked)?,
            unchecked: engine(Build::Unchecked)?,
            optimised_dir,
            timer: Some(timer),
            slots: Slots::new(config.max_instances),
        })
    }

    /// The engine for a build.
    pub(super) fn get(&self, build: Build) -> &Engine {
        match build {
            Build::Quick => &self.quick,
            Build::Checked => &self.checked,
            Build::Unchecked => &self.unchecked,
        }
    }

    /// Whether the optimised code of a component was put into the cache, by this process or an earlier one.
    pub(super) fn is_optimised(&self, build: Build, digest: &str) -> bool {
        self.note(build, digest).is_file()
    }

    /// Notes that the cache holds the optimised code of a component. Where the note cannot be written, the component
    /// is compiled quickly once more at the next start.
    pub(super) fn note_optimised(&self, build: Build, digest: &str) {
        let note = self.note(build, digest);
        let written = std::fs::create_dir_all(&self.optimised_dir).and_then(|()| std::fs::write(&note, ""));
        if let Err(error) = written {
            tracing::warn!(path = %note.display(), %error, "cannot note that a component was compiled");
        }
    }

    /// An empty file that is named after the component and all that its code depends on.
    fn note(&self, build: Build, digest: &str) -> PathBuf {
        let mut settings = DefaultHasher::new();
        self.get(build).precompile_compatibility_hash().hash(&mut settings);
        self.optimised_dir.join(format!("{digest}-{:016x}", settings.finish()))
    }

    /// Runs a guest's future on this thread, for at most `deadline`; none if it was not done by then.
    ///
    /// The time ends a guest that sleeps; one that computes does not yield, the epoch ends it.
    pub(super) fn block_on<F: Future>(&self, deadline: Duration, future: F) -> Option<F::Output> {
        let runtime = self.timer.as_ref().expect("the timer lives as long as the engines");
        runtime.block_on(async { tokio::time::timeout(deadline, future).await.ok() })
    }

    /// Waits until an instance may be made.
    pub(super) fn slot(&self) -> Slot<'_> {
        self.slots.take()
    }
}

impl Drop for Engines {
    fn drop(&mut self) {
        // A plain drop would wait for the timer thread, which async code must not do.
        if let Some(timer) = self.timer.take() {
            timer.shutdown_background();
        }
    }
}

fn settings(config: &Config, build: Build, cache: Cache) -> wasmtime::Config {
    let stack_bytes = if build == Build::Quick { config.stack_bytes * QUICK_STACKS } else { config.stack_bytes };
    let mut pool = PoolingAllocationConfig::new();
    pool.linear_memory_keep_resident(config.keep_resident_bytes)
        .table_keep_resident(1 << 20)
        .max_unused_warm_slots(config.warm_instances)
        .pagemap_scan(Enabled::Auto)
        .total_component_instances(config.max_instances)
        .total_core_instances(config.max_instances.saturating_mul(PARTS))
        .max_core_instances_per_component(PARTS)
        .total_memories(config.max_instances.saturating_mul(MEMORIES))
        .max_memories_per_component(MEMORIES)
        .total_tables(config.max_instances.saturating_mul(TABLES))
        .max_tables_per_component(TABLES)
        .max_tables_per_module(TABLES)
        .table_elements(TABLE_ELEMENTS)
        .total_stacks(config.max_instances);
    let mut settings = wasmtime::Config::new();
    settings
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .cache(Some(cache))
        .epoch_interruption(build.has_checks())
        .max_wasm_stack(stack_bytes)
        .async_stack_size(stack_bytes + HOST_STACK_BYTES)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES))
        // The contract is synchronous; without this every store would carry the state of an async one.
        .concurrency_support(false)
        // Same inputs, same bytes: a relaxed instruction may differ from one processor to the next. The
        // bits of a NaN may still differ between processor families; making them equal would cost every
        // float operation, and pixels are whole numbers.
        .relaxed_simd_deterministic(true)
        // No guest has a use for these here.
        .wasm_memory64(false);
    if build == Build::Quick {
        settings.cranelift_opt_level(OptLevel::None).cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
    }
    settings
}

/// Advances the epoch until the engine is gone.
fn tick(engine: &Engine, period: Duration) -> Result<(), Error> {
    let engine = engine.weak();
    let run = move || {
        loop {
            std::thread::sleep(period);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => break,
            }
        }
    };
    std::thread::Builder::new()
        .name("wasm-epoch".to_owned())
        .spawn(run)
        .map(|_| ())
        .map_err(|error| Error::Engine(format!("cannot start the epoch ticker: {error}")))
}

/// Places for instances: the pool refuses what exceeds it, so callers wait here instead.
struct Slots {
    free: Mutex<u32>,
    freed: Condvar,
}

impl Slots {
    fn new(count: u32) -> Slots {
        Slots { free: Mutex::new(count), freed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, u32> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Slot<'_> {
        let mut free = self.lock();
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
        Slot(self)
    }
}

/// A place that is held; given back when dropped.
pub(super) struct Slot<'a>(&'a Slots);

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.lock() += 1;
        self.0.freed.notify_one();
    }
}
