//! Every transform with any parameters.
#![no_main]

libfuzzer_sys::fuzz_target!(init: safelight_fuzz::quiet_panics(), |data: &[u8]| safelight_fuzz::apply(data));
