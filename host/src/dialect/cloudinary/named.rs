//! Transformations under a name, and those that results were made with.

use serde::{Deserialize, Serialize};

use crate::store::{Change, DocumentRow, Error, Library};

/// The class of documents that named transformations are; `t_` is not part of their names.
pub const NAMED: &str = "named_transformation";

/// The class of documents that tell of transformations in use; their names are the canonical texts.
pub const USED: &str = "transformation";

/// What a named transformation's document says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// What it stands for, perhaps with a format at its end.
    pub definition: String,
    /// Whether it may be used where only known transformations are allowed.
    pub allowed_for_strict: bool,
    /// Whether something was made with it.
    pub used: bool,
}

/// What the document of a transformation in use says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Whether it may be used where only known transformations are allowed.
    pub allowed_for_strict: bool,
}

/// Whether a transformation can have this name.
pub fn is_name(name: &str) -> bool {
    let plain = |character: char| character.is_alphanumeric() || "_- .".contains(character);
    (1..=255).contains(&name.len()) && name.chars().all(plain)
}

/// The definition of a named transformation.
///
/// # Errors
/// Of the store.
pub async fn definition(library: &(impl Library + ?Sized), account: &str, name: &str) -> Result<Option<String>, Error> {
    let found = library.document(account, NAMED, name).await?;
    let known = found.and_then(|row| serde_json::from_value::<Named>(row.body).ok());
    Ok(known.map(|known| known.definition))
}

/// What has to change so that a transformation is known as used: nothing when it is.
///
/// # Errors
/// Of the store.
pub async fn used(
    library: &(impl Library + ?Sized),
    account: &str,
    text: &str,
    at: std::time::SystemTime,
) -> Result<Option<Change>, Error> {
    if library.document(account, USED, text).await?.is_some() {
        return Ok(None);
    }
    let row = DocumentRow {
        account: account.to_owned(),
        class: USED.to_owned(),
        name: text.to_owned(),
        body: serde_json::to_value(Used::default()).unwrap_or_default(),
        created_at: at,
        updated_at: at,
    };
    Ok(Some(Change::PutDocument { row, new: false }))
}
