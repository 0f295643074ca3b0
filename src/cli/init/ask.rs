//! Asking the upstreams of a repository that is adopted, each for the tag that files name.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::adopt::{Failures, Proposal, Source, settle};
use crate::catalog::Needs;
use crate::cli::progress::Progress;
use crate::cli::session::Session;
use crate::error::{Error, Status};
use crate::lock::Lock;
use crate::model::{Digest, GitPin, GitUrl, ImagePin, Pin, Platform, Repository};
use crate::net::Kind;
use crate::plan::{Outcome, Past, Wish};
use crate::resolve::{Job, Resolved, Sources, resolve};
use crate::source::SourceError;
use crate::workspace::Workspace;

/// What the upstreams said.
pub(super) struct Asked {
    /// The pins that are declared.
    pub(super) pins: Vec<Proposal>,
    /// What they are locked at.
    pub(super) lock: Lock,
    /// Why others are not.
    pub(super) failures: Failures,
    /// What these failures amount to.
    pub(super) status: Status,
}

/// Why a pin is not declared.
struct Refused {
    status: Status,
    why: String,
    help: String,
}

impl Refused {
    fn new(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { status: Status::Done, why: why.into(), help: help.into() }
    }

    fn of(error: &SourceError, proposal: &Proposal) -> Self {
        let first = error.hint().unwrap_or_else(|| "mend that, or what is written".into());
        Self {
            status: Status::of_source(error),
            why: error.to_string(),
            help: format!("{first}; then run `{}`", add(proposal)),
        }
    }
}

/// Asks about every proposal. One that fails stops nobody else: it is not declared.
pub(super) async fn ask(
    session: &mut Session<'_>,
    workspace: &Workspace,
    proposals: Vec<Proposal>,
    built_for: &BTreeSet<Platform>,
) -> Result<Asked, Error> {
    let upstreams = session.upstreams(workspace)?;
    let sources = &upstreams.sources;
    let jobs = proposals.iter().filter(|proposal| proposal.uses.written.is_empty()).filter_map(|proposal| {
        let declaration = workspace.catalog.declarations.get(&proposal.name)?;
        let wish = Wish::Tag { tag: proposal.tag.clone(), because: Some("adopted at this tag".into()) };
        Some(Job {
            declaration,
            needs: Needs::default(),
            locked: None,
            wish,
            past: Past::Nobody,
            keyring: None,
            ask_held: false,
        })
    });
    let jobs: Vec<Job<'_>> = jobs.collect();
    let progress = Progress::start(session.app, session.globals, jobs.len());
    let resolved = resolve(sources, &jobs, session.app.now, |name| progress.done(name)).await;
    progress.finish();
    let written = |proposal: &Proposal| !proposal.uses.written.is_empty();
    let kept = proposals.iter().filter(|proposal| written(proposal));
    let mut kept = join_all(kept.map(|proposal| as_written(sources, proposal))).await.into_iter();
    session.done_asking(&upstreams);
    let mut asked =
        Asked { pins: Vec::new(), lock: Lock::default(), failures: Failures::new(), status: Status::Done };
    for proposal in &proposals {
        let result = match written(proposal) {
            true => kept.next().unwrap_or_else(|| Err(Refused::new("nobody was asked", add(proposal)))),
            false => at_tag(&resolved, proposal),
        };
        asked.take(proposal, result, built_for);
    }
    Ok(asked)
}

impl Asked {
    fn take(&mut self, proposal: &Proposal, result: Result<Pin, Refused>, built_for: &BTreeSet<Platform>) {
        match result {
            Ok(mut pin) => {
                if let Pin::Image(pin) = &mut pin {
                    settle(pin, built_for);
                }
                self.lock.pins.insert(proposal.name.clone(), pin);
                self.pins.push(proposal.clone());
            }
            Err(refused) => {
                self.status = self.status.max(refused.status);
                let key = (proposal.source.clone(), proposal.tag.clone());
                self.failures.insert(key, (refused.why, refused.help));
            }
        }
    }
}

/// What a tag names today.
fn at_tag(resolved: &[Resolved], proposal: &Proposal) -> Result<Pin, Refused> {
    let resolved = resolved.iter().find(|resolved| resolved.name == proposal.name);
    let outcome = match resolved.map(|resolved| &resolved.result) {
        Some(Ok(decision)) => &decision.outcome,
        Some(Err(error)) => return Err(Refused::of(error, proposal)),
        None => return Err(Refused::new("nobody was asked", add(proposal))),
    };
    let why = match outcome {
        Outcome::Move { to, .. } | Outcome::First { to } => return Ok(to.clone()),
        Outcome::Refused { reason, .. } | Outcome::Nothing(reason) => reason.clone(),
        outcome => crate::report::human::outcome(outcome),
    };
    Err(match &proposal.source {
        // Not every revision that a file names is a tag.
        Source::Git(url) => Refused::new(
            format!("{why}: it is a branch, or gone"),
            format!("name a tag, then run `solera-pin add NAME {url}#TAG`"),
        ),
        Source::Image(repository) => Refused {
            status: Status::Incomplete,
            ..Refused::new(
                why,
                format!("write a tag that there is, then run `solera-pin add NAME {repository}:TAG`"),
            )
        },
    })
}

