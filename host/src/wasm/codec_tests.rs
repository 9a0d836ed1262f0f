//! Codec plugins seen from the port: the same pixels as the decoders that are built in, and every
//! misbehaviour under its limit and code.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use safelight_codec::{EncodeOptions, Format, Frame, Limits, Loops, Picture, PixelFormat, Raster};

use super::{
    Config, Registry, Snapshot,
    tests::{Dir, component, counts, install, open},
};
use crate::{
    error::{Code, Failure},
    job::{Pages, Rendering},
    pipeline::{Ask, BuiltIn, Codecs, Sandbox, Scaling, Size, SourceInfo, Transforms, Want},
};

const PLUGINS: [&str; 4] = ["codec_pictures", "codec_svg", "codec_pdf", "codec_jxl"];

fn bundled(change: impl FnOnce(&mut Config)) -> (Dir, Registry) {
    let mut dir = Dir::new();
    for name in PLUGINS {
        dir = dir.with(&format!("bundled/{name}.wasm"), &component(name));
    }
    dir = dir.with("folder/hostile_codec.wasm", &component("hostile_codec"));
    let registry = open(&dir, |config| {
        config.memory_bytes = 1 << 30;
        change(config);
    })
    .unwrap();
    (dir, registry)
}

struct Asked<'a> {
    codecs: &'a dyn Codecs,
    limits: Limits,
    sandbox: Sandbox,
    rendering: Rendering,
}

impl<'a> Asked<'a> {
    fn of(codecs: &'a dyn Codecs, rendering: Rendering) -> Asked<'a> {
        Asked { codecs, limits: Limits::default(), sandbox: Sandbox::All, rendering }
    }

    fn ask(&self) -> Ask<'_> {
        Ask { limits: &self.limits, sandbox: self.sandbox, rendering: &self.rendering }
    }

    fn probe(&self, bytes: &[u8]) -> Result<SourceInfo, Failure> {
        self.codecs.probe(bytes, self.ask())
    }

    fn decode(&self, bytes: &[u8], enough: Option<Size>) -> Result<Picture, Failure> {
        let info = self.probe(bytes)?;
        let want = Want { enough, animated: true, keep_metadata: true };
        self.codecs.decode(bytes, self.ask(), &info, want)
    }
}

fn page(page: Pages) -> Rendering {
    Rendering { page: Some(page), ..Rendering::default() }
}

fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

fn made(picture: &Picture) -> Size {
    size(picture.frames[0].raster.width(), picture.frames[0].raster.height())
}

/// Gradients with a pattern, and alpha if wanted.
fn raster(width: u32, height: u32, format: PixelFormat, seed: u32) -> Raster {
    let mut pixels = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let value = (x * 5 + y * 3 + seed * 40) as u8;
            let pixel = [value, (y * 7) as u8, value.wrapping_mul(3), (x * 255 / width) as u8];
            pixels.extend_from_slice(&pixel[..format.bytes_per_pixel()]);
        }
    }
    Raster::new(width, height, format, pixels).unwrap()
}

fn encoded(format: Format, picture: &Picture) -> Vec<u8> {
    let options = EncodeOptions { effort: 0, ..EncodeOptions::new(format) };
    safelight_codec::encode(picture, &options).unwrap()
}

