use super::*;

fn overlay(reference: &str) -> crate::job::Step {
    step("overlay", &format!(r#"{{"image": {reference}}}"#))
}

#[tokio::test]
async fn pictures_that_steps_name_are_read_once_each() {
    let room = Room::new().await;
    room.inputs.pictures.lock().unwrap().insert("http://pictures/logo".into(), Ok(png(3, 3)));
    let logo = r#"{"url": "http://pictures/logo"}"#;
    let outputs =
        [output("a", Group::Main, [overlay(logo)]), output("b", Group::Main, [step("invert", "{}"), overlay(logo)])];
    let job = room.end(room.submit(spec(outputs)).await).await;
    assert_eq!(results(&job), ["a succeeded 80x60", "b succeeded 80x60"]);
    assert_eq!(*room.inputs.reads.lock().unwrap(), ["http://pictures/a", "http://pictures/logo"]);
}

#[tokio::test]
async fn a_picture_may_be_an_asset_or_come_along() {
    let room = Room::new().await;
    let bytes = png(3, 3);
    let sha256 = hex::encode(Sha256::digest(&bytes));
    room.inputs.pictures.lock().unwrap().insert(sha256.clone(), Ok(bytes.clone()));
    let asset = crate::store::AssetRow {
        account: "demo".into(),
        id: "logo".into(),
        sha256,
        bytes: bytes.len() as u64,
        format: "png".into(),
        width: 3,
        height: 3,
        created_at: room.clock.now(),
    };
    room.store.put_asset(asset).await.unwrap();
    use base64::Engine;
    let uri = format!("data:image/png;base64,{}", base64::engine::general_purpose::STANDARD.encode(&bytes));
    let both = format!(r#"[{{"asset": "logo"}}, {{"data": "{uri}"}}]"#);
    let job = room.end(room.submit(spec([output("a", Group::Main, [overlay(&both)])])).await).await;
    assert_eq!(results(&job), ["a succeeded 80x60"]);
}

#[tokio::test]
async fn a_picture_that_cannot_be_had_fails_the_outputs_that_need_it() {
    let room = Room::new().await;
    room.inputs.pictures.lock().unwrap().insert("http://pictures/text".into(), Ok(Bytes::from_static(b"hello")));
    let outputs = [
        output("gone", Group::Main, [overlay(r#"{"url": "http://pictures/gone"}"#)]),
        output("text", Group::Main, [overlay(r#"{"url": "http://pictures/text"}"#)]),
        output("none", Group::Main, [overlay(r#"{"asset": "none"}"#)]),
        output("file", Group::Main, [overlay(r#"{"file": "/etc/passwd"}"#)]),
        output("fine", Group::Main, [step("invert", "{}")]),
    ];
    let job = room.end(room.submit(spec(outputs)).await).await;
    assert_eq!(
        results(&job),
        [
            "gone failed step 0 source_not_found: http://pictures/gone: 404",
            r#"text failed step 0 unknown_format: not a picture in a known format, it starts with "hello""#,
            "none failed step 0 source_not_found: there is no asset named 'none'",
            "file failed step 0 invalid_params: a picture is a local file, which a server does not read",
            "fine succeeded 80x60",
        ]
    );
}

#[tokio::test]
async fn a_picture_is_made_by_steps_of_its_own() {
    let room = Room::new().await;
    let made = |source: &str, steps: &str| overlay(&format!(r#"{{"made": {{{source}"steps": [{steps}]}}}}"#));
    let source = r#""source": {"url": "http://pictures/a"}, "#;
    let resize = r#"{"transform": "resize", "params": {"width": 7, "height": 5}}"#;
    let nested =
        format!(r#"{{"transform": "overlay", "params": {{"image": {{"made": {{{source}"steps": [{resize}]}}}}}}}}"#);
    let outputs = [
        output("own", Group::Main, [made(source, resize)]),
        output("nothing", Group::Main, [made("", r#"{"transform": "noise", "params": {"width": 5, "height": 4}}"#)]),
        output("nested", Group::Main, [made(source, &nested)]),
        output("nowhere", Group::Main, [made("", resize)]),
        output("failing", Group::Main, [made(source, r#"{"transform": "refuse"}"#)]),
    ];
    let job = room.end(room.submit(spec(outputs)).await).await;
    let results = results(&job);
    assert_eq!(results[..3], ["own succeeded 80x60", "nothing succeeded 80x60", "nested succeeded 80x60"]);
    assert!(results[3].starts_with("nowhere failed step 0 invalid_params: a picture has no source"), "{results:?}");
    assert!(results[4].starts_with("failing failed step 0 plugin_refused"), "{results:?}");
    // The same picture is read once for each that names it.
    let resized = room.transforms.runs().iter().filter(|run| run.starts_with("resize 80x60")).count();
    assert_eq!(resized, 1);
}

#[tokio::test]
async fn steps_may_name_a_stored_component() {
    let room = Room::new().await;
    let store = |bytes: &'static [u8]| {
        let digest = hex::encode(Sha256::digest(bytes));
        room.inputs.pictures.lock().unwrap().insert(digest.clone(), Ok(Bytes::from_static(bytes)));
        format!("component:{digest}")
    };
    let (good, bad) = (store(b"sepia"), store(b"something else"));
    let outputs = [
        output("good", Group::Main, [step(&good, "{}"), step("invert", "{}")]),
        output("bad", Group::Main, [step(&bad, "{}")]),
        output("gone", Group::Main, [step("component:gone", "{}")]),
        output("fine", Group::Main, [step("invert", "{}")]),
    ];
    let job = room.end(room.submit(spec(outputs)).await).await;
    assert_eq!(
        results(&job),
        [
            "good succeeded 80x60",
            "bad failed step 0 plugin_invalid: this is no component",
            "gone failed step 0 source_not_found: gone: 404",
            "fine succeeded 80x60",
        ]
    );
    assert_eq!(job.report.outputs[0].steps[0].transform, "sepia");
}
