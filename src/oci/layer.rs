//! The files of a layer (image-spec, "layer"): a tar archive, packed or not, read through once and never unpacked.

use std::io::{self, BufRead as _, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use tar::Archive;

use super::compare::drain;
use super::document::Descriptor;
use super::folder::{Folder, FolderError};
use crate::model::{Algorithm, Digest, Hasher};

/// The most entries that are kept of a layer.
const ENTRIES: usize = 2_000_000;

/// An entry of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: String,
    kind: u8,
    mode: u32,
    owner: (u64, u64),
    modified: u64,
    target: String,
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
        field("time", self.modified.to_string(), other.modified.to_string());
        field("target", self.target.clone(), other.target.clone());
        field("size", self.size.to_string(), other.size.to_string());
        if self.size == other.size {
            field("content", self.content.short(), other.content.short());
        }
        found
    }
}

/// The entries of a layer, in its order.
pub(super) fn entries(folder: &Folder, layer: &Descriptor) -> Result<Content, FolderError> {
    let (file, _) = folder.blob(&layer.digest)?;
    Ok(match read(BufReader::new(file)) {
        Ok(entries) => Content::Files(entries),
        Err(error) => Content::Unknown(error.to_string()),
    })
}

/// The archive behind whatever it is packed with.
fn unpacked<'r>(mut reader: BufReader<impl Read + 'r>) -> io::Result<Box<dyn Read + 'r>> {
    Ok(match reader.fill_buf()? {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(reader)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::Decoder::with_buffer(reader)?),
        _ => Box::new(reader),
    })
}

fn read(reader: BufReader<impl Read>) -> io::Result<Vec<Entry>> {
    let mut archive = Archive::new(unpacked(reader)?);
    let mut found = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let header = entry.header();
        let (kind, mode) = (header.entry_type().as_byte(), header.mode()?);
        let (owner, modified) = ((header.uid()?, header.gid()?), header.mtime()?);
        let path = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        let target = entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let size = drain(&mut entry, |bytes| hasher.update(bytes))?;
        if found.len() >= ENTRIES {
            return Err(io::Error::other("it has too many files"));
        }
        let (target, content) = (target.unwrap_or_default(), hasher.finish());
        found.push(Entry { path, kind, mode, owner, modified, target, size, content });
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

    fn of(bytes: &[u8]) -> Vec<Entry> {
        read(BufReader::new(bytes)).unwrap()
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
