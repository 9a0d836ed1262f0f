//! One AV1 frame.

use re_rav1d::dav1d::pixel::YUVRange;
use re_rav1d::dav1d::{Decoder, Error as Av1Error, Picture, PixelLayout, PlanarImageComponent as Component, Settings};

use super::AVIF;
use super::container::Color;
use crate::Error;

/// A decoded frame in planes.
pub(super) struct Frame {
    picture: Picture,
    /// What the container says about colour, else the AV1 data itself.
    pub(super) color: Color,
    /// 8, 10 or 12.
    pub(super) bits: u32,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Colour has half the columns, half the rows; none when there is no colour.
    pub(super) halved: Option<(bool, bool)>,
}

/// Decodes data that must hold a frame of this size. What the container told about colour goes
/// before what the data says.
pub(super) fn decode(data: Vec<u8>, size: (u32, u32), told: Option<Color>) -> Result<Frame, Error> {
    let damaged = |what: String| Error::corrupt(AVIF, what);
    if data.is_empty() {
        return Err(damaged("its picture has no data".into()));
    }
    check_frames(&data)?;
    let mut settings = Settings::new();
    // One thread: the work is done in this call, so that a panic stays in it.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    // Of several layers only the last is a picture to show.
    settings.set_all_layers(false);
    let pixels = u64::from(size.0) * u64::from(size.1);
    settings.set_frame_size_limit(u32::try_from(pixels).unwrap_or(u32::MAX));
    let fail = |error: Av1Error| match error {
        Av1Error::UnsupportedBitstream => Error::unsupported(AVIF, "its AV1 profile"),
        error => Error::corrupt(AVIF, format!("its AV1 data is damaged ({error})")),
    };
    let mut decoder = Decoder::with_settings(&settings).map_err(fail)?;
    match decoder.send_data(data, None, None, None) {
        Ok(()) | Err(Av1Error::Again) => {}
        Err(error) => return Err(fail(error)),
    }
    let picture = decoder.get_picture().map_err(|error| match error {
        Av1Error::Again => Error::truncated(AVIF, "its AV1 data ends before the frame does"),
        error => fail(error),
    })?;
    if (picture.width(), picture.height()) != size {
        return Err(damaged(format!(
            "its AV1 frame is {} x {} px, announced are {} x {} px",
            picture.width(),
            picture.height(),
            size.0,
            size.1
        )));
    }
    let color = told.unwrap_or_else(|| Color {
        primaries: picture.color_primaries() as u8,
        transfer: picture.transfer_characteristic() as u8,
        matrix: picture.matrix_coefficients() as u8,
        full_range: picture.color_range() == YUVRange::Full,
    });
    let halved = match picture.pixel_layout() {
        PixelLayout::I400 => None,
        PixelLayout::I420 => Some((true, true)),
        PixelLayout::I422 => Some((true, false)),
        PixelLayout::I444 => Some((false, false)),
    };
    let bits = picture.bits_per_component().map_or(8, |bits| bits.0 as u32);
    let (width, height) = (size.0 as usize, size.1 as usize);
    Ok(Frame { picture, color, bits, width, height, halved })
}

/// Most frames of one still picture: one for each spatial layer, of which AV1 has four, and as many
/// to spare.
const MOST_FRAMES: usize = 8;

/// Refuses data with more frames than a still picture has. The decoder would work through all that
/// are not shown before it gives the first that is.
///
/// Source: AV1 specification sections 5.3.1 to 5.3.3 and 6.2.2 (OBU header and types), 4.10.5
/// (leb128).
fn check_frames(mut data: &[u8]) -> Result<(), Error> {
    const FRAME_HEADER: u8 = 3;
    const FRAME: u8 = 6;
    let mut frames = 0;
    while let Some((&header, rest)) = data.split_first() {
        if matches!(header >> 3 & 15, FRAME_HEADER | FRAME) {
            frames += 1;
            if frames > MOST_FRAMES {
                return Err(Error::corrupt(AVIF, "its picture holds many frames"));
            }
        }
        let has_extension = header & 4 != 0;
        let has_size = header & 2 != 0;
        data = rest.get(usize::from(has_extension)..).unwrap_or_default();
        if !has_size {
            // It reaches to the end.
            break;
        }
        let mut size = 0_u64;
        for shift in (0..56).step_by(7) {
            let Some((&byte, rest)) = data.split_first() else {
                return Ok(());
            };
            data = rest;
            size |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        data = data.get(size..).unwrap_or_default();
    }
    Ok(())
}

impl Frame {
    /// Reads one row of a plane: 0 is brightness, 1 and 2 are colour.
    pub(super) fn row(&self, plane: usize, y: usize, out: &mut [u16]) {
        let component = Component::from(plane);
        let stride = self.picture.stride(component) as usize;
        let plane = self.picture.plane(component);
        let row = &plane.as_ref()[y * stride..];
        if self.bits == 8 {
            for (to, from) in out.iter_mut().zip(row) {
                *to = u16::from(*from);
            }
        } else {
            for (to, from) in out.iter_mut().zip(row.as_chunks::<2>().0) {
                *to = u16::from_ne_bytes(*from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An OBU with a size: type and body.
    fn obu(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind << 3 | 2, body.len() as u8];
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn data_with_many_frames_is_refused_before_it_is_decoded() {
        let some = [obu(2, &[]), obu(1, &[0; 10]), obu(6, &[0; 20]).repeat(8)].concat();
        assert!(check_frames(&some).is_ok());
        let many = [some, obu(3, &[0; 4])].concat();
        assert!(check_frames(&many).is_err());
        // What is behind a frame that reaches to the end belongs to it.
        assert!(check_frames(&[vec![6 << 3], many].concat()).is_ok());
        assert!(check_frames(&[0x32]).is_ok());
        assert!(check_frames(&[0x36]).is_ok());
    }
}
