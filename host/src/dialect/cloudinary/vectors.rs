//! Test vectors computed by the official Python SDK.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The items of one list of the vector file.
pub(super) fn load<T: DeserializeOwned>(list: &str) -> Vec<T> {
    let all: Value = serde_json::from_str(include_str!("testdata/vectors.json")).expect("vectors are JSON");
    serde_json::from_value(all[list].clone()).unwrap_or_else(|error| panic!("vectors of {list}: {error}"))
}
