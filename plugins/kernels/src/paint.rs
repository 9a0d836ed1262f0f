//! Shapes bounded by straight lines, filled with a colour.
//!
//! **Coverage.** How much of a pixel a shape covers is the exact area, not a count of samples. The
//! plane's origin is the outer corner of the top left pixel: pixel (i, j) is the square from (i, j) to
//! (i + 1, j + 1), its centre is (i + 0.5, j + 0.5).
//!
//! **Method.** A sweep from row to row over the lines sorted by their upper end. In each row a line
//! adds to the pixels that it crosses the change of the covered area from one column to the next; the
//! running sum over the row is the winding number, averaged over the pixel. (The accumulation buffer
//! of R. Levien's font-rs, one row at a time and with both fill rules.) Where parts of opposite winding
//! meet inside one pixel the average is taken before the absolute value.

/// A straight line from one point to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Where it starts: x and y in pixels.
    pub from: [f64; 2],
    /// Where it ends.
    pub to: [f64; 2],
}

/// Which points are inside of a shape, by the number of turns of its contours around them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FillRule {
    /// Any number but zero.
    #[default]
    NonZero,
    /// An odd number.
    EvenOdd,
}

/// A shape and its colour.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The contours, each of them closed.
    pub segments: Vec<Segment>,
    /// What is inside.
    pub rule: FillRule,
    /// Red, green, blue (sRGB-encoded) and alpha, 0 to 1, not premultiplied.
    pub rgba: [f32; 4],
}

/// A line that goes downwards, and the direction that it had.
struct Edge {
    x: [f64; 2],
    y: [f64; 2],
    /// Change of x a row.
    slope: f64,
    winding: f64,
}

/// The lines of a layer, cut to the picture.
struct Cut {
    edges: Vec<Edge>,
    /// For each row what all lines to the left of the columns add to it: the part of the row that they
    /// cross, by direction.
    beside: Vec<f64>,
    /// The same for whole rows, as differences from row to row.
    beside_steps: Vec<f64>,
}

/// A layer on its way from row to row.
struct Sweep<'a> {
    layer: &'a Shape,
    /// Sorted by the upper end.
    edges: Vec<Edge>,
    /// For each row the winding number at the left end of the columns.
    beside: Vec<f32>,
    /// The rows that it may touch.
    rows: std::ops::Range<usize>,
    /// How many edges have begun.
    begun: usize,
    /// Indices of those that have begun and not ended.
    active: Vec<usize>,
    /// The columns that it may touch.
    columns: std::ops::Range<usize>,
    /// The change of coverage per column; two more than columns.
    changes: Vec<f32>,
}

/// Paints layers on a picture, one over the other, and together with `opacity` (0 to 1) over the
/// picture: where two layers overlap, `opacity` counts once.
///
/// Colours are mixed as sRGB-encoded values, premultiplied by alpha, rounded to nearest. Without
/// `smooth`, a pixel is covered if at least half of it is. A gray picture takes the red of a colour.
///
/// Cost: the pixels of the bounding box of all layers once, and each line once a row that it crosses.
pub fn paint(
    pixels: &mut [u8],
    (width, height): (u32, u32),
    channels: usize,
    layers: &[Shape],
    opacity: f32,
    smooth: bool,
) {
    assert_eq!(pixels.len(), super::bytes(width, height, channels), "bytes of a {width} x {height} picture");
    let mut sweeps: Vec<Sweep> = layers.iter().filter_map(|layer| Sweep::of(layer, width, height)).collect();
    let first = sweeps.iter().map(|sweep| sweep.rows.start).min().unwrap_or(0);
    let last = sweeps.iter().map(|sweep| sweep.rows.end).max().unwrap_or(0);
    let left = sweeps.iter().map(|sweep| sweep.columns.start).min().unwrap_or(0);
    let right = sweeps.iter().map(|sweep| sweep.columns.end).max().unwrap_or(0);
    let mut mixed = vec![[0.0f32; 4]; right - left];
    let stride = width as usize * channels;
    for y in first..last {
        mixed.fill([0.0; 4]);
        let mut touched = false;
        for sweep in &mut sweeps {
            touched |= sweep.row(y, smooth, left, &mut mixed);
        }
        if touched {
            let mut row = &mut pixels[y * stride..][left * channels..right * channels];
            for run in mixed.chunk_by(|one, other| one == other) {
                let (part, rest) = row.split_at_mut(run.len() * channels);
                lay_run(part, channels, run[0], opacity);
                row = rest;
            }
        }
    }
}

