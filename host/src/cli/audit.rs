//! `safelight audit`.

use std::{io::Write, process::ExitCode};

use clap::Args;

use super::Outcome;
use crate::{app, clock::rfc3339, config::Config, store::AuditFilter};

/// Tell who changed what of plugins and accounts, newest first
///
/// Example: safelight audit --subject halftone
#[derive(Args)]
pub(super) struct Audit {
    /// Only of this plugin or account
    #[arg(long)]
    subject: Option<String>,
    /// At most so many entries
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

impl Audit {
    pub(super) async fn run(self, config: &Config) -> Outcome {
        let store = app::open_store(config).await?;
        let page = store.audit_log(AuditFilter { subject: self.subject, cursor: None, limit: self.limit }).await?;
        let mut out = std::io::stdout().lock();
        for entry in page.items {
            writeln!(out, "{} {} {} {} {}", rfc3339(entry.at), entry.actor, entry.action, entry.subject, entry.detail)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
