//! Writes what fuzzing starts from: `seeds FOLDER` makes a folder of seeds for each target.
//!
//! Each decoder gets pictures that our own encoders wrote, in every pixel format and kind of file, and those of the
//! codec's test fixtures; the codec plugins get small documents; `apply` gets every transform with samples of its
//! schema.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use safelight_codec::{Chroma, EncodeOptions, Format, Frame, Loops, Metadata, Picture, PixelFormat, Raster, encode};
use safelight_sdk::codec;
use serde_json::Value;
use transform_tests::{cases, described, params, pictures};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("which folder?")?);
    for format in Format::ALL {
        let dir = folder.join(format!("decode_{}", format.name()));
        fs::create_dir_all(&dir)?;
        for (number, options) in kinds(format).into_iter().enumerate() {
            for (name, picture) in subjects(format)? {
                // A kind that a format does not have is no seed.
                if let Ok(bytes) = encode(&picture, &options) {
                    fs::write(dir.join(format!("{name}-{number}")), bytes)?;
                }
            }
        }
    }
    fixtures(&folder)?;
    documents(&folder)?;
    let dir = folder.join("apply");
    fs::create_dir_all(&dir)?;
    let cases = cases::all();
    for described in described() {
        let name = &described.info.name;
        let base = cases.get(name).map(|case| case.base.clone()).unwrap_or_default();
        for (number, set) in params::sets(&described, &base, 4).into_iter().enumerate() {
            let seed = safelight_fuzz::written(name, &Value::Object(set), number as u8);
            fs::write(dir.join(format!("{name}-{number}")), seed)?;
        }
    }
    addresses(&folder)
}

/// The addresses and transformations of the dialect's test vectors.
fn addresses(folder: &Path) -> Result<(), Box<dyn Error>> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/src/dialect/cloudinary/testdata/vectors.json");
    let vectors: Value = serde_json::from_slice(&fs::read(vectors)?)?;
    let mut texts = Vec::new();
    collect(&vectors, &mut texts);
    let dir = folder.join("address");
    fs::create_dir_all(&dir)?;
    for (number, text) in texts.iter().enumerate() {
        // An address without its scheme and host.
        let path = text.split_once("://").and_then(|(_, rest)| Some(&rest[rest.find('/')?..]));
        fs::write(dir.join(number.to_string()), path.unwrap_or(text))?;
    }
    Ok(())
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| collect(value, texts)),
        Value::Object(map) => map.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

fn kinds(format: Format) -> Vec<EncodeOptions> {
    let plain = EncodeOptions { metadata: true, ..EncodeOptions::new(format) };
    vec![
        EncodeOptions { lossless: true, ..plain.clone() },
        EncodeOptions { progressive: true, quality: 30, chroma: Chroma::Half420, ..plain.clone() },
        EncodeOptions { quality: 95, chroma: Chroma::Full444, ..plain.clone() },
        plain,
    ]
}

fn subjects(format: Format) -> Result<Vec<(String, Picture)>, Box<dyn Error>> {
    let mut subjects = Vec::new();
    for (name, pixel_format) in [("gray", PixelFormat::Gray8), ("rgb", PixelFormat::Rgb8), ("rgba", PixelFormat::Rgba8)]
    {
        let sdk_format = pictures::FORMATS[pixel_format.bytes_per_pixel() / 2];
        for (width, height) in [(1, 1), (17, 13), (40, 24)] {
            let image = pictures::in_format(sdk_format, width, height);
            let raster = Raster::new(width, height, pixel_format, image.pixels)?;
            let mut picture = Picture::still(raster);
            picture.metadata = Metadata { xmp: Some(b"<x/>".to_vec()), exif: Some(orientation(6)), icc: None };
            subjects.push((format!("{name}-{width}x{height}"), picture));
        }
    }
    if format.supports_animation() {
        let frame = |seed| -> Result<Frame, Box<dyn Error>> {
            let image = pictures::noisy(17, 13, safelight_sdk::PixelFormat::Rgba8, seed);
            Ok(Frame { raster: Raster::new(17, 13, PixelFormat::Rgba8, image.pixels)?, delay_ms: 40 * seed })
        };
        let frames = vec![frame(0)?, frame(1)?, frame(2)?];
        subjects
            .push(("animated".to_owned(), Picture { frames, loops: Loops::Forever, metadata: Metadata::default() }));
    }
    Ok(subjects)
}

/// An EXIF block that holds an orientation alone.
fn orientation(value: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([value, 0, 0, 0, 0, 0, 0, 0]);
    block
}

