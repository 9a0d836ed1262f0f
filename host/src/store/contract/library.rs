//! Resources, results, documents, keys, parts of uploads.

use serde_json::json;

use super::*;

fn blob(letter: &str) -> String {
    letter.repeat(64)
}

fn key(public_id: &str) -> ResourceKey {
    ResourceKey { account: "demo".into(), kind: "image".into(), delivery: "upload".into(), public_id: public_id.into() }
}

fn resource(public_id: &str) -> ResourceRow {
    let at = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let folder = public_id.rsplit_once('/').map_or("", |(folder, _)| folder);
    ResourceRow {
        id: Uuid::new_v4(),
        key: key(public_id),
        revision: 1,
        version: 1_800_000_000,
        sha256: blob("a"),
        etag: "e".repeat(32),
        bytes: 1000,
        format: "png".into(),
        width: 40,
        height: 20,
        pages: 1,
        folder: folder.into(),
        asset_folder: folder.into(),
        display_name: public_id.into(),
        filename: "photo".into(),
        access_mode: "public".into(),
        moderation_kind: String::new(),
        moderation_status: String::new(),
        created_at: at,
        uploaded_at: at,
        updated_at: at,
        facts: Facts::default(),
    }
}

fn put(row: &ResourceRow) -> Change {
    Change::PutResource { row: Box::new(row.clone()), over: None }
}

fn over(row: &ResourceRow) -> Change {
    Change::PutResource { row: Box::new(row.clone()), over: Some(row.revision) }
}

fn derived(resource: &ResourceRow, transformation: &str, letter: &str) -> DerivedRow {
    DerivedRow {
        id: Uuid::new_v4(),
        account: "demo".into(),
        resource: resource.id,
        transformation: transformation.into(),
        extension: String::new(),
        key: String::new(),
        sha256: blob(letter),
        etag: "f".repeat(32),
        bytes: 10,
        format: "png".into(),
        width: 4,
        height: 2,
        created_at: UNIX_EPOCH + Duration::from_secs(1_800_000_001),
    }
}

impl Subject {
    async fn change(&self, changes: Vec<Change>) {
        self.store.change(changes, Vec::new()).await.unwrap();
    }

    async fn resource(&self, public_id: &str) -> Option<ResourceRow> {
        self.store.resource(&key(public_id)).await.unwrap()
    }

    /// The names of the resources that pass, in the order asked.
    async fn found(&self, filter: Filter, order: &[(Column, Direction)]) -> Vec<String> {
        let query = ResourceQuery { filter, order: order.to_vec(), cursor: None, limit: 100 };
        let page = self.store.resources("demo", query).await.unwrap();
        page.items.into_iter().map(|row| row.key.public_id).collect()
    }
}

fn is_conflict(result: Result<(), Error>) -> bool {
    matches!(result, Err(Error::Conflict { .. }))
}

pub(in crate::store) async fn a_resource_comes_out_as_it_went_in(subject: Subject) {
    subject.account("demo").await;
    let mut row = resource("b/cat é");
    row.facts = Facts {
        tags: vec!["b".into(), "a".into()],
        context: [("alt".to_owned(), "A cat | = \"é\"".to_owned())].into(),
        metadata: [("colour".to_owned(), json!(["red", "blue"])), ("size".to_owned(), json!(3))].into_iter().collect(),
        extra: [("headers".to_owned(), json!({"a": null}))].into_iter().collect(),
    };
    subject.change(vec![put(&row)]).await;
    assert_eq!(subject.resource("b/cat é").await, Some(row.clone()));
    assert_eq!(subject.resource("cat é").await, None);
    let other = ResourceKey { delivery: "private".into(), ..row.key.clone() };
    assert_eq!(subject.store.resource(&other).await.unwrap(), None);
    let other = ResourceKey { account: "other".into(), ..row.key };
    assert_eq!(subject.store.resource(&other).await.unwrap(), None);
}

