//! Making accounts, their secrets, and what is set for each.

mod settings;

use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub use settings::{Settings, Update};

use crate::store::{Account, ApiKey};

/// How long the previous webhook secret still signs after a rotation: time enough to bring the new
/// one to all receivers.
pub const ROTATION_OVERLAP: Duration = Duration::from_secs(24 * 3600);

/// Makes an account with fresh secrets.
///
/// Errors: a key that is not 1 to 64 letters, digits, `_` or `-`.
pub fn generate(key: &str, now: SystemTime) -> Result<Account, String> {
    check_key(key)?;
    Ok(Account {
        key: key.to_owned(),
        secret: api_secret(),
        webhook_secret: webhook_secret(),
        previous_webhook_secret: None,
        previous_until: None,
        settings: Settings::default(),
        created_at: now,
    })
}

/// Makes a further API key of an account: 15 digits, as clients of the Cloudinary API have them.
pub fn generate_key(account: &str, now: SystemTime) -> ApiKey {
    let number = rand::random::<u64>() % 900_000_000_000_000 + 100_000_000_000_000;
    ApiKey { key: number.to_string(), account: account.to_owned(), secret: api_secret(), created_at: now }
}

/// Gives an account new secrets. The old API secret ends at once; the old webhook secret goes on signing
/// beside the new one for [`ROTATION_OVERLAP`].
pub fn rotate(account: Account, now: SystemTime) -> Account {
    Account { secret: api_secret(), ..with_webhook_secret(account, webhook_secret(), now) }
}

/// Gives an account another webhook secret.
fn with_webhook_secret(account: Account, secret: String, now: SystemTime) -> Account {
    Account {
        previous_webhook_secret: Some(account.webhook_secret),
        previous_until: Some(now + ROTATION_OVERLAP),
        webhook_secret: secret,
        ..account
    }
}

/// Checks an account's name.
pub fn check_key(key: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&key.len()) && key.bytes().all(allowed) {
        Ok(())
    } else {
        Err(format!("account {key:?}: expected 1 to 64 letters, digits, '_' or '-'"))
    }
}

/// 160 random bits in hex: no character that a URL, a shell or a Basic header would have to escape.
fn api_secret() -> String {
    hex::encode(rand::random::<[u8; 20]>())
}

/// 256 random bits, as Standard Webhooks writes a secret.
fn webhook_secret() -> String {
    format!("whsec_{}", STANDARD.encode(rand::random::<[u8; 32]>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_new_each_time_and_the_old_webhook_secret_stays_for_a_while() {
        let now = SystemTime::UNIX_EPOCH;
        let old = generate("demo", now).unwrap();
        let new = rotate(old.clone(), now);
        assert_ne!(old.secret, new.secret);
        assert_ne!(old.webhook_secret, new.webhook_secret);
        assert_eq!(new.previous_webhook_secret, Some(old.webhook_secret));
        assert_eq!(new.previous_until, Some(now + ROTATION_OVERLAP));
    }

    #[test]
    fn further_keys_are_numbers_with_secrets_of_their_own() {
        let keys = [(); 2].map(|()| generate_key("demo", SystemTime::UNIX_EPOCH));
        assert!(keys.iter().all(|key| key.key.len() == 15 && key.key.bytes().all(|byte| byte.is_ascii_digit())));
        assert!(keys[0].key != keys[1].key && keys[0].secret != keys[1].secret);
    }

    #[test]
    fn names_that_would_break_a_header_or_a_path_are_refused() {
        for bad in ["", "a:b", "a/b", "ü", &"x".repeat(65)] {
            assert!(generate(bad, SystemTime::UNIX_EPOCH).is_err(), "{bad:?}");
        }
    }
}
