use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(time: &str, zone: &TimeZone) -> Timestamp {
    time.parse::<DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp()
}

/// The next times by the clock of a zone, as people there read them.
fn times<const N: usize>(cron: &str, place: &str, after: &str) -> [String; N] {
    let (cron, zone): (Cron, _) = (cron.parse().unwrap(), zone(place));
    let mut time = at(after, &zone);
    std::array::from_fn(|_| {
        time = cron.next(time, &zone).unwrap();
        time.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %:z").to_string()
    })
}

#[test]
fn days_match_both_fields_or_either() {
    assert_eq!(
        times("0 6 * * 1-5", "Europe/Madrid", "2026-11-19T12:00"),
        ["Fri 2026-11-20 06:00 +01:00", "Mon 2026-11-23 06:00 +01:00", "Tue 2026-11-24 06:00 +01:00"]
    );
    assert_eq!(
        times("0 0 13 * fri", "UTC", "2026-11-10T00:00"),
        ["Fri 2026-11-13 00:00 +00:00", "Fri 2026-11-20 00:00 +00:00", "Fri 2026-11-27 00:00 +00:00"]
    );
    // A star with a step is a star: the days 1, 11, 21 and 31 that are Sundays.
    assert_eq!(
        times("0 0 */10 * 7", "UTC", "2026-11-01T00:00"),
        ["Sun 2027-01-31 00:00 +00:00", "Sun 2027-02-21 00:00 +00:00", "Sun 2027-03-21 00:00 +00:00"]
    );
    assert_eq!(times("0 0 29 FEB *", "UTC", "2096-03-01T00:00"), ["Fri 2104-02-29 00:00 +00:00"]);
}

#[test]
fn what_the_clock_leaves_out_begins_at_its_end_and_what_it_has_twice_begins_once() {
    assert_eq!(
        times("30 2 * * *", "Europe/Madrid", "2026-03-28T12:00"),
        ["Sun 2026-03-29 03:00 +02:00", "Mon 2026-03-30 02:30 +02:00"]
    );
    assert_eq!(
        times("10,50 2 * * *", "Europe/Madrid", "2026-03-28T12:00"),
        ["Sun 2026-03-29 03:00 +02:00", "Mon 2026-03-30 02:10 +02:00"]
    );
    assert_eq!(
        times("30 2 * * *", "Europe/Madrid", "2026-10-24T12:00"),
        ["Sun 2026-10-25 02:30 +02:00", "Mon 2026-10-26 02:30 +01:00"]
    );
    assert_eq!(
        times("*/30 2 * * *", "Europe/Madrid", "2026-10-25T01:00"),
        [
            "Sun 2026-10-25 02:00 +02:00",
            "Sun 2026-10-25 02:30 +02:00",
            "Sun 2026-10-25 02:00 +01:00",
            "Sun 2026-10-25 02:30 +01:00",
            "Mon 2026-10-26 02:00 +01:00"
        ]
    );
    assert_eq!(
        times("0 * * * *", "Australia/Lord_Howe", "2026-10-04T00:30"),
        ["Sun 2026-10-04 01:00 +10:30", "Sun 2026-10-04 03:00 +11:00"]
    );
}

#[test]
fn what_is_no_expression_is_told() {
    for (text, why) in [
        ("0 6 * *", "it has five fields, as in crontab(5), not 4"),
        ("60 * * * *", "`60` is no minute: its values are 0 to 59"),
        ("* 24 * * *", "`24` is no hour: its values are 0 to 23"),
        ("* * 0 * *", "`0` is no day of the month: its values are 1 to 31"),
        ("* * * 13 *", "`13` is no month: its values are 1 to 12"),
        ("* * * * 8", "`8` is no day of the week: its values are 0 to 7"),
        ("* * * * sunday", "`sunday` is no day of the week: its values are 0 to 7"),
        ("5/10 * * * *", "`5/10` is no minute: a step follows a range or a star, as in 5-59/10"),
        ("*/0 * * * *", "`*/0` is no minute: a step is a number from 1 to 59"),
        ("10-5 * * * *", "`10-5` is no minute: the range ends before it begins"),
        ("+5 * * * *", "`+5` is no minute: its values are 0 to 59"),
        ("1,,2 * * * *", "`` is no minute: its values are 0 to 59"),
        ("0 0 31 2,4 *", "no year has such a day"),
        ("@daily", "it has five fields, as in crontab(5), not 1"),
    ] {
        assert_eq!(text.parse::<Cron>().unwrap_err().to_string(), why, "{text}");
    }
    assert_eq!("  0  6 * * MON-Fri ".parse::<Cron>().unwrap().to_string(), "0 6 * * MON-Fri");
}

