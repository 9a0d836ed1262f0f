//! Results at unguessable URLs.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn an_output_is_served_with_validators_ranges_and_a_long_life() {
    let server = Server::start().await;
    let job = server
        .run(&json!({"source": {"canvas": {"width": 64, "height": 64}}, "outputs": [{"id": "o", "format": "png"}]}))
        .await;
    let output = &job["outputs"][0];
    let url = output["url"].as_str().unwrap();
    let whole = server.client.get(url).send().await.unwrap();
    assert_eq!(whole.headers()["content-type"], "image/png");
    assert!(whole.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(whole.headers()["x-content-type-options"], "nosniff");
    let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
    assert!(tag.contains(output["sha256"].as_str().unwrap()));
    let bytes = whole.bytes().await.unwrap();

    let unchanged = server.client.get(url).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
    let part = server.client.get(url).header("range", "bytes=10-19").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], format!("bytes 10-19/{}", bytes.len()));
    assert_eq!(part.bytes().await.unwrap(), bytes.slice(10..20));
    let beyond = server.client.get(url).header("range", "bytes=999999-").send().await.unwrap();
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let head = server.client.head(url).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], bytes.len().to_string());

    let guess = url.replace("/o/", "/o/A");
    assert_eq!(server.client.get(guess).send().await.unwrap().status(), StatusCode::NOT_FOUND);
}
