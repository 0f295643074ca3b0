//! GitHub: its answers are the examples of its published description, with what is stored here put into them.

use serde_json::{Value, json};

use super::super::registry::Recorded;
use super::description::Description;
use super::{Contents, NAME, OWNER, Pull, Reply, Software, State, page, parameter, parameters, shows_token};

const DOCUMENTATION: &str = "https://docs.github.com/rest";
const TIME: &str = "2026-11-21T20:00:00Z";

pub(super) fn answer(contents: &mut Contents, request: &Recorded) -> Reply {
    let description = Description::of_github();
    let path = request.path.strip_prefix(Software::GitHub.prefix()).unwrap_or(&request.path);
    let at = format!("{} {path}", request.method);
    let operation = match description.check_request(request, path) {
        Ok(operation) => operation,
        Err(violation) => {
            contents.violation(format!("{at}: {violation}"));
            return problem(400, "Problems parsing JSON");
        }
    };
    let reply = if request.header("user-agent").is_none() {
        problem(403, "Request forbidden by administrative rules.")
    } else if shows_token(request, &["Bearer", "token"]) {
        routed(contents, request, path, description)
    } else {
        problem(401, "Bad credentials")
    };
    if let Err(violation) = description.check_answer(&operation, reply.status, &reply.body) {
        contents.violation(format!("the server's own answer to {at}: {violation}"));
    }
    reply
}

fn routed(contents: &mut Contents, request: &Recorded, path: &str, description: &Description) -> Reply {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let ["repos", OWNER, NAME, rest @ ..] = segments.as_slice() else { return problem(404, "Not Found") };
    match (request.method.as_str(), rest) {
        ("GET", ["pulls"]) => list(contents, request, description),
        ("POST", ["pulls"]) => open(contents, &body, description),
        ("PATCH", ["pulls", number]) => change(contents, number, &body, description),
        ("GET", ["issues", number]) => issue(contents, number, description),
        ("POST", ["issues", number, "comments"]) => comment(contents, number, &body, description),
        ("POST", ["issues", number, "labels"]) => label(contents, number, &body, description),
        ("POST", ["pulls", number, "requested_reviewers"]) => review(contents, number, &body, description),
        _ => problem(404, "Not Found"),
    }
}

fn problem(status: u16, message: &str) -> Reply {
    let body =
        json!({ "message": message, "documentation_url": DOCUMENTATION, "status": status.to_string() });
    Reply::new(status, body)
}

fn invalid(error: &Value) -> Reply {
    let mut reply = problem(422, "Validation Failed");
    reply.body["errors"] = json!([error]);
    reply
}

fn list(contents: &Contents, request: &Recorded, description: &Description) -> Reply {
    let parameters = parameters(&request.query);
    let asked = |name| parameter(&parameters, name);
    let owner_and_branch = asked("head").and_then(|head| head.split_once(':'));
    let fits = |pull: &&Pull| {
        let state = match asked("state").unwrap_or("open") {
            "all" => true,
            "open" => pull.state == State::Open,
            _ => pull.state != State::Open,
        };
        // GitHub takes a fork of the same owner for it too.
        state && owner_and_branch.is_none_or(|(owner, branch)| owner == OWNER && pull.branch == branch)
    };
    let mut found: Vec<&Pull> = contents.pulls.iter().filter(fits).collect();
    if asked("direction") != Some("asc") {
        found.reverse();
    }
    let example = &description.example("pull-request-simple-items")[0];
    let items = found.into_iter().map(|pull| shown(contents, pull, description, example)).collect();
    page(request, &contents.origin, "per_page", 100, items)
}

fn open(contents: &mut Contents, body: &Value, description: &Description) -> Reply {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (branch, base) = (text("head"), text("base"));
    let wrong = |field| invalid(&json!({ "resource": "PullRequest", "field": field, "code": "invalid" }));
    let custom = |message: String| {
        invalid(&json!({ "resource": "PullRequest", "code": "custom", "message": message }))
    };
    let Some(head) = contents.repository.head(&branch) else { return wrong("head") };
    if contents.repository.head(&base).is_none() {
        return wrong("base");
    }
    if contents.repository.has(&base, &head) {
        return custom(format!("No commits between {base} and {branch}"));
    }
    if contents.open_pull(&branch, &base).is_some() {
        return custom(format!("A pull request already exists for {OWNER}:{branch}."));
    }
    let number = contents.add(&branch, &base, &text("title"), &text("body"));
    Reply::new(201, whole(contents, number, description))
}

fn change(contents: &mut Contents, number: &str, body: &Value, description: &Description) -> Reply {
    let login = contents.login.clone();
    let Some(pull) = contents.pull(number) else { return problem(404, "Not Found") };
    if let Some(title) = body["title"].as_str() {
        pull.title = title.into();
    }
    if let Some(text) = body["body"].as_str() {
        pull.body = text.into();
    }
    match (body["state"].as_str(), pull.state) {
        (Some("closed"), State::Open) => (pull.state, pull.closed_by) = (State::Closed, Some(login)),
        (Some("open"), State::Closed) => (pull.state, pull.closed_by) = (State::Open, None),
        _ => {}
    }
    let number = pull.number;
    Reply::new(200, whole(contents, number, description))
}

fn issue(contents: &mut Contents, number: &str, description: &Description) -> Reply {
    let Some(pull) = contents.pull(number).cloned() else { return problem(404, "Not Found") };
    let mut issue = description.example("issue").clone();
    issue["number"] = pull.number.into();
    issue["state"] = if pull.state == State::Open { "open" } else { "closed" }.into();
    issue["title"] = pull.title.into();
    issue["closed_by"] = match &pull.closed_by {
        Some(login) => user(&issue["user"].clone(), login),
        None => Value::Null,
    };
    Reply::new(200, issue)
}

