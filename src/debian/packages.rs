//! A `Packages` file: what a suite has for an architecture.

use std::io::Read;
use std::ops::Range;

use crate::model::{Digest, harmless};

use super::stanza::{ListError, each, fields};

/// What is kept of a list. The text of all packages is one piece of memory, so that 63,000 take some 15 MiB.
#[derive(Debug, Default)]
pub struct Index {
    text: String,
    /// By name; several of one name are as in the list.
    records: Vec<Record>,
    /// What packages provide, by that name, and who.
    provided: Vec<(Span, Span)>,
}

/// One package of a list.
#[derive(Clone, Copy, Debug)]
pub struct Package<'a> {
    text: &'a str,
    record: &'a Record,
}

/// A part of an index's text.
type Span = Range<u32>;

#[derive(Debug)]
struct Record {
    name: Span,
    version: Span,
    depends: Span,
    filename: Span,
    sha256: [u8; 32],
    size: u64,
    /// Whether it is for every architecture.
    is_for_all: bool,
}

impl Index {
    /// Reads a list, and keeps what is for this architecture or for all.
    pub fn read(list: impl Read, architecture: &str) -> Result<Self, ListError> {
        let mut index = Self::default();
        each(list, |stanza| {
            let stanza = Stanza::read(stanza)?;
            match needed(stanza.architecture, "Architecture")? {
                of if of == architecture || of == "all" => index.add(&stanza),
                _ => Ok(()),
            }
        })?;
        let Self { text, records, provided } = &mut index;
        records.shrink_to_fit();
        records.sort_by_key(|record| part(text, &record.name));
        provided.shrink_to_fit();
        provided.sort_by_key(|(name, by)| (part(text, name), part(text, by)));
        Ok(index)
    }

    /// How many packages there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The names of all packages, in order; as often as there are versions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(|record| part(&self.text, &record.name))
    }

    /// The packages of this name: an archive may have several versions.
    pub fn get(&self, name: &str) -> impl Iterator<Item = Package<'_>> {
        let name_of = |record: &Record| part(&self.text, &record.name);
        let start = self.records.partition_point(|record| name_of(record) < name);
        let end = self.records.partition_point(|record| name_of(record) <= name);
        self.records[start..end].iter().map(|record| Package { text: &self.text, record })
    }

    /// The packages that provide this name, by theirs.
    pub fn providers(&self, name: &str) -> impl Iterator<Item = &str> {
        let name_of = |provided: &(Span, Span)| part(&self.text, &provided.0);
        let start = self.provided.partition_point(|provided| name_of(provided) < name);
        let end = self.provided.partition_point(|provided| name_of(provided) <= name);
        self.provided[start..end].iter().map(|(_, by)| part(&self.text, by))
    }

    fn add(&mut self, stanza: &Stanza<'_>) -> Result<(), String> {
        let name = needed(stanza.package, "Package")?;
        if !is_name(name) {
            return Err(format!("has a name that no package has: `{}`", harmless(name)));
        }
        let of = |why: String| format!("({name}) {why}");
        let sha256 = needed(stanza.sha256, "SHA256").map_err(of)?;
        let sha256 = bytes_of(sha256).ok_or_else(|| of("has a SHA256 that is none".into()))?;
        let size = needed(stanza.size, "Size").map_err(of)?;
        let size = size.parse().map_err(|_| of("has a Size that is no number".into()))?;
        let version = needed(stanza.version, "Version").map_err(of)?;
        let filename = needed(stanza.filename, "Filename").map_err(of)?;
        let name = self.keep(name)?;
        let version = self.keep(version)?;
        let filename = self.keep(filename)?;
        let start = self.keep("")?.start;
        let mut end = start;
        for depends in [stanza.pre_depends, stanza.depends].into_iter().flatten() {
            self.keep(depends)?;
            end = self.keep(",")?.end;
        }
        let depends = start..end;
        for provided in names(stanza.provides.unwrap_or_default()) {
            let provided = self.keep(provided)?;
            self.provided.push((provided, name.clone()));
        }
        let is_for_all = stanza.architecture == Some("all");
        self.records.push(Record { name, version, depends, filename, sha256, size, is_for_all });
        Ok(())
    }

    fn keep(&mut self, text: &str) -> Result<Span, String> {
        let at =
            |length: usize| u32::try_from(length).map_err(|_| "is beyond what is read of a list".to_owned());
        let start = at(self.text.len())?;
        self.text.push_str(text);
        Ok(start..at(self.text.len())?)
    }
}

