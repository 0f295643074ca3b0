//! OCI image layouts: folders with images in them (image-spec, "image-layout").
//!
//! `document` is what indexes and manifests name, `folder` reads a layout with every byte hashed, `images` finds its images
//! with what is attested of them, `unpacked` opens their layers, `layer` reads the files in them, `compare` says where two builds
//! differ, `writer` fills a layout, `pack` puts one into a file.

mod compare;
mod document;
mod folder;
mod images;
mod layer;
mod pack;
mod unpacked;
mod writer;

pub use compare::compare;
pub use document::{Descriptor, Document};
pub use folder::{Folder, FolderError, Stamp};
pub use images::{Configuration, DEPTH, IMAGES, Image, Walk};
pub use pack::pack;
pub use unpacked::Unpacked;
pub use writer::{Incoming, Writer};
