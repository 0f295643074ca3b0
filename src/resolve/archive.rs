//! Drives the decision about a pin of archives.

use std::sync::Arc;

use super::Sources;
use crate::catalog::{Archive, Versions};
use crate::openpgp::Keyring;
use crate::plan::archive::{Facts, Known, Next, Seen, next, seen};
use crate::plan::{Decision, Question};
use crate::source::{Kind, Published, Release, SourceError, Stands};

pub(super) async fn decide(
    sources: &Sources,
    question: &Question<'_>,
    archive: &Archive,
    keyring: Option<&Arc<Keyring>>,
) -> Result<Decision, SourceError> {
    let tags = match &archive.versions {
        Versions::Literal(_) => Arc::default(),
        Versions::Git { url, .. } => sources.git.tags(url).await?,
    };
    let known = Known::of(archive, &tags);
    let mut shortlist = known.shortlist(question, archive, &tags);
    let mut facts = Facts::new();
    loop {
        match next(question, archive, &known, &mut shortlist, &facts) {
            Next::Decided(outcome) => {
                let mut decision = shortlist.decide(question, outcome, Vec::new());
                decision.seen = seen(question, &known, &decision);
                return Ok(decision);
            }
            Next::Stands(pin) => {
                let found = match sources.archives.stands(&pin).await? {
                    Stands::Unchanged => Seen::Unchanged,
                    Stands::Changed(files) => Seen::Changed(files),
                    Stands::Missing(what) => Seen::Gone(what),
                };
                let found = found.standing(facts.remove(&pin.version));
                facts.insert(pin.version, found);
            }
            Next::Read(version) => {
                let release = release(archive, &version, keyring, question.now);
                let found = match sources.archives.published(&release).await {
                    Ok(Published::Files(files)) => Seen::Published(files),
                    Ok(Published::Missing(what)) => Seen::Missing(what),
                    // These are facts about the version: which other ones there are was seen all the same.
                    Err(error) if error.kind() == Kind::Integrity => Seen::Untrusted(error.to_string()),
                    Err(error) if matches!(error.kind(), Kind::Protocol | Kind::Denied) => {
                        Seen::Unusable(error.to_string())
                    }
                    Err(error) => return Err(error),
                };
                facts.insert(version, found);
            }
        }
    }
}

/// A version of a declared archive, with what is published beside it.
pub(crate) fn release<'a>(
    archive: &'a Archive,
    version: &'a str,
    keyring: Option<&'a Arc<Keyring>>,
    now: jiff::Timestamp,
) -> Release<'a> {
    Release {
        url: &archive.url,
        version,
        architectures: &archive.architectures,
        checksums: archive.checksums.as_ref(),
        signature: archive.signature.as_ref(),
        checksums_signature: archive.checksums_signature.as_ref(),
        keyring,
        now,
    }
}
