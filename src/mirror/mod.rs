//! An OCI image layout as a registry: what a folder holds, served read-only over the distribution API, so that a build
//! without a network (or a test) asks it as it would ask the upstream.
//!
//! `layout` reads the folder, `contents` sorts it into repositories, `reach` decides which of them may show what, and
//! `serve` speaks HTTP. Entry points: [`Layout::open`], then [`serve`]. `pull` copies images into such a
//! folder, and `check` says whether one has what is locked.

pub mod check;
mod contents;
mod layout;
pub mod pull;
mod range;
mod reach;
mod reply;
mod serve;

pub use layout::{Layout, LayoutError, Log, Options};
pub use serve::serve;
