//! What a Dockerfile would fetch that is not locked: for builders that no policy keeps from it. Pure.

use std::collections::BTreeMap;

use crate::model::{CommitId, Digest, GitUrl, ImagePin, ImageRef, Pin, PinName};
use crate::scan::{GitInput, ImageInput, Input, Kind, Reference, dockerfile};

/// What a build of `dockerfile` names that none of `pins` is, each as a person would look for it. What a `RUN` fetches is
/// not a reference: the gate tells of it.
pub fn outside(
    dockerfile: &str,
    arguments: &BTreeMap<String, String>,
    platforms: &[String],
    pins: &BTreeMap<PinName, Pin>,
) -> Vec<String> {
    let references = dockerfile::scan_for(dockerfile, arguments, platforms).references;
    references
        .iter()
        .filter(|reference| reference.kind != Kind::Run)
        .filter_map(|reference| unlocked(reference, pins))
        .collect()
}

/// The locked images that stages of `dockerfile` begin with: what they say about builds on them is followed.
pub fn bases<'p>(
    dockerfile: &str,
    arguments: &BTreeMap<String, String>,
    platforms: &[String],
    pins: &'p BTreeMap<PinName, Pin>,
) -> BTreeMap<&'p PinName, &'p ImagePin> {
    let references = dockerfile::scan_for(dockerfile, arguments, platforms).references;
    let begins = |pin: &Pin| {
        references.iter().any(|reference| match (&reference.kind, &reference.input) {
            (Kind::From, Ok(Input::Image(image))) => {
                text_of(image).parse().is_ok_and(|image| is_image(pin, &image))
            }
            _ => false,
        })
    };
    let base = |(name, pin): (&'p PinName, &'p Pin)| match pin {
        Pin::Image(image) if begins(pin) => Some((name, image)),
        _ => None,
    };
    pins.iter().filter_map(base).collect()
}

fn unlocked(reference: &Reference, pins: &BTreeMap<PinName, Pin>) -> Option<String> {
    let kind = reference.kind;
    let (name, is_locked) = match &reference.input {
        Err(_) => return Some(format!("{kind}: what it names depends on more than the lock")),
        Ok(Input::Image(image)) => {
            let name = text_of(image);
            let is_locked = name.parse().is_ok_and(|image| pins.values().any(|pin| is_image(pin, &image)));
            (name, is_locked)
        }
        Ok(Input::Git(git)) => {
            let commit = git.commit.as_ref().map(|commit| format!("#{commit}")).unwrap_or_default();
            (format!("{}{commit}", git.url), pins.values().any(|pin| is_git(pin, git)))
        }
        Ok(Input::Fetch(fetch)) => {
            // That the file has this checksum is the builder's to see to.
            let digest = fetch.checksum.as_ref().and_then(|checksum| checksum.parse::<Digest>().ok());
            let is_file = |pin: &Pin| match pin {
                Pin::Archive(pin) => pin
                    .files()
                    .into_iter()
                    .any(|(_, file, url)| url == fetch.what && digest.as_ref() == Some(&file.digest)),
                _ => false,
            };
            (fetch.what.clone(), pins.values().any(is_file))
        }
        Ok(Input::Bound(_)) => return None,
    };
    (!is_locked).then(|| format!("{kind} {name}"))
}

fn text_of(image: &ImageInput) -> String {
    let tag = image.tag.iter().map(|tag| format!(":{}", tag.text));
    let digest = image.digest.iter().map(|digest| format!("@{digest}"));
    [image.repository.clone()].into_iter().chain(tag).chain(digest).collect()
}

/// A digest of one platform is the image too: the lock has it.
fn is_image(pin: &Pin, image: &ImageRef) -> bool {
    let Pin::Image(pin) = pin else { return false };
    let digest = image.digest();
    pin.repository == *image.repository()
        && digest
            .is_some_and(|digest| pin.digest == *digest || pin.platforms.values().any(|own| own == digest))
}

