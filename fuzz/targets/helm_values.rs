//! Values of Helm charts.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::file("values.yaml", data));
