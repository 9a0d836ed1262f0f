use super::*;
use crate::{Interpolation, rotate, rotated_size};

/// A picture of overlapping rectangles: full of corners.
fn scene(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut draw = |most: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % most
    };
    let mut pixels = vec![128; (width * height) as usize];
    for _ in 0..width * height / 250 {
        let (x, y) = (draw(width), draw(height));
        let (w, h, value) = (4 + draw(30), 4 + draw(30), draw(256) as u8);
        for row in y..(y + h).min(height) {
            pixels[(row * width + x) as usize..(row * width + (x + w).min(width)) as usize].fill(value);
        }
    }
    crate::gaussian_blur(&mut pixels, (width, height), 1, 0.7);
    pixels
}

fn paste(picture: &mut [u8], width: u32, part: &[u8], size: (u32, u32), at: (u32, u32)) {
    for y in 0..size.1 {
        let (to, from) = (((at.1 + y) * width + at.0) as usize, (y * size.0) as usize);
        picture[to..to + size.0 as usize].copy_from_slice(&part[from..from + size.0 as usize]);
    }
}

#[test]
fn a_turned_and_scaled_object_is_found_in_its_place() {
    let target = scene(160, 120, 5);
    for (angle, scale) in [(0.0, 1.0), (30.0, 1.0), (0.0, 1.7), (-70.0, 1.3), (180.0, 0.75)] {
        let size = ((160.0f64 * scale) as u32, (120.0f64 * scale) as u32);
        let mut scaled = resize(&mut target.clone(), (160, 120), 1, Window::whole(160, 120), size, Filter::CatmullRom);
        let turned_size = rotated_size(size, angle);
        let turned = rotate(&mut scaled, size, &[90], angle, Interpolation::Bilinear);
        let mut picture = scene(700, 500, 77);
        let at = (210, 90);
        paste(&mut picture, 700, &turned, turned_size, at);

        let found = find_object(&Features::of(&picture, (700, 500)), &Features::of(&target, (160, 120)));
        let found = found.unwrap_or_else(|| panic!("{angle} {scale}: nothing"));
        assert!(found.confidence > 0.5, "{angle} {scale}: {found:?}");
        let (sin, cos) = f64::to_radians(angle).sin_cos();
        let middle =
            (f64::from(at.0) + f64::from(turned_size.0) / 2.0, f64::from(at.1) + f64::from(turned_size.1) / 2.0);
        let (half_x, half_y) = (80.0 * scale, 60.0 * scale);
        let signs = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        for (corner, (sx, sy)) in found.corners.iter().zip(signs) {
            let (x, y) = (sx * half_x, sy * half_y);
            let expected = (middle.0 + x * cos - y * sin, middle.1 + x * sin + y * cos);
            let off = (corner[0] - expected.0).hypot(corner[1] - expected.1);
            assert!(off < 4.0, "{angle} {scale}: {corner:?} against {expected:?}");
        }
    }
}

#[test]
fn another_picture_is_not_found() {
    let picture = Features::of(&scene(700, 500, 77), (700, 500));
    for seed in 1..8 {
        let target = Features::of(&scene(160, 120, seed), (160, 120));
        assert!(target.count() > 50, "{}", target.count());
        let found = find_object(&picture, &target);
        assert!(found.as_ref().is_none_or(|found| found.confidence < 0.5), "{seed}: {found:?}");
    }
}

#[test]
fn pictures_without_corners_have_no_features() {
    for size in [(1, 1), (1, 500), (41, 41), (300, 200)] {
        let features = Features::of(&vec![50; (size.0 * size.1) as usize], size);
        assert_eq!(features.count(), 0, "{size:?}");
        assert_eq!(find_object(&features, &features), None);
    }
}
