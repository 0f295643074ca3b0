//! What holds for every file whatever is in it: what is found stands in it, and a file that is pinned, moved and
//! unpinned has its own bytes again.
//!
//! [`hold`] checks all of it and panics where something does not hold. The tests of the corpus use it, and so do the
//! fuzz targets.

use std::collections::BTreeSet;
use std::ops::Range;

use solera_pin::references::{Register, Standing, Step, Wrong, apply, keep_in_step, unpin};
use solera_pin::scan::{Input, Reference, Scan, Spelled, Unread, scan};

use crate::made_up::{MadeUp, Version};

/// What became of a file under the locks that are made up for it.
#[derive(Debug)]
pub struct Outcome {
    /// What is found in it.
    pub found: Scan,
    /// Its text with every pin of the first lock; `None` where that changes nothing or cannot be done.
    pub pinned: Option<String>,
    /// Its text with the pins of the next lock.
    pub moved: Option<String>,
    /// Why it cannot be pinned or moved: the place, and why not.
    pub stuck: Vec<(usize, String)>,
}

/// Checks everything that holds for a file.
pub fn hold(path: &str, text: &str) -> Outcome {
    let found = scan(path, text);
    true_places(text, &found);
    let file = File { path, text, found: &found };
    let first = MadeUp::of(&found, Version::First);
    let mut outcome = Outcome { pinned: None, moved: None, stuck: Vec::new(), found: found.clone() };
    let (step, after) = file.step(&first, &first);
    if !step.stuck.is_empty() {
        outcome.stuck = places(&step);
        return outcome;
    }
    let (pinned, seen) = after.unwrap_or_else(|| (text.to_owned(), found.clone()));
    let pinned_file = File { path, text: &pinned, found: &seen };
    pinned_file.unpins_to(&file, &first);
    if pinned != text {
        pinned_file.names_the_same(&file, &first);
    }
    for version in [Version::Rebuilt, Version::Next] {
        let other = MadeUp::of(&found, version);
        let (step, after) = pinned_file.step(&first, &other);
        if version == Version::Rebuilt && seen_has_room(&pinned_file) {
            assert!(step.stuck.is_empty(), "content alone can always move: {step:?}\n{pinned}");
        }
        outcome.stuck = places(&step);
        let Some((moved, seen)) = after else { continue };
        let moved_file = File { path, text: &moved, found: &seen };
        let (back, after) = moved_file.step(&other, &first);
        let after = after.map(|(text, _)| text);
        assert_eq!(after.as_deref(), Some(pinned.as_str()), "moved to {version} and back: {back:?}");
        outcome.moved = Some(moved).filter(|_| version == Version::Next);
    }
    outcome.pinned = Some(pinned).filter(|pinned| pinned != text);
    outcome
}

struct File<'a> {
    path: &'a str,
    text: &'a str,
    found: &'a Scan,
}

impl File<'_> {
    /// The file brought from one lock to another, and what is found in it then; `None` where that changes nothing.
    fn step(&self, old: &MadeUp, new: &MadeUp) -> (Step, Option<(String, Scan)>) {
        let (old, new) = (old.register(), new.register());
        let rescan = |text: &str| scan(self.path, text);
        let step = keep_in_step(self.path, self.text, self.found, &old, &new, |_| true, rescan);
        if step.edits.is_empty() {
            return (step, None);
        }
        let text = apply(self.text, step.edits.clone()).unwrap();
        let seen = scan(self.path, &text);
        true_places(&text, &seen);
        for (before, after) in self.found.references.iter().zip(&seen.references) {
            if let Standing::Locked(name) = old.judge(self.path, before) {
                let now = new.judge(self.path, after);
                assert!(matches!(now, Standing::Locked(also) if also == name), "{after:?}: {now:?}\n{text}");
            }
        }
        (step, Some((text, seen)))
    }

    /// What pinning wrote can be taken back to the byte. What the file had pinned before is taken out on both sides.
    fn unpins_to(&self, original: &File<'_>, lock: &MadeUp) {
        // A commit without its tag is given its tag: there is no tag to go back to.
        let tagless =
            |reference: &Reference| matches!(&reference.input, Ok(Input::Git(git)) if git.revision.is_none());
        if original.found.references.iter().any(tagless) {
            return;
        }
        let register = lock.register();
        let expected = original.unpinned(&register);
        assert_eq!(self.unpinned(&register), expected, "unpinned from\n{}", self.text);
    }

    fn unpinned(&self, register: &Register<'_>) -> String {
        apply(self.text, unpin(self.path, self.found, register, |_| true)).unwrap()
    }

    /// Every reference names what it named before, some of them with its content.
    fn names_the_same(&self, original: &File<'_>, lock: &MadeUp) {
        let register = lock.register();
        let (before, after) = (&original.found.references, &self.found.references);
        assert_eq!(before.len(), after.len(), "as many references as before\n{}", self.text);
        for (before, after) in before.iter().zip(after) {
            assert_eq!(before.kind, after.kind, "{}", self.text);
            let (was, is) = (named(before), named(after));
            assert_eq!(was.0, is.0, "{}", self.text);
            let has_room = has_room(before);
            match register.judge(original.path, before) {
                Standing::Wrong(Wrong::NotPinned(pin)) if has_room => {
                    let now = register.judge(self.path, after);
                    let locked = matches!(now, Standing::Locked(name) if *name == pin.name);
                    assert!(locked, "{after:?}\n{}", self.text);
                }
                Standing::Locked(_) => {}
                _ => assert_eq!(was.1, is.1, "{}", self.text),
            }
        }
        assert_eq!(names(&original.found.outputs), names(&self.found.outputs));
        assert_eq!(reasons(&original.found.unread), reasons(&self.found.unread));
        assert_eq!(original.found.suppressions.len(), self.found.suppressions.len());
        assert_eq!(original.found.bots.len(), self.found.bots.len());
    }
}

