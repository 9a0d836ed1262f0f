//! Huffman tables and the decoding of single symbols and of blocks.

use super::bits::Cursor;

/// Bits that index the table of whole code words.
const CODE_BITS: u32 = 9;
/// Bits that index the tables of code words together with their values.
const AC_BITS: u32 = 12;
const DC_BITS: u32 = 10;

/// A code that is not in the table, or a value where there cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadCode;

/// One Huffman table as a DHT segment defines it (T.81, B.2.4.2 and annex C).
#[derive(Clone)]
pub(super) struct Huffman {
    /// For every prefix of 9 bits, length << 8 | symbol; 0 when the code is longer.
    codes: [u16; 1 << CODE_BITS],
    /// The first code, left-aligned in 16 bits, that is longer than the index.
    limits: [u32; 17],
    /// What to add to a code of a length to find its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// Makes the table from the number of codes of each length 1 to 16 and the symbols in order of their codes.
    /// `None` when there are more codes of some length than can exist.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Huffman> {
        let mut table =
            Huffman { codes: [0; 1 << CODE_BITS], limits: [0; 17], offsets: [0; 17], symbols: symbols.to_vec() };
        let mut code = 0u32;
        let mut first = 0usize;
        for length in 1..=16usize {
            let count = usize::from(counts[length - 1]);
            table.offsets[length] = first as i32 - code as i32;
            if code as usize + count > 1 << length || first + count > symbols.len() {
                return None;
            }
            if length <= CODE_BITS as usize {
                let span = 1usize << (CODE_BITS as usize - length);
                for (index, &symbol) in symbols[first..first + count].iter().enumerate() {
                    let start = (code as usize + index) * span;
                    table.codes[start..start + span].fill((length as u16) << 8 | u16::from(symbol));
                }
            }
            first += count;
            code += count as u32;
            table.limits[length] = code << (16 - length);
            code <<= 1;
        }
        (first == symbols.len()).then_some(table)
    }

    /// The largest symbol.
    pub(super) fn largest(&self) -> u8 {
        self.symbols.iter().copied().max().unwrap_or(0)
    }

    /// Finds the code at the top of the buffer: its length and symbol.
    #[inline(always)]
    fn lookup(&self, buffer: u64) -> Result<(u32, u8), BadCode> {
        let entry = self.codes[(buffer >> (64 - CODE_BITS)) as usize];
        if entry != 0 {
            return Ok((u32::from(entry >> 8), entry as u8));
        }
        self.lookup_long(buffer)
    }

    /// The same for codes longer than `CODE_BITS`. The length is the number of limits passed, counted without
    /// branches, which could not be predicted.
    #[inline(always)]
    fn lookup_long(&self, buffer: u64) -> Result<(u32, u8), BadCode> {
        let prefix = (buffer >> 48) as u32;
        let mut length = CODE_BITS + 1;
        for &limit in &self.limits[CODE_BITS as usize + 1..] {
            length += u32::from(prefix >= limit);
        }
        if length > 16 {
            return Err(BadCode);
        }
        let index = (prefix >> (16 - length)) as i32 + self.offsets[length as usize];
        self.symbols.get(index as usize).map(|&symbol| (length, symbol)).ok_or(BadCode)
    }

    /// Takes one symbol; 16 bits must be in the buffer.
    #[inline(always)]
    pub(super) fn take(&self, cursor: &mut Cursor) -> Result<u8, BadCode> {
        let (length, symbol) = self.lookup(cursor.buffer)?;
        cursor.skip(length);
        Ok(symbol)
    }
}

/// A table for DC differences that gives code and value in one step.
pub(super) struct DcTable {
    codes: Huffman,
    /// value << 16 | bits; 0 when they do not fit.
    fast: [i32; 1 << DC_BITS],
}

impl DcTable {
    pub(super) fn new(codes: &Huffman) -> DcTable {
        let mut fast = [0; 1 << DC_BITS];
        for (index, entry) in fast.iter_mut().enumerate() {
            if let Ok((length, size)) = codes.lookup((index as u64) << (64 - DC_BITS)) {
                let total = length + u32::from(size);
                if total <= DC_BITS {
                    *entry = value_at(index as u32, DC_BITS, length, u32::from(size)) << 16 | total as i32;
                }
            }
        }
        DcTable { codes: codes.clone(), fast }
    }

    /// Takes one difference (T.81, F.2.2.1).
    #[inline(always)]
    pub(super) fn take(&self, cursor: &mut Cursor) -> Result<i32, BadCode> {
        cursor.refill();
        let entry = self.fast[(cursor.buffer >> (64 - DC_BITS)) as usize];
        if entry != 0 {
            cursor.skip(entry as u32 & 0xFFFF);
            return Ok(entry >> 16);
        }
        let size = self.codes.take(cursor)?;
        Ok(cursor.take_signed(u32::from(size & 15)))
    }
}

/// The value of `size` bits that follow the first `length` of the `width` bits of `prefix`.
fn value_at(prefix: u32, width: u32, length: u32, size: u32) -> i32 {
    let bits = (prefix >> (width - length - size)) as i32 & ((1 << size) - 1);
    if bits < (1 << size) >> 1 { bits + 1 - (1 << size) } else { bits }
}

