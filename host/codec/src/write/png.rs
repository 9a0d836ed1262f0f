//! PNG, and APNG: what differs from the frame before, in one palette where there is one.

use std::borrow::Cow;

use png::{BitDepth, BlendOp, ColorType, Compression, DisposeOp, Encoder, Filter, Info, PixelDimensions, Unit};
use safelight_kernels as kernels;

use crate::{EncodeOptions, Error, Format, Loops, Metadata, Picture, PixelFormat, Raster};

const PNG: Format = Format::Png;

/// How many metres an inch is.
const METRES_AN_INCH: f64 = 0.0254;

pub(crate) fn write(picture: &Picture, metadata: &Metadata, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
    let compression = match options.effort {
        0 | 1 => Compression::Fastest,
        2..=4 => Compression::Fast,
        5..=7 => Compression::Balanced,
        _ => Compression::High,
    };
    let frames = &picture.frames;
    let narrow = frames.iter().all(|frame| frame.raster.format().has_alpha() && frame.raster.is_opaque());
    let rasters: Vec<Cow<'_, Raster>> = frames
        .iter()
        .map(|frame| match narrow {
            true => Cow::Owned(frame.raster.clone().drop_alpha()),
            false => Cow::Borrowed(&frame.raster),
        })
        .collect();
    let mut file = match options.colors {
        Some(colors) => File::indexed(&rasters, usize::from(colors), options.dither, options.effort),
        None => File::direct(&rasters, compression),
    };
    file.delays_ms = frames.iter().map(|frame| frame.delay_ms).collect();
    file.loops = picture.loops;
    file.dpi = options.dpi;
    file.encode(metadata).map_err(|error| Error::encode(PNG, error))
}

/// Writes a still PNG with the channels the raster has.
pub(super) fn encode(
    raster: &Raster,
    metadata: &Metadata,
    compression: Compression,
) -> Result<Vec<u8>, png::EncodingError> {
    File::direct(&[Cow::Borrowed(raster)], compression).encode(metadata)
}

/// What is written.
struct File<'a> {
    width: u32,
    height: u32,
    color: ColorType,
    depth: BitDepth,
    /// Bytes of one sample in `frames`.
    sample_bytes: usize,
    /// Rows of samples, those of a palette not yet packed; at least one frame.
    frames: Vec<Cow<'a, [u8]>>,
    delays_ms: Vec<u32>,
    loops: Loops,
    palette: Vec<[u8; 4]>,
    compression: Compression,
    /// Goes before what the compression would choose.
    filter: Option<Filter>,
    dpi: Option<f32>,
}