fn comment(contents: &mut Contents, number: &str, body: &Value, description: &Description) -> Reply {
    let login = contents.login.clone();
    let Some(pull) = contents.pull(number) else { return problem(404, "Not Found") };
    let text = body["body"].as_str().unwrap_or_default();
    if text.trim().is_empty() {
        return invalid(&json!({ "resource": "IssueComment", "field": "data", "code": "unprocessable" }));
    }
    pull.comments.push((login.clone(), text.into()));
    let mut comment = description.example("issue-comment").clone();
    comment["body"] = text.into();
    comment["user"] = user(&comment["user"].clone(), &login);
    Reply::new(201, comment)
}

fn label(contents: &mut Contents, number: &str, body: &Value, description: &Description) -> Reply {
    let Some(pull) = contents.pull(number) else { return problem(404, "Not Found") };
    let names: Vec<String> =
        body["labels"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().into()).collect();
    for name in &names {
        if !pull.labels.contains(name) {
            pull.labels.push(name.clone());
        }
    }
    let all = pull.labels.clone();
    // What the repository does not have is made.
    for name in names {
        if !contents.labels.contains(&name) {
            contents.labels.push(name);
        }
    }
    let example = &description.example("label-items")[0];
    Reply::new(200, all.iter().map(|name| with(example, &[("name", json!(name))])).collect())
}

fn review(contents: &mut Contents, number: &str, body: &Value, description: &Description) -> Reply {
    let asked = |name: &str| -> Vec<String> {
        let names = body[name].as_array().into_iter().flatten();
        names.map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let (users, teams) = (asked("reviewers"), asked("team_reviewers"));
    let stranger = users.iter().any(|user| contents.user_id(user).is_none())
        || teams.iter().any(|team| !contents.teams.contains(team));
    let Some(pull) = contents.pull(number) else { return problem(404, "Not Found") };
    if users.contains(&pull.author) {
        return problem(422, "Review cannot be requested from pull request author.");
    }
    if stranger {
        let what = format!(
            "Reviews may only be requested from collaborators. One or more of the users or teams you specified is \
             not a collaborator of the {OWNER}/{NAME} repository."
        );
        return problem(422, &what);
    }
    let teams = teams.into_iter().map(|team| format!("team:{team}"));
    for reviewer in users.into_iter().chain(teams) {
        if !pull.reviewers.contains(&reviewer) {
            pull.reviewers.push(reviewer);
        }
    }
    let pull = pull.clone();
    Reply::new(201, shown(contents, &pull, description, &description.example("pull-request-simple-items")[0]))
}

fn whole(contents: &Contents, number: u64, description: &Description) -> Value {
    let pull = contents.pulls.iter().find(|pull| pull.number == number).unwrap();
    let mut value = shown(contents, pull, description, description.example("pull-request"));
    value["merged"] = (pull.state == State::Merged).into();
    value["merged_by"] = Value::Null;
    value
}

fn shown(contents: &Contents, pull: &Pull, description: &Description, example: &Value) -> Value {
    let mut value = example.clone();
    let time = |is: bool| if is { json!(TIME) } else { Value::Null };
    value["number"] = pull.number.into();
    value["state"] = if pull.state == State::Open { "open" } else { "closed" }.into();
    value["title"] = pull.title.clone().into();
    value["body"] = if pull.body.is_empty() { Value::Null } else { pull.body.clone().into() };
    value["html_url"] = format!("{}/{OWNER}/{NAME}/pull/{}", contents.origin, pull.number).into();
    value["user"] = user(&example["user"], &pull.author);
    value["closed_at"] = time(pull.state != State::Open);
    value["merged_at"] = time(pull.state == State::Merged);
    let label = &description.example("label-items")[0];
    value["labels"] = pull.labels.iter().map(|name| with(label, &[("name", json!(name))])).collect();
    let (teams, users): (Vec<_>, Vec<_>) = pull.reviewers.iter().partition(|name| name.starts_with("team:"));
    value["requested_reviewers"] = users.into_iter().map(|login| user(&example["user"], login)).collect();
    // The published example is older than a field that the description demands.
    let team = |name: &String| {
        let slug = name.trim_start_matches("team:");
        with(&example["requested_teams"][0], &[("slug", json!(slug)), ("type", json!("organization"))])
    };
    value["requested_teams"] = teams.into_iter().map(team).collect();
    let repository = |fork: bool| {
        let id = if fork { 2 } else { 1 };
        with(&example["base"]["repo"], &[("id", json!(id)), ("full_name", json!(format!("{OWNER}/{NAME}")))])
    };
    value["base"] = with(&example["base"], &[("ref", json!(pull.base)), ("repo", repository(false))]);
    value["head"] = with(
        &example["head"],
        &[
            ("ref", json!(pull.branch)),
            ("label", json!(format!("{OWNER}:{}", pull.branch))),
            ("sha", json!(pull.head)),
            ("repo", repository(pull.fork)),
        ],
    );
    value
}

fn user(example: &Value, login: &str) -> Value {
    with(example, &[("login", json!(login))])
}

fn with(example: &Value, fields: &[(&str, Value)]) -> Value {
    let mut value = example.clone();
    for (name, field) in fields {
        value[*name] = field.clone();
    }
    value
}
