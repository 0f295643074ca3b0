//! The formats of Debian archives: what a suite says of itself ([`Release`]), its lists of packages ([`Index`]), how
//! versions are ordered ([`Version`]), which package apt would take ([`choose`]) and what installing some could bring in
//! ([`closure`]). What is installed in an image dpkg says ([`installed`]).
//!
//! Whoever calls has verified what is read here: a `Release` by its signature, a list by the digest in the `Release`. It is
//! still read strictly, since what could be understood in two ways would be, by this and by apt.
//!
//! Pure: no network, no files.

mod choose;
mod closure;
mod packages;
mod release;
mod stanza;
mod status;
mod unpack;
mod version;

pub use choose::{Choice, Priority, Suite, choose};
pub use closure::{closure, providers};
pub use packages::{Index, Package};
pub use release::{Listed, Release, ReleaseError};
pub use stanza::ListError;
pub use status::{Installed, installed};
pub use unpack::{Form, Unpacked};
pub use version::{Version, VersionError};
