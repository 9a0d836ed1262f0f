//! Settings: the built-in file, then the operator's file, then the environment.
//!
//! Each module owns its struct; this one puts them together. `config.default.toml` is the reference.

use std::path::Path;

use serde::Deserialize;

/// All settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[server]`
    pub server: crate::http::Config,
    /// `[node]`
    pub node: crate::node::Config,
    /// `[store]`
    pub store: crate::store::Config,
    /// `[blob]`
    pub blob: crate::blob::Config,
    /// `[plugins]`
    pub plugins: crate::wasm::PluginsConfig,
    /// `[wasm]`
    pub wasm: crate::wasm::Config,
    /// `[codec]`
    pub codec: crate::worker::CodecConfig,
    /// `[worker]`
    pub worker: crate::worker::Config,
    /// `[source]`
    pub source: crate::source::Config,
    /// `[egress]`
    pub egress: crate::egress::Config,
    /// `[delivery]`
    pub delivery: crate::http::cloudinary::delivery::Config,
    /// `[webhook]`
    pub webhook: crate::webhook::Config,
    /// `[cloudinary]`
    pub cloudinary: crate::dialect::cloudinary::settings::Config,
    /// `[storage]`
    pub storage: crate::storage::Config,
    /// `[blitline]`
    pub blitline: crate::dialect::blitline::Config,
    /// `[blurb]`
    pub blurb: crate::dialect::blurb::Config,
    /// `[image_intelligence]`
    pub image_intelligence: crate::dialect::image_intelligence::Config,
    /// `[accounts.NAME]`
    pub accounts: std::collections::BTreeMap<String, crate::account::Update>,
    /// `[telemetry]`
    pub telemetry: crate::telemetry::Config,
}

/// The built-in settings, with their comments.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

/// What is wrong with the settings: the key, the value and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Config {
    /// The built-in settings.
    pub fn defaults() -> Config {
        Config::load(None, std::iter::empty()).expect("the built-in settings are valid")
    }

    /// Reads the operator's file, if any, and the variables `SAFELIGHT__SECTION__KEY`.
    pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Config, Error> {
        let mut settings: toml::Table = DEFAULTS.parse().expect("the built-in settings are TOML");
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Error(format!("cannot read the settings {}: {error}", path.display())))?;
            let own: toml::Table =
                text.parse().map_err(|error| Error(format!("settings {}: {error}", path.display())))?;
            merge(&mut settings, own);
        }
        for (name, value) in environment {
            if let Some(path) = name.strip_prefix("SAFELIGHT__") {
                set(&mut settings, path, &value)
                    .map_err(|problem| Error(format!("environment variable {name}: {problem}")))?;
            } else if let Some(meant) = name.strip_prefix("SAFELIGHT_").and_then(|key| meant(&settings, key)) {
                return Err(Error(format!("environment variable {name}: is no setting, did you mean {meant}?")));
            }
        }
        let config: Config = settings
            .try_into()
            .map_err(|error: toml::de::Error| Error(format!("settings: {}", error.to_string().trim_end())))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Error> {
        let within = |key: &str, value: u64, least: u64, most: u64| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(Error(format!("{key}: is {value}, expected {least} to {most}")))
            }
        };
        within("server.max_body_bytes", self.server.max_body_bytes, 1024, 1 << 40)?;
        within("server.max_document_bytes", self.server.max_document_bytes, 1024, 1 << 32)?;
        within("server.request_timeout_s", self.server.request_timeout_s, 1, 3600)?;
        within("server.max_wait_s", self.server.max_wait_s, 1, 3600)?;
        within("store.queue_limit", self.store.queue_limit, 1, u64::MAX)?;
        within("store.max_connections", u64::from(self.store.max_connections), 2, 10_000)?;
        within("store.acquire_timeout_s", self.store.acquire_timeout_s, 1, 3600)?;
        within("blob.timeout_s", self.blob.timeout_s, 1, 600)?;
        within("blob.connect_timeout_s", self.blob.connect_timeout_s, 1, 600)?;
        within("blob.retry_s", self.blob.retry_s, 0, 600)?;
        within("blob.redirect_s", self.blob.redirect_s, 2, 7 * 24 * 3600)?;
        within("blob.sweep_interval_s", self.blob.sweep_interval_s, 1, 1 << 32)?;
        within("blob.sweep_grace_s", self.blob.sweep_grace_s, self.blob.least_grace_s(), 1 << 32)?;
        within("wasm.deadline_ms", self.wasm.deadline_ms, 1, 86_400_000)?;
        within("wasm.memory_bytes", self.wasm.memory_bytes, 1 << 20, 1 << 32)?;
        within("wasm.stack_bytes", self.wasm.stack_bytes as u64, 64 << 10, 16 << 20)?;
        within("wasm.epoch_ms", self.wasm.epoch_ms, 1, 10_000)?;
        within("wasm.max_instances", u64::from(self.wasm.max_instances), 1, 10_000)?;
        within("plugins.fetch_timeout_s", self.plugins.fetch_timeout_s, 1, 86_400)?;
        within("worker.heartbeat_s", self.worker.heartbeat_s, 1, self.worker.lease_s.saturating_sub(1))?;
        within("worker.max_attempts", u64::from(self.worker.max_attempts), 1, 1000)?;
        within("worker.storage_patience_s", self.worker.storage_patience_s, 0, 30 * 86_400)?;
        within("worker.max_steps", self.worker.max_steps as u64, 1, 10_000)?;
        within("worker.max_outputs", self.worker.max_outputs as u64, 1, 10_000)?;
        within("source.timeout_ms", self.source.timeout_ms, 1, 86_400_000)?;
        within("source.max_redirects", u64::from(self.source.max_redirects), 0, 50)?;
        within("webhook.max_in_flight", u64::from(self.webhook.max_in_flight), 1, 100_000)?;
        within("webhook.per_receiver", u64::from(self.webhook.per_receiver), 1, 100_000)?;
        within("webhook.lease_s", self.webhook.lease_s, 30, 3600)?;
        within("server.max_connections", u64::from(self.server.max_connections), 1, 1_000_000)?;
        within("server.write_timeout_s", self.server.write_timeout_s, 1, 3600)?;
        within("server.documents_bytes", self.server.documents_bytes, self.server.max_document_bytes, 1 << 40)?;
        within("codec.max_bytes", self.codec.max_bytes, 1, 1 << 40)?;
        within("codec.max_pixels", self.codec.max_pixels, 1, 1 << 32)?;
        within("codec.max_total_pixels", self.codec.max_total_pixels, self.codec.max_pixels, 1 << 40)?;
        within("codec.max_frames", u64::from(self.codec.max_frames), 1, 1_000_000)?;
        within("codec.avif_seconds", u64::from(self.codec.avif_seconds), 1, 3600)?;
        within("codec.max_output_bytes", self.codec.max_output_bytes, 1, 1 << 40)?;
        within("delivery.max_pixels", self.delivery.max_pixels, 1, 1 << 32)?;
        within("delivery.slots", u64::from(self.delivery.slots), 1, 10_000)?;
        within("delivery.waiting", u64::from(self.delivery.waiting), 0, 1_000_000)?;
        within("delivery.wait_s", self.delivery.wait_s, 1, 3600)?;
        within("delivery.limit_s", self.delivery.limit_s, 1, 3600)?;
        within("delivery.max_age_s", self.delivery.max_age_s, 0, 1 << 32)?;
        self.server.check().map_err(Error)?;
        self.store.check().map_err(Error)?;
        self.node.check(&self.store).map_err(Error)?;
        self.blob.check().map_err(Error)?;
        self.egress.check().map_err(Error)?;
        self.storage.check().map_err(Error)?;
        crate::distribution::check(&self.plugins).map_err(Error)?;
        self.blitline.check().map_err(Error)?;
        self.blurb.check().map_err(Error)?;
        self.image_intelligence.check().map_err(Error)?;
        for (name, update) in &self.accounts {
            crate::account::check_key(name).map_err(Error)?;
            update.check().map_err(|(member, problem)| Error(format!("accounts.{name}.{member}: {problem}")))?;
        }
        self.telemetry.check()
    }
}

