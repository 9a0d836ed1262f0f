//! The answer to an address that is delivered.

use std::sync::Arc;

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Access, Cloud, Delivery, Resource, access::Credentials, plan::Plan, refusal::Refusal};
use crate::{
    dialect::cloudinary::{
        evaluate::Hints,
        transformation::{Component, Flag, Switch},
        url::{Address, DeliveryType, ResourceType},
    },
    http::stored::{self, Stored, set},
    job::Encoding,
    pipeline::written_format,
};

/// The widest place that a client may tell of, in pixels.
const MAX_HINTED_WIDTH: u32 = 10_000;

/// Headers with hints that clients are asked for.
const ACCEPT_CH: &str = "DPR, Width, Viewport-Width, Sec-CH-DPR, Sec-CH-Width, Sec-CH-Viewport-Width";

impl Delivery {
    /// Delivers an image: as it is, or derived.
    pub(super) async fn image(
        self: &Arc<Self>,
        cloud: &Cloud,
        address: &Address,
        resource: &Resource,
        given: Credentials,
        head: &Parts,
    ) -> Result<Response, Refusal> {
        let accept = accept(&head.headers);
        let untouched = address.transformation.nodes.is_empty() && is_native(address, resource);
        if untouched {
            return self.original(address, resource, given, None, head).await;
        }
        if let Some(list) = self.widths(cloud, address, resource, given, head).await? {
            return Ok(list);
        }
        let plan = self.plan(cloud, address, resource, given, (hints(&head.headers), accept)).await?;
        let output = plan.evaluated.output.clone();
        let varies = Varies {
            accept: plan.lowered.varies,
            width: plan.evaluated.asked_width_hint,
            dpr: plan.evaluated.asked_dpr_hint,
        };
        if has(&output, Switch::Original) || changes_nothing(resource, &plan) {
            let mut answer = self.original(address, resource, given, Some(&output), head).await?;
            varies.tell(answer.headers_mut());
            return Ok(answer);
        }
        let source = plan.source;
        let derived = self.derived(cloud, address, resource, plan).await?;
        let mut headers = self.headers(address, resource, given, Some(&output));
        varies.tell(&mut headers);
        if has(&output, Switch::Getinfo) {
            let input = json!({
                "width": source.width, "height": source.height, "bytes": resource.bytes, "format": resource.format,
            });
            let output = json!({
                "width": derived.width, "height": derived.height, "bytes": derived.bytes, "format": derived.format,
            });
            return Ok((headers, Json(json!({ "input": input, "output": output }))).into_response());
        }
        let format = written_format(self.plugins.snapshot().codecs(), &derived.format);
        let (media_type, extension) = match &format {
            Some(format) => (format.media_type.as_ref(), format.extension.as_ref()),
            None => ("application/octet-stream", "bin"),
        };
        set(&mut headers, header::CONTENT_TYPE, media_type);
        attach(&mut headers, &output, address, extension);
        let stored = Stored {
            sha256: derived.sha256,
            bytes: derived.bytes,
            etag: format!("\"{}\"", derived.etag),
            modified: Some(derived.made),
        };
        Ok(stored::answer(&self.blobs, stored, &head.method, &head.headers, headers).await?)
    }

    /// Delivers the bytes as they were stored.
    pub(super) async fn original(
        &self,
        address: &Address,
        resource: &Resource,
        given: Credentials,
        output: Option<&Component>,
        head: &Parts,
    ) -> Result<Response, Refusal> {
        if address.delivery == DeliveryType::Private && !given.signed && !given.token {
            return Err(Refusal::unauthorized("deny or ACL failure"));
        }
        let mut headers = self.headers(address, resource, given, output);
        let media_type = self.media_type(address, resource);
        set(&mut headers, header::CONTENT_TYPE, &media_type);
        if media_type == "image/svg+xml" || address.resource_type != ResourceType::Image {
            // Files of others may hold scripts, which are not to run as ours.
            set(
                &mut headers,
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            );
        }
        if let Some(output) = output {
            attach(&mut headers, output, address, extension_of(&resource.format));
        }
        let stored = Stored {
            sha256: resource.sha256.clone(),
            bytes: resource.bytes,
            etag: format!("\"{}\"", resource.etag),
            modified: Some(resource.modified),
        };
        Ok(stored::answer(&self.blobs, stored, &head.method, &head.headers, headers).await?)
    }

    fn media_type(&self, address: &Address, resource: &Resource) -> String {
        let snapshot = self.plugins.snapshot();
        if let Some(format) = written_format(snapshot.codecs(), &resource.format) {
            return format.media_type.into_owned();
        }
        let name = match address.resource_type {
            ResourceType::Image => resource.format.as_str(),
            _ => address.public_id.rsplit_once('.').map_or(resource.format.as_str(), |(_, end)| end),
        };
        let known = match name.to_ascii_lowercase().as_str() {
            "svg" => "image/svg+xml",
            "jxl" => "image/jxl",
            "pdf" => "application/pdf",
            "css" => "text/css; charset=utf-8",
            "txt" | "cube" | "srt" | "vtt" => "text/plain; charset=utf-8",
            "json" => "application/json",
            "wasm" => "application/wasm",
            "zip" => "application/zip",
            "mp4" => "video/mp4",
            "webm" => "video/webm",
            "mp3" => "audio/mpeg",
            _ => "application/octet-stream",
        };
        known.to_owned()
    }

