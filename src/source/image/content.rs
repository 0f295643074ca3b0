//! What the bytes of a manifest say. Pure: an answer goes in, facts or a reason come out.

use std::collections::BTreeMap;

use oci_client::manifest::{ImageIndexEntry, OciImageIndex, OciImageManifest};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::{Base, Digest, MediaType, Platform};
use crate::net::Kind;

/// Marks an entry of an index that is about another entry, such as its provenance.
pub(super) const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// What an image was built on.
const BASE_NAME: &str = "org.opencontainers.image.base.name";
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// The revision of its source that an image was built from.
pub(super) const REVISION: &str = "org.opencontainers.image.revision";

/// Why bytes are not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) kind: Kind,
    pub(super) why: String,
}

pub(super) fn protocol(why: impl Into<String>) -> Wrong {
    let (kind, why) = (Kind::Protocol, why.into());
    Wrong { kind, why }
}

/// The digest of `body`: the one that was asked for, or the one that the registry claims, or by default SHA-256.
/// Each that is given must be right.
pub(super) fn verified_digest(
    body: &[u8],
    asked: Option<&Digest>,
    claimed: Option<&str>,
) -> Result<Digest, Wrong> {
    let claimed = match claimed.map(str::parse::<Digest>) {
        Some(Ok(digest)) => Some(digest),
        Some(Err(error)) => {
            return Err(protocol(format!("the registry's Docker-Content-Digest is malformed: {error}")));
        }
        None => None,
    };
    for (expected, whose) in [(asked, "asked for"), (claimed.as_ref(), "claimed by the registry")] {
        if let Some(expected) = expected.filter(|expected| !expected.matches(body)) {
            let found = Digest::of(expected.algorithm(), body);
            let why = format!("the content is {found}, and not {expected} as {whose}");
            return Err(Wrong { kind: Kind::Integrity, why });
        }
    }
    Ok(asked.cloned().or(claimed).unwrap_or_else(|| Digest::sha256(body)))
}

/// A manifest's own words, checked.
#[derive(Debug)]
pub(super) enum Content {
    Index(MediaType, Vec<Child>),
    /// With the digest of its configuration.
    Single(MediaType, Digest, Claims),
}

/// An image in an index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) digest: Digest,
    /// Absent where the index does not say; its configuration does.
    pub(super) platform: Option<Platform>,
    pub(super) claims: Claims,
}

/// What an image says of itself. A claim that cannot be read is none: nothing that is locked depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) base: Option<Base>,
    pub(super) revision: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: Option<u64>,
    media_type: Option<String>,
    manifests: Option<IgnoredAny>,
    layers: Option<IgnoredAny>,
}

/// Reads a manifest of any of the four types.
pub(super) fn read(body: &[u8], content_type: Option<&str>) -> Result<Content, Wrong> {
    let Ok(shape) = serde_json::from_slice::<Shape>(body) else {
        let what = content_type.unwrap_or("something else");
        return Err(protocol(format!("the registry answered with {what} instead of a manifest")));
    };
    if shape.schema_version == Some(1)
        || content_type.is_some_and(|text| text.contains("distribution.manifest.v1+"))
    {
        return Err(protocol(
            "it is a schema 1 manifest, which has no digest that can be pinned: the image must be pushed again with a \
             current builder",
        ));
    }
    let media_type = media_type(&shape, content_type)?;
    if shape.manifests.is_some() && shape.layers.is_some() {
        return Err(protocol("it is an index and a manifest at once, which builders may read either way"));
    }
    let malformed = |error: serde_json::Error| protocol(format!("it is not a valid {media_type}: {error}"));
    match media_type.is_index() {
        true => {
            let index: OciImageIndex = serde_json::from_slice(body).map_err(malformed)?;
            let children = index.manifests.into_iter().filter_map(|entry| child(entry).transpose());
            Ok(Content::Index(media_type, children.collect::<Result<_, _>>()?))
        }
        false => {
            let manifest: OciImageManifest = serde_json::from_slice(body).map_err(malformed)?;
            let config = manifest.config.digest.parse();
            let config = config
                .map_err(|error| protocol(format!("its configuration has no valid digest: {error}")))?;
            Ok(Content::Single(
                media_type,
                config,
                manifest.annotations.as_ref().map(claims).unwrap_or_default(),
            ))
        }
    }
}

/// Whether a manifest is read the same without its header.
pub(super) fn says_its_type(body: &[u8], content_type: Option<&str>) -> bool {
    let Ok(shape) = serde_json::from_slice::<Shape>(body) else { return false };
    media_type(&shape, None).is_ok_and(|alone| media_type(&shape, content_type) == Ok(alone))
}

