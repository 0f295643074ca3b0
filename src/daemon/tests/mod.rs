//! Days of schedule under a clock that nobody waits for. `troubles` has clocks, disks and declarations that are not what they
//! were; `weeks` those that nobody chose, compared with what another
//! calculation says of them.

mod troubles;
mod weeks;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::pulse::BEAT;
use super::*;
use crate::model::PinName;
use crate::schedule::Schedule;

/// Whose jitter it is.
const SEED: u64 = 1;

/// When what was run.
type Runs = Arc<Mutex<Vec<(Timestamp, Vec<String>)>>>;

/// Goes as tokio's own, and jumps where a machine was asleep.
struct Virtual {
    start: Timestamp,
    origin: Instant,
    asleep: Mutex<SignedDuration>,
}

impl Virtual {
    fn at(start: Timestamp) -> Arc<Self> {
        Arc::new(Self { start, origin: Instant::now(), asleep: Mutex::default() })
    }

    fn sleeps(&self, long: SignedDuration) {
        *self.asleep.lock().unwrap() += long;
    }
}

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        let gone = SignedDuration::try_from(self.origin.elapsed()).unwrap();
        self.start + gone + *self.asleep.lock().unwrap()
    }
}

/// Notes when what was run, and takes some time over it.
struct Noted {
    pins: Vec<(PinName, Schedule)>,
    runs: Runs,
    takes: Duration,
    status: u8,
    /// Whether it says what it found of pins.
    finds: bool,
}

impl Noted {
    fn all(&self) -> Declared {
        Declared {
            timers: Timers::new(self.pins.iter().map(|(pin, schedule)| (pin, schedule.clone())), SEED),
            pins: self.pins.iter().map(|(pin, _)| pin.clone()).collect(),
            images: Vec::new(),
        }
    }
}

impl Rounds for Noted {
    async fn declared(&mut self, _: Timestamp) -> Result<Declared, String> {
        match self.status {
            2 => Err("a bad configuration".into()),
            _ => Ok(self.all()),
        }
    }

    async fn round(&mut self, pins: &Pins, now: Timestamp) -> Outcome {
        let names = match pins {
            Pins::All => vec!["all".to_owned()],
            Pins::Some(pins) => pins.iter().map(ToString::to_string).collect(),
        };
        self.runs.lock().unwrap().push((now, names));
        tokio::time::sleep(self.takes).await;
        let found = self.finds.then(|| self.found(pins));
        Outcome { status: self.status, found, ..Outcome::default() }
    }
}

struct Stage {
    folder: tempfile::TempDir,
    clock: Arc<Virtual>,
    inbox: Arc<Inbox>,
    view: Arc<View>,
    runs: Runs,
    pins: Vec<(PinName, Schedule)>,
    takes: Duration,
    zone: TimeZone,
}

impl Stage {
    fn new(start: &str, zone: &str, pins: &[(&str, &str)]) -> Self {
        let zone = TimeZone::get(zone).unwrap();
        let start = start.parse::<DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
        let schedule =
            |cron: &str| Schedule { cron: cron.parse().unwrap(), zone: zone.clone(), jitter: Duration::ZERO };
        let folder = tempfile::tempdir().unwrap();
        Self {
            clock: Virtual::at(start),
            inbox: Arc::new(Inbox::open(folder.path()).unwrap()),
            folder,
            view: Arc::default(),
            runs: Arc::default(),
            pins: pins.iter().map(|(pin, cron)| (pin.parse().unwrap(), schedule(cron))).collect(),
            takes: Duration::from_secs(30),
            zone: zone.clone(),
        }
    }

    /// The same folder and clock, seen by a process that knows nothing else of them.
    fn again(self) -> Self {
        Self { inbox: Arc::new(Inbox::open(self.folder.path()).unwrap()), ..self }
    }

    fn daemon(&self) -> Daemon<Noted> {
        let noted = Noted {
            pins: self.pins.clone(),
            runs: self.runs.clone(),
            takes: self.takes,
            status: 0,
            finds: false,
        };
        let store = Store::open(self.folder.path()).unwrap();
        Daemon::new(noted, store, self.view.clone(), self.inbox.clone(), self.clock.clone()).unwrap()
    }

