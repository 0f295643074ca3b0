//! What a git server says.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::git(data));