/// Pictures that other encoders wrote.
fn fixtures(folder: &Path) -> Result<(), Box<dyn Error>> {
    let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/codec");
    for dir in [host.join("tests/fixtures/avif"), host.join("src/jpeg/tests")] {
        for entry in fs::read_dir(&dir)? {
            let path = entry?.path();
            let bytes = if path.is_file() { fs::read(&path)? } else { continue };
            let Some(format) = Format::sniff(&bytes) else { continue };
            let name = path.file_name().ok_or("no name")?;
            fs::write(folder.join(format!("decode_{}", format.name())).join(name), bytes)?;
        }
    }
    Ok(())
}

/// Drawings with what a renderer finds hard: patterns that hold themselves, filters, nesting, pictures inside.
const DRAWINGS: [&str; 5] = [
    r##"<rect width="9" height="9" fill="url(#a)"/><linearGradient id="a"><stop offset=".5" stop-color="red"/></linearGradient>"##,
    r##"<pattern id="p" width="3" height="3"><circle r="2" fill="url(#p)"/></pattern><path d="M0 0C1 9 9 1 9 9z" fill="url(#p)"/>"##,
    r##"<filter id="f"><feTurbulence baseFrequency=".1" numOctaves="3"/><feGaussianBlur stdDeviation="2"/><feDisplacementMap in2="f"/></filter><g filter="url(#f)"><use href="#g"/></g><g id="g"><ellipse rx="5" ry="2"/></g>"##,
    r##"<mask id="m"><rect width="5" height="5" fill="#fff8"/></mask><g mask="url(#m)" transform="rotate(30) skewX(4)"><text x="1" y="8" font-size="6">a<tspan dx="2">b</tspan></text></g>"##,
    r##"<image width="9" height="9" href="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"/><style>rect{fill:lime;stroke-dasharray:1 2}</style>"##,
];

/// What libjxl wrote: 3 x 2 px, gray with alpha, and an animation.
const JPEG_XL: [&str; 3] = [
    "ff0a084010505c080802010098004b188b15526c809e2c54ebc283c86cec880e30349f1fde085ae2b5fb8bf7d8cbff197ef71409",
    "ff0a0070b0282e040808100034004b188b15c249614ec88101fc01",
    "ff0a08104100161497040808a002000038004b188b15c249411e4004e88ffe0008086046000038004b188b15c249411e4084fe80fe00",
];

/// Documents for the codec plugins.
fn documents(folder: &Path) -> Result<(), Box<dyn Error>> {
    let dir = |format: &str| -> std::io::Result<PathBuf> {
        let dir = folder.join(format!("document_{format}"));
        fs::create_dir_all(&dir)?;
        Ok(dir)
    };
    for (number, content) in DRAWINGS.iter().enumerate() {
        let text = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">{content}</svg>"#);
        fs::write(dir("svg")?.join(number.to_string()), text)?;
    }
    for (number, hex) in JPEG_XL.iter().enumerate() {
        let bytes: Result<Vec<u8>, _> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16)).collect();
        fs::write(dir("jxl")?.join(number.to_string()), bytes?)?;
    }
    for (number, format) in pictures::FORMATS.into_iter().enumerate() {
        let frames = [(17, 13), (5, 40)]
            .map(|(width, height)| codec::Frame { image: pictures::in_format(format, width, height), delay_ms: 0 });
        let options = codec::EncodeOptions {
            format: "pdf".to_owned(),
            quality: (number == 1).then_some(70),
            lossless: number == 0,
            background: (255, 255, 255),
            dpi: Some(72.0),
            metadata: codec::Metadata::default(),
            max_bytes: 1 << 20,
        };
        let written = codec::encode::<codec_pdf::PdfCodec>(frames.to_vec(), &options);
        let bytes = written.map_err(|error| format!("pdf seed: {error:?}"))?;
        fs::write(dir("pdf")?.join(number.to_string()), bytes)?;
    }
    fs::write(dir("pdf")?.join("drawn"), pdf())?;
    Ok(())
}

/// A page of paths, a form, a shading and text in a standard font; readers repair its table of references.
fn pdf() -> Vec<u8> {
    let content = "q 1 0 0 RG 4 w 10 10 m 90 20 80 90 20 80 c S Q /S1 sh q /F1 Do Q BT /T1 12 Tf 5 50 Td (Ab) Tj ET";
    format!(
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
         2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
         3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<</XObject<</F1 5 0 R>>\
         /Shading<</S1 6 0 R>>/Font<</T1 7 0 R>>>>>>endobj\n\
         4 0 obj<</Length {}>>stream\n{content}\nendstream endobj\n\
         5 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 13>>stream\n0 0 5 5 re f*\nendstream endobj\n\
         6 0 obj<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 100 0]\
         /Function<</FunctionType 2/Domain[0 1]/C0[1 0 0]/C1[0 0 1]/N 1>>>>endobj\n\
         7 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n\
         trailer<</Root 1 0 R/Size 8>>\nstartxref\n0\n%%EOF",
        content.len()
    )
    .into_bytes()
}
