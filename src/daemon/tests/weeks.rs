//! Weeks of schedule that nobody chose: in zones whose clocks change, with machines that sleep and daemons that are ended. What is run
//! when is compared with a clock that is watched minute by minute, as a person with a crontab in hand would.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use proptest::prelude::*;

use super::*;

/// What happens after a daemon has lived for some time.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The machine sleeps for so many seconds.
    Sleeps(i64),
    /// The daemon is ended, without grace, and another begins so many seconds later.
    Ends(i64),
}

/// A field's text, and the values that it names.
type Field = (String, Vec<i8>);

/// A star in the minute or the hour has it go by the clock as it is.
#[derive(Clone, Debug)]
struct Line {
    minute: Field,
    hour: Field,
    weekday: Field,
}

impl Line {
    fn text(&self) -> String {
        format!("{} {} * * {}", self.minute.0, self.hour.0, self.weekday.0)
    }

    fn names(&self, time: DateTime) -> bool {
        self.minute.1.contains(&time.minute())
            && self.hour.1.contains(&time.hour())
            && self.weekday.1.contains(&time.date().weekday().to_sunday_zero_offset())
    }

    /// When it is due: every minute is looked at. What goes by the calendar is made up where the clock jumps over it, and not
    /// repeated where it shows a time again.
    fn due(&self, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let minute = SignedDuration::from_mins(1);
        let is_fixed = !self.minute.0.starts_with('*') && !self.hour.0.starts_with('*');
        let (mut now, mut seen, mut due) = (from, zone.to_datetime(from), Vec::new());
        while now < to {
            now += minute;
            let shown = zone.to_datetime(now);
            let mut is_due = !is_fixed && self.names(shown);
            while seen < shown {
                seen = seen.checked_add(minute).unwrap();
                is_due |= is_fixed && self.names(seen);
            }
            due.extend(is_due.then_some(now));
        }
        due
    }
}

fn field(most: i8) -> impl Strategy<Value = Field> {
    let list = proptest::collection::btree_set(0..=most, 1..3).prop_map(|values| {
        let text: Vec<String> = values.iter().map(i8::to_string).collect();
        (text.join(","), values.into_iter().collect())
    });
    let step = (most / 3..=most / 2).prop_map(move |step| {
        (format!("*/{step}"), (0..=most).step_by(usize::try_from(step).unwrap()).collect())
    });
    prop_oneof![3 => list, 1 => step]
}

fn line() -> impl Strategy<Value = Line> {
    let hour = prop_oneof![5 => field(23), 1 => Just(("*".to_owned(), (0..24).collect()))];
    let weekday = prop_oneof![2 => Just(("*".to_owned(), (0..7).collect())), 1 => field(6)];
    // Half past two is what most clocks leave out or show twice.
    let minute = prop_oneof![2 => field(59), 1 => Just(("30".to_owned(), vec![30]))];
    let hour = prop_oneof![2 => hour, 1 => Just(("2".to_owned(), vec![2]))];
    (minute, hour, weekday).prop_map(|(minute, hour, weekday)| Line { minute, hour, weekday })
}

fn life() -> impl Strategy<Value = (u64, Then)> {
    // Longer than a machine that has woken needs to notice.
    let lives = 60..3 * 86_400_u64;
    let away = prop_oneof![1..7200_i64, 1..4 * 86_400_i64];
    let then = (any::<bool>(), away).prop_map(|(sleeps, long)| match sleeps {
        true => Then::Sleeps(long),
        false => Then::Ends(long),
    });
    (lives, then)
}

/// A time during which a daemon was there and its machine awake.
#[derive(Clone, Copy, Debug)]
struct Awake {
    from: Timestamp,
    to: Timestamp,
    /// Whether the daemon began with it; else it had been there, and the machine woke.
    begins: bool,
}

/// What should be run, by what was run before.
struct Expected {
    zone_due: Vec<Vec<Timestamp>>,
    /// When each line last began.
    begun: Vec<Option<Timestamp>>,
    awake: Vec<Awake>,
    /// The part that the daemon is in.
    at: usize,
    /// When it has nothing under way.
    free: Timestamp,
    /// What was cut off.
    cut: BTreeSet<usize>,
    takes: SignedDuration,
}

impl Expected {
    fn due_of(&self, line: usize) -> Option<Timestamp> {
        match self.begun[line] {
            None => Some(Timestamp::MIN),
            Some(begun) => self.zone_due[line].iter().copied().find(|due| *due > begun),
        }
    }

    /// The earliest and the latest time at which the next run begins.
    fn next(&mut self) -> Option<(Timestamp, Timestamp)> {
        let due = (0..self.begun.len()).filter_map(|line| self.due_of(line)).min();
        let due = if self.cut.is_empty() { due? } else { Timestamp::MIN };
        let (mut free, mut slack) = (self.free, SignedDuration::ZERO);
        while due.max(free) >= self.awake[self.at].to {
            self.at += 1;
            let awake = self.awake.get(self.at)?;
            free = awake.from;
            slack = if awake.begins { SignedDuration::ZERO } else { SignedDuration::try_from(BEAT).unwrap() };
        }
        let earliest = due.max(free);
        Some((earliest, earliest.max(free + slack)))
    }

