//! What the images of a layout are called, in its `index.json`; and taking out what nothing leads to.
//!
//! Entries that somebody else wrote stay as they are, unless they have the tag of what was copied: an image whose tag has
//! moved on keeps its digest for a name, since a tag names one thing. What is called so already, by whomever, is not named
//! a second time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use serde_json::{Value, json};

use super::{Copied, PullError};
use crate::mirror::contents;
use crate::model::{Digest, ImageRef};
use crate::oci::{Descriptor, Folder, FolderError, Writer};

const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// An entry of `index.json` that was taken out: its name, if it had one, and its digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unnamed {
    /// As it stands there.
    pub name: Option<String>,
    /// As it stands there.
    pub digest: String,
}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Entries of `index.json`.
    pub names: Vec<Unnamed>,
    /// Content, with how many bytes that was.
    pub blobs: Vec<(Digest, u64)>,
}

/// Names what was copied: each by its repository and tag, so that both tag and digest lead to it.
pub fn put(writer: &Writer, images: &[(ImageRef, Copied)]) -> Result<(), PullError> {
    let mut entries = read(writer)?;
    for (name, (digest, entry)) in named(images) {
        let mut is_there = false;
        for other in entries.iter_mut().filter(|other| called(other).as_ref() == Some(&name)) {
            if digest_of(other) == Some(&digest.to_string()) {
                is_there = true;
                for key in ["mediaType", "size"] {
                    other[key] = entry[key].clone();
                }
            } else {
                demote(other, &name);
            }
        }
        if !is_there {
            entries.push(entry);
        }
    }
    write(writer, entries)
}

/// Takes out what does not begin with one of `roots`, which are kept under any name: first names, then content.
pub fn prune(writer: &Writer, roots: &[(ImageRef, Digest)]) -> Result<Removed, PullError> {
    let kept = |entry: &Value| {
        roots.iter().any(|(reference, digest)| {
            let of_repository = |name: String| {
                name.parse::<ImageRef>().is_ok_and(|name| name.repository() == reference.repository())
            };
            digest_of(entry) == Some(&digest.to_string()) && called(entry).is_some_and(of_repository)
        })
    };
    let (stay, go): (Vec<Value>, Vec<Value>) = read(writer)?.into_iter().partition(kept);
    let unnamed = |entry: &Value| Unnamed {
        name: name_of(entry).cloned(),
        digest: digest_of(entry).cloned().unwrap_or_default(),
    };
    let mut removed = Removed { names: go.iter().map(unnamed).collect(), blobs: Vec::new() };
    removed.names.sort();
    if !removed.names.is_empty() {
        write(writer, stay)?;
    }
    let folder = Folder::open(writer.root())?;
    let reached = reached(&folder, roots.iter().map(|(_, digest)| digest.clone()).collect())?;
    removed.blobs = sweep(writer, &reached).map_err(|error| unwritten(writer, error))?;
    Ok(removed)
}

/// The entries that images come to.
fn named(images: &[(ImageRef, Copied)]) -> BTreeMap<String, (Digest, Value)> {
    let mut named: BTreeMap<String, (Digest, Value)> = BTreeMap::new();
    for (reference, copied) in images {
        let repository = reference.repository().clone();
        let by_tag = ImageRef::new(repository.clone(), reference.tag().cloned(), None).to_string();
        let is_taken = named.get(&by_tag).is_some_and(|(digest, _)| *digest != copied.digest);
        let name = match reference.tag() {
            Some(_) if !is_taken => by_tag,
            _ => ImageRef::new(repository, None, Some(copied.digest.clone())).to_string(),
        };
        let entry = json!({
            "mediaType": copied.media_type.as_str(),
            "digest": copied.digest,
            "size": copied.size,
            "annotations": { REF_NAME: name },
        });
        named.insert(name, (copied.digest.clone(), entry));
    }
    named
}

/// Gives an entry that has lost its tag its digest for a name; what else is said of it stays.
fn demote(entry: &mut Value, name: &str) {
    let repository = name.parse::<ImageRef>().map(|name| name.repository().clone());
    if let (Ok(repository), Some(digest)) = (repository, digest_of(entry).cloned())
        && let Some(annotations) = entry["annotations"].as_object_mut()
    {
        annotations.remove(contents::CONTAINERD_NAME);
        annotations.insert(REF_NAME.into(), json!(format!("{repository}@{digest}")));
    }
}

