//! The binary and the files around it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::authority::certificates;

/// No run takes longer, however the servers behave: not even on a machine that is busy with others.
pub const LIMIT: Duration = Duration::from_secs(90);

/// Every file below a folder.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().display().to_string();
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
    }
    found
}

/// The binary, in `FOLDER/checkout`, with nothing of this process's environment.
pub fn command(folder: &Path, arguments: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_solera-pin"));
    command.args(arguments).current_dir(folder.join("checkout")).env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("HOME", folder.join("home")).env("TMPDIR", folder.join("tmp"));
    // The system's own authorities are many, and of no use here.
    command.env("SSL_CERT_FILE", &certificates().ca);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs it to its end: its exit code, and all that it said.
pub fn run(folder: &Path, arguments: &[&str]) -> Result<(i32, String), String> {
    let mut command = command(folder, arguments);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async { tokio::time::timeout(LIMIT, command.output()).await });
    let output = ended.map_err(|_| format!("it did not end within {LIMIT:?}"))?.unwrap();
    let said =
        String::from_utf8([output.stdout, output.stderr].concat()).map_err(|error| error.to_string())?;
    Ok((output.status.code().unwrap_or(-1), said))
}

pub fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = bits >> (18 - 6 * at) & 63;
            encoded.push(if at <= three.len() { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    encoded
}
