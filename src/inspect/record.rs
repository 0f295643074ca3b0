//! dpkg's record of what is installed, read from the layers of an image (image-spec, "layer").
//!
//! Nothing is unpacked to a disk: each layer goes through once, is hashed as it does, and only the few files that count are
//! kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};

use tar::{Archive, EntryType};

use crate::debian::{Installed, installed};
use crate::model::{Digest, harmless};
use crate::oci::{Descriptor, Folder, FolderError, Unpacked};

/// The most bytes that dpkg's record may have: 30 times that of a desktop.
const RECORD: u64 = 256 << 20;
/// How much of a layer is read at once.
const BUFFER: usize = 256 << 10;

/// Where dpkg's record is. Images without dpkg have a folder of that name with a file a package.
const STATUS: &str = "var/lib/dpkg/status";
const STATUS_FOLDER: &str = "var/lib/dpkg/status.d/";

/// What is before a name that a layer takes away, and instead of all names of a folder.
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// Why what is installed cannot be told.
#[derive(Debug, thiserror::Error)]
pub(super) enum LayerError {
    /// The layout does not have it, or something else.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// It cannot be unpacked.
    #[error("the layer {0} cannot be read: {1}")]
    Unreadable(Digest, String),
    /// Its content is not what the configuration says.
    #[error("the layer {layer} unpacks to {found}, and the configuration says {said}")]
    Other { layer: Digest, said: Digest, found: Digest },
    /// The record is none.
    #[error("{0}: {1}")]
    Record(String, String),
}

/// What is installed in an image, and in its base.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// None where there is no record at all.
    pub(super) image: Option<BTreeSet<Installed>>,
    pub(super) base: BTreeSet<Installed>,
    /// Whether a layer from the base's last on had packages in it, and a higher one took all of them away.
    pub(super) is_gone: bool,
}

/// The files that count, as they are after some layers.
pub(super) type Files = BTreeMap<String, Kept>;

#[derive(Clone)]
pub(super) enum Kept {
    Bytes(Vec<u8>),
    /// A link, whose target is not looked for.
    Link,
}

/// Reads the record of an image, and that of its lowest `base` layers.
pub(super) fn record(
    folder: &Folder,
    layers: &[Descriptor],
    diff_ids: &[Digest],
    base: usize,
) -> Result<Record, LayerError> {
    let mut files = Files::new();
    let mut record = Record::default();
    let mut had = false;
    for (i, layer) in layers.iter().enumerate() {
        let (file, _) = folder.blob_of(layer)?;
        let unreadable =
            |error: io::Error| LayerError::Unreadable(layer.digest.clone(), harmless(&error.to_string()));
        let said = diff_ids.get(i);
        let (changes, found) = changes(BufReader::with_capacity(BUFFER, file), said).map_err(unreadable)?;
        if let (Some(found), Some(said)) = (found, said)
            && found != *said
        {
            return Err(LayerError::Other { layer: layer.digest.clone(), said: said.clone(), found });
        }
        let is_new = !changes.added.is_empty();
        changes.apply(&mut files);
        if i + 1 == base {
            record.base = packages(&files)?.unwrap_or_default();
        }
        // One that cannot be read may have any.
        let has_some = || packages(&files).map_or(true, |all| all.is_some_and(|all| !all.is_empty()));
        had = had || (i + 1 == base || i + 1 > base && is_new) && has_some();
    }
    record.image = packages(&files)?;
    record.is_gone = had && record.image.as_ref().is_none_or(BTreeSet::is_empty);
    Ok(record)
}

pub(super) fn packages(files: &Files) -> Result<Option<BTreeSet<Installed>>, LayerError> {
    let mut all = BTreeSet::new();
    for (path, kept) in files {
        let wrong = |why: String| LayerError::Record(harmless(path), why);
        match kept {
            Kept::Link => return Err(wrong("it is a link".into())),
            Kept::Bytes(bytes) => {
                all.extend(installed(bytes.as_slice()).map_err(|error| wrong(error.to_string()))?);
            }
        }
    }
    Ok((!files.is_empty()).then_some(all))
}

/// What a layer changes of the files that count.
#[derive(Default)]
pub(super) struct Changes {
    /// What is gone of lower layers: a path, and all that is below it.
    gone: BTreeSet<String>,
    added: Files,
    /// Folders, which are no links any more.
    folders: BTreeSet<String>,
}

impl Changes {
    pub(super) fn apply(self, files: &mut Files) {
        let is_gone = |path: &str| {
            let below =
                |gone: &String| path.strip_prefix(gone.as_str()).is_some_and(|rest| rest.starts_with('/'));
            self.gone.iter().any(|gone| gone.is_empty() || gone == path || below(gone))
        };
        let is_folder =
            |path: &String, kept: &Kept| matches!(kept, Kept::Link) && self.folders.contains(path);
        files.retain(|path, kept| !is_gone(path) && !is_folder(path, kept));
        files.extend(self.added);
    }
}

/// Whether a path is of a file that counts.
fn counts(path: &str) -> bool {
    let own = path.strip_prefix(STATUS_FOLDER);
    path == STATUS
        || own.is_some_and(|name| !name.is_empty() && !name.contains('/') && !name.ends_with(".md5sums"))
}

/// Whether a file that counts is at a path, or could be below it.
fn leads(path: &str) -> bool {
    [STATUS, STATUS_FOLDER]
        .iter()
        .any(|file| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
}

/// A path as a layer has it, relative to the image's root; `None` where it leads out of it.
fn plain(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            // Those who unpack take it as it reads, without looking what is a link.
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Goes through a layer; gives what it changes, and what it unpacks to where that is asked for.
pub(super) fn changes(
    layer: impl io::BufRead,
    said: Option<&Digest>,
) -> io::Result<(Changes, Option<Digest>)> {
    let mut archive = Archive::new(Unpacked::new(layer, said.map(Digest::algorithm))?);
    let mut changes = Changes::default();
    let mut left = RECORD;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let Some(path) = plain(&entry.path_bytes()) else { continue };
        let is_folder = entry.header().entry_type().is_dir();
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if name == OPAQUE {
            changes.gone.insert(parent.to_owned());
        } else if let Some(name) = name.strip_prefix(WHITEOUT) {
            let gone = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
            changes.gone.insert(gone);
        } else if is_folder {
            // Where a file was, it is none any more.
            match counts(&path) {
                true => changes.gone.insert(path),
                false => leads(&path) && changes.folders.insert(path),
            };
        } else if counts(&path) {
            let kept = keep(&mut entry, &mut left)?;
            changes.added.insert(path, kept);
        } else if leads(&path) {
            // Where a folder was, it is none any more; where a link leads, a record may be.
            if matches!(entry.header().entry_type(), EntryType::Symlink | EntryType::Link) {
                changes.added.insert(path.clone(), Kept::Link);
            }
            changes.gone.insert(path);
        }
    }
    Ok((changes, archive.into_inner().finish()?))
}

fn keep(entry: &mut tar::Entry<'_, impl Read>, left: &mut u64) -> io::Result<Kept> {
    if !matches!(
        entry.header().entry_type(),
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse
    ) {
        return Ok(Kept::Link);
    }
    let mut bytes = Vec::new();
    entry.take(*left + 1).read_to_end(&mut bytes)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    *left = left.checked_sub(length).ok_or_else(|| io::Error::other("dpkg's record in it is too large"))?;
    Ok(Kept::Bytes(bytes))
}
