//! `safelight account`.

use std::{io::Write, process::ExitCode};

use clap::Subcommand;

use super::{Outcome, cloud::Cloud};
use crate::{
    account, app,
    config::Config,
    store::{self, Change, Library, Store},
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
    /// Make, list and end further API keys of an account, as the Cloudinary API takes them
    ///
    /// Example: safelight account key create gallery
    #[command(subcommand)]
    Key(Key),
    /// Set how an account works as a cloud of the Cloudinary API, and print what is set
    ///
    /// Example: safelight account cloud gallery --signature-algorithm sha256 --max-file-bytes 10000000
    Cloud(Cloud),
    /// Give an account new secrets
    ///
    /// The old API secret ends at once; the old webhook secret goes on signing beside the new one for a day.
    /// Example: safelight account rotate gallery
    Rotate {
        /// Its name
        key: String,
    },
}

/// Further API keys: to change a key without a pause, make a new one, bring it to all clients, end the old one.
#[derive(Subcommand)]
pub(super) enum Key {
    /// Make a key and print it with its secret
    Create {
        /// The account
        account: String,
    },
    /// List the keys of an account
    List {
        /// The account
        account: String,
        /// Print the secrets too
        #[arg(long)]
        secrets: bool,
    },
    /// End a key at once
    Remove {
        /// The account
        account: String,
        /// The key
        key: String,
    },
}

impl Key {
    async fn run(self, store: &impl Library, out: &mut impl Write) -> Outcome {
        match self {
            Key::Create { account } => {
                let made = account::generate_key(&account, crate::clock::Clock::System.now());
                store.change(vec![Change::PutKey(made.clone())], Vec::new()).await?;
                writeln!(out, "{}  secret {}", made.key, made.secret)?;
            }
            Key::List { account, secrets } => {
                for found in store.api_keys(&account).await? {
                    let secret = if secrets { format!("  secret {}", found.secret) } else { String::new() };
                    writeln!(out, "{}{secret}", found.key)?;
                }
            }
            Key::Remove { account, key } => {
                if !store.api_keys(&account).await?.iter().any(|found| found.key == key) {
                    return Err(format!("account {account} has no key {key}").into());
                }
                store.change(vec![Change::DropKey { account, key }], Vec::new()).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
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
            Account::Key(key) => return key.run(&store, &mut out).await,
            Account::Cloud(cloud) => return cloud.run(&store, &mut out).await,
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
