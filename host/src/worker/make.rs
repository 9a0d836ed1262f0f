//! From encoded source to encoded outputs. No I/O and no store: everything here blocks.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use safelight_codec::{EncodeOptions, Format, Picture, Raster};

use super::CodecConfig;
use crate::{
    error::{Code, Failure},
    job::{self, Encoding, JobError, Output, Quality, Rendering, SourceReport, StepReport},
    metadata,
    pipeline::{
        self, Ask, Codecs, Images, Leaf, Limits, Need, Plan, ROOT, Scaling, Shape, Size, SourceInfo, Stopped, Timeline,
        Transforms, Want, WrittenFormat, written_format,
    },
};

/// A source that was read.
#[derive(Clone, Debug)]
pub(crate) enum Material {
    /// An encoded picture with its SHA-256 in lower-case hex, and what is wanted of it.
    Encoded { bytes: Bytes, sha256: String, rendering: Rendering },
    /// A blank one.
    Canvas { size: Size, color: [u8; 4] },
}

/// A job that is known well enough to be admitted and made.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) source: SourceReport,
    /// Bytes of memory that making it needs, about.
    pub(crate) memory_bytes: u64,
    material: Material,
    /// By output.
    formats: Vec<Result<Wanted, Failure>>,
    encodings: Vec<Encoding>,
    plan: Plan,
    full: Size,
    /// None for a canvas.
    info: Option<SourceInfo>,
    keep_metadata: bool,
    animated: bool,
}

/// The format that an output is written in.
#[derive(Clone, Debug)]
enum Wanted {
    Format(Format),
    /// One that a codec plugin writes.
    Plugin(WrittenFormat),
    /// What suits the result, of what this `Accept` header names.
    Auto {
        accept: String,
    },
}

impl Wanted {
    /// Whether the result may move when this is said of it.
    fn may_move(&self, animated: Option<bool>) -> bool {
        match self {
            Wanted::Format(format) => WrittenFormat::from(*format).writes_frames(animated),
            Wanted::Plugin(format) => format.writes_frames(animated),
            Wanted::Auto { .. } => animated != Some(false),
        }
    }
}

/// An output that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) bytes: Bytes,
    pub(crate) size: Size,
    pub(crate) frames: u32,
    pub(crate) format: String,
    /// Of the bytes, when it was asked for.
    pub(crate) md5: Option<String>,
    pub(crate) data: Vec<serde_json::Value>,
    pub(crate) steps: Vec<StepReport>,
}

impl Prepared {
    /// Whether a step that can run, or an output, needs the source.
    pub(super) fn looks_at_source(&self) -> bool {
        self.plan.need != Need::Nothing
    }
}

impl CodecConfig {
    pub(crate) fn limits(&self, memory_bytes: u64) -> safelight_codec::Limits {
        safelight_codec::Limits {
            max_bytes: self.max_bytes,
            max_pixels: self.max_pixels,
            max_frames: self.max_frames,
            max_total_pixels: self.max_total_pixels,
            max_memory_bytes: memory_bytes,
        }
    }

    /// How large pictures on the way may be.
    pub fn walk_limits(&self) -> Limits {
        Limits { max_pixels: self.max_pixels, max_frames: self.max_frames, max_total_pixels: self.max_total_pixels }
    }
}

/// Looks at the source's headers and plans the steps.
///
/// Errors: those of the source as a whole. What is wrong with single outputs comes with [`make`].
pub(crate) fn prepare(
    transforms: &dyn Transforms,
    codec: &CodecConfig,
    memory_bytes: u64,
    material: Material,
    outputs: &[Output],
    images: &Images,
) -> Result<Prepared, Failure> {
    let (source, info) = look(transforms, codec, memory_bytes, &material)?;
    let full = Size { width: source.width, height: source.height };
    let timeline = info.as_ref().map_or_else(Timeline::still, |info| info.timeline.clone());
    // What is read and not written here becomes the format that keeps every pixel.
    let native = Format::from_name(&source.format).unwrap_or(Format::Png);
    let codecs = transforms.codecs();
    let formats: Vec<_> = outputs.iter().map(|output| format_of(codecs, &output.encoding, native)).collect();
    let moves = |(format, output): (&Result<Wanted, Failure>, &Output)| {
        format.as_ref().is_ok_and(|format| format.may_move(output.encoding.animated))
    };
    let moving: Vec<bool> = formats.iter().zip(outputs).map(moves).collect();
    let frames = info.as_ref().map_or(1, |info| info.frames);
    let scalable = info.as_ref().is_some_and(|info| info.scaling == Scaling::Free);
    let shape = Shape { size: Some(full), timeline: Some(timeline), scalable };
    let plan = Plan::new(transforms, outputs, Some(images), shape, codec.walk_limits(), &moving);
    let animated = frames > 1 && plan.nodes[ROOT].animated;
    let memory_bytes = memory(&plan, &material, info.as_ref(), full, if animated { frames } else { 1 })
        + images.values().flatten().map(|raster| raster.pixels().len() as u64).sum::<u64>();
    Ok(Prepared {
        source,
        memory_bytes,
        material,
        formats,
        encodings: outputs.iter().map(|output| output.encoding.clone()).collect(),
        plan,
        full,
        info,
        keep_metadata: outputs.iter().any(|output| output.encoding.keep_metadata),
        animated,
    })
}

