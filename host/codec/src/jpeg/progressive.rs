//! Files whose coefficients arrive in several scans: progressive ones, and sequential ones with a scan for each
//! component. All coefficients are collected first and transformed at the end.

use super::Error;
use super::bits::{Bits, Cursor};
use super::frame::{Quantization, Scan, Segments};
use super::huffman::{BadCode, Huffman};
use super::output::Output;
use super::plane::{Geometry, Placement, Plane};
use super::sequential::Restarts;
use super::transform::Transform;

/// The coefficients of one component.
pub(super) struct Coefficients {
    /// 64 per block in zigzag order; blocks in rows of `stride`.
    values: Vec<i16>,
    /// For each block a bit for every AC coefficient that is not zero. Most are zero, and the passes that refine
    /// coefficients would otherwise look at all of them again and again.
    nonzero: Vec<u64>,
    stride: usize,
    pub(super) quantization: Option<Box<Quantization>>,
    /// For each coefficient the bit position down to which it is known; `None` before its first scan.
    precision: [Option<u32>; 64],
}

impl Coefficients {
    /// Bytes they take: whole MCUs, also where these reach over the edge.
    pub(super) fn bytes(geometry: &Geometry, place: &Placement) -> u64 {
        (geometry.mcus_across * place.h) as u64 * (geometry.mcus_down * place.v) as u64 * (128 + 8)
    }

    pub(super) fn new(geometry: &Geometry, place: &Placement) -> Coefficients {
        let stride = geometry.mcus_across * place.h;
        let rows = geometry.mcus_down * place.v;
        Coefficients {
            values: vec![0; stride * rows * 64],
            nonzero: vec![0; stride * rows],
            stride,
            quantization: None,
            precision: [None; 64],
        }
    }

    /// Whether every coefficient was sent in full.
    pub(super) fn complete(&self) -> bool {
        self.precision.iter().all(|&low| low == Some(0))
    }

    #[inline(always)]
    fn block(&mut self, x: usize, y: usize) -> Result<Block<'_>, BadCode> {
        let number = y * self.stride + x;
        let values = self.values.get_mut(number * 64..number * 64 + 64);
        match (values.and_then(|values| values.try_into().ok()), self.nonzero.get_mut(number)) {
            (Some(values), Some(nonzero)) => Ok(Block { values, nonzero }),
            _ => Err(BadCode),
        }
    }
}

/// The coefficients of one block.
struct Block<'c> {
    values: &'c mut [i16; 64],
    nonzero: &'c mut u64,
}

/// What the blocks of a scan have in common.
struct Pass<'t> {
    first: usize,
    last: usize,
    low: u32,
    refine: bool,
    progressive: bool,
    tables: Vec<(Option<&'t Huffman>, Option<&'t Huffman>)>,
    predictions: [i32; 4],
    /// Blocks that end before their first coefficient, after the present one (T.81, G.1.2.2).
    end_of_bands: u32,
}

/// Reads one scan and moves `segments` behind it; `true` when part of it is missing.
pub(super) fn read_scan(
    source: &[u8],
    segments: &mut Segments,
    scan: &Scan,
    progressive: bool,
    geometry: &Geometry,
    components: &mut [Coefficients],
) -> Result<bool, Error> {
    check_order(segments, scan, progressive, components)?;
    let mut pass = Pass {
        first: scan.first,
        last: scan.last,
        low: scan.low,
        refine: scan.high > 0,
        progressive,
        tables: Vec::new(),
        predictions: [0; 4],
        end_of_bands: 0,
    };
    for &(_, dc, ac) in &scan.components {
        let (dc, ac) = (segments.dc[dc].as_deref(), segments.ac[ac].as_deref());
        if (dc.is_none() && scan.first == 0 && !pass.refine) || (ac.is_none() && scan.last > 0) {
            return Err(Error::corrupt("a Huffman table is missing", segments.at));
        }
        pass.tables.push((dc, ac));
    }
    let mut bits = Bits::new(source, segments.at);
    let mut restarts = Restarts::new(segments.restart_interval);
    // A scan of one component has its blocks in plain order and none that lie wholly outside the picture.
    let alone = scan.components.len() == 1;
    let (across, down) = if alone {
        let place = &geometry.components[scan.components[0].0];
        (place.blocks_across, place.blocks_down)
    } else {
        (geometry.mcus_across, geometry.mcus_down)
    };
    for y in 0..down {
        for x in 0..across {
            if restarts.step(&mut bits, source)? {
                pass.predictions = [0; 4];
                pass.end_of_bands = 0;
            }
            if restarts.skipping {
                continue;
            }
            bits.ensure();
            let read = if alone {
                components[scan.components[0].0].block(x, y).and_then(|block| pass.read_block(&mut bits, 0, block))
            } else {
                pass.read_mcu(&mut bits, scan, geometry, components, x, y)
            };
            if read.is_err() || bits.overrun() {
                restarts.give_up(&mut bits, read.is_err(), source)?;
            }
        }
    }
    segments.at = bits.finish();
    Ok(restarts.damaged)
}

