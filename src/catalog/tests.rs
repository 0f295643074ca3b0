use super::*;
use crate::model::Allow;

fn files(upstreams: &str) -> Files {
    Files { upstreams: Some(SourceFile::new("refresh/upstreams.toml", upstreams)), ..Files::default() }
}

fn image(folder: &str, manifest: &str) -> ImageFiles {
    ImageFiles {
        folder: folder.into(),
        manifest: SourceFile::new(format!("images/{folder}/image.toml"), manifest),
        dockerfile: Some(SourceFile::new(
            format!("images/{folder}/Dockerfile"),
            "ARG PIN_RUST\nFROM ${PIN_RUST}\n",
        )),
    }
}

fn says(files: &Files) -> Vec<String> {
    let shown = |p: Problem| {
        let (line, column) = p.place.file.position(p.place.span.start);
        format!("{}:{line}:{column} {} | {}", p.place.file.path, p.message, p.help.unwrap_or_default())
    };
    parse(files).map_or_else(|problems| problems.into_iter().map(shown).collect(), |_| Vec::new())
}

const RUST: &str = "[pin.rust]\nimage = \"rust\"\ntrack = \"{major}.{minor}-slim\"\n";

#[test]
fn defaults_apply_where_a_pin_says_nothing() {
    let text = format!(
        "[defaults]\nallow = \"patch\"\nplatforms = [\"linux/arm64/v8\"]\n{RUST}[pin.go]\nimage = \"golang\"\ntrack = \"{{version}}\"\nallow = \"major\"\n"
    );
    let catalog = parse(&files(&text)).unwrap();
    let allow = |name: &str| catalog.declarations[&name.parse::<PinName>().unwrap()].allow;
    assert_eq!((allow("rust"), allow("go")), (Allow::Patch, Allow::Major));
    let rust = &catalog.declarations[&"rust".parse::<PinName>().unwrap()];
    assert_eq!(catalog.platforms(rust).unwrap().len(), 1);
}

#[test]
fn neither_file_is_an_empty_configuration_and_both_are_a_mistake() {
    assert!(parse(&Files::default()).unwrap().declarations.is_empty());
    let mut both = files(RUST);
    both.pins = Some(SourceFile::new("pins.toml", ""));
    assert!(says(&both)[0].contains("refresh/upstreams.toml as well"));
}

