//! What gravity points at, and where stored coordinates are after cuts and scalings.

use super::{
    super::{
        geometry::{Anchor, Layout, Rect, Size},
        transformation::{Error, Focus, Gravity},
    },
    Facts,
};

/// Where the input's pixels are now: `(input - origin) * scale`, for each direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Map {
    origin: (f64, f64),
    scale: (f64, f64),
}

impl Map {
    /// Where they are at first.
    pub(super) const IDENTITY: Self = Self { origin: (0.0, 0.0), scale: (1.0, 1.0) };

    /// Where they are after a layout of an image of this size.
    pub(super) fn after(self, layout: &Layout, input: Size) -> Self {
        let mut map = self;
        let (cut, size) = layout.cut.map_or(((0.0, 0.0), input), |cut| ((cut.x.into(), cut.y.into()), cut.size));
        map.shift(cut.0, cut.1);
        let factor = |to: u32, from: u32| f64::from(to) / f64::from(from);
        map.scale.0 *= factor(layout.scale.width, size.width);
        map.scale.1 *= factor(layout.scale.height, size.height);
        if let Some(window) = layout.window {
            map.shift(window.x.into(), window.y.into());
        }
        if let Some(pad) = layout.pad {
            map.shift(-f64::from(pad.x), -f64::from(pad.y));
        }
        map
    }

    /// Where they are when so many pixels are taken away on the left and above.
    pub(super) fn shift(&mut self, x: f64, y: f64) {
        self.origin.0 += x / self.scale.0;
        self.origin.1 += y / self.scale.1;
    }

    /// Where a rectangle of the input is in an image of this size; none when it is outside.
    fn place(self, rect: Rect, size: Size) -> Option<Rect> {
        let place = |start: u32, part: u32, origin: f64, scale: f64, side: u32| {
            let clamp = |at: f64| ((at - origin) * scale).round().clamp(0.0, f64::from(side));
            let (from, to) = (clamp(start.into()), clamp(f64::from(start) + f64::from(part)));
            (to > from).then_some((from as u32, (to - from) as u32))
        };
        let (x, width) = place(rect.x, rect.size.width, self.origin.0, self.scale.0, size.width)?;
        let (y, height) = place(rect.y, rect.size.height, self.origin.1, self.scale.1, size.height)?;
        Some(Rect { x, y, size: Size::new(width, height) })
    }
}

/// The anchor that gravity means in an image of this size; none is the mode's own.
///
/// Faces are the stored coordinates; without them gravity falls back to what follows the colon, and to the middle.
pub(super) fn anchor(gravity: &Gravity, facts: &Facts, map: Option<Map>, size: Size) -> Result<Option<Anchor>, Error> {
    let (focus, words) = match gravity {
        Gravity::Compass(compass) => return Ok(Some(Anchor::Compass(*compass))),
        Gravity::Focus(focus, words) => (*focus, words),
    };
    let around = |rect: Option<Rect>| {
        let placed = rect.and_then(|rect| map?.place(rect, size));
        placed.map(|rect| Anchor::around(rect, size))
    };
    let faces = || around(union(&facts.faces));
    let largest = || around(facts.faces.iter().copied().max_by_key(|face| face.size.pixels()));
    let interest = || around(facts.interest);
    let anchor = match focus {
        Focus::XyCenter => return Ok(Some(Anchor::XyCenter)),
        Focus::Custom | Focus::Customs => {
            let custom = if focus == Focus::Custom { facts.custom.first().copied() } else { union(&facts.custom) };
            around(custom)
        }
        Focus::Face => largest(),
        Focus::Faces => faces(),
        Focus::Auto if words.iter().any(|word| word == "face" || word == "faces") => faces().or_else(interest),
        Focus::Auto | Focus::Liquid => interest(),
        Focus::AdvFace
        | Focus::AdvFaces
        | Focus::AdvEyes
        | Focus::Body
        | Focus::OcrText
        | Focus::TrackPerson
        | Focus::Person
        | Focus::Bird
        | Focus::Cat
        | Focus::Dog
        | Focus::Bottle
        | Focus::Car => {
            return Err(Error::new("gravity", gravity.to_string(), "a gravity that needs no detector"));
        }
    };
    let fallback = || {
        words.iter().find_map(|word| match word.as_str() {
            "auto" => interest(),
            "face" => largest(),
            "faces" => faces(),
            "center" => Some(Anchor::CENTER),
            _ => None,
        })
    };
    Ok(Some(anchor.or_else(fallback).unwrap_or(Anchor::CENTER)))
}

/// The stored faces that are seen in an image of this size.
pub(super) fn faces(facts: &Facts, map: Map, size: Size) -> Vec<Rect> {
    facts.faces.iter().filter_map(|face| map.place(*face, size)).collect()
}

/// The smallest rectangle around all.
fn union(rects: &[Rect]) -> Option<Rect> {
    let (first, rest) = rects.split_first()?;
    Some(rest.iter().fold(*first, |all, rect| {
        let (x, y) = (all.x.min(rect.x), all.y.min(rect.y));
        let right = (all.x + all.size.width).max(rect.x + rect.size.width);
        let bottom = (all.y + all.size.height).max(rect.y + rect.size.height);
        Rect { x, y, size: Size::new(right - x, bottom - y) }
    }))
}