impl<'a> Sweep<'a> {
    /// None when the layer cannot be seen on the picture.
    fn of(layer: &'a Shape, width: u32, height: u32) -> Option<Self> {
        let (width, height) = (f64::from(width), f64::from(height));
        let xs = || layer.segments.iter().flat_map(|segment| [segment.from[0], segment.to[0]]);
        if layer.rgba[3] <= 0.0 || !layer.segments.iter().all(Segment::is_finite) {
            return None;
        }
        let left = xs().fold(f64::INFINITY, f64::min).floor().clamp(0.0, width);
        let right = xs().fold(f64::NEG_INFINITY, f64::max).ceil().clamp(0.0, width);
        if left >= right {
            return None;
        }
        let ys = || layer.segments.iter().flat_map(|segment| [segment.from[1], segment.to[1]]);
        let top = ys().fold(f64::INFINITY, f64::min).floor().clamp(0.0, height);
        let bottom = ys().fold(f64::NEG_INFINITY, f64::max).ceil().clamp(0.0, height);
        if top >= bottom {
            return None;
        }
        let rows = top as usize..bottom as usize;
        let mut cut = Cut {
            edges: Vec::with_capacity(layer.segments.len()),
            beside: vec![0.0; rows.len()],
            beside_steps: vec![0.0; rows.len() + 1],
        };
        for segment in &layer.segments {
            cut.push(segment, (left, right), (top, bottom));
        }
        let Cut { mut edges, beside, beside_steps } = cut;
        edges.sort_by(|a, b| a.y[0].total_cmp(&b.y[0]));
        let mut sum = 0.0;
        let total = |(part, step): (&f64, &f64)| {
            sum += step;
            (part + sum) as f32
        };
        let beside = beside.iter().zip(&beside_steps).map(total).collect();
        let columns = left as usize..right as usize;
        let changes = vec![0.0; columns.len() + 2];
        Some(Sweep { layer, edges, beside, rows, begun: 0, active: Vec::new(), columns, changes })
    }

    /// Lays its part of the row over `mixed`, whose first pixel is column `left`. False when it has
    /// none.
    fn row(&mut self, row: usize, smooth: bool, left: usize, mixed: &mut [[f32; 4]]) -> bool {
        if !self.rows.contains(&row) {
            return false;
        }
        let y = row as f64;
        while self.begun < self.edges.len() && self.edges[self.begun].y[0] < y + 1.0 {
            self.active.push(self.begun);
            self.begun += 1;
        }
        self.active.retain(|edge| self.edges[*edge].y[1] > y);
        let beside = self.beside[row - self.rows.start];
        if self.active.is_empty() && beside.abs() <= ROUNDING {
            return false;
        }
        self.changes.fill(0.0);
        self.changes[0] = beside;
        for edge in &self.active {
            accumulate(&mut self.changes, &self.edges[*edge], y, self.columns.start as f64);
        }
        let [red, green, blue, alpha] = self.layer.rgba;
        let even_odd = self.layer.rule == FillRule::EvenOdd;
        let row = &mut mixed[self.columns.start - left..self.columns.end - left];
        let (mut sum, mut column) = (0.0, 0);
        while column < row.len() {
            // Up to the next change all columns are covered alike.
            let rest = &self.changes[column + 1..row.len()];
            let run = 1 + rest.iter().position(|change| *change != 0.0).unwrap_or(rest.len());
            sum += self.changes[column];
            let mut covered = if even_odd { fold(sum) } else { sum.abs().min(1.0) };
            if !smooth {
                covered = if covered >= 0.5 - ROUNDING { 1.0 } else { 0.0 };
            }
            // What is left of a sum that should be zero.
            if covered > ROUNDING {
                let over = covered * alpha;
                let keep = 1.0 - over;
                for below in &mut row[column..column + run] {
                    *below = [
                        below[0] * keep + red * over,
                        below[1] * keep + green * over,
                        below[2] * keep + blue * over,
                        below[3] * keep + over,
                    ];
                }
            }
            column += run;
        }
        true
    }
}

