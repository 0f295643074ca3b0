//! The published description of GitHub's API (OpenAPI 3.0), and whether requests and answers fit it.
//!
//! It comes with the npm package `@octokit/openapi`; `scripts/github-api` brings it to `target/github-api`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::{Value, json};

use super::super::registry::Recorded;
use super::parameters;

const PLACE: &str = "http://github/api.json";
const FILE: &str = "target/github-api/package/generated/api.github.com.json";

/// What of the API is asked here: the schemas of the rest are not compiled, of which there are thousands.
const USED: &[(&str, &[&str])] = &[
    ("/repos/{owner}/{repo}/pulls", &["get", "post"]),
    ("/repos/{owner}/{repo}/pulls/{pull_number}", &["get", "patch"]),
    ("/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", &["post"]),
    ("/repos/{owner}/{repo}/issues/{issue_number}", &["get"]),
    ("/repos/{owner}/{repo}/issues/{issue_number}/labels", &["post"]),
    ("/repos/{owner}/{repo}/issues/{issue_number}/comments", &["post"]),
];

/// The error that every operation can answer with.
const ERROR: &str = "/components/schemas/basic-error";

pub struct Description {
    document: Value,
    schemas: Schemas,
    /// By JSON pointer.
    compiled: HashMap<String, SchemaIndex>,
}

/// A path of the description with a method.
pub struct Operation {
    path: String,
    method: String,
    value: Value,
}

impl Operation {
    /// Where its parts are, as a JSON pointer.
    fn pointer(&self, rest: &str) -> String {
        let path = self.path.replace('~', "~0").replace('/', "~1");
        format!("/paths/{path}/{}{rest}", self.method)
    }

    fn body(&self) -> String {
        self.pointer("/requestBody/content/application~1json/schema")
    }

    /// Where the schema of an answer is, which may be one that several operations share.
    fn answer(&self, status: &str, declared: &Value) -> Option<String> {
        const CONTENT: &str = "/content/application~1json/schema";
        match declared["$ref"].as_str() {
            Some(shared) => Some(format!("{}{CONTENT}", shared.trim_start_matches('#'))),
            None if declared["content"]["application/json"].is_null() => None,
            None => Some(self.pointer(&format!("/responses/{status}{CONTENT}"))),
        }
    }
}

impl Description {
    pub fn of_github() -> &'static Self {
        static READ: OnceLock<Description> = OnceLock::new();
        READ.get_or_init(|| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
            let text = fs::read(&path).unwrap_or_else(|error| {
                panic!("the description of GitHub's API is not in {FILE} ({error}): run scripts/github-api")
            });
            Self::new(serde_json::from_slice(&text).unwrap())
        })
    }

    fn new(mut document: Value) -> Self {
        close_bodies(&mut document);
        as_draft_4(&mut document);
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.set_default_draft(Draft::V4);
        compiler.enable_format_assertions();
        compiler.add_resource(PLACE, document.clone()).unwrap();
        let compiled = pointers(&document).into_iter().map(|pointer| {
            let location = format!("{PLACE}#{}", pointer.replace('{', "%7B").replace('}', "%7D"));
            let index = compiler.compile(&location, &mut schemas);
            (pointer, index.unwrap_or_else(|error| panic!("{location}: {error}")))
        });
        let compiled = compiled.collect();
        Self { document, schemas, compiled }
    }

    /// A published example.
    pub fn example(&self, name: &str) -> &Value {
        let value = &self.document["components"]["examples"][name]["value"];
        assert!(!value.is_null(), "there is no example {name}");
        value
    }

    /// Whether a request for `path` is one that the API has.
    pub fn check_request(&self, request: &Recorded, path: &str) -> Result<Operation, String> {
        let operation = self.operation(&request.method, path)?;
        self.check_parameters(&operation, request, path)?;
        check_headers(request)?;
        let content = self.resolved(&operation.value["requestBody"])["content"]["application/json"].clone();
        match (content.is_null(), request.body.is_empty()) {
            (true, true) => Ok(operation),
            (true, false) => Err("it has a body, and takes none".into()),
            (false, true) => Err("it lacks a body".into()),
            (false, false) => {
                if request.header("content-type") != Some("application/json") {
                    return Err("its body is not announced as JSON".into());
                }
                let body: Value = serde_json::from_str(&request.body).map_err(|error| error.to_string())?;
                self.check(&operation.body(), &body)?;
                Ok(operation)
            }
        }
    }

    /// Whether this is an answer to that. What the description leaves out for every operation (no token, a failing
    /// server) is held against the error that all have.
    pub fn check_answer(&self, operation: &Operation, status: u16, body: &Value) -> Result<(), String> {
        let declared = &operation.value["responses"][status.to_string()];
        if declared.is_null() && status < 400 {
            return Err(format!("{status} is no answer of it"));
        }
        let schema = operation.answer(&status.to_string(), declared).unwrap_or_else(|| ERROR.into());
        self.check(&schema, body).map_err(|error| format!("{status}: {error}"))
    }

    fn operation(&self, method: &str, path: &str) -> Result<Operation, String> {
        let paths = self.document["paths"].as_object().unwrap();
        let fits = |template: &str| {
            let (template, path): (Vec<_>, Vec<_>) =
                (template.split('/').collect(), path.split('/').collect());
            let same = |(template, segment): (&&str, &&str)| {
                template == segment || (template.starts_with('{') && !segment.is_empty())
            };
            template.len() == path.len() && template.iter().zip(&path).all(same)
        };
        // What is literal goes before what is not.
        let template =
            paths.keys().filter(|template| fits(template)).min_by_key(|path| path.matches('{').count());
        let template = template.ok_or("no such path")?;
        let method = method.to_ascii_lowercase();
        let value = paths[template][&method].clone();
        match value.is_null() {
            true => Err(format!("{template} has no such method")),
            false => Ok(Operation { path: template.clone(), method, value }),
        }
    }

    fn check_parameters(&self, operation: &Operation, request: &Recorded, path: &str) -> Result<(), String> {
        let own = operation.value["parameters"].as_array().cloned().unwrap_or_default();
        let shared =
            self.document["paths"][&operation.path]["parameters"].as_array().cloned().unwrap_or_default();
        let declared: Vec<Value> = own.iter().chain(&shared).map(|p| self.resolved(p).clone()).collect();
        let mut given: HashMap<(&str, String), String> = HashMap::new();
        for (name, value) in parameters(&request.query) {
            if given.insert(("query", name.clone()), value).is_some() {
                return Err(format!("`{name}` is given twice"));
            }
        }
        for (template, segment) in operation.path.split('/').zip(path.split('/')) {
            if let Some(name) = template.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                given.insert(("path", name.into()), segment.into());
            }
        }
        for parameter in &declared {
            let (place, name) = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
            match given.remove(&(place, name.to_owned())) {
                Some(value) => check_parameter(name, &value, self.resolved(&parameter["schema"]))?,
                None if parameter["required"] == json!(true) => return Err(format!("`{name}` is missing")),
                None => {}
            }
        }
        match given.keys().next() {
            Some((place, name)) => Err(format!("`{name}` is no parameter of its {place}")),
            None => Ok(()),
        }
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    fn check(&self, pointer: &str, value: &Value) -> Result<(), String> {
        let index = self.compiled.get(pointer).ok_or_else(|| format!("{pointer} is not in USED"))?;
        self.schemas.validate(value, *index).map_err(|error| format!("{error:#}"))
    }
}

