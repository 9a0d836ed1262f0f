//! Resampling to another size.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{InnerPixel, U8, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use crate::{bytes, has_transparency, premultiply, unpremultiply};

/// How pixels are mixed when a picture is resampled.
///
/// When shrinking, all but `Nearest` are widened by the factor, so that every source pixel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// The one pixel under the result pixel's centre.
    Nearest,
    /// The mean of the pixels that it covers (area).
    Box,
    /// Linear; half-width 1.
    Bilinear,
    /// Cubic with B = 0, C = 1/2 (Mitchell and Netravali 1988, "Reconstruction filters in computer
    /// graphics"): interpolates, slightly sharpening. Half-width 2.
    CatmullRom,
    /// Cubic with B = C = 1/3 from the same paper: between blur and ringing. Half-width 2.
    Mitchell,
    /// A sinc windowed by the wide lobe of another one, half-width 3: the sharpest.
    Lanczos3,
}

impl Filter {
    /// Half the filter's width, in result pixels when shrinking and in source pixels when enlarging.
    pub fn half_width(self) -> f64 {
        match self {
            Filter::Nearest => 0.0,
            Filter::Box => 0.5,
            Filter::Bilinear => 1.0,
            Filter::CatmullRom | Filter::Mitchell => 2.0,
            Filter::Lanczos3 => 3.0,
        }
    }

    fn algorithm(self) -> ResizeAlg {
        match self {
            Filter::Nearest => ResizeAlg::Nearest,
            Filter::Box => ResizeAlg::Convolution(FilterType::Box),
            Filter::Bilinear => ResizeAlg::Convolution(FilterType::Bilinear),
            Filter::CatmullRom => ResizeAlg::Convolution(FilterType::CatmullRom),
            Filter::Mitchell => ResizeAlg::Convolution(FilterType::Mitchell),
            Filter::Lanczos3 => ResizeAlg::Convolution(FilterType::Lanczos3),
        }
    }
}

/// A part of a picture in pixels, not necessarily whole ones. It lies inside the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Columns, more than 0.
    pub width: f64,
    /// Rows, more than 0.
    pub height: f64,
}

impl Window {
    /// All of a picture.
    pub fn whole(width: u32, height: u32) -> Self {
        Window { x: 0.0, y: 0.0, width: f64::from(width), height: f64::from(height) }
    }
}

/// Resamples `window` of a picture to the size `to`.
///
/// Shape: `channels` is 1, 3 or 4 (RGBA; premultiplied for the work unless all opaque). The
/// buffer's contents are then spent, as they are premultiplied in place.
/// Edges: pixels outside the window but inside the picture take part; beyond the picture the filter
/// is cut and its weights are scaled to sum up to one.
/// Cost: a horizontal and a vertical pass with 16-bit weights; a buffer of the result's width and
/// about the source's height.
///
/// # Panics
/// When the buffer has not the stated size, or a size is 0.
pub fn resize(
    pixels: &mut [u8],
    (width, height): (u32, u32),
    channels: usize,
    window: Window,
    to: (u32, u32),
    filter: Filter,
) -> Vec<u8> {
    assert_eq!(pixels.len(), bytes(width, height, channels), "bytes of the picture");
    assert!(to.0 > 0 && to.1 > 0, "a size without pixels");
    let mixes_alpha = channels == 4 && filter != Filter::Nearest && has_transparency(pixels);
    if mixes_alpha {
        premultiply(pixels);
    }
    let window = clamped(window, width, height);
    let options = ResizeOptions::new()
        .resize_alg(filter.algorithm())
        .crop(window.x, window.y, window.width, window.height)
        .use_alpha(false);
    let from = (width, height);
    // One call per layout, as asking by a value would draw in the code for a dozen others.
    let mut result = match channels {
        1 => resize_typed::<U8>(pixels, from, to, &options),
        3 => resize_typed::<U8x3>(pixels, from, to, &options),
        4 => resize_typed::<U8x4>(pixels, from, to, &options),
        _ => panic!("{channels} channels"),
    };
    if mixes_alpha {
        unpremultiply(&mut result);
    }
    result
}

