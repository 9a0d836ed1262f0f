//! Bytes to a codec plugin.

use std::panic::{AssertUnwindSafe, catch_unwind};

use safelight_sdk::Size;
use safelight_sdk::codec::{self, Codec, Limits, Request, Scaling};

/// Small, so that a mutation that makes a page large costs no time.
const LIMITS: Limits =
    Limits { max_pixels: 1 << 18, max_total_pixels: 1 << 19, max_frames: 8, max_memory_bytes: 64 << 20 };

/// The size at which a page is rendered that has none of its own.
const FREE: Size = Size { width: 48, height: 40 };

/// Opens a document, asks for its first pages, and renders them.
///
/// A panic of the parser ends the guest in the host and is an answer here; so is a refusal.
///
/// # Panics
/// When a page has another size than was said or asked for.
pub fn document<C: Codec>(format: &str, bytes: &[u8]) {
    let Some(pages) = catch_unwind(AssertUnwindSafe(|| rendered::<C>(format, bytes))).ok().flatten() else { return };
    for (expected, made) in pages {
        assert_eq!(made, expected, "size rendered against size told");
    }
}

/// What the pages should be, and are, in size.
fn rendered<C: Codec>(format: &str, bytes: &[u8]) -> Option<Vec<(Size, Size)>> {
    let mut document = codec::open::<C>(bytes.to_vec(), format, &LIMITS).ok()?;
    let mut pages = Vec::new();
    for index in 0..document.info().count.min(3) {
        let Ok(page) = document.page(index) else { continue };
        let expected = if page.scaling == Scaling::Free { FREE } else { page.size };
        let size = (page.scaling == Scaling::Free).then_some(FREE);
        let Ok(frames) = document.render(index, 1, &Request { size, region: None }) else { continue };
        pages.extend(frames.iter().map(|frame| (expected, frame.image.size())));
    }
    document.metadata();
    Some(pages)
}
