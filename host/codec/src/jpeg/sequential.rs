//! The scan of all components of a sequential file, decoded straight to pixels.

use super::Error;
use super::bits::Bits;
use super::frame::{Scan, Segments};
use super::huffman::{AcTable, BadCode, DcTable};
use super::output::Output;
use super::plane::{Geometry, Plane};
use super::transform::{Ignore, Transform};

/// The restart intervals of a scan (T.81, E.2.4).
pub(super) struct Restarts {
    interval: usize,
    /// MCUs before the next restart marker.
    left: usize,
    /// The number of the next restart marker, 0 to 7.
    next: u8,
    /// The rest of the interval is left out.
    pub(super) skipping: bool,
    /// Some interval was left out.
    pub(super) damaged: bool,
}

impl Restarts {
    pub(super) fn new(interval: usize) -> Restarts {
        Restarts { interval, left: interval, next: 0, skipping: false, damaged: false }
    }

    /// Counts one MCU that is about to be read. `true` when a restart marker was due: predictions start anew.
    #[inline(always)]
    pub(super) fn step(&mut self, bits: &mut Bits, source: &[u8]) -> Result<bool, Error> {
        if self.interval == 0 {
            return Ok(false);
        }
        if self.left > 0 {
            self.left -= 1;
            return Ok(false);
        }
        self.left = self.interval - 1;
        self.cross(bits, source)?;
        Ok(true)
    }

    /// Moves behind the restart marker that is due. When another one is there, tells by its number whether it is one
    /// left over from before, in which case the right one is looked for further on, or one of the next two, in which
    /// case the data of this interval is missing. A number further off says nothing, so decoding goes on behind it.
    fn cross(&mut self, bits: &mut Bits, source: &[u8]) -> Result<(), Error> {
        let expected = self.next;
        self.next = (self.next + 1) % 8;
        self.skipping = false;
        let mut at = bits.finish();
        loop {
            let Some(&code) = source.get(at + 1) else {
                return Err(Error::Truncated { offset: source.len(), inside: "the entropy-coded data" });
            };
            if !(0xD0..=0xD7).contains(&code) {
                if code == 0xD9 {
                    return Err(Error::Truncated { offset: at, inside: "the entropy-coded data" });
                }
                return Err(Error::corrupt(format!("marker FF {code:02X} where a restart marker is due"), at));
            }
            let ahead = (code - 0xD0).wrapping_sub(expected) % 8;
            match ahead {
                1 | 2 => {
                    self.skipping = true;
                    self.damaged = true;
                    return Ok(());
                }
                6 | 7 => {
                    self.damaged = true;
                    bits.restart(at + 2);
                    at = bits.finish();
                }
                _ => {
                    self.damaged |= ahead != 0;
                    bits.restart(at + 2);
                    return Ok(());
                }
            }
        }
    }

    /// Judges an MCU that could not be read: within restart intervals the rest of this one is given up.
    #[cold]
    pub(super) fn give_up(&mut self, bits: &mut Bits, bad_code: bool, source: &[u8]) -> Result<(), Error> {
        let bad_code = bad_code && !bits.overrun();
        let offset = bits.offset();
        let end = bits.finish();
        let next = source.get(end + 1).copied();
        if next.is_none() || (next == Some(0xD9) && !bad_code) {
            return Err(Error::Truncated { offset: end, inside: "the entropy-coded data" });
        }
        if self.interval == 0 || !matches!(next, Some(0xD0..=0xD7)) {
            let what = if bad_code { "a wrong code" } else { "too little data" };
            return Err(Error::corrupt(format!("{what} in the entropy-coded data"), offset));
        }
        self.skipping = true;
        self.damaged = true;
        Ok(())
    }
}

/// The tables a component of the scan uses, as indices into `dc` and `ac` of [`Tables`].
struct Tables {
    dc: Vec<DcTable>,
    ac: Vec<AcTable>,
    of_component: Vec<(usize, usize)>,
}

