//! A source policy in buildah's dialect, for `buildah build --source-policy-file` (1.44 and later).
//!
//! It looks like BuildKit's and is not: the key is `matchType`, and buildah's documents and its checks disagree about what
//! stands for none, so that it is always written; the first rule that matches decides; what no rule matches is allowed;
//! there are neither regular expressions nor attributes. Only images are looked at, by the name that the Containerfile
//! gives them, fully spelled out. git repositories and files pass by it: for those the Containerfile's own checksum
//! counts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::policy::{self, Action};
use super::source::{Source, by_tag, sources};
use crate::catalog::Mode;
use crate::model::{Pin, PinName};

#[derive(Serialize)]
struct Rule {
    action: Action,
    selector: Selector,
    #[serde(skip_serializing_if = "Option::is_none")]
    updates: Option<Updates>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Selector {
    identifier: String,
    match_type: &'static str,
}

#[derive(Serialize)]
struct Updates {
    identifier: String,
}

/// The policy for builds that read these pins: every image is denied but those that are locked, and the identifiers of
/// `also`, which may hold `*` and `?`. In [`Mode::Policy`] a tag stands for what it is locked at, unless two pins follow it
/// and are locked at different content.
pub fn buildah_policy(pins: &BTreeMap<PinName, Pin>, mode: Mode, also: &[String]) -> String {
    let mut allowed: Vec<String> = Vec::new();
    for source in pins.values().flat_map(sources) {
        if let Source::Image { repository, tag, digest } = source {
            let names = [format!("{repository}:{tag}"), repository];
            allowed.extend(names.map(|name| format!("docker-image://{name}@{digest}")));
        }
    }
    allowed.dedup();
    let mut rules: Vec<Rule> =
        allowed.into_iter().map(|identifier| rule(Action::Allow, identifier, "EXACT")).collect();
    rules.extend(also.iter().map(|identifier| rule(Action::Allow, identifier.clone(), "WILDCARD")));
    if mode == Mode::Policy {
        let converted = by_tag(pins).sources.into_iter().filter_map(convert);
        rules.extend(converted);
    }
    // Also what a later buildah looks at besides images.
    rules.push(rule(Action::Deny, "*".into(), "WILDCARD"));
    policy::text(&rules)
}

fn rule(action: Action, identifier: String, match_type: &'static str) -> Rule {
    Rule { action, selector: Selector { identifier, match_type }, updates: None }
}

/// Without the tag: what buildah reads images with takes a tag or a digest.
fn convert(source: Source) -> Option<Rule> {
    let Source::Image { repository, tag, digest } = source else { return None };
    let from = rule(Action::Convert, format!("docker-image://{repository}:{tag}"), "EXACT");
    let identifier = format!("docker-image://{repository}@{digest}");
    Some(Rule { updates: Some(Updates { identifier }), ..from })
}
