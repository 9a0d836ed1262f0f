//! Clouds are accounts: each has its own assets, keys, settings and limits.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::{KEY, Origin, SECRET, Server, png, tools};

/// What the command prints.
fn safelight(server: &Server, arguments: &[&str]) -> String {
    let (code, out, error) = tools::safelight(arguments, &server.data_dir);
    assert_eq!(code, 0, "{arguments:?}: {error}");
    out
}

/// A name and the secret after it: `123  secret abc`.
fn key_and_secret(printed: &str) -> (String, String) {
    let words: Vec<&str> = printed.split_whitespace().collect();
    (words[0].to_owned(), words[2].to_owned())
}

#[tokio::test]
async fn clouds_have_keys_and_settings_of_their_own() {
    let server = Server::start().await;
    let (_, secret) = key_and_secret(&safelight(&server, &["account", "create", "gallery"]));
    let (second, second_secret) = key_and_secret(&safelight(&server, &["account", "key", "create", KEY]));
    let settings = ["account", "cloud", "gallery", "--signature-algorithm", "sha256", "--accept-signature-version-1"];
    safelight(&server, &[&settings[..], &["true", "--strict-transformations", "true"]].concat());
    let shown = safelight(&server, &["account", "cloud", "gallery", "--token-key", "00112233445566778899aabbccddeeff"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let expected = json!({
        "signature_algorithm": "sha256", "accept_signature_version_1": true, "strict_transformations": true,
        "token_key": "00112233445566778899aabbccddeeff",
    });
    assert_eq!(shown, expected);
    let program = [include_str!("flows/common.py"), include_str!("flows/clouds.py")].join("\n");
    let url = server.url.clone();
    let said = tokio::task::spawn_blocking({
        let second = second.clone();
        move || tools::python(&program, &[&url, KEY, SECRET, "gallery", &secret, &second, &second_secret])
    });
    assert_eq!(said.await.unwrap().trim(), "ok");
    // A key that has ended is unknown.
    safelight(&server, &["account", "key", "remove", KEY, &second]);
    let url = format!("{}/v1_1/{KEY}/ping", server.url);
    let answer = server.client.get(&url).basic_auth(&second, Some("x")).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    // A setting is taken back.
    let shown = safelight(&server, &["account", "cloud", "gallery", "--strict-transformations", "default"]);
    assert!(!shown.contains("strict"), "{shown}");
    let (code, _, error) = tools::safelight(&["account", "cloud", "nobody"], &server.data_dir);
    assert!(code != 0 && error.contains("there is no account nobody"), "{error}");
    let wrong = ["account", "cloud", "gallery", "--max-file-bytes", "many"];
    let (code, _, error) = tools::safelight(&wrong, &server.data_dir);
    assert!(code != 0 && error.contains("many"), "{error}");
}

async fn post(server: &Server, action: &str, fields: &Value) -> (u16, Value) {
    let answer = server.post(&format!("/v1_1/{KEY}/{action}")).json(fields).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn resources(server: &Server) -> u64 {
    let usage: Value = server.get(&format!("/v1_1/{KEY}/usage")).send().await.unwrap().json().await.unwrap();
    usage["resources"].as_u64().unwrap()
}

#[tokio::test]
async fn files_over_the_limits_are_refused_and_nothing_is_stored() {
    let (origin, server) = (Origin::start().await, Server::builder().set("source", "max_bytes", 100_000).start().await);
    let large = origin.bytes("large.png", png(300, 300));
    let fits = png(40, 30);
    let small = origin.bytes("small.png", fits.clone());
    // The server's own limit.
    let (status, body) = post(&server, "image/upload", &json!({"file": large})).await;
    assert_eq!(status, 400, "{body}");
    assert!(body["error"]["message"].as_str().unwrap().contains("larger than 100000 bytes"), "{body}");
    // The cloud's, of one file and of all.
    safelight(&server, &["account", "cloud", KEY, "--max-file-bytes", "100"]);
    let (status, body) = post(&server, "image/upload", &json!({"file": small})).await;
    let message = format!("File size too large. Got {}. Maximum is 100.", fits.len());
    assert_eq!((status, body["error"]["message"].as_str()), (400, Some(message.as_str())));
    assert_eq!(resources(&server).await, 0);
    let most = (fits.len() * 2 + 10).to_string();
    safelight(&server, &["account", "cloud", KEY, "--max-file-bytes", "default", "--max-storage-bytes", &most]);
    for id in ["a", "b"] {
        assert_eq!(post(&server, "image/upload", &json!({"file": small, "public_id": id})).await.0, 200);
    }
    let (status, body) = post(&server, "image/upload", &json!({"file": small, "public_id": "c"})).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().starts_with("Storage limit reached."), "{body}");
    // What is replaced makes room.
    assert_eq!(post(&server, "image/upload", &json!({"file": small, "public_id": "a"})).await.0, 200);
    assert_eq!(resources(&server).await, 2);
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_at_once() {
    let server = Server::start().await;
    // A port that nobody listens on any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{closed}/a.png"), "http://nothing.invalid/a.png".to_owned()] {
        let (status, body) = post(&server, "image/upload", &json!({"file": url})).await;
        assert_eq!(status, 400, "{body}");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("Error in loading {url} - cannot ")), "{message}");
    }
    assert!(!server.log().contains("is tried again"), "somebody waits for the answer");
    // Nobody waits: it may be there later.
    let later = json!({"file": format!("http://{closed}/a.png"), "async": true});
    assert_eq!(post(&server, "image/upload", &later).await.0, 200);
    crate::support::eventually("a second try", std::time::Duration::from_secs(20), || async {
        server.log().contains("is tried again").then_some(())
    })
    .await;
    assert_eq!(resources(&server).await, 0);
}

