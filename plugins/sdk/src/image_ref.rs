//! Pictures as parameters.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A picture that a parameter names: `{"url": "https://..."}`, `{"asset": "logo"}` or
/// `{"data": "data:image/png;base64,..."}`.
///
/// In the schema it is an object with `"format": "image"`. The host reads and decodes what it names; the
/// pixels come in [`Input::images`](crate::Input), the sizes in
/// [`plan_with_images`](crate::Transform::plan_with_images). A parameter may also be an
/// `Option<ImageRef>` or a `Vec<ImageRef>`. The SDK makes sure that as many pictures come as the parameters
/// name, in the order in which these stand in the schema.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct ImageRef(Map<String, Value>);

impl JsonSchema for ImageRef {
    fn schema_name() -> Cow<'static, str> {
        "ImageRef".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "format": "image", "minProperties": 1, "maxProperties": 1 })
    }
}
