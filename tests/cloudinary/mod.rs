//! The Cloudinary dialect through the real binary: delivery by address, and the official SDKs, of which only the base URL is
//! changed.

mod clouds;
mod delivery;
mod kept;
mod transformations;

use crate::support::{KEY, SECRET, Server, tools};

/// Runs a flow of the Python SDK on a server of its own.
async fn python(flow: &'static str) {
    let server = Server::start().await;
    let url = server.url.clone();
    let program = [include_str!("flows/common.py"), flow].join("\n");
    let said = tokio::task::spawn_blocking(move || tools::python(&program, &[&url, KEY, SECRET])).await.unwrap();
    assert_eq!(said.trim(), "ok");
}

#[tokio::test]
async fn the_python_sdk_uploads_in_every_form() {
    python(include_str!("flows/uploads.py")).await;
}

#[tokio::test]
async fn the_python_sdk_is_refused_in_the_documented_words() {
    python(include_str!("flows/refusals.py")).await;
}

#[tokio::test]
async fn the_python_sdk_changes_assets_and_is_told_of_it() {
    python(include_str!("flows/changes.py")).await;
}

#[tokio::test]
async fn the_python_sdk_makes_eager_transformations_at_once_and_later() {
    python(include_str!("flows/eager.py")).await;
}

#[tokio::test]
async fn the_python_sdk_is_told_of_looks_files_and_widths() {
    python(include_str!("flows/analysis.py")).await;
}

#[tokio::test]
async fn the_python_sdk_makes_sheets_animations_documents_pages_and_texts() {
    python(include_str!("flows/many.py")).await;
}

#[tokio::test]
async fn the_python_sdk_delivers_what_it_uploaded() {
    python(include_str!("flows/delivery.py")).await;
}

#[tokio::test]
async fn the_python_sdk_administers_an_account() {
    python(include_str!("flows/admin.py")).await;
}

#[tokio::test]
async fn the_python_sdk_keeps_saves_and_restores_them() {
    python(include_str!("flows/versions.py")).await;
}

#[tokio::test]
async fn the_node_sdk_uploads_changes_and_administers() {
    let server = Server::start().await;
    let url = server.url.clone();
    let flow = "cloudinary/flows/node.mjs";
    let said = tokio::task::spawn_blocking(move || tools::node(flow, &[&url, KEY, SECRET])).await.unwrap();
    assert_eq!(said.trim(), "ok");
}
