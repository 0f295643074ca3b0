//! Values that a comment to another bot follows: they would be bound by one of ours.

use std::ops::Range;

use super::proposal::Proposal;
use super::survey::Source;
use super::undecided::Undecided;
use crate::document::SourceFile;
use crate::scan::{BotComment, Input, Reference, Scan, Spelled};

/// The values of a file that another bot follows and no reference names, with the lines to paste.
pub fn unbound(file: &SourceFile, scan: &Scan, proposals: &[Proposal]) -> Vec<Undecided> {
    let open = scan.bots.iter().filter_map(|bot| {
        let value = bot.value.as_ref()?;
        (!scan.references.iter().any(|reference| holds(reference, value))).then_some((bot, value))
    });
    open.map(|(bot, value)| {
        let (add, name) = declared(bot, value, proposals);
        let field = if value.text.starts_with(|c: char| c.is_ascii_digit()) { "version" } else { "tag" };
        Undecided {
            path: file.path.clone(),
            line: file.position(bot.span.start).0,
            written: value.text.clone(),
            why: format!("a comment follows {} {} here, for another bot", bot.datasource, bot.name),
            help: format!("{add}put a comment on the line above the value: solera-pin: {name}.{field}"),
        }
    })
    .collect()
}

/// The command that declares what a bot follows, where no pin does, and the pin's name.
fn declared(bot: &BotComment, value: &Spelled, proposals: &[Proposal]) -> (String, String) {
    let Some(source) = source(bot) else {
        return ("declare it with `solera-pin add NAME REFERENCE`, then ".into(), "NAME".into());
    };
    let follows = |tag: &str| {
        proposals.iter().find(|proposal| proposal.source == source && proposal.track.read(tag).is_some())
    };
    match follows(&value.text).or_else(|| follows(&format!("v{}", value.text))) {
        Some(proposal) => (String::new(), proposal.name.to_string()),
        None => {
            let reference = match &source {
                Source::Image(repository) => format!("{repository}:{}", value.text),
                Source::Git(url) => format!("{url}#{}", value.text),
            };
            (format!("declare it with `solera-pin add NAME {reference}`, then "), "NAME".into())
        }
    }
}

/// The upstream that a bot's data source and name stand for.
fn source(bot: &BotComment) -> Option<Source> {
    match bot.datasource.as_str() {
        "docker" => {
            let host = bot.registry.as_deref().and_then(|url| url.split_once("://")).map(|(_, host)| host);
            let name = match host {
                Some(host) => format!("{}/{}", host.trim_end_matches('/'), bot.name),
                None => bot.name.clone(),
            };
            Some(Source::Image(name.parse().ok()?))
        }
        "github-tags" | "github-releases" => {
            let url = format!("https://github.com/{}.git", bot.name.to_ascii_lowercase());
            Some(Source::Git(url.parse().ok()?))
        }
        "git-tags" => Some(Source::Git(bot.name.parse().ok()?)),
        _ => None,
    }
}

/// Whether a reference is made of the bytes of a value.
fn holds(reference: &Reference, value: &Spelled) -> bool {
    let spelled = match &reference.input {
        Ok(Input::Image(image)) => image.tag.as_ref(),
        Ok(Input::Git(git)) => git.revision.as_ref(),
        Ok(Input::Bound(bound)) => bound.value.as_ref(),
        _ => None,
    };
    let spans = |spelled: &Spelled| -> Vec<Range<usize>> {
        spelled.pieces.iter().filter_map(|piece| piece.span.clone()).collect()
    };
    let meets = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
    let theirs = spans(value);
    let within = |span: &Range<usize>| theirs.iter().any(|other| meets(span, other));
    spelled.is_some_and(|spelled| spans(spelled).iter().any(within))
        || theirs.iter().any(|span| meets(span, &reference.span))
}
