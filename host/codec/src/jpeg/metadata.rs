//! What the application segments of a file say about its picture.

use super::frame::Segments;
use super::{Color, Error, Header};

/// The segments that matter, as they were found.
#[derive(Default)]
pub(super) struct Metadata<'a> {
    jfif: bool,
    adobe_transform: Option<u8>,
    /// Number, count and content of each part of the profile.
    icc: Vec<(u8, u8, &'a [u8])>,
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
}

impl<'a> Metadata<'a> {
    /// Keeps what is of use in an APPn segment.
    pub(super) fn read(&mut self, marker: u8, content: &'a [u8]) {
        match marker {
            0xE0 if content.starts_with(b"JFIF\0") => self.jfif = true,
            0xE1 => self.app1(content),
            0xE2 => {
                if let Some([number, count, data @ ..]) = content.strip_prefix(b"ICC_PROFILE\0") {
                    self.icc.push((*number, *count, data));
                }
            }
            0xEE => {
                if let Some(rest) = content.strip_prefix(b"Adobe")
                    && let Some(&transform) = rest.get(6)
                {
                    self.adobe_transform = Some(transform);
                }
            }
            _ => {}
        }
    }

    fn app1(&mut self, content: &'a [u8]) {
        if let Some(data) = content.strip_prefix(b"Exif\0\0") {
            self.exif.get_or_insert(data);
        } else if let Some(data) = content.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
            self.xmp.get_or_insert(data);
        }
    }

    /// The ICC profile, when all its chunks are there (ICC.1:2010, B.4).
    fn joined_icc(&self) -> Option<Vec<u8>> {
        let count = self.icc.first()?.1;
        let mut profile = Vec::new();
        for number in 1..=count {
            let (_, _, data) = self.icc.iter().find(|chunk| chunk.0 == number)?;
            profile.extend_from_slice(data);
        }
        (!profile.is_empty()).then_some(profile)
    }
}

impl Segments<'_> {
    /// The properties of the picture; the frame header must have been read.
    pub(super) fn header(&self) -> Result<Header, Error> {
        let frame = self.frame()?;
        Ok(Header {
            width: frame.width as u32,
            height: frame.height as u32,
            components: frame.components.len() as u8,
            progressive: frame.progressive,
            bits: frame.bits,
            color: self.color()?,
            icc: self.metadata.joined_icc(),
            exif: self.metadata.exif.map(<[u8]>::to_vec),
            xmp: self.metadata.xmp.map(<[u8]>::to_vec),
        })
    }

    /// Whether four components are stored inverted, as Adobe's programs do: their marker is there.
    pub(super) fn inverted(&self) -> bool {
        self.metadata.adobe_transform.is_some()
    }

    /// The colour model. JFIF 1.02 demands YCbCr; Adobe's marker (Technical Note 5116, section 18) says it in its
    /// transform byte; without either, component ids R, G, B mean what they say.
    pub(super) fn color(&self) -> Result<Color, Error> {
        let components = &self.frame()?.components;
        Ok(match (components.len(), self.metadata.adobe_transform) {
            (1, _) => Color::Gray,
            (3, _) if self.metadata.jfif => Color::YCbCr,
            (3, Some(0)) => Color::Rgb,
            (3, Some(_)) => Color::YCbCr,
            (3, None) if components.iter().map(|component| component.id).eq(*b"RGB") => Color::Rgb,
            (3, None) => Color::YCbCr,
            (_, None | Some(0)) => Color::Cmyk,
            (_, Some(_)) => Color::Ycck,
        })
    }
}
