//! What transformations refer to: looked up in the library until they can be lowered.

use super::{
    engine::storage,
    evaluate::{Bounds, EvaluateError, Evaluated, Facts, Hints, evaluate},
    geometry::Size,
    lower::{self, Found, Lookup, Lowered, Missing, TextStyle, Wanted, lower},
    made, named,
    transformation::{Eager, FormatName, Transformation},
    words,
};
use crate::{
    blob::Blobs,
    error::{Code, Failure},
    job::ImageSource,
    store::{self, ResourceKey, ResourceRow, Store},
};

/// How often things are looked up, each time those that the last look led to.
pub const ROUNDS: usize = 32;

/// Things that one transformation may refer to.
pub const MOST: usize = 200;

/// Bytes of a table of colours.
pub const MAX_TABLE: u64 = 10 << 20;

/// Where things are looked up, and for whom.
#[derive(Clone, Copy)]
pub struct References<'a> {
    /// Assets and named transformations.
    pub store: &'a dyn Store,
    /// Their bytes.
    pub blobs: &'a Blobs,
    /// Whose.
    pub account: &'a str,
}

impl References<'_> {
    /// What a transformation comes to for a source.
    ///
    /// # Errors
    /// What is wrong with it, and failures of the store.
    pub async fn lowered(
        &self,
        transformation: &Transformation,
        facts: &Facts,
        source: lower::Source<'_>,
        wanted: Wanted<'_>,
    ) -> Result<(Lowered, Evaluated), Failure> {
        let mut lookup = Lookup::default();
        let mut looked_up = 0;
        for _ in 0..ROUNDS {
            let done = evaluate(transformation, facts, &lookup, Hints::default(), &Bounds::default())
                .and_then(|evaluated| Ok((lower(&evaluated, source, wanted, &lookup)?, evaluated)));
            let missing = lookup.missing();
            if missing.is_empty() {
                return done.map_err(|error| failure(&error));
            }
            looked_up += missing.len();
            if looked_up > MOST {
                break;
            }
            for what in missing {
                let found = self.find(&what).await?;
                lookup.insert(what, found.unwrap_or(Found::Nothing));
            }
        }
        let message = format!("the transformation refers to too much: at most {MOST} things, {ROUNDS} deep");
        Err(Failure::new(Code::InvalidParams, message))
    }

    async fn find(&self, what: &Missing) -> Result<Option<Found>, Failure> {
        Ok(match what {
            Missing::Named(name) => {
                let definition = named::definition(self.store, self.account, name).await.map_err(storage)?;
                definition.and_then(|text| Eager::parse(&text).ok()).map(|eager| Found::Named(eager.transformation))
            }
            Missing::Image(delivery, id) => {
                let mut found = self.resource("image", delivery, id).await?;
                if found.is_none()
                    && let Some((stem, end)) = id.rsplit_once('.')
                    && FormatName::from_name(end).is_some()
                {
                    found = self.resource("image", delivery, stem).await?;
                }
                found.map(|row| Found::Image(ImageSource::Blob(row.sha256), Size::new(row.width, row.height)))
            }
            Missing::Component(id) => {
                let found = self.resource("raw", "authenticated", id).await?;
                found.map(|row| Found::Component(row.sha256))
            }
            Missing::Style(id) => style(self.store, self.account, id).await.map_err(storage)?.map(Found::Style),
            Missing::Table(id) => {
                let mut found = self.resource("raw", "upload", id).await?;
                if found.is_none() {
                    found = self.resource("raw", "authenticated", id).await?;
                }
                match found.filter(|row| row.bytes <= MAX_TABLE) {
                    Some(row) => {
                        let bytes = self.blobs.get(&row.sha256).await;
                        let bytes = bytes.map_err(|error| Failure::new(Code::StorageFailed, error.to_string()))?;
                        Some(Found::Table(String::from_utf8_lossy(&bytes).into_owned()))
                    }
                    None => None,
                }
            }
        })
    }

    async fn resource(&self, kind: &str, delivery: &str, id: &str) -> Result<Option<ResourceRow>, Failure> {
        self.store.resource(&key(self.account, kind, delivery, id)).await.map_err(storage)
    }
}

fn key(account: &str, kind: &str, delivery: &str, public_id: &str) -> ResourceKey {
    ResourceKey {
        account: account.to_owned(),
        kind: kind.to_owned(),
        delivery: delivery.to_owned(),
        public_id: public_id.to_owned(),
    }
}

/// The style of a text asset.
///
/// # Errors
/// Of the store.
pub async fn style(store: &dyn Store, account: &str, public_id: &str) -> Result<Option<TextStyle>, store::Error> {
    let row = store.resource(&key(account, "image", "text", public_id)).await?;
    Ok(row.and_then(|row| words::style(row.facts.extra.get(made::STYLE)?.as_str()?)))
}

fn failure(error: &EvaluateError) -> Failure {
    let code = match error {
        EvaluateError::MissingLayer(_) => Code::NotFound,
        EvaluateError::TooLarge { .. } => Code::ImageLimit,
        EvaluateError::Transformation(_) | EvaluateError::UnknownTransformation(_) => Code::InvalidParams,
    };
    Failure::new(code, error.to_string())
}
