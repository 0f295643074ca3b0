//! What is installed in an image, as the SPDX document says that was published with it. Pure.
//!
//! The document is the predicate of an in-toto statement, which names the image that it is about. It can be large, so
//! that of each package only what is compared is kept, and of packages no more than an image has.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, SeqAccess, Visitor};

use super::content::{Wrong, protocol};
use crate::model::{Digest, Package};

/// The type of the statement.
pub(super) const PREDICATE_TYPE: &str = "https://spdx.dev/Document";

/// How many packages are read at most; large images have some thousands.
const PACKAGES: usize = 100_000;

/// How long a name or a version is at most.
const LENGTH: usize = 300;

/// The packages that the statement in `body` finds in `image`.
pub(super) fn read(body: &[u8], image: &Digest) -> Result<BTreeSet<Package>, Wrong> {
    let statement: Statement = serde_json::from_slice(body)
        .map_err(|error| protocol(format!("it is no statement with an SPDX document: {error}")))?;
    if statement.predicate_type != PREDICATE_TYPE {
        return Err(protocol("its statement is not an SPDX document"));
    }
    if !statement.predicate.version.starts_with("SPDX-2.") {
        return Err(protocol("its SPDX document is of another version than 2"));
    }
    let hex = image.hex();
    let algorithm = image.algorithm().name();
    let about = |subject: &Subject| subject.algorithm == algorithm && subject.hex == hex;
    if !statement.subject.0.iter().any(about) {
        return Err(protocol("its statement is about something else than this image"));
    }
    Ok(statement.predicate.packages.0)
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    subject: Subjects,
    predicate: Spdx,
}

#[derive(Deserialize)]
struct Spdx {
    #[serde(default, rename = "spdxVersion")]
    version: String,
    #[serde(default, deserialize_with = "or_nothing")]
    packages: Packages,
}

/// What some tools write as `null` where others leave it out.
fn or_nothing<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What a statement is about: a digest of it.
struct Subject {
    algorithm: String,
    hex: String,
}

#[derive(Default)]
struct Subjects(Vec<Subject>);

#[derive(Deserialize)]
struct SubjectEntry {
    #[serde(default)]
    digest: std::collections::BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Subjects {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let subjects = each(deserializer, Vec::new(), |subjects, entry: SubjectEntry| {
            let digests = entry.digest.into_iter();
            subjects.extend(digests.map(|(algorithm, hex)| Subject { algorithm, hex }));
            subjects.len()
        });
        subjects.map(Self)
    }
}

#[derive(Default)]
struct Packages(BTreeSet<Package>);

#[derive(Deserialize)]
struct PackageEntry {
    #[serde(default, deserialize_with = "or_nothing")]
    name: String,
    #[serde(rename = "versionInfo")]
    version: Option<String>,
    #[serde(default, rename = "externalRefs", deserialize_with = "or_nothing")]
    references: Kind,
}

impl<'de> Deserialize<'de> for Packages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let packages = each(deserializer, BTreeSet::new(), |packages, entry: PackageEntry| {
            let kind = entry.references.0.unwrap_or_default();
            // What has neither is no package: the document describes the image itself as one.
            if !kind.is_empty() || entry.version.is_some() {
                let version = short(&entry.version.unwrap_or_default());
                packages.insert(Package { kind, name: short(&entry.name), version });
            }
            packages.len()
        });
        packages.map(Self)
    }
}

fn short(text: &str) -> String {
    text.chars().take(LENGTH).collect()
}

/// The type in the first package URL among references, as `deb` of `pkg:deb/debian/bash@5.2`.
#[derive(Default)]
struct Kind(Option<String>);

#[derive(Deserialize)]
struct Reference {
    #[serde(default, rename = "referenceLocator", deserialize_with = "or_nothing")]
    locator: String,
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let first = each(deserializer, None, |first: &mut Option<String>, reference: Reference| {
            if first.is_none() {
                *first = kind(&reference.locator);
            }
            0
        });
        first.map(Self)
    }
}

fn kind(locator: &str) -> Option<String> {
    let (kind, _) = locator.strip_prefix("pkg:")?.trim_start_matches('/').split_once('/')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-');
    (!kind.is_empty() && kind.len() <= 30 && kind.bytes().all(plain)).then(|| kind.to_ascii_lowercase())
}

/// Folds a list that may be long without keeping its items; `add` gives how many are kept.
fn each<'de, D, T, S>(deserializer: D, state: S, add: impl FnMut(&mut S, T) -> usize) -> Result<S, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    deserializer.deserialize_seq(Each { state, add, item: PhantomData })
}

