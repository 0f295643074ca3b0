//! Files with provenance: what buildx writes beside a build, what it prints of an image, or a statement alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::predicate::{self, Predicate, Written};
use super::{Provenance, ProvenanceError, json, malformed};
use crate::model::{Digest, Platform};

/// The key of a build's provenance; with several platforms, `/PLATFORM` follows.
const KEY: &str = "buildx.build.provenance";

/// One image of a file, for one platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// The target that it was built from, where the file has several.
    pub target: Option<String>,
    /// The platform, where the file says it.
    pub platform: Option<Platform>,
    /// What the file says that was used; none where it says nothing.
    pub provenance: Option<Provenance>,
    /// What that is about, where the file says it; empty where it does not.
    pub subjects: Vec<Digest>,
}

/// Reads a file: each image in it, for each platform.
pub fn read_file(bytes: &[u8]) -> Result<Vec<Built>, ProvenanceError> {
    let file: Map<String, Value> = json(bytes)?;
    if file.contains_key("predicateType") {
        let written: Written = serde_json::from_value(Value::Object(file)).map_err(malformed)?;
        let statement = predicate::statement(written)?;
        let (provenance, subjects) = (Some(statement.provenance), statement.subjects);
        return Ok(vec![Built { provenance, subjects, ..Built::default() }]);
    }
    if is_result(&file) {
        return of_target(None, file);
    }
    let mut built = Vec::new();
    for (name, value) in file {
        let Value::Object(of) = value else { continue };
        if is_result(&of) {
            built.extend(match name.parse::<Platform>() {
                // `docker buildx imagetools inspect` has platforms where bake has targets.
                Ok(platform) if of.contains_key("SLSA") => {
                    let one = of_target(None, of)?;
                    one.into_iter().map(|one| Built { platform: Some(platform.clone()), ..one }).collect()
                }
                _ => of_target(Some(name), of)?,
            });
        }
    }
    Ok(built)
}

/// Whether these are what came of a build, or its provenance.
fn is_result(of: &Map<String, Value>) -> bool {
    let is_own = |key: &String| key.starts_with("buildx.build.") || key.starts_with("containerimage.");
    is_predicate(of) || of.contains_key("SLSA") || of.keys().any(is_own)
}

fn is_predicate(of: &Map<String, Value>) -> bool {
    ["buildType", "buildDefinition", "materials"].iter().any(|key| of.contains_key(*key))
}

fn of_target(target: Option<String>, of: Map<String, Value>) -> Result<Vec<Built>, ProvenanceError> {
    let read = |platform: Option<Platform>, value: Value| {
        let found: Option<Predicate> = serde_json::from_value(value).map_err(malformed)?;
        let provenance = found.map(predicate::provenance).transpose()?;
        Ok(Built { target: target.clone(), platform, provenance, subjects: Vec::new() })
    };
    if is_predicate(&of) {
        return Ok(vec![read(None, Value::Object(of))?]);
    }
    let mut found: BTreeMap<Option<Platform>, Built> = BTreeMap::new();
    for (key, value) in of {
        let platform = match key.strip_prefix(KEY) {
            None if key == "SLSA" => None,
            None => continue,
            Some("") => None,
            Some(rest) => {
                let platform = rest.strip_prefix('/').and_then(|text| text.parse().ok());
                let why = || ProvenanceError::Malformed(format!("`{key}` names no platform"));
                Some(platform.ok_or_else(why)?)
            }
        };
        if found.insert(platform.clone(), read(platform, value)?).is_some() {
            return Err(ProvenanceError::Malformed("it has the provenance of one platform twice".into()));
        }
    }
    if found.is_empty() {
        found.insert(None, Built { target, ..Built::default() });
    }
    Ok(found.into_values().collect())
}
