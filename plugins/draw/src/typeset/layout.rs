//! From clusters to lines.

use unicode_bidi::ParagraphBidiInfo;

use super::faces::{Faces, LineMetrics};
use super::shaping::{Cluster, Shaped, ellipsis};
use super::style::{Align, Style};

/// A box that lines have to fit into.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bounds {
    /// Lines are broken to be at most this wide.
    pub(crate) width: Option<f32>,
    /// Lines below this height are left out and an ellipsis tells.
    pub(crate) ellipsis_below: Option<f32>,
}

/// A glyph with its place on the line: pixels from the block's left side, and pixels above the
/// baseline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) glyph: usize,
    pub(crate) x: f32,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) glyphs: Vec<Placed>,
    /// Pixels from the block's left side.
    pub(crate) x: f32,
    pub(crate) width: f32,
    /// Pixels from the block's top side.
    pub(crate) baseline: f32,
}

/// Lines that are laid out.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) lines: Vec<Line>,
    /// Width of the widest line, or of the box if there is one and lines were aligned in it.
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) size_px: f32,
    /// Whether all of the text stands there with no word broken, inside the width.
    pub(crate) fits_width: bool,
}

/// A line's clusters, and whether it is the last of its paragraph.
struct Broken {
    clusters: Vec<Cluster>,
    last: bool,
    right_to_left: bool,
}

/// Lays out a text at a size.
pub(crate) fn lay_out(style: &Style, faces: &mut Faces, shaped: &mut Shaped, size_px: f32, bounds: Bounds) -> Block {
    let metrics = faces.get(0).line_metrics();
    let measure = Measure { size_px, stretch: style.stretch, spacing: style.letter_spacing_px };
    let mut fits_width = true;
    let mut lines = Vec::new();
    for paragraph in &shaped.paragraphs {
        let mut rest = &paragraph.clusters[..];
        loop {
            let count = bounds.width.map_or(rest.len(), |width| measure.break_at(rest, width, &mut fits_width));
            let (line, after) = rest.split_at(count);
            lines.push(Broken {
                clusters: trimmed(line).to_vec(),
                last: after.is_empty(),
                right_to_left: paragraph.right_to_left,
            });
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
    }
    let (line_height, step) = heights(&metrics, size_px, style.line_spacing_px);
    if let Some(height) = bounds.ellipsis_below {
        let room = 1 + ((height - line_height + 0.01) / step).max(0.0) as usize;
        if lines.len() > room {
            lines.truncate(room);
            let mark = ellipsis(style, faces, shaped);
            if let Some(line) = lines.last_mut() {
                measure.end_with(line, mark, bounds.width);
            }
        }
    }
    let widest = lines.iter().map(|line| measure.width(&line.clusters)).fold(0.0, f32::max);
    let width = bounds.width.unwrap_or(widest);
    let height = line_height + step * (lines.len() - 1) as f32;
    let baseline = metrics.ascent * size_px;
    let placed = lines.iter().enumerate().map(|(index, line)| {
        let baseline = baseline + step * index as f32;
        place(line, &measure, shaped, style.align, width, bounds.width.is_some(), baseline)
    });
    Block { lines: placed.collect(), width, height, size_px, fits_width: fits_width && widest <= width + 0.01 }
}

/// The height of a line, and the distance from line to line, which is at least a tenth of it: lines
/// that are moved together do not change their order.
fn heights(metrics: &LineMetrics, size_px: f32, spacing: f32) -> (f32, f32) {
    let line = (metrics.ascent + metrics.descent) * size_px;
    (line, (line + metrics.gap * size_px + spacing).max(line / 10.0))
}

/// The clusters without white space at the end.
fn trimmed(clusters: &[Cluster]) -> &[Cluster] {
    let end = clusters.iter().rposition(|cluster| !cluster.space).map_or(0, |last| last + 1);
    &clusters[..end]
}

struct Measure {
    size_px: f32,
    stretch: f32,
    spacing: f32,
}

impl Measure {
    /// Width of a cluster with the room after it.
    fn advance(&self, cluster: &Cluster) -> f32 {
        let advance = cluster.advance * self.size_px * self.stretch;
        if cluster.advance > 0.0 { (advance + self.spacing).max(0.0) } else { advance }
    }

    /// Width of a line; the room after the last letter does not count.
    fn width(&self, clusters: &[Cluster]) -> f32 {
        let sum: f32 = clusters.iter().map(|cluster| self.advance(cluster)).sum();
        if clusters.is_empty() { 0.0 } else { (sum - self.spacing).max(0.0) }
    }

    /// How many clusters make a line at most `width` wide, at least one. A word that is wider than a
    /// line is broken anywhere, which is no fit.
    fn break_at(&self, clusters: &[Cluster], width: f32, fits: &mut bool) -> usize {
        let mut used = 0.0;
        let mut possible = 0;
        for (index, cluster) in clusters.iter().enumerate() {
            used += self.advance(cluster);
            if !cluster.space && used - self.spacing > width + 0.01 {
                if possible == 0 {
                    *fits = false;
                    return index.max(1);
                }
                return possible;
            }
            if cluster.break_after {
                possible = index + 1;
            }
        }
        clusters.len()
    }

    /// Ends a line with a mark; as much of its end goes as the mark needs room.
    fn end_with(&self, line: &mut Broken, mark: Vec<Cluster>, width: Option<f32>) {
        let level = line.clusters.last().map(|cluster| cluster.level);
        let room = width.map(|width| width - self.width(&mark) - self.spacing);
        while let Some(room) = room
            && !line.clusters.is_empty()
            && self.width(&line.clusters) > room
        {
            line.clusters.pop();
        }
        line.clusters.truncate(trimmed(&line.clusters).len());
        line.clusters
            .extend(mark.into_iter().map(|cluster| Cluster { level: level.unwrap_or(cluster.level), ..cluster }));
        line.last = true;
    }
}

/// Puts a line's clusters from left to right and aligns them.
fn place(
    line: &Broken,
    measure: &Measure,
    shaped: &Shaped,
    align: Align,
    width: f32,
    boxed: bool,
    baseline: f32,
) -> Line {
    let own = measure.width(&line.clusters);
    let gaps = line.clusters.iter().filter(|cluster| cluster.space).count();
    let justified = align == Align::Justify && boxed && !line.last && gaps > 0 && own < width;
    let wider = if justified { (width - own) / gaps as f32 } else { 0.0 };
    let free = if justified { 0.0 } else { width - own };
    let share = match (align, line.right_to_left) {
        (Align::Left, _) | (Align::Start | Align::Justify, false) | (Align::End, true) => 0.0,
        (Align::Center, _) => 0.5,
        (Align::Right, _) | (Align::Start | Align::Justify, true) | (Align::End, false) => 1.0,
    };
    let start = free * share;
    let levels: Vec<_> = line.clusters.iter().map(|cluster| cluster.level).collect();
    let mut x = start;
    let mut glyphs = Vec::new();
    for index in ParagraphBidiInfo::reorder_visual(&levels) {
        let cluster = &line.clusters[index];
        for glyph in cluster.glyphs.clone() {
            let offset = shaped.glyphs[glyph].x * measure.size_px * measure.stretch;
            glyphs.push(Placed { glyph, x: x + offset });
        }
        x += measure.advance(cluster) + if cluster.space { wider } else { 0.0 };
    }
    Line { glyphs, x: start, width: if justified { width } else { own }, baseline }
}