/// Checks that a scan continues where those before it ended, and notes what it brings.
fn check_order(
    segments: &Segments,
    scan: &Scan,
    progressive: bool,
    components: &mut [Coefficients],
) -> Result<(), Error> {
    for &(index, ..) in &scan.components {
        let precision = &mut components[index].precision;
        for known in &mut precision[scan.first..=scan.last] {
            let fits = match *known {
                None => scan.high == 0,
                Some(low) => scan.high > 0 && low == scan.high,
            };
            if progressive && !fits {
                let what = "a progressive scan does not continue where the one before ended";
                return Err(Error::corrupt(what, segments.at));
            }
            *known = Some(scan.low);
        }
    }
    Ok(())
}

impl Pass<'_> {
    fn read_mcu(
        &mut self,
        bits: &mut Bits,
        scan: &Scan,
        geometry: &Geometry,
        components: &mut [Coefficients],
        mcu_x: usize,
        mcu_y: usize,
    ) -> Result<(), BadCode> {
        for (number, &(index, ..)) in scan.components.iter().enumerate() {
            let place = &geometry.components[index];
            for y in 0..place.v {
                for x in 0..place.h {
                    let block = components[index].block(mcu_x * place.h + x, mcu_y * place.v + y)?;
                    self.read_block(bits, number, block)?;
                }
            }
        }
        Ok(())
    }

    fn read_block(&mut self, bits: &mut Bits, number: usize, block: Block) -> Result<(), BadCode> {
        if !self.progressive {
            self.read_sequential(bits, number, block)
        } else if self.first == 0 {
            self.read_dc(bits, number, block)
        } else if self.refine {
            self.refine_ac(bits, number, block)
        } else {
            self.read_ac(bits, number, block)
        }
    }

    /// The first scan of a DC coefficient, or one more bit of it (T.81, G.1.2.1).
    fn read_dc(&mut self, bits: &mut Bits, number: usize, block: Block) -> Result<(), BadCode> {
        let mut cursor = bits.cursor();
        cursor.refill();
        if self.refine {
            block.values[0] |= (cursor.take(1) << self.low) as i16;
        } else {
            let size = self.tables[number].0.ok_or(BadCode)?.take(&mut cursor)?;
            let difference = cursor.take_signed(u32::from(size & 15));
            self.predictions[number] = self.predictions[number].wrapping_add(difference);
            block.values[0] = (self.predictions[number] << self.low) as i16;
        }
        let position = cursor.position();
        bits.set(position);
        Ok(())
    }

    /// A whole block of a sequential scan (T.81, F.2.2).
    fn read_sequential(&mut self, bits: &mut Bits, number: usize, block: Block) -> Result<(), BadCode> {
        let Block { values, nonzero } = block;
        self.read_dc(bits, number, Block { values, nonzero })?;
        let mut cursor = bits.cursor();
        let table = self.tables[number].1.ok_or(BadCode)?;
        let mut index = 1;
        while index < 64 {
            cursor.refill();
            let symbol = table.take(&mut cursor)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 && run != 15 {
                break;
            }
            index += run;
            let value = cursor.take_signed(size);
            *values.get_mut(index).ok_or(BadCode)? = value as i16;
            *nonzero |= u64::from(value != 0) << index;
            index += 1;
        }
        let position = cursor.position();
        bits.set(position);
        Ok(())
    }

    /// The first scan of a band of AC coefficients (T.81, G.1.2.2).
    #[inline(always)]
    fn read_ac(&mut self, bits: &mut Bits, number: usize, block: Block) -> Result<(), BadCode> {
        if self.end_of_bands > 0 {
            self.end_of_bands -= 1;
            return Ok(());
        }
        let mut cursor = bits.cursor();
        let table = self.tables[number].1.ok_or(BadCode)?;
        let mut index = self.first;
        let mut nonzero = *block.nonzero;
        while index <= self.last {
            cursor.refill();
            let symbol = table.take(&mut cursor)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if run != 15 {
                    self.end_of_bands = (1 << run) - 1 + cursor.take(run as u32);
                    break;
                }
                index += 16;
                continue;
            }
            index += run;
            if index > self.last {
                return Err(BadCode);
            }
            let value = cursor.take_signed(size);
            block.values[index & 63] = (value << self.low) as i16;
            nonzero |= 1 << (index & 63);
            index += 1;
        }
        *block.nonzero = nonzero;
        let position = cursor.position();
        bits.set(position);
        Ok(())
    }

    /// One more bit of a band of AC coefficients (T.81, G.1.2.3). Every coefficient that is not zero yet has a
    /// correction bit; a symbol gives the number of zero coefficients to pass over, with corrections in between,
    /// before a new one of value +-1 at this bit position.
    #[inline(always)]
    fn refine_ac(&mut self, bits: &mut Bits, number: usize, block: Block) -> Result<(), BadCode> {
        let mut cursor = bits.cursor();
        let one = 1i16 << self.low;
        let end = self.last + 1;
        let mut index = self.first;
        let mut nonzero = *block.nonzero;
        if self.end_of_bands == 0 {
            let table = self.tables[number].1.ok_or(BadCode)?;
            while index < end {
                cursor.refill();
                let symbol = table.take(&mut cursor)?;
                let (mut run, size) = (usize::from(symbol >> 4), symbol & 15);
                let mut new = 0;
                match size {
                    0 if run != 15 => {
                        self.end_of_bands = (1 << run) + cursor.take(run as u32);
                        break;
                    }
                    0 => {}
                    1 => new = if cursor.take(1) == 1 { one } else { -one },
                    _ => return Err(BadCode),
                }
                while index < end {
                    let zeros = ((nonzero >> index).trailing_zeros() as usize).min(end - index);
                    if run < zeros {
                        index += run;
                        block.values[index & 63] = new;
                        nonzero |= u64::from(new != 0) << index;
                        index += 1;
                        break;
                    }
                    run -= zeros;
                    index += zeros;
                    if index < end {
                        correct(&mut block.values[index & 63], &mut cursor, one);
                        index += 1;
                    }
                }
            }
        }
        if self.end_of_bands > 0 {
            if index < end {
                let mut left = nonzero >> index << index & (u64::MAX >> (64 - end));
                while left != 0 {
                    correct(&mut block.values[left.trailing_zeros() as usize & 63], &mut cursor, one);
                    left &= left - 1;
                }
            }
            self.end_of_bands -= 1;
        }
        *block.nonzero = nonzero;
        let position = cursor.position();
        bits.set(position);
        Ok(())
    }
}

