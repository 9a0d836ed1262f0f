//! Sizes, cuts and pads.
//!
//! Where the size before is known the layout tells whole pixels. Behind effects whose result depends on the
//! pixels it is not: then the transforms work the size out by the same rules.

use serde_json::{Map, Value, json};

use super::{
    super::{
        evaluate::Step as Evaluation,
        geometry::{Anchor, Layout, Rect, Resize},
        transformation::{Crop, Error, Focus, Gravity, Key, Param},
    },
    call, color,
    length::{shift, side},
    refused,
};
use crate::job::Step;

/// How much of a side `fill_pad` and `auto_pad` may cut; the same as in the layout.
const FILL_PAD_MAX_CUT: f64 = 0.25;

/// The steps that change the size.
pub(super) fn resize(step: &Evaluation) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    if let Some(degrees) = step.first_turn_deg {
        steps.push(call("rotate", json!({ "angle_deg": degrees })));
    }
    let (Some(resize), Some(layout)) = (&step.resize, &step.layout) else { return Ok(steps) };
    if let Some(param @ Param::Crop(Crop::ImaggaScale | Crop::ImaggaCrop)) = step.component.param(Key::Crop) {
        return Err(refused(param, "a crop mode that needs no add-on"));
    }
    if let Some(param @ Param::Gravity(Gravity::Focus(Focus::Liquid, _))) = step.component.param(Key::Gravity) {
        if !matches!(resize.crop, None | Some(Crop::Scale)) {
            return Err(refused(param, "liquid with c_scale only"));
        }
        let size = layout.scale;
        steps.push(call("liquid_rescale", json!({ "width": size.width, "height": size.height })));
        return Ok(steps);
    }
    let pad = color::backdrop(&step.component)?;
    if step.exact_before {
        known(step, layout, pad, &mut steps);
    } else {
        open(step, resize, pad, &mut steps);
    }
    Ok(steps)
}

/// Whether the transforms are to look for the most interesting part, which is not known yet.
fn looks(step: &Evaluation) -> bool {
    let Some(Param::Gravity(Gravity::Focus(focus, words))) = step.component.param(Key::Gravity) else { return false };
    let asked = *focus == Focus::Auto || words.iter().any(|word| word == "auto");
    asked && step.resize.and_then(|resize| resize.anchor) == Some(Anchor::CENTER)
}

fn known(step: &Evaluation, layout: &Layout, backdrop: Map<String, Value>, steps: &mut Vec<Step>) {
    let mut size = step.before;
    if step.first_turn_deg.is_some() {
        (size.width, size.height) = (size.height, size.width);
    }
    let cut = |rect: Rect| match looks(step) {
        true => json!({ "width": rect.size.width, "height": rect.size.height, "gravity": "auto" }),
        false => json!({ "x": rect.x, "y": rect.y, "width": rect.size.width, "height": rect.size.height }),
    };
    if let Some(rect) = layout.cut {
        steps.push(call("crop", cut(rect)));
        size = rect.size;
    }
    if layout.scale != size {
        let params = json!({ "width": layout.scale.width, "height": layout.scale.height, "mode": "exact" });
        steps.push(call("resize", params));
        size = layout.scale;
    }
    if let Some(rect) = layout.window {
        steps.push(call("crop", cut(rect)));
        size = rect.size;
    }
    if let Some(pad) = layout.pad {
        let mut step = call("pad", json!({ "left": pad.x, "top": pad.y }));
        step.params.insert("right".to_owned(), json!(pad.canvas.width.saturating_sub(pad.x + size.width)));
        step.params.insert("bottom".to_owned(), json!(pad.canvas.height.saturating_sub(pad.y + size.height)));
        step.params.extend(backdrop);
        steps.push(step);
    }
}

