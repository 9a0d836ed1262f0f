//! The codec plugin of JPEG XL.
#![no_main]

libfuzzer_sys::fuzz_target!(init: safelight_fuzz::quiet_panics(), |data: &[u8]| {
    safelight_fuzz::document::<codec_jxl::Jxl>("jxl", data);
});
