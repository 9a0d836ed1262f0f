//! The port [`Codecs`]: who reads a source and writes a result, the host's own decoders or a codec plugin.

use safelight_codec::{EncodeOptions, Format, Frame, Loops, Metadata, Orientation, Picture, PixelFormat, Raster};

use super::{
    Snapshot,
    bindings::codec::exports::safelight::plugin::codec as contract,
    codec::{Codec, Document, Stop},
    counters::Work,
    formats::FormatInfo,
    plugin::Plugin,
};
use crate::{
    error::{Code, Failure},
    job::{Pages, Rendering},
    pipeline::{
        Ask, BuiltIn, Codecs, Sandbox, Scaling, Size, SourceInfo, Timeline, Want, WrittenFormat, frames_of,
        no_such_page, scaled,
    },
};

/// The formats that the host can decode and leaves to the sandbox by default.
///
/// Those whose decoding costs at most 1.3 times as much there, see BENCHMARKS.md, and AVIF at any price: its
/// decoder may abort the process where it meets what it does not expect, and in the sandbox it cannot.
const SANDBOXED: &[Format] = &[Format::Png, Format::Gif, Format::Avif, Format::Tiff];

/// A codec plugin and the format that a source was found to be of.
struct Found<'a> {
    plugin: &'a Plugin,
    codec: &'a Codec,
    format: &'a FormatInfo,
}

/// Who reads a source.
enum Reader<'a> {
    BuiltIn,
    Plugin(Found<'a>),
}

impl Snapshot {
    fn codecs_of(&self) -> impl Iterator<Item = Found<'_>> {
        self.plugins.iter().flat_map(|plugin| {
            let codec = plugin.codec.as_ref();
            codec
                .into_iter()
                .flat_map(move |codec| codec.formats.iter().map(move |format| Found { plugin, codec, format }))
        })
    }

    /// Who reads a source, by its first bytes: a format that the host knows goes before those of plugins.
    fn reader(&self, bytes: &[u8], sandbox: Sandbox) -> Result<Reader<'_>, Failure> {
        let Some(format) = Format::sniff(bytes) else {
            // Nobody: the host's own decoders have the message for that.
            return Ok(self
                .codecs_of()
                .find(|found| found.format.matches(bytes))
                .map_or(Reader::BuiltIn, Reader::Plugin));
        };
        let demanded = sandbox.demands(format);
        let wanted = demanded || (sandbox == Sandbox::Auto && SANDBOXED.contains(&format));
        let found = self.codecs_of().find(|found| wanted && found.format.reads && found.format.name == format.name());
        match found {
            Some(found) => Ok(Reader::Plugin(found)),
            None if demanded => {
                let message = format!("no plugin reads {format}, and codec.sandbox wants it in the sandbox");
                Err(Failure::new(Code::UnsupportedFeature, message))
            }
            None => Ok(Reader::BuiltIn),
        }
    }

    fn writer(&self, name: &str) -> Option<Found<'_>> {
        let is_named = |format: &FormatInfo| {
            format.name.eq_ignore_ascii_case(name)
                || format.extensions.iter().any(|known| known.eq_ignore_ascii_case(name))
        };
        self.codecs_of().find(|found| found.format.writes && is_named(found.format))
    }
}

impl Codecs for Snapshot {
    fn probe(&self, bytes: &[u8], ask: Ask<'_>) -> Result<SourceInfo, Failure> {
        let found = match self.reader(bytes, ask.sandbox)? {
            Reader::BuiltIn => return BuiltIn.probe(bytes, ask),
            Reader::Plugin(found) => found,
        };
        check_bytes(bytes, ask)?;
        let Found { plugin, codec, format } = found;
        let source = (bytes, format.name.as_str());
        plugin.with_document(&self.host, codec, source, ask.limits, Work::Plan, async |document| {
            let count = document.info.count;
            let frames = match ask.rendering.page {
                Some(pages) => frames_of(pages, count)?,
                None if document.info.kind == contract::Kind::Animation => count,
                None => 1,
            };
            let page = document.page(first_page(ask.rendering)).await?;
            let timeline = timeline(document, frames.min(ask.limits.max_frames)).await?;
            Ok(SourceInfo { timeline, ..source_info(format, &page, frames, count, ask)? })
        })
    }

