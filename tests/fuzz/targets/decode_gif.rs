//! The decoder of GIF files.
#![no_main]

libfuzzer_sys::fuzz_target!(init: safelight_fuzz::quiet_panics(), |data: &[u8]| {
    safelight_fuzz::decode(safelight_codec::Format::Gif, data);
});
