//! Forgejo, version 1 of its API: pull requests, labels with their ids, comments, the timeline.

use serde_json::{Value, json};

use super::super::registry::Recorded;
use super::{
    Contents, Field, NAME, OWNER, Pull, Reply, Software, State, are_ids, are_texts, check_query, fields,
    page, parameter, parameters, shows_token,
};

const TIME: &str = "2026-11-21T20:00:00Z";
/// The most items that a page has where nothing else is set up.
const PAGE: usize = 50;
/// How the server calls itself: need not be how it is reached.
const ROOT: &str = "https://forge.example";

pub(super) fn answer(contents: &mut Contents, request: &Recorded) -> Reply {
    if !shows_token(request, &["token", "Bearer"]) {
        return problem(401, "invalid username, password or token");
    }
    let path = request.path.strip_prefix(Software::Forgejo.prefix()).unwrap_or_default();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let rest = match segments.as_slice() {
        ["repos", OWNER, NAME, rest @ ..] => rest,
        ["repos", ..] => return not_found(),
        _ => return unknown(contents, request),
    };
    match (request.method.as_str(), rest) {
        ("GET", ["pulls"]) => list(contents, request),
        ("POST", ["pulls"]) => open(contents, request),
        ("PATCH", ["pulls", number]) => change(contents, request, number),
        ("GET", ["labels"]) => {
            check_query(contents, request, &["page", "limit"]);
            let labels = contents.labels.iter().enumerate().map(|(at, name)| label(at, name)).collect();
            page(request, ROOT, "limit", PAGE, labels)
        }
        ("POST", ["labels"]) => make_label(contents, request),
        ("POST", ["issues", number, "labels"]) => add_labels(contents, request, number),
        ("POST", ["issues", number, "comments"]) => comment(contents, request, number),
        ("GET", ["issues", number, "timeline"]) => timeline(contents, request, number),
        ("POST", ["pulls", number, "requested_reviewers"]) => review(contents, request, number),
        _ => unknown(contents, request),
    }
}

fn unknown(contents: &mut Contents, request: &Recorded) -> Reply {
    contents.violation(format!("{} {} is no part of the API", request.method, request.path));
    not_found()
}

fn problem(status: u16, message: &str) -> Reply {
    Reply::new(status, json!({ "message": message, "url": format!("{ROOT}/api/swagger") }))
}

fn not_found() -> Reply {
    let mut reply = problem(404, "The target couldn't be found.");
    reply.body["errors"] = json!([]);
    reply
}

fn list(contents: &mut Contents, request: &Recorded) -> Reply {
    check_query(contents, request, &["state", "sort", "milestone", "labels", "poster", "page", "limit"]);
    let parameters = parameters(&request.query);
    let state = parameter(&parameters, "state").unwrap_or("open");
    let fits = |pull: &&Pull| match state {
        "all" => true,
        "closed" => pull.state != State::Open,
        _ => pull.state == State::Open,
    };
    let items = contents.pulls.iter().rev().filter(fits).map(|pull| shown(contents, pull)).collect();
    page(request, ROOT, "limit", PAGE, items)
}

fn open(contents: &mut Contents, request: &Recorded) -> Reply {
    let known: &[Field] = &[
        ("head", Value::is_string),
        ("base", Value::is_string),
        ("title", Value::is_string),
        ("body", Value::is_string),
        ("labels", are_ids),
    ];
    let body = fields(contents, request, known);
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (branch, base) = (text("head"), text("base"));
    if branch == base {
        return problem(422, "Invalid PullRequest: There are no changes between the head and the base");
    }
    if contents.repository.head(&branch).is_none() || contents.repository.head(&base).is_none() {
        return not_found();
    }
    if let Some(open) = contents.open_pull(&branch, &base) {
        let number = open.number;
        let message = format!(
            "pull request already exists for these targets [id: {number}, issue_id: {number}, head_repo_id: 1, \
             base_repo_id: 1, head_branch: {branch}, base_branch: {base}]"
        );
        return problem(409, &message);
    }
    let number = contents.add(&branch, &base, &text("title"), &text("body"));
    let pull = contents.pulls[usize::try_from(number).unwrap() - 1].clone();
    Reply::new(201, shown(contents, &pull))
}

fn change(contents: &mut Contents, request: &Recorded, number: &str) -> Reply {
    let known: &[Field] = &[
        ("title", Value::is_string),
        ("body", Value::is_string),
        ("state", |value| matches!(value.as_str(), Some("open" | "closed"))),
        ("base", Value::is_string),
        ("labels", are_ids),
    ];
    let body = fields(contents, request, known);
    let login = contents.login.clone();
    let Some(pull) = contents.pull(number) else { return not_found() };
    if let Some(title) = body["title"].as_str().filter(|title| !title.is_empty()) {
        pull.title = title.into();
    }
    if let Some(text) = body["body"].as_str() {
        pull.body = text.into();
    }
    match (body["state"].as_str(), pull.state) {
        (Some(_), State::Merged) => {
            return problem(412, "cannot change state of this pull request, it was already merged");
        }
        (Some("closed"), State::Open) => (pull.state, pull.closed_by) = (State::Closed, Some(login)),
        (Some("open"), State::Closed) => (pull.state, pull.closed_by) = (State::Open, None),
        _ => {}
    }
    let pull = pull.clone();
    Reply::new(201, shown(contents, &pull))
}

fn label(at: usize, name: &str) -> Value {
    json!({ "id": at + 1, "name": name, "color": "ededed", "description": "", "exclusive": false,
        "is_archived": false, "url": format!("{ROOT}/api/v1/repos/{OWNER}/{NAME}/labels/{}", at + 1) })
}