/// Adds the next bit, at this bit position, to the magnitude of a coefficient.
#[inline(always)]
fn correct(value: &mut i16, cursor: &mut Cursor, one: i16) {
    cursor.refill();
    let sign = *value >> 15 | 1;
    *value = value.wrapping_add(sign.wrapping_mul(cursor.take(1) as i16).wrapping_mul(one));
}

/// Transforms all coefficients and writes the output.
pub(super) fn render(
    components: &[Coefficients],
    geometry: &Geometry,
    planes: &mut [Plane],
    output: &mut Output,
) -> Result<(), Error> {
    let mut transforms = Vec::new();
    for (component, place) in components.iter().zip(&geometry.components) {
        let missing = || Error::corrupt("a component has no scan", 0);
        let table = component.quantization.as_deref().ok_or_else(missing)?;
        transforms.push(Transform::new(place.size, table));
    }
    for mcu_row in 0..geometry.mcus_down {
        if mcu_row > 0 {
            planes.iter_mut().for_each(Plane::advance);
        }
        let parts = components.iter().zip(&geometry.components).zip(planes.iter_mut()).zip(&mut transforms);
        for (((component, place), plane), transform) in parts {
            for y in 0..place.v {
                let start = (mcu_row * place.v + y) * component.stride * 64;
                let row = &component.values[start..start + component.stride * 64];
                let nonzero = &component.nonzero[start / 64..];
                for (x, (block, &nonzero)) in row.chunks_exact(64).zip(nonzero).enumerate() {
                    let at = plane.position(x, y, place.size);
                    transform.apply(block, nonzero, &mut plane.samples, at, plane.stride);
                }
            }
        }
        output.emit(geometry, planes, mcu_row);
    }
    Ok(())
}
