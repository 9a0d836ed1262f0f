//! Pictures that parameters of steps name, checked before a job is accepted.

use serde_json::Value;

use super::lower::{Rules, check_asset_id, check_url, param_place};
use crate::{
    error::Code,
    http::Issue,
    job::{COMPONENT, ImageRef, ImageSource, MAX_IMAGE_DEPTH, Params, Step},
    pipeline::TransformInfo,
    source::parse_data_uri,
};

/// Checks a step: its parameters, and the pictures that they name, with the steps of these. Unknown transforms
/// fail their outputs later, not the job now.
pub(super) fn step(name: &str, params: &Params, rules: &Rules<'_>, at: &str, depth: usize, issues: &mut Vec<Issue>) {
    if name.starts_with(COMPONENT) {
        let message = format!("is {name:?}, expected the name of a transform");
        issues.push(Issue::at(format!("{at}/transform"), Code::InvalidRequest, message));
        return;
    }
    let Ok(transform) = rules.transforms.resolve(name) else { return };
    for failure in rules.transforms.check_params(&transform, params) {
        let (pointer, message) = param_place(&transform, &failure.message);
        issues.push(Issue::at(format!("{at}/params{pointer}"), failure.code, message));
    }
    pictures(&transform, params, rules, at, depth, issues);
}

fn pictures(
    transform: &TransformInfo,
    params: &Params,
    rules: &Rules<'_>,
    at: &str,
    depth: usize,
    issues: &mut Vec<Issue>,
) {
    for name in &transform.image_params {
        let at = format!("{at}/params/{}", name.replace('~', "~0").replace('/', "~1"));
        match params.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    picture(item, rules, &format!("{at}/{index}"), depth, issues);
                }
            }
            Some(one) => picture(one, rules, &at, depth, issues),
        }
    }
}

fn picture(reference: &Value, rules: &Rules<'_>, at: &str, depth: usize, issues: &mut Vec<Issue>) {
    let mut refuse = |code: Code, message: String| issues.push(Issue::at(at, code, message));
    let image = match ImageRef::parse(reference) {
        Ok(image) => image,
        Err(failure) => return refuse(failure.code, failure.message),
    };
    match &image.source {
        Some(ImageSource::Blob(_) | ImageSource::File(_)) => {
            let message = "names a picture that is not the caller's, expected one of url, asset, data and made";
            refuse(Code::InvalidParams, message.to_owned());
        }
        Some(ImageSource::Url(url)) => check_url(url, rules, at, issues),
        Some(ImageSource::Asset(id)) => {
            if let Err(message) = check_asset_id(id) {
                refuse(Code::InvalidParams, message);
            }
        }
        Some(ImageSource::Data(uri)) => {
            if let Err(failure) = parse_data_uri(uri, rules.max_picture_bytes) {
                refuse(failure.code, failure.message);
            }
        }
        None => {}
    }
    if image.steps.is_empty() {
        return;
    }
    if depth >= MAX_IMAGE_DEPTH {
        let message = format!("is a picture made of pictures more than {MAX_IMAGE_DEPTH} deep");
        issues.push(Issue::at(at, Code::InvalidParams, message));
        return;
    }
    for (index, Step { transform, params }) in image.steps.iter().enumerate() {
        step(transform, params, rules, &format!("{at}/made/steps/{index}"), depth + 1, issues);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::Failure, pipeline::testing::FakeTransforms};

    /// Place and code of everything that is wrong with a step on a picture.
    fn issues(name: &str, params: serde_json::Value) -> Vec<(String, Code)> {
        let rules = Rules {
            transforms: &FakeTransforms::default(),
            check_address: &|url| match url.host_str() {
                Some("forbidden.test") => Err(Failure::new(Code::AddressRefused, "may not be reached")),
                _ => Ok(()),
            },
            max_steps: 10,
            max_outputs: 10,
            max_pixels: 1000,
            max_picture_bytes: 1000,
            has_file: false,
        };
        let mut issues = Vec::new();
        step(name, params.as_object().unwrap(), &rules, "/steps/0", 0, &mut issues);
        let place = |issue: Issue| (issue.pointer.unwrap(), issue.code);
        issues.into_iter().map(place).collect()
    }

    fn overlay(image: serde_json::Value) -> Vec<(String, Code)> {
        issues("overlay", serde_json::json!({ "image": image }))
    }

    #[test]
    fn pictures_are_checked_as_deep_as_they_go() {
        let at = |path: &str, code| vec![(format!("/steps/0/params/image{path}"), code)];
        let made = |step: serde_json::Value| serde_json::json!({"made": {"source": {"asset": "a"}, "steps": [step]}});
        let resize = serde_json::json!({"transform": "resize", "params": {}});
        assert_eq!(overlay(made(resize)), []);
        assert_eq!(overlay(serde_json::json!([{"asset": "a"}, 3])), at("/1", Code::InvalidParams));
        let forbidden = serde_json::json!({"url": "http://forbidden.test/a"});
        assert_eq!(overlay(forbidden.clone()), at("", Code::AddressRefused));
        let nested = made(serde_json::json!({"transform": "overlay", "params": {"image": forbidden}}));
        assert_eq!(overlay(nested), at("/made/steps/0/params/image", Code::AddressRefused));
        for foreign in [serde_json::json!({"blob": "ab"}), serde_json::json!({"file": "/etc/passwd"})] {
            assert_eq!(overlay(foreign.clone()), at("", Code::InvalidParams));
            let source = serde_json::json!({"made": {"source": foreign, "steps": []}});
            assert_eq!(overlay(source), at("", Code::InvalidParams));
        }
    }

    #[test]
    fn stored_components_are_not_for_callers() {
        let name = format!("{COMPONENT}{}", "ab".repeat(32));
        assert_eq!(issues(&name, serde_json::json!({})), [("/steps/0/transform".to_owned(), Code::InvalidRequest)]);
        let hidden = serde_json::json!({"made": {"source": {"asset": "a"}, "steps": [{"transform": name}]}});
        let place = "/steps/0/params/image/made/steps/0/transform".to_owned();
        assert_eq!(overlay(hidden), [(place, Code::InvalidRequest)]);
    }
}
