//! A repository after three weeks: pins in every state, with a past, images that read them, and texts of upstreams
//! that mean no good.

use std::fs;

use crate::driver::{Daemon, SECRET};
use crate::support::checkout::{BOTH, pin};
use crate::support::forge::Software;
use crate::support::registry::Reply;
use crate::world::World;

/// Markup that acts where it is taken for such.
const HOSTILE: &str = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";

/// When the daemon lives.
pub(crate) const NOW: &str = "2026-05-20T06:00:00Z";

const PINS: [&str; 7] = ["caddy", "debian", "nginx", "node", "postgres", "redis", "rust"];
/// What upstreams released, and when: the day of May 2026.
const RELEASES: [(u32, &str, &str); 9] = [
    (3, "node", "1.0.1"),
    (3, "rust", "1.0.1"),
    (5, "node", "1.0.1"),
    (8, "node", "1.1.0"),
    (8, "debian", "1.0.0"),
    (12, "node", "1.1.1"),
    (12, "alpine", "1.1.0-alpine3.23"),
    (12, "rust", "1.1.0"),
    (15, "caddy", "1.0.2"),
];
const IMAGE: &str = "class = \"upstream-extension\"\ntag = \"1\"\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n\
                     upstream-provides = [\"a base\"]\ndelta = [\"a shop\"]\nrefuses = [\"secrets\"]\n";
const SCHEDULE: &str = "\n[schedule]\ncron = \"0 6 * * 1-5\"\ntime-zone = \"Europe/Madrid\"\n";

/// A tag as long as one may be.
fn long_tag() -> String {
    format!("1.0.0-{}", "x".repeat(122))
}

/// A pin's name, longer than any that is of use.
pub(crate) fn long_name() -> String {
    ["a-name-that-somebody-found-telling"; 3].join("-")
}

/// The repository, and its daemon.
pub(crate) struct Shop {
    pub(crate) daemon: Daemon,
    _world: World,
    _folder: tempfile::TempDir,
}

impl Shop {
    pub(crate) fn open() -> Self {
        let world = World::on(Software::GitHub, &PINS, SCHEDULE);
        let declared = declarations(&world);
        write(&world, &declared);
        past(&world);
        present(&world, &declared);
        let folder = tempfile::tempdir().unwrap();
        let daemon = Daemon::start_at(&world, &folder.path().join("state"), NOW);
        daemon.ran(1);
        assert_eq!(daemon.trigger(SECRET, "{\"pin\": \"php\"}"), 202);
        daemon.ran(2);
        Self { daemon, _world: world, _folder: folder }
    }
}

/// The first declarations, with what else is declared of each pin, and three more pins.
fn declarations(world: &World) -> String {
    let mut declared = world.there(&["show", "main:pins.toml"]) + "\n\n";
    for (pin, more) in [("redis", "min-age = \"14d\""), ("nginx", "immutable = true")] {
        declared = declared.replace(&format!("[pin.{pin}]\n"), &format!("[pin.{pin}]\n{more}\n"));
    }
    let (name, tag) = (long_name(), long_tag());
    world.registry.push_index("long", &tag, BOTH);
    world.registry.push_index("php", "1.0.0", BOTH);
    world.registry.push_index("alpine", "1.0.0-alpine3.20", BOTH);
    declared
        + &pin(&world.registry, &name, "long", &tag.replace("1.0.0", "{version}"))
        + &pin(&world.registry, "alpine", "alpine", "{version}-alpine3.20")
        + &pin(&world.registry, "php", "php", "{version}")
}

/// Two images, a file whose name is markup, and what is declared.
fn write(world: &World, declared: &str) {
    let there = |path: &str| world.project.checkout.path(path);
    fs::write(there("pins.toml"), declared).unwrap();
    for (image, base) in [("shop", "node"), ("worker", "debian")] {
        let folder = there("images").join(image);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("image.toml"), format!("runtime-base = \"{base}\"\n{IMAGE}")).unwrap();
        let argument = base.to_uppercase();
        fs::write(folder.join("Dockerfile"), format!("ARG PIN_{argument}\nFROM ${{PIN_{argument}}}\n"))
            .unwrap();
    }
    let hostile = there("<b onclick=alert(1)>");
    fs::create_dir_all(&hostile).unwrap();
    fs::copy(there("Dockerfile"), hostile.join("Dockerfile")).unwrap();
    world.project.git(&["add", "."]);
    world.project.git(&["commit", "-qm", "images"]);
}

/// What upstreams released was locked on the same day.
fn past(world: &World) {
    for day in [2, 3, 5, 8, 12, 15] {
        for (_, name, tag) in RELEASES.iter().filter(|(at, _, _)| *at == day) {
            world.registry.push_index(name, tag, BOTH);
        }
        let ended = world.project.at(day, 6, &["refresh", "--commit"]);
        assert_eq!(ended.code, 0, "{}", ended.said);
    }
    let remote = world.remote().display().to_string();
    world.project.git(&["push", "-q", &remote, "main", "refs/solera-pin/journal"]);
}

/// What is not settled: something newer for four pins, one that was never locked, and three upstreams that are not well.
fn present(world: &World, declared: &str) {
    for (name, tag) in [("rust", "1.10.0"), ("postgres", "1.2.0"), ("redis", "1.2.0")] {
        world.registry.push_index(name, tag, BOTH);
    }
    world.registry.push_index("nginx", "1.0.0", BOTH);
    world.registry.push_index("mariadb", "1.0.0", BOTH);
    let refusal =
        format!("{{\"errors\": [{{\"code\": \"DENIED\", \"message\": \"{}\"}}]}}", HOSTILE.replace('"', "'"));
    world.registry.answer("GET /v2/php/tags/list", Reply::new(403, refusal));
    let hold = format!("until the plugins are tested {}", HOSTILE.replace('"', "\\\""));
    let held = format!("[pin.postgres]\nhold = \"{hold}\"\n");
    let more = pin(&world.registry, "mariadb", "mariadb", "{version}");
    world.edit("main", "pins.toml", &(declared.replace("[pin.postgres]\n", &held) + &more));
}
