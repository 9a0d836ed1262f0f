//! Pictures bent by a formula: perspective, shear, arc.

use crate::{
    affine::{Grid, Line},
    bytes, has_transparency, premultiply, unpremultiply,
};

/// From where in the picture a pixel of the result comes. Positions count from the corner: the middle of
/// the first pixel is (0.5, 0.5).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mapping {
    /// `((a x + b y + c) / w, (d x + e y + f) / w)` with `w = g x + h y + i`, row by row. Where `w` is not
    /// positive there is nothing.
    Projective([f64; 9]),
    /// The picture's columns are rays from `centre`, spread over `angle_rad` around upwards, its rows are
    /// arcs; the first row has the radius `outer`.
    Arc {
        /// In the result.
        centre: (f64, f64),
        /// More than 0, at most a full turn.
        angle_rad: f64,
        /// Pixels.
        outer: f64,
    },
}

impl Mapping {
    /// The mapping under which a picture's corners, clockwise from the top left, come to lie at `corners`.
    /// None when these are no convex quadrangle.
    ///
    /// Source: P. Heckbert, "Fundamentals of texture mapping and image warping" (1989), section 2.2.3: unit
    /// square to quadrangle, then the adjugate for the way back.
    pub fn to_corners((width, height): (f64, f64), corners: [(f64, f64); 4]) -> Option<Mapping> {
        if !is_convex(corners) {
            return None;
        }
        let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = corners;
        let (dx1, dx2, dx3) = (x1 - x2, x3 - x2, x0 - x1 + x2 - x3);
        let (dy1, dy2, dy3) = (y1 - y2, y3 - y2, y0 - y1 + y2 - y3);
        let determinant = dx1 * dy2 - dx2 * dy1;
        let g = (dx3 * dy2 - dx2 * dy3) / determinant;
        let h = (dx1 * dy3 - dx3 * dy1) / determinant;
        let (a, b, c) = (x1 - x0 + g * x1, x3 - x0 + h * x3, x0);
        let (d, e, f) = (y1 - y0 + g * y1, y3 - y0 + h * y3, y0);
        let back = [
            e - f * h,
            c * h - b,
            b * f - c * e,
            f * g - d,
            a - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ];
        // The sign that makes `w` positive inside: at the middle of the quadrangle.
        let (x, y) = ((x0 + x1 + x2 + x3) / 4.0, (y0 + y1 + y2 + y3) / 4.0);
        let sign = (back[6] * x + back[7] * y + back[8]).signum();
        let scale = [width, width, width, height, height, height, 1.0, 1.0, 1.0];
        Some(Mapping::Projective(std::array::from_fn(|index| back[index] * scale[index] * sign)))
    }
}

/// Whether four corners turn the same way, each by more than a hair.
fn is_convex(corners: [(f64, f64); 4]) -> bool {
    let turn = |index: usize| {
        let at = |offset: usize| corners[(index + offset) % 4];
        let ((x0, y0), (x1, y1), (x2, y2)) = (at(0), at(1), at(2));
        (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1)
    };
    let turns: [f64; 4] = std::array::from_fn(turn);
    turns.iter().all(|turn| *turn > 1e-3) || turns.iter().all(|turn| *turn < -1e-3)
}

/// Bends a picture into the size `to`.
///
/// Shape: `colour` is one pixel of the background and gives the number of channels (1, 3 or 4). RGBA is
/// premultiplied for the work unless picture and background are opaque; the buffer's contents are then spent.
/// Edges: the picture is continued by its edge pixels and ends over one pixel of the result.
/// Method: bilinear. Where the picture shrinks by more than a quarter, the mean of four samples in a copy that is
/// smaller by a power of two (L. Williams, "Pyramidal parametrics", 1983).
/// Cost: a new buffer, a third of the picture for the smaller copies, at most 16 pixels read for each made.
///
/// # Panics
/// When the buffer has not the stated size.
pub fn warp(pixels: &mut [u8], size: (u32, u32), colour: &[u8], to: (u32, u32), mapping: Mapping) -> Vec<u8> {
    assert_eq!(pixels.len(), bytes(size.0, size.1, colour.len()), "bytes of the picture");
    let mut colour = colour.to_vec();
    let mixes_alpha = colour.len() == 4 && (colour[3] != 255 || has_transparency(pixels));
    if mixes_alpha {
        premultiply(pixels);
        premultiply(&mut colour);
    }
    let mut made = match colour.len() {
        1 => warp_pixels::<1>(pixels, size, &colour, to, mapping),
        3 => warp_pixels::<3>(pixels, size, &colour, to, mapping),
        4 => warp_pixels::<4>(pixels, size, &colour, to, mapping),
        channels => panic!("{channels} channels"),
    };
    if mixes_alpha {
        unpremultiply(&mut made);
    }
    made
}

