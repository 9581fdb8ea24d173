//! `cargo xtask clients`: bindings of other languages, as Debian and PyPI publish them, on the
//! library; nothing of theirs is compiled anew.
//!
//! Invariant: a client counts only if it says itself that it had the library in question mapped,
//! and, unless its package brings one of its own, no other.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::args::Args;
use crate::demo::Outcome;
use crate::install;
use crate::reference::{self, Flavour};
use crate::sh::{failed, heading, note, ok, root};

mod exchange;
mod programs;

use programs::{CLIENTS, Client, Program};

const HELP: &str = "\
usage: cargo xtask clients [OPTIONS] [CLIENT…]

Runs programs in other languages, through the bindings that Debian and PyPI publish, on the
library: each by itself, then each as server of the next one's requests. What cannot be had is
left out. One that fails is tried with the genuine library too, to tell whose fault it is.

  --prefix DIR   the library installed there; default: build into target/clients/prefix
  --reference    with the genuine library only
  --list         name the clients and stop";

/// What an exchange may take.
const LIMIT: Duration = Duration::from_secs(90);

/// `cargo xtask clients`.
///
/// # Errors
/// When a client fails, or none can be had.
pub fn run(args: &[String]) -> Result<(), String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let mut args = Args::new(args);
    let prefix = args.value("--prefix")?;
    let genuine = args.switch("--reference");
    let list = args.switch("--list");
    let names = args.words()?;
    if list {
        for client in CLIENTS {
            println!("  {:<8} {}", client.name, client.what);
        }
        return Ok(());
    }
    let known = |name: &&String| !CLIENTS.iter().any(|client| client.name == **name);
    if let Some(name) = names.iter().find(known) {
        return Err(format!("there is no client '{name}'; --list names them"));
    }
    let prefix = match prefix {
        Some(prefix) => std::path::absolute(prefix).map_err(|e| e.to_string())?,
        None => {
            let prefix = root().join("target/clients/prefix");
            install::install(&install::Options::new(&prefix))?;
            prefix
        }
    };
    let lib = if genuine {
        reference::library(Flavour::Stable)?
    } else {
        prefix.join("lib")
    };
    match examine(&prefix, &lib, &names)? {
        Outcome::Passed => Ok(()),
        Outcome::Skipped(why) => Err(why),
    }
}

/// What CI runs: all clients on the library installed in `prefix`.
///
/// # Errors
/// As [`run`].
pub fn check(prefix: &Path) -> Result<Outcome, String> {
    examine(prefix, &prefix.join("lib"), &[])
}

/// A client that is at hand.
struct Ready {
    client: &'static Client,
    program: Program,
}

fn examine(prefix: &Path, lib: &Path, names: &[String]) -> Result<Outcome, String> {
    let (mut ready, mut missing) = (Vec::new(), Vec::new());
    let chosen = |client: &&Client| names.is_empty() || names.iter().any(|n| n == client.name);
    for client in CLIENTS.iter().filter(chosen) {
        heading(format!("{}: {}", client.name, client.what));
        match programs::prepare(client, prefix) {
            Ok(program) => ready.push(Ready { client, program }),
            Err(why) => {
                note(format!("left out: {why}"));
                missing.push(client.name);
            }
        }
    }
    if ready.is_empty() {
        return Ok(Outcome::Skipped("no client can be had here".to_owned()));
    }
    let mut broken = Vec::new();
    heading("Each by itself");
    for one in &ready {
        let alone = |lib: &Path| exchange::alone(&one.program, lib, LIMIT);
        if let Err(error) = judge(one.client.name, lib, alone) {
            failed(error);
            broken.push(one.client.name.to_owned());
        }
    }
    let speakers: Vec<&Ready> = ready.iter().filter(|one| one.client.converses).collect();
    heading("Each with the next");
    for (at, server) in speakers.iter().enumerate() {
        let client = speakers[(at + 1) % speakers.len()];
        let name = format!("{} serves {}", server.client.name, client.client.name);
        let talk = |lib: &Path| exchange::between(&server.program, &client.program, lib, LIMIT);
        if let Err(error) = judge(&name, lib, talk) {
            failed(error);
            broken.push(name);
        }
    }
    if !missing.is_empty() {
        note(format!("left out: {}", missing.join(", ")));
    }
    match broken.as_slice() {
        [] => Ok(Outcome::Passed),
        names => Err(format!("failed: {}", names.join("; "))),
    }
}

/// Does it with `lib`. Should it fail, the genuine library tells whose fault that is.
fn judge(
    name: &str,
    lib: &Path,
    how: impl Fn(&Path) -> Result<String, String>,
) -> Result<(), String> {
    let error = match how(lib) {
        Ok(seen) => {
            ok(format!("{name}: {seen}"));
            return Ok(());
        }
        Err(error) => error,
    };
    let fault = match reference::library(Flavour::Stable).map(|genuine| how(&genuine)) {
        Ok(Ok(_)) => "the genuine library does it".to_owned(),
        Ok(Err(_)) => "with the genuine library too, so the client's program is wrong".to_owned(),
        Err(why) => format!("there is no genuine library to compare with: {why}"),
    };
    Err(format!("{name} ({fault}): {error}"))
}

/// The folder that clients work in.
fn work() -> Result<PathBuf, String> {
    let dir = root().join("target/clients/work");
    fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    Ok(dir)
}
