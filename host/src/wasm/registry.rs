//! From folders of components to what accounts see of them; looking at a component.

use std::{
    collections::{HashMap, VecDeque},
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use sha2::{Digest, Sha256};

use super::{
    Config, Error, PluginsConfig, Usage,
    counters::{AllCounters, Scope},
    grants::Grants,
    host::Host,
    installed::Current,
    optimiser::Optimiser,
    plugin::{Origin, Plugin},
    snapshot::{PluginSummary, Snapshot},
};
use crate::{
    error::{Code, Failure},
    job::Params,
    pipeline::{Call, Kind, PluginInfo, Size},
};

/// All plugins, now and after changes.
///
/// Its calls block (they compile and run guests): never make them on an async thread, but for
/// [`Registry::snapshot`], [`Registry::view`], [`Registry::plugins`] and [`Registry::usage`].
pub struct Registry {
    host: Arc<Host>,
    counters: AllCounters,
    optimiser: Optimiser,
    current: RwLock<Arc<Current>>,
    /// Held while a change is made, so that two never mix.
    change: Mutex<()>,
    max_component_bytes: u64,
}

/// What a look at a component found.
#[derive(Clone, Debug)]
pub struct Report {
    /// SHA-256 of the component, in lower-case hex.
    pub digest: String,
    /// The component's size.
    pub bytes: u64,
    /// What it is; none when it does not fit the contract, the first problem then says why.
    pub plugin: Option<PluginSummary>,
    /// What must be mended before it can be installed.
    pub problems: Vec<Failure>,
}

impl Report {
    /// Whether the component may be installed.
    pub fn fits(&self) -> bool {
        self.problems.is_empty()
    }
}

/// For people: what it is, what it imports and offers, and what must be mended.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(plugin) = &self.plugin {
            let info = &plugin.info;
            writeln!(f, "{} {} ({}): {}", info.name, info.version, info.license, info.summary)?;
        }
        writeln!(f, "{} bytes, sha256 {}", self.bytes, self.digest)?;
        if let Some(plugin) = &self.plugin {
            writeln!(f, "of the world {}", plugin.world)?;
            writeln!(f, "imports: {}", plugin.imports.join(", "))?;
            for need in &plugin.needs {
                writeln!(f, "asks for {need}")?;
            }
            for transform in &plugin.transforms {
                writeln!(f, "offers {} ({:?}): {}", transform.name, transform.kind, transform.summary)?;
            }
            for format in &plugin.formats {
                writeln!(f, "{format}")?;
            }
        }
        for problem in &self.problems {
            writeln!(f, "problem: {problem}")?;
        }
        f.write_str(if self.fits() { "fits the contract" } else { "does not fit the contract" })
    }
}

/// A file to load.
struct Candidate {
    file: PathBuf,
    origin: Origin,
}

impl Registry {
    /// Loads the bundled plugins and those of the operator's folder. Compiled code is kept in `cache/compiled/` in the
    /// data directory. Installed ones come by [`Registry::offer`].
    ///
    /// A broken component in the operator's folder is left out, with an error in the log.
    ///
    /// Errors: a folder that was named cannot be read, a bundled component is broken, two plugins offer
    /// the same name.
    pub fn open(plugins: &PluginsConfig, config: &Config, data_dir: &Path) -> Result<Registry, Error> {
        let cache_dir = match plugins.cache_dir.as_os_str() {
            dir if dir.is_empty() => data_dir.join("cache"),
            _ => plugins.cache_dir.clone(),
        };
        let host = Arc::new(Host::new(plugins, config, &cache_dir.join("compiled"))?);
        let counters = AllCounters::default();
        let folder = |path: &Path| {
            let failed = |error: std::io::Error| Error::Folder { path: path.to_owned(), reason: error.to_string() };
            components(path).map_err(failed)
        };
        let mut candidates = VecDeque::new();
        let mut add = |files: Vec<PathBuf>, origin| {
            candidates.extend(files.into_iter().map(|file| Candidate { file, origin }));
        };
        match bundled_dir(plugins) {
            BundledDir::Named(dir) => add(folder(&dir)?, Origin::Bundled),
            BundledDir::Beside(dir) if dir.is_dir() => add(folder(&dir)?, Origin::Bundled),
            BundledDir::Beside(dir) => {
                tracing::warn!(path = %dir.display(), "there are no standard plugins beside the binary");
            }
        }
        if !plugins.dir.as_os_str().is_empty() {
            add(folder(&plugins.dir)?, Origin::Folder);
        }

        let mut loaded = Vec::new();
        for (candidate, result) in load_all(&host, &counters, candidates, plugins.max_component_bytes) {
            match result {
                Ok(plugin) => loaded.push(Arc::new(plugin)),
                Err(failure) if candidate.origin == Origin::Bundled => {
                    return Err(Error::Bundled { path: candidate.file, failure });
                }
                Err(failure) => {
                    let path = candidate.file.display();
                    tracing::error!(%path, code = %failure.code, "plugin {path} was left out: {}", failure.message);
                }
            }
        }
        let (current, clashes) = Current::new(host.clone(), loaded, Vec::new(), HashMap::new());
        if let Some(clash) = clashes.into_iter().next() {
            return Err(Error::Clash(clash));
        }
        let optimiser = Optimiser::start(host.clone())?;
        optimiser.add(&current.base);
        Ok(Registry {
            host,
            counters,
            optimiser,
            current: RwLock::new(Arc::new(current)),
            change: Mutex::new(()),
            max_component_bytes: plugins.max_component_bytes,
        })
    }

