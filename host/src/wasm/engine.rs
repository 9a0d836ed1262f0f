//! The wasmtime engines, the ticker that ends runaway guests, and the slots that guests wait for.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use wasmtime::{Cache, CacheConfig, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

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

/// Two engines with the same settings but one.
pub(super) struct Engines {
    /// Loops and calls look at the deadline.
    checked: Engine,
    /// They do not: for code whose loops are known to end.
    unchecked: Engine,
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
        cache_config.with_directory(cache_dir);
        let cache = Cache::new(cache_config).map_err(engine_error)?;
        let engine = |checked| Engine::new(&settings(config, checked, cache.clone())).map_err(engine_error);
        let checked = engine(true)?;
        tick(&checked, Duration::from_millis(config.epoch_ms))?;
        let timer = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .thread_name("wasm-timer")
            .build()
            .map_err(|error| Error::Engine(format!("cannot start the timer: {error}")))?;
        Ok(Engines { checked, unchecked: engine(false)?, timer: Some(timer), slots: Slots::new(config.max_instances) })
    }

    /// The engine with interruption checks, or the one without.
    pub(super) fn get(&self, checked: bool) -> &Engine {
        if checked { &self.checked } else { &self.unchecked }
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

fn settings(config: &Config, checked: bool, cache: Cache) -> wasmtime::Config {
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
        .epoch_interruption(checked)
        .max_wasm_stack(config.stack_bytes)
        .async_stack_size(config.stack_bytes + HOST_STACK_BYTES)
        .wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES))
        // The contract is synchronous; without this every store would carry the state of an async one.
        .concurrency_support(false)
        // Same inputs, same bytes: a relaxed instruction may differ from one processor to the next. The
        // bits of a NaN may still differ between processor families; making them equal would cost every
        // float operation, and pixels are whole numbers.
        .relaxed_simd_deterministic(true)
        // No guest has a use for these here.
        .wasm_memory64(false);
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
