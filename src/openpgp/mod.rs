//! OpenPGP signatures of what others publish: whether a file was signed by a key of a keyring that a person chose, and by
//! which. The packets and the arithmetic are rPGP's, what counts is decided here.
//!
//! A [`Keyring`] is read once: of each certificate it keeps the keys that may sign, each with the time it is good for
//! (`certificate`, `signer`). A signature then counts where it was made
//! - by such a key, with a digest that nobody can forge,
//! - after the key was made, before it expired, and not within its revocation,
//! - and not in the future.
//!
//! All of that is judged at the time of the signature, not of the reading: what was good when it was signed stays good, so
//! that old content can still be read. One good signature is enough; those of keys that are not in the keyring say
//! nothing, and one by a key of the keyring that does not fit the content is an error whatever else is there.
//!
//! Pure: no clock, no files.

mod armor;
mod certificate;
mod check;
mod cleartext;
mod error;
mod keyring;
mod packets;
mod signer;

pub use check::{Check, Signed};
pub use error::{KeyringError, SignatureError};
pub use keyring::{Keyring, SignedText};

use crate::model::Fingerprint;

/// The fingerprint of a key, of version 4 or 6: those of others are no fingerprints to us.
fn fingerprint(key: &pgp::types::Fingerprint) -> Option<Fingerprint> {
    format!("{key:X}").parse().ok()
}

#[cfg(test)]
mod tests;