/// Coverages closer than this are alike: a thousand additions of `f32` stay within it.
const ROUNDING: f32 = 1.0 / 8192.0;

/// The even-odd rule for an average winding number: 0 at even numbers, 1 at odd ones.
fn fold(winding: f32) -> f32 {
    let rest = winding.abs() % 2.0;
    if rest > 1.0 { 2.0 - rest } else { rest }
}

impl Segment {
    fn is_finite(&self) -> bool {
        self.from.iter().chain(&self.to).all(|value| value.is_finite())
    }
}

impl Cut {
    /// Cuts a line to rows and columns and adds it. What lies to the left of the columns counts for all
    /// of them alike; what lies to the right counts for none.
    fn push(&mut self, segment: &Segment, (left, right): (f64, f64), (upper, lower): (f64, f64)) {
        let ([x0, y0], [x1, y1]) = (segment.from, segment.to);
        let (top, bottom, winding) = if y0 < y1 { ([x0, y0], [x1, y1], 1.0) } else { ([x1, y1], [x0, y0], -1.0) };
        let (begin, end) = (top[1].max(upper), bottom[1].min(lower));
        if begin >= end {
            return;
        }
        let slope = (bottom[0] - top[0]) / (bottom[1] - top[1]);
        let x_at = |y: f64| {
            let x = top[0] + (y - top[1]) * slope;
            x.clamp(top[0].min(bottom[0]), top[0].max(bottom[0]))
        };
        // The heights where it crosses the borders, in order.
        let mut cuts = [begin, end, end, end];
        if slope != 0.0 {
            let crossings = [left, right].map(|x| (top[1] + (x - top[0]) / slope).clamp(begin, end));
            cuts[1] = crossings[0].min(crossings[1]);
            cuts[2] = crossings[0].max(crossings[1]);
        }
        for pair in cuts.windows(2).filter(|pair| pair[0] < pair[1]) {
            let x = [x_at(pair[0]).clamp(left, right), x_at(pair[1]).clamp(left, right)];
            if x == [left, left] {
                self.push_beside(pair[0] - upper, pair[1] - upper, winding);
            } else if x != [right, right] {
                let slope = (x[1] - x[0]) / (pair[1] - pair[0]);
                self.edges.push(Edge { x, y: [pair[0], pair[1]], slope, winding });
            }
        }
    }

    /// An upright line to the left of all columns, in rows from the first one on.
    fn push_beside(&mut self, begin: f64, end: f64, winding: f64) {
        let (first, last) = (begin as usize, end as usize);
        if first == last {
            self.beside[first] += (end - begin) * winding;
            return;
        }
        // From the row in which it begins, for good; less what is above it, and likewise at its end.
        self.beside_steps[first] += winding;
        self.beside[first] -= begin.fract() * winding;
        self.beside_steps[last] -= winding;
        if let Some(part) = self.beside.get_mut(last) {
            *part += end.fract() * winding;
        }
    }
}

