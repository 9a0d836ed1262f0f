//! The boxes around the AV1 data.
//!
//! Every read is bounded by its box, nesting is fixed, and counts are capped; what is asked of the
//! file is looked up in slices of it, so a file cannot make this allocate more than it holds.
//!
//! Source: ISO/IEC 14496-12 (ISOBMFF) sections 4.2 boxes, 8.11 meta, pitm, iloc, iinf, iref, iprp;
//! ISO/IEC 23008-12 section 6.5 properties; AV1-ISOBMFF section 2.3.3 av1C.

use super::super::be32;
use super::AVIF;
use super::boxes::{Boxes, Fields};
use crate::Error;

/// More items, properties or parts of an item than any real file has.
const MOST: usize = 4096;

/// What the file says about its items.
pub(super) struct Container<'a> {
    primary: u32,
    items: Vec<Item>,
    properties: Vec<Property<'a>>,
    /// Kind, from, to.
    references: Vec<([u8; 4], u32, Vec<u32>)>,
    /// Data that lies within the description.
    inner: &'a [u8],
    /// A box says that it is longer than what is left.
    pub(super) ends_early: bool,
}

/// A picture, or something about one.
pub(super) struct Item {
    id: u32,
    pub(super) kind: [u8; 4],
    /// Offset and length of each part.
    parts: Vec<(u64, u64)>,
    /// The parts lie within the description rather than in the file.
    is_inner: bool,
    /// Indices of properties, from 1.
    properties: Vec<usize>,
}

pub(super) struct Property<'a> {
    pub(super) kind: [u8; 4],
    pub(super) data: &'a [u8],
}

/// ITU-T H.273 numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Color {
    pub(super) primaries: u8,
    pub(super) transfer: u8,
    pub(super) matrix: u8,
    pub(super) full_range: bool,
}

/// What the file says about colour.
pub(super) struct Colors<'a> {
    pub(super) icc: Option<&'a [u8]>,
    pub(super) numbers: Option<Color>,
}

/// What av1C says.
#[derive(Clone, Copy)]
pub(super) struct Config {
    pub(super) monochrome: bool,
    pub(super) more_than_8_bits: bool,
}

impl Item {
    /// Bytes of its data, as announced.
    pub(super) fn length(&self) -> u64 {
        self.parts.iter().fold(0, |sum, (_, length)| sum.saturating_add(*length))
    }
}