/// The type that the body states, or else the header; where both do, they must agree: what is parsed is decided by it.
fn media_type(shape: &Shape, content_type: Option<&str>) -> Result<MediaType, Wrong> {
    let generic = |text: &str| matches!(text, "application/json" | "application/octet-stream" | "text/plain");
    let header = content_type.filter(|text| !generic(text));
    let stated = shape.media_type.as_deref().filter(|text| !text.is_empty());
    if let (Some(stated), Some(header)) = (stated, header)
        && stated != header
    {
        return Err(protocol(format!("it says that it is {stated}, and the registry says {header}")));
    }
    match stated.or(header) {
        Some(text) => text.parse().map_err(protocol),
        // OCI 1.0 left the type out of the body, and some static file servers know no type for it.
        None if shape.manifests.is_some() => Ok(MediaType::OciIndex),
        None if shape.layers.is_some() => Ok(MediaType::OciManifest),
        None => Err(protocol("the registry answered with JSON that is not a manifest")),
    }
}

/// An entry of an index, unless it is an attestation or of a type that is no image.
fn child(entry: ImageIndexEntry) -> Result<Option<Child>, Wrong> {
    let notes = entry.annotations.unwrap_or_default();
    let attests = notes.contains_key(REFERENCE_TYPE);
    let is_image = entry.media_type.parse::<MediaType>().is_ok_and(|media_type| !media_type.is_index());
    if attests || !is_image {
        return Ok(None);
    }
    let digest = entry.digest.parse();
    let digest = digest
        .map_err(|error| protocol(format!("its index has an entry without a valid digest: {error}")))?;
    let platform = match entry.platform {
        Some(platform) => {
            let (os, architecture) = (platform.os.to_string(), platform.architecture.to_string());
            read_platform(&os, &architecture, platform.variant.as_deref())?
        }
        None => None,
    };
    match platform.as_ref().is_some_and(Platform::is_unknown) {
        true => Ok(None),
        false => Ok(Some(Child { digest, platform, claims: claims(&notes) })),
    }
}

fn claims(notes: &BTreeMap<String, String>) -> Claims {
    Claims { base: base(notes), revision: notes.get(REVISION).cloned() }
}

fn base(notes: &BTreeMap<String, String>) -> Option<Base> {
    let name = notes.get(BASE_NAME)?.parse().ok()?;
    Some(Base { name, digest: notes.get(BASE_DIGEST)?.parse().ok()? })
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
}

/// The platform that an image's configuration names.
pub(super) fn platform_of_configuration(body: &[u8]) -> Result<Platform, Wrong> {
    let Ok(found) = serde_json::from_slice::<Configuration>(body) else {
        return Err(protocol("its configuration is not that of an image"));
    };
    let platform = read_platform(&found.os, &found.architecture, found.variant.as_deref())?;
    platform.ok_or_else(|| protocol("its configuration names no platform, so it is not a container image"))
}

