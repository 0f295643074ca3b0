//! References in build files, with their byte spans. Pure.

pub mod dockerfile;
