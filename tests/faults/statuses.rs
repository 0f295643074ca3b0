//! Every status that a registry, or something in front of one, may answer with.

use std::time::Duration;

use super::case::{Case, Follow, case, reply};
use super::reply::Reply;
use super::upstream::On;
use super::wire::Step;

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // Which no registry has a reason for, or that another attempt does not change.
    for status in
        [101, 201, 202, 203, 204, 205, 206, 300, 305, 306, 400, 402, 406, 409, 410, 412, 413, 416, 418]
    {
        cases.push(reply(format!("a manifest is answered {status}"), On::Manifest, Reply::of(status)));
    }
    for status in [421, 431, 451, 501, 505, 511, 599] {
        cases.push(reply(format!("a manifest is answered {status}"), On::Manifest, Reply::of(status)));
    }
    cases = cases.into_iter().map(|case| case.says("answered").at_most(1)).collect();
    cases.push(
        case("a continuation that nobody waits for, then the manifest", On::Manifest, |honest, _| {
            let before =
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec();
            let mut script = vec![Step::Send(before)];
            script.extend(honest.script());
            script
        })
        .moves(),
    );
    cases.push(
        reply("a continuation after which nothing comes", On::Manifest, Reply::of(199))
            .hurried()
            .says("no answer within 2 s")
            .at_most(3),
    );
    cases.push(
        case("continuations without end", On::Manifest, |_, _| {
            let hint = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(1000);
            vec![Step::Drip(hint, Duration::from_millis(1))]
        })
        .hurried(),
    );
    for status in [408, 500, 502, 503, 504] {
        let failing =
            reply(format!("a manifest is answered {status} each time"), On::Manifest, Reply::of(status));
        cases.push(failing.says("tried 3 times").says("run it again later").at_most(3));
    }
    cases.push(
        case("a 503 goes away by itself", On::Manifest, |honest, around| match around.before {
            0 | 1 => Reply::of(503).into(),
            _ => honest.into(),
        })
        .moves(),
    );
    cases.extend(redirects_and_refusals());
    cases.extend(rates());
    cases.extend(of_heads());
    cases.extend(of_lists());
    cases
}

fn redirects_and_refusals() -> Vec<Case> {
    let redirect = |status| {
        reply(format!("a {status} that says not where to"), On::Manifest, Reply::of(status))
            .says("answered 3")
    };
    let mut cases: Vec<Case> = [301, 302, 303, 307, 308].map(redirect).into();
    cases.extend([
        reply("a 304 that nobody asked for", On::Manifest, Reply::of(304)).says("answered 304"),
        reply("a 401 without a challenge", On::Manifest, Reply::of(401)).says("without saying how to log in"),
        reply(
            "a 401 whose challenge is nonsense",
            On::Manifest,
            Reply::of(401).and("WWW-Authenticate", "=,=\"\\, Bearer realm=not a URL"),
        )
        .says("without saying how to log in"),
        reply(
            "a 401 in a scheme that nobody speaks",
            On::Manifest,
            Reply::of(401).and("WWW-Authenticate", "Negotiate, Digest realm=\"x\", qop=\"auth\""),
        )
        .says("without saying how to log in"),
        reply("a 403", On::Manifest, Reply::of(403)).says("not allowed").says("docker login"),
        // A tag that is listed, and not there: a registry that is about to forget it.
        reply("a 404 for a tag that is listed", On::Manifest, Reply::of(404)).ends(0),
        reply("a sign-in page with status 200", On::Manifest, Reply::html()).says("text/html"),
    ]);
    cases
}

/// Whatever is asked of us is waited for no longer than the user allows, which here is a second.
fn rates() -> Vec<Case> {
    let pause = |name: &str, value: &str| {
        let refused = Reply::of(429).and("Retry-After", value);
        let name = format!("a 429 that asks for {name}");
        reply(name, On::Manifest, refused).says("rate limited").says("ask less often")
    };
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    vec![
        reply("a 429 without a pause", On::Manifest, Reply::of(429)).says("rate limited").at_most(3),
        pause("a second", "1").at_most(3),
        pause("no time at all", "0").at_most(3),
        pause("a pause that is over", "-30").at_most(3),
        pause("more seconds than there are", "99999999999999999999999").at_most(3),
        pause("a year", "31536000").at_most(3),
        pause("nonsense", "soon; or later").at_most(3),
        pause("a date, and says not when it is now", date).at_most(3),
        reply(
            "a 429 that asks for a date",
            On::Manifest,
            Reply::of(429).and("Retry-After", "Sun, 06 Nov 1994 08:49:38 GMT").and("Date", date),
        )
        .says("rate limited")
        .at_most(3),
        reply("a 503 that asks for a year", On::Manifest, Reply::of(503).and("Retry-After", "31536000"))
            .at_most(3),
        case("a 429 that is over after its pause", On::Manifest, |honest, around| match around.before {
            0 => Reply::of(429).and("Retry-After", "1").into(),
            _ => honest.into(),
        })
        .moves()
        .at_most(2),
    ]
}

fn of_heads() -> Vec<Case> {
    let bodiless = |status| Reply { bodiless: true, ..Reply::of(status) };
    let mut cases: Vec<Case> = [405, 501]
        .map(|status| reply(format!("HEAD is refused with {status}"), On::Head, bodiless(status)).moves())
        .into();
    for status in [204, 304, 400, 403, 406, 429, 500, 599] {
        cases.push(reply(format!("HEAD is answered {status}"), On::Head, bodiless(status)).says("answered"));
    }
    // Nothing else could take the place of the one tag that is followed.
    cases.push(reply("HEAD is answered 404", On::Head, bodiless(404)).ends(4));
    cases
}

fn of_lists() -> Vec<Case> {
    let mut cases = Vec::new();
    for status in [204, 206, 304, 400, 404, 500, 501] {
        cases.push(
            reply(format!("a tag list is answered {status}"), On::List, Reply::of(status)).says("answered"),
        );
    }
    cases.push(reply("a tag list is a sign-in page", On::List, Reply::html()).says("text/html"));
    cases.push(
        reply("a tag list is nothing at all", On::List, Reply::of(200))
            .says("not a tag list")
            .follows(Follow::Versions),
    );
    cases
}
