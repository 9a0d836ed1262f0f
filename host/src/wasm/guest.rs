//! What the host keeps for one instance: its limits, its log, and a WASI context that is empty.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use wasmtime::{ResourceLimiter, component::ResourceTable};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use super::{
    capabilities::Access,
    engine::TABLE_ELEMENTS,
    log::{Log, Stdio, Stream},
};

/// The time that guests see: 2026-01-01T00:00:00Z, in seconds since the Unix epoch.
const WALL_CLOCK_S: u64 = 1_767_225_600;

/// Where randomness begins, in every run anew.
const SEED: u64 = 0x5AFE_1164_7000_0001;

/// Streams, pollables and the like that one guest may hold. Each costs the host some memory.
pub(super) const MAX_HANDLES: usize = 1000;

/// The most random bytes that one call may ask for: the host makes them before it hands them over.
const MAX_RANDOM_BYTES: u64 = 1 << 20;

/// The data of a store.
pub(super) struct Guest {
    pub(super) memory: Memory,
    pub(super) log: Arc<Mutex<Log>>,
    pub(super) access: Arc<Access>,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl Guest {
    pub(super) fn new(memory_bytes: u64, log: Log, access: Arc<Access>) -> Guest {
        let log = Arc::new(Mutex::new(log));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        let wasi = WasiCtx::builder()
            .stdout(Stdio { stream: Stream::Out, log: log.clone() })
            .stderr(Stdio { stream: Stream::Error, log: log.clone() })
            .wall_clock(Still)
            .monotonic_clock(Still)
            .secure_random(Seeded(SEED))
            .insecure_random(Seeded(SEED + 1))
            .insecure_random_seed(u128::from(SEED))
            .max_random_size(MAX_RANDOM_BYTES)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        let memory = Memory { limit: memory_bytes, used: 0, peak: 0, refused: None };
        Guest { memory, log, access, wasi, table }
    }

    /// The log, to read or to add to.
    pub(super) fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Counts linear memory and refuses what is over the limit.
pub(super) struct Memory {
    limit: u64,
    used: u64,
    /// The most that was in use, in bytes, over all memories of the instance.
    pub(super) peak: u64,
    /// What the guest asked for when it was refused, for the message: a guest that was refused memory
    /// usually traps next.
    pub(super) refused: Option<String>,
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self.used + (desired.saturating_sub(current)) as u64;
        // The guest's own maximum is not a limit of ours, the end of the address space is.
        let own_maximum = maximum.is_some_and(|maximum| desired > maximum && (maximum as u64) < self.limit);
        let over = used > self.limit || maximum.is_some_and(|maximum| desired > maximum);
        if over {
            if !own_maximum {
                self.refused.get_or_insert_with(|| format!("{used} bytes of memory, {} are allowed", self.limit));
            }
            return Ok(false);
        }
        self.used = used;
        self.peak = self.peak.max(used);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.refused.get_or_insert_with(|| format!("memory that the machine does not have: {error}"));
        Ok(())
    }

    fn table_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS || maximum.is_some_and(|maximum| desired > maximum) {
            self.refused.get_or_insert_with(|| {
                format!("a table of {desired} elements, {} are allowed", maximum.unwrap_or(TABLE_ELEMENTS))
            });
            return Ok(false);
        }
        Ok(true)
    }
}

/// A clock that stands still.
struct Still;

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(WALL_CLOCK_S)
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        // Go's runtime does not start at zero.
        1
    }
}

/// Numbers that look random and are always the same.
///
/// Source: SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014, figure 17. Written out here because a library may change its generator, and results
/// are kept under the plugin's digest for good.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl rand::TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
