//! Plugins of two versions of the contract in one server, and in one job.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::{Server, tools};

/// A folder of plugins that is removed in the end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn with(plugins: &[std::path::PathBuf]) -> Folder {
        let folder = Folder(std::env::temp_dir().join(format!("safelight-contract-{}", uuid::Uuid::now_v7())));
        std::fs::create_dir_all(&folder.0).unwrap();
        for plugin in plugins {
            std::fs::copy(plugin, folder.0.join(plugin.file_name().unwrap())).unwrap();
        }
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn one_job_reads_works_and_writes_with_plugins_of_both_versions() {
    let folder = Folder::with(&[
        tools::frozen("0.1.0/elder.wasm"),
        tools::frozen("0.1.0/codec_elder.wasm"),
        tools::program("empty"),
        tools::program("witness"),
    ]);
    let server = Server::builder()
        .plugins(folder.0.clone())
        .set("wasm", "plugin__witness__grants", r#"["fonts:NotoSans"]"#)
        .set("wasm", "plugin__elder__grants", r#"["fonts:NotoEmoji"]"#)
        .start()
        .await;
    let source = STANDARD.encode(b"ELDER\x02\x01\x07\x09");
    let steps = ["elder_opposite", "noop", "assets", "elder_assets", "invert", "elder_opposite"];
    let job = json!({
        "source": {"data": format!("data:application/octet-stream;base64,{source}")},
        "steps": steps.map(|transform| json!({"transform": transform})),
        "outputs": [{"id": "old", "format": "elder"}, {"id": "new", "format": "png"}],
    });
    let job = server.run(&job).await;
    assert_eq!(job["state"], "succeeded", "{job}");
    let outputs = job["outputs"].as_array().unwrap();
    // Three times the opposite.
    assert_eq!(&server.download(&outputs[0]).await[..], b"ELDER\x02\x01\xf8\xf6");
    assert_eq!((&outputs[1]["width"], &outputs[1]["height"]), (&json!(2), &json!(1)));
    let data = outputs[0]["data"].as_array().unwrap();
    let fonts: Vec<Vec<&String>> =
        data.iter().map(|found| found["fonts"].as_object().unwrap().keys().collect()).collect();
    assert_eq!(fonts, [["NotoSans"], ["NotoEmoji"]], "each sees its own");
    let plugins: Vec<&Value> = outputs[0]["steps"].as_array().unwrap().iter().map(|step| &step["plugin"]).collect();
    assert_eq!(plugins, ["elder", "empty", "witness", "elder", "color", "elder"]);
}
