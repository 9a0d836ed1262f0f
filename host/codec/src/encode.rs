//! Pixels to bytes.

use crate::error::guard;
use crate::limits::show_bytes;
use crate::{Error, Format, Look, Metadata, Picture, auto, exif, write};

/// Resolution of colour against brightness, where the format has a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Chroma {
    /// Full at quality 90 and above, half below. AVIF is always full, lossy WebP always half.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// 4:4:4: as many colour samples as pixels.
    #[serde(rename = "4:4:4")]
    Full444,
    /// 4:2:0: one colour sample for two by two pixels.
    #[serde(rename = "4:2:0")]
    Half420,
}

/// How samples are packed in a TIFF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TiffCompression {
    /// As in PNG, on the differences of neighbours.
    #[default]
    Deflate,
    /// As in GIF, on the differences of neighbours; older readers know it.
    Lzw,
    /// Runs of equal bytes.
    PackBits,
    /// Not at all.
    None,
}

impl TiffCompression {
    /// All of them.
    pub const ALL: [TiffCompression; 4] =
        [TiffCompression::Deflate, TiffCompression::Lzw, TiffCompression::PackBits, TiffCompression::None];

    /// Its name: `deflate`, `lzw`, `pack_bits` or `none`.
    pub fn name(self) -> &'static str {
        match self {
            TiffCompression::Deflate => "deflate",
            TiffCompression::Lzw => "lzw",
            TiffCompression::PackBits => "pack_bits",
            TiffCompression::None => "none",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<TiffCompression> {
        TiffCompression::ALL.into_iter().find(|compression| compression.name() == name)
    }
}

/// Most pixels an inch that are written: what a JPEG has room for.
pub const MAX_DPI: f32 = 65_535.0;

/// How to encode.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodeOptions {
    /// The format to write.
    pub format: Format,
    /// 1 to 100, for JPEG, lossy WebP and AVIF; others ignore it.
    pub quality: u8,
    /// Find the quality that makes the result look so, for the formats that have one; [`quality`](Self::quality)
    /// then only serves pictures under 8 px a side.
    pub look: Option<Look>,
    /// Every pixel is kept. WebP has both kinds; JPEG and AVIF cannot, and refuse it; the others
    /// always do (GIF as far as 256 colours go).
    pub lossless: bool,
    /// 0 is fastest, 9 smallest.
    pub effort: u8,
    /// JPEG: several scans, from coarse to fine.
    pub progressive: bool,
    /// JPEG: resolution of colour.
    pub chroma: Chroma,
    /// Most colours of a PNG or GIF, 2 to 256; a GIF has no more than 256 in a frame anyhow. A PNG is then written
    /// with a palette. Others ignore it.
    pub colors: Option<u16>,
    /// Where colours are too few for the picture: their mixture is spread over neighbours (error diffusion).
    pub dither: bool,
    /// How a TIFF is packed.
    pub tiff_compression: TiffCompression,
    /// Pixels an inch, written into JPEG, PNG and TIFF; none leaves it out. From 1 to [`MAX_DPI`]. Others ignore it.
    pub dpi: Option<f32>,
    /// Write all frames, where the format has room for them (PNG as APNG); otherwise the first.
    pub animated: bool,
    /// What transparent pixels are composited on where the format has no alpha.
    pub background: [u8; 3],
    /// Write [`Picture::metadata`] (JPEG, PNG and WebP; AVIF takes EXIF only).
    pub metadata: bool,
    /// Most bytes of the result. Default 256 MiB.
    pub max_bytes: u64,
    /// AVIF: about how many seconds encoding may take on one core. The effort is lowered for large
    /// pictures, as far as 0. It goes by the number of pixels, not by a clock: the same picture always gives
    /// the same bytes.
    pub avif_seconds: f32,
}

impl EncodeOptions {
    /// Defaults of a format: all frames except in PNG, quality 80 (AVIF 65), lossy where there is a choice, an effort that
    /// answers fast, white background, no metadata.
    pub fn new(format: Format) -> EncodeOptions {
        let effort = match format {
            // libwebp's own default method, 4 of 6.
            Format::WebP => 6,
            Format::Avif => 1,
            _ => 3,
        };
        EncodeOptions {
            format,
            quality: if format == Format::Avif { 65 } else { 80 },
            look: None,
            lossless: false,
            effort,
            progressive: false,
            chroma: Chroma::Auto,
            colors: None,
            dither: true,
            tiff_compression: TiffCompression::Deflate,
            dpi: None,
            animated: format.supports_animation(),
            background: [255; 3],
            metadata: false,
            max_bytes: 256 << 20,
            avif_seconds: 10.0,
        }
    }

