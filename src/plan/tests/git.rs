//! Git repositories: the list of tags is all there is.

use super::*;
use crate::model::{GitPin, GitTag};
use crate::plan::git;

fn git_tag(name: &str, digit: char) -> GitTag {
    let commit = digit.to_string().repeat(40).parse().unwrap();
    GitTag { name: name.parse().unwrap(), commit, tag_object: None }
}

fn decide_git(locked: Option<&Pin>, wish: &Wish, tags: &[GitTag]) -> Decision {
    let text = "[pin.aralez]\ngit = \"https://github.com/sadoyan/aralez.git\"\ntrack = \"v.{version}\"\n";
    let catalog =
        parse(&Files { pins: Some(SourceFile::new("pins.toml", text)), ..Files::default() }).unwrap();
    let declaration = catalog.declarations.values().next().unwrap();
    let question =
        Question { declaration, needs: &Needs::default(), locked, now: at(0), past: Past::Nobody, wish };
    let Upstream::Git(url) = &declaration.upstream else { panic!() };
    git::decide(&question, url, shortlist(&question, tags.iter().map(|tag| tag.name.as_str())), tags)
}

fn git_pin(tag: &GitTag) -> Pin {
    let url = "https://github.com/sadoyan/aralez.git".parse().unwrap();
    Pin::Git(GitPin { url, tag: tag.name.clone(), commit: tag.commit.clone(), tag_object: None })
}

#[test]
fn git_tags_are_numbers_and_a_moved_one_is_an_alarm() {
    let tags = [git_tag("v.0.92.9", 'a'), git_tag("v.0.92.13", 'b'), git_tag("v0.99.1", 'c')];
    assert_eq!(goes_to(&decide_git(None, &Wish::Rules, &tags)), "first v.0.92.13");
    let locked = git_pin(&tags[0]);
    assert_eq!(goes_to(&decide_git(Some(&locked), &Wish::Rules, &tags)), "patch v.0.92.13");
    let moved = [git_tag("v.0.92.9", 'd'), git_tag("v.0.92.13", 'b')];
    let alarm = decide_git(Some(&locked), &Wish::Rules, &moved).outcome;
    assert!(matches!(alarm, Outcome::Alarm(Alarm::Moved { .. })));
    assert_eq!(goes_to(&decide_git(Some(&locked), &Wish::Accept, &moved)), "digest v.0.92.9");
    let same_tag =
        |because: Option<&str>| Wish::Tag { tag: "v.0.92.9".into(), because: because.map(Into::into) };
    let unexplained = decide_git(Some(&locked), &same_tag(None), &moved).outcome;
    assert!(
        matches!(unexplained, Outcome::Alarm(Alarm::Moved { .. })),
        "a tag without a reason accepts nothing"
    );
    assert_eq!(goes_to(&decide_git(Some(&locked), &same_tag(Some("known")), &moved)), "digest v.0.92.9");
    let gone = decide_git(Some(&locked), &Wish::Rules, &tags[1..]).outcome;
    assert!(matches!(gone, Outcome::Alarm(Alarm::Vanished { .. })));
    let older = [git_tag("v.0.92.1", 'e')];
    let accepted = decide_git(Some(&locked), &Wish::Accept, &older).outcome;
    assert!(matches!(accepted, Outcome::Keep { note: Some(note) } if note.ends_with("which was accepted")));
    let back = decide_git(Some(&locked), &same_tag(Some("back")), &older).outcome;
    assert!(matches!(back, Outcome::Refused { reason, .. } if reason == "upstream has no tag v.0.92.9"));
}

#[test]
fn a_tag_object_that_was_made_anew_is_an_alarm() {
    let annotated = |digit: char| GitTag {
        tag_object: Some(digit.to_string().repeat(40).parse().unwrap()),
        ..git_tag("v.1.0.0", 'a')
    };
    let Pin::Git(mut pin) = git_pin(&annotated('b')) else { panic!() };
    pin.tag_object = annotated('b').tag_object;
    let outcome = |tag: GitTag| decide_git(Some(&Pin::Git(pin.clone())), &Wish::Rules, &[tag]).outcome;
    assert_eq!(outcome(annotated('b')), Outcome::Keep { note: None });
    for other in [annotated('c'), git_tag("v.1.0.0", 'a')] {
        assert!(
            matches!(outcome(other), Outcome::Alarm(Alarm::Moved { tag, .. }) if tag.contains("tag object"))
        );
    }
}