    /// Headers that all answers have.
    pub(super) fn headers(
        &self,
        address: &Address,
        resource: &Resource,
        given: Credentials,
        output: Option<&Component>,
    ) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let closed = given.token
            || resource.access == Access::Restricted
            || matches!(address.delivery, DeliveryType::Private | DeliveryType::Authenticated);
        let scope = if closed { "private" } else { "public" };
        let for_ever = address.version.is_some() || output.is_some_and(|output| has(output, Switch::ImmutableCache));
        let immutable = if for_ever { ", immutable" } else { "" };
        let age = self.config.max_age_s;
        set(&mut headers, header::CACHE_CONTROL, &format!("{scope}, no-transform{immutable}, max-age={age}"));
        set(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        let exposed = "Content-Length, Content-Disposition, Content-Range, ETag, X-Cld-Error";
        set(&mut headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        set(&mut headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        headers
    }
}

/// Whether the address asks for the format in which the resource is stored.
fn is_native(address: &Address, resource: &Resource) -> bool {
    address.extension.is_none_or(|extension| same_format(extension.name(), &resource.format))
}

/// Whether a plan leaves the stored bytes as they are.
pub(super) fn changes_nothing(resource: &Resource, plan: &Plan) -> bool {
    let encoding = &plan.lowered.encoding;
    let same = encoding.format.as_deref().is_none_or(|format| same_format(format, &resource.format));
    let plain = Encoding { format: encoding.format.clone(), ..Encoding::default() };
    let is_image = !has(&plan.evaluated.output, Switch::Getinfo);
    is_image && same && *encoding == plain && plan.lowered.keeps_pixels()
}

/// What an answer varies with.
struct Varies {
    accept: bool,
    width: bool,
    dpr: bool,
}

impl Varies {
    fn tell(&self, headers: &mut HeaderMap) {
        let names = [
            (self.accept, "Accept"),
            (self.width, "Width, Viewport-Width, Sec-CH-Width, Sec-CH-Viewport-Width"),
            (self.dpr, "DPR, Sec-CH-DPR"),
        ];
        let names: Vec<&str> = names.into_iter().filter_map(|(varies, name)| varies.then_some(name)).collect();
        if !names.is_empty() {
            set(headers, header::VARY, &names.join(", "));
        }
        if self.width || self.dpr {
            headers.insert("accept-ch", HeaderValue::from_static(ACCEPT_CH));
        }
    }
}

/// What formats a client takes.
pub(super) fn accept(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ACCEPT)?.to_str().ok()
}

/// What the client tells of its screen. What cannot be is left out.
pub(super) fn hints(headers: &HeaderMap) -> Hints {
    let number = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| headers.get(*name)?.to_str().ok()?.trim().parse::<f64>().ok());
        values.find(|value| value.is_finite() && *value > 0.0)
    };
    let width = number(&["sec-ch-width", "width", "sec-ch-viewport-width", "viewport-width"]);
    let dpr = number(&["sec-ch-dpr", "dpr"]);
    Hints {
        width: width.map(|width| (width.round() as u32).clamp(1, MAX_HINTED_WIDTH)),
        // In tenths, so that screens of nearly the same density share an image.
        dpr: dpr.map(|dpr| (dpr.clamp(0.1, 10.0) * 10.0).round() / 10.0),
    }
}

fn has(output: &Component, switch: Switch) -> bool {
    output.flags().is_some_and(|flags| flags.has(switch))
}

/// Whether two names are of one format: `jpg` and `jpeg`.
fn same_format(one: &str, other: &str) -> bool {
    match (safelight_codec::Format::from_name(one), safelight_codec::Format::from_name(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.eq_ignore_ascii_case(other),
    }
}

fn extension_of(format: &str) -> &str {
    safelight_codec::Format::from_name(format).map_or(format, |format| format.extension())
}

/// Sets `Content-Disposition` when the flag asks for it.
fn attach(headers: &mut HeaderMap, output: &Component, address: &Address, extension: &str) {
    let flags = output.flags().map(|flags| flags.0.as_slice()).unwrap_or_default();
    let Some(name) = flags.iter().find_map(|flag| match flag {
        Flag::Attachment(name) => Some(name.as_deref()),
        _ => None,
    }) else {
        return;
    };
    let name = name.or(address.suffix.as_deref()).unwrap_or_else(|| {
        let id = address.public_id.as_str();
        id.rsplit_once('/').map_or(id, |(_, name)| name)
    });
    let name = match name.rsplit_once('.') {
        Some((_, end)) if end.eq_ignore_ascii_case(extension) || extension.is_empty() => name.to_owned(),
        _ => format!("{name}.{extension}"),
    };
    // RFC 6266: in ASCII for old clients, and with all of Unicode.
    let plain: String = name
        .chars()
        .map(|character| match character {
            '"' | '\\' | '/' => '_',
            ' '..='~' => character,
            _ => '_',
        })
        .collect();
    let keeps = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let mut value = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        let escaped: String = name
            .bytes()
            .map(|byte| if keeps(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect();
        value.push_str(&format!("; filename*=UTF-8''{escaped}"));
    }
    set(headers, header::CONTENT_DISPOSITION, &value);
}
