//! `safelight account`.

use std::{io::Write, process::ExitCode};

use clap::Subcommand;

use super::Outcome;
use crate::{
    account, app,
    config::Config,
    store::{self, Store},
};

/// Make accounts, list them, give them new secrets
#[derive(Subcommand)]
pub(super) enum Account {
    /// Make an account and print its secrets
    ///
    /// Example: safelight account create gallery
    Create {
        /// Its name, which is its API key: letters, digits, '_' and '-'
        key: String,
    },
    /// List the accounts
    ///
    /// Example: safelight account list --secrets
    List {
        /// Print the secrets too
        #[arg(long)]
        secrets: bool,
    },
    /// Give an account new secrets
    ///
    /// The old API secret ends at once; the old webhook secret goes on signing beside the new one for a day.
    /// Example: safelight account rotate gallery
    Rotate {
        /// Its name
        key: String,
    },
}

impl Account {
    pub(super) async fn run(self, config: &Config) -> Outcome {
        let store = app::open_store(config).await?;
        let mut out = std::io::stdout().lock();
        let now = crate::clock::Clock::System.now();
        match self {
            Account::Create { key } => {
                let account = account::generate(&key, now)?;
                store.create_account(account.clone()).await?;
                print(&mut out, &account, true)?;
            }
            Account::List { secrets } => {
                for account in store.accounts().await? {
                    print(&mut out, &account, secrets)?;
                }
            }
            Account::Rotate { key } => {
                let account = store.account(&key).await?.ok_or_else(|| format!("there is no account {key}"))?;
                let account = account::rotate(account, now);
                store.update_account(account.clone()).await?;
                print(&mut out, &account, true)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(out: &mut impl Write, account: &store::Account, secrets: bool) -> std::io::Result<()> {
    write!(out, "{}", account.key)?;
    if secrets {
        write!(out, "  secret {}  webhook secret {}", account.secret, account.webhook_secret)?;
    }
    writeln!(out)
}
