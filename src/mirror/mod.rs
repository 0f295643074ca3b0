//! An OCI image layout as a registry: what a folder holds, served read-only over the distribution API, so that a build
//! without a network (or a test) asks it as it would ask the upstream.
//!
//! `layout` reads the folder and decides which repository may show what, `serve` speaks HTTP. Entry points: [`Layout::open`],
//! then [`serve`].

mod contents;
mod layout;
mod reply;
mod serve;

pub use layout::{Layout, LayoutError, Log, Options};
pub use serve::serve;
