//! GitLab, version 4 of its API: merge requests, their notes, and users by name.

use serde_json::{Value, json};

use super::super::registry::Recorded;
use super::{
    Contents, Field, NAME, OWNER, Pull, Reply, Software, State, TOKEN, are_ids, check_query, fields, page,
    parameter, parameters, shows_token,
};

const TIME: &str = "2026-11-21T20:00:00.000Z";
const PROJECT: u64 = 1;

pub(super) fn answer(contents: &mut Contents, request: &Recorded) -> Reply {
    let private = request.header("private-token") == Some(TOKEN);
    if !private && !shows_token(request, &["Bearer"]) {
        return problem(401, &json!("401 Unauthorized"));
    }
    let path = request.path.strip_prefix(Software::GitLab.prefix()).unwrap_or_default();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let method = request.method.as_str();
    if let ("GET", ["users"]) = (method, segments.as_slice()) {
        check_query(contents, request, &["username"]);
        return users(contents, request);
    }
    let project = format!("{OWNER}%2F{NAME}");
    let rest = match segments.as_slice() {
        ["projects", id, rest @ ..] if id.eq_ignore_ascii_case(&project) => rest,
        ["projects", ..] => return problem(404, &json!("404 Project Not Found")),
        _ => return unknown(contents, request),
    };
    match (method, rest) {
        ("GET", ["merge_requests"]) => list(contents, request),
        ("POST", ["merge_requests"]) => open(contents, request),
        ("GET", ["merge_requests", number]) => match contents.pull(number).cloned() {
            Some(pull) => Reply::new(200, shown(contents, &pull)),
            None => problem(404, &json!("404 Not found")),
        },
        ("PUT", ["merge_requests", number]) => change(contents, request, number),
        ("POST", ["merge_requests", number, "notes"]) => note(contents, request, number),
        _ => unknown(contents, request),
    }
}

fn unknown(contents: &mut Contents, request: &Recorded) -> Reply {
    contents.violation(format!("{} {} is no part of the API", request.method, request.path));
    Reply::new(404, json!({ "error": "404 Not Found" }))
}

fn problem(status: u16, message: &Value) -> Reply {
    Reply::new(status, json!({ "message": message }))
}

fn missing(name: &str) -> Reply {
    Reply::new(400, json!({ "error": format!("{name} is missing") }))
}

fn users(contents: &Contents, request: &Recorded) -> Reply {
    let parameters = parameters(&request.query);
    let name = parameter(&parameters, "username").unwrap_or_default();
    let found = contents.users.iter().filter(|user| user.eq_ignore_ascii_case(name));
    Reply::new(200, found.map(|login| user(contents, login)).collect())
}

fn list(contents: &mut Contents, request: &Recorded) -> Reply {
    let known = [
        "author_id",
        "author_username",
        "labels",
        "milestone",
        "order_by",
        "page",
        "per_page",
        "scope",
        "search",
        "sort",
        "source_branch",
        "state",
        "target_branch",
        "view",
    ];
    check_query(contents, request, &known);
    let parameters = parameters(&request.query);
    let asked = |name| parameter(&parameters, name);
    for (name, words) in [
        ("state", &["opened", "closed", "locked", "merged", "all"][..]),
        ("scope", &["created_by_me", "assigned_to_me", "reviews_for_me", "all"]),
        (
            "order_by",
            &[
                "created_at",
                "label_priority",
                "merged_at",
                "milestone_due",
                "popularity",
                "priority",
                "title",
                "updated_at",
            ],
        ),
        ("sort", &["asc", "desc"]),
    ] {
        if asked(name).is_some_and(|word| !words.contains(&word)) {
            return Reply::new(400, json!({ "error": format!("{name} does not have a valid value") }));
        }
    }
    let fits = |pull: &&Pull| {
        let state = asked("state").is_none_or(|state| state == "all" || state == word(pull.state));
        state && asked("source_branch").is_none_or(|branch| branch == pull.branch)
    };
    let mut found: Vec<&Pull> = contents.pulls.iter().filter(fits).collect();
    if asked("sort") != Some("asc") {
        found.reverse();
    }
    let items = found.into_iter().map(|pull| shown(contents, pull)).collect();
    let mut reply = page(request, &contents.origin, "per_page", 100, items);
    reply.headers.push(("x-per-page".into(), asked("per_page").unwrap_or("20").into()));
    reply
}

fn open(contents: &mut Contents, request: &Recorded) -> Reply {
    let known: &[Field] = &[
        ("source_branch", Value::is_string),
        ("target_branch", Value::is_string),
        ("title", Value::is_string),
        ("description", Value::is_string),
        ("labels", Value::is_string),
        ("reviewer_ids", are_ids),
        ("remove_source_branch", Value::is_boolean),
    ];
    let body = fields(contents, request, known);
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    for name in ["source_branch", "target_branch", "title"] {
        if body[name].is_null() {
            return missing(name);
        }
    }
    let (branch, base) = (text("source_branch"), text("target_branch"));
    if text("title").trim().is_empty() {
        return problem(400, &json!({ "title": ["can't be blank"] }));
    }
    if branch == base {
        return problem(409, &json!(["You can't use same project/branch for source and target"]));
    }
    if let Some(open) = contents.open_pull(&branch, &base) {
        let message =
            format!("Another open merge request already exists for this source branch: !{}", open.number);
        return problem(409, &json!([message]));
    }
    if contents.repository.head(&branch).is_none() {
        return problem(400, &json!([format!("Source branch \"{branch}\" does not exist")]));
    }
    let number = contents.add(&branch, &base, &text("title"), &text("description"));
    let pull = contents.pulls[usize::try_from(number).unwrap() - 1].clone();
    Reply::new(201, shown(contents, &pull))
}