fn is_git(pin: &Pin, git: &GitInput) -> bool {
    let Pin::Git(pin) = pin else { return false };
    let url = git.url.parse::<GitUrl>();
    let commit = git.commit.as_ref().and_then(|commit| commit.parse::<CommitId>().ok());
    url.is_ok_and(|url| url.for_builders() == pin.url.for_builders()) && commit.as_ref() == Some(&pin.commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::SourceFile;

    fn pins(digest: &str, commit: &str) -> BTreeMap<PinName, Pin> {
        let child = digest.replace("aa", "dd");
        let text = format!(
            "version = 1\n\n[pin.rust]\nimage = \"docker.io/library/rust\"\ntag = \"1.88\"\ndigest = \"{digest}\"\n\
             media-type = \"application/vnd.oci.image.index.v1+json\"\nplatforms.\"linux/amd64\" = \"{child}\"\n\n\
             [pin.source]\ngit = \"https://example.org/a/b\"\ntag = \"v1\"\ncommit = \"{commit}\"\n"
        ) + &format!(
            "\n[pin.tool]\narchive = \"https://example.org/tool-{{version}}.tar.gz\"\nversion = \"1\"\nsha256 = \"{}\"\nsize = 6\n",
            "e".repeat(64)
        );
        crate::lock::decode(&SourceFile::new("pins.lock", &text)).unwrap().pins
    }

    #[test]
    fn only_what_is_locked_is_inside() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let commit = "b".repeat(40);
        let other = digest.replace("aa", "cc");
        let pins = pins(&digest, &commit);
        let arguments = BTreeMap::from([
            ("PIN_RUST".to_owned(), format!("docker.io/library/rust:1.88@{digest}")),
            ("PIN_TOOL".to_owned(), "https://example.org/tool-1.tar.gz".to_owned()),
            ("PIN_TOOL_SHA256".to_owned(), "e".repeat(64)),
        ]);
        let outside = |text: &str| outside(text, &arguments, &["linux/amd64".into()], &pins);
        let inside = [
            "ARG PIN_RUST\nFROM ${PIN_RUST}\n".to_owned(),
            format!("FROM rust@{digest} AS a\nFROM a\n"),
            format!("FROM rust@{}\n", digest.replace("aa", "dd")),
            "FROM scratch\nRUN curl https://example.org\n".into(),
            format!("FROM scratch\nADD https://example.org/a/b.git#{commit} /src\n"),
            format!("FROM scratch\nADD --checksum=sha256:{} https://example.org/tool-1.tar.gz /\n", "e".repeat(64)),
            "ARG PIN_TOOL\nFROM scratch\nARG PIN_TOOL PIN_TOOL_SHA256\nADD --checksum=sha256:${PIN_TOOL_SHA256} ${PIN_TOOL} /\n".into(),
        ];
        for text in inside {
            assert_eq!(outside(&text), [""; 0], "{text}");
        }
        let others = [
            format!("FROM rust:1.88@{other}\n"),
            "FROM rust:1.88\n".to_owned(),
            format!("# syntax=docker/dockerfile:1\nFROM rust@{digest}\n"),
            format!("FROM alpine@{digest}\n"),
            "FROM ${NOTHING}\n".into(),
            format!("FROM scratch\nCOPY --from=alpine@{digest} /a /a\n"),
            "FROM scratch\nADD https://example.org/a.tar.gz /\n".into(),
            "FROM scratch\nADD https://example.org/tool-1.tar.gz /\n".into(),
            format!(
                "FROM scratch\nADD --checksum=sha256:{} https://example.org/tool-1.tar.gz /\n",
                "f".repeat(64)
            ),
            format!(
                "FROM scratch\nADD --checksum=sha256:{} https://example.org/tool-2.tar.gz /\n",
                "e".repeat(64)
            ),
            format!("FROM scratch\nADD https://example.org/a/b.git#{} /src\n", "c".repeat(40)),
            "FROM scratch\nADD https://example.org/a/b.git#v1 /src\n".into(),
        ];
        for text in others {
            assert_eq!(outside(&text).len(), 1, "{text}: {:?}", outside(&text));
        }
        assert_eq!(outside(&format!("FROM rust:1.88@{other}\n")), [format!("FROM rust:1.88@{other}")]);
    }
}
