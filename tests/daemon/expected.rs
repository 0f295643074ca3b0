//! What the table of pins must show of what the API says of them; worked out here in another way.

use std::cmp::Ordering;

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

use crate::shop::NOW;

/// A pin as the API has it, and where its next step can be read.
pub(crate) struct Pin {
    pin: Value,
    proposals: Vec<String>,
}

impl Pin {
    pub(crate) fn new(pin: Value, proposals: &[Value]) -> Self {
        let moves = |proposal: &&Value| proposal["pins"].as_array().unwrap().contains(&pin["name"]);
        let branch = |proposal: &Value| proposal["branch"].as_str().unwrap().to_owned();
        let proposals = proposals.iter().filter(moves).map(branch).collect();
        Self { pin, proposals }
    }

    fn word(&self, key: &str) -> &str {
        self.pin[key].as_str().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.word("name")
    }

    pub(crate) fn state(&self) -> &str {
        self.word("state")
    }

    pub(crate) fn content(&self) -> &str {
        self.word("content")
    }

    pub(crate) fn locked(&self) -> &str {
        self.pin["locked"].as_str().unwrap_or("not locked")
    }

    /// A sentence with the first digits of each digest.
    pub(crate) fn short(text: &Value) -> String {
        let digest = Regex::new("sha256:([0-9a-f]{12})[0-9a-f]{52}").unwrap();
        digest.replace_all(text.as_str().unwrap_or_default(), "$1").into_owned()
    }

    fn tag(tag: &str) -> String {
        let letters: Vec<char> = tag.chars().collect();
        if letters.len() > 40 { letters[..39].iter().chain(&['…']).collect() } else { tag.into() }
    }

    fn age(&self) -> Option<i64> {
        let at: Timestamp = self.pin["first_seen"].as_str()?.parse().unwrap();
        Some(NOW.parse::<Timestamp>().unwrap().as_second() - at.as_second())
    }

    fn uses(&self) -> [usize; 2] {
        ["images", "files"].map(|what| self.pin[what].as_array().unwrap().len())
    }

    /// Its cells.
    pub(crate) fn row(&self) -> Vec<String> {
        let digits = self.content().trim_start_matches("sha256:").get(..12).unwrap_or_default();
        let locked = format!("{} {digits}", Self::tag(self.locked()));
        let notices = self.pin["notices"].as_array().unwrap().iter().map(Self::short);
        let note = [Self::short(&self.pin["note"])].into_iter().chain(notices);
        let why = note.chain(self.proposals.iter().cloned());
        let several = |many: usize| if many == 1 { "" } else { "s" };
        let counted = self.uses().into_iter().zip(["image", "file"]).filter(|(many, _)| *many > 0);
        let used: Vec<String> =
            counted.map(|(many, what)| format!("{many} {what}{}", several(many))).collect();
        vec![
            self.name().into(),
            self.state().into(),
            locked.trim().into(),
            Self::tag(self.word("newest")),
            self.age().map(|age| format!("{} days", age / 86400)).unwrap_or_default(),
            why.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" "),
            used.join(", "),
            "just now".into(),
        ]
    }

    /// What it is found by: what can be read in its row or by pointing at it, in small letters.
    pub(crate) fn text(&self) -> String {
        format!("{} {} {}", self.row().join(" "), self.content(), self.pin["note"]).to_lowercase()
    }

    /// What a column is sorted by; nothing where there is nothing.
    fn key(&self, column: usize) -> Option<Key> {
        let states = ["current", "due", "waiting", "held", "unknown", "unlocked", "alarm"];
        match column {
            1 => states.iter().position(|state| *state == self.state()).map(|at| Key::Number(at as i64)),
            4 => self.age().map(Key::Number),
            6 => Some(Key::Number(self.uses().iter().sum::<usize>() as i64)),
            7 => Some(Key::Number(0)),
            2 if self.pin["locked"].is_null() => None,
            column => Some(self.row().swap_remove(column))
                .filter(|text| !text.is_empty())
                .map(|text| Key::Text(pieces(&text))),
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(Vec<Piece>),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Sign(char),
    Number(u64),
    Letter(char),
}

/// A text as people sort it: numbers by what they count, letters whether they are capitals or not.
fn pieces(text: &str) -> Vec<Piece> {
    let piece = Regex::new("[0-9]+|.").unwrap();
    let of = |piece: &str| match (piece.parse(), piece.to_lowercase().chars().next().unwrap()) {
        (Ok(number), _) => Piece::Number(number),
        (_, letter) if letter.is_alphabetic() => Piece::Letter(letter),
        (_, sign) => Piece::Sign(sign),
    };
    piece.find_iter(text).map(|found| of(found.as_str())).collect()
}

/// The names of pins as a column sorts them: those with nothing in it are the last, and those with the same stay by name.
pub(crate) fn order(pins: &[Pin], column: usize, down: bool) -> Vec<String> {
    let mut sorted: Vec<&Pin> = pins.iter().collect();
    sorted.sort_by(|a, b| match (a.key(column), b.key(column)) {
        (Some(a), Some(b)) if down => b.cmp(&a),
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    });
    sorted.into_iter().map(|pin| pin.name().to_owned()).collect()
}
