//! AVIF pictures made of tiles, in containers written here.

use ravif::{Encoder, Img, RGB8};
use safelight_codec::{Error, Limits, probe};

use crate::support::{find, read, read_one};

const TILE: u32 = 64;

/// A box: length, kind, content.
fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = (8 + content.len() as u32).to_be_bytes();
    [&length, kind.as_slice(), content].concat()
}

/// A box that starts with version and flags.
fn full(kind: &[u8; 4], version: u8, content: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], content].concat())
}

/// The AV1 data and the av1C box of a flat tile.
fn tile(color: [u8; 3]) -> (Vec<u8>, Vec<u8>) {
    let pixels = vec![RGB8::from(color); (TILE * TILE) as usize];
    let encoder = Encoder::new().with_quality(95.0).with_speed(10);
    let side = TILE as usize;
    let file = encoder.encode_rgb(Img::new(&pixels, side, side)).unwrap().avif_file;
    let box_at = |kind: &[u8; 4]| {
        let at = find(&file, kind);
        let length = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
        file[at - 4..at - 4 + length].to_vec()
    };
    (box_at(b"mdat")[8..].to_vec(), box_at(b"av1C"))
}

fn ispe(width: u32, height: u32) -> Vec<u8> {
    full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat())
}

/// A file with a grid of two columns and as many rows as the tiles fill; each tile may be told to
/// have its data where another's is.
fn grid(width: u16, height: u16, colors: &[[u8; 3]], share_data: bool) -> Vec<u8> {
    let tiles: Vec<_> = colors.iter().map(|color| tile(*color)).collect();
    let rows = colors.len() as u8 / 2;
    let description = [&[0, 0, rows - 1, 1][..], &width.to_be_bytes(), &height.to_be_bytes()].concat();
    let count = tiles.len() as u16;
    let ids = 2..2 + count;
    let info = |id: u16, kind: &[u8; 4]| full(b"infe", 2, &[&id.to_be_bytes(), &[0, 0][..], kind, &[0]].concat());
    let mut infos = (1 + count).to_be_bytes().to_vec();
    infos.extend(info(1, b"grid"));
    for id in ids.clone() {
        infos.extend(info(id, b"av01"));
    }
    let mut dimg = [1_u16.to_be_bytes(), count.to_be_bytes()].concat();
    dimg.extend(ids.clone().flat_map(u16::to_be_bytes));
    let properties = [ispe(width.into(), height.into()), ispe(TILE, TILE), tiles[0].1.clone()];
    let mut associations = u32::from(1 + count).to_be_bytes().to_vec();
    associations.extend([0, 1, 1, 1]);
    for id in ids.clone() {
        associations.extend(id.to_be_bytes());
        associations.extend([2, 2, 0x80 | 3]);
    }
    let meta = |data_at: usize| {
        // Version 1; offsets and lengths of four bytes, no base.
        let mut locations = [0x44, 0].to_vec();
        locations.extend((1 + count).to_be_bytes());
        let mut place = |id: u16, method: u16, at: u32, length: usize| {
            for field in [id, method, 0, 1] {
                locations.extend(field.to_be_bytes());
            }
            locations.extend(at.to_be_bytes());
            locations.extend((length as u32).to_be_bytes());
        };
        place(1, 1, 0, description.len());
        let all: usize = tiles.iter().map(|(data, _)| data.len()).sum();
        let mut at = data_at;
        for (id, (data, _)) in ids.clone().zip(&tiles) {
            if share_data {
                place(id, 0, data_at as u32, all);
            } else {
                place(id, 0, at as u32, data.len());
            }
            at += data.len();
        }
        let content = [
            full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            full(b"pitm", 0, &1_u16.to_be_bytes()),
            full(b"iloc", 1, &locations),
            full(b"iinf", 0, &infos),
            full(b"iref", 0, &boxed(b"dimg", &dimg)),
            boxed(b"iprp", &[boxed(b"ipco", &properties.concat()), full(b"ipma", 0, &associations)].concat()),
            boxed(b"idat", &description),
        ];
        full(b"meta", 0, &content.concat())
    };
    let start = boxed(b"ftyp", b"avif\0\0\0\0avifmif1miaf");
    let data_at = start.len() + meta(0).len() + 8;
    let data: Vec<u8> = tiles.iter().flat_map(|(data, _)| data.clone()).collect();
    [start, meta(data_at), boxed(b"mdat", &data)].concat()
}

const COLORS: [[u8; 3]; 4] = [[200, 30, 40], [30, 190, 60], [20, 40, 210], [220, 220, 30]];

#[test]
fn tiles_come_to_their_places_and_are_cut_at_the_edges() {
    let bytes = grid(100, 90, &COLORS, false);
    let info = probe(&bytes, &Limits::default()).unwrap();
    assert_eq!((info.width, info.height), (100, 90));
    let raster = read_one(&bytes);
    let at = |x, y| raster.crop(x, y, 1, 1).unwrap().into_pixels();
    for (color, corners) in
        COLORS.iter().zip([[(0, 0), (63, 63)], [(64, 0), (99, 63)], [(0, 64), (63, 89)], [(64, 64), (99, 89)]])
    {
        for (x, y) in corners {
            for (value, wanted) in at(x, y).iter().zip(color) {
                assert!(value.abs_diff(*wanted) <= 3, "{x},{y}: {:?} for {color:?}", at(x, y));
            }
        }
    }
}

#[test]
fn a_grid_that_does_not_fit_its_tiles_is_refused() {
    // Too large for the tiles, and so small that two of them would show nothing.
    for (width, height) in [(129, 90), (100, 129), (64, 90), (100, 64)] {
        let error = read(&grid(width, height, &COLORS, false)).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{width} x {height}: {error}");
    }
}

#[test]
fn tiles_that_share_their_data_are_refused() {
    let error = read(&grid(100, 90, &COLORS, true)).unwrap_err();
    assert_eq!(error.to_string(), "avif picture is damaged: the tiles of its grid share data");
}

#[test]
fn a_grid_cut_short_is_an_error_at_every_length() {
    let bytes = grid(100, 90, &COLORS, false);
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length} of {}", bytes.len());
    }
}
