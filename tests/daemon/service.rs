//! What a service manager hears, on a socket as systemd has it, and that a daemon is alive for as long as it is.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use crate::driver::{Daemon, listening};
use crate::world::World;

const NONE: &str = "forge = \"none\"\n";

struct Manager {
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket, folder }
    }

    fn starts(&self, world: &World, arguments: &[&str]) -> Daemon {
        let mut command = listening(world, &self.folder.path().join("state"), arguments);
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify")).env("WATCHDOG_USEC", "20000");
        Daemon::of(command)
    }

    fn hears(&self) -> String {
        let mut buffer = [0; 512];
        let long = self.socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..long].to_vec()).unwrap()
    }

    /// The next that is not only that it is alive.
    fn hears_more(&self) -> String {
        loop {
            let heard = self.hears();
            if heard != "WATCHDOG=1\n" {
                return heard;
            }
        }
    }
}

#[test]
fn a_service_manager_hears_of_its_life() {
    let (world, manager) = (World::new(&["x"], NONE), Manager::new());
    let daemon = manager.starts(&world, &[]);
    assert_eq!(manager.hears(), "READY=1\n", "before all else");
    daemon.ran(1);
    for _ in 0..5 {
        assert_eq!(manager.hears(), "WATCHDOG=1\n");
    }
    for _ in 0..3 {
        daemon.tell("-HUP");
        let reloading = manager.hears_more();
        let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect(&reloading).trim_end();
        assert!(time.parse::<u64>().unwrap() > 0);
        assert_eq!(manager.hears_more(), "READY=1\n");
    }
    assert_eq!(daemon.end(), Some(0));
    assert_eq!(manager.hears_more(), "STOPPING=1\n");
}

#[test]
fn a_run_that_hangs_in_a_file_keeps_nobody_from_being_heard() {
    let (world, manager) = (World::new(&["x"], NONE), Manager::new());
    // Whoever reads git's configuration waits for somebody to write it.
    let pipe = manager.folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    world.project.git(&["config", "include.path", &pipe.display().to_string()]);
    let daemon = manager.starts(&world, &["--grace", "0s"]);
    assert_eq!(manager.hears(), "READY=1\n");
    for _ in 0..20 {
        assert_eq!(manager.hears(), "WATCHDOG=1\n");
    }
    assert_eq!((daemon.get("/healthz").status, daemon.get("/readyz").status), (200, 503));
    assert_eq!(daemon.end(), Some(0));
    assert_eq!(manager.hears_more(), "STOPPING=1\n");
}
