//! What a git server says of its references, in every version of the protocol.

use std::collections::BTreeMap;

use super::pkt_line::{Packet, packets};
use crate::model::{CommitId, GitRef, GitTag, harmless};

/// Said of a message without its last packet: tags that were cut off are not tags that have vanished.
const NO_END: &str = "its list has no end";

/// A server's first message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advertisement {
    /// Protocol 0 or 1: the references themselves.
    Tags(Vec<GitTag>),
    /// Protocol 2: the references have to be asked for, in this object format.
    Version2 { object_format: Option<String> },
}

/// Reads a server's first message, with or without the preamble that it has over HTTP.
pub(super) fn advertisement(message: &[u8]) -> Result<Advertisement, String> {
    let (mut lines, mut preamble, mut ended) = (Vec::new(), false, false);
    for packet in packets(message) {
        match packet.map_err(|error| error.to_string())? {
            Packet::Data(line) => match text(line)? {
                line if lines.is_empty() && line.starts_with("# service=") => preamble = true,
                line => lines.push(line),
            },
            // The flush after the preamble is not the one after the last line.
            Packet::Flush if preamble => preamble = false,
            Packet::Flush => ended = true,
            Packet::Delimiter | Packet::ResponseEnd => {}
        }
    }
    if !ended {
        return Err(NO_END.into());
    }
    let mut lines = lines.into_iter().peekable();
    match lines.next_if(|line| line.starts_with("version ")).as_deref() {
        Some("version 2") => version2(lines),
        None | Some("version 1") => lines_of_version0(lines).map(Advertisement::Tags),
        Some(other) => Err(format!("it speaks an unknown {other} of git's protocol")),
    }
}

fn version2(capabilities: impl Iterator<Item = String>) -> Result<Advertisement, String> {
    let (mut lists, mut object_format) = (false, None);
    for capability in capabilities {
        let (name, value) = capability.split_once('=').unwrap_or((&capability, ""));
        match name {
            "ls-refs" => lists = true,
            "object-format" => object_format = Some(value.to_owned()),
            _ => {}
        }
    }
    match lists {
        true => Ok(Advertisement::Version2 { object_format }),
        false => Err("it does not list references".into()),
    }
}

/// `ID NAME`, the first with capabilities after a NUL; an annotated tag has a second line, `ID NAME^{}`, which names
/// what it is of.
fn lines_of_version0(lines: impl Iterator<Item = String>) -> Result<Vec<GitTag>, String> {
    let mut tags = Tags::default();
    for line in lines {
        let line = line.split('\0').next().unwrap_or_default();
        let Some((id, name)) = line.split_once(' ') else {
            return Err("it lists a reference without a name".into());
        };
        match name.strip_suffix("^{}") {
            Some(name) => tags.add(name, None, Some(id))?,
            None => tags.add(name, Some(id), None)?,
        }
    }
    Ok(tags.finish())
}

/// Reads the answer to `ls-refs`: `ID NAME`, then attributes such as `peeled:ID`.
pub(super) fn listed(message: &[u8]) -> Result<Vec<GitTag>, String> {
    let (mut tags, mut ended) = (Tags::default(), false);
    for packet in packets(message) {
        match packet.map_err(|error| error.to_string())? {
            Packet::Data(line) => {
                let line = text(line)?;
                let mut words = line.split(' ');
                let (Some(id), Some(name)) = (words.next(), words.next()) else {
                    return Err("it lists a reference without a name".into());
                };
                let peeled = words.find_map(|word| word.strip_prefix("peeled:"));
                tags.add(name, Some(id), peeled)?;
            }
            Packet::Flush | Packet::ResponseEnd => ended = true,
            Packet::Delimiter => {}
        }
    }
    match ended {
        true => Ok(tags.finish()),
        false => Err(NO_END.into()),
    }
}

/// A line without its end; the server's own complaint is an error.
fn text(line: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(line);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    match text.strip_prefix("ERR ") {
        Some(complaint) => Err(format!("it says: {}", one_line(complaint))),
        None => Ok(text.into()),
    }
}

/// What an upstream says, fit to be shown: one line, harmless, not too long.
pub(super) fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    harmless(&line).chars().take(300).collect()
}

/// Tags as they come in, by name: what the reference names, and what that peels to.
#[derive(Default)]
struct Tags(BTreeMap<GitRef, (Option<CommitId>, Option<CommitId>)>);

impl Tags {
    /// Notes a line. References that are no tags, and names that git itself would refuse, are passed over.
    fn add(&mut self, name: &str, id: Option<&str>, peeled: Option<&str>) -> Result<(), String> {
        let Some(Ok(name)) = name.strip_prefix("refs/tags/").map(str::parse) else {
            return Ok(());
        };
        let parse = |id: &str| id.parse::<CommitId>().map_err(|error| error.to_string());
        let entry = self.0.entry(name).or_default();
        if let Some(id) = id {
            entry.0 = Some(parse(id)?);
        }
        if let Some(peeled) = peeled {
            entry.1 = Some(parse(peeled)?);
        }
        Ok(())
    }

