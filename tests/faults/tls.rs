//! Certificates that are not to be trusted, and handshakes that fail.

use super::authority::certificates;
use super::case::{Case, case, opening};
use super::upstream::On;
use super::wire::{Opening, Step};

pub fn cases() -> Vec<Case> {
    let all = certificates();
    let shown = |name: &str, config: &std::sync::Arc<_>| {
        opening(name, Opening::Tls(std::sync::Arc::clone(config))).https().at_most(0)
    };
    let send = |bytes: &[u8]| Step::Send(bytes.to_vec());
    let hello = |name: &str, script: Vec<Step>| opening(name, Opening::AfterHello(script)).https();
    // The head of a record that announces more than comes.
    let begun = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03";
    let over = |case: Case| case.https().over(Opening::Tls(std::sync::Arc::clone(&certificates().good)));
    let at =
        |name: &str, script: Vec<Step>| over(case(name, On::Manifest, move |_, _| script.clone())).at_most(3);
    vec![
        over(case("TLS that is as it should be", On::Other, |honest, _| honest.into())).moves(),
        shown("a certificate that nobody gave", &all.self_signed).says("UnknownIssuer"),
        shown("a certificate that has expired", &all.expired).says("expired"),
        shown("a certificate of another host", &all.of_another).says("not valid for"),
        opening("no TLS where it is expected", Opening::Plain).https().hurried().at_most(0),
        hello("a handshake that is reset", vec![Step::Reset]),
        hello("a handshake that is cut", vec![Step::Cut]),
        hello("a handshake that is not answered", vec![Step::Stall]).hurried(),
        hello("a handshake that stops in its middle", vec![send(begun), Step::Stall]).hurried(),
        hello("a handshake that breaks off", vec![send(begun), Step::Close]),
        hello("a handshake that is refused", vec![send(b"\x15\x03\x03\x00\x02\x02\x28"), Step::Close]),
        hello(
            "a handshake that is answered by a web page",
            vec![send(b"HTTP/1.1 400 The plain HTTP request was sent to HTTPS port\r\n\r\n"), Step::Close],
        ),
        hello("a handshake of garbage without end", vec![Step::Forever(vec![0x16; 1 << 16])]),
        opening(
            "garbage below the encryption",
            Opening::BelowTls(
                all.good.clone(),
                vec![send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), Step::Stall],
            ),
        )
        .https(),
        at("an encrypted answer that is reset", vec![send(b"HTTP/1.1 200 OK\r\nContent-Le"), Step::Reset]),
        // Whoever cuts the wire cannot say that it was the end.
        over(case("an encrypted body without a length that is cut", On::Manifest, |honest, _| {
            let head =
                b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.index.v1+json\r\n\r\n".to_vec();
            vec![Step::Send([head, honest.body].concat()), Step::Cut]
        }))
        .says("broke off its answer"),
    ]
}
