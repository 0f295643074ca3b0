//! A bump: a change of one pin, as it is proposed. Pure.

use std::fmt;

use jiff::Timestamp;

use crate::catalog::Catalog;
use crate::lock::Lock;
use crate::model::{Digest, Lane, Pin, PinName};
use crate::plan::{Cause, Decision, Outcome};

/// A change of one pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bump {
    /// The pin.
    pub name: PinName,
    /// What is locked; none where it is locked for the first time.
    pub from: Option<Pin>,
    /// What to lock; none where the pin is declared nowhere any more. The same as `from` where only files do not name it.
    pub to: Option<Pin>,
    /// The class of the change.
    pub kind: Kind,
    /// Why the same tag names something else, where that could be told.
    pub cause: Option<Cause>,
    /// Whether upstream has replaced it under its tag since.
    pub superseded: bool,
    /// When the tag was first seen to name it; none where nobody saw.
    pub first_seen: Option<Timestamp>,
    /// Why it may be taken: a person's words, or the rule.
    pub because: String,
}

/// The class of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A step from what is locked.
    Step(Lane),
    /// The pin is new in the lock, or locked anew because its declaration left the locked one behind.
    First,
    /// The pin is declared nowhere any more.
    Drop,
    /// The pin stays, and files come to name it.
    References,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(lane) => lane.fmt(f),
            Self::First => f.pad("first"),
            Self::Drop => f.pad("drop"),
            Self::References => f.pad("references"),
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        use Lane::{Date, Digest, Major, Minor, Patch, Pre, Shape};
        let steps = [Digest, Patch, Minor, Major, Date, Pre, Shape].map(Kind::Step);
        let all = steps.into_iter().chain([Self::First, Self::Drop, Self::References]);
        all.into_iter().find(|kind| kind.to_string() == text).ok_or(())
    }
}

/// What a proposal is about, whatever its title says: a pin, the class of its change, and the content that it goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The pin.
    pub pin: PinName,
    /// The class of the change, as [`Kind`] is written.
    pub kind: String,
    /// As [`Pin::content`]; `none` where the pin goes.
    pub content: String,
}

impl Target {
    /// What notes in the journal that a person did not want it; without spaces.
    pub fn declined(&self) -> String {
        format!("declined:{}:{}", self.kind, self.content)
    }

    /// The target of a mark that [`Self::declined`] made.
    pub fn of_mark(pin: &PinName, mark: &str) -> Option<Self> {
        let (kind, content) = mark.strip_prefix("declined:")?.split_once(':')?;
        Some(Self { pin: pin.clone(), kind: kind.into(), content: content.into() })
    }

    /// Sixteen hex digits that tell it from others.
    pub fn fingerprint(&self) -> String {
        let digest = Digest::sha256(self.to_string().as_bytes()).to_string();
        digest.trim_start_matches("sha256:").chars().take(16).collect()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.pin, self.kind, self.content)
    }
}

impl std::str::FromStr for Target {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(pin), Some(kind), Some(content), None) if !kind.is_empty() && !content.is_empty() => {
                let pin = pin.parse().map_err(|_| ())?;
                Ok(Self { pin, kind: kind.into(), content: content.into() })
            }
            _ => Err(()),
        }
    }
}

impl Bump {
    /// What it is about.
    pub fn target(&self) -> Target {
        let content = self.to.as_ref().map_or_else(|| "none".into(), Pin::content);
        Target { pin: self.name.clone(), kind: self.kind.to_string(), content }
    }

    /// Makes the change.
    pub fn apply(&self, lock: &mut Lock) {
        match &self.to {
            Some(to) => drop(lock.pins.insert(self.name.clone(), to.clone())),
            None => drop(lock.pins.remove(&self.name)),
        }
    }

    /// Whether it is a step to another major version.
    pub fn is_major(&self) -> bool {
        self.kind == Kind::Step(Lane::Major)
    }

    /// The bump that a decision comes to; none where the pin stays.
    pub fn decided(catalog: &Catalog, lock: &Lock, name: &PinName, decision: &Decision) -> Option<Self> {
        let from = lock.pins.get(name).cloned();
        let (to, kind, superseded) = match &decision.outcome {
            Outcome::Move { to, lane, superseded } => (to, Kind::Step(*lane), *superseded),
            Outcome::First { to } => (to, Kind::First, false),
            _ => return None,
        };
        let declaration = catalog.declarations.get(name)?;
        let because = match kind {
            Kind::Step(lane) => {
                let age = match declaration.min_age.is_zero() {
                    true => String::new(),
                    false => format!(", seen for min-age = {}", crate::model::in_words(declaration.min_age)),
                };
                format!("a {lane} step within allow = {}{age}", declaration.allow)
            }
            _ => "what is locked for the first time is the newest that is eligible".into(),
        };
        Some(Self {
            name: name.clone(),
            from,
            to: Some(to.clone()),
            kind,
            cause: decision.cause.clone(),
            superseded,
            first_seen: None,
            because,
        })
    }

    /// That a pin is declared nowhere any more.
    pub fn dropped(name: &PinName, from: &Pin) -> Self {
        let because = "it is declared nowhere".into();
        Self { from: Some(from.clone()), to: None, kind: Kind::Drop, ..Self::still(name, because) }
    }

    /// That files come to name what a pin is locked at.
    pub fn references(name: &PinName, pin: &Pin) -> Self {
        let pin = Some(pin.clone());
        let because = "files name its tag without what it is locked at".into();
        Self { from: pin.clone(), to: pin, ..Self::still(name, because) }
    }

    /// A bump that was proposed before, of whose upstream nothing new is known: it stays proposed.
    pub fn carried(target: &Target, from: Option<&Pin>, to: Option<&Pin>) -> Option<Self> {
        let kind: Kind = target.kind.parse().ok()?;
        let content = to.map_or_else(|| "none".into(), Pin::content);
        let because = "it was proposed before, and upstream did not tell of another".into();
        let bump = Self { from: from.cloned(), to: to.cloned(), kind, ..Self::still(&target.pin, because) };
        (content == target.content).then_some(bump)
    }

    fn still(name: &PinName, because: String) -> Self {
        Self {
            name: name.clone(),
            from: None,
            to: None,
            kind: Kind::References,
            cause: None,
            superseded: false,
            first_seen: None,
            because,
        }
    }
}

/// The bumps that decisions come to, sorted by pin. Where `all` pins were decided about, those that are declared nowhere
/// are dropped.
pub fn bumps<'d>(
    catalog: &Catalog,
    lock: &Lock,
    decisions: impl Iterator<Item = (&'d PinName, &'d Decision)>,
    all: bool,
) -> Vec<Bump> {
    let decided = decisions.filter_map(|(name, decision)| Bump::decided(catalog, lock, name, decision));
    let undeclared = lock.pins.iter().filter(|(name, _)| all && !catalog.declarations.contains_key(*name));
    let mut bumps: Vec<Bump> =
        decided.chain(undeclared.map(|(name, pin)| Bump::dropped(name, pin))).collect();
    bumps.sort_by(|a, b| a.name.cmp(&b.name).then(a.kind.cmp(&b.kind)));
    bumps
}