struct Each<S, F, T> {
    state: S,
    add: F,
    item: PhantomData<T>,
}

impl<'de, S, T: DeserializeOwned, F: FnMut(&mut S, T) -> usize> Visitor<'de> for Each<S, F, T> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<S, A::Error> {
        while let Some(item) = list.next_element()? {
            if (self.add)(&mut self.state, item) > PACKAGES {
                return Err(A::Error::custom(format!("it lists more than {PACKAGES}")));
            }
        }
        Ok(self.state)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn statement(packages: &Value) -> Value {
        json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": PREDICATE_TYPE,
            "subject": [
                {"name": "pkg:docker/other", "digest": {"sha256": Digest::sha256(b"other").hex()}},
                {"name": "pkg:docker/a@1?platform=linux%2Famd64", "digest": {"sha256": Digest::sha256(b"a").hex()}},
            ],
            "predicate": {"spdxVersion": "SPDX-2.3", "name": "sbom", "packages": packages, "files": [{"SPDXID": "x"}]},
        })
    }

    fn package(name: &str, version: &str, locator: &str) -> Value {
        json!({"name": name, "SPDXID": format!("SPDXRef-{name}"), "versionInfo": version, "externalRefs": [
            {"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:x"},
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator},
        ]})
    }

    fn found(statement: &Value) -> Result<Vec<String>, String> {
        let read = read(statement.to_string().as_bytes(), &Digest::sha256(b"a"));
        let shown = |it: Package| format!("{} {} {}", it.kind, it.name, it.version);
        read.map(|found| found.into_iter().map(shown).collect()).map_err(|wrong| wrong.why)
    }

    #[test]
    fn packages_have_type_name_and_version() {
        let packages = json!([
            package("libc6", "2.41-12", "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13"),
            package("bash", "5.2", "pkg:DEB/debian/bash@5.2"),
            package("evil", "1", "pkg:<b>/x"),
            {"name": "sbom", "SPDXID": "SPDXRef-DocumentRoot"},
            {"name": "bare", "versionInfo": "3", "externalRefs": []},
        ]);
        assert_eq!(
            found(&statement(&packages)).unwrap(),
            [" bare 3", " evil 1", "deb bash 5.2", "deb libc6 2.41-12"]
        );
        let mut none = statement(&packages);
        none["predicate"].as_object_mut().unwrap().remove("packages");
        assert_eq!(found(&none).unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_null_is_not_there() {
        let packages = json!([
            {"name": "bare", "versionInfo": "3", "externalRefs": null},
            {"name": null, "versionInfo": null, "externalRefs": [{"referenceLocator": null}]},
            {"name": "old", "versionInfo": null, "externalRefs": [{"referenceLocator": "pkg:deb/debian/old"}]},
        ]);
        assert_eq!(found(&statement(&packages)).unwrap(), [" bare 3", "deb old "]);
        assert_eq!(found(&statement(&Value::Null)).unwrap(), [""; 0]);
    }

    #[test]
    fn a_statement_is_about_the_image_or_of_no_use() {
        let with = |change: &dyn Fn(&mut Value)| {
            let mut statement = statement(&json!([package("bash", "5.2", "pkg:deb/debian/bash@5.2")]));
            change(&mut statement);
            found(&statement)
        };
        assert!(with(&|_| ()).is_ok());
        let says = |says: &str, change: &dyn Fn(&mut Value)| {
            let why = with(change).unwrap_err();
            assert!(why.contains(says), "{why}");
        };
        says("something else", &|it| drop(it["subject"].as_array_mut().unwrap().pop()));
        says("something else", &|it| {
            it["subject"][1]["digest"] = json!({"sha512": Digest::sha256(b"a").hex()})
        });
        says("something else", &|it| it["subject"] = json!([]));
        says("not an SPDX document", &|it| it["predicateType"] = json!("https://slsa.dev/provenance/v1"));
        says("another version", &|it| it["predicate"]["spdxVersion"] = json!("SPDX-3.0"));
        says("no statement", &|it| *it = json!([]));
    }

    #[test]
    fn a_list_without_end_is_given_up() {
        let packages: Vec<Value> =
            (0..=PACKAGES).map(|i| json!({"name": i.to_string(), "versionInfo": "1"})).collect();
        let why = found(&statement(&packages.into())).unwrap_err();
        assert!(why.contains("more than 100000"), "{why}");
    }
}
