//! `safelight node`.

use std::{io::Write, process::ExitCode};

use clap::Subcommand;

use super::Outcome;
use crate::{app, clock::rfc3339, config::Config};

/// See the nodes of the store
#[derive(Subcommand)]
pub(super) enum Node {
    /// List the nodes that are up or were in the last day: name, roles, version, address, plugins, slots, last sign of life
    ///
    /// A node that gave no sign of life for half a minute has died or is cut off; its work is taken over by others.
    /// Example: safelight node list
    List,
}

impl Node {
    pub(super) async fn run(self, config: &Config) -> Outcome {
        let Node::List = self;
        let store = app::open_store(config).await?;
        let mut out = std::io::stdout().lock();
        for node in store.nodes().await? {
            let info = node.info;
            let draining = if info.draining { " draining" } else { "" };
            writeln!(
                out,
                "{} {} {} {} plugins={} slots={} seen={}{draining}",
                node.name,
                info.roles.join(","),
                info.version,
                info.address,
                info.plugins,
                info.slots,
                rfc3339(node.seen_at),
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
