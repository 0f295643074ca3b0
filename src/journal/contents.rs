//! What a journal says: sightings, what was told of them, and what a person accepted.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::{PinName, Sighting, Sightings, harmless};

/// The longest tag, content or fingerprint that a line holds, in bytes.
pub const MAX_WORD: usize = 1024;

/// The longest reason that a line holds, in characters.
pub const MAX_REASON: usize = 500;

/// What was seen of each pin of one root, and when first; what was told of it, and what of that a person accepted.
///
/// Times are whole seconds, as they are written. Two journals merge to the same one in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    seen: BTreeMap<PinName, Sightings>,
    announced: BTreeMap<PinName, BTreeMap<String, Timestamp>>,
    accepted: BTreeMap<PinName, BTreeMap<String, Acceptance>>,
}

/// When a person accepted something, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acceptance {
    /// When.
    pub at: Timestamp,
    /// One line of text; may be empty.
    pub reason: String,
}

/// A text that cannot be a field of a journal's line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be written to the journal: {why}")]
pub struct WordError {
    text: String,
    why: &'static str,
}

/// What stands on a line besides its time.
#[derive(Clone, Copy, Debug)]
enum Subject<'a> {
    Seen(&'a PinName, &'a str, &'a str),
    Announced(&'a PinName, &'a str),
    Accepted(&'a PinName, &'a str),
}

/// What one journal has and another has not, or has with another time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Pins with the tags that were seen.
    pub(super) seen: Vec<(PinName, String)>,
    /// How many lines of other kinds.
    pub(super) others: usize,
}

impl Journal {
    /// Takes in what was seen of a pin. Of two times for one pair the earlier stays. Whether anything changed.
    pub fn note(&mut self, pin: &PinName, sighting: Sighting) -> Result<bool, WordError> {
        word(&sighting.tag)?;
        word(&sighting.content)?;
        let sighting = Sighting { first_seen: whole(sighting.first_seen), ..sighting };
        Ok(self.seen.entry(pin.clone()).or_default().note(sighting))
    }

    /// Takes in that something was told of a pin. Whether anything changed.
    pub fn announce(&mut self, pin: &PinName, fingerprint: &str, at: Timestamp) -> Result<bool, WordError> {
        word(fingerprint)?;
        let known = self.announced.entry(pin.clone()).or_default();
        Ok(earliest(known, fingerprint, whole(at)))
    }

    /// Takes in that a person accepted something of a pin. The reason becomes one line. Whether anything changed.
    pub fn accept(
        &mut self,
        pin: &PinName,
        fingerprint: &str,
        at: Timestamp,
        reason: &str,
    ) -> Result<bool, WordError> {
        word(fingerprint)?;
        let acceptance = Acceptance { at: whole(at), reason: one_line(reason) };
        let known = self.accepted.entry(pin.clone()).or_default();
        Ok(earliest(known, fingerprint, acceptance))
    }

    /// What was seen of a pin; `None` where nothing was.
    pub fn seen(&self, pin: &PinName) -> Option<&Sightings> {
        self.seen.get(pin)
    }

    /// When something was first told of a pin.
    pub fn announced(&self, pin: &PinName, fingerprint: &str) -> Option<Timestamp> {
        self.announced.get(pin)?.get(fingerprint).copied()
    }

    /// When and why a person accepted something of a pin.
    pub fn accepted(&self, pin: &PinName, fingerprint: &str) -> Option<&Acceptance> {
        self.accepted.get(pin)?.get(fingerprint)
    }

    /// The pins of which anything was seen.
    pub fn pins(&self) -> impl Iterator<Item = &PinName> {
        self.seen.keys()
    }

    /// All that was told: pin, fingerprint and time, in the order of pins, then of fingerprints.
    pub fn announcements(&self) -> impl Iterator<Item = (&PinName, &str, Timestamp)> {
        self.announced
            .iter()
            .flat_map(|(pin, of)| of.iter().map(move |(print, at)| (pin, print.as_str(), *at)))
    }

    /// All that was accepted: pin, fingerprint, time and reason, in the order of pins, then of fingerprints.
    pub fn acceptances(&self) -> impl Iterator<Item = (&PinName, &str, &Acceptance)> {
        self.accepted
            .iter()
            .flat_map(|(pin, of)| of.iter().map(move |(print, what)| (pin, print.as_str(), what)))
    }

