//! Forgejo's and Gitea's pull requests, by version 1 of their API.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::api::{Api, Verb, open_once};
use super::error::ForgeError;
use super::{Answer, Forge, NewPull, Pull, State};
use crate::net::{Client, Secret};

const HEADERS: &[(&str, &str)] = &[("accept", "application/json")];

const RIGHTS: &str = "`write:repository`, `write:issue` and `read:user`";

/// Whose pull requests start no workflow: the token that a workflow is given.
const OF_A_WORKFLOW: [&str; 2] = ["forgejo-actions", "gitea-actions"];

/// The colour of a label that is made: the forge demands one.
const COLOUR: &str = "#ededed";

/// A repository at Forgejo or Gitea.
#[derive(Debug)]
pub(super) struct Forgejo {
    api: Api,
    /// The owner and the name.
    path: Vec<String>,
    /// All pull requests as they were listed; forgotten when one is written.
    listed: Mutex<Option<Arc<Vec<Item>>>>,
}

impl Forgejo {
    pub(super) fn new(client: Client, api: Url, path: Vec<String>, token: SecretString) -> Self {
        let value = SecretString::from(format!("token {}", token.expose_secret()));
        let secret = Secret::Header("authorization", value);
        Self { api: Api::new(client, api, token, secret, HEADERS, RIGHTS), path, listed: Mutex::default() }
    }

    fn url(&self, segments: &[&str]) -> Url {
        let path = self.path.iter().map(String::as_str);
        let all: Vec<&str> = ["repos"].into_iter().chain(path).chain(segments.iter().copied()).collect();
        self.api.url(&all)
    }

    fn at(&self) -> String {
        format!("{} at {}", self.path.join("/"), self.api.host())
    }

    /// The forge has no way to ask for those of one branch, so that all are listed once.
    async fn list(&self, branch: &str) -> Result<Vec<Pull>, ForgeError> {
        let known = self.listed().clone();
        let all = match known {
            Some(all) => all,
            None => {
                let all = Arc::new(self.list_all().await?);
                *self.listed() = Some(Arc::clone(&all));
                all
            }
        };
        let mut pulls: Vec<Pull> = all.iter().filter(|item| item.is_from(branch)).map(Pull::from).collect();
        pulls.sort_by_key(|pull| std::cmp::Reverse(pull.number));
        Ok(pulls)
    }

    fn listed(&self) -> MutexGuard<'_, Option<Arc<Vec<Item>>>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn list_all(&self) -> Result<Vec<Item>, ForgeError> {
        let asked = format!("list the pull requests of {}", self.at());
        let mut url = self.url(&["pulls"]);
        url.query_pairs_mut().append_pair("state", "all").append_pair("limit", "50");
        self.api.list(&asked, &url).await
    }

    /// Who closed it last.
    async fn closer(&self, number: u64) -> Result<Option<String>, ForgeError> {
        let asked = format!("find out who closed #{number} in {}", self.at());
        let mut url = self.url(&["issues", &number.to_string(), "timeline"]);
        url.query_pairs_mut().append_pair("limit", "50");
        let events: Vec<Event> = super::if_allowed(self.api.list(&asked, &url).await)?.unwrap_or_default();
        let last = events.into_iter().rev().find(|event| event.kind == "close");
        Ok(last.and_then(|event| event.user).map(|user| user.login))
    }

    async fn post(&self, new: &NewPull) -> Result<Pull, ForgeError> {
        let asked = format!("open a pull request for `{}` in {}", new.branch, self.at());
        let body = json!({ "title": new.title, "body": new.body, "head": new.branch, "base": new.base });
        *self.listed() = None;
        Ok((&self.api.write::<Item>(&asked, Verb::Create, self.url(&["pulls"]), &body).await?).into())
    }

    async fn change(&self, what: &str, number: u64, body: &Value) -> Result<Pull, ForgeError> {
        let asked = format!("{what} #{number} in {}", self.at());
        let url = self.url(&["pulls", &number.to_string()]);
        *self.listed() = None;
        Ok((&self.api.write::<Item>(&asked, Verb::Patch, url, body).await?).into())
    }

    /// Adds labels by their ids; those that the repository does not have are made.
    async fn add_labels(&self, number: u64, labels: &[String]) -> Result<(), ForgeError> {
        let asked = format!("label #{number} in {}", self.at());
        let mut url = self.url(&["labels"]);
        url.query_pairs_mut().append_pair("limit", "50");
        let known: Vec<Label> = self.api.list(&asked, &url).await?;
        let mut ids = Vec::new();
        for label in labels {
            ids.push(match known.iter().find(|known| known.name == *label) {
                Some(known) => known.id,
                None => {
                    let new = json!({ "name": label, "color": COLOUR });
                    let url = self.url(&["labels"]);
                    self.api.write::<Label>(&asked, Verb::Create, url, &new).await?.id
                }
            });
        }
        let url = self.url(&["issues", &number.to_string(), "labels"]);
        self.api.tell(&asked, Verb::Add, url, &json!({ "labels": ids })).await
    }

    async fn ask(&self, number: u64, reviewers: &[String]) -> Result<(), ForgeError> {
        let asked = format!("ask for reviews of #{number} in {}", self.at());
        let url = self.url(&["pulls", &number.to_string(), "requested_reviewers"]);
        self.api.ask_for_reviews(&asked, &url, reviewers).await
    }
}

