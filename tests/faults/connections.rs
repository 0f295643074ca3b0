//! Connections that break at each stage, and servers that speak something else.

use std::time::Duration;

use super::case::{Case, case, opening};
use super::upstream::On;
use super::wire::{Opening, Step};

/// Whoever is interrupted ends at once, and has written nothing.
pub fn interrupted() {
    let stalls =
        opening("a server that says nothing to who is interrupted", Opening::AfterHello(vec![Step::Stall]));
    stalls.timeout("600s").interrupt();
}

pub fn cases() -> Vec<Case> {
    let raw = |name: &str, script: Vec<Step>| opening(name, Opening::Raw(script));
    let send = |bytes: &[u8]| Step::Send(bytes.to_vec());
    let mut cases = vec![
        raw("a connection that is closed at once", vec![Step::Cut]),
        raw("a connection that is reset at once", vec![Step::Reset]),
        raw("a server that accepts and says nothing", vec![Step::Stall])
            .hurried()
            .says("no answer within 2 s"),
        raw("a server that talks before it is asked", vec![send(b"220 mail.example ESMTP\r\n"), Step::Stall])
            .hurried(),
        raw("a server that speaks SSH", vec![send(b"SSH-2.0-OpenSSH_9.2\r\n"), Step::Close]),
        raw("bytes without end", vec![Step::Forever(vec![0; 1 << 16])]),
        raw("line feeds without end", vec![Step::Forever(vec![b'\n'; 1 << 16])]),
        raw(
            "a greeting that comes byte by byte",
            vec![Step::Drip(vec![b'x'; 1000], Duration::from_millis(500))],
        )
        .hurried(),
        opening("a request that is reset at its first byte", Opening::AfterHello(vec![Step::Reset])),
        opening("a request that is not read to its end", Opening::AfterHello(vec![Step::Cut])),
        opening("HTTP/0.9", Opening::AfterHello(vec![send(b"<html>hello</html>"), Step::Close])),
        opening(
            "a preface of HTTP/2",
            Opening::AfterHello(vec![
                send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
                Step::Close,
            ]),
        ),
        opening(
            "frames of HTTP/2",
            Opening::AfterHello(vec![send(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d"), Step::Stall]),
        )
        .hurried(),
        opening("TLS where it is not spoken", Opening::Tls(super::authority::certificates().good.clone())),
    ];
    let at = |name: &str, script: Vec<Step>| case(name, On::Manifest, move |_, _| script.clone()).at_most(3);
    cases.extend([
        at("a request that is reset", vec![Step::Reset]),
        at("a request that is not answered", vec![Step::Cut]),
        at("a request that is answered by silence", vec![Step::Stall]).hurried().says("no answer within 2 s"),
        at("a status line that is reset", vec![send(b"HTTP/1.1 20"), Step::Reset]),
        at("a status line that stops", vec![send(b"HTTP/1.1 20"), Step::Stall]).hurried(),
        at("headers that are reset", vec![send(b"HTTP/1.1 200 OK\r\nContent-Ty"), Step::Reset]),
        at("headers that are cut", vec![send(b"HTTP/1.1 200 OK\r\nContent-Type: x\r\n"), Step::Cut]),
        case("a connection that does not live to the next request", On::List, |honest, _| {
            vec![Step::Send(honest.bytes()), Step::Reset]
        })
        .moves(),
        case("a second answer that nobody asked for", On::List, |honest, _| {
            vec![Step::Send([honest.bytes(), honest.status(500).bytes()].concat())]
        })
        .moves(),
    ]);
    cases
}
