//! Where two builds of an image differ: the layer, the files and what of them.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;

use super::folder::{Folder, FolderError};
use super::images::Image;
use super::layer::{Content, Entry, entries};
use crate::model::Platform;

/// The most files that are told of in one layer; a clock that is off shows in all of them.
const FILES: usize = 20;

/// What is different in two layouts' images, one line each; nothing where their manifests are the same.
pub fn compare(first: &Folder, second: &Folder) -> Result<Vec<String>, FolderError> {
    let (one, mut other) = (first.images()?, second.images()?);
    let mut found = Vec::new();
    for (platform, image) in &one {
        match other.remove(platform) {
            None => found.push(format!("{platform}: only in the first")),
            Some(twin) if twin.manifest == image.manifest => {}
            Some(twin) => one_image(first, second, (platform, image, &twin), &mut found)?,
        }
    }
    found.extend(other.keys().map(|platform| format!("{platform}: only in the second")));
    Ok(found)
}

fn one_image(
    first: &Folder,
    second: &Folder,
    (platform, one, other): (&Platform, &Image, &Image),
    found: &mut Vec<String>,
) -> Result<(), FolderError> {
    let before = found.len();
    if one.layers.len() != other.layers.len() {
        let (one, other) = (one.layers.len(), other.layers.len());
        found.push(format!("{platform}: {one} layers in the first, {other} in the second"));
    }
    for (at, (left, right)) in one.layers.iter().zip(&other.layers).enumerate() {
        if left.digest == right.digest {
            continue;
        }
        let place = format!("{platform}: layer {}", at + 1);
        let [left_entries, right_entries] =
            [(first, left), (second, right)].map(|(folder, layer)| entries(folder, layer));
        match (left_entries?, right_entries?) {
            (Content::Files(left), Content::Files(right)) => layers(&place, &left, &right, found),
            (Content::Unknown(why), _) | (_, Content::Unknown(why)) => {
                found.push(format!("{place}: the bytes differ, and it cannot be looked into: {why}"));
            }
        }
    }
    if one.config.digest != other.config.digest {
        let [left, right] =
            [(first, one), (second, other)].map(|(folder, image)| configuration(folder, image));
        values(&format!("{platform}: the configuration"), "", &left?, &right?, found);
    }
    if found.len() == before {
        found
            .push(format!("{platform}: only the manifests differ ({} and {})", one.manifest, other.manifest));
    }
    Ok(())
}

fn configuration(folder: &Folder, image: &Image) -> Result<Value, FolderError> {
    let bytes = folder.configuration_bytes(&image.config)?;
    let name = super::folder::blob_name(&image.config.digest);
    serde_json::from_slice(&bytes).map_err(|source| FolderError::Json { file: name, source })
}

/// The files that are not alike in two layers. An archive can have one path several times: whoever unpacks it takes the
/// last, and not everybody does.
fn layers(place: &str, left: &[Entry], right: &[Entry], found: &mut Vec<String>) {
    let (one, mut other) = (by_path(left), by_path(right));
    let mut lines = Vec::new();
    for (path, entries) in &one {
        let twins = other.remove(path).unwrap_or_default();
        match (entries.len(), twins.len()) {
            (_, 0) => lines.push(format!("{path} is only in the first")),
            (one, other) if one != other => {
                lines.push(format!(
                    "{path} is there {} in the first, {} in the second",
                    times(one),
                    times(other)
                ));
            }
            _ => {}
        }
        for (entry, twin) in entries.iter().zip(twins) {
            let apart = entry.apart(twin);
            if !apart.is_empty() {
                lines.push(format!("{path}: {}", apart.join(", ")));
            }
        }
    }
    lines.extend(other.keys().map(|path| format!("{path} is only in the second")));
    if lines.is_empty() {
        let is_order = left.iter().map(|entry| &entry.path).ne(right.iter().map(|entry| &entry.path));
        let what = if is_order { "the order of the files" } else { "how it is packed" };
        lines.push(format!("{what} differs, the files do not"));
    }
    let more = lines.len().saturating_sub(FILES);
    found.extend(lines.iter().take(FILES).map(|line| format!("{place}: {line}")));
    if more > 0 {
        found.push(format!("{place}: and {more} more files"));
    }
}

/// The entries of each path, in their order.
fn by_path(entries: &[Entry]) -> BTreeMap<&str, Vec<&Entry>> {
    let mut found: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        found.entry(&entry.path).or_default().push(entry);
    }
    found
}

fn times(count: usize) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// The fields that are not alike in two documents.
fn values(place: &str, field: &str, left: &Value, right: &Value, found: &mut Vec<String>) {
    match (left, right) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                values(place, &format!("{field}.{key}"), &of(one), &of(other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (at, (left, right)) in one.iter().zip(other).enumerate() {
                values(place, &format!("{field}[{at}]"), left, right, found);
            }
        }
        _ if left != right => {
            let field = field.trim_start_matches('.');
            found.push(format!("{place}: {field}: {left} and {right}"));
        }
        _ => {}
    }
}

/// Reads to the end.
pub(super) fn drain(mut reader: impl Read, mut take: impl FnMut(&[u8])) -> std::io::Result<u64> {
    let (mut buffer, mut length) = (vec![0; 64 << 10], 0);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(read) => {
                take(&buffer[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::layer::read;
    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<Entry> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            for set in [tar::Header::set_uid, tar::Header::set_gid, tar::Header::set_mtime] {
                set(&mut header, 0);
            }
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        read(builder.into_inner().unwrap().as_slice()).unwrap()
    }

    #[test]
    fn a_path_that_is_there_twice_is_compared_twice() {
        let apart = |one: &[(&str, &str)], other: &[(&str, &str)]| {
            let mut found = Vec::new();
            layers("layer 1", &archive(one), &archive(other), &mut found);
            found
        };
        let told = apart(&[("a", "1"), ("a", "2")], &[("a", "2")]);
        assert_eq!(told[0], "layer 1: a is there 2 times in the first, once in the second");
        let told = apart(&[("a", "1"), ("a", "2")], &[("a", "3"), ("a", "2")]);
        assert!(told.len() == 1 && told[0].starts_with("layer 1: a: content "), "{told:?}");
        let told = apart(&[("a", "1"), ("b", "2")], &[("b", "2"), ("a", "1")]);
        assert_eq!(told, ["layer 1: the order of the files differs, the files do not"]);
        assert_eq!(apart(&[("a", "1")], &[("b", "1")]).len(), 2);
    }
}
