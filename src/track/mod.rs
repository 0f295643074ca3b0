//! The tag grammar: what a declared track matches, and how the tags it matches are ordered.
//!
//! A [`Track`] is parsed from its declaration. Matching a tag gives a [`Version`]; versions of one track are
//! ordered, and a step between two of them has a lane. [`Version::fits`] says whether that order means anything.
//! [`infer`] makes a track from a tag that a person wrote.
//!
//! A tag that a track does not match may be of a [`Sibling`] shape, in which only words differ. [`Shapes`] tells from
//! those whether a track's own shape has ended.
//!
//! Pure. A tag is never coerced: what is not a placeholder must match to the letter, so the precision (`1.88`
//! never becomes `1.88.0`) and the flavour (`-slim-bookworm`) stay as declared.

mod error;
mod field;
mod glob;
mod infer;
mod number;
mod parse;
mod prerelease;
mod quick;
mod read;
mod shapes;
mod short;
mod siblings;
mod version;

pub use error::TrackError;
pub use field::Field;
use field::is_date;
pub use glob::Glob;
pub use infer::{infer, infer_prereleases, why_literal};
pub use number::Number;
pub use parse::Track;
pub use prerelease::Prerelease;
pub(crate) use quick::{Numbers, Quick};
pub use shapes::Shapes;
pub use siblings::{Distance, Sibling, offer};
pub use version::Version;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
