//! From lines to layers of paint.

use std::collections::HashMap;

use kurbo::{Affine, BezPath, StrokeOpts};
use safelight_kernels::{FillRule, Segment, Shape};
use safelight_sdk::{Color, Image};
use skrifa::ScalerFont;

use super::faces::{Faces, outline};
use super::layout::Block;
use super::shaping::Shaped;
use super::style::{Decoration, Hinting, Style};
use crate::painter::{Cap, Join, Painter, pen, push_segments, straight};

/// The tangent of 12 degrees: how far letters are slanted that have no italic of their own.
const SLANT: f64 = 0.2126;

/// How exact the outlines of strokes are, in pixels.
const TOLERANCE_PX: f64 = 0.05;

/// The shapes of a text, in pixels from the block's top left corner.
#[derive(Debug, Default, Clone)]
pub(crate) struct Shapes {
    fill: Vec<Segment>,
    stroke: Vec<Segment>,
}

/// Draws all glyphs of a block. Every shape gets the same direction, so that where shapes overlap
/// they are one.
pub(crate) fn shapes(style: &Style, faces: &Faces, shaped: &Shaped, block: &Block) -> Shapes {
    let mut shapes = Shapes::default();
    let mut scalers: HashMap<usize, ScalerFont> = HashMap::new();
    let mut outlines: HashMap<(usize, u32), Shapes> = HashMap::new();
    let strokes = style.stroke_color.rgba[3] > 0 && style.stroke_width_px > 0.0;
    for line in &block.lines {
        // Hinted outlines fit the grid only when they stand on it; most are fitted in height alone.
        let baseline = if style.hinting == Hinting::None { line.baseline } else { line.baseline.round() };
        for placed in &line.glyphs {
            let glyph = shaped.glyphs[placed.glyph];
            let face = faces.get(glyph.face);
            let drawn = outlines.entry((glyph.face, glyph.id.to_u32())).or_insert_with(|| {
                let scaler = scalers
                    .entry(glyph.face)
                    .or_insert_with(|| face.scaler(block.size_px, style.hinting, style.antialias));
                let slant = if face.slanted { SLANT } else { 0.0 };
                let place =
                    Affine::new([f64::from(style.stretch), 0.0, slant * f64::from(style.stretch), -1.0, 0.0, 0.0]);
                let path = place * outline(scaler, glyph.id);
                let embolden = f64::from(face.embolden * block.size_px);
                let width = if strokes { style.stroke_width_px } else { 0.0 };
                glyph_shapes(&path, embolden, f64::from(width))
            });
            let x = if style.hinting == Hinting::Full { placed.x.round() } else { placed.x };
            let y = baseline - glyph.y * block.size_px;
            extend(&mut shapes.fill, &drawn.fill, x, y);
            extend(&mut shapes.stroke, &drawn.stroke, x, y);
        }
        if let Some((top, thick)) = decoration(style.decoration, faces, block.size_px) {
            let mut bar = BezPath::new();
            let (left, right) = (f64::from(line.x), f64::from(line.x + line.width));
            let (upper, lower) = (f64::from(baseline - top), f64::from(baseline - top + thick));
            bar.move_to((left, upper));
            bar.line_to((right, upper));
            bar.line_to((right, lower));
            bar.line_to((left, lower));
            let width = if strokes { style.stroke_width_px } else { 0.0 };
            let bar = glyph_shapes(&bar, 0.0, f64::from(width));
            shapes.fill.extend(bar.fill);
            shapes.stroke.extend(bar.stroke);
        }
    }
    shapes
}

/// Top above the baseline and thickness of the decoration, in pixels; at least a pixel thick.
fn decoration(decoration: Decoration, faces: &Faces, size_px: f32) -> Option<(f32, f32)> {
    let metrics = faces.get(0).line_metrics();
    let (top, thick) = match decoration {
        Decoration::None => return None,
        Decoration::Underline => metrics.underline,
        Decoration::Strikethrough => metrics.strikethrough,
    };
    Some((top * size_px, (thick * size_px).max(1.0)))
}

fn extend(segments: &mut Vec<Segment>, glyph: &[Segment], x: f32, y: f32) {
    let (x, y) = (f64::from(x), f64::from(y));
    let moved = |[px, py]: [f64; 2]| [px + x, py + y];
    segments.extend(glyph.iter().map(|segment| Segment { from: moved(segment.from), to: moved(segment.to) }));
}