    /// A run has begun; gives the lines that it should be for.
    fn begins(&mut self, at: Timestamp) -> BTreeSet<usize> {
        let is_due = |line: &usize| self.due_of(*line).is_some_and(|due| due <= at);
        let due: BTreeSet<usize> = (0..self.begun.len()).filter(is_due).collect();
        due.iter().for_each(|line| self.begun[*line] = Some(at));
        let lines: BTreeSet<usize> = due.union(&std::mem::take(&mut self.cut)).copied().collect();
        let (mut from, mut left) = (at, self.takes);
        loop {
            let there = self.awake[self.at].to.duration_since(from);
            if left < there {
                self.free = from + left;
                return lines;
            }
            let Some(next) = self.awake.get(self.at + 1) else {
                self.free = Timestamp::MAX;
                return lines;
            };
            (self.at, from, left) = (self.at + 1, next.from, left - there);
            if next.begins {
                (self.free, self.cut) = (next.from, lines.clone());
                return lines;
            }
        }
    }
}

/// Lets daemons live; gives when each was there.
async fn lives(stage: &Stage, lives: &[(u64, Then)]) -> Vec<Awake> {
    let mut awake = Vec::new();
    let (mut parts, mut begins) = (lives.iter().enumerate().peekable(), true);
    while parts.peek().is_some() {
        let mut daemon = stage.daemon();
        daemon.grace = Duration::ZERO;
        let (tell, mut told) = mpsc::channel(1);
        let happens = async {
            for (number, (long, then)) in parts.by_ref() {
                let from = stage.clock.now();
                // No two things fall together, so that it is clear which was first.
                tokio::time::sleep(Duration::from_millis(long * 1000 + 1 + u64::try_from(number).unwrap()))
                    .await;
                awake.push(Awake { from, to: stage.clock.now(), begins });
                match then {
                    Then::Sleeps(long) => stage.clock.sleeps(SignedDuration::from_secs(*long)),
                    Then::Ends(_) => break,
                }
                begins = false;
            }
            tell.send(Order::Stop).await.unwrap();
        };
        tokio::join!(daemon.live(&mut told), happens);
        if let Some((_, Then::Ends(long))) = lives.get(awake.len() - 1) {
            stage.clock.sleeps(SignedDuration::from_secs(*long));
        }
        begins = true;
    }
    awake
}

/// Few, and some more where property tests run their large counts: each is weeks, of which every minute is looked at.
fn cases() -> u32 {
    (ProptestConfig::default().cases / 64).clamp(2, 40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn runs_are_those_of_a_clock_that_is_watched(
        lines in proptest::collection::vec(line(), 1..4),
        place in proptest::sample::select(vec!["UTC", "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]),
        // Some days before the clocks of most of these places go forward, or back, and any day.
        start in prop_oneof![
            proptest::sample::select(vec!["2026-03-06T09:00", "2026-03-25T21:00", "2026-04-01T00:00", "2026-10-01T03:00", "2026-10-20T11:00", "2026-10-29T23:00"]).prop_map(ToOwned::to_owned),
            (1..=12, 1..=28, 0..24).prop_map(|(month, day, hour)| format!("2027-{month:02}-{day:02}T{hour:02}:17")),
        ],
        jitter in prop_oneof![Just(0_u64), 1..7200_u64],
        takes in 1..9000_u64,
        parts in proptest::collection::vec(life(), 3..9),
    ) {
        let pins: Vec<(String, String)> = lines.iter().enumerate().map(|(number, line)| (format!("p{number}"), line.text())).collect();
        let pins: Vec<(&str, &str)> = pins.iter().map(|(pin, cron)| (pin.as_str(), cron.as_str())).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (stage, awake) = runtime.block_on(async {
            let mut stage = Stage::new(&start, place, &pins);
            stage.takes = Duration::from_secs(takes);
            stage.pins.iter_mut().for_each(|(_, schedule)| schedule.jitter = Duration::from_secs(jitter));
            let awake = lives(&stage, &parts).await;
            (stage, awake)
        });
        let (from, to) = (awake[0].from, awake[awake.len() - 1].to);
        let day = SignedDuration::from_hours(24);
        let due = |(line, (_, schedule)): (&Line, &(PinName, Schedule))| {
            let off = schedule.off(SEED);
            assert!((0..=jitter).contains(&off.as_secs().unsigned_abs()));
            line.due(&stage.zone, from.round(jiff::Unit::Minute).unwrap() - day, to).into_iter().map(|due| due + off).collect()
        };
        let mut expected = Expected {
            zone_due: lines.iter().zip(&stage.pins).map(due).collect(),
            begun: vec![None; lines.len()],
            awake,
            at: 0,
            free: from,
            cut: BTreeSet::new(),
            takes: SignedDuration::try_from(stage.takes).unwrap(),
        };
        let runs = stage.runs.lock().unwrap().clone();
        for (at, pins) in runs {
            let next = expected.next();
            prop_assert!(next.is_some_and(|(earliest, latest)| (earliest..=latest).contains(&at)), "{at}, and not {next:?}");
            let lines: Vec<String> = expected.begins(at).iter().map(|line| format!("p{line}")).collect();
            prop_assert_eq!(pins, lines, "{}", at);
        }
        prop_assert_eq!(expected.next(), None, "nothing is left out");
    }
}