/// Files that are cut short, in every form in which they come.
#[tokio::test]
async fn broken_pictures_are_refused_and_nothing_is_stored() {
    let (origin, server) = (Origin::start().await, Server::start().await);
    let photo = crate::support::photo(120, 90);
    let formats = [safelight_codec::Format::Png, safelight_codec::Format::Jpeg, safelight_codec::Format::WebP];
    for format in formats {
        let whole = crate::support::pictures_written(photo.clone(), format);
        let cut = whole[..whole.len() / 2].to_vec();
        let kind = format.media_type();
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &cut);
        let by_url = origin.bytes(&format!("cut.{}", format.extension()), cut.clone());
        let mut answers = Vec::new();
        for file in [by_url, format!("data:{kind};base64,{encoded}")] {
            answers.push(post(&server, "image/upload", &json!({"file": file, "public_id": "cut"})).await);
            answers
                .push(post(&server, "image/upload", &json!({"file": file, "eager": "w_10", "public_id": "cut"})).await);
            answers.push(post(&server, "auto/upload", &json!({"file": file, "public_id": "cut"})).await);
        }
        for range in [None, Some(format!("bytes 0-{}/{}", cut.len() - 1, cut.len()))] {
            let file = reqwest::multipart::Part::bytes(cut.clone()).file_name("cut");
            let form = reqwest::multipart::Form::new().part("file", file).text("public_id", "cut");
            let mut request = server.post(&format!("/v1_1/{KEY}/image/upload")).multipart(form);
            if let Some(range) = range {
                request = request.header("content-range", range).header("x-unique-upload-id", "1");
            }
            let answer = request.send().await.unwrap();
            answers.push((answer.status().as_u16(), answer.json().await.unwrap()));
        }
        for (status, body) in answers {
            assert_eq!(
                (status, body["error"]["message"].as_str()),
                (400, Some("Invalid image file")),
                "{format}: {body}"
            );
        }
    }
    assert_eq!(resources(&server).await, 0);
    // As a file that nobody looks into it is taken.
    let cut = origin.bytes("raw.png", png(20, 20)[..40].to_vec());
    assert_eq!(post(&server, "raw/upload", &json!({"file": cut})).await.0, 200);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (status, body) = post(&server, "image/upload", &json!({"file": "nonsense", "timestamp": now})).await;
    assert_eq!(status, 400, "{body}");
}
