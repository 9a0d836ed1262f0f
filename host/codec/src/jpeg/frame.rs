//! What the marker segments of a file say: tables, the frame and its scans.

use super::Error;
use super::huffman::Huffman;
use super::metadata::Metadata;
use super::standard_tables;

/// Quantisation factors in zigzag order.
pub(super) type Quantization = [u16; 64];

/// One component of the frame (T.81, B.2.2).
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors, 1 to 4.
    pub(super) h: usize,
    pub(super) v: usize,
    pub(super) quantization_slot: usize,
}

/// The frame header.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) bits: u8,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
}

/// The scan header (T.81, B.2.3).
#[derive(Debug, Clone)]
pub(super) struct Scan {
    /// Index of the component in the frame, DC table, AC table.
    pub(super) components: Vec<(usize, usize, usize)>,
    pub(super) first: usize,
    pub(super) last: usize,
    /// Successive approximation: the bit position of the scan before (0 for a first scan) and of this one.
    pub(super) high: u32,
    pub(super) low: u32,
}

/// Reads marker segments one after another and keeps the tables they define.
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    /// The next byte to read.
    pub(super) at: usize,
    pub(super) quantization: [Option<Box<Quantization>>; 4],
    pub(super) dc: [Option<Box<Huffman>>; 4],
    pub(super) ac: [Option<Box<Huffman>>; 4],
    pub(super) restart_interval: usize,
    pub(super) frame: Option<Frame>,
    pub(super) metadata: Metadata<'a>,
}

/// What stopped [`Segments::next_scan`].
pub(super) enum Stop {
    Scan(Scan),
    EndOfImage,
    EndOfData,
}

