//! The fonts of a call: the one that was asked for, and others for letters that it lacks.

use kurbo::BezPath;
use safelight_sdk::{Refusal, fonts, log};
use skrifa::{DrawMemory, Font, GlyphId, HintOptions, PathSink, RasterTarget, ScalerFont, Tag};

use super::family::{self, Named};
use super::style::{Hinting, MissingFont, Style};

/// Families that are asked first for letters that a font lacks. Others follow by their names.
const FALLBACKS: [&str; 3] = ["notosans", "dejavusans", "notoemoji"];

/// From this weight on a font that has no heavier style than [`LIGHT`] is thickened.
const BOLD: u16 = 600;

/// The heaviest style that is thickened.
const LIGHT: u16 = 550;

/// A loaded font.
pub(crate) struct Face {
    pub(crate) font: Font,
    family: String,
    /// Thickened by this share of the size, as there is no bold style.
    pub(crate) embolden: f32,
    /// Slanted, as there is no italic style.
    pub(crate) slanted: bool,
}

/// Heights in shares of the font size, upwards from the baseline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineMetrics {
    pub(crate) ascent: f32,
    /// Downwards.
    pub(crate) descent: f32,
    /// From the foot of a line to the head of the next.
    pub(crate) gap: f32,
    /// Top of the line below letters, and its thickness.
    pub(crate) underline: (f32, f32),
    /// Top of the line through letters, and its thickness.
    pub(crate) strikethrough: (f32, f32),
}

/// The fonts of a call. The first face is the one that was asked for; the rest are loaded when a letter
/// needs them.
pub(crate) struct Faces {
    loaded: Vec<Face>,
    /// Files that have not been looked into, the next one last.
    waiting: Vec<(String, Named)>,
    weight: u16,
    italic: bool,
}

impl Faces {
    /// Loads the font that a style asks for.
    pub(crate) fn of(style: &Style) -> Result<Self, Refusal> {
        let names = fonts::names();
        let files = || names.iter().map(|name| (name.as_str(), family::parse(name)));
        let asked = family::parse(&style.font);
        let known = |family: &str| files().any(|(_, named)| named.family == family);
        let (chosen, listed) = family::choose(&asked.family, &known);
        if !listed && style.missing_font == MissingFont::Refuse {
            return Err(Refusal::params("font", format!("is {:?}, expected a font that is there", style.font)));
        }
        // Without any family of the table, the first font that there is.
        let chosen = chosen.or_else(|| files().next().map(|(_, named)| named.family));
        let Some(chosen) = chosen else {
            return Err(Refusal::other("the host has no fonts"));
        };
        if !listed {
            log::warn(&format!("there is no font {:?}; {chosen} takes its place", style.font));
        }
        let weight = style.weight.or(asked.weight).unwrap_or(400);
        let italic = style.italic.unwrap_or(asked.italic);
        // One file a family, the best; in the order in which they are asked.
        let mut families: Vec<String> = vec![chosen];
        families.extend(FALLBACKS.map(str::to_owned));
        families.extend(files().map(|(_, named)| named.family));
        let mut waiting: Vec<(String, Named)> = Vec::new();
        for family in families {
            if waiting.iter().any(|(_, named)| named.family == family) {
                continue;
            }
            let of_family = files().filter(|(_, named)| named.family == family);
            if let Some(name) = family::nearest(of_family, weight, italic) {
                waiting.push((name.to_owned(), family::parse(name)));
            }
        }
        waiting.reverse();
        let mut faces = Faces { loaded: Vec::new(), waiting, weight, italic };
        while faces.loaded.is_empty() {
            if !faces.load_next() && faces.waiting.is_empty() {
                return Err(Refusal::other("the host has no fonts that can be read"));
            }
        }
        Ok(faces)
    }

    pub(crate) fn get(&self, face: usize) -> &Face {
        &self.loaded[face]
    }

    /// The face that has a letter: the first that was asked for, else the next in order; the first when
    /// none has it. Emoji are looked for among emoji first.
    pub(crate) fn face_for(&mut self, letter: char, emoji: bool) -> usize {
        if emoji && let Some(face) = self.emoji_face().filter(|face| self.has(*face, letter)) {
            return face;
        }
        let mut face = 0;
        loop {
            if face < self.loaded.len() {
                if self.has(face, letter) {
                    return face;
                }
                face += 1;
            } else if !self.waiting.is_empty() {
                self.load_next();
            } else {
                return 0;
            }
        }
    }

    /// Whether a face has a glyph for a letter.
    pub(crate) fn has(&self, face: usize, letter: char) -> bool {
        self.loaded[face].font.charmap().map_unicode(letter).is_some_and(|glyph| glyph.to_u32() != 0)
    }

