//! Images with layers to push, and with what is attested of them.

use serde_json::{Value, json};
use solera_pin::model::Digest;

use super::images::platform_object;
use super::{INDEX, MANIFEST, Registry};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// What was pushed.
pub struct Layered {
    pub index: Digest,
    /// In the order of the platforms.
    pub manifests: Vec<Digest>,
    pub attestations: Vec<Digest>,
}

impl Registry {
    /// An index of images with these layers, each image with an attestation that is there.
    pub fn push_layered(&self, repository: &str, tag: &str, images: &[(&str, &[&[u8]])]) -> Layered {
        let (mut entries, mut manifests, mut attestations) = (Vec::new(), Vec::new(), Vec::new());
        for (platform, layers) in images {
            let layers: Vec<Value> =
                layers.iter().map(|layer| self.piece(repository, LAYER, layer.to_vec())).collect();
            let mut config = platform_object(platform);
            config["rootfs"] = json!({ "type": "layers", "diff_ids": [] });
            let (manifest, mut entry) = self.manifest_of(repository, &config, &layers);
            entry["platform"] = platform_object(platform);
            entries.push(entry);
            let statement = json!({ "_type": "https://in-toto.io/Statement/v0.1", "of": manifest });
            let statement = self.piece(repository, IN_TOTO, statement.to_string().into_bytes());
            let (attestation, mut entry) =
                self.manifest_of(repository, &json!({ "of": manifest }), &[statement]);
            entry["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
            entry["annotations"] = json!({
                "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": manifest,
            });
            entries.push(entry);
            manifests.push(manifest);
            attestations.push(attestation);
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
        // Real ones are not as this library would write them.
        let index = format!("{index:#}\n\n");
        Layered { index: self.push_bytes(repository, Some(tag), INDEX, index), manifests, attestations }
    }

    /// The descriptor of a blob.
    pub fn piece(&self, repository: &str, media_type: &str, bytes: Vec<u8>) -> Value {
        let size = bytes.len();
        json!({ "mediaType": media_type, "digest": self.push_blob(repository, bytes), "size": size })
    }

    /// A manifest, and the descriptor of it.
    pub fn manifest_of(&self, repository: &str, config: &Value, layers: &[Value]) -> (Digest, Value) {
        let config = self.piece(repository, CONFIG, config.to_string().into_bytes());
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers })
                .to_string();
        let size = manifest.len();
        let digest = self.push_bytes(repository, None, MANIFEST, manifest);
        let entry = json!({ "mediaType": MANIFEST, "digest": digest, "size": size });
        (digest, entry)
    }
}
