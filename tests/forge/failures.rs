//! Forges that fail, refuse, repeat themselves or are not there.

use serde_json::json;
use solera_pin::net::Settings;
use solera_pin::publish::forge::Kind;

use super::support::forge::{ALL, Fault, Server, Software, TOKEN};
use super::{BRANCH, forge, forge_with, new_pull, said, settings};

/// How many pull requests were asked for.
fn posts(server: &Server) -> usize {
    server.requests().iter().filter(|request| request.method == "POST").count()
}

#[tokio::test]
async fn what_was_done_without_an_answer_is_not_done_again() {
    for software in ALL {
        let server = Server::start(software);
        let forge = forge(&server, software);
        server.fail_next(1, &Fault::DoneBut(502));
        assert_eq!(forge.open(&new_pull(BRANCH)).await.unwrap().number, 1);
        assert_eq!((server.pulls().len(), posts(&server)), (1, 1), "{software:?}");
    }
}

#[tokio::test]
async fn what_was_not_done_is_tried_once_more() {
    for software in ALL {
        let server = Server::start(software);
        let forge = forge(&server, software);
        server.fail_next_of("POST", 1, &Fault::status(503));
        assert_eq!(forge.open(&new_pull(BRANCH)).await.unwrap().number, 1, "{software:?}");
        server.fail_next_of("POST", 9, &Fault::status(502));
        let error = forge.open(&new_pull("solera-pin/pin/rust")).await.unwrap_err();
        assert_eq!((error.kind(), posts(&server)), (Kind::Unreachable, 4), "{software:?}: {error}");
        assert!(said(&error).contains("request for `solera-pin/pin/rust` in acme/shop at 127.0.0.1:"));
    }
}

#[tokio::test]
async fn what_changes_nothing_twice_is_repeated() {
    for software in ALL {
        let server = Server::start(software);
        let forge = forge(&server, software);
        forge.open(&new_pull(BRANCH)).await.unwrap();
        server.fail_next(2, &Fault::status(502));
        assert_eq!(forge.find(BRANCH).await.unwrap().len(), 1);
        server.fail_next(1, &Fault::DoneBut(502));
        forge.close(1, "superseded").await.unwrap();
        server.fail_next(1, &Fault::DoneBut(502));
        assert_eq!(forge.comment(1, "once").await.unwrap_err().kind(), Kind::Unreachable);
        assert_eq!(server.pull(1).comments.len(), 1, "{software:?}");
    }
}

