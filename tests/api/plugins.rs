//! Plugins over the API.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Server, tools};

#[tokio::test]
async fn a_plugin_is_installed_used_and_removed_while_the_server_runs() {
    let mut server = Server::start().await;
    let component = std::fs::read(tools::program("empty")).unwrap();
    let put = server.request(Method::PUT, "/v1/plugins/empty").body(component).send().await.unwrap();
    assert!(put.status().is_success(), "{}", put.text().await.unwrap());
    let plugin: Value = server.get("/v1/plugins/empty").send().await.unwrap().json().await.unwrap();
    assert_eq!(plugin["name"], "empty");
    assert_eq!(plugin["digest"].as_str().unwrap().len(), 64);
    let noop = json!({"source": {"canvas": {"width": 4, "height": 4}}, "steps": [{"transform": "noop"}]});
    assert_eq!(server.run(&noop).await["state"], "succeeded");

    assert!(server.terminate().await.success());
    server.start_again().await;
    assert_eq!(server.run(&noop).await["state"], "succeeded", "it is there after a restart");

    let removed = server.request(Method::DELETE, "/v1/plugins/empty").send().await.unwrap();
    assert!(removed.status().is_success());
    let job = server.run(&noop).await;
    assert_eq!(job["errors"][0]["message"], "Unknown function named 'noop'");
}

#[tokio::test]
async fn components_that_do_not_fit_are_refused_with_the_reason() {
    let server = Server::builder().set("wasm", "deadline_ms", 500).start().await;
    let put = async |name: &str, body: Vec<u8>| {
        let answer = server.request(Method::PUT, &format!("/v1/plugins/{name}")).body(body).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let core_module = b"\0asm\x01\0\0\0".to_vec();
    let cases = [
        ("core", core_module, "component"),
        ("junk", b"not wasm at all".to_vec(), "WebAssembly"),
        ("liar", std::fs::read(tools::program("liar")).unwrap(), "twin"),
        ("hostile", std::fs::read(tools::program("hostile")).unwrap(), "spin_in_plan"),
        ("other_world", std::fs::read(tools::program("other_world")).unwrap(), "safelight:plugin"),
    ];
    for (name, body, word) in cases {
        let (status, problem) = put(name, body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {problem}");
        let code = if name == "hostile" { "limit_time" } else { "plugin_invalid" };
        assert_eq!(problem["code"], code, "{name}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{name}: {problem}");
    }
    let geometry = std::fs::read(tools::binary().parent().unwrap().join("plugins/geometry.wasm")).unwrap();
    let (status, problem) = put("geometry", geometry).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
}