/// What an entry is called, whoever wrote it, as it would be written here.
fn called(entry: &Value) -> Option<String> {
    let entry: Descriptor = serde_json::from_value(entry.clone()).ok()?;
    let (repository, tag) = contents::name_of(&entry, None).ok()?;
    let digest = tag.is_none().then_some(entry.digest);
    Some(ImageRef::new(repository, tag, digest).to_string())
}

fn name_of(entry: &Value) -> Option<&String> {
    match &entry["annotations"][REF_NAME] {
        Value::String(name) => Some(name),
        _ => None,
    }
}

fn digest_of(entry: &Value) -> Option<&String> {
    match &entry["digest"] {
        Value::String(digest) => Some(digest),
        _ => None,
    }
}

fn read(writer: &Writer) -> Result<Vec<Value>, PullError> {
    let file = "index.json".to_owned();
    let text = fs::read(writer.root().join(&file));
    let text = text.map_err(|source| FolderError::Read { file: file.clone(), source })?;
    let index: Value = serde_json::from_slice(&text).map_err(|source| FolderError::Json { file, source })?;
    Ok(index["manifests"].as_array().cloned().unwrap_or_default())
}

/// Writes the entries in one order, each once, and not at all if that is what is there.
fn write(writer: &Writer, mut entries: Vec<Value>) -> Result<(), PullError> {
    entries.sort_by_cached_key(|entry| {
        (name_of(entry).cloned().unwrap_or_default(), digest_of(entry).cloned(), entry.to_string())
    });
    entries.dedup();
    writer.put_index(&entries).map_err(|error| unwritten(writer, error))
}

fn unwritten(writer: &Writer, error: io::Error) -> PullError {
    PullError::Write { path: writer.root().to_path_buf(), error }
}

/// All that these lead to. What is not there leads nowhere.
fn reached(folder: &Folder, roots: Vec<Digest>) -> Result<BTreeSet<Digest>, PullError> {
    let mut reached = BTreeSet::new();
    let mut open = roots;
    while let Some(digest) = open.pop() {
        if !reached.insert(digest.clone()) {
            continue;
        }
        match folder.document(&digest) {
            Ok(document) => {
                reached.extend(document.config.into_iter().chain(document.layers).map(|blob| blob.digest));
                open.extend(document.manifests.into_iter().map(|child| child.digest));
            }
            Err(error) if error.is_missing() => {}
            // Nobody knows what it would lead to: nothing is removed on its account.
            Err(error) => return Err(error.into()),
        }
    }
    Ok(reached)
}

