//! Asks upstream whether what is locked is still there, and is what the lock says: `verify --upstream`.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::catalog::{Declaration, Level};
use crate::document::{Place, SourceFile};
use crate::error::Status;
use crate::lock::Lock;
use crate::model::{GitPin, ImagePin, Pin, PinName};
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
    /// What of the lock's text it is about.
    text: String,
    message: String,
}

impl Wrong {
    fn finding(self, name: &PinName, file: &Arc<SourceFile>) -> (Finding, Status) {
        let table = file.text.find(&format!("[pin.{name}]")).unwrap_or_default();
        let at = file.text[table..].find(&self.text).map_or(table, |at| table + at);
        let span = at..(at + self.text.len()).min(file.text.len());
        let finding = Finding {
            rule: self.rule,
            level: Level::Error,
            place: Place { file: file.clone(), span },
            message: format!("the pin `{name}`: {}", self.message),
            help: match self.status {
                Status::Alarm => format!("find out why; to take it: solera-pin refresh {name} --accept"),
                // The tag may still name the locked digest, so that only a reading of it shows the difference.
                _ if self.rule == "upstream-children" => {
                    format!(
                        "if pins.lock was edited, restore it; else run `solera-pin refresh {name} --accept`"
                    )
                }
                _ => format!("if pins.lock was edited, restore it; else run `solera-pin refresh {name}`"),
            },
        };
        (finding, self.status)
    }
}

async fn image(sources: &Sources, pin: &ImagePin) -> Result<Vec<Wrong>, SourceError> {
    let manifest = match sources.images.by_digest(&pin.repository, &pin.digest).await {
        Ok(manifest) => manifest,
        Err(error) if error.kind() == Kind::NotFound => {
            return Ok(vec![not_served(pin, &pin.digest.to_string(), "what `digest` names")]);
        }
        Err(error) => return Err(error),
    };
    let mut wrong = Vec::new();
    for (platform, locked) in &pin.platforms {
        let text = locked.to_string();
        match manifest.platforms.get(platform) {
            Some(child) if child == locked => {
                if !sources.images.is_served(&pin.repository, locked).await? {
                    wrong.push(not_served(pin, &text, &format!("its manifest for {platform}")));
                }
            }
            other => {
                let has = other.map_or("has none for it".into(), |child| format!("names {child}"));
                let message = format!(
                    "the locked manifest of {platform} is not the one of the locked index, which {has}"
                );
                wrong.push(Wrong { rule: "upstream-children", status: Status::Failed, text, message });
            }
        }
    }
    Ok(wrong)
}

fn not_served(pin: &ImagePin, text: &str, what: &str) -> Wrong {
    let message = format!("{} does not serve {what}, {text}", pin.repository);
    Wrong { rule: "upstream-not-served", status: Status::Failed, text: text.into(), message }
}

async fn git(sources: &Sources, pin: &GitPin, immutable: bool) -> Result<Vec<Wrong>, SourceError> {
    let tags = sources.git.tags(&pin.url).await?;
    let status = if immutable { Status::Alarm } else { Status::Failed };
    let message = match tags.iter().find(|tag| tag.name == pin.tag) {
        Some(tag) if tag.commit == pin.commit => return Ok(Vec::new()),
        Some(tag) => format!("the tag {} is locked at {} and now names {}", pin.tag, pin.commit, tag.commit),
        None => format!("{} no longer has the tag {}", pin.url, pin.tag),
    };
    Ok(vec![Wrong { rule: "upstream-tag-moved", status, text: pin.commit.to_string(), message }])
}
