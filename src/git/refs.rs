//! What a git server says of its references, in every version of the protocol.

use std::collections::{BTreeMap, BTreeSet};

use super::error::one_line;
use super::pkt_line::{self, Packet, packets};
use crate::model::CommitId;

/// Said of a message without its last packet: references that were cut off are not ones that have vanished.
const NO_END: &str = "its list has no end";

/// The versions of the protocol that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Zero,
    Two,
}

/// The references of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// By full name, as `refs/heads/main`; and `HEAD`, where it names a commit.
    pub names: BTreeMap<String, Named>,
    /// What `HEAD` stands for, where the server says so: the default branch.
    pub head: Option<String>,
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The object.
    pub id: CommitId,
    /// What an annotated tag is of, in the end.
    pub peeled: Option<CommitId>,
}

impl Refs {
    /// The object that a reference names.
    pub fn id(&self, name: &str) -> Option<&CommitId> {
        self.names.get(name).map(|named| &named.id)
    }

    /// Notes a reference. Names that git itself would refuse are passed over.
    fn add(&mut self, name: &str, id: &str, peeled: Option<&str>) -> Result<(), String> {
        let (id, peeled) = (parse(id)?, peeled.map(parse).transpose()?);
        if name == "HEAD" || (name.starts_with("refs/") && git2::Reference::is_valid_name(name)) {
            self.names.insert(name.to_owned(), Named { id, peeled });
        }
        Ok(())
    }

    fn set_head(&mut self, target: &str) {
        if git2::Reference::is_valid_name(target) {
            self.head = Some(target.to_owned());
        }
    }

    /// Those whose names begin with one of `prefixes`; all, where there are none.
    pub(super) fn only(mut self, prefixes: &[&str]) -> Self {
        let wanted =
            |name: &str| prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix));
        self.names.retain(|name, _| wanted(name));
        self
    }
}

fn parse(id: &str) -> Result<CommitId, String> {
    id.parse().map_err(|_| format!("it lists `{}`, which is not an object id", one_line(id)))
}

/// A server's first message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advertisement {
    /// Protocol 0 or 1: the references themselves.
    Listed(Listed),
    /// Protocol 2: everything has to be asked for.
    Version2(BTreeMap<String, String>),
}

/// What a server of protocol 0 says first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) refs: Refs,
    pub(super) capabilities: BTreeSet<String>,
    /// Where the server's own history is cut off.
    pub(super) shallow: Vec<CommitId>,
}

impl Listed {
    /// Whether the server can do something.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }
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
        None | Some("version 1") => lines_of_version0(lines).map(Advertisement::Listed),
        Some(other) => Err(format!("it speaks an unknown {} of git's protocol", one_line(other))),
    }
}

fn version2(capabilities: impl Iterator<Item = String>) -> Result<Advertisement, String> {
    let split = |line: String| match line.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (line, String::new()),
    };
    let capabilities: BTreeMap<String, String> = capabilities.map(split).collect();
    match capabilities.contains_key("ls-refs") {
        true => Ok(Advertisement::Version2(capabilities)),
        false => Err("it does not list references".into()),
    }
}

/// `ID NAME`, the first with capabilities after a NUL; an annotated tag has a second line, `ID NAME^{}`, which names
/// what it is of. A repository without references has `capabilities^{}` alone.
fn lines_of_version0(lines: impl Iterator<Item = String>) -> Result<Listed, String> {
    let mut listed = Listed::default();
    for line in lines {
        let (line, capabilities) = line.split_once('\0').unwrap_or((&line, ""));
        for word in capabilities.split(' ').filter(|word| !word.is_empty()) {
            match word.strip_prefix("symref=HEAD:") {
                Some(target) => listed.refs.set_head(target),
                None => drop(listed.capabilities.insert(word.to_owned())),
            }
        }
        match line.split_once(' ') {
            Some(("shallow", id)) => listed.shallow.push(parse(id)?),
            Some((_, "capabilities^{}")) => {}
            Some((id, name)) => match name.strip_suffix("^{}") {
                Some(name) => {
                    let peeled = parse(id)?;
                    if let Some(named) = listed.refs.names.get_mut(name) {
                        named.peeled = Some(peeled);
                    }
                }
                None => listed.refs.add(name, id, None)?,
            },
            None => return Err("it lists a reference without a name".into()),
        }
    }
    Ok(listed)
}

/// The request for references in protocol 2. A forge may have a hundred times as many of pull requests as of others.
pub(super) fn ls_refs(capabilities: &BTreeMap<String, String>, prefixes: &[&str]) -> Vec<u8> {
    let mut message = Vec::new();
    pkt_line::write(&mut message, "command=ls-refs\n");
    if let Some(format) = capabilities.get("object-format") {
        pkt_line::write(&mut message, &format!("object-format={format}\n"));
    }
    message.extend_from_slice(b"0001");
    pkt_line::write(&mut message, "peel\n");
    pkt_line::write(&mut message, "symrefs\n");
    if !prefixes.is_empty() {
        for prefix in prefixes.iter().chain(&["HEAD"]) {
            pkt_line::write(&mut message, &format!("ref-prefix {prefix}\n"));
        }
    }
    message.extend_from_slice(b"0000");
    message
}

