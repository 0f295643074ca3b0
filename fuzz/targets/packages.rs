//! A list of Debian's packages.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::packages(data));
