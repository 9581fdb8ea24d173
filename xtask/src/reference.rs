//! `cargo xtask reference`: the genuine libzmq 4.3.5, built from the crates.io package `zeromq-src`.
//!
//! Invariant: a folder under `target/reference` whose stamp is right holds a whole library; the
//! stamp names everything the build depends on and is written last.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};

use crate::proc::{self, Output};

/// The package and the version of libzmq in it.
const PACKAGE: &str = "zeromq-src";
const PACKAGE_VERSION: &str = "0.3.6+4.3.5";
/// The libraries that give the reference CURVE and `wss://`, and the Debian packages with their
/// headers.
const LIBRARIES: [(&str, &str); 2] = [
    ("libsodium", "libsodium-dev"),
    ("gnutls", "libgnutls28-dev"),
];
/// Compiler jobs at a time.
pub const COMPILER_JOBS: usize = 2;
/// One compiler run. Sources that take longer do not exist.
pub const COMPILER_LIMIT: Duration = Duration::from_secs(300);

/// `platform.hpp` of the reference: what upstream's configure finds on Linux with glibc.
const PLATFORM: &[&str] = &[
    "ZMQ_USE_CV_IMPL_STL11",
    "ZMQ_IOTHREAD_POLLER_USE_EPOLL",
    "ZMQ_IOTHREAD_POLLER_USE_EPOLL_CLOEXEC",
    "ZMQ_POLL_BASED_ON_POLL",
    "ZMQ_HAVE_PPOLL",
    "HAVE_POSIX_MEMALIGN 1",
    "ZMQ_CACHELINE_SIZE 64",
    "HAVE_FORK",
    "HAVE_CLOCK_GETTIME",
    "HAVE_MKDTEMP",
    "HAVE_ACCEPT4",
    "HAVE_STRNLEN",
    "HAVE_IF_NAMETOINDEX",
    "ZMQ_HAVE_UIO",
    "ZMQ_HAVE_NOEXCEPT",
    "ZMQ_HAVE_EVENTFD",
    "ZMQ_HAVE_EVENTFD_CLOEXEC",
    "ZMQ_HAVE_IFADDRS",
    "ZMQ_HAVE_SO_BINDTODEVICE",
    "ZMQ_HAVE_SO_PEERCRED",
    "ZMQ_HAVE_SO_KEEPALIVE",
    "ZMQ_HAVE_SO_PRIORITY",
    "ZMQ_HAVE_BUSY_POLL",
    "ZMQ_HAVE_O_CLOEXEC",
    "ZMQ_HAVE_SOCK_CLOEXEC",
    "ZMQ_HAVE_TCP_KEEPCNT",
    "ZMQ_HAVE_TCP_KEEPIDLE",
    "ZMQ_HAVE_TCP_KEEPINTVL",
    "ZMQ_HAVE_PTHREAD_SETNAME_2",
    "ZMQ_HAVE_PTHREAD_SET_AFFINITY",
    "ZMQ_HAVE_IPC",
    "ZMQ_HAVE_STRUCT_SOCKADDR_UN",
    "ZMQ_HAVE_LINUX",
    "ZMQ_HAVE_TIPC",
    "ZMQ_HAVE_CURVE",
    "ZMQ_USE_LIBSODIUM",
    "ZMQ_HAVE_WS",
    "ZMQ_HAVE_WSS",
    "ZMQ_USE_GNUTLS",
];

/// With or without the draft API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// What upstream releases.
    Stable,
    /// With the draft sockets, options and functions.
    Draft,
}

impl Flavour {
    /// The flavour that `--draft` asks for.
    pub fn new(draft: bool) -> Self {
        if draft {
            Flavour::Draft
        } else {
            Flavour::Stable
        }
    }

    /// Its name in paths.
    pub fn name(self) -> &'static str {
        match self {
            Flavour::Stable => "stable",
            Flavour::Draft => "draft",
        }
    }
}

/// Where things are.
#[derive(Debug)]
pub struct Places {
    /// The root of the workspace.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// Upstream's source tree.
    pub vendor: PathBuf,
}

/// `cargo xtask reference [--draft]`: builds the genuine library if needed, prints its folder.
///
/// # Errors
/// What is missing, or what the compiler said.
pub fn run(args: &[String]) -> Result<(), String> {
    let mut draft = false;
    for arg in args {
        match arg.as_str() {
            "--draft" => draft = true,
            other => return Err(format!("{other:?}? usage: cargo xtask reference [--draft]")),
        }
    }
    println!("{}", library(Flavour::new(draft))?.display());
    Ok(())
}

