//! Pictures to encode and ways to compare them.

use safelight_codec::{
    DecodeOptions, EncodeOptions, Error, Format, Frame, Limits, Loops, Metadata, Picture, PixelFormat, Raster, decode,
    encode,
};

/// A picture with soft slopes, an edge and some texture, as photographs have them.
pub(crate) fn photo(width: u32, height: u32, format: PixelFormat) -> Raster {
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let wave = f64::from(x) * 0.11 + (f64::from(y) * 0.07).sin() * 3.0;
            let texture = ((x * 7 + y * 13) % 11) as f64;
            let red = 127.0 + 90.0 * wave.sin() + texture;
            let green = f64::from(y) * 255.0 / f64::from(height);
            let blue = if x * height > y * width { 200.0 } else { 60.0 } + texture;
            let alpha = 255.0 - f64::from(x) * 200.0 / f64::from(width);
            match format {
                PixelFormat::Gray8 => pixels.push(red as u8),
                PixelFormat::Rgb8 => pixels.extend([red as u8, green as u8, blue as u8]),
                PixelFormat::Rgba8 => {
                    pixels.extend([red as u8, green as u8, blue as u8, alpha as u8]);
                }
            }
        }
    }
    Raster::new(width, height, format, pixels).unwrap()
}

/// Flat areas of a few colours with one clear corner: what a 256-colour format keeps exactly.
pub(crate) fn poster(width: u32, height: u32, shift: u32) -> Raster {
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let step = ((x + shift) * 5 / width + y * 3 / height) as u8;
            let alpha = if x < width / 4 && y < height / 4 { 0 } else { 255 };
            let shade = |factor: u8| if alpha == 0 { 0 } else { step * factor };
            pixels.extend([shade(20), shade(30), 255 - shade(25), alpha]);
            if alpha == 0 {
                let at = pixels.len() - 2;
                pixels[at] = 0;
            }
        }
    }
    Raster::new(width, height, PixelFormat::Rgba8, pixels).unwrap()
}

/// Three frames of different length.
pub(crate) fn animation(width: u32, height: u32) -> Picture {
    let frames = [(0, 40), (1, 110), (2, 500)];
    Picture {
        frames: frames.map(|(shift, delay_ms)| Frame { raster: poster(width, height, shift), delay_ms }).to_vec(),
        loops: Loops::Times(3),
        metadata: Metadata::default(),
    }
}

pub(crate) fn write(raster: &Raster, options: &EncodeOptions) -> Vec<u8> {
    encode(&Picture::still(raster.clone()), options).unwrap()
}

pub(crate) fn write_as(raster: &Raster, format: Format) -> Vec<u8> {
    write(raster, &EncodeOptions::new(format))
}

pub(crate) fn read(bytes: &[u8]) -> Result<Picture, Error> {
    let limits = Limits::default();
    decode(bytes, &options(&limits))
}

pub(crate) fn read_one(bytes: &[u8]) -> Raster {
    let mut picture = read(bytes).unwrap();
    assert_eq!(picture.frames.len(), 1);
    picture.frames.remove(0).raster
}

pub(crate) fn options(limits: &Limits) -> DecodeOptions<'_> {
    DecodeOptions { limits, enough: None, keep_metadata: false, animated: true }
}

/// Peak signal-to-noise ratio in decibels; infinite for equal pictures.
pub(crate) fn psnr(one: &Raster, other: &Raster) -> f64 {
    assert_eq!((one.width(), one.height()), (other.width(), other.height()));
    assert_eq!(one.format(), other.format());
    let mut sum = 0.0;
    for (a, b) in one.pixels().iter().zip(other.pixels()) {
        sum += (f64::from(*a) - f64::from(*b)).powi(2);
    }
    10.0 * (255.0 * 255.0 * one.pixels().len() as f64 / sum).log10()
}

/// xorshift64: the same bytes on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// A minimal EXIF block that says how the camera was held.
pub(crate) fn exif(orientation: u16) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    block.extend(orientation.to_be_bytes());
    block.extend([0; 6]);
    block
}

/// The checksum of PNG chunks, bit by bit (PNG annex D).
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ crc >> 1 } else { crc >> 1 };
        }
        crc
    })
}

/// Where a part is in a file.
pub(crate) fn find(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).unwrap()
}

/// The most memory this process ever had.
pub(crate) fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Writes a picture with metadata, at best quality, lossless for WebP.
pub(crate) fn write_with(raster: &Raster, metadata: Metadata, format: Format) -> Vec<u8> {
    let picture = Picture { metadata, ..Picture::still(raster.clone()) };
    let lossless = format == Format::WebP;
    let options = EncodeOptions { metadata: true, lossless, quality: 100, ..EncodeOptions::new(format) };
    encode(&picture, &options).unwrap()
}

/// Turns a raster pixel by pixel, from the text of EXIF: where row 0 and column 0 are to be seen.
pub(crate) fn turned(raster: &Raster, orientation: u16) -> Raster {
    let (width, height) = (raster.width(), raster.height());
    let (to_width, to_height) = if orientation >= 5 { (height, width) } else { (width, height) };
    let mut pixels = Vec::new();
    for y in 0..to_height {
        for x in 0..to_width {
            let (from_x, from_y) = match orientation {
                1 => (x, y),
                2 => (width - 1 - x, y),
                3 => (width - 1 - x, height - 1 - y),
                4 => (x, height - 1 - y),
                5 => (y, x),
                6 => (y, height - 1 - x),
                7 => (width - 1 - y, height - 1 - x),
                _ => (width - 1 - y, x),
            };
            pixels.extend_from_slice(raster.crop(from_x, from_y, 1, 1).unwrap().pixels());
        }
    }
    Raster::new(to_width, to_height, raster.format(), pixels).unwrap()
}
