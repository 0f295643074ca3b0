//! A key that may have signed something: what it is good for, and until when, as its owner said last.

use jiff::Timestamp;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{PublicKey, PublicSubkey, RevocationCode, Signature, SignatureType, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{KeyDetails, KeyId, KeyVersion, SignatureBytes, VerifyingKey};

use super::certificate::{Certificate, Subkey, User};
use super::{SignatureError, fingerprint};
use crate::model::Fingerprint;

/// The least modulus of an RSA key that counts.
const RSA_BITS: u16 = 2048;

/// A key of a keyring, judged.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) fingerprint: Fingerprint,
    pub(super) full: pgp::types::Fingerprint,
    pub(super) id: KeyId,
    key: Key,
    created: i64,
    expires: Option<i64>,
    revocations: Vec<Revocation>,
    /// Why it counts for nothing, whenever it signed.
    unfit: Option<Unfit>,
}

#[derive(Debug)]
enum Key {
    Primary(PublicKey),
    Subkey(PublicSubkey),
}

#[derive(Clone, Debug)]
struct Revocation {
    at: i64,
    /// Whether it also takes back what was signed before.
    hard: bool,
    reason: &'static str,
}

#[derive(Clone, Debug)]
enum Unfit {
    Weak(String),
    /// It is for something else, which says nothing of its subkeys.
    NotForSigning,
    Not(&'static str),
}

impl Unfit {
    fn why(&self) -> String {
        match self {
            Self::Weak(what) => what.clone(),
            Self::NotForSigning => "the key is not for signing".into(),
            Self::Not(why) => (*why).into(),
        }
    }
}

/// What an owner's newest word makes of a key.
struct Standing {
    expires: Option<i64>,
    unfit: Option<Unfit>,
}

impl Signer {
    /// The keys of a certificate.
    pub(super) fn all_of(certificate: &Certificate) -> Vec<Self> {
        let primary = &certificate.primary;
        let revoked = revocations(&certificate.direct, SignatureType::KeyRevocation);
        let standing = primary_standing(certificate);
        let subkeys = certificate.subkeys.iter().filter_map(|subkey| {
            let mut revoked = revoked.clone();
            revoked.extend(revocations(&subkey.signatures, SignatureType::SubkeyRevocation));
            // A subkey lives no longer than the key that vouches for it.
            let own = subkey_standing(primary, subkey);
            let expires = [own.expires, standing.expires].into_iter().flatten().min();
            let inherited = standing.unfit.clone().filter(|unfit| !matches!(unfit, Unfit::NotForSigning));
            let unfit = own.unfit.or(inherited);
            Self::new(Key::Subkey(subkey.key.clone()), Standing { expires, unfit }, revoked)
        });
        let subkeys: Vec<Self> = subkeys.collect();
        let first = Self::new(Key::Primary(primary.clone()), standing, revoked);
        first.into_iter().chain(subkeys).collect()
    }

    fn new(key: Key, standing: Standing, revocations: Vec<Revocation>) -> Option<Self> {
        let (full, id, created) = match &key {
            Key::Primary(key) => (key.fingerprint(), key.legacy_key_id(), seconds(key)),
            Key::Subkey(key) => (key.fingerprint(), key.legacy_key_id(), seconds(key)),
        };
        let Standing { expires, unfit } = standing;
        let fingerprint = fingerprint(&full)?;
        Some(Self { fingerprint, full, id, key, created, expires, revocations, unfit })
    }

    /// Whether this key made a signature of this digest.
    pub(super) fn made(&self, hash: HashAlgorithm, digest: &[u8], signature: &SignatureBytes) -> bool {
        let verified = match &self.key {
            Key::Primary(key) => key.verify(hash, digest, signature),
            Key::Subkey(key) => key.verify(hash, digest, signature),
        };
        verified.is_ok()
    }

    /// Whether the key's packet and a signature's are of versions that go together.
    pub(super) fn is_version_6(&self) -> bool {
        let version = match &self.key {
            Key::Primary(key) => key.version(),
            Key::Subkey(key) => key.version(),
        };
        version == KeyVersion::V6
    }

