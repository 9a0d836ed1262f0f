use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::dialect::cloudinary::{
    geometry::{Rect, Size},
    transformation::{Extension, FormatName},
    url::DeliveryType,
    vectors,
};

fn form(fields: &[(&str, &str)]) -> Form {
    Form::new(fields.iter().copied())
}

fn parsed(fields: &[(&str, &str)]) -> UploadParams {
    UploadParams::parse(&form(fields)).unwrap_or_else(|error| panic!("{fields:?}: {error}"))
}

fn refused(field: &str, value: &str, message: &str) {
    let error = UploadParams::parse(&form(&[(field, value)])).expect_err(value);
    assert_eq!(error.to_string(), message);
}

#[test]
fn sent_fields_are_read() {
    #[derive(Deserialize)]
    struct Case {
        fields: serde_json::Map<String, Value>,
    }
    let cases: Vec<Case> = vectors::load("upload_params");
    assert_eq!(cases.len(), 20);
    for case in cases {
        let fields: Vec<(String, String)> =
            case.fields.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        let params = UploadParams::parse(&Form(fields)).unwrap_or_else(|error| panic!("{:?}: {error}", case.fields));
        assert_eq!(params.timestamp, Some(1_700_000_000));
        if case.fields.contains_key("context") {
            assert_eq!(params.context["alt"], "My|image");
            assert_eq!(params.context["caption"], "a=b");
            assert_eq!(params.tags, ["x", "y z"]);
            assert_eq!(params.public_id.as_deref(), Some("a/b"));
        }
        if case.fields.contains_key("eager") {
            let items: Vec<&str> = params.eager.iter().map(|item| item.text.as_str()).collect();
            assert_eq!(items, ["c_scale,w_100", "e_sepia/webp", "t_named/jpg"]);
            assert_eq!(params.eager[0].eager.extension, None);
            assert_eq!(params.eager[1].eager.extension, FormatName::from_name("webp").map(Extension::Name));
            assert_eq!(params.eager_async, Some(true));
            assert_eq!(params.eager_notification_url, ["https://example.com/e"]);
        }
        if case.fields.contains_key("transformation") {
            assert_eq!(params.transformation.as_ref().unwrap().transformation.to_string(), "c_limit,w_200/q_auto");
            assert_eq!(params.format, FormatName::from_name("png"));
        }
        if case.fields.contains_key("face_coordinates") {
            let rect = |x, y, width, height| Rect { x, y, size: Size::new(width, height) };
            assert_eq!(params.face_coordinates, [rect(1, 2, 3, 4), rect(5, 6, 7, 8)]);
            assert_eq!(params.custom_coordinates, [rect(9, 10, 11, 12)]);
        }
        if case.fields.contains_key("metadata") {
            assert_eq!(params.metadata["str"], MetadataValue::Text("v|w".into()));
            assert_eq!(params.metadata["list"], MetadataValue::List(vec!["id1".into(), "id2".into()]));
            assert_eq!(params.headers, [("Link".to_owned(), "1".to_owned())]);
        }
        if case.fields.contains_key("use_filename") {
            let flags = [params.backup, params.use_filename, params.unique_filename, params.invalidate];
            assert_eq!(flags, [Some(false), Some(true), Some(false), Some(true)]);
            assert_eq!((params.overwrite, params.asynchronous), (Some(false), Some(true)));
            assert_eq!(params.allowed_formats, ["jpg", "png"]);
        }
        if case.fields.contains_key("access_control") {
            assert_eq!(params.access_control[0].access_type, AccessType::Token);
            assert_eq!(params.access_control[1].end.as_deref(), Some("2019-03-22 00:00 +0200"));
        }
        if case.fields.contains_key("responsive_breakpoints") {
            let [breakpoints] = params.responsive_breakpoints.as_slice() else { panic!("one item") };
            assert_eq!((breakpoints.min_width, breakpoints.max_width), (200, Some(1000)));
            assert_eq!((breakpoints.max_images, breakpoints.bytes_step), (20, 20_000));
            assert_eq!(breakpoints.transformation.as_ref().unwrap().0, "e_sepia");
        }
        if case.fields.contains_key("regions") {
            assert_eq!(params.regions, Some(json!({"name": [[1, 2], [3, 4]]})));
        }
        if case.fields.contains_key("folder") {
            assert_eq!(params.delivery, Some(DeliveryType::Authenticated));
            assert_eq!(params.in_folder("x"), "f/x");
        }
    }
}

