//! Addresses that may not be reached.

use serde_json::{Value, json};

use crate::support::{Origin, Receiver, Served, Server, png};

/// Either refused at once, or failed with the same code when it runs.
async fn refused_somehow(server: &Server, url: &str) -> String {
    let answer = server.post("/v1/jobs").json(&json!({"source": {"url": url}})).send().await.unwrap();
    if answer.status().as_u16() == 422 {
        let problem: Value = answer.json().await.unwrap();
        return problem.to_string();
    }
    let accepted: Value = answer.json().await.unwrap();
    let done = server.finished(accepted["id"].as_str().unwrap()).await;
    assert_eq!(done["state"], "failed", "{url}");
    done["errors"].to_string()
}

#[tokio::test]
async fn special_addresses_are_refused_in_every_spelling() {
    let server = Server::builder().set("egress", "allow", "").start().await;
    let origin = Origin::start().await;
    let reachable = origin.bytes("secret", png(8, 8));
    let port = reachable.split(':').nth(2).unwrap().split('/').next().unwrap().to_owned();
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "224.0.0.1",
        "255.255.255.255",
    ] {
        let said = refused_somehow(&server, &format!("http://{host}:{port}/secret")).await;
        assert!(said.contains("address_refused"), "{host}: {said}");
    }
    assert_eq!(origin.asked("secret"), 0);
    for url in ["file:///etc/passwd", "ftp://example.org/x", "gopher://example.org", "http://", "not a url", ""] {
        let (status, problem) = server.refused(&json!({"source": {"url": url}})).await;
        assert_eq!(status.as_u16(), 422, "{url}: {problem}");
    }
}

#[tokio::test]
async fn a_redirect_does_not_lead_where_the_address_itself_may_not() {
    let origin = Origin::start().await;
    let allowed = origin.serve("start", Served::Redirect("http://127.0.0.2:9/inside".to_owned()));
    let server = Server::builder().set("egress", "allow", "127.0.0.1").start().await;
    let said = refused_somehow(&server, &allowed).await;
    assert!(said.contains("address_refused"), "{said}");
}

#[tokio::test]
async fn callbacks_do_not_reach_special_addresses_either() {
    let server = Server::builder().set("egress", "allow", "").start().await;
    let receiver = Receiver::start().await;
    let answer = server
        .post("/v1/jobs")
        .json(&json!({"source": {"canvas": {"width": 2, "height": 2}}, "notification_url": receiver.url("x")}))
        .send()
        .await
        .unwrap();
    if answer.status().as_u16() == 202 {
        let accepted: Value = answer.json().await.unwrap();
        server.finished(accepted["id"].as_str().unwrap()).await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    assert!(receiver.received().is_empty());
}