    fn finish(self) -> Vec<GitTag> {
        let tag = |(name, ids)| match ids {
            (tag_object, Some(commit)) => Some(GitTag { name, commit, tag_object }),
            (Some(commit), None) => Some(GitTag { name, commit, tag_object: None }),
            (None, None) => None,
        };
        self.0.into_iter().filter_map(tag).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::pkt_line::write;
    use super::*;

    fn message(lines: &[&str]) -> Vec<u8> {
        let mut message = Vec::new();
        for line in lines {
            match *line {
                "" => message.extend_from_slice(b"0000"),
                line => write(&mut message, line),
            }
        }
        message
    }

    fn id(digit: char) -> String {
        digit.to_string().repeat(40)
    }

    fn shown(tags: &[GitTag]) -> Vec<String> {
        let shown =
            |tag: &GitTag| format!("{} {} {:?}", tag.name, tag.commit.short(), tag.tag_object.is_some());
        tags.iter().map(shown).collect()
    }

    #[test]
    fn version_0_and_1_list_at_once() {
        let (a, b, c) = (id('a'), id('b'), id('c'));
        let lines = [
            format!("{a} HEAD\0multi_ack symref=HEAD:refs/heads/main\n"),
            format!("{a} refs/heads/main\n"),
            format!("{b} refs/tags/v2\n"),
            format!("{c} refs/tags/v2^{{}}\n"),
            format!("{a} refs/tags/v1"),
            format!("{a} refs/tags/bad..name"),
        ];
        let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
        all.push("");
        let expected = ["v1 aaaaaaaaaaaa false", "v2 cccccccccccc true"];
        for before in [
            &[][..],
            &["# service=git-upload-pack\n", ""],
            &["# service=git-upload-pack\n", "", "version 1\n"],
        ] {
            let message = message(&[before, &all].concat());
            match advertisement(&message).unwrap() {
                Advertisement::Tags(tags) => assert_eq!(shown(&tags), expected),
                other => panic!("{other:?}"),
            }
        }
        let empty = format!("{} capabilities^{{}}\0agent=git/2", id('0'));
        assert_eq!(advertisement(&message(&[&empty, ""])), Ok(Advertisement::Tags(Vec::new())));
        let nothing = message(&["# service=git-upload-pack\n", "", ""]);
        assert_eq!(advertisement(&nothing), Ok(Advertisement::Tags(Vec::new())));
    }

    /// A list that was cut short would say of the tags that it lost that they have vanished.
    #[test]
    fn an_advertisement_has_an_end() {
        let line = format!("{} refs/tags/v1\n", id('a'));
        let tag = line.as_str();
        for cut in [
            &[][..],
            &[tag],
            &["version 1\n", tag],
            &["version 2\n", "ls-refs\n"],
            &["# service=git-upload-pack\n"],
            &["# service=git-upload-pack\n", ""],
            &["# service=git-upload-pack\n", "", tag],
            &["# service=git-upload-pack\n", "", "version 1\n", tag],
        ] {
            let error = advertisement(&message(cut)).unwrap_err();
            assert!(error.contains("no end"), "{cut:?}: {error}");
        }
    }

    #[test]
    fn version_2_has_to_be_asked() {
        let capable = ["version 2\n", "agent=git/2\n", "ls-refs=unborn\n", "object-format=sha256\n", ""];
        let object_format = Some("sha256".to_owned());
        assert_eq!(advertisement(&message(&capable)), Ok(Advertisement::Version2 { object_format }));
        assert!(advertisement(&message(&["version 2\n", ""])).is_err());
        assert!(advertisement(&message(&["version 3\n", ""])).unwrap_err().contains("version 3"));

        let (a, b) = (id('a'), id('b'));
        let lines =
            [format!("{a} refs/tags/x peeled:{b}\n"), format!("{b} refs/tags/w\n"), "unborn HEAD\n".into()];
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(listed(&message(&lines)).unwrap_err().contains("no end"));
        lines.push("");
        assert_eq!(
            shown(&listed(&message(&lines)).unwrap()),
            ["w bbbbbbbbbbbb false", "x bbbbbbbbbbbb true"]
        );
    }

    #[test]
    fn a_complaint_is_shown_on_one_line() {
        let error = listed(&message(&["ERR access \x1b[31mdenied\nor worse\n", ""])).unwrap_err();
        assert_eq!(error, r"it says: access \u{1b}[31mdenied or worse");
        assert!(listed(&message(&["zz refs/tags/x", ""])).is_err());
        assert!(listed(&message(&["x", ""])).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(lines: Vec<String>) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let _ = advertisement(&message(&lines));
            let _ = listed(&message(&lines));
        }
    }
}
