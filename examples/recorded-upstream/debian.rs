//! A stand-in for Debian's archive and its snapshots: `archive/ARCHIVE/TIME/dists/…` for each time at which something was
//! published. Names and versions are Debian's own, contents are not, and the signatures are of a key that is for this alone
//! (`data/archive-key.asc`): its public half is written beside the archive.

#![allow(clippy::disallowed_methods, reason = "each file is written once, to the same bytes")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use pgp::composed::{ArmorOptions, CleartextSignedMessage, Deserializable as _, SignedSecretKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{KeyDetails as _, Password};
use solera_pin::model::{ArchiveTime, Digest};

use super::RecordedError;
use super::facts::PackageFacts;

/// What stands in for Debian's keyring.
pub const KEYRING: &[u8] = include_bytes!("data/archive-key.gpg");
const KEY: &str = include_str!("data/archive-key.asc");

const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// Makes `archive/` and `archive-key.gpg` in `dir`.
pub(super) fn write(dir: &Path, packages: &[PackageFacts]) -> Result<(), RecordedError> {
    let (key, _) = SignedSecretKey::from_string(KEY).map_err(signing)?;
    for archive in ["debian", "debian-security"] {
        let suites: BTreeSet<&str> = packages
            .iter()
            .map(|package| package.suite.as_str())
            .filter(|suite| archive_of(suite) == archive)
            .collect();
        let mut states: BTreeSet<Timestamp> = BTreeSet::new();
        states.extend(packages.iter().filter(|one| suites.contains(one.suite.as_str())).map(|one| one.since));
        for state in states {
            let root = dir.join("archive").join(archive).join(ArchiveTime::from(state).as_str());
            for suite in &suites {
                publish(&root, suite, state, packages, &key)?;
            }
        }
    }
    put(&dir.join("archive-key.gpg"), KEYRING)
}

fn archive_of(suite: &str) -> &'static str {
    if suite.ends_with("-security") { "debian-security" } else { "debian" }
}

/// Writes one suite as it stood, if it had been published by then.
fn publish(
    root: &Path,
    suite: &str,
    state: Timestamp,
    packages: &[PackageFacts],
    key: &SignedSecretKey,
) -> Result<(), RecordedError> {
    let there = || packages.iter().filter(|package| package.suite == suite && package.since <= state);
    let Some(published) = there().map(|package| package.since).max() else { return Ok(()) };
    let mut newest: BTreeMap<&str, &PackageFacts> = BTreeMap::new();
    for package in there().filter(|package| package.name != "-") {
        newest.insert(&package.name, package);
    }
    let folder = root.join("dists").join(suite);
    let mut files = String::new();
    for architecture in ARCHITECTURES {
        let text: String = newest.values().map(|package| stanza(package, architecture)).collect();
        for package in newest.values() {
            let (path, content) = deb(package, architecture);
            put(&root.join(path), content.as_bytes())?;
        }
        let path = format!("main/binary-{architecture}/Packages");
        put(&folder.join(&path), text.as_bytes())?;
        files.push_str(&format!(" {} {} {path}\n", Digest::sha256(text.as_bytes()).hex(), text.len()));
    }
    let date = published.strftime("%a, %d %b %Y %H:%M:%S UTC");
    let release = format!(
        "Origin: solera-pin's stand-in for Debian\nSuite: {suite}\nCodename: {suite}\nDate: {date}\n\
         Architectures: {}\nComponents: main\nSHA256:\n{files}",
        ARCHITECTURES.join(" ")
    );
    put(&folder.join("InRelease"), signed(&release, published, key)?.as_bytes())
}

/// A package's file: where it is, and what stands in for it.
fn deb(package: &PackageFacts, architecture: &str) -> (String, String) {
    let PackageFacts { name, version, .. } = package;
    let file = version.split_once(':').map_or(version.as_str(), |(_, version)| version);
    (format!("pool/main/{name}_{file}_{architecture}.deb"), format!("{name} {version} {architecture}\n"))
}

fn stanza(package: &PackageFacts, architecture: &str) -> String {
    let PackageFacts { name, version, depends, .. } = package;
    let (path, content) = deb(package, architecture);
    let depends = if depends.is_empty() { String::new() } else { format!("Depends: {depends}\n") };
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n{depends}\
         Filename: {path}\nSize: {}\nSHA256: {}\n\n",
        content.len(),
        Digest::sha256(content.as_bytes()).hex()
    )
}

/// A text in the clear, signed with the stand-in's key.
pub fn signed_text(text: &str, at: Timestamp) -> Result<String, RecordedError> {
    let (key, _) = SignedSecretKey::from_string(KEY).map_err(signing)?;
    signed(text, at, &key)
}

/// Signed at a time, so that the same state has the same bytes.
fn signed(text: &str, at: Timestamp, key: &SignedSecretKey) -> Result<String, RecordedError> {
    let at = u32::try_from(at.as_second()).unwrap_or_default();
    let primary = &key.primary_key;
    let mut config = SignatureConfig::v4(SignatureType::Text, primary.algorithm(), HashAlgorithm::Sha256);
    config.hashed_subpackets = vec![
        Subpacket::regular(SubpacketData::SignatureCreationTime(pgp::types::Timestamp::from_secs(at)))
            .map_err(signing)?,
        Subpacket::regular(SubpacketData::IssuerFingerprint(primary.fingerprint())).map_err(signing)?,
    ];
    // Without it gpgv, and so apt, does not tell whose signature it is.
    config.unhashed_subpackets =
        vec![Subpacket::regular(SubpacketData::IssuerKeyId(primary.legacy_key_id())).map_err(signing)?];
    let message = CleartextSignedMessage::new(text, config, primary, &Password::empty()).map_err(signing)?;
    message.to_armored_string(ArmorOptions::default()).map_err(signing)
}

#[allow(clippy::needless_pass_by_value, reason = "as a function for map_err")]
fn signing(error: pgp::errors::Error) -> RecordedError {
    RecordedError::Signing(error.to_string())
}

fn put(path: &Path, content: &[u8]) -> Result<(), RecordedError> {
    let file = |source| RecordedError::File { path: path.to_owned(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(file)?;
    }
    fs::write(path, content).map_err(file)
}
