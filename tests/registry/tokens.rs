//! A registry that wants tokens: Docker Distribution checks the signature of each that a small server here gives.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::json;
use tempfile::TempDir;

use crate::certs::openssl;
use crate::company::{Company, ELSEWHERE, NAME};
use crate::front::{Front, passes_to};
use crate::serve::Server;
use crate::server::{AUTH, Access, Second};

/// What the tokens of one test are.
#[derive(Clone, Copy)]
struct Given {
    /// What the server says of how long they are good, in seconds.
    said: u64,
    /// How many are long over, before there are good ones.
    stale: usize,
}

/// A request for a token: its query or its form, and its `Authorization`.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) text: String,
    pub(crate) authorization: Option<String>,
}

/// A token server, and the key that the registry trusts.
pub(crate) struct TokenServer {
    server: Server,
    folder: Arc<TempDir>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl TokenServer {
    fn start(given: Given) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        openssl(
            folder.path(),
            "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=tokens",
        );
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (kept, files) = (Arc::clone(&asked), Arc::clone(&folder));
        let answer = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let query = uri.query().unwrap_or_default().to_owned();
            let text = if body.is_empty() { query } else { String::from_utf8(body.to_vec()).unwrap() };
            let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
            let count = {
                let mut kept = kept.lock().unwrap();
                kept.push(Asked { method, text, authorization });
                kept.len()
            };
            let token = token(&files, count <= given.stale);
            let body = json!({ "token": token, "expires_in": given.said }).to_string();
            std::future::ready((StatusCode::OK, [("content-type", "application/json")], body))
        };
        let server = Server::start(axum::Router::new().fallback(answer));
        Self { server, folder, asked }
    }

    /// What the registry has under `auth`, for tokens of this realm.
    fn auth(&self, realm: &str) -> String {
        let certificate = self.folder.path().join("cert.pem");
        format!(
            "{{token: {{realm: \"{realm}\", service: cellar, issuer: bodega, rootcertbundle: \"{}\"}}}}",
            certificate.display()
        )
    }

    /// Every request up to now.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// A token for pulling `library/app`, signed by openssl; `stale` ones were good an hour ago.
fn token(folder: &TempDir, stale: bool) -> String {
    let file = |name: &str| folder.path().join(name);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
        - Duration::from_secs(if stale { 7200 } else { 10 });
    let begins = now.as_secs();
    let certificate = fs::read_to_string(file("cert.pem")).unwrap();
    let certificate: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let header = json!({ "typ": "JWT", "alg": "RS256", "x5c": [certificate] });
    let claims = json!({
        "iss": "bodega", "sub": "reader", "aud": "cellar", "jti": "1",
        "iat": begins, "nbf": begins, "exp": begins + 3600,
        "access": [{ "type": "repository", "name": "library/app", "actions": ["pull"] }],
    });
    let signed = [header, claims].map(|part| base64url(part.to_string().as_bytes())).join(".");
    fs::write(file("signed"), &signed).unwrap();
    openssl(folder.path(), "dgst -sha256 -sign key.pem -out signature signed");
    format!("{signed}.{}", base64url(&fs::read(file("signature")).unwrap()))
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letters = |chunk: &[u8]| {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let all = [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift) as usize & 63]));
        all.into_iter().take(chunk.len() + 1).collect::<String>()
    };
    bytes.chunks(3).map(letters).collect()
}

/// A company whose registry wants tokens, from the token server that nginx has at `realm`.
pub(crate) struct Guarded {
    pub(crate) company: Company,
    pub(crate) tokens: TokenServer,
    _registry: Second,
}

impl Guarded {
    fn new(realm: &'static str, given: Given) -> Self {
        let tokens = TokenServer::start(given);
        let mut second = None;
        let company = Company::with(Access::Open, &mut |authority, registry| {
            let certificate = authority.gives("registry", &format!("DNS:{NAME},DNS:{ELSEWHERE}"));
            Front::start(&certificate, &mut |port| {
                // The registry names this port to those who ask it.
                let guarded = registry.guarded_by(&tokens.auth(&format!("https://{realm}:{port}/token")));
                let rules = passes_to(&guarded.host);
                second = Some(guarded);
                vec![("_", format!("location /token {{ proxy_pass {}; }}\n{rules}", tokens.server.url()))]
            })
        });
        Self { company, tokens, _registry: second.unwrap() }
    }

