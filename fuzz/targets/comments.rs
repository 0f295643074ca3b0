//! Comments in a file of any kind.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::file("versions.txt", data));
