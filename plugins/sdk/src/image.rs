//! What pictures, sizes and rectangles can tell about themselves.

use std::fmt;

use crate::{Image, PixelFormat, Rect, Refusal, Size, View};

/// The longest side that a result may have, in pixels.
pub const MAX_SIDE: u32 = 65_535;

/// The most pixels that a result may have: 2^28, which is 1 GiB of RGBA.
pub const MAX_PIXELS: u64 = 1 << 28;

impl PixelFormat {
    /// Bytes of one pixel: 1, 3 or 4.
    pub const fn bytes(self) -> usize {
        match self {
            PixelFormat::Gray8 => 1,
            PixelFormat::Rgb8 => 3,
            PixelFormat::Rgba8 => 4,
        }
    }
}

impl Size {
    /// A size of `width` x `height` pixels.
    pub const fn new(width: u32, height: u32) -> Self {
        Size { width, height }
    }

    /// Width times height.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Refuses a result that is empty, or larger than [`MAX_SIDE`] or [`MAX_PIXELS`].
    ///
    /// The SDK calls this for every planned size. The host's own limits come on top.
    pub fn check(self) -> Result<(), Refusal> {
        if self.width == 0 || self.height == 0 {
            return Err(Refusal::other(format!("the result would be empty: {self} px")));
        }
        if self.width > MAX_SIDE || self.height > MAX_SIDE {
            return Err(Refusal::other(format!(
                "the result would be {self} px, over the limit of {MAX_SIDE} px a side"
            )));
        }
        if self.pixels() > MAX_PIXELS {
            return Err(Refusal::other(format!(
                "the result would be {self} px, over the limit of {MAX_PIXELS} pixels"
            )));
        }
        Ok(())
    }
}

/// As in "800 x 600".
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", self.width, self.height)
    }
}

impl Rect {
    /// A rectangle with its top left corner at (`x`, `y`).
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Rect { x, y, width, height }
    }

    /// The rectangle's own size.
    pub const fn size(self) -> Size {
        Size::new(self.width, self.height)
    }

    /// The rectangle that covers a picture of this size.
    pub const fn whole(size: Size) -> Self {
        Rect::new(0, 0, size.width, size.height)
    }
}

impl View {
    /// The view of a whole picture at its full size.
    pub const fn whole(size: Size) -> Self {
        View { full: size, region: Rect::whole(size) }
    }
}

impl Image {
    /// A picture of `width` x `height` pixels over existing bytes.
    ///
    /// # Panics
    /// When the number of bytes does not fit the size and the format.
    pub fn new(width: u32, height: u32, format: PixelFormat, pixels: Vec<u8>) -> Self {
        let image = Image { width, height, format, pixels };
        assert_eq!(
            Some(image.pixels.len()),
            image.expected_bytes(),
            "bytes of a {width} x {height} picture in {format:?}"
        );
        image
    }

    /// A picture of one colour: `pixel` holds one pixel's bytes.
    ///
    /// # Panics
    /// When `pixel` has not the length of one pixel.
    pub fn filled(size: Size, format: PixelFormat, pixel: &[u8]) -> Self {
        assert_eq!(pixel.len(), format.bytes(), "bytes of one pixel");
        let pixels = pixel.repeat(size.pixels() as usize);
        Image::new(size.width, size.height, format, pixels)
    }

    /// An empty buffer with room for a picture of this size and format, to be filled row by row.
    pub fn room(size: Size, format: PixelFormat) -> Vec<u8> {
        Vec::with_capacity(size.pixels() as usize * format.bytes())
    }

    /// Width and height.
    pub const fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// The bytes of one row.
    pub const fn stride(&self) -> usize {
        self.width as usize * self.format.bytes()
    }

    /// The rows from top to bottom.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.pixels.chunks_exact(self.stride().max(1))
    }

    /// The rows from top to bottom, to be changed in place.
    pub fn rows_mut(&mut self) -> std::slice::ChunksExactMut<'_, u8> {
        let stride = self.stride().max(1);
        self.pixels.chunks_exact_mut(stride)
    }

    /// The bytes of the pixel in column `x` of row `y`.
    ///
    /// # Panics
    /// When there is no such pixel.
    pub fn pixel(&self, x: u32, y: u32) -> &[u8] {
        assert!(x < self.width && y < self.height, "no pixel at {x}, {y}");
        let bytes = self.format.bytes();
        let start = (y as usize * self.width as usize + x as usize) * bytes;
        &self.pixels[start..start + bytes]
    }

    /// How many bytes `pixels` must have; none when that is beyond what an address can hold.
    pub(crate) fn expected_bytes(&self) -> Option<usize> {
        (self.width as usize).checked_mul(self.height as usize)?.checked_mul(self.format.bytes())
    }
}
