//! The Cloudinary API under `/v1_1/{cloud}`: the upload API and the admin API.
//!
//! One route takes all paths, because public ids stand in them with their slashes, plain or escaped.
//! What is left of a path after its fixed words is decoded here.

mod admin;
mod archive;
mod asked;
mod caller;
mod chunks;
pub mod delivery;
mod explicit;
mod files;
mod form;
mod jobs;
mod manage;
mod many;
mod pages;
mod reply;
mod tags;
mod tgz;
mod token;
mod upload;
mod values;

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Router,
    extract::{Request, State as Extract},
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
    routing::{any, get},
};

use super::State;
use crate::{
    dialect::cloudinary::{Cloudinary, decode_segment},
    error::Failure,
    job::{Rendering, SourceReport},
    source::Source,
    worker::Worker,
};
use form::Sent;
use reply::Refusal;

/// What calls are answered with.
#[derive(Clone)]
pub struct CloudinaryDoor {
    /// The dialect.
    pub dialect: Arc<Cloudinary>,
    /// What tells the size of remote pictures.
    pub measure: Arc<dyn Measure>,
}

/// Tells what a source is; the worker does.
#[async_trait]
pub trait Measure: Send + Sync {
    /// Size and format of a source when it is read so.
    async fn measure(&self, source: &Source, rendering: &Rendering) -> Result<SourceReport, Failure>;
}

#[async_trait]
impl Measure for Worker {
    async fn measure(&self, source: &Source, rendering: &Rendering) -> Result<SourceReport, Failure> {
        Worker::measure(self, source, rendering).await
    }
}

/// The routes of the dialect.
pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/v1_1/{cloud}/{*path}", any(call))
        .route("/{cloud}/image/sprite/{*path}", get(files::get))
        .route("/{cloud}/image/multi/{*path}", get(files::get))
}

/// A call without its body.
struct Call {
    state: Arc<State>,
    cloud: String,
    method: Method,
    headers: HeaderMap,
    /// Our id of the request, told in answers and notifications.
    request_id: String,
}

async fn call(Extract(state): Extract<Arc<State>>, request: Request) -> Response {
    let segments = match segments(request.uri()) {
        Ok(segments) => segments,
        Err(refusal) => return refusal.into_response(),
    };
    let Some((cloud, path)) = segments.split_first() else { return Refusal::new(404, "Not found").into_response() };
    let call = Call {
        state,
        cloud: cloud.clone(),
        method: request.method().clone(),
        headers: request.headers().clone(),
        request_id: hex::encode(rand::random::<[u8; 16]>()),
    };
    // The Node SDK escapes the slash between some fixed words.
    let (words, rest) = path.split_at(path.len().min(1));
    let path: Vec<&str> =
        words.iter().flat_map(|word| word.split('/')).chain(rest.iter().map(String::as_str)).collect();
    let answer = match path.as_slice() {
        [kind @ ("image" | "video" | "raw" | "auto" | "all"), action] => call.upload_api(kind, action, request).await,
        path => admin::answer(call, path, request).await,
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

/// The segments after `/v1_1`, decoded one by one.
fn segments(uri: &Uri) -> Result<Vec<String>, Refusal> {
    let path = uri.path().strip_prefix("/v1_1/").unwrap_or_default();
    let decoded = path.trim_end_matches('/').split('/').map(|segment| {
        decode_segment(segment).ok_or_else(|| Refusal::bad(format!("The path is not UTF-8: {segment}")))
    });
    decoded.collect()
}

impl Call {
    /// Reads query and body.
    async fn sent(&self, request: Request) -> Result<Sent, Refusal> {
        Sent::read(&self.state, request, self.state.limits.max_picture_bytes).await
    }

    async fn upload_api(self, kind: &str, action: &str, request: Request) -> Result<Response, Refusal> {
        if self.method != Method::POST && self.method != Method::GET {
            return Err(Refusal::new(404, format!("{} {action} is not supported", self.method)));
        }
        let sent = self.sent(request).await?;
        match action {
            "upload" | "upload_large" | "upload_chunked" => upload::upload(self, kind, sent).await,
            "explicit" => explicit::explicit(self, kind, sent).await,
            "destroy" => manage::destroy(self, kind, sent).await,
            "rename" => manage::rename(self, kind, sent).await,
            "tags" => tags::tags(self, kind, sent).await,
            "context" => values::context(self, kind, sent).await,
            "metadata" => values::metadata(self, kind, sent).await,
            "sprite" => many::sprite(self, sent).await,
            "multi" => many::multi(self, kind, sent).await,
            "explode" => many::explode(self, kind, sent).await,
            "text" => many::text(self, sent).await,
            "generate_archive" => archive::generate(self, kind, sent).await,
            "delete_by_token" => token::delete(self, sent).await,
            "download" => files::download(self, kind, sent).await,
            _ => Err(Refusal::new(404, format!("There is no action {action}"))),
        }
    }
}
