//! Upload presets: parameters under a name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::params::Form;
use crate::store::{Error, Library};

/// The class of documents that presets are.
pub const CLASS: &str = "upload_preset";

/// What a preset's document says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// Whether uploads without a signature may name it.
    pub unsigned: bool,
    /// Parameters in the spelling of forms; some are booleans.
    pub settings: Map<String, Value>,
}

impl Preset {
    /// The preset of this name.
    ///
    /// # Errors
    /// Of the store.
    pub async fn find(library: &(impl Library + ?Sized), account: &str, name: &str) -> Result<Option<Preset>, Error> {
        let found = library.document(account, CLASS, name).await?;
        Ok(found.and_then(|row| serde_json::from_value(row.body).ok()))
    }

    /// Its parameters as fields of a form.
    pub fn form(&self) -> Form {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Bool(yes) => u8::from(*yes).to_string(),
            other => other.to_string(),
        };
        let fields = self.settings.iter().flat_map(|(name, value)| match value {
            Value::Array(list) => list.iter().map(|item| (format!("{name}[]"), text(item))).collect(),
            single => vec![(name.clone(), text(single))],
        });
        Form(fields.collect())
    }
}
