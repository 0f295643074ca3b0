//! solera-pin pins every outside input of a container image build to its content, and moves those pins only by a
//! change that a person can read.
//!
//! # Code map
//!
//! Data flows from declarations to the lock: [`catalog`] is what people write, [`plan`] decides what to ask and what to
//! take by what the [`journal`] remembers, [`source`] asks over [`net`] and [`git`] what is not in the [`cache`], [`resolve`] drives the two, [`lock`]
//! is the result. [`publish`] brings it to people as commits and pull requests, with the [`evidence`] that [`learn`] asks
//! for. [`verify`] is the gate over lock, declarations and build files ([`scan`]); [`served`] asks upstream about what is locked. [`emit`] gives the lock
//! to builders, [`mirror`] serves images without their registry, from the layouts that [`oci`] reads and writes. [`history`] reads what was recorded of upstreams, for
//! replays. [`cli`] has one file a command, [`report`] what it says, [`error`] its exit codes.
//!
//! [`model`], [`track`] and [`document`] are the words of all that. Modules use only what stands above them: the test in
//! `layers.rs` reads the `crate::` paths and fails on any other edge.

pub mod adopt;
pub mod app;
pub mod audit;
pub mod cache;
pub mod catalog;
pub mod child;
pub mod cli;
pub mod daemon;
pub mod debian;
pub mod document;
pub mod emit;
pub mod engine;
pub mod error;
pub mod evidence;
pub mod files;
pub mod gate;
pub mod git;
pub mod history;
pub mod in_place;
pub mod inspect;
pub mod journal;
pub mod learn;
pub mod lock;
pub mod mirror;
pub mod model;
pub mod net;
pub mod oci;
pub mod openpgp;
pub mod plan;
pub mod provenance;
pub mod publish;
pub mod references;
pub mod report;
pub mod resolve;
pub mod scan;
pub mod scanned;
pub mod schedule;
pub mod served;
pub mod source;
pub mod track;
pub mod tree;
pub mod upload;
pub mod verify;
pub mod workspace;

#[cfg(test)]
mod layers;