    fn decode(&self, bytes: &[u8], ask: Ask<'_>, info: &SourceInfo, want: Want) -> Result<Picture, Failure> {
        let found = match self.reader(bytes, ask.sandbox)? {
            Reader::BuiltIn => return BuiltIn.decode(bytes, ask, info, want),
            Reader::Plugin(found) => found,
        };
        let Found { plugin, codec, format } = found;
        let frames = if want.animated { info.frames } else { 1 };
        let size = info.decoded_size(want.enough);
        check_frames(size, frames, ask)?;
        let source = (bytes, format.name.as_str());
        plugin.with_document(&self.host, codec, source, ask.limits, Work::Run, async |document| {
            let first = first_page(ask.rendering);
            let is_animation = document.info.kind == contract::Kind::Animation;
            let mut made = Vec::with_capacity(frames as usize);
            if document.info.kind == contract::Kind::Pages {
                for index in first..first + frames {
                    made.push(fitted_page(plugin, document, index, size, info.scaling).await?);
                }
            } else {
                let asked = match info.scaling {
                    Scaling::Fixed => None,
                    Scaling::Halves => want.enough,
                    Scaling::Free => Some(size),
                };
                for frame in document.render(first, frames, asked).await? {
                    made.push(plugin.frame(frame)?);
                }
                check_sizes(&made, size)?;
            }
            let moves = is_animation && frames > 1;
            let (metadata, loops) = match want.keep_metadata || moves {
                true => document.metadata().await?,
                false => (Metadata::default(), Loops::Times(1)),
            };
            if !moves {
                made.iter_mut().for_each(|frame| frame.delay_ms = 0);
            }
            Ok(Picture {
                frames: alike(made),
                loops: if moves { loops } else { Loops::Times(1) },
                metadata: if want.keep_metadata { metadata } else { Metadata::default() },
            })
        })
    }

    fn writes(&self, name: &str) -> Option<WrittenFormat> {
        let Found { format, .. } = self.writer(name)?;
        Some(WrittenFormat {
            name: format.name.clone().into(),
            extension: format.extensions[0].clone().into(),
            media_type: format.media_types[0].clone().into(),
            frames: format.writes_frames,
        })
    }

    fn written(&self) -> Vec<String> {
        let written = self.codecs_of().filter(|found| found.format.writes);
        written.map(|found| found.format.name.clone()).filter(|name| Format::from_name(name).is_none()).collect()
    }

    fn identities(&self, format: &str) -> Vec<String> {
        let of_format = self.codecs_of().filter(|found| found.format.name == format);
        of_format.map(|found| found.plugin.info.identity()).collect()
    }

    fn encode(
        &self,
        format: &str,
        picture: &Picture,
        quality: Option<u8>,
        options: &EncodeOptions,
    ) -> Result<Vec<u8>, Failure> {
        match self.writer(format) {
            Some(Found { plugin, codec, format }) => {
                plugin.encode(&self.host, codec, format, picture, quality, options)
            }
            None => BuiltIn.encode(format, picture, quality, options),
        }
    }
}

/// The first page that is meant, counted from 0.
fn first_page(rendering: &Rendering) -> u32 {
    match rendering.page {
        Some(Pages::One(page)) => page.saturating_sub(1),
        _ => 0,
    }
}

fn check_bytes(bytes: &[u8], ask: Ask<'_>) -> Result<(), Failure> {
    let (length, most) = (bytes.len() as u64, ask.limits.max_bytes);
    if length <= most {
        return Ok(());
    }
    Err(Failure::new(Code::ImageLimit, format!("encoded size: {length} bytes is over the limit of {most} bytes")))
}

/// Checks sizes and frames before anything of that size is asked for.
fn check_frames(size: Size, frames: u32, ask: Ask<'_>) -> Result<(), Failure> {
    let limits = ask.limits;
    let pixels = u64::from(size.width) * u64::from(size.height);
    let over = |what: String, limit: String| {
        Err(Failure::new(Code::ImageLimit, format!("{what} is over the limit of {limit}")))
    };
    if pixels > limits.max_pixels {
        return over(format!("picture size: {size} px"), format!("{} px", limits.max_pixels));
    }
    if frames > limits.max_frames {
        return over(format!("pages: {frames} frames"), format!("{} frames", limits.max_frames));
    }
    if pixels.saturating_mul(u64::from(frames)) > limits.max_total_pixels {
        return over(format!("pages: {frames} of {size} px"), format!("{} px in all", limits.max_total_pixels));
    }
    Ok(())
}

/// When the first so many frames are shown.
async fn timeline(document: &mut Document<'_>, frames: u32) -> Result<Timeline, Stop> {
    if frames <= 1 {
        return Ok(Timeline::still());
    }
    if document.info.kind != contract::Kind::Animation {
        return Ok(Timeline { delays_ms: vec![0; frames as usize], loops: Loops::Times(1) });
    }
    let mut delays_ms = Vec::with_capacity(frames as usize);
    for index in 0..frames {
        delays_ms.push(document.page(index).await?.delay_ms);
    }
    Ok(Timeline { delays_ms, loops: document.metadata().await?.1 })
}

fn source_info(
    format: &FormatInfo,
    page: &contract::Page,
    frames: u32,
    count: u32,
    ask: Ask<'_>,
) -> Result<SourceInfo, Failure> {
    let own = Size { width: page.size.width, height: page.size.height };
    let (scaling, size) = match page.scaling {
        contract::Scaling::Fixed => (Scaling::Fixed, own),
        contract::Scaling::Halves => (Scaling::Halves, own),
        contract::Scaling::Free => (Scaling::Free, wanted_size(own, page.dpi, ask.rendering)),
    };
    check_frames(size, 1, ask)?;
    let area = |size: Size| f64::from(size.width) * f64::from(size.height);
    let memory = page.memory_bytes.saturating_sub(page.held_bytes) as f64 * (area(size) / area(own));
    // The result is taken over from the guest: for a moment it is there twice.
    let result = area(size) as u64 * 4;
    Ok(SourceInfo {
        format: format.name.clone().into(),
        size,
        orientation: Orientation::from_exif(page.orientation.into()),
        scaling,
        frames,
        count,
        timeline: Timeline::still(),
        memory_bytes: page.held_bytes.saturating_add(memory as u64).saturating_add(result),
        held_bytes: page.held_bytes,
    })
}

