//! The catalogue of transforms, and the plugins that offer them.
//!
//! Accounts in `server.admin_accounts` change the plugins that everybody sees; every other account changes its own, which
//! it alone sees.

mod catalogue;
mod document;

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, Request, State as Extract},
    http::StatusCode,
};

use self::document::{PluginDocument, PluginList, PluginUpdate, PublishedPlugin, UsageDocument};
use super::{
    State,
    auth::Caller,
    body,
    query::Query,
    reply::{Issue, Problem},
};
use crate::{
    distribution::Reference,
    error::Code,
    plugins::{By, Decision, Listed},
    store::Account,
};

pub(super) use catalogue::{__path_transforms, transforms};

/// Whose plugin a request is about, and who sends it.
fn by(state: &State, account: &Account, query: Option<&str>) -> Result<By, Problem> {
    let mut query = Query::new(query);
    let by = owner(state, account, &mut query);
    query.finish()?;
    Ok(by)
}

/// The same; the parameter is taken out of the query.
fn owner(state: &State, account: &Account, query: &mut Query) -> By {
    let own = query.switch("own");
    match state.is_admin(account) && !own {
        true => By::operator(&account.key),
        false => By::owner(&account.key),
    }
}

/// A plugin that an account sees: its own before everybody's.
fn seen(state: &State, account: &Account, name: &str) -> Result<Listed, Problem> {
    let all = state.plugins.list();
    let of = |owner: &str| all.iter().find(|listed| listed.owner == owner && listed.name == name).cloned();
    of(&account.key).or_else(|| of("")).ok_or_else(|| Problem::not_found("plugin", name))
}

/// Lists the plugins.
///
/// Those of everybody and the account's own; an account in `server.admin_accounts` sees the own ones of all.
#[utoipa::path(
    get, path = "/v1/plugins", tag = "plugins",
    responses(
        (status = 200, description = "The plugins.", body = PluginList),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(Extract(state): Extract<Arc<State>>, Caller(account): Caller) -> Json<PluginList> {
    let is_admin = state.is_admin(&account);
    let is_seen = |listed: &&Listed| is_admin || listed.owner.is_empty() || listed.owner == account.key;
    Json(PluginList { items: state.plugins.list().iter().filter(is_seen).map(PluginDocument::from).collect() })
}

/// Shows a plugin: the account's own of this name before everybody's.
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
    Caller(account): Caller,
    Path(name): Path<String>,
) -> Result<Json<PluginDocument>, Problem> {
    Ok(Json((&seen(&state, &account, &name)?).into()))
}

