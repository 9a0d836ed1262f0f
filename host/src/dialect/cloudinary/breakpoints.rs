//! `responsive_breakpoints`: the widths of a picture between which a download's size changes noticeably.
//!
//! How large a width comes out is known only when it is made. So more widths than are needed are made in one job, and
//! of these the ones are taken that lie far enough apart.

use serde_json::{Value, json};

use super::{
    answer::{Object, Site},
    params::Breakpoints,
    transformation::{Error, Transformation},
};
use crate::{
    job::{OutputReport, OutputState},
    store::ResourceRow,
};

/// Widths that are tried for one set, at most.
const MAX_TRIED: u32 = 30;

/// How a file's size grows with the width: between linear, for drawings, and square, for noise.
const GROWTH: f64 = 1.7;

/// A width that was made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tried<'a> {
    /// Of its picture.
    pub(super) width: u32,
    /// What came out.
    pub(super) output: &'a OutputReport,
}

/// How many widths are tried for a set.
fn count(set: &Breakpoints) -> u32 {
    set.max_images.clamp(1, MAX_TRIED)
}

/// The ids of the outputs of all sets.
pub(super) fn ids(sets: &[Breakpoints]) -> Vec<String> {
    let of = |(index, set): (usize, &Breakpoints)| (0..count(set)).map(move |nth| format!("width-{index}-{nth}"));
    sets.iter().enumerate().flat_map(of).collect()
}

/// The set of an output, and which of its widths it is.
pub(super) fn place<'a>(sets: &'a [Breakpoints], id: &str) -> Option<(&'a Breakpoints, u32)> {
    let (index, nth) = id.strip_prefix("width-")?.split_once('-')?;
    Some((sets.get(index.parse::<usize>().ok()?)?, nth.parse().ok()?))
}

/// The widths of a set for a picture of this width, widest first. There may be equal ones among them.
fn widths(set: &Breakpoints, own: u32) -> Vec<u32> {
    let most = set.max_width.unwrap_or(own).min(own).max(1);
    let least = set.min_width.clamp(1, most);
    let (most, least) = (f64::from(most), f64::from(least));
    let steps = f64::from((count(set) - 1).max(1));
    let width = |nth: u32| {
        let part = f64::from(nth) / steps;
        (most.powf(GROWTH) + (least.powf(GROWTH) - most.powf(GROWTH)) * part).powf(1.0 / GROWTH).round() as u32
    };
    (0..count(set)).map(width).collect()
}

/// The transformation of a set's nth width for a picture of this width, after that of the set.
///
/// # Errors
/// None that happen: the text is one of ours.
pub(super) fn transformation(set: &Breakpoints, own: u32, nth: u32) -> Result<Transformation, Error> {
    let width = widths(set, own).get(nth as usize).copied().unwrap_or(own);
    let mut all = set.transformation.as_ref().map(|(_, before)| before.clone()).unwrap_or_default();
    all.nodes.extend(Transformation::parse(&scale(width))?.nodes);
    Ok(all)
}

fn scale(width: u32) -> String {
    format!("c_scale,w_{width}")
}

/// The transformation of a width in canonical form, as results are kept under it.
pub(super) fn canonical(set: &Breakpoints, width: u32) -> String {
    match &set.transformation {
        Some((_, before)) if !before.nodes.is_empty() => format!("{before}/{}", scale(width)),
        _ => scale(width),
    }
}

