//! Full-size decoding against an independent decoder.

use super::*;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

fn zune(file: &[u8], colorspace: ColorSpace) -> Vec<u8> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(colorspace);
    zune_jpeg::JpegDecoder::new_with_options(std::io::Cursor::new(file), options).decode().expect("zune-jpeg reads it")
}

/// Both decoders round by themselves; where chroma is interpolated, they also do so in steps of their own.
#[test]
fn every_sampling_agrees_with_an_independent_decoder() {
    use SamplingFactor::*;
    let cases = [(R_4_4_4, 3, 0.5), (R_4_2_2, 3, 0.5), (R_4_4_0, 3, 0.5), (R_4_2_0, 3, 0.5)];
    for (sampling, largest, mean) in cases {
        for progressive in [false, true] {
            for restart_interval in [0, 3] {
                let recipe = Recipe { sampling, progressive, restart_interval, ..RECIPE };
                let file = encode(&recipe);
                let (max, average) = difference(&full(&file).pixels, &zune(&file, ColorSpace::RGB));
                assert!(
                    max <= largest && average <= mean,
                    "{sampling:?} {progressive} {restart_interval}: {max} {average}"
                );
            }
        }
    }
}

/// The ways of coding the same coefficients give the same pixels, in the samplings few decoders read too. (With
/// restarts and its own tables at once, the encoder's tables lack the differences that restarts bring.)
#[test]
fn every_way_of_coding_gives_the_same_pixels() {
    use SamplingFactor::*;
    for sampling in [R_4_4_4, R_4_4_0, R_4_4_1, R_4_2_2, R_4_2_1, R_4_2_0, R_4_1_1, R_4_1_0] {
        let plain = full(&encode(&Recipe { sampling, ..RECIPE }));
        let expected = raw_pixels(&RECIPE);
        let (_, mean) = difference(&plain.pixels, &expected);
        assert!(mean < 8.0, "{sampling:?} is off by {mean} from the original");
        for (progressive, own_tables, restart_interval) in [
            (false, true, 0),
            (true, false, 0),
            (true, true, 0),
            (false, false, 1),
            (false, false, 5),
            (true, false, 5),
        ] {
            let recipe = Recipe { sampling, progressive, own_tables, restart_interval, ..RECIPE };
            let other = full(&encode(&recipe));
            assert!(other == plain, "{sampling:?} {progressive} {own_tables} {restart_interval}");
        }
    }
}

#[test]
fn grey_agrees_with_an_independent_decoder() {
    for progressive in [false, true] {
        let file = encode(&Recipe { color: ColorType::Luma, progressive, ..RECIPE });
        let picture = full(&file);
        assert_eq!(picture.layout, Layout::Gray8);
        let (max, _) = difference(&picture.pixels, &zune(&file, ColorSpace::Luma));
        assert!(max <= 1, "{max}");
    }
}

#[test]
fn every_quality_agrees_with_an_independent_decoder() {
    for quality in [1, 10, 50, 75, 90, 97, 100] {
        let file = encode(&Recipe { quality, sampling: SamplingFactor::F_1_1, ..RECIPE });
        let (max, mean) = difference(&full(&file).pixels, &zune(&file, ColorSpace::RGB));
        assert!(max <= 3 && mean <= 0.5, "quality {quality}: {max} {mean}");
    }
}

#[test]
fn every_small_size_is_decoded_without_edges_leaking_in() {
    for width in 1..=18 {
        for height in 1..=18 {
            let recipe = Recipe { width, height, quality: 95, ..RECIPE };
            let file = encode(&recipe);
            let picture = full(&file);
            assert_eq!((picture.width, picture.height), (width.into(), height.into()));
            let luma = |pixels: &[u8]| -> Vec<u8> {
                pixels
                    .chunks(3)
                    .map(|p| ((u32::from(p[0]) * 3 + u32::from(p[1]) * 6 + u32::from(p[2])) / 10) as u8)
                    .collect()
            };
            let (max, _) = difference(&luma(&picture.pixels), &luma(&raw_pixels(&recipe)));
            assert!(max <= 20, "{width} x {height}: {max}");
        }
    }
}

#[test]
fn four_inks_have_zero_for_no_ink() {
    for color in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let recipe = Recipe { color, quality: 97, sampling: SamplingFactor::F_1_1, ..RECIPE };
        let picture = full(&encode(&recipe));
        assert_eq!(picture.layout, Layout::Cmyk8);
        let (max, mean) = difference(&picture.pixels, &raw_pixels(&recipe));
        assert!(max <= 12 && mean <= 2.0, "{max} {mean}");
    }
}

/// The encoder of the other tests sends each coefficient whole; in this file, made by libjpeg, bits arrive one by one.
#[test]
fn successive_approximation_agrees_with_an_independent_decoder() {
    let file = include_bytes!("approximation.jpg");
    assert!(read_header(file).expect("the file is valid").progressive);
    let (max, mean) = difference(&full(file).pixels, &zune(file, ColorSpace::RGB));
    assert!(max <= 3 && mean <= 0.5, "{max} {mean}");
}