#[test]
fn every_picture_format_decodes_to_the_same_pixels_inside_and_outside_of_the_sandbox() {
    let (_dir, registry) = bundled(|_| ());
    let snapshot = registry.snapshot();
    for format in Format::ALL {
        for pixels in [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8] {
            let bytes = encoded(format, &Picture::still(raster(101, 67, pixels, 0)));
            let inside = Asked::of(snapshot.codecs(), Rendering::default());
            let outside = Asked { sandbox: Sandbox::None, ..Asked::of(&BuiltIn, Rendering::default()) };
            for enough in [None, Some(size(20, 10)), Some(size(101, 67)), Some(size(500, 5))] {
                let expected = outside.decode(&bytes, enough).unwrap();
                assert_eq!(inside.decode(&bytes, enough), Ok(expected), "{format} {pixels:?} {enough:?}");
            }
            let (inside_info, outside_info) = (inside.probe(&bytes).unwrap(), outside.probe(&bytes).unwrap());
            assert_eq!(inside_info.scaling, outside_info.scaling, "{format}");
            assert_eq!((inside_info.size, inside_info.count), (outside_info.size, 1), "{format}");
            for length in [bytes.len() / 2, bytes.len() - 1, 40] {
                let result = |asked: &Asked<'_>| asked.decode(&bytes[..length], None).map_err(|failure| failure.code);
                assert_eq!(result(&inside), result(&outside), "{format} cut to {length}");
            }
        }
    }
    let counts = counts(&registry, "codec-pictures");
    assert_eq!((counts.trapped, counts.misbehaved, counts.limited), (0, 0, 0));
    assert!(counts.runs >= 24 * 4);
}

#[test]
fn animations_and_their_single_frames_are_the_same_inside_and_outside() {
    let (_dir, registry) = bundled(|_| ());
    let snapshot = registry.snapshot();
    let frames =
        (0..4).map(|seed| Frame { raster: raster(40, 30, PixelFormat::Rgba8, seed), delay_ms: 100 * (seed + 1) });
    let animation = Picture { frames: frames.collect(), loops: Loops::Times(3), metadata: Default::default() };
    for format in [Format::Gif, Format::WebP] {
        let bytes = encoded(format, &animation);
        for rendering in [Rendering::default(), page(Pages::One(1)), page(Pages::One(3)), page(Pages::All)] {
            let inside = Asked::of(snapshot.codecs(), rendering.clone());
            let outside = Asked { sandbox: Sandbox::None, ..Asked::of(&BuiltIn, rendering.clone()) };
            let picture = outside.decode(&bytes, None).unwrap();
            assert_eq!(picture.frames.len(), if matches!(rendering.page, Some(Pages::One(_))) { 1 } else { 4 });
            assert_eq!(inside.decode(&bytes, None), Ok(picture), "{format} {rendering:?}");
            let (inside, outside) = (inside.probe(&bytes).unwrap(), outside.probe(&bytes).unwrap());
            assert_eq!((inside.frames, inside.timeline), (outside.frames, outside.timeline), "{format} {rendering:?}");
        }
        let failure = Asked::of(snapshot.codecs(), page(Pages::One(5))).probe(&bytes).unwrap_err();
        assert_eq!(failure, Failure::new(Code::InvalidParams, "page: is 5, the source has 4"));
    }
}

#[test]
fn the_settings_say_who_decodes() {
    let (_dir, registry) = bundled(|_| ());
    let runs = |name: &str| counts(&registry, name).runs;
    let snapshot = registry.snapshot();
    let picture = |format: Format| encoded(format, &Picture::still(raster(32, 32, PixelFormat::Rgb8, 0)));
    let [png, jpeg, avif] = [Format::Png, Format::Jpeg, Format::Avif].map(picture);
    let decode = |bytes: &[u8], sandbox| {
        let before = runs("codec-pictures");
        Asked { sandbox, ..Asked::of(snapshot.codecs(), Rendering::default()) }.decode(bytes, None).unwrap();
        runs("codec-pictures") - before
    };
    let jpeg_alone = Sandbox::Only([Format::Jpeg].into_iter().collect());
    let settings = [Sandbox::None, Sandbox::Auto, Sandbox::All, jpeg_alone];
    assert_eq!(settings.map(|sandbox| decode(&png, sandbox)), [0, 1, 1, 0]);
    assert_eq!(settings.map(|sandbox| decode(&jpeg, sandbox)), [0, 0, 1, 1]);
    assert_eq!(settings.map(|sandbox| decode(&avif, sandbox)), [0, 1, 1, 0]);

    let dir = Dir::new();
    let nothing = open(&dir, |_| ()).unwrap();
    let snapshot = nothing.snapshot();
    let without = |sandbox| Asked { sandbox, ..Asked::of(snapshot.codecs(), Rendering::default()) }.decode(&avif, None);
    assert!(without(Sandbox::Auto).is_ok());
    let avif_alone = Sandbox::Only([Format::Avif].into_iter().collect());
    for demanding in [Sandbox::All, avif_alone] {
        assert_eq!(without(demanding).unwrap_err().code, Code::UnsupportedFeature);
    }
    let svg = Asked::of(snapshot.codecs(), Rendering::default()).probe(b"<svg/>").unwrap_err();
    assert_eq!(svg.code, Code::UnknownFormat);
}

