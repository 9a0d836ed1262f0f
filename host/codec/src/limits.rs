//! What one picture may cost, checked before anything of that size is allocated.

use crate::Error;

/// The most one picture may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the encoded picture. Default 64 MiB.
    pub max_bytes: u64,
    /// Pixels of one frame. Default 100 million, a 100-megapixel medium format camera.
    pub max_pixels: u64,
    /// Frames of an animation. Default 1000.
    pub max_frames: u32,
    /// Pixels of all frames that are decoded. Default 200 million (800 MB as RGBA).
    pub max_total_pixels: u64,
    /// Bytes that decoding may hold at once, see [`estimate`](crate::estimate). Default 1 GiB.
    pub max_memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_bytes: 64 << 20,
            max_pixels: 100_000_000,
            max_frames: 1000,
            max_total_pixels: 200_000_000,
            max_memory_bytes: 1 << 30,
        }
    }
}

impl Limits {
    pub(crate) fn check_bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        let length = bytes.len() as u64;
        if length > self.max_bytes {
            return Err(Error::Limit {
                what: "encoded size",
                value: show_bytes(length),
                limit: show_bytes(self.max_bytes),
            });
        }
        Ok(())
    }

    /// Checks the size of one frame; the caller has refused zero sides.
    pub(crate) fn check_size(&self, width: u32, height: u32) -> Result<(), Error> {
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(Error::Limit {
                what: "picture size",
                value: format!("{width} x {height} px"),
                limit: show_pixels(self.max_pixels),
            });
        }
        Ok(())
    }

    pub(crate) fn check_frames(&self, frames: u32, width: u32, height: u32) -> Result<(), Error> {
        if frames > self.max_frames {
            return Err(Error::Limit {
                what: "animation",
                value: format!("{frames} frames"),
                limit: format!("{} frames", self.max_frames),
            });
        }
        let total = u64::from(width) * u64::from(height) * u64::from(frames);
        if total > self.max_total_pixels {
            return Err(Error::Limit {
                what: "animation",
                value: format!("{frames} frames of {width} x {height} px"),
                limit: format!("{} in all", show_pixels(self.max_total_pixels)),
            });
        }
        Ok(())
    }

    pub(crate) fn check_memory(&self, needed: u64) -> Result<(), Error> {
        if needed > self.max_memory_bytes {
            return Err(Error::Limit {
                what: "memory for decoding",
                value: show_bytes(needed),
                limit: show_bytes(self.max_memory_bytes),
            });
        }
        Ok(())
    }
}

/// Writes a count of pixels as people say it: `100 Mpx`, `250 px`.
fn show_pixels(pixels: u64) -> String {
    if pixels >= 1_000_000 { format!("{} Mpx", trim(pixels as f64 / 1e6)) } else { format!("{pixels} px") }
}

/// Writes a count of bytes as people say it: `64 MiB`, `250 bytes`.
pub(crate) fn show_bytes(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", trim(bytes as f64 / (1 << 20) as f64)) } else { format!("{bytes} bytes") }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_value_and_limit() {
        let error = Limits::default().check_size(40_000, 40_000).unwrap_err();
        assert_eq!(error.to_string(), "picture size: 40000 x 40000 px is over the limit of 100 Mpx");
        let limits = Limits { max_bytes: 10, ..Limits::default() };
        let error = limits.check_bytes(&[0; 11]).unwrap_err();
        assert_eq!(error.to_string(), "encoded size: 11 bytes is over the limit of 10 bytes");
        let error = Limits::default().check_frames(500, 1000, 1000).unwrap_err();
        assert_eq!(error.to_string(), "animation: 500 frames of 1000 x 1000 px is over the limit of 200 Mpx in all");
    }
}
