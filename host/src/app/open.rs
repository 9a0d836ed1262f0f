//! Opens what a server or a command works with: the database, the blobs, the plugins.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::Error;
use crate::{
    blob::Blobs,
    clock::Clock,
    config::Config,
    distribution::{Distribution, lock_path},
    egress::Egress,
    plugins::{Manager, Rules, Supply},
    store::{self, Schema, Store},
    wasm::Registry,
};

/// The embedded database in the data directory.
const DATABASE: &str = "safelight.db";

/// Opens the database that `store.url` names and brings its schema up to date. One in the data directory is made if it
/// is not there.
///
/// Errors: the directory cannot be made, the database cannot be reached, is newer than this program or damaged.
pub async fn open_store(config: &Config) -> Result<Arc<dyn Store>, Error> {
    let dir = data_dir(config)?;
    let options = store::Options {
        cursor_key: cursor_key(&dir.join("cursor.key"))?,
        breaker_failures: config.webhook.breaker_failures,
        breaker_pause: Duration::from_secs(config.webhook.breaker_pause_s),
        breaker_max_pause: Duration::from_secs(config.webhook.breaker_max_pause_s),
        level: store::Level::of_this_release(),
    };
    Ok(match config.store.place() {
        store::Place::Folder => Arc::new(store::Sqlite::open(&dir.join(DATABASE), Clock::System, options).await?),
        store::Place::Cluster { url, pool } => {
            Arc::new(store::Postgres::open(url, pool, Clock::System, options).await?)
        }
    })
}

/// How far the schema of the database is, without changing it.
///
/// Errors: as of [`open_store`].
pub async fn schema(config: &Config) -> Result<Schema, Error> {
    Ok(match config.store.place() {
        store::Place::Folder => store::Sqlite::schema(&data_dir(config)?.join(DATABASE)).await?,
        store::Place::Cluster { url, .. } => store::Postgres::schema(url).await?,
    })
}

/// Loads the plugins that were not installed. Blocks while components compile: not to be called on an async thread.
pub fn open_registry(config: &Config) -> Result<Registry, Error> {
    Ok(Registry::open(&config.plugins, &config.wasm, &data_dir(config)?)?)
}

/// Loads all plugins, the installed ones too.
pub async fn open_plugins(config: &Config) -> Result<Manager, Error> {
    let store = open_store(config).await?;
    plugins(config, store, open_blobs(config).await?).await
}

/// Loads all plugins for work without a server: the installed ones too, when there is a store that may have some.
pub async fn open_local(config: &Config) -> Result<Arc<Registry>, Error> {
    let embedded = config.store.url == store::SQLITE;
    if embedded && !data_dir(config)?.join(DATABASE).exists() {
        let config = config.clone();
        return Ok(Arc::new(tokio::task::spawn_blocking(move || open_registry(&config)).await??));
    }
    Ok(open_plugins(config).await?.registry().clone())
}

/// Loads all plugins, with a store and blobs that are open.
pub(super) async fn plugins(config: &Config, store: Arc<dyn Store>, blobs: Blobs) -> Result<Manager, Error> {
    let registry = {
        let config = config.clone();
        tokio::task::spawn_blocking(move || open_registry(&config)).await??
    };
    let rules = Rules { config: config.plugins.clone(), admin_accounts: config.server.admin_accounts.clone() };
    Ok(Manager::open(Arc::new(registry), store, blobs, Clock::System, rules).await?)
}

/// What installs plugins from where they are published.
pub fn supply(config: &Config, egress: Egress) -> Result<Supply, Error> {
    let distribution = Distribution::new(egress, &config.plugins)?;
    Ok(Supply::new(distribution, lock_path(config), config.plugins.trust.required))
}

/// Opens the blobs, in the data directory or in an object store.
pub async fn open_blobs(config: &Config) -> Result<Blobs, Error> {
    Ok(Blobs::open(&config.blob, &data_dir(config)?.join("blobs")).await?)
}

fn data_dir(config: &Config) -> Result<PathBuf, Error> {
    let dir = &config.server.data_dir;
    fs::create_dir_all(dir)
        .and_then(|()| dir.canonicalize())
        .map_err(|error| format!("cannot use the data directory {}: {error}", dir.display()).into())
}

/// The key that authenticates cursors: made once, so that a cursor outlives the process.
fn cursor_key(path: &Path) -> Result<[u8; 32], Error> {
    use std::os::unix::fs::OpenOptionsExt;
    let read = || -> Result<[u8; 32], Error> {
        let bytes = fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        bytes.try_into().map_err(|_| format!("{} is damaged: remove it", path.display()).into())
    };
    if path.exists() {
        return read();
    }
    // Written beside and linked into place, so that of two processes that start at once both use the same.
    let beside = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(&rand::random::<[u8; 32]>())?;
    file.sync_all()?;
    let _ = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    read()
}
