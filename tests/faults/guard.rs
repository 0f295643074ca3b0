//! Who may read: a password, or a token of the server's own token server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::binary::base64;
use super::reply::Reply;
use super::upstream::On;
use super::wire::Heard;

/// The one user.
pub const USER: &str = "pinner";

/// What a server wants to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Open,
    Basic,
    /// A token that a password is exchanged for, and how often each is good.
    Tokens(usize),
}

/// Answers 401 to who shows nothing good, and gives tokens out.
pub struct Guard {
    access: Access,
    /// The `Authorization` of the one user.
    password: String,
    /// Tokens with how often they were shown.
    tokens: HashMap<String, usize>,
    secrets: Arc<Mutex<Vec<String>>>,
    base: String,
}

impl Guard {
    pub fn new(access: Access, password: &str, secrets: Arc<Mutex<Vec<String>>>) -> Self {
        let base = format!("token-of-{password}");
        let password = format!("Basic {}", base64(&format!("{USER}:{password}")));
        Self { access, password, tokens: HashMap::new(), secrets, base }
    }

    pub fn answer(&mut self, heard: &Heard, honest: Reply) -> Reply {
        let shown = heard.header("authorization").unwrap_or_default();
        let host = heard.header("host").unwrap_or_default();
        let refused = |challenge: String| {
            let reply = Reply { bodiless: heard.method == "HEAD", ..Reply::new(401, "{}") };
            reply.and("WWW-Authenticate", challenge)
        };
        let access = self.access;
        match access {
            Access::Open => honest,
            Access::Basic if shown == self.password => honest,
            Access::Basic => refused("Basic realm=\"cellar\"".into()),
            Access::Tokens(_) if On::of(heard) == On::Token && shown == self.password => self.token(),
            Access::Tokens(_) if On::of(heard) == On::Token => refused("Basic realm=\"cellar\"".into()),
            Access::Tokens(times) if self.is_good(shown, times) => honest,
            Access::Tokens(_) => refused(format!("Bearer realm=\"http://{host}/token\",service=\"cellar\"")),
        }
    }

    fn is_good(&mut self, shown: &str, times: usize) -> bool {
        let Some(token) = shown.strip_prefix("Bearer ") else { return false };
        match self.tokens.get_mut(token) {
            Some(shown) => {
                *shown += 1;
                *shown <= times
            }
            None => false,
        }
    }

    fn token(&mut self) -> Reply {
        let token = format!("{}-{}", self.base, self.tokens.len());
        self.tokens.insert(token.clone(), 0);
        self.secrets.lock().unwrap().push(token.clone());
        let answer = serde_json::json!({"token": token, "expires_in": 3600}).to_string();
        Reply::new(200, answer).and("Content-Type", "application/json")
    }
}
