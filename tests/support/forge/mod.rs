//! Forges that keep pull requests, and refuse what the real ones refuse.
//!
//! Heads and merges are those of a bare git repository where one is given: pushing to a branch moves its pull request,
//! deleting it closes that, and merging makes a commit. A GitHub holds every request and every answer of its own
//! against the published description of the API; the others know their fields. What does not fit is a violation, which
//! ends the test at the latest when the server is dropped.

pub mod description;
mod forgejo;
mod git;
mod github;
mod gitlab;
mod person;
mod repository;
mod wire;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::Request;
use axum::response::Response;
use serde_json::{Value, json};

use super::registry::Recorded;
use super::serve;
use repository::Repository;
use wire::{Field, are_ids, are_texts, check_query, fields, page, parameter, parameters, shows_token};

pub use person::Person;

/// The repository of every server here.
pub const OWNER: &str = "acme";
pub const NAME: &str = "shop";
/// What must be shown.
pub const TOKEN: &str = "hunter2-forge-token";
/// Whose token that is, and a person.
pub const BOT: &str = "pins-bot";
pub const PERSON: &str = "mona";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Software {
    GitHub,
    GitLab,
    Forgejo,
}

pub const ALL: [Software; 3] = [Software::GitHub, Software::GitLab, Software::Forgejo];

impl Software {
    /// Its word in `propose.forge`.
    pub fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Forgejo => "forgejo",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::GitHub => "/api/v3",
            Self::GitLab => "/api/v4",
            Self::Forgejo => "/api/v1",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Merged,
    Closed,
}

/// A pull request as the server has it.
#[derive(Clone, Debug)]
pub struct Pull {
    pub number: u64,
    pub state: State,
    pub branch: String,
    pub base: String,
    pub title: String,
    pub body: String,
    pub head: String,
    pub author: String,
    pub closed_by: Option<String>,
    pub labels: Vec<String>,
    pub reviewers: Vec<String>,
    /// Who said what.
    pub comments: Vec<(String, String)>,
    /// Its head is in another repository.
    pub fork: bool,
}

/// What comes instead of the answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This answer, and nothing is done.
    Answer { status: u16, headers: Vec<(String, String)>, body: Value },
    /// What was asked for is done, and the answer is lost behind this status.
    DoneBut(u16),
    /// Nothing ever.
    Silence,
}

impl Fault {
    pub fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: json!({ "message": "Server Error" }) }
    }

    /// The answer to too many requests.
    pub fn rate_limit(status: u16, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::Answer { status, headers, body: json!({ "message": "You have exceeded a rate limit" }) }
    }
}

/// An answer of the API.
struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Reply {
    fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body }
    }
}

struct Contents {
    software: Software,
    origin: String,
    login: String,
    /// Who exists, by login; the ids count from 1.
    users: Vec<String>,
    teams: Vec<String>,
    /// Their ids count from 1.
    labels: Vec<String>,
    pulls: Vec<Pull>,
    repository: Repository,
    faults: VecDeque<(Option<&'static str>, Fault)>,
    requests: Vec<Recorded>,
    violations: Vec<String>,
}

impl Contents {
    fn new(software: Software, repository: Repository) -> Self {
        Self {
            software,
            origin: String::new(),
            login: BOT.into(),
            users: vec![BOT.into(), PERSON.into(), "octocat".into()],
            teams: vec!["keepers".into()],
            labels: Vec::new(),
            pulls: Vec::new(),
            repository,
            faults: VecDeque::new(),
            requests: Vec::new(),
            violations: Vec::new(),
        }
    }

    fn user_id(&self, login: &str) -> Option<usize> {
        self.users.iter().position(|user| user.eq_ignore_ascii_case(login)).map(|at| at + 1)
    }

    fn pull(&mut self, number: &str) -> Option<&mut Pull> {
        let number: u64 = number.parse().ok()?;
        self.pulls.iter_mut().find(|pull| pull.number == number)
    }

    fn open_pull(&self, branch: &str, base: &str) -> Option<&Pull> {
        let open = |pull: &&Pull| pull.state == State::Open && !pull.fork;
        self.pulls.iter().filter(open).find(|pull| pull.branch == branch && pull.base == base)
    }

    fn add(&mut self, branch: &str, base: &str, title: &str, body: &str) -> u64 {
        let number = self.pulls.len() as u64 + 1;
        self.pulls.push(Pull {
            number,
            state: State::Open,
            branch: branch.into(),
            base: base.into(),
            title: title.into(),
            body: body.into(),
            head: self.repository.head(branch).unwrap_or_default(),
            author: self.login.clone(),
            closed_by: None,
            labels: Vec::new(),
            reviewers: Vec::new(),
            comments: Vec::new(),
            fork: false,
        });
        number
    }

