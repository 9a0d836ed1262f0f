//! Tables of colours by colour: 3D and 1D look-up tables.

/// Colours for a grid of colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Cube {
    side: usize,
    low: [f32; 3],
    /// Grid steps for a full range of the input.
    steps: [f32; 3],
    values: Vec<[f32; 3]>,
    /// Each channel for itself, instead of a grid.
    single: bool,
}

impl Cube {
    /// Most grid points along a side.
    pub const LARGEST: usize = 256;

    /// A grid of `side` points in each direction, red running fastest, then green; from colour `low` to colour `high`.
    ///
    /// # Panics
    /// When there are not `side` cubed values, or less than two along a side, or `high` is not above `low`.
    pub fn new(side: usize, low: [f32; 3], high: [f32; 3], values: Vec<[f32; 3]>) -> Self {
        assert_eq!(values.len(), side * side * side, "values of a cube");
        Self::checked(side, low, high, values, false)
    }

    /// The same with a row of points for each channel: it maps channels one by one.
    ///
    /// # Panics
    /// As `new`, but for `side` values.
    pub fn rows(side: usize, low: [f32; 3], high: [f32; 3], values: Vec<[f32; 3]>) -> Self {
        assert_eq!(values.len(), side, "values of a row");
        Self::checked(side, low, high, values, true)
    }

    fn checked(side: usize, low: [f32; 3], high: [f32; 3], values: Vec<[f32; 3]>, single: bool) -> Self {
        assert!(side >= 2, "points along a side");
        assert!((0..3).all(|part| high[part] > low[part]), "an empty domain");
        let steps = std::array::from_fn(|part| (side - 1) as f32 / (high[part] - low[part]));
        Cube { side, low, steps, values, single }
    }

    /// The colour for a colour, linear between the points around it (trilinear). Colours beyond the grid take its edge.
    pub fn color(&self, color: [f32; 3]) -> [f32; 3] {
        let last = self.side - 1;
        let mut at = [0; 3];
        let mut share = [0.0; 3];
        for part in 0..3 {
            let place = ((color[part] - self.low[part]) * self.steps[part]).clamp(0.0, last as f32);
            at[part] = (place as usize).min(last - 1);
            share[part] = place - at[part] as f32;
        }
        if self.single {
            return std::array::from_fn(|part| {
                let (below, above) = (self.values[at[part]][part], self.values[at[part] + 1][part]);
                below + (above - below) * share[part]
            });
        }
        let start = (at[2] * self.side + at[1]) * self.side + at[0];
        let mix = |one: [f32; 3], other: [f32; 3], share: f32| -> [f32; 3] {
            std::array::from_fn(|part| one[part] + (other[part] - one[part]) * share)
        };
        let across = |start: usize| mix(self.values[start], self.values[start + 1], share[0]);
        let plane = |start: usize| mix(across(start), across(start + self.side), share[1]);
        mix(plane(start), plane(start + self.side * self.side), share[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(side: usize, map: impl Fn([f32; 3]) -> [f32; 3]) -> Cube {
        let at = |index: usize| (index % side) as f32 / (side - 1) as f32;
        let values = (0..side.pow(3)).map(|i| map([at(i), at(i / side), at(i / side / side)])).collect();
        Cube::new(side, [0.0; 3], [1.0; 3], values)
    }

    #[test]
    fn between_points_it_is_linear() {
        let swapped = grid(3, |[r, g, b]| [b, r * 0.5, 1.0 - g]);
        for color in [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.2, 0.7, 0.9], [0.5, 0.5, 0.1]] {
            let [r, g, b] = color;
            let made = swapped.color(color);
            let apart = [made[0] - b, made[1] - r * 0.5, made[2] - (1.0 - g)];
            assert!(apart.iter().all(|apart| apart.abs() < 1e-6), "{color:?}: {made:?}");
        }
    }

    #[test]
    fn beyond_the_domain_the_edge_counts() {
        let values = vec![[0.0, 0.0, 0.0], [1.0, 0.5, 0.25]];
        let rows = Cube::rows(2, [0.2; 3], [0.6; 3], values);
        assert_eq!(rows.color([0.0, 0.6, 1.0]), [0.0, 0.5, 0.25]);
        let middle = rows.color([0.4; 3]);
        assert!((middle[0] - 0.5).abs() < 1e-6 && (middle[2] - 0.125).abs() < 1e-6, "{middle:?}");
    }
}
