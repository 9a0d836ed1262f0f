//! `safelight account`.

use std::{io::Write, process::ExitCode, time::SystemTime};

use clap::Subcommand;
use serde_json::json;

use super::{Outcome, cloud::Cloud};
use crate::{
    account::{self, Update},
    app,
    config::Config,
    plugins::audit,
    store::{self, Change, Store},
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
    /// Set limits, the webhook secret or the event bus of an account; 'none' is as for all
    ///
    /// Example: safelight account set gallery --queue-limit 5000 --polls-per-s none
    Set(Set),
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

/// What is set for one account.
#[derive(clap::Args)]
pub(super) struct Set {
    /// Its name
    key: String,
    /// How many jobs may wait
    #[arg(long, value_name = "NUMBER")]
    queue_limit: Option<Choice<u64>>,
    /// How many requests may be sent in a second, 0 for any number
    #[arg(long, value_name = "NUMBER")]
    requests_per_s: Option<Choice<u32>>,
    /// How many polls of Blitline jobs there may be in a second, 0 for any number
    #[arg(long, value_name = "NUMBER")]
    polls_per_s: Option<Choice<u32>>,
    /// The Amazon EventBridge bus that gets Blitline postbacks as events: its name or ARN
    #[arg(long, value_name = "NAME")]
    event_bus: Option<Choice<String>>,
    /// Its region
    #[arg(long, value_name = "REGION")]
    event_region: Option<Choice<String>>,
    /// What signs callbacks, whsec_...; 'none' for a new one. The present one goes on signing beside it for a day
    #[arg(long, value_name = "SECRET")]
    webhook_secret: Option<Choice<String>>,
}

/// A value, or `none`.
#[derive(Clone)]
struct Choice<T>(Option<T>);

impl<T: std::str::FromStr> std::str::FromStr for Choice<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Choice<T>, T::Err> {
        if text == "none" { Ok(Choice(None)) } else { text.parse().map(|value| Choice(Some(value))) }
    }
}

impl Set {
    async fn run(self, store: &dyn Store, now: SystemTime, out: &mut impl Write) -> Outcome {
        fn given<T>(choice: Option<Choice<T>>) -> Option<Option<T>> {
            choice.map(|Choice(value)| value)
        }
        let key = self.key;
        let shows_secret = self.webhook_secret.is_some();
        let update = Update {
            queue_limit: given(self.queue_limit),
            requests_per_s: given(self.requests_per_s),
            polls_per_s: given(self.polls_per_s),
            event_bus: given(self.event_bus),
            event_region: given(self.event_region),
            webhook_secret: given(self.webhook_secret),
        };
        let account = store.account(&key).await?.ok_or_else(|| format!("there is no account {key}"))?;
        let before = account.clone();
        let changed = update.apply(account, now);
        let changed = changed.map_err(|(member, problem)| format!("--{}: {problem}", member.replace('_', "-")))?;
        store.update_account(changed.clone()).await?;
        note(store, "account.changed", &key, audit::settings(&before, &changed), now).await?;
        let account::Settings { queue_limit, requests_per_s, polls_per_s, event_bus, event_region } = &changed.settings;
        let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
        writeln!(out, "{key}")?;
        writeln!(out, "queue limit    {}", shown(queue_limit.map(|limit| limit.to_string())))?;
        writeln!(out, "requests per s {}", shown(requests_per_s.map(|limit| limit.to_string())))?;
        writeln!(out, "polls per s    {}", shown(polls_per_s.map(|limit| limit.to_string())))?;
        writeln!(out, "event bus      {}", shown(event_bus.clone()))?;
        writeln!(out, "event region   {}", shown(event_region.clone()))?;
        if shows_secret {
            writeln!(out, "webhook secret {}", changed.webhook_secret)?;
        }
        Ok(ExitCode::SUCCESS)
    }
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
    async fn run(self, store: &dyn Store, out: &mut impl Write) -> Outcome {
        match self {
            Key::Create { account } => {
                let made = account::generate_key(&account, crate::clock::Clock::System.now());
                store.change(vec![Change::PutKey(made.clone())], Vec::new()).await?;
                note(store, "key.created", &account, json!({"key": made.key}), made.created_at).await?;
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
                let dropped = Change::DropKey { account: account.clone(), key: key.clone() };
                store.change(vec![dropped], Vec::new()).await?;
                note(store, "key.removed", &account, json!({"key": key}), crate::clock::Clock::System.now()).await?;
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
                note(store.as_ref(), "account.created", &key, json!({}), now).await?;
                print(&mut out, &account, true)?;
            }
            Account::List { secrets } => {
                for account in store.accounts().await? {
                    print(&mut out, &account, secrets)?;
                }
            }
            Account::Key(key) => return key.run(store.as_ref(), &mut out).await,
            Account::Set(set) => return set.run(store.as_ref(), now, &mut out).await,
            Account::Cloud(cloud) => return cloud.run(store.as_ref(), &mut out).await,
            Account::Rotate { key } => {
                let account = store.account(&key).await?.ok_or_else(|| format!("there is no account {key}"))?;
                let account = account::rotate(account, now);
                store.update_account(account.clone()).await?;
                note(store.as_ref(), "account.rotated", &key, json!({}), now).await?;
                print(&mut out, &account, true)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes down who changed an account, and how.
async fn note(
    store: &dyn Store,
    action: &str,
    account: &str,
    detail: serde_json::Value,
    now: SystemTime,
) -> Result<(), store::Error> {
    store.audit(audit::entry(&audit::at_the_command_line(), action, account, detail, now)).await
}

fn print(out: &mut impl Write, account: &store::Account, secrets: bool) -> std::io::Result<()> {
    write!(out, "{}", account.key)?;
    if secrets {
        write!(out, "  secret {}  webhook secret {}", account.secret, account.webhook_secret)?;
    }
    writeln!(out)
}
