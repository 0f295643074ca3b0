//! What is asked and answered over real HTTP, on loopback.

#[path = "http/mirror.rs"]
mod mirror;
