//! `safelight config`.

use std::{io::Write, process::ExitCode};

use clap::Subcommand;

use super::Outcome;
use crate::config::{Config, DEFAULTS};

/// Show or check the settings
#[derive(Subcommand)]
pub(super) enum ConfigCommand {
    /// Print every setting with its default, unit and reason
    ///
    /// Example: safelight config show > safelight.toml
    Show,
    /// Check a settings file and the environment
    ///
    /// Example: safelight --config safelight.toml config check
    Check,
}

impl ConfigCommand {
    /// The settings are loaded, and so checked, before any command runs.
    pub(super) fn run(self, _checked: &Config) -> Outcome {
        let mut out = std::io::stdout().lock();
        match self {
            ConfigCommand::Show => out.write_all(DEFAULTS.as_bytes())?,
            ConfigCommand::Check => writeln!(out, "the settings are valid")?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