fn places(step: &Step) -> Vec<(usize, String)> {
    step.stuck.iter().map(|stuck| (stuck.at, stuck.why.clone())).collect()
}

/// Whether whatever names content has room for other content. What a comment binds may be a part of anything, also of
/// what must not change.
fn seen_has_room(file: &File<'_>) -> bool {
    let is_bound = |reference: &Reference| matches!(reference.input, Ok(Input::Bound(_)));
    let can_move = |reference: &Reference| named(reference).1.is_none() || has_room(reference);
    file.found.references.iter().all(|reference| can_move(reference) && !is_bound(reference))
}

/// Whether a pin's content can be written at a reference.
pub fn has_room(reference: &Reference) -> bool {
    match &reference.input {
        Ok(Input::Image(image)) => image.digest_site.is_some(),
        Ok(Input::Git(git)) => git.site.is_some(),
        _ => false,
    }
}

/// What a reference names, and its content.
fn named(reference: &Reference) -> (String, Option<String>) {
    let tag = |tag: &Option<Spelled>| tag.as_ref().map(|tag| tag.text.clone());
    match &reference.input {
        Ok(Input::Image(image)) => {
            (format!("{}:{:?}", image.repository, tag(&image.tag)), image.digest.clone())
        }
        Ok(Input::Git(git)) => (git.url.clone(), git.commit.clone()),
        // What a command fetches, and why something is not known, is said in words that a digest may be part of.
        Ok(Input::Fetch(fetch)) => (fetch.tool.to_owned(), None),
        Ok(Input::Bound(bound)) => (format!("{}.{}", bound.pin, bound.field), None),
        Err(_) => ("unresolved".into(), None),
    }
}

fn names(outputs: &[solera_pin::scan::Output]) -> Vec<&str> {
    outputs.iter().map(|output| output.name.as_str()).collect()
}

fn reasons(unread: &[Unread]) -> Vec<&str> {
    unread.iter().map(|unread| unread.why.as_str()).collect()
}

/// Everything that was found stands in the file, in order, and each piece is spelled where it says.
fn true_places(text: &str, found: &Scan) {
    let spans = found.references.iter().map(|reference| &reference.span);
    let spans = spans.chain(found.outputs.iter().map(|output| &output.span));
    let spans = spans.chain(found.unread.iter().map(|unread| &unread.span));
    let spans = spans.chain(found.suppressions.iter().flat_map(|found| [&found.span, &found.covers]));
    spans.chain(found.bots.iter().map(|bot| &bot.span)).for_each(|span| is_in(text, span));
    let mut seen = BTreeSet::new();
    let mut last = 0;
    for reference in &found.references {
        assert!(last <= reference.span.start, "in order: {reference:?}");
        last = reference.span.start;
        assert!(seen.insert(format!("{reference:?}")), "found twice: {reference:?}");
        sites(text, reference);
    }
    let arguments = found.builds.iter().flat_map(|build| build.arguments.iter().map(|(_, value)| value));
    arguments.for_each(|value| is_spelled(text, value));
    found.bots.iter().filter_map(|bot| bot.value.as_ref()).for_each(|value| is_spelled(text, value));
}

fn sites(text: &str, reference: &Reference) {
    match &reference.input {
        Ok(Input::Image(image)) => {
            image.tag.iter().for_each(|tag| is_spelled(text, tag));
            let Some(site) = &image.digest_site else { return };
            is_in(text, &site.span);
            if let Some(digest) = image.digest.as_ref().filter(|_| !site.span.is_empty()) {
                let written = &text[site.span.clone()];
                assert!(written.ends_with(digest.as_str()), "{written:?} is not {digest}");
            }
        }
        Ok(Input::Git(git)) => {
            git.revision.iter().for_each(|revision| is_spelled(text, revision));
            let Some(site) = &git.site else { return };
            is_in(text, &site.revision);
            is_in(text, &site.comment.span);
            let written = &text[site.revision.clone()];
            let tag = git.revision.as_ref().map(|tag| tag.text.as_str());
            assert_eq!(Some(written), git.commit.as_deref().or(tag), "{reference:?}");
        }
        Ok(Input::Bound(bound)) => bound.value.iter().for_each(|value| is_spelled(text, value)),
        Ok(Input::Fetch(_)) | Err(_) => {}
    }
}

fn is_in(text: &str, span: &Range<usize>) {
    assert!(text.get(span.clone()).is_some(), "{span:?} is no place of {} bytes", text.len());
}

/// Each piece stands where it says.
fn is_spelled(text: &str, spelled: &Spelled) {
    let mut at = 0;
    for piece in &spelled.pieces {
        let part = spelled.text.get(at..at + piece.length);
        assert!(part.is_some(), "pieces are whole characters: {spelled:?}");
        if let Some(span) = &piece.span {
            assert_eq!(text.get(span.clone()), part, "{spelled:?}");
        }
        at += piece.length;
    }
    assert_eq!(at, spelled.text.len(), "{spelled:?}");
}
