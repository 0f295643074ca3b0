//! Filling an OCI image layout. Content has its name only once it is whole and its bytes were hashed: a kill at any point
//! leaves what is right, or what the next run goes on with.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde_json::{Map, Value, json};

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
        fs::create_dir_all(&root)?;
        own_folder(&root.join("blobs"))?;
        own_folder(&root.join(PARTIAL))?;
        let writer = Self { root };
        for name in ["oci-layout", "index.json"] {
            // A pipe would be waited for when it is read, and a link leads elsewhere when it is written.
            let there = fs::symlink_metadata(writer.root.join(name));
            if there.is_ok_and(|there| !there.is_file()) {
                return Err(io::Error::other(format!("{name} is no file: remove it")));
            }
        }
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
        own_folder(&self.root.join("blobs").join(digest.algorithm().name()))?;
        let mut file = open_partial(&path)?;
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

    /// Replaces the entries of `index.json`, as they are written there; what it says besides stays. The same as before is
    /// not written.
    pub fn put_index(&self, manifests: &[Value]) -> io::Result<()> {
        let before = fs::read(self.root.join("index.json")).ok();
        let before = before.and_then(|text| serde_json::from_slice::<Map<String, Value>>(&text).ok());
        let mut index = before.unwrap_or_else(|| {
            Map::from_iter([
                ("schemaVersion".into(), json!(2)),
                ("mediaType".into(), json!(MediaType::OciIndex.as_str())),
            ])
        });
        let manifests = Value::from(manifests);
        if index.get("manifests") == Some(&manifests) {
            return Ok(());
        }
        index.insert("manifests".into(), manifests);
        self.put("index.json", format!("{:#}\n", Value::Object(index)).as_bytes())
    }

    /// All content that is there; what has no digest for a name is none.
    pub fn contents(&self) -> io::Result<Vec<Digest>> {
        let mut found = Vec::new();
        for algorithm in fs::read_dir(self.root.join("blobs"))? {
            let algorithm = algorithm?;
            if !algorithm.file_type()?.is_dir() {
                continue;
            }
            for entry in fs::read_dir(algorithm.path())? {
                let name = [algorithm.file_name(), entry?.file_name()];
                let name = name.map(|name| name.to_string_lossy().into_owned());
                found.extend(name.join(":").parse::<Digest>());
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
                clear(&path)?;
            }
        }
        Ok(())
    }

    /// Removes content; how many bytes that was.
    pub fn remove(&self, digest: &Digest) -> io::Result<u64> {
        let path = self.root.join(blob_name(digest));
        let size = fs::symlink_metadata(&path)?.len();
        clear(&path)?;
        Ok(size)
    }

    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let path = self.root.join(PARTIAL).join(name);
        clear(&path)?;
        // What is new is no link.
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
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
        if self.target.is_dir() {
            // A rename replaces everything else.
            clear(&self.target)?;
        }
        fs::rename(&self.path, &self.target)?;
        Ok(None)
    }
}

/// A folder of the layout, which is made if it is not there. A link would lead what is written somewhere else.
fn own_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => Ok(()),
        Ok(there) => {
            let is = if there.is_symlink() { "a symbolic link" } else { "no folder" };
            let what = format!("{} is {is}, and nothing is written through it: remove it", path.display());
            Err(io::Error::other(what))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::create_dir(path) {
            // Another download has just made it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => own_folder(path),
            made => made,
        },
        Err(error) => Err(error),
    }
}

/// What came of content before, to go on with; what is no file of the layout's own is replaced.
fn open_partial(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        clear(path)?;
    }
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new().read(true).append(true).create(true).custom_flags(no_link).open(path)
}

/// Removes what stands where a file of the layout belongs: a link, not what it leads to. A folder that holds something is
/// somebody's.
fn clear(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => fs::remove_dir(path).map_err(|error| {
            let what = format!("{} is a folder in the place of a file: remove it ({error})", path.display());
            io::Error::other(what)
        }),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

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

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fn nothing_is_written_through_a_link() {
        let outside = tempfile::tempdir().unwrap();
        let theirs = outside.path().join("theirs");
        fs::write(&theirs, "theirs").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let digest = Digest::sha256(b"content");
        let partial = folder.path().join(format!(".partial/sha256-{}", digest.hex()));
        symlink(&theirs, &partial).unwrap();
        symlink(&theirs, folder.path().join(".partial/index.json")).unwrap();
        fs::create_dir(folder.path().join("blobs/sha256")).unwrap();
        symlink("nothing", folder.path().join(blob_name(&digest))).unwrap();
        assert_eq!(writer.incoming(&digest).unwrap().length(), 0);
        writer.add(&digest, b"content").unwrap();
        writer.put_index(&[json!({})]).unwrap();
        assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
        assert!(!folder.path().join(blob_name(&digest)).is_symlink() && writer.has(&digest));
        symlink(&theirs, &partial).unwrap();
        writer.forget_partial(|_| false).unwrap();
        assert!(theirs.exists() && !partial.is_symlink());
    }

    #[test]
    fn a_folder_of_the_layout_that_is_a_link_is_refused() {
        for name in ["blobs", ".partial", "blobs/sha256"] {
            let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            if let Some(parent) = Path::new(name).parent() {
                fs::create_dir_all(folder.path().join(parent)).unwrap();
            }
            symlink(outside.path(), folder.path().join(name)).unwrap();
            let written = Writer::open(folder.path())
                .and_then(|writer| writer.add(&Digest::sha256(b"content"), b"content"));
            let error = written.unwrap_err().to_string();
            assert!(error.contains(&format!("{name} is a symbolic link")), "{error}");
            assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_folder_in_the_place_of_content_goes_if_it_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let digest = Digest::sha256(b"content");
        let place = folder.path().join(blob_name(&digest));
        fs::create_dir_all(place.join("theirs")).unwrap();
        let error = writer.add(&digest, b"content").unwrap_err().to_string();
        assert!(error.contains("is a folder in the place of a file: remove it"), "{error}");
        fs::remove_dir(place.join("theirs")).unwrap();
        writer.add(&digest, b"content").unwrap();
        assert!(place.is_file());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fn what_an_index_says_besides_its_entries_stays() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let text = r#"{"manifests":[],"annotations":{"a":"b"},"schemaVersion":2}"#;
        fs::write(folder.path().join("index.json"), text).unwrap();
        let read = || fs::read_to_string(folder.path().join("index.json")).unwrap();
        writer.put_index(&[]).unwrap();
        assert_eq!(read(), text, "the same is not written");
        writer.put_index(&[json!({ "size": 2 })]).unwrap();
        let index: Value = serde_json::from_str(&read()).unwrap();
        let expected =
            json!({ "annotations": { "a": "b" }, "manifests": [{ "size": 2 }], "schemaVersion": 2 });
        assert_eq!(index, expected);
    }
}