impl Forge for Forgejo {
    fn find<'a>(&'a self, branch: &'a str) -> Answer<'a, Vec<Pull>> {
        self.list(branch).boxed()
    }

    fn open<'a>(&'a self, new: &'a NewPull) -> Answer<'a, Pull> {
        open_once(self, new, move || self.post(new).boxed()).boxed()
    }

    fn update<'a>(&'a self, number: u64, title: &'a str, body: &'a str) -> Answer<'a, Pull> {
        async move { self.change("update", number, &json!({ "title": title, "body": body })).await }.boxed()
    }

    fn close<'a>(&'a self, number: u64, body: &'a str) -> Answer<'a, Pull> {
        async move { self.change("close", number, &json!({ "body": body, "state": "closed" })).await }.boxed()
    }

    fn closed_by(&self, number: u64) -> Answer<'_, Option<String>> {
        self.closer(number).boxed()
    }

    fn comment<'a>(&'a self, number: u64, text: &'a str) -> Answer<'a, ()> {
        async move {
            let asked = format!("comment on #{number} in {}", self.at());
            let url = self.url(&["issues", &number.to_string(), "comments"]);
            self.api.tell(&asked, Verb::Create, url, &json!({ "body": text })).await
        }
        .boxed()
    }

    fn label<'a>(&'a self, number: u64, labels: &'a [String]) -> Answer<'a, ()> {
        async move {
            match labels.is_empty() {
                true => Ok(()),
                false => self.add_labels(number, labels).await,
            }
        }
        .boxed()
    }

    fn reviewers<'a>(&'a self, number: u64, reviewers: &'a [String]) -> Answer<'a, ()> {
        async move {
            match reviewers.is_empty() {
                true => Ok(()),
                false => self.ask(number, reviewers).await,
            }
        }
        .boxed()
    }

    fn git_login(&self) -> (String, SecretString) {
        // Any name will do where the password is a token.
        ("x-access-token".into(), self.api.token().clone())
    }

    fn starts_no_checks(&self, pull: &Pull) -> Option<String> {
        OF_A_WORKFLOW.contains(&pull.author.as_str()).then(|| {
            format!(
                "#{} was opened with the token of a workflow, for which no workflow starts; use the token of a user",
                pull.number
            )
        })
    }
}

#[derive(Debug, Deserialize)]
struct Item {
    number: u64,
    state: ItemState,
    merged: bool,
    title: String,
    body: Option<String>,
    html_url: String,
    user: Option<User>,
    head: Branch,
    base: Branch,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ItemState {
    Open,
    Closed,
}

#[derive(Debug, Deserialize)]
struct User {
    login: String,
}

#[derive(Debug, Deserialize)]
struct Branch {
    /// Its name, whether or not it still exists: `ref` is another one once it does not.
    label: String,
    #[serde(default)]
    sha: String,
    /// Negative where the repository is gone.
    repo_id: i64,
}

/// What happened to it, oldest first.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    user: Option<User>,
}

#[derive(Deserialize)]
struct Label {
    id: u64,
    name: String,
}

impl Item {
    /// Whether its head is this branch of its own repository.
    fn is_from(&self, branch: &str) -> bool {
        self.head.label == branch && self.head.repo_id == self.base.repo_id
    }
}

impl From<&Item> for Pull {
    fn from(item: &Item) -> Self {
        Self {
            number: item.number,
            state: match (item.merged, item.state) {
                (true, _) => State::Merged,
                (false, ItemState::Open) => State::Open,
                (false, ItemState::Closed) => State::Closed,
            },
            title: item.title.clone(),
            body: item.body.clone().unwrap_or_default(),
            url: item.html_url.clone(),
            base: item.base.label.clone(),
            head: item.head.sha.parse().ok(),
            author: item.user.as_ref().map_or_else(|| "Ghost".into(), |user| user.login.clone()),
        }
    }
}