fn read_platform(os: &str, architecture: &str, variant: Option<&str>) -> Result<Option<Platform>, Wrong> {
    if os.is_empty() || architecture.is_empty() {
        return Ok(None);
    }
    let platform = Platform::new(os, architecture, variant.filter(|variant| !variant.is_empty()));
    platform.map(Some).map_err(|error| protocol(format!("it names a platform that is not one: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

    fn why(body: &str, content_type: Option<&str>) -> String {
        read(body.as_bytes(), content_type).unwrap_err().why
    }

    fn index(entries: &str) -> Vec<Child> {
        let body = format!(r#"{{"schemaVersion": 2, "manifests": [{entries}]}}"#);
        match read(body.as_bytes(), Some(INDEX)).unwrap() {
            Content::Index(MediaType::OciIndex, children) => children,
            other => panic!("{other:?}"),
        }
    }

    fn entry(rest: &str) -> String {
        let digest = Digest::sha256(rest.as_bytes());
        format!(r#"{{"mediaType": "{MANIFEST}", "digest": "{digest}", "size": 1{rest}}}"#)
    }

    #[test]
    fn what_is_no_manifest_is_said() {
        assert!(why("<html>", Some("text/html")).contains("answered with text/html"));
        assert!(why("{}", Some("application/json")).contains("not a manifest"));
        assert!(why("{}", None).contains("not a manifest"));
        assert!(why(r#"{"schemaVersion": 1, "fsLayers": []}"#, None).contains("schema 1"));
        let old = Some("application/vnd.docker.distribution.manifest.v1+prettyjws");
        assert!(why("{}", old).contains("schema 1"));
        assert!(why(r#"{"mediaType": "text/x"}"#, None).contains("is not the media type"));
    }

    #[test]
    fn body_and_header_must_agree_on_one_thing() {
        let body = format!(r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "manifests": []}}"#);
        assert!(read(body.as_bytes(), None).is_ok());
        assert!(read(body.as_bytes(), Some("application/json")).is_ok());
        assert!(why(&body, Some(MANIFEST)).contains("and the registry says"));
        let both =
            format!(r#"{{"schemaVersion": 2, "mediaType": "{INDEX}", "manifests": [], "layers": []}}"#);
        assert!(why(&both, Some(INDEX)).contains("at once"));
    }

    #[test]
    fn an_index_has_images_only() {
        let children = index(
            &[
                entry(r#", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}"#),
                entry(r#", "platform": {"os": "unknown", "architecture": "unknown"}"#),
                entry(r#", "annotations": {"vnd.docker.reference.type": "attestation-manifest"}"#),
                entry(r#", "platform": {"os": "", "architecture": ""}"#),
                entry(""),
                entry("").replace(MANIFEST, "application/vnd.example"),
            ]
            .join(","),
        );
        let platforms: Vec<_> =
            children.iter().map(|child| child.platform.as_ref().map(ToString::to_string)).collect();
        assert_eq!(platforms, [Some("linux/arm64".to_owned()), None, None]);
    }

    #[test]
    fn an_image_says_what_it_was_built_on() {
        let base = |name: &str, digest: &str| {
            let notes = json!({"org.opencontainers.image.base.name": name, "org.opencontainers.image.base.digest": digest});
            index(&entry(&format!(r#", "annotations": {notes}"#)))[0].claims.base.clone()
        };
        let digest = Digest::sha256(b"x").to_string();
        let found = base("debian:trixie-slim", &digest).unwrap();
        assert_eq!(found.name.to_string(), "docker.io/library/debian:trixie-slim");
        assert_eq!(found.digest.to_string(), digest);
        assert_eq!((base("not one", &digest), base("debian", "sha256:1")), (None, None));
    }

    /// Exact bytes of an official image's index.
    #[test]
    fn a_real_index_names_the_base_of_each_platform() {
        let bytes = include_bytes!("../../../tests/data/indexes/postgres-17.11.index.json");
        let Content::Index(_, children) = read(bytes, Some(INDEX)).unwrap() else { panic!("it is an index") };
        let bases: Vec<_> = children.iter().map(|child| child.claims.base.clone().unwrap()).collect();
        assert_eq!(bases.len(), 8);
        assert!(bases.iter().all(|base| base.name.to_string() == "docker.io/library/debian:trixie-slim"));
        assert!(children.iter().all(|child| child.claims.revision.as_ref().is_some_and(|it| it.len() >= 40)));
        let amd64 = "sha256:7792b1f7702a86946cd518db72b6a407302c3e9bc1635634368b878189e8221c";
        assert_eq!(bases[0].digest.to_string(), amd64);
    }

    /// Exact bytes of a real index whose entries have no platform at all.
    #[test]
    fn a_real_index_without_platforms_keeps_its_digest_and_its_images() {
        let bytes = include_bytes!("../../../tests/data/indexes/tianon-test-no-platform.index.json");
        let digest = "sha256:347290ddd775c1b85a3e381b09edde95242478eb65153e9b17225356f4c072ac";
        assert_eq!(verified_digest(bytes, None, Some(digest)).unwrap().to_string(), digest);
        match read(bytes, Some(INDEX)).unwrap() {
            Content::Index(_, children) => {
                assert_eq!(children.len(), 3);
                assert!(children.iter().all(|child| child.platform.is_none()));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_digest_that_is_given_must_be_right() {
        let (body, right) = (b"x", Digest::sha256(b"x").to_string());
        let wrong = Digest::sha256(b"y");
        let sha512 = Digest::of(crate::model::Algorithm::Sha512, body);
        assert_eq!(verified_digest(body, None, None).unwrap().to_string(), right);
        assert_eq!(verified_digest(body, None, Some(&right)).unwrap().to_string(), right);
        assert_eq!(verified_digest(body, Some(&sha512), Some(&right)).unwrap(), sha512);
        assert_eq!(verified_digest(body, None, Some("sha256:1")).unwrap_err().kind, Kind::Protocol);
        for (asked, claimed) in [(Some(&wrong), Some(right.as_str())), (None, Some(&*wrong.to_string()))] {
            let error = verified_digest(body, asked, claimed).unwrap_err();
            assert_eq!(error.kind, Kind::Integrity);
            assert!(error.why.contains(&right) && error.why.contains(&wrong.to_string()), "{}", error.why);
        }
    }

    #[test]
    fn a_configuration_names_one_platform() {
        let platform = |text: &str| platform_of_configuration(text.as_bytes());
        assert_eq!(
            platform(r#"{"os": "linux", "architecture": "amd64"}"#).unwrap().to_string(),
            "linux/amd64"
        );
        assert!(platform("{}").unwrap_err().why.contains("names no platform"));
        assert!(platform("[").unwrap_err().why.contains("not that of an image"));
    }
}