/// The places of this workspace, as cargo tells; cargo fetches upstream's tree if need be.
///
/// # Errors
/// What cargo said.
pub fn places() -> Result<&'static Places, String> {
    static PLACES: OnceLock<Result<Places, String>> = OnceLock::new();
    PLACES.get_or_init(ask_cargo).as_ref().map_err(Clone::clone)
}

fn ask_cargo() -> Result<Places, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let answer = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .map_err(|e| format!("cargo metadata: {e}"))?;
    if !answer.status.success() {
        return Err(format!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&answer.stderr)
        ));
    }
    let metadata: serde_json::Value =
        serde_json::from_slice(&answer.stdout).map_err(|e| format!("cargo metadata: {e}"))?;
    let path = |value: &serde_json::Value| value.as_str().map(PathBuf::from);
    let manifest = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|p| p["name"] == PACKAGE && p["version"] == PACKAGE_VERSION)
        .and_then(|p| path(&p["manifest_path"]))
        .ok_or_else(|| format!("{PACKAGE} {PACKAGE_VERSION} is no dependency of capi-tests"))?;
    let vendor = manifest.with_file_name("vendor");
    if !vendor.join("include/zmq.h").is_file() {
        return Err(format!("{} holds no libzmq", vendor.display()));
    }
    let answered = |name: &str| path(&metadata[name]).ok_or(format!("cargo metadata: no {name}"));
    Ok(Places {
        root: answered("workspace_root")?,
        target: answered("target_directory")?,
        vendor,
    })
}

/// The folder with the genuine `libzmq.so.5`, which is built if it is not there.
///
/// # Errors
/// What is missing, or what the compiler said.
pub fn library(flavour: Flavour) -> Result<PathBuf, String> {
    let places = places()?;
    let folder = places.target.join("reference").join(flavour.name());
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let _only_one = exclusive(&folder.join("lock"))?;
    let (compile_flags, link_flags) = external_libraries()?;
    let platform = platform(flavour);
    let mut flags = vec!["-std=c++11".to_string()];
    flags.extend(
        [
            "-O2",
            "-fPIC",
            "-fvisibility=hidden",
            "-pthread",
            "-D_GNU_SOURCE",
            "-D_REENTRANT",
        ]
        .map(String::from),
    );
    flags.push("-DZMQ_CUSTOM_PLATFORM_HPP".into());
    if flavour == Flavour::Draft {
        flags.push("-DZMQ_BUILD_DRAFT_API".into());
    }
    flags.extend(compile_flags);

    let stamp = fingerprint(&(&flags, &link_flags, &platform, PACKAGE_VERSION));
    let stamp_file = folder.join("stamp");
    let so = folder.join("libzmq.so.5");
    if so.is_file() && fs::read_to_string(&stamp_file).is_ok_and(|s| s == stamp) {
        return Ok(folder);
    }
    let _ = fs::remove_file(&stamp_file);
    let objects = folder.join("obj");
    fs::create_dir_all(&objects).map_err(|e| format!("{}: {e}", objects.display()))?;
    write(&folder.join("platform.hpp"), &platform)?;

    let sources = files(&places.vendor.join("src"), "cpp")?;
    let object = |source: &Path| {
        objects
            .join(source.file_name().unwrap_or_default())
            .with_extension("o")
    };
    let begun = AtomicUsize::new(0);
    let results = proc::parallel(&sources, COMPILER_JOBS, |_, source| {
        let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
        progress(&format!(
            "reference ({}): {number}/{}",
            flavour.name(),
            sources.len()
        ));
        let mut command = compiler();
        command
            .args(&flags)
            .arg("-I")
            .arg(&folder)
            .arg("-c")
            .arg(source);
        command.arg("-o").arg(object(source));
        compile(command)
    });
    end_progress();
    results.into_iter().collect::<Result<Vec<()>, String>>()?;

    let mut link = compiler();
    link.args([
        "-shared",
        "-pthread",
        "-Wl,-soname,libzmq.so.5",
        "-Wl,--no-undefined",
        "-o",
    ]);
    link.arg(&so)
        .args(sources.iter().map(|s| object(s)))
        .args(&link_flags);
    compile(link)?;
    let plain = folder.join("libzmq.so");
    let _ = fs::remove_file(&plain);
    std::os::unix::fs::symlink("libzmq.so.5", &plain)
        .map_err(|e| format!("{}: {e}", plain.display()))?;
    fs::remove_dir_all(&objects).map_err(|e| format!("{}: {e}", objects.display()))?;
    write(&stamp_file, &stamp)?;
    Ok(folder)
}

