//! One certificate: a primary key, its subkeys, and what its owner said of them. What others said of it is left out.

use pgp::errors::Result;
use pgp::packet::{Packet, PacketTrait, PublicKey, PublicSubkey, Signature, SignatureType, UserId};
use pgp::types::Tag;

use super::packets::Part;

/// A primary key with what its owner signed: every signature in here is by the primary key, and was verified.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) primary: PublicKey,
    /// About the primary key itself: its properties, and revocations.
    pub(super) direct: Vec<Signature>,
    pub(super) users: Vec<User>,
    pub(super) subkeys: Vec<Subkey>,
}

/// A name in a certificate.
#[derive(Debug)]
pub(super) struct User {
    pub(super) id: UserId,
    pub(super) signatures: Vec<Signature>,
}

/// A key that the primary key vouches for.
#[derive(Debug)]
pub(super) struct Subkey {
    pub(super) key: PublicSubkey,
    pub(super) signatures: Vec<Signature>,
}

/// Why a row of packets holds no certificates.
pub(super) enum Wrong {
    /// A secret key is among them.
    Secret,
    /// Something that no keyring holds.
    Packet(usize, Tag),
}

/// What the next signatures are about.
enum About {
    Primary,
    User,
    Subkey,
    /// Something that is not understood.
    Nothing,
}

impl Certificate {
    /// All certificates of a row of packets. A primary key that is not understood is left out, with all that belongs to
    /// it.
    pub(super) fn read(parts: Vec<Part>) -> std::result::Result<Vec<Self>, Wrong> {
        let mut all: Vec<Self> = Vec::new();
        let mut about = About::Nothing;
        let mut skipped = true;
        for (number, part) in parts.into_iter().enumerate() {
            if matches!(part.tag, Tag::SecretKey | Tag::SecretSubkey) {
                return Err(Wrong::Secret);
            }
            if !belongs(part.tag) {
                return Err(Wrong::Packet(number + 1, part.tag));
            }
            if part.tag == Tag::PublicKey {
                skipped = part.packet.is_err();
            }
            match (part.packet, all.last_mut().filter(|_| !skipped)) {
                (Ok(Packet::PublicKey(primary)), _) => {
                    all.push(Self { primary, direct: vec![], users: vec![], subkeys: vec![] });
                    about = About::Primary;
                }
                (Ok(packet), Some(certificate)) => about = certificate.add(packet, about),
                // A signature that is not understood is about the same as those around it.
                _ if part.tag == Tag::Signature => {}
                _ => about = About::Nothing,
            }
        }
        Ok(all)
    }

    fn add(&mut self, packet: Packet, about: About) -> About {
        match packet {
            Packet::UserId(id) => {
                self.users.push(User { id, signatures: vec![] });
                About::User
            }
            Packet::PublicSubkey(key) => {
                self.subkeys.push(Subkey { key, signatures: vec![] });
                About::Subkey
            }
            Packet::UserAttribute(_) => About::Nothing,
            Packet::Signature(signature) => {
                self.add_signature(signature, &about);
                about
            }
            _ => about,
        }
    }

    /// Keeps a signature that the primary key made over what it stands after.
    fn add_signature(&mut self, signature: Signature, about: &About) {
        let primary = &self.primary;
        match (signature.typ(), about) {
            (Some(SignatureType::Key | SignatureType::KeyRevocation), _)
                if signature.verify_key(primary).is_ok() =>
            {
                self.direct.push(signature);
            }
            (Some(SignatureType::SubkeyBinding | SignatureType::SubkeyRevocation), About::Subkey) => {
                let subkey = self.subkeys.last_mut();
                let own = |s: &&mut Subkey| signature.verify_subkey_binding(primary, &s.key).is_ok();
                if let Some(subkey) = subkey.filter(own) {
                    subkey.signatures.push(signature);
                }
            }
            (Some(_), About::User) if signature.is_certification() => {
                let user = self.users.last_mut();
                let own = |u: &&mut User| signature.verify_certification(primary, Tag::UserId, &u.id).is_ok();
                if let Some(user) = user.filter(own) {
                    user.signatures.push(signature);
                }
            }
            _ => {}
        }
    }

    /// The certificate as packets, with nothing but what its owner signed.
    pub(super) fn write(&self, to: &mut Vec<u8>) -> Result<()> {
        self.primary.to_writer_with_header(to)?;
        for signature in &self.direct {
            signature.to_writer_with_header(to)?;
        }
        for user in self.users.iter().filter(|user| !user.signatures.is_empty()) {
            user.id.to_writer_with_header(to)?;
            for signature in &user.signatures {
                signature.to_writer_with_header(to)?;
            }
        }
        for subkey in self.subkeys.iter().filter(|subkey| !subkey.signatures.is_empty()) {
            subkey.key.to_writer_with_header(to)?;
            for signature in &subkey.signatures {
                signature.to_writer_with_header(to)?;
            }
        }
        Ok(())
    }
}

/// Whether a keyring may hold such a packet.
fn belongs(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::PublicKey
            | Tag::PublicSubkey
            | Tag::Signature
            | Tag::UserId
            | Tag::UserAttribute
            | Tag::Trust
            | Tag::Marker
            | Tag::Padding
            | Tag::UnassignedNonCritical(_)
            | Tag::Experimental(_)
    )
}
