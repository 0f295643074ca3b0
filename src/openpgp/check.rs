//! Whether content has the signatures that came with it. The content goes through piece by piece: it can be of any size.

use std::io;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use pgp::errors::Result as Parsed;
use pgp::packet::{Packet, Signature, SignatureType, SignatureVersion, SignatureVersionSpecific};
use pgp::types::Tag;

use super::SignatureError;
use super::packets::{self, Part};
use super::signer::{Signer, is_understood, made_at, time, weak_digest};
use crate::model::Fingerprint;

/// How far a signature may be ahead of this machine's clock.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);
/// More signatures than anything has.
const SIGNATURES: usize = 64;

/// Who signed, as far as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The keys, subkeys as they are; sorted, at least one.
    pub signers: Vec<Fingerprint>,
    /// The time of the newest signature that counts.
    pub made: Timestamp,
    /// When the first of them runs out, if one does. A signature counts as of when it was made: what is read as it is now
    /// may ask for more.
    pub until: Option<Timestamp>,
}

/// A check under way: all content is written to it, and then it tells.
pub struct Check {
    candidates: Vec<Candidate>,
    /// Why signatures of known keys don't count.
    problems: Vec<SignatureError>,
    unknown: Vec<String>,
}

/// A signature that a key of the keyring claims to have made.
struct Candidate {
    signature: Signature,
    keys: Vec<Arc<Signer>>,
    /// Whether it says who made it.
    named: bool,
    digest: Digest,
}

/// Takes content in, and gives the digest of all of it where there is no more.
type Feed = Box<dyn FnMut(Option<&[u8]>) -> Parsed<Box<[u8]>> + Send>;

struct Digest {
    feed: Feed,
    /// Whether ends of lines count as one, however they are written.
    text: bool,
    after_return: bool,
}

impl Check {
    /// Signatures, as packets, by keys of these.
    pub(super) fn new(packets: &[u8], keys: &[Arc<Signer>]) -> Result<Self, SignatureError> {
        let parts = packets::read(packets).map_err(SignatureError::Malformed)?;
        if parts.len() > SIGNATURES {
            let count = parts.len();
            return Err(SignatureError::Malformed(format!("it has {count} signatures")));
        }
        let mut check = Self { candidates: Vec::new(), problems: Vec::new(), unknown: Vec::new() };
        for part in parts {
            check.add(part, keys)?;
        }
        Ok(check)
    }

    fn add(&mut self, part: Part, keys: &[Arc<Signer>]) -> Result<(), SignatureError> {
        let signature = match (part.tag, part.packet) {
            (Tag::Marker | Tag::Padding, _) => return Ok(()),
            (_, Ok(Packet::Signature(signature))) => signature,
            (Tag::Signature, Err(error)) => {
                return Err(SignatureError::Malformed(format!("a signature cannot be read: {error}")));
            }
            (tag, _) => {
                let why = format!("a packet that is no signature among its signatures: {tag:?}");
                return Err(SignatureError::Malformed(why));
            }
        };
        let (keys, named) = claimed(&signature, keys);
        let Some(first) = keys.first() else {
            self.unknown.push(issuer(&signature));
            return Ok(());
        };
        let key = first.fingerprint.clone();
        if let Some(what) = weak_digest(&signature) {
            self.problems.push(SignatureError::Weak { key, what: format!("it uses {what}") });
        } else if let Some(why) = unfit(&signature, first) {
            self.problems.push(SignatureError::Unfit { key, why: why.into() });
        } else {
            let digest = Digest::of(&signature)
                .map_err(|error| SignatureError::Malformed(format!("a signature cannot be read: {error}")))?;
            self.candidates.push(Candidate { signature, keys, named, digest });
        }
        Ok(())
    }

    /// Takes the next bytes of the content.
    pub fn update(&mut self, bytes: &[u8]) {
        for candidate in &mut self.candidates {
            candidate.digest.update(bytes);
        }
    }

    /// Tells whether the content was signed.
    pub fn finish(self, now: Timestamp) -> Result<Signed, SignatureError> {
        let Self { candidates, mut problems, mut unknown } = self;
        let (mut signers, mut made, mut until) = (Vec::new(), None, None);
        for mut candidate in candidates {
            let at = made_at(&candidate.signature).unwrap_or(0);
            let runs_out = runs_out(&candidate.signature, at);
            let Some(key) = candidate.signer() else {
                match candidate.named {
                    true => problems.push(SignatureError::Altered(candidate.keys[0].fingerprint.clone())),
                    false => unknown.push(issuer(&candidate.signature)),
                }
                continue;
            };
            if time(at).duration_since(now) > AHEAD {
                let key = key.fingerprint.clone();
                problems.push(SignatureError::Future { key, made: time(at) });
                continue;
            }
            match key.good_at(at) {
                Ok(()) => {
                    signers.push(key.fingerprint.clone());
                    made = made.max(Some(time(at)));
                    until = [until, runs_out].into_iter().flatten().min();
                }
                Err(problem) => problems.push(problem),
            }
        }
        conclude(signers, made, until, problems, unknown)
    }
}