/// Whether the bytes begin like a picture that can be read here. One that is damaged or too large is one, too.
pub(crate) fn is_picture(
    transforms: &dyn Transforms,
    codec: &CodecConfig,
    memory_bytes: u64,
    bytes: &Bytes,
    rendering: &Rendering,
) -> bool {
    let limits = codec.limits(memory_bytes);
    let probed =
        pipeline::probe(transforms.codecs(), bytes, Ask { limits: &limits, sandbox: codec.sandbox, rendering });
    !probed.is_err_and(|failure| failure.code == Code::UnknownFormat)
}

/// Looks at the source's headers. There is nothing more to know of a canvas.
///
/// Errors: bytes of no known format, damage that shows at once, limits, a page that is not there.
pub(super) fn look(
    transforms: &dyn Transforms,
    codec: &CodecConfig,
    memory_bytes: u64,
    material: &Material,
) -> Result<(SourceReport, Option<SourceInfo>), Failure> {
    match material {
        Material::Canvas { size, .. } => {
            let pixels = u64::from(size.width) * u64::from(size.height);
            if pixels == 0 || pixels > codec.max_pixels {
                let message = format!("the canvas: {size} px, expected 1 to {} px in all", codec.max_pixels);
                return Err(Failure::new(Code::ImageLimit, message));
            }
            let source = SourceReport {
                width: size.width,
                height: size.height,
                format: "canvas".to_owned(),
                bytes: 0,
                sha256: String::new(),
                md5: None,
                frames: None,
            };
            Ok((source, None))
        }
        Material::Encoded { bytes, sha256, rendering } => {
            let limits = codec.limits(memory_bytes);
            let ask = Ask { limits: &limits, sandbox: codec.sandbox, rendering };
            let info = pipeline::probe(transforms.codecs(), bytes, ask)?;
            let source = SourceReport {
                width: info.size.width,
                height: info.size.height,
                format: info.format.clone().into_owned(),
                bytes: bytes.len() as u64,
                sha256: sha256.clone(),
                md5: None,
                frames: (info.count > 1).then_some(info.count),
            };
            Ok((source, Some(info)))
        }
    }
}

/// A source that is decoded for nobody.
pub(super) struct Checked {
    pub(super) transforms: Arc<dyn Transforms>,
    pub(super) codec: CodecConfig,
    /// Most that decoding may take.
    pub(super) memory_bytes: u64,
    pub(super) bytes: Bytes,
    pub(super) rendering: Rendering,
}

impl Checked {
    /// As small as decoders go: every byte is read all the same.
    const ENOUGH: Option<Size> = Some(Size { width: 1, height: 1 });

    pub(super) fn probe(&self) -> Result<SourceInfo, Failure> {
        let limits = self.codec.limits(self.memory_bytes);
        let ask = Ask { limits: &limits, sandbox: self.codec.sandbox, rendering: &self.rendering };
        pipeline::probe(self.transforms.codecs(), &self.bytes, ask)
    }

    /// Bytes of memory that decoding takes.
    pub(super) fn memory(info: &SourceInfo) -> u64 {
        info.estimate(Checked::ENOUGH, 1)
    }