#[tokio::test]
async fn a_forge_that_never_answers_is_given_up() {
    let server = Server::start(Software::GitHub);
    let timeout = std::time::Duration::from_millis(50);
    let forge = forge_with(&server, Software::GitHub, Settings { timeout, ..settings() }, TOKEN);
    server.fail_next(3, &Fault::Silence);
    let error = forge.find(BRANCH).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{}", said(&error));
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_or_told() {
    // Over at the very time of the answer: a wait of no length.
    let now = "1795291200";
    let over = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", now)];
    let server = Server::start(Software::GitHub);
    let forge = forge(&server, Software::GitHub);
    server.fail_next(2, &Fault::rate_limit(403, &over));
    assert_eq!(forge.open(&new_pull(BRANCH)).await.unwrap().number, 1);
    assert_eq!(posts(&server), 3, "it was certainly refused");
    let later = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795298400")];
    for headers in [&later[..], &[("retry-after", "7200")]] {
        server.take_requests();
        server.fail_next(1, &Fault::rate_limit(403, headers));
        let error = forge.find(BRANCH).await.unwrap_err();
        assert_eq!(error.kind(), Kind::RateLimited);
        assert!(said(&error).contains("may be asked again in 2 h"), "{error}");
        assert_eq!(server.take_requests().len(), 1);
    }
    server.fail_next(9, &Fault::rate_limit(403, &[("x-ratelimit-remaining", "0")]));
    let error = said(&forge.find(BRANCH).await.unwrap_err());
    assert!(error.contains("does not say when"), "{error}");
}

#[tokio::test]
async fn too_many_requests_are_told() {
    for software in ALL {
        let server = Server::start(software);
        let forge = forge(&server, software);
        server.fail_next(3, &Fault::rate_limit(429, &[("retry-after", "3600")]));
        let error = forge.find(BRANCH).await.unwrap_err();
        assert_eq!(error.kind(), Kind::RateLimited);
        assert!(said(&error).contains("rate limited; it may be asked again in"), "{software:?}: {error}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_not_repeated() {
    for software in ALL {
        let server = Server::start(software);
        let forge = forge_with(&server, software, settings(), "hunter2-another");
        let error = forge.find(BRANCH).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
        assert!(said(&error).contains("answered 401: ") && said(&error).contains("expired"), "{error}");
        let body = json!({ "message": format!("no such token:\n\u{1b}[1m hunter2-another") });
        server.fail_next(1, &Fault::Answer { status: 403, headers: Vec::new(), body });
        let error = forge.open(&new_pull(BRANCH)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
        assert!(
            said(&error).contains(r"answered 403: no such token: \u{1b}[1m … / the token needs"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_refusal_says_what_the_forge_says() {
    let server = Server::start(Software::GitHub);
    let forge = forge(&server, Software::GitHub);
    let body = json!({ "message": "Validation Failed", "documentation_url": "",
        "errors": [{ "resource": "PullRequest", "field": "base", "code": "invalid" }] });
    server.fail_next_of("POST", 1, &Fault::Answer { status: 422, headers: Vec::new(), body });
    let error = forge.open(&new_pull(BRANCH)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    assert!(said(&error).contains("answered 422: Validation Failed: base invalid"), "{error}");
    assert_eq!(posts(&server), 1);
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_perhaps_not_visible() {
    for software in ALL {
        let server = Server::start(software);
        let error = forge(&server, software).close(7, "x").await.unwrap_err();
        assert_eq!(error.kind(), Kind::NotFound, "{software:?}: {error}");
        assert!(said(&error).contains("the token may see the repository"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_lacks_a_field_names_it() {
    for (software, field) in ALL.into_iter().zip(["html_url", "web_url", "html_url"]) {
        let server = Server::start(software);
        let forge = forge(&server, software);
        forge.open(&new_pull(BRANCH)).await.unwrap();
        let mut body = json!([{
            "number": 1, "iid": 1, "state": if software == Software::GitLab { "opened" } else { "open" },
            "title": "t", "merged": false, "source_branch": BRANCH, "target_branch": "main",
            "target_project_id": 1,
            "head": { "ref": BRANCH, "label": BRANCH, "sha": "", "repo_id": 1, "repo": { "id": 1 } },
            "base": { "ref": "main", "label": "main", "sha": "", "repo_id": 1, "repo": { "id": 1 } },
        }]);
        server.fail_next(1, &Fault::Answer { status: 200, headers: Vec::new(), body: body.clone() });
        let error = forge.find(BRANCH).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol);
        assert!(said(&error).contains(&format!("missing field `{field}`")), "{software:?}: {error}");
        body[0][field] = json!("https://forge.example/1");
        body[0]["source_project_id"] = json!(1);
        server.fail_next(1, &Fault::Answer { status: 200, headers: Vec::new(), body });
        assert_eq!(forge.find(BRANCH).await.unwrap().len(), 1, "and nothing else is needed");
    }
}

#[tokio::test]
async fn the_token_goes_to_no_other_origin() {
    for software in ALL {
        let (server, other) = (Server::start(software), Server::start(software));
        let forge = forge(&server, software);
        let headers = vec![("location".to_owned(), format!("{}/elsewhere", other.url()))];
        server.fail_next(2, &Fault::Answer { status: 307, headers, body: json!({}) });
        for error in [forge.find(BRANCH).await.unwrap_err(), forge.update(1, "t", "b").await.unwrap_err()] {
            assert_eq!(error.kind(), Kind::Protocol);
            assert!(said(&error).contains("where this request does not go"), "{error}");
        }
        assert_eq!(other.requests().len(), 0);
    }
}