#[test]
fn every_mistake_has_its_place_and_a_way_out() {
    let text = "[pin.a]\nimage = \"Rust\"\ntrack = \"latest\"\nplatfroms = []\n\n[pin.b]\ntrack = \"{version}\"\n\n[pin.C]\nimage = \"x\"\ntrack = \"1\"\n\n[pin.d]\nimage = \"x:1\"\ntrack = \"slim\"\nversion = \">=1\"\nallow = \"mayor\"\nhold-until = 2026-12-01\n";
    let found = says(&files(text));
    let expected = [
        ("2:9 ", "a repository's path is in lower case"),
        ("3:9 ", "`latest` is not a track"),
        ("4:1 ", "unknown key `platfroms` in `pin.a` | did you mean `platforms`?"),
        ("6:1 ", "says nothing to follow"),
        ("9:1 ", "`C` is not a name"),
        ("14:9 ", "names a repository: its tags are chosen by `track`"),
        ("16:11 ", "the track `slim` has no {major}"),
        ("18:14 ", "needs a `hold` that says why"),
        ("17:9 ", "must be digest, patch, minor or major"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for ((at, message), found) in expected.iter().zip(&found) {
        assert!(
            found.contains(&format!("upstreams.toml:{at}")) && found.contains(message),
            "{message} / {found}"
        );
    }
}

#[test]
fn pins_that_share_a_build_argument_are_refused() {
    let text = "[pin.tool]\ngit = \"https://h/a.git\"\ntrack = \"v{version}\"\n[pin.tool-tag]\nimage = \"x\"\ntrack = \"1\"\n";
    assert!(says(&files(text))[0].contains("would be read as PIN_TOOL_TAG"));
}

#[test]
fn ages_are_durations_and_the_pin_goes_before_the_defaults() {
    let of = |text: &str| {
        let catalog = parse(&files(text)).unwrap();
        let rust = catalog.declarations.values().next().unwrap();
        (rust.min_age.as_secs(), rust.settle.as_secs(), rust.rebuilt)
    };
    assert_eq!(of(RUST), (3 * 86400, 0, false));
    let defaults = "[defaults]\nmin-age = \"7d\"\nsettle = \"6h\"\n";
    assert_eq!(of(&format!("{defaults}{RUST}")), (7 * 86400, 6 * 3600, false));
    assert_eq!(of(&format!("{defaults}{RUST}min-age = \"0s\"\nrebuilt = true\n")), (0, 6 * 3600, true));
    assert!(says(&files(&format!("{RUST}min-age = \"soon\"\n")))[0].contains("duration such as 3d"));
}

#[test]
fn images_name_pins_that_exist() {
    let mut with_image = files(RUST);
    with_image.images.push(image("x", "class = \"upstream-extension\"\nruntime-base = \"rsut\"\ntag = \"{rust.version}\"\nplatforms = [\"linux/amd64\"]\ndelta = [\"y\"]\n"));
    assert_eq!(
        says(&with_image),
        ["images/x/image.toml:2:16 no pin is called `rsut` | did you mean `rust`?"]
    );
}

#[test]
fn a_pin_covers_the_platforms_of_its_images() {
    let mut with_images = files(RUST);
    for (folder, platform) in [("x", "linux/amd64"), ("y", "linux/arm64")] {
        with_images.images.push(image(folder, &format!("class = \"toolchain\"\nruntime-base = \"rust\"\ntag = \"1\"\nplatforms = [\"{platform}\"]\ndelta = []\n")));
    }
    let catalog = parse(&with_images).unwrap();
    let rust = catalog.declarations.values().next().unwrap();
    assert_eq!(catalog.platforms(rust).unwrap().len(), 2);
    assert_eq!(catalog.readers(&rust.name).count(), 2);
}

#[test]
fn from_source_needs_a_base_and_a_source() {
    let mut with_image = files(RUST);
    let text = "class = \"from-source\"\nruntime-base = \"rust\"\nbuild-base = \"rust\"\ntag = \"1\"\nplatforms = [\"linux/amd64\"]\ndelta = [\"y\"]\n";
    with_image.images.push(image("x", text));
    assert!(says(&with_image)[0].contains("needs the key `source`"));
    with_image.images[0] = image("x", &format!("{text}source = \"./src\"\n"));
    assert!(says(&with_image).is_empty());
    with_image.images[0] = image("x", &format!("{text}source = \"./../y\"\n"));
    assert!(says(&with_image)[0].contains("leaves the image's folder"));
    with_image.images[0] = image("x", &format!("{text}source = \"/a/../../y\"\n"));
    assert!(says(&with_image)[0].contains("leaves the repository"));
}

#[test]
fn the_policy_is_checked() {
    let policy =
        |text: &str| Files { policy: Some(SourceFile::new("refresh/policy.toml", text)), ..Files::default() };
    let good = "[registries.\"docker.io\"]\nmirror = \"http://127.0.0.1:5000\"\n[git.\"https://github.com/sadoyan/\"]\nmirror = \"/srv/git/\"\n[verify]\nedition = \"2026-11\"\nrules.unused-pin = \"off\"\n";
    let catalog = parse(&policy(good)).unwrap();
    let (level, place) = &catalog.policy.rules["unused-pin"];
    assert_eq!((*level, &place.file.text[place.span.clone()]), (Level::Off, "unused-pin"));
    assert_eq!(catalog.policy.network.git[0].mirror, "/srv/git/");
    for (text, message) in [
        ("[schedule]\ncron = \"0 6 * *\"\n", "five fields"),
        ("[schedule]\ncron = \"0 25 * * *\"\n", "`25` is no hour: its values are 0 to 23"),
        ("[schedule]\ntime-zone = \"Europe/Madird\"\n", "is no time zone"),
        ("[schedule.groups]\nbase = \"hourly\"\n", "no schedule: it has five fields"),
        ("[references]\nmode = \"inplace\"\n", "did you mean `in-place`?"),
        ("[propose]\nforge = \"gerrit\"\n", "one of github, gitlab, forgejo, gitea, none"),
        ("[propose]\nmax-open = 0\n", "at least 1"),
        ("[registries.\"r.example\"]\nmirror = \"http://m.example\"\n", "plain HTTP on another machine"),
        ("[registries.\"r.example\"]\nmirror = \"https://u:p@m.example\"\n", "must not hold a credential"),
        ("[git.\"https://h/\"]\nmirror = \"relative\"\n", "is not the URL of a git repository"),
        ("[network]\nauth-file = \"/x\"\n", "is a person's own setting"),
        ("[network]\ncerts-dir = \"/x\"\n", "is a person's own setting"),
        ("[registries.\"r.example\"]\nauth-file = \"/x\"\n", "is a person's own setting"),
        ("[registries.\"r.example\"]\nclient-cert = \"x\"\n", "client-cert` is only one half"),
        ("[registries.\"r.example\"]\nclient-key = \"/x\"\n", "client-key` is only one half"),
        (
            "[registries.\"r.example\"]\nclient-cert = \"x\"\nclient-key = \"x.key\"\n",
            "a private key inside the repository",
        ),
        ("[verify]\nedition = \"soon\"\n", "a month such as"),
        ("[pin.a]\nimage = \"x\"\n", "unknown key `pin`"),
    ] {
        let found = says(&policy(text));
        assert!(found.iter().any(|found| found.contains(message)), "{message}: {found:?}");
    }
}

#[test]
fn where_a_secret_is_kept_is_a_users_own_setting() {
    let text = "[registries.\"r.example\"]\nclient-cert = \"x.pem\"\nclient-key = \"x.key\"\nauth-file = \"r.json\"\n\
                ca = \"ca.pem\"\n[network]\nauth-file = \"all.json\"\ncerts-dir = \"certs\"\nca-files = [\"a\", \"b\"]\n";
    let mut user = super::parse_user(&SourceFile::new("config.toml", text)).unwrap();
    user.paths_mut().for_each(|path| path.insert_str(0, "/etc/"));
    let mut paths: Vec<String> = user.paths_mut().map(|path| path.clone()).collect();
    paths.sort();
    let expected = ["a", "all.json", "b", "ca.pem", "certs", "r.json", "x.key", "x.pem"];
    assert_eq!(paths, expected.map(|name| format!("/etc/{name}")));
    // A repository may say which certificate is shown, of a key that is elsewhere.
    for key in ["/etc/pki/me.key", "~/me.key"] {
        let text = format!("[registries.\"r.example\"]\nclient-cert = \"me.pem\"\nclient-key = \"{key}\"\n");
        let policy = SourceFile::new("refresh/policy.toml", &text);
        let catalog = parse(&Files { policy: Some(policy), ..Files::default() }).unwrap();
        let network = catalog.policy.network.with_user(user.clone());
        assert_eq!(network.auth_file.as_deref(), Some("/etc/all.json"));
    }
    // One key of a person's own does away with that key alone.
    let declared =
        "[registries.\"r.example\"]\nmirror = \"https://m.example\"\nplain-http = true\nca = \"own.pem\"\n";
    let policy = SourceFile::new("refresh/policy.toml", declared);
    let catalog = parse(&Files { policy: Some(policy), ..Files::default() }).unwrap();
    let merged = catalog.policy.network.with_user(user);
    let registry = &merged.registries[&"r.example".parse().unwrap()];
    assert_eq!(registry.mirror.as_ref().map(url::Url::as_str), Some("https://m.example/"));
    assert_eq!((registry.ca.as_deref(), registry.plain_http), (Some("/etc/ca.pem"), Some(true)));
}

#[test]
fn a_policy_is_changed_by_the_keys_that_a_pin_has() {
    let catalog =
        parse(&files(&format!("{RUST}min-age = \"1d\"\nallow = \"patch\"\nrebuilt = true\n"))).unwrap();
    let rust = catalog.declarations.into_values().next().unwrap();
    let changed = |text: &str| rust.changed(&SourceFile::new("other", text));
    let other = changed("allow = \"major\"\nignore = [\"1.9*\"]\nversion = \"^1.80\"\n").unwrap();
    assert_eq!((other.allow, other.min_age, other.rebuilt), (Allow::Major, rust.min_age, true));
    assert_eq!((other.ignore.len(), other.version.is_some()), (1, true));
    let eager = changed("min-age = \"0s\"\nrebuilt = false\nimmutable = true\n").unwrap();
    assert!(eager.min_age.is_zero() && !eager.rebuilt && eager.immutable && eager.allow == Allow::Patch);
    let mistakes = |text: &str| -> Vec<String> {
        changed(text).unwrap_err().into_iter().map(|problem| problem.message).collect()
    };
    assert_eq!(mistakes("track = \"x\"\n"), ["`track` is no key of a policy"]);
    assert_eq!(mistakes("allow = \"mayor\"\n"), ["`allow` must be digest, patch, minor or major"]);
    assert_eq!(mistakes("platforms = []\n")[0], "`platforms` is no key of a policy");
}

#[test]
fn a_users_patience_goes_before_the_repositorys() {
    let network = |text: &str| parse_user(&SourceFile::new("config.toml", text));
    let own = network("[network]\ntimeout = \"5s\"\nmax-wait = \"0s\"\n").unwrap();
    let ours = network("[network]\ntimeout = \"1m\"\nmax-wait = \"1h\"\n").unwrap();
    let seconds =
        |network: Network| (network.timeout.unwrap().as_secs(), network.max_wait.unwrap().as_secs());
    assert_eq!(seconds(ours.clone().with_user(own)), (5, 0));
    assert_eq!(seconds(ours.with_user(Network::default())), (60, 3600));
    let wrong = network("[network]\ntimeout = \"0s\"\nmax-wait = \"soon\"\n").unwrap_err();
    assert!(wrong[0].message.contains("a second or more"), "{}", wrong[0].message);
    assert!(wrong[1].message.contains("must be a duration"), "{}", wrong[1].message);
}

const TOOL: &str = "[pin.tool]\narchive = \"https://example.org/tool-{version}-{arch}.tgz\"\narchitectures = { amd64 = \"x86_64\" }\n";
const SUITES: &str = "[pin.stable]\nsuites = [\"bookworm\", \"bookworm-security\"]\nsigned-by = \"k.gpg\"\n";

#[test]
fn archives_have_the_versions_of_a_repositorys_tags() {
    let tool = format!(
        "{TOOL}versions = {{ git = \"https://example.org/tool.git\", track = \"release-{{major}}.{{minor}}-final\" }}\n"
    );
    let catalog = parse(&files(&tool)).unwrap();
    let tool = catalog.declarations.values().next().unwrap();
    let Upstream::Archive(archive) = &tool.upstream else { panic!() };
    assert_eq!(tool.track.as_str(), "{major}.{minor}");
    assert_eq!(archive.version_of("release-1.40-final"), Some("1.40"));
    assert_eq!(archive.version_of("release-1.40.1-final"), None);
    assert_eq!(archive.tag_of("1.40"), "release-1.40-final");
    assert_eq!(tool.arguments(), ["PIN_TOOL_VERSION", "PIN_TOOL_AMD64", "PIN_TOOL_AMD64_SHA256"]);
    assert!(tool.immutable);
}

#[test]
fn suites_have_times_for_tags() {
    let catalog = parse(&files(SUITES)).unwrap();
    let pin = catalog.declarations.values().next().unwrap();
    assert!(pin.track.read("20260820T000000Z").is_some());
    assert_eq!(pin.arguments(), ["PIN_STABLE", "PIN_STABLE_INRELEASE"]);
    let Upstream::Debian(debian) = &pin.upstream else { panic!() };
    let ArchivePlace::Snapshot(place) = &debian.place else { panic!() };
    let security = "bookworm-security".parse().unwrap();
    let at = place.of(&security, Some(&"20260820T000000Z".parse().unwrap()));
    assert_eq!(at, "https://snapshot.debian.org/archive/debian-security/20260820T000000Z");
    assert_eq!(debian.live.as_ref().unwrap().of(&security, None), "http://deb.debian.org/debian-security");
}

#[test]
fn what_archives_and_suites_cannot_have_is_said() {
    let versions = "versions = \"1.2\"\n";
    for (text, says_so) in [
        (format!("{TOOL}{versions}track = \"1\"\n"), "unknown key `track`"),
        (format!("{TOOL}versions = \"{{version}}\"\n"), "a version has no placeholders"),
        (format!("{TOOL}{versions}signature = \"https://example.org/s\"\n"), "a signature needs `signed-by`"),
        (format!("{TOOL}{versions}platforms = [\"linux/amd64\"]\n"), "`platforms`: an archive has"),
        (TOOL.into(), "lacks the key `versions`"),
        (TOOL.replace("-{arch}", "") + versions, "`architectures` has nothing to fill in"),
        (TOOL.replace("https", "http") + versions, "is plain HTTP on another machine"),
        (TOOL.replace("x86_64", "a/b") + versions, "would not be a part of a file's name"),
        (format!("{SUITES}git = \"https://example.org/a.git\"\n"), "not several"),
        (
            format!("{SUITES}mirror = \"http://h/debian\"\nsnapshot = \"http://h/{{timestamp}}\"\n"),
            "not both",
        ),
        (format!("{SUITES}snapshot = \"http://h/debian\"\n"), "has no {timestamp}"),
        (format!("{SUITES}version = \"1\"\n"), "`version`: a Debian suite has no such thing"),
        (format!("{SUITES}packages = \"all\"\n"), "from-dockerfiles"),
        (SUITES.replace("signed-by", "signedby"), "lacks the key `signed-by`"),
        (SUITES.replace("bookworm-security", "../x"), "is not a suite"),
    ] {
        let found = says(&files(&text)).join("\n");
        assert!(found.contains(says_so), "{text}\n{found}");
    }
}

#[test]
fn archives_have_mirrors() {
    let policy = |text: &str| {
        let policy = Some(SourceFile::new("refresh/policy.toml", text));
        Files { policy, ..files("") }
    };
    let text = "[archives.\"https://snapshot.debian.org/\"]\nmirror = \"http://m.example.org/\"\n";
    assert!(says(&policy(text))[0].contains("plain HTTP"));
    let catalog = parse(&policy(&format!("{text}plain-http = true\n"))).unwrap();
    assert_eq!(catalog.policy.network.archives["https://snapshot.debian.org/"], "http://m.example.org/");
    assert!(
        says(&policy("[archives.\"snapshot\"]\nmirror = \"https://m/\"\n"))[0].contains("start of a URL")
    );
}

#[test]
fn a_login_in_an_address_is_refused_and_not_shown() {
    let suites = "[pin.a]\nsuites = [\"bookworm\"]\nsigned-by = \"k\"\n";
    for text in [
        "[pin.a]\narchive = \"https://u:hunter2@h/{version}\"\nversions = \"1\"\n".to_owned(),
        "[pin.a]\ngit = \"https://u:hunter2@h/x.git\"\ntrack = \"1\"\n".to_owned(),
        format!("{suites}mirror = \"https://u:hunter2@h/debian\"\n"),
        format!("{suites}snapshot = \"https://u:hunter2@h:x/{{timestamp}}\"\n"),
    ] {
        let problems = parse(&files(&text)).unwrap_err();
        assert_eq!(problems.len(), 1, "{text}");
        let shown = |p: &Problem| format!("{} {:?} {}", p.message, p.help, p.place.file.text);
        assert!(!problems.iter().map(shown).any(|shown| shown.contains("hunter2")), "{text}");
    }
}
