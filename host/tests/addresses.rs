//! What the fuzz target `address` checks, on the texts of the dialect's test vectors, whole and cut short: a change that
//! fuzzing would trip over fails here, too.

#[path = "../../tests/fuzz/src/addresses.rs"]
#[expect(unreachable_pub, reason = "it is a module of the fuzz targets, too")]
mod addresses;

use serde_json::Value;

fn check(value: &Value, checked: &mut usize) {
    match value {
        Value::String(text) => {
            let path = text.split_once("://").and_then(|(_, rest)| Some(&rest[rest.find('/')?..])).unwrap_or(text);
            for (end, _) in path.char_indices() {
                addresses::address(&path.as_bytes()[..end]);
            }
            addresses::address(path.as_bytes());
            *checked += 1;
        }
        Value::Array(list) => list.iter().for_each(|value| check(value, checked)),
        Value::Object(map) => map.values().for_each(|value| check(value, checked)),
        _ => {}
    }
}

#[test]
fn what_is_read_is_printed_and_read_again() {
    let vectors = serde_json::from_str(include_str!("../src/dialect/cloudinary/testdata/vectors.json")).unwrap();
    let mut checked = 0;
    check(&vectors, &mut checked);
    assert!(checked > 100, "{checked} texts");
}