/// Receives the AC coefficients of a block.
///
/// `index` counts along the zigzag line. A `value` of 0 may arrive for any index after the last coefficient so far,
/// even past 63, and must have no effect.
pub(super) trait Sink {
    fn put(&mut self, index: usize, value: i32);
}

/// A table for the AC coefficients of a sequential scan.
///
/// Most symbols of a photograph take 4 to 6 bits with their values, so that 12 bits of input often hold two
/// coefficients, or the last one and the end of the block. An entry of `fast` describes all that in 32 bits:
///
/// ```text
/// bits  0..6   number of bits used
///       6..12  how far the zigzag index advances
///      12      the block ends
///      13..17  zeros before the first coefficient
///      17..21  zeros between the first and the second coefficient
///      21..26  second coefficient, signed; 0 when there is none
///      26..32  first coefficient, signed
/// ```
///
/// When a code fits but not its value, bits 0..6 are 0, 6..11 are the length of the code and 12..20 its symbol.
/// When not even a code fits, all is 0.
pub(super) struct AcTable {
    codes: Huffman,
    fast: Box<[u32; 1 << AC_BITS]>,
}

const BLOCK_END: u32 = 64;

impl AcTable {
    pub(super) fn new(codes: &Huffman) -> AcTable {
        let mut fast = Box::new([0; 1 << AC_BITS]);
        for (index, entry) in fast.iter_mut().enumerate() {
            *entry = pack(codes, index as u32);
        }
        AcTable { codes: codes.clone(), fast }
    }

    /// Takes the 63 AC coefficients of a block (T.81, F.2.2.2) and returns the index after the last one.
    #[inline(always)]
    pub(super) fn take<S: Sink>(&self, cursor: &mut Cursor, sink: &mut S) -> Result<usize, BadCode> {
        let mut index = 1usize;
        'more: loop {
            cursor.refill();
            let entry = 'fast: {
                // Four entries use at most 48 bits of the 56 there are at least.
                for _ in 0..4 {
                    let entry = self.fast[(cursor.buffer >> (64 - AC_BITS)) as usize];
                    if entry & 63 == 0 {
                        break 'fast entry;
                    }
                    let next = index + ((entry >> 6) as usize & 0x7F);
                    let first = index + ((entry >> 13) as usize & 15);
                    let second = first + 1 + ((entry >> 17) as usize & 15);
                    if next >= 64 {
                        // Either the end of the block as it should be, or bits of the next block were taken for
                        // a second coefficient, or the code is wrong; the slow way tells the latter two apart.
                        let ends = entry & BLOCK_END << 6 != 0;
                        let (after, most) = if ends { (next - 64, 63) } else { (next, 64) };
                        if after > most {
                            break 'fast 0;
                        }
                        cursor.skip(entry & 63);
                        sink.put(first, entry as i32 >> 26);
                        sink.put(second, (entry << 6) as i32 >> 27);
                        return Ok(after);
                    }
                    cursor.skip(entry & 63);
                    sink.put(first, entry as i32 >> 26);
                    sink.put(second, (entry << 6) as i32 >> 27);
                    index = next;
                }
                continue 'more;
            };
            // One symbol and its value.
            cursor.refill();
            let symbol = if entry != 0 {
                cursor.skip(entry >> 6 & 31);
                (entry >> 12) as u8
            } else {
                self.codes.take(cursor)?
            };
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run != 15 {
                    return Ok(index);
                }
                index += 16;
            } else {
                index += run;
                if index > 63 {
                    return Err(BadCode);
                }
                sink.put(index, cursor.take_signed(size));
                index += 1;
            }
            if index >= 64 {
                return if index == 64 { Ok(64) } else { Err(BadCode) };
            }
        }
    }
}

/// The entry of `AcTable::fast` for a prefix of 12 bits.
fn pack(codes: &Huffman, prefix: u32) -> u32 {
    let mut used = 0u32;
    let mut advance = 0u32;
    let mut runs = [0u32; 2];
    let mut values = [0i32; 2];
    let largest = [5, 4];
    let mut found = 0;
    loop {
        let rest = (u64::from(prefix) << (64 - AC_BITS)) << used;
        let Ok((length, symbol)) = codes.lookup(rest) else {
            break;
        };
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if used + length + size > AC_BITS {
            break;
        }
        if size == 0 && run != 15 {
            used += length;
            advance |= BLOCK_END;
            break;
        }
        if found == 2 || size > largest[found] {
            break;
        }
        runs[found] = run;
        values[found] = if size == 0 { 0 } else { value_at(prefix, AC_BITS, used + length, size) };
        found += 1;
        used += length + size;
        advance += run + 1;
    }
    if used == 0 {
        return match codes.lookup(u64::from(prefix) << (64 - AC_BITS)) {
            Ok((length, symbol)) if length <= AC_BITS => length << 6 | u32::from(symbol) << 12,
            _ => 0,
        };
    }
    used | advance << 6 | runs[0] << 13 | runs[1] << 17 | (values[1] as u32 & 31) << 21 | (values[0] as u32) << 26
}
