//! The catalogue of transforms, and the plugins that offer them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State as Extract},
    http::StatusCode,
};
use safelight_codec::PixelFormat;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    State,
    auth::{Admin, Caller},
    body,
    reply::Problem,
};
use crate::{
    error::{Code, Failure},
    pipeline::{Kind, PluginInfo, TransformInfo},
};

/// The whole catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Catalogue {
    /// The transforms, by plugin and name.
    items: Vec<TransformDocument>,
}

/// A named operation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "name": "resize", "plugin": "geometry", "version": "0.1.0", "kind": "filter", "summary": "Makes a picture larger or smaller",
    "schema": {"type": "object", "properties": {"width": {"type": "integer", "minimum": 1}}}, "formats": ["rgb8", "rgba8"]
}))]
pub(super) struct TransformDocument {
    /// The name that a step names; `plugin/name` is exact.
    name: String,
    /// The plugin that offers it.
    plugin: String,
    /// The plugin's version.
    version: String,
    /// What it does with pictures.
    #[schema(value_type = String, example = "filter")]
    kind: &'static str,
    /// One line for people.
    summary: String,
    /// The JSON Schema of its parameters.
    #[schema(value_type = Object)]
    schema: Value,
    /// The pixel formats it takes, best first; others are converted.
    #[schema(value_type = Vec<String>)]
    formats: Vec<&'static str>,
}

/// All plugins.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PluginList {
    /// The plugins, by name.
    items: Vec<PluginDocument>,
}

/// A plugin.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PluginDocument {
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// Its licence.
    license: String,
    /// One line for people.
    summary: String,
    /// SHA-256 of the component, lower-case hex.
    digest: String,
    /// Whether it ships with the server; such a plugin cannot be replaced or removed.
    bundled: bool,
    /// The names of its transforms.
    transforms: Vec<String>,
}

/// Lists every transform with the schema of its parameters.
#[utoipa::path(
    get, path = "/v1/transforms", tag = "plugins",
    responses(
        (status = 200, description = "The catalogue.", body = Catalogue),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn transforms(Extract(state): Extract<Arc<State>>, _: Caller) -> Json<Catalogue> {
    Json(Catalogue { items: state.plugins.transforms().iter().map(|info| transform(info)).collect() })
}

fn transform(info: &TransformInfo) -> TransformDocument {
    TransformDocument {
        name: info.name.clone(),
        plugin: info.plugin.name.clone(),
        version: info.plugin.version.clone(),
        kind: match info.kind {
            Kind::Filter => "filter",
            Kind::Compose => "compose",
            Kind::Generate => "generate",
            Kind::Analyze => "analyze",
            Kind::Timeline => "timeline",
        },
        summary: info.summary.clone(),
        schema: info.schema.clone(),
        formats: info
            .formats
            .iter()
            .map(|format| match format {
                PixelFormat::Gray8 => "gray8",
                PixelFormat::Rgb8 => "rgb8",
                PixelFormat::Rgba8 => "rgba8",
            })
            .collect(),
    }
}

/// Lists the plugins.
#[utoipa::path(
    get, path = "/v1/plugins", tag = "plugins",
    responses(
        (status = 200, description = "The plugins.", body = PluginList),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(Extract(state): Extract<Arc<State>>, _: Caller) -> Json<PluginList> {
    let transforms = state.plugins.transforms();
    let items = state.plugins.plugins().iter().map(|info| plugin(info, &transforms)).collect();
    Json(PluginList { items })
}

fn plugin(info: &PluginInfo, transforms: &[Arc<TransformInfo>]) -> PluginDocument {
    let own = transforms.iter().filter(|transform| transform.plugin.name == info.name);
    PluginDocument {
        name: info.name.clone(),
        version: info.version.clone(),
        license: info.license.clone(),
        summary: info.summary.clone(),
        digest: info.digest.clone(),
        bundled: info.bundled,
        transforms: own.map(|transform| transform.name.clone()).collect(),
    }
}

/// Shows a plugin.
#[utoipa::path(
    get, path = "/v1/plugins/{name}", tag = "plugins",
    params(("name" = String, Path, description = "The plugin.")),
    responses(
        (status = 200, description = "The plugin.", body = PluginDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    _: Caller,
    Path(name): Path<String>,
) -> Result<Json<PluginDocument>, Problem> {
    let plugins = state.plugins.plugins();
    let info = plugins.iter().find(|info| info.name == name).ok_or_else(|| no_plugin(&name))?;
    Ok(Json(plugin(info, &state.plugins.transforms())))
}

/// Installs a plugin, in the place of one of the same name.
///
/// The body is a WebAssembly component whose manifest has the name of the path. Only for accounts in
/// `server.admin_accounts`; a bundled plugin cannot be replaced (409).
#[utoipa::path(
    put, path = "/v1/plugins/{name}", tag = "plugins",
    params(("name" = String, Path, description = "The plugin.")),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The component."),
    responses(
        (status = 200, description = "It is installed, and the next steps use it.", body = PluginDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    Extract(state): Extract<Arc<State>>,
    _: Admin,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<PluginDocument>, Problem> {
    let media_type = body::media_type(request.headers());
    if !matches!(media_type.as_deref(), None | Some("application/wasm" | "application/octet-stream")) {
        return Err(body::unsupported(media_type.as_deref(), "application/wasm"));
    }
    let limit = state.limits.max_component_bytes;
    body::check_length(request.headers(), limit)?;
    let component = body::collect(request.into_body(), limit).await?;
    let plugins = Arc::clone(&state.plugins);
    let info = blocking(move || plugins.install(&name, component)).await?;
    tracing::info!(plugin = info.name, version = info.version, digest = info.digest, "a plugin was installed");
    Ok(Json(plugin(&info, &state.plugins.transforms())))
}

/// Removes a plugin. Only for accounts in `server.admin_accounts`; a bundled one stays (409).
#[utoipa::path(
    delete, path = "/v1/plugins/{name}", tag = "plugins",
    params(("name" = String, Path, description = "The plugin.")),
    responses(
        (status = 204, description = "It is removed."),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete(
    Extract(state): Extract<Arc<State>>,
    _: Admin,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let plugins = Arc::clone(&state.plugins);
    let removed = name.clone();
    if !blocking(move || plugins.remove(&removed)).await? {
        return Err(no_plugin(&name));
    }
    tracing::info!(plugin = name, "a plugin was removed");
    Ok(StatusCode::NO_CONTENT)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Problem::new(Code::Internal, "the work on the plugins broke off")),
    }
}

fn no_plugin(name: &str) -> Problem {
    Problem::not_found("plugin", name)
}
