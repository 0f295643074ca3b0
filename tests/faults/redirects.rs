//! Redirects: where they lead, and what goes along.

use std::time::Duration;

use super::case::{Case, Follow, case};
use super::guard::Access;
use super::reply::Reply;
use super::upstream::On;
use super::wire::Step;

/// A redirect of a manifest to a place that is made of the other server's host.
fn to(name: &str, place: &'static str) -> Case {
    redirect(name, On::Manifest, 307, place)
}

fn redirect(name: &str, at: On, status: u16, place: &'static str) -> Case {
    case(name, at, move |_, around| {
        let own = around.heard.header("host").unwrap_or_default();
        let port = around.elsewhere.rsplit(':').next().unwrap_or_default();
        let place = place.replace("ELSEWHERE", around.elsewhere).replace("OWN", own);
        let place = place.replace("PORT", port).replace("PATH", &around.heard.path);
        Reply { bodiless: around.heard.method == "HEAD", ..Reply::of(status) }.and("Location", place).into()
    })
}

pub fn cases() -> Vec<Case> {
    let storage = |status| {
        redirect(&format!("a {status} to storage"), On::Manifest, status, "http://ELSEWHEREPATH")
            .moves()
            .may_go_elsewhere()
    };
    let mut cases: Vec<Case> = [301, 302, 303, 307, 308].map(storage).into();
    cases.extend(behind("a password", Access::Basic));
    cases.extend(behind("a token", Access::Tokens(99)));
    cases.extend(bad_too());
    cases.extend(astray());
    cases
}

/// The login stays behind.
fn behind(name: &str, access: Access) -> Vec<Case> {
    let storage = "http://ELSEWHEREPATH";
    let cases = [
        redirect(&format!("a redirect to another host, behind {name}"), On::Manifest, 307, storage),
        redirect(&format!("a redirect of a tag list to another host, behind {name}"), On::List, 302, storage),
        redirect(&format!("a redirect of a HEAD to another host, behind {name}"), On::Head, 302, storage),
        to(&format!("a redirect to a URL with a user, behind {name}"), "http://root:toor@ELSEWHEREPATH"),
    ];
    cases.map(|case| case.access(access).moves().may_go_elsewhere()).into()
}

/// Who is redirected to wants something too.
fn bad_too() -> Vec<Case> {
    vec![
        to("a redirect to who wants to see the password", "http://ELSEWHEREPATH")
            .access(Access::Basic)
            .elsewhere(|_| Reply::of(401).and("WWW-Authenticate", "Basic realm=\"cellar\""))
            .says("answered 401"),
        to("a redirect to who names a token server of its own", "http://ELSEWHEREPATH")
            .access(Access::Tokens(99))
            .elsewhere(|heard| {
                let own = heard.header("host").unwrap_or_default();
                let challenge = format!("Bearer realm=\"http://{own}/token\",service=\"cellar\"");
                Reply::of(401).and("WWW-Authenticate", challenge)
            })
            .says("answered 401"),
        to("a redirect that is sent on to where nobody listens", "http://ELSEWHERE/x")
            .access(Access::Basic)
            .elsewhere(|_| Reply::of(302).and("Location", "http://127.0.0.9:1/x"))
            .says("cannot be reached"),
        case("redirects that each take their time", On::Manifest, |_, around| {
            let reply = Reply::new(302, " ".repeat(70)).and("Location", around.heard.path.clone());
            vec![Step::Send(reply.head()), Step::Drip(reply.body, Duration::from_millis(100))]
        })
        .hurried()
        .says("was still sending after 8 s")
        .at_most(2),
    ]
}

fn astray() -> Vec<Case> {
    vec![
        to("a redirect to itself", "PATH").says("more than 5 times").at_most(6),
        to("a redirect to where nobody listens", "http://127.0.0.9:1/x").says("cannot be reached"),
        to("a redirect that leaves this machine without TLS", "http://registry.example/x")
            .says("is not HTTPS")
            .at_most(1),
        to("a redirect to a link-local address", "http://169.254.169.254/latest/meta-data")
            .says("is not HTTPS")
            .at_most(1),
        to("a redirect to a file", "file:///etc/passwd").says("is not HTTPS").at_most(1),
        to("a redirect to data", "data:application/json,{}").says("is not HTTPS").at_most(1),
        to("a redirect to FTP", "ftp://ELSEWHERE/x").says("is not HTTPS").at_most(1),
        to("a redirect to what is no URL", "http://[::1").says("not a URL").at_most(1),
        to("a redirect to nothing", "").at_most(6),
        to("a redirect to a secret of its own", "http://127.0.0.9:1/x?signature=hunter3")
            .says("http://127.0.0.9:1/x cannot be reached")
            .hides("hunter3"),
        // TLS where there is none: what was asked for in the clear may be answered in a better way.
        to("a redirect to TLS that is not there", "https://ELSEWHERE/x")
            .may_go_elsewhere()
            .hurried()
            .says("cannot be reached"),
        to("a redirect over TLS to one without", "http://OWNPATH")
            .https()
            .over(super::wire::Opening::Tls(super::authority::certificates().good.clone()))
            .says("is not HTTPS")
            .at_most(1),
        to("a redirect of another origin on this host", "http://127.0.0.1:PORT/x").says("cannot be reached"),
        redirect("a redirect of a tag that never ends", On::Head, 302, "PATH")
            .follows(Follow::Tag)
            .says("more than 5 times"),
    ]
}
