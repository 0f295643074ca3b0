//! Predicates: what SLSA v0.2 and v1 have where, as BuildKit fills them in.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::steps::{self, BuildConfig, SourceMap, Start, Steps};
use super::{Material, PREDICATE_TYPES, Provenance, ProvenanceError, Revision, Statement};
use crate::model::{Digest, ImageRef};

/// The most materials that are read.
const MATERIALS: usize = 10_000;
/// The most subjects that are read.
const SUBJECTS: usize = 10_000;

/// The label that says which revision an image was built from.
const REVISION: &str = "label:org.opencontainers.image.revision";

/// A statement as it is written.
#[derive(Deserialize)]
pub(super) struct Written {
    #[serde(rename = "predicateType")]
    kind: String,
    subject: Option<Vec<Subject>>,
    predicate: Option<Predicate>,
}

#[derive(Deserialize)]
struct Subject {
    digest: Option<BTreeMap<String, String>>,
}

/// A predicate of either version.
#[derive(Default, Deserialize)]
pub(super) struct Predicate {
    // v0.2
    materials: Option<Vec<Dependency>>,
    invocation: Option<Invocation>,
    #[serde(rename = "buildConfig")]
    build_config: Option<BuildConfig>,
    metadata: Option<Metadata>,
    // v1
    #[serde(rename = "buildDefinition")]
    definition: Option<Definition>,
    #[serde(rename = "runDetails")]
    run: Option<RunDetails>,
}

#[derive(Deserialize)]
struct Dependency {
    uri: Option<String>,
    digest: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
struct Invocation {
    #[serde(rename = "configSource")]
    config: Option<ConfigSource>,
    parameters: Option<Request>,
}

#[derive(Deserialize)]
struct ConfigSource {
    uri: Option<String>,
}

/// What the builder was asked for.
#[derive(Default, Deserialize)]
struct Request {
    args: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
struct Definition {
    #[serde(rename = "resolvedDependencies")]
    dependencies: Option<Vec<Dependency>>,
    #[serde(rename = "externalParameters")]
    external: Option<External>,
    #[serde(rename = "internalParameters")]
    internal: Option<Internal>,
}

#[derive(Default, Deserialize)]
struct External {
    #[serde(rename = "configSource")]
    config: Option<ConfigSource>,
    #[serde(alias = "parameters")]
    request: Option<Request>,
    #[serde(rename = "buildConfig")]
    build_config: Option<BuildConfig>,
}

#[derive(Default, Deserialize)]
struct Internal {
    #[serde(rename = "buildConfig")]
    build_config: Option<BuildConfig>,
}

#[derive(Default, Deserialize)]
struct RunDetails {
    metadata: Option<Metadata>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(rename = "https://mobyproject.org/buildkit@v1#metadata", alias = "buildkit_metadata")]
    own: Option<Own>,
    #[serde(rename = "https://mobyproject.org/buildkit@v1#hermetic", alias = "buildkit_hermetic")]
    hermetic: Option<bool>,
}

#[derive(Default, Deserialize)]
struct Own {
    vcs: Option<BTreeMap<String, String>>,
    source: Option<SourceMap>,
}

/// Reads a statement.
pub(super) fn statement(written: Written) -> Result<Statement, ProvenanceError> {
    if !PREDICATE_TYPES.contains(&written.kind.as_str()) {
        return Err(ProvenanceError::Type(written.kind.chars().take(200).collect()));
    }
    let said = written.subject.unwrap_or_default();
    if said.len() > SUBJECTS {
        return Err(ProvenanceError::TooMany { what: "subjects", most: SUBJECTS });
    }
    let mut subjects = Vec::new();
    for (algorithm, hex) in said.into_iter().flat_map(|subject| subject.digest.unwrap_or_default()) {
        let digest: Result<Digest, _> = format!("{algorithm}:{hex}").parse();
        subjects
            .push(digest.map_err(|error| ProvenanceError::Malformed(format!("a subject of it: {error}")))?);
    }
    let predicate =
        written.predicate.ok_or_else(|| ProvenanceError::Malformed("it has no predicate".into()))?;
    let is_new = predicate.definition.is_some();
    if is_new != (written.kind == PREDICATE_TYPES[1]) {
        return Err(ProvenanceError::Malformed(format!("it is not what `{}` must be", written.kind)));
    }
    Ok(Statement { subjects, provenance: provenance(predicate)? })
}

/// Reads a predicate; its version is told by what it has.
pub(super) fn provenance(predicate: Predicate) -> Result<Provenance, ProvenanceError> {
    let Predicate { materials, invocation, build_config, metadata, definition, run } = predicate;
    let is_old = materials.is_some() || invocation.is_some() || build_config.is_some() || metadata.is_some();
    let is_new = definition.is_some() || run.is_some();
    if is_old && is_new {
        let why = "it is of SLSA v0.2 and of v1 at once";
        return Err(ProvenanceError::Malformed(why.into()));
    }
    let parts = match definition {
        Some(definition) => {
            let external = definition.external.unwrap_or_default();
            let internal = definition.internal.unwrap_or_default();
            Parts {
                materials: definition.dependencies,
                config: external.config,
                request: external.request,
                build_config: internal.build_config.or(external.build_config),
                metadata: run.and_then(|run| run.metadata),
            }
        }
        None => {
            let invocation = invocation.unwrap_or_default();
            let (config, request) = (invocation.config, invocation.parameters);
            Parts { materials, config, request, build_config, metadata }
        }
    };
    parts.read()
}

/// What both versions have, wherever they have it.
struct Parts {
    materials: Option<Vec<Dependency>>,
    config: Option<ConfigSource>,
    request: Option<Request>,
    build_config: Option<BuildConfig>,
    metadata: Option<Metadata>,
}

impl Parts {
    fn read(self) -> Result<Provenance, ProvenanceError> {
        let said = self.materials.unwrap_or_default();
        if said.len() > MATERIALS {
            return Err(ProvenanceError::TooMany { what: "materials", most: MATERIALS });
        }
        let material =
            |one: Dependency| Material::new(one.uri.unwrap_or_default(), &one.digest.unwrap_or_default());
        let args = self.request.and_then(|request| request.args).unwrap_or_default();
        let metadata = self.metadata.unwrap_or_default();
        let own = metadata.own.unwrap_or_default();
        let (steps, start) = match (self.build_config, metadata.hermetic) {
            (Some(config), _) => steps::of(config, own.source.as_ref())?,
            // It says of all steps together that none had the network.
            (None, Some(true)) => (Steps::Known(Vec::new()), Start::Untold),
            (None, _) => (Steps::Untold, Start::Untold),
        };
        Ok(Provenance {
            materials: said.into_iter().map(material).collect(),
            steps,
            start,
            revision: own.vcs.and_then(|vcs| vcs.get("revision").map(|text| revision(text))),
            label: args.get(REVISION).cloned(),
            frontend: args.get("source").and_then(|source| source.parse::<ImageRef>().ok()),
            context: self.config.and_then(|config| config.uri),
        })
    }
}

/// buildx says of a work tree with changes that it is `-dirty`.
fn revision(text: &str) -> Revision {
    let clean = text.strip_suffix("-dirty");
    Revision { commit: clean.unwrap_or(text).to_owned(), dirty: clean.is_some() }
}
