//! A headless Chromium with one page, driven over the DevTools protocol. It speaks with its parent alone, and reaches
//! nothing but 127.0.0.1.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::base64;

/// The protocol goes over the descriptors 3 and 4, which a child cannot be given in any other way.
const START: &str = "exec chromium \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null";
/// How it runs: here, as whoever runs it, and asking nobody for anything.
const FLAGS: &[&str] = &[
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--no-zygote",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--disable-component-update",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
/// A browser that says nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser; it ends with the value.
pub(crate) struct Chromium {
    child: Child,
    orders: ChildStdin,
    answers: Receiver<Value>,
    /// What it told besides answers, since the page was opened.
    told: Vec<Value>,
    asked: u64,
    session: Option<String>,
    folder: TempDir,
}

impl Chromium {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = format!("--user-data-dir={}", folder.path().join("data").display());
        let mut command = Command::new("sh");
        command.args(["-c", START, "sh", &data]).args(FLAGS);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", folder.path()).env("LANG", "C.UTF-8");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(File::create(folder.path().join("said")).unwrap());
        let mut child = command.process_group(0).spawn().unwrap();
        let (orders, mut output) =
            (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while matches!(output.read_until(0, &mut message), Ok(1..)) {
                // What has no end is what it was saying when it was ended.
                let Some(said) = message.strip_suffix(&[0]) else { break };
                if sender.send(serde_json::from_slice(said).unwrap()).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let (told, asked, session) = (Vec::new(), 0, None);
        let mut chromium = Self { child, orders, answers, told, asked, session, folder };
        chromium.attach();
        chromium
    }

    /// Makes the page, and listens to all that is told of it.
    fn attach(&mut self) {
        let made = self.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let page = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", &page);
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network", "Audits", "DOM", "Accessibility"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
        self.call("Emulation.setScrollbarsHidden", &json!({ "hidden": true }));
    }

    /// One message of the browser's.
    fn hears(&self, of: &str) -> Value {
        self.answers.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            let said = fs::read_to_string(self.folder.path().join("said")).unwrap_or_default();
            let last = said.lines().rev().take(10).collect::<Vec<_>>().join("\n");
            panic!("{of}: Chromium says nothing ({error}); it needs the package chromium, as scripts/test installs it\n{last}")
        })
    }

    /// Calls a method of the protocol.
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let mut order = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            order["sessionId"] = json!(session);
        }
        // One that is gone says so where its answer is missed.
        let _ = self.orders.write_all(format!("{order}\0").as_bytes());
        loop {
            let said = self.hears(method);
            if said["id"] == id {
                assert!(said["error"].is_null(), "{method}: {}", said["error"]);
                return said["result"].clone();
            }
            self.told.push(said);
        }
    }

    /// Waits for something that it tells, from the `since`-th on.
    fn waits(&mut self, event: &str, since: usize) {
        while !self.told[since..].iter().any(|told| told["method"] == event) {
            let said = self.hears(event);
            self.told.push(said);
        }
    }

    /// Opens a page, all of it.
    pub(crate) fn open(&mut self, url: &str) {
        self.told.clear();
        let opened = self.call("Page.navigate", &json!({ "url": url }));
        assert!(opened["errorText"].is_null(), "{url}: {}", opened["errorText"]);
        self.waits("Page.loadEventFired", 0);
    }

    /// Does what makes it go to another page, and waits for all of that.
    pub(crate) fn goes(&mut self, act: impl FnOnce(&mut Self)) {
        let since = self.told.len();
        act(self);
        self.waits("Page.loadEventFired", since);
    }

    /// What an expression of JavaScript amounts to, as JSON.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let order = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let done = self.call("Runtime.evaluate", &order);
        assert!(done["exceptionDetails"].is_null(), "{expression:.300}: {}", done["exceptionDetails"]);
        done["result"]["value"].clone()
    }

    /// A key, pressed and released.
    pub(crate) fn key(&mut self, name: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let key = json!({
                "type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code, "text": text, "unmodifiedText": text,
            });
            self.call("Input.dispatchKeyEvent", &key);
        }
    }

    pub(crate) fn tab(&mut self) {
        self.key("Tab", 9, "");
    }

    pub(crate) fn enter(&mut self) {
        self.key("Enter", 13, "\r");
    }

    /// Types a text where the focus is.
    pub(crate) fn types(&mut self, text: &str) {
        for letter in text.chars() {
            self.key(&letter.to_string(), 0, &letter.to_string());
        }
    }

    /// The window's size, as that of a phone or of a desk.
    pub(crate) fn size(&mut self, width: u32, height: u32, mobile: bool) {
        let size = json!({ "width": width, "height": height, "mobile": mobile, "deviceScaleFactor": 1 });
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    pub(crate) fn scheme(&mut self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Whether the page's own scripts run.
    pub(crate) fn scripts(&mut self, run: bool) {
        self.call("Emulation.setScriptExecutionDisabled", &json!({ "value": !run }));
    }

    /// Writes a picture of the whole page.
    pub(crate) fn picture(&mut self, file: &Path) {
        let how = json!({ "format": "png", "captureBeyondViewport": true, "optimizeForSpeed": true });
        let shot = self.call("Page.captureScreenshot", &how);
        fs::write(file, base64::decode(shot["data"].as_str().unwrap()).unwrap()).unwrap();
    }

    /// The status of the document and each URL that was asked for since the page was opened.
    pub(crate) fn asked_for(&self) -> (Option<u64>, Vec<String>) {
        let of = |method: &'static str| self.told.iter().filter(move |told| told["method"] == method);
        let document = of("Network.responseReceived").find(|told| told["params"]["type"] == "Document");
        let requests = of("Network.requestWillBeSent").map(|told| told["params"]["request"]["url"].as_str());
        let status = document.and_then(|told| told["params"]["response"]["status"].as_u64());
        (status, requests.map(|url| url.unwrap().to_owned()).collect())
    }

    /// What is wrong with the page by the browser's own account: warnings, errors, exceptions, what a policy refused.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let wrong = |told: &&Value| {
            let (method, of) = (told["method"].as_str().unwrap_or_default(), &told["params"]);
            let bad = |level: &Value| matches!(level.as_str(), Some("error" | "warning" | "assert"));
            match method {
                "Runtime.consoleAPICalled" => bad(&of["type"]),
                "Log.entryAdded" => bad(&of["entry"]["level"]),
                "Runtime.exceptionThrown" | "Network.loadingFailed" | "Audits.issueAdded" => true,
                _ => false,
            }
        };
        self.told.iter().filter(wrong).map(ToString::to_string).collect()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}
