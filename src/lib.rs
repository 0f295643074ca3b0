//! solera-pin pins every outside input of a container image build to its content.

pub mod mirror;
pub mod model;