    /// Lets a daemon live for some time, and ends it.
    async fn lives(&self, daemon: &mut Daemon<Noted>, hours: u64) {
        let (tell, mut told) = mpsc::channel(1);
        let end = async {
            tokio::time::sleep(Duration::from_secs(hours * 3600)).await;
            tell.send(Order::Stop).await.unwrap();
        };
        tokio::join!(daemon.live(&mut told), end);
    }

    /// What was run since this was last asked for, by the clock of the place.
    fn ran(&self) -> Vec<String> {
        let runs = std::mem::take(&mut *self.runs.lock().unwrap());
        let text = |(at, pins): (Timestamp, Vec<String>)| {
            format!("{} {}", at.to_zoned(self.zone.clone()).strftime("%m-%d %H:%M"), pins.join(" "))
        };
        runs.into_iter().map(text).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn days_of_schedule_are_run_when_the_clock_of_the_place_says() {
    let pins = [("a", "30 2 * * *"), ("b", "30 2 * * *"), ("c", "0 */8 * * *")];
    let stage = Stage::new("2026-03-27T20:00", "Europe/Madrid", &pins);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 60).await;
    assert_eq!(
        stage.ran(),
        [
            "03-27 20:00 a b c", // nothing ever began
            "03-28 00:00 c",
            "03-28 02:30 a b",
            "03-28 08:00 c",
            "03-28 16:00 c",
            "03-29 00:00 c",
            "03-29 03:00 a b", // there was no half past two
            "03-29 08:00 c",
            "03-29 16:00 c",
            "03-30 00:00 c",
            "03-30 02:30 a b",
            "03-30 08:00 c",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_asleep_or_ended_is_made_up_once() {
    let stage = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 6 * * *")]);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), ["11-22 12:00 a"]);
    // The machine sleeps for three days and a bit; the clock goes on.
    stage.clock.sleeps(SignedDuration::from_hours(75));
    stage.lives(&mut daemon, 20).await;
    assert_eq!(stage.ran(), ["11-25 16:00 a", "11-26 06:00 a"]);
    drop(daemon);
    stage.clock.sleeps(SignedDuration::from_hours(72));
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), ["11-29 12:00 a"], "a daemon that was down");
    drop(daemon);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), [""; 0], "nothing was missed");
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_one_run_and_two_never_overlap() {
    let mut stage = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 6 * * *"), ("b", "0 6 1 1 *")]);
    stage.takes = Duration::from_secs(600);
    let mut daemon = stage.daemon();
    let ask = async {
        for minute in 0..5 {
            for _ in 0..20 {
                stage.inbox.put(Event::trigger(Some("b".parse().unwrap()))).unwrap();
            }
            tokio::time::sleep(Duration::from_secs(60 + minute)).await;
        }
    };
    tokio::join!(stage.lives(&mut daemon, 2), ask);
    assert_eq!(stage.ran(), ["11-22 12:00 a b", "11-22 12:10 b"]);
    let runs = &stage.view.now().memory.runs;
    assert_eq!(runs.iter().map(|run| run.triggers).collect::<Vec<_>>(), [0, 100]);
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_off_is_done_by_the_next_daemon() {
    let mut stage = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 6 * * *"), ("b", "0 6 1 1 *")]);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    drop(daemon);
    stage.ran();
    stage.takes = Duration::from_secs(600);
    let mut daemon = stage.daemon();
    stage.inbox.put(Event::trigger(Some("b".parse().unwrap()))).unwrap();
    let (tell, mut told) = mpsc::channel(1);
    let end = async {
        tokio::time::sleep(Duration::from_secs(100)).await;
        tell.send(Order::Stop).await.unwrap();
    };
    let began = Instant::now();
    tokio::join!(daemon.live(&mut told), end);
    assert_eq!(began.elapsed().as_secs(), 110, "it had its grace");
    let cut = stage.view.now().memory.runs.last().unwrap().clone();
    assert!(cut.ended.is_none());
    drop(daemon);
    stage.ran();
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), ["11-22 13:01 b"]);
    drop(daemon);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_bad_configuration_is_told_and_the_old_one_goes_on() {
    let stage = Stage::new("2026-11-22T12:10", "UTC", &[("a", "0 * * * *")]);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    stage.ran();
    daemon.rounds.status = 2;
    let (tell, mut told) = mpsc::channel(2);
    let orders = async {
        tell.send(Order::Reload(oneshot::channel().0)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(7100)).await;
        tell.send(Order::Stop).await.unwrap();
    };
    tokio::join!(daemon.live(&mut told), orders);
    assert_eq!(stage.ran().len(), 2, "it goes by what was declared before");
    assert_eq!(stage.view.problem().as_deref(), Some("a bad configuration"));
    daemon.rounds.status = 0;
    let (tell, mut told) = mpsc::channel(2);
    let orders = async {
        let (done, is_done) = oneshot::channel();
        tell.send(Order::Reload(done)).await.unwrap();
        is_done.await.unwrap();
        assert_eq!(stage.view.problem(), None);
        tell.send(Order::Stop).await.unwrap();
    };
    tokio::join!(daemon.live(&mut told), orders);
}

/// Is never done.
struct Stuck;

impl Rounds for Stuck {
    async fn declared(&mut self, _: Timestamp) -> Result<Declared, String> {
        std::future::pending().await
    }

