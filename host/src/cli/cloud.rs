//! `safelight account cloud`: what an account has set as a cloud of the Cloudinary API.

use std::{io::Write, process::ExitCode, str::FromStr};

use clap::Args;

use super::Outcome;
use crate::{
    clock::Clock,
    dialect::cloudinary::{
        settings::{CLASS, NAME, Settings},
        signature::Algorithm,
    },
    store::{Change, DocumentRow, Store},
};

/// What takes a setting back.
const DEFAULT: &str = "default";

/// An account, and what is set. `default` takes a setting back: it is as the server has it.
#[derive(Args)]
pub(super) struct Cloud {
    /// The account
    account: String,
    /// The hash of answers, addresses and notifications: sha1 or sha256
    #[arg(long)]
    signature_algorithm: Option<String>,
    /// Whether requests may be signed as old SDKs do: true or false
    #[arg(long)]
    accept_signature_version_1: Option<String>,
    /// Whether transformations need a signed address, or have to be allowed: true or false
    #[arg(long)]
    strict_transformations: Option<String>,
    /// The key of access tokens: bytes in hex
    #[arg(long)]
    token_key: Option<String>,
    /// The largest file in bytes
    #[arg(long)]
    max_file_bytes: Option<String>,
    /// How many bytes all assets and what is made of them may take
    #[arg(long)]
    max_storage_bytes: Option<String>,
}

/// A key in hex.
struct Hex(String);

impl FromStr for Hex {
    type Err = ();

    fn from_str(text: &str) -> Result<Hex, ()> {
        match hex::decode(text) {
            Ok(bytes) if !bytes.is_empty() => Ok(Hex(text.to_owned())),
            _ => Err(()),
        }
    }
}

/// Reads a value that was given, if one was.
fn set<T: FromStr>(kept: &mut Option<T>, given: Option<&str>, name: &str, expected: &str) -> Result<(), String> {
    *kept = match given {
        None => return Ok(()),
        Some(DEFAULT) => None,
        Some(text) => {
            let value = text.parse().map_err(|_| format!("--{name} is {text:?}, expected {expected} or {DEFAULT}"))?;
            Some(value)
        }
    };
    Ok(())
}

impl Cloud {
    /// Sets what is given, and prints all that is set.
    pub(super) async fn run(self, store: &dyn Store, out: &mut impl Write) -> Outcome {
        let account = &self.account;
        store.account(account).await?.ok_or_else(|| format!("there is no account {account}"))?;
        let before = Settings::of(store, account).await?;
        let mut now = before.clone();
        let mut algorithm = now.signature_algorithm.map(Named);
        set(&mut algorithm, self.signature_algorithm.as_deref(), "signature-algorithm", "sha1, sha256")?;
        now.signature_algorithm = algorithm.map(|Named(algorithm)| algorithm);
        let yes = "true, false";
        let given = self.accept_signature_version_1.as_deref();
        set(&mut now.accept_signature_version_1, given, "accept-signature-version-1", yes)?;
        set(&mut now.strict_transformations, self.strict_transformations.as_deref(), "strict-transformations", yes)?;
        let mut key = now.token_key.map(Hex);
        set(&mut key, self.token_key.as_deref(), "token-key", "bytes in hex")?;
        now.token_key = key.map(|Hex(key)| key);
        let bytes = "a number of bytes";
        set(&mut now.max_file_bytes, self.max_file_bytes.as_deref(), "max-file-bytes", bytes)?;
        set(&mut now.max_storage_bytes, self.max_storage_bytes.as_deref(), "max-storage-bytes", bytes)?;
        if now != before {
            let at = Clock::System.now();
            let row = DocumentRow {
                account: account.clone(),
                class: CLASS.to_owned(),
                name: NAME.to_owned(),
                body: serde_json::to_value(&now)?,
                created_at: at,
                updated_at: at,
            };
            store.change(vec![Change::PutDocument { row, new: false }], Vec::new()).await?;
        }
        writeln!(out, "{}", serde_json::to_string_pretty(&now)?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// An algorithm by name.
struct Named(Algorithm);

impl FromStr for Named {
    type Err = ();

    fn from_str(text: &str) -> Result<Named, ()> {
        match text {
            "sha1" => Ok(Named(Algorithm::Sha1)),
            "sha256" => Ok(Named(Algorithm::Sha256)),
            _ => Err(()),
        }
    }
}
