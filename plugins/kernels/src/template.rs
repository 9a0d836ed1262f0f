//! Finding a small picture in a large one by normalised cross correlation.

mod pyramid;
#[cfg(test)]
mod tests;

use pyramid::{Gray, Pyramid};

/// The shorter side that a template keeps in the first search, in pixels, as long as that is affordable.
const COARSE_SIDE: u32 = 24;

/// The most products of one first search: reduced pixels of the picture times those of the template.
const COARSE_PRODUCTS: u64 = 400_000_000;

/// The most pixels of a template in the first search. Sums of products then stay below 2^31.
const COARSE_PIXELS: u64 = 16_384;

/// The most pixels of a template while the scale of places is made exact.
const FINE_PIXELS: u64 = 65_536;

/// The most products of following places from one level to the next finer one.
const FINE_PRODUCTS: u64 = 1_000_000_000;

/// How much lower a place may score for each halving of the picture, and still be looked at more closely: it
/// lies between reduced pixels.
const COARSE_SLACK: f64 = 0.2;

/// The most places of one scale that are looked at more closely.
const MOST_PLACES: usize = 24;

/// What to look for.
#[derive(Clone, Debug)]
pub struct Search {
    /// How large the template may be in the picture, relative to its own size.
    pub scales: Vec<f64>,
    /// The least score of a match.
    pub threshold: f64,
    /// The most matches that are wanted.
    pub most: usize,
}

/// Where a template was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Its left edge in pixels.
    pub x: f64,
    /// Its top edge in pixels.
    pub y: f64,
    /// Its width in pixels.
    pub width: f64,
    /// Its height in pixels.
    pub height: f64,
    /// Its size relative to the template's own.
    pub scale: f64,
    /// The correlation coefficient: 1 for the same up to brightness and contrast, 0 for nothing alike.
    pub score: f64,
}

/// Finds a gray template in a gray picture, best match first. Matches that overlap a better one by more
/// than half are left out.
///
/// The first search is made on pictures reduced by a power of two; the places that it finds are then
/// followed to finer ones. Their scale is made exact where the template has at most 65536 pixels. Places of
/// templates above 4 * 10^7 pixels stay on a reduced level. Neither rotation nor perspective is looked for.
/// A template of one colour is nowhere.
///
/// Source: J. P. Lewis, Fast Template Matching, Vision Interface 1995, equation 2.
/// Cost: at most 4 * 10^8 products a scale; for each of at most 24 places 10^7 to 2 * 10^8 to make it exact;
/// and 1.4 * 10^9 to follow them.
pub fn match_template(
    picture: &[u8],
    size: (u32, u32),
    template: &[u8],
    of: (u32, u32),
    search: &Search,
) -> Vec<Match> {
    let mut pyramid = Pyramid::new(picture, size);
    let mut template = Pyramid::new(template, of);
    let mut found: Vec<Match> = Vec::new();
    for &scale in &search.scales {
        found.extend(at_scale(&mut pyramid, &mut template, scale, search));
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.y.total_cmp(&b.y)).then(a.x.total_cmp(&b.x)));
    let mut kept: Vec<Match> = Vec::new();
    for one in found {
        if kept.len() < search.most
            && one.score >= search.threshold
            && kept.iter().all(|other| overlap(&one, other) < 0.5)
        {
            kept.push(one);
        }
    }
    kept
}

/// The share of the smaller rectangle that both cover.
fn overlap(a: &Match, b: &Match) -> f64 {
    let along = |a: f64, a_length: f64, b: f64, b_length: f64| ((a + a_length).min(b + b_length) - a.max(b)).max(0.0);
    let both = along(a.x, a.width, b.x, b.width) * along(a.y, a.height, b.y, b.height);
    both / (a.width * a.height).min(b.width * b.height)
}

/// A template with what its score needs.
struct Pattern {
    /// Its pixels less their rounded mean, row by row.
    values: Vec<i16>,
    width: usize,
    height: usize,
    /// The mean of `values`: less than a half.
    rest: f64,
    /// The root of the sum of squared distances from the mean.
    norm: f64,
}

