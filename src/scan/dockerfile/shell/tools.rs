//! What `curl`, `wget`, PowerShell and `git` fetch.

use super::command::Call;
use super::fetch::Fetched;
use super::lock::Lock;

const CURL_VALUED: &[&str] = &[
    "-o",
    "-H",
    "-d",
    "-u",
    "-A",
    "-e",
    "-x",
    "-X",
    "-F",
    "-T",
    "-b",
    "-c",
    "-C",
    "-m",
    "-w",
    "-K",
    "-E",
    "-Y",
    "-y",
    "-z",
    "-r",
    "-Q",
    "-P",
    "-t",
    "-U",
    "-D",
    "--output",
    "--output-dir",
    "--header",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-urlencode",
    "--data-ascii",
    "--user",
    "--user-agent",
    "--referer",
    "--proxy",
    "--proxy-user",
    "--request",
    "--form",
    "--upload-file",
    "--cookie",
    "--cookie-jar",
    "--continue-at",
    "--max-time",
    "--connect-timeout",
    "--write-out",
    "--config",
    "--cert",
    "--key",
    "--cacert",
    "--capath",
    "--retry",
    "--retry-delay",
    "--retry-max-time",
    "--resolve",
    "--ciphers",
    "--tls13-ciphers",
    "--limit-rate",
    "--range",
    "--max-redirs",
    "--interface",
    "--dump-header",
    "--unix-socket",
    "--abstract-unix-socket",
    "--proto",
    "--proto-default",
    "--proto-redir",
    "--tls-max",
    "--url",
    "--speed-limit",
    "--speed-time",
    "--time-cond",
    "--netrc-file",
    "--oauth2-bearer",
    "--noproxy",
    "--json",
    "--etag-save",
    "--etag-compare",
    "--max-filesize",
    "--parallel-max",
    "--keepalive-time",
    "--connect-to",
    "--dns-servers",
    "--stderr",
];

const WGET_VALUED: &[&str] = &[
    "-O",
    "-o",
    "-a",
    "-P",
    "-U",
    "-t",
    "-T",
    "-e",
    "-i",
    "-Q",
    "-w",
    "-A",
    "-R",
    "-D",
    "-l",
    "-B",
    "--output-document",
    "--output-file",
    "--append-output",
    "--directory-prefix",
    "--user-agent",
    "--tries",
    "--timeout",
    "--header",
    "--user",
    "--password",
    "--post-data",
    "--ca-certificate",
    "--execute",
    "--quota",
    "--wait",
    "--waitretry",
    "--method",
    "--body-data",
    "--limit-rate",
    "--input-file",
    "--referer",
    "--level",
    "--accept",
    "--reject",
    "--domains",
    "--cut-dirs",
    "--connect-timeout",
    "--read-timeout",
    "--dns-timeout",
    "--retry-on-http-error",
    "--secure-protocol",
];

/// The options of git and of its commands that have a value.
pub(super) const GIT_VALUED: &[&str] = &[
    "-C",
    "-c",
    "-b",
    "-B",
    "-o",
    "-j",
    "-u",
    "--git-dir",
    "--work-tree",
    "--branch",
    "--depth",
    "--revision",
    "--reference",
    "--origin",
    "--jobs",
    "--shallow-since",
    "--shallow-exclude",
    "--separate-git-dir",
    "--template",
    "--config",
    "--upload-pack",
];

pub(super) fn curl(call: &Call<'_>) -> Option<Fetched> {
    let options = call.options(CURL_VALUED);
    // Neither a head nor what a socket of this machine answers is kept.
    if options.has(&["-I", "--head", "--unix-socket", "--abstract-unix-socket", "-V", "--version"]) {
        return None;
    }
    let urls: Vec<&str> =
        options.value(&["--url"]).into_iter().chain(options.others.iter().copied()).collect();
    addresses(&urls, call.fed || options.has(&["-K", "--config"]))
        .map(|urls| Fetched::new("curl", &urls, Lock::Checksum))
}

pub(super) fn wget(call: &Call<'_>) -> Option<Fetched> {
    let options = call.options(WGET_VALUED);
    if options.has(&["--spider", "-V", "--version", "--help"]) {
        return None;
    }
    let list = call.fed || options.value(&["-i", "--input-file"]).is_some();
    addresses(&options.others, list).map(|urls| Fetched::new("wget", &urls, Lock::Checksum))
}

pub(super) fn powershell(call: &Call<'_>) -> Option<Fetched> {
    let mut words = call.arguments.iter().map(|word| word.text.text.as_str()).peekable();
    let mut url = None;
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some(name) if name.eq_ignore_ascii_case("uri") => url = words.next(),
            // A switch or an option: its value, if it has one, is no URL.
            Some(_) => drop(words.next_if(|next| !next.starts_with('-') && !next.contains("://"))),
            None => url = url.or(Some(word)),
        }
    }
    addresses(&[url?], false).map(|urls| Fetched::new("Invoke-WebRequest", &urls, Lock::Checksum))
}

/// The URLs that are not this machine's own; `None` if there are none.
fn addresses<'a>(urls: &[&'a str], more: bool) -> Option<Vec<&'a str>> {
    let urls: Vec<&str> = urls.iter().copied().filter(|url| !url.is_empty()).collect();
    let outside: Vec<&str> = urls.iter().copied().filter(|url| !is_local(url)).collect();
    (!outside.is_empty() || urls.is_empty() && more).then_some(outside)
}

/// Whether a URL is of this machine, or no host at all.
fn is_local(url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let address = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = address.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(host) => host.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    scheme == "file" || matches!(host, "localhost" | "::1" | "0.0.0.0") || host.starts_with("127.")
}

pub(super) fn git(call: &Call<'_>) -> Option<Fetched> {
    let options = call.options(GIT_VALUED);
    let (command, rest) = options.subcommand();
    match (command, rest) {
        ("clone", [url, ..]) if !is_path(url) => Some(Fetched::new("git clone", &[url], Lock::Commit)),
        ("fetch", _) => Some(Fetched::new("git fetch", rest, Lock::Commit)),
        ("pull", _) => Some(Fetched::new("git pull", rest, Lock::Commit)),
        ("submodule", ["update", ..]) if options.has(&["--remote"]) => {
            Some(Fetched::new("git submodule", &["--remote"], Lock::Nothing))
        }
        ("submodule", ["update", paths @ ..]) => {
            let lock = Lock::By("the commits that the repository names");
            Some(Fetched::new("git submodule", paths, lock))
        }
        ("submodule", ["add", url, ..]) if !is_path(url) => {
            Some(Fetched::new("git submodule", &[url], Lock::Nothing))
        }
        _ => None,
    }
}

/// Whether a repository is a folder.
fn is_path(url: &str) -> bool {
    url.starts_with(['/', '.']) || url.starts_with("file://")
}