/// Adds what an edge does in the row from `y` to `y + 1`.
fn accumulate(changes: &mut [f32], edge: &Edge, y: f64, left: f64) {
    let (top, bottom) = (edge.y[0].max(y), edge.y[1].min(y + 1.0));
    if top >= bottom {
        return;
    }
    let (least, most) = (edge.x[0].min(edge.x[1]), edge.x[0].max(edge.x[1]));
    let x_at = |y: f64| (edge.x[0] + (y - edge.y[0]) * edge.slope).clamp(least, most) - left;
    let (a, b) = (x_at(top), x_at(bottom));
    let (start, end) = (a.min(b), a.max(b));
    let tall = (bottom - top) * edge.winding;
    let first = start.floor();
    if end <= first + 1.0 {
        // Within one column: the trapezium to the right of the line.
        let covered = 1.0 - ((start + end) / 2.0 - first);
        changes[first as usize] += (tall * covered) as f32;
        changes[first as usize + 1] += (tall * (1.0 - covered)) as f32;
        return;
    }
    // Height gained per column, and the area that is covered up to the end of each column.
    let rise = tall / (end - start);
    let mut before = 0.0;
    let mut column = first;
    let mut area_before = 0.0;
    while column < end {
        let upto = (column + 1.0).min(end);
        let from = start.max(column);
        let gained = (upto - from) * rise;
        // A triangle (or trapezium) where the line is, a rectangle in the rest of the column.
        let area = before + gained * (1.0 - ((from + upto) / 2.0 - column));
        changes[column as usize] += (area - area_before) as f32;
        area_before = area;
        before += gained;
        column += 1.0;
    }
    changes[column as usize] += (before - area_before) as f32;
}

/// Lays a row of premultiplied colours (0 to 1), weakened by `opacity`, over a row of a picture.
///
/// Rounded to nearest; a gray picture takes the red.
pub fn lay_row(row: &mut [u8], channels: usize, above: &[[f32; 4]], opacity: f32) {
    for (pixel, above) in row.chunks_exact_mut(channels).zip(above) {
        lay_pixel(pixel, above.map(|value| value * opacity));
    }
}

/// Lays one premultiplied colour (0 to 1), weakened by `opacity`, over all pixels of a row, as [`lay_row`] does.
pub fn lay_run(row: &mut [u8], channels: usize, above: [f32; 4], opacity: f32) {
    let above = above.map(|value| value * opacity);
    let Some(first) = row.get_mut(..channels) else { return };
    if above[3] < 1.0 {
        return row.chunks_exact_mut(channels).for_each(|pixel| lay_pixel(pixel, above));
    }
    // Nothing is seen of what lies below: all pixels become the first one.
    lay_pixel(first, above);
    let mut done = channels;
    while done < row.len() {
        let more = done.min(row.len() - done);
        row.copy_within(..more, done);
        done += more;
    }
}

