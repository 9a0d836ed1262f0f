//! `safelight migrate`.

use std::{io::Write, process::ExitCode};

use clap::Args;

use super::Outcome;
use crate::{app, config::Config};

/// Bring the database up to the schema of this program
///
/// A starting server does the same. Any node may do it, several at once too: one does, the others wait. A database
/// that a newer program has brought further is refused. With --check nothing is changed, and the exit code is 1
/// when there is something to do.
/// Example: safelight migrate --check
#[derive(Args)]
pub(super) struct Migrate {
    /// Only say what would be done
    #[arg(long)]
    check: bool,
}

impl Migrate {
    pub(super) async fn run(self, config: &Config) -> Outcome {
        let before = app::schema(config).await?;
        let mut out = std::io::stdout().lock();
        if before.found == before.newest {
            writeln!(out, "the schema is at step {}, which is the newest", before.newest)?;
            return Ok(ExitCode::SUCCESS);
        }
        if self.check {
            writeln!(out, "the schema is at step {}, to be brought to step {}", before.found, before.newest)?;
            return Ok(ExitCode::FAILURE);
        }
        app::open_store(config).await?;
        writeln!(out, "the schema was at step {} and is at step {} now", before.found, before.newest)?;
        Ok(ExitCode::SUCCESS)
    }
}
