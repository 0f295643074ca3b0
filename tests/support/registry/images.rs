//! Images to push: content that is a function of what was pushed.

use serde_json::{Value, json};
use solera_pin::model::Digest;

use super::{INDEX, MANIFEST, Registry};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

impl Registry {
    /// An image of one platform. Each push of the same tag gives other content, as a rebuild does.
    pub fn push_manifest(&self, repository: &str, tag: Option<&str>, platform: &str) -> Digest {
        let build = self.build_number(repository, &format!("{}/{platform}", tag.unwrap_or_default()));
        let bytes = self.manifest_bytes(repository, platform, &format!("{repository}:{tag:?}#{build}"));
        self.push_bytes(repository, tag, MANIFEST, bytes)
    }

    /// An index of images for `platforms`, each with an attestation, as official images have. Each push of the same
    /// tag gives other content, as a rebuild does.
    pub fn push_index(&self, repository: &str, tag: &str, platforms: &[&str]) -> Digest {
        self.push_index_with(repository, tag, platforms, true)
    }

    /// The same; the entries have no `platform` where `named` is false.
    pub fn push_index_with(&self, repository: &str, tag: &str, platforms: &[&str], named: bool) -> Digest {
        self.push(repository, tag, platforms, |platform, entry| {
            if named {
                entry["platform"] = platform_object(platform);
            }
        })
    }

    /// The same, each image with the base that `base` says it was built on: a name and which build of it.
    pub fn push_index_on<'b>(
        &self,
        repository: &str,
        tag: &str,
        platforms: &[&str],
        base: impl Fn(&str) -> (&'b str, &'b str),
    ) -> Digest {
        self.push(repository, tag, platforms, |platform, entry| {
            let (name, build) = base(platform);
            entry["platform"] = platform_object(platform);
            entry["annotations"] = json!({
                "org.opencontainers.image.base.name": name,
                "org.opencontainers.image.base.digest": Digest::sha256(format!("{name} {platform} {build}").as_bytes()),
            });
        })
    }

    fn push(
        &self,
        repository: &str,
        tag: &str,
        platforms: &[&str],
        with: impl Fn(&str, &mut Value),
    ) -> Digest {
        let build = self.build_number(repository, tag);
        let mut entries = Vec::new();
        for platform in platforms {
            let bytes = self.manifest_bytes(repository, platform, &format!("{repository}:{tag}#{build}"));
            let size = bytes.len();
            let child = self.push_bytes(repository, None, MANIFEST, bytes);
            let mut entry = json!({"mediaType": MANIFEST, "digest": child, "size": size});
            with(platform, &mut entry);
            entries.push(entry);
            entries.push(json!({
                "mediaType": MANIFEST,
                "digest": Digest::sha256(format!("attestation of {child}").as_bytes()),
                "size": 841,
                "annotations": {"vnd.docker.reference.digest": child, "vnd.docker.reference.type": "attestation-manifest"},
                "platform": {"architecture": "unknown", "os": "unknown"},
            }));
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        self.push_bytes(repository, Some(tag), INDEX, index.to_string())
    }

    fn build_number(&self, repository: &str, of: &str) -> u64 {
        let mut contents = self.lock();
        let pushes = &mut contents.repositories.entry(repository.into()).or_default().pushes;
        let number = pushes.entry(of.into()).or_default();
        *number += 1;
        *number
    }

    fn manifest_bytes(&self, repository: &str, platform: &str, seed: &str) -> String {
        let mut config = platform_object(platform);
        config["config"] = json!({"Labels": {"build": seed}});
        config["rootfs"] = json!({"type": "layers", "diff_ids": []});
        let config = config.to_string();
        let size = config.len();
        let digest = self.push_blob(repository, config);
        json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest, "size": size},
            "layers": [],
        })
        .to_string()
    }
}

pub(super) fn platform_object(platform: &str) -> Value {
    let mut parts = platform.split('/');
    let mut object = json!({"os": parts.next().unwrap(), "architecture": parts.next().unwrap()});
    if let Some(variant) = parts.next() {
        object["variant"] = variant.into();
    }
    object
}
