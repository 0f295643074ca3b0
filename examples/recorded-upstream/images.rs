//! The OCI layout: for each tag an index with a manifest for each architecture and an attestation, as official images
//! have them. Tags that are names of one build (`6.9.4-fpm`, `6.9-fpm`, `6-fpm`) share all of it.

#![allow(
    clippy::disallowed_methods,
    reason = "a blob that a kill left short is written again, index.json is replaced by a rename"
)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use solera_pin::model::{Digest, Platform, Repository, Tag};

use super::facts::{ImageFacts, TagFacts};
use super::{ImageSummary, RecordedError};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// The end of a tar archive, and so an archive with nothing in it.
const EMPTY_TAR: [u8; 1024] = [0; 1024];

/// Makes or moves the layout at `root`.
pub(super) fn write(
    root: &Path,
    images: &[ImageFacts],
    at: Timestamp,
) -> Result<Vec<ImageSummary>, RecordedError> {
    let mut layout = Layout::open(root)?;
    let mut manifests = Vec::new();
    let mut summaries = Vec::new();
    for image in images {
        let mut maker = Maker::new(&mut layout, image);
        let existing: Vec<&TagFacts> = image.tags.iter().filter(|fact| fact.first_listed <= at).collect();
        for fact in &existing {
            let mut descriptor = maker.tag(fact, at)?;
            let name = format!("{}:{}", image.repository, fact.tag);
            descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
            manifests.push(descriptor);
        }
        summaries.push(ImageSummary {
            repository: image.repository.clone(),
            tags: existing.len(),
            newest: newest(&existing, at),
        });
    }
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
    layout.replace("index.json", &serde_json::to_vec(&index)?)?;
    Ok(summaries)
}

/// The three latest builds; of each the longest tag, which is the most exact one.
fn newest(existing: &[&TagFacts], at: Timestamp) -> Vec<(Tag, Timestamp)> {
    let mut builds: BTreeMap<Timestamp, &Tag> = BTreeMap::new();
    for fact in existing {
        let tag = builds.entry(fact.built(at)).or_insert(&fact.tag);
        if fact.tag.as_str().len() > tag.as_str().len() {
            *tag = &fact.tag;
        }
    }
    let latest = builds.into_iter().rev().take(3);
    latest.map(|(time, tag)| (tag.clone(), time)).collect()
}

/// A tag's version numbers, and the rest of it: `6.9.4-fpm` is `[6, 9, 4]` and `-fpm`, `fpm` is `[]` and `-fpm`.
fn split(tag: &Tag) -> (Vec<u64>, String) {
    let text = tag.as_str();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (version, rest) = match text.as_bytes().get(end) {
        None | Some(b'-') => text.split_at(end),
        Some(_) => ("", text),
    };
    let numbers = version.split('.').filter_map(|part| part.parse().ok()).collect();
    (numbers, format!("-{}", rest.trim_start_matches('-')))
}

/// Makes the contents of one image repository's tags.
struct Maker<'a> {
    layout: &'a mut Layout,
    repository: &'a Repository,
    /// The versions that were built of a flavour at a time, highest first. From the facts alone, not from the date: what a
    /// tag names may not change because other tags came or went.
    builds: HashMap<(String, Timestamp), Vec<Vec<u64>>>,
    attestation: Option<Value>,
    /// Descriptors of what is made already, by what it was made from.
    made: HashMap<String, Value>,
}

impl<'a> Maker<'a> {
    fn new(layout: &'a mut Layout, image: &'a ImageFacts) -> Self {
        let mut builds: HashMap<_, Vec<Vec<u64>>> = HashMap::new();
        for fact in &image.tags {
            let (version, flavour) = split(&fact.tag);
            for time in fact.builds() {
                let versions = builds.entry((flavour.clone(), time)).or_default();
                versions.push(version.clone());
            }
        }
        for versions in builds.values_mut() {
            versions.sort_by(|a, b| b.cmp(a));
        }
        Self { layout, repository: &image.repository, builds, attestation: None, made: HashMap::new() }
    }

    /// The version and the most exact name of the build that `fact` names: `6-fpm` is of `6.9.4`, as `6.9.4-fpm`, where
    /// both were built at that time.
    fn build_name(&self, fact: &TagFacts, built: Timestamp) -> (String, String) {
        let (version, flavour) = split(&fact.tag);
        let builds = self.builds.get(&(flavour.clone(), built));
        let exact = builds.into_iter().flatten().find(|other| other.starts_with(&version));
        let numbers: Vec<String> = exact.unwrap_or(&version).iter().map(ToString::to_string).collect();
        let version = numbers.join(".");
        let name = format!("{version}{flavour}").trim_matches('-').to_owned();
        (version, name)
    }

