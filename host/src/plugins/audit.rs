//! Entries of the log of who changed what.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::{
    job::new_id,
    store::{Account, AuditRow},
};

/// The server itself.
pub const SERVER: &str = "safelight";

/// The settings file.
pub const CONFIGURATION: &str = "configuration";

/// Who works on the command line: the name that the system knows the person by.
pub fn at_the_command_line() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    format!("cli:{}", name.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned()))
}

/// An entry: `actor` did `action` to `subject`.
pub fn entry(actor: &str, action: &str, subject: &str, detail: Value, now: SystemTime) -> AuditRow {
    AuditRow {
        id: new_id(),
        at: now,
        actor: actor.to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail,
    }
}

/// What the log says of a changed account: the settings that differ now; of a secret only that it does.
pub fn settings(before: &Account, after: &Account) -> Value {
    let members = |account: &Account| serde_json::to_value(&account.settings).unwrap_or_default();
    let (old, new) = (members(before), members(after));
    let changed = new.as_object().into_iter().flatten().filter(|(name, value)| old.get(name.as_str()) != Some(value));
    let settings: serde_json::Map<String, Value> = changed.map(|(name, value)| (name.clone(), value.clone())).collect();
    json!({"settings": settings, "webhook_secret_changed": before.webhook_secret != after.webhook_secret})
}
