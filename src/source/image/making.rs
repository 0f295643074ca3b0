//! What a configuration tells of how its image was made (image-spec, "config"). Pure.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::content::{REVISION, Wrong, protocol};
use crate::model::Make;

/// What a configuration tells of how its image was made.
pub(super) fn make_of_configuration(body: &[u8]) -> Result<Make, Wrong> {
    let read = serde_json::from_slice::<Making>(body);
    let found = read.map_err(|_| protocol("its configuration is not that of an image"))?;
    let config = found.config.unwrap_or_default();
    Ok(Make {
        layers: found.rootfs.diff_ids,
        history: found
            .history
            .into_iter()
            .flatten()
            .map(|step| step.created_by.unwrap_or_default())
            .collect(),
        revision: config.labels.and_then(|mut labels| labels.remove(REVISION)),
        triggers: config.triggers.unwrap_or_default(),
    })
}

#[derive(Deserialize)]
struct Making {
    rootfs: Layers,
    history: Option<Vec<Step>>,
    config: Option<Configured>,
}

#[derive(Deserialize)]
struct Layers {
    diff_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Step {
    created_by: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configured {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(rename = "OnBuild")]
    triggers: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exact bytes of an official image's configuration.
    #[test]
    fn a_real_configuration_tells_how_it_was_made() {
        let bytes = include_bytes!("../../../tests/data/manifests/bookworm-full-amd64.config.json");
        let make = make_of_configuration(bytes).unwrap();
        assert_eq!(make.layers.len(), 1);
        assert!(!make.history.is_empty() && make.history.iter().all(|step| !step.is_empty()));
        let on = br#"{"rootfs": {"diff_ids": []}, "config": {"OnBuild": ["RUN make"]}}"#;
        assert_eq!(make_of_configuration(on).unwrap().triggers, ["RUN make"]);
        assert!(make_of_configuration(b"{}").is_err());
    }
}