#[test]
fn jitter_is_always_the_same_and_within_its_bounds() {
    let with = |cron: &str, jitter| Schedule {
        cron: cron.parse().unwrap(),
        zone: TimeZone::UTC,
        jitter: Duration::from_secs(jitter),
    };
    let schedule = with("0 6 * * *", 600);
    let offs: Vec<i64> = (0..1000).map(|seed| schedule.off(seed).as_secs()).collect();
    assert!(offs.iter().all(|off| (0..=600).contains(off)));
    assert!(offs.iter().any(|off| *off < 60) && offs.iter().any(|off| *off > 540), "they are spread");
    assert!((0..9).any(|seed| schedule.off(seed) != with("0 7 * * *", 600).off(seed)), "by expression too");
    let mut at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    for day in 23..=30 {
        at = schedule.next(at, 7).unwrap();
        let due: Timestamp = format!("2026-11-{day}T06:00:00Z").parse().unwrap();
        assert_eq!(at, due + schedule.off(7));
    }
    assert_eq!(with("0 6 * * *", 0).off(7).as_secs(), 0);
    // More than what is between two times: none of them is left out.
    let often = with("*/5 * * * *", 3600);
    assert_eq!(
        often.next(at, 7).unwrap() + SignedDuration::from_mins(5),
        often.next(often.next(at, 7).unwrap(), 7).unwrap()
    );
}

/// A field's text, and the values that it names.
fn field(first: u8, last: u8) -> impl Strategy<Value = (String, Vec<u8>)> {
    let star = (2..=last.min(9)).prop_map(move |step| {
        (format!("*/{step}"), (first..=last).step_by(step.into()).collect::<Vec<u8>>())
    });
    let list = proptest::collection::btree_set(first..=last, 1..4).prop_map(|values| {
        let text: Vec<String> = values.iter().map(u8::to_string).collect();
        (text.join(","), values.into_iter().collect())
    });
    let range = (first..=last, first..=last).prop_map(|(a, b)| {
        let (a, b) = (a.min(b), a.max(b));
        (format!("{a}-{b}"), (a..=b).collect())
    });
    prop_oneof![3 => Just(("*".to_owned(), (first..=last).collect::<Vec<u8>>())), 1 => star, 3 => list, 1 => range]
}

/// A daemon that looks at its clock every minute, as cron itself does: what the clock has jumped over is made up at once,
/// what it shows again is not repeated, and what goes by the clock does neither.
fn watched(
    fields: &[(String, Vec<u8>); 5],
    zone: &TimeZone,
    from: Timestamp,
    minutes: i64,
) -> Vec<Timestamp> {
    let [minute, hour, day, month, weekday] = fields;
    let has = |field: &(String, Vec<u8>), value: i8| field.1.contains(&u8::try_from(value).unwrap());
    let star = |field: &(String, Vec<u8>)| field.0.starts_with('*');
    let matches = |time: DateTime| {
        let day_of_week = time.date().weekday().to_sunday_zero_offset();
        let by_weekday = has(weekday, day_of_week) || (day_of_week == 0 && has(weekday, 7));
        let is_day = match star(day) || star(weekday) {
            true => has(day, time.day()) && by_weekday,
            false => has(day, time.day()) || by_weekday,
        };
        is_day && has(month, time.month()) && has(hour, time.hour()) && has(minute, time.minute())
    };
    let minute_long = jiff::SignedDuration::from_mins(1);
    let (mut seen, mut found) = (zone.to_datetime(from), Vec::new());
    for step in 1..=minutes {
        let now = from + minute_long * i32::try_from(step).unwrap();
        let shown = zone.to_datetime(now);
        let mut due = (star(minute) || star(hour)) && matches(shown);
        while seen < shown {
            seen = seen.checked_add(minute_long).unwrap();
            due |= !(star(minute) || star(hour)) && matches(seen);
        }
        found.extend(due.then_some(now));
    }
    found
}

proptest! {
    #[test]
    fn times_are_those_of_a_clock_that_is_watched(
        fields in [field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)],
        place in proptest::sample::select(vec![
            "UTC", "Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kolkata", "Africa/Casablanca",
        ]),
        start in proptest::sample::select(vec!["2026-03-07T12:00", "2026-03-28T12:00", "2026-04-04T00:00", "2026-10-03T12:00", "2026-10-24T12:00", "2026-10-31T12:00", "2026-12-30T12:00"]),
    ) {
        let zone = zone(place);
        let text: Vec<&str> = fields.iter().map(|(text, _)| text.as_str()).collect();
        let Ok(cron) = text.join(" ").parse::<Cron>() else {
            prop_assert_eq!(text.join(" ").parse::<Cron>(), Err(CronError::Never));
            return Ok(());
        };
        let from = at(start, &zone);
        let minutes = 60 * 48;
        let end = from + jiff::SignedDuration::from_mins(minutes);
        let (mut found, mut time) = (Vec::new(), from);
        while let Some(next) = cron.next(time, &zone).filter(|next| *next <= end) {
            found.push(next);
            time = next;
        }
        let watched = watched(&fields, &zone, from, minutes);
        let apart = found.iter().zip(&watched).find(|(one, other)| one != other);
        prop_assert!(found.len() == watched.len() && apart.is_none(), "{} and {}: {apart:?}", found.len(), watched.len());
    }
}
