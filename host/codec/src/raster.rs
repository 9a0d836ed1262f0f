//! The pixel buffer that everything between decode and encode works on.

/// How the bytes of one pixel are laid out. All values are sRGB, 8 bits, alpha is straight (not
/// premultiplied).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// One byte: grey.
    Gray8,
    /// Three bytes: red, green, blue.
    Rgb8,
    /// Four bytes: red, green, blue, alpha (255 is opaque).
    Rgba8,
}

impl PixelFormat {
    /// Bytes of one pixel: 1, 3 or 4.
    pub fn bytes_per_pixel(self) -> usize {
        match self {
            PixelFormat::Gray8 => 1,
            PixelFormat::Rgb8 => 3,
            PixelFormat::Rgba8 => 4,
        }
    }

    /// True for [`PixelFormat::Rgba8`].
    pub fn has_alpha(self) -> bool {
        self == PixelFormat::Rgba8
    }
}

/// Why a [`Raster`] could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RasterError {
    /// Width or height is zero.
    #[error("a raster of {width} x {height} px is empty, each side must be at least 1 px")]
    Empty {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
    },
    /// The pixel bytes do not fill the size exactly.
    #[error("{width} x {height} px of {bytes_per_pixel} bytes need {expected} bytes, {actual} given")]
    Length {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
        /// Bytes of one pixel in the format asked for.
        bytes_per_pixel: usize,
        /// Bytes that the size needs.
        expected: u128,
        /// Bytes that were given.
        actual: usize,
    },
    /// A window reaches outside the raster.
    #[error("window {width} x {height} px at {x},{y} is outside of {raster_width} x {raster_height} px")]
    Outside {
        /// Left edge of the window.
        x: u32,
        /// Top edge of the window.
        y: u32,
        /// Width of the window.
        width: u32,
        /// Height of the window.
        height: u32,
        /// Width of the raster.
        raster_width: u32,
        /// Height of the raster.
        raster_height: u32,
    },
}

/// A picture in memory.
///
/// Shape: rows from the top, each packed from the left without padding, so that
/// `pixels.len() == width * height * bytes_per_pixel`; both sides are at least 1. sRGB, straight
/// alpha.
#[derive(Clone, PartialEq, Eq)]
pub struct Raster {
    width: u32,
    height: u32,
    format: PixelFormat,
    pixels: Vec<u8>,
}

impl std::fmt::Debug for Raster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raster({} x {} {:?})", self.width, self.height, self.format)
    }
}

impl Raster {
    /// Takes packed pixels as a raster.
    ///
    /// Errors: a zero side, or bytes that do not fill the size exactly.
    pub fn new(width: u32, height: u32, format: PixelFormat, pixels: Vec<u8>) -> Result<Raster, RasterError> {
        if width == 0 || height == 0 {
            return Err(RasterError::Empty { width, height });
        }
        let bytes_per_pixel = format.bytes_per_pixel();
        let expected = u128::from(width) * u128::from(height) * bytes_per_pixel as u128;
        if expected != pixels.len() as u128 {
            let actual = pixels.len();
            return Err(RasterError::Length { width, height, bytes_per_pixel, expected, actual });
        }
        Ok(Raster { width, height, format, pixels })
    }