fn warp_pixels<const N: usize>(
    pixels: &[u8],
    size: (u32, u32),
    colour: &[u8],
    to: (u32, u32),
    mapping: Mapping,
) -> Vec<u8> {
    let colour: [u8; N] = colour.try_into().expect("one pixel");
    let pyramid = Pyramid::new(pixels.as_chunks::<N>().0, (size.0 as usize, size.1 as usize));
    let whole = (f64::from(size.0), f64::from(size.1));
    match mapping {
        Mapping::Projective([a, b, c, d, e, f, 0.0, 0.0, i]) if i > 0.0 => {
            affine(pyramid, colour, size, to, [a, b, c, d, e, f].map(|factor| factor / i))
        }
        Mapping::Projective([a, b, c, d, e, f, g, h, i]) => fill(pyramid, colour, whole, to, f64::INFINITY, |x, y| {
            let w = g * x + h * y + i;
            if w > 0.0 { ((a * x + b * y + c) / w, (d * x + e * y + f) / w) } else { NOWHERE }
        }),
        Mapping::Arc { centre, angle_rad, outer } => {
            let turn = whole.0 * std::f64::consts::TAU / angle_rad;
            fill(pyramid, colour, whole, to, turn, |x, y| {
                let (right, up) = (x - centre.0, centre.1 - y);
                ((right.atan2(up) / angle_rad + 0.5) * whole.0, outer - right.hypot(up))
            })
        }
    }
}

/// Makes all pixels by one matrix: what is not at the edge goes the fast way where the picture does not shrink.
fn affine<const N: usize>(
    pyramid: Pyramid<'_, N>,
    colour: [u8; N],
    size: (u32, u32),
    to: (u32, u32),
    [a, b, c, d, e, f]: [f64; 6],
) -> Vec<u8> {
    let whole = (f64::from(size.0), f64::from(size.1));
    let map = |x: f64, y: f64| (a * x + b * y + c, d * x + e * y + f);
    if stretch((a, d), (b, e)) > SHARP_TO {
        return fill(pyramid, colour, whole, to, f64::INFINITY, map);
    }
    let spread = (a.abs() + b.abs(), d.abs() + e.abs());
    let far = spread.0.max(spread.1) / 2.0;
    let grid = Grid { pixels: pyramid.picture, width: size.0 as i32, height: size.1 as i32 };
    let mut made = colour.repeat(to.0 as usize * to.1 as usize);
    let stride = to.0 as usize;
    let mut inner = Vec::with_capacity(to.1 as usize);
    for (y, row) in made.as_chunks_mut::<N>().0.chunks_exact_mut(stride).enumerate() {
        let (x0, y0) = map(0.5, y as f64 + 0.5);
        // Whole numbers are the middles of pixels there.
        let line = Line { x0: x0 - 0.5, y0: y0 - 0.5, dx: a, dy: d };
        let touched = line.span(&grid, -far - 1.0, stride);
        let whole_pixels = grid.inside(&line, (far - 0.5).max(0.0), stride);
        let first = whole_pixels.steps.start.clamp(touched.start, touched.end);
        let last = whole_pixels.steps.end.clamp(first, touched.end);
        for step in (touched.start..first).chain(last..touched.end) {
            let at = (x0 + step as f64 * a, y0 + step as f64 * d);
            let inside = inside(at.0, whole.0, spread.0).min(inside(at.1, whole.1, spread.1));
            if inside > 0.0 {
                row[step] = mix(bilinear(pyramid.picture, pyramid.size, at), colour, inside);
            }
        }
        inner.push(whole_pixels);
    }
    grid.fill(made.as_chunks_mut::<N>().0, stride, &inner);
    made
}

/// Up to this factor of shrinking one sample is taken: it still meets every pixel.
const SHARP_TO: f64 = 1.25;

