//! The OpenAPI document, made from the handlers, and the check of requests against its schemas.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension,
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use jsonschema::{
    JsonType, Validator,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::{Value, json};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::reply::{Issue, Problem};
use crate::{
    dialect::native::request::{BatchRequest, JobRequest},
    error::Code,
};

/// The schemas that requests are checked against.
const CHECKED: [&str; 2] = ["JobRequest", "BatchRequest"];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Safelight",
        description = "Media transforms as durable jobs. Every error is a problem document (RFC 9457) with a stable \
                       `code` and a list of everything that is wrong with the request. Callbacks are signed by the \
                       Standard Webhooks scheme.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(JobRequest, BatchRequest, Problem, Issue, Code)),
    modifiers(&Keys),
    security(("bearer" = []), ("basic" = [])),
    tags(
        (name = "jobs", description = "Submit, watch, cancel"),
        (name = "batches", description = "Jobs submitted together"),
        (name = "outputs", description = "What came out"),
        (name = "assets", description = "Stored originals"),
        (name = "plugins", description = "The catalogue of transforms and where they come from"),
        (name = "deliveries", description = "Callbacks that are or were owed"),
        (name = "server", description = "Health, metrics, this document")
    )
)]
struct Head;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("key:secret")
            .description(Some("The account's key, a colon and its secret."))
            .build();
        let basic = Http::builder()
            .scheme(HttpAuthScheme::Basic)
            .description(Some("The account's key as the user, its secret as the password."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("basic", SecurityScheme::Http(basic));
    }
}

/// The document before the routes are added.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

/// The finished document and the validators of its requests.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    text: Bytes,
    validators: Arc<BTreeMap<&'static str, Validator>>,
}

impl Document {
    /// Compiles the document's schemas.
    ///
    /// Panics when one of them is no JSON Schema: a mistake in this program, which every test meets.
    pub(super) fn new(document: &utoipa::openapi::OpenApi) -> Document {
        let mut value = serde_json::to_value(document).expect("the document is JSON");
        name_operations(&mut value);
        let validators = CHECKED.into_iter().map(|name| {
            let schema = json!({"$ref": format!("#/components/schemas/{name}"), "components": value["components"]});
            (name, jsonschema::draft202012::new(&schema).expect("the schemas are valid"))
        });
        Document { text: value.to_string().into(), validators: Arc::new(validators.collect()) }
    }

    /// Checks a request body against the schema of this name and reads it. What is wrong with its form comes
    /// with it, with JSON pointers, so that a caller can add what is wrong with its meaning.
    ///
    /// Errors: the same, when it cannot be read at all.
    pub(crate) fn read<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        value: Value,
    ) -> Result<(T, Vec<Issue>), Problem> {
        let mut issues = Vec::new();
        if let Some(validator) = self.validators.get(name) {
            for error in validator.iter_errors(&value) {
                list(&error, &mut issues);
            }
        }
        match serde_json::from_value(value) {
            Ok(read) => Ok((read, issues)),
            Err(_) if !issues.is_empty() => Err(Problem::issues(issues)),
            Err(error) => Err(Problem::issues(vec![Issue::at("", Code::InvalidRequest, error.to_string())])),
        }
    }
}

/// Gives each operation an id of its own, of method and path: `get_v1_jobs_id`. Handlers of different routes
/// share their names, and generators of clients want unique ones.
fn name_operations(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, methods) in paths {
        let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let place = words.collect::<Vec<_>>().join("_");
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            if operation.is_object() && operation.get("operationId").is_some() {
                operation["operationId"] = format!("{method}_{place}").into();
            }
        }
    }
}

/// Lists a schema error. An optional object is "null or that" in the schema: of the two, what is wrong
/// with the object is told.
fn list(error: &jsonschema::ValidationError<'_>, issues: &mut Vec<Issue>) {
    if let ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } = error.kind() {
        let is_null = |errors: &&Vec<jsonschema::ValidationError<'_>>| match errors.first().map(|error| error.kind()) {
            Some(ValidationErrorKind::Type { kind: TypeKind::Single(kind) }) => *kind == JsonType::Null,
            _ => false,
        };
        let others: Vec<_> = context.iter().filter(|errors| !is_null(errors)).collect();
        if let [only] = others[..] {
            only.iter().for_each(|error| list(error, issues));
            return;
        }
    }
    issues.push(Issue::at(error.instance_path().as_str(), Code::InvalidRequest, told(error)));
}

/// The message of a schema error; short values are quoted, long ones are not.
fn told(error: &jsonschema::ValidationError<'_>) -> String {
    let is_short = match error.instance().as_ref() {
        Value::String(text) => text.len() <= 100,
        Value::Array(_) | Value::Object(_) => false,
        _ => true,
    };
    if is_short { error.to_string() } else { error.masked_with("the value").to_string() }
}

/// This document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "server", security(()), responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn get(Extension(document): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.text).into_response()
}
