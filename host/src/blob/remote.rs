//! Blobs in an object store: S3, Google Cloud Storage, Azure Blob Storage, and what speaks like them.

use std::{sync::Arc, time::Duration};

use object_store::{
    ClientOptions, ObjectStore, RetryConfig, StaticCredentialProvider,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    prefix::PrefixStore,
};

use super::{
    Error,
    config::{Bucket, Config, Kind},
    redirect::Signer,
};

/// The longest pause between two tries of a request.
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// The most tries of a request beyond the first, however quickly each fails.
const MAX_TRIES: usize = 20;

/// Opens the object store; it is not asked anything yet. Settings that are empty are those of the environment and of
/// the machine.
///
/// Errors: the settings do not go together.
pub(super) fn open(config: &Config, bucket: &Bucket) -> Result<(Arc<dyn ObjectStore>, Option<Signer>), Error> {
    crate::egress::install_tls();
    let failed = |error| Error::failed("open the object store", error);
    let mut retry = RetryConfig {
        max_retries: MAX_TRIES,
        retry_timeout: Duration::from_secs(config.retry_s),
        ..RetryConfig::default()
    };
    retry.backoff.max_backoff = MAX_PAUSE;
    let (objects, signer): (Arc<dyn ObjectStore>, _) = match bucket.kind {
        Kind::S3 => {
            let mut builder = AmazonS3Builder::from_env().with_bucket_name(&bucket.name).with_retry(retry);
            for (key, value) in
                [(AmazonS3ConfigKey::Endpoint, &config.endpoint), (AmazonS3ConfigKey::Region, &config.region)]
            {
                if !value.is_empty() {
                    builder = builder.with_config(key, value);
                }
            }
            if !config.access_key.is_empty() {
                // Not by the builder: a session token of the environment belongs to other keys.
                let (key_id, secret_key) = (config.access_key.clone(), config.secret_key.clone());
                let credential = AwsCredential { key_id, secret_key, token: None };
                builder = builder.with_credentials(Arc::new(StaticCredentialProvider::new(credential)));
            }
            let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
            let region = builder.get_config_value(&AmazonS3ConfigKey::Region);
            let region = region.unwrap_or_else(|| "us-east-1".to_owned());
            let options = client(config, endpoint.as_deref());
            let store = builder.with_client_options(options).with_disable_bulk_delete(true).build().map_err(failed)?;
            let signer =
                config.redirect.then(|| Signer::new(config, bucket, endpoint, region, store.credentials().clone()));
            (Arc::new(store), signer)
        }
        Kind::Google => {
            let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(&bucket.name).with_retry(retry);
            if !config.endpoint.is_empty() {
                builder = builder.with_base_url(&config.endpoint);
            }
            let endpoint = builder.get_config_value(&GoogleConfigKey::BaseUrl);
            let options = client(config, endpoint.as_deref());
            (Arc::new(builder.with_client_options(options).build().map_err(failed)?), None)
        }
        Kind::Azure => {
            let mut builder = MicrosoftAzureBuilder::from_env().with_container_name(&bucket.name).with_retry(retry);
            if !config.endpoint.is_empty() {
                builder = builder.with_endpoint(config.endpoint.clone());
            }
            if !config.access_key.is_empty() {
                builder = builder.with_account(&config.access_key).with_access_key(&config.secret_key);
            }
            let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
            let options = client(config, endpoint.as_deref());
            (Arc::new(builder.with_client_options(options).build().map_err(failed)?), None)
        }
    };
    let objects = match bucket.prefix.as_ref() {
        "" => objects,
        _ => Arc::new(PrefixStore::new(objects, bucket.prefix.clone())),
    };
    Ok((objects, signer))
}

/// How requests are sent. A large object may take its time as long as bytes come; plain http is spoken only with an
/// endpoint that says so.
fn client(config: &Config, endpoint: Option<&str>) -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(config.connect_timeout_s))
        .with_read_timeout(Duration::from_secs(config.timeout_s))
        .with_timeout_disabled()
        .with_allow_http(endpoint.is_some_and(|url| url.starts_with("http://")))
}
