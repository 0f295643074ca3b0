//! The `RUN` steps that had the network, where the provenance says what was run (`mode=max`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Material, ProvenanceError};

/// The most steps that are read; the largest builds have some thousands.
const MOST: usize = 100_000;

/// How many bytes of a command are kept.
const LENGTH: usize = 4000;

/// What a source begins with that is a folder of whoever builds.
const LOCAL: &str = "local://";

/// What is known of the `RUN` steps of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Steps {
    /// Nothing: the provenance leaves them out.
    #[default]
    Untold,
    /// Those that had the network.
    Known(Vec<Step>),
}

impl Steps {
    /// These and more.
    #[must_use]
    pub fn and(self, more: &Self) -> Self {
        match (self, more) {
            (Self::Known(mut all), Self::Known(more)) => {
                all.extend(more.iter().cloned());
                Self::Known(all)
            }
            (Self::Untold, steps) => steps.clone(),
            (known, Self::Untold) => known,
        }
    }
}

/// What the steps of a build started with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// The provenance leaves it out.
    #[default]
    Untold,
    /// Nothing: there are no steps that could have made anything.
    Nothing,
    /// Files of whoever built it, and nothing else.
    Local,
    /// Something from outside, which this is the first of, as people may see it.
    Outside(String),
}

impl Start {
    fn and(self, identifier: String) -> Self {
        match self {
            Self::Outside(_) => self,
            _ if identifier.starts_with(LOCAL) => Self::Local,
            _ => Self::Outside(Material::new(identifier, &BTreeMap::new()).shown()),
        }
    }
}

/// A `RUN` step that had the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was run.
    pub command: String,
    /// Which network it had.
    pub network: Network,
    /// Where the Dockerfile has it.
    pub line: Option<u32>,
}

/// The network of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// The builder's own, which is what a step has that says nothing.
    Default,
    /// The host's.
    Host,
    /// Something that is not known here.
    Other,
}

impl Network {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Host => "host",
            Self::Other => "unknown",
        }
    }
}

/// `buildConfig` as builders write it.
#[derive(Deserialize)]
pub(super) struct BuildConfig {
    #[serde(rename = "llbDefinition")]
    definition: Option<Vec<BuildStep>>,
}

#[derive(Deserialize)]
struct BuildStep {
    id: Option<String>,
    op: Option<Op>,
}

/// Builders have written operations with a wrapper around them, and without.
#[derive(Deserialize)]
struct Op {
    #[serde(rename = "Op", alias = "op")]
    wrapped: Option<Operation>,
    #[serde(flatten)]
    own: Operation,
}

#[derive(Default, Deserialize)]
struct Operation {
    exec: Option<Exec>,
    source: Option<Got>,
}

/// Where a step gets something.
#[derive(Deserialize)]
struct Got {
    identifier: Option<String>,
}

#[derive(Deserialize)]
struct Exec {
    meta: Option<Meta>,
    network: Option<Value>,
}

#[derive(Deserialize)]
struct Meta {
    args: Option<Vec<String>>,
}

/// Where steps stand in the Dockerfile.
#[derive(Default, Deserialize)]
pub(super) struct SourceMap {
    locations: Option<BTreeMap<String, Option<Locations>>>,
}

#[derive(Deserialize)]
struct Locations {
    locations: Option<Vec<Location>>,
}

#[derive(Deserialize)]
struct Location {
    ranges: Option<Vec<Lines>>,
}

#[derive(Deserialize)]
struct Lines {
    start: Option<Position>,
}

#[derive(Deserialize)]
struct Position {
    line: Option<u32>,
}

impl SourceMap {
    fn line(&self, step: &str) -> Option<u32> {
        let found = self.locations.as_ref()?.get(step)?.as_ref()?;
        found.locations.as_ref()?.first()?.ranges.as_ref()?.first()?.start.as_ref()?.line
    }
}

/// The steps that had the network, and what all of them started with.
pub(super) fn of(config: BuildConfig, map: Option<&SourceMap>) -> Result<(Steps, Start), ProvenanceError> {
    let Some(definition) = config.definition else { return Ok((Steps::Untold, Start::Untold)) };
    if definition.len() > MOST {
        return Err(ProvenanceError::TooMany { what: "steps", most: MOST });
    }
    let (mut steps, mut start) = (Vec::new(), Start::Nothing);
    for step in definition {
        let Some(op) = step.op else { continue };
        let wrapped = op.wrapped.unwrap_or_default();
        if let Some(source) = op.own.source.or(wrapped.source) {
            start = start.and(source.identifier.unwrap_or_default());
        }
        let Some(exec) = op.own.exec.or(wrapped.exec) else { continue };
        let Some(network) = network(exec.network.as_ref()) else { continue };
        let command = command(exec.meta.and_then(|meta| meta.args).unwrap_or_default());
        let line = step.id.and_then(|id| map?.line(&id));
        steps.push(Step { command, network, line });
    }
    Ok((Steps::Known(steps), start))
}

/// `None` where it had none. A step that says nothing has what the builder gives.
fn network(said: Option<&Value>) -> Option<Network> {
    match said {
        None | Some(Value::Null) => Some(Network::Default),
        Some(Value::Number(number)) => match number.as_u64() {
            Some(0) => Some(Network::Default),
            Some(1) => Some(Network::Host),
            Some(2) => None,
            _ => Some(Network::Other),
        },
        Some(Value::String(word)) => match word.as_str() {
            "UNSET" | "" => Some(Network::Default),
            "HOST" => Some(Network::Host),
            "NONE" => None,
            _ => Some(Network::Other),
        },
        Some(_) => Some(Network::Other),
    }
}

/// What a shell was given, or all words.
fn command(words: Vec<String>) -> String {
    let text = match <[String; 3]>::try_from(words) {
        Ok([shell, option, script]) if shell.ends_with("sh") && option.starts_with('-') => script,
        Ok(words) => words.join(" "),
        Err(words) => words.join(" "),
    };
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
