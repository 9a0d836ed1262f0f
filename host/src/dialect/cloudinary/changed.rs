//! What notifications tell of a change: what an asset was before, and what it is now.

use serde_json::{Map, Value, json};

use super::answer::{Object, fact};
use crate::store::ResourceRow;

/// How the assets of a notification are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listing {
    /// One after the other, each with its name.
    List,
    /// By name.
    ByName,
}

/// A kind of change.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The type of its notification.
    pub event: &'static str,
    listing: Listing,
    entry: fn(&ResourceRow, &ResourceRow) -> Option<Object>,
}

/// Tags.
pub const TAGS: Kind = Kind { event: "resource_tags_changed", listing: Listing::List, entry: tags };
/// Contextual metadata.
pub const CONTEXT: Kind = Kind { event: "resource_context_changed", listing: Listing::ByName, entry: context };
/// Structured metadata.
pub const METADATA: Kind = Kind { event: "resource_metadata_changed", listing: Listing::ByName, entry: metadata };

const DISPLAY_NAME: Kind =
    Kind { event: "resource_display_name_changed", listing: Listing::ByName, entry: display_name };
const MOVE: Kind = Kind { event: "move", listing: Listing::ByName, entry: moved };
const ACCESS: Kind = Kind { event: "access_control_changed", listing: Listing::List, entry: access };

/// Everything that an update of one asset may change.
const ALL: [Kind; 6] = [TAGS, CONTEXT, METADATA, DISPLAY_NAME, MOVE, ACCESS];

impl Kind {
    /// The body that tells of assets of which this has changed; none when it has of none. Pairs are before and after.
    pub fn body<'a>(self, pairs: impl IntoIterator<Item = (&'a ResourceRow, &'a ResourceRow)>) -> Option<Value> {
        let told = pairs.into_iter().filter_map(|(before, after)| {
            let mut entry = (self.entry)(before, after)?;
            entry.insert("asset_id".to_owned(), after.id.simple().to_string().into());
            entry.insert("resource_type".to_owned(), after.key.kind.clone().into());
            entry.insert("type".to_owned(), after.key.delivery.clone().into());
            Some((after.key.public_id.clone(), entry))
        });
        let resources: Value = match self.listing {
            Listing::ByName => {
                let named: Map<String, Value> = told.map(|(name, entry)| (name, entry.into())).collect();
                if named.is_empty() {
                    return None;
                }
                named.into()
            }
            Listing::List => {
                let listed: Vec<Value> = told
                    .map(|(name, mut entry)| {
                        entry.insert("public_id".to_owned(), name.into());
                        entry.into()
                    })
                    .collect();
                if listed.is_empty() {
                    return None;
                }
                listed.into()
            }
        };
        Some(json!({"source": "api", "resources": resources}))
    }
}

