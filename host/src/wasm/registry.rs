//! From folders of components to a [`Snapshot`]; installing and removing.

use std::{
    collections::VecDeque,
    fmt, fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use sha2::{Digest, Sha256};

use super::{
    Config, Counts, Error, PluginsConfig,
    counters::AllCounters,
    grants::Grants,
    host::Host,
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
/// [`Registry::snapshot`], [`Registry::plugins`] and [`Registry::counters`].
pub struct Registry {
    host: Arc<Host>,
    counters: AllCounters,
    optimiser: Optimiser,
    current: RwLock<Arc<Snapshot>>,
    /// Held while a change is made, so that two never mix.
    change: Mutex<()>,
    installed_dir: PathBuf,
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
    /// Loads the bundled plugins, the installed ones (`plugins/` in the data directory) and those of the
    /// operator's folder. Compiled code is kept in `cache/compiled/` in the data directory.
    ///
    /// A broken component that was installed or lies in the operator's folder is left out, with an
    /// error in the log.
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
        let installed_dir = data_dir.join("plugins");
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
        if installed_dir.is_dir() {
            remove_parts(&installed_dir);
            add(folder(&installed_dir)?, Origin::Installed);
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
        let snapshot = Snapshot::new(host.clone(), loaded).map_err(Error::Clash)?;
        let optimiser = Optimiser::start(host.clone())?;
        optimiser.add(&snapshot.plugins);
        Ok(Registry {
            host,
            counters,
            optimiser,
            current: RwLock::new(Arc::new(snapshot)),
            change: Mutex::new(()),
            installed_dir,
            max_component_bytes: plugins.max_component_bytes,
        })
    }

    /// The plugins of this moment.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All plugins of this moment, sorted by name.
    pub fn plugins(&self) -> Vec<PluginSummary> {
        self.snapshot().plugins()
    }

    /// What became of each plugin's runs, by the plugin's name.
    pub fn counters(&self) -> Vec<(String, Counts)> {
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

    /// Checks a component, keeps it in the data directory and offers it from now on. One that was
    /// installed under the same name is replaced; jobs under way keep the old one.
    ///
    /// Errors: what the checks of [`Registry::check`] find first; `conflict` when its name or one of its
    /// transforms is taken by another plugin; `storage_failed`.
    pub fn install(&self, component: &[u8]) -> Result<Arc<PluginInfo>, Failure> {
        let report = self.check(component);
        if let Some(problem) = report.problems.into_iter().next() {
            return Err(problem);
        }
        let change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_size(component.len() as u64)?;
        let mut plugin = Plugin::load(&self.host, &self.counters, component, Origin::Installed, None, None)?;
        let name = plugin.info.name.clone();
        let file = self.installed_dir.join(format!("{name}.wasm"));
        let mut others = self.snapshot().plugins.clone();
        others.retain(|other| other.info.name != name || other.origin != Origin::Installed);
        let replaced = self.snapshot().plugins.iter().find(|other| other.info.name == name).cloned();
        let info = plugin.info.clone();

        // The clash is found before anything is written; the file is named only once it is there.
        let conflict = |clash: String| Failure::new(Code::Conflict, clash);
        let with = |plugin: Arc<Plugin>| {
            let mut plugins = others.clone();
            plugins.push(plugin);
            Snapshot::new(self.host.clone(), plugins)
        };
        let candidate = Arc::new(plugin);
        with(candidate.clone()).map_err(conflict)?;
        write_whole(&file, component).map_err(|error| {
            Failure::new(Code::StorageFailed, format!("cannot keep the plugin as {}: {error}", file.display()))
        })?;
        plugin = Arc::into_inner(candidate).expect("the trial snapshot is gone");
        plugin.file = Some(file.clone());
        self.swap(with(Arc::new(plugin)).map_err(conflict)?);

        // A plugin that was put there by hand may lie under another name.
        if let Some(old) = replaced.and_then(|old| old.file.clone()).filter(|old| *old != file)
            && let Err(error) = fs::remove_file(&old)
        {
            tracing::error!(path = %old.display(), %error, "cannot remove the replaced plugin");
        }
        drop(change);
        tracing::info!(plugin = %info.name, version = %info.version, digest = %info.digest, "plugin installed");
        Ok(info)
    }

    /// Checks a component and offers it as long as this registry lives, with all that it asks for; nothing is written.
    ///
    /// Errors: as [`Registry::install`], and `conflict` also when its name is taken by an installed plugin.
    pub fn add(&self, component: &[u8]) -> Result<Arc<PluginInfo>, Failure> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_size(component.len() as u64)?;
        let asked = Some(Grants::all());
        let plugin = Plugin::load(&self.host, &self.counters, component, Origin::Candidate, None, asked)?;
        let info = plugin.info.clone();
        let mut plugins = self.snapshot().plugins.clone();
        plugins.push(Arc::new(plugin));
        let conflict = |clash| Failure::new(Code::Conflict, clash);
        self.swap(Snapshot::new(self.host.clone(), plugins).map_err(conflict)?);
        Ok(info)
    }

    /// Removes an installed plugin; jobs under way keep it.
    ///
    /// Errors: `not_found`; `conflict` when it was not installed but is bundled or lies in the operator's
    /// folder; `storage_failed`.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut plugins = self.snapshot().plugins.clone();
        let Some(index) = plugins.iter().position(|plugin| plugin.info.name == name) else {
            return Err(Failure::new(Code::NotFound, format!("there is no plugin {name:?}")));
        };
        let plugin = plugins.remove(index);
        match (plugin.origin, &plugin.file) {
            (Origin::Installed, Some(file)) => fs::remove_file(file).map_err(|error| {
                Failure::new(Code::StorageFailed, format!("cannot remove {}: {error}", file.display()))
            })?,
            (Origin::Bundled, _) => {
                return Err(Failure::new(Code::Conflict, format!("plugin {name} ships with the host")));
            }
            _ => {
                let message = format!("plugin {name} was not installed but lies in the plugin folder: remove its file");
                return Err(Failure::new(Code::Conflict, message));
            }
        }
        let snapshot =
            Snapshot::new(self.host.clone(), plugins).map_err(|clash| Failure::new(Code::Internal, clash))?;
        self.swap(snapshot);
        tracing::info!(plugin = name, "plugin removed");
        Ok(())
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
        let plugin = match Plugin::load(&self.host, &counters, component, Origin::Candidate, None, asked) {
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

    /// What instances are made with.
    pub(super) fn host(&self) -> Arc<Host> {
        self.host.clone()
    }

    pub(super) fn check_size(&self, bytes: u64) -> Result<(), Failure> {
        check_size(bytes, self.max_component_bytes)
    }

    /// Has a plugin compiled with all optimisations soon.
    pub(super) fn optimise(&self, plugin: &Arc<Plugin>) {
        self.optimiser.add(std::slice::from_ref(plugin));
    }

    fn swap(&self, snapshot: Snapshot) {
        self.optimiser.add(&snapshot.plugins);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
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

/// How old an unfinished file must be before it is taken for a left-over, in seconds: a younger one may
/// just be written by another process.
const PART_AGE_S: u64 = 3600;

/// Removes what installs that were cut off left behind.
fn remove_parts(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        let is_old = age.is_some_and(|age| age.as_secs() > PART_AGE_S);
        if is_old && path.extension().is_some_and(|extension| extension == "part") {
            tracing::info!(path = %path.display(), "removing what an install that was cut off left");
            if let Err(error) = fs::remove_file(&path) {
                tracing::error!(path = %path.display(), %error, "cannot remove a left-over file");
            }
        }
    }
}

/// Writes a file so that it is there as a whole or not at all, also after a power cut.
fn write_whole(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let dir = file.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(dir)?;
    let part = file.with_extension(format!("{}.part", uuid::Uuid::new_v4()));
    let written = fs::File::create(&part)
        .and_then(|mut handle| handle.write_all(bytes).and_then(|()| handle.sync_all()))
        .and_then(|()| fs::rename(&part, file))
        .and_then(|()| fs::File::open(dir)?.sync_all());
    if written.is_err() {
        // What is left is no component by its name; it only takes space.
        fs::remove_file(&part).ok();
    }
    written
}
