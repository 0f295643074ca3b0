//! Kubernetes manifests.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| solera_pin_fuzz::file("manifests/app.yaml", data));