/// Those of the outputs of a set, the first of which is the `index`th, that lie far enough apart; widest first.
pub(super) fn chosen<'a>(sets: &[Breakpoints], index: usize, outputs: &'a [OutputReport]) -> Vec<Tried<'a>> {
    let set = &sets[index];
    let prefix = format!("width-{index}-");
    let is_made = |output: &&OutputReport| output.id.starts_with(&prefix) && output.state == OutputState::Succeeded;
    let mut tried: Vec<Tried<'a>> =
        outputs.iter().filter(is_made).filter_map(|output| Some(Tried { width: output.width?, output })).collect();
    tried.sort_by_key(|one| std::cmp::Reverse(one.width));
    tried.dedup_by_key(|one| one.width);
    let bytes = |one: &Tried<'_>| one.output.bytes.unwrap_or_default();
    let last = tried.len().saturating_sub(1);
    let mut kept: Vec<Tried<'a>> = Vec::new();
    for (nth, one) in tried.into_iter().enumerate() {
        let is_far = kept.last().is_none_or(|before| bytes(before).saturating_sub(bytes(&one)) >= set.bytes_step);
        if is_far || nth == last {
            kept.push(one);
        }
    }
    kept
}

/// What is told of a set.
pub(super) fn told(set: &Breakpoints, kept: &[Tried<'_>], row: &ResourceRow, site: &Site<'_>) -> Value {
    let text = set.transformation.as_ref().map_or("", |(text, _)| text.as_str());
    let one = |one: &Tried<'_>| {
        let format = super::intake::extension_of(one.output.format.as_deref().unwrap_or_default());
        let extension = set.format.map_or(format, |format| format.name());
        let before = if text.is_empty() { String::new() } else { format!("{text}/") };
        let (url, secure_url) = site.urls(row, &format!("{before}{}", scale(one.width)), Some(extension));
        json!({
            "width": one.width, "height": one.output.height, "bytes": one.output.bytes, "url": url,
            "secure_url": secure_url,
        })
    };
    let mut shown = Object::new();
    if !text.is_empty() {
        shown.insert("transformation".to_owned(), text.into());
    }
    shown.insert("breakpoints".to_owned(), kept.iter().map(one).collect());
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Group, Output};

    fn set(json: &str) -> Breakpoints {
        Breakpoints::parse(json).unwrap().remove(0)
    }

    #[test]
    fn widths_lie_between_the_limits() {
        let all = widths(&set("{}"), 206);
        assert_eq!((all.len(), all[0], all[19]), (20, 206, 50));
        assert!(all.is_sorted_by(|a, b| a >= b));
        assert_eq!(widths(&set(r#"{"max_images": 1}"#), 206), [206]);
        assert_eq!(widths(&set(r#"{"max_width": 100, "min_width": 60, "max_images": 2}"#), 206), [100, 60]);
        assert_eq!(widths(&set(r#"{"max_width": 1000, "max_images": 2}"#), 206), [206, 50]);
        // A picture that is smaller than the least width.
        assert_eq!(widths(&set(r#"{"max_images": 2}"#), 20), [20, 20]);
    }

    #[test]
    fn of_the_widths_those_are_kept_that_lie_far_apart() {
        let sets = [set(r#"{"bytes_step": 1000}"#)];
        let output = |nth: u32, width: u32, bytes: u64| OutputReport {
            state: OutputState::Succeeded,
            width: Some(width),
            bytes: Some(bytes),
            ..crate::worker::report::pending(
                &Output {
                    id: format!("width-0-{nth}"),
                    group: Group::Main,
                    steps: Vec::new(),
                    encoding: Default::default(),
                    destination: None,
                },
                String::new(),
            )
        };
        let outputs = [
            output(0, 400, 5000),
            output(1, 300, 4500),
            output(2, 200, 3900),
            output(3, 200, 3900),
            output(4, 50, 3800),
        ];
        let kept: Vec<u32> = chosen(&sets, 0, &outputs).iter().map(|one| one.width).collect();
        assert_eq!(kept, [400, 200, 50]);
        assert_eq!(canonical(&set(r#"{"transformation": "a_45"}"#), 50), "a_45/c_scale,w_50");
        assert_eq!(canonical(&sets[0], 50), "c_scale,w_50");
        let all = ids(&[set(r#"{"max_images": 2}"#), set(r#"{"max_images": 1}"#)]);
        assert_eq!(all, ["width-0-0", "width-0-1", "width-1-0"]);
        assert_eq!(place(&sets, "width-0-3").map(|(_, nth)| nth), Some(3));
    }
}