#[test]
fn contexts_are_those_of_the_kit() {
    #[derive(Deserialize)]
    struct Case {
        context: Value,
        value: String,
    }
    let cases: Vec<Case> = vectors::load("context");
    assert_eq!(cases.len(), 6);
    for case in cases {
        let Value::Object(context) = case.context else {
            assert!(pairs("context", &case.value).is_err());
            continue;
        };
        let read = pairs("context", &case.value).unwrap();
        assert_eq!(print_pairs(&read), case.value);
        for (key, value) in context {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(read[&key], text);
        }
    }
    assert_eq!(
        pairs("context", "a=1|a=2||b=").unwrap(),
        [("a", "2"), ("b", "")].map(|(k, v)| (k.into(), v.into())).into()
    );
    assert_eq!(pairs("context", r"a=\\=x").unwrap()["a"], r"\=x");
}

#[test]
fn arrays_are_taken_in_every_spelling() {
    for names in [["tags[]", "tags[]"], ["tags[0]", "tags[1]"], ["tags", "tags"]] {
        assert_eq!(parsed(&[(names[0], "a,b"), (names[1], "c, a")]).tags, ["a", "b", "c"]);
    }
    assert_eq!(form(&[("ids[1]", "y"), ("ids[0]", "x"), ("ids[]", "")]).list("ids"), ["x", "y"]);
}

#[test]
fn empty_fields_count_as_not_sent() {
    assert_eq!(parsed(&[("public_id", ""), ("overwrite", ""), ("eager", ""), ("tags", ",")]), UploadParams::default());
}

#[test]
fn names_are_put_into_their_folders() {
    let params = parsed(&[("public_id", " /a/b/ "), ("folder", "f/"), ("public_id_prefix", "p")]);
    assert_eq!(params.full_public_id().as_deref(), Some("p/f/a/b"));
    let params = parsed(&[("public_id", "a"), ("asset_folder", "x/y")]);
    assert_eq!(params.full_public_id().as_deref(), Some("a"));
    let fields = [("public_id", "a"), ("asset_folder", "x/y"), ("use_asset_folder_as_public_id_prefix", "true")];
    assert_eq!(parsed(&fields).full_public_id().as_deref(), Some("x/y/a"));
    assert_eq!(parsed(&[("folder", "f")]).full_public_id(), None);
    let remote = parsed(&[("public_id", "https://a.b/c?d=e&f"), ("type", "fetch")]);
    assert_eq!(remote.public_id.as_deref(), Some("https://a.b/c?d=e&f"));
}