impl<'a> File<'a> {
    fn direct(rasters: &'a [Cow<'_, Raster>], compression: Compression) -> File<'a> {
        let first = &rasters[0];
        // Rasters of one picture have one format; those that do not get the widest.
        let format = rasters.iter().map(|raster| raster.format()).max_by_key(|format| format.bytes_per_pixel());
        let format = format.unwrap_or(first.format());
        let samples = |raster: &'a Cow<'_, Raster>| match raster.format() == format {
            true => Cow::Borrowed(raster.pixels()),
            false => Cow::Owned(raster.as_ref().clone().convert(format).into_pixels()),
        };
        File {
            width: first.width(),
            height: first.height(),
            color: match format {
                PixelFormat::Gray8 => ColorType::Grayscale,
                PixelFormat::Rgb8 => ColorType::Rgb,
                PixelFormat::Rgba8 => ColorType::Rgba,
            },
            depth: BitDepth::Eight,
            sample_bytes: format.bytes_per_pixel(),
            frames: rasters.iter().map(samples).collect(),
            delays_ms: Vec::new(),
            loops: Loops::Times(1),
            palette: Vec::new(),
            compression,
            filter: None,
            dpi: None,
        }
    }

    /// With one palette for all frames, in as few bits as its entries need.
    fn indexed(rasters: &'a [Cow<'_, Raster>], colors: usize, dither: bool, effort: u8) -> File<'a> {
        // What is fast is so by counting on filtered colours; indices it hardly makes smaller.
        let compression = if effort > 7 { Compression::High } else { Compression::Balanced };
        let direct = File::direct(rasters, compression);
        let samples = match &direct.frames[..] {
            [one] => one.clone(),
            // One above the other they are one picture.
            frames => Cow::Owned(frames.concat()),
        };
        let size = (direct.width, direct.height * direct.frames.len() as u32);
        let kernels::Indexed { palette, indices } = match direct.color {
            ColorType::Rgba => kernels::quantize_alpha(&samples, size.0, colors, dither),
            _ => kernels::quantize(&samples, size, direct.sample_bytes, colors, dither),
        };
        let frame = direct.width as usize * direct.height as usize;
        File {
            color: ColorType::Indexed,
            depth: match palette.len() {
                0..=2 => BitDepth::One,
                3..=4 => BitDepth::Two,
                5..=16 => BitDepth::Four,
                _ => BitDepth::Eight,
            },
            sample_bytes: 1,
            frames: indices.chunks(frame).map(|indices| Cow::Owned(indices.to_vec())).collect(),
            palette,
            filter: Some(Filter::NoFilter),
            ..direct
        }
    }

    fn header<'m>(&self, metadata: &'m Metadata) -> Info<'m> {
        let mut info = Info::with_size(self.width, self.height);
        info.icc_profile = metadata.icc.as_deref().map(Cow::Borrowed);
        info.exif_metadata = metadata.exif.as_deref().map(Cow::Borrowed);
        info.bit_depth = self.depth;
        info.color_type = self.color;
        info.pixel_dims = self.dpi.map(|dpi| {
            let per_metre = (f64::from(dpi) / METRES_AN_INCH).round() as u32;
            PixelDimensions { xppu: per_metre, yppu: per_metre, unit: Unit::Meter }
        });
        if !self.palette.is_empty() {
            info.palette = Some(self.palette.iter().flat_map(|entry| entry[..3].to_vec()).collect());
            // Entries that are left out at the end are opaque.
            let clear = self.palette.iter().rposition(|entry| entry[3] < 255).map_or(0, |last| last + 1);
            if clear > 0 {
                info.trns = Some(self.palette[..clear].iter().map(|entry| entry[3]).collect());
            }
        }
        info
    }

    fn encode(&self, metadata: &Metadata) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::with_info(&mut bytes, self.header(metadata))?;
        encoder.set_compression(self.compression);
        if let Some(filter) = self.filter {
            encoder.set_filter(filter);
        }
        if let Some(xmp) = &metadata.xmp {
            // PNG third edition 11.3.3.4 and Adobe XMP specification part 3, section 1.1.5.
            let text = String::from_utf8_lossy(xmp).into_owned();
            encoder.add_itxt_chunk("XML:com.adobe.xmp".into(), text)?;
        }
        let moves = self.frames.len() > 1;
        if moves {
            let plays = match self.loops {
                Loops::Forever => 0,
                Loops::Times(times) => times.max(1),
            };
            encoder.set_animated(self.frames.len() as u32, plays)?;
            encoder.set_blend_op(BlendOp::Source)?;
            encoder.set_dispose_op(DisposeOp::None)?;
        }
        let mut writer = encoder.write_header()?;
        let mut before: Option<&[u8]> = None;
        for (frame, delay_ms) in self.frames.iter().zip(self.delays_ms.iter().copied().chain(std::iter::repeat(0))) {
            let window = match before {
                Some(before) => self.changed(before, frame),
                None => Window { left: 0, top: 0, width: self.width as usize, height: self.height as usize },
            };
            if moves {
                let (numerator, denominator) = delay(delay_ms);
                writer.set_frame_delay(numerator, denominator)?;
            }
            if before.is_some() {
                writer.set_frame_dimension(window.width as u32, window.height as u32)?;
                writer.set_frame_position(window.left as u32, window.top as u32)?;
            }
            writer.write_image_data(&self.rows(frame, &window))?;
            before = Some(frame);
        }
        writer.finish()?;
        Ok(bytes)
    }

    /// The smallest window around all samples that differ; one sample if none does.
    fn changed(&self, before: &[u8], frame: &[u8]) -> Window {
        let stride = self.width as usize * self.sample_bytes;
        let (mut left, mut right, mut top, mut bottom) = (self.width as usize, 0, self.height as usize, 0);
        for (y, (old, new)) in before.chunks_exact(stride).zip(frame.chunks_exact(stride)).enumerate() {
            let differs = |(old, new): (&u8, &u8)| old != new;
            if let Some(first) = old.iter().zip(new).position(differs) {
                let last = old.iter().zip(new).rposition(differs).unwrap_or(first);
                (left, right) = (left.min(first / self.sample_bytes), right.max(last / self.sample_bytes + 1));
                (top, bottom) = (top.min(y), y + 1);
            }
        }
        match top < bottom {
            true => Window { left, top, width: right - left, height: bottom - top },
            false => Window { left: 0, top: 0, width: 1, height: 1 },
        }
    }

    /// The rows of a window as they stand in the file.
    fn rows<'f>(&self, frame: &'f [u8], window: &Window) -> Cow<'f, [u8]> {
        let bits = self.depth as usize;
        let whole = window.width == self.width as usize && window.height == self.height as usize;
        if whole && bits == 8 {
            return Cow::Borrowed(frame);
        }
        let stride = self.width as usize * self.sample_bytes;
        let columns = window.left * self.sample_bytes..(window.left + window.width) * self.sample_bytes;
        let rows = frame.chunks_exact(stride).skip(window.top).take(window.height).map(|row| &row[columns.clone()]);
        rows.flat_map(|row| {
            row.chunks(8 / bits).map(move |samples| {
                let places = (0..8 / bits).rev().map(|place| place * bits);
                samples.iter().zip(places).fold(0, |byte, (sample, place)| byte | sample << place)
            })
        })
        .collect()
    }
}

/// A part of the canvas.
struct Window {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// A time as a fraction of a second with 16 bits on either side.
fn delay(delay_ms: u32) -> (u16, u16) {
    [1_u32, 10, 100, 1000]
        .into_iter()
        .find_map(|part| Some((u16::try_from(delay_ms / part).ok()?, (1000 / part) as u16)))
        .unwrap_or((u16::MAX, 1))
}
