//! The gallery: one page that shows what every transform does, made from the plugins' own schemas.
//!
//! `cargo run --release -p safelight-transform-tests --example gallery [FOLDER]` writes `index.html` and its
//! pictures (default: `target/gallery`). The page needs no server.

#![allow(clippy::print_stdout, reason = "it says where the page is")]

mod page;
mod parameters;

use std::{error::Error, fs, path::PathBuf};

use safelight_sdk::{Image, Kind};
use serde_json::{Map, Value};
use transform_tests::cases::{self, Case};
use transform_tests::{Described, PLUGINS, described, target_dir, try_run, write_png};

/// The size of the pictures that go in.
const SIZE: (u32, u32) = (320, 240);

/// One transform as the page shows it.
struct Entry {
    family: &'static str,
    described: Described,
    /// What goes in: files below the folder. The picture first, then those that parameters name.
    inputs: Vec<String>,
    shots: Vec<Shot>,
}

/// One call and what came out.
struct Shot {
    params: Map<String, Value>,
    /// The resulting picture's file with its size; none for data alone.
    picture: Option<(String, u32, u32)>,
    data: Option<Value>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).map_or_else(|| target_dir().join("gallery"), PathBuf::from);
    fs::create_dir_all(folder.join("pictures"))?;
    let cases = cases::all();
    let mut entries = Vec::new();
    for described in described() {
        let case = cases.get(&described.info.name).cloned().unwrap_or_default();
        entries.push(entry(&folder, described, &case)?);
    }
    let page = folder.join("index.html");
    fs::write(&page, page::page(&entries))?;
    println!("{} transforms: {}", entries.len(), page.display());
    Ok(())
}

fn entry(folder: &std::path::Path, described: Described, case: &Case) -> Result<Entry, Box<dyn Error>> {
    let name = described.info.name.clone();
    let picture = case.picture.draw(SIZE.0, SIZE.1);
    let image = Some(&picture).filter(|_| !described.generates());
    let mut shots = Vec::new();
    let mut images: Vec<Image> = Vec::new();
    for (shot, params) in case.gallery() {
        let named = cases::large_images_for(&described, &params);
        let outcome = try_run(&name, &Value::Object(params.clone()), image, &named)
            .map_err(|refusal| format!("{name} {shot}: {refusal}"))?;
        // Defaults that change nothing show nothing.
        let same = outcome.data.is_none() && image == Some(&outcome.image);
        if same && case.gallery().len() > 1 {
            continue;
        }
        if named.len() > images.len() {
            images = named;
        }
        let picture = (described.info.kind != Kind::Analyze).then(|| {
            let file = format!("pictures/{name}-{shot}.png");
            write_png(&folder.join(&file), &outcome.image);
            (file, outcome.image.width, outcome.image.height)
        });
        let data = outcome.data.map(|text| serde_json::from_str(&text)).transpose()?;
        shots.push(Shot { params, picture, data });
    }
    let mut inputs = Vec::new();
    for (index, input) in image.into_iter().chain(&images).enumerate() {
        let file = format!("pictures/{name}-input-{index}.png");
        write_png(&folder.join(&file), input);
        inputs.push(file);
    }
    let offers = |plugin: &safelight_sdk::Plugin| std::ptr::eq(plugin, described.plugin);
    let family = PLUGINS.iter().find(|(_, plugin)| offers(plugin)).map_or("", |(folder, _)| folder);
    Ok(Entry { family, described, inputs, shots })
}
