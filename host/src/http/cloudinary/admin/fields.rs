//! `metadata_fields`: fields of structured metadata.

use serde_json::{Value, json};

use super::Admin;
use crate::{
    dialect::cloudinary::{
        fields::{self, CLASS, MAX_FIELDS, TYPES},
        naming,
    },
    http::cloudinary::reply::Refusal,
    store::{Change, DocumentQuery, DocumentRow, Error},
};

pub(super) async fn dispatch(admin: &Admin, method: &str, path: &[&str]) -> Result<Value, Refusal> {
    match (method, path) {
        ("GET", []) => list(admin).await,
        ("GET", [id]) => Ok(find(admin, id).await?.body),
        ("POST", []) => create(admin).await,
        ("PUT", [id]) => update(admin, id).await,
        ("PUT", [id, "datasource"]) => list_values(admin, id).await,
        ("DELETE", [id, "datasource"]) => end_values(admin, id, "inactive").await,
        ("POST", [id, "datasource_restore"]) => end_values(admin, id, "active").await,
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
    let query = DocumentQuery { class: CLASS.to_owned(), limit: MAX_FIELDS, ..DocumentQuery::default() };
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
    check_default(&field)?;
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
    let field = Value::from(field);
    check_default(&field)?;
    put(admin, id, field.clone(), false).await?;
    Ok(field)
}

/// The default has to be a value that the field takes.
fn check_default(field: &Value) -> Result<(), Refusal> {
    let default = &field["default_value"];
    match default.is_null() {
        true => Ok(()),
        false => fields::check(field, default).map(|_| ()).map_err(Refusal::bad),
    }
}

/// `datasource`: adds values, and changes those whose ids are there.
async fn list_values(admin: &Admin, id: &str) -> Result<Value, Refusal> {
    let mut field = find(admin, id).await?.body;
    let given = json_param(admin, "values").ok_or_else(|| Refusal::bad("Missing required parameter - values"))?;
    let given = with_ids(json!({"values": given}));
    let Some(values) = field["datasource"]["values"].as_array_mut() else {
        return Err(Refusal::bad(format!("Metadata field {id} has no list of values")));
    };
    for value in given["values"].as_array().into_iter().flatten() {
        match values.iter_mut().find(|known| known["external_id"] == value["external_id"]) {
            Some(known) => *known = value.clone(),
            None => values.push(value.clone()),
        }
    }
    let source = field["datasource"].clone();
    put(admin, id, field, false).await?;
    Ok(source)
}

/// Ends values of the list, or takes them in again.
async fn end_values(admin: &Admin, id: &str, state: &str) -> Result<Value, Refusal> {
    let mut field = find(admin, id).await?.body;
    let ids = admin.form.list("external_ids");
    if ids.is_empty() {
        return Err(Refusal::bad("Missing required parameter - external_ids"));
    }
    for value in field["datasource"]["values"].as_array_mut().into_iter().flatten() {
        if value["external_id"].as_str().is_some_and(|known| ids.contains(&known)) {
            value["state"] = state.into();
        }
    }
    let source = field["datasource"].clone();
    put(admin, id, field, false).await?;
    Ok(source)
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