/// Tells how the calls of a plugin ended and what they took, since the server started.
#[utoipa::path(
    get, path = "/v1/plugins/{name}/usage", tag = "plugins",
    params(
        ("name" = String, Path, description = "The plugin."),
        ("own" = Option<bool>, Query, description = "The operator's own of this name rather than everybody's."),
    ),
    responses(
        (status = 200, description = "What was counted.", body = UsageDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn usage(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<UsageDocument>, Problem> {
    let by = by(&state, &account, query.as_deref())?;
    if !state.plugins.list().iter().any(|listed| listed.owner == by.owner && listed.name == name) {
        return Err(Problem::not_found("plugin", &name));
    }
    Ok(Json(UsageDocument::of(&state.plugins.usage(), &by.owner, &name)))
}

/// Installs a plugin, or another version of one; its names stand for it from now on.
///
/// The body is a WebAssembly component whose manifest has the name of the path; or, for operators, JSON that says where
/// it is published. An account in `server.admin_accounts`
/// installs for everybody, any other one (and an operator with `own`) for itself alone. Earlier versions are kept to
/// roll back to. A bundled plugin cannot be replaced (409).
#[utoipa::path(
    put, path = "/v1/plugins/{name}", tag = "plugins",
    params(
        ("name" = String, Path, description = "The plugin."),
        ("own" = Option<bool>, Query, description = "For the account alone, also when it is an operator's."),
    ),
    request_body(content(
        (Vec<u8> = "application/wasm"),
        (PublishedPlugin = "application/json"),
    ), description = "The component, or where it is."),
    responses(
        (status = 200, description = "It is installed, and the next steps use it.", body = PluginDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn put(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Json<PluginDocument>, Problem> {
    let by = by(&state, &account, query.as_deref())?;
    let media_type = body::media_type(request.headers());
    if media_type.as_deref() == Some("application/json") {
        let PublishedPlugin { reference, update } = body::read(&state, request).await?;
        check_reference(&by, &reference)?;
        return Ok(Json((&state.plugins.install_from(&by, &name, &reference, update).await?).into()));
    }
    if !matches!(media_type.as_deref(), None | Some("application/wasm" | "application/octet-stream")) {
        return Err(body::unsupported(media_type.as_deref(), "application/wasm or application/json"));
    }
    let limit = state.limits.max_component_bytes;
    body::check_length(request.headers(), limit)?;
    let component = body::collect(request.into_body(), limit).await?;
    Ok(Json((&state.plugins.install(&by, &name, component).await?).into()))
}

/// Who may have the server fetch what from where.
fn check_reference(by: &By, reference: &Reference) -> Result<(), Problem> {
    if !by.owner.is_empty() {
        let message =
            "only accounts in server.admin_accounts may have plugins fetched, and for everybody: send the component";
        return Err(Problem::new(Code::Forbidden, message));
    }
    match reference {
        Reference::File(_) => {
            let message = format!("is {:?}, expected oci:// or https://", reference.to_string());
            Err(Problem::issues(vec![Issue::at("/reference", Code::InvalidRequest, message)]))
        }
        Reference::Oci(_) | Reference::Url(_) => Ok(()),
    }
}

/// Changes a plugin: enables or disables it, chooses its version for all or for single accounts, sets its limits.
#[utoipa::path(
    patch, path = "/v1/plugins/{name}", tag = "plugins",
    params(
        ("name" = String, Path, description = "The plugin."),
        ("own" = Option<bool>, Query, description = "The operator's own of this name rather than everybody's."),
    ),
    request_body = PluginUpdate,
    responses(
        (status = 200, description = "The plugin as it is now.", body = PluginDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn patch(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Json<PluginDocument>, Problem> {
    let by = by(&state, &account, query.as_deref())?;
    let update: PluginUpdate = body::read(&state, request).await?;
    let decisions = update.decisions();
    // What it may cost the server, and what it may read of it, is the operator's to say.
    let is_operators = |decision: &Decision| matches!(decision, Decision::Limit(_) | Decision::Grant(_));
    if !state.is_admin(&account) && decisions.iter().any(is_operators) {
        let message = "only accounts in server.admin_accounts may set the limits and grants of a plugin";
        return Err(Problem::new(Code::Forbidden, message));
    }
    Ok(Json((&state.plugins.decide(&by, &name, decisions).await?).into()))
}

/// Has the names of a plugin stand for the version that they stood for before.
#[utoipa::path(
    post, path = "/v1/plugins/{name}/rollback", tag = "plugins",
    params(
        ("name" = String, Path, description = "The plugin."),
        ("own" = Option<bool>, Query, description = "The operator's own of this name rather than everybody's."),
    ),
    responses(
        (status = 200, description = "The plugin as it is now.", body = PluginDocument),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn rollback(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<PluginDocument>, Problem> {
    let by = by(&state, &account, query.as_deref())?;
    Ok(Json((&state.plugins.decide(&by, &name, vec![Decision::RollBack]).await?).into()))
}

/// Removes a plugin, or one of its versions. A bundled one stays (409); jobs that run keep what they began with.
#[utoipa::path(
    delete, path = "/v1/plugins/{name}", tag = "plugins",
    params(
        ("name" = String, Path, description = "The plugin."),
        ("version" = Option<String>, Query, description = "Only this version, which nothing stands for."),
        ("own" = Option<bool>, Query, description = "The operator's own of this name rather than everybody's."),
    ),
    responses(
        (status = 204, description = "It is removed."),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete(
    Extract(state): Extract<Arc<State>>,
    Caller(account): Caller,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<StatusCode, Problem> {
    let mut query = Query::new(query.as_deref());
    let by = owner(&state, &account, &mut query);
    let version = query.text("version");
    query.finish()?;
    match version {
        Some(version) => {
            state.plugins.decide(&by, &name, vec![Decision::Drop { version }]).await?;
        }
        None => state.plugins.remove(&by, &name).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}
