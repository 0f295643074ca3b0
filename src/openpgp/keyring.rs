//! The keys that a person trusts for something.

use std::io::{self, Read};
use std::sync::Arc;

use jiff::Timestamp;
use pgp::armor::{self, BlockType};

use super::certificate::{Certificate, Wrong};
use super::check::{Check, Signed};
use super::cleartext::Cleartext;
use super::signer::Signer;
use super::{KeyringError, SignatureError, armor as armour, packets};
use crate::model::Fingerprint;

/// More bytes than any keyring has, or the signatures of any file.
const KEYRING: usize = 16 << 20;
const SIGNATURES: usize = 1 << 20;
/// How much of a file is read at once.
const PIECE: usize = 64 << 10;

/// Certificates, with those of their keys that may sign.
#[derive(Debug)]
pub struct Keyring {
    certificates: Vec<Certificate>,
    signers: Vec<Arc<Signer>>,
}

/// A text and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedText {
    /// What was signed and nothing else: lines end with a line feed, the last with nothing, and have no white space
    /// before their ends.
    pub text: String,
    /// By whom.
    pub signed: Signed,
}

impl Keyring {
    /// Reads a keyring, binary as `gpg --export` writes it or in ASCII armour, with any number of certificates.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyringError> {
        match bytes {
            [] => return Err(KeyringError::Empty),
            bytes if bytes.len() > KEYRING => return Err(KeyringError::TooLarge(bytes.len())),
            bytes if bytes.get(8..12) == Some(b"KBXf") => return Err(KeyringError::Keybox),
            _ => {}
        }
        let unarmoured;
        let bytes = if bytes[0] & 0x80 == 0 {
            unarmoured = dearmoured(bytes)?;
            &unarmoured
        } else {
            bytes
        };
        let parts = packets::read(bytes).map_err(KeyringError::Malformed)?;
        let certificates = Certificate::read(parts).map_err(|wrong| match wrong {
            Wrong::Secret => KeyringError::Secret,
            Wrong::Packet(number, tag) => {
                KeyringError::Malformed(format!("packet {number} is none of a key: {tag:?}"))
            }
        })?;
        let signers: Vec<_> = certificates.iter().flat_map(Signer::all_of).map(Arc::new).collect();
        if signers.iter().all(|signer| signer.useless().is_some()) {
            let why = signers.first().and_then(|signer| signer.useless());
            let why = why.unwrap_or_else(|| "none is of a kind that is understood".into());
            return Err(KeyringError::NothingUsable(why));
        }
        Ok(Self { certificates, signers })
    }

    /// The keys, subkeys too, that may have signed something.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        self.signers.iter().filter(|signer| signer.useless().is_none()).map(|signer| &signer.fingerprint)
    }

    #[cfg(test)]
    pub(super) fn signer_of(&self, key: &Fingerprint) -> &Signer {
        self.signers.iter().find(|signer| signer.fingerprint == *key).unwrap()
    }

    /// Verifies a cleartext-signed file, and gives what was signed of it.
    pub fn verify_inline(&self, bytes: &[u8], now: Timestamp) -> Result<SignedText, SignatureError> {
        let file = Cleartext::parse(bytes)?;
        let mut check = self.check(file.signatures)?;
        check.update(&file.signed_bytes());
        let signed = check.finish(now)?;
        Ok(SignedText { text: file.lines.join("\n"), signed })
    }

    /// Begins to verify content that has a signature of its own, binary or in ASCII armour: the content is written to the
    /// check as it comes.
    pub fn check(&self, signature: &[u8]) -> Result<Check, SignatureError> {
        if signature.len() > SIGNATURES {
            return Err(SignatureError::Malformed(format!("its signature has {} bytes", signature.len())));
        }
        match signature.first() {
            None => Err(SignatureError::Missing),
            Some(first) if first & 0x80 != 0 => Check::new(signature, &self.signers),
            Some(_) => {
                let packets =
                    armour::decode(signature, "PGP SIGNATURE").map_err(SignatureError::Malformed)?;
                Check::new(&packets, &self.signers)
            }
        }
    }

    /// Verifies content that has a signature of its own. The content is never in memory as a whole.
    pub fn verify_detached(
        &self,
        mut content: impl Read,
        signature: &[u8],
        now: Timestamp,
    ) -> io::Result<Result<Signed, SignatureError>> {
        let mut check = match self.check(signature) {
            Ok(check) => check,
            Err(error) => return Ok(Err(error)),
        };
        let mut piece = vec![0; PIECE];
        loop {
            match content.read(&mut piece) {
                Ok(0) => return Ok(check.finish(now)),
                Ok(length) => check.update(&piece[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The certificates that have one of these keys, in ASCII armour. What others signed of them is left out.
    pub fn armored(&self, keys: &[Fingerprint]) -> String {
        let has = |certificate: &&Certificate| {
            Signer::all_of(certificate).iter().any(|signer| keys.contains(&signer.fingerprint))
        };
        let mut packets = Packets(Vec::new());
        for certificate in self.certificates.iter().filter(has) {
            // Writing to memory does not fail, and what was read can be written.
            let _ = certificate.write(&mut packets.0);
        }
        let mut text = Vec::new();
        let _ = armor::write(&packets, BlockType::PublicKey, &mut text, None, true);
        String::from_utf8(text).unwrap_or_default()
    }
}

fn dearmoured(bytes: &[u8]) -> Result<Vec<u8>, KeyringError> {
    let secret = b"-----BEGIN PGP PRIVATE KEY BLOCK-----";
    if memchr::memmem::find(bytes, secret).is_some() {
        return Err(KeyringError::Secret);
    }
    let packets = armour::decode(bytes, "PGP PUBLIC KEY BLOCK").map_err(KeyringError::Malformed)?;
    if packets.is_empty() { Err(KeyringError::Empty) } else { Ok(packets) }
}

struct Packets(Vec<u8>);

impl pgp::ser::Serialize for Packets {
    fn to_writer<W: io::Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
        Ok(writer.write_all(&self.0)?)
    }

    fn write_len(&self) -> usize {
        self.0.len()
    }
}
