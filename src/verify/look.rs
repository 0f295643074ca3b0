//! One file under the rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Check, Coverage, Finding, Input, Open, RULES, Raw, Tally};
use crate::catalog::{Image, Level};
use crate::document::{Place, SourceFile};
use crate::model::PinName;
use crate::references::{Register, Standing, Wrong};
use crate::scan::{Input as Named, Kind, Reference, Scan, Spelled, Suppression, Unread, dockerfile};

/// A file as the rules see it.
pub struct Looked<'a> {
    /// The file.
    pub file: &'a Arc<SourceFile>,
    /// What its scanner found.
    pub scan: &'a Scan,
    /// How each reference stands to the lock, in the scanner's order.
    pub standings: Vec<Standing<'a>>,
    /// The image of the catalog whose Dockerfile it is.
    pub image: Option<&'a Image>,
    /// What is declared, for advice.
    pub register: &'a Register<'a>,
}

/// What was found in files so far.
#[derive(Debug, Default)]
pub struct Seen {
    pub(super) findings: Vec<Finding>,
    pub(super) suppressions: Vec<(Arc<SourceFile>, Suppression)>,
    pub(super) used: BTreeSet<PinName>,
    pub(super) coverage: Coverage,
}

/// What the gate found.
#[derive(Debug)]
pub struct Report {
    /// In the order of files and places.
    pub findings: Vec<Finding>,
    /// What comments took out.
    pub suppressed: Vec<Finding>,
    /// What became of each outside input.
    pub coverage: Coverage,
}

impl Seen {
    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.suppressions.extend(other.suppressions);
        self.used.extend(other.used);
        self.coverage.merge(other.coverage);
    }

    /// Notes a file or folder that was not read.
    pub fn unread(&mut self, path: &str, why: impl Into<String>) {
        self.coverage.unread.push((path.to_owned(), why.into()));
    }

    /// The comments that suppress findings, each with its file.
    pub fn suppressions(&self) -> &[(Arc<SourceFile>, Suppression)] {
        &self.suppressions
    }
}

impl Looked<'_> {
    /// A place in the file.
    pub(super) fn at(&self, span: std::ops::Range<usize>) -> Place {
        Place { file: Arc::clone(self.file), span }
    }

    /// Findings for the references that stand wrongly in a way that the rule is about.
    pub(super) fn each_wrong(
        &self,
        mut tell: impl FnMut(&Reference, &Wrong<'_>) -> Option<(String, String)>,
    ) -> Vec<Raw> {
        let pairs = self.scan.references.iter().zip(&self.standings);
        let raw = |(reference, standing): (&Reference, &Standing<'_>)| {
            let Standing::Wrong(wrong) = standing else { return None };
            let (message, help) = tell(reference, wrong)?;
            Some(Raw { place: self.at(reference.span.clone()), message, help })
        };
        pairs.filter_map(raw).collect()
    }

    /// Whether what could not be read is a comment to this tool.
    pub(super) fn is_comment(&self, unread: &Unread) -> bool {
        self.file.text.get(unread.span.clone()).is_some_and(|text| text.contains("solera-pin:"))
    }

    /// What the references of a finding name, arguments filled in.
    fn named(&self, finding: &Finding) -> String {
        let its = self.scan.references.iter().filter(|reference| reference.span == finding.place.span);
        let named = its.filter_map(|reference| {
            let text =
                |part: &Option<Spelled>| part.as_ref().map(|part| part.text.clone()).unwrap_or_default();
            Some(match reference.input.as_ref().ok()? {
                Named::Image(image) => {
                    format!(
                        "{}:{}@{}",
                        image.repository,
                        text(&image.tag),
                        image.digest.as_deref().unwrap_or("")
                    )
                }
                Named::Git(git) => {
                    format!("{}#{} {}", git.url, text(&git.revision), git.commit.as_deref().unwrap_or(""))
                }
                Named::Fetch(fetch) => format!("{} {}", fetch.tool, fetch.what),
                Named::Bound(bound) => format!("{}.{}={}", bound.pin, bound.field, text(&bound.value)),
            })
        });
        named.collect::<Vec<_>>().join("\n")
    }

    /// The bytes of a reference in the file, on one line.
    pub(super) fn written(&self, reference: &Reference) -> String {
        let text = self.file.text.get(reference.span.clone()).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Looks at a file that was scanned.
pub fn look(input: &Input<'_>, register: &Register<'_>, file: &Arc<SourceFile>, scan: &Scan) -> Seen {
    let is_its = |image: &&Image| image.dockerfile.path == file.path;
    let image = input.catalog.images.values().find(is_its);
    let standings = scan.references.iter().map(|reference| register.judge(&file.path, reference));
    let standings = standings.map(|standing| within(scan, standing)).collect();
    let looked = Looked { file, scan, standings, image, register };
    let mut seen = Seen { coverage: coverage(&looked), ..Seen::default() };
    for rule in RULES {
        let (Check::File(check) | Check::Both(_, check)) = rule.check else { continue };
        let level = rule.level_under(input.policy);
        if level > Level::Off {
            let found = check(input, &looked).into_iter().map(|raw| rule.finding(raw, level));
            seen.findings.extend(found.map(|found| Finding { subject: looked.named(&found), ..found }));
        }
    }
    seen.used.extend(looked.standings.iter().flat_map(used));
    seen.used.extend(read_as_arguments(input, &file.text));
    let suppressions = scan.suppressions.iter().map(|suppression| (Arc::clone(file), suppression.clone()));
    seen.suppressions.extend(suppressions);
    seen
}

/// An image that the same file builds is no outside input.
fn within<'a>(scan: &Scan, standing: Standing<'a>) -> Standing<'a> {
    let Standing::Wrong(Wrong::NoPin { subject, .. } | Wrong::Floating { subject, .. }) = &standing else {
        return standing;
    };
    let is_built = |name: &str| {
        name.parse::<crate::model::ImageRef>().is_ok_and(|name| name.repository().to_string() == *subject)
    };
    match scan.outputs.iter().any(|output| is_built(&output.name)) {
        true => Standing::Own,
        false => standing,
    }
}