    /// What the file says about the picture, if that is asked for.
    ///
    /// Errors: damage.
    pub(super) fn decode(&self, info: &SourceInfo, metadata: bool) -> Result<BTreeMap<String, String>, Failure> {
        let limits = self.codec.limits(self.memory_bytes);
        let ask = Ask { limits: &limits, sandbox: self.codec.sandbox, rendering: &self.rendering };
        let want = Want { enough: Checked::ENOUGH, animated: false, keep_metadata: metadata };
        let picture = pipeline::decode(self.transforms.codecs(), &self.bytes, ask, info, want)?;
        let mut fields = picture.metadata.exif.as_deref().map(safelight_codec::exif_fields).unwrap_or_default();
        // Decoding has applied it; what the file says is told.
        if let Some(orientation) = fields.get_mut("Orientation") {
            *orientation = info.orientation.exif().to_string();
        }
        Ok(fields)
    }
}

fn format_of(codecs: &dyn Codecs, encoding: &Encoding, native: Format) -> Result<Wanted, Failure> {
    match &encoding.format {
        None => Ok(Wanted::Format(native)),
        Some(name) if name == job::AUTO => {
            Ok(Wanted::Auto { accept: encoding.accept.clone().unwrap_or_else(|| job::ACCEPT.to_owned()) })
        }
        Some(name) => Format::from_name(name)
            .map(Wanted::Format)
            .or_else(|| written_format(codecs, name).map(Wanted::Plugin))
            .ok_or_else(|| Failure::new(Code::EncodeFailed, format!("there is no format named '{name}'"))),
    }
}

/// Bytes of memory that a job needs at its peak, estimated from above.
fn memory(plan: &Plan, material: &Material, info: Option<&SourceInfo>, full: Size, frames: u32) -> u64 {
    let whole_frame = u64::from(full.width) * u64::from(full.height) * 4;
    let encoded = match material {
        Material::Encoded { bytes, .. } => bytes.len() as u64,
        Material::Canvas { .. } => 0,
    };
    let (decoding, frame) = match info {
        _ if plan.need == Need::Nothing => (0, 0),
        None => (whole_frame, whole_frame),
        Some(info) => {
            let enough = plan.need.enough();
            let size = info.decoded_size(enough);
            (info.estimate(enough, frames), u64::from(size.width) * u64::from(size.height) * 4)
        }
    };
    encoded.saturating_add(decoding).saturating_add(pipeline::walk_bytes(plan, frame))
}

/// Decodes the source, walks the steps and encodes what comes out.
///
/// `on_output` gets every output once, main ones first, as soon as it is made or known to fail. An error
/// concerns the source, and all outputs that were not told before.
pub(crate) fn make(
    transforms: &dyn Transforms,
    codec: &CodecConfig,
    memory_bytes: u64,
    prepared: Prepared,
    stop: &dyn Fn() -> bool,
    on_output: &mut dyn FnMut(usize, Result<Made, JobError>),
) -> Result<Result<(), Stopped>, Failure> {
    let Prepared { plan, formats, encodings, .. } = &prepared;
    walk(transforms, codec, memory_bytes, &prepared, stop, &mut |output, leaf| {
        let made = leaf.and_then(|leaf| {
            let format = formats[output].clone();
            format
                .and_then(|format| encode(transforms.codecs(), codec, format, &encodings[output], leaf))
                .map_err(|failure| JobError { output: Some(plan.ids[output].clone()), ..JobError::whole(failure) })
        });
        on_output(output, made);
    })
}

/// The same without encoding: `on_leaf` gets the pictures.
pub(super) fn walk(
    transforms: &dyn Transforms,
    codec: &CodecConfig,
    memory_bytes: u64,
    prepared: &Prepared,
    stop: &dyn Fn() -> bool,
    on_leaf: &mut dyn FnMut(usize, Result<Leaf, JobError>),
) -> Result<Result<(), Stopped>, Failure> {
    let Prepared { plan, full, material, .. } = prepared;
    if stop() {
        return Ok(Err(Stopped));
    }
    match decode(transforms.codecs(), codec, memory_bytes, prepared, material) {
        Ok(picture) => Ok(pipeline::walk(transforms, plan, picture.map(Arc::new), *full, stop, on_leaf)),
        Err(failure) => {
            for (output, known) in plan.failures.iter().enumerate() {
                if let Some(error) = known {
                    on_leaf(output, Err(error.clone()));
                }
            }
            Err(failure)
        }
    }
}

