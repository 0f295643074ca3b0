//! What becomes of a pull request.

use secrecy::ExposeSecret as _;
use solera_pin::publish::forge::{Kind, State};

use super::support::forge::{self as server, ALL, BOT, Fault, PERSON, Server, Software, TOKEN};
use super::{BRANCH, forge, new_pull, said};

#[tokio::test]
async fn it_is_opened_found_changed_and_closed() {
    for software in ALL {
        let server = Server::start(software);
        let forge = forge(&server, software);
        assert_eq!(forge.find(BRANCH).await.unwrap(), [], "{software:?}");
        let opened = forge.open(&new_pull(BRANCH)).await.unwrap();
        assert_eq!((opened.number, opened.state, opened.base.as_str()), (1, State::Open, "main"));
        assert_eq!((opened.title.as_str(), opened.author.as_str()), ("debian: a digest", BOT));
        assert_eq!(opened.body, "What moved, and \"why\"\n");
        assert_eq!(opened.head.as_ref().unwrap().as_str(), "1".repeat(40));
        assert!(opened.url.contains("/acme/shop/"), "{}", opened.url);
        assert_eq!(forge.find(BRANCH).await.unwrap(), std::slice::from_ref(&opened), "{software:?}");
        let updated = forge.update(1, "another", "text").await.unwrap();
        assert_eq!((updated.title.as_str(), updated.body.as_str()), ("another", "text"));
        forge.comment(1, "a word").await.unwrap();
        let kept = server.pull(1);
        assert_eq!((kept.title.as_str(), kept.body.as_str()), ("another", "text"));
        assert_eq!(kept.comments, [(BOT.to_owned(), "a word".to_owned())]);
        server.take_requests();
        let closed = forge.close(1, "superseded").await.unwrap();
        assert_eq!((closed.state, closed.body.as_str()), (State::Closed, "superseded"));
        assert_eq!(server.take_requests().len(), 1, "text and state in one");
        assert_eq!((server.pull(1).state, server.pull(1).title.as_str()), (server::State::Closed, "another"));
    }
}

#[tokio::test]
async fn all_of_a_branch_are_found_the_newest_first_and_no_forks() {
    for software in ALL {
        let server = Server::start(software);
        let (person, forge) = (server.as_person(), forge(&server, software));
        for _ in 0..120 {
            let number = person.open(BRANCH, "main", false);
            person.merge(number);
        }
        person.open(BRANCH, "main", true);
        person.open("solera-pin/pin/debian-major", "main", false);
        let found = forge.find(BRANCH).await.unwrap();
        let numbers: Vec<u64> = found.iter().map(|pull| pull.number).collect();
        assert_eq!(numbers, (1..=120).rev().collect::<Vec<_>>(), "{software:?}");
        assert!(found.iter().all(|pull| pull.state == State::Merged));
    }
}

#[tokio::test]
async fn a_forge_that_lists_them_all_is_asked_once_for_all_branches() {
    let server = Server::start(Software::Forgejo);
    let forge = forge(&server, Software::Forgejo);
    for branch in ["solera-pin/pin/a", "solera-pin/pin/b", "solera-pin/pin/c"] {
        forge.find(branch).await.unwrap();
    }
    assert_eq!(server.take_requests().len(), 1);
    forge.open(&new_pull("solera-pin/pin/a")).await.unwrap();
    assert_eq!(forge.find("solera-pin/pin/a").await.unwrap().len(), 1, "what was written is known");
}

#[tokio::test]
async fn who_closed_it_is_told() {
    for software in ALL {
        let server = Server::start(software);
        let (person, forge) = (server.as_person(), forge(&server, software));
        for _ in 0..2 {
            forge.open(&new_pull(BRANCH)).await.unwrap();
            let newest = server.pulls().len() as u64;
            match newest {
                1 => person.close(1),
                _ => drop(forge.close(newest, "").await.unwrap()),
            }
        }
        person.open(BRANCH, "main", false);
        person.merge(3);
        let found = forge.find(BRANCH).await.unwrap();
        let states: Vec<State> = found.iter().map(|pull| pull.state).collect();
        assert_eq!(states, [State::Merged, State::Closed, State::Closed], "{software:?}");
        for (number, who) in [(1, PERSON), (2, BOT)] {
            assert_eq!(forge.closed_by(number).await.unwrap().as_deref(), Some(who), "{software:?}");
        }
    }
}

