//! Uploads to a server on loopback that writes down what comes.

use std::sync::{Arc, Mutex};

use axum::{Router, http::Uri};

use super::*;

type Seen = Arc<Mutex<Vec<(Method, String, HeaderMap, Bytes)>>>;

async fn receiver(status: u16) -> (String, Seen) {
    let seen = Seen::default();
    let kept = seen.clone();
    let answer = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
        kept.lock().unwrap().push((method, uri.to_string(), headers, body));
        async move { (http::StatusCode::from_u16(status).unwrap(), "<Code>AccessDenied</Code>") }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
    (url, seen)
}

fn storage(endpoint: &str, key: &str) -> Storage {
    let mut egress = crate::config::Config::defaults().egress;
    egress.allow = vec!["127.0.0.1".into()];
    let config = Config {
        s3_endpoint: endpoint.into(),
        s3_region: "us-east-1".into(),
        s3_access_key: key.into(),
        s3_secret_key: key.into(),
        timeout_ms: 5000,
    };
    Storage::new(Egress::new(&egress).unwrap(), config, Clock::System)
}

fn to_url(url: &str) -> Destination {
    Destination::Url {
        url: format!("{url}/container/a.jpg?sig=secret"),
        headers: vec![("x-ms-blob-type".into(), "BlockBlob".into())],
    }
}

fn to_s3() -> Destination {
    Destination::S3 {
        bucket: "pictures".into(),
        region: Some("eu-west-1".into()),
        key: "a folder/ü.jpg".into(),
        headers: vec![("x-amz-acl".into(), "public-read".into())],
    }
}

#[tokio::test]
async fn a_url_is_put_to_as_it_is_and_a_bucket_with_a_signature() {
    let (url, seen) = receiver(200).await;
    let storage = storage(&url, "key");
    storage.upload(&to_url(&url), "image/jpeg", Bytes::from_static(b"abc")).await.unwrap();
    storage.upload(&to_s3(), "image/jpeg", Bytes::from_static(b"abc")).await.unwrap();
    let seen = seen.lock().unwrap();
    let (method, uri, headers, body) = &seen[0];
    assert_eq!((method, uri.as_str(), &body[..]), (&Method::PUT, "/container/a.jpg?sig=secret", &b"abc"[..]));
    assert_eq!(headers["content-type"], "image/jpeg");
    assert_eq!(headers["x-ms-blob-type"], "BlockBlob");
    let (_, uri, headers, _) = &seen[1];
    assert_eq!(uri, "/pictures/a%20folder/%C3%BC.jpg");
    let signed = headers["authorization"].to_str().unwrap();
    assert!(signed.contains("/eu-west-1/s3/aws4_request,SignedHeaders=content-type;host;x-amz-acl;"), "{signed}");
    assert_eq!(headers["x-amz-acl"], "public-read");
}

#[tokio::test]
async fn no_is_final_and_trouble_is_worth_a_retry_and_secrets_stay_out_of_both() {
    for (status, code) in
        [(403, Code::DestinationRefused), (503, Code::DestinationFailed), (429, Code::DestinationFailed)]
    {
        let (url, _) = receiver(status).await;
        let failure = storage(&url, "key").upload(&to_url(&url), "image/png", Bytes::new()).await.unwrap_err();
        assert_eq!(failure.code, code);
        assert!(failure.message.contains(&status.to_string()) && failure.message.contains("AccessDenied"));
        assert!(!failure.message.contains("secret"), "{failure}");
    }
    let gone = storage("", "key").upload(&to_url("http://127.0.0.1:1"), "image/png", Bytes::new()).await.unwrap_err();
    assert_eq!(gone.code, Code::DestinationFailed);
    let private = storage("", "key").upload(&to_url("http://10.0.0.1"), "image/png", Bytes::new()).await.unwrap_err();
    assert_eq!(private.code, Code::AddressRefused);
    let keyless = storage("", "").upload(&to_s3(), "image/png", Bytes::new()).await.unwrap_err();
    assert_eq!(keyless.code, Code::DestinationRefused);
    assert_eq!(format!("{:?}", to_url("http://a")), "Url(http://a/container/a.jpg)");
}
