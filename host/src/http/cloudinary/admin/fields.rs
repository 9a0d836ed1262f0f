//! `metadata_fields`: fields of structured metadata.

use serde_json::{Value, json};

use super::Admin;
use crate::{
    dialect::cloudinary::naming,
    http::cloudinary::reply::Refusal,
    store::{Change, DocumentQuery, DocumentRow, Error},
};

/// The class of documents that fields are.
pub(super) const CLASS: &str = "metadata_field";

/// Types of fields.
const TYPES: [&str; 5] = ["string", "integer", "date", "enum", "set"];

pub(super) async fn dispatch(admin: &Admin, method: &str, path: &[&str]) -> Result<Value, Refusal> {
    match (method, path) {
        ("GET", []) => list(admin).await,
        ("GET", [id]) => Ok(find(admin, id).await?.body),
        ("POST", []) => create(admin).await,
        ("PUT", [id]) => update(admin, id).await,
        ("DELETE", [id]) => {
            let found = find(admin, id).await?;
            let gone = Change::DropDocument { account: found.account, class: found.class, name: found.name };
            admin.state().store.change(vec![gone], Vec::new()).await?;
            Ok(json!({"message": "ok"}))
        }
        _ => Err(admin.no_route(&[&["metadata_fields"], path].concat())),
    }
}

async fn list(admin: &Admin) -> Result<Value, Refusal> {
    let query = DocumentQuery { class: CLASS.to_owned(), limit: 500, ..DocumentQuery::default() };
    let page = admin.state().store.documents(admin.account(), query).await?;
    let fields: Vec<Value> = page.items.into_iter().map(|row| row.body).collect();
    Ok(json!({"metadata_fields": fields}))
}

async fn find(admin: &Admin, id: &str) -> Result<DocumentRow, Refusal> {
    let found = admin.state().store.document(admin.account(), CLASS, id).await?;
    found.ok_or_else(|| Refusal::new(404, format!("External ID {id} does not exist")))
}

/// A parameter that may be JSON: forms hold it as text.
fn json_param(admin: &Admin, field: &str) -> Option<Value> {
    let text = admin.form.text(field)?;
    Some(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

async fn create(admin: &Admin) -> Result<Value, Refusal> {
    let kind = admin.required("type")?;
    if !TYPES.contains(&kind) {
        let expected = TYPES.join(", ");
        return Err(Refusal::bad(format!("Invalid value for parameter type: {kind} (expected one of {expected})")));
    }
    let label = admin.required("label")?;
    let id = admin.form.text("external_id").map_or_else(naming::made_up, str::to_owned);
    let mut field = json!({
        "external_id": id, "type": kind, "label": label, "mandatory": admin.flag("mandatory")?,
        "default_value": json_param(admin, "default_value"), "validation": json_param(admin, "validation"),
    });
    if matches!(kind, "enum" | "set") {
        let source =
            json_param(admin, "datasource").ok_or_else(|| Refusal::bad("Missing required parameter - datasource"))?;
        field["datasource"] = with_ids(source);
    }
    if let Some(restrictions) = json_param(admin, "restrictions") {
        field["restrictions"] = restrictions;
    }
    put(admin, &id, field.clone(), true).await.map_err(|error| match error {
        Error::Exists { .. } => Refusal::new(409, format!("External ID {id} already exists")),
        error => error.into(),
    })?;
    Ok(field)
}

/// Values of a list with an id each.
fn with_ids(mut source: Value) -> Value {
    if let Some(values) = source.get_mut("values").and_then(Value::as_array_mut) {
        for value in values {
            let Value::Object(value) = value else { continue };
            value.entry("external_id").or_insert_with(|| naming::made_up().into());
            value.insert("state".to_owned(), "active".into());
        }
    }
    source
}

async fn update(admin: &Admin, id: &str) -> Result<Value, Refusal> {
    let found = find(admin, id).await?;
    let Value::Object(mut field) = found.body else {
        return Err(Refusal::new(500, "General Error: the field is damaged"));
    };
    for name in ["label", "default_value", "validation", "restrictions"] {
        if let Some(value) = json_param(admin, name) {
            field.insert(name.to_owned(), value);
        }
    }
    if let Some(mandatory) = admin.form.boolean("mandatory")? {
        field.insert("mandatory".to_owned(), mandatory.into());
    }
    put(admin, id, field.clone().into(), false).await?;
    Ok(field.into())
}

async fn put(admin: &Admin, id: &str, body: Value, new: bool) -> Result<(), Error> {
    let now = admin.state().clock.now();
    let row = DocumentRow {
        account: admin.account().to_owned(),
        class: CLASS.to_owned(),
        name: id.to_owned(),
        body,
        created_at: now,
        updated_at: now,
    };
    admin.state().store.change(vec![Change::PutDocument { row, new }], Vec::new()).await
}