#[tokio::test]
async fn a_token_that_may_not_ask_who_closed_it_is_told_nothing() {
    for software in [Software::GitHub, Software::Forgejo] {
        let server = Server::start(software);
        let forge = forge(&server, software);
        forge.open(&new_pull(BRANCH)).await.unwrap();
        server.as_person().close(1);
        server.fail_next_at("/issues/1", 1, &Fault::status(403));
        assert_eq!(forge.closed_by(1).await.unwrap(), None, "{software:?}");
    }
}

#[tokio::test]
async fn one_that_is_open_already_is_the_answer() {
    for software in ALL {
        let server = Server::start(software);
        let forge = forge(&server, software);
        server.as_person().open(BRANCH, "main", false);
        server.as_person().open(BRANCH, "other-base", false);
        let opened = forge.open(&new_pull(BRANCH)).await.unwrap();
        assert_eq!((opened.number, opened.title.as_str()), (1, "A person's"), "{software:?}");
        assert_eq!(server.pulls().len(), 2);
    }
}

#[tokio::test]
async fn labels_are_added_and_made_where_there_are_none() {
    for software in ALL {
        let server = Server::start(software);
        let forge = forge(&server, software);
        forge.open(&new_pull(BRANCH)).await.unwrap();
        let labels = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        forge.label(1, &labels(&["pins"])).await.unwrap();
        forge.label(1, &labels(&["pins", "two words"])).await.unwrap();
        assert_eq!(server.pull(1).labels, ["pins", "two words"], "{software:?}");
        assert_eq!(server.labels(), ["pins", "two words"], "{software:?}: each is made once");
        server.take_requests();
        forge.label(1, &[]).await.unwrap();
        assert_eq!(server.take_requests(), [""; 0]);
    }
}

#[tokio::test]
async fn a_reviewer_who_cannot_be_asked_keeps_nobody_else_from_it() {
    for software in ALL {
        let server = Server::start(software);
        let forge = forge(&server, software);
        forge.open(&new_pull(BRANCH)).await.unwrap();
        forge.reviewers(1, &[PERSON.into()]).await.unwrap();
        let names = ["nobody".to_owned(), "octocat".into()];
        let error = forge.reviewers(1, &names).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        assert!(said(&error).contains("`nobody` (") && !said(&error).contains("octocat"), "{error}");
        assert_eq!(server.pull(1).reviewers, [PERSON, "octocat"], "{software:?}");
        let error = said(&forge.reviewers(1, &names[..1]).await.unwrap_err());
        assert!(
            error.contains("takes no review from `nobody` (") && error.contains("propose.reviewers"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn teams_are_asked_where_there_are_teams() {
    for software in [Software::GitHub, Software::Forgejo] {
        let server = Server::start(software);
        let forge = forge(&server, software);
        forge.open(&new_pull(BRANCH)).await.unwrap();
        forge.reviewers(1, &["team:keepers".into(), PERSON.into()]).await.unwrap();
        assert_eq!(server.pull(1).reviewers, [PERSON, "team:keepers"], "{software:?}");
        let error = forge.reviewers(1, &["team:strangers".into()]).await.unwrap_err();
        assert!(said(&error).contains("`team:strangers`"));
    }
}

#[tokio::test]
async fn what_starts_no_checks_is_told() {
    for (software, login) in
        [(Software::GitHub, "github-actions[bot]"), (Software::Forgejo, "forgejo-actions")]
    {
        let server = Server::start(software);
        let forge = forge(&server, software);
        let of_a_bot = forge.open(&new_pull(BRANCH)).await.unwrap();
        assert_eq!(forge.starts_no_checks(&of_a_bot), None);
        server.set_login(login);
        let of_a_workflow = forge.open(&new_pull("solera-pin/pin/rust")).await.unwrap();
        let why = forge.starts_no_checks(&of_a_workflow).unwrap();
        assert!(why.contains("#2") && why.contains("token of a workflow"), "{why}");
    }
}

#[tokio::test]
async fn git_is_shown_the_same_token() {
    for (software, name) in ALL.into_iter().zip(["x-access-token", "oauth2", "x-access-token"]) {
        let server = Server::start(software);
        let (user, password) = forge(&server, software).git_login();
        assert_eq!((user.as_str(), password.expose_secret()), (name, TOKEN));
        assert!(!format!("{:?}", forge(&server, software)).contains("hunter2"));
    }
}
