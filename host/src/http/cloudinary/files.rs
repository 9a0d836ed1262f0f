//! Files as answers: sheets with their style sheets, animations, originals.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State as Extract},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::TryStreamExt;
use serde_json::Value;

use super::{
    Call,
    caller::{self, Signing},
    form::Sent,
    reply::{Refusal, json_response},
};
use crate::{
    dialect::cloudinary::{
        answer::Site,
        made::SHEETS,
        many,
        signature::Algorithm,
        transformation::{Key, Node, Param},
        url::{Address, AddressError, Host},
    },
    http::State,
    pipeline::written_format,
    store::{ResourceKey, ResourceRow},
};

/// Hands out what was made under a name: `/{cloud}/image/sprite/...` and `/{cloud}/image/multi/...`. A sheet also has
/// a style sheet and its places as JSON.
pub(super) async fn get(Extract(state): Extract<Arc<State>>, request: Request) -> Response {
    let headers = request.headers().clone();
    match made(&state, request.uri().path(), &headers).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn made(state: &State, path: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    let (image, text) = match (path.strip_suffix(".css"), path.strip_suffix(".json")) {
        (Some(image), _) => (image, Some("css")),
        (None, Some(image)) => (image, Some("json")),
        (None, None) => (path, None),
    };
    let address = Address::parse(image, Host::Shared).map_err(|error| match error {
        AddressError::NotFound(_) => Refusal::new(404, error.to_string()),
        _ => Refusal::bad(error.to_string()),
    })?;
    let missing = || Refusal::no_resource(&address.public_id);
    let key = ResourceKey {
        account: address.cloud.clone(),
        kind: address.resource_type.word().to_owned(),
        delivery: address.delivery.word().to_owned(),
        public_id: address.public_id.clone(),
    };
    let row = state.store.resource(&key).await?.ok_or_else(missing)?;
    let transformation = without_prefix(&address);
    match text {
        None => {
            let extension = address.extension.map_or(row.format.as_str(), |extension| extension.reported());
            let derived = state.store.derived(row.id, &transformation, extension).await?.ok_or_else(missing)?;
            file(state, &derived.sha256, &derived.etag, &derived.format, headers).await
        }
        Some(kind) => {
            let infos = row.facts.extra.get(SHEETS).and_then(|sheets| sheets.get(&transformation)?.as_object());
            let infos = infos.ok_or_else(missing)?;
            if kind == "json" {
                return Ok(json_response(infos));
            }
            let site = Site {
                host: state.public_url.split_once("://").map_or("", |(_, host)| host),
                cloud: &address.cloud,
                secret: "",
                algorithm: Algorithm::default(),
            };
            Ok(style_sheet(&site, &row, &transformation, infos, prefix(&address)))
        }
    }
}

fn style_sheet(
    site: &Site<'_>,
    row: &ResourceRow,
    transformation: &str,
    infos: &serde_json::Map<String, Value>,
    prefix: Option<String>,
) -> Response {
    let (url, _) = site.urls(row, transformation, Some(row.format.as_str()));
    // Relative to the scheme, so that pages of either may use it.
    let url = url.strip_prefix("http:").unwrap_or(&url);
    let text = many::css(url, infos, prefix.as_deref().unwrap_or_default());
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], text)
        .into_response()
}

/// What stands before the names of a style sheet: `p_`.
fn prefix(address: &Address) -> Option<String> {
    address
        .transformation
        .nodes
        .iter()
        .find_map(|node| match node {
            Node::Apply(component) => component.param(Key::Prefix).map(Param::to_string),
            _ => None,
        })
        .and_then(|text| text.split_once('_').map(|(_, value)| value.to_owned()))
}

/// The transformation in canonical form, without the prefix of names.
fn without_prefix(address: &Address) -> String {
    let mut transformation = address.transformation.clone();
    for node in &mut transformation.nodes {
        if let Node::Apply(component) = node {
            component.params.retain(|param| param.key() != Key::Prefix);
        }
    }
    transformation.to_string().trim_matches('/').to_owned()
}

/// A stored file that caches may keep.
async fn file(state: &State, sha256: &str, etag: &str, format: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    let etag = format!("\"{etag}\"");
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|value| value.as_bytes() == etag.as_bytes());
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { stream(state, sha256, format).await? };
    if let Ok(value) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    let cache = HeaderValue::from_static("public, no-transform, max-age=2592000");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

async fn stream(state: &State, sha256: &str, format: &str) -> Result<Response, Refusal> {
    let (bytes, chunks) = state.blobs.stream(sha256).await?;
    let mut response = Body::from_stream(chunks.map_err(std::io::Error::other)).into_response();
    let snapshot = state.plugins.snapshot();
    let known = written_format(snapshot.codecs(), format);
    let media_type = known.map_or_else(|| "application/octet-stream".to_owned(), |known| known.media_type.into_owned());
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(media_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// A stored file to be saved under a name.
pub(super) async fn attachment(state: &State, sha256: &str, name: &str, format: &str) -> Result<Response, Refusal> {
    let mut response = stream(state, sha256, format).await?;
    let plain =
        |character: char| if character.is_ascii_alphanumeric() || "-_.".contains(character) { character } else { '_' };
    let mut file: String = name.rsplit('/').next().unwrap_or(name).chars().map(plain).collect();
    if !format.is_empty() && !file.ends_with(&format!(".{format}")) {
        file.push_str(&format!(".{format}"));
    }
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{file}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// `download`: the original's bytes, by a signed address that may end.
pub(super) async fn download(call: Call, kind: &str, sent: Sent) -> Result<Response, Refusal> {
    let signing = Signing { lists: false, may_be_unsigned: false };
    let caller = caller::signed(&call.state, &call.cloud, &call.headers, &sent.form, signing).await?;
    let now = crate::clock::micros(call.state.clock.now()) / 1_000_000;
    if sent.form.whole("expires_at")?.is_some_and(|end| end < now) {
        return Err(Refusal::new(401, "The address has expired"));
    }
    let id = sent.form.text("public_id").ok_or_else(|| Refusal::bad("Missing required parameter - public_id"))?;
    let key = ResourceKey {
        account: caller.account.key.clone(),
        kind: kind.to_owned(),
        delivery: sent.form.text("type").unwrap_or("upload").to_owned(),
        public_id: id.to_owned(),
    };
    let row = call.state.store.resource(&key).await?.ok_or_else(|| Refusal::no_resource(id))?;
    let asked = sent.form.text("format").unwrap_or(&row.format);
    if kind == "image" && asked != row.format {
        return Err(Refusal::bad(format!("The original is {}, not {asked}", row.format)));
    }
    attachment(&call.state, &row.sha256, &row.key.public_id, if kind == "raw" { "" } else { &row.format }).await
}
