//! A codec that misbehaves. A source is `HOSTILE ` and a word, which says how.

use std::hint::black_box;

use safelight_sdk::codec::{
    Codec, Document, EncodeOptions, Error, Format, Frame, Info, Kind, Limits, Mark, Page, Scaling,
};
use safelight_sdk::{Image, PixelFormat, Size};

const MARK: &[u8] = b"HOSTILE ";

struct Hostile;

struct Source {
    word: String,
}

impl Codec for Hostile {
    const FORMATS: &'static [Format] = &[Format {
        extensions: &["hostile"],
        media_types: &["application/x-hostile"],
        signatures: &[&[Mark::at(0, MARK)]],
        writes: true,
        ..Format::reading("hostile")
    }];
    type Document = Source;

    fn open(bytes: Vec<u8>, _format: &str, _limits: &Limits) -> Result<Source, Error> {
        let word = String::from_utf8_lossy(&bytes[MARK.len()..]).into_owned();
        match word.as_str() {
            "spin_in_open" => spin(),
            "corrupt" => Err(Error::Corrupt("it is damaged\nand says so on two lines".into())),
            "truncated" => Err(Error::Truncated("its end is missing".into())),
            "unsupported" => Err(Error::Unsupported("nobody reads this".into())),
            "locked" => Err(Error::Locked("it has a password".into())),
            "limit" => Err(Error::Limit("it is too large".into())),
            "other" => Err(Error::Other("it is not to its liking".into())),
            _ => Ok(Source { word }),
        }
    }

    fn encode(_frames: Vec<Frame>, options: &EncodeOptions) -> Result<Vec<u8>, Error> {
        match options.quality {
            Some(1) => spin(),
            Some(2) => panic!("the hostile codec panics in encode"),
            Some(3) => Err(Error::CannotWrite("it has no wish to".into())),
            _ => Ok(MARK.to_vec()),
        }
    }
}

fn spin() -> ! {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

#[expect(unconditional_recursion, reason = "that is its purpose")]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1)) + 1)
}

fn gray(width: u32, height: u32) -> Image {
    Image::new(width, height, PixelFormat::Gray8, vec![128; width as usize * height as usize])
}

impl Document for Source {
    fn info(&self) -> Info {
        match self.word.as_str() {
            "no_pages" => Info { kind: Kind::Pages, count: 0 },
            "many_pages" => Info { kind: Kind::Pages, count: u32::MAX },
            "many_frames" => Info { kind: Kind::Animation, count: 1_000_000 },
            _ => Info { kind: Kind::Still, count: 1 },
        }
    }

    fn page(&mut self, _index: u32) -> Result<Page, Error> {
        match self.word.as_str() {
            "huge" => Ok(Page::new(Size::new(4_000_000_000, 4_000_000_000), Scaling::Free)),
            "empty_page" => Ok(Page::new(Size::new(0, 4), Scaling::Free)),
            "odd_numbers" => Ok(Page {
                dpi: Some(f32::NAN),
                memory_bytes: u64::MAX,
                held_bytes: u64::MAX,
                ..Page::new(Size::new(4, 4), Scaling::Free)
            }),
            _ => Ok(Page::new(Size::new(4, 4), Scaling::Fixed)),
        }
    }

    fn render(&mut self, _index: u32, _size: Option<Size>) -> Result<Image, Error> {
        match self.word.as_str() {
            "spin" => spin(),
            "panic" => panic!("the hostile codec panics"),
            "stack" => {
                let depth = recurse(0);
                Err(Error::Other(format!("{depth}")))
            }
            "grow" => {
                let mut kept = Vec::new();
                loop {
                    kept.push(black_box(vec![1u8; 1 << 20]));
                }
            }
            "lie" => Ok(gray(2, 2)),
            "short" => Ok(Image { pixels: vec![0; 15], ..gray(4, 4) }),
            "flood" => {
                for _ in 0..10_000 {
                    safelight_sdk::log::info("a line");
                }
                Ok(gray(4, 4))
            }
            _ => Ok(gray(4, 4)),
        }
    }

    fn render_frames(&mut self, first: u32, count: u32, size: Option<Size>) -> Result<Vec<Frame>, Error> {
        let frames = if self.word == "too_few" { 0 } else { count };
        (first..first + frames).map(|index| Ok(Frame { image: self.render(index, size)?, delay_ms: 0 })).collect()
    }
}

safelight_sdk::export_codec!(name: "hostile-codec", summary: "Misbehaves in every way there is.", codec: Hostile);
