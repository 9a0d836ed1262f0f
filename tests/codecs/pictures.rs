//! The picture formats with every decoder in the sandbox: the same answers, and limits that hold.

use safelight_codec::Format;
use serde_json::{Value, json};

use super::Folder;
use crate::support::{Origin, Server, photo, pictures_written, tools};

fn job(url: &str) -> Value {
    json!({"source": {"url": url}, "outputs": [{"id": "o", "format": "png",
        "steps": [{"transform": "resize", "params": {"width": 40}}]}]})
}

async fn counts(server: &Server) -> String {
    server.get("/metrics").send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn every_format_gives_the_same_bytes_inside_and_outside_of_the_sandbox() {
    let inside = Server::builder().set("codec", "sandbox", "all").start().await;
    let outside = Server::builder().set("codec", "sandbox", "none").start().await;
    let origin = Origin::start().await;
    let folder = Folder::new();
    folder.write("in.png", pictures_written(photo(160, 120), Format::Png));
    // Files of another program, and our own for what it does not write.
    let mut sources: Vec<(String, Vec<u8>)> = Vec::new();
    for name in ["jpg", "png", "gif", "webp", "tiff", "bmp", "ico"] {
        let code = "import sys\nfrom PIL import Image\nImage.open(sys.argv[2]).save(sys.argv[1])";
        let (path, input) = (folder.path(&format!("out.{name}")), folder.path("in.png"));
        tools::python(code, &[path.to_str().unwrap(), input.to_str().unwrap()]);
        sources.push((name.to_owned(), folder.read(&format!("out.{name}"))));
    }
    sources.push(("avif".to_owned(), pictures_written(photo(160, 120), Format::Avif)));
    for (name, bytes) in sources {
        let url = origin.bytes(&name, bytes.clone());
        let (one, other) = (inside.run(&job(&url)).await, outside.run(&job(&url)).await);
        assert_eq!(
            (&one["state"], &other["state"]),
            (&json!("succeeded"), &json!("succeeded")),
            "{name}: {one} {other}"
        );
        assert_eq!(one["source"], other["source"], "{name}");
        assert_eq!(one["outputs"][0]["sha256"], other["outputs"][0]["sha256"], "{name}");
        let url = origin.bytes("cut", bytes[..bytes.len() / 2].to_vec());
        let (one, other) = (inside.run(&job(&url)).await, outside.run(&job(&url)).await);
        assert_eq!(one["errors"][0]["code"], other["errors"][0]["code"], "{name} cut: {one} {other}");
        assert_eq!(one["errors"][0]["message"], other["errors"][0]["message"], "{name} cut");
    }
    let is_count = |line: &str| line.contains("plugin_calls") && line.contains("codec-pictures");
    let runs = |metrics: &str| metrics.lines().any(|line| is_count(line) && !line.ends_with(" 0"));
    assert!(runs(&counts(&inside).await));
    assert!(!runs(&counts(&outside).await));
}

#[tokio::test]
async fn a_decoder_in_the_sandbox_has_its_limits_of_memory_and_time() {
    let origin = Origin::start().await;
    let url = origin.bytes("large.png", pictures_written(photo(3000, 2000), Format::Png));
    let small = Server::builder().set("codec", "sandbox", "all").set("wasm", "memory_bytes", 8 << 20).start().await;
    let done = small.run(&job(&url)).await;
    let code = done["errors"][0]["code"].as_str().unwrap_or_default();
    assert!(code == "limit_memory" || code == "image_limit", "{done}");
    let quick = Server::builder().set("codec", "sandbox", "all").set("wasm", "deadline_ms", 20).start().await;
    let done = quick.run(&job(&url)).await;
    assert_eq!(done["errors"][0]["code"], "limit_time", "{done}");
}
