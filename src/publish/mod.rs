//! How a bump reaches people.

pub mod forge;
