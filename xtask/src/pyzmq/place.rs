//! Where pyzmq is put: a Python environment with what its tests need, and pyzmq in each variant.
//!
//! Invariant: a folder whose stamp is right holds a whole installation; the stamp names what it
//! was made from and is written last. Nothing outside `target/pyzmq` is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Variant;
use crate::deps::{self, Need, Probe};
use crate::elf;
use crate::reference::fingerprint;
use crate::sh::{Run, note, root};

/// The release of pyzmq.
pub const RELEASE: &str = "27.3.0";

/// Fetching or building one thing.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Python's headers, for pyzmq's extension.
const PYTHON_HEADERS: Need = Need {
    what: "Python's headers",
    probe: Probe::Works(&[
        "python3",
        "-c",
        "import os, sysconfig; os.stat(sysconfig.get_path('include') + '/Python.h')",
    ]),
    packages: &["python3-dev"],
};

/// pyzmq in one variant.
#[derive(Clone, Debug)]
pub struct Place {
    /// The Python of the environment.
    pub python: PathBuf,
    /// The folder that holds the package `zmq`.
    pub site: PathBuf,
    /// The folder of zmq.h, for tests that compile something.
    pub include: PathBuf,
    /// The folder that holds pyzmq's tests and nothing else of it.
    pub suite: PathBuf,
    /// A folder for notes of the run.
    pub scratch: PathBuf,
}

/// Says what is needed, and fetches what is missing.
///
/// # Errors
/// How to get it by hand.
pub fn ensure() -> Result<(), String> {
    let mut needs = vec![deps::CC, deps::CXX, deps::BINUTILS, deps::CMAKE, deps::VENV];
    needs.push(PYTHON_HEADERS);
    deps::ensure(&needs)
}

/// Installs pyzmq unless it is there; from sources it is built on the library in `prefix`.
///
/// # Errors
/// What pip or the compiler said.
pub fn prepare(variant: Variant, prefix: &Path) -> Result<Place, String> {
    let top = folder(&root().join("target/pyzmq"))?;
    let python = environment(&top)?;
    let sources = sources(&top, &python)?;
    let site = top.join(variant.name());
    let mut made_from = vec![RELEASE.to_owned(), stamp(&top.join("venv"))];
    if variant != Variant::Wheel {
        let header = prefix.join("include/zmq.h");
        made_from.push(prefix.display().to_string());
        made_from.push(read(&header)?);
    }
    make(&site, &fingerprint(&made_from), || {
        let pip = pip(&python).args(["--no-deps", "--target"]).arg(&site);
        let pip = match variant {
            Variant::Wheel => pip
                .args(["--only-binary", ":all:"])
                .arg(format!("pyzmq=={RELEASE}")),
            Variant::Source | Variant::Cffi => pip
                .env("ZMQ_PREFIX", prefix)
                .env("PYZMQ_BACKEND", backend(variant))
                .args(["--no-build-isolation", "--no-cache-dir"])
                .arg(&sources.archive),
        };
        pip.output().map(drop)?;
        if variant != Variant::Wheel {
            needs_the_library(&site)?;
        }
        Ok(())
    })?;
    Ok(Place {
        python,
        site,
        include: prefix.join("include"),
        suite: sources.suite,
        scratch: folder(&top.join("scratch"))?,
    })
}

fn backend(variant: Variant) -> &'static str {
    match variant {
        Variant::Cffi => "cffi",
        Variant::Source | Variant::Wheel => "cython",
    }
}

/// The environment with what pyzmq's build and tests need.
fn environment(top: &Path) -> Result<PathBuf, String> {
    let venv = top.join("venv");
    let python = venv.join("bin/python");
    let requirements = root().join("capi-tests/clients/pyzmq/requirements.txt");
    let version = Run::new("python3").arg("--version").quiet()?;
    make(
        &venv,
        &fingerprint(&(version, read(&requirements)?)),
        || {
            let run = Run::new("python3").args(["-m", "venv"]).arg(&venv);
            run.output()?;
            let pip = pip(&python).args(["--only-binary", ":all:", "-r"]);
            pip.arg(&requirements).output().map(drop)
        },
    )?;
    Ok(python)
}

/// pyzmq's sources, and its tests by themselves: beside the package they would import that.
struct Sources {
    archive: PathBuf,
    suite: PathBuf,
}

fn sources(top: &Path, python: &Path) -> Result<Sources, String> {
    let folder = top.join("sdist");
    let name = format!("pyzmq-{RELEASE}");
    let archive = folder.join(format!("{name}.tar.gz"));
    let suite = folder.join("suite");
    make(
        &folder,
        &fingerprint(&(RELEASE, stamp(&top.join("venv")))),
        || {
            fs::create_dir_all(&suite).map_err(|e| format!("{}: {e}", suite.display()))?;
            let run = Run::new(python).args(["-m", "pip", "download", "--quiet", "--no-input"]);
            let run = run.args(["--disable-pip-version-check", "--no-deps"]);
            let run = run.args(["--no-build-isolation", "--no-binary", ":all:", "-d"]);
            let run = run.arg(&folder).arg(format!("pyzmq=={RELEASE}"));
            run.limit(LIMIT).output()?;
            let tar = Run::new("tar")
                .arg("-xf")
                .arg(&archive)
                .arg("-C")
                .arg(&suite);
            let tar = tar.arg("--strip-components=1");
            let wanted = [format!("{name}/tests"), format!("{name}/pytest.ini")];
            tar.args(wanted).output().map(drop)
        },
    )?;
    Ok(Sources { archive, suite })
}

fn pip(python: &Path) -> Run {
    let run = Run::new(python).args(["-m", "pip", "install", "--quiet", "--no-input"]);
    run.arg("--disable-pip-version-check").limit(LIMIT)
}

/// Makes a folder anew unless it was made from the same.
fn make(dir: &Path, from: &str, how: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    if stamp(dir) == from {
        note(format!("{} is there", dir.display()));
        return Ok(());
    }
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    }
    how()?;
    fs::write(dir.join("stamp"), from).map_err(|e| format!("{}: {e}", dir.display()))
}

fn stamp(dir: &Path) -> String {
    fs::read_to_string(dir.join("stamp")).unwrap_or_default()
}

/// An error if pyzmq's extension does not ask for libzmq.so.5: it would have built its own.
fn needs_the_library(site: &Path) -> Result<(), String> {
    let backends = site.join("zmq/backend");
    for name in ["cython", "cffi"] {
        let entries = fs::read_dir(backends.join(name)).map_err(|e| e.to_string())?;
        for file in entries.flatten().map(|entry| entry.path()) {
            let is_extension = file.extension().is_some_and(|extension| extension == "so");
            if is_extension
                && elf::dynamic(&file)?
                    .needed
                    .iter()
                    .any(|n| n == "libzmq.so.5")
            {
                return Ok(());
            }
        }
    }
    Err(format!(
        "pyzmq in {} does not need libzmq.so.5: it was not built on the prefix",
        site.display()
    ))
}

fn folder(dir: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    Ok(dir.to_owned())
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))
}