/// Where the schemas of what is used are.
fn pointers(document: &Value) -> Vec<String> {
    let mut pointers = vec![ERROR.to_owned()];
    for (path, methods) in USED {
        for method in *methods {
            let value = document["paths"][path][method].clone();
            let operation = Operation { path: (*path).into(), method: (*method).into(), value };
            let answers = operation.value["responses"].as_object().unwrap();
            pointers
                .extend(answers.iter().filter_map(|(status, declared)| operation.answer(status, declared)));
            pointers.push(operation.body());
        }
    }
    // Not everything has a body, and not every shared answer either.
    pointers.retain(|pointer| document.pointer(pointer).is_some());
    pointers.sort();
    pointers.dedup();
    pointers
}

/// What is asked of every request, in the words of GitHub's manual.
fn check_headers(request: &Recorded) -> Result<(), String> {
    match (request.header("accept"), request.header("x-github-api-version")) {
        (Some("application/vnd.github+json"), Some("2022-11-28")) => Ok(()),
        other => Err(format!("it does not say what it accepts, and which version: {other:?}")),
    }
}

fn check_parameter(name: &str, value: &str, schema: &Value) -> Result<(), String> {
    let fits = match schema["type"].as_str() {
        Some("integer") => value.parse::<i64>().is_ok_and(|number| number > 0),
        Some("boolean") => matches!(value, "true" | "false"),
        _ => schema["enum"].as_array().is_none_or(|words| words.contains(&json!(value))),
    };
    match fits {
        true => Ok(()),
        false => Err(format!("`{name}` cannot be `{value}`")),
    }
}

/// A request has no fields but those that are described: GitHub would ignore them, and so would nobody notice.
fn close_bodies(document: &mut Value) {
    fn close(schema: &mut Value) {
        for part in ["oneOf", "anyOf"] {
            schema.get_mut(part).and_then(Value::as_array_mut).into_iter().flatten().for_each(close);
        }
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema["additionalProperties"] = json!(false);
        }
    }
    for path in document["paths"].as_object_mut().unwrap().values_mut() {
        for operation in path.as_object_mut().unwrap().values_mut() {
            if let Some(schema) = operation.pointer_mut("/requestBody/content/application~1json/schema") {
                close(schema);
            }
        }
    }
}

/// OpenAPI 3.0's schemas are those of JSON Schema's draft 4 but for `nullable`.
fn as_draft_4(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(as_draft_4),
        Value::Object(fields) => {
            fields.values_mut().for_each(as_draft_4);
            if fields.get("nullable") == Some(&json!(true)) {
                fields.remove("nullable");
                let schema = std::mem::take(value);
                *value = json!({ "anyOf": [schema, { "type": "null" }] });
            }
        }
        _ => {}
    }
}
