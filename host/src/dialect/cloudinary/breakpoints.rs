//! `responsive_breakpoints`: the widths of a picture between which a download's size changes noticeably.
//!
//! How large a width comes out is known only when it is made. So more widths than are needed are made in one job, and
//! of these the ones are taken that lie far enough apart.

use serde_json::{Value, json};

use super::{
    answer::{Object, Site},
    params::Breakpoints,
    transformation::{AutoWidth, Dimension, Error, Node, Param, Transformation},
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
    far_apart(tried, set.bytes_step, |one| one.output.bytes.unwrap_or_default())
}

/// Of widths, widest first, those whose sizes in bytes lie that far apart, and the last.
fn far_apart<T>(tried: Vec<T>, step: u64, bytes: impl Fn(&T) -> u64) -> Vec<T> {
    let last = tried.len().saturating_sub(1);
    let mut kept: Vec<T> = Vec::new();
    for (nth, one) in tried.into_iter().enumerate() {
        let is_far = kept.last().is_none_or(|before| bytes(before).saturating_sub(bytes(&one)) >= step);
        if is_far || nth == last {
            kept.push(one);
        }
    }
    kept
}

/// What a delivery address with `w_auto:breakpoints:json` asks for: the list of widths in the place of the picture.
#[derive(Debug, PartialEq)]
pub struct List<'a> {
    transformation: &'a Transformation,
    /// The component with the width.
    place: usize,
    set: Breakpoints,
}

impl<'a> List<'a> {
    /// The list that a transformation asks for, if it does so outside of layers and conditions.
    pub fn of(transformation: &'a Transformation) -> Option<List<'a>> {
        let settings = |node: &Node| match node {
            Node::Apply(component) if component.layer().is_none() => component.params.iter().find_map(asked),
            _ => None,
        };
        let (place, settings) =
            transformation.nodes.iter().enumerate().find_map(|(place, node)| Some((place, settings(node)?)))?;
        // Bytes are in thousands here.
        let [least, most, step, count] = settings.unwrap_or([50, u32::MAX, 20, 20]);
        let set = Breakpoints {
            create_derived: true,
            bytes_step: u64::from(step) * 1000,
            min_width: least,
            max_width: Some(most),
            max_images: count.min(20),
            transformation: None,
            format: None,
        };
        Some(List { transformation, place, set })
    }

    /// What is done before the width: its result is the widest that is tried.
    pub fn before(&self) -> Transformation {
        Transformation { nodes: self.transformation.nodes[..self.place].to_vec() }
    }

    /// The widths to try when the picture is this wide, widest first.
    pub fn widths(&self, own: u32) -> Vec<u32> {
        let mut widths = widths(&self.set, own);
        widths.dedup();
        widths
    }

    /// The transformation with this width.
    pub fn at(&self, width: u32) -> Transformation {
        let mut all = self.transformation.clone();
        if let (Some(Node::Apply(component)), Ok(width)) =
            (all.nodes.get_mut(self.place), Dimension::parse(&width.to_string()))
        {
            for param in component.params.iter_mut().filter(|param| asked(param).is_some()) {
                *param = Param::Width(width.clone());
            }
        }
        all
    }

    /// Of widths with their sizes in bytes, widest first, those that are listed.
    pub fn listed(&self, made: Vec<(u32, u64)>) -> Vec<u32> {
        far_apart(made, self.set.bytes_step, |(_, bytes)| *bytes).into_iter().map(|(width, _)| width).collect()
    }
}

/// The settings of a width that asks for the list.
fn asked(param: &Param) -> Option<Option<[u32; 4]>> {
    match param {
        Param::Width(Dimension::Auto(AutoWidth::Breakpoints { settings, json: true, .. })) => Some(*settings),
        _ => None,
    }
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
    fn an_address_asks_for_a_list_of_widths() {
        let parsed = |text: &str| Transformation::parse(text).unwrap();
        for none in ["c_scale,w_auto:breakpoints", "c_scale,w_auto", "w_10", "l_logo,w_auto:breakpoints:json"] {
            assert_eq!(List::of(&parsed(none)), None, "{none}");
        }
        let text = parsed("a_90/c_fill,h_20,w_auto:breakpoints_60_100_1_2:json/e_sepia");
        let list = List::of(&text).unwrap();
        assert_eq!(list.before(), parsed("a_90"));
        assert_eq!(list.widths(206), [100, 60]);
        assert_eq!(list.widths(60), [60]);
        assert_eq!(list.at(60), parsed("a_90/c_fill,h_20,w_60/e_sepia"));
        assert_eq!(list.listed(vec![(100, 5000), (80, 4500), (70, 3900), (60, 3800)]), [100, 70, 60]);
        let text = parsed("c_scale,w_auto:breakpoints_1_9000_1_100000:json");
        assert_eq!(List::of(&text).unwrap().widths(9000).len(), 20, "however many are asked for");
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