pub(in crate::store) async fn a_resource_is_changed_by_who_read_it_last(subject: Subject) {
    subject.account("demo").await;
    subject.change(vec![put(&resource("cat"))]).await;
    let read = subject.resource("cat").await.unwrap();
    let renamed = ResourceRow { key: key("tom"), ..read.clone() };
    subject.change(vec![over(&renamed)]).await;
    assert_eq!(subject.resource("tom").await, Some(ResourceRow { revision: 2, ..renamed.clone() }));
    assert_eq!(subject.resource("cat").await, None);
    let late = ResourceRow { bytes: 1, ..read };
    assert!(is_conflict(subject.store.change(vec![over(&late)], Vec::new()).await));
    let late = Change::DropResource { account: "demo".into(), id: late.id, over: 1 };
    assert!(is_conflict(subject.store.change(vec![late], Vec::new()).await));
    assert_eq!(subject.resource("tom").await.unwrap().bytes, 1000);
}

pub(in crate::store) async fn a_taken_name_is_a_conflict(subject: Subject) {
    subject.account("demo").await;
    subject.change(vec![put(&resource("cat")), put(&resource("dog"))]).await;
    assert!(is_conflict(subject.store.change(vec![put(&resource("cat"))], Vec::new()).await));
    let dog = subject.resource("dog").await.unwrap();
    let renamed = ResourceRow { key: key("cat"), ..dog.clone() };
    assert!(is_conflict(subject.store.change(vec![over(&renamed)], Vec::new()).await));
    assert_eq!(subject.resource("dog").await, Some(dog.clone()));
    let cat = subject.resource("cat").await.unwrap();
    let gone = Change::DropResource { account: "demo".into(), id: cat.id, over: cat.revision };
    subject.change(vec![gone, over(&renamed)]).await;
    assert_eq!(subject.resource("cat").await.unwrap().id, dog.id, "in the place of the other one");
}

pub(in crate::store) async fn a_failing_change_undoes_those_before_it(subject: Subject) {
    subject.account("demo").await;
    let missing = Change::DropResource { account: "demo".into(), id: Uuid::new_v4(), over: 1 };
    let owed = vec![delivery("https://example.com/")];
    assert!(is_conflict(subject.store.change(vec![put(&resource("cat")), missing], owed.clone()).await));
    assert_eq!(subject.resource("cat").await, None);
    assert!(subject.claim_deliveries().await.is_empty());
    subject.store.change(vec![put(&resource("cat"))], owed).await.unwrap();
    assert_eq!(subject.claim_deliveries().await.len(), 1, "what is owed comes with the change");
}

pub(in crate::store) async fn a_dropped_resource_takes_its_results_along(subject: Subject) {
    subject.account("demo").await;
    let row = ResourceRow { facts: Facts { tags: vec!["pet".into()], ..Facts::default() }, ..resource("cat") };
    let small = derived(&row, "w_4", "b");
    subject.change(vec![put(&row), Change::PutDerived(small.clone())]).await;
    subject.change(vec![Change::DropResource { account: "demo".into(), id: row.id, over: 1 }]).await;
    assert_eq!(subject.resource("cat").await, None);
    assert_eq!(subject.store.derived(row.id, "w_4", "").await.unwrap(), None);
    assert!(
        subject.store.value_names("demo", "image", ValueClass::Tag, "", None, 10).await.unwrap().is_empty(),
        "its tags are gone"
    );
    subject.change(vec![Change::PutDerived(small)]).await;
    assert_eq!(subject.store.derived(row.id, "w_4", "").await.unwrap(), None, "nothing is made of what is gone");
}

