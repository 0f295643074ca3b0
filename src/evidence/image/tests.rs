use super::*;
use crate::model::MediaType;

fn digest(text: &str) -> Digest {
    Digest::sha256(text.as_bytes())
}

fn pin(platforms: &[(&str, &str)]) -> ImagePin {
    ImagePin {
        repository: "a".parse().unwrap(),
        tag: "1".parse().unwrap(),
        digest: digest("index"),
        media_type: MediaType::OciIndex,
        platforms: platforms.iter().map(|(name, image)| (name.parse().unwrap(), digest(image))).collect(),
    }
}

fn layers(names: &[(&str, u64)]) -> Vec<Layer> {
    let layer =
        |(name, size): &(&str, u64)| Layer { digest: digest(name), size: *size, media_type: "x".into() };
    names.iter().map(layer).collect()
}

fn claims(source: Option<&str>, revision: Option<&str>) -> Part {
    Part {
        source: source.map(Into::into),
        revision: revision.map(Into::into),
        layers: Vec::new(),
        configuration: Learnt::not_asked(),
        packages: Learnt::not_asked(),
    }
}

#[test]
fn only_what_differs_is_wanted() {
    let from = pin(&[("linux/amd64", "a"), ("linux/arm64", "b"), ("linux/s390x", "c")]);
    let to = pin(&[("linux/amd64", "x"), ("linux/arm64", "b"), ("linux/riscv64", "d")]);
    let shown = |wanted: &BTreeMap<Platform, Depth>| -> Vec<String> {
        wanted.iter().map(|(platform, depth)| format!("{platform} {depth:?}")).collect()
    };
    let [was, is] = wanted(Some(&from), &to);
    assert_eq!(shown(&was), ["linux/amd64 Whole", "linux/s390x Size"]);
    assert_eq!(shown(&is), ["linux/amd64 Whole", "linux/riscv64 Size"]);
    let [was, is] = wanted(None, &to);
    assert_eq!((was.len(), is.len()), (0, 3));
    assert!(is.values().all(|depth| *depth == Depth::Size));
}

#[test]
fn a_layer_is_reused_as_often_as_it_was_there() {
    let was = layers(&[("base", 10), ("empty", 1), ("app", 5)]);
    let is = layers(&[("base", 10), ("empty", 1), ("empty", 1), ("new", 7)]);
    let found = reuse(&was, &is);
    assert_eq!(found, Reuse { layers: 2, of_layers: 4, bytes: 11, of_bytes: 19 });
    assert_eq!(total(&layers(&[("a", u64::MAX), ("b", 1)])), u64::MAX, "a manifest may claim anything");
}

#[test]
fn an_origin_has_a_link_only_where_both_sides_name_the_same_source() {
    let (a, b) = ("2603e26e245e558218728ee14e0a42dcb020dc7f", "e07791e1f0da683600961b9ff69e5b584be52860");
    let here = Some("https://github.com/a/b.git#2603e26:x");
    let link = |was: Part, is: Part| match origin(Some(&was), &is).compare {
        Learnt::Known(link) => link,
        Learnt::Unknown(why) => why,
    };
    let compare = format!("https://github.com/a/b/compare/{a}...{b}");
    assert_eq!(
        link(claims(here, Some(a)), claims(Some("https://github.com/a/b.git#e0:y"), Some(b))),
        compare
    );
    let elsewhere = Some("https://github.com/evil/b.git");
    for (was, is, says) in [
        (claims(here, Some(a)), claims(elsewhere, Some(b)), "it is another source"),
        (claims(here, Some(a)), claims(here, Some(a)), "it is the same revision"),
        (claims(here, Some(a)), claims(here, None), "do not both name a revision"),
        (claims(None, Some(a)), claims(here, Some(b)), "do not both name their source"),
    ] {
        let why = link(was, is);
        assert!(why.contains(says), "{why}");
    }
    let first = origin(None, &claims(here, Some(a)));
    assert_eq!(first.repositories(), [None, Some("https://github.com/a/b.git".into())]);
}

#[test]
fn packages_come_go_and_change() {
    let set = |packages: &[(&str, &str, &str)]| -> BTreeSet<Package> {
        let package = |(kind, name, version): &(&str, &str, &str)| Package {
            kind: (*kind).into(),
            name: (*name).into(),
            version: (*version).into(),
        };
        packages.iter().map(package).collect()
    };
    let was = set(&[
        ("deb", "a", "1"),
        ("npm", "b", "1"),
        ("npm", "b", "2"),
        ("deb", "c", "1"),
        ("deb", "same", "1"),
    ]);
    let is = set(&[
        ("deb", "a", "2"),
        ("npm", "b", "2"),
        ("npm", "b", "3"),
        ("npm", "c", "1"),
        ("deb", "same", "1"),
    ]);
    let found: Vec<String> = packages(&was, &is)
        .iter()
        .map(|it| format!("{} {} {} {:?} {:?}", it.word(), it.kind, it.name, it.from, it.to))
        .collect();
    assert_eq!(
        found,
        [
            r#"changed deb a ["1"] ["2"]"#,
            r#"changed npm b ["1"] ["3"]"#,
            r#"removed deb c ["1"] []"#,
            r#"added npm c [] ["1"]"#,
        ]
    );
}

#[test]
fn platforms_with_equal_changes_are_told_together() {
    let names = ["linux/amd64", "linux/arm64", "linux/s390x"];
    let part = |user: &str| Part {
        configuration: Learnt::Known(Configuration {
            created: None,
            settings: BTreeMap::from([(Setting::User, user.to_owned())]),
        }),
        ..claims(None, None)
    };
    let anatomy = |users: [&str; 3]| {
        let parts =
            names.iter().zip(users).map(|(name, user)| (name.parse().unwrap(), Learnt::Known(part(user))));
        Learnt::Known(Anatomy { platforms: parts.collect() })
    };
    let (from, to) = (names.map(|name| (name, "old")), names.map(|name| (name, "new")));
    let facts = Facts::Image { from: anatomy(["a", "a", "a"]), to: anatomy(["b", "c", "b"]) };
    let found = ImageEvidence::of(Some(&pin(&from)), &pin(&to), &facts);
    let groups: Vec<String> = found.configuration.iter().map(Together::names).collect();
    assert_eq!(groups, ["linux/amd64, linux/s390x", "linux/arm64"]);
    assert_eq!(found.packages.len(), 1, "what is not known of all is said once");
}

#[test]
fn a_reason_says_of_which_side_it_is() {
    let known = || Learnt::Known(1);
    let unknown = |why: &str| Learnt::<u8>::Unknown(why.into());
    let why = |was, is| match both(was, is) {
        Learnt::Unknown(why) => why,
        Learnt::Known(_) => String::new(),
    };
    assert_eq!(why(known(), known()), "");
    assert_eq!(why(unknown("a"), known()), "before: a");
    assert_eq!(why(known(), unknown("b")), "after: b");
    assert_eq!(why(unknown("a"), unknown("b")), "before: a; after: b");
    assert_eq!(why(unknown("a"), unknown("a")), "a");
}