    /// The descriptor of what a tag named at `at`.
    fn tag(&mut self, fact: &TagFacts, at: Timestamp) -> Result<Value, RecordedError> {
        let (built, assembled) = (fact.built(at), fact.assembled(at));
        let (version, name) = self.build_name(fact, built);
        let key = format!("{name} {built} {assembled} {}", fact.architectures.join(","));
        if let Some(index) = self.made.get(&key) {
            return Ok(index.clone());
        }
        let mut children = Vec::new();
        for architecture in &fact.architectures {
            let mut child = self.platform(architecture, &version, built)?;
            child["annotations"] = json!({
                "com.docker.official-images.bashbrew.arch": architecture,
                "org.opencontainers.image.created": built.to_string(),
                "org.opencontainers.image.version": name,
            });
            children.push(child);
        }
        if let Some(first) = children.first() {
            children.push(self.attestation(&first["digest"], assembled)?);
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": children });
        let descriptor = self.layout.blob(INDEX, &serde_json::to_vec(&index)?)?;
        self.made.insert(key, descriptor.clone());
        Ok(descriptor)
    }

    /// One manifest for all flavours of a version that were built at a time: only their indexes differ. Each having its own
    /// would be five times as many files.
    fn platform(
        &mut self,
        architecture: &str,
        version: &str,
        built: Timestamp,
    ) -> Result<Value, RecordedError> {
        let key = format!("{version} {built} {architecture}");
        if let Some(descriptor) = self.made.get(&key) {
            return Ok(descriptor.clone());
        }
        let descriptor = self.new_platform(architecture, version, built)?;
        self.made.insert(key, descriptor.clone());
        Ok(descriptor)
    }

    fn new_platform(
        &mut self,
        architecture: &str,
        version: &str,
        built: Timestamp,
    ) -> Result<Value, RecordedError> {
        let platform = platform(architecture)?;
        let config = self.config(&platform)?;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config,
            "layers": [self.layout.blob(LAYER, &EMPTY_TAR)?],
            "annotations": {
                "org.opencontainers.image.created": built.to_string(),
                "org.opencontainers.image.title": self.repository,
                "org.opencontainers.image.version": version,
            },
        });
        let mut descriptor = self.layout.blob(MANIFEST, &serde_json::to_vec(&manifest)?)?;
        descriptor["platform"] = match platform.variant() {
            Some(variant) => {
                json!({ "os": "linux", "architecture": platform.architecture(), "variant": variant })
            }
            // Official images spell out what is the default elsewhere.
            None if platform.architecture() == "arm64" => {
                json!({ "os": "linux", "architecture": "arm64", "variant": "v8" })
            }
            None => json!({ "os": "linux", "architecture": platform.architecture() }),
        };
        Ok(descriptor)
    }

    /// One configuration for all builds of an architecture: the annotations of the manifest tell builds apart.
    fn config(&mut self, platform: &Platform) -> Result<Value, RecordedError> {
        let key = platform.to_string();
        if let Some(config) = self.made.get(&key) {
            return Ok(config.clone());
        }
        let mut config = json!({
            "os": "linux",
            "architecture": platform.architecture(),
            "config": { "Labels": { "org.opencontainers.image.title": self.repository } },
            "rootfs": { "type": "layers", "diff_ids": [Digest::sha256(&EMPTY_TAR)] },
        });
        if let Some(variant) = platform.variant() {
            config["variant"] = json!(variant);
        }
        let descriptor = self.layout.blob(CONFIG, &serde_json::to_vec(&config)?)?;
        self.made.insert(key, descriptor.clone());
        Ok(descriptor)
    }

    fn attestation(&mut self, subject: &Value, assembled: Timestamp) -> Result<Value, RecordedError> {
        let blobs = match &self.attestation {
            Some(blobs) => blobs.clone(),
            None => {
                let statement = json!({ "_type": "https://in-toto.io/Statement/v0.1", "subject": [] });
                let config = json!({ "os": "unknown", "architecture": "unknown", "config": {}, "rootfs": { "type": "layers", "diff_ids": [] } });
                json!([
                    self.layout.blob(CONFIG, &serde_json::to_vec(&config)?)?,
                    self.layout.blob(IN_TOTO, &serde_json::to_vec(&statement)?)?,
                ])
            }
        };
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": blobs[0],
            "layers": [blobs[1]],
            "annotations": { "org.opencontainers.image.created": assembled.to_string() },
        });
        self.attestation = Some(blobs);
        let mut descriptor = self.layout.blob(MANIFEST, &serde_json::to_vec(&manifest)?)?;
        descriptor["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        descriptor["annotations"] = json!({
            "vnd.docker.reference.digest": subject,
            "vnd.docker.reference.type": "attestation-manifest",
        });
        Ok(descriptor)
    }
}

/// An official image's name for an architecture as a platform.
fn platform(architecture: &str) -> Result<Platform, RecordedError> {
    let go = match architecture {
        "arm32v5" => "arm/v5",
        "arm32v6" => "arm/v6",
        "arm32v7" => "arm/v7",
        "arm64v8" => "arm64/v8",
        "i386" => "386",
        same => same,
    };
    format!("linux/{go}").parse().map_err(|error: solera_pin::model::PlatformError| RecordedError::Facts {
        name: "architectures",
        text: architecture.into(),
        reason: error.to_string(),
    })
}

/// An OCI image layout that is being written.
struct Layout {
    root: PathBuf,
    /// What this run has already seen in place, so that shared blobs cost nothing.
    written: HashSet<Digest>,
}

impl Layout {
    fn open(root: &Path) -> Result<Self, RecordedError> {
        let blobs = root.join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(|source| RecordedError::File { path: blobs, source })?;
        let layout = Self { root: root.into(), written: HashSet::new() };
        layout.replace("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        Ok(layout)
    }

    /// Adds a blob and gives its descriptor.
    fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Result<Value, RecordedError> {
        let digest = Digest::sha256(bytes);
        let path = self.root.join("blobs/sha256").join(digest.hex());
        if self.written.insert(digest.clone()) {
            // A shorter one was cut off by a kill.
            let complete = fs::metadata(&path).is_ok_and(|file| file.len() == bytes.len() as u64);
            if !complete {
                fs::write(&path, bytes).map_err(|source| RecordedError::File { path, source })?;
            }
        }
        Ok(json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() }))
    }

    /// Replaces a file whole, so that a server of this layout sees the old or the new one.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), RecordedError> {
        let path = self.root.join(name);
        let temporary = self.root.join(format!(".{name}.new"));
        fs::write(&temporary, bytes)
            .and_then(|()| fs::rename(&temporary, &path))
            .map_err(|source| RecordedError::File { path, source })
    }
}
