//! The webhook that an application registers for all its jobs.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::store::{Error, Library};

/// The class and the name of the document that a registration is.
pub const CLASS: &str = "image_intelligence_webhook";
/// There is one for each account.
pub const ONE: &str = "webhook";

/// The header of the signature.
pub const HEADER: &str = "x-niro-signature";

/// Bytes of a secret.
const SECRET: std::ops::RangeInclusive<usize> = 8..=256;

/// `POST /v2/webhooks`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRequest {
    /// Where to.
    pub url: String,
    /// What signs.
    pub secret_key: Option<String>,
}

impl WebhookRequest {
    /// Checks the secret; the URL is checked as those of jobs are.
    ///
    /// Errors: a sentence.
    pub fn check(&self) -> Result<(), String> {
        match &self.secret_key {
            Some(secret) if !SECRET.contains(&secret.len()) => {
                let (least, most) = SECRET.into_inner();
                Err(format!("secretKey has {} bytes, expected {least} to {most}", secret.len()))
            }
            _ => Ok(()),
        }
    }
}

/// A registration as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Its id.
    pub id: Uuid,
    /// Where to.
    pub url: String,
    /// What signs.
    pub secret_key: Option<String>,
    /// Milliseconds since the epoch.
    pub created_at: u64,
}

impl Registered {
    /// As clients see it.
    pub fn shown(&self, account: &str) -> Value {
        let mut shown = json!({
            "id": self.id,
            "url": self.url,
            "application": account,
            "organizationId": account,
            "createdAt": self.created_at,
        });
        if let Some(secret) = &self.secret_key {
            shown["secretKey"] = json!(secret);
        }
        shown
    }

    /// The header that signs a body, if there is a secret.
    pub fn signature(&self, body: &[u8]) -> Option<(String, String)> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret_key.as_ref()?.as_bytes()).ok()?;
        mac.update(body);
        Some((HEADER.to_owned(), format!("sha256={}", hex::encode(mac.finalize().into_bytes()))))
    }
}

/// An account's registration.
///
/// Errors: of the store.
pub async fn of(library: &(impl Library + ?Sized), account: &str) -> Result<Option<Registered>, Error> {
    let found = library.document(account, CLASS, ONE).await?;
    Ok(found.and_then(|row| serde_json::from_value(row.body).ok()))
}
