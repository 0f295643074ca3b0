//! What is answered, without the HTTP library's types.

use reqwest::header::HeaderMap;
use serde::Deserialize;
use url::Url;

use super::body::{Body, BodyReader};
use crate::model::harmless;

/// An answer, whatever its status.
#[derive(Clone)]
pub struct Response {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) url: Url,
    pub(super) body: Body,
}

impl Response {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Where the answer came from, after redirects.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The bytes, exactly as they were sent; the first of them where they were asked for in pieces.
    pub fn body(&self) -> &[u8] {
        self.body.first()
    }

    /// All bytes of one that was not asked for in pieces.
    pub fn into_body(self) -> Vec<u8> {
        self.body.into_first()
    }

    /// The bytes, to be read once.
    pub fn into_reader(self) -> BodyReader {
        self.body.into_reader()
    }

    /// The first header of this name that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// All headers of this name that are text.
    pub fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
    }

    /// What a registry says is wrong, by its code and its message (distribution-spec, "Error Codes"): text that acts on
    /// nothing, and not much of it.
    pub fn complaint(&self) -> Option<String> {
        const LENGTH: usize = 300;
        let errors = serde_json::from_slice::<Complaints>(self.body()).ok()?.errors;
        let said = errors.iter().filter_map(Complaint::text).collect::<Vec<_>>().join("; ");
        let said: String = harmless(&said).chars().take(LENGTH).collect();
        Some(said).filter(|said| !said.is_empty())
    }

    /// `Content-Type` in lower case, without its parameters.
    pub fn content_type(&self) -> Option<String> {
        let value = self.header("content-type")?.split(';').next()?;
        Some(value.trim().to_ascii_lowercase()).filter(|value| !value.is_empty())
    }
}

/// What registries answer with where they refuse something.
#[derive(Deserialize)]
struct Complaints {
    errors: Vec<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl Complaint {
    fn text(&self) -> Option<String> {
        let parts = [&self.code, &self.message].into_iter().flatten().map(|part| part.trim());
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        Some(parts.join(": ")).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_complains_of_is_told_and_kept_short() {
        let said = |body: &str| {
            let mut answer = Body::whole(body.len());
            answer.push(body.as_bytes());
            let url = Url::parse("https://r.example/v2/").unwrap();
            Response { status: 403, headers: HeaderMap::new(), url, body: answer }.complaint()
        };
        let denied = r#"{"errors":[{"code":"DENIED","message":"no \u001b[2J push"},{"code":"UNSUPPORTED","detail":{}}]}"#;
        assert_eq!(said(denied).unwrap(), r"DENIED: no \u{1b}[2J push; UNSUPPORTED");
        let long = format!(r#"{{"errors":[{{"message":"{}"}}]}}"#, "x".repeat(9999));
        assert_eq!(said(&long).unwrap().len(), 300);
        for nothing in ["", "<html>", "{}", r#"{"errors":[]}"#, r#"{"errors":[{}]}"#] {
            assert_eq!(said(nothing), None, "{nothing}");
        }
    }
}
