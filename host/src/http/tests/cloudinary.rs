//! The Cloudinary API at the door: who may, what is read, what is left behind. What its jobs come to is tested with
//! the SDKs.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::door::{Answer, Door};
use crate::{
    clock::micros,
    dialect::cloudinary::signature::{Algorithm, Version, request_text, sign},
    source::Source,
    store::{ApiKey, Change},
};

const UPLOAD: &str = "/v1_1/demo/image/upload";

fn now(door: &Door) -> String {
    (micros(door.state.clock.now()) / 1_000_000).to_string()
}

/// The fields with timestamp, key and signature.
fn signed(door: &Door, fields: &[(&str, &str)], key: &str, secret: &str, version: Version) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    all.push(("timestamp".into(), now(door)));
    let signature = sign(&request_text(&all, version), secret, Algorithm::Sha1);
    all.push(("api_key".into(), key.into()));
    all.push(("signature".into(), signature));
    all
}

/// A multipart body as the Node SDK builds it: nothing after the last boundary, the file's name in Latin-1.
fn multipart(fields: &[(String, String)], file: Option<&[u8]>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--xxx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes());
    }
    if let Some(file) = file {
        body.extend(b"--xxx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\xfcber.png\"\r\n");
        body.extend(b"Content-Type: application/octet-stream\r\n\r\n");
        body.extend(file);
        body.extend(b"\r\n");
    }
    body.extend(b"--xxx--");
    body
}

async fn post(door: &Door, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let mut request = Request::post(path).header("content-type", "multipart/form-data; boundary=xxx");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    door.send(request.body(Body::from(body)).unwrap()).await
}

#[track_caller]
fn refusal(answer: &Answer) -> (u16, String) {
    assert!(answer.header("content-type").starts_with("application/json"), "{answer:?}");
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(!answer.header("x-cld-error").is_empty());
    (answer.status.as_u16(), message)
}

fn blobs(door: &Door) -> usize {
    let files = |dir: std::path::PathBuf| std::fs::read_dir(dir).into_iter().flatten().flatten();
    files(door.dir().join("blobs")).filter(|entry| entry.path().is_dir()).flat_map(|entry| files(entry.path())).count()
}