pub(in crate::store) async fn a_version_outlives_its_resource(subject: Subject) {
    subject.account("demo").await;
    let first = resource("cat");
    let second = ResourceRow {
        sha256: blob("b"),
        bytes: 30,
        uploaded_at: first.uploaded_at + Duration::from_secs(1),
        ..first.clone()
    };
    let version = |id: &str, row: &ResourceRow| VersionRow { version_id: id.into(), row: row.clone() };
    let kept = |id: &str, row: &ResourceRow| Change::PutVersion(Box::new(version(id, row)));
    subject.change(vec![put(&first), kept("1", &first), kept("1", &first)]).await;
    assert_eq!(subject.store.totals("demo").await.unwrap().bytes, 1000, "it is what the resource is");
    subject.change(vec![over(&second), kept("2", &second)]).await;
    let both = [version("1", &first), version("2", &second)];
    assert_eq!(subject.store.versions(&key("cat")).await.unwrap(), both);
    assert_eq!(subject.store.versions_of("demo", first.id).await.unwrap(), both);
    assert!(subject.store.versions_of("other", first.id).await.unwrap().is_empty());
    assert_eq!(subject.store.totals("demo").await.unwrap().bytes, 1030);
    // They follow a new name, and stay under it.
    let renamed = ResourceRow { key: key("dog"), revision: 2, ..second };
    subject.change(vec![over(&renamed)]).await;
    subject.change(vec![Change::DropResource { account: "demo".into(), id: first.id, over: 3 }]).await;
    assert!(subject.store.versions(&key("cat")).await.unwrap().is_empty());
    let ids = |rows: Vec<VersionRow>| rows.into_iter().map(|row| row.version_id).collect::<Vec<_>>();
    assert_eq!(ids(subject.store.versions(&key("dog")).await.unwrap()), ["1", "2"]);
    assert_eq!(subject.store.unreferenced(&["a", "b"].map(blob)).await.unwrap(), [""; 0]);
    subject
        .change(vec![Change::DropVersion { account: "demo".into(), resource: first.id, version_id: "1".into() }])
        .await;
    assert_eq!(ids(subject.store.versions(&key("dog")).await.unwrap()), ["2"]);
    assert_eq!(subject.store.unreferenced(&["a", "b"].map(blob)).await.unwrap(), [blob("a")]);
}

pub(in crate::store) async fn a_job_ends_together_with_its_changes(subject: Subject) {
    subject.account("demo").await;
    subject.change(vec![put(&resource("cat"))]).await;
    let id = subject.queue("demo").await;
    let claimed = subject.claim().await;
    let mut end = completion(State::Succeeded);
    end.changes = vec![put(&resource("dog")), put(&resource("cat"))];
    let refused = subject.store.complete(id, claimed.token, end.clone()).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })));
    assert_eq!(subject.row("demo", id).await.state, State::Running);
    assert_eq!(subject.resource("dog").await, None);
    end.changes.truncate(1);
    subject.store.complete(id, claimed.token, end).await.unwrap();
    assert_eq!(subject.row("demo", id).await.state, State::Succeeded);
    assert!(subject.resource("dog").await.is_some());
}

pub(in crate::store) async fn a_change_can_accept_a_batch(subject: Subject) {
    subject.account("demo").await;
    let batch = batch();
    let together = Submission { batch: Some(batch.clone()), ..submission("demo", vec![job(), job()]) };
    let ids: Vec<Uuid> = together.jobs.iter().map(|job| job.id).collect();
    subject.store.change(vec![Change::SubmitTogether(Box::new(together))], Vec::new()).await.unwrap();
    let row = subject.store.batch("demo", batch.id).await.unwrap().unwrap();
    assert_eq!(row.counts, [(State::Queued, 2)]);
    for id in ids {
        assert_eq!(subject.row("demo", id).await.batch, Some(batch.id));
    }
}

pub(in crate::store) async fn a_change_can_accept_a_job(subject: Subject) {
    subject.account("demo").await;
    let first = subject.queue("demo").await;
    let claimed = subject.claim().await;
    let next = job();
    let mut end = completion(State::Succeeded);
    end.changes = vec![Change::Submit { account: "demo".into(), job: Box::new(next.clone()) }];
    subject.store.complete(first, claimed.token, end).await.unwrap();
    assert_eq!(subject.claim_ids(5).await, [next.id]);
}

