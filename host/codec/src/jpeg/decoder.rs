//! The course of decoding: from scan to scan, then to pixels.

use super::frame::{Frame, Quantization, Scan, Segments, Stop};
use super::output::Output;
use super::plane::{Geometry, Placement, Plane};
use super::progressive::{self, Coefficients};
use super::transform::Transform;
use super::{Decoded, Error, Layout, Scale, sequential};

/// Work is counted in blocks visited. The most thorough progressive scripts in use visit each block about 10
/// times; a file that asks for more than this many is made to waste time.
const MAX_VISITS_PER_BLOCK: u64 = 100;
/// The same for the number of scans, each of which costs something even when the picture is small.
const MAX_SCANS: usize = 1000;

pub(super) fn decode(bytes: &[u8], scale: Scale, max_memory_bytes: u64) -> Result<Decoded, Error> {
    let mut segments = Segments::new(bytes)?;
    let scan = match segments.next_scan()? {
        Stop::Scan(scan) => scan,
        Stop::EndOfImage => return Err(Error::corrupt("the file has no scan", segments.at)),
        Stop::EndOfData => {
            return Err(Error::Truncated { offset: bytes.len(), inside: "the header" });
        }
    };
    let frame = segments.frame()?.clone();
    if frame.bits != 8 {
        return Err(Error::unsupported(format!("{} bits per sample", frame.bits)));
    }
    let color = segments.color()?;
    let layout = Layout::of(color);
    let geometry = Geometry::new(&frame, scale);
    let at_once = !frame.progressive && scan.components.iter().map(|entry| entry.0).eq(0..frame.components.len());

    let mut needed = Output::bytes(&geometry, layout);
    needed += geometry.components.iter().map(|place| Plane::bytes(&geometry, place)).sum::<u64>();
    if !at_once {
        needed += geometry.components.iter().map(|place| Coefficients::bytes(&geometry, place)).sum::<u64>();
    }
    if needed > max_memory_bytes {
        return Err(Error::OverLimit { needed_bytes: needed, limit_bytes: max_memory_bytes });
    }

    let mut output = Output::new(&geometry, color, segments.inverted());
    let mut planes: Vec<Plane> = geometry.components.iter().map(|place| Plane::new(&geometry, place)).collect();
    let truncated = if at_once {
        let mut transforms = Vec::new();
        for (component, place) in frame.components.iter().zip(&geometry.components) {
            transforms.push(Transform::new(place.size, quantization(&segments, component.quantization_slot)?));
        }
        sequential::decode(bytes, &segments, &scan, &geometry, &mut transforms, &mut planes, &mut output)?
    } else {
        let (coefficients, truncated) = read_scans(bytes, &mut segments, scan, &frame, &geometry)?;
        progressive::render(&coefficients, &geometry, &mut planes, &mut output)?;
        truncated
    };
    Ok(Decoded {
        width: geometry.width as u32,
        height: geometry.height as u32,
        layout,
        pixels: output.pixels,
        truncated,
    })
}

fn quantization<'s>(segments: &'s Segments, slot: usize) -> Result<&'s Quantization, Error> {
    segments
        .quantization
        .get(slot)
        .and_then(Option::as_deref)
        .ok_or_else(|| Error::corrupt(format!("quantisation table {slot} is missing"), segments.at))
}

/// Reads all scans of a file into coefficients.
fn read_scans(
    bytes: &[u8],
    segments: &mut Segments,
    first: Scan,
    frame: &Frame,
    geometry: &Geometry,
) -> Result<(Vec<Coefficients>, bool), Error> {
    let mut components: Vec<Coefficients> =
        geometry.components.iter().map(|place| Coefficients::new(geometry, place)).collect();
    let total_blocks: u64 = geometry.components.iter().map(Placement::blocks).sum();
    let mut visits = 0;
    let mut truncated = false;
    let mut scans = 0;
    let mut scan = first;
    loop {
        scans += 1;
        visits += scan.components.iter().map(|&(index, ..)| geometry.components[index].blocks()).sum::<u64>();
        if scans > MAX_SCANS || visits > total_blocks.saturating_mul(MAX_VISITS_PER_BLOCK) {
            return Err(Error::corrupt(format!("more than {} scans", scans - 1), segments.at));
        }
        for &(index, ..) in &scan.components {
            if components[index].quantization.is_none() {
                // The tables in force at the first scan of a component count (T.81, B.2.4.1).
                let table = quantization(segments, frame.components[index].quantization_slot)?;
                components[index].quantization = Some(Box::new(*table));
            }
        }
        truncated |= progressive::read_scan(bytes, segments, &scan, frame.progressive, geometry, &mut components)?;
        match segments.next_scan()? {
            Stop::Scan(next) => scan = next,
            Stop::EndOfImage => break,
            Stop::EndOfData => {
                if !components.iter().all(Coefficients::complete) {
                    return Err(Error::Truncated { offset: bytes.len(), inside: "the sequence of scans" });
                }
                break;
            }
        }
    }
    if components.iter().any(|component| component.quantization.is_none()) {
        return Err(Error::corrupt("a component has no scan", segments.at));
    }
    Ok((components, truncated))
}
