//! What was seen under a pin's tags, and when first.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Pin;

/// Which content was first seen when under which tag of one pin's upstream.
///
/// A pair of tag and content has one time, the earliest that anybody saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    times: BTreeMap<String, BTreeMap<String, Timestamp>>,
}

/// One line of a [`Sightings`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    /// The tag.
    pub tag: String,
    /// `sha256:…` of an index or manifest, or a commit's id, as in [`super::Pin::content`].
    pub content: String,
    /// When the tag was first seen to name it.
    pub first_seen: Timestamp,
}

impl Sightings {
    /// Takes in a line. Of two times for one pair the earlier stays. Whether anything changed.
    pub fn note(&mut self, sighting: Sighting) -> bool {
        let Sighting { tag, content, first_seen } = sighting;
        let times = self.times.entry(tag).or_default();
        match times.get_mut(&content) {
            Some(known) if *known <= first_seen => false,
            Some(known) => {
                *known = first_seen;
                true
            }
            None => times.insert(content, first_seen).is_none(),
        }
    }

    /// When a tag was first seen to name this content.
    pub fn first(&self, tag: &str, content: &str) -> Option<Timestamp> {
        self.times.get(tag)?.get(content).copied()
    }

    /// When what a pin holds was first seen. Of an archive that is when its tag was first seen to name the commit that it
    /// was last seen to name: what is remembered of it are commits, and its content is that of files.
    pub fn first_of(&self, pin: &Pin) -> Option<Timestamp> {
        match pin {
            Pin::Archive(pin) => self.of_tag(&pin.version).last().map(|(_, time)| *time),
            Pin::Image(_) | Pin::Git(_) | Pin::Debian(_) => self.first(pin.tag(), &pin.content()),
        }
    }

    /// What a tag was seen to name, in the order of time, and of content where the time is the same.
    pub fn of_tag(&self, tag: &str) -> Vec<(&str, Timestamp)> {
        let mut seen: Vec<(&str, Timestamp)> = self
            .times
            .get(tag)
            .into_iter()
            .flatten()
            .map(|(content, time)| (content.as_str(), *time))
            .collect();
        seen.sort_by_key(|(content, time)| (*time, *content));
        seen
    }

    /// The tags of which anything was seen, in the order of their text.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.times.keys().map(String::as_str)
    }

    /// Every line, in the order of time, then tag, then content.
    pub fn lines(&self) -> Vec<Sighting> {
        let lines = self.times.iter().flat_map(|(tag, contents)| {
            contents.iter().map(|(content, time)| Sighting {
                tag: tag.clone(),
                content: content.clone(),
                first_seen: *time,
            })
        });
        let mut lines: Vec<Sighting> = lines.collect();
        lines.sort_by(|a, b| (a.first_seen, &a.tag, &a.content).cmp(&(b.first_seen, &b.tag, &b.content)));
        lines
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn line(tag: &str, content: &str, hour: i64) -> Sighting {
        Sighting { tag: tag.into(), content: content.into(), first_seen: at(hour) }
    }

    #[test]
    fn the_earliest_time_stays() {
        let mut seen = Sightings::default();
        assert!(seen.note(line("1.2", "a", 5)));
        assert!(!seen.note(line("1.2", "a", 7)));
        assert!(seen.note(line("1.2", "b", 4)));
        assert!(seen.note(line("1.2", "a", 3)));
        assert_eq!(seen.first("1.2", "a"), Some(at(3)));
        assert_eq!(seen.of_tag("1.2"), [("a", at(3)), ("b", at(4))]);
        assert_eq!(seen.first("1.3", "a"), None);
        assert_eq!(seen.lines().len(), 2);
    }
}
