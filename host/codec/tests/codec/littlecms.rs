//! Colours of any profile, against Little CMS as Pillow runs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use moxcms::ColorProfile;
use safelight_codec::{Format, PixelFormat, Raster};

use crate::support::{photo, read_one};

/// Writes pictures with a profile in every way that Pillow has, and what Little CMS makes of their pixels.
///
/// In the folder are `NAME.icc` for each profile and `rgb.raw`, 96 x 64 pixels in four channels. For JPEG the reference
/// is made of the decoded file, so that only colours are compared.
const PROGRAM: &str = r#"
import sys
import numpy as np
from PIL import Image, ImageCms
folder = sys.argv[1]
pixels = np.fromfile(f"{folder}/rgb.raw", dtype=np.uint8).reshape(64, 96, 4)
srgb = ImageCms.createProfile("sRGB")

def reference(name, picture, profile):
    # Relative colorimetric: for perceptual, Little CMS also moves the black point towards its own sRGB profile, which is
    # of version 4. Of the profiles here none has a table of its own for either.
    made = ImageCms.profileToProfile(picture, profile, srgb, renderingIntent=1, outputMode="RGB")
    np.asarray(made).tofile(f"{folder}/{name}.raw")

def write(name, picture, profile, **options):
    icc = open(f"{folder}/{profile}.icc", "rb").read()
    picture.save(f"{folder}/{name}", icc_profile=icc, **options)
    reference(name, Image.open(f"{folder}/{name}").convert(picture.mode), f"{folder}/{profile}.icc")

rgb = Image.fromarray(np.ascontiguousarray(pixels[..., :3]), "RGB")
cmyk = Image.fromarray(pixels, "CMYK")
for profile in ["p3", "adobe", "prophoto"]:
    write(f"{profile}.jpg", rgb, profile, quality=95, subsampling=0)
    write(f"{profile}.png", rgb, profile)
    write(f"{profile}.webp", rgb, profile, lossless=True)
    write(f"{profile}.tif", rgb, profile)
write("cmyk.jpg", cmyk, "cmyk", quality=95)
write("cmyk.tif", cmyk, "cmyk")

# The same inks without Adobe's mark: then 0 is no ink in the file, and they stand as they are.
inverted = Image.fromarray(255 - pixels, "CMYK")
inverted.save(f"{folder}/plain.jpg", quality=95)
bytes = open(f"{folder}/plain.jpg", "rb").read()
at = bytes.index(b"\xff\xee")
length = int.from_bytes(bytes[at + 2:at + 4], "big") + 2
open(f"{folder}/plain.jpg", "wb").write(bytes[:at] + bytes[at + length:])
cmyk.save(f"{folder}/marked.jpg", quality=95)
"#;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Where `make test-tools` puts Python: beside the folder of the profile that the test was built in.
fn python() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let python = test.ancestors().map(|folder| folder.join("test-venv/bin/python")).find(|path| path.exists());
    python.expect("Python for the tests is missing: run `make test-tools`")
}

