//! A file for `docker buildx bake`: a target for each image of the catalog. It can be used alone, or over one's own, whose
//! targets of the same names keep what is not said here.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::contexts::named;
use super::{Ambiguous, EmittedImage, all_arguments};
use crate::model::{Pin, PinName};

/// The secret that brings the locked suites into a build. A variable, because bake wants to see a file even where it
/// builds nothing.
const SECRET: &str = "id=sources-list,env=SOURCES_LIST";

/// What a target has, always and where it needs it.
const ALWAYS: [&str; 4] = ["context", "dockerfile", "args", "platforms"];
const SOMETIMES: [&str; 2] = ["contexts", "secret"];

/// Paths are relative to the repository's root, where bake is run.
pub fn bake(pins: &BTreeMap<PinName, Pin>, images: &[EmittedImage]) -> Result<String, Ambiguous> {
    let mut targets = Map::new();
    for image in images {
        targets.insert(image.name.clone(), target(pins, image)?);
    }
    let names: Vec<&str> = images.iter().map(|image| image.name.as_str()).collect();
    let mut groups = Map::new();
    // A target of that name is what bake builds by itself.
    if !names.contains(&"default") {
        groups.insert("default".into(), json!({ "targets": names }));
    }
    let mut file = json!({ "group": groups });
    // An empty object would be a target that lacks its name.
    if !targets.is_empty() {
        file["target"] = Value::Object(targets);
    }
    Ok(format!("{file:#}\n"))
}

/// Whether a file has the shape of what [`bake`] writes and nothing more: it may be of another time, with other images.
pub fn is_emitted_bake(text: &str) -> bool {
    let Ok(Value::Object(file)) = serde_json::from_str(text) else { return false };
    let is_target = |target: &Value| {
        let Some(target) = target.as_object() else { return false };
        let arguments = target.get("args").and_then(Value::as_object);
        ALWAYS.iter().all(|key| target.contains_key(*key))
            && target.keys().all(|key| [&ALWAYS[..], &SOMETIMES].concat().contains(&key.as_str()))
            && arguments.is_some_and(|all| all.keys().all(|name| name.starts_with("PIN_")))
    };
    let targets = file.get("target").and_then(Value::as_object);
    file.contains_key("group")
        && file.keys().all(|key| ["group", "target"].contains(&key.as_str()))
        && targets.is_none_or(|all| all.values().all(is_target))
}

fn target(pins: &BTreeMap<PinName, Pin>, image: &EmittedImage) -> Result<Value, Ambiguous> {
    let read = || pins.iter().filter(|(name, _)| image.pins.contains(name));
    let arguments: BTreeMap<String, String> =
        all_arguments(read()).into_iter().map(|(name, value)| (name, literal(&value))).collect();
    // A path, whatever it begins with: bake takes URLs there as well.
    let context = match image.context.as_str() {
        "" => ".".to_owned(),
        folder if folder.starts_with("images/") => folder.to_owned(),
        folder => format!("./{folder}"),
    };
    let mut target = json!({
        "context": context,
        "dockerfile": from(&image.context, &image.dockerfile),
        "args": arguments,
        "platforms": image.platforms,
    });
    let by_tag = pins.iter().filter(|(name, _)| image.by_tag.contains(name));
    let contexts = named(&by_tag.map(|(name, pin)| (name.clone(), pin.clone())).collect())?;
    if !contexts.is_empty() {
        target["contexts"] = json!(contexts);
    }
    if read().any(|(_, pin)| matches!(pin, Pin::Debian(_))) {
        target["secret"] = json!([SECRET]);
    }
    Ok(target)
}

/// A path as one from a folder; both are from the root, which is the empty one.
fn from(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        return path.to_owned();
    }
    match path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
        Some(below) => below.to_owned(),
        None => "../".repeat(folder.split('/').count()) + path,
    }
}

/// Bake expands what stands in braces behind `$` and `%`.
fn literal(value: &str) -> String {
    value.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bake_would_expand_stands_for_itself() {
        for (value, written) in [
            ("https://example.org/a.git#0", "https://example.org/a.git#0"),
            ("v1-${x}%{y}", "v1-$${x}%%{y}"),
            ("$1 %2 $ {x}", "$1 %2 $ {x}"),
        ] {
            assert_eq!(literal(value), written);
        }
    }

    #[test]
    fn a_dockerfile_is_named_as_its_context_sees_it() {
        for (folder, seen) in
            [("", "images/a/Dockerfile"), ("images/a", "Dockerfile"), ("b/c", "../../images/a/Dockerfile")]
        {
            assert_eq!(from(folder, "images/a/Dockerfile"), seen);
        }
    }

    #[test]
    fn an_image_called_default_is_what_bake_builds() {
        let image = |name: &str| EmittedImage {
            name: name.into(),
            context: format!("images/{name}"),
            dockerfile: format!("images/{name}/Dockerfile"),
            platforms: Vec::new(),
            pins: Vec::new(),
            by_tag: Vec::new(),
        };
        let written = bake(&BTreeMap::new(), &[image("a"), image("default")]).unwrap();
        assert!(is_emitted_bake(&written) && is_emitted_bake(&bake(&BTreeMap::new(), &[]).unwrap()));
        let of_a_person = written.replacen("\"args\"", "\"cache-from\": [], \"args\"", 1);
        for other in [
            "{}",
            "[]",
            "x",
            of_a_person.as_str(),
            "{\"group\": {}, \"target\": {\"a\": {\"contexts\": {}}}}",
        ] {
            assert!(!is_emitted_bake(other), "{other}");
        }
        let written: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(written["group"], json!({}));
        assert_eq!(written["target"]["default"]["context"], "images/default");
    }
}
