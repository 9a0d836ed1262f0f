//! From letters to glyphs.
//!
//! A text is cut into runs of one direction (Unicode Bidirectional Algorithm), one script and one font,
//! and each run is shaped. What comes out are clusters: the smallest pieces that a line may be broken
//! or reordered by, each with its glyphs.

use std::ops::Range;

use harfrust::{Buffer, Feature, ShapeOptions, ShaperFont};
use skrifa::{GlyphId, Tag};
use unicode_bidi::{Level, ParagraphBidiInfo};
use unicode_linebreak::{BreakOpportunity, linebreaks};
use unicode_script::{Script, UnicodeScript};

use super::faces::Faces;
use super::style::{Direction, Style};

/// A glyph and its place in its cluster, in shares of the font size, y upwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Glyph {
    pub(crate) face: usize,
    pub(crate) id: GlyphId,
    pub(crate) x: f32,
    pub(crate) y: f32,
}

/// A piece of text that stays together.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    /// Where it starts in the paragraph, in bytes.
    pub(crate) start: usize,
    /// Its width in shares of the font size.
    pub(crate) advance: f32,
    /// Its glyphs, from left to right.
    pub(crate) glyphs: Range<usize>,
    /// Even: from left to right.
    pub(crate) level: Level,
    /// Whether it is white space, which is dropped at the end of a line.
    pub(crate) space: bool,
    /// Whether a line may end after it.
    pub(crate) break_after: bool,
}

/// A paragraph: clusters in the order in which they are read.
#[derive(Debug, Clone)]
pub(crate) struct Paragraph {
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) right_to_left: bool,
}

/// All that a text is made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shaped {
    pub(crate) paragraphs: Vec<Paragraph>,
    pub(crate) glyphs: Vec<Glyph>,
}

/// A run of letters that are shaped together.
struct Run {
    bytes: Range<usize>,
    level: Level,
    script: Script,
    face: usize,
}

/// Shapes a text, a paragraph per line of it.
pub(crate) fn shape(style: &Style, faces: &mut Faces) -> Shaped {
    let mut shaped = Shaped::default();
    let text = style.text.replace("\r\n", "\n");
    for line in text.split(['\n', '\r', '\u{2028}', '\u{2029}', '\u{85}', '\u{b}', '\u{c}']) {
        // What is left of control characters has no shape.
        let line: String = line
            .chars()
            .map(|letter| if letter == '\t' { ' ' } else { letter })
            .filter(|letter| !letter.is_control())
            .collect();
        let paragraph = paragraph(&line, style, faces, &mut shaped.glyphs);
        shaped.paragraphs.push(paragraph);
    }
    shaped
}

/// Shapes the mark that stands for what is left out.
pub(crate) fn ellipsis(style: &Style, faces: &mut Faces, shaped: &mut Shaped) -> Vec<Cluster> {
    paragraph("\u{2026}", style, faces, &mut shaped.glyphs).clusters
}

fn paragraph(text: &str, style: &Style, faces: &mut Faces, glyphs: &mut Vec<Glyph>) -> Paragraph {
    let level = match style.direction {
        Direction::Auto => None,
        Direction::LeftToRight => Some(Level::ltr()),
        Direction::RightToLeft => Some(Level::rtl()),
    };
    let bidi = ParagraphBidiInfo::new(text, level);
    let mut clusters = Vec::new();
    for run in runs(text, &bidi.levels, faces) {
        shape_run(text, &run, style, faces, glyphs, &mut clusters);
    }
    for (end, kind) in linebreaks(text) {
        // The end of the text is always one.
        if kind == BreakOpportunity::Allowed {
            let before = clusters.partition_point(|cluster: &Cluster| cluster.start < end);
            if before > 0 && clusters.get(before).is_none_or(|next| next.start == end) {
                clusters[before - 1].break_after = true;
            }
        }
    }
    Paragraph { clusters, right_to_left: bidi.paragraph_level.is_rtl() }
}

