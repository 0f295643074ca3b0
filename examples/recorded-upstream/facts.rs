//! What public records say about the upstreams: read from `data/`, whose headers name the records.

use jiff::Timestamp;
use solera_pin::model::{CommitId, GitRef, Repository, Tag};

use super::RecordedError;

/// An image repository and all its recorded tags.
pub struct ImageFacts {
    /// Under its canonical name.
    pub repository: Repository,
    /// By tag.
    pub tags: Vec<TagFacts>,
}

/// One tag of an official image.
pub struct TagFacts {
    /// The tag.
    pub tag: Tag,
    /// When it first was listed. From then on it exists: the registry removes no tag.
    pub first_listed: Timestamp,
    /// When it was dropped from the list, after which it is not rebuilt any more.
    pub last_listed: Option<Timestamp>,
    /// Official names (`arm64v8`), as last listed.
    pub architectures: Vec<String>,
    /// When the source of one of its architectures changed, in order.
    pub moves: Vec<Timestamp>,
    /// When its set of architectures changed, in order.
    pub sets: Vec<Timestamp>,
}

impl TagFacts {
    /// When its platforms were last built, as of `at`.
    pub fn built(&self, at: Timestamp) -> Timestamp {
        latest(&self.moves, at).unwrap_or(self.first_listed)
    }

    /// When its index was last put together, as of `at`.
    pub fn assembled(&self, at: Timestamp) -> Timestamp {
        self.built(at).max(latest(&self.sets, at).unwrap_or(Timestamp::MIN))
    }

    /// All times at which its platforms were built.
    pub fn builds(&self) -> impl Iterator<Item = Timestamp> {
        std::iter::once(self.first_listed).chain(self.moves.iter().copied())
    }
}

fn latest(times: &[Timestamp], at: Timestamp) -> Option<Timestamp> {
    times[..times.partition_point(|time| *time <= at)].last().copied()
}

/// One tag of a git repository.
pub struct GitTagFacts {
    /// The tag.
    pub tag: GitRef,
    /// The real commit.
    pub commit: CommitId,
    /// The real commit's tree.
    pub tree: CommitId,
    /// The real commit's date.
    pub committed: Timestamp,
}

/// A version of a package, for every architecture.
pub struct PackageFacts {
    /// When it was published.
    pub since: Timestamp,
    /// Where.
    pub suite: String,
    /// The package; `-` says only that the suite was published.
    pub name: String,
    /// Its version.
    pub version: String,
    /// As in `Depends`.
    pub depends: String,
}

/// What stands in for Debian's packages.
pub fn packages() -> Result<Vec<PackageFacts>, RecordedError> {
    let name = "Debian's packages";
    rows(name, include_str!("data/packages.tsv"))
        .map(|fields| {
            let [since, suite, package, version, depends] = fields?.map(str::to_owned);
            Ok(PackageFacts { since: read(name, &since)?, suite, name: package, version, depends })
        })
        .collect()
}

/// The official images that were recorded.
pub fn images() -> Result<Vec<ImageFacts>, RecordedError> {
    [
        ("docker.io/library/debian", include_str!("data/debian.tsv")),
        ("docker.io/library/rust", include_str!("data/rust.tsv")),
        ("docker.io/library/wordpress", include_str!("data/wordpress.tsv")),
    ]
    .into_iter()
    .map(|(name, table)| {
        let mut tags = Vec::new();
        for fields in rows(name, table) {
            tags.extend(tags_of(name, fields?)?);
        }
        tags.sort_by(|a, b| a.tag.cmp(&b.tag));
        let repository = read(name, name)?;
        Ok(ImageFacts { repository, tags })
    })
    .collect()
}

/// The tags of sadoyan/aralez, by date.
pub fn aralez() -> Result<Vec<GitTagFacts>, RecordedError> {
    let name = "aralez";
    rows(name, include_str!("data/aralez.tsv"))
        .map(|fields| {
            let [tag, commit, tree, committed] = fields?;
            Ok(GitTagFacts {
                tag: read(name, tag)?,
                commit: read(name, commit)?,
                tree: read(name, tree)?,
                committed: read(name, committed)?,
            })
        })
        .collect()
}

fn tags_of(name: &'static str, fields: [&str; 6]) -> Result<Vec<TagFacts>, RecordedError> {
    let [first, last, architectures, moves, sets, tags] = fields;
    let moves = times(name, moves)?;
    let sets = times(name, sets)?;
    let one = |tag| {
        Ok(TagFacts {
            tag: read(name, tag)?,
            first_listed: read(name, first)?,
            last_listed: times(name, last)?.first().copied(),
            architectures: architectures.split(',').map(Into::into).collect(),
            moves: moves.clone(),
            sets: sets.clone(),
        })
    };
    tags.split(' ').map(one).collect()
}

fn times(name: &'static str, field: &str) -> Result<Vec<Timestamp>, RecordedError> {
    let times = field.split(',').filter(|time| *time != "-");
    times.map(|time| read(name, time)).collect()
}

fn rows<'a, const N: usize>(
    name: &'static str,
    table: &'a str,
) -> impl Iterator<Item = Result<[&'a str; N], RecordedError>> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.map(move |line| {
        let fields: Vec<&str> = line.split('\t').collect();
        fields.try_into().map_err(|_| wrong(name, line, &"it has another number of columns"))
    })
}

fn read<T: std::str::FromStr<Err: std::fmt::Display>>(
    name: &'static str,
    text: &str,
) -> Result<T, RecordedError> {
    text.parse().map_err(|error| wrong(name, text, &error))
}

fn wrong(name: &'static str, text: &str, reason: &dyn std::fmt::Display) -> RecordedError {
    RecordedError::Facts { name, text: text.into(), reason: reason.to_string() }
}
