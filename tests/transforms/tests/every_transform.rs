//! Rules that every transform of every bundled plugin keeps, by its schema alone.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
    time::{Duration, Instant},
};

use safelight_sdk::raw::safelight::plugin::types::Call;
use safelight_sdk::{Image, Kind, PixelFormat, Planned, Rect, Refusal, Size, View};
use serde_json::{Map, Value, json};
use transform_tests::{
    Described, PLUGINS, Tolerance, cases, described, difference, golden, golden_data, params, pictures,
};
use transform_tests::{plan, try_run};

/// Larger results are planned and not made: they would make the test slow, not better.
const MOST_PIXELS: u64 = 1 << 20;

/// One call on a small picture. Far more than any needs; a loop that a parameter drives takes longer.
const LONGEST: Duration = Duration::from_secs(20);

#[test]
fn every_plugin_folder_is_listed() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    let has_crate = |entry: &fs::DirEntry| entry.path().join("Cargo.toml").exists();
    let folders: BTreeSet<String> = fs::read_dir(plugins)
        .expect("the folder of plugins")
        .map(|entry| entry.expect("an entry"))
        .filter(has_crate)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "sdk" && name != "kernels" && !name.starts_with("codec-"))
        .collect();
    let listed: BTreeSet<String> = PLUGINS.iter().map(|(folder, _)| (*folder).to_owned()).collect();
    assert_eq!(folders, listed, "crates in plugins/ (left) and PLUGINS in tests/transforms/src/plugins.rs (right)");
}

#[test]
fn names_are_unique_and_manifests_complete() {
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for described in described() {
        let info = &described.info;
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                && name.len() <= 64
        };
        if !is_name(&info.name) {
            wrong.push(format!("{:?} is no name for a transform", info.name));
        }
        if !names.insert(info.name.clone()) {
            wrong.push(format!("{} is offered twice", info.name));
        }
        if info.summary.is_empty() || info.summary.len() > 120 || !info.summary.ends_with('.') {
            wrong.push(format!("{}: the summary is not one sentence: {:?}", info.name, info.summary));
        }
        if info.formats.is_empty() {
            wrong.push(format!("{} accepts no pixel format", info.name));
        }
    }
    for name in cases::all().keys().filter(|name| !names.contains(*name)) {
        wrong.push(format!("cases.toml speaks of {name}, which no plugin offers"));
    }
    report(wrong);
}

#[test]
fn schemas_say_type_range_default_and_meaning() {
    let mut wrong = Vec::new();
    for described in described() {
        if described.schema["additionalProperties"] != json!(false) {
            wrong.push(format!("{}: unknown parameters are not refused", described.info.name));
        }
        check_object(&described.info.name, &described.schema, true, &mut wrong);
    }
    report(wrong);
}

fn check_object(path: &str, schema: &Value, top: bool, wrong: &mut Vec<String>) {
    let none = Map::new();
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|list| list.iter().any(|entry| entry == name));
    for (name, property) in schema["properties"].as_object().unwrap_or(&none) {
        let path = format!("{path}.{name}");
        let documented = |schema: &Value| schema["description"].as_str().is_some_and(|text| !text.trim().is_empty());
        if !documented(property) {
            wrong.push(format!("{path} has no description"));
        }
        let is_picture = params::names_picture(property);
        if top && !required(name) && property.get("default").is_none() && !is_picture {
            wrong.push(format!("{path} is neither required nor has a default"));
        }
        check_value(&path, property, wrong);
    }
}

fn check_value(path: &str, schema: &Value, wrong: &mut Vec<String>) {
    for choice in ["oneOf", "anyOf"].iter().filter_map(|word| schema[word].as_array()).flatten() {
        check_value(path, choice, wrong);
    }
    match params::type_of(schema) {
        "number" | "integer" => {
            let has = |one: &str, other: &str| schema.get(one).is_some() || schema.get(other).is_some();
            let (low, high) = params::bounds(schema);
            if low.is_none() && !has("minimum", "exclusiveMinimum")
                || high.is_none() && !has("maximum", "exclusiveMaximum")
            {
                wrong.push(format!("{path} has no range"));
            }
            if let Some(default) = schema["default"].as_f64()
                && (low.is_some_and(|low| default < low) || high.is_some_and(|high| default > high))
            {
                wrong.push(format!("{path}: the default {default} is out of range"));
            }
        }
        "array" => {
            if schema.get("maxItems").is_none() {
                wrong.push(format!("{path}: the list has no longest length"));
            }
            check_value(&format!("{path}[]"), &schema["items"], wrong);
        }
        "string" if schema.get("enum").is_none() && schema.get("const").is_none() => {
            let is_bounded =
                schema.get("maxLength").is_some() || matches!(schema["format"].as_str(), Some("color" | "image"));
            if !is_bounded {
                wrong.push(format!("{path}: the string has no longest length"));
            }
        }
        "object" => check_object(path, schema, false, wrong),
        _ => {}
    }
}

