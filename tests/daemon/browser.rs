//! The dashboard in a browser: what it shows is what the API says, and it is of use to anybody.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::expected::{Pin, order};
use crate::shop::{Shop, long_name};

/// The rows of pins that can be seen, each cell as it is read.
const ROWS: &str =
    "Array.from(document.querySelectorAll('#pin-table tbody tr')).filter(row => row.checkVisibility())
    .map(row => Array.from(row.cells, cell => cell.innerText.trim().replace(/\\s+/g, ' ')))";
const MATCHES: &str = "document.getElementById('matches').innerText.trim()";
/// What the keyboard is on.
const FOCUS: &str = "(it => `${it.tagName} ${it.id || it.innerText.trim()}`)(document.activeElement)";
/// All that can be used, as a person sees it.
const CONTROLS: &str = "Array.from(document.querySelectorAll('a[href], button, input, summary'))
    .filter(it => it.checkVisibility({ visibilityProperty: true })).map(it => `${it.tagName} ${it.id || it.innerText.trim()}`)";
/// How far what was drawn moved afterwards.
const SHIFTS: &str = "new Promise(done => {
    let moved = 0;
    new PerformanceObserver(list => list.getEntries().forEach(it => { moved += it.value; })).observe({ type: 'layout-shift', buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(moved))));
})";

/// The shop and a browser before it, for one test at a time.
pub(crate) struct Stage {
    pub(crate) shop: Shop,
    pub(crate) browser: Chromium,
}

/// What the tests that run have between them; it ends with the last of them.
pub(crate) struct Ticket(Arc<Mutex<Stage>>);

impl Ticket {
    pub(crate) fn take() -> Self {
        static OPEN: Mutex<Weak<Mutex<Stage>>> = Mutex::new(Weak::new());
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = open.upgrade().unwrap_or_else(|| {
            Arc::new(Mutex::new(Stage { shop: Shop::open(), browser: Chromium::start() }))
        });
        *open = Arc::downgrade(&stage);
        Self(stage)
    }

    /// A browser as it comes, at a desk.
    pub(crate) fn enter(&self) -> MutexGuard<'_, Stage> {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stage.browser.size(1280, 800, false);
        stage.browser.scheme("light");
        stage.browser.scripts(true);
        stage
    }
}

impl Stage {
    /// Opens a page, with which nothing may be wrong.
    pub(crate) fn open(&mut self, path: &str) {
        let origin = format!("http://{}/", self.shop.daemon.host);
        self.browser.open(&format!("{origin}{}", path.trim_start_matches('/')));
        self.is_well(&origin, path);
    }

    fn is_well(&mut self, origin: &str, path: &str) {
        let (status, requests) = self.browser.asked_for();
        assert_eq!(status, Some(200), "{path}");
        assert!(
            requests.iter().all(|url| url.starts_with(origin) || url == "data:,"),
            "{path}: {requests:?}"
        );
        assert_eq!(self.browser.complaints(), [""; 0], "{path}");
        let title = self.eval("document.title");
        assert!(
            title.as_str().unwrap().ends_with(" · solera-pin"),
            "{path}: a script of others ran: {title}"
        );
    }

    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        self.browser.eval(expression)
    }

    pub(crate) fn api(&self, what: &str) -> Vec<Value> {
        self.shop.daemon.get(&format!("/api/v1/{what}")).json()[what].as_array().unwrap().clone()
    }

    pub(crate) fn pins(&self) -> Vec<Pin> {
        let proposals = self.api("proposals");
        self.api("pins").into_iter().map(|pin| Pin::new(pin, &proposals)).collect()
    }

    /// The names of the pins that can be seen, in their order.
    fn names(&mut self) -> Vec<String> {
        let rows = self.eval(ROWS);
        rows.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
    }

    /// Presses Tab until something has the focus.
    fn tab_to(&mut self, wanted: &str) {
        for _ in 0..100 {
            if self.eval(FOCUS) == wanted {
                return;
            }
            self.browser.tab();
        }
        panic!("the keyboard does not come to {wanted}");
    }
}

/// Each page once.
pub(crate) fn pages() -> Vec<(&'static str, String)> {
    [
        ("overview", "/".to_owned()),
        ("narrowed", "/?state=held".to_owned()),
        ("pin", "/pins/node".to_owned()),
        ("held", "/pins/postgres".to_owned()),
        ("alarm", "/pins/nginx".to_owned()),
        ("long", format!("/pins/{}", long_name())),
        ("images", "/images".to_owned()),
        ("runs", "/runs".to_owned()),
    ]
    .into()
}

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

