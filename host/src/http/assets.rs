//! Stored originals: the way in for `{"asset": ...}` sources.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Path, Request, State as Extract},
    http::StatusCode,
};
use futures_util::StreamExt;

use super::{State, auth::Caller, body, reply::Problem, upload};
use crate::{
    dialect::native::{
        lower::check_asset_id,
        response::{self, AssetDocument},
    },
    error::Code,
    store::AssetRow,
};

/// Stores a picture under an id, in the place of one that is there.
///
/// The body is the picture; its format is told by its first bytes, whatever the content type says.
#[utoipa::path(
    put, path = "/v1/assets/{id}", tag = "assets",
    params(("id" = String, Path, description = "1 to 255 bytes, no control characters.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The picture."),
    responses(
        (status = 200, description = "It is stored.", body = AssetDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<AssetDocument>, Problem> {
    check_asset_id(&id).map_err(|message| Problem::field("id", message))?;
    body::check_length(request.headers(), state.limits.max_picture_bytes)?;
    let file = take(&state, request.into_body()).await?;
    let info = upload::measure(&state, &file, &Default::default()).await?;
    let blob = file.blob.ok_or_else(|| Problem::new(Code::Internal, "the picture was stored and is gone"))?;
    let row = AssetRow {
        account: account.key,
        id,
        sha256: blob.sha256,
        bytes: blob.bytes,
        format: info.format.into_owned(),
        width: info.size.width,
        height: info.size.height,
        created_at: state.clock.now(),
    };
    state.store.put_asset(row.clone()).await?;
    Ok(Json(response::asset(&row)))
}

async fn take(state: &State, body: Body) -> Result<upload::File, Problem> {
    let mut taker = upload::Taker::new(state, true);
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        taker.take(&chunk.map_err(|error| body::read_problem(&error))?).await?;
    }
    taker.finish("body").await
}

/// Shows an asset.
#[utoipa::path(
    get, path = "/v1/assets/{id}", tag = "assets",
    params(("id" = String, Path, description = "The asset.")),
    responses(
        (status = 200, description = "The asset.", body = AssetDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<AssetDocument>, Problem> {
    let row = state.store.asset(&account.key, &id).await?;
    let row = row.ok_or_else(|| Problem::not_found("asset", &id))?;
    Ok(Json(response::asset(&row)))
}

/// Forgets an asset. Jobs that were accepted with it still find it.
#[utoipa::path(
    delete, path = "/v1/assets/{id}", tag = "assets",
    params(("id" = String, Path, description = "The asset.")),
    responses(
        (status = 204, description = "It is forgotten."),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if state.store.delete_asset(&account.key, &id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("asset", &id))
    }
}