fn hostile(snapshot: &Snapshot, word: &str) -> Result<Picture, Failure> {
    let rendering = if word == "many_pages" { page(Pages::All) } else { Rendering::default() };
    Asked::of(snapshot.codecs(), rendering).decode(format!("HOSTILE {word}").as_bytes(), None)
}

#[test]
fn every_misbehaviour_of_a_codec_meets_its_code_and_the_next_source_is_read() {
    let (_dir, registry) = bundled(|config| {
        config.deadline_ms = 500;
        config.memory_bytes = 64 << 20;
    });
    let snapshot = registry.snapshot();
    let meets = |word: &str, code: Code, message: &str| {
        let started = Instant::now();
        let failure = hostile(&snapshot, word).expect_err(word);
        assert_eq!(failure.code, code, "{word}: {failure}");
        assert!(failure.message.contains(message), "{word}: {failure}");
        assert!(started.elapsed() < Duration::from_secs(15), "{word} took {:?}", started.elapsed());
        assert!(hostile(&snapshot, "fine").is_ok(), "after {word}");
    };
    meets("spin_in_open", Code::LimitTime, "plugin hostile-codec ran for more than 500 ms");
    meets("spin", Code::LimitTime, "plugin hostile-codec ran for more than 500 ms");
    meets("grow", Code::LimitMemory, "67108864 are allowed");
    meets("stack", Code::LimitStack, "used up its stack");
    meets("flood", Code::LimitLog, "logged more than");
    meets("panic", Code::PluginTrapped, "the hostile codec panics");
    meets("lie", Code::PluginMisbehaved, "2 x 2 px where it announced 4 x 4 px");
    meets("short", Code::PluginMisbehaved, "4 x 4 px of 1 bytes need 16 bytes, 15 given");
    meets("too_few", Code::PluginMisbehaved, "0 pages where 1 were asked for");
    meets("no_pages", Code::PluginMisbehaved, "a source without pages");
    meets("empty_page", Code::PluginMisbehaved, "a page of 0 x 4 px");
    meets("huge", Code::ImageLimit, "4000000000 x 4000000000 px is over the limit");
    meets("many_pages", Code::ImageLimit, "frames is over the limit");
    meets("many_frames", Code::ImageLimit, "1000000 frames is over the limit");
    meets("corrupt", Code::CorruptImage, "it is damaged and says so on two lines");
    meets("truncated", Code::CorruptImage, "its end is missing");
    meets("unsupported", Code::UnsupportedFeature, "nobody reads this");
    meets("locked", Code::UnsupportedFeature, "it has a password");
    meets("limit", Code::ImageLimit, "it is too large");
    meets("other", Code::PluginRefused, "it is not to its liking");
    // Numbers that nothing can be made of do no harm.
    assert_eq!(made(&hostile(&snapshot, "odd_numbers").unwrap()), size(4, 4));
    let odd = Asked::of(snapshot.codecs(), Rendering { dpi: Some(200.0), ..Rendering::default() });
    assert_eq!(odd.probe(b"HOSTILE odd_numbers").unwrap().size, size(4, 4));

    let picture = Picture::still(raster(2, 2, PixelFormat::Rgb8, 0));
    let write = |quality, max_bytes| {
        let options = EncodeOptions { max_bytes, ..EncodeOptions::new(Format::Png) };
        snapshot.codecs().encode("hostile", &picture, Some(quality), &options).map_err(|failure| failure.code)
    };
    let codes = [1, 2, 3].map(|quality| write(quality, 100).unwrap_err());
    assert_eq!(codes, [Code::LimitTime, Code::PluginTrapped, Code::EncodeFailed]);
    assert_eq!(write(4, 100), Ok(b"HOSTILE ".to_vec()));
    assert_eq!(write(4, 7), Err(Code::ImageLimit));
}

