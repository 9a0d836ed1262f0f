//! Logs and traces.

use std::{io::IsTerminal, sync::Arc};

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::Error;

/// `[telemetry]`; see `config.default.toml`.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What to log, as in `RUST_LOG`.
    pub filter: String,
    /// `text` or `json`.
    pub format: String,
    /// Where traces go; empty for nowhere.
    pub otlp_endpoint: String,
}

impl Config {
    /// Whether [`start`] could use these settings.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.filter()?;
        self.is_json()?;
        self.endpoint()?;
        Ok(())
    }

    fn filter(&self) -> Result<EnvFilter, Error> {
        EnvFilter::try_new(&self.filter)
            .map_err(|error| wrong("filter", &self.filter, &format!("a filter such as \"info\" ({error})")))
    }

    fn is_json(&self) -> Result<bool, Error> {
        match self.format.as_str() {
            "text" => Ok(false),
            "json" => Ok(true),
            other => Err(wrong("format", other, "\"text\" or \"json\"")),
        }
    }

    /// Where traces go, if anywhere.
    fn endpoint(&self) -> Result<Option<url::Url>, Error> {
        if self.otlp_endpoint.is_empty() {
            return Ok(None);
        }
        match url::Url::parse(&self.otlp_endpoint) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
            _ => Err(wrong("otlp_endpoint", &self.otlp_endpoint, "an http or https URL")),
        }
    }
}

fn wrong(key: &str, value: &str, expected: &str) -> Error {
    Error(format!("telemetry.{key}: is {value:?}, expected {expected}"))
}

/// Log output that is being written; dropping it sends the last traces.
#[derive(Debug)]
pub struct Guard(Option<SdkTracerProvider>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take()
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Starts logging to standard error and, if an endpoint is set, sending traces there. To be called once,
/// inside the runtime.
///
/// Field names used throughout: `job`, `account`, `output`, `plugin`, `transform`, `delivery`, `receiver`,
/// `elapsed_ms`.
///
/// Errors: a filter that cannot be parsed, a format other than `text` and `json`, an endpoint that is no URL.
pub fn start(config: &Config) -> Result<Guard, Error> {
    let filter = config.filter()?;
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let lines =
        if config.is_json()? { lines.json().flatten_event(true).boxed() } else { lines.with_target(false).boxed() };
    let provider = config.endpoint()?.map(|endpoint| traces(&endpoint)).transpose()?;
    let spans =
        provider.as_ref().map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("safelight")));
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans.with_filter(span_filter())).init();
    Ok(Guard(provider))
}

/// Traces hold our own spans only: those of the HTTP client would trace the sending of traces.
fn span_filter() -> tracing_subscriber::filter::Targets {
    tracing_subscriber::filter::Targets::new().with_target("safelight", tracing::Level::INFO)
}

fn traces(endpoint: &url::Url) -> Result<SdkTracerProvider, Error> {
    let failed = |error: String| Error(format!("telemetry.otlp_endpoint: cannot send traces to {endpoint}: {error}"));
    let client = OnRuntime {
        client: Arc::new(
            reqwest::Client::builder()
                .timeout(std::time::Duration::from_secs(10))
                .no_proxy()
                .build()
                .map_err(|error| failed(error.to_string()))?,
        ),
        runtime: tokio::runtime::Handle::current(),
    };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')))
        .build()
        .map_err(|error| failed(error.to_string()))?;
    let resource = Resource::builder().with_service_name("safelight").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// The exporter has a thread of its own without a runtime; this runs its requests on ours.
#[derive(Clone, Debug)]
struct OnRuntime {
    client: Arc<reqwest::Client>,
    runtime: tokio::runtime::Handle,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = async move {
            let answer = client.execute(request.try_into()?).await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            Ok::<_, HttpError>(Response::builder().status(status).body(body)?)
        };
        self.runtime.spawn(sending).await?
    }
}
