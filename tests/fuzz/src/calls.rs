//! Bytes to a call of a transform.

use std::sync::OnceLock;

use arbitrary::{Result, Unstructured};
use safelight_sdk::{Image, PixelFormat, Refusal, Size};
use serde_json::{Map, Number, Value};
use transform_tests::{Described, cases, described, params, plan, try_run};

/// Larger results are planned only.
const MOST_PIXELS: u64 = 1 << 18;

/// Runs a transform with parameters and a small picture, all made of the bytes.
///
/// The first four bytes are a kind and the picture's width, height and format. An even kind is followed by
/// the transform's name, a line feed, JSON text, a line feed, and pixels ([`written`] makes such bytes); an odd
/// one by bytes from which parameters are drawn that mostly fit the schema.
///
/// # Panics
/// When the transform does, breaks its plan, or refuses what it planned for another reason than the pixels.
pub fn apply(bytes: &[u8]) {
    let [kind, width, height, format, rest @ ..] = bytes else { return };
    let size = Size::new(u32::from(width % 40) + 1, u32::from(height % 40) + 1);
    let format = [PixelFormat::Rgba8, PixelFormat::Rgb8, PixelFormat::Gray8][usize::from(*format) % 3];
    let (described, params, pixels) = if kind.is_multiple_of(2) {
        let mut parts = rest.splitn(3, |byte| *byte == b'\n');
        let (Some(name), Some(text)) = (parts.next(), parts.next()) else { return };
        let Some(described) = all().iter().find(|described| described.info.name.as_bytes() == name) else { return };
        let Ok(params) = serde_json::from_slice(text) else { return };
        (described, params, parts.next().unwrap_or_default())
    } else {
        let mut source = Unstructured::new(rest);
        let Ok((described, params)) = drawn(&mut source) else { return };
        (described, params, source.take_rest())
    };
    let Value::Object(given) = &params else { return };
    let image = picture(size, format, pixels);
    call(described, given, &image);
}

/// The bytes of a call, as a seed.
pub fn written(transform: &str, params: &Value, seed: u8) -> Vec<u8> {
    let mut bytes = vec![0, seed.wrapping_mul(7), seed.wrapping_mul(5), seed];
    bytes.extend_from_slice(format!("{transform}\n{params}\n").as_bytes());
    bytes.extend((0..40).map(|index: u8| index.wrapping_mul(seed | 1)));
    bytes
}

fn all() -> &'static [Described] {
    static ALL: OnceLock<Vec<Described>> = OnceLock::new();
    ALL.get_or_init(described)
}

fn call(described: &Described, given: &Map<String, Value>, image: &Image) {
    let name = &described.info.name;
    let images = cases::images_for(described, given);
    if images.len() > 16 {
        return;
    }
    let params = Value::Object(given.clone());
    let image = Some(image).filter(|_| !described.generates());
    let Ok(planned) = plan(name, &params, image.map_or(Size::new(0, 0), Image::size), &images) else { return };
    if planned.output.is_some_and(|output| output.pixels() > MOST_PIXELS) {
        return;
    }
    match try_run(name, &params, image, &images) {
        Ok(_) | Err(Refusal::UnsupportedImage(_)) => {}
        Err(refusal) => panic!("{name} {params}: planned, then refused: {refusal}"),
    }
}

/// A picture of the bytes, over and over.
fn picture(size: Size, format: PixelFormat, bytes: &[u8]) -> Image {
    let bytes = if bytes.is_empty() { &[200, 10, 90, 128][..] } else { bytes };
    let length = size.pixels() as usize * format.bytes();
    Image::new(size.width, size.height, format, bytes.iter().copied().cycle().take(length).collect())
}

/// A transform, and for each parameter nothing, a sample, a number in range, or anything at all.
fn drawn(source: &mut Unstructured) -> Result<(&'static Described, Value)> {
    let described = source.choose(all())?;
    let base = cases::all().remove(&described.info.name).unwrap_or_default().base;
    let mut given = if source.arbitrary()? { base } else { Map::new() };
    for (name, schema) in described.properties() {
        let value = match source.int_in_range(0..=7)? {
            0..=2 => continue,
            3 | 4 => {
                let samples = params::samples(&schema);
                if samples.is_empty() { continue } else { source.choose(&samples)?.clone() }
            }
            5 | 6 => number(source, &schema)?,
            _ => anything(source, 0)?,
        };
        given.insert(name, value);
    }
    Ok((described, Value::Object(given)))
}

fn number(source: &mut Unstructured, schema: &Value) -> Result<Value> {
    let (low, high) = params::bounds(schema);
    let (low, high) = (low.unwrap_or(-1e6), high.unwrap_or(1e6));
    if params::type_of(schema) == "integer" {
        return Ok(Value::from(source.int_in_range(low as i64..=(high as i64).max(low as i64))?));
    }
    let share = f64::from(source.arbitrary::<u32>()?) / f64::from(u32::MAX);
    Ok(Number::from_f64(low + (high - low) * share).map_or(Value::Null, Value::Number))
}

fn anything(source: &mut Unstructured, depth: u32) -> Result<Value> {
    Ok(match source.int_in_range(0..=if depth < 3 { 6 } else { 4 })? {
        0 => Value::Null,
        1 => Value::Bool(source.arbitrary()?),
        2 => Value::from(source.arbitrary::<i64>()?),
        3 => Number::from_f64(source.arbitrary()?).map_or(Value::Null, Value::Number),
        4 => Value::from(source.arbitrary::<&str>()?),
        5 => {
            let length = source.int_in_range(0..=4)?;
            Value::Array((0..length).map(|_| anything(source, depth + 1)).collect::<Result<_>>()?)
        }
        _ => {
            let length = source.int_in_range(0..=3)?;
            let entry = |_| Ok((source.arbitrary::<&str>()?.to_owned(), anything(source, depth + 1)?));
            Value::Object((0..length).map(entry).collect::<Result<_>>()?)
        }
    })
}