/// Cuts a paragraph where direction, script or font change.
fn runs(text: &str, levels: &[Level], faces: &mut Faces) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((start, letter)) = letters.next() {
        let end = start + letter.len_utf8();
        let emoji = match letters.peek() {
            Some((_, '\u{fe0f}')) => true,
            Some((_, '\u{fe0e}')) => false,
            _ => ('\u{1f300}'..='\u{1faff}').contains(&letter),
        };
        let script = letter.script();
        let mark = joins(letter) || script == Script::Inherited;
        let before = runs.last();
        let face = match before {
            // Marks and joiners stay with their letter.
            Some(run) if mark => run.face,
            _ => faces.face_for(letter, emoji),
        };
        let level = levels[start];
        let neutral = mark || script == Script::Common;
        match runs.last_mut() {
            Some(run)
                if run.level == level
                    && run.face == face
                    && (neutral || run.script == script || is_neutral(run.script)) =>
            {
                run.bytes.end = end;
                if is_neutral(run.script) && !neutral {
                    run.script = script;
                }
            }
            _ => runs.push(Run { bytes: start..end, level, script, face }),
        }
    }
    runs
}

const fn is_neutral(script: Script) -> bool {
    matches!(script, Script::Common | Script::Inherited | Script::Unknown)
}

/// Joiners, variation selectors, skin tones and tags: parts of the letter before them.
const fn joins(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

/// Shapes a run and appends its clusters in the order in which they are read.
fn shape_run(
    text: &str,
    run: &Run,
    style: &Style,
    faces: &Faces,
    glyphs: &mut Vec<Glyph>,
    clusters: &mut Vec<Cluster>,
) {
    let face = faces.get(run.face);
    let mut buffer = Buffer::new();
    // Clusters are counted in the paragraph; what is around the run has an influence on joining.
    for (at, letter) in text[run.bytes.clone()].char_indices() {
        buffer.push(u32::from(letter), (run.bytes.start + at) as u32);
    }
    buffer.set_pre_context(&text[..run.bytes.start]);
    buffer.set_post_context(&text[run.bytes.end..]);
    let rtl = run.level.is_rtl();
    buffer.set_direction(if rtl { harfrust::Direction::RightToLeft } else { harfrust::Direction::LeftToRight });
    buffer.set_script(harfrust::Script::from_iso15924_tag(Tag::from_u32(run.script.as_iso15924_tag())));
    let off = |tag: &[u8; 4]| Feature::new(Tag::new(tag), 0, ..);
    let mut features = Vec::new();
    if !style.kerning {
        features.push(off(b"kern"));
    }
    // Letters that stand apart are no longer joined (CSS Text 3 section 8.2).
    if style.letter_spacing_px != 0.0 {
        features.extend([off(b"liga"), off(b"clig")]);
    }
    let font = ShaperFont::new(&face.font);
    if harfrust::shape(&font, &mut buffer, ShapeOptions::new().features(&features)).is_err() {
        return;
    }
    let per_em = 1.0 / f32::from(face.font.units_per_em());
    let first = clusters.len();
    let shaped = buffer.glyph_infos().iter().zip(buffer.glyph_positions());
    for (info, position) in shaped {
        let start = info.cluster as usize;
        let begins = clusters.len() == first || clusters.last().is_none_or(|cluster| cluster.start != start);
        if begins {
            let space = text[start..].chars().next().is_some_and(char::is_whitespace);
            let glyphs = glyphs.len()..glyphs.len();
            clusters.push(Cluster { start, advance: 0.0, glyphs, level: run.level, space, break_after: false });
        }
        let Some(cluster) = clusters.last_mut() else {
            return;
        };
        glyphs.push(Glyph {
            face: run.face,
            id: GlyphId::new(info.glyph_id),
            x: cluster.advance + position.x_offset as f32 * per_em,
            y: position.y_offset as f32 * per_em,
        });
        cluster.glyphs.end = glyphs.len();
        cluster.advance += position.x_advance as f32 * per_em;
    }
    if rtl {
        clusters[first..].reverse();
    }
}