impl io::Write for Check {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was altered, and what comes from the future, is an error whoever else signed.
fn conclude(
    mut signers: Vec<Fingerprint>,
    made: Option<Timestamp>,
    until: Option<Timestamp>,
    problems: Vec<SignatureError>,
    unknown: Vec<String>,
) -> Result<Signed, SignatureError> {
    let worst = problems.into_iter().max_by_key(SignatureError::weight);
    let fatal = worst
        .as_ref()
        .is_some_and(|worst| matches!(worst, SignatureError::Altered(_) | SignatureError::Future { .. }));
    match (worst, made) {
        (Some(worst), _) if fatal => Err(worst),
        (_, Some(made)) => {
            signers.sort();
            signers.dedup();
            Ok(Signed { signers, made, until })
        }
        (Some(worst), None) => Err(worst),
        (None, None) if unknown.is_empty() => Err(SignatureError::Missing),
        (None, None) => Err(SignatureError::Unknown(unknown)),
    }
}

impl Candidate {
    /// The key that made it, if it is of the content that was seen.
    fn signer(&mut self) -> Option<Arc<Signer>> {
        let digest = (self.digest.feed)(None).ok()?;
        // The first bytes are there to tell early that something is wrong.
        let start = self.signature.signed_hash_value()?;
        let (hash, signature) = (self.signature.hash_alg()?, self.signature.signature()?);
        let keys = self.keys.iter().filter(|_| digest.starts_with(&start));
        keys.into_iter().find(|key| key.made(hash, &digest, signature)).cloned()
    }
}

impl Digest {
    fn of(signature: &Signature) -> Parsed<Self> {
        let config = signature.config().cloned().ok_or("it is of a form that is not known".to_owned())?;
        let mut hasher = config.hash_alg.new_hasher()?;
        if let SignatureVersionSpecific::V6 { salt } = &config.version_specific {
            hasher.update(salt);
        }
        let text = config.typ == SignatureType::Text;
        // The hasher's type has no name outside of rPGP, but a closure can own it.
        let feed: Feed = Box::new(move |bytes| {
            if let Some(bytes) = bytes {
                hasher.update(bytes);
                return Ok(Box::default());
            }
            let length = config.hash_signature_data(&mut hasher)?;
            hasher.update(&config.trailer(length)?);
            Ok(hasher.finalize_reset())
        });
        Ok(Self { feed, text, after_return: false })
    }

    /// Adds content. Of text, each end of a line counts as carriage return and line feed.
    fn update(&mut self, bytes: &[u8]) {
        if !self.text {
            self.feed(bytes);
            return;
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(content) => {
                    self.feed(content);
                    let has_return = content.last().map_or(self.after_return, |last| *last == b'\r');
                    self.feed(if has_return { b"\n" } else { b"\r\n" });
                    self.after_return = false;
                }
                None => {
                    self.feed(line);
                    self.after_return = line.ends_with(b"\r");
                }
            }
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        // Only the end can fail.
        let _ = (self.feed)(Some(bytes));
    }
}

/// The keys that a signature claims to be by, and whether it does: one that does not say may be by any.
fn claimed(signature: &Signature, keys: &[Arc<Signer>]) -> (Vec<Arc<Signer>>, bool) {
    let (full, ids) = (signature.issuer_fingerprint(), signature.issuer_key_id());
    let named = !full.is_empty() || !ids.is_empty();
    let is_claimed = |key: &&Arc<Signer>| match (full.as_slice(), ids.as_slice()) {
        ([], []) => true,
        ([], ids) => ids.contains(&&key.id),
        (full, _) => full.contains(&&key.full),
    };
    (keys.iter().filter(is_claimed).cloned().collect(), named)
}

/// Who a signature says has made it.
fn issuer(signature: &Signature) -> String {
    if let Some(full) = signature.issuer_fingerprint().first() {
        return format!("{full:X}");
    }
    match signature.issuer_key_id().first() {
        Some(id) => id.to_string().to_uppercase(),
        None => "a key that is not named".into(),
    }
}

/// Why a signature is none of a document, whoever made it.
fn unfit(signature: &Signature, key: &Signer) -> Option<&'static str> {
    let fits = match signature.version() {
        SignatureVersion::V4 => !key.is_version_6(),
        SignatureVersion::V6 => key.is_version_6(),
        _ => false,
    };
    if !fits {
        return Some("it is of a version that its key does not make");
    }
    if !matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text)) {
        return Some("it is not a signature of a document");
    }
    if made_at(signature).is_none() {
        return Some("it does not say when it was made");
    }
    (!is_understood(signature)).then_some("it demands that something be understood that is not")
}

fn runs_out(signature: &Signature, made: i64) -> Option<Timestamp> {
    let after = signature.signature_expiration_time()?.as_secs();
    (after > 0).then(|| time(made + i64::from(after)))
}