#[test]
fn pins_are_sorted_with_the_keyboard_alone() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    let pins = stage.pins();
    stage.open("/");
    let heads = ["pin", "state", "locked", "newest", "age", "why", "used by", "as of"];
    // The rows come sorted by the first, and what is sorted already is turned round.
    for (column, head) in heads.iter().enumerate().cycle().skip(1).take(heads.len()) {
        stage.tab_to(&format!("BUTTON {head}"));
        for (down, word) in [(false, "ascending"), (true, "descending")] {
            stage.browser.enter();
            assert_eq!(stage.names(), order(&pins, column, down), "{head}, {word}");
            let sorted = stage.eval("Array.from(document.querySelectorAll('th[aria-sort]'), it => [it.innerText, it.getAttribute('aria-sort')])");
            assert_eq!(sorted, json!([[head, word]]));
            assert_eq!(stage.eval(FOCUS), format!("BUTTON {head}"), "the focus stays");
        }
    }
}

#[test]
fn pins_are_narrowed_by_text_and_by_state_with_the_keyboard_alone() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    let pins = stage.pins();
    stage.open("/");
    let digest = pins.iter().find(|pin| pin.name() == "node").unwrap().content();
    for text in
        ["postgres", "HELD", "1.0.0 files", "alert", "immutable MOVED", &digest[..20], "nothing like it"]
    {
        stage.tab_to("INPUT filter");
        stage.browser.types(text);
        let words: Vec<String> = text.split(' ').map(str::to_lowercase).collect();
        let expected: Vec<&Pin> =
            pins.iter().filter(|pin| words.iter().all(|word| pin.text().contains(word))).collect();
        assert_eq!(stage.names(), expected.iter().map(|pin| pin.name()).collect::<Vec<_>>(), "{text}");
        assert_eq!(stage.eval(MATCHES), format!("{} of {} pins", expected.len(), pins.len()), "{text}");
        stage.browser.key("Escape", 27, "");
        assert_eq!(stage.eval(MATCHES), format!("{} pins", pins.len()));
    }
    for state in ["current", "held", "alarm"] {
        let expected: Vec<&str> = pins.iter().filter(|pin| pin.state() == state).map(Pin::name).collect();
        let count = format!("{} of {} pins", expected.len(), pins.len());
        stage.open("/");
        stage.tab_to(&format!("A {}\n{state}", expected.len()));
        stage.browser.enter();
        assert_eq!(
            (stage.names(), stage.eval(MATCHES)),
            (expected.iter().map(ToString::to_string).collect(), json!(count))
        );
        assert_eq!(stage.eval("location.search"), format!("?state={state}"));
        // With a text besides, and the same again from its address.
        stage.tab_to("INPUT filter");
        stage.browser.types(&expected[0][..2]);
        assert_eq!(stage.names()[0], expected[0]);
        stage.open(&format!("/?state={state}"));
        assert_eq!(
            (stage.names(), stage.eval(MATCHES)),
            (expected.iter().map(ToString::to_string).collect(), json!(count))
        );
    }
}

#[test]
fn the_keyboard_comes_to_everything_and_shows_where_it_is() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    for (_, path) in pages() {
        stage.open(&path);
        stage.browser.tab();
        assert_eq!(stage.eval(FOCUS), "A To the content");
        assert_eq!(
            stage.eval("document.activeElement.getBoundingClientRect().left >= 0"),
            true,
            "it is seen"
        );
        let controls = stage.eval(CONTROLS);
        for control in controls.as_array().unwrap() {
            assert_eq!(stage.eval(FOCUS), *control, "{path}");
            assert_eq!(
                stage.eval("getComputedStyle(document.activeElement).outlineStyle"),
                "solid",
                "{path} {control}"
            );
            stage.browser.tab();
        }
        stage.open(&path);
        stage.browser.tab();
        stage.browser.enter();
        assert_eq!(stage.eval("document.activeElement.id"), "main", "{path}");
    }
}

#[test]
fn without_scripts_everything_is_there_and_nothing_is_dead() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    let pins = stage.pins();
    let rows: Vec<Vec<String>> = pins.iter().map(Pin::row).collect();
    let held: Vec<&str> = pins.iter().filter(|pin| pin.state() == "held").map(Pin::name).collect();
    for (_, path) in pages() {
        const TEXT: &str =
            "document.querySelector('main').innerText.replace(/Filter/, '').replace(/\\s+/g, ' ')";
        stage.browser.scripts(true);
        stage.open(&path);
        let with = stage.eval(TEXT);
        stage.browser.scripts(false);
        stage.open(&path);
        assert_eq!(stage.eval(TEXT), with, "{path}");
        let dead = stage
            .eval(CONTROLS)
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| ["BUTTON", "INPUT"].iter().any(|kind| it.as_str().unwrap().starts_with(kind)))
            .count();
        assert_eq!(dead, 0, "{path}");
    }
    stage.open("/");
    assert_eq!(stage.eval(ROWS), json!(rows));
    stage.tab_to(&format!("A {}\nheld", held.len()));
    stage.browser.goes(Chromium::enter);
    assert_eq!(stage.names(), held);
    assert_eq!(stage.eval(MATCHES), format!("{} of {} pins", held.len(), pins.len()));
    assert_eq!(stage.eval("location.search + location.hash"), "?state=held#pins");
}

/// Where pictures of the pages are left to look at.
pub(crate) fn gallery() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
