//! One Dockerfile, and what its `#:` lines say of it. They are comments, so that the file is what a person would write:
//!
//! - `#: arg NAME=VALUE`, `#: target NAME`, `#: platform NAME`: how it is built;
//! - `#: form bom`, `crlf` or `bare`: it begins with a byte order mark, has Windows' line ends, has no final line end;
//! - `#: uses IMAGE…`: what its provenance names; `nothing`, where it names nothing;
//! - `#: refused TEXT`: it is not built, and the engine says this;
//! - `#: unresolved`: the scanner cannot tell one of the images, and says so;
//! - `#: unnoticed`: the scanner does not see what makes the engine refuse it.
//!
//! `DIGEST` stands for the digest of every image.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use solera_pin::model::ImageRef;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/dockerfiles");

pub(crate) struct Case {
    pub(crate) name: String,
    /// As the engine and the scanner get it.
    pub(crate) text: String,
    pub(crate) given: BTreeMap<String, String>,
    pub(crate) target: Option<String>,
    pub(crate) platform: String,
    pub(crate) expected: Expected,
    pub(crate) is_unresolved: bool,
    pub(crate) is_unnoticed: bool,
}

pub(crate) enum Expected {
    Uses(BTreeSet<ImageRef>),
    Refused(String),
}

impl Case {
    /// Every Dockerfile of the folder, by name.
    pub(crate) fn all(digest: &str) -> Vec<Self> {
        let files = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
        let files: BTreeSet<_> = files.collect();
        files.iter().map(|file| Self::read(file, digest)).collect()
    }

    fn read(file: &Path, digest: &str) -> Self {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let written = fs::read_to_string(file).unwrap().replace("DIGEST", digest);
        let mut case = Self {
            name,
            text: written.clone(),
            given: BTreeMap::new(),
            target: None,
            platform: "linux/amd64".into(),
            expected: Expected::Uses(BTreeSet::new()),
            is_unresolved: false,
            is_unnoticed: false,
        };
        let mut says_what_is_expected = false;
        for line in written.lines().filter_map(|line| line.strip_prefix("#: ")) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            says_what_is_expected |= matches!(word, "uses" | "refused");
            case.say(word, rest);
        }
        assert!(says_what_is_expected, "{}: what is expected?", case.name);
        case
    }

    fn say(&mut self, word: &str, rest: &str) {
        match word {
            "arg" => {
                let (name, value) = rest.split_once('=').unwrap();
                self.given.insert(name.into(), value.into());
            }
            "target" => self.target = Some(rest.into()),
            "platform" => self.platform = rest.into(),
            "form" => self.text = in_form(rest, &self.text),
            "uses" if rest == "nothing" => {}
            "uses" => {
                self.expected = Expected::Uses(rest.split(' ').map(|image| image.parse().unwrap()).collect())
            }
            "refused" => self.expected = Expected::Refused(rest.into()),
            "unresolved" => self.is_unresolved = true,
            "unnoticed" => self.is_unnoticed = true,
            _ => panic!("{}: `#: {word}` means nothing", self.name),
        }
    }
}

fn in_form(form: &str, text: &str) -> String {
    match form {
        "bom" => format!("\u{feff}{text}"),
        "crlf" => text.replace('\n', "\r\n"),
        "bare" => text.trim_end().to_owned(),
        _ => panic!("`{form}` is no form"),
    }
}
