//! The images of an OCI layout, each with what is attested of it.

use super::revision::{Claims, LABEL};
use crate::model::{Digest, Platform};
use crate::oci::{Descriptor, Folder, FolderError, Image, Walk};
use crate::provenance::{LIMIT, PREDICATE_TYPES, Statement, statement};

/// What the layer of an attestation states.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";
/// What an entry of `index.json` is called.
const NAMES: [&str; 2] = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];
const REVISION: &str = "org.opencontainers.image.revision";

/// An image.
pub(super) struct Attested {
    pub(super) platform: Option<Platform>,
    pub(super) manifest: Digest,
    /// The lowest first.
    pub(super) layers: Vec<Descriptor>,
    /// What its configuration says that they are, unpacked.
    pub(super) diff_ids: Vec<Digest>,
    /// What it says of its revision.
    pub(super) claims: Claims,
    pub(super) statements: Statements,
}

/// What is stated of an image.
pub(super) enum Statements {
    Read(Vec<Statement>),
    /// There is something, and it is of no use for this reason.
    Unreadable(String),
}

/// The images of a layout, or of what is called `name` there; none where nothing is.
pub(super) fn find(folder: &Folder, name: Option<&str>) -> Result<Option<Walk>, FolderError> {
    let mut entries = folder.index()?;
    if let Some(name) = name {
        let is_called = |entry: &Descriptor| {
            NAMES.iter().any(|key| entry.annotations.get(*key).is_some_and(|own| is(own, name)))
        };
        entries.retain(is_called);
    }
    if entries.is_empty() {
        return Ok(None);
    }
    folder.walk(entries).map(Some)
}

/// Whether something is called `name`, or has it for a tag.
fn is(own: &str, name: &str) -> bool {
    own == name || own.rsplit_once(':').is_some_and(|(_, tag)| tag == name && !tag.contains('/'))
}

/// What an image says of itself, and what is stated of it.
pub(super) fn read(folder: &Folder, image: Image) -> Result<Attested, FolderError> {
    // What is no image's configuration has nothing that could be compared, and that is found.
    let said = folder.configuration(&image.config)?;
    let claims = Claims::default()
        .and(LABEL, said.label(REVISION).cloned())
        .and("its annotation", image.entry.annotations.get(REVISION).cloned());
    Ok(Attested {
        platform: image.entry.platform().or_else(|| said.platform()),
        statements: statements(folder, &image.attestations)?,
        manifest: image.manifest,
        layers: image.layers,
        diff_ids: said.diff_ids(),
        claims,
    })
}

fn statements(folder: &Folder, attestations: &[Descriptor]) -> Result<Statements, FolderError> {
    let mut all = Vec::new();
    for attestation in attestations {
        let document = match folder.document_of(attestation) {
            Err(error) if error.is_missing() => return Ok(Statements::Unreadable(error.to_string())),
            document => document?,
        };
        let states = |layer: &&Descriptor| {
            let kind = layer.annotations.get(PREDICATE_TYPE);
            kind.is_some_and(|kind| PREDICATE_TYPES.contains(&kind.as_str()))
        };
        for layer in document.layers.iter().filter(states) {
            let limit = u64::try_from(LIMIT).unwrap_or(u64::MAX);
            let bytes = match folder.small(layer, limit) {
                Ok(bytes) => bytes,
                Err(error @ FolderError::Corrupt { .. }) => return Err(error),
                Err(error) => return Ok(Statements::Unreadable(error.to_string())),
            };
            match statement(&bytes) {
                Ok(statement) => all.push(statement),
                Err(error) => return Ok(Statements::Unreadable(error.to_string())),
            }
        }
    }
    Ok(Statements::Read(all))
}