impl<'a> Package<'a> {
    /// Its name.
    pub fn name(self) -> &'a str {
        part(self.text, &self.record.name)
    }

    /// Its version, as written.
    pub fn version(self) -> &'a str {
        part(self.text, &self.record.version)
    }

    /// Whether it is for every architecture, and not for one.
    pub fn is_for_all(self) -> bool {
        self.record.is_for_all
    }

    /// Where the archive has it.
    pub fn filename(self) -> &'a str {
        part(self.text, &self.record.filename)
    }

    /// The digest of its file.
    pub fn sha256(self) -> Digest {
        Digest::of_sha256(self.record.sha256)
    }

    /// How many bytes its file has.
    pub fn size(self) -> u64 {
        self.record.size
    }

    /// The names that it depends on, before or after it is unpacked, with all alternatives.
    pub fn depends(self) -> impl Iterator<Item = &'a str> {
        names(part(self.text, &self.record.depends))
    }
}

fn part<'a>(text: &'a str, span: &Span) -> &'a str {
    let (start, end) = (usize::try_from(span.start), usize::try_from(span.end));
    start.ok().zip(end.ok()).and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
}

/// The names in a list of relations: `a (>= 1), b:any | c [amd64] <!nocheck>`.
fn names(relations: &str) -> impl Iterator<Item = &str> {
    let alternatives = relations.split([',', '|']).map(str::trim);
    let end = |c: char| c.is_ascii_whitespace() || matches!(c, '(' | ':' | '[' | '<');
    alternatives.map(move |name| name.split(end).next().unwrap_or_default()).filter(|name| !name.is_empty())
}

/// Lower-case letters, digits, `+`, `-` and `.`, at least two of them (policy manual, 5.6.1).
pub(super) fn is_name(name: &str) -> bool {
    let within = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    name.len() > 1 && name.bytes().all(within) && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn bytes_of(hex: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn needed<'a>(field: Option<&'a str>, name: &str) -> Result<&'a str, String> {
    field.filter(|value| !value.is_empty()).ok_or_else(|| format!("has no {name}"))
}

/// The fields of a stanza that count.
#[derive(Default)]
struct Stanza<'a> {
    package: Option<&'a str>,
    version: Option<&'a str>,
    architecture: Option<&'a str>,
    depends: Option<&'a str>,
    pre_depends: Option<&'a str>,
    provides: Option<&'a str>,
    filename: Option<&'a str>,
    size: Option<&'a str>,
    sha256: Option<&'a str>,
}

impl<'a> Stanza<'a> {
    fn read(stanza: &'a [u8]) -> Result<Self, String> {
        let mut read = Self::default();
        for field in fields(stanza) {
            let (name, value) = field?;
            let Some(slot) = read.slot(name) else { continue };
            if slot.is_some() {
                return Err(format!("has {} twice", String::from_utf8_lossy(name)));
            }
            let text = std::str::from_utf8(value);
            *slot =
                Some(text.map_err(|_| format!("has a {} that is not UTF-8", String::from_utf8_lossy(name)))?);
        }
        Ok(read)
    }

