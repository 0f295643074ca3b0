//! That what does not fit an API's description is seen.

use serde_json::{Value, json};
use solera_pin::net::{Asked, Client, Request, Secret};
use url::Url;

use super::settings;
use super::support::forge::description::Description;
use super::support::forge::{ALL, Server, Software, TOKEN};
use super::support::registry::Recorded;

fn recorded(method: &str, path_and_query: &str, body: &Value) -> Recorded {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let headers = [
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        ("content-type", "application/json"),
    ];
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Recorded {
        method: method.into(),
        path: path.into(),
        query: query.into(),
        headers: headers.into_iter().collect(),
        body,
    }
}

fn check(method: &str, path_and_query: &str, body: &Value) -> Result<(), String> {
    let request = recorded(method, path_and_query, body);
    Description::of_github().check_request(&request, &request.path).map(|_| ())
}

const PULLS: &str = "/repos/o/r/pulls";

#[test]
fn requests_that_github_describes_fit() {
    let new = json!({ "title": "t", "head": "b", "base": "main", "body": "x" });
    assert_eq!(check("POST", PULLS, &new), Ok(()));
    assert_eq!(check("GET", "/repos/o/r/pulls?state=all&head=o:b&per_page=100&page=2", &Value::Null), Ok(()));
    assert_eq!(check("PATCH", "/repos/o/r/pulls/1", &json!({ "state": "closed" })), Ok(()));
}

#[test]
fn any_other_request_does_not() {
    for (method, path, body, why) in [
        ("GET", "/repos/o/r/pull", Value::Null, "no such path"),
        ("DELETE", PULLS, Value::Null, "no such method"),
        ("GET", "/repos/o/r/pulls?branch=b", Value::Null, "`branch` is no parameter"),
        ("GET", "/repos/o/r/pulls?state=merged", Value::Null, "`state` cannot be `merged`"),
        ("GET", "/repos/o/r/pulls?page=x", Value::Null, "`page` cannot be `x`"),
        ("GET", "/repos/o/r/pulls?page=1&page=2", Value::Null, "given twice"),
        ("GET", "/repos/o/r/pulls/one", Value::Null, "`pull_number` cannot be `one`"),
        ("GET", PULLS, json!({}), "takes none"),
        ("POST", PULLS, Value::Null, "lacks a body"),
        ("POST", PULLS, json!({ "title": "t", "head": "b" }), "base"),
        ("POST", PULLS, json!({ "title": 1, "head": "b", "base": "m" }), "string"),
        ("POST", PULLS, json!({ "title": "t", "head": "b", "base": "m", "description": "x" }), "description"),
        ("PATCH", "/repos/o/r/pulls/1", json!({ "state": "merged" }), "state"),
        ("POST", "/repos/o/r/issues/1/labels", json!({ "labels": [] }), "labels"),
        ("POST", "/repos/o/r/issues/1/comments", json!({}), "body"),
    ] {
        let violation = check(method, path, &body).expect_err(why);
        assert!(violation.contains(why), "{method} {path}: {violation}");
    }
    let mut unversioned = recorded("GET", PULLS, &Value::Null);
    unversioned.headers.remove("x-github-api-version");
    assert!(Description::of_github().check_request(&unversioned, PULLS).is_err());
}

#[test]
fn answers_are_held_against_their_description() {
    let description = Description::of_github();
    let request = recorded("GET", PULLS, &Value::Null);
    let operation = description.check_request(&request, PULLS).unwrap();
    let mut good = description.example("pull-request-simple-items").clone();
    good[0]["requested_teams"] = json!([]);
    assert_eq!(description.check_answer(&operation, 200, &good), Ok(()));
    for (place, wrong) in [
        ("/0/number", json!("1")),
        ("/0/head", json!({})),
        ("/0/user", json!({ "login": "a" })),
        ("/0/html_url", json!("no url")),
        ("/0", json!({})),
        ("", json!({})),
    ] {
        let mut answer = good.clone();
        *answer.pointer_mut(place).unwrap() = wrong;
        assert!(description.check_answer(&operation, 200, &answer).is_err(), "{place}");
    }
    assert!(description.check_answer(&operation, 201, &good).is_err());
    assert!(description.check_answer(&operation, 422, &json!({ "message": "no" })).is_err());
    assert_eq!(description.check_answer(&operation, 401, &json!({ "message": "no" })), Ok(()));
}

#[tokio::test]
async fn a_server_notes_what_does_not_fit() {
    let client = Client::new(settings()).unwrap();
    for software in ALL {
        let server = Server::start(software);
        let path = match software {
            Software::GitHub | Software::Forgejo => "repos/acme/shop/pulls",
            Software::GitLab => "projects/acme%2Fshop/merge_requests",
        };
        let url = Url::parse(&format!("{}/{path}", server.api())).unwrap();
        let body = json!({ "title": "t", "branch": "b" }).to_string().into_bytes();
        let request = Request::post(Asked::Forge, url.clone(), body)
            .show(Secret::Bearer(TOKEN.into()))
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header("content-type", "application/json");
        client.send(&request).await.unwrap();
        assert!(server.take_violations().join(" ").contains("branch"), "{software:?}: a body");
        let mut url = url;
        url.set_query(Some("source=b"));
        let request = Request::get(Asked::Forge, url).show(Secret::Bearer(TOKEN.into()));
        client.send(&request).await.unwrap();
        assert!(server.take_violations().join(" ").contains("`source`"), "{software:?}: a query");
    }
}

#[test]
#[should_panic(expected = "against the forge's API")]
fn a_violation_ends_the_test() {
    let server = Server::start(Software::Forgejo);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = Url::parse(&format!("{}/nowhere", server.api())).unwrap();
    let request = Request::get(Asked::Forge, url).show(Secret::Bearer(TOKEN.into()));
    runtime.block_on(Client::new(settings()).unwrap().send(&request)).unwrap();
}
