//! The table of what is offered (`tests/transforms/coverage`) against what is made of its components.

use serde_json::Value;

use super::*;

#[derive(serde::Deserialize)]
struct Table {
    rows: std::collections::BTreeMap<String, Vec<Row>>,
}

#[derive(serde::Deserialize)]
struct Row {
    wire: String,
    #[serde(default)]
    picture: Option<String>,
    #[serde(default)]
    steps: Option<Vec<(String, Value)>>,
    #[serde(default)]
    layer: Vec<(String, Value)>,
    #[serde(default)]
    size: Option<(u32, u32)>,
    #[serde(default)]
    out: Option<String>,
}

fn rows(text: &str, groups: &[&str]) -> Vec<Row> {
    let table: Table = toml::from_str(text).unwrap();
    let rows: Vec<Row> =
        table.rows.into_iter().filter(|(name, _)| groups.contains(&name.as_str())).flat_map(|(_, rows)| rows).collect();
    assert!(rows.len() > 5);
    rows
}

const EFFECTS: &str = include_str!("../../../../../../tests/transforms/coverage/cloudinary-effects.toml");
const GEOMETRY: &str = include_str!("../../../../../../tests/transforms/coverage/cloudinary-geometry.toml");
const LAYERS: &str = include_str!("../../../../../../tests/transforms/coverage/cloudinary-layers.toml");

/// Whether all that is expected is there; numbers may be off by rounding.
fn holds(made: &Value, expected: &Value) -> bool {
    match (made, expected) {
        (Value::Number(a), Value::Number(b)) => (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-9,
        (Value::Object(made), Value::Object(expected)) => {
            expected.iter().all(|(name, value)| made.get(name).is_some_and(|made| holds(made, value)))
        }
        (Value::Array(made), Value::Array(expected)) => {
            made.len() == expected.len() && made.iter().zip(expected).all(|(a, b)| holds(a, b))
        }
        (made, expected) => made == expected,
    }
}

#[test]
fn effects_are_the_steps_of_the_table() {
    let mut compared = 0;
    for row in rows(EFFECTS, &["effect"]) {
        let text = row.wire.as_str();
        let facts = Facts::of(Size::new(64, 48));
        let made = with(text, &facts, JPEG, Wanted::default());
        if row.out.is_some() {
            assert!(made.is_err(), "{text} is out");
            continue;
        }
        // Faces are stored with the asset: see above.
        let (Some(expected), false) = (row.steps, text.contains("_faces")) else { continue };
        let made = told(&made.unwrap_or_else(|error| panic!("{text}: {error}")).0.steps);
        assert_eq!(made.len(), expected.len(), "{text}: {made:?}");
        for ((name, params), (expected_name, mut expected)) in made.iter().zip(expected) {
            assert_eq!(*name, expected_name, "{text}");
            // The text of the table is another one there.
            if name == "lut" {
                expected = json!({});
            }
            assert!(holds(params, &expected), "{text}: {params} does not hold {expected}");
        }
        compared += 1;
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn sizes_are_those_of_the_table() {
    let mut compared = 0;
    for row in rows(GEOMETRY, &["parameter", "crop_mode"]) {
        let text = row.wire.as_str();
        // What is fetched, named, or has no size of its own is tested elsewhere.
        let Some((width, height)) = row.size else { continue };
        if row.picture.is_some() || text.contains("g_face") || text.contains("auto_right") || text.contains("auto_left")
        {
            continue;
        }
        let facts = Facts::of(Size::new(64, 48));
        let made = with(text, &facts, JPEG, Wanted::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(made.1, Size::new(width, height), "{text}");
        compared += 1;
    }
    assert!(compared > 25, "{compared}");
}

#[test]
fn texts_look_as_the_table_says() {
    let mut compared = 0;
    for row in rows(LAYERS, &["text_style", "layer", "flag"]) {
        let text = row.wire.as_str();
        if row.layer.is_empty() || text.contains("_stroke") {
            continue;
        }
        let image = lowered(text, 64, 48).steps.last().unwrap().params["image"].clone();
        let image = crate::job::ImageRef::parse(&image).unwrap();
        for ((name, params), (expected_name, expected)) in told(&image.steps).iter().zip(row.layer) {
            assert_eq!(*name, expected_name, "{text}");
            let expected = match name.as_str() {
                // The sizes of the table are asked for in other words.
                "resize" => json!({}),
                // The colour and an upright weight are the transform's own.
                "text_image" => without(expected, &["color"]),
                _ => expected,
            };
            assert!(holds(params, &expected), "{text}: {params} does not hold {expected}");
        }
        compared += 1;
    }
    assert!(compared > 25, "{compared}");
}

fn without(mut value: Value, names: &[&str]) -> Value {
    // Written out only when it is not black.
    if let Some(object) = value.as_object_mut() {
        names.iter().for_each(|name| {
            object.remove(*name);
        });
    }
    value
}
