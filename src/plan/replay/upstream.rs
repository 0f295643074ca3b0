//! The upstream of a replay: what the history says of a time, and the answers to what the decision asks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Held, Replay};
use crate::catalog::Upstream;
use crate::model::{
    CommitId, Digest, GitPin, GitTag, GitUrl, ImagePin, Manifest, MediaType, Pin, Platform, Repository,
    Sighting, Sightings,
};
use crate::plan::image::{Facts, Next, Seen, next};
use crate::plan::{Outcome, Question, git, shortlist};

/// Why nothing is decided about archives and suites.
const NO_HISTORY: &str = "a recorded history says nothing of archives and suites";

/// A history up to a time.
pub(super) struct Recorded {
    source: Upstream,
    platforms: Vec<Platform>,
    /// The lines of the track's tags, in the order of time.
    lines: Vec<Sighting>,
    /// How many of them are known.
    known: usize,
    /// When each tag of another shape came, in order.
    others: Vec<Timestamp>,
    now: Timestamp,
    seen: Sightings,
    /// What each tag names.
    names: BTreeMap<String, String>,
    /// Content that the history has not.
    made_up: BTreeSet<String>,
}

impl Recorded {
    pub(super) fn new(replay: &Replay<'_>) -> Self {
        let declaration = replay.declaration;
        let mut others: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for tag in replay.history.tags().filter(|tag| declaration.track.read(tag).is_none()) {
            others.extend(replay.history.of_tag(tag).first().map(|(_, first)| (tag, *first)));
        }
        let mut others: Vec<Timestamp> = others.into_values().collect();
        others.sort();
        // A pin needs one platform at least.
        let declared =
            replay.needs.platforms.as_ref().map(|platforms| platforms.iter().cloned().collect::<Vec<_>>());
        let any = || Platform::new("linux", "amd64", None).into_iter().collect();
        let mut recorded = Self {
            source: declaration.upstream.clone(),
            platforms: declared.filter(|declared| !declared.is_empty()).unwrap_or_else(any),
            lines: Vec::new(),
            known: 0,
            others,
            now: Timestamp::MIN,
            seen: Sightings::default(),
            names: BTreeMap::new(),
            made_up: BTreeSet::new(),
        };
        let mut lines = Sightings::default();
        for tag in replay.history.tags().filter(|tag| declaration.track.read(tag).is_some()) {
            for (content, first_seen) in replay.history.of_tag(tag) {
                let content = recorded.identity(tag, content, first_seen);
                lines.note(Sighting { tag: tag.into(), content, first_seen });
            }
        }
        recorded.lines = lines.lines();
        recorded
    }

    /// What the decision can hold, for content of any text.
    fn identity(&mut self, tag: &str, content: &str, first_seen: Timestamp) -> String {
        let made = || Digest::sha256(format!("{tag}@{first_seen}").as_bytes());
        let made = match self.source {
            Upstream::Image(_) if content.parse::<Digest>().is_err() => made().to_string(),
            Upstream::Git(_) if content.parse::<CommitId>().is_err() => made().hex()[..40].to_owned(),
            _ => return content.into(),
        };
        self.made_up.insert(made.clone());
        made
    }

    /// Goes on to a time.
    pub(super) fn advance(&mut self, now: Timestamp) {
        while let Some(line) = self.lines.get(self.known).filter(|line| line.first_seen <= now) {
            self.names.insert(line.tag.clone(), line.content.clone());
            self.seen.note(line.clone());
            self.known += 1;
        }
        self.now = now;
    }

    /// The lines until now, of the track's tags.
    pub(super) fn seen(&self) -> &Sightings {
        &self.seen
    }

    /// The track's tags.
    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// What a tag names now, as it would be locked.
    pub(super) fn pin(&self, tag: &str) -> Option<Pin> {
        let content = self.names.get(tag)?;
        match &self.source {
            Upstream::Image(repository) => {
                let manifest = self.manifest(content.parse().ok()?);
                Some(Pin::Image(ImagePin {
                    repository: repository.clone(),
                    tag: tag.parse().ok()?,
                    digest: manifest.digest,
                    media_type: manifest.media_type,
                    platforms: manifest.platforms,
                }))
            }
            Upstream::Git(url) => {
                let GitTag { name, commit, tag_object } = git_tag(tag, content)?;
                Some(Pin::Git(GitPin { url: url.clone(), tag: name, commit, tag_object }))
            }
            Upstream::Archive(_) | Upstream::Debian(_) => None,
        }
    }

    /// What a pin holds, as the history tells it.
    pub(super) fn held(&self, pin: &Pin) -> Held {
        let content = pin.content();
        let recorded = !self.made_up.contains(&content);
        Held {
            tag: pin.tag().into(),
            since: self.seen.first(pin.tag(), &content),
            content: recorded.then_some(content),
        }
    }

    /// What the decision comes to, all its questions answered.
    pub(super) fn decide(&self, question: &Question<'_>) -> Outcome {
        match &self.source {
            Upstream::Image(repository) => self.decide_image(question, repository),
            Upstream::Git(url) => self.decide_git(question, url),
            Upstream::Archive(_) | Upstream::Debian(_) => Outcome::Nothing(NO_HISTORY.into()),
        }
    }

    fn decide_image(&self, question: &Question<'_>, repository: &Repository) -> Outcome {
        let mut list = shortlist(question, self.tags());
        list.other_shapes = self.other_shapes();
        let mut facts = Facts::default();
        loop {
            match next(question, repository, &mut list, &facts) {
                Next::Decided(outcome) => return outcome,
                Next::Read(digest) => {
                    let manifest = Arc::new(self.manifest(digest.clone()));
                    facts.replaced.insert(digest, Some(manifest));
                }
                Next::IsServed(_) => facts.locked_served = Some(true),
                Next::Look { tag, known } => {
                    let named = self.names.get(tag.as_str()).and_then(|content| content.parse().ok());
                    let seen = match named {
                        None => Seen::Missing,
                        Some(digest) if known.contains(&digest) => Seen::Claims(digest),
                        Some(digest) => Seen::Names(Arc::new(self.manifest(digest))),
                    };
                    facts.tags.insert(tag, seen);
                }
            }
        }
    }

    fn decide_git(&self, question: &Question<'_>, url: &GitUrl) -> Outcome {
        let mut list = shortlist(question, self.tags());
        list.other_shapes = self.other_shapes();
        let tags = self.names.iter().filter_map(|(tag, content)| git_tag(tag, content));
        let tags: Vec<GitTag> = tags.collect();
        git::decide(question, url, list, &tags).outcome
    }

    fn other_shapes(&self) -> usize {
        self.others.partition_point(|first| *first <= self.now)
    }

    fn manifest(&self, digest: Digest) -> Manifest {
        let child = |platform: &Platform| {
            let child = Digest::sha256(format!("{digest} {platform}").as_bytes());
            (platform.clone(), child)
        };
        let platforms = self.platforms.iter().map(child).collect();
        let (media_type, bases, revisions) = (MediaType::OciIndex, BTreeMap::new(), BTreeMap::new());
        Manifest { digest, media_type, platforms, bases, revisions }
    }
}

fn git_tag(tag: &str, content: &str) -> Option<GitTag> {
    Some(GitTag { name: tag.parse().ok()?, commit: content.parse().ok()?, tag_object: None })
}
