//! Pictures to test with: the same bytes every time and everywhere.
//!
//! They are made by basic arithmetic and integer hashes only, so they do not hang on a machine's
//! mathematics library. All take any size from 1 x 1 on; what they show is scaled to it.

use safelight_sdk::PixelFormat::{Gray8, Rgb8, Rgba8};
use safelight_sdk::{Image, PixelFormat, to_format};

/// Sizes at which things go wrong: one pixel, one row, one column, odd, and a usual one.
pub const EDGE_SIZES: [(u32, u32); 5] = [(1, 1), (1, 7), (7, 1), (17, 13), (64, 48)];

/// All pixel formats.
pub const FORMATS: [PixelFormat; 3] = [Gray8, Rgb8, Rgba8];

/// A picture in each format: gray, colours, and colours cut out by soft alpha.
pub fn in_format(format: PixelFormat, width: u32, height: u32) -> Image {
    match format {
        Gray8 => gray(width, height),
        Rgb8 => photo(width, height),
        Rgba8 => cutout(width, height),
    }
}

/// Like a photograph: a sky with clouds and a sun, hills with texture, a red house; grain over all.
/// RGB.
pub fn photo(width: u32, height: u32) -> Image {
    draw(width, height, Rgb8, |place| place.landscape().to_vec())
}

/// The photograph without colours. Gray.
pub fn gray(width: u32, height: u32) -> Image {
    to_format(photo(width, height), Gray8)
}

/// The photograph cut out by a disc with a soft edge. Where it is transparent the hidden colour is a
/// bright green, so that a fringe shows. RGBA.
pub fn cutout(width: u32, height: u32) -> Image {
    draw(width, height, Rgba8, |place| {
        let (x, y) = (place.u - 0.5, place.v - 0.5);
        let distance = (x * x + y * y).sqrt();
        let alpha = 1.0 - smoothstep(0.34, 0.46, distance);
        let [red, green, blue] = if alpha > 0.0 { place.landscape() } else { [0, 255, 0] };
        vec![red, green, blue, byte(alpha)]
    })
}

/// Red grows to the right, green downwards, blue falls to the right. RGB.
pub fn gradient(width: u32, height: u32) -> Image {
    draw(width, height, Rgb8, |place| vec![byte(place.u), byte(place.v), byte(1.0 - place.u)])
}

/// Black and white squares. Gray.
pub fn checker(width: u32, height: u32, cell_px: u32) -> Image {
    let cell = cell_px.max(1);
    draw(width, height, Gray8, |place| vec![if (place.x / cell + place.y / cell).is_multiple_of(2) { 255 } else { 0 }])
}

/// Dark strokes on paper, with soft edges as printed letters have: an A, an R and an E. Gray.
pub fn text(width: u32, height: u32) -> Image {
    /// Strokes from point to point in a square of 100 x 100.
    const STROKES: [[f64; 4]; 12] = [
        [5.0, 85.0, 18.0, 15.0],
        [18.0, 15.0, 31.0, 85.0],
        [10.0, 60.0, 26.0, 60.0],
        [40.0, 15.0, 40.0, 85.0],
        [40.0, 15.0, 58.0, 20.0],
        [58.0, 20.0, 58.0, 42.0],
        [58.0, 42.0, 40.0, 48.0],
        [40.0, 48.0, 60.0, 85.0],
        [70.0, 15.0, 70.0, 85.0],
        [70.0, 15.0, 94.0, 15.0],
        [70.0, 50.0, 90.0, 50.0],
        [70.0, 85.0, 94.0, 85.0],
    ];
    draw(width, height, Gray8, |place| {
        let (x, y) = (place.u * 100.0, place.v * 100.0);
        let nearest = STROKES.iter().map(|stroke| distance_to_stroke(x, y, *stroke)).fold(f64::INFINITY, f64::min);
        let paper = 235.0 + 20.0 * noise(place.u * 5.0, place.v * 5.0, 7);
        vec![level(mix(25.0, paper, smoothstep(3.0, 5.5, nearest)))]
    })
}

/// The photograph within a plain frame, a sixth of the picture wide on every side. RGB.
pub fn framed(width: u32, height: u32) -> Image {
    draw(width, height, Rgb8, |place| {
        let inside = |value: f64| (1.0 / 6.0..5.0 / 6.0).contains(&value);
        if inside(place.u) && inside(place.v) { place.landscape().to_vec() } else { vec![210, 220, 200] }
    })
}

/// Noise: every channel of every pixel for itself. `seed` chooses another.
pub fn noisy(width: u32, height: u32, format: PixelFormat, seed: u32) -> Image {
    draw(width, height, format, |place| {
        (0..format.bytes() as u32).map(|channel| (hash(place.x, place.y, seed ^ (channel << 16)) >> 24) as u8).collect()
    })
}

