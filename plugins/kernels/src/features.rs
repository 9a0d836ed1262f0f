//! Finding an object in a picture by its corners, whatever its size, angle and, within limits, perspective.
//!
//! Corners are found by FAST, described by rotated BRIEF, and matched; a match counts when the places of
//! both sides agree about one affine map.

mod describe;
mod fit;

use crate::{Filter, Window, resize};

/// The longer side to which a picture is reduced before corners are looked for, in pixels.
const LONGEST: u32 = 800;

/// How much smaller each level of the pyramid is.
const LEVEL_RATIO: f64 = 1.25;

/// Levels of the pyramid: objects may differ in size by 1.25^7, about fivefold, either way.
const LEVELS: u32 = 8;

/// The most corners of one picture.
const MOST_FEATURES: usize = 3000;

/// A described corner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feature {
    /// Its place in pixels of the full picture.
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Full pixels per pixel of the level on which it was found.
    pub(crate) size: f64,
    /// 256 comparisons of pixels around it.
    pub(crate) bits: [u64; 4],
}

/// The corners of a picture, for [`find_object`].
#[derive(Clone, Debug)]
pub struct Features {
    found: Vec<Feature>,
    size: (u32, u32),
}

impl Features {
    /// Finds and describes at most 3000 corners of a gray picture.
    ///
    /// Source: E. Rublee et al., ORB: an efficient alternative to SIFT or SURF, ICCV 2011; the pairs of
    /// pixels are drawn at random once, not learned.
    /// Cost: the picture is reduced to 800 pixels first, so hardly more than that.
    pub fn of(gray: &[u8], (width, height): (u32, u32)) -> Features {
        let mut found = Vec::new();
        let start = (f64::from(width.max(height)) / f64::from(LONGEST)).max(1.0);
        let mut rest = MOST_FEATURES;
        let base = reduced(gray, (width, height), (width, height), start);
        for level in 0..LEVELS {
            let ratio = start * LEVEL_RATIO.powi(level as i32);
            let (mut pixels, size) = reduced(&base.0, base.1, (width, height), ratio);
            if size.0.min(size.1) <= 2 * describe::BORDER {
                break;
            }
            // Each level has as many as its share of pixels; the last ones may use what is left.
            let share = 1.0 - LEVEL_RATIO.powi(-2);
            let most =
                ((MOST_FEATURES as f64 * share * LEVEL_RATIO.powi(-2 * level as i32)).ceil() as usize + 20).min(rest);
            let mut on_level = describe::features(&mut pixels, size, most);
            rest -= on_level.len();
            for feature in &mut on_level {
                let across = f64::from(width) / f64::from(size.0);
                let down = f64::from(height) / f64::from(size.1);
                feature.x = (feature.x + 0.5) * across - 0.5;
                feature.y = (feature.y + 0.5) * down - 0.5;
                feature.size = ratio;
            }
            found.append(&mut on_level);
        }
        Features { found, size: (width, height) }
    }

    /// Their number.
    pub fn count(&self) -> usize {
        self.found.len()
    }
}

/// A picture that was `full` pixels large, at that size divided by `ratio`.
fn reduced(gray: &[u8], from: (u32, u32), full: (u32, u32), ratio: f64) -> (Vec<u8>, (u32, u32)) {
    let length = |length: u32| (f64::from(length) / ratio).round().max(1.0) as u32;
    let size = (length(full.0), length(full.1));
    let whole = Window::whole(from.0, from.1);
    (resize(&mut gray.to_vec(), from, 1, whole, size, Filter::Bilinear), size)
}

/// An object that may have been found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Where the object's corners are in the picture: top left, top right, bottom right, bottom left of the
    /// target. They may lie outside.
    pub corners: [[f64; 2]; 4],
    /// Pairs of corners that look alike and lead into that part of the picture.
    pub pairs: usize,
    /// Those of them that agree about where the object is.
    pub agreeing: usize,
    /// `agreeing` against what chance would give: `a / (a + 5.9 + 0.22 * pairs)`. Above a half the object is
    /// there (Brown and Lowe's condition).
    pub confidence: f64,
}

/// Looks for the object that `target` shows in a picture; none when too few corners look alike.
///
/// Source: for the condition, M. Brown and D. Lowe, Automatic Panoramic Image Stitching using Invariant
/// Features, IJCV 74 (2007), equation 13; for the search, M. Fischler and R. Bolles, Random Sample
/// Consensus, CACM 24 (1981). The same input always gives the same samples.
pub fn find_object(picture: &Features, target: &Features) -> Option<Found> {
    let pairs = pairs(&target.found, &picture.found);
    let (map, agreeing) = fit::fit(&pairs, target.size)?;
    let (width, height) = (f64::from(target.size.0), f64::from(target.size.1));
    let corners = [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]].map(|corner| map.apply(corner));
    // Those that lead elsewhere say nothing against this place.
    let pairs = pairs.iter().filter(|pair| inside(&corners, pair.to)).count().max(agreeing);
    let chance = 5.9 + 0.22 * pairs as f64;
    let confidence = agreeing as f64 / (agreeing as f64 + chance);
    Some(Found { corners, pairs, agreeing, confidence })
}

/// Whether a point lies within four corners that go clockwise.
fn inside(corners: &[[f64; 2]; 4], [x, y]: [f64; 2]) -> bool {
    (0..4).all(|i| {
        let ([ax, ay], [bx, by]) = (corners[i], corners[(i + 1) % 4]);
        (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0.0
    })
}

/// A corner of the target and the one of the picture that looks like it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) from: [f64; 2],
    pub(crate) to: [f64; 2],
    /// Full pixels of the picture that one pixel of the level of `to` stands for.
    pub(crate) size: f64,
}

/// The most bits in which two corners that look alike may differ.
const MOST_BITS: u32 = 72;

/// How much nearer the nearest must be than the second nearest (Lowe's ratio).
const RATIO: f64 = 0.85;

fn pairs(target: &[Feature], picture: &[Feature]) -> Vec<Pair> {
    let back: Vec<Option<usize>> = picture.iter().map(|feature| nearest(feature, target, 1.0)).collect();
    let mut found = Vec::new();
    for (index, feature) in target.iter().enumerate() {
        if let Some(other) = nearest(feature, picture, RATIO)
            && back[other] == Some(index)
        {
            let to = &picture[other];
            found.push(Pair { from: [feature.x, feature.y], to: [to.x, to.y], size: to.size });
        }
    }
    found
}

/// The feature with the fewest differing bits, if it is clearly nearer than all others. Those at about its
/// own place (the same corner on another level) are no others.
fn nearest(feature: &Feature, among: &[Feature], ratio: f64) -> Option<usize> {
    let bits = |other: &Feature| -> u32 { (0..4).map(|i| (feature.bits[i] ^ other.bits[i]).count_ones()).sum() };
    let distances: Vec<u32> = among.iter().map(bits).collect();
    let best = (0..among.len()).min_by_key(|&index| (distances[index], index))?;
    let near = |index: usize| {
        let (a, b) = (&among[best], &among[index]);
        (a.x - b.x).hypot(a.y - b.y) < 4.0 * a.size.max(b.size)
    };
    let limit = if ratio < 1.0 {
        let second = (0..among.len()).filter(|&index| !near(index)).map(|index| distances[index]).min();
        second.map_or(MOST_BITS, |second| MOST_BITS.min((f64::from(second) * ratio) as u32))
    } else {
        MOST_BITS
    };
    (distances[best] <= limit).then_some(best)
}

#[cfg(test)]
mod tests;
