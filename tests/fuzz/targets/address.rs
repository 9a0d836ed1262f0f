//! Delivery addresses, and transformations alone.
#![no_main]

libfuzzer_sys::fuzz_target!(init: safelight_fuzz::quiet_panics(), |data: &[u8]| safelight_fuzz::address(data));