fn made() -> Folder {
    let folder = std::env::temp_dir().join(format!("safelight-littlecms-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let folder = Folder(folder);
    std::fs::write(folder.0.join("rgb.raw"), photo(96, 64, PixelFormat::Rgba8).pixels()).unwrap();
    let profiles = [
        ("p3", ColorProfile::new_display_p3().encode().unwrap()),
        ("adobe", ColorProfile::new_adobe_rgb().encode().unwrap()),
        ("prophoto", ColorProfile::new_pro_photo_rgb().encode().unwrap()),
        ("cmyk", cmyk_profile()),
    ];
    for (name, icc) in profiles {
        std::fs::write(folder.0.join(format!("{name}.icc")), icc).unwrap();
    }
    let output = Command::new(python()).args(["-W", "ignore", "-c", PROGRAM]).arg(&folder.0).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

/// A profile for four inks whose light is what a printer's roughly is: a table of 9 x 9 x 9 x 9 Lab values.
///
/// Source: ICC.1:2001-04, 6.1 header, 6.5.8 lut8Type.
fn cmyk_profile() -> Vec<u8> {
    const GRID: usize = 9;
    let mut table = b"mft1\0\0\0\0\x04\x03\x09\0".to_vec();
    for value in [1, 0, 0, 0, 1, 0, 0, 0, 1] {
        table.extend((value * 65536_u32).to_be_bytes());
    }
    let ramp: Vec<u8> = (0..=255).collect();
    table.extend(ramp.repeat(4));
    for index in 0..GRID.pow(4) {
        let ink = |place: u32| (index / GRID.pow(place) % GRID) as f64 / (GRID - 1) as f64;
        let (c, m, y, k) = (ink(3), ink(2), ink(1), ink(0));
        // Light that is left, and where it goes: towards blue-green, purple, yellow.
        let light = 100.0 - 38.0 * c - 46.0 * m - 9.0 * y - 82.0 * k;
        let (a, b) = (-32.0 * c + 70.0 * m - 5.0 * y, -46.0 * c - 2.0 * m + 88.0 * y);
        let rest = 1.0 - 0.9 * k;
        let lab = [light.max(4.0) * 2.55, a * rest + 128.0, b * rest + 128.0];
        table.extend(lab.map(|value| value.round().clamp(0.0, 255.0) as u8));
    }
    table.extend(ramp.repeat(3));
    let words = |signature: &[u8; 4], rest: &[u32]| {
        let rest = rest.iter().flat_map(|word| word.to_be_bytes());
        signature.iter().copied().chain([0; 4]).chain(rest).collect::<Vec<u8>>()
    };
    // D50.
    let white = words(b"XYZ ", &[0xf6d6, 0x1_0000, 0xd32d]);
    let mut text = b"text\0\0\0\0none\0".to_vec();
    text.resize(16, 0);
    let mut name = b"desc\0\0\0\0\0\0\0\x05inks\0".to_vec();
    name.resize(96, 0);
    let tags: [(&[u8; 4], Vec<u8>); 4] = [(b"A2B0", table), (b"wtpt", white), (b"cprt", text), (b"desc", name)];
    let mut data = Vec::new();
    let mut index = (tags.len() as u32).to_be_bytes().to_vec();
    let start = 128 + 4 + 12 * tags.len();
    for (signature, mut tag) in tags {
        index.extend(signature);
        index.extend(((start + data.len()) as u32).to_be_bytes());
        index.extend((tag.len() as u32).to_be_bytes());
        tag.resize(tag.len().next_multiple_of(4), 0);
        data.extend(tag);
    }
    let mut header = vec![0; 128];
    header[..4].copy_from_slice(&((start + data.len()) as u32).to_be_bytes());
    header[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    header[12..24].copy_from_slice(b"prtrCMYKLab ");
    header[24..36].copy_from_slice(&[0x07, 0xd1, 0, 4, 0, 1, 0, 0, 0, 0, 0, 0]);
    header[36..40].copy_from_slice(b"acsp");
    header[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    [header, index, data].concat()
}

/// The largest and the mean difference of a picture and its reference.
fn difference(folder: &Path, name: &str) -> (u8, f64) {
    let expected = std::fs::read(folder.join(format!("{name}.raw"))).unwrap();
    let made = read_one(&std::fs::read(folder.join(name)).unwrap());
    assert_eq!((made.width(), made.height(), made.format()), (96, 64, PixelFormat::Rgb8), "{name}");
    let far: Vec<u8> = made.pixels().iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).collect();
    let mean = far.iter().map(|value| f64::from(*value)).sum::<f64>() / far.len() as f64;
    (far.into_iter().max().unwrap(), mean)
}

#[test]
fn wide_and_printed_colours_are_those_of_little_cms() {
    let folder = made();
    let mut wrong = Vec::new();
    for profile in ["p3", "adobe", "prophoto"] {
        for kind in ["jpg", "png", "webp", "tif"] {
            let name = format!("{profile}.{kind}");
            let (most, mean) = difference(&folder.0, &name);
            // Decoders round colours of JPEG by a level either way, which becomes several where a wide colour is dark.
            let limit = if kind == "jpg" { 16 } else { 2 };
            if most > limit || mean > 0.7 {
                wrong.push(format!("{name}: {most}, {mean:.2}"));
            }
        }
    }
    for name in ["cmyk.tif", "cmyk.jpg"] {
        let (most, mean) = difference(&folder.0, name);
        // Two ways to find a place between the grid's points.
        if most > 12 || mean > 1.2 {
            wrong.push(format!("{name}: {most}, {mean:.2}"));
        }
    }
    assert_eq!(wrong, [""; 0]);

    // Without a profile inks are multiplied; with Adobe's mark they are stored inverted.
    let inks = photo(96, 64, PixelFormat::Rgba8);
    let light = |ink: u8, black: u8| (u32::from(255 - ink) * u32::from(255 - black) + 127) / 255;
    let expected: Vec<u8> = inks
        .pixels()
        .as_chunks::<4>()
        .0
        .iter()
        .flat_map(|&[c, m, y, k]| [c, m, y].map(|ink| light(ink, k) as u8))
        .collect();
    let expected = Raster::new(96, 64, PixelFormat::Rgb8, expected).unwrap();
    for name in ["marked.jpg", "plain.jpg"] {
        let bytes = std::fs::read(folder.0.join(name)).unwrap();
        assert_eq!(Format::sniff(&bytes), Some(Format::Jpeg));
        let quality = crate::support::psnr(&read_one(&bytes), &expected);
        assert!(quality > 30.0, "{name}: {quality:.1} dB");
    }
}
