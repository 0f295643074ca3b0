//! The files of a layer (image-spec, "layer"), as far as two of them can be told apart.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read};

use tar::{Archive, EntryType};

use super::compare::drain;
use super::document::Descriptor;
use super::folder::{Folder, FolderError};
use super::unpacked::Unpacked;
use crate::model::{Algorithm, Digest, Hasher};

/// The most entries that are kept of a layer.
const ENTRIES: usize = 2_000_000;

/// What is before an extended attribute in an archive, as tar and as libarchive write it.
const ATTRIBUTES: [&str; 2] = ["SCHILY.xattr.", "LIBARCHIVE.xattr."];
/// Records of what an entry tells itself.
const TOLD: [&str; 3] = ["path", "linkpath", "size"];
/// How many characters of an attribute are shown.
const SHOWN: usize = 40;

/// An entry of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    kind: u8,
    mode: u32,
    owner: (u64, u64),
    names: (String, String),
    modified: u64,
    target: String,
    /// Which device it is, where it is one.
    device: Option<(u32, u32)>,
    /// Extended attributes, and whatever else was written beside it.
    records: BTreeMap<String, Vec<u8>>,
    size: u64,
    content: Digest,
}

/// What a layer turned out to hold.
pub(super) enum Content {
    Files(Vec<Entry>),
    /// It cannot be looked into, for this reason.
    Unknown(String),
}

impl Entry {
    /// What of two entries with one path differs.
    pub(super) fn apart(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut field = |name: &str, one: String, other: String| {
            if one != other {
                found.push(format!("{name} {one} and {other}"));
            }
        };
        field("kind", (self.kind as char).to_string(), (other.kind as char).to_string());
        field("mode", format!("{:o}", self.mode), format!("{:o}", other.mode));
        field(
            "owner",
            format!("{}:{}", self.owner.0, self.owner.1),
            format!("{}:{}", other.owner.0, other.owner.1),
        );
        let names = |entry: &Self| format!("{}:{}", entry.names.0, entry.names.1);
        field("owner's name", names(self), names(other));
        field("time", self.modified.to_string(), other.modified.to_string());
        field("target", self.target.clone(), other.target.clone());
        let device = |entry: &Self| match entry.device {
            Some((major, minor)) => format!("{major}:{minor}"),
            None => "none".into(),
        };
        field("device", device(self), device(other));
        let names: BTreeSet<&String> = self.records.keys().chain(other.records.keys()).collect();
        for name in names {
            let [one, other] = [self, other].map(|entry| shown(entry.records.get(name)));
            field(&what(name), one, other);
        }
        field("size", self.size.to_string(), other.size.to_string());
        if self.size == other.size {
            field("content", self.content.short(), other.content.short());
        }
        found
    }
}

/// The entries of a layer, in its order.
pub(super) fn entries(folder: &Folder, layer: &Descriptor) -> Result<Content, FolderError> {
    let (file, _) = folder.blob_of(layer)?;
    Ok(match read(BufReader::new(file)) {
        Ok(entries) => Content::Files(entries),
        Err(error) => Content::Unknown(error.to_string()),
    })
}

/// What a record is, for people.
fn what(record: &str) -> String {
    match ATTRIBUTES.iter().find_map(|before| record.strip_prefix(before)) {
        Some(attribute) => format!("attribute {attribute}"),
        None => format!("record {record}"),
    }
}

/// Enough of a value to see that it is another; its digest where that is not all of it.
fn shown(value: Option<&Vec<u8>>) -> String {
    let Some(value) = value else { return "none".into() };
    let text = value.escape_ascii().to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}… ({})", &text[..end], Digest::sha256(value).short()),
        None => text,
    }
}

/// A name as it is written, and as no other is.
fn name(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.escape_ascii().to_string(), str::to_owned)
}

pub(super) fn read(reader: impl BufRead) -> io::Result<Vec<Entry>> {
    let mut archive = Archive::new(Unpacked::new(reader, None)?);
    let mut found = Vec::new();
    for entry in archive.entries()? {
        if found.len() >= ENTRIES {
            return Err(io::Error::other("it has too many files"));
        }
        found.push(one(entry?)?);
    }
    Ok(found)
}