#[test]
fn defaults_are_accepted() {
    let cases = cases::all();
    let wrong = described().into_iter().filter_map(|described| {
        let name = &described.info.name;
        let base = cases.get(name).map(|case| case.base.clone()).unwrap_or_default();
        let images = cases::images_for(&described, &base);
        let refusal = plan(name, &Value::Object(base), size_for(&described, (64, 48)), &images).err()?;
        Some(format!("{name}: {refusal}; where defaults are not enough, cases.toml gives `base`"))
    });
    report(wrong.collect());
}

#[test]
fn limits_and_choices_work_on_pictures_of_every_shape_and_format() {
    each_transform(|described, case, wrong| {
        for (index, params) in params::sets(described, &case.base, 24).into_iter().enumerate() {
            let images = cases::images_for(described, &params);
            let params = Value::Object(params);
            for (width, height) in pictures::EDGE_SIZES {
                // The large one in the formats by turns, so that the sweep stays quick.
                for format in pictures::FORMATS.into_iter().skip(if width == 64 { index % 3 } else { 0 }) {
                    let image = pictures::in_format(format, width, height);
                    if let Err(error) = check_call(described, &params, &image, &images) {
                        wrong.push(format!(
                            "{} {params} on {width} x {height} {format:?}: {error}",
                            described.info.name
                        ));
                    }
                    if described.generates() || width == 64 {
                        break;
                    }
                }
                if described.generates() {
                    break;
                }
            }
        }
    });
}

/// One call: no panic; refused in the plan if at all; the result as planned, the same every time, in time.
fn check_call(described: &Described, params: &Value, image: &Image, images: &[Image]) -> Result<(), String> {
    let name = &described.info.name;
    let image = Some(image).filter(|_| !described.generates());
    let size = image.map_or(Size::new(0, 0), Image::size);
    let planned = match quietly(|| plan(name, params, size, images))? {
        Ok(planned) => planned,
        Err(refusal) if refusal.to_string().is_empty() => return Err("refused without a reason".to_owned()),
        Err(_) => return Ok(()),
    };
    if planned.output.is_some_and(|output| output.pixels() > MOST_PIXELS) {
        return Ok(());
    }
    let begun = Instant::now();
    let made = match quietly(|| try_run(name, params, image, images))? {
        Ok(made) => made,
        // Only what hangs on the pixels may be refused this late.
        Err(Refusal::UnsupportedImage(_)) => return Ok(()),
        Err(refusal) => return Err(format!("planned, then refused: {refusal}")),
    };
    if begun.elapsed() > LONGEST {
        return Err(format!("took {:?}", begun.elapsed()));
    }
    if let Some(data) = &made.data {
        serde_json::from_str::<Value>(data).map_err(|error| format!("data that is not JSON: {error}"))?;
    }
    if made.image.pixels.len() <= 1 << 16 {
        let again = quietly(|| try_run(name, params, image, images))?.map_err(|refusal| refusal.to_string())?;
        if again.image != made.image || again.data != made.data {
            return Err("another result the second time".to_owned());
        }
    }
    Ok(())
}

#[test]
fn a_gray_picture_stays_gray_unless_colour_is_asked_for() {
    each_transform(|described, case, wrong| {
        if described.generates() {
            return;
        }
        let images = cases::images_for(described, &case.base);
        let gray_images: Vec<Image> =
            images.into_iter().map(|image| safelight_sdk::to_format(image, PixelFormat::Gray8)).collect();
        let made = try_run(
            &described.info.name,
            &Value::Object(case.base.clone()),
            Some(&pictures::gray(64, 48)),
            &gray_images,
        );
        let expected = case.format_of_gray();
        match made {
            Ok(made) if made.image.format != expected => {
                let got = made.image.format;
                wrong.push(format!("{}: gray becomes {got:?}, cases.toml says {expected:?}", described.info.name));
            }
            Ok(_) => {}
            Err(refusal) => wrong.push(format!("{}: {refusal}", described.info.name)),
        }
    });
}

