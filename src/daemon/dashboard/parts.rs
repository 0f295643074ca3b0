//! What the pages share.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use crate::daemon::Standing;

/// How many digits of a digest tell it from others.
const DIGITS: usize = 12;
/// How long a tag may be in a table.
const TAG: usize = 40;

/// How a pin stands: a word, with a shape and a colour beside it.
pub(super) fn state(state: Standing) -> Markup {
    html! { span class={ "state " (state.name()) } { (state.name()) } }
}

/// A table whose rows are cards where there is no room for columns. Roles are said, as browsers differ in whether what is
/// drawn otherwise is still a table. `sorted` is the column that the rows are in the order of.
pub(super) fn table(
    id: &str,
    caption: &str,
    columns: &[&str],
    sorted: Option<&str>,
    rows: &Markup,
) -> Markup {
    html! {
        table.stacked id=(id) role="table" {
            caption { (caption) }
            thead role="rowgroup" {
                tr role="row" {
                    @for name in columns {
                        th scope="col" role="columnheader" aria-sort=[(sorted == Some(name)).then_some("ascending")] { (name) }
                    }
                }
            }
            tbody role="rowgroup" { (rows) }
        }
    }
}

/// The cell that says what its row is.
pub(super) fn head(value: &Markup) -> Markup {
    html! { th scope="row" role="rowheader" { (value) } }
}

/// A cell; `column` is its head, for where there are no columns.
pub(super) fn cell(column: &str, value: &Markup) -> Markup {
    html! { td role="cell" data-label=(column) { (value) } }
}

/// A cell whose text is not what it is sorted by; none is the last in any order.
pub(super) fn sorted(column: &str, by: Option<i64>, value: &Markup) -> Markup {
    let by = by.map(|by| by.to_string()).unwrap_or_default();
    html! { td role="cell" data-label=(column) data-sort=(by) { (value) } }
}

/// A time, as people write it, in UTC.
pub(super) fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) { (at.strftime("%Y-%m-%d %H:%M")) } }
}

/// A time, and how far from now it is.
pub(super) fn moment_and(at: Timestamp, now: Timestamp) -> Markup {
    html! { (moment(at)) " " span.dim { "(" (far(at, now)) ")" } }
}

/// A time, as how far from now it is; the time itself where one points at it.
pub(super) fn when(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) title=(at.strftime("%Y-%m-%d %H:%M:%S UTC")) { (far(at, now)) } }
}

/// How old something is; the time itself where one points at it.
pub(super) fn age(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) title=(at.strftime("%Y-%m-%d %H:%M:%S UTC")) { (long(now.duration_since(at))) } }
}

fn far(at: Timestamp, now: Timestamp) -> String {
    match at <= now {
        true if now.duration_since(at).as_secs() < 60 => "just now".to_owned(),
        true => format!("{} ago", long(now.duration_since(at))),
        false => format!("in {}", long(at.duration_since(now))),
    }
}

/// In the largest unit that fits.
pub(super) fn long(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        ..1 => "under a second".into(),
        1..60 => count(seconds, "second"),
        60..3600 => count(seconds / 60, "minute"),
        3600..172_800 => count(seconds / 3600, "hour"),
        _ => count(seconds / 86400, "day"),
    }
}

/// So many of something.
pub(super) fn count(many: impl TryInto<i64>, what: &str) -> String {
    let many = many.try_into().unwrap_or(i64::MAX);
    format!("{many} {what}{}", if many == 1 { "" } else { "s" })
}

/// A tag, short enough for a table; all of it where one points at it.
pub(super) fn tag(tag: &str) -> Markup {
    match tag.chars().count() {
        ..=TAG => html! { (tag) },
        _ => html! { span title=(tag) { (tag.chars().take(TAG - 1).collect::<String>()) "…" } },
    }
}

/// Content, its first digits; all of it where one points at it.
pub(super) fn content(content: &str) -> Markup {
    let digits = content.split_once(':').map_or(content, |(_, digits)| digits);
    let short: String = digits.chars().take(DIGITS).collect();
    html! { code title=(content) { (short) } }
}

/// A sentence, with the digests in it short.
pub(super) fn prose(text: &str) -> Markup {
    let word = |word: &str| {
        let bare = word.trim_end_matches([',', ';', ':', '.', ')']);
        let digits = bare.strip_prefix("sha256:").or_else(|| bare.strip_prefix("sha512:"));
        match digits.filter(|digits| digits.len() >= 64 && digits.bytes().all(|b| b.is_ascii_hexdigit())) {
            Some(_) => html! { (content(bare)) (word[bare.len()..]) },
            None => html! { (word) },
        }
    };
    html! { @for part in text.split_inclusive(' ') {
        @let bare = part.trim_end_matches(' ');
        (word(bare)) (part[bare.len()..])
    } }
}

/// A link to a pin's page.
pub(super) fn pin_link(name: &str) -> Markup {
    html! { a href={ "/pins/" (name) } { (name) } }
}

/// A link to where a proposal can be read: to the web only.
pub(super) fn proposal_link(branch: &str, url: Option<&str>) -> Markup {
    let web = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    match web {
        Some(url) => html! { a href=(url) rel="noreferrer" { (branch) } },
        None => html! { code { (branch) } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_in_sentences_are_short_and_the_rest_is_as_it_was() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        let text = prose(&format!("<b> moved from {digest}, to sha256:short ")).into_string();
        let short = format!("<code title=\"{digest}\">a1a1a1a1a1a1</code>");
        assert_eq!(text, format!("&lt;b&gt; moved from {short}, to sha256:short "));
    }

    #[test]
    fn times_are_said_in_the_largest_unit_that_fits() {
        for (seconds, said) in [
            (0, "under a second"),
            (1, "1 second"),
            (119, "1 minute"),
            (7200, "2 hours"),
            (172_799, "47 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(long(SignedDuration::from_secs(seconds)), said);
        }
    }
}