fn open(step: &Evaluation, resize: &Resize, backdrop: Map<String, Value>, steps: &mut Vec<Step>) {
    let factor = resize.dpr.unwrap_or(1.0);
    let (mut width, mut height) = (resize.width.map(|w| side(w, factor)), resize.height.map(|h| side(h, factor)));
    let one = width.is_some() != height.is_some();
    if one && resize.ignore_aspect_ratio {
        width.get_or_insert_with(|| json!("100%"));
        height.get_or_insert_with(|| json!("100%"));
    }
    let crop = resize.crop.unwrap_or(Crop::Scale);
    let none = width.is_none() && height.is_none();
    let Some(ratio) = resize.aspect_ratio.map(Value::from).or_else(|| (!none).then_some(Value::Null)) else { return };
    let place = placed(step, resize);
    let sized = |more: Value| {
        let mut params = json!({ "width": width, "height": height, "aspect_ratio": ratio });
        if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
            params.extend(more);
        }
        params
    };
    let within = |more: Value| {
        let mut more = more;
        if let Some(more) = more.as_object_mut() {
            more.extend(place.clone());
        }
        sized(more)
    };
    let padded = |more: Value| {
        let mut step = call("pad", within(more));
        // A pad has a corner to stand in, not a point.
        if step.params.get("gravity").is_some_and(|gravity| gravity == "auto" || gravity == "point") {
            ["gravity", "x", "y"].into_iter().for_each(|name| {
                step.params.remove(name);
            });
        }
        step.params.extend(backdrop.clone());
        step
    };
    match crop {
        Crop::Scale | Crop::ImaggaScale if none => {
            steps.push(call("resize", json!({ "width": "100%", "aspect_ratio": ratio, "mode": "exact" })));
        }
        Crop::Scale | Crop::ImaggaScale => steps.push(call("resize", sized(json!({ "mode": "exact" })))),
        Crop::Pad | Crop::Lpad | Crop::FillPad | Crop::AutoPad | Crop::Mpad if none => {
            steps.push(padded(json!({})));
        }
        _ if none => steps.push(call("crop", within(json!({})))),
        Crop::Fit => steps.push(call("resize", sized(json!({ "mode": "fit" })))),
        Crop::Limit => steps.push(call("resize", sized(json!({ "mode": "limit" })))),
        Crop::Mfit => steps.push(call("resize", sized(json!({ "mode": "fit", "only": "enlarge" })))),
        Crop::Fill | Crop::Auto | Crop::ImaggaCrop => {
            steps.push(call("resize", within(json!({ "mode": "fill" }))));
        }
        Crop::Lfill => steps.push(call("resize", within(json!({ "mode": "fill", "only": "shrink" })))),
        Crop::Thumb => {
            let zoom = resize.zoom.unwrap_or(1.0).clamp(1.0, 100.0);
            steps.push(call("resize", within(json!({ "mode": "fill", "zoom": zoom }))));
        }
        Crop::Pad | Crop::Lpad => {
            let mode = if crop == Crop::Pad { "fit" } else { "limit" };
            steps.push(call("resize", sized(json!({ "mode": mode }))));
            steps.push(padded(json!({ "if_larger": "grow" })));
        }
        Crop::Mpad => steps.push(padded(json!({ "if_larger": "grow" }))),
        Crop::FillPad | Crop::AutoPad => {
            steps.push(call("resize", within(json!({ "mode": "fill", "max_cut": FILL_PAD_MAX_CUT }))));
            steps.push(padded(json!({ "if_larger": "grow" })));
        }
        Crop::Crop => steps.push(call("crop", within(json!({})))),
    }
}

/// Gravity and offsets in the words of the transforms.
fn placed(step: &Evaluation, resize: &Resize) -> Map<String, Value> {
    let gravity = match resize.anchor {
        _ if looks(step) => Some("auto"),
        Some(Anchor::Compass(compass)) => Some(compass.word()),
        Some(Anchor::XyCenter) => Some("point"),
        // Where it is now depends on the pixels before.
        Some(Anchor::Region(_)) => Some("center"),
        None => None,
    };
    let mut place = Map::new();
    if let Some(gravity) = gravity {
        place.insert("gravity".to_owned(), gravity.into());
    }
    for (name, length) in [("x", resize.x), ("y", resize.y)] {
        if let Some(length) = length {
            place.insert(name.to_owned(), shift(length));
        }
    }
    place
}
