//! What the default policy does, written again: strings, numbers and loops, and nothing of the program's own.

/// A tag of the records: when it came, and when what it names moved; seconds.
pub struct Recorded {
    pub tag: String,
    pub times: Vec<i64>,
}

/// How a tag of one track is told, and its numbers.
pub type Numbers = fn(&str) -> Option<Vec<u64>>;

/// A step.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Step {
    pub at: i64,
    pub lane: &'static str,
    pub from: String,
    pub from_built: i64,
    pub to: String,
    pub to_built: i64,
}

/// What became of a lock.
#[derive(Default)]
pub struct Course {
    pub first: Option<(i64, String, i64)>,
    pub steps: Vec<Step>,
    /// After each look: by how many seconds it was behind within the policy, and all in all; whether its tag named
    /// something else.
    pub standings: Vec<(i64, i64, bool)>,
}

pub const DAY: i64 = 86400;

/// A policy.
#[derive(Clone, Copy)]
pub struct Rules {
    pub numbers: Numbers,
    /// What differs at each place of the numbers.
    pub lanes: &'static [&'static str],
    pub start: Option<&'static str>,
    /// How old content must be, in seconds.
    pub age: i64,
    /// The largest lane taken.
    pub allow: &'static str,
    /// Whether what a tag named before may be taken.
    pub rebuilt: bool,
}

/// Whether a step of a lane is taken; none is a step from one content of a tag to another.
fn takes(rules: &Rules, lane: Option<&str>) -> bool {
    let size = |lane: &str| {
        ["digest", "patch", "minor", "major"].iter().position(|known| *known == lane).unwrap_or(2)
    };
    size(lane.unwrap_or("digest")) <= size(rules.allow)
}

/// The content of a tag that is taken now: what it names, if that is old enough, or what it named before.
fn ripe(tag: &Recorded, rules: &Rules, beyond: Option<i64>, now: i64) -> Option<i64> {
    let current = built(tag, now)?;
    let old_enough = |time: &i64| now - *time >= rules.age && beyond.is_none_or(|locked| *time > locked);
    let mut known: Vec<i64> = tag.times.iter().copied().filter(|time| *time <= now).collect();
    known.retain(|time| rules.rebuilt || *time == current);
    known.retain(old_enough);
    known.into_iter().max()
}

/// What a tag names at a time, told by when it was built.
fn built(tag: &Recorded, now: i64) -> Option<i64> {
    tag.times.iter().copied().filter(|time| *time <= now).max()
}

pub fn course(tags: &[Recorded], rules: &Rules, from: i64, to: i64) -> Course {
    let of_track: Vec<(&Recorded, Vec<u64>)> =
        tags.iter().filter_map(|tag| Some((tag, (rules.numbers)(&tag.tag)?))).collect();
    let mut course = Course::default();
    let mut locked: Option<(String, Vec<u64>, i64)> = None;
    let mut now = from;
    while now <= to {
        let mut there: Vec<(&Recorded, &Vec<u64>, i64)> = Vec::new();
        for (tag, numbers) in &of_track {
            if let Some(time) = built(tag, now) {
                there.push((*tag, numbers, time));
            }
        }
        // The highest numbers first.
        there.sort_by(|a, b| b.1.cmp(a.1));
        if let Some((tag, numbers, time)) = locked.clone() {
            for (candidate, its, its_time) in &there {
                let lane = (0..its.len()).find(|i| its[*i] != numbers[*i]).map(|i| rules.lanes[i]);
                if **its < numbers || !takes(rules, lane) {
                    continue;
                }
                let same = candidate.tag == tag;
                if same && *its_time == time {
                    break;
                }
                if let Some(ripe) = ripe(candidate, rules, same.then_some(time), now) {
                    course.steps.push(Step {
                        at: now,
                        lane: lane.unwrap_or("digest"),
                        from: tag.clone(),
                        from_built: time,
                        to: candidate.tag.clone(),
                        to_built: ripe,
                    });
                    locked = Some((candidate.tag.clone(), its.to_vec(), ripe));
                    break;
                }
                if same {
                    break;
                }
            }
        } else {
            let first = match (rules.start, course.first.is_none()) {
                (Some(start), true) => there.iter().find(|(tag, ..)| tag.tag == start),
                _ => there.first(),
            };
            if let Some((tag, numbers, time)) = first {
                locked = Some((tag.tag.clone(), numbers.to_vec(), *time));
                course.first = Some((now, tag.tag.clone(), *time));
            }
        }
        if let Some((tag, numbers, time)) = &locked {
            course.standings.push(standing(&of_track, rules, (tag, numbers, *time), now));
        }
        now += DAY;
    }
    course
}

/// By how much a lock is behind, and whether its tag names something else.
fn standing(
    of_track: &[(&Recorded, Vec<u64>)],
    rules: &Rules,
    (locked, numbers, time): (&str, &[u64], i64),
    now: i64,
) -> (i64, i64, bool) {
    let mut oldest = now;
    let mut oldest_of_all = now;
    let mut replaced = false;
    for (tag, its) in of_track {
        let lane = (0..its.len()).find(|i| its[*i] != numbers[*i]).map(|i| rules.lanes[i]);
        let first = tag.times.iter().copied().min().unwrap();
        if tag.tag == locked {
            replaced = built(tag, now) != Some(time);
            for move_time in tag.times.iter().filter(|t| **t > time && **t <= now) {
                oldest = oldest.min(*move_time);
                oldest_of_all = oldest_of_all.min(*move_time);
            }
        } else if its.as_slice() > numbers && first <= now {
            oldest_of_all = oldest_of_all.min(first);
            if takes(rules, lane) {
                oldest = oldest.min(first);
            }
        }
    }
    (now - oldest, now - oldest_of_all, replaced)
}

/// `2024-01-31T21:30:57Z` as seconds, by counting days.
pub fn seconds(time: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| time[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut days = day - 1;
    for before in 1970..year {
        days += if leap(before) { 366 } else { 365 };
    }
    for before in 1..month {
        days += match before {
            2 if leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
    }
    days * DAY + number(11..13) * 3600 + number(14..16) * 60 + number(17..19)
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.len() < 6 && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().unwrap())
}

/// `6.4.2-php8.3-fpm`
pub fn wordpress(tag: &str) -> Option<Vec<u64>> {
    let numbers: Vec<Option<u64>> = tag.strip_suffix("-php8.3-fpm")?.split('.').map(digits).collect();
    numbers.into_iter().collect::<Option<Vec<u64>>>().filter(|numbers| numbers.len() == 3)
}

/// `1.75-slim-bookworm`
pub fn rust(tag: &str) -> Option<Vec<u64>> {
    let numbers: Vec<Option<u64>> = tag.strip_suffix("-slim-bookworm")?.split('.').map(digits).collect();
    numbers.into_iter().collect::<Option<Vec<u64>>>().filter(|numbers| numbers.len() == 2)
}

/// `bookworm-slim`
pub fn bookworm(tag: &str) -> Option<Vec<u64>> {
    (tag == "bookworm-slim").then(Vec::new)
}

/// `bookworm-20231218-slim`
pub fn dated(tag: &str) -> Option<Vec<u64>> {
    let date = tag.strip_prefix("bookworm-")?.strip_suffix("-slim")?;
    let is_date = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    is_date.then(|| vec![date.parse().unwrap()])
}
