//! Images as builders leave them: layers, configuration, index, and what is attested of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use solera_pin::model::Digest;

use super::registry::{INDEX, MANIFEST, Registry};

/// How a layer is packed.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    Plain,
    Gzip,
    Zstd,
}

/// A layer, and what it unpacks to.
#[derive(Clone)]
pub struct Layer {
    packed: Vec<u8>,
    diff_id: Digest,
}

impl Layer {
    /// One with these files.
    pub fn new(form: Form, files: &[(&str, &str)]) -> Self {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        let diff_id = Digest::sha256(&tar);
        let packed = match form {
            Form::Plain => tar,
            Form::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(&tar).unwrap();
                encoder.finish().unwrap()
            }
            Form::Zstd => zstd::encode_all(tar.as_slice(), 1).unwrap(),
        };
        Self { packed, diff_id }
    }

    /// Of itself, as it is packed.
    pub fn digest(&self) -> Digest {
        Digest::sha256(&self.packed)
    }

    /// Of what it says that it unpacks to.
    pub fn diff_id(&self) -> Digest {
        self.diff_id.clone()
    }

    /// The same, said to unpack to something else.
    pub fn claimed(self, diff_id: Digest) -> Self {
        Self { diff_id, ..self }
    }
}

/// dpkg's record of packages: name, version, architecture.
pub fn status(packages: &[(&str, &str, &str)]) -> String {
    let entry = |(name, version, of): &(&str, &str, &str)| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: {of}\nVersion: {version}\n\n")
    };
    packages.iter().map(entry).collect()
}

/// A statement of SLSA v0.2 with these materials: identifier, algorithm, digest.
pub fn provenance(materials: &[(&str, &str, &str)], revision: Option<&str>) -> Value {
    let material = |(uri, algorithm, hex): &(&str, &str, &str)| json!({ "uri": uri, "digest": { *algorithm: hex.trim_start_matches("sha256:") } });
    let materials: Vec<Value> = materials.iter().map(material).collect();
    let vcs = revision.map(|revision| json!({ "revision": revision }));
    json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [],
        "predicate": {
            "buildType": "https://mobyproject.org/buildkit@v1",
            "materials": materials,
            "metadata": { "https://mobyproject.org/buildkit@v1#metadata": { "vcs": vcs } },
        },
    })
}

/// An image of one platform.
pub struct Image<'a> {
    pub platform: &'a str,
    pub layers: Vec<Layer>,
    pub labels: Value,
    /// What is stated of it; its subject is filled in where it is `null`.
    pub statement: Option<Value>,
}

/// An index with all that it leads to.
#[derive(Default)]
pub struct Index {
    pub digest: Option<Digest>,
    pub manifests: Vec<Digest>,
    content: BTreeMap<Digest, (Option<&'static str>, Vec<u8>)>,
}

impl Index {
    pub fn of(images: &[Image<'_>]) -> Self {
        let mut index = Self::default();
        let mut entries = Vec::new();
        for image in images {
            let manifest = index.image(image);
            let (os, architecture) = image.platform.split_once('/').unwrap();
            let digest = manifest["digest"].clone();
            let mut entry = manifest;
            entry["platform"] = json!({ "os": os, "architecture": architecture });
            entries.push(entry);
            if let Some(statement) = &image.statement {
                let mut attestation = index.attestation(statement, digest.as_str().unwrap());
                attestation["annotations"] = json!({ "vnd.docker.reference.digest": digest, "vnd.docker.reference.type": "attestation-manifest" });
                attestation["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
                entries.push(attestation);
            }
        }
        let bytes = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }).to_string();
        index.digest = Some(Digest::sha256(bytes.as_bytes()));
        index.add(Some(INDEX), bytes.into_bytes());
        index
    }

