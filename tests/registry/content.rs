//! Images and indexes, made small: bytes first, digests from the bytes.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::server::Registry;

/// `sha256:` and what `sha256sum` says.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// The two families of media types.
#[derive(Clone, Copy)]
pub(crate) enum Family {
    Oci,
    Docker,
}

impl Family {
    pub(crate) fn index(self) -> &'static str {
        match self {
            Self::Oci => "application/vnd.oci.image.index.v1+json",
            Self::Docker => "application/vnd.docker.distribution.manifest.list.v2+json",
        }
    }

    pub(crate) fn manifest(self) -> &'static str {
        match self {
            Self::Oci => "application/vnd.oci.image.manifest.v1+json",
            Self::Docker => "application/vnd.docker.distribution.manifest.v2+json",
        }
    }

    fn configuration(self) -> &'static str {
        match self {
            Self::Oci => "application/vnd.oci.image.config.v1+json",
            Self::Docker => "application/vnd.docker.container.image.v1+json",
        }
    }

    fn layer(self) -> &'static str {
        match self {
            Self::Oci => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Docker => "application/vnd.docker.image.rootfs.diff.tar.gzip",
        }
    }
}

/// A manifest or an index, as its bytes.
#[derive(Clone)]
pub(crate) struct Manifest {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Manifest {
    pub(crate) fn digest(&self) -> String {
        sha256(&self.bytes)
    }

    /// Its entry in an index.
    pub(crate) fn entry(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest(), "size": self.bytes.len() })
    }

    /// Its entry in an index that says for which platform it is.
    pub(crate) fn entry_for(&self, platform: &str) -> Value {
        let mut entry = self.entry();
        entry["platform"] = platform_object(platform);
        entry
    }
}

fn platform_object(platform: &str) -> Value {
    let mut parts = platform.split('/');
    let mut object = json!({ "os": parts.next().unwrap(), "architecture": parts.next().unwrap() });
    if let Some(variant) = parts.next() {
        object["variant"] = json!(variant);
    }
    object
}

/// An index of these entries, as most tools write it.
pub(crate) fn index(family: Family, entries: &[Value]) -> Manifest {
    let index = json!({ "schemaVersion": 2, "mediaType": family.index(), "manifests": entries });
    Manifest { media_type: family.index(), bytes: serde_json::to_vec_pretty(&index).unwrap() }
}

/// The same as official images have it: sorted keys, no space, and `\/` for every slash.
pub(crate) fn escaped_index(entries: &[Value]) -> Manifest {
    let family = Family::Oci;
    let index = json!({ "manifests": entries, "mediaType": family.index(), "schemaVersion": 2 });
    Manifest { media_type: family.index(), bytes: index.to_string().replace('/', "\\/").into_bytes() }
}

/// Pushes an image for one platform; `what` makes its content different from that of others.
pub(crate) fn push_image(
    registry: &Registry,
    repository: &str,
    family: Family,
    platform: &str,
    what: &str,
) -> Manifest {
    let layer = format!("{repository} {what} {platform}");
    let layer_digest = registry.push_blob(repository, layer.as_bytes());
    let mut configuration = platform_object(platform);
    configuration["config"] = json!({ "Labels": { "what": what } });
    configuration["rootfs"] = json!({ "type": "layers", "diff_ids": [layer_digest] });
    let configuration = configuration.to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": family.manifest(),
        "config": {
            "mediaType": family.configuration(),
            "digest": registry.push_blob(repository, configuration.as_bytes()),
            "size": configuration.len(),
        },
        "layers": [{ "mediaType": family.layer(), "digest": layer_digest, "size": layer.len() }],
    });
    let manifest = Manifest { media_type: family.manifest(), bytes: manifest.to_string().into_bytes() };
    registry.push(repository, &manifest.digest(), &manifest);
    manifest
}

/// The entries of an index with an image for each platform, and an attestation of each image after it.
pub(crate) fn push_entries(
    registry: &Registry,
    repository: &str,
    family: Family,
    platforms: &[&str],
    what: &str,
) -> Vec<Value> {
    let entries = platforms.iter().flat_map(|platform| {
        let image = push_image(registry, repository, family, platform, what);
        let about = format!("attestation of {what} for {platform}");
        let attestation = push_image(registry, repository, family, "unknown/unknown", &about);
        let mut attestation = attestation.entry_for("unknown/unknown");
        // A Docker manifest list has no annotations: there only the platform tells.
        if matches!(family, Family::Oci) {
            attestation["annotations"] = json!({
                "vnd.docker.reference.digest": image.digest(),
                "vnd.docker.reference.type": "attestation-manifest",
            });
        }
        [image.entry_for(platform), attestation]
    });
    entries.collect()
}

/// Pushes an OCI index with an image for each platform under `tag`.
pub(crate) fn push_index(
    registry: &Registry,
    repository: &str,
    tag: &str,
    platforms: &[&str],
    what: &str,
) -> Manifest {
    let index = index(Family::Oci, &push_entries(registry, repository, Family::Oci, platforms, what));
    registry.push(repository, tag, &index);
    index
}
