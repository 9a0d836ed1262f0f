//! Codec plugin `codec-jxl`: JPEG XL pictures and animations (ISO/IEC 18181), read only.
//!
//! Colours are converted to sRGB by the profile or the encoding that the picture names; a picture of high
//! dynamic range is brought down to what sRGB shows.

#[cfg(test)]
mod tests;

use jxl_oxide::{AllocTracker, EnumColourEncoding, JxlImage, Moxcms, PixelFormat as JxlFormat, RenderingIntent};
use safelight_sdk::codec::{Codec, Document, Error, Format, Frame, Info, Kind, Limits, Mark, Metadata, Page, Scaling};
use safelight_sdk::{Image, PixelFormat, Size};

/// The codec.
pub struct Jxl;

/// Bytes that decoding takes for each sample beside the result: planes of 32 bits, once before and once after
/// the filters, and once while colours are converted.
const SAMPLE_BYTES: u64 = 12;

impl Codec for Jxl {
    const FORMATS: &'static [Format] = &[Format {
        extensions: &["jxl"],
        media_types: &["image/jxl"],
        // The bare codestream (ISO/IEC 18181-1 annex D), and the container (18181-2 section 4).
        signatures: &[&[Mark::at(0, b"\xff\x0a")], &[Mark::at(0, b"\0\0\0\x0cJXL \r\n\x87\n")]],
        ..Format::reading("jxl")
    }];
    type Document = Picture;

    fn open(bytes: Vec<u8>, _format: &str, limits: &Limits) -> Result<Picture, Error> {
        let budget = usize::try_from(limits.max_memory_bytes).unwrap_or(usize::MAX);
        let mut image = JxlImage::builder()
            .alloc_tracker(AllocTracker::with_limit(budget))
            .read(bytes.as_slice())
            .map_err(|error| refusal(error.as_ref()))?;
        limits.check_size(Size::new(image.width(), image.height()))?;
        let frames = image.num_loaded_keyframes();
        if frames == 0 {
            return Err(Error::Truncated("jxl picture is cut short: it has no whole frame".to_owned()));
        }
        image.set_cms(Moxcms);
        let is_gray = image.image_header().metadata.grayscale();
        image.request_color_encoding(if is_gray {
            EnumColourEncoding::gray_srgb(RenderingIntent::Relative)
        } else {
            EnumColourEncoding::srgb(RenderingIntent::Relative)
        });
        Ok(Picture { frames: frames as u32, is_complete: image.is_loading_done(), image })
    }
}

/// A picture or an animation that was read.
pub struct Picture {
    image: JxlImage,
    frames: u32,
    is_complete: bool,
}

impl Picture {
    fn has_alpha(&self) -> bool {
        self.image.pixel_format().has_alpha()
    }

    /// Whether colours were multiplied by their alpha when they were encoded.
    fn is_premultiplied(&self) -> bool {
        let channels = &self.image.image_header().metadata.ec_info;
        channels.iter().any(|channel| channel.alpha_associated() == Some(true))
    }

    fn delay_ms(&self, index: u32) -> u32 {
        let duration = self.image.frame_header(index as usize).map_or(0, |header| header.duration);
        match &self.image.image_header().metadata.animation {
            Some(animation) if animation.tps_numerator > 0 => {
                let ticks = u64::from(duration) * u64::from(animation.tps_denominator) * 1000;
                u32::try_from(ticks / u64::from(animation.tps_numerator)).unwrap_or(u32::MAX)
            }
            _ => 0,
        }
    }

    fn frame(&self, index: u32) -> Result<Frame, Error> {
        if !self.is_complete {
            return Err(Error::Truncated("jxl picture is cut short: its last frame is not complete".to_owned()));
        }
        let render = self.image.render_frame(index as usize).map_err(|error| refusal(error.as_ref()))?;
        let mut stream = render.stream();
        let (width, height, channels) = (stream.width(), stream.height(), stream.channels() as usize);
        let mut pixels = vec![0; width as usize * height as usize * channels];
        if stream.write_to_buffer::<u8>(&mut pixels) != pixels.len() {
            return Err(Error::Corrupt("jxl picture is damaged: its pixels end too early".to_owned()));
        }
        let image = match (self.image.pixel_format(), channels) {
            (JxlFormat::Gray, 1) => Image::new(width, height, PixelFormat::Gray8, pixels),
            (JxlFormat::Graya, 2) => {
                let wide = pixels.as_chunks::<2>().0.iter().flat_map(|&[gray, alpha]| [gray, gray, gray, alpha]);
                self.with_alpha(width, height, wide.collect())
            }
            (JxlFormat::Rgb, 3) => Image::new(width, height, PixelFormat::Rgb8, pixels),
            (JxlFormat::Rgba, 4) => self.with_alpha(width, height, pixels),
            (format, channels) => {
                return Err(Error::Unsupported(format!("jxl picture has {channels} channels of {format:?}")));
            }
        };
        Ok(Frame { image, delay_ms: self.delay_ms(index) })
    }

    fn with_alpha(&self, width: u32, height: u32, pixels: Vec<u8>) -> Image {
        if self.is_premultiplied() {
            return safelight_sdk::codec::from_premultiplied(width, height, pixels);
        }
        Image::new(width, height, PixelFormat::Rgba8, pixels)
    }
}

impl Document for Picture {
    fn info(&self) -> Info {
        Info { kind: if self.frames > 1 { Kind::Animation } else { Kind::Still }, count: self.frames }
    }

    fn page(&mut self, index: u32) -> Result<Page, Error> {
        let size = Size::new(self.image.width(), self.image.height());
        let gray = self.image.image_header().metadata.grayscale();
        let samples = if gray { 1 } else { 3 } + u64::from(self.has_alpha());
        let pixels = u64::from(size.width) * u64::from(size.height);
        Ok(Page {
            delay_ms: self.delay_ms(index),
            has_alpha: self.has_alpha(),
            gray,
            memory_bytes: pixels * samples * (SAMPLE_BYTES + 1),
            ..Page::new(size, Scaling::Fixed)
        })
    }

    fn render(&mut self, index: u32, _size: Option<Size>) -> Result<Image, Error> {
        self.frame(index).map(|frame| frame.image)
    }

    fn render_frames(&mut self, first: u32, count: u32, _size: Option<Size>) -> Result<Vec<Frame>, Error> {
        (first..first + count).map(|index| self.frame(index)).collect()
    }

    fn metadata(&mut self) -> Metadata {
        let plays = self.image.image_header().metadata.animation.as_ref().map_or(1, |animation| animation.num_loops);
        // The pixels were converted: a profile would be a wrong one. EXIF's orientation was applied, and is
        // not to be applied again, so it is left out with the rest of it.
        let xmp = match self.image.aux_boxes().first_xml() {
            jxl_oxide::AuxBoxData::Data(xml) => Some(xml.to_vec()),
            _ => None,
        };
        Metadata { plays, xmp, ..Metadata::default() }
    }
}

fn refusal(error: &(dyn std::error::Error + 'static)) -> Error {
    let text = format!("jxl picture is damaged: {error}");
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::UnexpectedEof
        {
            return Error::Truncated(format!("jxl picture is cut short: {error}"));
        }
        if error.to_string().contains("out of memory") || error.to_string().contains("failed to allocate") {
            return Error::Limit("memory for decoding: what this picture needs is over the limit".to_owned());
        }
        cause = error.source();
    }
    Error::Corrupt(text)
}

safelight_sdk::export_codec!(
    name: "codec-jxl",
    summary: "JPEG XL pictures and animations.",
    codec: Jxl,
);