fn resize_typed<P: PixelTrait + InnerPixel>(
    pixels: &[u8],
    from: (u32, u32),
    to: (u32, u32),
    options: &ResizeOptions,
) -> Vec<u8> {
    let mut result = vec![0; bytes(to.0, to.1, P::pixel_type().size())];
    let source = TypedImageRef::<P>::from_buffer(from.0, from.1, pixels).expect("bytes of the stated size");
    let mut view = TypedImage::<P>::from_buffer(to.0, to.1, &mut result).expect("bytes of the stated size");
    Resizer::new().resize_typed(&source, &mut view, options).expect("a window inside the picture");
    result
}

/// The window, with rounding errors of its edges removed.
fn clamped(window: Window, width: u32, height: u32) -> Window {
    let (width, height) = (f64::from(width), f64::from(height));
    let x = window.x.clamp(0.0, width);
    let y = window.y.clamp(0.0, height);
    Window { x, y, width: window.width.min(width - x), height: window.height.min(height - y) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Filter; 6] =
        [Filter::Nearest, Filter::Box, Filter::Bilinear, Filter::CatmullRom, Filter::Mitchell, Filter::Lanczos3];

    fn whole(pixels: &[u8], size: (u32, u32), channels: usize, to: (u32, u32), filter: Filter) -> Vec<u8> {
        resize(&mut pixels.to_vec(), size, channels, Window::whole(size.0, size.1), to, filter)
    }

    #[test]
    fn one_colour_stays_that_colour() {
        for filter in ALL {
            for channels in [1, 3, 4] {
                let pixel = [200, 100, 50, 255];
                let pixels = pixel[..channels].repeat(35);
                for to in [(1, 1), (3, 2), (7, 5), (20, 31)] {
                    let made = whole(&pixels, (7, 5), channels, to, filter);
                    assert_eq!(made, pixel[..channels].repeat((to.0 * to.1) as usize), "{filter:?} {to:?}");
                }
            }
        }
    }

    #[test]
    fn the_colour_of_transparent_pixels_does_not_bleed() {
        // Opaque white beside transparent black: every visible pixel of the result is white.
        let pixels = [[255, 255, 255, 255], [0, 0, 0, 0]].concat().repeat(50);
        for filter in &ALL[1..] {
            for to in [(33, 1), (150, 1)] {
                for pixel in whole(&pixels, (100, 1), 4, to, *filter).as_chunks::<4>().0 {
                    assert!(pixel[3] == 0 || pixel[..3] == [255, 255, 255], "{filter:?} {to:?} {pixel:?}");
                }
            }
        }
    }

    #[test]
    fn a_box_takes_the_mean_and_nearest_the_middle() {
        let pixels = [10, 20, 90, 30, 40, 50];
        assert_eq!(whole(&pixels, (6, 1), 1, (2, 1), Filter::Box), [40, 40]);
        assert_eq!(whole(&pixels, (6, 1), 1, (2, 1), Filter::Nearest), [20, 40]);
    }

    #[test]
    fn a_window_is_what_is_shown() {
        let mut pixels: Vec<u8> = (0..100).collect();
        let window = Window { x: 3.0, y: 2.0, width: 4.0, height: 5.0 };
        let made = resize(&mut pixels, (10, 10), 1, window, (4, 5), Filter::Bilinear);
        let expected: Vec<u8> = (2..7).flat_map(|y| (3..7).map(move |x| y * 10 + x)).collect();
        assert_eq!(made, expected);
    }

    #[test]
    fn a_very_long_row_shrinks_to_its_mean() {
        let pixels: Vec<u8> = (0..65_535u32).map(|x| if x % 2 == 0 { 0 } else { 200 }).collect();
        let made = whole(&pixels, (65_535, 1), 1, (1, 1), Filter::Box);
        assert!(made[0].abs_diff(100) <= 1, "{made:?}");
    }

    #[test]
    fn lanczos_shrinks_a_ramp_to_a_ramp() {
        // The filter is symmetric and sums up to one, so a linear ramp keeps its values away from the edges.
        let pixels: Vec<u8> = (0..240).collect();
        let made = whole(&pixels, (240, 1), 1, (60, 1), Filter::Lanczos3);
        for (x, value) in made.iter().enumerate().take(56).skip(4) {
            let expected = x as f64 * 4.0 + 1.5;
            assert!((f64::from(*value) - expected).abs() <= 1.0, "{x}: {value}, expected {expected}");
        }
    }
}
