//! From address and resource to the work: what it refers to is looked up, then it is evaluated and lowered.

use super::{
    Access, Cloud, Delivery, Resource, ResourceId,
    access::{self, Credentials},
    refusal::Refusal,
};
use crate::{
    dialect::cloudinary::{
        evaluate::{Bounds, Evaluated, Facts, Hints, evaluate},
        geometry::Size,
        lower::{self, Found, Lookup, Lowered, Missing, Wanted, lower},
        references::{MAX_TABLE, MOST, ROUNDS},
        transformation::{FormatName, Transformation},
        url::{Address, DeliveryType, ResourceType},
    },
    job::{ImageSource, Rendering},
    source::Source,
};

/// What is to be done for an address.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) lowered: Lowered,
    pub(super) evaluated: Evaluated,
    /// The size of the source as it is read.
    pub(super) source: Size,
}

impl Delivery {
    /// Plans the transformation of an address for a resource that is an image.
    pub(super) async fn plan(
        &self,
        cloud: &Cloud,
        address: &Address,
        resource: &Resource,
        given: Credentials,
        client: (Hints, Option<&str>),
    ) -> Result<Plan, Refusal> {
        let transformation = &address.transformation;
        let rendering = lower::rendering(transformation);
        let (size, frames) = self.measured(resource, &rendering).await?;
        let facts = Facts {
            pages: frames,
            tags: resource.tags.clone(),
            context: resource.context.clone(),
            metadata: resource.metadata.clone(),
            faces: resource.faces.clone(),
            custom: resource.custom.clone(),
            ..Facts::of(size)
        };
        let (hints, accept) = client;
        let bounds = Bounds { pixels: self.config.max_pixels, ..Bounds::default() };
        let source = lower::Source { format: &resource.format, frames };
        let wanted = Wanted { extension: address.extension, accept };
        let mut lookup = Lookup::default();
        let mut looked_up = 0;
        for _ in 0..ROUNDS {
            let done = evaluate(transformation, &facts, &lookup, hints, &bounds)
                .and_then(|evaluated| Ok((lower(&evaluated, source, wanted, &lookup)?, evaluated)));
            let missing = lookup.missing();
            if missing.is_empty() {
                let (lowered, evaluated) = done?;
                if lowered.calls_out() && !given.signed {
                    return Err(Refusal::unauthorized("Functions on the web need a signed address"));
                }
                if lowered.fetches() {
                    access::may_fetch(cloud, given)?;
                }
                return Ok(Plan { lowered, evaluated, source: size });
            }
            looked_up += missing.len();
            if looked_up > MOST {
                break;
            }
            for what in missing {
                let found = self.look_up(cloud, &what, given).await?;
                lookup.insert(what, found);
            }
        }
        let message = format!("The transformation refers to too much: at most {MOST} things, {ROUNDS} deep");
        Err(Refusal::new(axum::http::StatusCode::BAD_REQUEST, message))
    }

    /// Size and number of pages or frames of a resource when it is read so.
    async fn measured(&self, resource: &Resource, rendering: &Rendering) -> Result<(Size, u32), Refusal> {
        match (resource.size, resource.frames) {
            (Some(size), Some(frames)) if rendering.is_default() => Ok((size, frames)),
            _ => {
                let source = Source::Blob { sha256: resource.sha256.clone(), asset: None };
                let report = self.maker.measure(&source, rendering).await.map_err(|error| Refusal::making(&error))?;
                Ok((Size::new(report.width, report.height), report.frames.unwrap_or(1)))
            }
        }
    }

    async fn look_up(&self, cloud: &Cloud, what: &Missing, given: Credentials) -> Result<Found, Refusal> {
        let (resources, account) = (self.resources.as_ref(), cloud.account.as_str());
        let store = |failure| Refusal::store(&failure);
        let found = match what {
            Missing::Named(name) => resources.named(account, name).await.map_err(store)?.map(Found::Named),
            Missing::Style(id) => resources.style(account, id).await.map_err(store)?.map(Found::Style),
            Missing::Image(delivery, id) => {
                let delivery = DeliveryType::from_word(delivery).unwrap_or(DeliveryType::Upload);
                let closed = matches!(delivery, DeliveryType::Private | DeliveryType::Authenticated);
                if closed && !given.signed && !given.token {
                    return Err(Refusal::unauthorized(format!("The layer {id} needs a signed address")));
                }
                let found = self.image_named(account, delivery, id).await?;
                if found.as_ref().is_some_and(|found| found.access == Access::Restricted)
                    && !given.signed
                    && !given.token
                {
                    return Err(Refusal::unauthorized(format!("The layer {id} needs a signed address")));
                }
                found
                    .and_then(|resource| Some(Found::Image(ImageSource::Blob(resource.sha256.clone()), resource.size?)))
            }
            Missing::Table(id) => match self.raw(account, id).await? {
                Some(resource) if resource.bytes <= MAX_TABLE => {
                    let bytes = self.blobs.get(&resource.sha256).await?;
                    Some(Found::Table(String::from_utf8_lossy(&bytes).into_owned()))
                }
                _ => None,
            },
            Missing::Component(id) => {
                let id = ResourceId {
                    kind: ResourceType::Raw,
                    delivery: DeliveryType::Authenticated,
                    public_id: id.clone(),
                };
                let found = resources.find(account, &id).await.map_err(store)?;
                found.map(|resource| Found::Component(resource.sha256))
            }
        };
        Ok(found.unwrap_or(Found::Nothing))
    }

    /// An image by an id that may end with an extension which is no part of it.
    pub(super) async fn image_named(
        &self,
        account: &str,
        delivery: DeliveryType,
        public_id: &str,
    ) -> Result<Option<Resource>, Refusal> {
        let stem = public_id.rsplit_once('.').filter(|(_, end)| FormatName::from_name(end).is_some());
        for id in [Some(public_id), stem.map(|(stem, _)| stem)].into_iter().flatten() {
            let id = ResourceId { kind: ResourceType::Image, delivery: delivery.clone(), public_id: id.to_owned() };
            let found = self.resources.find(account, &id).await;
            if let Some(resource) = found.map_err(|failure| Refusal::store(&failure))? {
                return Ok(Some(resource));
            }
        }
        Ok(None)
    }

    /// A raw asset, public or not.
    async fn raw(&self, account: &str, public_id: &str) -> Result<Option<Resource>, Refusal> {
        for delivery in [DeliveryType::Upload, DeliveryType::Authenticated] {
            let id = ResourceId { kind: ResourceType::Raw, delivery, public_id: public_id.to_owned() };
            let found = self.resources.find(account, &id).await;
            if let Some(resource) = found.map_err(|failure| Refusal::store(&failure))? {
                return Ok(Some(resource));
            }
        }
        Ok(None)
    }
}

/// The image for a missing one, that a transformation names.
pub(super) fn default_image(transformation: &Transformation) -> Option<&str> {
    use crate::dialect::cloudinary::transformation::{Id, Key, Node, Param};
    transformation.nodes.iter().rev().find_map(|node| match node {
        Node::Apply(component) => match component.param(Key::DefaultImage) {
            Some(Param::DefaultImage(Id(id))) => Some(id.as_str()),
            _ => None,
        },
        _ => None,
    })
}
