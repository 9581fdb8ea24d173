//! Having clients do what they do, and reading what they say of it.
//!
//! Invariant: no process is left when a function returns. A client speaks in lines: `endpoint X`,
//! `library FILE`, `version V`, `passed TEST`, `failed TEST`, and `done` at the very end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::programs::Program;
use super::work;
use crate::sh::{Run, Watchdog};

/// The command with the library in `lib` under it.
fn prepared(program: &Program, lib: &Path) -> Result<Run, String> {
    let run = program.run.clone().dir(work()?);
    if program.brings_its_own {
        return Ok(run.env("LD_PRELOAD", lib.join("libzmq.so.5")));
    }
    let mut folders = vec![lib.to_owned()];
    folders.extend(program.libraries.iter().cloned());
    let path = std::env::join_paths(folders).map_err(|e| e.to_string())?;
    Ok(run.env("LD_LIBRARY_PATH", path))
}

/// A client by itself; what was seen.
///
/// # Errors
/// When it fails, or had another library.
pub fn alone(program: &Program, lib: &Path, limit: Duration) -> Result<String, String> {
    let run = prepared(program, lib)?.args(["alone", "."]).limit(limit);
    let said = run.output()?;
    let seen = check(&said, program, lib)?;
    let tests = |word: &str| -> Vec<String> {
        let names = said.lines().filter_map(|line| line.strip_prefix(word));
        names.map(|name| name.trim().to_owned()).collect()
    };
    let (passed, failed) = (tests("passed "), tests("failed "));
    if !failed.is_empty() {
        return Err(format!("{} failed\n{said}", failed.join(" ")));
    }
    Ok(match passed.len() {
        0 => seen,
        passed => format!("{passed} tests passed, {seen}"),
    })
}

/// A client that asks, and one that answers; what was seen.
///
/// # Errors
/// When one fails, or had another library.
pub fn between(
    server: &Program,
    client: &Program,
    lib: &Path,
    limit: Duration,
) -> Result<String, String> {
    let serving = prepared(server, lib)?.arg("server");
    let mut child = serving.spawn(Stdio::piped(), Stdio::inherit())?;
    let guard = Watchdog::new(child.id(), limit);
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let mut said = String::new();
    let mut asked = Err("the server said no endpoint".to_owned());
    for line in lines.by_ref().map_while(Result::ok) {
        if let Some(endpoint) = line.strip_prefix("endpoint ") {
            let run = prepared(client, lib)?.args(["client", endpoint]);
            asked = run.limit(limit).quiet();
            break;
        }
    }
    if asked.is_err() {
        // It would wait for requests in vain.
        let _ = child.kill();
    }
    for line in lines.map_while(Result::ok) {
        said.push_str(&line);
        said.push('\n');
    }
    let status = child.wait().map_err(|e| e.to_string())?;
    let late = guard.finish();
    let seen = check(&asked?, client, lib)?;
    if late || !status.success() {
        return Err(format!("the server did not end well: {status}\n{said}"));
    }
    check(&said, server, lib)?;
    Ok(format!("100 requests and replies, {seen}"))
}

/// Checks that a client came to its end with the library in `lib`.
fn check(said: &str, program: &Program, lib: &Path) -> Result<String, String> {
    let named = |word: &str| -> Vec<&str> {
        let found = said.lines().filter_map(|line| line.strip_prefix(word));
        found.map(str::trim).collect()
    };
    if said.lines().next_back() != Some("done") {
        return Err(format!("it did not come to its end\n{said}"));
    }
    let file = lib.join("libzmq.so.5");
    let real = fs::canonicalize(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mapped = named("library ");
    let (ours, others): (Vec<&str>, Vec<&str>) =
        mapped.iter().partition(|file| Path::new(file) == real);
    if ours.is_empty() || (!others.is_empty() && !program.brings_its_own) {
        return Err(format!(
            "it had {mapped:?} and not {} alone",
            real.display()
        ));
    }
    Ok(format!("{} was mapped", real.display()))
}
