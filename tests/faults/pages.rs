//! Tag lists whose pages have no end, or lead elsewhere.

use serde_json::json;

use super::case::{Around, Case, case};
use super::guard::Access;
use super::reply::Reply;
use super::upstream::On;
use super::wire::Script;

fn page(tags: &[String], link: impl Into<String>) -> Script {
    Reply::new(200, json!({"tags": tags}).to_string())
        .and("Content-Type", "application/json")
        .and("Link", link)
        .into()
}

/// A first page whose link leads to a place that is made of the other server's host.
fn leads(name: &str, link: &'static str) -> Case {
    case(name, On::List, move |_, around| {
        page(&["1.0".into()], link.replace("ELSEWHERE", around.elsewhere).replace("GOOD", around.good))
    })
    .access(Access::Basic)
    .says("another host")
    // The first is answered 401.
    .at_most(2)
}

fn endless(name: &str, tags: impl Fn(usize) -> Vec<String> + Send + Sync + 'static) -> Case {
    case(name, On::List, move |_, around: &Around<'_>| {
        page(&tags(around.before), format!("</v2/app/tags/list?last={}>; rel=\"next\"", around.before))
    })
}

pub fn cases() -> Vec<Case> {
    vec![
        leads("a next page on another host", "<http://ELSEWHERE/v2/app/tags/list>; rel=\"next\""),
        leads(
            "a next page on another host, without a scheme",
            "<//ELSEWHERE/v2/app/tags/list>; rel=\"next\"",
        ),
        leads("a next page on another port", "<http://GOOD/v2/app/tags/list>"),
        leads("a next page at a link-local address", "<http://169.254.169.254/latest/meta-data>; rel=next"),
        leads("a next page in a file", "<file:///etc/passwd>; rel=next").says("file:///etc/passwd"),
        leads("a next page over TLS", "<https://GOOD/v2/app/tags/list>; rel=next"),
        case("a link that is no URL", On::List, |_, _| page(&["1.0".into()], "<http://[::1>; rel=next"))
            .says("not a URL")
            .at_most(1),
        case("a link of a user's on the same host", On::List, |_, around| match around.before {
            0 => {
                let own = around.heard.header("host").unwrap_or_default();
                let link = format!("<http://root:toor@{own}/v2/app/tags/list?last=1.0>; rel=next");
                page(&["1.0".into()], link)
            }
            _ => page(&["1.1".into()], ""),
        })
        .access(Access::Basic)
        .moves(),
        case("links that are no links", On::List, |honest, _| {
            honest.and("Link", "; rel=next, <>; rel=next, <x; rel=next").into()
        })
        .moves(),
        endless("the same page for ever", |_| vec!["1.0".into()]).says("has no last page").at_most(200),
        endless("empty pages for ever", |_| Vec::new()).says("has no last page").at_most(200),
        endless("a new tag on each page for ever", |n| vec![format!("9.{n}")]).timeout("1s"),
        endless("fifty thousand new tags on each page for ever", |n| {
            (0..50_000).map(|tag| format!("9.{n}-{tag}")).collect()
        })
        .says("more than 2000000 tags")
        .at_most(41),
        case("a page that leads back", On::List, |_, _| {
            page(&["1.0".into()], "</v2/app/tags/list?n=1000>; rel=next")
        })
        .says("lead back")
        .at_most(2),
        case("a second page that breaks off", On::List, |honest, around| match around.before {
            0 => page(&["1.0".into()], "</v2/app/tags/list?last=1.0>; rel=next"),
            _ => vec![super::wire::Step::Send(honest.tenths(5)), super::wire::Step::Reset],
        })
        .at_most(4),
        case("a second page that is refused", On::List, |_, around| match around.before {
            0 => page(&["1.0".into(), "1.1".into()], "</v2/app/tags/list?last=1.1>; rel=next"),
            _ => Reply::of(403).into(),
        })
        .says("answered 403")
        .at_most(2),
    ]
}
