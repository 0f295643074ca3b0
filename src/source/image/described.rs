//! What indexes, manifests and configurations say beyond what is locked. Pure: bytes go in, facts or a reason come out.

use std::collections::{BTreeMap, HashMap};

use oci_client::manifest::{OciDescriptor, OciImageIndex, OciImageManifest};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::content::{Content, REFERENCE_TYPE, REVISION, Wrong, protocol, read};
use crate::model::{Configuration, Digest, Layer, Setting};

/// Where the source of an image is.
const SOURCE: &str = "org.opencontainers.image.source";

/// What an attestation is about.
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
const ATTESTATION: &str = "attestation-manifest";

/// What the layer of an attestation states.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// What an image says of its source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claimed {
    pub(super) source: Option<String>,
    pub(super) revision: Option<String>,
}

impl Claimed {
    fn of(notes: &BTreeMap<String, String>) -> Self {
        Self { source: notes.get(SOURCE).cloned(), revision: notes.get(REVISION).cloned() }
    }

    /// What the labels of a configuration say.
    pub(super) fn of_labels(configuration: &Configuration) -> Self {
        let label = |name: &str| configuration.settings.get(&Setting::Label(name.to_owned())).cloned();
        Self { source: label(SOURCE), revision: label(REVISION) }
    }

    /// Where this says nothing, what `other` says. A revision is one of the source that was named with it.
    pub(super) fn or(self, other: impl FnOnce() -> Self) -> Self {
        if self.source.is_none() && self.revision.is_none() { other() } else { self }
    }
}

/// What an index says of its entries, by their digests.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) claims: HashMap<Digest, Claimed>,
    /// The manifest of the attestation about each image.
    pub(super) attestations: HashMap<Digest, Digest>,
}

