//! GitLab's merge requests, by version 4 of its REST API.

use futures_util::FutureExt as _;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::api::{Api, Verb, open_once};
use super::error::ForgeError;
use super::reviewers::cannot_review;
use super::{Answer, Forge, NewPull, Pull, State};
use crate::net::{Client, Secret};

const HEADERS: &[(&str, &str)] = &[("accept", "application/json")];

const RIGHTS: &str = "the scopes `api` and `write_repository`, and the role of a developer";

/// A project at GitLab.
#[derive(Debug)]
pub(super) struct GitLab {
    api: Api,
    project: String,
}

impl GitLab {
    pub(super) fn new(client: Client, api: Url, path: &[String], token: SecretString) -> Self {
        let secret = Secret::Bearer(token.clone());
        Self { api: Api::new(client, api, token, secret, HEADERS, RIGHTS), project: path.join("/") }
    }

    fn url(&self, segments: &[&str]) -> Url {
        self.api.url(&[&["projects", &self.project, "merge_requests"], segments].concat())
    }

    fn at(&self) -> String {
        format!("{} at {}", self.project, self.api.host())
    }

    async fn list(&self, branch: &str) -> Result<Vec<Pull>, ForgeError> {
        let asked = format!("list the merge requests of `{branch}` in {}", self.at());
        let mut url = self.url(&[]);
        url.query_pairs_mut()
            .append_pair("source_branch", branch)
            .append_pair("state", "all")
            .append_pair("scope", "all")
            .append_pair("order_by", "created_at")
            .append_pair("sort", "desc")
            .append_pair("per_page", "100");
        let found: Vec<Item> = self.api.list(&asked, &url).await?;
        Ok(found.into_iter().filter(|item| item.is_from(branch)).map(Pull::from).collect())
    }

    async fn closer(&self, number: u64) -> Result<Option<String>, ForgeError> {
        let asked = format!("find out who closed !{number} in {}", self.at());
        let request: Option<Closed> =
            super::if_allowed(self.api.get(&asked, self.url(&[&number.to_string()])).await)?;
        Ok(request.and_then(|request| request.closed_by).map(|user| user.username))
    }

    async fn post(&self, new: &NewPull) -> Result<Pull, ForgeError> {
        let asked = format!("open a merge request for `{}` in {}", new.branch, self.at());
        let body = json!({
            "source_branch": new.branch,
            "target_branch": new.base,
            "title": new.title,
            "description": new.body,
        });
        Ok(self.api.write::<Item>(&asked, Verb::Create, self.url(&[]), &body).await?.into())
    }

    async fn change(&self, what: &str, number: u64, body: &Value) -> Result<Pull, ForgeError> {
        let asked = format!("{what} !{number} in {}", self.at());
        let url = self.url(&[&number.to_string()]);
        Ok(self.api.write::<Item>(&asked, Verb::Put, url, body).await?.into())
    }

    /// Asks users for a review. A merge request is told all of its reviewers at once, so those that it has are kept.
    async fn ask(&self, number: u64, reviewers: &[String]) -> Result<(), ForgeError> {
        let asked = format!("ask for reviews of !{number} in {}", self.at());
        let url = self.url(&[&number.to_string()]);
        let now: Reviewed = self.api.get(&asked, url.clone()).await?;
        let has: Vec<u64> = now.reviewers.iter().map(|user| user.id).collect();
        let (mut ids, mut refused) = (has.clone(), Vec::new());
        for name in reviewers {
            match self.user(&asked, name).await? {
                Some(id) if ids.contains(&id) => {}
                Some(id) => ids.push(id),
                None => refused.push((name.clone(), "there is no such user".to_owned())),
            }
        }
        if ids != has {
            self.api.tell(&asked, Verb::Put, url, &json!({ "reviewer_ids": ids })).await?;
        }
        match refused.is_empty() {
            true => Ok(()),
            false => Err(cannot_review(&asked, &self.api.host(), &refused)),
        }
    }

    async fn user(&self, asked: &str, name: &str) -> Result<Option<u64>, ForgeError> {
        let mut url = self.api.url(&["users"]);
        url.query_pairs_mut().append_pair("username", name);
        let found: Vec<User> = self.api.get(asked, url).await?;
        Ok(found.iter().find(|user| user.username.eq_ignore_ascii_case(name)).map(|user| user.id))
    }
}

impl Forge for GitLab {
    fn find<'a>(&'a self, branch: &'a str) -> Answer<'a, Vec<Pull>> {
        self.list(branch).boxed()
    }

    fn open<'a>(&'a self, new: &'a NewPull) -> Answer<'a, Pull> {
        open_once(self, new, move || self.post(new).boxed()).boxed()
    }

    fn update<'a>(&'a self, number: u64, title: &'a str, body: &'a str) -> Answer<'a, Pull> {
        async move { self.change("update", number, &json!({ "title": title, "description": body })).await }
            .boxed()
    }

    fn close<'a>(&'a self, number: u64, body: &'a str) -> Answer<'a, Pull> {
        async move {
            self.change("close", number, &json!({ "description": body, "state_event": "close" })).await
        }
        .boxed()
    }

    fn closed_by(&self, number: u64) -> Answer<'_, Option<String>> {
        self.closer(number).boxed()
    }

    fn comment<'a>(&'a self, number: u64, text: &'a str) -> Answer<'a, ()> {
        async move {
            let asked = format!("comment on !{number} in {}", self.at());
            let url = self.url(&[&number.to_string(), "notes"]);
            self.api.tell(&asked, Verb::Create, url, &json!({ "body": text })).await
        }
        .boxed()
    }

    fn label<'a>(&'a self, number: u64, labels: &'a [String]) -> Answer<'a, ()> {
        async move {
            match labels.is_empty() {
                true => Ok(()),
                false => {
                    self.change("label", number, &json!({ "add_labels": labels.join(",") })).await.map(|_| ())
                }
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
        ("oauth2".into(), self.api.token().clone())
    }

    fn starts_no_checks(&self, _: &Pull) -> Option<String> {
        None
    }
}

#[derive(Deserialize)]
struct Item {
    iid: u64,
    state: ItemState,
    title: String,
    description: Option<String>,
    web_url: String,
    source_branch: String,
    target_branch: String,
    /// A fork can be deleted.
    source_project_id: Option<u64>,
    target_project_id: u64,
    sha: Option<String>,
    author: Option<User>,
}

#[derive(Deserialize)]
struct Closed {
    closed_by: Option<User>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ItemState {
    Opened,
    Closed,
    /// For the moment in which it is merged.
    Locked,
    Merged,
}

#[derive(Deserialize)]
struct User {
    id: u64,
    username: String,
}

#[derive(Deserialize)]
struct Reviewed {
    #[serde(default)]
    reviewers: Vec<User>,
}

impl Item {
    /// Whether its head is this branch of its own project.
    fn is_from(&self, branch: &str) -> bool {
        self.source_branch == branch && self.source_project_id == Some(self.target_project_id)
    }
}

impl From<Item> for Pull {
    fn from(item: Item) -> Self {
        Self {
            number: item.iid,
            state: match item.state {
                ItemState::Opened | ItemState::Locked => State::Open,
                ItemState::Closed => State::Closed,
                ItemState::Merged => State::Merged,
            },
            title: item.title,
            body: item.description.unwrap_or_default(),
            url: item.web_url,
            base: item.target_branch,
            head: item.sha.and_then(|sha| sha.parse().ok()),
            // Whose account is gone is shown as this one.
            author: item.author.map_or_else(|| "ghost".into(), |user| user.username),
        }
    }
}
