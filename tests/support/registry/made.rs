//! Images to push that are made of something: layers, a configuration, and an attestation with an inventory.

use serde_json::{Value, json};
use solera_pin::model::Digest;

use super::{INDEX, MANIFEST, Registry, images::platform_object};

/// What states what is installed.
pub const SPDX: &str = "https://spdx.dev/Document";

/// The image of one platform.
#[derive(Clone)]
pub struct Made<'a> {
    pub platform: &'a str,
    /// What tells layers apart, and their sizes.
    pub layers: &'a [(&'a str, u64)],
    /// The `config` of its configuration.
    pub config: Value,
    /// What the index says of it.
    pub annotations: Value,
    /// Debian packages with their versions; `None` where it has no attestation.
    pub packages: Option<&'a [(&'a str, &'a str)]>,
}

impl<'a> Made<'a> {
    pub fn new(platform: &'a str, layers: &'a [(&'a str, u64)]) -> Self {
        Self { platform, layers, config: json!({}), annotations: json!({}), packages: None }
    }
}

/// An image that was pushed.
pub struct Pushed {
    pub image: Digest,
    /// The statement of what is installed, where there is one.
    pub statement: Option<Digest>,
}

impl Registry {
    /// An index of images. Gives its digest, and what each image is.
    pub fn push_made(&self, repository: &str, tag: &str, images: &[Made<'_>]) -> (Digest, Vec<Pushed>) {
        let (mut entries, mut pushed) = (Vec::new(), Vec::new());
        for made in images {
            let image = self.push_image(repository, made);
            let entry = json!({"mediaType": MANIFEST, "digest": image, "size": 1000, "platform": platform_object(made.platform), "annotations": made.annotations});
            entries.push(entry);
            let statement = made.packages.map(|packages| {
                let statement = self.push_blob(repository, statement(&image, packages).to_string());
                entries.push(self.push_attestation(repository, &image, &statement, 1000));
                statement
            });
            pushed.push(Pushed { image, statement });
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        (self.push_bytes(repository, Some(tag), INDEX, index.to_string()), pushed)
    }

    fn push_image(&self, repository: &str, made: &Made<'_>) -> Digest {
        let mut config = platform_object(made.platform);
        config["config"] = made.config.clone();
        config["created"] = json!("2026-01-02T03:04:05Z");
        config["rootfs"] = json!({"type": "layers", "diff_ids": []});
        let config = self.push_blob(repository, config.to_string());
        let layer = |(name, size): &(&str, u64)| json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": Digest::sha256(name.as_bytes()), "size": size});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 500},
            "layers": made.layers.iter().map(layer).collect::<Value>(),
        });
        self.push_bytes(repository, None, MANIFEST, manifest.to_string())
    }

    /// The attestation about `image`, with provenance before the inventory; gives its entry of an index.
    pub fn push_attestation(&self, repository: &str, image: &Digest, statement: &Digest, size: u64) -> Value {
        let layer = |kind: &str, digest: &Digest, size: u64| {
            json!({
                "mediaType": "application/vnd.in-toto+json",
                "digest": digest,
                "size": size,
                "annotations": {"in-toto.io/predicate-type": kind},
            })
        };
        let provenance = layer("https://slsa.dev/provenance/v1", &Digest::sha256(b"provenance"), 10);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest::sha256(b"config"), "size": 2},
            "layers": [provenance, layer(SPDX, statement, size)],
        });
        let manifest = self.push_bytes(repository, None, MANIFEST, manifest.to_string());
        json!({
            "mediaType": MANIFEST,
            "digest": manifest,
            "size": 841,
            "annotations": {"vnd.docker.reference.digest": image, "vnd.docker.reference.type": "attestation-manifest"},
            "platform": {"architecture": "unknown", "os": "unknown"},
        })
    }
}

/// The statement of what is installed in `image`, as build tools write it.
pub fn statement(image: &Digest, packages: &[(&str, &str)]) -> Value {
    let package = |(name, version): &(&str, &str)| {
        json!({
            "name": name,
            "SPDXID": format!("SPDXRef-Package-deb-{name}"),
            "versionInfo": version,
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": true,
            "licenseDeclared": "GPL-3.0-only",
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": format!("pkg:deb/debian/{name}@{version}?arch=amd64&distro=debian-13"),
            }],
        })
    };
    json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": SPDX,
        "subject": [{"name": "pkg:docker/a@1?platform=linux%2Famd64", "digest": {"sha256": image.hex()}}],
        "predicate": {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": "sbom",
            "creationInfo": {"created": "2026-01-02T03:04:05Z", "creators": ["Tool: a scanner"]},
            "packages": packages.iter().map(package).collect::<Value>(),
            "files": [{"fileName": "/bin/sh", "SPDXID": "SPDXRef-File-sh"}],
            "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": "SPDXRef-File-sh", "relationshipType": "DESCRIBES"}],
        },
    })
}
