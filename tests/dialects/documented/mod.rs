//! Every block of JSON of the services' own pages, compared with what the server sends, field by field. Ids, times and
//! URLs are the only values that may differ, and the same id of the page is always the same id here.

mod blocks;
mod compare;

use std::path::Path;

use safelight_codec::{Format, PixelFormat, Raster};
use serde_json::{Value, json};

use self::compare::assert_as_documented;
use super::{blitline, blurb, image_intelligence::Client};
use crate::support::{Answer, Origin, Receiver, Server, jpeg, pictures_written, tools};

const BLITLINE: &str = include_str!("blitline.txt");
const IMAGE_INTELLIGENCE: &str = include_str!("image_intelligence.txt");
const BLURB: &str = include_str!("blurb.txt");

#[tokio::test]
async fn blitline_success_and_failure() {
    let [success, failure] = blocks::by_indentation(BLITLINE).try_into().expect("two blocks");
    let server = Server::start().await;
    let receiver = Receiver::start().await;
    let job = |function: Value| {
        json!({
            "application_id": blitline::application(), "v": 1.22, "postback_url": receiver.url("hook"),
            "src": {"name": "canvas", "width": 421, "height": 163}, "functions": [function]
        })
    };
    let good = json!({"name": "no_op", "save": {"image_identifier": "MY_CLIENT_ID"}});
    for (index, (function, documented)) in
        [(good, success), (json!({"name": "blu3r"}), failure)].into_iter().enumerate()
    {
        let accepted = blitline::submit(&server, &job(function)).await;
        let told = receiver.wait_for(index + 1).await.remove(index).json();
        assert_as_documented(&told, &documented);
        assert_eq!(told["results"]["job_id"], accepted["job_id"]);
        assert_eq!(blitline::listen(&server, &accepted["job_id"]).await, told, "a poll answers the same");
    }
}

/// A network that is as sure of red things and green things as the page is of people and cars.
fn models(folder: &Path) {
    let program = "
import sys, numpy as np, onnx
from onnx import helper, numpy_helper
model = onnx.load(sys.argv[1])
last = model.graph.node[-1]
last.input[1] = 'sure'
scale = np.array([0.9971387386, 0.9987652302, 0], np.float32).reshape(1, 3, 1)
model.graph.initializer.append(numpy_helper.from_array(scale, 'scale'))
model.graph.node.insert(len(model.graph.node) - 1, helper.make_node('Mul', ['scores_by_class', 'scale'], ['sure']))
onnx.save(model, sys.argv[2])";
    let made = folder.join("street.onnx");
    let squares = tools::fixture("../transforms/models/squares_yolo.onnx");
    tools::python(program, &[squares.to_str().unwrap(), made.to_str().unwrap()]);
    std::fs::write(folder.join("street.json"), r#"{"labels": ["a red thing", "a green thing", "nothing"]}"#).unwrap();
}

/// A thing of one colour, as large as what the network looks at, in the dark.
fn thing(color: [u8; 3]) -> Vec<u8> {
    let pixel = |index: usize| {
        if (16..24).contains(&(index % 64)) && (16..24).contains(&(index / 64)) { color } else { [0; 3] }
    };
    let pixels = (0..64 * 64).flat_map(pixel).collect();
    pictures_written(Raster::new(64, 64, PixelFormat::Rgb8, pixels).unwrap(), Format::Png)
}

#[tokio::test]
async fn image_intelligence_request_and_webhook() {
    let [request, documented] = blocks::whole(IMAGE_INTELLIGENCE).try_into().expect("two blocks");
    let folder = std::env::temp_dir().join(format!("safelight-test-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    models(&folder);
    let classes = r#"{ person = { model = "street", label = "a red thing" }, car = { model = "street", label = "a green thing" } }"#;
    let server = Server::builder()
        .set("plugins", "models_dir", folder.display())
        .set("image_intelligence", "classes", classes)
        .start()
        .await;
    let (origin, receiver) = (Origin::start().await, Receiver::with(|_| Answer::Status(200)).await);
    let client = Client::new(&server).await;
    let images = [
        json!({"url": origin.bytes("image-001.png", thing([255, 0, 0])), "customId": documented["imageResults"][0]["customId"]}),
        json!({"url": origin.bytes("image-002.png", thing([0, 255, 0])), "customId": documented["imageResults"][1]["customId"]}),
    ];
    // The page's request has one member, the address of the webhook.
    let mut asked = request.clone();
    assert_eq!(request.as_object().unwrap().keys().collect::<Vec<_>>(), ["webhookUrl"]);
    asked["webhookUrl"] = json!(receiver.url("webhooks/image-intelligence"));
    asked["images"] = json!(images);
    asked["classes"] = json!([{"class": "person"}, {"class": "car"}]);
    asked["customId"] = documented["customId"].clone();
    asked["feedId"] = documented["feedId"].clone();
    let job = client.post("detect", &asked).await;
    let told = receiver.wait_for(1).await.remove(0).json();
    // Nobody looks at pictures here: a job never says so.
    let mut documented = documented;
    documented["jobResults"][0]["hitl"] = json!(false);
    assert_as_documented(&told, &documented);
    assert_eq!(told["webhookUrl"], asked["webhookUrl"]);
    assert_eq!(client.done("detect", &job).await, told, "a poll answers the same");
    drop(server);
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test]
async fn blurb_statuses_and_batch() {
    let documented = blocks::whole(BLURB);
    assert_eq!(documented.len(), 4);
    let server = Server::start().await;
    let (origin, receiver) = (Origin::start().await, Receiver::start().await);
    let request = json!({
        "renders": [{"contentId": "resize", "requiredData": {"src": origin.bytes("a.jpg", jpeg(64, 48)), "width": 20}}],
        "ref": documented[0]["ref"], "webhookUrl": receiver.url("hook"),
    });
    let accepted = blurb::submit(&server, "/blurb/v1/batches", &request).await;
    let told: Vec<Value> = receiver.wait_for(4).await.iter().map(|one| one.json()).collect();
    assert_as_documented(&json!(told), &json!(documented));
    assert_eq!(told[3]["batchId"], accepted["batchId"]);
}