/// The size of what is not made of pixels: as large as fits into the wanted width and height, else by
/// the wanted pixels an inch.
fn wanted_size(own: Size, dpi: Option<f32>, rendering: &Rendering) -> Size {
    let sides = [rendering.width.map(|width| (width, own.width)), rendering.height.map(|height| (height, own.height))];
    let fits = sides.into_iter().flatten().map(|(wanted, own)| f64::from(wanted) / f64::from(own)).reduce(f64::min);
    let by_dpi = match (rendering.dpi, dpi.map(f64::from).filter(|dpi| dpi.is_finite() && *dpi > 0.0)) {
        (Some(wanted), Some(own)) => wanted / own,
        _ => 1.0,
    };
    scaled(own, fits.unwrap_or(by_dpi))
}

/// Renders a page as large as fits into `size`; what is left of the size is white.
async fn fitted_page(
    plugin: &Plugin,
    document: &mut Document<'_>,
    index: u32,
    size: Size,
    scaling: Scaling,
) -> Result<Frame, Stop> {
    if index >= document.info.count {
        return Err(no_such_page(index.saturating_add(1), document.info.count).into());
    }
    let page = document.page(index).await?;
    let factor =
        (f64::from(size.width) / f64::from(page.size.width)).min(f64::from(size.height) / f64::from(page.size.height));
    let fitted = scaled(Size { width: page.size.width, height: page.size.height }, factor);
    // Rounding never makes a page larger than the sheet; a pixel more or less is the sheet's size.
    let near = |side: u32, whole: u32| if side + 1 >= whole { whole } else { side };
    let fitted = Size { width: near(fitted.width, size.width), height: near(fitted.height, size.height) };
    let asked = (scaling == Scaling::Free).then_some(fitted);
    let mut frames = document.render(index, 1, asked).await?;
    let frame = plugin.frame(frames.remove(0))?;
    let made = Size { width: frame.raster.width(), height: frame.raster.height() };
    if made == size {
        return Ok(frame);
    }
    if scaling == Scaling::Free && made != fitted {
        return Err(wrong_size(made, fitted).into());
    }
    if made.width > size.width || made.height > size.height {
        let message = format!("page {} has {made} px, which does not fit on the first one's {size} px", index + 1);
        return Err(Failure::new(Code::UnsupportedImage, message).into());
    }
    Ok(Frame { raster: on_sheet(&frame.raster, size), delay_ms: 0 })
}

/// Puts a picture on the middle of a white sheet.
fn on_sheet(raster: &Raster, size: Size) -> Raster {
    let raster = raster.clone().convert(PixelFormat::Rgb8);
    let (left, top) = ((size.width - raster.width()) / 2, (size.height - raster.height()) / 2);
    let mut sheet = vec![255; size.width as usize * size.height as usize * 3];
    let line = raster.width() as usize * 3;
    for (row, pixels) in raster.pixels().chunks_exact(line).enumerate() {
        let at = ((top as usize + row) * size.width as usize + left as usize) * 3;
        sheet[at..at + line].copy_from_slice(pixels);
    }
    Raster::new(size.width, size.height, PixelFormat::Rgb8, sheet).expect("the sheet has its size")
}

fn wrong_size(made: Size, expected: Size) -> Failure {
    Failure::new(Code::PluginMisbehaved, format!("{made} px where it announced {expected} px"))
}

/// A codec must give the size that it told.
fn check_sizes(frames: &[Frame], expected: Size) -> Result<(), Failure> {
    for frame in frames {
        let made = Size { width: frame.raster.width(), height: frame.raster.height() };
        if made != expected {
            return Err(wrong_size(made, expected));
        }
    }
    Ok(())
}

/// All frames in one pixel format, without alpha where none has any.
fn alike(mut frames: Vec<Frame>) -> Vec<Frame> {
    let has_alpha = |frame: &Frame| frame.raster.format() == PixelFormat::Rgba8;
    let format = if frames.iter().any(has_alpha) {
        PixelFormat::Rgba8
    } else if frames.iter().any(|frame| frame.raster.format() == PixelFormat::Rgb8) {
        PixelFormat::Rgb8
    } else {
        PixelFormat::Gray8
    };
    if frames.iter().any(|frame| frame.raster.format() != format) {
        frames = frames
            .into_iter()
            .map(|frame| Frame { raster: frame.raster.convert(format), delay_ms: frame.delay_ms })
            .collect();
    }
    frames
}
