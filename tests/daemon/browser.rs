//! The dashboard in a browser: what it shows is what the API says.

use serde_json::{Value, json};

use crate::expected::Pin;
use crate::stage::{MATCHES, ROWS, Ticket};

/// How far what was drawn moved afterwards.
const SHIFTS: &str = "new Promise(done => {
    let moved = 0;
    new PerformanceObserver(list => list.getEntries().forEach(it => { moved += it.value; })).observe({ type: 'layout-shift', buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(moved))));
})";

#[test]
fn the_first_page_says_what_the_api_says() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    let pins = stage.pins();
    stage.open("/");
    assert_eq!(stage.eval(SHIFTS), 0, "what was drawn moves");
    let rows: Vec<Vec<String>> = pins.iter().map(Pin::row).collect();
    assert_eq!(stage.eval(ROWS), json!(rows));
    assert_eq!(stage.eval(MATCHES), format!("{} pins", pins.len()));

    let states = stage
        .eval("Array.from(document.querySelectorAll('.states li'), it => it.innerText.trim().split(/\\s+/))");
    let of = |state: &str| pins.iter().filter(|pin| pin.state() == state).count().to_string();
    let counts = ["current", "due", "waiting", "held", "unknown", "unlocked", "alarm"]
        .map(|state| [of(state), state.into()]);
    assert!(counts.iter().all(|[count, _]| count != "0"), "the shop has pins in every state: {counts:?}");
    let all = [[pins.len().to_string(), "all".into()]].into_iter().chain(counts).collect::<Vec<_>>();
    assert_eq!(states, json!(all));

    let alarms = stage.eval(
        "Array.from(document.querySelectorAll('section[aria-labelledby=alarms] li'), it => it.innerText)",
    );
    let expected = stage
        .api("alarms")
        .iter()
        .map(|it| format!("{}: {}", it["name"].as_str().unwrap(), Pin::short(&it["alarm"])))
        .collect::<Vec<_>>();
    assert_eq!(alarms, json!(expected));
    let proposals = stage.eval("Array.from(document.querySelectorAll('.proposals li'), it => [it.querySelector('a').href, it.innerText.replace(/\\s+/g, ' ')])");
    let expected = stage
        .api("proposals")
        .iter()
        .map(|it| {
            let [branch, outcome, pin] =
                [&it["branch"], &it["outcome"], &it["pins"][0]].map(|it| it.as_str().unwrap());
            json!([it["url"], format!("{branch} {outcome}, moves {pin}")])
        })
        .collect::<Vec<_>>();
    assert_eq!((proposals, expected.len()), (json!(expected), 2));
    let problems = stage.eval("Array.from(document.querySelectorAll('.problems li'), it => it.innerText)");
    assert_eq!(problems, stage.api("runs")[0]["problems"]);
    let next = stage.eval("document.querySelector('p.facts time').dateTime");
    assert_eq!(next, stage.shop.daemon.get("/api/v1/pins").json()["next_run"]);
}

