//! The codec plugin of PDF.
#![no_main]

libfuzzer_sys::fuzz_target!(init: safelight_fuzz::quiet_panics(), |data: &[u8]| {
    safelight_fuzz::document::<codec_pdf::PdfCodec>("pdf", data);
});
