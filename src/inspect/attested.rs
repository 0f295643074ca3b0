//! The images of an OCI layout, each with what is attested of it.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde::Deserialize;

use super::revision::{Claims, LABEL};
use super::unreadable;
use crate::error::{Error, Status};
use crate::model::{Digest, Platform};
use crate::oci::{Descriptor, Document, Folder, FolderError};
use crate::provenance::{LIMIT, PREDICATE_TYPES, Statement, statement};

/// Marks what an index holds about another of its entries, and says about which.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
const ATTESTATION: &str = "attestation-manifest";
/// What the layer of an attestation states.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";
/// What an entry of `index.json` is called.
const NAMES: [&str; 2] = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];
const REVISION: &str = "org.opencontainers.image.revision";

/// Indexes within indexes: builders write two.
const DEPTH: usize = 4;
/// More images than any index has.
const IMAGES: usize = 1000;
/// More than any configuration of an image has.
const CONFIGURATION: u64 = 8 << 20;

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

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
    config: Option<Settings>,
    rootfs: Option<Layers>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Layers {
    diff_ids: Option<Vec<String>>,
}

/// The images of a layout, or of what is called `name` there.
pub(super) fn images(folder: &Folder, name: Option<&str>) -> Result<Vec<Attested>, Error> {
    let mut entries = folder.index().map_err(unreadable)?;
    if let Some(name) = name {
        let is_called = |entry: &Descriptor| {
            NAMES.iter().any(|key| entry.annotations.get(*key).is_some_and(|own| is(own, name)))
        };
        entries.retain(is_called);
    }
    let mut found = Vec::new();
    collect(folder, entries, DEPTH, &mut found)?;
    Ok(found)
}

/// Whether something is called `name`, or has it for a tag.
fn is(own: &str, name: &str) -> bool {
    own == name || own.rsplit_once(':').is_some_and(|(_, tag)| tag == name && !tag.contains('/'))
}

fn collect(
    folder: &Folder,
    entries: Vec<Descriptor>,
    depth: usize,
    found: &mut Vec<Attested>,
) -> Result<(), Error> {
    let (about, images): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_attestation);
    for entry in images {
        let document = match folder.document(&entry.digest) {
            // A layout may have been filled for some platforms only.
            Err(error) if error.is_missing() && depth < DEPTH => continue,
            document => document.map_err(unreadable)?,
        };
        if document.config.is_none() {
            let Some(depth) = depth.checked_sub(1) else {
                return Err(too_much(format!(
                    "{}: it has indexes within more than {DEPTH} others",
                    entry.digest
                )));
            };
            collect(folder, document.manifests, depth, found)?;
            continue;
        }
        let is_about = |about: &&Descriptor| {
            about.annotations.get(REFERENCE_DIGEST).is_some_and(|of| *of == entry.digest.to_string())
        };
        if found.iter().any(|other: &Attested| other.manifest == entry.digest) {
            continue;
        }
        if found.len() >= IMAGES {
            return Err(too_much(format!("it has more than {IMAGES} images")));
        }
        let statements = statements(folder, about.iter().filter(is_about)).map_err(unreadable)?;
        found.extend(image(folder, &entry, document, statements).map_err(unreadable)?);
    }
    Ok(())
}

/// Whether an entry is what is attested of another: what only says so and can be run is an image.
fn is_attestation(entry: &Descriptor) -> bool {
    entry.platform().is_none()
        && entry.annotations.get(REFERENCE_TYPE).is_some_and(|kind| kind == ATTESTATION)
}

/// What is left out could be anything.
fn too_much(why: String) -> Error {
    Error::new(Status::Failed, why).hint("no builder writes that: do not trust it")
}

fn image(
    folder: &Folder,
    entry: &Descriptor,
    document: Document,
    statements: Statements,
) -> Result<Option<Attested>, FolderError> {
    let Some(config) = document.config else { return Ok(None) };
    let bytes = bytes(folder, &config, CONFIGURATION)?;
    // What is no image's has nothing that could be compared, and that is found.
    let found: Configuration = serde_json::from_slice(&bytes).unwrap_or_default();
    let said = Platform::new(
        found.os.as_deref().unwrap_or_default(),
        found.architecture.as_deref().unwrap_or_default(),
        found.variant.as_deref(),
    );
    let platform = entry.platform().or(said.ok());
    let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
    let claims = Claims::default()
        .and(LABEL, labels.get(REVISION).cloned())
        .and("its annotation", entry.annotations.get(REVISION).cloned());
    let diff_ids = found.rootfs.and_then(|rootfs| rootfs.diff_ids).unwrap_or_default();
    // One that is none is none of a base either.
    let diff_ids = diff_ids.iter().map_while(|text| text.parse().ok()).collect();
    let (manifest, layers) = (entry.digest.clone(), document.layers);
    Ok(Some(Attested { platform, manifest, layers, diff_ids, claims, statements }))
}

fn statements<'d>(
    folder: &Folder,
    attestations: impl Iterator<Item = &'d Descriptor>,
) -> Result<Statements, FolderError> {
    let mut all = Vec::new();
    for attestation in attestations {
        let document = match folder.document(&attestation.digest) {
            Err(error) if error.is_missing() => return Ok(Statements::Unreadable(error.to_string())),
            document => document?,
        };
        let states = |layer: &&Descriptor| {
            let kind = layer.annotations.get(PREDICATE_TYPE);
            kind.is_some_and(|kind| PREDICATE_TYPES.contains(&kind.as_str()))
        };
        for layer in document.layers.iter().filter(states) {
            let limit = u64::try_from(LIMIT).unwrap_or(u64::MAX);
            let bytes = match bytes(folder, layer, limit) {
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

/// The bytes of a blob that is small enough.
fn bytes(folder: &Folder, of: &Descriptor, limit: u64) -> Result<Vec<u8>, FolderError> {
    let (file, size) = folder.blob(&of.digest)?;
    let name = of.digest.to_string();
    if size > limit {
        return Err(FolderError::TooLarge { file: name, size, limit });
    }
    let mut bytes = Vec::new();
    match file.take(limit).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(source) => Err(FolderError::Read { file: name, source }),
    }
}
