//! Substitutions in arguments and names.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::expansion(data));