/// A position that is in no picture.
const NOWHERE: (f64, f64) = (-1e18, -1e18);

/// Makes all pixels. After `turn` columns the mapping comes back to where it was.
fn fill<const N: usize>(
    mut pyramid: Pyramid<'_, N>,
    colour: [u8; N],
    (width, height): (f64, f64),
    to: (u32, u32),
    turn: f64,
    map: impl Fn(f64, f64) -> (f64, f64),
) -> Vec<u8> {
    let mut made = Vec::with_capacity(bytes(to.0, to.1, N));
    let mut row = vec![colour; to.0 as usize];
    let line = |y: u32, line: &mut Vec<(f64, f64)>| {
        line.clear();
        line.extend((0..=to.0).map(|x| map(f64::from(x) + 0.5, f64::from(y) + 0.5)));
    };
    let (mut here, mut below) = (Vec::new(), Vec::new());
    line(0, &mut here);
    for y in 0..to.1 {
        line(y + 1, &mut below);
        for (x, pixel) in row.iter_mut().enumerate() {
            let at = here[x];
            let (right, under) = (step(at, here[x + 1], turn), step(at, below[x], turn));
            let spread = (right.0.abs() + under.0.abs(), right.1.abs() + under.1.abs());
            let inside = inside(at.0, width, spread.0).min(inside(at.1, height, spread.1));
            *pixel = if inside <= 0.0 {
                colour
            } else {
                let stretch = stretch(right, under);
                mix(pyramid.sample(at, right, under, stretch), colour, inside)
            };
        }
        made.extend_from_slice(row.as_flattened());
        std::mem::swap(&mut here, &mut below);
    }
    made
}

/// From one position to the next.
#[inline(always)]
fn step(from: (f64, f64), to: (f64, f64), turn: f64) -> (f64, f64) {
    let (mut across, down) = (to.0 - from.0, to.1 - from.1);
    if across.abs() > turn / 2.0 {
        across -= turn.copysign(across);
    }
    (across, down)
}

/// By how much the picture shrinks here: the side of a square of the same area, and at least a quarter of the
/// longer step, as the two samples along that one reach no further.
#[inline(always)]
fn stretch(right: (f64, f64), under: (f64, f64)) -> f64 {
    let area = (right.0 * under.1 - right.1 * under.0).abs();
    let longer = right.0.hypot(right.1).max(under.0.hypot(under.1));
    area.sqrt().max(longer / 4.0)
}

/// How much of a pixel lies inside, 0 to 1, by one direction: `spread` is its extent there.
#[inline(always)]
fn inside(at: f64, length: f64, spread: f64) -> f64 {
    // A pixel that is larger than the picture shows it by its share.
    let spread = spread.max(1e-9);
    let (start, end) = ((at - spread / 2.0).max(0.0), (at + spread / 2.0).min(length));
    ((end - start) / spread).clamp(0.0, 1.0)
}

#[inline(always)]
fn mix<const N: usize>(sample: [f32; N], colour: [u8; N], inside: f64) -> [u8; N] {
    let inside = inside as f32;
    std::array::from_fn(|channel| {
        let behind = f32::from(colour[channel]);
        (behind + (sample[channel] - behind) * inside + 0.5) as u8
    })
}

/// A smaller copy and its size.
type Level<const N: usize> = (Vec<[u8; N]>, (usize, usize));

/// The picture and its halvings, made when they are needed.
struct Pyramid<'a, const N: usize> {
    picture: &'a [[u8; N]],
    size: (usize, usize),
    smaller: Vec<Level<N>>,
}

impl<'a, const N: usize> Pyramid<'a, N> {
    fn new(picture: &'a [[u8; N]], size: (usize, usize)) -> Self {
        Pyramid { picture, size, smaller: Vec::new() }
    }

    fn level(&self, level: usize) -> (&[[u8; N]], (usize, usize)) {
        match level.checked_sub(1) {
            None => (self.picture, self.size),
            Some(index) => (&self.smaller[index].0, self.smaller[index].1),
        }
    }

    /// The colour around a position, over the parallelogram of the two steps.
    #[inline(always)]
    fn sample(&mut self, at: (f64, f64), right: (f64, f64), under: (f64, f64), stretch: f64) -> [f32; N] {
        if stretch <= SHARP_TO {
            return bilinear(self.picture, self.size, at);
        }
        self.sample_smaller(at, right, under, stretch)
    }