/// The variable that sets the key that was written with single underscores: `WORKER_SLOTS`.
fn meant(settings: &toml::Table, key: &str) -> Option<String> {
    let key = key.to_lowercase();
    settings.iter().find_map(|(section, keys)| {
        let name = key.strip_prefix(section.as_str())?.strip_prefix('_')?;
        keys.get(name).map(|_| format!("SAFELIGHT__{section}__{name}").to_uppercase())
    })
}

/// Puts `over` into `base`, table by table.
fn merge(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Sets `SECTION__KEY` to a value of the type that the key has now.
fn set(settings: &mut toml::Table, path: &str, text: &str) -> Result<(), String> {
    let lower = path.to_lowercase();
    let mut parts: Vec<&str> = lower.split("__").collect();
    let key = parts.pop().unwrap_or_default();
    let mut table = settings;
    for part in parts {
        table = table
            .entry(part)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
            .ok_or_else(|| format!("{part} is a key, not a section"))?;
    }
    let value = match table.get(key) {
        Some(toml::Value::String(_)) => toml::Value::String(text.to_owned()),
        Some(toml::Value::Integer(_)) => {
            toml::Value::Integer(text.parse().map_err(|_| format!("is {text:?}, expected a whole number"))?)
        }
        Some(toml::Value::Boolean(_)) => {
            toml::Value::Boolean(text.parse().map_err(|_| format!("is {text:?}, expected true or false"))?)
        }
        Some(toml::Value::Array(_)) if !text.trim_start().starts_with('[') => toml::Value::Array(
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| part.into()).collect(),
        ),
        // A list in TOML, a float, or a key that the section may not have: the types tell.
        _ => match format!("value = {text}").parse::<toml::Table>() {
            Ok(mut parsed) => parsed.remove("value").unwrap_or_else(|| text.into()),
            Err(_) => toml::Value::String(text.to_owned()),
        },
    };
    table.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(None, variables).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_replaces_single_keys() {
        let config = with(&[
            ("SAFELIGHT__WORKER__SLOTS", "3"),
            ("SAFELIGHT__EGRESS__ALLOW", "127.0.0.1, 10.0.0.0/8"),
            ("SAFELIGHT__EGRESS__ALLOW_PRIVATE_ADDRESSES", "true"),
            ("SAFELIGHT__WASM__PLUGIN__FILTER__DEADLINE_MS", "5"),
            ("SOMETHING_ELSE", "x"),
        ])
        .unwrap();
        assert_eq!(config.worker.slots, 3);
        assert_eq!(config.egress.allow, ["127.0.0.1", "10.0.0.0/8"]);
        assert!(config.egress.allow_private_addresses);
        assert_eq!(config.wasm.plugin["filter"].deadline_ms, Some(5));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |name: &str, value: &str, expected: &[&str]| {
            let error = with(&[(name, value)]).unwrap_err();
            for part in expected {
                assert!(error.contains(part), "{error:?} does not say {part:?}");
            }
        };
        check("SAFELIGHT__WORKER__SLOTS", "many", &["SAFELIGHT__WORKER__SLOTS", "many", "whole number"]);
        check("SAFELIGHT__WORKER__SLOT", "1", &["slot"]);
        check("SAFELIGHT__NOWHERE__KEY", "1", &["nowhere"]);
        check("SAFELIGHT__WASM__DEADLINE_MS", "0", &["wasm.deadline_ms", "is 0", "expected 1"]);
        check("SAFELIGHT__EGRESS__ALLOW_PRIVATE_ADDRESSES", "maybe", &["maybe", "true or false"]);
        check("SAFELIGHT__CODEC__SANDBOX", "jpeg,svg", &["codec.sandbox", "is \"svg\"", "\"none\", or some of jpeg"]);
        check("SAFELIGHT_WORKER_SLOTS", "3", &["SAFELIGHT_WORKER_SLOTS", "SAFELIGHT__WORKER__SLOTS"]);
    }

    #[test]
    fn what_would_keep_the_server_from_starting_is_found_before() {
        let check = |section: &str, key: &str, value: &str, expected: &str| {
            let name = format!("SAFELIGHT__{section}__{key}").to_uppercase();
            let error = with(&[(&name, value)]).unwrap_err();
            assert!(error.starts_with(&format!("{section}.{key}")), "{error}");
            assert!(error.contains(expected), "{error:?} does not say {expected:?}");
        };
        check("egress", "allow", "10.0.0.0/33", "expected a host name, an address or a network");
        check("telemetry", "format", "xml", "expected \"text\" or \"json\"");
        check("telemetry", "filter", "safelight=loud", "expected a filter");
        check("telemetry", "otlp_endpoint", "nowhere", "expected an http or https URL");
        check("server", "listen", "localhost", "expected an address and a port");
        check("server", "listen", "127.0.0.1:70000", "expected an address and a port");
        check("server", "public_url", "pictures.example", "expected an http or https URL");
        check("server", "public_url", "https://pictures.example/?a", "expected an http or https URL");
        check("store", "url", "mysql://db/media", "expected \"sqlite\" or postgres://");
        check("store", "url", "postgres://db", "expected postgres://USER");
        check("store", "max_connections", "1", "expected 2 to");
        check("node", "name", "a b", "expected at most 128 letters");
        check("node", "roles", "", "expected \"all\", or some of");
        check("node", "roles", "api,worker", "expected \"all\" with store.url");
        check("blob", "url", "file:///pictures", "expected \"\" or s3://BUCKET");
        check("blob", "redirect", "true", "expected false with blob.url \"\"");
        check("blob", "timeout_s", "0", "expected 1 to 600");
        check("codec", "max_pixels", "0", "expected 1 to");
        check("server", "documents_bytes", "1", "expected 33554432 to");
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        // A container platform sets such ones for a service of this name.
        let others = [("SAFELIGHT_SERVICE_HOST", "10.0.0.1"), ("SAFELIGHT_PORT", "tcp://10.0.0.1:80")];
        assert_eq!(with(&others).unwrap(), Config::defaults());
    }

    #[test]
    fn a_file_replaces_single_keys_and_is_named_in_errors() {
        let dir = std::env::temp_dir().join(format!("safelight-config-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("safelight.toml");
        std::fs::write(&path, "[server]\nlisten = \"127.0.0.1:0\"\n").unwrap();
        let config = Config::load(Some(&path), std::iter::empty()).unwrap();
        assert_eq!(config.server.listen, "127.0.0.1:0");
        assert_eq!(config.server.drain_s, Config::defaults().server.drain_s);
        std::fs::write(&path, "[server\n").unwrap();
        let error = Config::load(Some(&path), std::iter::empty()).unwrap_err().to_string();
        assert!(error.contains("safelight.toml"), "{error}");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
