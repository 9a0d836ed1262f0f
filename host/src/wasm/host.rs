//! One call of a guest: fresh store and instance, limits set, deadline kept.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use wasmtime::{
    Store, UpdateDeadline,
    component::{Component, InstancePre, Linker},
};

use super::{
    Config, Error, PluginLimits, PluginsConfig,
    capabilities::{Access, Files},
    engine::{Build, Engines},
    fonts,
    guest::{Guest, MAX_HANDLES},
    linker::linker,
    log::Log,
    models::Models,
    outcome::{OverLimit, sort},
    plans::Plans,
    tables,
    trouble::{Trouble, Watch},
};
use crate::error::{Code, Failure};

/// What a call may use.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limits {
    pub(super) deadline: Duration,
    pub(super) memory_bytes: u64,
    pub(super) output_bytes: u64,
    pub(super) data_bytes: u64,
    pub(super) log_lines: u32,
    pub(super) log_line_bytes: usize,
}

impl Limits {
    /// The general limits with what `[wasm.plugin.NAME]` says otherwise.
    pub(super) fn of(config: &Config, plugin: &str) -> Limits {
        let general = Limits {
            deadline: Duration::from_millis(config.deadline_ms),
            memory_bytes: config.memory_bytes,
            output_bytes: config.output_bytes,
            data_bytes: config.data_bytes,
            log_lines: config.log_lines,
            log_line_bytes: config.log_line_bytes,
        };
        match config.plugin.get(plugin) {
            Some(own) => general.but(&own.limits()),
            None => general,
        }
    }

    /// With what is said otherwise.
    pub(super) fn but(self, other: &PluginLimits) -> Limits {
        Limits {
            deadline: other.deadline_ms.map_or(self.deadline, Duration::from_millis),
            memory_bytes: other.memory_bytes.unwrap_or(self.memory_bytes),
            output_bytes: other.output_bytes.unwrap_or(self.output_bytes),
            data_bytes: other.data_bytes.unwrap_or(self.data_bytes),
            log_lines: other.log_lines.unwrap_or(self.log_lines),
            ..self
        }
    }
}

/// What a call took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) elapsed: Duration,
    pub(super) peak_bytes: u64,
}

/// A world that a component fits: makes instances with the exports of that world.
pub(super) trait World {
    /// An instance of it.
    type Instance;

    /// Checks that a component fits.
    fn of(component: InstancePre<Guest>) -> wasmtime::Result<Self>
    where
        Self: Sized;

    /// Makes one.
    async fn instantiate(&self, store: &mut Store<Guest>) -> wasmtime::Result<Self::Instance>;
}

/// A compiled component.
pub(super) struct Compiled {
    pub(super) component: Component,
    pub(super) build: Build,
}

/// The native code of a component that fits a world.
struct Native<W> {
    world: W,
    build: Build,
}

impl<W: World> Native<W> {
    fn new(host: &Host, compiled: &Compiled) -> wasmtime::Result<Arc<Native<W>>> {
        let linked = host.linker(compiled.build).instantiate_pre(&compiled.component)?;
        Ok(Arc::new(Native { world: W::of(linked)?, build: compiled.build }))
    }
}

/// What instances are made of. Its code may be replaced by faster code of the same component; calls under way stay
/// with what they began with.
pub(super) struct Program<W> {
    /// The plugin's name, for the log.
    name: Arc<str>,
    /// What it may read.
    access: Arc<Access>,
    code: RwLock<Arc<Native<W>>>,
}

impl<W: World> Program<W> {
    /// Links a component; the error says what it does not fit.
    pub(super) fn new(host: &Host, compiled: &Compiled) -> wasmtime::Result<Program<W>> {
        // Its name is not known before it has told it, nor what it asks for.
        let access = Arc::new(Access::none(host.files.clone()));
        Ok(Program { name: "(new)".into(), access, code: RwLock::new(Native::new(host, compiled)?) })
    }

    pub(super) fn named(self, name: &str, access: Arc<Access>) -> Program<W> {
        Program { name: name.into(), access, ..self }
    }

    /// Runs this code from now on.
    pub(super) fn replace(&self, host: &Host, compiled: &Compiled) -> wasmtime::Result<()> {
        let code = Native::new(host, compiled)?;
        *self.code.write().unwrap_or_else(PoisonError::into_inner) = code;
        Ok(())
    }

