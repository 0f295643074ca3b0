//! What a comment tells this tool to do.

use std::ops::Range;

use super::line::{Comment, RENOVATE};
use super::value::Class;
use super::{BotComment, Suppression, Unread};

/// The sources of another bot's comments that this tool has too.
const SOURCES: [&str; 8] = [
    "docker",
    "github-tags",
    "github-releases",
    "git-tags",
    "git-refs",
    "gitea-tags",
    "forgejo-tags",
    "gitlab-tags",
];

/// What the tool understands, for those who wrote something else.
const UNDERSTOOD: &str = "what is understood: `solera-pin: NAME.FIELD` with one of version, tag, commit, digest, \
                          sha256 and sha256.ARCH as FIELD, and `solera-pin: ignore[RULE] REASON`";

/// What a comment is for.
pub(super) enum Directive {
    /// Its line's values belong to these, one after the other.
    Bind(Vec<Binding>),
    /// Findings are suppressed; what it covers is not known yet.
    Ignore(Suppression),
    /// It is addressed to this tool, and was not understood.
    Unread(Unread),
}

/// Whose value stands on the next line.
pub(super) enum Binding {
    /// A pin's.
    Pin { pin: String, field: String, span: Range<usize> },
    /// Another bot's.
    Bot(BotComment),
}

impl Binding {
    /// What kind of value it is.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::Pin { field, .. } => Class::of(field),
            Self::Bot(_) => Class::Assigned,
        }
    }

    /// Whether it is this tool's own.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::Pin { .. })
    }
}

impl Directive {
    /// What the comment is for; `None` for prose.
    pub(super) fn read(comment: &Comment<'_>) -> Option<Self> {
        if comment.address == RENOVATE {
            return bot(comment).map(|bot| Self::Bind(vec![Binding::Bot(bot)]));
        }
        let says = comment.says;
        let unread = |why: &str| {
            Some(Self::Unread(Unread { span: comment.span.clone(), why: format!("{why}; {UNDERSTOOD}") }))
        };
        if let Some(rest) = says.strip_prefix("ignore") {
            return match ignored(rest) {
                Some((rules, reason)) => {
                    let (span, covers) = (comment.span.clone(), 0..0);
                    Some(Self::Ignore(Suppression { rules, reason, span, covers }))
                }
                None if rest.starts_with(|c: char| c.is_alphanumeric()) && is_prose(says) => None,
                None => unread("this suppresses nothing: rules are named in brackets right after `ignore`"),
            };
        }
        match bindings(says, &comment.span) {
            Ok(bindings) => Some(Self::Bind(bindings)),
            Err(_) if is_prose(says) => None,
            Err("") => unread("this comment says nothing"),
            Err(word) => unread(&format!("`{word}` binds nothing")),
        }
    }
}

/// The rules and the reason of `[rule-a, rule-b] reason`.
fn ignored(rest: &str) -> Option<(Vec<String>, String)> {
    let (rules, reason) = rest.strip_prefix('[')?.split_once(']')?;
    let rules: Vec<String> =
        rules.split([',', ' ', '\t']).filter(|rule| !rule.is_empty()).map(str::to_owned).collect();
    (!rules.is_empty()).then(|| (rules, reason.trim().to_owned()))
}

/// The `NAME.FIELD`s at the start, or the word that should have been one. A note may follow them.
fn bindings<'a>(says: &'a str, span: &Range<usize>) -> Result<Vec<Binding>, &'a str> {
    let mut found = Vec::new();
    let mut listed = true;
    for word in says.split([' ', '\t']).filter(|word| !word.is_empty()) {
        for part in word.split(',').filter(|part| !part.is_empty()) {
            match pin_field(part) {
                Some((pin, field)) => {
                    found.push(Binding::Pin {
                        pin: pin.to_owned(),
                        field: field.to_owned(),
                        span: span.clone(),
                    });
                }
                None if listed || is_dotted(part) => return Err(part),
                None => return Ok(found),
            }
            listed = true;
        }
        listed = word.ends_with(',');
    }
    if found.is_empty() { Err("") } else { Ok(found) }
}

fn pin_field(word: &str) -> Option<(&str, &str)> {
    let (pin, field) = word.split_once('.')?;
    let name = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    let is_pin = pin.bytes().all(name) && !pin.is_empty() && !pin.starts_with('-');
    let is_field = match field.strip_prefix("sha256.") {
        Some(architecture) => {
            !architecture.is_empty() && architecture.bytes().all(|c| name(c) || matches!(c, b'_' | b'/'))
        }
        None => matches!(field, "version" | "tag" | "commit" | "digest" | "sha256"),
    };
    (is_pin && is_field).then_some((pin, field))
}

/// Whether a word looks as if it were meant as `NAME.FIELD`.
fn is_dotted(word: &str) -> bool {
    let parts = word.trim_end_matches('.').split_once('.');
    parts.is_some_and(|(name, field)| !name.is_empty() && !field.is_empty())
}

/// Whether what follows the address is a sentence, as in a heading (`# solera-pin: the manual`), and no attempt at a
/// directive: several words, none of the first two with a dot inside or the name of a field.
fn is_prose(says: &str) -> bool {
    let words: Vec<&str> = says.split_whitespace().take(3).collect();
    let field = |word: &str| matches!(word, "version" | "tag" | "commit" | "digest" | "sha256");
    match words.as_slice() {
        [] | [_] => false,
        [first, second] => !is_dotted(first) && !is_dotted(second) && !field(second),
        [first, second, ..] => !is_dotted(first) && !is_dotted(second),
    }
}

/// `datasource=X depName=Y …`
fn bot(comment: &Comment<'_>) -> Option<BotComment> {
    let value = |key: &str| {
        let found = |word: &&str| word.split_once('=').is_some_and(|(given, _)| given == key);
        let word = comment.says.split_whitespace().find(found)?;
        let value = word[key.len() + 1..].trim_matches(['"', '\'']);
        (!value.is_empty()).then(|| value.to_owned())
    };
    let datasource = value("datasource").filter(|source| SOURCES.contains(&source.as_str()))?;
    Some(BotComment {
        datasource,
        name: value("packageName").or_else(|| value("lookupName")).or_else(|| value("depName"))?,
        registry: value("registryUrl"),
        extract: value("extractVersion"),
        span: comment.span.clone(),
        value: None,
    })
}