/// Four resources that differ in everything that can be asked for.
async fn some(subject: &Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    let seconds = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
    let mut rows = Vec::new();
    for (index, (name, format, bytes, width, tags)) in [
        ("a/one", "png", 100, 10, vec!["red", "big"]),
        ("a/b/two", "jpg", 300, 20, vec!["red"]),
        ("ab/three", "jpg", 200, 20, vec![]),
        ("Four_5%", "gif", 300, 40, vec!["redder"]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut row = ResourceRow { format: format.into(), bytes, width, ..resource(name) };
        row.created_at = seconds(1000 + index as u64);
        row.facts.tags = tags.into_iter().map(str::to_owned).collect();
        row.facts.context.insert("number".into(), index.to_string());
        row.facts.metadata.insert("colours".into(), json!(["red", format]));
        rows.push(put(&row));
    }
    let mut foreign = resource("a/one");
    foreign.key.account = "other".into();
    foreign.facts.tags.push("red".into());
    rows.push(put(&foreign));
    subject.change(rows).await;
}

pub(in crate::store) async fn resources_are_filtered(subject: Subject) {
    some(&subject).await;
    let is = |text: &str| Test::Is(text.to_owned());
    let value = |class, name: Option<Test>, value: Option<Test>| Filter::Value { class, name, value };
    let column = Filter::Column;
    let (one, two, three, four) = ("a/one", "a/b/two", "ab/three", "Four_5%");
    let id = subject.resource(two).await.unwrap().id.simple().to_string();
    for (filter, expected) in [
        (Filter::All(Vec::new()), vec![one, two, three, four]),
        (Filter::Any(Vec::new()), vec![]),
        (column(Column::Format, is("jpg")), vec![two, three]),
        (Filter::Not(Box::new(column(Column::Format, is("jpg")))), vec![one, four]),
        (column(Column::PublicId, Test::Prefix("a".into())), vec![one, two, three]),
        (column(Column::PublicId, Test::OneOf(vec![three.into(), "none".into()])), vec![three]),
        (column(Column::PublicId, Test::OneOf(Vec::new())), vec![]),
        (column(Column::PublicId, Test::Has("R_5%".into())), vec![four]),
        (column(Column::PublicId, Test::Has("o%e".into())), vec![]),
        (column(Column::Folder, Test::Under("a".into())), vec![one, two]),
        (column(Column::Id, Test::OneOf(vec![id, "no id".into()])), vec![two]),
        (column(Column::Id, Test::OneOf(Vec::new())), vec![]),
        (column(Column::Bytes, Test::Between(Some(200), None)), vec![two, three, four]),
        (column(Column::Bytes, Test::Between(Some(101), Some(299))), vec![three]),
        (column(Column::Pixels, Test::Between(None, Some(200))), vec![one]),
        (column(Column::AspectMille, Test::Between(Some(2000), Some(2000))), vec![four]),
        (value(ValueClass::Tag, Some(is("red")), None), vec![one, two]),
        (value(ValueClass::Tag, None, None), vec![one, two, four]),
        (value(ValueClass::Tag, Some(Test::Prefix("red".into())), None), vec![one, two, four]),
        (value(ValueClass::Context, Some(is("number")), Some(is("2"))), vec![three]),
        (value(ValueClass::Context, Some(is("red")), None), vec![]),
        (value(ValueClass::Metadata, Some(is("colours")), Some(is("gif"))), vec![four]),
        (
            Filter::All(vec![
                value(ValueClass::Tag, Some(is("red")), None),
                Filter::Any(vec![
                    column(Column::Bytes, Test::Between(Some(300), None)),
                    column(Column::Format, is("x")),
                ]),
            ]),
            vec![two],
        ),
    ] {
        let found = subject.found(filter.clone(), &[(Column::CreatedAt, Direction::Ascending)]).await;
        assert_eq!(found, expected, "{filter:?}");
    }
}

pub(in crate::store) async fn resources_are_sorted_and_paged(subject: Subject) {
    some(&subject).await;
    let order = vec![(Column::Bytes, Direction::Descending), (Column::PublicId, Direction::Ascending)];
    let expected = ["Four_5%", "a/b/two", "ab/three", "a/one"];
    assert_eq!(subject.found(Filter::default(), &order).await, expected);
    let mut query = ResourceQuery { order, limit: 1, ..ResourceQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = subject.store.resources("demo", query.clone()).await.unwrap();
        found.extend(page.items.into_iter().map(|row| row.key.public_id));
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(found, expected);
    // Without an order, everything comes once.
    let mut plain = ResourceQuery { limit: 3, ..ResourceQuery::default() };
    let first = subject.store.resources("demo", plain.clone()).await.unwrap();
    plain.cursor = first.next.clone();
    let second = subject.store.resources("demo", plain.clone()).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next.is_none()), (3, 1, true));
    let foreign = subject.store.resources("other", plain.clone()).await;
    assert!(matches!(foreign, Err(Error::BadCursor)));
    plain.filter = Filter::Column(Column::Format, Test::Is("png".into()));
    assert!(matches!(subject.store.resources("demo", plain).await, Err(Error::BadCursor)), "of another list");
}

