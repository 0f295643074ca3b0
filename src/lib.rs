//! solera-pin pins every outside input of a container image build to its content.

pub mod app;
pub mod catalog;
pub mod cli;
pub mod document;
pub mod emit;
pub mod error;
pub mod files;
pub mod lock;
pub mod mirror;
pub mod model;
pub mod net;
pub mod plan;
pub mod report;
pub mod resolve;
pub mod scan;
pub mod served;
pub mod source;
pub mod track;
pub mod verify;
pub mod workspace;

#[cfg(test)]
mod layers;
