//! solera-pin pins every outside input of a container image build to its content.

pub mod catalog;
pub mod document;
pub mod emit;
pub mod files;
pub mod lock;
pub mod model;
pub mod plan;
pub mod scan;
pub mod track;
pub mod verify;
