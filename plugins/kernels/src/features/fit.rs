//! The map that most pairs agree about.

use super::Pair;

/// A map of the plane that keeps lines straight and parallel: `x' = a x + b y + c`, `y' = d x + e y + f`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    x: [f64; 3],
    y: [f64; 3],
}

impl Affine {
    /// Where a point goes.
    pub(super) fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let row = |[a, b, c]: [f64; 3]| a * x + b * y + c;
        [row(self.x), row(self.y)]
    }

    /// Whether it keeps the shape roughly: no mirror, no side a third of the other, between a tenth and
    /// ten times the size.
    fn is_plausible(&self) -> bool {
        let (across, down) = (self.x[0].hypot(self.y[0]), self.x[1].hypot(self.y[1]));
        let area = self.x[0] * self.y[1] - self.x[1] * self.y[0];
        let (long, short) = (across.max(down), across.min(down));
        short > 0.1 && long < 10.0 && long < 3.0 * short && area > 0.4 * across * down
    }
}

/// How far a pair may be off and still agree, in pixels of the level on which its corner was found.
const REACH: f64 = 3.5;

/// Samples of two pairs. With a fifth of the pairs right, one of them is good with a probability above
/// 1 - 10^-17.
const SAMPLES: u32 = 1000;

/// Finds the map, and how many pairs agree with it; none when fewer than four do.
pub(super) fn fit(pairs: &[Pair], size: (u32, u32)) -> Option<(Affine, usize)> {
    if pairs.len() < 4 {
        return None;
    }
    let least_apart = f64::from(size.0.max(size.1)) / 20.0;
    let mut best: Option<(usize, Affine)> = None;
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % pairs.len()
    };
    for _ in 0..SAMPLES {
        let (first, second) = (&pairs[draw()], &pairs[draw()]);
        let Some(map) = similarity(first, second, least_apart).filter(Affine::is_plausible) else {
            continue;
        };
        let count = agreeing(pairs, &map, 2.0).count();
        if best.is_none_or(|(most, _)| count > most) {
            best = Some((count, map));
        }
    }
    let (_, mut map) = best?;
    // The similarity is loosened to an affine map, and its supporters are counted by the closer measure.
    for reach in [2.0, 1.5, 1.0, 1.0] {
        let supporters: Vec<Pair> = agreeing(pairs, &map, reach).copied().collect();
        match least_squares(&supporters).filter(Affine::is_plausible) {
            Some(better) => map = better,
            None => break,
        }
    }
    let mut places: Vec<[i64; 2]> =
        agreeing(pairs, &map, 1.0).map(|pair| pair.from.map(|value| (value / 2.0) as i64)).collect();
    // One corner on several levels is one witness.
    places.sort_unstable();
    places.dedup();
    (places.len() >= 4).then_some((map, places.len()))
}

fn agreeing<'a>(pairs: &'a [Pair], map: &Affine, times: f64) -> impl Iterator<Item = &'a Pair> {
    pairs.iter().filter(move |pair| {
        let [x, y] = map.apply(pair.from);
        (x - pair.to[0]).hypot(y - pair.to[1]) <= REACH * times * pair.size
    })
}

/// The turn, scale and shift that two pairs give.
fn similarity(first: &Pair, second: &Pair, least_apart: f64) -> Option<Affine> {
    let (dx, dy) = (second.from[0] - first.from[0], second.from[1] - first.from[1]);
    let (tx, ty) = (second.to[0] - first.to[0], second.to[1] - first.to[1]);
    let square = dx * dx + dy * dy;
    if square < least_apart * least_apart {
        return None;
    }
    let (a, b) = ((dx * tx + dy * ty) / square, (dx * ty - dy * tx) / square);
    let [x, y] = first.from;
    Some(Affine { x: [a, -b, first.to[0] - a * x + b * y], y: [b, a, first.to[1] - b * x - a * y] })
}

/// The affine map with the least squared errors; none when the places lie on a line.
fn least_squares(pairs: &[Pair]) -> Option<Affine> {
    let n = pairs.len() as f64;
    let mean = |value: fn(&Pair) -> f64| pairs.iter().map(value).sum::<f64>() / n;
    let (mx, my) = (mean(|pair| pair.from[0]), mean(|pair| pair.from[1]));
    let (tx, ty) = (mean(|pair| pair.to[0]), mean(|pair| pair.to[1]));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    let mut right = [[0.0; 2]; 2];
    for pair in pairs {
        let (x, y) = (pair.from[0] - mx, pair.from[1] - my);
        xx += x * x;
        xy += x * y;
        yy += y * y;
        for (sums, target) in right.iter_mut().zip([pair.to[0] - tx, pair.to[1] - ty]) {
            sums[0] += x * target;
            sums[1] += y * target;
        }
    }
    let determinant = xx * yy - xy * xy;
    // Nearly on a line: the spread across it is under a hundredth of that along it.
    if pairs.len() < 3 || determinant <= 1e-4 * (xx + yy) * (xx + yy) {
        return None;
    }
    let solve = |[u, v]: [f64; 2], target: f64| {
        let (a, b) = ((u * yy - v * xy) / determinant, (v * xx - u * xy) / determinant);
        [a, b, target - a * mx - b * my]
    };
    Some(Affine { x: solve(right[0], tx), y: solve(right[1], ty) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_found_among_wrong_pairs() {
        let truth = Affine { x: [1.4, -0.5, 30.0], y: [0.6, 1.2, -7.0] };
        let mut pairs = Vec::new();
        for i in 0..60u32 {
            let from = [f64::from(i * 37 % 200), f64::from(i * 91 % 150)];
            let wrong = [f64::from(i * 53 % 300), f64::from(i * 29 % 400)];
            let to = if i % 3 == 0 { truth.apply(from) } else { wrong };
            pairs.push(Pair { from, to, size: 1.0 });
        }
        let (map, agreeing) = fit(&pairs, (200, 150)).expect("a map");
        assert!(agreeing >= 20, "{agreeing}");
        for (found, truth) in map.x.iter().chain(&map.y).zip(truth.x.iter().chain(&truth.y)) {
            assert!((found - truth).abs() < 0.6, "{map:?}");
        }
        assert!(fit(&pairs[1..3], (200, 150)).is_none());
    }
}
