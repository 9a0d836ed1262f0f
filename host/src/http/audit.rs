//! Who changed what.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State as Extract},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{State, auth::Admin, jobs::PAGE, query::Query, reply::Problem};
use crate::{
    clock::rfc3339,
    store::{AuditFilter, AuditRow},
};

/// A page of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditList {
    /// The entries, newest first.
    items: Vec<AuditDocument>,
    /// What to send as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

/// An entry of the log.
#[derive(Debug, Serialize, ToSchema)]
struct AuditDocument {
    /// Its id.
    id: Uuid,
    /// When.
    at: String,
    /// Who: an account's key, `cli:USER`, `configuration`, or `safelight` itself.
    actor: String,
    /// What was done: `plugin.installed`, `account.changed`, ...
    action: String,
    /// To what: a plugin's or an account's name.
    subject: String,
    /// More about it.
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<AuditRow> for AuditDocument {
    fn from(row: AuditRow) -> AuditDocument {
        let AuditRow { id, at, actor, action, subject, detail } = row;
        AuditDocument { id, at: rfc3339(at), actor, action, subject, detail }
    }
}

/// Lists who changed what of plugins and accounts, newest first. For accounts in `server.admin_accounts`.
#[utoipa::path(
    get, path = "/v1/audit", tag = "accounts",
    params(
        ("subject" = Option<String>, Query, description = "Only of this plugin or account."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("limit" = Option<u32>, Query, description = "1 to 500; 50 when absent.", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "A page of the log.", body = AuditList),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    _: Admin,
    RawQuery(query): RawQuery,
) -> Result<Json<AuditList>, Problem> {
    let mut query = Query::new(query.as_deref());
    let filter = AuditFilter {
        subject: query.text("subject"),
        cursor: query.text("cursor"),
        limit: query.number("limit", 1, PAGE.1).unwrap_or(PAGE.0),
    };
    query.finish()?;
    let page = state.store.audit_log(filter).await?;
    Ok(Json(AuditList { items: page.items.into_iter().map(Into::into).collect(), next_cursor: page.next }))
}