impl Pattern {
    fn of(template: &Gray) -> Pattern {
        let n = template.pixels() as f64;
        let sum: u64 = template.pixels.iter().map(|&value| u64::from(value)).sum();
        let mean = sum as f64 / n;
        let rounded = mean.round();
        let values: Vec<i16> = template.pixels.iter().map(|&value| i16::from(value) - rounded as i16).collect();
        let rest = mean - rounded;
        let squares: i64 = values.iter().map(|&value| i64::from(value).pow(2)).sum();
        let norm = (squares as f64 - n * rest * rest).max(0.0).sqrt();
        Pattern { values, width: template.width as usize, height: template.height as usize, rest, norm }
    }

    /// The coefficient from the sum of products and the picture's own sums under the template.
    fn score(&self, products: f64, sum: f64, squares: f64) -> f64 {
        let n = (self.width * self.height) as f64;
        let picture = (squares - sum * sum / n).max(0.0).sqrt();
        // Less than one level of deviation is no picture.
        if picture < n.sqrt() || self.norm < n.sqrt() {
            return 0.0;
        }
        (products - self.rest * sum) / (picture * self.norm)
    }

    /// The score at one place.
    fn at(&self, picture: &Gray, x: usize, y: usize) -> f64 {
        let (mut products, mut sum, mut squares) = (0i64, 0u64, 0u64);
        for (row, values) in self.values.chunks_exact(self.width).enumerate() {
            let pixels = &picture.row(y + row)[x..x + self.width];
            for (values, pixels) in values.chunks(4096).zip(pixels.chunks(4096)) {
                let (mut part, mut part_sum, mut part_squares) = (0i32, 0u32, 0u32);
                for (&value, &pixel) in values.iter().zip(pixels) {
                    part += i32::from(value) * i32::from(pixel);
                    part_sum += u32::from(pixel);
                    part_squares += u32::from(pixel) * u32::from(pixel);
                }
                products += i64::from(part);
                sum += u64::from(part_sum);
                squares += u64::from(part_squares);
            }
        }
        self.score(products as f64, sum as f64, squares as f64)
    }

    /// The scores at every place; as many columns and rows as the template has places.
    fn everywhere(&self, picture: &Gray) -> Vec<f32> {
        let (width, height) = (picture.width as usize, picture.height as usize);
        let (columns, rows) = (width - self.width + 1, height - self.height + 1);
        let mut scores = Vec::with_capacity(columns * rows);
        // Sums of each column over the rows under the template: they slide down with it.
        let mut sums = vec![0u32; width];
        let mut squares = vec![0u32; width];
        for y in 0..self.height - 1 {
            slide(&mut sums, &mut squares, picture.row(y), None);
        }
        let mut products = vec![0i32; columns];
        for y in 0..rows {
            let leaving = y.checked_sub(1).map(|above| picture.row(above));
            slide(&mut sums, &mut squares, picture.row(y + self.height - 1), leaving);
            self.products(picture, y, &mut products);
            let first = |values: &[u32]| values[..self.width].iter().map(|&value| u64::from(value)).sum::<u64>();
            let (mut sum, mut square) = (first(&sums), first(&squares));
            for (x, &products) in products.iter().enumerate() {
                if x > 0 {
                    sum = sum + u64::from(sums[x + self.width - 1]) - u64::from(sums[x - 1]);
                    square = square + u64::from(squares[x + self.width - 1]) - u64::from(squares[x - 1]);
                }
                scores.push(self.score(f64::from(products), sum as f64, square as f64) as f32);
            }
        }
        scores
    }

    /// The sums of products for every place of one row.
    fn products(&self, picture: &Gray, y: usize, products: &mut [i32]) {
        const BLOCK: usize = 32;
        let mut start = 0;
        while start < products.len() {
            // The last block overlaps the one before it, so that all are of one length.
            let full = products.len() >= BLOCK;
            let at = if full { start.min(products.len() - BLOCK) } else { start };
            let mut sums = [0i32; BLOCK];
            let used = if full { BLOCK } else { products.len() };
            for (row, values) in self.values.chunks_exact(self.width).enumerate() {
                let pixels = picture.row(y + row);
                if full {
                    for (x, &value) in values.iter().enumerate() {
                        let pixels: &[u8; BLOCK] = pixels[at + x..].first_chunk().expect("a whole block");
                        for i in 0..BLOCK {
                            sums[i] += i32::from(value) * i32::from(pixels[i]);
                        }
                    }
                } else {
                    for (x, &value) in values.iter().enumerate() {
                        for (sum, &pixel) in sums[..used].iter_mut().zip(&pixels[x..]) {
                            *sum += i32::from(value) * i32::from(pixel);
                        }
                    }
                }
            }
            products[at..at + used].copy_from_slice(&sums[..used]);
            start += BLOCK;
        }
    }
}