#[test]
fn limits_are_met_before_anything_is_rendered() {
    let (_dir, registry) = bundled(|_| ());
    let snapshot = registry.snapshot();
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1000"/>"#;
    let check = |limits: Limits, rendering: Rendering| {
        let asked = Asked { limits, ..Asked::of(snapshot.codecs(), rendering) };
        asked.decode(svg, None).map_err(|failure| failure.code)
    };
    assert!(check(Limits::default(), Rendering::default()).is_ok());
    assert_eq!(check(Limits { max_pixels: 999_999, ..Limits::default() }, Rendering::default()), Err(Code::ImageLimit));
    assert_eq!(check(Limits { max_bytes: 20, ..Limits::default() }, Rendering::default()), Err(Code::ImageLimit));
    let dpi = Rendering { dpi: Some(2400.0), ..Rendering::default() };
    assert_eq!(check(Limits::default(), dpi), Err(Code::ImageLimit));
}

#[test]
fn an_svg_is_rendered_in_the_size_that_is_asked_for() {
    let (_dir, registry) = bundled(|_| ());
    let snapshot = registry.snapshot();
    let svg = br##"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="100" height="50">
        <rect width="50" height="50" fill="#f00"/><rect x="50" width="50" height="50" fill="#00f"/></svg>"##;
    let asked = Asked::of(snapshot.codecs(), Rendering::default());
    let info = asked.probe(svg).unwrap();
    assert_eq!((&*info.format, info.size, info.scaling, info.count), ("svg", size(100, 50), Scaling::Free, 1));
    let probed = |rendering| Asked::of(snapshot.codecs(), rendering).probe(svg).unwrap().size;
    assert_eq!(probed(Rendering { dpi: Some(192.0), ..Rendering::default() }), size(200, 100));
    assert_eq!(probed(Rendering { width: Some(30), ..Rendering::default() }), size(30, 15));
    assert_eq!(probed(Rendering { width: Some(30), height: Some(10), ..Rendering::default() }), size(20, 10));
    let large = asked.decode(svg, Some(size(1000, 400))).unwrap();
    assert_eq!(made(&large), size(1000, 500));
    let pixels = large.frames[0].raster.pixels();
    assert_eq!((&pixels[499 * 3..500 * 3], &pixels[500 * 3..501 * 3]), (&[255, 0, 0][..], &[0, 0, 255][..]));
}

#[test]
fn hostile_svg_documents_end_soon() {
    let (_dir, registry) = bundled(|config| config.deadline_ms = 3000);
    let snapshot = registry.snapshot();
    let end = |content: &str| {
        let svg = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">{content}</svg>"#);
        let started = Instant::now();
        let ended = Asked::of(snapshot.codecs(), Rendering::default()).decode(svg.as_bytes(), None);
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        ended.map(|_| ()).map_err(|failure| failure.code)
    };
    let nested = |depth: usize| "<g>".repeat(depth) + "<rect width='9' height='9'/>" + &"</g>".repeat(depth);
    assert_eq!(end(&nested(100)), Ok(()));
    let deep = end(&nested(200_000)).unwrap_err();
    assert!(matches!(deep, Code::LimitStack | Code::ImageLimit | Code::CorruptImage), "{deep}");
    let filter = "<filter id='f' x='-1000' y='-1000' width='9999999' height='9999999'>".to_owned()
        + &"<feGaussianBlur stdDeviation='500'/><feMorphology operator='dilate' radius='5000'/>".repeat(500)
        + "</filter><rect filter='url(#f)' width='100' height='100'/>";
    let slow = end(&filter.repeat(20));
    assert!(matches!(slow, Ok(()) | Err(Code::LimitTime | Code::LimitMemory)), "{slow:?}");
    let mut uses = String::from("<g id='u0'><rect width='1' height='1'/></g>");
    for level in 1..12 {
        let before = format!("<use href='#u{}'/>", level - 1).repeat(10);
        uses.push_str(&format!("<g id='u{level}'>{before}</g>"));
    }
    let many = end(&uses).unwrap_err();
    assert!(matches!(many, Code::ImageLimit | Code::LimitTime | Code::LimitMemory), "{many}");
}