    /// The same with its entries changed. What `more` has is there too.
    pub fn edited(mut self, more: Self, edit: impl FnOnce(&mut Vec<Value>)) -> Self {
        let mut entries = self.entries();
        edit(&mut entries);
        self.content.extend(more.content);
        let bytes =
            json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }).to_string().into_bytes();
        self.digest = Some(Digest::sha256(&bytes));
        self.add(Some(INDEX), bytes);
        self
    }

    /// Its entries.
    pub fn entries(&self) -> Vec<Value> {
        let index: Value = serde_json::from_slice(&self.content[self.digest()].1).unwrap();
        index["manifests"].as_array().unwrap().clone()
    }

    /// What an index has to say of this one.
    pub fn entry(&self) -> Value {
        json!({ "mediaType": INDEX, "digest": self.digest(), "size": self.content[self.digest()].1.len() })
    }

    fn image(&mut self, image: &Image<'_>) -> Value {
        let (os, architecture) = image.platform.split_once('/').unwrap();
        let diff_ids: Vec<&Digest> = image.layers.iter().map(|layer| &layer.diff_id).collect();
        let config = json!({
            "os": os, "architecture": architecture, "config": { "Labels": image.labels },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        let config = self.blob("application/vnd.oci.image.config.v1+json", config.to_string().into_bytes());
        let of =
            |layer: &Layer| self.blob("application/vnd.oci.image.layer.v1.tar+gzip", layer.packed.clone());
        let layers: Vec<Value> = image.layers.iter().map(of).collect();
        let manifest = self.manifest(&config, &layers);
        self.manifests.push(manifest["digest"].as_str().unwrap().parse().unwrap());
        manifest
    }

    fn attestation(&mut self, statement: &Value, about: &str) -> Value {
        let mut statement = statement.clone();
        if statement["subject"].is_null() {
            statement["subject"] =
                json!([{ "name": "x", "digest": { "sha256": about.trim_start_matches("sha256:") } }]);
        }
        let mut layer = self.blob("application/vnd.in-toto+json", statement.to_string().into_bytes());
        layer["annotations"] = json!({ "in-toto.io/predicate-type": statement["predicateType"] });
        let config = self.blob("application/vnd.oci.image.config.v1+json", b"{}".to_vec());
        self.manifest(&config, &[layer])
    }

    fn manifest(&mut self, config: &Value, layers: &[Value]) -> Value {
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers });
        let bytes = manifest.to_string().into_bytes();
        let entry = json!({ "mediaType": MANIFEST, "digest": Digest::sha256(&bytes), "size": bytes.len() });
        self.add(Some(MANIFEST), bytes);
        entry
    }

    fn blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let entry = json!({ "mediaType": media_type, "digest": Digest::sha256(&bytes), "size": bytes.len() });
        self.add(None, bytes);
        entry
    }

    fn add(&mut self, media_type: Option<&'static str>, bytes: Vec<u8>) {
        self.content.insert(Digest::sha256(&bytes), (media_type, bytes));
    }

    /// Its digest.
    pub fn digest(&self) -> &Digest {
        self.digest.as_ref().unwrap()
    }

    /// Pushes it, tagged.
    pub fn push(&self, registry: &Registry, repository: &str, tag: &str) {
        for (digest, (media_type, bytes)) in &self.content {
            match media_type {
                Some(media_type) => {
                    let tag = (digest == self.digest()).then_some(tag);
                    registry.push_bytes(repository, tag, media_type, bytes.clone());
                }
                None => drop(registry.push_blob(repository, bytes.clone())),
            }
        }
    }

    /// Writes it as an OCI layout, as BuildKit does.
    pub fn write(&self, folder: &Path, name: &str) {
        fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
        fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        for (digest, (_, bytes)) in &self.content {
            fs::write(folder.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        }
        let names = json!({ "org.opencontainers.image.ref.name": name });
        let mut entry = self.entry();
        entry["annotations"] = names;
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
        fs::write(folder.join("index.json"), index.to_string()).unwrap();
    }
}