pub(in crate::store) async fn resources_are_counted_by_column(subject: Subject) {
    some(&subject).await;
    let count = async |filter: Filter, by| subject.store.count_resources("demo", &filter, by).await.unwrap();
    assert_eq!(count(Filter::default(), None).await, [(String::new(), 4)]);
    let formats = count(Filter::default(), Some(Column::Format)).await;
    assert_eq!(formats, [("gif".to_owned(), 1), ("jpg".to_owned(), 2), ("png".to_owned(), 1)]);
    let wide = Filter::Column(Column::Width, Test::Between(Some(20), None));
    let widths = count(wide, Some(Column::Width)).await;
    assert_eq!(widths, [("20".to_owned(), 2), ("40".to_owned(), 1)]);
    assert!(count(Filter::Any(Vec::new()), None).await.is_empty());
}

pub(in crate::store) async fn value_names_are_listed_once(subject: Subject) {
    some(&subject).await;
    let names = async |kind: &str, prefix: &str, after: Option<&str>, limit| {
        subject.store.value_names("demo", kind, ValueClass::Tag, prefix, after, limit).await.unwrap()
    };
    assert_eq!(names("image", "", None, 10).await, ["big", "red", "redder"]);
    assert_eq!(names("image", "", Some("big"), 1).await, ["red"]);
    assert_eq!(names("image", "redd", None, 10).await, ["redder"]);
    assert!(names("raw", "", None, 10).await.is_empty());
}

pub(in crate::store) async fn a_result_is_kept_once(subject: Subject) {
    subject.account("demo").await;
    let row = resource("cat");
    let first = derived(&row, "w_4", "b");
    let again = DerivedRow { bytes: 11, ..derived(&row, "w_4", "c") };
    subject.change(vec![put(&row), Change::PutDerived(first.clone()), Change::PutDerived(again.clone())]).await;
    let found = subject.store.derived(row.id, "w_4", "").await.unwrap().unwrap();
    assert_eq!(found, DerivedRow { id: first.id, ..again });
    assert_eq!(subject.store.derived(row.id, "w_4", "jpg").await.unwrap(), None);
    assert_eq!(subject.store.derived_by_id("demo", first.id).await.unwrap(), Some(found));
    assert_eq!(subject.store.derived_by_id("other", first.id).await.unwrap(), None);
    subject.change(vec![Change::DropDerived { account: "demo".into(), id: first.id }]).await;
    assert_eq!(subject.store.derived(row.id, "w_4", "").await.unwrap(), None);
}

