//! Callbacks are verified by the public packages that receivers use.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::support::{Receiver, Server, tools};

#[tokio::test]
async fn the_standardwebhooks_package_accepts_our_callbacks_and_no_forged_ones() {
    let server = Server::start().await;
    let receiver = Receiver::start().await;
    server
        .run(&json!({"source": {"canvas": {"width": 4, "height": 4}}, "reference": "grün", "notification_url": receiver.url("x")}))
        .await;
    let callback = receiver.wait_for(1).await.remove(0);
    let (code, out, err) = tools::safelight(&["account", "list", "--secrets"], &server.data_dir);
    assert_eq!(code, 0, "{err}");
    let secret = out.split_whitespace().find(|word| word.starts_with("whsec_")).unwrap();
    let program = r#"
import base64, json, sys
from standardwebhooks import Webhook
body, secret = base64.b64decode(sys.argv[1]), sys.argv[2]
headers = dict(zip(("webhook-id", "webhook-timestamp", "webhook-signature"), sys.argv[3:]))
event = Webhook(secret).verify(body, headers)
try:
    Webhook(secret).verify(body.replace(b"job", b"jab", 1), headers)
    print("accepted a forgery")
except Exception:
    print(event["type"], event["data"]["reference"])
"#;
    let said = tools::python(
        program,
        &[
            &STANDARD.encode(&callback.body),
            secret,
            callback.header("webhook-id"),
            callback.header("webhook-timestamp"),
            callback.header("webhook-signature"),
        ],
    );
    assert_eq!(said.trim(), "job.finished grün");
    assert_eq!(callback.header("content-type"), "application/json");
}

#[tokio::test]
async fn the_cloudinary_sdk_accepts_the_signatures_of_its_scheme() {
    let body = r#"{"public_id":"djhoeaqcynvogt9xzbn9","notification_type":"upload","note":"ü"}"#;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for (signer, algorithm) in
        [(safelight::webhook::Signer::CloudinarySha1, "sha1"), (safelight::webhook::Signer::CloudinarySha256, "sha256")]
    {
        let headers = safelight::webhook::sign(
            signer,
            uuid::Uuid::now_v7(),
            std::time::UNIX_EPOCH + Duration::from_secs(now),
            body.as_bytes(),
            safelight::webhook::Secrets { webhook: &[], api: "abcd" },
        )
        .unwrap();
        let header = |name: &str| headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).unwrap().1.clone();
        let program = r#"
import sys, cloudinary
from cloudinary.utils import verify_notification_signature
body, timestamp, signature, algorithm = sys.argv[1:]
cloudinary.config(cloud_name="demo", api_secret="abcd")
good = verify_notification_signature(body, int(timestamp), signature, algorithm=algorithm)
bad = verify_notification_signature(body + " ", int(timestamp), signature, algorithm=algorithm)
print(good, bad)
"#;
        let said = tools::python(program, &[body, &header("x-cld-timestamp"), &header("x-cld-signature"), algorithm]);
        assert_eq!(said.trim(), "True False", "{algorithm}");
    }
}
