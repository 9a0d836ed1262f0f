//! How a result is written: format, quality, flags.

use safelight_codec::{Chroma, Look, TiffCompression};
use serde_json::json;

use super::{
    super::transformation::{
        AutoQuality, Chroma as AskedChroma, ColorSpace, Component, Decimal, Error, Flag, Format, Key, Param,
        Progressive, Quality as Asked, SpaceName, Switch,
    },
    Source, Wanted, call, format, refused,
};
use crate::job::{Encoding, Quality, Step};

/// Colours of a palette.
const PALETTE: u16 = 256;

/// How a result is written, and the steps right before.
pub(super) struct Written {
    pub(super) encoding: Encoding,
    pub(super) steps: Vec<Step>,
    pub(super) varies: bool,
}

/// Reads the output parameters.
pub(super) fn encoding(output: &Component, source: Source<'_>, wanted: Wanted<'_>) -> Result<Written, Error> {
    written(output, source, wanted).map_err(|error| match output.is_empty() {
        // The extension alone is wrong.
        true => error,
        false => error.within(&output.to_string()),
    })
}

fn written(output: &Component, source: Source<'_>, wanted: Wanted<'_>) -> Result<Written, Error> {
    let asked = match output.param(Key::Format) {
        Some(Param::Format(format)) => Some(format),
        _ => None,
    };
    let choice = format::choose(asked, wanted.extension, wanted.accept)?;
    let mut encoding = Encoding { format: choice.format, accept: choice.accept, ..Encoding::default() };
    let mut steps = Vec::new();
    if let Some(param @ Param::Quality(quality)) = output.param(Key::Quality) {
        read_quality(quality, param, &mut encoding)?;
    }
    if let Some(param @ Param::ColorSpace(space)) = output.param(Key::ColorSpace) {
        match space {
            ColorSpace::Name(SpaceName::Srgb | SpaceName::TinySrgb | SpaceName::NoCmyk | SpaceName::SrgbTruecolor) => {}
            ColorSpace::Name(SpaceName::Cmyk | SpaceName::KeepCmyk) | ColorSpace::Icc(_) => {
                return Err(refused(param, "srgb, tinysrgb or no_cmyk: results are written in sRGB"));
            }
        }
    }
    if let Some(param @ Param::Flags(flags)) = output.param(Key::Flags) {
        for flag in &flags.0 {
            read_flag(flag, param, source, asked, &mut encoding, &mut steps)?;
        }
    }
    if let Some(delay) = output.number(Key::Delay)
        && source.frames > 1
    {
        steps.push(call("delay", json!({ "delay_ms": delay.round().clamp(10.0, 600_000.0) as u32 })));
    }
    Ok(Written { encoding, steps, varies: choice.varies })
}

fn read_quality(quality: &Asked, param: &Param, encoding: &mut Encoding) -> Result<(), Error> {
    let chroma = match quality {
        Asked::Auto(level, chroma) => {
            encoding.quality = Some(Quality::Auto(match level {
                Some(AutoQuality::Best | AutoQuality::Sensitive) => Look::Best,
                None | Some(AutoQuality::Good) => Look::Good,
                Some(AutoQuality::Eco) => Look::Eco,
                Some(AutoQuality::Low) => Look::Low,
            }));
            chroma
        }
        Asked::Value { qmax: Some(_), .. } => return Err(refused(param, "a quality without qmax, which is of videos")),
        Asked::Value { quality, chroma, .. } => {
            let number = quality.as_number().map_or(80.0, Decimal::value);
            // Fractions of 1 are shares of a hundred.
            let percent = if number < 1.0 { number * 100.0 } else { number };
            encoding.quality = Some(Quality::Fixed(percent.round().clamp(1.0, 100.0) as u8));
            chroma
        }
        Asked::Jpegmini(_) => {
            encoding.quality = Some(Quality::Auto(Look::Best));
            &None
        }
    };
    encoding.chroma = match chroma {
        None => Chroma::Auto,
        Some(AskedChroma::C420) => Chroma::Half420,
        Some(AskedChroma::C444) => Chroma::Full444,
    };
    Ok(())
}

fn read_flag(
    flag: &Flag,
    param: &Param,
    source: Source<'_>,
    asked: Option<&Format>,
    encoding: &mut Encoding,
    steps: &mut Vec<Step>,
) -> Result<(), Error> {
    let format = encoding.format.clone().unwrap_or_else(|| source.format.to_owned());
    match flag {
        // What the answer is like, not the image.
        Flag::Attachment(_) => {}
        Flag::Progressive(mode) => encoding.progressive = *mode != Some(Progressive::None),
        Flag::Switch(switch) => match switch {
            Switch::Lossy => {
                if format == "png" {
                    encoding.colors = Some(PALETTE);
                }
            }
            Switch::Png8 => {
                encoding.colors = Some(PALETTE);
                png(asked, encoding);
            }
            Switch::Png24 => {
                steps.push(call("flatten", json!({ "color": "white" })));
                png(asked, encoding);
            }
            Switch::Png32 => png(asked, encoding),
            Switch::KeepIptc | Switch::KeepAttribution => encoding.keep_metadata = true,
            Switch::Tiff8Lzw => encoding.tiff_compression = TiffCompression::Lzw,
            Switch::Apng => encoding.animated = Some(true),
            Switch::Animated if format == "png" => encoding.animated = Some(true),
            Switch::Clip | Switch::ClipEvenodd => {
                return Err(refused(param, "flags without clipping paths, which are not read"));
            }
            Switch::Splice
            | Switch::Waveform
            | Switch::Mono
            | Switch::TruncateTs
            | Switch::NoStream
            | Switch::StreamingAttachment
            | Switch::Hlsv3
            | Switch::KeepDar
            | Switch::Alternate
            | Switch::C2pa => return Err(refused(param, "flags of images")),
            // True of every result, said where it is delivered, or part of a layer or a size.
            Switch::LayerApply
            | Switch::Relative
            | Switch::RegionRelative
            | Switch::NoOverflow
            | Switch::Tiled
            | Switch::Cutter
            | Switch::StripProfile
            | Switch::ForceStrip
            | Switch::ForceIcc
            | Switch::ImmutableCache
            | Switch::AnyFormat
            | Switch::PreserveTransparency
            | Switch::IgnoreAspectRatio
            | Switch::Awebp
            | Switch::Animated
            | Switch::Getinfo
            | Switch::Rasterize
            | Switch::Sanitize
            | Switch::IgnoreMaskChannels
            | Switch::Original
            | Switch::TextNoTrim
            | Switch::TextDisallowOverflow
            | Switch::ReplaceImage => {}
        },
    }
    Ok(())
}

/// The flags of PNG name the format where nothing else does.
fn png(asked: Option<&Format>, encoding: &mut Encoding) {
    if asked.is_none() && encoding.format.is_none() {
        encoding.format = Some("png".to_owned());
    }
}