/// Removes all content but this; also what is only a part of it.
fn sweep(writer: &Writer, reached: &BTreeSet<Digest>) -> io::Result<Vec<(Digest, u64)>> {
    let mut removed = Vec::new();
    for digest in writer.contents()? {
        if !reached.contains(&digest) {
            let size = writer.remove(&digest)?;
            removed.push((digest, size));
        }
    }
    writer.forget_partial(|digest| reached.contains(digest))?;
    removed.sort();
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::contents::CONTAINERD_NAME;
    use super::*;
    use crate::model::MediaType;

    fn copied(content: &[u8]) -> Copied {
        Copied {
            digest: Digest::sha256(content),
            media_type: MediaType::OciIndex,
            size: content.len() as u64,
            manifests: Vec::new(),
            attestations: Vec::new(),
            foreign: Vec::new(),
        }
    }

    fn reference(text: &str) -> ImageRef {
        text.parse().unwrap()
    }

    /// Each name with the digest's first digits.
    fn names(writer: &Writer) -> Vec<String> {
        let entries = read(writer).unwrap();
        let shown =
            |entry: &Value| format!("{} {}", name_of(entry).unwrap(), &digest_of(entry).unwrap()[7..11]);
        entries.iter().map(shown).collect()
    }

    #[test]
    fn a_tag_that_moved_leaves_what_it_named_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let (one, two) = (Digest::sha256(b"1"), Digest::sha256(b"2"));
        let short = |digest: &Digest| digest.hex()[..4].to_owned();
        put(
            &writer,
            &[(reference("r.example/a:1"), copied(b"1")), (reference("r.example/b:1"), copied(b"1"))],
        )
        .unwrap();
        let before = names(&writer);
        assert_eq!(
            before,
            [format!("r.example/a:1 {}", short(&one)), format!("r.example/b:1 {}", short(&one))]
        );
        put(&writer, &[(reference("r.example/a:1"), copied(b"2"))]).unwrap();
        let moved = [
            format!("r.example/a:1 {}", short(&two)),
            format!("r.example/a@{one} {}", short(&one)),
            format!("r.example/b:1 {}", short(&one)),
        ];
        assert_eq!(names(&writer), moved);
        put(&writer, &[(reference("r.example/a:1"), copied(b"2"))]).unwrap();
        assert_eq!(names(&writer), moved, "the same again is the same");
        let back = [(reference("r.example/a:1"), copied(b"1"))];
        put(&writer, &back).unwrap();
        put(&writer, &back).unwrap();
        assert_eq!(names(&writer).len(), 4, "{:?}", names(&writer));
    }

    #[test]
    fn a_tag_is_taken_from_what_has_it_in_another_spelling() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let [one, two] = [b"1", b"2"].map(|content| Digest::sha256(content));
        let theirs = [
            json!({ "digest": one, "annotations": { REF_NAME: "a:1" } }),
            json!({ "digest": two, "annotations": { REF_NAME: "1", "io.containerd.image.name": "docker.io/library/a:1" } }),
        ];
        writer.put_index(&theirs).unwrap();
        put(&writer, &[(reference("a:1"), copied(b"3"))]).unwrap();
        let names: Vec<String> = read(&writer).unwrap().iter().filter_map(called).collect();
        let mut expected = [one, two].map(|digest| format!("docker.io/library/a@{digest}"));
        expected.sort();
        assert_eq!(names[0], "docker.io/library/a:1");
        assert_eq!(names[1..], expected);
    }

    #[test]
    fn what_is_called_so_already_is_not_named_again() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let digest = Digest::sha256(b"1");
        let theirs = json!({
            "mediaType": MediaType::OciIndex.as_str(),
            "digest": digest,
            "size": 1,
            "annotations": {
                CONTAINERD_NAME: "docker.io/library/a:1", REF_NAME: "1", "org.opencontainers.image.created": "2026",
            },
        });
        writer.put_index(std::slice::from_ref(&theirs)).unwrap();
        let images = [(reference("a:1"), copied(b"1"))];
        put(&writer, &images).unwrap();
        assert_eq!(read(&writer).unwrap(), std::slice::from_ref(&theirs));
        prune(&writer, &[(reference("a:1"), digest.clone())]).unwrap();
        assert_eq!(read(&writer).unwrap(), [theirs], "it has what is locked");
        put(&writer, &[(reference("a:1"), copied(b"2"))]).unwrap();
        let moved = &read(&writer).unwrap()[1]["annotations"];
        let expected = json!({
            REF_NAME: format!("docker.io/library/a@{digest}"), "org.opencontainers.image.created": "2026",
        });
        assert_eq!(*moved, expected);
    }

    #[test]
    fn two_digests_of_one_tag_have_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let images = [(reference("a:1"), copied(b"1")), (reference("a:1"), copied(b"2"))];
        put(&writer, &images).unwrap();
        let names = names(&writer);
        assert!(names[0].starts_with("docker.io/library/a:1 "), "{names:?}");
        assert!(names[1].starts_with("docker.io/library/a@sha256:"), "{names:?}");
    }

    #[test]
    fn what_others_wrote_stays_until_it_is_pruned() {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(folder.path()).unwrap();
        let other = Digest::sha256(b"other");
        writer.add(&other, b"other").unwrap();
        let strange =
            json!({ "mediaType": "x/y", "digest": other, "size": 5, "platform": { "os": "plan9" } });
        writer.put_index(std::slice::from_ref(&strange)).unwrap();
        let index = b"{\"manifests\": []}";
        writer.add(&Digest::sha256(index), index).unwrap();
        drop(writer.incoming(&Digest::sha256(b"gone")).unwrap());
        put(&writer, &[(reference("a:1"), copied(index))]).unwrap();
        assert!(read(&writer).unwrap().contains(&strange));
        let roots = [(reference("a:1"), Digest::sha256(index))];
        let removed = prune(&writer, &roots).unwrap();
        assert_eq!(removed.names, [Unnamed { name: None, digest: other.to_string() }]);
        assert_eq!(removed.blobs, [(other.clone(), 5)]);
        assert!(!writer.has(&other) && writer.has(&Digest::sha256(index)));
        assert_eq!(prune(&writer, &roots).unwrap(), Removed::default());
        assert_eq!(fs::read_dir(folder.path().join(".partial")).unwrap().count(), 0);
    }
}
