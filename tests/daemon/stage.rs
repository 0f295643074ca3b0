//! The shop with a browser before it, which tests of the dashboard go to one after the other.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::Value;

use crate::chromium::Chromium;
use crate::expected::Pin;
use crate::shop::{Shop, long_name};

/// The rows of pins that can be seen, each cell as it is read.
pub(crate) const ROWS: &str =
    "Array.from(document.querySelectorAll('#pin-table tbody tr')).filter(row => row.checkVisibility())
    .map(row => Array.from(row.cells, cell => cell.innerText.trim().replace(/\\s+/g, ' ')))";
pub(crate) const MATCHES: &str = "document.getElementById('matches').innerText.trim()";
/// What the keyboard is on.
pub(crate) const FOCUS: &str =
    "(it => `${it.tagName} ${it.id || it.innerText.trim()}`)(document.activeElement)";
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
    pub(crate) fn names(&mut self) -> Vec<String> {
        let rows = self.eval(ROWS);
        rows.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
    }

    /// Presses Tab until something has the focus.
    pub(crate) fn tab_to(&mut self, wanted: &str) {
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

/// Where pictures of the pages are left to look at.
pub(crate) fn gallery() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