    fn sample_smaller(&mut self, at: (f64, f64), right: (f64, f64), under: (f64, f64), stretch: f64) -> [f32; N] {
        let wanted = stretch.log2().clamp(0.0, 16.0) as usize;
        while self.smaller.len() < wanted {
            let (picture, size) = self.level(self.smaller.len());
            if size == (1, 1) {
                break;
            }
            let halved = halved(picture, size);
            self.smaller.push(halved);
        }
        let level = wanted.min(self.smaller.len());
        let (picture, size) = self.level(level);
        let scale = 1.0 / (1u32 << level) as f64;
        // Further than the picture is wide, four samples say no more than its mean.
        let quarter = |step: (f64, f64)| (step.0.clamp(-1e6, 1e6) / 4.0, step.1.clamp(-1e6, 1e6) / 4.0);
        let (right, under) = (quarter(right), quarter(under));
        let mut sums = [0.0; N];
        for (across, down) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
            let x = at.0 + across * right.0 + down * under.0;
            let y = at.1 + across * right.1 + down * under.1;
            let sample = bilinear(picture, size, (x * scale, y * scale));
            for channel in 0..N {
                sums[channel] += sample[channel] / 4.0;
            }
        }
        sums
    }
}

/// The mean of every 2 x 2 pixels, rounded to nearest; an odd last row or column counts twice.
fn halved<const N: usize>(picture: &[[u8; N]], (width, height): (usize, usize)) -> Level<N> {
    let size = (width.div_ceil(2), height.div_ceil(2));
    let mut made = Vec::with_capacity(size.0 * size.1);
    for y in 0..size.1 {
        let upper = &picture[2 * y * width..][..width];
        let lower = &picture[(2 * y + 1).min(height - 1) * width..][..width];
        for x in 0..size.0 {
            let (left, right) = (2 * x, (2 * x + 1).min(width - 1));
            made.push(std::array::from_fn(|channel| {
                let value = |row: &[[u8; N]], x: usize| u16::from(row[x][channel]);
                let sum = value(upper, left) + value(upper, right) + value(lower, left) + value(lower, right);
                ((sum + 2) / 4) as u8
            }));
        }
    }
    (made, size)
}