    /// One on the registry's own host, whose tokens are good for a while.
    pub(crate) fn usual() -> Self {
        Self::new(NAME, Given { said: 300, stale: 0 })
    }
}

#[test]
fn one_token_is_good_for_a_run() {
    let mut guarded = Guarded::usual();
    let _squid = guarded.company.proxy();
    guarded.company.locks();
    let asked = guarded.tokens.asked();
    let [only] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((&only.method, &only.authorization), (&Method::GET, &None), "anonymous");
    assert_eq!(only.text, "service=cellar&scope=repository%3Alibrary%2Fapp%3Apull");
}

#[test]
fn a_login_is_shown_to_the_token_server_and_no_farther() {
    let mut guarded = Guarded::usual();
    let _squid = guarded.company.proxy();
    let host = guarded.company.host();
    guarded.company.workspace.log_in_at(&host, AUTH);
    guarded.company.locks();
    let asked = guarded.tokens.asked();
    assert_eq!(asked[0].authorization.as_deref(), Some(format!("Basic {AUTH}").as_str()));
    assert!(!asked[0].text.contains("reader"), "{asked:?}");
}

#[test]
fn a_token_that_ends_is_followed_by_another() {
    // At once, by what its server says.
    let mut guarded = Guarded::new(NAME, Given { said: 0, stale: 0 });
    let _squid = guarded.company.proxy();
    guarded.company.locks();
    assert!(guarded.tokens.asked().len() > 1, "{:?}", guarded.tokens.asked());
    // Before its time, by what the registry says.
    let mut guarded = Guarded::new(NAME, Given { said: 300, stale: 1 });
    let _squid = guarded.company.proxy();
    guarded.company.locks();
    assert_eq!(guarded.tokens.asked().len(), 2);
    // But one whose tokens are never good is not asked for ever.
    let mut guarded = Guarded::new(NAME, Given { said: 300, stale: 9 });
    let _squid = guarded.company.proxy();
    guarded.company.workspace.run("refresh").ended(3).says("answered 401").says(&guarded.company.host());
    assert_eq!(guarded.tokens.asked().len(), 2);
}

#[test]
fn a_token_server_on_another_domain_is_declared() {
    let mut guarded = Guarded::new(ELSEWHERE, Given { said: 300, stale: 0 });
    let squid = guarded.company.proxy();
    let host = guarded.company.host();
    guarded.company.workspace.log_in_at(&host, AUTH);
    let refused = guarded.company.workspace.run("refresh").ended(3);
    refused.says("is on another domain and not declared").says(ELSEWHERE);
    assert!(guarded.tokens.asked().is_empty());
    let (port, ca) = (guarded.company.front.port, guarded.company.ca());
    guarded.company.asks(&host, &format!("realm = \"https://{ELSEWHERE}:{port}\"\n{ca}"));
    guarded.company.locks();
    assert_eq!(guarded.tokens.asked().len(), 1);
    squid.was_asked(&format!("CONNECT {ELSEWHERE}:{port} - 200"));
}

/// The file of a helper that gives what `user` and `secret` say, and notes what it was asked for in `asked`.
pub(crate) fn helper(company: &Company, user: &str, secret: &str) -> (PathBuf, PathBuf) {
    let asked = company.workspace.keep("helpers/asked", "");
    let script = format!(
        "#!/bin/sh\nread host\necho \"$1 $host\" >> '{}'\necho '{{\"ServerURL\":\"'$host'\",\"Username\":\"{user}\",\
         \"Secret\":\"{secret}\"}}'\n",
        asked.display()
    );
    let file = company.workspace.keep("helpers/docker-credential-cellar", &script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&file, mode).unwrap();
    (file.parent().unwrap().into(), asked)
}
