//! A pin of an image repository: whether its content is served and is what the lock says, and what became of its tag.

use std::sync::Arc;

use futures_util::future::join_all;

use super::frozen;
use super::rules::{CHILDREN, NEVER_SEEN, NOT_SERVED, TAG_GONE, TAG_MOVED};
use super::wrong::{Help, Wrong};
use super::{Answers, Subject};
use crate::error::Status;
use crate::model::{Digest, ImagePin, Manifest, Platform};
use crate::plan::Alarm;
use crate::source::{ImageSource, Kind, SourceError};

/// What the locked tag names now.
enum TagNow {
    Locked,
    Other(Arc<Manifest>),
    Nothing,
}

pub(super) async fn ask(source: &ImageSource, subject: Subject<'_>, pin: &ImagePin) -> Answers {
    let mut answers = Answers::default();
    let locked = match source.by_digest(&pin.repository, &pin.digest).await {
        Ok(manifest) => {
            content(source, pin, &manifest, &mut answers).await;
            Some(manifest)
        }
        Err(error) if error.kind() == Kind::NotFound => {
            let keys = vec!["digest".into()];
            answers.wrong.push(not_served(pin, "what `digest` names", &pin.digest, keys));
            None
        }
        Err(error) => {
            answers.failures.push(error);
            return answers;
        }
    };
    // What the tag names is told even where the locked content is gone: both are how a release is replaced.
    let Some(now) = answers.take(tag_now(source, pin).await) else {
        return answers;
    };
    match (now, &locked) {
        (TagNow::Other(manifest), _) => {
            moved(subject, pin, &manifest, &mut answers);
            never_seen(subject, pin, &mut answers);
        }
        (TagNow::Nothing, locked) => gone(subject, pin, locked.is_some(), &mut answers),
        (TagNow::Locked, Some(locked)) => frozen::ask(source, subject, pin, locked, &mut answers).await,
        (TagNow::Locked, None) => {}
    }
    answers
}

/// Whether the locked content is what the lock says, and all of it is served.
async fn content(source: &ImageSource, pin: &ImagePin, manifest: &Manifest, answers: &mut Answers) {
    let children =
        |keys, message| Wrong { rule: &CHILDREN, status: Status::Failed, keys, message, help: Help::Accept };
    if manifest.media_type != pin.media_type {
        let message = format!("what is locked is of the media type {}, not as locked", manifest.media_type);
        answers.wrong.push(children(vec!["media-type".into()], message));
    }
    let served = pin.platforms.iter().map(|(platform, locked)| async move {
        match manifest.platforms.get(platform) {
            // It was read just now.
            Some(child) if child == locked && *child == manifest.digest => Ok(None),
            Some(child) if child == locked => {
                let served = source.is_served(&pin.repository, locked).await?;
                let what = format!("its manifest for {platform}");
                Ok((!served).then(|| not_served(pin, &what, locked, keys_of(platform))))
            }
            other => {
                let has = other.map_or("has none for it".into(), |child| format!("names {child}"));
                let message = format!(
                    "the locked manifest of {platform} is not the one of the locked index, which {has}"
                );
                Ok(Some(children(keys_of(platform), message)))
            }
        }
    });
    for answer in join_all(served).await {
        let wrong = answers.take(answer).flatten();
        answers.wrong.extend(wrong);
    }
}

fn keys_of(platform: &Platform) -> Vec<String> {
    vec!["platforms".into(), platform.to_string()]
}

fn not_served(pin: &ImagePin, what: &str, digest: &Digest, keys: Vec<String>) -> Wrong {
    Wrong {
        rule: &NOT_SERVED,
        status: Status::Failed,
        keys,
        message: format!("{} does not serve {what}, {digest}", pin.repository),
        help: Help::Refresh,
    }
}

/// A claim that agrees with the lock is enough; anything else is read and hashed.
async fn tag_now(source: &ImageSource, pin: &ImagePin) -> Result<TagNow, SourceError> {
    let missing = |error: SourceError| match error.kind() {
        Kind::NotFound => Ok(TagNow::Nothing),
        _ => Err(error),
    };
    match source.head(&pin.repository, &pin.tag).await {
        Ok(Some(claimed)) if claimed == pin.digest => return Ok(TagNow::Locked),
        Ok(_) => {}
        Err(error) => return missing(error),
    }
    match source.by_tag(&pin.repository, &pin.tag).await {
        Ok(manifest) if manifest.digest == pin.digest => Ok(TagNow::Locked),
        Ok(manifest) => Ok(TagNow::Other(manifest)),
        Err(error) => missing(error),
    }
}

/// Images are rebuilt, so that a tag which moves is normal; unless somebody relies on its not moving.
fn moved(subject: Subject<'_>, pin: &ImagePin, now: &Manifest, answers: &mut Answers) {
    let ImagePin { tag, digest, .. } = pin;
    if subject.is_immutable() {
        answers.wrong.push(Wrong {
            rule: &TAG_MOVED,
            status: Status::Alarm,
            keys: vec!["digest".into()],
            message: format!("the immutable tag {tag} is locked at {digest} and now names {}", now.digest),
            help: Help::Accept,
        });
        return;
    }
    let same = pin.platforms.iter().all(|(platform, child)| now.platforms.get(platform) == Some(child));
    answers.notes.push(match same {
        true => format!("the tag {tag} has another index now, with the locked manifests in it"),
        false => format!("the tag {tag} was rebuilt and names {} now, not what is locked", now.digest),
    });
}

/// Whether the tag was seen to name other content only.
fn never_seen(subject: Subject<'_>, pin: &ImagePin, answers: &mut Answers) {
    let (tag, digest) = (pin.tag.to_string(), pin.digest.to_string());
    if !subject.past.never_saw(&tag, &digest) {
        return;
    }
    let alarm = Alarm::NeverSeen { tag, digest };
    if !subject.past.accepts(&alarm.mark()) {
        answers.wrong.push(Wrong {
            rule: &NEVER_SEEN,
            status: Status::Alarm,
            keys: vec!["digest".into()],
            message: alarm.to_string(),
            help: Help::Accept,
        });
    }
}

fn gone(subject: Subject<'_>, pin: &ImagePin, is_served: bool, answers: &mut Answers) {
    let vanished = Alarm::Vanished { tag: pin.tag.to_string(), upstream: pin.repository.to_string() };
    let immutable = subject.is_immutable() && !subject.past.accepts(&vanished.mark());
    // Of content that is not served either, that has been said.
    if !is_served && !immutable {
        return;
    }
    let and = if is_served { "; what is locked is still served" } else { "" };
    answers.wrong.push(Wrong {
        rule: &TAG_GONE,
        status: if immutable { Status::Alarm } else { Status::Done },
        keys: vec!["tag".into()],
        message: format!("{} no longer has the tag {}{and}", pin.repository, pin.tag),
        help: Help::Leave,
    });
}
