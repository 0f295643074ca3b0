//! solera-pin pins every outside input of a container image build to its content.

pub mod model;
pub mod net;
pub mod source;