    /// Why it is of no use, whatever it signed.
    pub(super) fn useless(&self) -> Option<String> {
        self.unfit.as_ref().map(Unfit::why)
    }

    /// Whether what this key signed at this time counts.
    pub(super) fn good_at(&self, made: i64) -> Result<(), SignatureError> {
        let key = self.fingerprint.clone();
        let because = |revocation: &&Revocation| revocation.hard || made >= revocation.at;
        if let Some(revocation) = self.revocations.iter().find(because) {
            let (revoked, reason) = (time(revocation.at), revocation.reason);
            return Err(SignatureError::Revoked { key, made: time(made), revoked, reason });
        }
        match &self.unfit {
            Some(Unfit::Weak(what)) => return Err(SignatureError::Weak { key, what: what.clone() }),
            Some(unfit) => return Err(SignatureError::Unfit { key, why: unfit.why() }),
            None => {}
        }
        if made < self.created {
            let why = format!("it is dated {}, when the key was not made yet", time(made));
            return Err(SignatureError::Unfit { key, why });
        }
        match self.expires {
            Some(expires) if made >= expires => {
                Err(SignatureError::Expired { key, made: time(made), expired: time(expires) })
            }
            _ => Ok(()),
        }
    }
}

/// What the owner said last of the primary key: in a signature over a name, or over the key itself. One over the key that
/// says nothing of its use, such as one that names who may revoke it, is not taken for the last word.
fn primary_standing(certificate: &Certificate) -> Standing {
    let users = certificate.users.iter().flat_map(valid_of_user);
    let direct = certificate.direct.iter().filter(|s| s.typ() == Some(SignatureType::Key));
    let speaks = |s: &&Signature| s.key_expiration_time().is_some() || has_key_flags(s);
    let (speaking, silent): (Vec<&Signature>, Vec<&Signature>) = direct.partition(speaks);
    let mut words: Vec<&Signature> = users.chain(speaking).collect();
    if words.is_empty() {
        words = silent;
    }
    let Some(word) = newest(&words) else { return not_vouched(&words, "its owner has not signed it") };
    let signs = !has_key_flags(word) || word.key_flags().sign();
    let unfit = weakness(&certificate.primary).or((!signs).then_some(Unfit::NotForSigning));
    Standing { expires: expiry(word, seconds(&certificate.primary)), unfit }
}

/// What the owner said last of a subkey. It may sign if that was said, and if it vouched for the primary key in turn.
fn subkey_standing(primary: &PublicKey, subkey: &Subkey) -> Standing {
    let bindings = subkey.signatures.iter().filter(|s| s.typ() == Some(SignatureType::SubkeyBinding));
    let words: Vec<&Signature> = bindings.collect();
    let Some(word) = newest(&words) else { return not_vouched(&words, "no primary key vouches for it") };
    let back = word
        .embedded_signature()
        .is_some_and(|back| counts(back) && back.verify_primary_key_binding(&subkey.key, primary).is_ok());
    let unfit = match (word.key_flags().sign(), back) {
        (true, true) => weakness(&subkey.key),
        (true, false) => Some(Unfit::Not("the key has not vouched for its primary key in turn")),
        (false, _) => Some(Unfit::NotForSigning),
    };
    Standing { expires: expiry(word, seconds(&subkey.key)), unfit }
}

/// A key of which nothing that counts was said.
fn not_vouched(words: &[&Signature], why: &'static str) -> Standing {
    let weak = words.iter().find_map(|word| weak_digest(word));
    let unfit =
        weak.map_or(Unfit::Not(why), |digest| Unfit::Weak(format!("its owner vouched for it with {digest}")));
    Standing { expires: None, unfit: Some(unfit) }
}

/// The signatures over a name that was not taken back after them.
fn valid_of_user(user: &User) -> impl Iterator<Item = &Signature> {
    let (back, words): (Vec<&Signature>, Vec<&Signature>) =
        user.signatures.iter().partition(|s| s.typ() == Some(SignatureType::CertRevocation));
    let back = back.into_iter().filter_map(made_at).max();
    words.into_iter().filter(move |word| made_at(word) > back)
}

/// The newest that counts.
fn newest<'a>(words: &[&'a Signature]) -> Option<&'a Signature> {
    words.iter().filter(|word| counts(word)).max_by_key(|word| made_at(word)).copied()
}

