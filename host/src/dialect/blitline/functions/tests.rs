//! Every example of the table of coverage, which a test of the transforms runs, comes from these functions.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::*;
use crate::dialect::blitline::sources::Pictures;

#[derive(serde::Deserialize)]
struct Row {
    name: String,
    wire: String,
    steps: Option<Vec<(String, Map<String, Value>)>>,
    #[serde(default = "yes")]
    promised: bool,
}

fn yes() -> bool {
    true
}

fn lowered(name: &str, wire: &str) -> Result<Function, String> {
    let params: Map<String, Value> = serde_json::from_str(wire).unwrap();
    function(name, Members::new("params", &params), &params, &Pictures::plain())
}

/// Numbers are equal when their values are.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => (one.as_f64().unwrap() - other.as_f64().unwrap()).abs() < 1e-9,
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => one == other,
    }
}

#[test]
fn every_function_comes_to_the_steps_of_the_table() {
    #[derive(serde::Deserialize)]
    struct Table {
        rows: BTreeMap<String, Vec<Row>>,
    }
    let text = include_str!("../../../../../tests/transforms/coverage/blitline.toml");
    let table: Table = toml::from_str(text).unwrap();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (group, rows) in &table.rows {
        for row in rows {
            let function = match group.as_str() {
                "composite_op" => "composite",
                "channel" => "level",
                _ => row.name.as_str(),
            };
            let found = lowered(function, &row.wire);
            let Some(expected) = &row.steps else {
                if row.promised != found.is_ok() {
                    wrong.push(format!("{} {}: {found:?}", row.name, row.wire));
                }
                continue;
            };
            checked += 1;
            let Ok(found) = found else {
                wrong.push(format!("{} {}: {}", row.name, row.wire, found.unwrap_err()));
                continue;
            };
            let names: Vec<_> = found.steps.iter().map(|step| &step.transform).collect();
            if names != expected.iter().map(|(name, _)| name).collect::<Vec<_>>() {
                wrong.push(format!("{} {}: {names:?}", row.name, row.wire));
                continue;
            }
            for (step, (_, params)) in found.steps.iter().zip(expected) {
                for (name, value) in params {
                    let got = step.params.get(name).unwrap_or(&Value::Null);
                    // What is left out of the request and of the table is the transform's own default.
                    let left_out = got.is_null() && (value == 0 || *value == json!(0.0));
                    if !left_out && !same(got, value) {
                        wrong.push(format!("{} {}: {name} is {got}, expected {value}", row.name, row.wire));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 130, "{checked} rows were checked");
}

#[test]
fn wrong_parameters_are_told_with_name_value_and_expectation() {
    for (name, wire, expected) in [
        ("resize", r#"{"width": "wide", "height": 1}"#, "params.width is \"wide\", expected a number"),
        ("resize", r#"{"width": 4}"#, "params.height is missing, expected a number"),
        ("resize_to_fit", "{}", "params.width is missing, expected a number, here or for height"),
        ("rectangle", r#"{"x":0,"y":0,"x1":1,"y1":1,"cw":2}"#, "params.ch is missing"),
        ("annotate", "{}", "params.text is missing, expected a text"),
        ("composite", "{}", "params.src is missing"),
        ("composite", r#"{"src": "http://a/", "composite_op": "ModulateCompositeOp"}"#, "expected an operator"),
        ("script", "{}", "the function 'script' is not offered here"),
        ("interlace", r#"{"type": "Zigzag"}"#, "params.type is \"Zigzag\""),
    ] {
        let problem = lowered(name, wire).unwrap_err();
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn what_is_no_function_is_a_transform_with_its_own_parameters() {
    let found = lowered("blu3r", r#"{"sigma": 2}"#).unwrap();
    assert_eq!(found.steps, [step("blu3r", json!({"sigma": 2}))]);
}

#[test]
fn functions_may_say_how_results_are_written() {
    let writing = |name: &str, wire: &str| lowered(name, wire).unwrap().writing;
    assert_eq!(writing("density", r#"{"dpi": "300"}"#).dpi, Some(300.0));
    assert_eq!(writing("convert_to_dpi", "{}").dpi, Some(72.0));
    assert_eq!(writing("interlace", r#"{"type": "PlaneInterlace"}"#).interlaced, Some(true));
    assert!(writing("stegano", r#"{"watermark_url": "http://a/"}"#).needs_png);
    let both = writing("density", r#"{"dpi": 300}"#).then(writing("interlace", "{}"));
    assert_eq!((both.dpi, both.interlaced), (Some(300.0), Some(false)));
}