impl<'a> Segments<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Segments<'a>, Error> {
        match bytes {
            [0xFF, 0xD8, ..] => {}
            [] | [0xFF] => {
                return Err(Error::Truncated { offset: bytes.len(), inside: "the first marker" });
            }
            _ => return Err(Error::NotJpeg),
        }
        Ok(Segments {
            bytes,
            at: 2,
            quantization: Default::default(),
            dc: Default::default(),
            ac: Default::default(),
            restart_interval: 0,
            frame: None,
            metadata: Metadata::default(),
        })
    }

    /// Reads segments up to and including the next scan header. Bytes between segments are passed over.
    pub(super) fn next_scan(&mut self) -> Result<Stop, Error> {
        loop {
            let Some(marker) = self.next_marker() else {
                return Ok(Stop::EndOfData);
            };
            match marker {
                0xD9 => return Ok(Stop::EndOfImage),
                // Start of image again, stray restart markers, TEM: they have no content.
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let start = self.at;
            let content = self.segment()?;
            match marker {
                0xC0..=0xC2 => self.frame_header(marker, content, start)?,
                0xC4 => self.huffman_tables(content, start)?,
                0xDB => self.quantization_tables(content, start)?,
                0xDD => match content {
                    [high, low] => self.restart_interval = usize::from(u16::from_be_bytes([*high, *low])),
                    _ => return Err(Error::corrupt("a DRI segment is not 4 bytes long", start)),
                },
                0xDA => return self.scan_header(content, start).map(Stop::Scan),
                0xC3 | 0xC7 | 0xCB | 0xCF => return Err(Error::unsupported("lossless coding")),
                0xC5 | 0xC6 | 0xCD | 0xCE | 0xDE | 0xDF => {
                    return Err(Error::unsupported("hierarchical coding"));
                }
                0xC9 | 0xCA | 0xCC => return Err(Error::unsupported("arithmetic coding")),
                0xDC => {
                    return Err(Error::unsupported("a DNL segment, which changes the height"));
                }
                0xE0..=0xEF => self.metadata.read(marker, content),
                _ => {}
            }
        }
    }

    pub(super) fn frame(&self) -> Result<&Frame, Error> {
        self.frame.as_ref().ok_or_else(|| Error::corrupt("there is no frame header before the first scan", self.at))
    }

    /// Moves behind the next marker and returns its code.
    fn next_marker(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at..)? {
                [0xFF, 0xFF, ..] => self.at += 1,
                [0xFF, code, ..] if *code != 0 => {
                    self.at += 2;
                    return Some(*code);
                }
                [_, _, ..] => self.at += 1,
                _ => {
                    self.at = self.bytes.len();
                    return None;
                }
            }
        }
    }

    /// The content of the segment whose length field comes next.
    fn segment(&mut self) -> Result<&'a [u8], Error> {
        let truncated = Error::Truncated { offset: self.bytes.len(), inside: "a marker segment" };
        let Some(&[high, low]) = self.bytes.get(self.at..self.at + 2) else {
            return Err(truncated);
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 {
            return Err(Error::corrupt(format!("a segment has length {length}, expected at least 2"), self.at));
        }
        let content = self.bytes.get(self.at + 2..self.at + length).ok_or(truncated)?;
        self.at += length;
        Ok(content)
    }

    fn frame_header(&mut self, marker: u8, content: &[u8], offset: usize) -> Result<(), Error> {
        if self.frame.is_some() {
            return Err(Error::corrupt("a second frame header", offset));
        }
        let [bits, h1, h0, w1, w0, count, rest @ ..] = content else {
            return Err(Error::corrupt("the frame header is too short", offset));
        };
        let height = usize::from(u16::from_be_bytes([*h1, *h0]));
        let width = usize::from(u16::from_be_bytes([*w1, *w0]));
        if width == 0 {
            return Err(Error::corrupt("the width is 0", offset));
        }
        if height == 0 {
            return Err(Error::unsupported("the height is 0, to be given by a DNL segment"));
        }
        if !matches!(bits, 8 | 12) || (marker == 0xC0 && *bits != 8) {
            return Err(Error::corrupt(format!("samples of {bits} bits, expected 8 or 12"), offset));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(Error::unsupported(format!("{count} components, expected 1, 3 or 4")));
        }
        if rest.len() != usize::from(*count) * 3 {
            return Err(Error::corrupt("the length of the frame header does not match its components", offset));
        }
        let mut components: Vec<Component> = Vec::new();
        for entry in rest.chunks_exact(3) {
            let (h, v) = (usize::from(entry[1] >> 4), usize::from(entry[1] & 15));
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
                return Err(Error::corrupt(format!("sampling factors {h} x {v}, expected 1 to 4"), offset));
            }
            if entry[2] > 3 {
                return Err(Error::corrupt(format!("quantisation table {}, expected 0 to 3", entry[2]), offset));
            }
            if components.iter().any(|component| component.id == entry[0]) {
                return Err(Error::corrupt(format!("two components have the id {}", entry[0]), offset));
            }
            components.push(Component { id: entry[0], h, v, quantization_slot: usize::from(entry[2]) });
        }
        if let [only] = &mut components[..] {
            // The blocks of a single component are never interleaved, whatever its factors (T.81, A.2.2).
            (only.h, only.v) = (1, 1);
        }
        self.frame = Some(Frame { width, height, bits: *bits, progressive: marker == 0xC2, components });
        Ok(())
    }

    fn huffman_tables(&mut self, mut content: &[u8], offset: usize) -> Result<(), Error> {
        while let [place, rest @ ..] = content {
            let Some((counts, rest)) = rest.split_first_chunk::<16>() else {
                return Err(Error::corrupt("a Huffman table is cut short", offset));
            };
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let Some((symbols, rest)) = rest.split_at_checked(total) else {
                return Err(Error::corrupt("a Huffman table is cut short", offset));
            };
            let slot = usize::from(place & 15);
            if *place > 0x13 || slot > 3 {
                return Err(Error::corrupt(format!("Huffman table {place:#04x}, expected 00 to 03, 10 to 13"), offset));
            }
            let Some(table) = Huffman::new(counts, symbols) else {
                return Err(Error::corrupt("a Huffman table has more codes than there can be", offset));
            };
            if *place < 0x10 {
                if table.largest() > 15 {
                    return Err(Error::corrupt("a DC Huffman table has a size above 15", offset));
                }
                self.dc[slot] = Some(Box::new(table));
            } else {
                self.ac[slot] = Some(Box::new(table));
            }
            content = rest;
        }
        Ok(())
    }

    fn quantization_tables(&mut self, mut content: &[u8], offset: usize) -> Result<(), Error> {
        while let [place, rest @ ..] = content {
            let wide = place >> 4;
            let size = match wide {
                0 => 64,
                1 => 128,
                _ => {
                    return Err(Error::corrupt(format!("quantisation precision {wide}, expected 0 or 1"), offset));
                }
            };
            let Some((factors, rest)) = rest.split_at_checked(size) else {
                return Err(Error::corrupt("a quantisation table is cut short", offset));
            };
            let Some(slot) = self.quantization.get_mut(usize::from(place & 15)) else {
                return Err(Error::corrupt(format!("quantisation table {}, expected 0 to 3", place & 15), offset));
            };
            let mut table = Box::new([0; 64]);
            for (index, factor) in table.iter_mut().enumerate() {
                *factor = if wide == 0 {
                    u16::from(factors[index])
                } else {
                    u16::from_be_bytes([factors[index * 2], factors[index * 2 + 1]])
                };
            }
            *slot = Some(table);
            content = rest;
        }
        Ok(())
    }

    fn scan_header(&mut self, content: &[u8], offset: usize) -> Result<Scan, Error> {
        let frame = self.frame()?;
        let Some((&count, rest)) = content.split_first() else {
            return Err(Error::corrupt("the scan header is too short", offset));
        };
        let count = usize::from(count);
        if !(1..=4).contains(&count) || rest.len() != count * 2 + 3 {
            return Err(Error::corrupt("the length of the scan header does not match its components", offset));
        }
        let mut scan = Scan {
            components: Vec::new(),
            first: usize::from(rest[count * 2]),
            last: usize::from(rest[count * 2 + 1]),
            high: u32::from(rest[count * 2 + 2] >> 4),
            low: u32::from(rest[count * 2 + 2] & 15),
        };
        for entry in rest[..count * 2].chunks_exact(2) {
            let Some(index) = frame.components.iter().position(|component| component.id == entry[0]) else {
                return Err(Error::corrupt(format!("a scan of component {}, which is not there", entry[0]), offset));
            };
            if scan.components.iter().any(|component| component.0 == index) {
                return Err(Error::corrupt(format!("a scan names component {} twice", entry[0]), offset));
            }
            let (dc, ac) = (usize::from(entry[1] >> 4), usize::from(entry[1] & 15));
            if dc > 3 || ac > 3 {
                return Err(Error::corrupt(format!("Huffman tables {dc} and {ac}, expected 0 to 3"), offset));
            }
            scan.components.push((index, dc, ac));
        }
        let blocks: usize =
            scan.components.iter().map(|&(index, ..)| frame.components[index].h * frame.components[index].v).sum();
        if count > 1 && blocks > 10 {
            return Err(Error::corrupt(format!("an MCU of {blocks} blocks, expected at most 10"), offset));
        }
        if frame.progressive {
            let spectral = if scan.first == 0 { scan.last == 0 } else { scan.last >= scan.first && scan.last < 64 };
            let approximation = scan.low <= 13 && (scan.high == 0 || scan.high == scan.low + 1);
            if !spectral || !approximation || (scan.first > 0 && count > 1) {
                return Err(Error::corrupt(
                    format!(
                        "a progressive scan of coefficients {} to {}, bits {} to {}, {count} components",
                        scan.first, scan.last, scan.high, scan.low
                    ),
                    offset,
                ));
            }
        } else {
            // Some writers leave these fields at odd values; a sequential scan can only be a whole one.
            (scan.first, scan.last, scan.high, scan.low) = (0, 63, 0, 0);
        }
        self.fill_in_standard_tables(&scan);
        Ok(scan)
    }

    /// Motion-JPEG frames leave out the Huffman tables; they use those of T.81, annex K.3.
    fn fill_in_standard_tables(&mut self, scan: &Scan) {
        for &(_, dc, ac) in &scan.components {
            let slots = [(&mut self.dc, dc, standard_tables::DC), (&mut self.ac, ac, standard_tables::AC)];
            for (tables, slot, standard) in slots {
                if tables[slot].is_none()
                    && let Some((counts, symbols)) = standard.get(slot)
                {
                    tables[slot] = Huffman::new(counts, symbols).map(Box::new);
                }
            }
        }
    }
}