    /// Makes a raster of one colour: `Rgb8` when the alpha is 255, else `Rgba8`.
    ///
    /// A zero side becomes 1. The caller bounds the size: this allocates it.
    pub fn filled(width: u32, height: u32, rgba: [u8; 4]) -> Raster {
        let (width, height) = (width.max(1), height.max(1));
        let count = width as usize * height as usize;
        let (format, pixels) = if rgba[3] == 255 {
            (PixelFormat::Rgb8, rgba[..3].repeat(count))
        } else {
            (PixelFormat::Rgba8, rgba.repeat(count))
        };
        Raster { width, height, format, pixels }
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Layout of one pixel.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// The packed rows.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub(crate) fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// Gives the packed rows away.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// Changes the pixel format.
    ///
    /// Nothing is copied when the format is the same already. Alpha is added as 255. Where alpha is
    /// dropped the picture is composited on white; use [`Raster::composite`] for another colour.
    /// Colour to grey takes the luma of ITU-R BT.601-7 section 2.5.1 (0.299, 0.587, 0.114) on the
    /// encoded values, rounded to nearest, as JPEG does.
    pub fn convert(self, to: PixelFormat) -> Raster {
        if self.format == to {
            return self;
        }
        let Raster { width, height, format, pixels } = self;
        let pixels = match (format, to) {
            (PixelFormat::Gray8, PixelFormat::Rgb8) => spread(&pixels, |&grey| [grey, grey, grey]),
            (PixelFormat::Gray8, PixelFormat::Rgba8) => spread(&pixels, |&grey| [grey, grey, grey, 255]),
            (PixelFormat::Rgb8, PixelFormat::Gray8) => pixels.as_chunks::<3>().0.iter().map(|&rgb| luma(rgb)).collect(),
            (PixelFormat::Rgb8, PixelFormat::Rgba8) => spread(pixels.as_chunks::<3>().0, |&[r, g, b]| [r, g, b, 255]),
            (PixelFormat::Rgba8, _) => {
                return Raster { width, height, format, pixels }.composite([255; 3]).convert(to);
            }
            _ => pixels,
        };
        Raster { width, height, format: to, pixels }
    }

    /// Composites the picture on one opaque colour: `Rgba8` becomes `Rgb8`, the others stay as they
    /// are.
    ///
    /// Rounding: `(value * alpha + background * (255 - alpha)) / 255` to nearest, on the encoded
    /// values as browsers do.
    pub fn composite(self, background: [u8; 3]) -> Raster {
        if self.format != PixelFormat::Rgba8 {
            return self;
        }
        let pixels = spread(self.pixels.as_chunks::<4>().0, |&[r, g, b, alpha]| {
            let mix = |value: u8, under: u8| {
                let sum = u32::from(value) * u32::from(alpha) + u32::from(under) * u32::from(255 - alpha) + 128;
                // Divides by 255, rounded to nearest, for every sum of this kind.
                ((sum + (sum >> 8)) >> 8) as u8
            };
            [mix(r, background[0]), mix(g, background[1]), mix(b, background[2])]
        });
        Raster { width: self.width, height: self.height, format: PixelFormat::Rgb8, pixels }
    }

    /// Copies a window out.
    ///
    /// Errors: an empty window, or one that reaches outside.
    pub fn crop(&self, x: u32, y: u32, width: u32, height: u32) -> Result<Raster, RasterError> {
        if width == 0 || height == 0 {
            return Err(RasterError::Empty { width, height });
        }
        let inside = x.checked_add(width).is_some_and(|right| right <= self.width)
            && y.checked_add(height).is_some_and(|bottom| bottom <= self.height);
        if !inside {
            return Err(RasterError::Outside {
                x,
                y,
                width,
                height,
                raster_width: self.width,
                raster_height: self.height,
            });
        }
        let bytes_per_pixel = self.format.bytes_per_pixel();
        let stride = self.width as usize * bytes_per_pixel;
        let start = x as usize * bytes_per_pixel;
        let length = width as usize * bytes_per_pixel;
        let mut pixels = Vec::with_capacity(length * height as usize);
        for row in self.pixels.chunks_exact(stride).skip(y as usize).take(height as usize) {
            pixels.extend_from_slice(&row[start..start + length]);
        }
        Ok(Raster { width, height, format: self.format, pixels })
    }

    /// True when every pixel has three equal colour values. Reads the pixels.
    pub fn is_gray(&self) -> bool {
        match self.format {
            PixelFormat::Gray8 => true,
            PixelFormat::Rgb8 => self.pixels.as_chunks::<3>().0.iter().all(|[r, g, b]| r == g && g == b),
            PixelFormat::Rgba8 => self.pixels.as_chunks::<4>().0.iter().all(|[r, g, b, _]| r == g && g == b),
        }
    }

    /// True when no pixel lets the background through. Reads the pixels.
    pub fn is_opaque(&self) -> bool {
        // In blocks, so that the compiler can compare many alphas at once.
        self.format != PixelFormat::Rgba8
            || self
                .pixels
                .chunks(4096)
                .all(|block| block.as_chunks::<4>().0.iter().fold(255, |all, pixel| all & pixel[3]) == 255)
    }

    /// Drops the alpha whatever it is.
    pub(crate) fn drop_alpha(self) -> Raster {
        if self.format != PixelFormat::Rgba8 {
            return self;
        }
        let pixels = spread(self.pixels.as_chunks::<4>().0, |&[r, g, b, _]| [r, g, b]);
        Raster { width: self.width, height: self.height, format: PixelFormat::Rgb8, pixels }
    }
}

/// Maps each item to `N` bytes.
fn spread<T, const N: usize>(items: &[T], map: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
    let mut out = vec![0; items.len() * N];
    for (to, item) in out.as_chunks_mut::<N>().0.iter_mut().zip(items) {
        *to = map(item);
    }
    out
}

/// Luma in 16-bit fixed point: the three weights add up to 65536.
fn luma([r, g, b]: [u8; 3]) -> u8 {
    let sum = 19595 * u32::from(r) + 38470 * u32::from(g) + 7471 * u32::from(b);
    ((sum + 32768) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raster_holds_exactly_its_pixels() {
        assert!(Raster::new(2, 3, PixelFormat::Rgb8, vec![0; 18]).is_ok());
        let error = Raster::new(2, 3, PixelFormat::Rgb8, vec![0; 17]).unwrap_err();
        assert_eq!(error.to_string(), "2 x 3 px of 3 bytes need 18 bytes, 17 given");
        assert!(Raster::new(0, 3, PixelFormat::Gray8, vec![]).is_err());
        assert!(Raster::new(u32::MAX, u32::MAX, PixelFormat::Rgba8, vec![]).is_err());
    }

    #[test]
    fn dropping_alpha_composites_on_white() {
        let raster = Raster::filled(2, 1, [10, 20, 30, 0]).convert(PixelFormat::Rgb8);
        assert_eq!(raster.pixels(), [255; 6]);
        let half = Raster::filled(1, 1, [0, 100, 200, 128]).composite([0, 0, 255]);
        // (0, 100 * 128 / 255 = 50.2, (200 * 128 + 255 * 127) / 255 = 227.4)
        assert_eq!(half.pixels(), [0, 50, 227]);
    }

    #[test]
    fn compositing_rounds_to_nearest_everywhere() {
        for alpha in 0..=255_u8 {
            let pixels = (0..=255).flat_map(|value| [value, 255 - value, 77, alpha]).collect();
            let raster = Raster::new(256, 1, PixelFormat::Rgba8, pixels).unwrap();
            let background = [200, 3, 255 - alpha];
            let mixed = raster.clone().composite(background);
            let pairs = mixed.pixels().as_chunks::<3>().0.iter();
            for (pixel, from) in pairs.zip(raster.pixels().as_chunks::<4>().0) {
                for channel in 0..3 {
                    let over = f64::from(from[channel]) * f64::from(alpha);
                    let under = f64::from(background[channel]) * f64::from(255 - alpha);
                    let exact = (over + under) / 255.0;
                    assert!((f64::from(pixel[channel]) - exact).abs() <= 0.5, "{from:?}");
                }
            }
        }
    }

    #[test]
    fn grey_goes_to_colour_and_back() {
        let grey: Vec<u8> = (0..=255).collect();
        let raster = Raster::new(16, 16, PixelFormat::Gray8, grey.clone()).unwrap();
        let colour = raster.convert(PixelFormat::Rgba8);
        assert!(colour.is_gray() && colour.is_opaque());
        assert_eq!(colour.convert(PixelFormat::Gray8).pixels(), grey);
    }

    #[test]
    fn a_window_is_copied_row_by_row() {
        let raster = Raster::new(4, 3, PixelFormat::Gray8, (0..12).collect()).unwrap();
        assert_eq!(raster.crop(1, 1, 2, 2).unwrap().pixels(), [5, 6, 9, 10]);
        assert!(raster.crop(3, 0, 2, 1).is_err());
        assert!(raster.crop(u32::MAX, 0, 2, 1).is_err());
        assert!(raster.crop(0, 0, 0, 1).is_err());
    }

    #[test]
    fn one_clear_pixel_makes_a_picture_not_opaque() {
        let mut pixels = [1, 2, 3, 255].repeat(5000);
        let opaque = Raster::new(5000, 1, PixelFormat::Rgba8, pixels.clone()).unwrap();
        assert!(opaque.is_opaque());
        assert_eq!(opaque.drop_alpha().pixels(), [1, 2, 3].repeat(5000));
        pixels[4 * 4999 + 3] = 254;
        let clear = Raster::new(5000, 1, PixelFormat::Rgba8, pixels).unwrap();
        assert!(!clear.is_opaque());
    }
}
