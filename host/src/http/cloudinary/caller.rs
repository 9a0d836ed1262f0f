//! Who calls: signatures of the upload API, Basic credentials of the admin API.

use axum::http::{HeaderMap, header};

use super::reply::Refusal;
use crate::{
    clock::micros,
    dialect::{
        cloudinary::{
            params::Form,
            settings::Cloud,
            signature::{Version, check_timestamp, verify_request},
        },
        native::auth,
    },
    http::State,
    store::Account,
};

/// What is known of who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The cloud.
    pub(crate) account: Account,
    /// The API key that was used; the cloud's own when none was.
    pub(crate) key: String,
    /// Its secret.
    pub(crate) secret: String,
    /// Whether nothing was signed.
    pub(crate) unsigned: bool,
    /// What holds for the cloud.
    pub(crate) cloud: Cloud,
}

/// How a call may be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signing {
    /// `notification_url` and `batch_id` may be left out of the signature: `tags`, `context`, `metadata`.
    pub(crate) lists: bool,
    /// It need not be signed if it names a preset: `upload`.
    pub(crate) may_be_unsigned: bool,
}

/// The caller of the upload API.
pub(crate) async fn signed(
    state: &State,
    cloud: &str,
    headers: &HeaderMap,
    form: &Form,
    signing: Signing,
) -> Result<Caller, Refusal> {
    if headers.contains_key(header::AUTHORIZATION) {
        return basic(state, cloud, headers).await;
    }
    let account = account(state, cloud).await?;
    let cloud = settings(state, &account).await?;
    let Some(signature) = form.text("signature") else {
        if signing.may_be_unsigned && form.text("api_key").is_none() {
            let (key, secret) = (account.key.clone(), account.secret.clone());
            return taken(state, Caller { account, key, secret, unsigned: true, cloud }).await;
        }
        let missing = if form.text("api_key").is_none() { "api_key" } else { "signature" };
        return Err(Refusal::new(401, format!("Missing required parameter - {missing}")));
    };
    let key = form.text("api_key").ok_or_else(|| Refusal::new(401, "Missing required parameter - api_key"))?;
    let secret = secret_of(state, &account, key).await?;
    let unknown = secret.is_none();
    let secret = secret.unwrap_or_default();
    // An unknown key takes as long as a wrong signature.
    let mut verified = verify_request(&form.0, signature, &secret, Version::V2, signing.lists);
    if verified.is_err() && cloud.accept_version_1 {
        verified = verify_request(&form.0, signature, &secret, Version::V1, signing.lists);
    }
    if unknown {
        return Err(Refusal::new(401, format!("Unknown API key {key}")));
    }
    verified?;
    let timestamp = form.whole("timestamp")?.ok_or_else(|| Refusal::bad("Missing required parameter - timestamp"))?;
    check_timestamp(timestamp, micros(state.clock.now()) / 1_000_000)?;
    let key = key.to_owned();
    taken(state, Caller { account, key, secret, unsigned: false, cloud }).await
}

/// The caller of the admin API.
pub(crate) async fn basic(state: &State, cloud: &str, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let refused = |message: &str| Refusal::new(401, message);
    let header = headers.get(header::AUTHORIZATION).ok_or_else(|| refused("Invalid credentials"))?;
    let header = header.to_str().map_err(|_| refused("Invalid credentials"))?;
    let is_bearer = header.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    let sent =
        auth::parse(header).map_err(|_| refused(if is_bearer { "Invalid token" } else { "Invalid credentials" }))?;
    let account = account(state, cloud).await?;
    let secret = secret_of(state, &account, &sent.key).await?;
    if !auth::matches(&sent, secret.as_deref()) {
        return Err(refused(if is_bearer { "Invalid token" } else { "Invalid credentials" }));
    }
    let secret = secret.unwrap_or_default();
    let cloud = settings(state, &account).await?;
    taken(state, Caller { account, key: sent.key, secret, unsigned: false, cloud }).await
}

/// The cloud of this name. Names that clients have put through a URL come in lower case.
async fn account(state: &State, cloud: &str) -> Result<Account, Refusal> {
    let found = state.store.account(cloud).await?;
    found.ok_or_else(|| Refusal::new(401, format!("Invalid cloud_name {cloud}")))
}

async fn settings(state: &State, account: &Account) -> Result<Cloud, Refusal> {
    Ok(Cloud::of(state.store.as_ref(), &account.key, state.cloudinary.dialect.config).await?)
}

/// The secret of one of the account's keys.
async fn secret_of(state: &State, account: &Account, key: &str) -> Result<Option<String>, Refusal> {
    if key == account.key {
        return Ok(Some(account.secret.clone()));
    }
    let found = state.store.api_key(key).await?.filter(|found| found.account == account.key);
    Ok(found.map(|found| found.secret))
}

async fn taken(state: &State, caller: Caller) -> Result<Caller, Refusal> {
    state.rates.take(&caller.account.key, caller.account.settings.requests_per_s).await?;
    state.rates.count(&caller.account.key, state.clock.now());
    Ok(caller)
}