fn slide(sums: &mut [u32], squares: &mut [u32], entering: &[u8], leaving: Option<&[u8]>) {
    for ((sum, square), &value) in sums.iter_mut().zip(&mut *squares).zip(entering) {
        *sum += u32::from(value);
        *square += u32::from(value) * u32::from(value);
    }
    for ((sum, square), &value) in sums.iter_mut().zip(squares).zip(leaving.unwrap_or(&[])) {
        *sum -= u32::from(value);
        *square -= u32::from(value) * u32::from(value);
    }
}

/// A place in the picture reduced to some level.
#[derive(Clone, Copy)]
struct Place {
    x: usize,
    y: usize,
    scale: f64,
    score: f64,
}

/// Matches at one scale.
fn at_scale(pyramid: &mut Pyramid, template: &mut Pyramid, scale: f64, search: &Search) -> Vec<Match> {
    let Some((width, height)) = fitting(pyramid, template, scale, 0) else {
        return Vec::new();
    };
    let area = u64::from(width) * u64::from(height);
    let mut level = 0;
    while width.min(height) >> (level + 1) >= COARSE_SIDE
        || area >> (2 * level) > COARSE_PIXELS
        || (pyramid.full.pixels() >> (2 * level)).saturating_mul(area >> (2 * level)) > COARSE_PRODUCTS
    {
        level += 1;
    }
    // Rounding may make a template of the picture's own size a pixel larger than it.
    while level > 0 && fitting(pyramid, template, scale, level).is_none() {
        level -= 1;
    }
    let mut places = coarse(pyramid, template, scale, level, search);
    while level > 0 && (area >> (2 * (level - 1))) <= FINE_PIXELS {
        let Some((width, height)) = fitting(pyramid, template, scale, level - 1) else {
            break;
        };
        level -= 1;
        let pattern = Pattern::of(&template.sized(width, height));
        let picture = pyramid.at(level);
        // The best place near the double of one that was found on the coarser level.
        places =
            places.iter().map(|place| best_near(picture, &pattern, scale, (place.x * 2, place.y * 2), 2)).collect();
    }
    places = places.into_iter().map(|place| exact(pyramid, template, place, level, search)).collect();
    places.sort_by(|a, b| b.score.total_cmp(&a.score));
    while level > 0 {
        // Of junk, only as much as can be afforded.
        let affordable = FINE_PRODUCTS / (25 * (area >> (2 * (level - 1))).max(1));
        if affordable < places.len().min(search.most) as u64 {
            break;
        }
        level -= 1;
        places.truncate(affordable as usize);
        places = places.iter().map(|place| followed(pyramid, template, place, level)).collect();
    }
    places.into_iter().filter_map(|place| in_full_pixels(pyramid, template, &place, level)).collect()
}

/// A place of the next coarser level on this one.
fn followed(pyramid: &mut Pyramid, template: &mut Pyramid, place: &Place, level: u32) -> Place {
    let start = (place.x * 2, place.y * 2);
    match fitting(pyramid, template, place.scale, level) {
        Some((width, height)) => {
            let pattern = Pattern::of(&template.sized(width, height));
            best_near(pyramid.at(level), &pattern, place.scale, start, 2)
        }
        None => Place { x: start.0, y: start.1, ..*place },
    }
}

/// The template's size at a scale and level; none when it is empty or larger than the picture.
fn fitting(pyramid: &mut Pyramid, template: &Pyramid, scale: f64, level: u32) -> Option<(u32, u32)> {
    let picture = pyramid.at(level);
    let length = |length: u32| (f64::from(length) * scale / f64::from(1 << level)).round();
    let (width, height) = (length(template.full.width), length(template.full.height));
    let fits =
        width >= 1.0 && height >= 1.0 && width <= f64::from(picture.width) && height <= f64::from(picture.height);
    fits.then_some((width as u32, height as u32))
}

