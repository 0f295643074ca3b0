//! Whether a layout has what is locked, by hashing all of it. Nobody is asked.

use std::collections::BTreeSet;

use super::contents::name_of;
use super::pull::{attestations, is_foreign};
use crate::model::{Digest, ImagePin, Platform};
use crate::oci::{Descriptor, Folder, FolderError};

/// What an image has in a layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many pieces of content are there as they should be.
    pub pieces: u64,
    /// How many bytes those have.
    pub bytes: u64,
    /// What is not.
    pub flaws: Vec<Flaw>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What it is: `the index`, `a layer`.
    pub what: &'static str,
    /// Of which platform, where it is of one.
    pub platform: Option<Platform>,
    /// Its digest.
    pub digest: Digest,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// A folder or the like is in its place.
    NotAFile,
    /// It is something else: this, where its bytes were read.
    Wrong(String),
    /// It leads to this.
    LeadsTo(Digest),
    /// The locked index does not have it.
    NotAChild,
}

const ATTESTATIONS: &str = "the manifest of attestations";
const ATTESTATION: &str = "an attestation";

impl Flaw {
    /// Whether it is in what is attested of an image, which is copied only where that is asked for.
    pub fn is_attested(&self) -> bool {
        [ATTESTATIONS, ATTESTATION].contains(&self.what)
    }
}

/// Checks that the layout has the image of a pin: under its name, with the manifests of the locked platforms, their
/// configurations and layers. What is attested of them may be missing, and must be right. `locked` are all pins: of two that
/// have different digests of one tag, only one can have the tag.
pub fn check(
    folder: &Folder,
    names: &[Descriptor],
    pin: &ImagePin,
    locked: &[&ImagePin],
) -> Result<Checked, FolderError> {
    let mut check = Check { folder, checked: Checked::default(), seen: BTreeSet::new() };
    check.names(names, pin, locked);
    if !pin.media_type.is_index() {
        check.image(pin.platforms.keys().next(), &pin.digest)?;
        return Ok(check.checked);
    }
    let Some(children) = check.manifest("the index", None, &pin.digest)? else {
        return Ok(check.checked);
    };
    let named: BTreeSet<&Digest> = children.manifests.iter().map(|child| &child.digest).collect();
    for (platform, digest) in &pin.platforms {
        match named.contains(digest) {
            true => check.image(Some(platform), digest)?,
            false => check.flaw("the manifest", Some(platform), digest, Fault::NotAChild),
        }
    }
    let images: Vec<Digest> = pin.platforms.values().cloned().collect();
    for digest in attestations(&children.manifests, &images) {
        check.attestation(&digest)?;
    }
    Ok(check.checked)
}

struct Check<'a> {
    folder: &'a Folder,
    checked: Checked,
    /// What several manifests share is counted once.
    seen: BTreeSet<Digest>,
}

impl Check<'_> {
    fn flaw(&mut self, what: &'static str, platform: Option<&Platform>, digest: &Digest, fault: Fault) {
        let (platform, digest) = (platform.cloned(), digest.clone());
        self.checked.flaws.push(Flaw { what, platform, digest, fault });
    }

    /// What `index.json` calls the image, and what else it calls by the image's tag.
    fn names(&mut self, names: &[Descriptor], pin: &ImagePin, locked: &[&ImagePin]) {
        let is_locked = |digest: &Digest| {
            let of_tag = |other: &&&ImagePin| other.repository == pin.repository && other.tag == pin.tag;
            locked.iter().filter(of_tag).any(|other| other.digest == *digest)
        };
        let (mut is_named, mut others) = (false, BTreeSet::new());
        for entry in names {
            match name_of(entry, None) {
                Ok((repository, _)) if repository != pin.repository => {}
                Ok(_) if entry.digest == pin.digest => is_named = true,
                Ok((_, Some(tag))) if tag == pin.tag && !is_locked(&entry.digest) => {
                    others.insert(entry.digest.clone());
                }
                // What has no name, or none that can be read, leads nobody here.
                Ok(_) | Err(_) => {}
            }
        }
        if !is_named {
            self.flaw("its name in index.json", None, &pin.digest, Fault::Missing);
        }
        for other in others {
            self.flaw("its tag in index.json", None, &pin.digest, Fault::LeadsTo(other));
        }
    }

    /// A manifest with its configuration and its layers.
    fn image(&mut self, platform: Option<&Platform>, digest: &Digest) -> Result<(), FolderError> {
        let Some(document) = self.manifest("the manifest", platform, digest)? else { return Ok(()) };
        if let Some(config) = &document.config {
            self.blob("the configuration", platform, &config.digest)?;
        }
        for layer in document.layers.iter().filter(|layer| !is_foreign(layer)) {
            self.blob("a layer", platform, &layer.digest)?;
        }
        Ok(())
    }

    /// What is attested; not all copies have it.
    fn attestation(&mut self, digest: &Digest) -> Result<(), FolderError> {
        if self.folder.manifest(digest).is_err_and(|error| error.is_missing()) {
            return Ok(());
        }
        let Some(document) = self.manifest(ATTESTATIONS, None, digest)? else {
            return Ok(());
        };
        for blob in document.config.iter().chain(&document.layers) {
            self.blob(ATTESTATION, None, &blob.digest)?;
        }
        Ok(())
    }

    fn manifest(
        &mut self,
        what: &'static str,
        platform: Option<&Platform>,
        digest: &Digest,
    ) -> Result<Option<crate::oci::Document>, FolderError> {
        let read = self.folder.manifest(digest).map(|bytes| bytes.len() as u64);
        if self.judge(what, platform, digest, read)?.is_none() {
            return Ok(None);
        }
        match self.folder.document(digest) {
            Ok(document) => Ok(Some(document)),
            Err(error @ FolderError::Json { .. }) => {
                self.flaw(what, platform, digest, Fault::Wrong(error.to_string()));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn blob(
        &mut self,
        what: &'static str,
        platform: Option<&Platform>,
        digest: &Digest,
    ) -> Result<(), FolderError> {
        let read = self.folder.blob(digest).map(|(_, length)| length);
        self.judge(what, platform, digest, read).map(drop)
    }

    /// Counts what is right, and notes what is not; a layout that cannot be read is neither.
    fn judge(
        &mut self,
        what: &'static str,
        platform: Option<&Platform>,
        digest: &Digest,
        read: Result<u64, FolderError>,
    ) -> Result<Option<()>, FolderError> {
        let fault = match read {
            Ok(length) => {
                if self.seen.insert(digest.clone()) {
                    self.checked.pieces += 1;
                    self.checked.bytes += length;
                }
                return Ok(Some(()));
            }
            Err(error) if error.is_missing() => Fault::Missing,
            Err(FolderError::NotAFile { .. }) => Fault::NotAFile,
            Err(FolderError::Corrupt { found, .. }) => Fault::Wrong(format!("its content is {found}")),
            Err(error @ FolderError::TooLarge { .. }) => Fault::Wrong(error.to_string()),
            Err(error) => return Err(error),
        };
        self.flaw(what, platform, digest, fault);
        Ok(None)
    }
}
