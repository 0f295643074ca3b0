//! Signed files, signatures and keyrings.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::openpgp(data));
