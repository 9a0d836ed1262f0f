//! The OpenAPI document, made from the handlers, and the check of requests against its schemas.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension,
    body::Bytes,
    http::header,
    response::{IntoResponse, Response},
};
use jsonschema::Validator;
use serde_json::{Value, json};
use serde_path_to_error::Segment;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

use super::reply::{Issue, Problem};
use crate::{
    dialect::native::request::{BatchRequest, JobRequest},
    error::Code,
    schema::{Subject, Violation},
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
        (name = "accounts", description = "What is set for an account"),
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
    checks: Arc<BTreeMap<&'static str, (Value, Validator)>>,
}

impl Document {
    /// Compiles the document's schemas.
    ///
    /// Panics when one of them is no JSON Schema: a mistake in this program, which every test meets.
    pub(super) fn new(document: &utoipa::openapi::OpenApi) -> Document {
        let mut value = serde_json::to_value(document).expect("the document is JSON");
        name_operations(&mut value);
        let checks = CHECKED.into_iter().map(|name| {
            let schema = json!({"$ref": format!("#/components/schemas/{name}"), "components": value["components"]});
            let validator = jsonschema::draft202012::new(&schema).expect("the schemas are valid");
            (name, (schema, validator))
        });
        Document { text: value.to_string().into(), checks: Arc::new(checks.collect()) }
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
        let violations = match self.checks.get(name) {
            Some((schema, validator)) => Subject { name: "the document", schema, validator }.violations(&value),
            None => Vec::new(),
        };
        let issue = |violation: Violation| Issue::at(violation.pointer, Code::InvalidRequest, violation.message);
        let issues: Vec<_> = violations.into_iter().map(issue).collect();
        match serde_path_to_error::deserialize(value) {
            Ok(read) => Ok((read, issues)),
            Err(_) if !issues.is_empty() => Err(Problem::issues(issues)),
            Err(error) => {
                let pointer = pointer(error.path());
                Err(Problem::issues(vec![Issue::at(pointer, Code::InvalidRequest, error.into_inner().to_string())]))
            }
        }
    }
}

/// A path as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            // The name of a variant is no place in the document.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
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

/// This document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "server", security(()), responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn get(Extension(document): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.text).into_response()
}