#[test]
fn errors_name_field_value_and_expectation() {
    refused("overwrite", "yes", "Invalid value for parameter overwrite: yes (expected 1, 0, true or false)");
    refused("timestamp", "-1", "Invalid value for parameter timestamp: -1 (expected a whole number)");
    refused(
        "public_id",
        "a?b",
        "Invalid value for parameter public_id: a?b (expected 1 to 255 bytes without ? & # \\ % < > +)",
    );
    refused("format", "blub", "Invalid value for parameter format: blub (expected the name of a format)");
    refused(
        "context",
        "nothing",
        "Invalid value for parameter context: nothing (expected key=value pairs joined by |, with = and | escaped as \
         \\= and \\|)",
    );
    refused(
        "face_coordinates",
        "1,2,3",
        "Invalid value for parameter face_coordinates: 1,2,3 (expected x,y,width,height joined by |, at most 100)",
    );
    refused("headers", "nothing", "Invalid value for parameter headers: nothing (expected lines of \"Name: value\")");
    refused(
        "headers",
        "X: a\r\nY",
        "Invalid value for parameter headers: X: a\\r\\nY (expected lines of \"Name: value\")",
    );
    refused("access_mode", "x", "Invalid value for parameter access_mode: x (expected public or authenticated)");
    refused("regions", "[1]", "Invalid value for parameter regions: [1] (expected a JSON object of named regions)");
    refused(
        "eager",
        "w_1|e_no",
        "Invalid effect in transformation: no (in component e_no; expected the name of an effect)",
    );
    refused("raw_convert", "illegal", "Raw convert is invalid");
    refused("detection", "illegal", "Detection invalid model 'illegal'");
    refused("categorization", "illegal", "Categorization item illegal is not valid");
    refused("background_removal", "illegal", "Background removal illegal is invalid");
    let long = "x".repeat(100_001);
    refused("tags", &long, "Parameter tags is too long (expected at most 100000 bytes)");
    for (field, value) in [
        ("access_control", "{\"access_type\":\"nobody\"}"),
        ("access_control", "nothing"),
        ("responsive_breakpoints", "[{\"max_images\":0}]"),
        ("responsive_breakpoints", "[{\"min_width\":40000}]"),
        ("responsive_breakpoints", "[{\"blub\":1}]"),
        ("responsive_breakpoints", "[{\"transformation\":\"w_abc\"}]"),
        ("face_coordinates", "1,2,0,4"),
        ("face_coordinates", "1,2,3,99999999999"),
        ("type", "up load"),
    ] {
        assert!(UploadParams::parse(&form(&[(field, value)])).is_err(), "{field} {value}");
    }
}

#[test]
fn json_fields_are_lenient_about_numbers() {
    let text = r#"{"create_derived":0,"bytes_step":"100","max_width":"300","format":"png"}"#;
    let [breakpoints] = &Breakpoints::parse(text).unwrap()[..] else { panic!("one item") };
    assert!(!breakpoints.create_derived);
    assert_eq!((breakpoints.bytes_step, breakpoints.max_width, breakpoints.min_width), (100, Some(300), 50));
    assert_eq!(breakpoints.format, FormatName::from_name("png"));
}

#[test]
fn unsigned_uploads_may_say_little() {
    let fine = [("upload_preset", "p"), ("file", "x"), ("tags[]", "a"), ("timestamp", "1"), ("eager", "")];
    assert_eq!(check_unsigned(&form(&fine)), Ok(()));
    let error = check_unsigned(&form(&[("upload_preset", "p"), ("eager", "w_1"), ("eager_async", "1")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Eager, Eager async parameter is not allowed when using unsigned upload. Only upload_preset, callback, \
         public_id, folder, asset_folder, tags, context, metadata, face_coordinates, custom_coordinates, source, \
         filename_override, manifest_transformation, manifest_json, template, template_vars, regions, \
         public_id_prefix upload parameters are allowed."
    );
}

#[test]
fn presets_fill_in_or_win() {
    let request = form(&[("folder", "mine"), ("tags", "a,b"), ("context", "k=1|x=1")]);
    let preset = form(&[("folder", "theirs"), ("tags", "b,c"), ("context", "k=2"), ("overwrite", "1")]);
    let merged = |unsigned| UploadParams::parse(&with_preset(&request, &preset, unsigned)).unwrap();
    let (signed, unsigned) = (merged(false), merged(true));
    assert_eq!((signed.folder.as_deref(), signed.context["k"].as_str()), (Some("mine"), "1"));
    assert_eq!((unsigned.folder.as_deref(), unsigned.context["k"].as_str()), (Some("theirs"), "2"));
    for params in [signed, unsigned] {
        assert_eq!(params.overwrite, Some(true));
        assert_eq!(params.context["x"], "1");
        let mut tags = params.tags;
        tags.sort();
        assert_eq!(tags, ["a", "b", "c"]);
    }
}
