//! Drives decisions over the sources: asks what the plan wants to know, one result per pin.

mod archive;
mod debian;

use std::sync::Arc;

pub(crate) use archive::release;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tracing::Instrument as _;

use crate::catalog::{Declaration, Needs, Upstream};
use crate::lock::Lock;
use crate::model::{Digest, GitUrl, Lane, Pin, PinName, Repository, Tag};
use crate::openpgp::Keyring;
use crate::plan::{self, Ask, Cause, Decision, Outcome, Past, Question, Wish, cause, image};
use crate::source::{ArchiveSource, DebianSource, GitSource, ImageSource, Kind, SourceError};

/// The upstreams.
#[derive(Clone)]
pub struct Sources {
    /// Image repositories.
    pub images: ImageSource,
    /// Git repositories.
    pub git: GitSource,
    /// Archives.
    pub archives: ArchiveSource,
    /// Suites of Debian archives.
    pub debian: DebianSource,
}

/// One pin to decide about.
pub struct Job<'a> {
    /// What is declared.
    pub declaration: &'a Declaration,
    /// What must be there.
    pub needs: Needs,
    /// What is locked.
    pub locked: Option<&'a Pin>,
    /// What a person asked for.
    pub wish: Wish,
    /// What is remembered of its upstream.
    pub past: Past<'a>,
    /// The keyring that signatures are checked against, where one is declared; or why it could not be read.
    pub keyring: Option<Result<Arc<Keyring>, String>>,
    /// Whether a pin that is held is asked about all the same, to say what it misses.
    pub ask_held: bool,
}

impl Job<'_> {
    fn question(&self, now: jiff::Timestamp) -> Question<'_> {
        let Job { declaration, needs, locked, wish, past, .. } = self;
        Question { declaration, needs, locked: *locked, now, past: *past, wish }
    }

    /// What will be asked about it, at least.
    pub fn expected(&self, now: jiff::Timestamp) -> Vec<Ask> {
        plan::expected(&self.question(now))
    }
}

/// The result for one pin. One that failed stops nobody else.
pub struct Resolved {
    /// Its name.
    pub name: PinName,
    /// The decision, or why the upstream gave no answer.
    pub result: Result<Decision, SourceError>,
}

