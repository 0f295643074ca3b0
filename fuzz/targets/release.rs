//! What a suite of Debian says of itself.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::release(data));
