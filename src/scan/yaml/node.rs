//! Looking at the tree.

use std::collections::HashSet;
use std::ops::Range;

use super::{Content, Data, Places, Stream, Style};
use crate::scan::Spelled;

/// A node of a document.
#[derive(Clone, Copy, Debug)]
pub struct Node<'s> {
    stream: &'s Stream<'s>,
    at: usize,
}

/// What stands below a node, as it is written: aliases are not followed, nothing is merged.
#[derive(Clone, Debug)]
pub enum Written<'s> {
    /// A scalar, or an alias.
    Leaf,
    /// The items of a sequence.
    Sequence(Vec<Node<'s>>),
    /// The pairs of a mapping, then those of its merge keys, whose key is `None`.
    Mapping(Vec<(Option<Node<'s>>, Node<'s>)>),
}

impl<'s> Node<'s> {
    pub(super) fn new(stream: &'s Stream<'s>, at: usize) -> Self {
        Self { stream, at }
    }

    fn data(self) -> &'s Data<'s> {
        &self.stream.nodes[self.at]
    }

    /// Where it stands; of a quoted scalar with its quotes, of a block scalar without its header.
    pub fn span(self) -> Range<usize> {
        self.data().span.clone()
    }

    /// Its tag as written: `!reference`, `!!str`.
    pub fn tag(self) -> Option<&'s str> {
        self.data().tag.as_deref()
    }

    /// What it stands for, if it is an alias; else itself. Lookups have done that already.
    pub fn target(self) -> Self {
        let Content::Alias(at) = self.data().content else { return self };
        let target = Self { at, ..self };
        let cost = 1 + match &target.data().content {
            Content::Sequence(items) => items.len(),
            Content::Mapping { pairs, .. } => pairs.len(),
            // What is looked at again costs as much as it is long.
            Content::Scalar { value, .. } => value.len() / 32,
            _ => 0,
        };
        match self.stream.budget.get().checked_sub(cost) {
            Some(rest) => {
                self.stream.budget.set(rest);
                target
            }
            None => {
                self.stream.exhausted.set(true);
                self
            }
        }
    }

    /// Whether it is a mapping.
    pub fn is_mapping(self) -> bool {
        matches!(self.data().content, Content::Mapping { .. })
    }

    /// Whether it is a sequence.
    pub fn is_sequence(self) -> bool {
        matches!(self.data().content, Content::Sequence(_))
    }

    /// Whether it is a scalar that stands for no value: nothing at all, `~`, `null`.
    pub fn is_null(self) -> bool {
        let null = |value: &str| matches!(value, "" | "~" | "null" | "Null" | "NULL");
        match &self.data().content {
            Content::Scalar { value, style: Style::Plain } => {
                null(value) && self.tag().is_none_or(|tag| tag == "!!null")
            }
            _ => false,
        }
    }

    /// The text of a scalar that is not null. Numbers and booleans are as they are written: `1.20`.
    pub fn text(self) -> Option<&'s str> {
        match &self.data().content {
            Content::Scalar { value, .. } if !self.is_null() => Some(value),
            _ => None,
        }
    }

    /// How a scalar is written.
    pub fn style(self) -> Option<Style> {
        match self.data().content {
            Content::Scalar { style, .. } => Some(style),
            _ => None,
        }
    }

    /// The value of a mapping's key, followed if it is an alias. Of repeated keys the last counts; the mapping's own
    /// keys win over merged ones.
    pub fn get(self, key: &str) -> Option<Self> {
        self.every(key).pop()
    }

    /// The value of a key on the way down from here through mappings.
    pub fn path(self, keys: &[&str]) -> Option<Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// All values that a mapping gives to a key: more than one where the key is repeated.
    pub fn every(self, key: &str) -> Vec<Self> {
        let of = |layer: Self| -> Vec<Self> {
            layer.own().filter(|(name, _)| name.key() == Some(key)).map(|(_, value)| value.target()).collect()
        };
        self.layers().map(of).find(|values| !values.is_empty()).unwrap_or_default()
    }

    /// The last pair of a key that stands in a mapping itself, its value no alias.
    pub fn own_pair(self, key: &str) -> Option<(Self, Self)> {
        let pair = self.own().filter(|(name, _)| name.key() == Some(key)).last()?;
        (!matches!(pair.1.data().content, Content::Alias(_))).then_some(pair)
    }

    /// Whether a key stands in a mapping itself, not merged, with a value that is no alias.
    pub fn owns(self, key: &str) -> bool {
        self.own_pair(key).is_some()
    }

    /// Whether a key stands in a mapping itself, not merged.
    pub fn has_own(self, key: &str) -> bool {
        self.own().any(|(name, _)| name.key() == Some(key))
    }

    /// What tells it from the other nodes of its stream.
    pub fn id(self) -> usize {
        self.at
    }

    /// The pairs of a mapping, merged ones last; repeated keys stay. Aliases are followed.
    pub fn pairs(self) -> Vec<(Self, Self)> {
        let mut pairs: Vec<(Self, Self)> = Vec::new();
        let mut known = HashSet::new();
        for layer in self.layers() {
            let from = pairs.len();
            let new = |(key, _): &(Self, Self)| key.key().is_none_or(|key| !known.contains(key));
            pairs.extend(layer.own().filter(new).map(|(key, value)| (key.target(), value.target())));
            known.extend(pairs[from..].iter().filter_map(|(key, _)| key.key()));
        }
        pairs
    }

    /// The items of a sequence, aliases followed; none of anything else.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let items = match &self.data().content {
            Content::Sequence(items) => items.as_slice(),
            _ => &[],
        };
        items.iter().map(move |&at| Self { at, ..self }.target())
    }

    /// What stands below it in the text.
    pub fn written(self) -> Written<'s> {
        match &self.data().content {
            Content::Sequence(items) => {
                Written::Sequence(items.iter().map(|&at| Self { at, ..self }).collect())
            }
            Content::Mapping { merges, .. } => {
                let own = self.own().map(|(key, value)| (Some(key), value));
                let merged = merges.iter().map(|&at| (None, Self { at, ..self }));
                Written::Mapping(own.chain(merged).collect())
            }
            _ => Written::Leaf,
        }
    }

    /// The text of a key; also of one that is an alias, or an empty or null one.
    pub fn key(self) -> Option<&'s str> {
        let data = match self.data().content {
            Content::Alias(at) => &self.stream.nodes[at],
            _ => self.data(),
        };
        match &data.content {
            Content::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// A scalar's text with the bytes that spell it; empty for anything else.
    pub fn spelled(self) -> Spelled {
        let length = self.key().map_or(0, str::len);
        self.places().spelled(0..length)
    }

    /// Where a scalar's text stands in the file. Costs as much as the scalar is long: keep it for several lookups.
    pub fn places(self) -> Places<'s> {
        match &self.data().content {
            Content::Scalar { value, style } => Places::of(self.stream.text, value, *style, self.span()),
            _ => Places::default(),
        }
    }

    /// The pairs that stand in a mapping itself; aliases are not followed.
    fn own(self) -> impl Iterator<Item = (Self, Self)> {
        let pairs = match &self.data().content {
            Content::Mapping { pairs, .. } => pairs.as_slice(),
            _ => &[],
        };
        pairs.iter().map(move |&(key, value)| (Self { at: key, ..self }, Self { at: value, ..self }))
    }

    /// The mapping and those that it merges, each once, the ones that win first.
    fn layers(self) -> impl Iterator<Item = Self> {
        let (mut ahead, mut seen) = (vec![self], HashSet::new());
        std::iter::from_fn(move || {
            loop {
                let node = ahead.pop()?.target();
                let Content::Mapping { merges, .. } = &node.data().content else { continue };
                if merges.is_empty() && ahead.is_empty() && seen.is_empty() {
                    return Some(node);
                }
                if seen.insert(node.at) {
                    ahead.extend(merges.iter().rev().flat_map(|&at| node.merged(at)));
                    return Some(node);
                }
            }
        })
    }

    /// The mappings that the value of a merge key names, the last first.
    fn merged(self, at: usize) -> Vec<Self> {
        let node = Self { at, ..self }.target();
        match &node.data().content {
            Content::Sequence(items) => items.iter().rev().map(|&at| Self { at, ..self }).collect(),
            _ => vec![node],
        }
    }
}