/// Reads the answer to `ls-refs`: `ID NAME`, then attributes such as `peeled:ID`.
pub(super) fn listed(message: &[u8]) -> Result<Refs, String> {
    let (mut refs, mut ended) = (Refs::default(), false);
    for packet in packets(message) {
        match packet.map_err(|error| error.to_string())? {
            Packet::Data(line) => {
                let line = text(line)?;
                let mut words = line.split(' ');
                let (Some(id), Some(name)) = (words.next(), words.next()) else {
                    return Err("it lists a reference without a name".into());
                };
                let attribute = |key: &str| words.clone().find_map(|word| word.strip_prefix(key));
                if let Some(target) = attribute("symref-target:").filter(|_| name == "HEAD") {
                    refs.set_head(target);
                }
                // A branch that is yet to be.
                if id != "unborn" {
                    refs.add(name, id, attribute("peeled:"))?;
                }
            }
            Packet::Flush | Packet::ResponseEnd => ended = true,
            Packet::Delimiter => {}
        }
    }
    match ended {
        true => Ok(refs),
        false => Err(NO_END.into()),
    }
}

/// A line without its end; the server's own complaint is an error.
pub(super) fn text(line: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(line);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    match text.strip_prefix("ERR ") {
        Some(complaint) => Err(format!("it says: {}", one_line(complaint))),
        None => Ok(text.into()),
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

    /// Names, with the first digits of what they name and of what that is of.
    fn shown(refs: &Refs) -> Vec<String> {
        let peeled =
            |named: &Named| named.peeled.as_ref().map_or(String::new(), |id| id.as_str()[..3].into());
        let shown = |(name, named): (&String, &Named)| {
            format!("{name} {} {}", &named.id.as_str()[..3], peeled(named))
        };
        refs.names.iter().map(shown).collect()
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
        let expected = ["HEAD aaa ", "refs/heads/main aaa ", "refs/tags/v1 aaa ", "refs/tags/v2 bbb ccc"];
        for before in [
            &[][..],
            &["# service=git-upload-pack\n", ""],
            &["# service=git-upload-pack\n", "", "version 1\n"],
        ] {
            let message = message(&[before, &all].concat());
            let Advertisement::Listed(listed) = advertisement(&message).unwrap() else { panic!("version 2") };
            assert_eq!(shown(&listed.refs), expected);
            assert_eq!(listed.refs.head.as_deref(), Some("refs/heads/main"));
            assert!(listed.can("multi_ack") && !listed.can("symref"));
            assert_eq!(shown(&listed.refs.only(&["refs/tags/", "HEAD"])).len(), 3);
        }
        let empty = format!("{} capabilities^{{}}\0agent=git/2\n", id('0'));
        let cut_off = format!("shallow {}\n", id('d'));
        for lines in [&[empty.as_str(), &cut_off, ""][..], &["# service=git-upload-pack\n", "", ""]] {
            let Ok(Advertisement::Listed(listed)) = advertisement(&message(lines)) else {
                panic!("{lines:?}")
            };
            assert_eq!(listed.refs, Refs::default());
            assert_eq!(listed.shallow.len(), lines.len() % 2 * usize::from(lines[0] == empty));
        }
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
        let Ok(Advertisement::Version2(capabilities)) = advertisement(&message(&capable)) else {
            panic!("version 0")
        };
        assert_eq!(capabilities["object-format"], "sha256");
        let asked = String::from_utf8(ls_refs(&capabilities, &["refs/tags/"])).unwrap();
        assert!(asked.contains("object-format=sha256\n0001"), "{asked}");
        assert!(asked.ends_with("ref-prefix refs/tags/\n0014ref-prefix HEAD\n0000"), "{asked}");
        assert!(advertisement(&message(&["version 2\n", ""])).is_err());
        assert!(advertisement(&message(&["version 3\n", ""])).unwrap_err().contains("version 3"));

        let (a, b) = (id('a'), id('b'));
        let lines = [
            format!("{a} refs/tags/x peeled:{b}\n"),
            format!("{b} refs/tags/w\n"),
            "unborn HEAD symref-target:refs/heads/main\n".into(),
        ];
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(listed(&message(&lines)).unwrap_err().contains("no end"));
        lines.push("");
        let refs = listed(&message(&lines)).unwrap();
        assert_eq!(shown(&refs), ["refs/tags/w bbb ", "refs/tags/x aaa bbb"]);
        assert_eq!(refs.head.as_deref(), Some("refs/heads/main"));
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
