//! The binary and tokens that a user's own file has for git servers; and git behind TLS.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::git_login::{Private, pin, secretive};
use crate::support::checkout::{Checkout, Ended};
use crate::support::git_http::{self, PASSWORD, TlsFront, Version};
use crate::support::registry::{Registry, Reply};

const X_ACCESS_TOKEN: &str = "Basic eC1hY2Nlc3MtdG9rZW46aHVudGVyMg==";
const OAUTH2: &str = "Basic b2F1dGgyOmh1bnRlcjI=";

/// Refreshes with a user's own file.
fn refresh(checkout: &Checkout, own: &str, variable: Option<&str>) -> Ended {
    let file = checkout.path("own.toml");
    fs::write(&file, own).unwrap();
    let mut command = checkout.command(&["refresh", "-v"]);
    command.env("SOLERA_PIN_CONFIG", file).envs(variable.map(|value| ("OF_ACME", value)));
    let ended = secretive(Ended::of(command.output().unwrap()));
    for secret in [X_ACCESS_TOKEN, OAUTH2] {
        assert!(!ended.said.contains(&secret["Basic ".len()..]), "{}", ended.said);
    }
    ended
}

#[test]
fn a_token_is_shown_below_its_place_and_nowhere_else() {
    let private = Private::for_whom(X_ACCESS_TOKEN);
    let checkout = Checkout::new(&private.pins());
    let own = |path: &str| format!("[git.\"{}{path}\"]\ntoken = \"env:OF_ACME\"\n", private.server.url());
    let ended = refresh(&checkout, &own("/"), Some(PASSWORD));
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert_eq!(private.seen.shown().len(), private.seen.all().len(), "it is shown at once");

    let asked = private.seen.all().len();
    let ended = refresh(&checkout, &own("/a.git"), Some(PASSWORD));
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(ended.said.contains("the pin `b` stays") && !ended.said.contains("the pin `a` stays"));
    for asked in &private.seen.all()[asked..] {
        assert_eq!(!asked.shown.is_empty(), asked.path.starts_with("/a.git/"), "{asked:?}");
    }
    // One that the server does not take is named by its place.
    let ended = refresh(&checkout, &own("/"), Some("hunter2-of-old"));
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(ended.said.contains("the token of env:OF_ACME, which your own file has for"), "{}", ended.said);
}

#[test]
fn a_token_can_be_in_a_file_and_has_a_user() {
    let private = Private::for_whom(OAUTH2);
    // The place is the one that is asked, after the mirror.
    let checkout = Checkout::new(&pin("a", "https://git.example/acme/a.git"));
    let at = private.server.url();
    let own = format!(
        "[git.\"https://git.example/acme/\"]\nmirror = \"{at}/\"\n\
         [git.\"{at}/\"]\ntoken = \"file:secret/token\"\nuser = \"oauth2\"\n"
    );
    fs::create_dir(checkout.path("secret")).unwrap();
    let ended = refresh(&checkout, &own, None);
    assert_eq!(ended.code, 2, "{}", ended.said);
    assert!(ended.said.contains("there is no such file"), "{}", ended.said);
    fs::write(checkout.path("secret/token"), format!("{PASSWORD}\n")).unwrap();
    let ended = refresh(&checkout, &own, None);
    assert_eq!(ended.code, 0, "{}", ended.said);
    let lock = checkout.lock().unwrap();
    assert!(lock.contains("https://git.example/acme/a.git") && !lock.contains(PASSWORD), "{lock}");
}

#[test]
fn a_token_that_is_not_there_concerns_only_who_asks_below() {
    let private = Private::for_whom(X_ACCESS_TOKEN);
    let open = tempfile::tempdir().unwrap();
    git_http::every_kind(open.path(), "c.git");
    let public = git_http::start(open.path(), Version::Two);
    let of_c = pin("c", &format!("{}/c.git", public.url()));
    let checkout = Checkout::new(&of_c);
    let own = format!("[git.\"{}/\"]\ntoken = \"env:OF_ACME\"\n", private.server.url());
    assert_eq!(refresh(&checkout, &own, None).code, 0);
    fs::write(checkout.path("pins.toml"), of_c + &private.pins()).unwrap();
    let ended = refresh(&checkout, &own, None);
    assert_eq!(ended.code, 2, "{}", ended.said);
    assert!(ended.said.contains("env:OF_ACME, is not there: the variable is not set"), "{}", ended.said);
    assert!(private.seen.all().is_empty(), "nobody is asked without it");
    let ended = refresh(&checkout, &own, Some("hunter2\nX-Evil: 1"));
    assert!(ended.code == 2 && ended.said.contains("is no token"), "{}", ended.said);
}

