//! Addresses that an account wants to be told under, whatever the call says.

use serde::{Deserialize, Serialize};

use crate::store::{DocumentQuery, Error, Library};

/// The class of documents that triggers are.
pub const CLASS: &str = "trigger";

/// The event type that stands for all.
pub const ALL: &str = "all";

/// Triggers of an account, at most.
pub const MAX_TRIGGERS: u32 = 30;

/// What a trigger's document says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Where to.
    pub uri: String,
    /// Of which events, or [`ALL`].
    pub event_type: String,
}

/// Who of the account wants to be told of an event.
///
/// # Errors
/// Of the store.
pub async fn addresses(library: &(impl Library + ?Sized), account: &str, event: &str) -> Result<Vec<String>, Error> {
    let query = DocumentQuery { class: CLASS.to_owned(), limit: MAX_TRIGGERS, ..DocumentQuery::default() };
    let triggers = library.documents(account, query).await?.items.into_iter();
    let known = triggers.filter_map(|row| serde_json::from_value::<Trigger>(row.body).ok());
    Ok(known.filter(|one| one.event_type == event || one.event_type == ALL).map(|one| one.uri).collect())
}
