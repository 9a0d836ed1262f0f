//! What was made once is kept: eager results for their first delivery, all of it over a restart.

use reqwest::Method;
use safelight_codec::Format;
use serde_json::{Value, json};

use crate::support::{KEY, Origin, Server, jpeg, png};

/// Results that were made since the server began.
async fn made(server: &Server) -> u64 {
    let metrics = server.get("/metrics").send().await.unwrap().text().await.unwrap();
    let counts = metrics.lines().filter(|line| line.starts_with("safelight_outputs_total{"));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

async fn upload(server: &Server, fields: Value) -> Value {
    let answer = server.post(&format!("/v1_1/{KEY}/image/upload")).json(&fields).send().await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

/// What an address delivers: the media type and the bytes.
async fn delivered(server: &Server, path: &str, accept: &str) -> (String, Vec<u8>) {
    let answer = server.client.get(format!("{}/{KEY}/image/{path}", server.url)).header("accept", accept);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}: {:?}", answer.headers().get("x-cld-error"));
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (kind, answer.bytes().await.unwrap().to_vec())
}

async fn derived(server: &Server, id: &str) -> Vec<(String, String)> {
    let path = format!("/v1_1/{KEY}/resources/image/upload/{id}?max_results=100");
    let shown: Value = server.get(&path).send().await.unwrap().json().await.unwrap();
    let name = |one: &Value, field: &str| one[field].as_str().unwrap().to_owned();
    let listed = shown["derived"].as_array().unwrap_or_else(|| panic!("{shown}")).iter();
    let mut listed: Vec<_> = listed.map(|one| (name(one, "transformation"), name(one, "format"))).collect();
    listed.sort();
    listed
}

#[tokio::test]
async fn what_was_made_is_not_made_again() {
    let (origin, mut server) = (Origin::start().await, Server::start().await);
    let file = origin.bytes("photo.jpg", jpeg(300, 200));
    let eager = "c_fill,h_50,w_60|w_100/png|t_small";
    let named = json!({"name": "small", "transformation": "c_scale,w_30"});
    assert_eq!(server.post(&format!("/v1_1/{KEY}/transformations")).json(&named).send().await.unwrap().status(), 200);
    let breakpoints = r#"[{"max_width": 200, "min_width": 100, "max_images": 2, "transformation": "e_sepia"}]"#;
    let told = upload(
        &server,
        json!({"file": file, "public_id": "photo", "eager": eager, "responsive_breakpoints": breakpoints}),
    )
    .await;
    assert_eq!(made(&server).await, 5);
    let widths = told["responsive_breakpoints"][0]["breakpoints"].as_array().unwrap();
    assert_eq!(widths.iter().map(|one| one["width"].as_u64().unwrap()).collect::<Vec<_>>(), [200, 100]);

    // Each at the address that the answer told.
    let eager = told["eager"].as_array().unwrap().iter().chain(widths);
    let paths: Vec<String> =
        eager.map(|one| one["url"].as_str().unwrap().split_once("/image/").unwrap().1.to_owned()).collect();
    let mut bytes = Vec::new();
    for path in &paths {
        bytes.push(delivered(&server, path, "*/*").await);
    }
    assert_eq!(made(&server).await, 5, "what was made with the upload is delivered: {paths:?}");
    let kept = derived(&server, "photo").await;
    assert_eq!(kept.len(), 5, "{kept:?}");

    // Formats that clients choose among live side by side.
    for (accept, kind) in [
        ("image/webp,*/*", "image/webp"),
        ("image/avif,image/webp", "image/avif"),
        ("image/jpeg", "image/jpeg"),
        ("image/webp", "image/webp"),
        ("image/avif", "image/avif"),
    ] {
        assert_eq!(delivered(&server, "upload/c_scale,f_auto,w_64/photo", accept).await.0, kind, "{accept}");
    }
    // "image/avif,image/webp" and "image/avif" are two different choices.
    assert_eq!(made(&server).await, 9);
    let formats: Vec<String> =
        derived(&server, "photo").await.into_iter().filter(|one| one.0.contains("f_auto")).map(|one| one.1).collect();
    assert_eq!(formats, ["avif", "avif", "jpg", "webp"]);

    // The same for another name that holds the same bytes: nothing is made, and it is listed there too.
    upload(&server, json!({"file": file, "public_id": "twin"})).await;
    assert_eq!(delivered(&server, "upload/c_fill,h_50,w_60/twin.jpg", "*/*").await, bytes[0]);
    assert_eq!(made(&server).await, 9);
    assert_eq!(derived(&server, "twin").await, [("c_fill,h_50,w_60".to_owned(), "jpg".to_owned())]);

    // Remote files, and what is made of them.
    let remote = origin.bytes("remote.png", png(40, 30));
    let fetched = delivered(&server, &format!("fetch/w_20/{remote}"), "*/*").await;
    assert_eq!(made(&server).await, 10);

    server.terminate().await;
    server.start_again().await;
    for (path, bytes) in paths.iter().zip(&bytes) {
        assert_eq!(&delivered(&server, path, "*/*").await, bytes, "{path}");
    }
    assert_eq!(delivered(&server, "upload/c_scale,f_auto,w_64/photo", "image/webp").await.0, "image/webp");
    assert_eq!(delivered(&server, &format!("fetch/w_20/{remote}"), "*/*").await, fetched);
    assert_eq!(made(&server).await, 0, "after a restart nothing is made again");

    // Other bytes under the name: what was made of the old ones is gone.
    let other = origin.bytes("other.png", png(300, 200));
    upload(&server, json!({"file": other, "public_id": "photo"})).await;
    assert!(derived(&server, "photo").await.is_empty());
    let anew = delivered(&server, "upload/c_fill,h_50,w_60/photo.png", "*/*").await;
    assert_eq!(Format::sniff(&anew.1), Some(Format::Png));
    assert_eq!(made(&server).await, 1);
    let gone = server.request(Method::DELETE, &format!("/v1_1/{KEY}/resources/image/fetch?all=true")).send().await;
    assert_eq!(gone.unwrap().status(), 200);
    assert_eq!(origin.asked("remote.png"), 1);
    delivered(&server, &format!("fetch/w_20/{remote}"), "*/*").await;
    assert_eq!(origin.asked("remote.png"), 2, "a remote file that was deleted is fetched again");
}