fn make_label(contents: &mut Contents, request: &Recorded) -> Reply {
    let known: &[Field] = &[
        ("name", Value::is_string),
        ("color", Value::is_string),
        ("description", Value::is_string),
        ("exclusive", Value::is_boolean),
    ];
    let body = fields(contents, request, known);
    let (Some(name), Some(color)) = (body["name"].as_str(), body["color"].as_str()) else {
        return problem(422, "[Name]: Required");
    };
    let digits = color.strip_prefix('#').unwrap_or(color);
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return problem(422, "bad color code");
    }
    contents.labels.push(name.into());
    Reply::new(201, label(contents.labels.len() - 1, name))
}

fn add_labels(contents: &mut Contents, request: &Recorded, number: &str) -> Reply {
    let body = fields(contents, request, &[("labels", are_ids)]);
    let known = contents.labels.clone();
    let Some(pull) = contents.pull(number) else { return not_found() };
    for id in body["labels"].as_array().into_iter().flatten() {
        let at = usize::try_from(id.as_u64().unwrap()).unwrap() - 1;
        // Ids that the repository does not have are passed over.
        if let Some(name) = known.get(at).filter(|name| !pull.labels.contains(name)) {
            pull.labels.push(name.clone());
        }
    }
    let has = pull.labels.clone();
    let shown = known.iter().enumerate().filter(|(_, name)| has.contains(name));
    Reply::new(200, shown.map(|(at, name)| label(at, name)).collect())
}

fn comment(contents: &mut Contents, request: &Recorded, number: &str) -> Reply {
    let body = fields(contents, request, &[("body", Value::is_string)]);
    let login = contents.login.clone();
    let author = user(contents, &login);
    let Some(pull) = contents.pull(number) else { return not_found() };
    let Some(text) = body["body"].as_str().filter(|text| !text.is_empty()) else {
        return problem(422, "[Body]: Required");
    };
    pull.comments.push((login, text.into()));
    let id = pull.comments.len();
    Reply::new(201, json!({ "id": id, "body": text, "user": author, "created_at": TIME, "updated_at": TIME }))
}

fn timeline(contents: &mut Contents, request: &Recorded, number: &str) -> Reply {
    check_query(contents, request, &["since", "page", "limit", "before"]);
    let Some(pull) = contents.pull(number).cloned() else { return not_found() };
    let event = |kind: &str, login: &str, body: &str| json!({ "id": 1, "type": kind, "user": user(contents, login), "body": body, "created_at": TIME });
    let said = pull.comments.iter().map(|(login, text)| event("comment", login, text));
    let closed = pull.closed_by.iter().map(|login| event("close", login, ""));
    // What a bot's branch always has: a push by it, before a person closed it.
    let pushed = event("pull_push", &pull.author, "{}");
    let events = std::iter::once(pushed).chain(said).chain(closed).collect();
    page(request, ROOT, "limit", PAGE, events)
}

fn review(contents: &mut Contents, request: &Recorded, number: &str) -> Reply {
    let body = fields(contents, request, &[("reviewers", are_texts), ("team_reviewers", are_texts)]);
    let asked = |name: &str| -> Vec<String> {
        let names = body[name].as_array().into_iter().flatten();
        names.filter_map(|name| name.as_str().map(ToOwned::to_owned)).collect()
    };
    let (users, teams) = (asked("reviewers"), asked("team_reviewers"));
    let (known, known_teams) = (contents.users.clone(), contents.teams.clone());
    let Some(pull) = contents.pull(number) else { return not_found() };
    if !users.iter().all(|user| known.contains(user)) || !teams.iter().all(|team| known_teams.contains(team))
    {
        return not_found();
    }
    if users.contains(&pull.author) {
        return problem(422, "poster of pr can't be reviewer");
    }
    let teams = teams.into_iter().map(|team| format!("team:{team}"));
    for reviewer in users.into_iter().chain(teams) {
        if !pull.reviewers.contains(&reviewer) {
            pull.reviewers.push(reviewer);
        }
    }
    Reply::new(201, json!([]))
}

fn user(contents: &Contents, login: &str) -> Value {
    json!({ "id": contents.user_id(login).unwrap_or(999), "login": login, "username": login, "full_name": "",
        "email": format!("{login}@noreply.forge.example"), "html_url": format!("{ROOT}/{login}") })
}

fn shown(contents: &Contents, pull: &Pull) -> Value {
    let time = |is: bool| is.then_some(TIME);
    let repository = |id: u64| json!({ "id": id, "name": NAME, "full_name": format!("{OWNER}/{NAME}") });
    let fork = if pull.fork { 2 } else { 1 };
    // Of a branch that is gone, the forge's own reference to the commit is left.
    let gone = !pull.fork && contents.repository.head(&pull.branch).is_none();
    let reference = if gone { format!("refs/pull/{}/head", pull.number) } else { pull.branch.clone() };
    json!({
        "id": 100 + pull.number, "number": pull.number, "title": pull.title, "body": pull.body,
        "url": format!("{ROOT}/{OWNER}/{NAME}/pulls/{}", pull.number),
        "html_url": format!("{ROOT}/{OWNER}/{NAME}/pulls/{}", pull.number),
        "user": user(contents, &pull.author),
        "state": if pull.state == State::Open { "open" } else { "closed" },
        "merged": pull.state == State::Merged, "merged_at": time(pull.state == State::Merged),
        "closed_at": time(pull.state != State::Open), "created_at": TIME, "updated_at": TIME,
        "mergeable": true, "labels": [], "requested_reviewers": null,
        "head": { "label": pull.branch, "ref": reference, "sha": pull.head, "repo_id": fork, "repo": repository(fork) },
        "base": { "label": pull.base, "ref": pull.base, "sha": "0".repeat(40), "repo_id": 1, "repo": repository(1) },
    })
}
