//! The table of a pin of archives.

use std::collections::BTreeMap;

use toml_edit::{InlineTable, Item, Table, value};

use super::debian::{dotted, size, whole};
use super::decode::{number, sha256};
use crate::document::{Entry, Problem, Section};
use crate::model::{Architecture, ArchiveFile, ArchiveFiles, ArchivePin, ArchiveUrl, fills_url};

pub(super) fn read(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Option<ArchivePin> {
    let url: Option<ArchiveUrl> = section.require("archive", problems, Entry::parse);
    let version = section.require("version", problems, |entry| match entry.text()? {
        version if fills_url(version) => Ok(version.to_owned()),
        version => Err(entry.problem(format!("`{version}` is not a version that a URL could have"))),
    });
    let each = url.as_ref().is_some_and(ArchiveUrl::has_architecture);
    let files = match each {
        true => section.require("files", problems, read_files).map(ArchiveFiles::Each),
        false => {
            let digest = section.require("sha256", problems, sha256);
            let size = section.require("size", problems, number);
            let file = digest.zip(size).map(|(digest, size)| ArchiveFile { digest, size, spelled: None });
            file.map(ArchiveFiles::One)
        }
    };
    Some(ArchivePin { url: url?, version: version?, files: files? })
}

fn read_files(entry: &Entry<'_>) -> Result<BTreeMap<Architecture, ArchiveFile>, Problem> {
    let mut files = BTreeMap::new();
    for (key, entry) in entry.section()?.entries() {
        let architecture: Architecture =
            key.parse().map_err(|error: crate::model::DebianWordError| entry.problem(error.to_string()))?;
        let (mut section, mut problems) = (entry.section()?, Vec::new());
        let digest = section.require("sha256", &mut problems, sha256);
        let size = section.require("size", &mut problems, number);
        let spelled = section.read("arch", &mut problems, |entry| match entry.text()? {
            word if fills_url(word) => Ok(word.to_owned()),
            word => Err(entry.problem(format!("`{word}` is not an architecture that a URL could have"))),
        });
        let read = whole(section, problems, digest.zip(size))?;
        files.extend(read.map(|(digest, size)| (architecture, ArchiveFile { digest, size, spelled })));
    }
    match files.is_empty() {
        true => Err(entry.problem("a locked archive must have at least one file")),
        false => Ok(files),
    }
}

pub(super) fn table(pin: &ArchivePin) -> Table {
    let mut table = Table::new();
    table.insert("archive", value(pin.url.as_str()));
    table.insert("version", value(pin.version.as_str()));
    match &pin.files {
        ArchiveFiles::One(file) => {
            table.insert("sha256", value(file.digest.hex()));
            table.insert("size", value(size(file.size)));
        }
        ArchiveFiles::Each(each) => {
            let mut files = dotted();
            for (architecture, file) in each {
                let mut inline = InlineTable::new();
                inline.insert("sha256", file.digest.hex().into());
                inline.insert("size", size(file.size));
                if let Some(spelled) = &file.spelled {
                    inline.insert("arch", spelled.as_str().into());
                }
                files.insert(architecture.as_str(), value(inline));
            }
            table.insert("files", Item::Table(files));
        }
    }
    table
}
