//! Uploads without a signature, and presets.

use super::{Form, ParamError, form::base_name};

/// What an unsigned upload may name, in the order of the documented message.
const ALLOWED: [&str; 17] = [
    "upload_preset",
    "callback",
    "public_id",
    "folder",
    "asset_folder",
    "tags",
    "context",
    "metadata",
    "face_coordinates",
    "custom_coordinates",
    "source",
    "filename_override",
    "manifest_transformation",
    "manifest_json",
    "template",
    "template_vars",
    "regions",
];

/// Named last in the message.
const ALLOWED_LAST: &str = "public_id_prefix";

/// What every request may hold besides.
const ALWAYS: [&str; 6] = ["file", "timestamp", "api_key", "cloud_name", "resource_type", "signature"];

/// Refuses what an unsigned upload may not name.
///
/// # Errors
/// With the documented message.
pub fn check_unsigned(form: &Form) -> Result<(), ParamError> {
    let mut refused: Vec<String> = Vec::new();
    for (name, value) in &form.0 {
        let name = base_name(name);
        let allowed = ALLOWED.contains(&name) || name == ALLOWED_LAST || ALWAYS.contains(&name);
        let title = capitalised(name);
        if !allowed && !value.is_empty() && !refused.contains(&title) {
            refused.push(title);
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err(ParamError::Message(format!(
        "{} parameter is not allowed when using unsigned upload. Only {}, {ALLOWED_LAST} upload parameters are allowed.",
        refused.join(", "),
        ALLOWED.join(", ")
    )))
}

/// `eager_async` as `Eager async`.
fn capitalised(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// The fields of a request with those of its preset. In signed requests the request's fields win, in
/// unsigned ones the preset's. Tags, context and metadata of both count together.
pub fn with_preset(request: &Form, preset: &Form, unsigned: bool) -> Form {
    let (winner, other) = if unsigned { (preset, request) } else { (request, preset) };
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in &winner.0 {
        let field = base_name(name);
        if joint(field).is_none() {
            fields.push((name.clone(), value.clone()));
        }
    }
    for (name, value) in &other.0 {
        let field = base_name(name);
        if joint(field).is_none() && !winner.has(field) {
            fields.push((name.clone(), value.clone()));
        }
    }
    for field in ["tags", "context", "metadata"] {
        let separator = joint(field).unwrap_or_default();
        // The winner's values come last, as later values of a key win.
        let values = other.list(field).into_iter().chain(winner.list(field));
        let joined = values.collect::<Vec<_>>().join(separator);
        if !joined.is_empty() {
            fields.push((field.to_owned(), joined));
        }
    }
    Form(fields)
}

/// What joins the values of fields that count together.
fn joint(field: &str) -> Option<&'static str> {
    match field {
        "tags" => Some(","),
        "context" | "metadata" => Some("|"),
        _ => None,
    }
}