    fn emoji_face(&mut self) -> Option<usize> {
        let is_emoji = |family: &str| family.contains("emoji");
        if let Some(waits) = self.waiting.iter().rposition(|(_, named)| is_emoji(&named.family)) {
            let next = self.waiting.remove(waits);
            self.waiting.push(next);
            self.load_next();
        }
        self.loaded.iter().position(|face| is_emoji(&face.family))
    }

    /// Loads the next file; false when it cannot be used.
    fn load_next(&mut self) -> bool {
        let Some((name, named)) = self.waiting.pop() else {
            return false;
        };
        let Some(font) = fonts::load(&name).and_then(|bytes| Font::new(bytes, 0)) else {
            log::warn(&format!("font {name} cannot be read"));
            return false;
        };
        let axis = font.axes().get_by_tag(Tag::new(b"wght"));
        let has_weight = axis.is_some();
        let font = match axis {
            Some(axis) => {
                let weight = f32::from(self.weight).clamp(axis.min_value(), axis.max_value());
                font.instance_builder().variations([(Tag::new(b"wght"), weight)]).build()
            }
            None => font,
        };
        let is_light = !has_weight && named.weight.unwrap_or(400) <= LIGHT && !named.family.contains("emoji");
        // A stem of a bold letter is about a twelfth of the size wider; half of that on each side.
        let embolden = if self.weight >= BOLD && is_light { 1.0 / 24.0 } else { 0.0 };
        let slanted = self.italic && !named.italic && !named.family.contains("emoji");
        self.loaded.push(Face { font, family: named.family, embolden, slanted });
        true
    }
}

impl Face {
    pub(crate) fn line_metrics(&self) -> LineMetrics {
        let per_em = 1.0 / f32::from(self.font.units_per_em());
        let metrics = self.font.metrics();
        let style = self.font.style_metrics();
        // Without a line of its own a font gets four fifths above and one below.
        let (ascent, descent, gap) = metrics.h_line().map_or((0.8, 0.2, 0.0), |line| {
            (line.ascender.to_f32() * per_em, -line.descender.to_f32() * per_em, line.line_gap.to_f32() * per_em)
        });
        let stroke = |found: Option<skrifa::font::metrics::Decoration>, missing: (f32, f32)| {
            found
                .filter(|stroke| stroke.thickness.to_f32() > 0.0)
                .map_or(missing, |stroke| (stroke.position.to_f32() * per_em, stroke.thickness.to_f32() * per_em))
        };
        LineMetrics {
            ascent,
            descent,
            gap: gap.max(0.0),
            underline: stroke(style.underline, (-0.1, 0.05)),
            strikethrough: stroke(style.strike_through, (0.3, 0.05)),
        }
    }

    /// Draws glyphs at a size in pixels.
    pub(crate) fn scaler(&self, size_px: f32, hinting: Hinting, antialias: bool) -> ScalerFont {
        let target = if antialias { RasterTarget::Normal } else { RasterTarget::Mono };
        let options = match hinting {
            Hinting::None => return ScalerFont::unhinted(self.font.clone(), Some(size_px)),
            Hinting::Slight => HintOptions::auto().with_target(RasterTarget::Light),
            Hinting::Medium => HintOptions::auto_fallback().with_target(RasterTarget::Light),
            Hinting::Full => HintOptions::auto_fallback().with_target(target),
        };
        ScalerFont::hinted(self.font.clone(), size_px, options)
    }
}

/// The outline of a glyph in pixels, y upwards; empty when it has none.
pub(crate) fn outline(scaler: &ScalerFont, glyph: GlyphId) -> BezPath {
    let mut path = Path(BezPath::new());
    if let Some(outline) = scaler.outline(glyph)
        && let Err(error) = outline.draw(DrawMemory::Scratch, &mut path)
    {
        log::warn(&format!("a glyph cannot be drawn: {error}"));
        return BezPath::new();
    }
    path.0
}

struct Path(BezPath);

impl PathSink for Path {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to((f64::from(x), f64::from(y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to((f64::from(x), f64::from(y)));
    }

    fn quad_to(&mut self, cx0: f32, cy0: f32, x: f32, y: f32) {
        self.0.quad_to((f64::from(cx0), f64::from(cy0)), (f64::from(x), f64::from(y)));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        let (first, second) = ((f64::from(cx0), f64::from(cy0)), (f64::from(cx1), f64::from(cy1)));
        self.0.curve_to(first, second, (f64::from(x), f64::from(y)));
    }

    fn close(&mut self) {
        self.0.close_path();
    }
}
