use super::*;
use crate::{Filter, Window, resize};

fn noise(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let rough: Vec<u8> = (0..width * height)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    let mut soft = rough;
    crate::gaussian_blur(&mut soft, (width, height), 1, 2.0);
    soft.iter().map(|value| (i32::from(*value) * 4 - 384).clamp(0, 255) as u8).collect()
}

fn paste(picture: &mut [u8], width: u32, part: &[u8], size: (u32, u32), at: (u32, u32)) {
    for y in 0..size.1 {
        let to = ((at.1 + y) * width + at.0) as usize;
        let from = (y * size.0) as usize;
        picture[to..to + size.0 as usize].copy_from_slice(&part[from..from + size.0 as usize]);
    }
}

fn once(threshold: f64) -> Search {
    Search { scales: vec![1.0], threshold, most: 10 }
}

#[test]
fn a_cut_out_is_found_where_it_was_cut() {
    for (size, part, at) in [
        ((200, 150), (31, 17), (57, 93)),
        ((900, 700), (260, 300), (411, 200)),
        ((60, 40), (60, 40), (0, 0)),
        ((50, 40), (5, 4), (45, 36)),
    ] {
        let picture = noise(size.0, size.1, 7);
        let mut template = vec![0; (part.0 * part.1) as usize];
        for y in 0..part.1 {
            for x in 0..part.0 {
                // Darker and with less contrast.
                template[(y * part.0 + x) as usize] = picture[((at.1 + y) * size.0 + at.0 + x) as usize] / 2 + 9;
            }
        }
        let found = match_template(&picture, size, &template, part, &once(0.995));
        assert_eq!(found.len(), 1, "{size:?} {part:?} {found:?}");
        assert!(found[0].score > 0.99);
        assert_eq!((found[0].x, found[0].y), (f64::from(at.0), f64::from(at.1)));
    }
}

#[test]
fn scores_are_correlation_coefficients() {
    // Pearson's coefficient of (1 2 4) * 20 with (10 50 60) and with (50 60 90), by hand.
    let found = Pattern::of(&Gray::new(vec![20, 40, 80], (3, 1))).everywhere(&Gray::new(vec![10, 50, 60, 90], (4, 1)));
    assert!((found[0] - 0.866_025).abs() < 1e-5 && (found[1] - 0.995_871).abs() < 1e-5, "{found:?}");
}

#[test]
fn every_copy_and_every_size_is_found() {
    let part = noise(40, 30, 3);
    let mut picture = noise(400, 300, 99);
    paste(&mut picture, 400, &part, (40, 30), (20, 31));
    paste(&mut picture, 400, &part, (40, 30), (301, 222));
    let large = resize(&mut part.clone(), (40, 30), 1, Window::whole(40, 30), (62, 47), Filter::CatmullRom);
    paste(&mut picture, 400, &large, (62, 47), (150, 120));
    let search = Search { scales: vec![0.7, 1.0, 1.4, 2.0], threshold: 0.9, most: 10 };
    let mut found = match_template(&picture, (400, 300), &part, (40, 30), &search);
    found.sort_by(|a, b| a.y.total_cmp(&b.y));
    let places: Vec<(f64, f64)> = found.iter().map(|found| (found.x, found.y)).collect();
    assert_eq!(places.len(), 3, "{found:?}");
    assert_eq!((places[0], places[2]), ((20.0, 31.0), (301.0, 222.0)));
    assert!((places[1].0 - 150.0).abs() <= 1.0 && (places[1].1 - 120.0).abs() <= 1.0, "{found:?}");
    assert!((found[1].scale - 1.55).abs() < 0.04, "{found:?}");
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let picture = noise(100, 80, 1);
    assert_eq!(match_template(&picture, (100, 80), &noise(20, 20, 5), (20, 20), &once(0.8)), []);
    assert_eq!(match_template(&picture, (100, 80), &[9; 100], (10, 10), &once(0.1)), []);
    assert_eq!(match_template(&[9; 100], (10, 10), &noise(4, 4, 5), (4, 4), &once(0.1)), []);
    assert_eq!(match_template(&[9; 4], (2, 2), &noise(4, 4, 5), (4, 4), &once(0.1)), []);
    assert_eq!(match_template(&[9], (1, 1), &[3], (1, 1), &once(0.1)), []);
}
