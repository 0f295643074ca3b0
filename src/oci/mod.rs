//! OCI image layouts: folders with images in them (image-spec, "image-layout").
//!
//! `document` is what indexes and manifests name, `folder` reads a layout with every byte hashed, `writer` fills one.

mod document;
mod folder;
mod writer;

pub use document::{Descriptor, Document};
pub use folder::{Folder, FolderError, Stamp};
pub use writer::{Incoming, Writer};
