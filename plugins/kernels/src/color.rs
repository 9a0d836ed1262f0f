//! Changes of colour, pixel by pixel. All work in place on sRGB-encoded values.

/// Weights of red, green and blue in luma: ITU-R BT.709, as in the W3C's Filter Effects.
pub const LUMA: [f64; 3] = [0.2126, 0.7152, 0.0722];

/// A linear map of the three colours: `matrix[i][j]` is the weight of channel j in result i.
pub type Matrix = [[f64; 3]; 3];

/// The matrix that keeps `1 - amount` of every colour's distance from luma (W3C Filter Effects
/// Module Level 1, `saturate`): 0 gives gray, 1 leaves the picture, more is more vivid.
pub fn saturation_matrix(amount: f64) -> Matrix {
    let row = |own: usize| {
        let weight = |j: usize| LUMA[j] * (1.0 - amount) + if j == own { amount } else { 0.0 };
        [weight(0), weight(1), weight(2)]
    };
    [row(0), row(1), row(2)]
}

/// The matrix between the picture (0) and its sepia tone (1): the table of the W3C's Filter Effects
/// Module Level 1, `sepia`.
pub fn sepia_matrix(amount: f64) -> Matrix {
    const FULL: Matrix = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]];
    let row = |own: usize| {
        let weight = |j: usize| FULL[own][j] * amount + if j == own { 1.0 - amount } else { 0.0 };
        [weight(0), weight(1), weight(2)]
    };
    [row(0), row(1), row(2)]
}

/// Fractional bits of a matrix's weights. With weights up to 32 the sums stay below 2^31.
const BITS: u32 = 14;

/// Pixels handled per turn.
const BLOCK: usize = 16;

/// Applies a matrix to every pixel, rounded to nearest and clamped to 0..255. Alpha stays.
///
/// Shape: `channels` is 3 or 4. Range: weights between -32 and 32, exact to 1/16384.
///
/// # Panics
/// For other channels.
pub fn apply_matrix(pixels: &mut [u8], channels: usize, matrix: &Matrix) {
    let matrix = matrix.map(|row| row.map(|weight| (weight.clamp(-32.0, 32.0) * f64::from(1 << BITS)).round() as i32));
    match channels {
        3 => matrix_blocks::<3, { 3 * BLOCK }>(pixels, &matrix),
        4 => matrix_blocks::<4, { 4 * BLOCK }>(pixels, &matrix),
        _ => panic!("{channels} channels"),
    }
}

fn matrix_blocks<const N: usize, const BYTES: usize>(pixels: &mut [u8], matrix: &[[i32; 3]; 3]) {
    let (blocks, rest) = pixels.as_chunks_mut::<BYTES>();
    for block in blocks {
        matrix_block::<N, BYTES>(block, matrix);
    }
    let mut last = [0; BYTES];
    last[..rest.len()].copy_from_slice(rest);
    matrix_block::<N, BYTES>(&mut last, matrix);
    rest.copy_from_slice(&last[..rest.len()]);
}

#[inline(always)]
fn matrix_block<const N: usize, const BYTES: usize>(block: &mut [u8; BYTES], matrix: &[[i32; 3]; 3]) {
    let mut planes = [[0i32; BLOCK]; 3];
    for (channel, plane) in planes.iter_mut().enumerate() {
        for pixel in 0..BLOCK {
            plane[pixel] = i32::from(block[pixel * N + channel]);
        }
    }
    for (channel, weights) in matrix.iter().enumerate() {
        for pixel in 0..BLOCK {
            let sum = planes[0][pixel] * weights[0] + planes[1][pixel] * weights[1] + planes[2][pixel] * weights[2];
            block[pixel * N + channel] = ((sum + (1 << (BITS - 1))) >> BITS).clamp(0, 255) as u8;
        }
    }
}

/// The luma of every pixel, as a gray picture.
///
/// Shape: `channels` is 3 or 4; alpha is ignored. Rounded to nearest. Cost: one new buffer.
///
/// # Panics
/// For other channels.
pub fn luma(pixels: &[u8], channels: usize) -> Vec<u8> {
    match channels {
        3 => luma_blocks::<3, { 3 * BLOCK }>(pixels),
        4 => luma_blocks::<4, { 4 * BLOCK }>(pixels),
        _ => panic!("{channels} channels"),
    }
}

fn luma_blocks<const N: usize, const BYTES: usize>(pixels: &[u8]) -> Vec<u8> {
    let mut gray = Vec::with_capacity(pixels.len() / N);
    let (blocks, rest) = pixels.as_chunks::<BYTES>();
    for block in blocks {
        gray.extend_from_slice(&luma_block::<N, BYTES>(block));
    }
    let mut last = [0; BYTES];
    last[..rest.len()].copy_from_slice(rest);
    gray.extend_from_slice(&luma_block::<N, BYTES>(&last)[..rest.len() / N]);
    gray
}

#[inline(always)]
fn luma_block<const N: usize, const BYTES: usize>(block: &[u8; BYTES]) -> [u8; BLOCK] {
    // LUMA in 1/65536; they sum up to 65536.
    const WEIGHTS: [u32; 3] = [13_933, 46_871, 4_732];
    let mut made = [0; BLOCK];
    for (pixel, made) in made.iter_mut().enumerate() {
        let channel = |index: usize| u32::from(block[pixel * N + index]) * WEIGHTS[index];
        *made = ((channel(0) + channel(1) + channel(2) + (1 << 15)) >> 16) as u8;
    }
    made
}

