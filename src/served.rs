//! Asks upstream whether what is locked is still there, and is what the lock says: `verify --upstream`.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::catalog::{Declaration, Level};
use crate::document::{Place, SourceFile};
use crate::error::Status;
use crate::lock::{Lock, locate};
use crate::model::{CommitId, Digest, GitPin, ImagePin, Pin, PinName};
use crate::resolve::Sources;
use crate::source::{Kind, SourceError};
use crate::verify::Finding;

/// What came of asking about one pin.
pub struct Asked {
    /// Its name.
    pub name: PinName,
    /// What is wrong, and what that amounts to; or why there was no answer.
    pub result: Result<Vec<(Finding, Status)>, SourceError>,
}

/// Asks about every locked pin at once. Sorted by name.
pub async fn check(
    sources: &Sources,
    lock: &Lock,
    declarations: &BTreeMap<PinName, Declaration>,
    file: &Arc<SourceFile>,
) -> Vec<Asked> {
    let one = |(name, pin): (&PinName, &Pin)| {
        let (name, pin) = (name.clone(), pin.clone());
        let immutable = declarations.get(&name).is_none_or(|declaration| declaration.immutable);
        async move {
            let wrong = match &pin {
                Pin::Image(pin) => image(sources, pin).await,
                Pin::Git(pin) => git(sources, pin, immutable).await,
            };
            let finding = |wrong: Wrong| wrong.finding(&name, file);
            let result = wrong.map(|wrong| wrong.into_iter().map(finding).collect());
            Asked { name, result }
        }
    };
    let mut running: FuturesUnordered<_> = lock.pins.iter().map(one).collect();
    let mut asked = Vec::new();
    while let Some(one) = running.next().await {
        asked.push(one);
    }
    asked.sort_by(|a, b| a.name.cmp(&b.name));
    asked
}

struct Wrong {
    rule: &'static str,
    status: Status,
    /// Which value of the pin's table it is about.
    keys: Vec<String>,
    message: String,
    help: Help,
}

/// What to do next.
enum Help {
    /// A refresh finds something else.
    Refresh,
    /// The tag must be read, whatever the lock says of it.
    Accept,
    /// A person chooses another tag.
    Leave,
}

impl Wrong {
    fn finding(self, name: &PinName, file: &Arc<SourceFile>) -> (Finding, Status) {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let finding = Finding {
            rule: self.rule,
            level: Level::Error,
            place: Place { file: file.clone(), span: locate(file, name, &keys) },
            message: format!("the pin `{name}`: {}", self.message),
            help: match self.help {
                Help::Refresh => {
                    format!("if pins.lock was edited, restore it; else run `solera-pin refresh {name}`")
                }
                Help::Accept => format!(
                    "if pins.lock was edited, restore it; else find out why, and to take what is there now: \
                     solera-pin refresh {name} --accept"
                ),
                Help::Leave => format!(
                    "find out why; to leave it: solera-pin refresh {name} --to TAG --because \"REASON\""
                ),
            },
        };
        (finding, self.status)
    }
}

async fn image(sources: &Sources, pin: &ImagePin) -> Result<Vec<Wrong>, SourceError> {
    let manifest = match sources.images.by_digest(&pin.repository, &pin.digest).await {
        Ok(manifest) => manifest,
        Err(error) if error.kind() == Kind::NotFound => {
            return Ok(vec![not_served(pin, "what `digest` names", &pin.digest, vec!["digest".into()])]);
        }
        Err(error) => return Err(error),
    };
    let children = |keys, message| Wrong {
        rule: "upstream-children",
        status: Status::Failed,
        keys,
        message,
        help: Help::Accept,
    };
    let mut wrong = Vec::new();
    if manifest.media_type != pin.media_type {
        let message = format!("what is locked is of the media type {}, not as locked", manifest.media_type);
        wrong.push(children(vec!["media-type".into()], message));
    }
    for (platform, locked) in &pin.platforms {
        let keys = vec!["platforms".into(), platform.to_string()];
        match manifest.platforms.get(platform) {
            Some(child) if child == locked => {
                if !sources.images.is_served(&pin.repository, locked).await? {
                    wrong.push(not_served(pin, &format!("its manifest for {platform}"), locked, keys));
                }
            }
            other => {
                let has = other.map_or("has none for it".into(), |child| format!("names {child}"));
                let message = format!(
                    "the locked manifest of {platform} is not the one of the locked index, which {has}"
                );
                wrong.push(children(keys, message));
            }
        }
    }
    Ok(wrong)
}

fn not_served(pin: &ImagePin, what: &str, digest: &Digest, keys: Vec<String>) -> Wrong {
    Wrong {
        rule: "upstream-not-served",
        status: Status::Failed,
        keys,
        message: format!("{} does not serve {what}, {digest}", pin.repository),
        help: Help::Refresh,
    }
}

async fn git(sources: &Sources, pin: &GitPin, immutable: bool) -> Result<Vec<Wrong>, SourceError> {
    let tags = sources.git.tags(&pin.url).await?;
    let (key, message, help) = match tags.iter().find(|tag| tag.name == pin.tag) {
        Some(tag) if tag.commit != pin.commit => {
            let message =
                format!("the tag {} is locked at {} and now names {}", pin.tag, pin.commit, tag.commit);
            ("commit", message, Help::Accept)
        }
        Some(tag) if tag.tag_object != pin.tag_object => {
            let shown = |id: &Option<CommitId>| id.as_ref().map_or("none".into(), ToString::to_string);
            let (now, locked) = (shown(&tag.tag_object), shown(&pin.tag_object));
            let message = format!("the tag {} has the tag object {now}, and {locked} is locked", pin.tag);
            ("tag-object", message, Help::Accept)
        }
        Some(_) => return Ok(Vec::new()),
        None => ("tag", format!("{} no longer has the tag {}", pin.url, pin.tag), Help::Leave),
    };
    let status = if immutable { Status::Alarm } else { Status::Failed };
    Ok(vec![Wrong { rule: "upstream-tag-moved", status, keys: vec![key.into()], message, help }])
}
