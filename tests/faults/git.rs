//! Git servers over HTTP.

use std::time::Duration;

use super::case::{Case, Follow, case, opening, reply};
use super::reply::Reply;
use super::upstream::{COMMITS, On, git_capabilities, git_references, packet};
use super::wire::{Opening, Script, Step};

const REFS: &str = "application/x-git-upload-pack-advertisement";
const RESULT: &str = "application/x-git-upload-pack-result";

/// A first message, framed as given.
fn first(name: &str, message: impl Into<Vec<u8>>) -> Case {
    reply(name, On::Refs, Reply::new(200, message).and("Content-Type", REFS)).at_most(1)
}

/// An answer to the request for references.
fn listed(name: &str, message: impl Into<Vec<u8>>) -> Case {
    reply(name, On::Command, Reply::new(200, message).and("Content-Type", RESULT)).at_most(1)
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![case("a git server as it should be", On::Refs, |honest, _| honest.into()).moves()];
    cases.extend(messages());
    cases.extend(statuses());
    cases.extend(answers());
    cases.extend(connections());
    cases
}

fn messages() -> Vec<Case> {
    let capabilities = git_capabilities();
    let without = capabilities.replace(&packet("ls-refs\n"), "");
    let version = capabilities.replace("version 2", "version 7");
    let half = &capabilities[..capabilities.len() / 2];
    let zero = |id: &str| {
        let line = packet(&format!("{id} refs/tags/v1.1\0side-band-64k agent=git/1\n"));
        format!("{}0000{line}0000", packet("# service=git-upload-pack\n"))
    };
    let mut cases: Vec<Case> = (0..5)
        .map(|fifths| {
            let cut = &capabilities[..capabilities.len() * fifths / 5];
            first(&format!("a first message of {fifths} fifths"), cut)
        })
        .collect();
    cases.extend([
        first("a first message in the middle of a packet", half),
        first("a first message without its last flush", &capabilities[..capabilities.len() - 4])
            .says("no end"),
        first("a git server that lists no references", without).says("does not list references"),
        first("a version of the future", version).says("version 7"),
        first("a packet of a length that is none", "zzzz").says("hexadecimal"),
        first("a packet that is longer than all there is", "ffff# service"),
        first("a complaint instead of references", packet("ERR access \x1b[31mdenied\n") + "0000")
            .says("it says: access"),
        first("an object id that is none", zero("zz")).says("not an object id"),
        // Of two tags that are locked and followed, one has vanished: a git tag never may.
        first("references of the old protocol, and the locked one is gone", zero(COMMITS[1].1)).ends(4),
    ]);
    cases
}

fn statuses() -> Vec<Case> {
    vec![
        reply(
            "a dumb server",
            On::Refs,
            Reply::new(200, format!("{}\trefs/tags/v1.1\n", COMMITS[1].1)).and("Content-Type", "text/plain"),
        )
        .says("not git's smart HTTP protocol"),
        reply(
            "another service",
            On::Refs,
            Reply::new(200, git_capabilities())
                .and("Content-Type", "application/x-git-receive-pack-advertisement"),
        )
        .says("not git's smart HTTP protocol"),
        reply("a sign-in page for git", On::Refs, Reply::html()).says("text/html"),
        reply("git's 404", On::Refs, Reply::of(404)).says("no such repository"),
        reply("git's 410", On::Refs, Reply::of(410)).says("no such repository"),
        reply("git's 401", On::Refs, Reply::of(401).and("WWW-Authenticate", "Basic realm=\"git\""))
            .says("is private")
            .at_most(2),
        reply("git's 403", On::Refs, Reply::of(403)).says("is private"),
        reply("git's 429", On::Refs, Reply::of(429).and("Retry-After", "86400"))
            .says("rate limited")
            .at_most(3),
        reply("git's 500", On::Refs, Reply::of(500)).says("run it again later").at_most(3),
        reply("git's 204", On::Refs, Reply::of(204)).says("answered 204"),
        redirect(
            "a git server that sends on to another host",
            On::Refs,
            "http://ELSEWHERE/app.git/info/refs?service=git-upload-pack",
        )
        .says("where this request does not go"),
        redirect(
            "a git server that sends on for ever",
            On::Refs,
            "/app.git/info/refs?service=git-upload-pack",
        )
        .says("more than 5 times"),
        redirect("a git server that sends on to a page", On::Refs, "/login").says("answered 404"),
        redirect("a git server that sends on to a file", On::Refs, "file:///etc/passwd").says("is not HTTPS"),
    ]
}