pub(in crate::store) async fn results_are_found_by_what_they_were_made_of(subject: Subject) {
    subject.account("demo").await;
    let (cat, dog) = (resource("cat"), resource("dog"));
    let keyed = |row: &ResourceRow, key: &str, letter: &str| DerivedRow {
        key: key.to_owned(),
        ..derived(row, "f_auto", letter)
    };
    let (webp, avif, other) = (keyed(&cat, "webp", "b"), keyed(&cat, "avif", "c"), keyed(&dog, "webp", "b"));
    let kept = [&webp, &avif, &other].map(|row| Change::PutDerived(row.clone()));
    subject.change([put(&cat), put(&dog)].into_iter().chain(kept).collect()).await;
    let made = async |account: &str, key: &str| {
        let mut found = subject.store.derived_made(account, key).await.unwrap();
        found.sort_by_key(|row| row.resource != cat.id);
        found
    };
    assert_eq!(made("demo", "webp").await, [webp, other.clone()]);
    assert_eq!(made("demo", "avif").await, [avif]);
    assert_eq!(made("other", "avif").await, []);
    let dropped = Change::DropDerivedOf { account: "demo".into(), resource: cat.id };
    subject.change(vec![dropped]).await;
    assert_eq!(made("demo", "webp").await, [other]);
    assert_eq!(made("demo", "avif").await, []);
}

pub(in crate::store) async fn results_are_listed(subject: Subject) {
    subject.account("demo").await;
    let (cat, dog) = (resource("cat"), resource("dog"));
    let mut changes = vec![put(&cat), put(&dog)];
    let results = [derived(&cat, "w_1", "b"), derived(&cat, "w_2", "b"), derived(&dog, "w_1", "b")];
    changes.extend(results.iter().cloned().map(Change::PutDerived));
    subject.change(changes).await;
    let list = async |query: DerivedQuery| subject.store.derived_list("demo", query).await.unwrap();
    let of_cat = list(DerivedQuery { resource: Some(cat.id), limit: 10, ..DerivedQuery::default() }).await;
    assert_eq!(of_cat.items.len(), 2);
    let mut query = DerivedQuery { transformation: Some("w_1".into()), limit: 1, ..DerivedQuery::default() };
    let first = list(query.clone()).await;
    query.cursor = first.next;
    let second = list(query).await;
    let mut found: Vec<Uuid> = first.items.iter().chain(&second.items).map(|row| row.resource).collect();
    found.sort();
    let mut expected = [cat.id, dog.id];
    expected.sort();
    assert_eq!((found.as_slice(), second.next.is_none()), (expected.as_slice(), true));
    subject.change(vec![Change::DropDerivedOf { account: "demo".into(), resource: cat.id }]).await;
    assert_eq!(list(DerivedQuery { limit: 10, ..DerivedQuery::default() }).await.items, [results[2].clone()]);
}

