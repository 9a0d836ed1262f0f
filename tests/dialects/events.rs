//! Amazon EventBridge: events as an emulator takes them, signed as Amazon's own library signs.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::blitline::{application, listen, submit};
use crate::support::{Server, eventually, tools};

/// Signs every request again with botocore and compares, then hands it to moto's server.
const EMULATOR: &str = r#"
import sys
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

moto = DomainDispatcherApplication(create_backend_app)

def app(environ, start_response):
    request = Request(environ)
    if "Authorization" not in request.headers or not request.headers["Authorization"].startswith("AWS4-HMAC-SHA256"):
        return moto(environ, start_response)
    if "events" in request.headers["Authorization"] and request.headers.get("X-Amz-Target", "").endswith("PutEvents"):
        given = request.headers["Authorization"]
        body = request.get_data(cache=True)
        signed = given.split("SignedHeaders=")[1].split(",")[0].split(";")
        region = given.split("/")[2]
        again = AWSRequest("POST", request.url, data=body, headers={name: request.headers[name] for name in signed if name != "host"})
        again.context["timestamp"] = request.headers["X-Amz-Date"]
        signer = SigV4Auth(Credentials("AKID", "the secret"), "events", region)
        expected = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
        if given.split("Signature=")[1] != expected:
            return Response("the signature is wrong", 403)(environ, start_response)
        import io
        environ["wsgi.input"] = io.BytesIO(body)
    return moto(environ, start_response)

server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.port, flush=True)
server.serve_forever()
"#;

/// Makes a bus that keeps what it gets in an archive, or reads it: moto shows what rules sent on to a queue.
const CLIENT: &str = r#"
import json, sys
import boto3
endpoint, region, action = sys.argv[1:4]
def client(service):
    return boto3.client(service, endpoint_url=endpoint, region_name=region, aws_access_key_id="AKID", aws_secret_access_key="the secret")
events, queues = client("events"), client("sqs")
if action == "make":
    queue = queues.create_queue(QueueName="told")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name="orders")
    events.put_rule(Name="all", EventBusName="orders", EventPattern=json.dumps({"detail-type": ["Blitline Job Completed"]}))
    events.put_targets(Rule="all", EventBusName="orders", Targets=[{"Id": "queue", "Arn": arn}])
else:
    queue = queues.get_queue_url(QueueName="told")["QueueUrl"]
    found = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    print(json.dumps([json.loads(message["Body"]) for message in found]))
"#;

struct Emulator {
    child: Child,
    url: String,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    fn start() -> Emulator {
        let mut child = Command::new(tools::python_binary())
            .args(["-c", EMULATOR])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        Emulator { child, url: format!("http://127.0.0.1:{}/", line.trim()) }
    }

    fn ask(&self, action: &str) -> String {
        tools::python(CLIENT, &[&self.url, "eu-west-1", action])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postback_becomes_an_event_that_amazons_own_library_would_have_signed() {
    let emulator = Emulator::start();
    emulator.ask("make");
    let server = Server::builder()
        .set("webhook", "aws__access_key", "AKID")
        .set("webhook", "aws__secret_key", "the secret")
        .set("webhook", "aws__region", "eu-west-1")
        .set("blitline", "events__endpoint", &emulator.url)
        .start()
        .await;
    // The bus is a matter of the account.
    let (code, _, err) = tools::safelight(&["account", "set", "demo", "--event-bus", "orders"], &server.data_dir);
    assert_eq!(code, 0, "{err}");
    let job = json!({
        "application_id": application(), "v": 1.22, "src": {"name": "canvas"},
        "functions": [{"name": "no_op", "save": {"image_identifier": "MY_CLIENT_ID"}}]
    });
    let accepted = submit(&server, &job).await;
    let event: Value = eventually("the event arrives", Duration::from_secs(60), || async {
        let found: Value = serde_json::from_str(&emulator.ask("read")).unwrap();
        found.get(0).cloned()
    })
    .await;
    assert_eq!((&event["source"], &event["detail-type"]), (&json!("blitline"), &json!("Blitline Job Completed")));
    assert_eq!(event["region"], "eu-west-1");
    let told = STANDARD.decode(event["detail"]["base64_json"].as_str().unwrap()).unwrap();
    let told: Value = serde_json::from_slice(&told).unwrap();
    assert_eq!(told, listen(&server, &accepted["job_id"]).await, "what a poll says");
    let delivered: Value = server.get("/v1/deliveries").send().await.unwrap().json().await.unwrap();
    assert_eq!((&delivered["items"][0]["state"], &delivered["items"][0]["attempts"]), (&json!("delivered"), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_signed_with_a_wrong_key_is_refused_and_kept() {
    let emulator = Emulator::start();
    emulator.ask("make");
    let server = Server::builder()
        .set("webhook", "aws__access_key", "AKID")
        .set("webhook", "aws__secret_key", "another secret")
        .set("blitline", "events__endpoint", &emulator.url)
        .set("blitline", "events__accounts", r#"{ demo = "orders" }"#)
        .start()
        .await;
    let job = json!({
        "application_id": application(), "v": 1.22, "src": {"name": "canvas"},
        "functions": [{"name": "no_op", "save": {"image_identifier": "a"}}]
    });
    submit(&server, &job).await;
    let delivery: Value = eventually("an attempt was made", Duration::from_secs(60), || async {
        let found: Value = server.get("/v1/deliveries").send().await.ok()?.json().await.ok()?;
        (found["items"][0]["attempts"] == 1).then(|| found["items"][0].clone())
    })
    .await;
    assert_eq!(delivery["state"], "pending", "{delivery}");
    let id = delivery["id"].as_str().unwrap();
    let shown: Value = server.get(&format!("/v1/deliveries/{id}")).send().await.unwrap().json().await.unwrap();
    assert_eq!(shown["log"][0]["status"], 403, "{shown}");
    assert_eq!(emulator.ask("read").trim(), "[]");
}
