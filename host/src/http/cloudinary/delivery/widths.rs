//! The list of widths that `w_auto:breakpoints:json` answers in the place of the picture.

use std::sync::Arc;

use axum::{
    Json,
    http::request::Parts,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Cloud, Delivery, Resource, access::Credentials, refusal::Refusal, reply};
use crate::dialect::cloudinary::{breakpoints::List, evaluate::Hints, url::Address};

impl Delivery {
    /// The list, if the address asks for it. The widths are made one after the other, and kept as any result is.
    pub(super) async fn widths(
        self: &Arc<Self>,
        cloud: &Cloud,
        address: &Address,
        resource: &Resource,
        given: Credentials,
        head: &Parts,
    ) -> Result<Option<Response>, Refusal> {
        let Some(list) = List::of(&address.transformation) else { return Ok(None) };
        let client = (reply::hints(&head.headers), reply::accept(&head.headers));
        let before = Address { transformation: list.before(), ..address.clone() };
        let own = self.plan(cloud, &before, resource, given, (Hints::default(), None)).await?.evaluated.size.width;
        let mut made = Vec::new();
        for width in list.widths(own) {
            let one = Address { transformation: list.at(width), ..address.clone() };
            let plan = self.plan(cloud, &one, resource, given, client).await?;
            let bytes = match reply::changes_nothing(resource, &plan) {
                true => resource.bytes,
                false => self.derived(cloud, &one, resource, plan).await?.bytes,
            };
            made.push((width, bytes));
        }
        let headers = self.headers(address, resource, given, None);
        Ok(Some((headers, Json(json!({ "breakpoints": list.listed(made) }))).into_response()))
    }
}
