//! Asks upstream whether what is locked is still there, and is what the lock says: `verify --upstream`.
//!
//! Entry point: [`check`]. `image`, `git`, `archive` and `debian` ask about one pin each, `frozen` whether an image's tag is
//! still rebuilt; `wrong` makes findings of what they say, and `rules` are the ids of those.

mod archive;
mod debian;
mod frozen;
mod git;
mod image;
mod rules;
mod wrong;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};

pub use rules::{RULES, Rule};

use self::wrong::Wrong;
use crate::catalog::Declaration;
use crate::document::SourceFile;
use crate::error::Status;
use crate::lock::Lock;
use crate::model::{Pin, PinName};
use crate::openpgp::Keyring;
use crate::plan::Past;
use crate::resolve::Sources;
use crate::source::SourceError;
use crate::verify::Finding;

/// What came of asking about one pin.
pub struct Asked {
    /// Its name.
    pub name: PinName,
    /// What is wrong, and what that amounts to.
    pub found: Vec<(Finding, Status)>,
    /// What is worth knowing and not wrong.
    pub notes: Vec<String>,
    /// What could not be asked. It hides nothing of what could.
    pub failures: Vec<SourceError>,
}

/// What the questions about one pin came to.
#[derive(Default)]
struct Answers {
    wrong: Vec<Wrong>,
    notes: Vec<String>,
    failures: Vec<SourceError>,
}

impl Answers {
    /// The answer to one question, unless it failed.
    fn take<T>(&mut self, answer: Result<T, SourceError>) -> Option<T> {
        answer.map_err(|error| self.failures.push(error)).ok()
    }
}

/// One pin to ask about.
#[derive(Clone, Copy)]
struct Subject<'a> {
    name: &'a PinName,
    pin: &'a Pin,
    declaration: Option<&'a Declaration>,
    now: jiff::Timestamp,
    past: Past<'a>,
}

impl Subject<'_> {
    /// Whether its tag must stay as it is; of one that nobody declares, what its kind has by default.
    fn is_immutable(&self) -> bool {
        self.declaration.map_or(!matches!(self.pin, Pin::Image(_)), |declaration| declaration.immutable)
    }
}

/// What is known of a pin besides what is declared and locked.
#[derive(Default)]
pub struct Known<'p> {
    /// What is remembered of its upstream.
    pub past: Past<'p>,
    /// The keyring that signatures are checked against, where one is declared; or why it could not be read.
    pub keyring: Option<Result<Arc<Keyring>, String>>,
}

/// Asks about every locked pin at once. Sorted by name.
pub async fn check<'p>(
    sources: &Sources,
    lock: &Lock,
    declarations: &BTreeMap<PinName, Declaration>,
    file: &Arc<SourceFile>,
    now: jiff::Timestamp,
    known: impl Fn(&PinName) -> Known<'p>,
) -> Vec<Asked> {
    let known = &known;
    let one = |(name, pin)| async move {
        let Known { past, keyring } = known(name);
        let subject = Subject { name, pin, declaration: declarations.get(name), now, past };
        let Answers { wrong, notes, failures } = match pin {
            Pin::Image(pin) => image::ask(&sources.images, subject, pin).await,
            Pin::Git(pin) => git::ask(&sources.git, subject, pin).await,
            Pin::Archive(pin) => archive::ask(sources, subject, pin, keyring).await,
            Pin::Debian(pin) => debian::ask(&sources.debian, subject, pin, keyring).await,
        };
        let found = wrong.into_iter().map(|wrong| wrong.finding(name, file)).collect();
        Asked { name: name.clone(), found, notes, failures }
    };
    let mut running: FuturesUnordered<_> = lock.pins.iter().map(one).collect();
    let mut asked = Vec::new();
    while let Some(one) = running.next().await {
        asked.push(one);
    }
    asked.sort_by(|a, b| a.name.cmp(&b.name));
    asked
}