    fn code(&self) -> Arc<Native<W>> {
        self.code.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What all plugins share.
pub(super) struct Host {
    pub(super) engines: Engines,
    pub(super) config: Config,
    plans: Mutex<Plans>,
    quick_linker: Linker<Guest>,
    checked_linker: Linker<Guest>,
    unchecked_linker: Linker<Guest>,
    pub(super) files: Arc<Files>,
    epoch: Duration,
    watch: OnceLock<Box<Watch>>,
}

impl Host {
    pub(super) fn new(plugins: &PluginsConfig, config: &Config, cache_dir: &std::path::Path) -> Result<Host, Error> {
        let engines = Engines::new(config, cache_dir)?;
        let link = |build| linker(engines.get(build)).map_err(|error| Error::Engine(format!("{error:#}")));
        Ok(Host {
            quick_linker: link(Build::Quick)?,
            checked_linker: link(Build::Checked)?,
            unchecked_linker: link(Build::Unchecked)?,
            engines,
            files: Arc::new(Files {
                fonts: fonts::open(&plugins.fonts_dir)?,
                tables: tables::open(&plugins.tables_dir)?,
                models: Models::open(&plugins.models_dir)?,
            }),
            plans: Mutex::new(Plans::new(config.plan_cache)),
            epoch: Duration::from_millis(config.epoch_ms),
            config: config.clone(),
            watch: OnceLock::new(),
        })
    }

    /// Has trouble reported from now on; the first who asks stays the one.
    pub(super) fn watch_over(&self, watch: Box<Watch>) {
        let _ = self.watch.set(watch);
    }

    /// Reports trouble to who watches.
    pub(super) fn report(&self, trouble: impl FnOnce() -> Trouble) {
        if let Some(watch) = self.watch.get() {
            watch(trouble());
        }
    }

    /// The linker of a build's engine.
    fn linker(&self, build: Build) -> &Linker<Guest> {
        match build {
            Build::Quick => &self.quick_linker,
            Build::Checked => &self.checked_linker,
            Build::Unchecked => &self.unchecked_linker,
        }
    }

    /// The plans that are known.
    pub(super) fn plans(&self) -> MutexGuard<'_, Plans> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an instance, calls it and drops it. Blocks until a slot is free and the call is over.
    ///
    /// `taken_bytes`: the most that is taken over from the guest at once, in bytes as they lie in the
    /// host. It is checked before anything is copied.
    pub(super) fn call<R, W: World>(
        &self,
        program: &Program<W>,
        limits: &Limits,
        taken_bytes: usize,
        call: impl AsyncFnOnce(&mut Store<Guest>, &W::Instance) -> wasmtime::Result<R>,
    ) -> (Result<R, Failure>, Cost) {
        let _slot = self.engines.slot();
        let started = Instant::now();
        let log = Log::new(program.name.clone(), limits.log_lines, limits.log_line_bytes);
        let guest = Guest::new(limits.memory_bytes, log, program.access.clone());
        let code = program.code();
        let mut store = Store::new(self.engines.get(code.build), guest);
        store.limiter(|guest| &mut guest.memory);
        store.set_hostcall_fuel(taken_bytes);
        store.set_max_component_handles(MAX_HANDLES);
        let too_long = OverLimit(Failure::new(
            Code::LimitTime,
            format!("plugin {} ran for more than {} ms", program.name, limits.deadline.as_millis()),
        ));
        if code.build.has_checks() {
            self.watch(&mut store, started + limits.deadline, too_long.0.clone());
        }
        let run = async {
            let instance = code.world.instantiate(&mut store).await?;
            call(&mut store, &instance).await
        };
        let result = match self.engines.block_on(limits.deadline, run) {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(sort(&error, store.data(), &program.name, taken_bytes)),
            None => Err(too_long.0),
        };
        store.data().log().finish();
        (result, Cost { elapsed: started.elapsed(), peak_bytes: store.data().memory.peak })
    }

    /// Ends the guest at the first tick after the deadline.
    fn watch(&self, store: &mut Store<Guest>, deadline: Instant, failure: Failure) {
        let epoch = self.epoch;
        // One tick more than fits in, as the current one has begun already.
        let ticks = move || {
            let left = deadline.saturating_duration_since(Instant::now());
            1 + (left.as_micros() / epoch.as_micros()) as u64
        };
        store.set_epoch_deadline(ticks());
        store.epoch_deadline_callback(move |_| {
            // Ticks may come late or early, the clock decides.
            if Instant::now() < deadline {
                Ok(UpdateDeadline::Continue(ticks()))
            } else {
                Err(OverLimit(failure.clone()).into())
            }
        });
    }
}
