//! A run of the program: how long it takes, and the most memory that is resident.

use std::fs;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How it ended, its time, and its memory in KiB.
pub(crate) fn measure(command: &mut Command) -> (ExitStatus, Duration, u64) {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let status_file = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    let status = loop {
        let status = fs::read_to_string(&status_file).unwrap_or_default();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok());
        memory = memory.max(peak.unwrap_or_default());
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    (status, started.elapsed(), memory)
}