#[test]
fn a_token_belongs_in_no_repository_and_is_never_repeated() {
    let table = "\n[git.\"https://h/\"]\ntoken = \"hunter2\"\n";
    for file in ["pins.toml", "refresh/policy.toml"] {
        let checkout = Checkout::new("");
        fs::create_dir(checkout.path("refresh")).unwrap();
        fs::write(checkout.path(file), table).unwrap();
        let ended = secretive(checkout.run(&["refresh"]));
        assert_eq!(ended.code, 2, "{}", ended.said);
        assert!(ended.said.contains("it belongs in your own file"), "{}", ended.said);
    }
    let ended = refresh(&Checkout::new(""), table, None);
    assert!(ended.code == 2 && ended.said.contains("env:NAME"), "{}", ended.said);
}

#[test]
fn no_credential_goes_along_a_redirect_to_another_host() {
    let private = Private::for_whom(X_ACCESS_TOKEN);
    let server = Registry::start();
    let location = format!("{}/a.git/info/refs?service=git-upload-pack", private.server.url());
    server.answer("GET /a.git/info/refs", Reply::new(302, "").header("Location", &location));
    let checkout = Checkout::new(&pin("a", &format!("http://{}/a.git", server.host())));
    // For where it is declared, and for where it leads: the one is not carried on, the other is not what was asked.
    for place in [format!("http://{}/", server.host()), format!("{}/", private.server.url())] {
        let own = format!("[git.\"{place}\"]\ntoken = \"env:OF_ACME\"\n");
        let ended = refresh(&checkout, &own, Some(PASSWORD));
        assert_eq!(ended.code, 3, "{}", ended.said);
        assert_eq!(private.seen.shown(), Vec::<String>::new(), "{}", ended.said);
    }
}

fn openssl(folder: &Path, words: &str) {
    let output = Command::new("openssl").current_dir(folder).args(words.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority of its own (`ca.pem`), and a certificate that it gave for 127.0.0.1.
fn authority(folder: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout";
    openssl(folder, &format!("req -x509 {key} ca.key -out ca.pem -days 30 -subj /CN=cellar"));
    openssl(folder, &format!("req {key} key.pem -out request.pem -subj /CN=git"));
    fs::write(folder.join("names"), "basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n").unwrap();
    openssl(
        folder,
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out cert.pem",
    );
}

#[test]
fn over_tls_with_a_private_authority_and_a_password() {
    let private = Private::new();
    let folder = tempfile::tempdir().unwrap();
    authority(folder.path());
    let front = TlsFront::start(folder.path(), private.server.address);
    let checkout = Checkout::new(&pin("a", &format!("{}/a.git", front.url())));
    let home = tempfile::tempdir().unwrap();
    let stored = front.url().replace("//", &format!("//{}:{PASSWORD}@", git_http::USER));
    fs::write(home.path().join(".git-credentials"), format!("{stored}\n")).unwrap();
    fs::write(home.path().join(".gitconfig"), "[credential]\nhelper = store\n").unwrap();
    let run = || {
        let mut command = checkout.command(&["refresh", "-v"]);
        secretive(Ended::of(command.env("HOME", home.path()).output().unwrap()))
    };
    let ended = run();
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(ended.said.contains("certificate"), "{}", ended.said);
    assert_eq!(private.seen.all().len(), 0, "nothing is said to who cannot be told from others");
    let ca = folder.path().join("ca.pem");
    let declared = fs::read_to_string(checkout.path("pins.toml")).unwrap();
    let trusted = format!("{declared}[network]\nca-files = [\"{}\"]\n", ca.display());
    fs::write(checkout.path("pins.toml"), trusted).unwrap();
    let ended = run();
    assert_eq!(ended.code, 0, "{}", ended.said);
    crate::git_login::assert_newest(&checkout.lock().unwrap(), "a", &private.root.path().join("a.git"));
    assert!(!private.seen.shown().is_empty());
    // The credential is for the front. It is shown there, and not where a redirect leads from there.
    let other = Private::new();
    let elsewhere = TlsFront::start(folder.path(), other.server.address);
    let moved = pin("a", &format!("{}/to/{}/a.git", front.url(), elsewhere.address.port()));
    let trusted = format!("{moved}[network]\nca-files = [\"{}\"]\n", ca.display());
    fs::write(checkout.path("pins.toml"), trusted).unwrap();
    fs::remove_file(checkout.path("pins.lock")).unwrap();
    let before = private.seen.shown().len();
    let ended = run();
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert_eq!(private.seen.shown().len(), before + 1, "{}", ended.said);
    assert_eq!(other.seen.shown(), Vec::<String>::new(), "{}", ended.said);
}