fn counts(word: &Signature) -> bool {
    weak_digest(word).is_none() && is_understood(word) && made_at(word).is_some()
}

fn revocations(signatures: &[Signature], of: SignatureType) -> Vec<Revocation> {
    let own = signatures.iter().filter(|signature| signature.typ() == Some(of));
    let read = own.map(|signature| {
        let (hard, reason) = match signature.revocation_reason_code() {
            Some(RevocationCode::KeySuperseded) => (false, "it was superseded"),
            Some(RevocationCode::KeyRetired) => (false, "it was retired"),
            Some(RevocationCode::KeyCompromised) => (true, "it was compromised"),
            _ => (true, "no reason was given"),
        };
        Revocation { at: made_at(signature).unwrap_or(0), hard, reason }
    });
    read.collect()
}

fn expiry(word: &Signature, created: i64) -> Option<i64> {
    let after = word.key_expiration_time()?.as_secs();
    (after > 0).then(|| created + i64::from(after))
}

fn has_key_flags(word: &Signature) -> bool {
    let mut said = word.config().into_iter().flat_map(|config| config.hashed_subpackets());
    said.any(|subpacket| matches!(subpacket.data, SubpacketData::KeyFlags(_)))
}

/// Whether nothing in it must be understood and is not.
pub(super) fn is_understood(signature: &Signature) -> bool {
    let mut said = signature.config().into_iter().flat_map(|config| config.hashed_subpackets());
    !said.any(|subpacket| {
        subpacket.is_critical
            && matches!(
                subpacket.data,
                SubpacketData::Other(..) | SubpacketData::Experimental(..) | SubpacketData::Notation(_)
            )
    })
}

/// The digest of a signature, if it is one that can be forged, or that is not known.
pub(super) fn weak_digest(signature: &Signature) -> Option<String> {
    use HashAlgorithm::{Sha3_256, Sha3_512, Sha224, Sha256, Sha384, Sha512};
    match signature.hash_alg() {
        Some(Sha224 | Sha256 | Sha384 | Sha512 | Sha3_256 | Sha3_512) => None,
        Some(HashAlgorithm::Other(number)) => Some(format!("digest {number}, which is not known")),
        Some(weak) => Some(weak.to_string()),
        None => Some("a form of signature that is not known".into()),
    }
}

/// What is too weak about a key itself.
fn weakness(key: &(impl KeyDetails + Serialize)) -> Option<Unfit> {
    match key.algorithm() {
        PublicKeyAlgorithm::DSA => Some(Unfit::Weak("the key is of DSA".into())),
        PublicKeyAlgorithm::RSA | PublicKeyAlgorithm::RSASign | PublicKeyAlgorithm::RSAEncrypt => {
            let bits = modulus_bits(key).unwrap_or(0);
            (bits < RSA_BITS).then(|| Unfit::Weak(format!("the key is of RSA with {bits} bits")))
        }
        _ => None,
    }
}

/// The first number of a key's packet says how many bits it has: after version, time and algorithm, and in version 6
/// after a length as well.
fn modulus_bits(key: &(impl KeyDetails + Serialize)) -> Option<u16> {
    let body = key.to_bytes().ok()?;
    let at = if key.version() == KeyVersion::V6 { 10 } else { 6 };
    let bits = body.get(at..at + 2)?;
    Some(u16::from_be_bytes([bits[0], bits[1]]))
}

pub(super) fn made_at(signature: &Signature) -> Option<i64> {
    signature.created().map(|made| i64::from(made.as_secs()))
}

fn seconds(key: &impl KeyDetails) -> i64 {
    i64::from(key.created_at().as_secs())
}

/// OpenPGP counts seconds in 32 bits, so every time is one.
pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