    fn slot(&mut self, name: &[u8]) -> Option<&mut Option<&'a str>> {
        // Most fields of a stanza are others, and few begin with these letters.
        let slot = match name.first()?.to_ascii_lowercase() {
            b'p' if name.eq_ignore_ascii_case(b"Package") => &mut self.package,
            b'p' if name.eq_ignore_ascii_case(b"Pre-Depends") => &mut self.pre_depends,
            b'p' if name.eq_ignore_ascii_case(b"Provides") => &mut self.provides,
            b'v' if name.eq_ignore_ascii_case(b"Version") => &mut self.version,
            b'a' if name.eq_ignore_ascii_case(b"Architecture") => &mut self.architecture,
            b'd' if name.eq_ignore_ascii_case(b"Depends") => &mut self.depends,
            b'f' if name.eq_ignore_ascii_case(b"Filename") => &mut self.filename,
            b's' if name.eq_ignore_ascii_case(b"Size") => &mut self.size,
            b's' if name.eq_ignore_ascii_case(b"SHA256") => &mut self.sha256,
            _ => return None,
        };
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza(name: &str, version: &str, more: &str) -> String {
        let digest = Digest::sha256(format!("{name} {version}").as_bytes());
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: amd64\n{more}Filename: pool/{name}_{version}.deb\n\
             Size: 7\nSHA256: {}\nDescription: words\n words: and more\n\n",
            digest.hex()
        )
    }

    fn index(text: &str) -> Index {
        Index::read(text.as_bytes(), "amd64").unwrap()
    }

    fn wrong(text: &str) -> String {
        Index::read(text.as_bytes(), "amd64").unwrap_err().to_string()
    }

    #[test]
    fn packages_are_found_by_name() {
        let text = [
            stanza("zlib", "1", ""),
            stanza("apt", "1", ""),
            stanza("zlib", "2", ""),
            stanza("zli", "3", ""),
        ];
        let index = index(&text.concat());
        assert_eq!(index.len(), 4);
        let versions = |name: &str| index.get(name).map(Package::version).collect::<Vec<_>>();
        assert_eq!(versions("zlib"), ["1", "2"]);
        assert_eq!(versions("apt"), ["1"]);
        assert!(versions("zlib1").is_empty() && versions("").is_empty());
        let apt = index.get("apt").next().unwrap();
        assert_eq!((apt.name(), apt.filename(), apt.size()), ("apt", "pool/apt_1.deb", 7));
        assert_eq!(apt.sha256(), Digest::sha256(b"apt 1"));
    }

    #[test]
    fn relations_are_read_as_names() {
        let more = "Depends: a1 (>= 1), b1:any | c1 [amd64] <!nocheck>,\n d1\nPre-Depends: e1|f1\nProvides: v1 (= 1), v2\n";
        let index = index(&[stanza("xx", "1", more), stanza("yy", "1", "Provides: v2\n")].concat());
        let xx = index.get("xx").next().unwrap();
        assert_eq!(xx.depends().collect::<Vec<_>>(), ["e1", "f1", "a1", "b1", "c1", "d1"]);
        assert_eq!(index.providers("v1").collect::<Vec<_>>(), ["xx"]);
        assert_eq!(index.providers("v2").collect::<Vec<_>>(), ["xx", "yy"]);
        assert_eq!(index.get("yy").next().unwrap().depends().count(), 0);
    }

    #[test]
    fn only_what_the_architecture_can_install_is_kept() {
        let all = stanza("aa", "1", "").replace("amd64", "all");
        let other = stanza("bb", "1", "").replace("amd64", "arm64");
        let index = index(&format!("{all}{other}"));
        assert_eq!(index.len(), 1);
        assert!(index.get("aa").next().unwrap().is_for_all());
        assert!(index.get("bb").next().is_none());
    }

    #[test]
    fn what_is_missing_or_wrong_is_told() {
        let good = stanza("aa", "1", "");
        let without = |field: &str| {
            let lines = good.lines().filter(|line| !line.starts_with(field));
            wrong(&format!("{}\n", lines.collect::<Vec<_>>().join("\n")))
        };
        for field in ["Version", "Filename", "Size", "SHA256", "Package", "Architecture"] {
            assert!(without(field).contains(&format!("has no {field}")), "{}", without(field));
        }
        assert!(wrong(&stanza("aa", "1", "version: 2\n")).contains("twice"));
        assert!(wrong(&good.replace("Size: 7", "Size: 7 KiB")).contains("no number"));
        assert!(wrong(&good.replace("SHA256: ", "SHA256: x")).contains("SHA256 that is none"));
        assert!(wrong(&good.replace("Package: aa", "Package: ../aa")).contains("no package has"));
        assert!(wrong(&good.replace("Package: aa", "Package aa")).contains("`Name: value`"));
    }
}