    async fn round(&mut self, _: &Pins, _: Timestamp) -> Outcome {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn the_pulse_goes_on_while_something_takes_long_and_whoever_waits_can_be_told_to_end() {
    let stage = Stage::new("2026-11-22T12:00", "UTC", &[]);
    for once in [false, true] {
        let store = Store::open(stage.folder.path()).unwrap();
        let mut daemon =
            Daemon::new(Stuck, store, stage.view.clone(), stage.inbox.clone(), stage.clock.clone()).unwrap();
        let (pulse, began) = (daemon.pulse.clone(), Instant::now());
        let (tell, mut told) = mpsc::channel(1);
        let end = async {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            tell.send(Order::Stop).await.unwrap();
        };
        let life = async {
            match once {
                true => assert_eq!(daemon.once(&mut told).await, None),
                false => daemon.live(&mut told).await,
            }
        };
        tokio::join!(life, end);
        let grace = if once { 10 } else { 0 };
        assert_eq!(began.elapsed().as_secs(), 3600 + grace);
        assert!(pulse.beats() >= 3600 / BEAT.as_secs() - 1, "{}", pulse.beats());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_and_not_begun_is_done_by_the_next_daemon() {
    let stage = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 6 * * *"), ("b", "0 6 1 1 *")]);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    drop(daemon);
    stage.ran();
    Inbox::open(stage.folder.path()).unwrap().put(Event::trigger(Some("b".parse().unwrap()))).unwrap();
    let stage = stage.again();
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), ["11-22 13:00 b"]);
    drop(daemon);
    let stage = stage.again();
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), [""; 0]);
}

/// Finds an integrity alarm, or that all is well.
struct Finds(Standing);

impl Rounds for Finds {
    async fn declared(&mut self, _: Timestamp) -> Result<Declared, String> {
        Ok(Declared { pins: ["x".parse().unwrap()].into(), ..Declared::default() })
    }

    async fn round(&mut self, _: &Pins, now: Timestamp) -> Outcome {
        let pin = serde_json::json!({
            "state": self.0, "upstream": "", "track": "", "notices": [], "asked": now, "schedule": "", "explanation": "",
            "images": [], "files": [], "history": [],
        });
        let pins = [("x".parse().unwrap(), serde_json::from_value(pin).unwrap())].into();
        let declared = self.declared(now).await.unwrap();
        tokio::time::sleep(Duration::from_secs(7)).await;
        Outcome { found: Some(Found { declared, pins, ..Found::default() }), ..Outcome::default() }
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_alarm_and_the_length_of_all_runs_are_remembered() {
    let stage = Stage::new("2026-11-22T12:00", "UTC", &[]);
    let mut seen = None;
    for (number, standing) in [Standing::Current, Standing::Alarm, Standing::Current].into_iter().enumerate()
    {
        let store = Store::open(stage.folder.path()).unwrap();
        let (view, inbox, clock) = (stage.view.clone(), stage.inbox.clone(), stage.clock.clone());
        let mut daemon = Daemon::new(Finds(standing), store, view, inbox, clock).unwrap();
        let (_tell, mut told) = mpsc::channel(1);
        daemon.once(&mut told).await.unwrap();
        seen = if standing == Standing::Alarm { Some(stage.clock.now()) } else { seen };
        assert_eq!(daemon.memory.alarmed, seen);
        assert_eq!(daemon.memory.took.count(), 1 + u64::try_from(number).unwrap());
        assert!(
            (daemon.memory.took.seconds - 7.0 * f64::from(u32::try_from(number).unwrap() + 1)).abs() < 0.1
        );
    }
}
