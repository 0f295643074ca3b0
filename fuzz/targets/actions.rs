//! Workflows of GitHub.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::file(".github/workflows/ci.yml", data));
