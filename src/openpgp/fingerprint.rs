//! What a key is known by.

use std::fmt;
use std::str::FromStr;

/// The fingerprint of a key: 40 hexadecimal digits in upper case, or 64 of a version 6 key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

/// Why a text is not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the fingerprint of an OpenPGP key: expected 40 or 64 hexadecimal digits in upper case")]
pub struct FingerprintError(String);

impl Fingerprint {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn of(key: &pgp::types::Fingerprint) -> Self {
        Self(format!("{key:X}"))
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        match digits && matches!(text.len(), 40 | 64) {
            true => Ok(Self(text.into())),
            false => Err(FingerprintError(text.into())),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
