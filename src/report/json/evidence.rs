//! What changed between two pins, for a machine. What is not known is `null`, with its reason under `unknown`.

use serde_json::{Value, json};

use crate::evidence::{
    Details, Evidence, GitEvidence, ImageEvidence, Origin, PackageChange, PlatformStep, SettingChange, Side,
    Together,
};
use crate::model::{Between, Learnt, PackageStep};

/// The evidence of one step.
pub fn evidence(evidence: &Evidence) -> Value {
    let mut value = match &evidence.details {
        Details::Image(image) => self::image(image),
        Details::Git(git) => self::git(git),
        Details::Packages(steps) => json!({ "packages": steps.iter().map(package_step).collect::<Value>() }),
        Details::Pins => json!({}),
    };
    value["step"] = json!(evidence.step.name());
    let unknown = evidence
        .gaps()
        .into_iter()
        .map(|gap| json!({ "what": gap.what.what, "platforms": gap.platforms, "why": gap.what.why }));
    value["unknown"] = unknown.collect();
    value
}

/// What became of a package of an archive.
pub fn package_step(step: &PackageStep) -> Value {
    json!({ "name": step.name, "from": step.from, "to": step.to, "architectures": step.architectures })
}

fn image(image: &ImageEvidence) -> Value {
    json!({
        "platforms": image.platforms.iter().map(platform).collect::<Value>(),
        "origins": groups(&image.origins, "origin", origin),
        "configuration": groups(&image.configuration, "changes", |changes| changes.iter().map(setting).collect()),
        "packages": groups(&image.packages, "changes", |changes| changes.iter().map(package).collect()),
    })
}

fn platform(step: &PlatformStep) -> Value {
    let side = |side: &Option<Side>| match side {
        Some(side) => json!({ "digest": side.digest, "size": side.size.known(), "created": side.created }),
        None => Value::Null,
    };
    let reused = step.reused.known().map(|reuse| {
        json!({
            "layers": reuse.layers,
            "of_layers": reuse.of_layers,
            "bytes": reuse.bytes,
            "of_bytes": reuse.of_bytes,
        })
    });
    json!({
        "platform": step.platform,
        "from": side(&step.from),
        "to": side(&step.to),
        "layers_reused": reused,
    })
}

/// What is known of each group of platforms, under a key.
fn groups<T>(groups: &[Together<Learnt<T>>], key: &str, show: impl Fn(&T) -> Value) -> Value {
    let known = |group: &Together<Learnt<T>>| {
        let value = group.what.known().map(&show)?;
        Some(json!({ "platforms": group.platforms, key: value }))
    };
    groups.iter().filter_map(known).collect()
}

fn origin(origin: &Origin) -> Value {
    let Origin { source: [was, is], revision: [from, to], compare } = origin;
    let why = match compare {
        Learnt::Known(_) => None,
        Learnt::Unknown(why) => Some(why),
    };
    json!({
        "signed": false,
        "from": { "source": was, "revision": from },
        "to": { "source": is, "revision": to },
        "compare": compare.known(),
        "no_link": why,
    })
}

fn setting(change: &SettingChange) -> Value {
    let SettingChange { setting, from, to } = change;
    json!({ "instruction": setting.instruction(), "name": setting.name(), "from": from, "to": to })
}

fn package(change: &PackageChange) -> Value {
    let PackageChange { kind, name, from, to } = change;
    json!({ "change": change.word(), "type": kind, "name": name, "from": from, "to": to })
}

fn git(git: &GitEvidence) -> Value {
    let why = match &git.compare {
        Learnt::Known(_) => None,
        Learnt::Unknown(why) => Some(why),
    };
    let between = git.commits.known();
    let commits = |between: &Between| -> Value {
        let commits = between.commits.iter();
        commits.map(|(commit, message)| json!({ "commit": commit, "message": message })).collect()
    };
    json!({
        "compare": git.compare.known(),
        "no_link": why,
        "commits": between.map(commits),
        "total_commits": between.map(|between| between.total),
    })
}
