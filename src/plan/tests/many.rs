//! Of very many tags only the newest are kept, and what is decided is the same.

use proptest::prelude::*;

use super::*;

/// As few as possible: that many may be asked about.
const MOST: usize = 51;

/// Tracks, and how the tags of each are written.
type Shape = (&'static str, fn([u16; 4]) -> String);

const SHAPES: [Shape; 6] = [
    // With siblings beside it.
    ("{version}-slim", |[a, b, c, d]| {
        format!("{a}.{b}.{c}-{}", ["slim", "slim", "alpine", "trixie"][usize::from(d % 4)])
    }),
    ("{major}.{minor}.{patch}-{pre}-fpm", |[a, b, c, d]| match d % 4 {
        0 => format!("{a}.{b}.{c}-rc{}-fpm", d % 3),
        _ => format!("{a}.{b}.{c}-fpm"),
    }),
    // Many have one version.
    ("{major}.{minor}-{hash}", |[a, b, c, d]| {
        format!("{a}.{}-{:07x}", b % 3, u32::from(c) << 9 | u32::from(d))
    }),
    ("{version}", |[a, b, c, d]| format!("{}{a}.{b}.{c}", if d % 5 == 0 { "0" } else { "" })),
    ("{major}.{minor}[.{patch}]", |[a, b, c, d]| match d % 3 {
        0 => format!("{a}.{b}"),
        _ => format!("{a}.{b}.{c}"),
    }),
    ("{date}-slim", |[a, b, c, _]| format!("202{}{:02}{:02}-slim", a % 3, b % 12 + 1, c % 28 + 1)),
];

#[derive(Clone, Debug)]
struct Case {
    tags: Vec<String>,
    policy: String,
    /// By number, as far as there is one.
    locked: Option<usize>,
    moved: bool,
    wish: Wish,
    /// Which tags lack a platform, and which were seen before.
    lacking: usize,
    seen: Option<usize>,
    not_fetched: bool,
}

fn policy() -> impl Strategy<Value = String> {
    let allow = proptest::sample::select(vec!["digest", "patch", "minor", "major"]);
    let age = proptest::sample::select(vec!["0s", "3d", "30d"]);
    let more = proptest::sample::select(vec![
        "",
        "",
        "",
        "version = \"^1\"\n",
        "version = \">=2\"\n",
        "version = \"<1\"\n",
        "ignore = [\"2*\"]\n",
        "hold = \"a freeze\"\n",
    ]);
    (allow, age, more, any::<bool>(), any::<bool>()).prop_map(|(allow, age, more, prerelease, immutable)| {
        let more = if immutable { format!("{more}immutable = true\n") } else { more.into() };
        format!("allow = \"{allow}\"\nmin-age = \"{age}\"\nprerelease = {prerelease}\n{more}platforms = [\"linux/amd64\", \"linux/arm64\"]\n")
    })
}

fn case() -> impl Strategy<Value = Case> {
    let numbers = proptest::collection::vec((0u16..4, 0u16..12, 0u16..30, 0u16..60), 1..700);
    let wish = (0u8..8, any::<prop::sample::Index>());
    let locked = proptest::option::weighted(0.8, any::<prop::sample::Index>());
    let seen = proptest::option::of(1usize..9);
    let rest = (any::<bool>(), 1usize..9, seen, any::<bool>());
    (0..SHAPES.len(), numbers, policy(), locked, wish, rest).prop_map(
        |(shape, numbers, policy, locked, (wish, asked), (moved, lacking, seen, not_fetched))| {
            let (track, write) = SHAPES[shape];
            // A date is no version.
            let policy = if track.contains("date") { policy.replace("version = ", "# ") } else { policy };
            let tags: BTreeSet<String> =
                numbers.into_iter().map(|(a, b, c, d)| write([a, b, c, d])).collect();
            let tags: Vec<String> = tags.into_iter().collect();
            let (tag, because) = (asked.get(&tags).clone(), || "a fix".to_owned());
            let wish = match wish {
                0 => Wish::Young { because: because() },
                1 => Wish::Accept,
                2 => Wish::Tag { tag, because: None },
                3 => Wish::Tag { tag, because: Some(because()) },
                _ => Wish::Rules,
            };
            let locked = locked.map(|at| at.index(tags.len()));
            Case {
                policy: format!("track = \"{track}\"\n{policy}"),
                tags,
                locked,
                moved,
                wish,
                lacking,
                seen,
                not_fetched,
            }
        },
    )
}

/// A decision, what was asked for it, and the tag that is watched.
fn decided(case: &Case, most: Option<usize>) -> (Decision, (Vec<String>, Option<String>)) {
    let mut world = World::of(&case.tags.iter().map(String::as_str).collect::<Vec<_>>());
    (world.most, world.not_fetched, world.served) = (most, case.not_fetched, Some(true));
    let locked = case.locked.map(|at| world.pin(&case.tags[at], BOTH));
    for (tag, (build, platforms)) in world.tags.iter_mut().filter(|(tag, _)| tag.len() % case.lacking == 1) {
        (*build, *platforms) = (format!("{tag} for amd64"), vec!["linux/amd64"]);
    }
    if let Some(at) = case.locked.filter(|_| case.moved) {
        world.tags.get_mut(&case.tags[at]).unwrap().0 = "something else".into();
    }
    if let Some(every) = case.seen {
        let lines = |(i, tag): (usize, &String)| {
            let hour = -(i as i64 * 37 % 3_000);
            let line = |build: &str, hour| (tag.clone(), build.to_owned(), hour);
            [line(tag, hour), line("an older build", hour - 50)].into_iter().take(i % 3)
        };
        let lines: Vec<_> = case.tags.iter().enumerate().step_by(every).flat_map(lines).collect();
        let lines: Vec<_> =
            lines.iter().map(|(tag, build, hour)| (tag.as_str(), build.as_str(), *hour)).collect();
        world.past = age::seen(&lines);
    }
    let decision = world.decide(&case.policy, locked.as_ref(), &case.wish);
    (decision, (world.asked, world.watched))
}

fn told(decision: &Decision) -> BTreeMap<&str, String> {
    let told = |candidate: &Candidate| format!("{:?} {:?}", candidate.lane, candidate.verdict);
    decision.candidates.iter().map(|candidate| (candidate.tag.as_str(), told(candidate))).collect()
}

/// Of tags that have the version of another, and are not kept, it is not known that they are no others.
fn without_numbers(outcome: &Outcome, twins: bool) -> String {
    let text = format!("{outcome:?}");
    match text.contains("older ones were not asked about") && twins {
        true => text.chars().filter(|c| !c.is_ascii_digit()).collect(),
        false => text,
    }
}

proptest! {
    #[test]
    fn what_is_forgotten_decides_nothing(case in case()) {
        let (all, all_asked) = decided(&case, None);
        let (kept, asked) = decided(&case, Some(MOST));
        prop_assert_eq!(all.not_listed, 0);
        prop_assert_eq!(asked, all_asked);
        let is_twin = |one: &Candidate| matches!(one.verdict, Verdict::Rejected(Rejection::Unordered(_)));
        let twins = all.candidates.iter().any(is_twin);
        prop_assert_eq!(without_numbers(&kept.outcome, twins), without_numbers(&all.outcome, twins));
        prop_assert_eq!(&kept.notices, &all.notices);
        prop_assert_eq!((kept.other_shapes, &kept.seen, &kept.accepted), (all.other_shapes, &all.seen, &all.accepted));
        prop_assert_eq!(kept.newest().map(|one| &one.tag), all.newest().map(|one| &one.tag));
        prop_assert_eq!(kept.candidates.len() + kept.not_listed, all.candidates.len());
        let (all, kept) = (told(&all), told(&kept));
        for (tag, verdict) in kept {
            let right = all.get(tag).map(String::as_str).unwrap_or_default();
            // One that is only kept for its rebuilds may have the version of one that is not: neither is taken.
            let is_taken_for_another = ["Eligible", "Superseded", "NotLookedAt"].iter().any(|it| verdict.contains(it));
            let is_alone = right.contains("Unordered") && is_taken_for_another;
            prop_assert!(verdict == right || is_alone, "{}: {} and not {}", tag, verdict, right);
        }
    }
}

#[test]
fn the_newest_of_another_shape_is_known_however_many_came_before() {
    let own = (0..200).map(|patch| format!("1.0.{patch}-slim"));
    let other = (0..400).map(|minor| format!("2.{minor}.0-alpine"));
    let tags: Vec<String> = own.chain(other).collect();
    let told = |most: Option<usize>| {
        let mut world = World::of(&tags.iter().map(String::as_str).collect::<Vec<_>>());
        (world.most, world.served) = (most, Some(true));
        let locked = world.pin("1.0.199-slim", BOTH);
        let policy = "track = \"{version}-slim\"\nallow = \"minor\"\nmin-age = \"0s\"\n";
        let decision = world.decide(policy, Some(&locked), &Wish::Rules);
        (decision.other_shapes, decision.notices.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let (shapes, notices) = told(Some(MOST));
    assert_eq!((shapes, &notices), (400, &told(None).1));
    assert!(notices.iter().any(|notice| notice.contains("2.399.0-alpine")), "{notices:?}");
}