    /// What those accounts see that have nothing of their own.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current().view(None)
    }

    /// What an account sees.
    pub fn view(&self, account: &str) -> Arc<Snapshot> {
        self.current().view(Some(account))
    }

    pub(super) fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All plugins that everybody sees.
    pub fn plugins(&self) -> Vec<PluginSummary> {
        self.snapshot().plugins()
    }

    /// What became of the runs of each plugin and transform.
    pub fn usage(&self) -> Vec<Usage> {
        self.counters.read()
    }

    /// How many plugins still run as they were compiled at first: quickly, for slower code.
    pub fn unoptimised(&self) -> usize {
        self.optimiser.waiting()
    }

    /// Waits until every plugin runs as fast as it can.
    pub fn settle(&self) {
        self.optimiser.settle();
    }

    /// Checks a component and offers it as long as this registry lives, with all that it asks for; nothing is written.
    ///
    /// Errors: what the checks of [`Registry::check`] find first; `conflict` when its name or one of its transforms is
    /// taken by another plugin.
    pub fn add(&self, component: &[u8]) -> Result<Arc<PluginInfo>, Failure> {
        let _change = self.change();
        self.check_size(component.len() as u64)?;
        self.check_names("", component)?;
        let (counters, asked) = (self.counters_of(""), Some(Grants::all()));
        let plugin = Plugin::load(&self.host, counters, component, Origin::Candidate, None, asked)?;
        let plugin = Arc::new(plugin);
        let info = plugin.info.clone();
        self.swap(self.current().with(plugin));
        Ok(info)
    }

    /// Looks at a component without offering it: does it fit the world, what does it import, is its
    /// manifest right, and does every transform plan a call without parameters (a refusal is an answer).
    pub fn check(&self, component: &[u8]) -> Report {
        let mut report = Report {
            digest: hex::encode(Sha256::digest(component)),
            bytes: component.len() as u64,
            plugin: None,
            problems: Vec::new(),
        };
        if let Err(failure) = self.check_size(report.bytes) {
            report.problems.push(failure);
            return report;
        }
        // What it does here is not counted with the runs of a plugin of the same name.
        let (counters, asked) = (AllCounters::default(), Some(Grants::all()));
        let plugin = match Plugin::load(&self.host, counters.of_owner(""), component, Origin::Candidate, None, asked) {
            Ok(plugin) => plugin,
            Err(failure) => {
                report.problems.push(failure);
                return report;
            }
        };
        for offer in &plugin.offers {
            let side = if offer.info.kind == Kind::Generate { 0 } else { 100 };
            let call = Call { transform: offer.info.clone(), params: Params::new(), images: Vec::new() };
            let planned = plugin.plan(&self.host, &call, Size { width: side, height: side });
            if let Err(failure) = planned
                && !matches!(failure.code, Code::AssetMissing)
                && (!failure.code.is_refusal() || failure.code == Code::UnknownTransform)
            {
                let message = format!("plan of {}: {}", offer.info.name, failure.message);
                report.problems.push(Failure::new(failure.code, message));
            }
        }
        report.plugin = Some(PluginSummary::of(&plugin));
        report
    }

    /// Has traps and broken contracts of plugins that do not ship with the host reported from now on.
    pub fn watch(&self, watch: Box<super::Watch>) {
        self.host.watch_over(watch);
    }

    /// Where the calls of an owner's plugins are counted.
    pub(super) fn counters_of<'a>(&'a self, owner: &'a str) -> Scope<'a> {
        self.counters.of_owner(owner)
    }

    /// What instances are made with.
    pub(super) fn host(&self) -> Arc<Host> {
        self.host.clone()
    }

    pub(super) fn check_size(&self, bytes: u64) -> Result<(), Failure> {
        check_size(bytes, self.max_component_bytes)
    }

    /// Has plugins compiled with all optimisations soon.
    pub(super) fn optimise(&self, plugins: &[Arc<Plugin>]) {
        self.optimiser.add(plugins);
    }

    /// Held while a change is made.
    pub(super) fn change(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn swap(&self, current: Current) {
        self.optimiser.add(&current.base);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
    }
}

enum BundledDir {
    Named(PathBuf),
    Beside(PathBuf),
}

fn bundled_dir(plugins: &PluginsConfig) -> BundledDir {
    if !plugins.bundled_dir.as_os_str().is_empty() {
        return BundledDir::Named(plugins.bundled_dir.clone());
    }
    let binary = std::env::current_exe().unwrap_or_default();
    BundledDir::Beside(binary.parent().unwrap_or(Path::new("")).join("plugins"))
}

/// The `.wasm` files of a folder, sorted.
fn components(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn check_size(bytes: u64, most: u64) -> Result<(), Failure> {
    if bytes <= most {
        return Ok(());
    }
    Err(Failure::new(Code::PluginInvalid, format!("the component has {bytes} bytes, {most} are allowed")))
}

fn read(file: &Path, max_bytes: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::new(Code::PluginInvalid, format!("cannot be read: {error}"));
    check_size(fs::metadata(file).map_err(failed)?.len(), max_bytes)?;
    fs::read(file).map_err(failed)
}

/// Loads files on all cores; the results are in the order of the files.
fn load_all(
    host: &Host,
    counters: &AllCounters,
    candidates: VecDeque<Candidate>,
    max_bytes: u64,
) -> Vec<(Candidate, Result<Plugin, Failure>)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(candidates.len());
    let waiting = Mutex::new(candidates.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, candidate)) = next else { break };
            let plugin = read(&candidate.file, max_bytes).and_then(|component| {
                let counters = counters.of_owner("");
                Plugin::load(host, counters, &component, candidate.origin, Some(candidate.file.clone()), None)
            });
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, candidate, plugin));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, ..)| *index);
    done.into_iter().map(|(_, candidate, plugin)| (candidate, plugin)).collect()
}