/// The inside of a shape, thickened on each side by `embolden`, and its outline of a width.
fn glyph_shapes(path: &BezPath, embolden: f64, stroke_width: f64) -> Shapes {
    let mut closed = BezPath::new();
    for element in path.iter() {
        // Contours of fonts are closed, though not all say so.
        if matches!(element, kurbo::PathEl::MoveTo(_)) && !closed.elements().is_empty() {
            closed.close_path();
        }
        closed.push(element);
    }
    if !closed.elements().is_empty() {
        closed.close_path();
    }
    let mut shapes = Shapes::default();
    push_segments(&mut shapes.fill, closed.iter(), Affine::IDENTITY);
    turn(&mut shapes.fill);
    let outlined = |width: f64| {
        let pen = pen(width as f32, Join::Round, Cap::Round);
        let mut segments = Vec::new();
        push_segments(
            &mut segments,
            kurbo::stroke(closed.iter(), &pen, &StrokeOpts::default(), TOLERANCE_PX),
            Affine::IDENTITY,
        );
        turn(&mut segments);
        segments
    };
    if embolden > 0.0 {
        shapes.fill.extend(outlined(2.0 * embolden));
    }
    if stroke_width > 0.0 {
        shapes.stroke = outlined(stroke_width + 2.0 * embolden);
    }
    shapes
}

/// Turns a shape around unless it is clockwise on the whole.
fn turn(segments: &mut [Segment]) {
    let twice: f64 = segments.iter().map(|s| s.from[0] * s.to[1] - s.to[0] * s.from[1]).sum();
    if twice < 0.0 {
        for segment in segments {
            std::mem::swap(&mut segment.from, &mut segment.to);
        }
    }
}

impl Shapes {
    /// The box of all ink: left, top, right, bottom; none without ink. The shadow is part of it.
    pub(crate) fn ink(&self, style: &Style) -> Option<[f64; 4]> {
        let mut ink = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        let shadow = (style.shadow_color.rgba[3] > 0).then_some(style.shadow_px);
        let offsets = [Some((0.0, 0.0)), shadow];
        for (x, y) in offsets.into_iter().flatten() {
            for segment in self.fill.iter().chain(&self.stroke) {
                for [px, py] in [segment.from, segment.to] {
                    let (px, py) = (px + f64::from(x), py + f64::from(y));
                    ink = [ink[0].min(px), ink[1].min(py), ink[2].max(px), ink[3].max(py)];
                }
            }
        }
        (ink[0] < ink[2] && ink[1] < ink[3]).then_some(ink)
    }

    /// Paints shadow, letters and outlines on a picture, moved by `place`.
    pub(crate) fn paint(&self, style: &Style, place: Affine, image: Image) -> Image {
        self.paint_raised(style, place, None, image)
    }

    /// The same, with edges of light and shade of a width in pixels around the letters.
    pub(crate) fn paint_raised(&self, style: &Style, place: Affine, edge_px: Option<f32>, image: Image) -> Image {
        let mut painter = Painter::default();
        let mut cast = |(x, y): (f32, f32), color: Color| {
            // Shadow and light fall in the picture's directions, also on text at an angle.
            let cast = Affine::translate((f64::from(x), f64::from(y))) * place;
            let mut both = moved(&self.fill, cast);
            both.extend(moved(&self.stroke, cast));
            push(&mut painter, both, color);
        };
        if style.shadow_color.rgba[3] > 0 {
            cast(style.shadow_px, style.shadow_color);
        }
        if let Some(edge) = edge_px {
            cast((-edge, -edge), Color::WHITE);
            cast((edge, edge), Color::BLACK);
        }
        push(&mut painter, moved(&self.fill, place), style.color);
        push(&mut painter, moved(&self.stroke, place), style.stroke_color);
        painter.paint(image, style.opacity, style.antialias)
    }
}

fn moved(segments: &[Segment], place: Affine) -> Vec<Segment> {
    let at = |[x, y]: [f64; 2]| {
        let point = place * kurbo::Point::new(x, y);
        [point.x, point.y]
    };
    segments.iter().map(|segment| Segment { from: at(segment.from), to: at(segment.to) }).collect()
}

fn push(painter: &mut Painter, segments: Vec<Segment>, color: Color) {
    if !segments.is_empty() {
        painter.push(Shape { segments, rule: FillRule::NonZero, rgba: straight(color, 1.0) }, color);
    }
}
