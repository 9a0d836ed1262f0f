//! `safelight export` and `safelight import`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::Args;

use super::Outcome;
use crate::{app, config::Config, moving};

/// Copy everything that is kept into a new folder: rows, blobs, installed plugins
///
/// A copy of a server that runs is whole, but does not have what is accepted later: to move, stop the server first. The
/// folder holds the accounts' secrets.
/// Example: safelight export /backup/2030-01-31
#[derive(Args)]
pub(super) struct Export {
    /// The folder, which is made
    folder: PathBuf,
}

/// Take a copy into an empty store, and compare everything afterwards
///
/// The settings say which store: the embedded one, or PostgreSQL and an object store. It must not have been served from.
/// Example: safelight --config cluster.toml import /backup/2030-01-31
#[derive(Args)]
pub(super) struct Import {
    /// The folder that `safelight export` made
    folder: PathBuf,
}

impl Export {
    pub(super) async fn run(self, config: &Config) -> Outcome {
        let (store, blobs) = (app::open_store(config).await?, app::open_blobs(config).await?);
        tell("copied", &moving::export(&store, &blobs, &self.folder).await?)
    }
}

impl Import {
    pub(super) async fn run(self, config: &Config) -> Outcome {
        let (store, blobs) = (app::open_store(config).await?, app::open_blobs(config).await?);
        tell("took in", &moving::import(&store, &blobs, &self.folder).await?)
    }
}

fn tell(done: &str, manifest: &moving::Manifest) -> Outcome {
    let (rows, blobs, bytes) = (manifest.rows(), manifest.blobs, manifest.blob_bytes);
    writeln!(std::io::stdout().lock(), "{done} {rows} rows and {blobs} blobs of {bytes} bytes")?;
    Ok(ExitCode::SUCCESS)
}
