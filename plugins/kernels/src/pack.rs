//! Rectangles laid side by side in a small one.

/// Where each rectangle of a sheet lies, and how large the sheet is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Columns and rows of the sheet.
    pub size: (u64, u64),
    /// The top left corners, in the order of the sizes given.
    pub places: Vec<(u64, u64)>,
}

/// Lays rectangles into a sheet that is no larger than it has to be, `gap` pixels apart.
///
/// Method: sorted by height, then width, then order, each goes where its upper edge is highest, then leftmost,
/// on the skyline of those before it (E. Huang and R. Korf, "Optimal rectangle packing", 2013, section 2,
/// call this bottom-left placement). Several widths of the sheet are tried; the smallest area counts (with a gap
/// at the right and below, so that one row is no better than a square), of equal ones the most square. The same sizes always give the same sheet.
/// Cost: for n rectangles at most 24 n^2 steps.
pub fn pack(sizes: &[(u32, u32)], gap: u32) -> Sheet {
    let widest = sizes.iter().map(|size| u64::from(size.0)).max().unwrap_or(0);
    let gap = u64::from(gap);
    let area: f64 = sizes.iter().map(|size| (u64::from(size.0) + gap) as f64 * (u64::from(size.1) + gap) as f64).sum();
    let all: u64 = sizes.iter().map(|size| u64::from(size.0) + gap).sum::<u64>().saturating_sub(gap);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(sizes[index].1), std::cmp::Reverse(sizes[index].0), index));

    let side = area.sqrt();
    let tried = (0..TRIED).map(|step| (side * (0.5 + f64::from(step) / f64::from(TRIED) * 2.0)) as u64);
    let sheets = tried.map(|width| lay(sizes, &order, gap, width.clamp(widest, all.max(widest))));
    let badness = |sheet: &Sheet| {
        let (width, height) = (sheet.size.0 + gap, sheet.size.1 + gap);
        (u128::from(width) * u128::from(height), width.abs_diff(height))
    };
    sheets.min_by_key(badness).unwrap_or(Sheet { size: (0, 0), places: Vec::new() })
}

/// How many widths of the sheet are tried.
const TRIED: u32 = 24;

/// A level part of the skyline: from `x` to the next part's, everything above `y` is taken.
#[derive(Debug, Clone, Copy)]
struct Level {
    x: u64,
    y: u64,
}

fn lay(sizes: &[(u32, u32)], order: &[usize], gap: u64, width: u64) -> Sheet {
    // Every rectangle takes its gap on the right and below; the sheet is as much wider.
    let room = width + gap;
    let mut skyline = vec![Level { x: 0, y: 0 }];
    let mut places = vec![(0, 0); sizes.len()];
    let mut size = (0, 0);
    for &index in order {
        let (columns, rows) = (u64::from(sizes[index].0), u64::from(sizes[index].1));
        let best =
            (0..skyline.len()).filter_map(|at| Some((level_at(&skyline, at, columns + gap, room)?, skyline[at].x)));
        let (y, x) = best.min().expect("the sheet is as wide as the widest");
        places[index] = (x, y);
        size = (size.0.max(x + columns), size.1.max(y + rows));
        raise(&mut skyline, (x, x + columns + gap), y + rows + gap, room);
    }
    Sheet { size, places }
}

/// How far down a rectangle comes to lie that begins with a part; none when it does not fit into the sheet.
fn level_at(skyline: &[Level], at: usize, columns: u64, room: u64) -> Option<u64> {
    let end = skyline[at].x + columns;
    let under = skyline[at..].iter().take_while(|level| level.x < end);
    (end <= room).then(|| under.map(|level| level.y).max().unwrap_or(0))
}

/// Sets the skyline between two positions to a level.
fn raise(skyline: &mut Vec<Level>, (start, end): (u64, u64), y: u64, room: u64) {
    let first = skyline.partition_point(|level| level.x < start);
    let after = skyline.partition_point(|level| level.x < end);
    let last = skyline[after.saturating_sub(1)].y;
    let mut parts = vec![Level { x: start, y }];
    if end < room && skyline.get(after).is_none_or(|next| next.x > end) {
        parts.push(Level { x: end, y: last });
    }
    skyline.splice(first..after, parts);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sizes: &[(u32, u32)], gap: u32) -> Sheet {
        let sheet = pack(sizes, gap);
        let far = u64::from(gap);
        for (index, ((x, y), (width, height))) in sheet.places.iter().zip(sizes).enumerate() {
            let (right, bottom) = (x + u64::from(*width), y + u64::from(*height));
            assert!(right <= sheet.size.0 && bottom <= sheet.size.1, "{index} is in the sheet: {sheet:?}");
            for ((other_x, other_y), (other_width, other_height)) in sheet.places.iter().zip(sizes).skip(index + 1) {
                let apart = right + far <= *other_x
                    || other_x + u64::from(*other_width) + far <= *x
                    || bottom + far <= *other_y
                    || other_y + u64::from(*other_height) + far <= *y;
                assert!(apart, "{index} lies over another one or too near: {sheet:?}");
            }
        }
        assert_eq!(pack(sizes, gap), sheet);
        sheet
    }

    #[test]
    fn rectangles_lie_apart_in_a_sheet_that_is_well_used() {
        let mut state = 3u32;
        let mut next = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % most + 1
        };
        for (count, most) in [(2, 9), (9, 40), (60, 100), (200, 300)] {
            let sizes: Vec<(u32, u32)> = (0..count).map(|_| (next(most), next(most))).collect();
            for gap in [0, 2] {
                let sheet = check(&sizes, gap);
                let used: u64 =
                    sizes.iter().map(|(width, height)| u64::from(width + gap) * u64::from(height + gap)).sum();
                let area = sheet.size.0 * sheet.size.1;
                let least = if count >= 60 { 80 } else { 50 };
                assert!(used * 100 >= area * least, "{count}: {used} of {area} are used");
            }
        }
    }

    #[test]
    fn equal_squares_make_a_square() {
        assert_eq!(check(&[(10, 10); 16], 0).size, (40, 40));
        assert_eq!(check(&[(10, 10); 4], 3).size, (23, 23));
        assert_eq!(check(&[(65_535, 3)], 9).size, (65_535, 3));
        assert_eq!(pack(&[], 5), Sheet { size: (0, 0), places: Vec::new() });
    }
}