impl Tables {
    fn new(segments: &Segments, scan: &Scan) -> Result<Tables, Error> {
        let mut tables = Tables { dc: Vec::new(), ac: Vec::new(), of_component: Vec::new() };
        let (mut dc_slots, mut ac_slots) = (Vec::new(), Vec::new());
        for &(_, dc, ac) in &scan.components {
            let missing = || Error::corrupt("a Huffman table is missing", segments.at);
            let dc_index = dc_slots.iter().position(|&slot| slot == dc).unwrap_or(dc_slots.len());
            if dc_index == dc_slots.len() {
                dc_slots.push(dc);
                tables.dc.push(DcTable::new(segments.dc[dc].as_ref().ok_or_else(missing)?));
            }
            let ac_index = ac_slots.iter().position(|&slot| slot == ac).unwrap_or(ac_slots.len());
            if ac_index == ac_slots.len() {
                ac_slots.push(ac);
                tables.ac.push(AcTable::new(segments.ac[ac].as_ref().ok_or_else(missing)?));
            }
            tables.of_component.push((dc_index, ac_index));
        }
        Ok(tables)
    }
}

/// Decodes the scan and writes the output; `true` when part of the picture is missing.
pub(super) fn decode(
    source: &[u8],
    segments: &Segments,
    scan: &Scan,
    geometry: &Geometry,
    transforms: &mut [Transform],
    planes: &mut [Plane],
    output: &mut Output,
) -> Result<bool, Error> {
    let tables = Tables::new(segments, scan)?;
    let mut bits = Bits::new(source, segments.at);
    let mut restarts = Restarts::new(segments.restart_interval);
    let mut predictions = [0i32; 4];
    for mcu_row in 0..geometry.mcus_down {
        if mcu_row > 0 {
            planes.iter_mut().for_each(Plane::advance);
        }
        for mcu in 0..geometry.mcus_across {
            if restarts.step(&mut bits, source)? {
                predictions = [0; 4];
            }
            if !restarts.skipping {
                bits.ensure();
                let read = read_mcu(&mut bits, &tables, geometry, transforms, planes, &mut predictions, mcu);
                if read.is_err() || bits.overrun() {
                    restarts.give_up(&mut bits, read.is_err(), source)?;
                }
            }
            if restarts.skipping {
                grey_mcu(geometry, planes, mcu);
            }
        }
        output.emit(geometry, planes, mcu_row);
    }
    Ok(restarts.damaged)
}

#[inline(always)]
fn read_mcu(
    bits: &mut Bits,
    tables: &Tables,
    geometry: &Geometry,
    transforms: &mut [Transform],
    planes: &mut [Plane],
    predictions: &mut [i32; 4],
    mcu: usize,
) -> Result<(), BadCode> {
    let components = geometry.components.iter().zip(planes).zip(transforms).zip(&tables.of_component);
    for ((((place, plane), transform), &(dc, ac)), prediction) in components.zip(predictions) {
        let (dc, ac) = (&tables.dc[dc], &tables.ac[ac]);
        for y in 0..place.v {
            for x in 0..place.h {
                let at = plane.position(mcu * place.h + x, y, place.size);
                read_block(bits, dc, ac, prediction, transform, &mut plane.samples, at, plane.stride)?;
            }
        }
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "the innermost step, which needs a bit of everything")]
#[inline(always)]
fn read_block(
    bits: &mut Bits,
    dc: &DcTable,
    ac: &AcTable,
    prediction: &mut i32,
    transform: &mut Transform,
    samples: &mut [u8],
    at: usize,
    stride: usize,
) -> Result<(), BadCode> {
    let mut cursor = bits.cursor();
    *prediction = prediction.wrapping_add(dc.take(&mut cursor)?);
    let dc = *prediction;
    match transform {
        Transform::One(one) => {
            ac.take(&mut cursor, &mut Ignore)?;
            if let Some(sample) = samples.get_mut(at) {
                *sample = one.sample(dc);
            }
        }
        Transform::Two(two) => {
            let mut sink = two.sums();
            ac.take(&mut cursor, &mut sink)?;
            two.finish(dc, sink.sums, samples, at, stride);
        }
        Transform::Four(four) => {
            let mut sink = four.sums();
            let last = ac.take(&mut cursor, &mut sink)?;
            four.finish(dc, &sink.sums, last, samples, at, stride);
        }
        Transform::Eight(eight) => {
            let last = ac.take(&mut cursor, &mut **eight)?;
            eight.finish(dc, last, samples, at, stride);
        }
    }
    let position = cursor.position();
    bits.set(position);
    Ok(())
}

/// Fills an MCU that could not be read with mid-grey.
fn grey_mcu(geometry: &Geometry, planes: &mut [Plane], mcu: usize) {
    for (place, plane) in geometry.components.iter().zip(planes) {
        for y in 0..place.v * place.size {
            let at = plane.position(mcu * place.h, 0, place.size) + y * plane.stride;
            plane.samples[at..at + place.h * place.size].fill(128);
        }
    }
}