/// The pins that a reference reads, rightly or not.
pub(super) fn used(standing: &Standing<'_>) -> Vec<PinName> {
    match standing {
        Standing::Locked(name) => vec![(*name).clone()],
        Standing::Wrong(Wrong::Several(pins)) => pins.iter().map(|pin| pin.name.clone()).collect(),
        Standing::Wrong(
            Wrong::NotLocked(pin)
            | Wrong::NotPinned(pin)
            | Wrong::Differs { pin, .. }
            | Wrong::Child { pin, .. },
        ) => vec![pin.name.clone()],
        _ => Vec::new(),
    }
}

/// The pins whose arguments a Dockerfile declares, for whatever it does with them.
fn read_as_arguments(input: &Input<'_>, text: &str) -> Vec<PinName> {
    if memchr::memmem::find(text.as_bytes(), b"ARG PIN_").is_none() {
        return Vec::new();
    }
    let arguments = dockerfile::arguments(text);
    let reads = |pin: &&crate::catalog::Declaration| {
        let names = pin.arguments();
        arguments.iter().any(|argument| names.contains(&argument.name))
    };
    input.catalog.declarations.values().filter(reads).map(|pin| pin.name.clone()).collect()
}

fn coverage(looked: &Looked<'_>) -> Coverage {
    let mut coverage = Coverage { files: usize::from(!looked.standings.is_empty()), ..Coverage::default() };
    let image = looked.image.map(|image| &image.name);
    for (reference, standing) in looked.scan.references.iter().zip(&looked.standings) {
        let mut tally = Tally::default();
        match standing {
            Standing::Locked(_) | Standing::Sealed(_) => tally.locked = 1,
            Standing::Own => tally.own = 1,
            Standing::Wrong(wrong) => {
                tally.open = 1;
                coverage.open.push(Open {
                    place: looked.at(reference.span.clone()),
                    kind: reference.kind,
                    rule: rule_for(wrong, looked.image.is_some()),
                    image: image.cloned(),
                });
            }
        }
        coverage.count(image, tally);
    }
    coverage
}

/// The rule that reports a reference.
fn rule_for(wrong: &Wrong<'_>, in_catalog: bool) -> &'static str {
    match wrong {
        Wrong::Malformed(_) => "bad-reference",
        Wrong::Floating { .. } => "floating-tag",
        Wrong::NoPin { .. } => "no-pin",
        Wrong::Several(_) => "several-pins",
        Wrong::NotLocked(_) => "lock-missing",
        Wrong::NotPinned(_) => "not-pinned",
        Wrong::Differs { .. } => "lock-differs",
        Wrong::Child { .. } => "child-manifest",
        Wrong::Unresolved(_) if in_catalog => "not-pinned",
        Wrong::Unresolved(_) => "unresolved",
        Wrong::Unlocked(_) => "unlocked-fetch",
        Wrong::Binding(_) => "bad-comment",
    }
}

impl Looked<'_> {
    /// What to do about the name of a stage that is used where that stage is not there yet.
    pub(super) fn stage_advice(&self, reference: &Reference) -> Option<String> {
        if !matches!(reference.kind, Kind::From | Kind::CopyFrom | Kind::MountFrom) {
            return None;
        }
        let written = self.written(reference);
        let mut names =
            dockerfile::instructions(&self.file.text).into_iter().filter_map(|one| one.stage()?.name);
        let is_stage = |name: dockerfile::Word| name.text.eq_ignore_ascii_case(&written);
        names.any(is_stage).then(|| {
            format!(
                "no stage `{written}` stands above this, so it is an image of that name: move the stage up, or call it otherwise"
            )
        })
    }

    /// What makes the pin of a reference: a command to paste.
    pub(super) fn add_command(&self, reference: &Reference) -> Option<String> {
        match &reference.input {
            Ok(Named::Image(image)) => {
                let tag = image.tag.as_ref()?;
                Some(format!("solera-pin add NAME {}:{}", image.repository, tag.text))
            }
            Ok(Named::Git(git)) => {
                let revision = git.revision.as_ref()?;
                Some(format!("solera-pin add NAME {}#{}", git.url, revision.text))
            }
            _ => None,
        }
    }
}