/// What is written beside a tag already, if upstream still stands by it: today's content would be an upgrade.
async fn as_written(sources: &Sources, proposal: &Proposal) -> Result<Pin, Refused> {
    let written: Vec<&String> = proposal.uses.written.iter().collect();
    let [written] = written[..] else {
        let all: Vec<&str> = written.iter().map(|written| written.as_str()).collect();
        return Err(Refused::new(
            format!("{} is written with different content: {}", proposal.tag, all.join(", ")),
            format!("keep one of them, or none, then run `{}`", add(proposal)),
        ));
    };
    match &proposal.source {
        Source::Image(repository) => image_as_written(sources, proposal, repository, written).await,
        Source::Git(url) => git_as_written(sources, proposal, url, written).await,
    }
}

async fn image_as_written(
    sources: &Sources,
    proposal: &Proposal,
    repository: &Repository,
    written: &str,
) -> Result<Pin, Refused> {
    let digest: Digest = written
        .parse()
        .map_err(|error: crate::model::DigestError| Refused::new(error.to_string(), "write it whole"))?;
    let tag = proposal
        .tag
        .parse::<crate::model::Tag>()
        .map_err(|error| Refused::new(error.to_string(), "write a tag"))?;
    let images = &sources.images;
    let manifest = images.by_digest(repository, &digest).await.map_err(|error| match error.kind() {
        Kind::NotFound => Refused::new(
            format!("upstream no longer serves {}", digest.short()),
            format!("remove the digest, then run `{}`", add(proposal)),
        ),
        _ => Refused::of(&error, proposal),
    })?;
    if !manifest.media_type.is_index() {
        let now = images.by_tag(repository, &tag).await;
        if now.is_ok_and(|now| now.media_type.is_index()) {
            let platforms: Vec<String> = manifest.platforms.keys().map(ToString::to_string).collect();
            let only = platforms.join(", ");
            return Err(Refused::new(
                format!("the digest is the manifest of {only} alone, and not the index of all platforms"),
                format!("remove the digest, then run `{}`", add(proposal)),
            ));
        }
    }
    Ok(Pin::Image(ImagePin {
        repository: repository.clone(),
        tag,
        digest: manifest.digest.clone(),
        media_type: manifest.media_type,
        platforms: manifest.platforms.clone(),
    }))
}

async fn git_as_written(
    sources: &Sources,
    proposal: &Proposal,
    url: &GitUrl,
    written: &str,
) -> Result<Pin, Refused> {
    let tags = sources.git.tags(url).await.map_err(|error| Refused::of(&error, proposal))?;
    let names = |tag: &&crate::model::GitTag| {
        tag.commit.as_str() == written
            || tag.tag_object.as_ref().is_some_and(|object| object.as_str() == written)
    };
    let named = tags.iter().find(|tag| tag.name.as_str() == proposal.tag);
    if let Some(tag) = named.filter(names) {
        return Ok(Pin::Git(GitPin {
            url: url.clone(),
            tag: tag.name.clone(),
            commit: tag.commit.clone(),
            tag_object: tag.tag_object.clone(),
        }));
    }
    let why = match named {
        Some(now) => {
            format!("{} names {} now, and not the commit that is written", now.name, now.commit.short())
        }
        None => format!("upstream has no tag {}", proposal.tag),
    };
    let others: Vec<&str> = tags.iter().filter(names).map(|tag| tag.name.as_str()).collect();
    Err(match others.first() {
        Some(_) => Refused::new(
            why,
            format!(
                "name a tag of that commit ({}), then run `solera-pin add NAME {url}#TAG`",
                others.join(", ")
            ),
        ),
        None => Refused::new(why, format!("remove the commit, then run `{}`", add(proposal))),
    })
}

/// The command that declares a pin later.
fn add(proposal: &Proposal) -> String {
    match &proposal.source {
        Source::Image(repository) => {
            format!("solera-pin add {} {repository}:{}", proposal.name, proposal.tag)
        }
        Source::Git(url) => format!("solera-pin add {} {url}#{}", proposal.name, proposal.tag),
    }
}
