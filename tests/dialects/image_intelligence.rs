//! Image Intelligence: pictures in which codes and a target are looked for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Origin, Receiver, SECRET, Server, eventually, jpeg, tools};

/// A client as the quick start of the original describes it: a token, a job, polls.
pub(super) struct Client<'a> {
    server: &'a Server,
    token: String,
}

impl Client<'_> {
    pub(super) async fn new(server: &Server) -> Client<'_> {
        let ask = json!({"clientId": "demo", "clientSecret": SECRET});
        let answer = server.client.post(format!("{}/oauth/token", server.url)).json(&ask).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        Client { server, token: answer["accessToken"].as_str().unwrap().to_owned() }
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Value {
        let request =
            self.server.client.post(format!("{}/v2/{path}", self.server.url)).bearer_auth(&self.token).json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let job: Value = answer.json().await.unwrap();
        assert_eq!((status, &job["status"]), (200, &json!("IN_PROGRESS")), "{job}");
        job
    }

    pub(super) async fn done(&self, path: &str, job: &Value) -> Value {
        let url = format!("{}/v2/{path}/{}", self.server.url, job["id"].as_str().unwrap());
        eventually("the job is done", Duration::from_secs(60), async || {
            let answer = self.server.client.get(&url).bearer_auth(&self.token).send().await.ok()?;
            let job: Value = answer.json().await.ok()?;
            (job["status"] != "IN_PROGRESS").then_some(job)
        })
        .await
    }
}

/// A QR code by zxing-cpp as PNG.
fn qr(text: &str) -> Vec<u8> {
    let program = "
import io, sys, zxingcpp
from PIL import Image
made = zxingcpp.create_barcode(sys.argv[1], zxingcpp.BarcodeFormat.QRCode)
out = io.BytesIO()
Image.fromarray(__import__('numpy').array(made.to_image(scale=6))).save(out, 'PNG')
print(out.getvalue().hex())";
    hex::decode(tools::python(program, &[text]).trim()).unwrap()
}

#[tokio::test]
async fn codes_are_detected_and_the_whole_job_is_told_once() {
    let server = Server::start().await;
    let (origin, receiver) = (Origin::start().await, Receiver::with(|_| Answer::Status(200)).await);
    let client = Client::new(&server).await;
    let urls = [origin.bytes("qr.png", qr("safelight")), origin.bytes("plain.jpg", jpeg(64, 48))];
    let job = client
        .post(
            "detect",
            &json!({
                "images": [
                    {"url": urls[1], "customId": "plain"}, {"url": urls[0], "customId": "code"},
                    {"url": "http://127.0.0.1:1/none.jpg"}
                ],
                "classes": [{"class": "qr_code"}, {"class": "pdf417"}],
                "customId": "mine", "feedId": "camera", "webhookUrl": receiver.url("hook")
            }),
        )
        .await;
    let told = receiver.wait_for(1).await.remove(0).json();
    assert_eq!(told, client.done("detect", &job).await, "a poll answers the same");
    assert_eq!(
        (&told["status"], &told["customId"], &told["feedId"]),
        (&json!("COMPLETED_PARTIAL_ERROR"), &json!("mine"), &json!("camera"))
    );
    assert_eq!(told["jobResults"][0]["image"]["customId"], "code");
    assert!(told["jobResults"][1].get("image").is_none(), "{told}");
    assert_eq!(told["imageResults"][0]["objects"], json!([]));
    assert_eq!(told["imageResults"][1]["objects"], json!([{"class": "qr_code", "confidence": 1.0, "verdict": true}]));
    assert_eq!(told["imageResults"][2]["status"], "IMAGE_DOWNLOAD_ERROR");
    let copy = server.client.get(told["imageResults"][1]["proxyUrl"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(copy.headers()["content-type"], "image/png");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_target_is_found_in_the_picture_that_shows_it() {
    let server = Server::start().await;
    let origin = Origin::start().await;
    let client = Client::new(&server).await;
    let target = origin.bytes("target.png", qr("a code has many corners to be seen again"));
    let shows = origin.bytes("shows.png", qr("a code has many corners to be seen again"));
    let other = origin.bytes("other.jpg", jpeg(200, 200));
    let job = json!({
        "images": [{"url": other}, {"url": shows}],
        "target": {"class": "logo", "customId": "t", "images": [target]}
    });
    let job = client.post("match", &job).await;
    let done = client.done("match", &job).await;
    assert_eq!(done["status"], "COMPLETED_SUCCESSFULLY", "{done}");
    assert_eq!(done["jobResults"]["image"]["id"], done["imageResults"][1]["id"], "{done}");
    assert_eq!(done["jobResults"]["target"]["customId"], "t");
}
