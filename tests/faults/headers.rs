//! Headers that are missing, twice there, or say what is not so.

use super::case::{Case, case};
use super::reply::Reply;
use super::upstream::{INDEX, On};
use super::wire::{Script, Step};

fn altered(name: &str, with: impl Fn(Reply) -> Reply + Send + Sync + 'static) -> Case {
    case(name, On::Manifest, move |honest, _| with(honest).into())
}

/// An answer whose head is written by hand.
fn by_hand(name: &str, head: &'static [u8]) -> Case {
    case(name, On::Manifest, move |honest, _| -> Script {
        vec![Step::Send([head, &honest.body].concat()), Step::Close]
    })
}

pub fn cases() -> Vec<Case> {
    let mut cases = types();
    cases.extend(lengths());
    cases.extend(encodings());
    cases.extend(heads());
    cases
}

fn types() -> Vec<Case> {
    vec![
        altered("no content type", |honest| honest.without("Content-Type")).moves(),
        altered("a content type that says nothing", |honest| {
            honest.set("Content-Type", "application/octet-stream")
        })
        .moves(),
        altered("a content type with parameters in capitals", |honest| {
            honest.set("Content-Type", "Application/Vnd.OCI.image.index.v1+JSON; charset=utf-8")
        })
        .moves(),
        altered("an index that is called a web page", |honest| honest.set("Content-Type", "text/html"))
            .says("and the registry says text/html"),
        altered("an index that is called a manifest", |honest| {
            honest.set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        })
        .says("and the registry says"),
        altered("a content type that is no text", |honest| honest.set("Content-Type", "\u{fc}\u{1b}[2J")),
        altered("two content types", |honest| honest.and("Content-Type", "text/html")).moves(),
    ]
}

fn lengths() -> Vec<Case> {
    let length = |name: &str, value: &'static str| {
        case(name, On::Manifest, move |honest, _| -> Script {
            let reply = honest.and("Content-Length", value);
            vec![Step::Send(reply.bytes()), Step::Close]
        })
    };
    vec![
        // What is read is not what the digest is of.
        length("a length that is too small", "100").ends(4),
        length("a length that is too large", "100000").says("broke off"),
        length("an absurd length", "999999999999999").says("sent more than").at_most(1),
        length("a length that no number holds", "99999999999999999999999999"),
        length("a negative length", "-1"),
        length("a length that is no number", "0x10"),
        case("two lengths that differ", On::Manifest, |honest, _| -> Script {
            let length = honest.body.len().to_string();
            vec![
                Step::Send(honest.and("Content-Length", length).and("Content-Length", "7").bytes()),
                Step::Close,
            ]
        }),
        case("two lengths that agree", On::Manifest, |honest, _| {
            let length = honest.body.len().to_string();
            honest.and("Content-Length", length.clone()).and("Content-Length", length).into()
        })
        .moves(),
    ]
}

fn encodings() -> Vec<Case> {
    let mut cases: Vec<Case> = ["gzip", "br", "identity, zstd"]
        .map(|encoding| {
            let name = format!("an answer that is said to be {encoding}");
            altered(&name, move |honest| honest.and("Content-Encoding", encoding))
                .says("compressed its answer")
        })
        .into();
    cases.extend([
        altered("an encoding left over from an upload", |honest| {
            honest.and("Content-Encoding", "aws-chunked")
        })
        .moves(),
        altered("chunks as they should be", Reply::chunked).moves(),
        broken_chunks("a chunk whose size is no number", b"zz\r\n{}\r\n0\r\n\r\n"),
        broken_chunks("a chunk that is shorter than it says", b"ff\r\n{}\r\n0\r\n\r\n"),
        broken_chunks("a chunk that is longer than it says", b"1\r\n{}{}{}\r\n0\r\n\r\n"),
        broken_chunks("chunks without the last one", b"2\r\n{}\r\n"),
        broken_chunks("a chunk larger than memory", b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        case("trailers without end", On::Manifest, |honest, _| -> Script {
            let chunked = honest.chunked();
            let body = chunked.body[..chunked.body.len() - 2].to_vec();
            vec![Step::Send(chunked.body(body).bytes()), Step::Forever(b"X-More: and more\r\n".repeat(99))]
        }),
        case("chunks that are said more of than they hold", On::Manifest, |honest, _| -> Script {
            let head = honest.set("Transfer-Encoding", "chunked").head();
            let chunk = format!("1;{}\r\n \r\n", "x".repeat(1000));
            vec![Step::Send(head), Step::Forever(chunk.repeat(99).into_bytes())]
        }),
        case("an answer that was compressed on its way", On::Manifest, |honest, _| {
            honest.chunked().set("Transfer-Encoding", "gzip, chunked").into()
        })
        .moves(),
        broken_chunks("a chunk size without end", &[b'0'; 1 << 16]),
    ]);
    cases
}

fn broken_chunks(name: &str, body: &'static [u8]) -> Case {
    case(name, On::Manifest, move |honest, _| -> Script {
        let reply = honest.set("Transfer-Encoding", "chunked").body(body);
        vec![Step::Send(reply.bytes()), Step::Close]
    })
}

fn heads() -> Vec<Case> {
    let mut cases = vec![
        altered("a header of a megabyte", |honest| honest.and("X-Much", "x".repeat(1 << 20))),
        altered("ten thousand headers", |honest| {
            (0..10_000).fold(honest, |reply, n| reply.and(&format!("X-{n}"), "x"))
        }),
        case("headers without end", On::Manifest, |_, _| {
            vec![
                Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
                Step::Forever(b"X-More: and more\r\n".repeat(99)),
            ]
        }),
        case("a head that stops in its middle", On::Manifest, |honest, _| {
            let head = honest.head();
            vec![Step::Send(head[..head.len() - 3].to_vec()), Step::Stall]
        })
        .hurried()
        .says("no answer within 2 s"),
        by_hand("a NUL in a header", b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nConnection: close\r\n\r\n"),
        by_hand("a bare CR in a header", b"HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: b\r\n\r\n"),
        by_hand("a header without a name", b"HTTP/1.1 200 OK\r\n: x\r\n\r\n"),
        by_hand("a header without a colon", b"HTTP/1.1 200 OK\r\nwhatever\r\n\r\n"),
        by_hand("a space before a colon", b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n"),
        by_hand("a status of one digit", b"HTTP/1.1 2 OK\r\n\r\n"),
        by_hand("a status that is no number", b"HTTP/1.1 abc OK\r\n\r\n"),
        by_hand("a version that is not known", b"HTTP/9.9 200 OK\r\n\r\n"),
        by_hand("a line feed before the status", b"\n\n\nHTTP/1.1 teapot\r\n\r\n"),
        by_hand("an answer without a head", b""),
        by_hand("an answer of HTTP/1.0 that ends with the connection", b"HTTP/1.0 200 OK\r\n\r\n").moves(),
    ];
    cases.push(
        case("a status line that sends escapes to a terminal", On::Manifest, |_, _| {
            vec![Step::Send(b"HTTP/1.1 500 \x1b]0;evil\x07\x1b[2J\r\nContent-Length: 0\r\n\r\n".to_vec())]
        })
        .at_most(3),
    );
    cases.push(
        altered("a type that sends escapes to a terminal", |_| {
            let said =
                format!("{{\"schemaVersion\": 2, \"mediaType\": \"a\\u001b[2Jb\", \"x\": \"{INDEX}\"}}");
            Reply::new(200, said)
        })
        .says("is not the media type"),
    );
    cases
}