/// The text of `platform.hpp`.
fn platform(flavour: Flavour) -> String {
    let mut text = String::from("// Written by `cargo xtask reference`.\n#pragma once\n");
    for define in PLATFORM {
        let _ = writeln!(text, "#define {define}");
    }
    if flavour == Flavour::Draft {
        // Upstream's build scripts take this subscription store by default when drafts are on.
        text.push_str("#define ZMQ_USE_RADIX_TREE\n");
    }
    text
}

/// Flags for compiling against and linking the libraries that the reference needs.
///
/// # Errors
/// Which Debian packages to install.
pub fn external_libraries() -> Result<(Vec<String>, Vec<String>), String> {
    let ask = |what: &str, name: &str| -> Option<Vec<String>> {
        let answer = Command::new("pkg-config")
            .args([what, name])
            .output()
            .ok()?;
        let words = String::from_utf8(answer.stdout).ok()?;
        answer
            .status
            .success()
            .then(|| words.split_whitespace().map(String::from).collect())
    };
    let (mut compile, mut link, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (name, package) in LIBRARIES {
        match (ask("--cflags", name), ask("--libs", name)) {
            (Some(cflags), Some(libs)) => {
                compile.extend(cflags);
                link.extend(libs);
            }
            _ => missing.push(package),
        }
    }
    if missing.is_empty() {
        return Ok((compile, link));
    }
    Err(format!(
        "pkg-config does not find all that the genuine libzmq is built with; \
         on Debian: apt-get install pkg-config {}",
        missing.join(" ")
    ))
}

/// The C++ compiler: `$CXX`, or g++.
pub fn compiler() -> Command {
    Command::new(std::env::var_os("CXX").unwrap_or_else(|| "g++".into()))
}

/// Runs a compiler.
///
/// # Errors
/// What it said.
pub fn compile(command: Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let subject = command
        .get_args()
        .map(OsStr::to_string_lossy)
        .find(|a| [".cpp", ".c"].iter().any(|end| a.ends_with(end)));
    let subject = subject.map(|s| s.into_owned()).unwrap_or_default();
    let finished = proc::run(command, Output::Pipe, COMPILER_LIMIT)?;
    if finished.success() {
        return Ok(());
    }
    Err(format!(
        "{name} {subject}: {}\n{}",
        proc::describe(&finished),
        finished.output
    ))
}

/// Runs a compiler that makes the file `made`, which appears only once it is whole.
///
/// # Errors
/// What the compiler said.
pub fn compile_to(mut command: Command, made: &Path) -> Result<(), String> {
    let mut unfinished = made.as_os_str().to_owned();
    unfinished.push(".unfinished");
    command.arg("-o").arg(&unfinished);
    compile(command)?;
    fs::rename(&unfinished, made).map_err(|e| format!("{}: {e}", made.display()))
}

/// The files of `folder` with the extension, sorted.
///
/// # Errors
/// If the folder cannot be read.
pub fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let problem = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.extension() == Some(OsStr::new(extension)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A short text that differs when what it was made from differs.
pub fn fingerprint(what: &impl Hash) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    what.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Writes a file.
///
/// # Errors
/// Its path and the reason.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// A lock that one process at a time holds, until it is dropped.
///
/// # Errors
/// If the file cannot be made.
pub fn exclusive(path: &Path) -> Result<Flock<fs::File>, String> {
    let file = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, e)| format!("{}: {e}", path.display()))
}

/// Shows how far something is: over the last such line on a terminal, else not at all.
pub fn progress(text: &str) {
    use std::io::{IsTerminal, Write};
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let _ = write!(err, "\r\x1b[K{text}");
        let _ = err.flush();
    }
}

/// Clears the line that [`progress`] wrote.
pub fn end_progress() {
    progress("");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_inputs_apart() {
        assert_eq!(fingerprint(&"a"), fingerprint(&"a"));
        assert_ne!(fingerprint(&"a"), fingerprint(&"b"));
        assert_ne!(
            fingerprint(&platform(Flavour::Stable)),
            fingerprint(&platform(Flavour::Draft))
        );
    }

    #[test]
    fn cargo_knows_where_upstream_is() {
        let places = places().unwrap();
        assert!(places.vendor.join("tests/testutil.cpp").is_file());
        assert!(places.root.join("xtask/Cargo.toml").is_file());
    }

    #[test]
    fn unknown_arguments_are_refused() {
        assert!(
            run(&["--stable".to_string()])
                .unwrap_err()
                .contains("usage")
        );
    }
}