/// Reads an index.
pub(super) fn entries(body: &[u8], content_type: Option<&str>) -> Result<Entries, Wrong> {
    let Content::Index(media_type, _) = read(body, content_type)? else {
        return Err(protocol("it is a manifest where an index is locked"));
    };
    let index: OciImageIndex = serde_json::from_slice(body)
        .map_err(|error| protocol(format!("it is not a valid {media_type}: {error}")))?;
    let mut found = Entries::default();
    for entry in index.manifests {
        let notes = entry.annotations.unwrap_or_default();
        let Ok(digest) = entry.digest.parse::<Digest>() else { continue };
        match notes.get(REFERENCE_TYPE) {
            None => drop(found.claims.entry(digest).or_insert_with(|| Claimed::of(&notes))),
            Some(kind) if kind == ATTESTATION => {
                if let Some(about) = notes.get(REFERENCE_DIGEST).and_then(|text| text.parse().ok()) {
                    found.attestations.entry(about).or_insert(digest);
                }
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

/// What the manifest of one platform says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Single {
    pub(super) configuration: Digest,
    pub(super) claims: Claimed,
    pub(super) layers: Vec<Layer>,
}

/// Reads the manifest of one platform.
pub(super) fn single(body: &[u8], content_type: Option<&str>) -> Result<Single, Wrong> {
    let (configuration, manifest) = manifest(body, content_type)?;
    let layers = manifest.layers.iter().map(layer).collect::<Result<_, _>>()?;
    let claims = manifest.annotations.as_ref().map(Claimed::of).unwrap_or_default();
    Ok(Single { configuration, claims, layers })
}

fn manifest(body: &[u8], content_type: Option<&str>) -> Result<(Digest, OciImageManifest), Wrong> {
    let Content::Single(media_type, configuration, _) = read(body, content_type)? else {
        return Err(protocol("it is an index where a manifest is named"));
    };
    let malformed = |error: serde_json::Error| protocol(format!("it is not a valid {media_type}: {error}"));
    Ok((configuration, serde_json::from_slice(body).map_err(malformed)?))
}

fn layer(descriptor: &OciDescriptor) -> Result<Layer, Wrong> {
    let digest = descriptor.digest.parse();
    let digest = digest.map_err(|error| protocol(format!("a layer of it has no valid digest: {error}")))?;
    let size = u64::try_from(descriptor.size);
    let size = size.map_err(|_| protocol("a layer of it has a negative size"))?;
    Ok(Layer { digest, size, media_type: descriptor.media_type.clone() })
}

/// The layers of an attestation that state something of this type.
pub(super) fn stated(
    body: &[u8],
    content_type: Option<&str>,
    predicate_type: &str,
) -> Result<Vec<Layer>, Wrong> {
    let (_, manifest) = manifest(body, content_type)?;
    let states = |descriptor: &&OciDescriptor| {
        let notes = descriptor.annotations.as_ref();
        notes.and_then(|notes| notes.get(PREDICATE_TYPE)).is_some_and(|kind| kind == predicate_type)
    };
    manifest.layers.iter().filter(states).map(layer).collect()
}

#[derive(Deserialize)]
struct Document {
    created: Option<String>,
    config: Option<Settings>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    user: Option<String>,
    working_dir: Option<String>,
    exposed_ports: Option<BTreeMap<String, IgnoredAny>>,
    volumes: Option<BTreeMap<String, IgnoredAny>>,
    stop_signal: Option<String>,
    healthcheck: Option<Value>,
    shell: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
}

/// Reads a configuration.
pub(super) fn configuration(body: &[u8]) -> Result<Configuration, Wrong> {
    let document: Document =
        serde_json::from_slice(body).map_err(|_| protocol("its configuration is not that of an image"))?;
    let set = document.config.unwrap_or_default();
    let list = |list: Option<Vec<String>>| {
        list.filter(|list| !list.is_empty()).map(|list| Value::from(list).to_string())
    };
    let keys = |map: Option<BTreeMap<String, IgnoredAny>>| list(map.map(|map| map.into_keys().collect()));
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    let settings = [
        (Setting::Entrypoint, list(set.entrypoint)),
        (Setting::Cmd, list(set.cmd)),
        (Setting::User, text(set.user)),
        (Setting::WorkingDir, text(set.working_dir)),
        (Setting::ExposedPorts, keys(set.exposed_ports)),
        (Setting::Volumes, keys(set.volumes)),
        (Setting::StopSignal, text(set.stop_signal)),
        (Setting::Healthcheck, set.healthcheck.map(|check| check.to_string())),
        (Setting::Shell, list(set.shell)),
    ];
    let env = set.env.into_iter().flatten().map(|variable| {
        let (name, value) = variable.split_once('=').unwrap_or((&variable, ""));
        (Setting::Env(name.to_owned()), value.to_owned())
    });
    let labels = set.labels.into_iter().flatten().map(|(name, value)| (Setting::Label(name), value));
    let settings = settings.into_iter().filter_map(|(setting, value)| Some((setting, value?)));
    Ok(Configuration { created: document.created, settings: settings.chain(env).chain(labels).collect() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

    /// Exact bytes of an official image's index.
    #[test]
    fn a_real_index_names_sources_and_attestations() {
        let bytes = include_bytes!("../../../tests/data/indexes/postgres-17.11.index.json");
        let found = entries(bytes, Some(INDEX)).unwrap();
        assert_eq!((found.claims.len(), found.attestations.len()), (8, 8));
        let amd64 = "sha256:e31e3d5327d1806f6177827c9710643e4f35f7ab3f14d26d05332753d3e95ee0";
        let amd64 = amd64.parse::<Digest>().unwrap();
        let about = "sha256:2ca48abe6ef9fb9fda600a9198bddb14784a87cd653a364631916831168b938f";
        assert_eq!(found.attestations[&amd64].to_string(), about);
        let revision = "2603e26e245e558218728ee14e0a42dcb020dc7f";
        let claimed = &found.claims[&amd64];
        assert_eq!(claimed.revision.as_deref(), Some(revision));
        let source = format!("https://github.com/docker-library/postgres.git#{revision}:17/trixie");
        assert_eq!(claimed.source.as_deref(), Some(&*source));
    }

    /// Exact bytes of an official image's manifest and configuration.
    #[test]
    fn a_real_image_has_a_layer_and_settings() {
        let bytes = include_bytes!("../../../tests/data/manifests/bookworm-slim-amd64.manifest.json");
        let found = single(bytes, Some(MANIFEST)).unwrap();
        let [layer] = &found.layers[..] else { panic!("{found:?}") };
        assert!(layer.size > 20_000_000 && layer.media_type.ends_with("tar+gzip"), "{layer:?}");
        let bytes = include_bytes!("../../../tests/data/manifests/bookworm-slim-amd64.config.json");
        assert!(found.configuration.matches(bytes));
        let found = configuration(bytes).unwrap();
        assert_eq!(found.created.as_deref(), Some("2024-12-02T00:00:00Z"));
        let settings: Vec<String> =
            found.settings.iter().map(|(setting, value)| format!("{setting}={value}")).collect();
        let path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        assert_eq!(settings, [r#"CMD=["bash"]"#, path]);
    }

    #[test]
    fn every_setting_is_read() {
        let document = json!({"config": {
            "Env": ["A=1=2", "B"], "Entrypoint": ["/e"], "Cmd": ["-v"], "User": "www", "WorkingDir": "/w",
            "ExposedPorts": {"80/tcp": {}, "443/tcp": {}}, "Volumes": {"/data": {}}, "StopSignal": "SIGQUIT",
            "Healthcheck": {"Test": ["CMD", "true"]}, "Shell": ["/bin/bash", "-c"],
            "Labels": {"org.opencontainers.image.source": "https://github.com/a/b", "x": "y"},
        }});
        let found = configuration(document.to_string().as_bytes()).unwrap();
        let settings: Vec<String> =
            found.settings.iter().map(|(setting, value)| format!("{setting}={value}")).collect();
        assert_eq!(
            settings,
            [
                r#"ENTRYPOINT=["/e"]"#,
                r#"CMD=["-v"]"#,
                "USER=www",
                "WORKDIR=/w",
                r#"EXPOSE=["443/tcp","80/tcp"]"#,
                r#"VOLUME=["/data"]"#,
                "STOPSIGNAL=SIGQUIT",
                r#"HEALTHCHECK={"Test":["CMD","true"]}"#,
                r#"SHELL=["/bin/bash","-c"]"#,
                "ENV A=1=2",
                "ENV B=",
                "LABEL org.opencontainers.image.source=https://github.com/a/b",
                "LABEL x=y",
            ]
        );
        let labels = Claimed::of_labels(&found);
        assert_eq!(labels.source.as_deref(), Some("https://github.com/a/b"));
        let annotated = Claimed { source: None, revision: Some("r".into()) };
        assert_eq!(annotated.clone().or(|| labels.clone()), annotated, "claims are not mixed");
        assert_eq!(Claimed::default().or(|| labels.clone()), labels);
        assert!(configuration(b"[]").is_err());
    }

    #[test]
    fn an_attestation_states_by_type() {
        let config = json!({"mediaType": "x", "digest": Digest::sha256(b"c"), "size": 1});
        let layer = |kind: &str, size: i64| {
            json!({"mediaType": "application/vnd.in-toto+json", "digest": Digest::sha256(kind.as_bytes()),
                "size": size, "annotations": {PREDICATE_TYPE: kind}})
        };
        let manifest = |size| {
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config,
                "layers": [layer("provenance", 1), layer("spdx", size)]})
            .to_string()
        };
        let stated = |size, kind| stated(manifest(size).as_bytes(), None, kind);
        assert_eq!(stated(7, "spdx").unwrap()[0].digest, Digest::sha256(b"spdx"));
        assert_eq!(stated(7, "other").unwrap(), []);
        let two = manifest(7).replace("provenance", "spdx");
        assert_eq!(
            super::stated(two.as_bytes(), None, "spdx").unwrap().len(),
            2,
            "nothing tells which is meant"
        );
        assert!(stated(-7, "spdx").unwrap_err().why.contains("negative"));
    }
}