fn one(mut entry: tar::Entry<'_, impl Read>) -> io::Result<Entry> {
    let records = records(&mut entry)?;
    let header = entry.header();
    let (kind, mode) = (header.entry_type(), header.mode()?);
    let (owner, modified) = ((header.uid()?, header.gid()?), header.mtime()?);
    let names =
        [header.username_bytes(), header.groupname_bytes()].map(|bytes| name(bytes.unwrap_or_default()));
    // Other kinds have anything there.
    let device = match kind {
        EntryType::Char | EntryType::Block => header.device_major()?.zip(header.device_minor()?),
        _ => None,
    };
    let path = name(&entry.path_bytes()).trim_start_matches("./").to_owned();
    let target = entry.link_name_bytes().map(|bytes| name(&bytes)).unwrap_or_default();
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let size = drain(&mut entry, |bytes| hasher.update(bytes))?;
    let (kind, names, content) = (kind.as_byte(), names.into(), hasher.finish());
    Ok(Entry { path, kind, mode, owner, names, modified, target, device, records, size, content })
}

/// What is written beside an entry and does not show in it.
fn records(entry: &mut tar::Entry<'_, impl Read>) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for record in entry.pax_extensions()?.into_iter().flatten() {
        let record = record?;
        let key = name(record.key_bytes());
        if !TOLD.contains(&key.as_str()) {
            found.insert(key, record.value_bytes().to_vec());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn archive(files: &[(&str, u32, u64, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, mode, modified, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(*mode);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(*modified);
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    /// An archive with one device, and records before it.
    fn device(minor: u32, user: &str, records: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_pax_extensions(records.iter().copied()).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_path("dev/null").unwrap();
        header.set_entry_type(EntryType::Char);
        header.set_device_major(1).unwrap();
        header.set_device_minor(minor).unwrap();
        header.set_username(user).unwrap();
        for set in [tar::Header::set_uid, tar::Header::set_gid, tar::Header::set_mtime, tar::Header::set_size]
        {
            set(&mut header, 0);
        }
        header.set_mode(0o666);
        header.set_cksum();
        builder.append(&header, io::empty()).unwrap();
        builder.into_inner().unwrap()
    }

    #[test]
    fn what_is_beside_a_file_is_compared_too() {
        let apart = |one: &[u8], other: &[u8]| of(one)[0].apart(&of(other)[0]);
        let capability = "SCHILY.xattr.security.capability";
        let plain = device(3, "root", &[(capability, b"\x01\x02")]);
        assert_eq!(apart(&plain, &plain), [""; 0]);
        let cases: [(Vec<u8>, &str); 5] = [
            (device(4, "root", &[(capability, b"\x01\x02")]), "device 1:3 and 1:4"),
            (device(3, "wheel", &[(capability, b"\x01\x02")]), "owner's name root: and wheel:"),
            (device(3, "root", &[(capability, b"\x01")]), r"attribute security.capability \x01\x02 and \x01"),
            (device(3, "root", &[]), r"attribute security.capability \x01\x02 and none"),
            (device(3, "root", &[(capability, b"\x01\x02"), ("mtime", b"0.5")]), "record mtime none and 0.5"),
        ];
        for (other, told) in cases {
            assert_eq!(apart(&plain, &other), [told]);
        }
        let long = |end| {
            device(3, "root", &[("LIBARCHIVE.xattr.user.x", format!("{}{end}", "a".repeat(60)).as_bytes())])
        };
        let told = apart(&long("b"), &long("c"));
        assert!(
            told.len() == 1 && told[0].contains("… (sha256:"),
            "what differs far behind is told: {told:?}"
        );
    }

    fn of(bytes: &[u8]) -> Vec<Entry> {
        read(bytes).unwrap()
    }

    #[test]
    fn files_are_the_same_however_they_are_packed() {
        let plain = archive(&[("a/b", 0o644, 5, "x")]);
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&plain).unwrap();
        assert_eq!(of(&plain), of(&packer.finish().unwrap()));
        assert_eq!(of(&plain), of(&zstd::encode_all(plain.as_slice(), 1).unwrap()));
        assert!(read(BufReader::new(&plain[..700])).is_err());
    }

    #[test]
    fn what_differs_is_named() {
        let one = of(&archive(&[("a", 0o644, 5, "x")]));
        let other = of(&archive(&[("a", 0o755, 6, "y")]));
        let apart = one[0].apart(&other[0]);
        assert_eq!(apart[..2], ["mode 644 and 755", "time 5 and 6"]);
        assert!(apart.len() == 3 && apart[2].starts_with("content "), "{apart:?}");
        assert_eq!(one[0].apart(&one[0]), [""; 0]);
    }
}
