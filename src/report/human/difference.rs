//! What differs between two locks, for a person.

use std::collections::BTreeMap;

use super::{count, evidence, harmless, platforms_beyond, step_lines};
use crate::evidence::Evidence;
use crate::model::{CommitId, Digest, ImageName, Lane, Pin, PinName, Platform};

/// One pin that two locks have differently; at least one side is there.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Its name.
    pub name: PinName,
    /// Before.
    pub from: Option<Pin>,
    /// After.
    pub to: Option<Pin>,
    /// The class of the step, where it can be told.
    pub lane: Option<Lane>,
    /// Whether the step goes to an older version.
    pub down: bool,
    /// The images that read it.
    pub images: Vec<ImageName>,
    /// What upstream tells about it, where it was asked.
    pub evidence: Option<Evidence>,
}

impl Difference {
    /// What became of the pin, in one word.
    pub fn word(&self) -> &'static str {
        match (&self.from, &self.to) {
            (None, _) => "added",
            (_, None) => "dropped",
            _ => "moved",
        }
    }

    /// The platforms that it has now, those that it had, and those of both whose manifests are others.
    pub fn platforms(&self) -> [Vec<String>; 3] {
        let (Some(from), Some(to)) = (&self.from, &self.to) else { return Default::default() };
        let (was, is) = (platforms_of(from), platforms_of(to));
        let other = |(platform, manifest): &(&Platform, &Digest)| {
            is.is_some_and(|is| is.get(*platform).is_some_and(|now| now != *manifest))
        };
        let changed = was.into_iter().flatten().filter(other).map(|(platform, _)| platform.to_string());
        [platforms_beyond(to, from), platforms_beyond(from, to), changed.collect()]
    }

    fn step(&self) -> String {
        match (self.lane, self.down, self.word()) {
            (None, true, _) => "down".into(),
            (None, false, "moved") => String::new(),
            (None, false, word) => word.into(),
            (Some(lane), true, _) => format!("{lane}, down"),
            (Some(lane), false, _) => lane.to_string(),
        }
    }

    /// What the tag and the content alone do not tell.
    fn beside(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Some(from), Some(to)) = (&self.from, &self.to) {
            if from.upstream() != to.upstream() {
                lines.push(format!("{} -> {}", from.upstream(), to.upstream()));
            }
            lines.extend(other_kind(from, to));
            if let (Pin::Image(was), Pin::Image(is)) = (from, to)
                && (was.media_type.is_index() || is.media_type.is_index())
                && was.digest != is.digest
            {
                let [.., changed] = self.platforms();
                lines.push(match changed.is_empty() {
                    true => "the same manifests".into(),
                    false => format!("other manifests for {}", changed.join(", ")),
                });
            }
        }
        if !self.images.is_empty() {
            let images: Vec<&str> = self.images.iter().map(ImageName::as_str).collect();
            lines.push(format!("read by {}", images.join(", ")));
        }
        lines.extend(self.evidence.iter().flat_map(evidence::lines));
        lines
    }
}

fn platforms_of(pin: &Pin) -> Option<&BTreeMap<Platform, Digest>> {
    match pin {
        Pin::Image(pin) => Some(&pin.platforms),
        Pin::Git(_) | Pin::Archive(_) | Pin::Debian(_) => None,
    }
}

/// What kind of thing the tag names, where that changed.
fn other_kind(from: &Pin, to: &Pin) -> Option<String> {
    match (from, to) {
        (Pin::Image(from), Pin::Image(to)) if from.media_type != to.media_type => {
            Some(format!("{} -> {}", from.media_type, to.media_type))
        }
        (Pin::Git(from), Pin::Git(to)) if from.tag_object != to.tag_object => {
            let short = |object: &Option<CommitId>| {
                object.as_ref().map_or("none".to_owned(), |object| object.short().to_owned())
            };
            Some(format!("tag object {} -> {}", short(&from.tag_object), short(&to.tag_object)))
        }
        _ => None,
    }
}

/// The lines for all that differs.
pub fn differences(differences: &[Difference]) -> String {
    let width = differences.iter().map(|difference| difference.name.as_str().len()).max().unwrap_or_default();
    let mut text = String::new();
    for difference in differences {
        let name = difference.name.as_str();
        // A pin that was dropped is shown as it was.
        let (from, to) = match (&difference.from, &difference.to) {
            (from, Some(to)) => (from.as_ref(), to),
            (Some(from), None) => (None, from),
            (None, None) => continue,
        };
        text.push_str(&step_lines(name, width, from, to, &difference.step(), None));
        for line in difference.beside() {
            text.push_str(&format!("{}  {}\n", " ".repeat(width), harmless(&line)));
        }
    }
    text
}

/// How many pins differ, in words.
pub fn how_many_differ(differences: &[Difference]) -> String {
    match differences.len() {
        0 => "no pin differs".to_owned(),
        1 => "1 pin differs".to_owned(),
        number => format!("{} differ", count(number, "pin")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ImagePin, MediaType};

    fn difference(from: &[(&str, &str)], to: &[(&str, &str)], media_type: MediaType) -> Difference {
        let pin = |content: &[(&str, &str)]| {
            let [(_, digest), platforms @ ..] = content else { panic!() };
            let platforms = platforms.iter().map(|(p, m)| (p.parse().unwrap(), Digest::sha256(m.as_bytes())));
            Pin::Image(ImagePin {
                repository: "rust".parse().unwrap(),
                tag: "1".parse().unwrap(),
                digest: Digest::sha256(digest.as_bytes()),
                media_type,
                platforms: platforms.collect(),
            })
        };
        let (from, to) = (Some(pin(from)), Some(pin(to)));
        Difference {
            name: "a".parse().unwrap(),
            from,
            to,
            lane: None,
            down: false,
            images: Vec::new(),
            evidence: None,
        }
    }

    #[test]
    fn platforms_are_new_gone_or_other() {
        let from = [("", "i"), ("linux/amd64", "a"), ("linux/arm64", "b"), ("linux/s390x", "c")];
        let to = [("", "j"), ("linux/amd64", "x"), ("linux/arm64", "b"), ("linux/arm/v7", "d")];
        let found = difference(&from, &to, MediaType::OciIndex);
        assert_eq!(found.platforms(), [["linux/arm/v7"], ["linux/s390x"], ["linux/amd64"]]);
        let first = Difference { from: None, ..found.clone() };
        assert_eq!(first.platforms(), [[""; 0]; 3]);
        assert_eq!(found.beside(), ["other manifests for linux/amd64"]);
    }

    #[test]
    fn a_new_index_around_the_same_manifests_is_told_and_a_lone_manifest_needs_no_word() {
        let (from, to) = ([("", "i"), ("linux/amd64", "a")], [("", "j"), ("linux/amd64", "a")]);
        assert_eq!(difference(&from, &to, MediaType::OciIndex).beside(), ["the same manifests"]);
        assert_eq!(difference(&from, &from, MediaType::OciIndex).beside(), [""; 0]);
        let (from, to) = ([("", "i"), ("linux/amd64", "i")], [("", "j"), ("linux/amd64", "j")]);
        assert_eq!(difference(&from, &to, MediaType::OciManifest).beside(), [""; 0]);
    }
}