#[test]
fn every_pins_page_says_what_the_api_says() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    for pin in stage.pins() {
        stage.open(&format!("/pins/{}", pin.name()));
        let all = stage.shop.daemon.get(&format!("/api/v1/pins/{}", pin.name())).json()["pin"].clone();
        assert_eq!(
            stage.eval("document.querySelector('h1').innerText.replace(/\\s+/g, ' ')"),
            format!("{} {}", pin.name(), pin.state())
        );
        assert_eq!(stage.eval("document.querySelector('pre').textContent"), all["explanation"]);
        let facts = stage.eval("Object.fromEntries(Array.from(document.querySelectorAll('.facts > div'), it => [it.children[0].innerText, it.children[1].innerText]))");
        let fact = |name: &str| facts[name].as_str().unwrap_or_default().to_owned();
        let [upstream, track] = ["upstream", "track"].map(|key| all[key].as_str().unwrap());
        assert_eq!(fact("follows"), format!("{upstream}, tags of {track}"));
        let locked = match (all["locked"].as_str(), all["content"].as_str()) {
            (Some(tag), Some(content)) => format!("{tag} {content}"),
            _ => "not locked".into(),
        };
        assert_eq!(fact("locked"), locked);
        assert_eq!(fact("newest"), all["newest"].as_str().unwrap_or_default());
        let said = if pin.state() == "alarm" {
            stage.eval("document.querySelector('.callout p').innerText")
        } else {
            facts["state"].clone()
        };
        assert_eq!(said, all["note"], "{}", pin.name());
        assert_eq!(facts["notice"], all["notices"][0], "{}", pin.name());
        let history = stage.eval("Array.from(document.querySelectorAll('#history-table tbody tr'), it => ({
            tag: it.cells[0].firstChild.textContent.trim(), locked: it.cells[0].querySelector('.locked') !== null,
            content: it.cells[1].innerText, at: it.querySelector('time').dateTime }))");
        let seen: Vec<&Value> = all["history"].as_array().unwrap().iter().rev().collect();
        assert_eq!(history, json!(seen));
        let points = stage.eval(
            "['seen', 'locked'].map(it => document.querySelectorAll(`.timeline .${it} circle`).length)",
        );
        let locked = seen.iter().filter(|seen| seen["locked"] == true).count();
        assert_eq!(points, json!([seen.len() - locked, locked]));
        let used = stage.eval(
            "Array.from(document.querySelectorAll('section[aria-labelledby=used] li'), it => it.innerText)",
        );
        let images = all["images"]
            .as_array()
            .unwrap()
            .iter()
            .map(|image| format!("the image {}", image.as_str().unwrap()));
        let files = all["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap().to_owned());
        assert_eq!(used, json!(images.chain(files).collect::<Vec<_>>()));
    }
}

#[test]
fn the_lists_of_images_and_runs_say_what_the_api_says() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    let pins = stage.pins();
    stage.open("/images");
    let images = stage.eval("Array.from(document.querySelectorAll('.image'), it => ({ name: it.id, base: it.querySelector('p a').innerText,
        platforms: it.querySelector('p').innerText.split(', for ')[1].split(', '),
        pins: Array.from(it.querySelectorAll('li'), pin => Array.from(pin.children, part => part.innerText)) }))");
    let mut expected = stage.api("images");
    for image in &mut expected {
        let reads = image["pins"].as_array().unwrap().iter().map(|name| {
            let pin = pins.iter().find(|pin| pin.name() == *name).unwrap();
            json!([name, pin.locked(), pin.state()])
        });
        image["pins"] = reads.collect();
    }
    assert_eq!((images, expected.len()), (json!(expected), 2));
    stage.open("/runs");
    let runs = stage.eval("Array.from(document.querySelectorAll('#run-table tbody tr'), it => ({ id: Number(it.cells[0].innerText),
        began: it.querySelector('time').dateTime, because: it.cells[3].innerText, pins: Array.from(it.cells[4].querySelectorAll('a'), pin => pin.textContent),
        ended: it.cells[5].querySelector('.state').innerText, problems: Array.from(it.querySelectorAll('li'), it => it.innerText), requests: Number(it.cells[6].innerText) }))");
    let expected = stage.api("runs").into_iter().map(|run| {
        let ended = match run["status"].as_u64() { Some(3) => "incomplete", Some(4) => "alarm", other => panic!("{other:?}") };
        let because = if run["triggers"] == 0 { "it was due" } else { "it was asked for" };
        let problems: Vec<String> = run["problems"].as_array().unwrap().iter().map(Pin::short).collect();
        json!({ "id": run["id"], "began": run["began"], "because": because, "pins": run["pins"], "ended": ended, "problems": problems, "requests": run["sent"]["requests"] })
    });
    assert_eq!(runs, expected.collect::<Value>());
}
