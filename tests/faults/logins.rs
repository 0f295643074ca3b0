//! Registries that want a login, and token servers that fail.

use super::case::{Case, case};
use super::guard::Access;
use super::reply::Reply;
use super::upstream::On;
use super::wire::{Script, Step};

/// A token server's answer.
fn token(name: &str, with: impl Fn(Reply) -> Script + Send + Sync + 'static) -> Case {
    case(name, On::Token, move |honest, _| with(honest)).access(Access::Tokens(99))
}

/// A realm that is made of the other server's host.
fn realm(name: &str, at: &'static str) -> Case {
    case(name, On::List, move |_, around| {
        let port = around.good.rsplit(':').next().unwrap_or_default();
        let realm = at.replace("ELSEWHERE", around.elsewhere).replace("PORT", port);
        Reply::of(401).and("WWW-Authenticate", format!("Bearer realm=\"{realm}\",service=\"cellar\"")).into()
    })
    .at_most(1)
}

pub fn cases() -> Vec<Case> {
    let mut cases = tokens();
    cases.extend(realms());
    cases.extend(in_the_middle());
    cases
}

fn tokens() -> Vec<Case> {
    let json = |text: &str| Reply::new(200, text).and("Content-Type", "application/json");
    let (empty, without) = (json(r#"{"token": ""}"#), json("{}"));
    let (feeds, not_text) = (json(r#"{"token": "a\r\nX-Evil: b"}"#), json(r#"{"token": ["a"]}"#));
    let blank = json(r#"{"token": "two words"}"#);
    let mut cases: Vec<Case> = [400, 404, 418]
        .map(|status| {
            token(&format!("a token server that answers {status}"), move |_| Reply::of(status).into())
                .says("gave no token")
                .at_most(1)
        })
        .into();
    cases.extend([500, 503].map(|status| {
        token(&format!("a token server that answers {status}"), move |_| Reply::of(status).into())
            .says("answered")
            .at_most(3)
    }));
    cases.extend([401, 403].map(|status| {
        token(&format!("a token server that answers {status}"), move |_| Reply::of(status).into())
            .says("docker login")
            .at_most(1)
    }));
    cases.extend([
        token("a token server that shows a page", |_| Reply::html().into()).says("gave no token").at_most(1),
        token("a token that is empty", move |_| empty.clone().into()).says("gave no token").at_most(1),
        token("no token", move |_| without.clone().into()).says("gave no token").at_most(1),
        token("a token with line feeds", move |_| feeds.clone().into()).says("gave no token").at_most(1),
        token("a token of two words", move |_| blank.clone().into()).says("gave no token").at_most(1),
        token("a token that is a list", move |_| not_text.clone().into()).says("gave no token").at_most(1),
        token("a token without end", |_| {
            let head = b"HTTP/1.1 200 OK\r\n\r\n{\"token\": \"".to_vec();
            vec![Step::Send(head), Step::Forever(vec![b'a'; 1 << 16])]
        })
        .says("sent more than"),
        token("a token that breaks off", |honest| vec![Step::Send(honest.tenths(5)), Step::Reset]).at_most(3),
        token("a token server that says nothing", |_| vec![Step::Stall])
            .hurried()
            .says("no answer within 2 s"),
        token("a token that comes slowly, and comes", |honest| {
            vec![Step::Send(honest.head()), Step::Drip(honest.body, std::time::Duration::from_millis(1))]
        })
        .moves(),
        token("a token that says that it has expired", |honest| {
            let body = String::from_utf8(honest.body.clone()).unwrap();
            honest.body(body.replace("3600", "0")).into()
        })
        .moves(),
        token("a token whose life is nonsense", |honest| {
            let body = String::from_utf8(honest.body.clone()).unwrap();
            honest.body(body.replace("3600", "-1e99")).into()
        })
        .moves(),
    ]);
    cases
}

fn realms() -> Vec<Case> {
    vec![
        realm("a realm on another host", "http://ELSEWHERE/token").says("not declared"),
        realm("a realm on another name of this machine", "http://localhost:PORT/token").says("not declared"),
        realm("a realm at a link-local address", "http://169.254.169.254/latest/api/token")
            .says("not declared"),
        realm("a realm on another domain", "https://auth.example/token").says("not declared"),
        realm("a realm in a file", "file:///etc/passwd").says("without saying how to log in"),
        realm("a realm with another's password", "http://root:toor@ELSEWHERE/token").says("not declared"),
        realm("a realm that is no URL", "/token").says("without saying how to log in"),
        realm("a realm that sends escapes to a terminal", "http://\u{1b}[2J/token").at_most(3),
        case("a token server that sends on to another host", On::Token, |_, around| {
            Reply::of(307).and("Location", format!("http://{}/token", around.elsewhere)).into()
        })
        .access(Access::Tokens(99))
        .says("where this request does not go")
        .at_most(1),
        case("a token server that sends on to itself", On::Token, |_, around| {
            let path = format!("{}?{}&x=1", around.heard.path, around.heard.query);
            Reply::of(302).and("Location", path).into()
        })
        .access(Access::Tokens(99))
        .says("more than 5 times")
        .at_most(6),
    ]
}

fn in_the_middle() -> Vec<Case> {
    let challenge = |rest: &'static str| {
        move |_: Reply, around: &super::case::Around<'_>| -> Script {
            let own = around.heard.header("host").unwrap_or_default();
            let challenge = format!("Bearer realm=\"http://{own}/token\",service=\"cellar\"{rest}");
            Reply::of(401).and("WWW-Authenticate", challenge).into()
        }
    };
    vec![
        case("tokens that are good once", On::Other, |honest, _| honest.into())
            .access(Access::Tokens(1))
            .moves(),
        case("tokens that are good never", On::Manifest, |honest, _| honest.into())
            .access(Access::Tokens(0))
            .says("does not exist, or is private"),
        case("a registry that forgets its tokens", On::Manifest, challenge(""))
            .access(Access::Tokens(99))
            .says("does not exist, or is private")
            .at_most(3),
        case("a scope that is not enough", On::Manifest, challenge(",error=\"insufficient_scope\""))
            .access(Access::Tokens(99))
            .says("does not exist, or is private")
            .at_most(3),
        case("another password wanted in the middle", On::Manifest, |_, _| {
            Reply::of(401).and("WWW-Authenticate", "Basic realm=\"another\"").into()
        })
        .access(Access::Basic)
        .says("does not exist, or is private")
        .at_most(2),
        case("a password is forbidden in the end", On::Manifest, |_, _| Reply::of(403).into())
            .access(Access::Basic)
            .says("not allowed"),
        case("a password over a connection that is reset", On::Manifest, |_, _| vec![Step::Reset])
            .access(Access::Basic)
            .at_most(3),
    ]
}
