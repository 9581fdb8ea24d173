//! pyzmq from PyPI, the way everybody has it, with our library put under it.
//!
//! Invariant: the wheel is never changed. It brings a libzmq of its own, so the loader itself is
//! asked which of the two each function was taken from.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Outcome, Place, sources};
use crate::deps;
use crate::sh::{Run, detail, note, ok};

/// The release that is shown.
const RELEASE: &str = "27.1.0";

/// Runs pyzmq on its own library, then on ours.
///
/// # Errors
/// When something does not go as it should.
pub fn run(place: &Place) -> Result<Outcome, String> {
    if let Some(missing) = deps::missing(&[deps::VENV]) {
        return Ok(Outcome::Skipped(missing));
    }
    let python = match venv(place) {
        Ok(python) => python,
        Err(error) => return Ok(Outcome::Skipped(format!("pyzmq cannot be had: {error}"))),
    };
    let script = sources().join("pyzmq_demo.py");
    note("first as published:");
    show(
        &Run::new(&python)
            .arg(&script)
            .limit(Duration::from_secs(40))
            .output()?,
    );

    note("then with our library preloaded:");
    let library = place.lib().join("libzmq.so.5");
    let swapped = || {
        let run = Run::new(&python).arg(&script).env("LD_PRELOAD", &library);
        run.limit(Duration::from_secs(40))
    };
    let printed = swapped().output()?;
    show(&printed);
    let real = fs::canonicalize(&library).map_err(|e| format!("{}: {e}", library.display()))?;
    if !printed
        .lines()
        .any(|line| line.ends_with(&format!(" {}", real.display())))
    {
        return Err(format!("{} was not mapped", real.display()));
    }

    let (ours, others) = bindings(swapped(), &place.work.join("bindings"), &library)?;
    if ours == 0 || others > 0 {
        return Err(format!(
            "of pyzmq's zmq_ functions {ours} are ours and {others} are not"
        ));
    }
    ok(format!(
        "the loader took all {ours} functions that pyzmq uses from {}",
        library.display()
    ));
    Ok(Outcome::Passed)
}

fn show(printed: &str) {
    for line in printed.lines() {
        detail(line.trim_start_matches('@'));
    }
}

/// The Python of a virtual environment with pyzmq in it.
fn venv(place: &Place) -> Result<PathBuf, String> {
    let dir = place.work.join("venv");
    let python = dir.join("bin/python");
    let check = format!("import sys, zmq; sys.exit(zmq.__version__ != '{RELEASE}')");
    let has_it = || python.is_file() && Run::new(&python).args(["-c", &check]).succeeds();
    if !has_it() {
        Run::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&dir)
            .output()?;
        let pip = Run::new(&python).args(["-m", "pip", "install", "--quiet", "--no-input"]);
        let pip = pip
            .args(["--disable-pip-version-check", "--only-binary", ":all:"])
            .arg(format!("pyzmq=={RELEASE}"));
        pip.limit(Duration::from_secs(300)).output()?;
    }
    Ok(python)
}

/// Runs Python with pyzmq and asks the loader how many of the `zmq_` functions that pyzmq's
/// extension needs it took from `library`, and how many from elsewhere. It tells in files whose
/// names begin with `log`.
///
/// # Errors
/// When the program fails or the files cannot be read.
pub fn bindings(run: Run, log: &Path, library: &Path) -> Result<(usize, usize), String> {
    for old in logs(log)? {
        fs::remove_file(&old).map_err(|e| format!("{}: {e}", old.display()))?;
    }
    run.env("LD_BIND_NOW", "1")
        .env("LD_DEBUG", "bindings")
        .env("LD_DEBUG_OUTPUT", log)
        .output()?;
    let mut text = String::new();
    for file in logs(log)? {
        let bytes = fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        text.push_str(&String::from_utf8_lossy(&bytes));
    }
    Ok(count(&text, library))
}

/// The files that the loader wrote: the name and a process number.
fn logs(log: &Path) -> Result<Vec<PathBuf>, String> {
    let dir = log.parent().unwrap_or(Path::new("."));
    let name = log
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
        + ".";
    let entries = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let is_log = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|found| found.to_string_lossy().starts_with(&name))
    };
    Ok(entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_log)
        .collect())
}

/// How many `zmq_` functions of pyzmq's extension the loader took from `library`, and how many
/// from elsewhere.
fn count(log: &str, library: &Path) -> (usize, usize) {
    let mut ours = 0;
    let mut others = 0;
    for line in log.lines() {
        // binding file WHO [0] to WHERE [0]: normal symbol `NAME' …
        let Some((_, rest)) = line.split_once("binding file ") else {
            continue;
        };
        let Some((who, rest)) = rest.split_once(" [0] to ") else {
            continue;
        };
        let Some((from, rest)) = rest.split_once(" [0]: ") else {
            continue;
        };
        if !rest.contains("symbol `zmq_") || !who.contains("/_zmq.") {
            continue;
        }
        if Path::new(from) == library {
            ours += 1
        } else {
            others += 1
        }
    }
    (ours, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_words_are_counted() {
        let log = "\
  7:\tbinding file /v/zmq/backend/cython/_zmq.abi3.so [0] to /p/libzmq.so.5 [0]: normal symbol `zmq_poll'
  7:\tbinding file /v/zmq/backend/cython/_zmq.abi3.so [0] to /v/libzmq-1.so [0]: normal symbol `zmq_bind'
  7:\tbinding file /v/zmq/backend/cython/_zmq.abi3.so [0] to /lib/libc.so.6 [0]: normal symbol `free'
  7:\tbinding file /v/libzmq-1.so [0] to /v/libzmq-1.so [0]: normal symbol `zmq_poll'
";
        assert_eq!(count(log, "/p/libzmq.so.5".as_ref()), (1, 1));
    }
}
