//! Clocks that are set back, disks that take nothing, and declarations that change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::*;

impl Noted {
    /// Every pin that was asked about is current, and one proposal moves each.
    pub(super) fn found(&self, pins: &Pins) -> Found {
        let asked: BTreeSet<PinName> = match pins {
            Pins::All => self.all().pins,
            Pins::Some(pins) => pins.clone(),
        };
        let state = json!({
            "state": "current", "upstream": "", "track": "", "notices": [], "asked": "2026-11-22T12:00:00Z", "schedule": "",
            "explanation": "", "images": [], "files": [], "history": [],
        });
        let state: PinState = serde_json::from_value(state).unwrap();
        let proposal = |pin: &PinName| {
            let pins = vec![pin.to_string()];
            (format!("bump/{pin}"), Proposal { pins, outcome: "open".into(), url: None })
        };
        Found {
            declared: self.all(),
            proposals: asked.iter().map(proposal).collect::<BTreeMap<_, _>>(),
            pins: asked.into_iter().map(|pin| (pin, state.clone())).collect(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_far_ahead_keeps_no_timer_waiting() {
    let stage = Stage::new("2036-01-01T12:00", "UTC", &[("a", "0 6 * * *")]);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), ["01-01 12:00 a"]);
    stage.clock.sleeps(-SignedDuration::from_hours(24 * 365));
    stage.lives(&mut daemon, 47).await;
    assert_eq!(stage.ran(), ["01-02 06:00 a", "01-03 06:00 a"]);
    // An hour is what people set a clock by, and nothing is done twice for it.
    stage.clock.sleeps(-SignedDuration::from_hours(7));
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_takes_nothing_ends_no_daemon() {
    let stage = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 6 * * *")]);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    let state = stage.folder.path().join("state.json");
    let kept = || serde_json::from_slice::<serde_json::Value>(&std::fs::read(&state).unwrap()).unwrap();
    std::fs::remove_file(&state).unwrap();
    std::fs::create_dir_all(state.join("in the way")).unwrap();
    stage.lives(&mut daemon, 24).await;
    assert_eq!(stage.ran(), ["11-22 12:00 a", "11-23 06:00 a"]);
    std::fs::remove_dir_all(&state).unwrap();
    stage.lives(&mut daemon, 24).await;
    assert_eq!(kept()["runs"].as_array().unwrap().len(), 3, "with what could not be kept before");
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_was_taken_counts_for_the_next_daemon() {
    let stage = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 6 1 1 *")]);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    stage.ran();
    let next = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 14 * * *")]);
    daemon.rounds.pins.clone_from(&next.pins);
    let (tell, mut told) = mpsc::channel(2);
    let (done, is_done) = oneshot::channel();
    let orders = async {
        tell.send(Order::Reload(done)).await.unwrap();
        is_done.await.unwrap();
        tell.send(Order::Stop).await.unwrap();
    };
    tokio::join!(daemon.live(&mut told), orders);
    drop(daemon);
    stage.clock.sleeps(SignedDuration::from_hours(26));
    let mut daemon = stage.daemon();
    daemon.rounds.pins.clone_from(&next.pins);
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), ["11-23 15:00 a"], "it was missed at two");
}

#[tokio::test(start_paused = true)]
async fn a_new_pin_is_asked_about_at_once_and_a_removed_one_is_forgotten() {
    let stage = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 6 1 1 *"), ("b", "0 6 1 1 *")]);
    let mut daemon = stage.daemon();
    daemon.rounds.finds = true;
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), ["11-22 12:00 a b"]);
    let next = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 6 1 1 *"), ("c", "0 6 1 1 *")]);
    daemon.rounds.pins.clone_from(&next.pins);
    stage.inbox.put(Event::trigger(Some("a".parse().unwrap()))).unwrap();
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran(), ["11-22 13:00 a", "11-22 13:00 c"]);
    let shown = stage.view.now();
    let proposals: Vec<&String> = shown.memory.proposals.keys().collect();
    assert_eq!(proposals, ["bump/a", "bump/c"]);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_declared_it_is_looked_again() {
    let stage = Stage::new("2026-11-22T12:00", "UTC", &[]);
    let mut daemon = stage.daemon();
    stage.lives(&mut daemon, 1).await;
    let next = Stage::new("2026-11-22T12:00", "UTC", &[("a", "0 6 * * *")]);
    daemon.rounds.pins.clone_from(&next.pins);
    stage.lives(&mut daemon, 1).await;
    assert_eq!(stage.ran().len(), 1);
}
