//! What one component comes to: sizes, turns, borders.

use super::{
    super::{
        geometry::{Length, Resize, Size, turned},
        transformation::{
            Angle, AspectRatio, AutoWidth, Component, Crop, Decimal, Dimension, Dpr, Effect, Expression, Key, Level,
            Param, Plain, Switch, Turn,
        },
    },
    Hints,
};

/// A number that is a length: a fraction when it has a decimal point.
fn length(value: &Expression) -> Option<Length> {
    let number = value.as_number()?;
    Some(if number.has_point() { Length::Fraction(number.value()) } else { Length::Pixels(number.value()) })
}

fn number(value: &Expression) -> Option<f64> {
    value.as_number().map(Decimal::value)
}

/// The length of `x` or `y`.
pub(super) fn offset(component: &Component, key: Key) -> Option<Length> {
    match component.param(key) {
        Some(Param::X(value) | Param::Y(value)) => length(value),
        _ => None,
    }
}

/// What a component asks of the size; none when it asks nothing. The anchor is left open.
pub(super) fn resize(component: &Component, hints: Hints) -> Option<Resize> {
    let mut resize = Resize::default();
    let mut asked = false;
    let region = component
        .params
        .iter()
        .any(|param| matches!(param, Param::Effect(Effect::Level(Level::BlurRegion | Level::PixelateRegion, _))));
    for param in &component.params {
        match param {
            Param::Crop(crop) => resize.crop = Some(*crop),
            Param::Width(width) => resize.width = side(width, hints),
            Param::Height(height) => resize.height = side(height, hints),
            Param::AspectRatio(AspectRatio::Ratio(width, height)) => {
                resize.aspect_ratio = number(width).zip(number(height)).map(|(width, height)| width / height);
            }
            Param::AspectRatio(AspectRatio::Value(value)) => resize.aspect_ratio = number(value),
            Param::Zoom(zoom) => resize.zoom = number(zoom),
            Param::Dpr(dpr) => {
                resize.dpr = match dpr {
                    Dpr::Auto => hints.dpr,
                    Dpr::Value(value) => number(value),
                }
            }
            _ => {}
        }
        asked |= matches!(param.key(), Key::Crop | Key::Width | Key::Height | Key::AspectRatio);
    }
    // Beside a region effect without a crop mode, x, y, w and h are the region.
    if !asked || region && resize.crop.is_none() {
        return None;
    }
    // With a ratio alone the image is cut to it.
    if resize.crop.is_none() && resize.width.is_none() && resize.height.is_none() && resize.aspect_ratio.is_some() {
        resize.crop = Some(Crop::Fill);
    }
    resize.x = offset(component, Key::X);
    resize.y = offset(component, Key::Y);
    resize.ignore_aspect_ratio = component.flags().is_some_and(|flags| flags.has(Switch::IgnoreAspectRatio));
    Some(resize)
}

fn side(side: &Dimension, hints: Hints) -> Option<Length> {
    let auto = match side {
        Dimension::Value(value) => return length(value),
        Dimension::Auto(auto) => auto,
    };
    let width = match auto {
        AutoWidth::Step { step, fallback } => match (hints.width, step) {
            (Some(width), Some(step)) => Some(width.div_ceil(*step).saturating_mul(*step)),
            (Some(width), None) => Some(width),
            (None, _) => *fallback,
        },
        AutoWidth::Breakpoints { settings, fallback, .. } => match (hints.width, settings) {
            (Some(width), Some([least, most, ..])) => Some(width.clamp(*least, *most.max(least))),
            (width, _) => width.or(*fallback),
        },
    };
    width.map(|width| Length::Pixels(width.into()))
}

/// Whether a component asks for the hints of width and of pixel ratio.
pub(super) fn asks_hints(component: &Component) -> (bool, bool) {
    let width = component
        .params
        .iter()
        .any(|param| matches!(param, Param::Width(Dimension::Auto(_)) | Param::Height(Dimension::Auto(_))));
    let dpr = component.params.iter().any(|param| matches!(param, Param::Dpr(Dpr::Auto)));
    (width, dpr)
}

/// A quarter turn before the resizing, when the image lies across what was asked.
pub(super) fn first_turn(component: &Component, resize: Option<&Resize>, size: Size) -> Option<f64> {
    let Some(Param::Angle(angles)) = component.param(Key::Angle) else {
        return None;
    };
    let turn = angles.0.iter().find_map(|angle| match angle {
        Angle::Turn(Turn::AutoRight) => Some(90.0),
        Angle::Turn(Turn::AutoLeft) => Some(-90.0),
        _ => None,
    })?;
    let resize = resize?;
    let ratio = match (resize.width, resize.height) {
        (Some(width), Some(height)) => width.of(size.width) / height.of(size.height),
        _ => resize.aspect_ratio?,
    };
    let across = ratio > 1.0 && size.width < size.height || ratio < 1.0 && size.width > size.height;
    across.then_some(turn)
}

/// The size after borders and turns, and whether something in the component changes it by its pixels.
pub(super) fn finished(component: &Component, mut size: Size) -> (Size, bool) {
    let mut exact = true;
    for param in &component.params {
        if let Param::Effect(effect) = param {
            exact &= !matches!(
                effect,
                Effect::Trim { .. }
                    | Effect::Outline { .. }
                    | Effect::Dropshadow { .. }
                    | Effect::Level(Level::Shadow, _)
                    | Effect::Distort(_)
                    | Effect::DistortArc(_)
                    | Effect::Shear(..)
                    | Effect::GradientFade { .. }
            );
        }
    }
    exact &= component.param(Key::Function).is_none();
    if let Some(Param::Border(border)) = component.param(Key::Border) {
        let both = border.width.saturating_mul(2);
        size = Size::new(size.width.saturating_add(both), size.height.saturating_add(both));
    }
    if let Some(Param::Angle(angles)) = component.param(Key::Angle) {
        for angle in &angles.0 {
            if let Angle::Degrees(degrees) = angle {
                size = turned(size, number(degrees).unwrap_or_default());
            }
        }
    }
    (size, exact)
}

/// Whether a parameter of a component with a layer is about how the layer is applied, or about the
/// result, rather than about the layer itself.
pub(super) fn belongs_to_place(param: &Param) -> bool {
    match param {
        Param::Effect(Effect::Plain(plain)) => matches!(
            plain,
            Plain::Screen
                | Plain::Multiply
                | Plain::Overlay
                | Plain::Mask
                | Plain::CutOut
                | Plain::ReplaceLayer
                | Plain::Displace
        ),
        Param::Effect(Effect::Level(level, _)) => *level == Level::AntiRemoval,
        param => matches!(
            param.key(),
            Key::Gravity | Key::X | Key::Y | Key::Flags | Key::Format | Key::Quality | Key::DefaultImage | Key::Delay
        ),
    }
}

/// Whether a parameter is about how the result is written or the source is read.
pub(super) fn is_output(key: Key) -> bool {
    matches!(
        key,
        Key::ColorSpace
            | Key::DefaultImage
            | Key::Delay
            | Key::Density
            | Key::Flags
            | Key::Format
            | Key::Page
            | Key::Prefix
            | Key::Quality
    )
}
