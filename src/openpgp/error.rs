//! Why a keyring could not be read, and why a signature does not count.

use jiff::Timestamp;

use crate::model::Fingerprint;

/// Why bytes are not a keyring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No bytes at all.
    #[error("the keyring is empty")]
    Empty,
    /// More than any keyring has.
    #[error("the keyring has {0} bytes, which is more than is read of one")]
    TooLarge(usize),
    /// GnuPG's own database.
    #[error("this is a keybox of GnuPG, not a keyring: write one with `gpg --export KEY > FILE`")]
    Keybox,
    /// Somebody's secret.
    #[error("the keyring holds a secret key: write one without with `gpg --export KEY > FILE`")]
    Secret,
    /// Neither packets nor armour.
    #[error("these are not OpenPGP keys: {0}")]
    Malformed(String),
    /// Read, but nothing in it is of use.
    #[error("no key of the keyring can be used: {0}")]
    NothingUsable(String),
}

/// Why content does not count as signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature.
    #[error("it is not signed")]
    Missing,
    /// There is something that is not what a signed file or a signature looks like.
    #[error("it is not what a signed file looks like: {0}")]
    Malformed(String),
    /// Only keys that the keyring does not have have signed.
    #[error("it is signed only by keys that are not in the keyring: {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// A key of the keyring signed something else.
    #[error("its signature by {0} is not of this content: it was altered after it was signed")]
    Altered(Fingerprint),
    /// The key was at its end when it signed.
    #[error("it was signed on {made} by {key}, which had expired on {expired}")]
    Expired {
        /// Who signed.
        key: Fingerprint,
        /// When it signed.
        made: Timestamp,
        /// When it expired.
        expired: Timestamp,
    },
    /// The key, or the certificate that it belongs to, was revoked.
    #[error("it was signed on {made} by {key}, which was revoked on {revoked}: {reason}")]
    Revoked {
        /// Who signed.
        key: Fingerprint,
        /// When it signed.
        made: Timestamp,
        /// When it was revoked.
        revoked: Timestamp,
        /// The class of reason that was given.
        reason: &'static str,
    },
    /// A digest or a key that can be forged.
    #[error("its signature by {key} is too weak to count: {what}")]
    Weak {
        /// Who signed.
        key: Fingerprint,
        /// What is weak.
        what: String,
    },
    /// A key that may not sign, or not in this way.
    #[error("its signature by {key} does not count: {why}")]
    Unfit {
        /// Who signed.
        key: Fingerprint,
        /// Why not.
        why: String,
    },
    /// The time of a signature has not come yet.
    #[error("its signature by {key} is dated {made}, which has not come yet")]
    Future {
        /// Who signed.
        key: Fingerprint,
        /// When it claims to have signed.
        made: Timestamp,
    },
}

impl SignatureError {
    /// Of several reasons, the one that says most stands for all.
    pub(super) fn weight(&self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Unknown(_) => 1,
            Self::Unfit { .. } => 2,
            Self::Weak { .. } => 3,
            Self::Expired { .. } => 4,
            Self::Revoked { .. } => 5,
            Self::Future { .. } => 6,
            Self::Malformed(_) => 7,
            Self::Altered(_) => 8,
        }
    }
}