#[test]
fn pages_of_a_pdf_are_written_and_read_again() {
    let (_dir, registry) = bundled(|_| ());
    let snapshot = registry.snapshot();
    let written = snapshot.codecs().writes("PDF").unwrap();
    assert_eq!((&*written.name, &*written.media_type, written.frames), ("pdf", "application/pdf", true));
    let colors = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255]];
    let frames = colors.map(|color| Frame { raster: Raster::filled(60, 40, color), delay_ms: 0 });
    let picture = Picture { frames: frames.to_vec(), loops: Loops::Times(1), metadata: Default::default() };
    let options = EncodeOptions { animated: true, ..EncodeOptions::new(Format::Png) };
    let pdf = snapshot.codecs().encode("pdf", &picture, None, &options).unwrap();

    let info = Asked::of(snapshot.codecs(), Rendering::default()).probe(&pdf).unwrap();
    assert_eq!((&*info.format, info.size, info.count, info.frames), ("pdf", size(60, 40), 3, 1));
    for (index, color) in colors.iter().enumerate() {
        let asked = Asked::of(snapshot.codecs(), page(Pages::One(index as u32 + 1)));
        let one = asked.decode(&pdf, Some(size(30, 20))).unwrap();
        assert_eq!((one.frames.len(), made(&one)), (1, size(30, 20)));
        assert_eq!(one.frames[0].raster, Raster::filled(30, 20, *color), "page {}", index + 1);
    }
    let all = Asked::of(snapshot.codecs(), page(Pages::All)).decode(&pdf, None).unwrap();
    assert_eq!(all.frames.len(), 3);
    assert_eq!(all.frames[2].raster, Raster::filled(60, 40, colors[2]));
    let failure = Asked::of(snapshot.codecs(), page(Pages::One(4))).decode(&pdf, None).unwrap_err();
    assert_eq!(failure, Failure::new(Code::InvalidParams, "page: is 4, the source has 3"));
}

#[test]
fn a_codec_is_listed_checked_and_kept_from_clashing() {
    let (_dir, registry) = bundled(|_| ());
    let plugins = registry.plugins();
    let names = |plugin: &str| -> Vec<String> {
        let plugin = plugins.iter().find(|summary| summary.info.name == plugin).unwrap();
        assert!(plugin.transforms.is_empty());
        plugin.formats.iter().map(|format| format.name.clone()).collect()
    };
    assert_eq!(names("codec-svg"), ["svg"]);
    assert_eq!(names("codec-pictures"), Format::ALL.map(|format| format.name().to_owned()));
    let report = registry.check(&component("codec_pdf"));
    assert!(report.fits(), "{report}");
    assert!(report.to_string().contains("reads and writes pdf (application/pdf; .pdf)"), "{report}");

    let dir = Dir::new().with("folder/a.wasm", &component("codec_svg"));
    let registry = open(&dir, |_| ()).unwrap();
    assert_eq!(install(&registry, &component("codec_svg")).unwrap_err().code, Code::Conflict);
    let plugin = install(&registry, &component("hostile_codec")).unwrap();
    assert_eq!(plugin.info.name, "hostile-codec");
    let snapshot = registry.snapshot();
    assert!(hostile(&snapshot, "fine").is_ok());
    registry.offer(Vec::new(), &HashMap::new());
    assert_eq!(hostile(&registry.snapshot(), "fine").unwrap_err().code, Code::UnknownFormat);
}