#[inline(always)]
fn lay_pixel(pixel: &mut [u8], above: [f32; 4]) {
    if above[3] <= 0.0 {
        return;
    }
    let mix = |below: &mut u8, above: f32, keep: f32| {
        *below = (f32::from(*below) * keep + above * 255.0 + 0.5) as u8;
    };
    let keep = 1.0 - above[3];
    if let [red, green, blue, alpha] = pixel {
        let below = f32::from(*alpha) / 255.0 * keep;
        let result = above[3] + below;
        for (channel, above) in [red, green, blue].into_iter().zip(above) {
            mix(channel, above / result, below / result);
        }
        *alpha = (result * 255.0 + 0.5) as u8;
    } else {
        for (channel, above) in pixel.iter_mut().zip(above) {
            mix(channel, above, keep);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contour(points: &[[f64; 2]]) -> Vec<Segment> {
        let next = points.iter().cycle().skip(1);
        points.iter().zip(next).map(|(from, to)| Segment { from: *from, to: *to }).collect()
    }

    fn white(segments: Vec<Segment>, rule: FillRule) -> Shape {
        Shape { segments, rule, rgba: [1.0; 4] }
    }

    fn painted(size: (u32, u32), layers: &[Shape], smooth: bool) -> Vec<u8> {
        let mut pixels = vec![0; (size.0 * size.1) as usize];
        paint(&mut pixels, size, 1, layers, 1.0, smooth);
        pixels
    }

    fn rectangle(x0: f64, y0: f64, x1: f64, y1: f64) -> Vec<Segment> {
        contour(&[[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    }

    #[test]
    fn coverage_is_the_exact_area() {
        let half = white(rectangle(0.5, 0.0, 2.0, 0.75), FillRule::NonZero);
        assert_eq!(painted((3, 1), &[half], true), [96, 191, 0]); // 0.375 and 0.75 of 255
        let triangle = white(contour(&[[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]), FillRule::NonZero);
        let row = painted((4, 4), &[triangle], true);
        assert_eq!(row, [255, 255, 255, 128, 255, 255, 128, 0, 255, 128, 0, 0, 128, 0, 0, 0]);
        // A flat line over many columns: y = x / 4.
        let flat = white(contour(&[[0.0, 0.0], [4.0, 1.0], [0.0, 1.0]]), FillRule::NonZero);
        assert_eq!(painted((4, 1), &[flat], true), [223, 159, 96, 32]); // 7/8, 5/8, 3/8, 1/8
    }

    #[test]
    fn what_lies_outside_is_cut_and_still_counts() {
        let large = white(rectangle(-1e6, -1e6, 1e6, 1e6), FillRule::NonZero);
        assert_eq!(painted((3, 3), &[large], true), [255; 9]);
        // A diamond whose corners are all outside.
        let diamond = white(contour(&[[2.0, -1.0], [5.0, 2.0], [2.0, 5.0], [-1.0, 2.0]]), FillRule::NonZero);
        let made = painted((4, 4), &[diamond], true);
        assert_eq!(made[..4], [128, 255, 255, 128]);
        assert_eq!(made[12..], [128, 255, 255, 128]);
        let away = white(rectangle(10.0, 10.0, 20.0, 20.0), FillRule::NonZero);
        assert_eq!(painted((3, 3), &[away], true), [0; 9]);
        let broken = white(rectangle(f64::NAN, 0.0, 2.0, 2.0), FillRule::NonZero);
        assert_eq!(painted((3, 3), &[broken], true), [0; 9]);
    }

    #[test]
    fn fill_rules_differ_where_contours_overlap() {
        let mut twice = rectangle(0.0, 0.0, 3.0, 1.0);
        twice.extend(rectangle(1.0, 0.0, 2.0, 1.0));
        assert_eq!(painted((3, 1), &[white(twice.clone(), FillRule::NonZero)], true), [255; 3]);
        assert_eq!(painted((3, 1), &[white(twice, FillRule::EvenOdd)], true), [255, 0, 255]);
    }

    #[test]
    fn without_smoothing_half_a_pixel_decides() {
        let part = white(rectangle(0.5, 0.0, 1.4, 1.0), FillRule::NonZero);
        assert_eq!(painted((2, 1), &[part], false), [255, 0]);
    }

    #[test]
    fn opacity_counts_once_for_layers_that_overlap() {
        let whole = || rectangle(0.0, 0.0, 1.0, 1.0);
        let layers = [
            white(whole(), FillRule::NonZero),
            Shape { rgba: [0.0, 0.0, 0.0, 1.0], ..white(whole(), FillRule::NonZero) },
        ];
        let mut pixels = [200];
        paint(&mut pixels, (1, 1), 1, &layers, 0.5, true);
        assert_eq!(pixels, [100]);
        // Over nothing, a half transparent colour stays that colour.
        let mut pixels = [9, 9, 9, 0];
        let red = Shape { rgba: [1.0, 0.0, 0.0, 1.0], ..white(whole(), FillRule::NonZero) };
        paint(&mut pixels, (1, 1), 4, &[red], 0.5, true);
        assert_eq!(pixels, [255, 0, 0, 128]);
    }
}