/// Decides about every job at once; the sources bound how many requests are under way. Sorted by name.
pub async fn resolve(
    sources: &Sources,
    jobs: &[Job<'_>],
    now: jiff::Timestamp,
    mut done: impl FnMut(&PinName),
) -> Vec<Resolved> {
    let mut running: FuturesUnordered<_> = jobs.iter().map(|job| decided(sources, job, now)).collect();
    let mut results = Vec::with_capacity(jobs.len());
    while let Some(resolved) = running.next().await {
        done(&resolved.name);
        results.push(resolved);
    }
    results.sort_by(|a, b| a.name.cmp(&b.name));
    results
}

/// The lock with every decided pin moved; the others stay as they are.
pub fn apply(lock: &Lock, resolved: &[Resolved]) -> Lock {
    let mut lock = lock.clone();
    for Resolved { name, result } in resolved {
        if let Ok(Decision { outcome: Outcome::Move { to, .. } | Outcome::First { to }, .. }) = result {
            lock.pins.insert(name.clone(), to.clone());
        }
    }
    lock
}

async fn decided(sources: &Sources, job: &Job<'_>, now: jiff::Timestamp) -> Resolved {
    let name = job.declaration.name.clone();
    let span = tracing::info_span!("pin", pin = %name);
    let result = decide(sources, job, now).instrument(span).await;
    Resolved { name, result }
}

async fn decide(sources: &Sources, job: &Job<'_>, now: jiff::Timestamp) -> Result<Decision, SourceError> {
    let question = job.question(now);
    if let Some(outcome) = question.settled().filter(|_| !job.ask_held) {
        return Ok(Decision::unasked(outcome));
    }
    match &job.declaration.upstream {
        Upstream::Image(repository) => decide_image(&sources.images, &question, repository).await,
        Upstream::Git(url) => decide_git(&sources.git, &question, url).await,
        Upstream::Archive(archive) => {
            let keyring = keyring(job)?;
            archive::decide(sources, &question, archive, keyring.as_ref()).await
        }
        Upstream::Debian(declared) => {
            let keyring = keyring(job)?;
            debian::decide(&sources.debian, &question, declared, keyring.as_deref()).await
        }
    }
}

/// The keyring of a job, where it has one.
fn keyring(job: &Job<'_>) -> Result<Option<Arc<Keyring>>, SourceError> {
    job.keyring.clone().transpose().map_err(|why| {
        let asked = format!("check signatures of {}", job.declaration.upstream);
        SourceError::new(Kind::Configuration, asked, why).hinted("`signed-by` names the file of a keyring")
    })
}

async fn decide_git(
    source: &GitSource,
    question: &Question<'_>,
    url: &GitUrl,
) -> Result<Decision, SourceError> {
    let tags = source.tags(url).await?;
    let shortlist = plan::shortlist(question, tags.iter().map(|tag| tag.name.as_str()));
    Ok(plan::git::decide(question, url, shortlist, &tags))
}

async fn decide_image(
    source: &ImageSource,
    question: &Question<'_>,
    repository: &Repository,
) -> Result<Decision, SourceError> {
    let mut shortlist = match plan::only_tag(question) {
        Some(tag) => plan::shortlist(question, [tag]),
        None => {
            let tags = source.tags(repository).await?;
            plan::shortlist_of_many(question, tags.iter())
        }
    };
    let mut facts = image::Facts::default();
    let mut unread = None;
    loop {
        match image::next(question, repository, &mut shortlist, &facts) {
            image::Next::Decided(outcome) => {
                let seen = image::seen(question, &facts);
                let mut decision = shortlist.decide(question, outcome, seen);
                decision.cause = cause(source, question.locked, &decision.outcome).await;
                if let Some(seen) = watch(source, question, repository, &decision).await {
                    decision.seen.push(seen);
                }
                return Ok(decision);
            }
            image::Next::Read(digest) => {
                let manifest = match source.by_digest(repository, &digest).await {
                    Ok(manifest) => Some(manifest),
                    Err(error) if error.kind() == Kind::NotFound => None,
                    Err(error) => return Err(error),
                };
                facts.replaced.insert(digest, manifest);
            }
            image::Next::IsServed(digest) => {
                let stands = stands(source, repository, &digest, question.locked).await?;
                facts.locked_served = Some(stands);
                // A claim is enough for what changes nothing. What takes the place of one that is gone is read.
                if let Some(tag) = unread.take().filter(|_| !stands) {
                    let seen = read(source, repository, &tag).await?;
                    facts.tags.insert(tag, seen);
                }
            }
            image::Next::Look { tag, known } => {
                let seen = look(source, question, repository, (&tag, &known), &mut unread).await?;
                facts.tags.insert(tag, seen);
            }
        }
    }
}

/// What the tag names by which it can be told whether the locked one is left behind. Nothing else depends on it, so that
/// a claim is enough.
async fn watch(
    source: &ImageSource,
    question: &Question<'_>,
    repository: &Repository,
    decision: &Decision,
) -> Option<(String, String)> {
    let tag: Tag = plan::watched(question, &decision.candidates)?.parse().ok()?;
    let claimed = source.head(repository, &tag).await.ok()??;
    Some((tag.to_string(), claimed.to_string()))
}

/// Why what a tag names has changed. Nothing depends on it, so that what cannot be asked is left open.
async fn cause(source: &ImageSource, locked: Option<&Pin>, outcome: &Outcome) -> Option<Cause> {
    let Some(Pin::Image(from)) = locked else { return None };
    let Outcome::Move { to: Pin::Image(to), lane: Lane::Digest, superseded } = outcome else { return None };
    let repository = &to.repository;
    let old = source.by_digest(repository, &from.digest).await.ok()?;
    // What the tag names was read already.
    let new = match superseded {
        true => source.by_digest(repository, &to.digest).await.ok()?,
        false => source.by_tag(repository, &to.tag).await.ok()?,
    };
    let platform = match cause::by_index(from, to, &old, &new) {
        Ok(cause) => return Some(cause),
        Err(platform) => platform?,
    };
    let old = source.make(repository, from.platforms.get(&platform)?).await.ok()??;
    let new = source.make(repository, to.platforms.get(&platform)?).await.ok()??;
    Some(cause::by_image(&old, &new))
}

/// Whether `digest` is served and names the locked manifests. One that does not is of something else: the lock was
/// edited.
async fn stands(
    source: &ImageSource,
    repository: &Repository,
    digest: &Digest,
    locked: Option<&Pin>,
) -> Result<bool, SourceError> {
    let served = match source.by_digest(repository, digest).await {
        Ok(manifest) => manifest,
        Err(error) if error.kind() == Kind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let Some(Pin::Image(pin)) = locked else {
        return Ok(true);
    };
    let mut children = pin.platforms.iter();
    Ok(children.all(|(platform, child)| served.platforms.get(platform) == Some(child)))
}

/// A claim that agrees with what is known is enough. So is one that changes nothing: an index that was read and hashed in an
/// earlier run and is around the locked images; its tag is then `unread`. Anything else is read and hashed.
async fn look(
    source: &ImageSource,
    question: &Question<'_>,
    repository: &Repository,
    (tag, known): (&Tag, &[Digest]),
    unread: &mut Option<Tag>,
) -> Result<image::Seen, SourceError> {
    if !known.is_empty() {
        match source.head(repository, tag).await {
            Ok(Some(claimed)) if known.contains(&claimed) => return Ok(image::Seen::Claims(claimed)),
            Ok(Some(claimed)) => {
                let index = source.kept_index(&claimed);
                if let Some(index) = index.filter(|index| image::is_around_the_same(question, tag, index)) {
                    *unread = Some(tag.clone());
                    return Ok(image::Seen::Names(index));
                }
            }
            Ok(None) => {}
            Err(error) => return unless_missing(error),
        }
    }
    read(source, repository, tag).await
}

/// What a tag names, by its bytes.
async fn read(source: &ImageSource, repository: &Repository, tag: &Tag) -> Result<image::Seen, SourceError> {
    source.by_tag(repository, tag).await.map(image::Seen::Names).or_else(unless_missing)
}

fn unless_missing(error: SourceError) -> Result<image::Seen, SourceError> {
    match error.kind() {
        Kind::NotFound => Ok(image::Seen::Missing),
        _ => Err(error),
    }
}
