//! What requests and answers of all forges have in common.

use serde_json::{Value, json};

use super::super::registry::Recorded;
use super::{Contents, Reply, TOKEN};

/// A field of a body, and what fits it.
pub(super) type Field = (&'static str, fn(&Value) -> bool);

/// The parameters of a query.
pub(super) fn parameters(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

pub(super) fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A page of what a list has, with the links that forges give.
pub(super) fn page(request: &Recorded, origin: &str, size: &str, most: usize, items: Vec<Value>) -> Reply {
    let mut parameters = parameters(&request.query);
    let number = |name, default| parameter(&parameters, name).map_or(default, |value| value.parse().unwrap());
    let (size, page) = (number(size, 30).min(most), number("page", 1));
    let total = items.len();
    let shown = items.into_iter().skip((page - 1) * size).take(size).collect();
    let mut reply = Reply::new(200, Value::Array(shown));
    if page * size < total {
        parameters.retain(|(name, _)| name != "page");
        parameters.push(("page".into(), (page + 1).to_string()));
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let link = format!("<{origin}{}?{query}>; rel=\"next\"", request.path);
        reply.headers.push(("link".into(), link));
    }
    reply
}

/// Whether the header shows the token behind one of these words.
pub(super) fn shows_token(request: &Recorded, words: &[&str]) -> bool {
    let shown = request.header("authorization").and_then(|value| value.split_once(' '));
    shown.is_some_and(|(word, token)| token == TOKEN && words.contains(&word))
}

/// The fields of a body, each of which must be a known one of its type.
pub(super) fn fields(contents: &mut Contents, request: &Recorded, known: &[Field]) -> Value {
    let at = format!("{} {}", request.method, request.path);
    if request.header("content-type") != Some("application/json") {
        contents.violation(format!("{at}: its body is not announced as JSON"));
    }
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let Some(fields) = body.as_object() else {
        contents.violation(format!("{at}: its body is no object"));
        return json!({});
    };
    for (name, value) in fields {
        match known.iter().find(|(known, _)| known == name) {
            None => contents.violation(format!("{at}: `{name}` is no field of it")),
            Some((_, fits)) if !fits(value) => contents.violation(format!("{at}: `{name}` is not {value}")),
            Some(_) => {}
        }
    }
    body
}

/// Reports the parameters of a query that are none of these.
pub(super) fn check_query(contents: &mut Contents, request: &Recorded, known: &[&str]) {
    for (name, _) in parameters(&request.query) {
        if !known.contains(&name.as_str()) {
            contents
                .violation(format!("{} {}: `{name}` is no parameter of it", request.method, request.path));
        }
    }
}

pub(super) fn are_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

pub(super) fn are_ids(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_u64))
}
