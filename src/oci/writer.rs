//! Filling an OCI image layout. Content has its name only once it is whole and its bytes were hashed: a kill at any point
//! leaves what is right, or what the next run goes on with.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::folder::blob_name;
use crate::model::{Digest, Hasher, MediaType};

/// Where content is while it is incomplete.
const PARTIAL: &str = ".partial";

/// The annotation of a name in `index.json`.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// A layout that is filled. One at a time may do so: whoever uses it keeps others out.
#[derive(Debug)]
pub struct Writer {
    root: PathBuf,
}

/// Content as it comes in.
pub struct Incoming {
    file: File,
    path: PathBuf,
    target: PathBuf,
    expected: Digest,
    hasher: Hasher,
    length: u64,
}

impl Writer {
    /// Opens the layout at `root`, or begins one in a folder that is new or empty.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        fs::create_dir_all(root.join("blobs"))?;
        fs::create_dir_all(root.join(PARTIAL))?;
        let writer = Self { root };
        if !writer.root.join("oci-layout").exists() {
            writer.put("oci-layout", json!({ "imageLayoutVersion": "1.0.0" }).to_string().as_bytes())?;
        }
        if !writer.root.join("index.json").exists() {
            writer.name(&BTreeMap::new())?;
        }
        Ok(writer)
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether content is there; its bytes are not looked at.
    pub fn has(&self, digest: &Digest) -> bool {
        self.root.join(blob_name(digest)).is_file()
    }

    /// Adds content that is in memory. Fails where it is not what `digest` says.
    pub fn add(&self, digest: &Digest, content: &[u8]) -> io::Result<()> {
        let mut incoming = self.incoming(digest)?;
        incoming.restart()?;
        incoming.write(content)?;
        match incoming.finish()? {
            None => Ok(()),
            Some(found) => Err(io::Error::other(format!("{digest} is {found}"))),
        }
    }

    /// Content that is to come, after what came of it before.
    pub fn incoming(&self, digest: &Digest) -> io::Result<Incoming> {
        let name = format!("{}-{}", digest.algorithm().name(), digest.hex());
        let path = self.root.join(PARTIAL).join(name);
        let target = self.root.join(blob_name(digest));
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        let (mut hasher, mut length) = (Hasher::new(digest.algorithm()), 0);
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => {
                    hasher.update(&buffer[..read]);
                    length += read as u64;
                }
            }
        }
        Ok(Incoming { file, path, target, expected: digest.clone(), hasher, length })
    }

    /// Replaces what `index.json` names: by name, the digest, the size and the type of an index or a manifest.
    pub fn name(&self, names: &BTreeMap<String, (Digest, u64, MediaType)>) -> io::Result<()> {
        let manifests: Vec<Value> = names
            .iter()
            .map(|(name, (digest, size, media_type))| {
                json!({
                    "mediaType": media_type.as_str(), "digest": digest, "size": size, "annotations": { REF_NAME: name },
                })
            })
            .collect();
        self.put_index(&manifests)
    }

    /// Replaces the entries of `index.json`, as they are written there. The same as before is not written.
    pub fn put_index(&self, manifests: &[Value]) -> io::Result<()> {
        let index = json!({
            "schemaVersion": 2, "mediaType": MediaType::OciIndex.as_str(), "manifests": manifests,
        });
        let text = format!("{index:#}\n").into_bytes();
        match fs::read(self.root.join("index.json")) {
            Ok(before) if before == text => Ok(()),
            _ => self.put("index.json", &text),
        }
    }

    /// All content that is there, with where it is; what has no digest for a name is none.
    pub fn contents(&self) -> io::Result<Vec<(Digest, PathBuf)>> {
        let mut found = Vec::new();
        for algorithm in fs::read_dir(self.root.join("blobs"))? {
            let algorithm = algorithm?;
            if !algorithm.file_type()?.is_dir() {
                continue;
            }
            for entry in fs::read_dir(algorithm.path())? {
                let path = entry?.path();
                let name = [algorithm.path(), path.clone()].map(|path| {
                    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
                });
                if let Ok(digest) = name.join(":").parse() {
                    found.push((digest, path));
                }
            }
        }
        Ok(found)
    }

    /// Removes what came of content that is incomplete, unless it is wanted.
    pub fn forget_partial(&self, is_wanted: impl Fn(&Digest) -> bool) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join(PARTIAL))? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let digest = name.replacen('-', ":", 1).parse::<Digest>();
            if !digest.is_ok_and(|digest| is_wanted(&digest)) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let path = self.root.join(PARTIAL).join(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(path, self.root.join(name))
    }
}

impl Incoming {
    /// How many bytes are there.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Forgets what is there.
    pub fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.hasher = Hasher::new(self.expected.algorithm());
        self.length = 0;
        Ok(())
    }

    /// The next bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Removes what is there.
    pub fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    /// Gives the content its name. Where it is something else it is removed, and this is what it is.
    pub fn finish(self) -> io::Result<Option<Digest>> {
        let found = self.hasher.finish();
        if found != self.expected {
            fs::remove_file(&self.path)?;
            return Ok(Some(found));
        }
        self.file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::Folder;

    #[test]
    fn content_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let digest = Digest::sha256(b"content");
        let mut incoming = writer.incoming(&digest).unwrap();
        incoming.write(b"con").unwrap();
        drop(incoming);
        assert!(!writer.has(&digest));
        let mut incoming = Writer::open(folder.path()).unwrap().incoming(&digest).unwrap();
        assert_eq!(incoming.length(), 3, "what came before is still there");
        incoming.write(b"tent").unwrap();
        assert_eq!(incoming.finish().unwrap(), None);
        let read = Folder::open(folder.path()).unwrap();
        assert_eq!(read.manifest(&digest).unwrap(), b"content");
        let other = Digest::sha256(b"other");
        assert!(writer.add(&other, b"wrong").is_err());
        assert!(!writer.has(&other) && writer.incoming(&other).unwrap().length() == 0);
    }

    #[test]
    fn names_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let digest = Digest::sha256(b"{}");
        let name = "docker.io/library/rust:1.88".to_owned();
        writer.name(&BTreeMap::from([(name.clone(), (digest.clone(), 2, MediaType::OciIndex))])).unwrap();
        let index = Folder::open(folder.path()).unwrap().index().unwrap();
        assert_eq!((index.len(), &index[0].digest, index[0].size), (1, &digest, Some(2)));
        assert_eq!(index[0].annotations[REF_NAME], name);
        Writer::open(folder.path()).unwrap();
        assert_eq!(Folder::open(folder.path()).unwrap().index().unwrap().len(), 1, "what is there stays");
    }
}