fn change(contents: &mut Contents, request: &Recorded, number: &str) -> Reply {
    let known: &[Field] = &[
        ("title", Value::is_string),
        ("description", Value::is_string),
        ("state_event", |value| matches!(value.as_str(), Some("close" | "reopen"))),
        ("add_labels", Value::is_string),
        ("remove_labels", Value::is_string),
        ("labels", Value::is_string),
        ("reviewer_ids", are_ids),
        ("target_branch", Value::is_string),
    ];
    let body = fields(contents, request, known);
    if body.as_object().is_none_or(serde_json::Map::is_empty) {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        let error = format!("{} are missing, at least one parameter must be provided", names.join(", "));
        return Reply::new(400, json!({ "error": error }));
    }
    let (login, users) = (contents.login.clone(), contents.users.clone());
    let labels = split(&body["add_labels"]);
    for label in &labels {
        if !contents.labels.contains(label) {
            contents.labels.push(label.clone());
        }
    }
    let Some(pull) = contents.pull(number) else { return problem(404, &json!("404 Not found")) };
    if let Some(title) = body["title"].as_str() {
        pull.title = title.into();
    }
    if let Some(text) = body["description"].as_str() {
        pull.body = text.into();
    }
    match (body["state_event"].as_str(), pull.state) {
        (Some("close"), State::Open) => (pull.state, pull.closed_by) = (State::Closed, Some(login)),
        (Some("reopen"), State::Closed) => (pull.state, pull.closed_by) = (State::Open, None),
        _ => {}
    }
    for label in labels {
        if !pull.labels.contains(&label) {
            pull.labels.push(label);
        }
    }
    // All at once: who is not named is no reviewer any more. Who does not exist is passed over.
    if let Some(ids) = body["reviewer_ids"].as_array() {
        let of = |id: &Value| users.get(usize::try_from(id.as_u64()?).ok()?.checked_sub(1)?).cloned();
        pull.reviewers = ids.iter().filter_map(of).collect();
    }
    let pull = pull.clone();
    Reply::new(200, shown(contents, &pull))
}

fn note(contents: &mut Contents, request: &Recorded, number: &str) -> Reply {
    let body = fields(contents, request, &[("body", Value::is_string)]);
    let login = contents.login.clone();
    let author = user(contents, &login);
    let Some(text) = body["body"].as_str().map(ToOwned::to_owned) else { return missing("body") };
    let Some(pull) = contents.pull(number) else { return problem(404, &json!("404 Not found")) };
    if text.trim().is_empty() {
        return problem(400, &json!("400 Bad request - Note {:note=>[\"can't be blank\"]}"));
    }
    pull.comments.push((login, text.clone()));
    let note = json!({ "id": pull.comments.len(), "body": text, "author": author, "created_at": TIME,
        "system": false, "noteable_type": "MergeRequest", "noteable_iid": pull.number });
    Reply::new(201, note)
}

fn split(value: &Value) -> Vec<String> {
    let words = value.as_str().unwrap_or_default().split(',').map(str::trim);
    words.filter(|word| !word.is_empty()).map(Into::into).collect()
}

fn word(state: State) -> &'static str {
    match state {
        State::Open => "opened",
        State::Merged => "merged",
        State::Closed => "closed",
    }
}

fn user(contents: &Contents, login: &str) -> Value {
    json!({ "id": contents.user_id(login).unwrap_or(999), "username": login, "name": login, "state": "active",
        "locked": false, "avatar_url": null, "web_url": format!("{}/{login}", contents.origin) })
}

fn shown(contents: &Contents, pull: &Pull) -> Value {
    let closed_by = pull.closed_by.as_ref().map(|login| user(contents, login));
    let time = |is: bool| is.then_some(TIME);
    json!({
        "id": 100 + pull.number, "iid": pull.number, "project_id": PROJECT,
        "title": pull.title, "description": pull.body, "state": word(pull.state),
        "created_at": TIME, "updated_at": TIME, "closed_at": time(pull.state == State::Closed),
        "merged_at": time(pull.state == State::Merged), "closed_by": closed_by,
        "source_branch": pull.branch, "target_branch": pull.base,
        "source_project_id": if pull.fork { PROJECT + 1 } else { PROJECT }, "target_project_id": PROJECT,
        "author": user(contents, &pull.author),
        "reviewers": pull.reviewers.iter().map(|login| user(contents, login)).collect::<Vec<_>>(),
        "labels": pull.labels, "draft": false, "sha": pull.head, "merge_status": "can_be_merged",
        "web_url": format!("{}/{OWNER}/{NAME}/-/merge_requests/{}", contents.origin, pull.number),
    })
}
