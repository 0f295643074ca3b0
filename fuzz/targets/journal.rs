//! A file of the journal.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::journal(data));