/// None when no step needs the source.
fn decode(
    codecs: &dyn Codecs,
    codec: &CodecConfig,
    memory_bytes: u64,
    prepared: &Prepared,
    material: &Material,
) -> Result<Option<Picture>, Failure> {
    if prepared.plan.need == Need::Nothing {
        return Ok(None);
    }
    match material {
        Material::Canvas { size, color } => Ok(Some(Picture::still(Raster::filled(size.width, size.height, *color)))),
        Material::Encoded { bytes, rendering, .. } => {
            let info = prepared.info.as_ref().expect("an encoded source was asked about");
            let limits = codec.limits(memory_bytes);
            let ask = Ask { limits: &limits, sandbox: codec.sandbox, rendering };
            let want = Want {
                enough: prepared.plan.need.enough(),
                animated: prepared.animated,
                keep_metadata: prepared.keep_metadata,
            };
            Ok(Some(pipeline::decode(codecs, bytes, ask, info, want)?))
        }
    }
}

/// The file of the best quality that has at most so many bytes; the smallest one when none has.
fn within(picture: &Picture, options: EncodeOptions, most: u64) -> Result<Vec<u8>, Failure> {
    let best = safelight_codec::encode(picture, &options)?;
    let has_quality = matches!(options.format, Format::Jpeg | Format::WebP | Format::Avif);
    if best.len() as u64 <= most || !has_quality {
        return Ok(best);
    }
    // Sizes grow with quality: `low` fits, or is the least there is.
    let with = |quality: u8| {
        let options = EncodeOptions { quality, look: None, lossless: false, ..options.clone() };
        safelight_codec::encode(picture, &options)
    };
    let (mut low, mut high, mut found) = (1, options.quality, with(1)?);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let tried = with(middle)?;
        if tried.len() as u64 <= most {
            (low, found) = (middle, tried);
        } else {
            high = middle;
        }
    }
    Ok(found)
}

fn encode(
    codecs: &dyn Codecs,
    codec: &CodecConfig,
    format: Wanted,
    encoding: &Encoding,
    mut leaf: Leaf,
) -> Result<Made, Failure> {
    if !encoding.exif.is_empty() {
        Arc::make_mut(&mut leaf.picture).metadata.exif = metadata::write_exif(&encoding.exif);
    }
    let avif_seconds = codec.avif_seconds as f32;
    let (format, written) = match format {
        Wanted::Format(format) => (format, WrittenFormat::from(format)),
        Wanted::Auto { accept } => {
            let format = Format::negotiate(&accept, &leaf.picture, avif_seconds);
            (format, WrittenFormat::from(format))
        }
        // The plugin looks at what all formats have.
        Wanted::Plugin(written) => (Format::Jpeg, written),
    };
    let moves = written.writes_frames(encoding.animated);
    let defaults = EncodeOptions::new(format);
    let (quality, look) = match encoding.quality {
        None => (defaults.quality, None),
        Some(Quality::Fixed(quality)) => (quality, None),
        Some(Quality::Auto(look)) => (defaults.quality, Some(look)),
    };
    let options = EncodeOptions {
        quality,
        look,
        chroma: encoding.chroma,
        effort: encoding.effort.unwrap_or(defaults.effort),
        avif_seconds,
        lossless: encoding.lossless,
        progressive: encoding.progressive,
        colors: encoding.colors,
        dither: encoding.dither.unwrap_or(defaults.dither),
        tiff_compression: encoding.tiff_compression,
        dpi: encoding.dpi,
        animated: moves,
        background: encoding.background.unwrap_or(defaults.background),
        metadata: encoding.keep_metadata || !encoding.exif.is_empty(),
        max_bytes: codec.max_output_bytes,
        ..defaults
    };
    let bytes = if let (true, Some(most)) = (written.name == format.name(), encoding.max_bytes) {
        within(&leaf.picture, options, most)?
    } else if written.name == format.name() {
        safelight_codec::encode(&leaf.picture, &options)?
    } else {
        let fixed = match encoding.quality {
            Some(Quality::Fixed(quality)) => Some(quality),
            _ => None,
        };
        codecs.encode(&written.name, &leaf.picture, fixed, &options)?
    };
    if let Some(most) = encoding.max_bytes.filter(|most| bytes.len() as u64 > *most) {
        let message = format!("the result has {} bytes, expected at most {most}", bytes.len());
        return Err(Failure::new(Code::EncodeFailed, message));
    }
    let first = &leaf.picture.frames[0].raster;
    Ok(Made {
        bytes: bytes.into(),
        size: Size { width: first.width(), height: first.height() },
        frames: if moves { leaf.picture.frames.len() as u32 } else { 1 },
        format: written.name.into_owned(),
        md5: None,
        data: leaf.data,
        steps: leaf.steps,
    })
}
