//! A linear map of colours and alpha.

/// Multiplies red, green, blue and alpha, each 0 to 255 and alpha straight, by a matrix and adds `offset`, 1 of which is
/// the full range. `matrix[i][j]` is the weight of channel j in result i. Rounded to nearest, clamped at the end.
///
/// Shape: four channels.
pub fn apply_matrix_with_alpha(pixels: &mut [u8], matrix: &[[f64; 4]; 4], offset: [f64; 4]) {
    let rows = matrix.map(|row| row.map(|weight| weight as f32));
    let added = offset.map(|part| (part * 255.0) as f32);
    for pixel in pixels.as_chunks_mut::<4>().0 {
        let given = pixel.map(f32::from);
        *pixel = std::array::from_fn(|channel| {
            let row = &rows[channel];
            let sum = row[0] * given[0] + row[1] * given[1] + row[2] * given[2] + row[3] * given[3] + added[channel];
            sum.round().clamp(0.0, 255.0) as u8
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_mixed_as_the_matrix_says() {
        let mut pixels = vec![200, 100, 50, 80, 0, 0, 0, 255];
        let matrix = [[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.5], [0.0, 0.0, 0.0, 1.0], [0.5, 0.0, 0.0, 2.0]];
        apply_matrix_with_alpha(&mut pixels, &matrix, [0.1, 0.0, 0.0, -1.0]);
        // 50 + 25.5; 100 + 40; 80; 100 + 160 - 255 | 25.5; 127.5; 255; 510 - 255
        assert_eq!(pixels, [76, 140, 80, 5, 26, 128, 255, 255]);
    }
}