    /// Whether there is no line in it.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.announced.is_empty() && self.accepted.is_empty()
    }

    /// Takes in all of another journal; of two times for the same the earlier stays.
    pub fn merge(&mut self, other: &Self) {
        for (pin, sightings) in &other.seen {
            let known = self.seen.entry(pin.clone()).or_default();
            for line in sightings.lines() {
                known.note(line);
            }
        }
        for (pin, print, at) in other.announcements() {
            earliest(self.announced.entry(pin.clone()).or_default(), print, at);
        }
        for (pin, print, acceptance) in other.acceptances() {
            earliest(self.accepted.entry(pin.clone()).or_default(), print, acceptance.clone());
        }
    }

    /// Makes times such as can be believed of lines that come on top of a journal as it was at `tip`, written at
    /// `tip_time`: what it did not have was not seen before that, and nothing was seen after `now`.
    pub fn clamp(&mut self, tip: &Self, tip_time: Option<Timestamp>, now: Timestamp) {
        if let Some(time) = tip_time {
            self.raise(tip, time.min(now));
        }
        self.lower(now);
    }

    /// No line that `known` lacks claims a time before `floor`.
    pub(super) fn raise(&mut self, known: &Self, floor: Timestamp) {
        let floor = whole(floor);
        self.retime(|subject, time| match known.time(subject) {
            Some(_) => time,
            None => time.max(floor),
        });
    }

    /// No line claims a time after `now`.
    pub fn lower(&mut self, now: Timestamp) {
        let now = whole(now);
        self.retime(|_, time| time.min(now));
    }

    fn retime(&mut self, new: impl Fn(Subject<'_>, Timestamp) -> Timestamp) {
        for (pin, sightings) in &mut self.seen {
            let old = std::mem::take(sightings);
            for mut line in old.lines() {
                line.first_seen = new(Subject::Seen(pin, &line.tag, &line.content), line.first_seen);
                sightings.note(line);
            }
        }
        for (pin, of) in &mut self.announced {
            of.iter_mut().for_each(|(print, at)| *at = new(Subject::Announced(pin, print), *at));
        }
        for (pin, of) in &mut self.accepted {
            of.iter_mut().for_each(|(print, what)| what.at = new(Subject::Accepted(pin, print), what.at));
        }
    }

    fn time(&self, subject: Subject<'_>) -> Option<Timestamp> {
        match subject {
            Subject::Seen(pin, tag, content) => self.seen.get(pin)?.first(tag, content),
            Subject::Announced(pin, print) => self.announced(pin, print),
            Subject::Accepted(pin, print) => Some(self.accepted(pin, print)?.at),
        }
    }

    /// What `old` did not have.
    pub(super) fn news(&self, old: &Self) -> News {
        let mut news = News::default();
        for (pin, sightings) in &self.seen {
            let new = |line: &Sighting| {
                old.time(Subject::Seen(pin, &line.tag, &line.content)) != Some(line.first_seen)
            };
            news.seen.extend(sightings.lines().into_iter().filter(new).map(|line| (pin.clone(), line.tag)));
        }
        let told = self
            .announcements()
            .filter(|(pin, print, at)| old.time(Subject::Announced(pin, print)) != Some(*at));
        let accepted =
            self.acceptances().filter(|(pin, print, what)| old.accepted(pin, print) != Some(*what));
        news.others = told.count() + accepted.count();
        news
    }
}

/// The least of what is known and what is new.
fn earliest<T: Ord>(known: &mut BTreeMap<String, T>, key: &str, new: T) -> bool {
    match known.get_mut(key) {
        Some(old) if *old <= new => false,
        Some(old) => {
            *old = new;
            true
        }
        None => known.insert(key.into(), new).is_none(),
    }
}

/// A time as it is written: to the second, and not from before there was anything to see.
pub(super) fn whole(time: Timestamp) -> Timestamp {
    let time = time.max(Timestamp::UNIX_EPOCH);
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Whether a text can be a field: fields are separated by spaces, lines by line feeds.
pub(super) fn word(text: &str) -> Result<(), WordError> {
    let wrong = |why| Err(WordError { text: harmless(text).chars().take(100).collect(), why });
    match text {
        "" => wrong("it is empty"),
        text if text.len() > MAX_WORD => wrong("it is too long"),
        text if text.bytes().any(|b| b == b' ' || b.is_ascii_control()) => {
            wrong("it has a space or a control character")
        }
        _ => Ok(()),
    }
}

/// Text of a person, as one line that ends nothing early.
pub(super) fn one_line(text: &str) -> String {
    let text = harmless(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    text.chars().take(MAX_REASON).collect::<String>().trim_end().to_owned()
}