/// Between the four pixels around a position; the picture is continued by its edge pixels.
#[inline(always)]
fn bilinear<const N: usize>(picture: &[[u8; N]], (width, height): (usize, usize), (x, y): (f64, f64)) -> [f32; N] {
    let x = (x - 0.5).clamp(0.0, (width - 1) as f64);
    let y = (y - 0.5).clamp(0.0, (height - 1) as f64);
    let (left, top) = (x as usize, y as usize);
    let (right, below) = ((x - left as f64) as f32, (y - top as f64) as f32);
    let next = (left + 1).min(width - 1);
    let upper = &picture[top * width..][..width];
    let lower = &picture[(top + 1).min(height - 1) * width..][..width];
    std::array::from_fn(|channel| {
        let value = |row: &[[u8; N]], x: usize| f32::from(row[x][channel]);
        let above = value(upper, left) + (value(upper, next) - value(upper, left)) * right;
        let under = value(lower, left) + (value(lower, next) - value(lower, left)) * right;
        above + (under - above) * below
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Mapping = Mapping::Projective([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);

    fn numbered(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 89 % 251) as u8).collect()
    }

    #[test]
    fn nothing_changes_where_nothing_moves() {
        for channels in [1, 3] {
            let pixels = numbered(7 * 5 * channels);
            let colour = &[1, 2, 3][..channels];
            assert_eq!(warp(&mut pixels.clone(), (7, 5), colour, (7, 5), IDENTITY), pixels);
            let corners = [(0.0, 0.0), (7.0, 0.0), (7.0, 5.0), (0.0, 5.0)];
            let mapping = Mapping::to_corners((7.0, 5.0), corners).expect("a quadrangle");
            assert_eq!(warp(&mut pixels.clone(), (7, 5), colour, (7, 5), mapping), pixels);
        }
    }

    #[test]
    fn the_fast_way_gives_what_the_general_one_does() {
        for (width, height) in [(1, 1), (2, 2), (3, 1), (1, 5), (4, 3), (40, 31)] {
            let pixels = numbered((width * height * 3) as usize);
            let whole = (f64::from(width), f64::from(height));
            for (a, b, d, e) in
                [(1.0, -0.36, 0.0, 1.0), (1.0, 1.7, 0.0, 1.0), (0.7, 0.4, -0.3, 0.9), (0.5, 0.0, 0.0, 0.5)]
            {
                let (c, f) = (-3.3, -2.1);
                let to = (60, 45);
                let pyramid = || Pyramid::<3>::new(pixels.as_chunks::<3>().0, (width as usize, height as usize));
                let fast = affine(pyramid(), [9, 90, 200], (width, height), to, [a, b, c, d, e, f]);
                let map = |x: f64, y: f64| (a * x + b * y + c, d * x + e * y + f);
                let general = fill(pyramid(), [9, 90, 200], whole, to, f64::INFINITY, map);
                // Weights are rounded to 1/256: at most a level along each axis.
                let far = fast.iter().zip(&general).map(|(fast, general)| fast.abs_diff(*general)).max();
                assert!(far <= Some(2), "{width} x {height}, {a} {b} {d} {e}: {far:?}");
            }
        }
    }

    #[test]
    fn corners_come_to_lie_where_they_should() {
        let corners = [(10.0, 20.0), (90.0, 5.0), (70.0, 80.0), (0.0, 60.0)];
        let Some(Mapping::Projective(m)) = Mapping::to_corners((40.0, 30.0), corners) else { panic!("a mapping") };
        for ((x, y), expected) in corners.into_iter().zip([(0.0, 0.0), (40.0, 0.0), (40.0, 30.0), (0.0, 30.0)]) {
            let w = m[6] * x + m[7] * y + m[8];
            let (u, v) = ((m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w);
            assert!(w > 0.0 && (u - expected.0).abs() < 1e-9 && (v - expected.1).abs() < 1e-9, "{u} {v}");
        }
        let mirrored = [(40.0, 0.0), (0.0, 0.0), (0.0, 30.0), (40.0, 30.0)];
        assert!(Mapping::to_corners((40.0, 30.0), mirrored).is_some());
        let crossed = [(0.0, 0.0), (40.0, 30.0), (40.0, 0.0), (0.0, 30.0)];
        assert_eq!(Mapping::to_corners((40.0, 30.0), crossed), None);
        assert_eq!(Mapping::to_corners((40.0, 30.0), [(1.0, 1.0); 4]), None);
    }

    #[test]
    fn a_picture_that_shrinks_becomes_its_mean() {
        let checker: Vec<u8> = (0..64 * 64).map(|i| if (i % 64 + i / 64) % 2 == 0 { 0 } else { 200 }).collect();
        let corners = [(0.0, 0.0), (8.0, 0.0), (8.0, 8.0), (0.0, 8.0)];
        let mapping = Mapping::to_corners((64.0, 64.0), corners).expect("a quadrangle");
        for value in warp(&mut checker.clone(), (64, 64), &[0], (8, 8), mapping) {
            assert!(value.abs_diff(100) <= 1, "{value}");
        }
    }

    #[test]
    fn edges_end_over_one_pixel_and_do_not_darken_transparent_surroundings() {
        let mut pixels = [255, 255, 255, 255].repeat(4);
        let half_a_pixel_on = Mapping::Projective([1.0, 0.0, -0.5, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let made = warp(&mut pixels, (4, 1), &[0, 0, 0, 0], (6, 1), half_a_pixel_on);
        let white = |alpha: u8| [255, 255, 255, alpha];
        assert_eq!(made, [white(128), white(255), white(255), white(255), white(128), [0; 4]].concat());
    }

    #[test]
    fn an_arc_has_its_first_row_outside() {
        // Upper half white, lower half black, over half a turn.
        let mut pixels = [[255; 64].repeat(8), [0; 64].repeat(8)].concat();
        let mapping = Mapping::Arc { centre: (30.0, 30.0), angle_rad: std::f64::consts::PI, outer: 28.0 };
        let made = warp(&mut pixels, (64, 16), &[90], (60, 31), mapping);
        let at = |x: usize, y: usize| made[y * 60 + x];
        assert_eq!([at(30, 5), at(30, 15), at(30, 25), at(30, 0)], [255, 0, 90, 90]);
        assert_eq!([at(5, 28), at(15, 28), at(55, 28)], [255, 0, 255]);
    }
}
