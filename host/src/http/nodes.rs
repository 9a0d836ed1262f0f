//! Which nodes there are.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State as Extract},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{State, auth::Admin, query::Query, reply::Problem};
use crate::{
    clock::rfc3339,
    store::{NodeInfo, NodeRow},
};

/// The nodes of the store.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NodeList {
    /// By name.
    items: Vec<NodeDocument>,
}

/// A node.
#[derive(Debug, Serialize, ToSchema)]
struct NodeDocument {
    /// Its name: `node.name`, or the host's name and the port.
    name: String,
    /// What it does: `api`, `worker`, `sender`.
    roles: Vec<String>,
    /// The version of Safelight.
    version: String,
    /// The address it listens on.
    address: String,
    /// The revision of the set of plugins that it offers. A node behind the others gets no jobs that were accepted with
    /// a newer set.
    plugins: u64,
    /// How many jobs it runs at the same time; 0 when it runs none.
    slots: u32,
    /// Whether it is stopping.
    draining: bool,
    /// Since when it is up.
    started_at: String,
    /// Its last sign of life. Where several nodes share a store, each gives one every ten seconds.
    seen_at: String,
}

impl From<NodeRow> for NodeDocument {
    fn from(row: NodeRow) -> NodeDocument {
        let NodeInfo { roles, version, address, plugins, slots, draining } = row.info;
        let (started_at, seen_at) = (rfc3339(row.started_at), rfc3339(row.seen_at));
        NodeDocument { name: row.name, roles, version, address, plugins, slots, draining, started_at, seen_at }
    }
}

/// Lists the nodes that are up or were in the last day; one that stops says so and goes. For accounts in
/// `server.admin_accounts`.
#[utoipa::path(
    get, path = "/v1/nodes", tag = "server",
    responses(
        (status = 200, description = "All of them.", body = NodeList),
        (status = "default", description = "A problem document.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    Extract(state): Extract<Arc<State>>,
    _: Admin,
    RawQuery(query): RawQuery,
) -> Result<Json<NodeList>, Problem> {
    Query::new(query.as_deref()).finish()?;
    let items = state.store.nodes().await?.into_iter().map(Into::into).collect();
    Ok(Json(NodeList { items }))
}
