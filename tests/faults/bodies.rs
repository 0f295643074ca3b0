//! Bodies that break off at every tenth, come slowly, or never end.

use std::time::Duration;

use super::case::{Case, Follow, case};
use super::upstream::On;
use super::wire::{Script, Step};

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for tenths in 0..10 {
        cases.push(
            cut("a manifest breaks off", On::Manifest, tenths, Step::Close).says("broke off its answer"),
        );
        cases.push(cut("a manifest is reset", On::Manifest, tenths, Step::Reset));
    }
    for tenths in [0, 5, 9] {
        cases.push(
            cut("a manifest stops", On::Manifest, tenths, Step::Stall).hurried().says("no answer within 2 s"),
        );
        cases.push(cut("a tag list breaks off", On::List, tenths, Step::Close).says("broke off its answer"));
    }
    cases.push(
        case("a manifest that breaks off once", On::Manifest, |honest, around| match around.before {
            0 => vec![Step::Send(honest.tenths(5)), Step::Reset],
            _ => honest.into(),
        })
        .moves()
        .at_most(2),
    );
    cases.push(
        // Without a length, the end of a connection is the end of a body: only the digest tells.
        case("half a manifest that looks whole", On::Manifest, |honest, _| -> Script {
            let head = format!("HTTP/1.1 200 OK\r\nDocker-Content-Digest: {}\r\n\r\n", digest(&honest));
            let half = &honest.body[..honest.body.len() / 2];
            vec![Step::Send([head.as_bytes(), half].concat()), Step::Close]
        })
        .ends(4),
    );
    cases.extend(slow_and_endless());
    cases
}

/// An answer of which so many tenths come, and then this.
fn cut(name: &str, at: On, tenths: usize, then: Step) -> Case {
    case(format!("{name} after {tenths} tenths"), at, move |honest, _| {
        vec![Step::Send(honest.tenths(tenths)), then.clone()]
    })
    .at_most(3)
}

fn digest(reply: &super::reply::Reply) -> String {
    let found = reply.headers.iter().find(|(name, _)| name == "Docker-Content-Digest");
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn slow_and_endless() -> Vec<Case> {
    vec![
        case("a manifest that comes slowly, and comes", On::Manifest, |honest, _| {
            let head = honest.head();
            vec![Step::Send(head), Step::Drip(honest.body, Duration::from_millis(1))]
        })
        .moves(),
        case("a manifest that never has come", On::Manifest, |honest, _| {
            let head = honest.head();
            vec![Step::Send(head), Step::Drip(honest.body, Duration::from_millis(300))]
        })
        .hurried()
        .says("was still sending after 8 s")
        .at_most(1),
        case("a head that comes byte by byte", On::Manifest, |honest, _| {
            vec![Step::Drip(honest.head(), Duration::from_millis(700))]
        })
        .hurried(),
        case("a manifest without end", On::Manifest, |_, _| endless())
            .says("sent more than 4194304 bytes")
            .at_most(1),
        case("a tag list without end", On::List, |_, _| endless()).says("sent more than").at_most(1),
        case("an error page without end", On::Manifest, |_, _| -> Script {
            let head = b"HTTP/1.1 500 Whatever\r\n\r\n".to_vec();
            vec![Step::Send(head), Step::Forever(vec![b'x'; 1 << 16])]
        })
        .says("sent more than"),
        // Nothing of it is read.
        case("a HEAD with a body", On::Head, |honest, _| -> Script {
            vec![Step::Send([honest.head(), b"HTTP/1.1 200 OK\r\n\r\nwhat else".to_vec()].concat())]
        })
        .moves(),
        case("a HEAD whose answer never comes", On::Head, |_, _| vec![Step::Stall])
            .hurried()
            .follows(Follow::Tag)
            .says("no answer within 2 s"),
    ]
}

fn endless() -> Script {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".to_vec();
    vec![Step::Send(head), Step::Forever(vec![b' '; 1 << 16])]
}