    /// Brings the pull requests to what the repository now is.
    fn follow(&mut self) {
        for pull in self.pulls.iter_mut().filter(|pull| pull.state == State::Open && !pull.fork) {
            match self.repository.head(&pull.branch) {
                None => pull.state = State::Closed,
                Some(head) => {
                    if self.repository.has(&pull.base, &head) {
                        pull.state = State::Merged;
                    }
                    pull.head = head;
                }
            }
        }
    }

    fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    fn answer(&mut self, request: &Recorded) -> Reply {
        self.follow();
        match self.software {
            Software::GitHub => github::answer(self, request),
            Software::GitLab => gitlab::answer(self, request),
            Software::Forgejo => forgejo::answer(self, request),
        }
    }
}

/// A running forge.
pub struct Server {
    contents: Arc<Mutex<Contents>>,
    server: serve::Server,
}

impl Server {
    /// Its repository is made up: every branch exists.
    pub fn start(software: Software) -> Self {
        Self::serve(Contents::new(software, Repository::made_up()))
    }

    /// Its repository is the bare one in this folder.
    pub fn over(software: Software, folder: &Path) -> Self {
        Self::serve(Contents::new(software, Repository::bare(folder)))
    }

    fn serve(contents: Contents) -> Self {
        let contents = Arc::new(Mutex::new(contents));
        let router = Router::new().fallback(handle).with_state(Arc::clone(&contents));
        let server = serve::Server::start(router);
        contents.lock().unwrap().origin = server.url();
        Self { contents, server }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// For `propose.api`.
    pub fn api(&self) -> String {
        format!("{}{}", self.url(), self.lock().software.prefix())
    }

    /// The address of the repository, as a remote has it; one over a real repository answers git there.
    pub fn remote(&self) -> String {
        format!("{}/{OWNER}/{NAME}.git", self.url())
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap()
    }

    pub fn pulls(&self) -> Vec<Pull> {
        let mut contents = self.lock();
        contents.follow();
        contents.pulls.clone()
    }

    pub fn pull(&self, number: u64) -> Pull {
        self.pulls().into_iter().find(|pull| pull.number == number).unwrap()
    }

    pub fn labels(&self) -> Vec<String> {
        self.lock().labels.clone()
    }

    /// All requests, as they came.
    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().requests.clone()
    }

    /// `METHOD PATH` of each request since the last time this was asked.
    pub fn take_requests(&self) -> Vec<String> {
        let requests = std::mem::take(&mut self.lock().requests);
        requests.into_iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// What did not fit the API; whoever takes it answers for it.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().violations)
    }

    /// Whose token the token is.
    pub fn set_login(&self, login: &str) {
        let mut contents = self.lock();
        contents.login = login.into();
        contents.users.push(login.into());
    }

    /// The next `times` requests get this.
    pub fn fail_next(&self, times: usize, fault: &Fault) {
        let faults = std::iter::repeat_n((None, fault.clone()), times);
        self.lock().faults.extend(faults);
    }

    /// The next `times` requests of this method get this; others pass.
    pub fn fail_next_of(&self, method: &'static str, times: usize, fault: &Fault) {
        let faults = std::iter::repeat_n((Some(method), fault.clone()), times);
        self.lock().faults.extend(faults);
    }

    /// What a person does on the forge's pages.
    pub fn as_person(&self) -> Person<'_> {
        Person(self)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let violations = self.take_violations();
        if !std::thread::panicking() {
            assert!(violations.is_empty(), "against the forge's API:\n{}", violations.join("\n"));
        }
    }
}

async fn handle(Shared(contents): Shared<Arc<Mutex<Contents>>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 26).await.unwrap();
    let folder = contents.lock().unwrap().repository.folder();
    if let (Some(folder), true) = (folder, parts.uri.path().starts_with(&git::path())) {
        return git::answer(&folder, &parts, &body).await;
    }
    let request = Recorded {
        method: parts.method.to_string(),
        path: parts.uri.path().into(),
        query: parts.uri.query().unwrap_or_default().into(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let fault = {
        let mut contents = contents.lock().unwrap();
        contents.requests.push(request.clone());
        let of = |(method, _): &(Option<&str>, Fault)| method.is_none_or(|method| method == request.method);
        let at = contents.faults.iter().position(of);
        at.and_then(|at| contents.faults.remove(at)).map(|(_, fault)| fault)
    };
    let reply = match fault {
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Answer { status, headers, body }) => Reply { status, headers, body },
        Some(Fault::DoneBut(status)) => {
            contents.lock().unwrap().answer(&request);
            Reply::new(status, json!({ "message": "Server Error" }))
        }
        None => contents.lock().unwrap().answer(&request),
    };
    let mut response = Response::builder()
        .status(reply.status)
        .header("content-type", "application/json")
        .header("date", "Sat, 21 Nov 2026 20:00:00 GMT");
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body.to_string())).unwrap()
}
