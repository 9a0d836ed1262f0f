//! The set of plugins, and the log of changes.

use serde_json::json;

use super::*;

fn row(owner: &str, name: &str, blobs: &[&str]) -> PluginRow {
    PluginRow {
        owner: owner.into(),
        name: name.into(),
        document: json!({"versions": blobs.len()}),
        blobs: blobs.iter().map(|letter| letter.repeat(64)).collect(),
    }
}

fn entry(subject: &str, second: u64) -> AuditRow {
    AuditRow {
        id: new_id(),
        at: UNIX_EPOCH + Duration::from_secs(second),
        actor: "demo".into(),
        action: "plugin.installed".into(),
        subject: subject.into(),
        detail: json!({"version": "1.0.0"}),
    }
}

fn put(revision: u64, row: PluginRow) -> PluginChange {
    PluginChange { revision, row, removed: false, audit: Vec::new(), owed: Vec::new() }
}

pub(in crate::store) async fn a_plugin_comes_out_as_it_went_in(subject: Subject) {
    assert_eq!(subject.store.plugin_set().await.unwrap(), PluginSet::default());
    let (shared, own) = (row("", "halftone", &["a", "b"]), row("shop", "halftone", &["c"]));
    assert_eq!(subject.store.change_plugin(put(0, own.clone())).await.unwrap(), 1);
    assert_eq!(subject.store.change_plugin(put(1, shared.clone())).await.unwrap(), 2);
    let set = subject.store.plugin_set().await.unwrap();
    assert_eq!(set, PluginSet { revision: 2, rows: vec![shared, own] });
    assert_eq!(subject.store.plugin_revision().await.unwrap(), 2);
}

pub(in crate::store) async fn a_plugin_is_changed_by_who_read_the_set_last(subject: Subject) {
    subject.account("demo").await;
    subject.store.change_plugin(put(0, row("", "halftone", &["a"]))).await.unwrap();
    let mut late = put(0, row("", "halftone", &["b"]));
    late.audit = vec![entry("halftone", 1)];
    late.owed = vec![delivery("https://example.com/late")];
    let refused = subject.store.change_plugin(late).await.unwrap_err();
    assert!(matches!(refused, Error::Conflict { .. }), "{refused}");
    assert_eq!(subject.store.plugin_set().await.unwrap().rows, [row("", "halftone", &["a"])]);
    assert!(
        subject.store.audit_log(AuditFilter { limit: 10, ..AuditFilter::default() }).await.unwrap().items.is_empty()
    );
    assert!(subject.claim_deliveries().await.is_empty());
}

pub(in crate::store) async fn blobs_of_plugins_are_in_use(subject: Subject) {
    let all: Vec<String> = ["a", "b", "c"].iter().map(|letter| letter.repeat(64)).collect();
    subject.store.change_plugin(put(0, row("", "halftone", &["a", "b"]))).await.unwrap();
    assert_eq!(subject.store.unreferenced(&all).await.unwrap(), all[2..]);
    subject.store.change_plugin(put(1, row("", "halftone", &["b"]))).await.unwrap();
    assert_eq!(subject.store.unreferenced(&all[..2]).await.unwrap(), all[..1]);
    let removed = PluginChange { removed: true, ..put(2, row("", "halftone", &[])) };
    subject.store.change_plugin(removed).await.unwrap();
    assert_eq!(subject.store.plugin_set().await.unwrap(), PluginSet { revision: 3, rows: Vec::new() });
    assert_eq!(subject.store.unreferenced(&all).await.unwrap().len(), 3);
}

pub(in crate::store) async fn a_change_of_plugins_is_told_and_written_down(subject: Subject) {
    subject.account("demo").await;
    let mut change = put(0, row("", "halftone", &["a"]));
    change.audit = vec![entry("halftone", 5)];
    change.owed = vec![delivery("https://example.com/hook")];
    subject.store.change_plugin(change.clone()).await.unwrap();
    let page = subject.store.audit_log(AuditFilter { limit: 10, ..AuditFilter::default() }).await.unwrap();
    assert_eq!(page.items, change.audit);
    let claimed = subject.claim_deliveries().await;
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].row.delivery.url, "https://example.com/hook");
}

pub(in crate::store) async fn the_audit_log_is_listed_newest_first_in_pages(subject: Subject) {
    for second in 1..=5 {
        let about = if second == 3 { "shop" } else { "halftone" };
        subject.store.audit(entry(about, second)).await.unwrap();
    }
    let mut filter = AuditFilter { subject: Some("halftone".into()), limit: 3, ..AuditFilter::default() };
    let first = subject.store.audit_log(filter.clone()).await.unwrap();
    let seconds = |page: &Page<AuditRow>| -> Vec<u64> {
        page.items.iter().map(|entry| entry.at.duration_since(UNIX_EPOCH).unwrap().as_secs()).collect()
    };
    assert_eq!(seconds(&first), [5, 4, 2]);
    filter.cursor = first.next;
    let second = subject.store.audit_log(filter.clone()).await.unwrap();
    assert_eq!((seconds(&second), second.next), (vec![1], None));
    filter.cursor = Some("made-up".into());
    assert!(matches!(subject.store.audit_log(filter).await.unwrap_err(), Error::BadCursor));
}