/// Replaces the colours of every pixel by its luma; alpha stays.
///
/// # Panics
/// When `channels` is not 3 or 4.
pub fn grayscale(pixels: &mut [u8], channels: usize) {
    apply_matrix(pixels, channels, &saturation_matrix(0.0));
}

/// 255 minus the value, in every channel but alpha.
pub fn invert(pixels: &mut [u8], channels: usize) {
    // Flipping all bits of a byte is 255 minus it.
    let mask: [u8; 64] = std::array::from_fn(|index| if channels == 4 && index % 4 == 3 { 0 } else { 255 });
    let (blocks, rest) = pixels.as_chunks_mut::<64>();
    for block in blocks {
        for lane in 0..64 {
            block[lane] ^= mask[lane];
        }
    }
    for (value, mask) in rest.iter_mut().zip(mask) {
        *value ^= mask;
    }
}

/// A value for every value of a channel.
pub type Table = [u8; 256];

/// The table of a function from 0..1 to 0..1; what it gives beyond is clamped. Rounded to nearest.
pub fn table(map: impl Fn(f64) -> f64) -> Table {
    std::array::from_fn(|value| {
        let mapped = map(value as f64 / 255.0) * 255.0;
        mapped.round().clamp(0.0, 255.0) as u8
    })
}

/// Replaces every value, in every channel but alpha, by the table's.
///
/// # Panics
/// When `channels` is not 1, 3 or 4.
pub fn apply_table(pixels: &mut [u8], channels: usize, table: &Table) {
    let map = |value: &mut u8| *value = table[*value as usize];
    match channels {
        1 | 3 => {
            let (blocks, rest) = pixels.as_chunks_mut::<16>();
            for block in blocks {
                *block = block.map(|value| table[value as usize]);
            }
            rest.iter_mut().for_each(map);
        }
        4 => {
            let (blocks, rest) = pixels.as_chunks_mut::<16>();
            for block in blocks {
                for colour in [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14] {
                    block[colour] = table[block[colour] as usize];
                }
            }
            for pixel in rest.as_chunks_mut::<4>().0 {
                pixel[..3].iter_mut().for_each(map);
            }
        }
        _ => panic!("{channels} channels"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Colours over the whole cube, in a number that is no multiple of a block.
    fn colours() -> Vec<[u8; 3]> {
        let steps = [0u8, 1, 17, 63, 127, 128, 200, 254, 255];
        let mut all = Vec::new();
        for r in steps {
            for g in steps {
                all.extend(steps.map(|b| [r, g, b]));
            }
        }
        all
    }

    #[test]
    fn matrices_are_applied_as_the_formula_says() {
        let matrices =
            [sepia_matrix(0.0), sepia_matrix(0.4), sepia_matrix(1.0), saturation_matrix(0.0), saturation_matrix(10.0)];
        for matrix in matrices {
            let mut rgb: Vec<u8> = colours().concat();
            let mut rgba: Vec<u8> = colours().iter().flat_map(|[r, g, b]| [*r, *g, *b, 77]).collect();
            apply_matrix(&mut rgb, 3, &matrix);
            apply_matrix(&mut rgba, 4, &matrix);
            for (index, colour) in colours().iter().enumerate() {
                for channel in 0..3 {
                    let sum: f64 = (0..3).map(|j| matrix[channel][j] * f64::from(colour[j])).sum();
                    let exact = sum.clamp(0.0, 255.0);
                    let made = rgb[index * 3 + channel];
                    assert!((f64::from(made) - exact).abs() <= 0.53, "{colour:?} {channel}: {made}, {exact}");
                    assert_eq!(rgba[index * 4 + channel], made);
                }
                assert_eq!(rgba[index * 4 + 3], 77);
            }
        }
    }

    #[test]
    fn luma_is_that_of_bt_709() {
        let exact = |[r, g, b]: &[u8; 3]| 0.2126 * f64::from(*r) + 0.7152 * f64::from(*g) + 0.0722 * f64::from(*b);
        for (made, colour) in luma(&colours().concat(), 3).iter().zip(&colours()) {
            assert!((f64::from(*made) - exact(colour)).abs() <= 0.51, "{colour:?}: {made}");
        }
        assert_eq!(luma(&[255, 0, 0, 9, 0, 255, 0, 8], 4), [54, 182]);
        assert_eq!(luma(&[], 4), []);
    }

    #[test]
    fn tables_and_inversion_leave_alpha() {
        let mut pixels: Vec<u8> = (0..=255).flat_map(|v| [v, v, v, v]).chain([1, 2, 3, 4]).collect();
        invert(&mut pixels, 4);
        assert_eq!(pixels[40..44], [245, 245, 245, 10]);
        assert_eq!(pixels[1024..], [254, 253, 252, 4]);
        let twice = table(|v| 2.0 * v);
        let mut pixels = [1, 100, 200, 4].repeat(9);
        apply_table(&mut pixels, 4, &twice);
        assert_eq!(pixels, [2, 200, 255, 4].repeat(9));
        for channels in [1, 3] {
            let mut pixels = [1, 100, 200].repeat(19);
            apply_table(&mut pixels, channels, &twice);
            assert_eq!(pixels, [2, 200, 255].repeat(19));
        }
    }
}
