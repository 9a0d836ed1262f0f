//! `safelight delivery`.

use std::{io::Write, process::ExitCode};

use clap::{Subcommand, ValueEnum};
use uuid::Uuid;

use super::Outcome;
use crate::{
    app,
    clock::rfc3339,
    config::Config,
    store::{DeliveryFilter, DeliveryState},
};

/// Look at callbacks and send them again
#[derive(Subcommand)]
pub(super) enum Delivery {
    /// List the latest callbacks of an account
    ///
    /// Example: safelight delivery list demo --state dead
    List {
        /// The account
        account: String,
        /// Only those in this state
        #[arg(long)]
        state: Option<Wanted>,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Send a callback again, with the same body and the same webhook-id
    ///
    /// A running server sends it within a second. Example: safelight delivery replay demo 0193...
    Replay {
        /// The account
        account: String,
        /// The delivery
        id: Uuid,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Wanted {
    Pending,
    Delivered,
    Dead,
}

impl Delivery {
    pub(super) async fn run(self, config: &Config) -> Outcome {
        let store = app::open_store(config).await?;
        let mut out = std::io::stdout().lock();
        match self {
            Delivery::List { account, state, limit } => {
                let state = state.map(|state| match state {
                    Wanted::Pending => DeliveryState::Pending,
                    Wanted::Delivered => DeliveryState::Delivered,
                    Wanted::Dead => DeliveryState::Dead,
                });
                let filter = DeliveryFilter { state, limit, ..DeliveryFilter::default() };
                if store.account(&account).await?.is_none() {
                    return Err(format!("there is no account {account}").into());
                }
                for row in store.deliveries(&account, filter).await?.items {
                    let state = format!("{:?}", row.state).to_lowercase();
                    writeln!(
                        out,
                        "{}  {}  {state}  {} attempts  {}  {}",
                        row.id,
                        rfc3339(row.created_at),
                        row.attempts,
                        row.delivery.kind,
                        row.delivery.url
                    )?;
                }
            }
            Delivery::Replay { account, id } => {
                let new = store.replay(&account, id).await?;
                let new = new.ok_or_else(|| format!("account {account} has no delivery {id}"))?;
                writeln!(out, "{new}")?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
