//! An answer as it is written on the wire, before something is done to it.

use super::wire::{Script, Step};

/// An honest answer, or what is made of one.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Of a HEAD: its length is said, and it is not sent.
    pub bodiless: bool,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), bodiless: false }
    }

    pub fn of(status: u16) -> Self {
        Self::new(status, "")
    }

    pub fn html() -> Self {
        Self::new(200, "<!DOCTYPE html><title>Sign in</title>").set("Content-Type", "text/html")
    }

    /// Adds a header, beside others of its name.
    #[must_use]
    pub fn and(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Replaces a header.
    #[must_use]
    pub fn set(self, name: &str, value: impl Into<String>) -> Self {
        self.without(name).and(name, value)
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self
    }

    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Status line and headers, with the end of them.
    pub fn head(&self) -> Vec<u8> {
        let named = |name: &str| self.headers.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        let mut head = format!("HTTP/1.1 {} Whatever\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !named("content-length") && !named("transfer-encoding") {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        (head + "\r\n").into_bytes()
    }

    pub fn bytes(&self) -> Vec<u8> {
        match self.bodiless {
            true => self.head(),
            false => [self.head(), self.body.clone()].concat(),
        }
    }

    /// The first of it, in tenths.
    pub fn tenths(&self, tenths: usize) -> Vec<u8> {
        [&self.head()[..], &self.body[..self.body.len() * tenths / 10]].concat()
    }

    /// The body in chunks.
    #[must_use]
    pub fn chunked(self) -> Self {
        let mut body = format!("{:x}\r\n", self.body.len()).into_bytes();
        body.extend_from_slice(&self.body);
        body.extend_from_slice(b"\r\n0\r\n\r\n");
        self.set("Transfer-Encoding", "chunked").body(body)
    }

    /// What is sent as it should be.
    pub fn script(&self) -> Script {
        vec![Step::Send(self.bytes())]
    }
}

impl From<Reply> for Script {
    fn from(reply: Reply) -> Self {
        reply.script()
    }
}