pub(in crate::store) async fn documents_are_named_things(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    let document = |name: &str, number: u32| DocumentRow {
        account: "demo".into(),
        class: "preset".into(),
        name: name.into(),
        body: json!({"number": number}),
        created_at: UNIX_EPOCH + Duration::from_secs(number.into()),
        updated_at: UNIX_EPOCH + Duration::from_secs(number.into()),
    };
    let put = |row: DocumentRow, new| Change::PutDocument { row, new };
    subject.change(vec![put(document("b", 1), true), put(document("a", 2), false), put(document("ab", 3), true)]).await;
    let taken = subject.store.change(vec![put(document("b", 4), true)], Vec::new()).await;
    assert!(matches!(taken, Err(Error::Exists { .. })));
    subject.change(vec![put(document("b", 5), false)]).await;
    let found = subject.store.document("demo", "preset", "b").await.unwrap().unwrap();
    assert_eq!(found, DocumentRow { created_at: UNIX_EPOCH + Duration::from_secs(1), ..document("b", 5) });
    for (account, class) in [("other", "preset"), ("demo", "folder")] {
        assert_eq!(subject.store.document(account, class, "b").await.unwrap(), None);
    }
    let list = async |prefix: &str, cursor, limit| {
        let query = DocumentQuery { class: "preset".into(), prefix: prefix.into(), cursor, limit };
        let page = subject.store.documents("demo", query).await.unwrap();
        (page.items.into_iter().map(|row| row.name).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = list("", None, 2).await;
    assert_eq!(first, ["a", "ab"]);
    assert_eq!(list("", next, 2).await, (vec!["b".to_owned()], None));
    assert_eq!(list("a", None, 5).await.0, ["a", "ab"]);
    let gone = Change::DropDocument { account: "demo".into(), class: "preset".into(), name: "a".into() };
    subject.change(vec![gone]).await;
    assert_eq!(list("", None, 5).await.0, ["ab", "b"]);
}

pub(in crate::store) async fn keys_are_unique_on_the_server(subject: Subject) {
    subject.account("demo").await;
    subject.account("other").await;
    let key = |key: &str, account: &str| ApiKey {
        key: key.into(),
        account: account.into(),
        secret: format!("secret {key}"),
        created_at: UNIX_EPOCH + Duration::from_secs(1),
    };
    subject.change(vec![Change::PutKey(key("k2", "demo")), Change::PutKey(key("k1", "demo"))]).await;
    for taken in [key("k1", "other"), key("other", "demo")] {
        let taken = subject.store.change(vec![Change::PutKey(taken)], Vec::new()).await;
        assert!(matches!(taken, Err(Error::Exists { .. })));
    }
    assert!(matches!(subject.store.create_account(account("k1")).await, Err(Error::Exists { .. })));
    assert_eq!(subject.store.api_key("k1").await.unwrap(), Some(key("k1", "demo")));
    assert_eq!(subject.store.api_keys("demo").await.unwrap(), [key("k1", "demo"), key("k2", "demo")]);
    subject.change(vec![Change::DropKey { account: "other".into(), key: "k1".into() }]).await;
    assert!(subject.store.api_key("k1").await.unwrap().is_some(), "of another account");
    subject.change(vec![Change::DropKey { account: "demo".into(), key: "k1".into() }]).await;
    assert_eq!(subject.store.api_key("k1").await.unwrap(), None);
}

fn chunk(begins: u64, letter: &str, subject: &Subject) -> ChunkRow {
    ChunkRow {
        account: "demo".into(),
        upload: "u".into(),
        begins,
        bytes: 10,
        sha256: blob(letter),
        created_at: subject.clock.now(),
    }
}

pub(in crate::store) async fn chunks_come_in_their_order(subject: Subject) {
    subject.account("demo").await;
    let chunks = [chunk(10, "b", &subject), chunk(0, "a", &subject), chunk(10, "c", &subject)];
    subject.change(chunks.iter().cloned().map(Change::PutChunk).collect()).await;
    let found = subject.store.chunks("demo", "u").await.unwrap();
    assert_eq!(found, [chunks[1].clone(), chunks[2].clone()], "a part that comes again replaces the first");
    assert!(subject.store.chunks("demo", "v").await.unwrap().is_empty());
    subject.change(vec![Change::DropChunks { account: "demo".into(), upload: "u".into() }]).await;
    assert!(subject.store.chunks("demo", "u").await.unwrap().is_empty());
    subject.change(vec![Change::PutChunk(chunk(0, "a", &subject))]).await;
    subject.pass(101);
    subject.store.forget(Duration::from_secs(100)).await.unwrap();
    assert!(subject.store.chunks("demo", "u").await.unwrap().is_empty(), "an upload that is never finished");
}

pub(in crate::store) async fn blobs_of_the_library_are_in_use(subject: Subject) {
    subject.account("demo").await;
    let row = resource("cat");
    let changes =
        vec![put(&row), Change::PutDerived(derived(&row, "w_1", "b")), Change::PutChunk(chunk(0, "c", &subject))];
    subject.change(changes).await;
    let all = ["a", "b", "c", "d"].map(blob);
    assert_eq!(subject.store.unreferenced(&all).await.unwrap(), [blob("d")]);
}

pub(in crate::store) async fn totals_add_up(subject: Subject) {
    subject.account("demo").await;
    assert_eq!(subject.store.totals("demo").await.unwrap(), Totals::default());
    let row = resource("cat");
    subject.change(vec![put(&row), put(&resource("dog")), Change::PutDerived(derived(&row, "w_1", "b"))]).await;
    let expected = Totals { resources: 2, derived: 1, bytes: 2010 };
    assert_eq!(subject.store.totals("demo").await.unwrap(), expected);
}