/// The best places of the first search: those that no neighbour exceeds.
fn coarse(pyramid: &mut Pyramid, template: &mut Pyramid, scale: f64, level: u32, search: &Search) -> Vec<Place> {
    let Some((width, height)) = fitting(pyramid, template, scale, level) else {
        return Vec::new();
    };
    let picture = pyramid.at(level);
    let pattern = Pattern::of(&template.sized(width, height));
    let scores = pattern.everywhere(picture);
    let columns = picture.width as usize - pattern.width + 1;
    let rows = scores.len() / columns;
    let slack = COARSE_SLACK * (1 + level).min(3) as f64;
    let least = (search.threshold - slack).max(0.1) as f32;
    let mut places = Vec::new();
    for (index, &score) in scores.iter().enumerate().filter(|(_, score)| **score >= least) {
        let (x, y) = (index % columns, index / columns);
        let around = (y.saturating_sub(1)..(y + 2).min(rows))
            .flat_map(|y| (x.saturating_sub(1)..(x + 2).min(columns)).map(move |x| y * columns + x));
        // Of equal neighbours the first one counts.
        let is_peak =
            around.into_iter().all(|other| scores[other] < score || (scores[other] == score && other >= index));
        if is_peak {
            places.push(Place { x, y, scale, score: f64::from(score) });
        }
    }
    places.sort_by(|a, b| b.score.total_cmp(&a.score));
    places.truncate(MOST_PLACES.min(4 * search.most));
    places
}

fn best_near(picture: &Gray, pattern: &Pattern, scale: f64, (x, y): (usize, usize), reach: usize) -> Place {
    let last_x = picture.width as usize - pattern.width;
    let last_y = picture.height as usize - pattern.height;
    let (x, y) = (x.min(last_x), y.min(last_y));
    let mut best = Place { x, y, scale, score: pattern.at(picture, x, y) };
    for y in y.saturating_sub(reach)..=(y + reach).min(last_y) {
        for x in x.saturating_sub(reach)..=(x + reach).min(last_x) {
            let score = pattern.at(picture, x, y);
            if score > best.score {
                best = Place { x, y, scale, score };
            }
        }
    }
    best
}

/// Makes the scale of a place exact by halving steps around it, within the scales that are wanted.
fn exact(pyramid: &mut Pyramid, template: &mut Pyramid, place: Place, level: u32, search: &Search) -> Place {
    let ends = |far: fn(f64, f64) -> f64| search.scales.iter().copied().fold(place.scale, far);
    let (smallest, largest) = (ends(f64::min), ends(f64::max));
    let mut best = place;
    let mut step = 1.0 + 0.08;
    let longest = f64::from(template.full.width.max(template.full.height)) * place.scale / f64::from(1 << level);
    // A step that changes no side by half a pixel changes nothing.
    while (step - 1.0) * longest >= 0.5 {
        let around = best;
        for scale in [around.scale / step, around.scale * step].map(|scale| scale.clamp(smallest, largest)) {
            if scale == around.scale {
                continue;
            }
            let Some((width, height)) = fitting(pyramid, template, scale, level) else {
                continue;
            };
            let pattern = Pattern::of(&template.sized(width, height));
            // It grows about its middle.
            let grown = |length: u32| f64::from(length) * (around.scale - scale) / f64::from(1 << level) / 2.0;
            let at = |place: usize, length: u32| (place as f64 + grown(length)).round().max(0.0) as usize;
            let start = (at(around.x, template.full.width), at(around.y, template.full.height));
            let found = best_near(pyramid.at(level), &pattern, scale, start, 1);
            if found.score > best.score {
                best = found;
            }
        }
        step = step.sqrt();
    }
    best
}

fn in_full_pixels(pyramid: &mut Pyramid, template: &Pyramid, best: &Place, level: u32) -> Option<Match> {
    let (width, height) = fitting(pyramid, template, best.scale, 0)?;
    let (full, reduced) = ((pyramid.full.width, pyramid.full.height), pyramid.at(level));
    let ratio = (f64::from(full.0) / f64::from(reduced.width), f64::from(full.1) / f64::from(reduced.height));
    Some(Match {
        x: (best.x as f64 * ratio.0).min(f64::from(full.0 - width)),
        y: (best.y as f64 * ratio.1).min(f64::from(full.1 - height)),
        width: f64::from(width),
        height: f64::from(height),
        scale: best.scale,
        score: best.score,
    })
}