fn redirect(name: &str, at: On, place: &'static str) -> Case {
    case(name, at, move |_, around| {
        Reply::of(302).and("Location", place.replace("ELSEWHERE", around.elsewhere)).into()
    })
}

fn answers() -> Vec<Case> {
    let all = git_references(&COMMITS);
    let moved = git_references(&[("v1.0", COMMITS[1].1), ("v1.1", COMMITS[1].1)]);
    let short = git_references(&[("v1.0", &COMMITS[0].1[..39]), ("v1.1", COMMITS[1].1)]);
    let mut cases: Vec<Case> = (0..10)
        .map(|tenths| {
            let cut = &all[..(all.len() - 4) * tenths / 10];
            listed(&format!("references that end after {tenths} tenths"), cut)
        })
        .collect();
    cases.extend([
        listed("references without a flush", &all[..all.len() - 4]).says("no end"),
        listed("references that are no packets", "<html></html>").says("hexadecimal"),
        listed("a complaint about the request", packet("ERR upload-pack: not allowed\n") + "0000")
            .says("not allowed"),
        listed("a commit id that is too short", short).says("not an object id"),
        listed("a reference without a name", packet(COMMITS[0].1) + "0000").says("without a name"),
        // A tag of git's is for ever: another commit under it is an alarm.
        listed("a tag that has moved", moved).ends(4).says("1111"),
        listed("no tags at all", "0000").ends(4),
        reply(
            "references of another type",
            On::Command,
            Reply::new(200, all.clone()).and("Content-Type", REFS),
        )
        .says("not git's smart HTTP protocol"),
        reply("a page instead of references", On::Command, Reply::html()).says("text/html"),
        reply("a 500 instead of references", On::Command, Reply::of(500))
            .says("run it again later")
            .at_most(3),
        reply(
            "a 401 for references alone",
            On::Command,
            Reply::of(401).and("WWW-Authenticate", "Basic realm=\"git\""),
        )
        .says("is private"),
        redirect("a request for references that is sent on", On::Command, "http://ELSEWHERE/x")
            .says("where this request does not go"),
        case("references without end", On::Command, |_, _| -> Script {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {RESULT}\r\n\r\n").into_bytes();
            let line = packet(&format!("{} refs/tags/v1.1\n", COMMITS[1].1));
            vec![Step::Send(head), Step::Forever(line.repeat(1000).into_bytes())]
        })
        .says("sent more than 67108864 bytes")
        .at_most(1),
        case("references that come slowly and never end", On::Command, |_, _| -> Script {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {RESULT}\r\n\r\n").into_bytes();
            let line = packet(&format!("{} refs/tags/v1.1\n", COMMITS[1].1));
            vec![Step::Send(head), Step::Drip(line.repeat(1000).into_bytes(), Duration::from_millis(5))]
        })
        .hurried()
        .says("was still sending after 8 s")
        .at_most(1),
    ]);
    cases
}

fn connections() -> Vec<Case> {
    let git = |case: Case| case.follows(Follow::Git);
    vec![
        git(opening("a git server that says nothing", Opening::Raw(vec![Step::Stall])))
            .hurried()
            .says("no answer within 2 s"),
        git(opening("a git server that is reset", Opening::Raw(vec![Step::Reset]))),
        git(opening(
            "a git server that speaks SSH",
            Opening::Raw(vec![Step::Send(b"SSH-2.0-x\r\n".to_vec()), Step::Close]),
        )),
        case("references that stop", On::Command, |honest, _| {
            vec![Step::Send(honest.tenths(5)), Step::Stall]
        })
        .hurried()
        .says("no answer within 2 s"),
        case("references that are reset", On::Command, |honest, _| {
            vec![Step::Send(honest.tenths(5)), Step::Reset]
        })
        .says("broke off its answer")
        .at_most(3),
        case("references whose second attempt is good", On::Command, |honest, around| match around.before {
            0 => vec![Step::Reset],
            _ => honest.into(),
        })
        .moves(),
    ]
}