#[test]
fn what_a_plan_calls_enough_is_enough() {
    each_transform(|described, case, wrong| {
        let image = pictures::photo(64, 48);
        for params in params::sets(described, &case.base, 8) {
            let images = cases::images_for(described, &params);
            let params = Value::Object(params);
            if described.generates() {
                return;
            }
            let name = &described.info.name;
            let Ok(planned) = plan(name, &params, image.size(), &images) else { continue };
            let too_large = planned.output.is_some_and(|output| output.pixels() > MOST_PIXELS);
            if too_large || planned.region.is_none() && planned.enough.is_none() {
                continue;
            }
            if let Err(error) = check_view(described, &params, &image, planned) {
                wrong.push(format!("{name} {params}: {error}"));
            }
        }
    });
}

/// The region alone gives the pixels that the whole gives; a smaller decoding gives the same size.
fn check_view(described: &Described, params: &Value, image: &Image, planned: Planned) -> Result<(), String> {
    let name = &described.info.name;
    let full = image.size();
    let run_view = |image: Image, view: View| {
        let call = Call { transform: name.clone(), params: params.to_string(), images: Vec::new() };
        let outcome =
            described.plugin.apply(vec![call], Some(image), view).map_err(|error| error.reason.to_string())?;
        outcome.image.ok_or_else(|| "no picture".to_owned())
    };
    let whole = run_view(image.clone(), View::whole(full))?;
    if let Some(region) = planned.region {
        let inside = region.x + region.width <= full.width && region.y + region.height <= full.height;
        if !inside || region.width == 0 || region.height == 0 {
            return Err(format!("the region {region:?} is not in the picture"));
        }
        let part = run_view(cut(image, region), View { full, region })?;
        let apart = difference(&part, &whole, Tolerance::EXACT);
        if apart.max > 1 {
            return Err(format!("the region's pixels give another result: {apart}"));
        }
    }
    if let Some(enough) = planned.enough {
        let small = pictures::photo(enough.width.clamp(1, full.width), enough.height.clamp(1, full.height));
        let reduced = run_view(small, View::whole(full))?;
        if reduced.size() != whole.size() {
            return Err(format!("a smaller decoding gives {}, the whole {}", reduced.size(), whole.size()));
        }
    }
    Ok(())
}

fn cut(image: &Image, region: Rect) -> Image {
    let bytes = image.format.bytes();
    let (from, to) = (region.x as usize * bytes, (region.x + region.width) as usize * bytes);
    let rows = image.rows().skip(region.y as usize).take(region.height as usize);
    Image::new(region.width, region.height, image.format, rows.flat_map(|row| row[from..to].to_vec()).collect())
}

#[test]
fn every_transform_has_golden_pictures() {
    each_transform(|described, case, wrong| {
        let name = &described.info.name;
        // What a timeline makes is no picture; the unit tests of its plugin tell what it shows.
        if described.info.kind == Kind::Timeline {
            return;
        }
        for (golden_name, params) in case.goldens() {
            let images = cases::images_for(described, &params);
            let picture = case.picture.draw(64, 48);
            let image = Some(&picture).filter(|_| !described.generates());
            let check = || {
                let made =
                    try_run(name, &Value::Object(params), image, &images).map_err(|refusal| refusal.to_string())?;
                if let Some(data) = &made.data {
                    golden_data(name, &golden_name, &serde_json::from_str(data).map_err(|error| error.to_string())?);
                }
                if described.info.kind != Kind::Analyze {
                    golden(name, &golden_name, &made.image);
                }
                Ok::<(), String>(())
            };
            match quietly(check) {
                Ok(Ok(())) => {}
                Ok(Err(error)) | Err(error) => wrong.push(format!("{name} {golden_name}: {error}")),
            }
        }
    });
}

#[test]
fn golden_folders_belong_to_transforms() {
    let names: BTreeSet<String> = described().into_iter().map(|described| described.info.name).collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let folders = fs::read_dir(golden).expect("the folder of golden pictures");
    let folders = folders.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    report(folders.filter(|folder| !names.contains(folder)).map(|folder| format!("golden/{folder}")).collect());
}

fn size_for(described: &Described, (width, height): (u32, u32)) -> Size {
    if described.generates() { Size::new(0, 0) } else { Size::new(width, height) }
}

/// Runs a check for every transform on all processors, and fails with all that is wrong.
fn each_transform(check: impl Fn(&Described, &cases::Case, &mut Vec<String>) + Sync) {
    let (all, cases) = (described(), cases::all());
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(described) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let case = cases.get(&described.info.name).cloned().unwrap_or_default();
                    let mut found = Vec::new();
                    check(described, &case, &mut found);
                    wrong.lock().expect("no check panics").append(&mut found);
                }
            });
        }
    });
    report(wrong.into_inner().expect("no check panics"));
}

/// A panic as an error.
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
        format!("panicked: {}", text.unwrap_or("without a message"))
    })
}

#[track_caller]
fn report(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