    fn check(&self) -> Result<(), Error> {
        if !(1..=100).contains(&self.quality) {
            return Err(Error::Option {
                option: "quality",
                value: self.quality.to_string(),
                expected: "1 to 100".into(),
            });
        }
        if self.effort > 9 {
            return Err(Error::Option { option: "effort", value: self.effort.to_string(), expected: "0 to 9".into() });
        }
        if let Some(colors) = self.colors.filter(|colors| !(2..=256).contains(colors)) {
            return Err(Error::Option { option: "colors", value: colors.to_string(), expected: "2 to 256".into() });
        }
        if let Some(dpi) = self.dpi.filter(|dpi| !(1.0..=MAX_DPI).contains(dpi)) {
            return Err(Error::Option { option: "dpi", value: dpi.to_string(), expected: format!("1 to {MAX_DPI}") });
        }
        if self.lossless && matches!(self.format, Format::Jpeg | Format::Avif) {
            return Err(Error::Option {
                option: "lossless",
                value: "true".into(),
                expected: format!("false for {}, or a format that can keep every pixel", self.format),
            });
        }
        Ok(())
    }
}

/// Encodes a picture. Formats without animation take the first frame
/// ([`Format::supports_animation`]), and PNG does unless `animated` is set.
///
/// Alpha is kept where the format has it, and composited on the background where not. Grey pictures
/// are written with one channel where the format has such. The orientation in EXIF is written as 1,
/// since pixels are upright.
///
/// Errors: options out of range, a picture larger than the format holds, a result over `max_bytes`,
/// and failures of an encoder.
pub fn encode(picture: &Picture, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    options.check()?;
    let format = options.format;
    let Some(first) = picture.frames.first() else {
        return Err(Error::encode(format, "the picture has no frame"));
    };
    let (width, height) = (first.raster.width(), first.raster.height());
    for (what, side) in [("width", width), ("height", height)] {
        if side > format.max_side() {
            return Err(Error::TooLarge {
                format,
                what,
                value: format!("{side} px"),
                limit: format!("{} px", format.max_side()),
            });
        }
    }
    for (index, frame) in picture.frames.iter().enumerate() {
        let size = (frame.raster.width(), frame.raster.height());
        if size != (width, height) {
            let what = format!("frame {} is {} x {} px, the first {width} x {height} px", index + 1, size.0, size.1);
            return Err(Error::encode(format, what));
        }
    }
    let first_alone;
    let picture = if options.animated || picture.frames.len() == 1 {
        picture
    } else {
        first_alone = Picture { metadata: picture.metadata.clone(), ..Picture::still(first.raster.clone()) };
        &first_alone
    };
    let mut options = options.clone();
    if let Some(look) = options.look
        && matches!(format, Format::Jpeg | Format::WebP | Format::Avif)
        && !options.lossless
    {
        options.quality = auto::quality(picture, &options, look)?.unwrap_or(options.quality);
    }
    let options = &options;
    let metadata = if options.metadata { upright(&picture.metadata) } else { Metadata::default() };
    let gave_up = || Error::encode(format, "the encoder gave up on it");
    let bytes = guard(gave_up, || match format {
        Format::Jpeg => write::jpeg(&first.raster, &metadata, options),
        Format::Png => write::png(picture, &metadata, options),
        Format::WebP => write::webp(picture, &metadata, options),
        Format::Gif => write::gif(picture, options),
        Format::Avif => write::avif(&first.raster, &metadata, options),
        Format::Tiff => write::tiff(&first.raster, options),
        Format::Bmp => write::bmp(&first.raster),
        Format::Ico => write::ico(&first.raster),
    })?;
    if bytes.len() as u64 > options.max_bytes {
        return Err(Error::Limit {
            what: "encoded size",
            value: show_bytes(bytes.len() as u64),
            limit: show_bytes(options.max_bytes),
        });
    }
    Ok(bytes)
}

fn upright(metadata: &Metadata) -> Metadata {
    let mut metadata = metadata.clone();
    if let Some(block) = &mut metadata.exif {
        *block = exif::strip_prefix(block).to_vec();
        exif::reset_orientation(block);
    }
    metadata
}