impl<'a> Container<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Container<'a>, Error> {
        let mut container = Container {
            primary: 0,
            items: Vec::new(),
            properties: Vec::new(),
            references: Vec::new(),
            inner: &[],
            ends_early: false,
        };
        let mut has_meta = false;
        let mut has_sequence = false;
        for found in Boxes(bytes) {
            container.ends_early |= found.ends_early;
            match &found.kind {
                b"meta" if !has_meta => {
                    has_meta = true;
                    if found.ends_early {
                        let what = "the data ends within its description";
                        return Err(Error::truncated(AVIF, what));
                    }
                    found
                        .data
                        .get(4..)
                        .and_then(|data| container.meta(data))
                        .ok_or_else(|| Error::corrupt(AVIF, "its description (meta) is malformed"))?;
                }
                b"moov" => has_sequence = true,
                _ => {}
            }
        }
        match (has_meta, has_sequence) {
            (true, _) => Ok(container),
            (_, true) => Err(Error::unsupported(AVIF, "a sequence without a still picture")),
            _ if container.ends_early || bytes.len() < 64 => {
                Err(Error::truncated(AVIF, "the data ends before its description"))
            }
            _ => Err(Error::corrupt(AVIF, "it has no description (meta)")),
        }
    }

    pub(super) fn primary(&self) -> Result<&Item, Error> {
        let item = self.item(self.primary).ok_or_else(|| Error::corrupt(AVIF, "its main picture is not there"))?;
        match &item.kind {
            b"av01" | b"grid" => Ok(item),
            other => {
                let kind = other.escape_ascii();
                Err(Error::unsupported(AVIF, format!("a picture of type \"{kind}\"")))
            }
        }
    }

    pub(super) fn item(&self, id: u32) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The properties of an item, in the order of the file.
    pub(super) fn properties(&self, item: &Item) -> impl Iterator<Item = &Property<'a>> {
        item.properties.iter().filter_map(|index| self.properties.get(index.checked_sub(1)?))
    }

    fn property(&self, item: &Item, kind: &[u8; 4]) -> Option<&'a [u8]> {
        self.properties(item).find(|property| &property.kind == kind).map(|found| found.data)
    }

    /// Width and height from ispe.
    pub(super) fn size(&self, item: &Item) -> Option<(u32, u32)> {
        let data = self.property(item, b"ispe")?;
        Some((be32(data, 4)?, be32(data, 8)?))
    }

    pub(super) fn has_clap(&self, item: &Item) -> bool {
        self.property(item, b"clap").is_some()
    }

    pub(super) fn config(&self, item: &Item) -> Option<Config> {
        let flags = *self.property(item, b"av1C")?.get(2)?;
        Some(Config { monochrome: flags & 0x10 != 0, more_than_8_bits: flags & 0x40 != 0 })
    }

    pub(super) fn color(&self, item: &Item) -> Colors<'a> {
        let mut colors = Colors { icc: None, numbers: None };
        for property in self.properties(item).filter(|property| &property.kind == b"colr") {
            match property.data {
                [b'p', b'r', b'o', b'f', icc @ ..] | [b'r', b'I', b'C', b'C', icc @ ..] => {
                    colors.icc = Some(icc);
                }
                // Each number has 16 bits, of which the upper 8 are zero.
                &[b'n', b'c', b'l', b'x', _, primaries, _, transfer, _, matrix, range, ..] => {
                    let full_range = range & 0x80 != 0;
                    colors.numbers = Some(Color { primaries, transfer, matrix, full_range });
                }
                _ => {}
            }
        }
        colors
    }

    /// The alpha picture of an item.
    pub(super) fn alpha(&self, item: &Item) -> Option<&Item> {
        let is_alpha = |candidate: &&Item| {
            self.property(candidate, b"auxC").and_then(|data| data.get(4..)).is_some_and(|name| {
                name.starts_with(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
                    || name.starts_with(b"urn:mpeg:hevc:2015:auxid:1\0")
            })
        };
        self.references
            .iter()
            .filter(|(kind, _, to)| kind == b"auxl" && to.contains(&item.id))
            .filter_map(|(_, from, _)| self.item(*from))
            .find(is_alpha)
    }

    pub(super) fn is_premultiplied(&self, item: &Item) -> bool {
        self.references.iter().any(|(kind, from, _)| kind == b"prem" && *from == item.id)
    }

    /// The parts of a grid, row by row.
    pub(super) fn tiles(&self, item: &Item) -> &[u32] {
        self.references.iter().find(|(kind, from, _)| kind == b"dimg" && *from == item.id).map_or(&[], |(_, _, to)| to)
    }

    /// The data of an item of some kind that describes another.
    pub(super) fn described_by(&self, item: &Item, kind: &[u8; 4], bytes: &[u8]) -> Option<Vec<u8>> {
        let found = self
            .references
            .iter()
            .filter(|(reference, _, to)| reference == b"cdsc" && to.contains(&item.id))
            .filter_map(|(_, from, _)| self.item(*from))
            .find(|candidate| &candidate.kind == kind)?;
        self.data(found, bytes).ok()
    }

    /// True when all data of an item, and of its tiles, is there.
    pub(super) fn is_complete(&self, item: &Item, bytes: &[u8]) -> bool {
        let whole = |item: &Item| {
            let space = if item.is_inner { self.inner.len() } else { bytes.len() } as u64;
            item.parts.iter().all(|(start, length)| start.checked_add(*length).is_some_and(|end| end <= space))
        };
        whole(item) && self.tiles(item).iter().filter_map(|id| self.item(*id)).all(whole)
    }

    /// The data of an item, its parts joined.
    pub(super) fn data(&self, item: &Item, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let space = if item.is_inner { self.inner } else { bytes };
        let mut data = Vec::new();
        for (start, length) in &item.parts {
            let part = usize::try_from(*start)
                .ok()
                .zip(start.checked_add(*length).and_then(|end| usize::try_from(end).ok()))
                .and_then(|(start, end)| {
                    // A length of zero means all that is left.
                    if *length == 0 { space.get(start..) } else { space.get(start..end) }
                })
                .ok_or_else(|| Error::truncated(AVIF, "the data ends before its picture does"))?;
            if data.len() + part.len() > space.len() {
                return Err(Error::corrupt(AVIF, "the parts of its picture overlap"));
            }
            data.extend_from_slice(part);
        }
        Ok(data)
    }

    fn meta(&mut self, data: &'a [u8]) -> Option<()> {
        for found in Boxes(data) {
            match &found.kind {
                b"pitm" => self.primary = read_primary(found.data)?,
                b"iinf" => self.infos(found.data)?,
                b"iloc" => self.locations(found.data)?,
                b"iref" => self.iref(found.data)?,
                b"iprp" => self.iprp(found.data)?,
                b"idat" => self.inner = found.data,
                _ => {}
            }
        }
        Some(())
    }

    fn item_mut(&mut self, id: u32) -> Option<&mut Item> {
        if let Some(at) = self.items.iter().position(|item| item.id == id) {
            return self.items.get_mut(at);
        }
        if self.items.len() >= MOST {
            return None;
        }
        self.items.push(Item { id, kind: [0; 4], parts: Vec::new(), is_inner: false, properties: Vec::new() });
        self.items.last_mut()
    }

    fn infos(&mut self, data: &[u8]) -> Option<()> {
        let mut reader = Fields(data);
        let version = reader.version()?;
        reader.number(if version == 0 { 2 } else { 4 })?;
        for found in Boxes(reader.0).filter(|found| &found.kind == b"infe").take(MOST) {
            let mut reader = Fields(found.data);
            let version = reader.version()?;
            // Versions 0 and 1 name no kind and are not used for pictures.
            if version < 2 {
                continue;
            }
            let id = reader.number(if version == 2 { 2 } else { 4 })? as u32;
            reader.number(2)?;
            let kind = reader.0.get(..4)?.try_into().ok()?;
            self.item_mut(id)?.kind = kind;
        }
        Some(())
    }

    fn locations(&mut self, data: &[u8]) -> Option<()> {
        let mut reader = Fields(data);
        let version = reader.version()?;
        let sizes = reader.number(2)?;
        let offset_size = (sizes >> 12) as usize & 15;
        let length_size = (sizes >> 8) as usize & 15;
        let base_size = (sizes >> 4) as usize & 15;
        let index_size = if version == 0 { 0 } else { sizes as usize & 15 };
        let wide = if version < 2 { 2 } else { 4 };
        let count = reader.number(wide)?;
        if count > MOST as u64 {
            return None;
        }
        for _ in 0..count {
            let id = reader.number(wide)? as u32;
            let method = if version == 0 { 0 } else { reader.number(2)? & 15 };
            reader.number(2)?;
            let base = reader.number(base_size)?;
            let parts = reader.number(2)?;
            let item = self.item_mut(id)?;
            item.is_inner = method == 1;
            for _ in 0..parts {
                reader.number(index_size)?;
                let offset = reader.number(offset_size)?;
                let length = reader.number(length_size)?;
                if item.parts.len() >= MOST {
                    return None;
                }
                item.parts.push((base.checked_add(offset)?, length));
            }
            // Method 2, data made of other items' data, is not used by AVIF.
            if method > 1 {
                item.parts.clear();
            }
        }
        Some(())
    }

    fn iref(&mut self, data: &[u8]) -> Option<()> {
        let mut reader = Fields(data);
        let wide = if reader.version()? == 0 { 2 } else { 4 };
        for found in Boxes(reader.0).take(MOST) {
            let mut reader = Fields(found.data);
            let from = reader.number(wide)? as u32;
            let count = reader.number(2)?;
            let mut to = Vec::new();
            for _ in 0..count {
                to.push(reader.number(wide)? as u32);
            }
            self.references.push((found.kind, from, to));
        }
        Some(())
    }

    fn iprp(&mut self, data: &'a [u8]) -> Option<()> {
        for found in Boxes(data) {
            match &found.kind {
                b"ipco" => {
                    let found = Boxes(found.data).take(MOST);
                    self.properties = found.map(|found| Property { kind: found.kind, data: found.data }).collect();
                }
                b"ipma" => self.associations(found.data)?,
                _ => {}
            }
        }
        Some(())
    }

    fn associations(&mut self, data: &[u8]) -> Option<()> {
        let mut reader = Fields(data);
        let wide_index = data.get(3)? & 1 != 0;
        let wide_id = if reader.version()? == 0 { 2 } else { 4 };
        let count = reader.number(4)?;
        if count > MOST as u64 {
            return None;
        }
        for _ in 0..count {
            let id = reader.number(wide_id)? as u32;
            let associations = reader.number(1)?;
            let item = self.item_mut(id)?;
            for _ in 0..associations {
                // The highest bit says that a reader must understand the property.
                let index =
                    if wide_index { reader.number(2)? as usize & 0x7fff } else { reader.number(1)? as usize & 0x7f };
                if item.properties.len() < MOST {
                    item.properties.push(index);
                }
            }
        }
        Some(())
    }
}

fn read_primary(data: &[u8]) -> Option<u32> {
    let mut reader = Fields(data);
    let wide = if reader.version()? == 0 { 2 } else { 4 };
    Some(reader.number(wide)? as u32)
}
