//! GitHub's pull requests, by version 2022-11-28 of its REST API.

use futures_util::FutureExt as _;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::api::{Api, Verb, open_once};
use super::error::ForgeError;
use super::{Answer, Forge, NewPull, Pull, State};
use crate::net::{Client, Secret};

const HEADERS: &[(&str, &str)] =
    &[("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];

const RIGHTS: &str = "`contents: write` and `pull-requests: write`, and `issues: write` where labels are to be made; in a \
                      workflow, the settings of the repository's Actions must also allow them to create pull requests";

/// Whose pull requests start no workflow: the token that a workflow is given.
const OF_A_WORKFLOW: &str = "github-actions[bot]";

/// A repository at GitHub.
#[derive(Debug)]
pub(super) struct GitHub {
    api: Api,
    /// The owner and the name.
    path: Vec<String>,
}

impl GitHub {
    pub(super) fn new(client: Client, api: Url, path: Vec<String>, token: SecretString) -> Self {
        let secret = Secret::Bearer(token.clone());
        Self { api: Api::new(client, api, token, secret, HEADERS, RIGHTS), path }
    }

    fn url(&self, segments: &[&str]) -> Url {
        let path = self.path.iter().map(String::as_str);
        let all: Vec<&str> = ["repos"].into_iter().chain(path).chain(segments.iter().copied()).collect();
        self.api.url(&all)
    }

    fn at(&self) -> String {
        format!("{} at {}", self.path.join("/"), self.api.host())
    }

    async fn list(&self, branch: &str) -> Result<Vec<Pull>, ForgeError> {
        let asked = format!("list the pull requests of `{branch}` in {}", self.at());
        let mut url = self.url(&["pulls"]);
        url.query_pairs_mut()
            .append_pair("state", "all")
            .append_pair("head", &format!("{}:{branch}", self.path[0]))
            .append_pair("sort", "created")
            .append_pair("direction", "desc")
            .append_pair("per_page", "100");
        let found: Vec<Item> = self.api.list(&asked, &url).await?;
        Ok(found.into_iter().filter(|item| item.is_from(branch)).map(Pull::from).collect())
    }

    async fn closer(&self, number: u64) -> Result<Option<String>, ForgeError> {
        let asked = format!("find out who closed #{number} in {}", self.at());
        let url = self.url(&["issues", &number.to_string()]);
        let issue: Option<Issue> = super::if_allowed(self.api.get(&asked, url).await)?;
        Ok(issue.and_then(|issue| issue.closed_by).map(|user| user.login))
    }

    async fn post(&self, new: &NewPull) -> Result<Pull, ForgeError> {
        let asked = format!("open a pull request for `{}` in {}", new.branch, self.at());
        let body = json!({ "title": new.title, "body": new.body, "head": new.branch, "base": new.base });
        let made: Item = self.api.write(&asked, Verb::Create, self.url(&["pulls"]), &body).await?;
        Ok(made.into())
    }

    async fn change(&self, what: &str, number: u64, body: &serde_json::Value) -> Result<Pull, ForgeError> {
        let asked = format!("{what} #{number} in {}", self.at());
        let url = self.url(&["pulls", &number.to_string()]);
        Ok(self.api.write::<Item>(&asked, Verb::Patch, url, body).await?.into())
    }

    async fn ask(&self, number: u64, reviewers: &[String]) -> Result<(), ForgeError> {
        let asked = format!("ask for reviews of #{number} in {}", self.at());
        let url = self.url(&["pulls", &number.to_string(), "requested_reviewers"]);
        self.api.ask_for_reviews(&asked, &url, reviewers).await
    }
}

impl Forge for GitHub {
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
            if labels.is_empty() {
                return Ok(());
            }
            let asked = format!("label #{number} in {}", self.at());
            let url = self.url(&["issues", &number.to_string(), "labels"]);
            self.api.tell(&asked, Verb::Add, url, &json!({ "labels": labels })).await
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
        ("x-access-token".into(), self.api.token().clone())
    }

    fn starts_no_checks(&self, pull: &Pull) -> Option<String> {
        (pull.author == OF_A_WORKFLOW).then(|| {
            format!(
                "#{} was opened with the token of a workflow, and GitHub starts no workflow for those; use the token \
                 of a GitHub App or of a user",
                pull.number
            )
        })
    }
}

#[derive(Deserialize)]
struct Item {
    number: u64,
    state: ItemState,
    title: String,
    body: Option<String>,
    html_url: String,
    user: Option<User>,
    merged_at: Option<String>,
    head: Head,
    base: Base,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ItemState {
    Open,
    Closed,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    /// A fork can be deleted.
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Base {
    #[serde(rename = "ref")]
    branch: String,
    repo: Repository,
}

#[derive(PartialEq, Eq, Deserialize)]
struct Repository {
    id: u64,
}

#[derive(Deserialize)]
struct Issue {
    closed_by: Option<User>,
}

impl Item {
    /// Whether its head is this branch of its own repository.
    fn is_from(&self, branch: &str) -> bool {
        self.head.branch == branch && self.head.repo.as_ref() == Some(&self.base.repo)
    }
}

impl From<Item> for Pull {
    fn from(item: Item) -> Self {
        Self {
            number: item.number,
            state: match (item.state, item.merged_at) {
                (_, Some(_)) => State::Merged,
                (ItemState::Open, None) => State::Open,
                (ItemState::Closed, None) => State::Closed,
            },
            title: item.title,
            body: item.body.unwrap_or_default(),
            url: item.html_url,
            base: item.base.branch,
            head: item.head.sha.parse().ok(),
            // Whose account is gone is shown as this one.
            author: item.user.map_or_else(|| "ghost".into(), |user| user.login),
        }
    }
}
