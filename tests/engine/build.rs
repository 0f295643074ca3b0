//! Builds, and what their provenance names.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::thread;

use serde_json::{Map, Value, json};
use solera_pin::model::ImageRef;

use crate::case::{Case, Expected};
use crate::session::Session;

/// What became of a build.
pub(crate) enum Outcome {
    /// The images that it used.
    Used(BTreeSet<ImageRef>),
    /// What the engine said instead.
    Refused(String),
}

/// Docker's plugin by itself, which starts in half the time.
const BUILDX: &str = "docker-buildx";
/// How many are built by one command: fast, and few enough for the engine.
const BATCH: usize = 24;
/// How many commands run at once.
const WORKERS: usize = 4;

/// Builds all of them; gives what became of each, in the same order.
///
/// Those that should succeed are built many by one command, because a command takes longer than a build. Where that
/// fails, it tells little: then each is built by its own, and that counts.
pub(crate) fn all(session: &Session, cases: &[Case]) -> Vec<Outcome> {
    cases.iter().for_each(|case| write(session, case));
    let (good, bad): (Vec<_>, Vec<_>) =
        cases.iter().partition(|case| matches!(case.expected, Expected::Uses(_)));
    let mut batches: Vec<Vec<&Case>> = good.chunks(BATCH).map(<[_]>::to_vec).collect();
    batches.extend(bad.into_iter().map(|case| vec![case]));
    let open = Mutex::new(batches);
    let built = Mutex::new(Map::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(batch) = { open.lock().unwrap().pop() } {
                    for (name, outcome) in together(session, &batch) {
                        built.lock().unwrap().insert(name, outcome);
                    }
                }
            });
        }
    });
    let mut built = built.into_inner().unwrap();
    cases.iter().map(|case| outcome(built.remove(&case.name).unwrap())).collect()
}

/// Builds some by one command, or each by its own where that fails.
fn together(session: &Session, batch: &[&Case]) -> Vec<(String, Value)> {
    if let [first, _, ..] = batch {
        let targets = batch.iter().map(|case| (case.name.clone(), target(session, case)));
        match bake(session, &format!("from-{}", first.name), targets) {
            Ok(mut built) => {
                return batch.iter().map(|case| (case.name.clone(), built[&case.name].take())).collect();
            }
            Err(why) => println!("each of {} by its own, because together: {why}", batch.len()),
        }
    }
    batch.iter().map(|case| (case.name.clone(), alone(session, case))).collect()
}

fn write(session: &Session, case: &Case) {
    let folder = session.folder().join(&case.name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("Dockerfile"), &case.text).unwrap();
}

/// A target of a bake file.
fn target(session: &Session, case: &Case) -> Value {
    let mut target = json!({
        "context": session.seen(&case.name),
        "platforms": [case.platform],
        "output": ["type=cacheonly"],
        "args": case.given.iter().map(|(name, value)| (name.clone(), literal(value))).collect::<Map<_, _>>(),
    });
    if let Some(name) = &case.target {
        target["target"] = literal(name);
    }
    target
}

/// Bake files expand what is in braces.
fn literal(value: &str) -> Value {
    Value::String(value.replace("${", "$${").replace("%{", "%%{"))
}

/// Builds targets of a bake file; gives the metadata of each by its name, or what the engine said.
pub(crate) fn bake(
    session: &Session,
    name: &str,
    targets: impl IntoIterator<Item = (String, Value)>,
) -> Result<Value, String> {
    let targets: Map<_, _> = targets.into_iter().collect();
    let names: Vec<_> = targets.keys().cloned().collect();
    let file = json!({ "target": targets, "group": { "default": { "targets": names } } });
    fs::write(session.folder().join(format!("{name}.json")), file.to_string()).unwrap();
    let file = session.seen(&format!("{name}.json"));
    let words = [BUILDX, "bake", "--progress=plain", "--file", &file];
    command(session, name, &words)
}

fn alone(session: &Session, case: &Case) -> Value {
    let arguments = case.given.iter().map(|(name, value)| format!("--build-arg={name}={value}"));
    let target = case.target.iter().map(|target| format!("--target={target}"));
    let mut words = vec![BUILDX.into(), "build".into(), "--progress=plain".into()];
    words.extend(["--output=type=cacheonly".into(), format!("--platform={}", case.platform)]);
    words.extend(arguments.chain(target));
    words.push(session.seen(&case.name));
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    command(session, &case.name, &words).unwrap_or_else(Value::String)
}

/// Runs a build that writes metadata; gives those, or the error that it ended with.
fn command(session: &Session, name: &str, words: &[&str]) -> Result<Value, String> {
    let metadata = format!("{name}.metadata");
    let seen = session.seen(&metadata);
    let ended = session.run(words.iter().chain(&["--metadata-file", &seen]));
    if ended.status.success() {
        return Ok(serde_json::from_slice(&fs::read(session.folder().join(metadata)).unwrap()).unwrap());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(said.lines().rev().find(|line| line.starts_with("ERROR")).unwrap_or(&said).to_owned())
}

fn outcome(built: Value) -> Outcome {
    let metadata = match built {
        Value::String(said) => return Outcome::Refused(said),
        metadata => metadata,
    };
    let provenance = &metadata["buildx.build.provenance"];
    assert!(provenance.is_object(), "a build without provenance: {metadata}");
    let materials = provenance["materials"].as_array().map(Vec::as_slice).unwrap_or_default();
    Outcome::Used(materials.iter().map(|material| image(material["uri"].as_str().unwrap())).collect())
}

/// The image that a material names: `pkg:docker/NAME@TAG?digest=…&platform=…`, percent-encoded.
fn image(uri: &str) -> ImageRef {
    let url = url::Url::parse(uri).unwrap();
    let path = url.path().strip_prefix("docker/").unwrap_or_else(|| panic!("{uri} is no image"));
    let (name, tag) = path.split_once('@').unwrap_or((path, ""));
    let tag = if tag.is_empty() { String::new() } else { format!(":{tag}") };
    let digest = url.query_pairs().find(|(key, _)| key == "digest");
    let digest = digest.map(|(_, digest)| format!("@{digest}")).unwrap_or_default();
    format!("{}{tag}{digest}", name.replace("%3A", ":")).parse().unwrap()
}