/// Types and bodies of the notifications that tell of an update of one asset.
pub fn all(before: &ResourceRow, after: &ResourceRow) -> Vec<(&'static str, Value)> {
    ALL.into_iter().filter_map(|kind| Some((kind.event, kind.body([(before, after)])?))).collect()
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

fn tags(before: &ResourceRow, after: &ResourceRow) -> Option<Object> {
    let missing = |from: &[String], than: &[String]| -> Vec<String> {
        from.iter().filter(|tag| !than.contains(tag)).cloned().collect()
    };
    let added = missing(&after.facts.tags, &before.facts.tags);
    let removed = missing(&before.facts.tags, &after.facts.tags);
    (!added.is_empty() || !removed.is_empty()).then(|| object(json!({"added": added, "removed": removed})))
}

fn context(before: &ResourceRow, after: &ResourceRow) -> Option<Object> {
    let (old, new) = (&before.facts.context, &after.facts.context);
    let pick = |wanted: &dyn Fn(&str, &str) -> bool| -> Object {
        let picked = new.iter().filter(|(key, value)| wanted(key, value));
        picked.map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect()
    };
    let added = pick(&|key, _| !old.contains_key(key));
    let updated = pick(&|key, value| old.get(key).is_some_and(|old| old != value));
    let removed: Vec<&String> = old.keys().filter(|key| !new.contains_key(*key)).collect();
    (old != new).then(|| object(json!({"added": added, "updated": updated, "removed": removed})))
}

fn metadata(before: &ResourceRow, after: &ResourceRow) -> Option<Object> {
    let (old, new) = (&before.facts.metadata, &after.facts.metadata);
    (old != new).then(|| object(json!({"previous_metadata": old, "new_metadata": new})))
}

fn display_name(before: &ResourceRow, after: &ResourceRow) -> Option<Object> {
    let (old, new) = (&before.display_name, &after.display_name);
    (old != new).then(|| object(json!({"previous_display_name": old, "new_display_name": new})))
}

fn moved(before: &ResourceRow, after: &ResourceRow) -> Option<Object> {
    let (old, new) = (&before.asset_folder, &after.asset_folder);
    (old != new).then(|| {
        let name = &after.display_name;
        object(json!({"from_asset_folder": old, "to_asset_folder": new, "display_name": name}))
    })
}

fn access(before: &ResourceRow, after: &ResourceRow) -> Option<Object> {
    let rules = |row: &ResourceRow| row.facts.extra.get(fact::ACCESS_CONTROL).cloned().unwrap_or_else(|| json!([]));
    let (old, new) = (rules(before), rules(after));
    (old != new).then(|| object(json!({"previous_access_control": old, "new_access_control": new})))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::store::ResourceKey;

    #[test]
    fn what_has_changed_is_told_by_kind() {
        let key = ResourceKey {
            account: "demo".into(),
            kind: "image".into(),
            delivery: "upload".into(),
            public_id: "a".into(),
        };
        let mut before = ResourceRow::new(key, UNIX_EPOCH);
        before.facts.tags = vec!["x".into(), "y".into()];
        before.facts.context = [("k".to_owned(), "v".to_owned()), ("gone".to_owned(), "1".to_owned())].into();
        assert_eq!(all(&before, &before.clone()), []);
        let mut after = before.clone();
        after.facts.tags = vec!["y".into(), "z".into()];
        after.facts.context = [("k".to_owned(), "w".to_owned()), ("new".to_owned(), "2".to_owned())].into();
        after.facts.metadata.insert("sku".into(), 7.into());
        after.display_name = "A".into();
        after.asset_folder = "f".into();
        after.facts.extra.insert(fact::ACCESS_CONTROL.into(), json!([{"access_type": "token"}]));
        let id = after.id.simple().to_string();
        let named = |mut entry: Value| {
            for (name, value) in [("asset_id", id.as_str()), ("resource_type", "image"), ("type", "upload")] {
                entry[name] = value.into();
            }
            entry
        };
        let by_name = |entry: Value| json!({"source": "api", "resources": {"a": named(entry)}});
        let listed = |mut entry: Value| {
            entry["public_id"] = "a".into();
            json!({"source": "api", "resources": [named(entry)]})
        };
        let expected = [
            ("resource_tags_changed", listed(json!({"added": ["z"], "removed": ["x"]}))),
            (
                "resource_context_changed",
                by_name(json!({"added": {"new": "2"}, "updated": {"k": "w"}, "removed": ["gone"]})),
            ),
            ("resource_metadata_changed", by_name(json!({"previous_metadata": {}, "new_metadata": {"sku": 7}}))),
            ("resource_display_name_changed", by_name(json!({"previous_display_name": "", "new_display_name": "A"}))),
            ("move", by_name(json!({"from_asset_folder": "", "to_asset_folder": "f", "display_name": "A"}))),
            (
                "access_control_changed",
                listed(json!({"previous_access_control": [], "new_access_control": [{"access_type": "token"}]})),
            ),
        ];
        assert_eq!(all(&before, &after), expected);
    }
}