/// One colour all over. `pixel` has the bytes of one pixel in `format`.
pub fn flat(width: u32, height: u32, format: PixelFormat, pixel: &[u8]) -> Image {
    Image::filled(safelight_sdk::Size::new(width, height), format, pixel)
}

/// A pixel's position: its index, and its middle within a picture that is 1 wide and 1 high.
struct Place {
    x: u32,
    y: u32,
    u: f64,
    v: f64,
}

fn draw(width: u32, height: u32, format: PixelFormat, pixel: impl Fn(&Place) -> Vec<u8>) -> Image {
    let mut pixels = Image::room(safelight_sdk::Size::new(width, height), format);
    for y in 0..height {
        for x in 0..width {
            let u = (f64::from(x) + 0.5) / f64::from(width);
            let v = (f64::from(y) + 0.5) / f64::from(height);
            pixels.extend_from_slice(&pixel(&Place { x, y, u, v }));
        }
    }
    Image::new(width, height, format, pixels)
}

impl Place {
    fn landscape(&self) -> [u8; 3] {
        let (u, v) = (self.u, self.v);
        let low = (v / 0.65).min(1.0);
        let mut color = blend([55.0, 105.0, 190.0], [245.0, 200.0, 150.0], low);
        let cloud = smoothstep(0.5, 0.8, clouds(u * 3.0, v * 5.0, 1));
        color = blend(color, [250.0, 248.0, 245.0], cloud * (1.0 - low));
        let (x, y) = (u - 0.68, (v - 0.36) * 0.75);
        color = blend(color, [255.0, 240.0, 180.0], 1.0 - smoothstep(0.09, 0.11, (x * x + y * y).sqrt()));
        for (seed, top, ground) in [(2, 0.42, [105.0, 110.0, 150.0]), (3, 0.55, [45.0, 85.0, 50.0])] {
            let edge = top + 0.25 * clouds(u * 4.0, 0.0, seed);
            let texture = 0.6 + 0.8 * clouds(u * 20.0, v * 20.0, seed);
            let hill = ground.map(|value| value * texture);
            color = blend(color, hill, smoothstep(edge, edge + 0.01, v));
        }
        let inside = |left: f64, top: f64, right: f64, bottom: f64| u > left && u < right && v > top && v < bottom;
        if inside(0.14, 0.62, 0.36, 0.86) {
            color = if inside(0.2, 0.68, 0.27, 0.78) { [250.0, 225.0, 90.0] } else { [190.0, 45.0, 40.0] };
        }
        let grain = f64::from(hash(self.x, self.y, 9) >> 28) - 7.5;
        color.map(|value| level(value + grain * 0.6))
    }
}

/// Three octaves of `noise`.
fn clouds(x: f64, y: f64, seed: u32) -> f64 {
    (4.0 * noise(x, y, seed) + 2.0 * noise(x * 2.0, y * 2.0, seed + 50) + noise(x * 4.0, y * 4.0, seed + 100)) / 7.0
}

/// Smooth noise of 0 to 1: a hashed value at every whole position, blended between.
fn noise(x: f64, y: f64, seed: u32) -> f64 {
    let (left, top) = (x.floor(), y.floor());
    let corner = |dx: u32, dy: u32| f64::from(hash(left as u32 + dx, top as u32 + dy, seed) >> 16) / 65_535.0;
    let (across, down) = (smoothstep(0.0, 1.0, x - left), smoothstep(0.0, 1.0, y - top));
    mix(mix(corner(0, 0), corner(1, 0), across), mix(corner(0, 1), corner(1, 1), across), down)
}

/// A well-mixed number of a position: two rounds of multiplying by odd constants and folding.
fn hash(x: u32, y: u32, seed: u32) -> u32 {
    let mut value = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b) ^ seed.wrapping_mul(0xc2b2_ae35);
    for _ in 0..2 {
        value = (value ^ (value >> 15)).wrapping_mul(0x2c1b_3c6d);
        value ^= value >> 13;
    }
    value
}

fn distance_to_stroke(x: f64, y: f64, [from_x, from_y, to_x, to_y]: [f64; 4]) -> f64 {
    let (dx, dy) = (to_x - from_x, to_y - from_y);
    let along = (((x - from_x) * dx + (y - from_y) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    let (away_x, away_y) = (x - from_x - along * dx, y - from_y - along * dy);
    (away_x * away_x + away_y * away_y).sqrt()
}

fn smoothstep(from: f64, to: f64, value: f64) -> f64 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn mix(one: f64, other: f64, share: f64) -> f64 {
    one + (other - one) * share
}

fn blend(one: [f64; 3], other: [f64; 3], share: f64) -> [f64; 3] {
    [0, 1, 2].map(|channel| mix(one[channel], other[channel], share))
}

/// 0 to 1 as a byte.
fn byte(value: f64) -> u8 {
    level(value * 255.0)
}

fn level(value: f64) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}