#[tokio::test]
async fn a_body_as_the_node_sdk_builds_it_becomes_a_job() {
    let door = Door::open().await;
    let fields = signed(&door, &[("async", "1"), ("use_filename", "1")], "demo", "right", Version::V2);
    let answer = post(&door, UPLOAD, &[], multipart(&fields, Some(b"picture"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let pending = answer.json();
    assert_eq!(pending["status"], "pending");
    assert!(pending["public_id"].as_str().unwrap().starts_with("\u{fc}ber_"), "{pending}");
    let job = door.claim().await.job;
    assert_eq!(job.spec.reference.as_deref(), pending["batch_id"].as_str());
    let sha256 = hex::encode(Sha256::digest(b"picture"));
    assert_eq!(job.spec.source, Source::Blob { sha256, asset: None });
    let shown = door.get(&format!("/v1/jobs/{}", job.id)).await.json();
    assert_eq!(shown["reference"], pending["batch_id"], "the engine shows it, too");
}

#[tokio::test]
async fn a_refused_upload_leaves_nothing_behind() {
    let door = Door::open().await;
    let file = vec![7; 600_000];
    let good = signed(&door, &[], "demo", "right", Version::V2);
    let changed = |name: &str, value: &str| -> Vec<(String, String)> {
        let other = |field: &(String, String)| {
            if field.0 == name { (name.to_owned(), value.to_owned()) } else { field.clone() }
        };
        good.iter().map(other).collect()
    };
    let old = {
        let mut fields = vec![("timestamp".to_owned(), "1481775293".to_owned())];
        let signature = sign(&request_text(&fields, Version::V2), "right", Algorithm::Sha1);
        fields.extend([("api_key".to_owned(), "demo".to_owned()), ("signature".to_owned(), signature)]);
        fields
    };
    for (fields, status, part) in [
        (changed("signature", &"0".repeat(40)), 401, "Invalid Signature 0000"),
        (changed("signature", &"0".repeat(64)), 401, "Invalid Signature 0000"),
        (changed("signature", "\u{fc}"), 401, "Invalid Signature"),
        (changed("api_key", "nobody"), 401, "Unknown API key nobody"),
        (changed("timestamp", "1"), 401, "Invalid Signature"),
        (old, 400, "Stale request - reported time is 2016-12-15 04:14:53 +0000 which is more than 1 hour ago"),
        (Vec::new(), 400, "Upload preset must be specified"),
        (signed(&door, &[("type", "a b")], "demo", "right", Version::V2), 400, "parameter type: a b"),
        (signed(&door, &[("eager", "w_x")], "demo", "right", Version::V2), 400, "Invalid width"),
        (signed(&door, &[("upload_preset", "none")], "demo", "right", Version::V2), 400, "Upload preset not found"),
        (signed(&door, &[("notification_url", "http://10.0.0.1/")], "demo", "right", Version::V2), 400, "10.0.0.1"),
    ] {
        let answer = refusal(&post(&door, UPLOAD, &[], multipart(&fields, Some(&file))).await);
        assert!(answer.0 == status && answer.1.contains(part), "{answer:?}, expected {status} {part}");
        assert_eq!(blobs(&door), 0, "{part}");
    }
    let cut = multipart(&good, Some(&file));
    let answer = refusal(&post(&door, UPLOAD, &[], cut[..cut.len() - 300_000].to_vec()).await);
    assert!(answer.0 == 400 && answer.1.contains("multipart"), "{answer:?}");
    assert_eq!(
        refusal(&post(&door, UPLOAD, &[], multipart(&good, None)).await),
        (400, "Missing required parameter - file".into())
    );
    assert_eq!(refusal(&post(&door, UPLOAD, &[], multipart(&good, Some(b""))).await), (400, "Empty file".into()));
    assert_eq!(blobs(&door), 0);
    assert!(door.state.store.claim_jobs(1, std::time::Duration::from_secs(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_signature_of_version_1_is_taken_only_where_the_settings_say_so() {
    for (accepted, status) in [(false, 401), (true, 200)] {
        let door = Door::with(|config| config.cloudinary.accept_signature_version_1 = accepted).await;
        let fields = signed(&door, &[("async", "1"), ("tags", "a&b")], "demo", "right", Version::V1);
        let answer = post(&door, UPLOAD, &[], multipart(&fields, Some(b"x"))).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn a_further_key_signs_until_it_is_ended_and_only_for_its_own_cloud() {
    let door = Door::open().await;
    let key = ApiKey {
        key: "123".into(),
        account: "demo".into(),
        secret: "second".into(),
        created_at: door.state.clock.now(),
    };
    door.state.store.change(vec![Change::PutKey(key)], Vec::new()).await.unwrap();
    let body = |secret: &str| multipart(&signed(&door, &[("async", "1")], "123", secret, Version::V2), Some(b"x"));
    assert_eq!(post(&door, UPLOAD, &[], body("second")).await.status, 200);
    assert_eq!(post(&door, UPLOAD, &[], body("right")).await.status, 401);
    assert_eq!(post(&door, "/v1_1/other/image/upload", &[], body("second")).await.status, 401);
    let basic = ("authorization", "Basic MTIzOnNlY29uZA==");
    assert_eq!(door.ask(Method::GET, "/v1_1/demo/ping", &[basic], Body::empty()).await.status, 200);
    assert_eq!(door.ask(Method::GET, "/v1_1/other/ping", &[basic], Body::empty()).await.status, 401);
    let ended = Change::DropKey { account: "demo".into(), key: "123".into() };
    door.state.store.change(vec![ended], Vec::new()).await.unwrap();
    assert_eq!(refusal(&post(&door, UPLOAD, &[], body("second")).await), (401, "Unknown API key 123".into()));
    assert_eq!(door.ask(Method::GET, "/v1_1/demo/ping", &[basic], Body::empty()).await.status, 401);
}

#[tokio::test]
async fn the_parts_of_a_file_are_joined_when_the_last_one_is_there() {
    let door = Door::open().await;
    let part = 5 << 20;
    let file: Vec<u8> = (0..part * 2 + 77).map(|index: usize| (index / 7) as u8).collect();
    let send = async |range: &str, bytes: &[u8]| {
        let fields = signed(&door, &[("async", "1"), ("public_id", "large")], "demo", "right", Version::V2);
        let headers = [("content-range", range), ("x-unique-upload-id", "abc")];
        post(&door, UPLOAD, &headers, multipart(&fields, Some(bytes))).await
    };
    let total = file.len();
    let (first, second, last) = (0..part, part..part * 2, part * 2..total);
    let range = |part: &std::ops::Range<usize>, total: &str| format!("bytes {}-{}/{total}", part.start, part.end - 1);
    let answer = send(&range(&first, "-1"), &file[first.clone()]).await;
    assert_eq!(answer.json(), json!({"done": false, "bytes": part, "kind": "upload", "public_id": "large"}));
    // The last before the second: there is a gap.
    let answer = refusal(&send(&range(&last, &total.to_string()), &file[last.clone()]).await);
    assert!(answer.0 == 400 && answer.1.contains("no bytes from 5242880 on"), "{answer:?}");
    assert_eq!(send(&range(&second, "-1"), &file[second.clone()]).await.status, 200);
    assert_eq!(send(&range(&second, "-1"), &file[second.clone()]).await.status, 200, "a part that comes again");
    for (range, bytes, part) in [
        ("bytes 0-9/30", &file[..10], "larger than 5mb"),
        ("bytes 0-9/30", &file[..9], "9 bytes"),
        ("bytes 0-9/5", &file[..10], "behind the end"),
        ("bytes 0-9", &file[..10], "Content-Range"),
        ("bytes 0-0/999999999999", &file[..1], "5mb"),
    ] {
        let answer = refusal(&send(range, bytes).await);
        assert!(answer.0 == 400 && answer.1.contains(part), "{answer:?}, expected {part}");
    }
    assert_eq!(send(&range(&last, &total.to_string()), &file[last]).await.json()["status"], "pending");
    let job = door.claim().await.job;
    let sha256 = hex::encode(Sha256::digest(&file));
    assert_eq!(job.spec.source, Source::Blob { sha256, asset: None });
    assert!(door.state.store.chunks("demo", "abc").await.unwrap().is_empty());
}

#[tokio::test]
async fn no_call_of_any_shape_breaks_the_server() {
    let door = Door::open().await;
    let basic = ("authorization", "Basic ZGVtbzpyaWdodA==");
    let paths = [
        "",
        "/",
        "/demo",
        "/demo/",
        "/demo/ping",
        "/demo/ping/x",
        "/demo/usage/1-1",
        "/demo/usage/x",
        "/demo/resources",
        "/demo/resources/image",
        "/demo/resources/image/upload/%2f%2F",
        "/demo/resources/image/upload/a%00b",
        "/demo/resources/x/y/z",
        "/demo/resources/search?expression=((((",
        "/demo/resources/search?sort_by=x",
        "/demo/resources?next_cursor=%ff",
        "/demo/resources/image?max_results=0",
        "/demo/resources/image?max_results=99999999999999999999",
        "/demo/tags/image?max_results=-1",
        "/demo/resources/image/upload?start_at=never",
        "/demo/transformations?transformation=%25",
        "/demo/transformations/w_1",
        "/demo/upload_presets/",
        "/demo/folders//",
        "/demo/folders/%2e%2e/x",
        "/demo/metadata_fields/x",
        "/demo/triggers/x",
        "/demo/image/upload",
        "/demo/all/upload",
        "/demo/raw/%20",
        "/demo/image/explode",
        "/demo/image/sprite",
        "/demo/image/text",
        "/%ff/ping",
    ];
    let bodies: [(&str, &[u8]); 5] = [
        ("application/json", b"{\"public_ids\": [[[]]], \"all\": \"maybe\"}"),
        ("application/json", b"[[[["),
        ("application/x-www-form-urlencoded", b"%ff=%00&&=&public_ids[9999999999999999999999]=x&signature=x"),
        ("multipart/form-data", b"--"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n--x--"),
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            for (media_type, body) in bodies {
                let headers = [basic, ("content-type", media_type)];
                let answer = door.ask(method.clone(), &format!("/v1_1{path}"), &headers, body.to_vec()).await;
                let status = answer.status.as_u16();
                assert!([200, 400, 401, 404, 405, 409].contains(&status), "{method} {path} {media_type}: {answer:?}");
                let known = serde_json::from_slice::<Value>(&answer.body);
                assert!(known.is_ok() || status == 405, "{method} {path}: {answer:?}");
            }
        }
    }
}
