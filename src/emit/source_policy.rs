//! A source policy for BuildKit: what is locked may be fetched, and nothing else.
//!
//! Checked against the BuildKit of Docker 28.5 (`tests/policy.rs`). The last ALLOW or DENY that matches decides; the first CONVERT that
//! changes something begins again from the first rule. Without a `match_type` an identifier matches itself, and `*` any
//! text. BuildKit remembers one selector for each match type and identifier, with the constraints that it saw first: no
//! two rules may differ in their constraints alone.

use std::collections::{BTreeMap, BTreeSet};

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

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Selector {
    identifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    match_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    constraints: Vec<Constraint>,
}

/// What an attribute of a source must be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Constraint {
    key: &'static str,
    value: String,
    condition: &'static str,
}

#[derive(Serialize)]
struct Updates {
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attrs: BTreeMap<&'static str, String>,
}

const HTTP_CHECKSUM: &str = "http.checksum";
const GIT_CHECKSUM: &str = "git.checksum";

/// The policy for builds that read these pins: everything is denied but the build's own files, what is locked, and the
/// identifiers of `also`, which may hold `*`. In [`Mode::Policy`] a tag stands for what it is locked at, unless two pins
/// follow it and are locked at different content; in [`Mode::InPlace`] it is denied.
pub fn source_policy(pins: &BTreeMap<PinName, Pin>, mode: Mode, also: &[String]) -> String {
    let mut rules = Rules::default();
    rules.push(Action::Deny, Selector::plain("*"));
    rules.push(Action::Allow, Selector::plain("local://*"));
    let sources: Vec<Source> = pins.values().flat_map(sources).collect();
    sources.iter().for_each(|source| rules.allow(source));
    rules.allow_checked(&sources);
    also.iter().for_each(|identifier| rules.push(Action::Allow, Selector::plain(identifier)));
    sources.iter().for_each(|source| rules.check(source));
    if mode == Mode::Policy {
        by_tag(pins).sources.iter().for_each(|source| rules.convert(source));
    }
    policy::text(&rules.rules)
}

#[derive(Default)]
struct Rules {
    rules: Vec<Rule>,
    allowed: BTreeSet<Selector>,
}

impl Rules {
    fn push(&mut self, action: Action, selector: Selector) {
        if action != Action::Allow || self.allowed.insert(selector.clone()) {
            self.rules.push(Rule { action, selector, updates: None });
        }
    }

    /// Allows what names the locked content by itself.
    fn allow(&mut self, source: &Source) {
        match source {
            Source::Image { repository, tag, digest } => {
                for name in [format!("{repository}:{tag}"), repository.clone()] {
                    self.push(Action::Allow, Selector::plain(format!("docker-image://{name}@{digest}")));
                }
            }
            Source::Git { repositories, commit, tag_object, .. } => {
                for repository in repositories {
                    for object in [Some(commit), tag_object.as_ref()].into_iter().flatten() {
                        let identifier = format!("git://{repository}#{object}");
                        self.push(Action::Allow, Selector::exact_if_needed(identifier.clone()));
                        if !identifier.contains('*') {
                            // A folder of it.
                            self.push(Action::Allow, Selector::plain(identifier + ":*"));
                        }
                    }
                }
            }
            Source::File { .. } => {}
        }
    }

    /// Allows what is the locked content because its checksum must be right: a file, and a revision of a repository
    /// whose commit is given beside it.
    fn allow_checked(&mut self, sources: &[Source]) {
        let mut checksums: BTreeMap<(String, Option<&'static str>, &'static str), BTreeSet<&str>> =
            BTreeMap::new();
        for source in sources {
            match source {
                Source::Image { .. } => {}
                Source::Git { repositories, commit, .. } => {
                    // What the `*` stands for decides nothing: the commit does.
                    let plain = repositories.iter().filter(|repository| !repository.contains('*'));
                    for repository in plain {
                        let key = (format!("git://{repository}*"), None, GIT_CHECKSUM);
                        checksums.entry(key).or_default().insert(commit);
                    }
                }
                Source::File { url, checksum } => {
                    // The match type sets its selector apart from that of the rule which adds a checksum.
                    let key = (url.clone(), Some("EXACT"), HTTP_CHECKSUM);
                    checksums.entry(key).or_default().insert(checksum);
                }
            }
        }
        for ((identifier, match_type, key), values) in checksums {
            let constraints = vec![Constraint::one_of(key, &values)];
            self.push(Action::Allow, Selector { identifier, match_type, constraints });
        }
    }

    /// Gives a file that has no checksum in the Dockerfile the locked one.
    fn check(&mut self, source: &Source) {
        let Source::File { url, checksum } = source else { return };
        // A `*` would be any text.
        if url.contains('*') {
            return;
        }
        let constraints = vec![Constraint { key: HTTP_CHECKSUM, value: String::new(), condition: "EQUAL" }];
        let selector = Selector { constraints, ..Selector::plain(url) };
        let attrs = BTreeMap::from([(HTTP_CHECKSUM, checksum.clone())]);
        let updates = Some(Updates { identifier: None, attrs });
        self.rules.push(Rule { action: Action::Convert, selector, updates });
    }

    /// Makes of a tag what is locked.
    fn convert(&mut self, source: &Source) {
        match source {
            Source::Image { repository, tag, digest } => {
                let tagged = format!("docker-image://{repository}:{tag}");
                self.replace(tagged.clone(), format!("{tagged}@{digest}"));
            }
            Source::Git { repositories, tag, commit, .. } => {
                for repository in repositories.iter().filter(|repository| !repository.contains('*')) {
                    // `$` begins the name of what a `*` stood for.
                    let (from, to) =
                        (format!("git://{repository}#"), format!("git://{}#", repository.replace('$', "$$")));
                    for tag in [tag.clone(), format!("refs/tags/{tag}")] {
                        self.replace(format!("{from}{tag}"), format!("{to}{commit}"));
                        self.replace(format!("{from}{tag}:*"), format!("{to}{commit}:${{1}}"));
                    }
                }
            }
            Source::File { .. } => {}
        }
    }

    fn replace(&mut self, from: String, to: String) {
        let updates = Some(Updates { identifier: Some(to), attrs: BTreeMap::new() });
        self.rules.push(Rule { action: Action::Convert, selector: Selector::plain(from), updates });
    }
}

impl Selector {
    fn plain(identifier: impl Into<String>) -> Self {
        Self { identifier: identifier.into(), match_type: None, constraints: Vec::new() }
    }

    /// An identifier whose `*` is a `*`.
    fn exact_if_needed(identifier: String) -> Self {
        let match_type = identifier.contains('*').then_some("EXACT");
        Self { identifier, match_type, constraints: Vec::new() }
    }
}

impl Constraint {
    fn one_of(key: &'static str, values: &BTreeSet<&str>) -> Self {
        let values: Vec<&str> = values.iter().copied().collect();
        match values[..] {
            [one] => Self { key, value: one.to_owned(), condition: "EQUAL" },
            // They hold letters, digits and colons.
            _ => Self { key, value: format!("^({})$", values.join("|")), condition: "MATCHES" },
        }
    }
}
