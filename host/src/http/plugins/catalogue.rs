//! The catalogue of transforms.

use std::sync::Arc;

use axum::{Json, extract::State as Extract};
use safelight_codec::PixelFormat;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    http::{State, auth::Caller, reply::Problem},
    pipeline::{Kind, TransformInfo},
};

/// The whole catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Catalogue {
    /// The transforms, by plugin and name.
    items: Vec<TransformDocument>,
}

/// A named operation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "name": "resize", "plugin": "geometry", "version": "0.1.0", "kind": "filter", "summary": "Makes a picture larger or smaller",
    "schema": {"type": "object", "properties": {"width": {"type": "integer", "minimum": 1}}}, "formats": ["rgb8", "rgba8"]
}))]
pub(in crate::http) struct TransformDocument {
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

/// Lists every transform that the account may use, with the schema of its parameters.
#[utoipa::path(
    get, path = "/v1/transforms", tag = "plugins",
    responses(
        (status = 200, description = "The catalogue.", body = Catalogue),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn transforms(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
) -> Json<Catalogue> {
    Json(Catalogue { items: state.plugins.transforms(&account.key).iter().map(|info| transform(info)).collect() })
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
