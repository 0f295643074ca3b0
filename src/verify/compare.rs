//! Two revisions: which findings are new, and which suppressions were there before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Seen};
use crate::document::SourceFile;
use crate::scan::Suppression;

/// The findings of another revision, known again by rule, file, line and what they are about: numbers of lines change.
#[derive(Debug, Default)]
pub struct Known(BTreeMap<Key, usize>);

type Key = (String, String, String);

impl Known {
    /// Of that revision's findings.
    pub fn new<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut known = BTreeMap::new();
        for finding in findings {
            *known.entry(key(finding)).or_default() += 1;
        }
        Self(known)
    }

    /// Whether a finding was there before. Each counts once.
    pub fn take(&mut self, finding: &Finding) -> bool {
        match self.0.get_mut(&key(finding)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}

fn key(finding: &Finding) -> Key {
    let line = line_at(&finding.place.file.text, finding.place.span.start);
    // What else is declared changes the words of a finding, and not what it is about.
    let about = if finding.subject.is_empty() { &finding.message } else { &finding.subject };
    (finding.rule.to_owned(), finding.place.file.path.clone(), format!("{line}\0{about}"))
}

fn line_at(text: &str, at: usize) -> &str {
    let at = at.min(text.len());
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let end = text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |newline| at + newline);
    text.get(start..end).unwrap_or_default().trim()
}

/// The suppressions of another revision: one counts where that had the same, with the same reason, in the same file,
/// over the same text, and for a finding that was suppressed there. So nobody suppresses what is new in the change that
/// brings it, and nobody changes, on another line, what a suppressed line names.
#[derive(Debug, Default)]
pub struct Trust {
    comments: BTreeSet<Identity>,
    findings: BTreeSet<Key>,
}

type Identity = (String, Vec<String>, String, String);

impl Trust {
    /// Those of that revision's files.
    pub fn of(seen: &Seen) -> Self {
        let comments = seen.suppressions.iter().map(|(file, found)| identity(file, found)).collect();
        Self { comments, findings: BTreeSet::new() }
    }

    /// With what they suppressed there.
    pub fn of_findings<'a>(self, suppressed: impl IntoIterator<Item = &'a Finding>) -> Self {
        Self { findings: suppressed.into_iter().map(key).collect(), ..self }
    }

    /// Whether a suppression was there, and suppressed this finding.
    pub fn covers(&self, file: &SourceFile, suppression: &Suppression, finding: &Finding) -> bool {
        self.comments.contains(&identity(file, suppression)) && self.findings.contains(&key(finding))
    }
}

fn identity(file: &SourceFile, suppression: &Suppression) -> Identity {
    let covered = file.text.get(suppression.covers.clone()).unwrap_or_default().trim();
    (file.path.clone(), suppression.rules.clone(), suppression.reason.clone(), covered.to_owned())
}
