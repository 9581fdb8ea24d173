//! The C side of the project: C programs, upstream's own suite, header and symbol checks.
//!
//! Invariant: nothing of upstream's is in this tree; where its header or sources are needed they
//! are found in the crate `zeromq-src`, at the time of the test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs, iter, str};

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Our header's folder.
pub fn include() -> PathBuf {
    root().join("include")
}

/// An empty folder for the files of one test.
pub fn scratch(name: &str) -> PathBuf {
    let folder = target().join("capi-tests").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written to");
    folder
}

/// The target folder of the workspace.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Runs a command to its end, and says how to get the program where it is missing.
pub fn run(command: &mut Command, package: &str) -> Output {
    match command.output() {
        Ok(output) => output,
        Err(error) => panic!("{command:?}: {error}; get it with: apt-get install {package}"),
    }
}

/// Runs a command that has to succeed, and returns what it prints.
pub fn run_ok(command: &mut Command, package: &str) -> String {
    let output = run(command, package);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The library is built with the features that these tests are built for.
const FEATURES: &[&str] = match (cfg!(feature = "draft"), cfg!(feature = "gssapi")) {
    (false, false) => &[],
    (true, false) => &["--features", "draft"],
    (false, true) => &["--features", "gssapi"],
    (true, true) => &["--features", "draft,gssapi"],
};

fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // What cargo says to us of this package is not for others: some would be built anew for it.
    for (name, _) in env::vars_os() {
        let said = name.to_string_lossy();
        if said.starts_with("CARGO_PKG_") || said.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The genuine libzmq's source tree, inside the crate `zeromq-src`.
pub fn upstream() -> &'static Path {
    static UPSTREAM: OnceLock<PathBuf> = OnceLock::new();
    UPSTREAM.get_or_init(|| {
        let metadata = run_ok(cargo().args(["metadata", "--format-version=1"]), "cargo");
        // One string is all that is wanted of it: the path of one manifest.
        let end = "/Cargo.toml";
        let manifest = metadata
            .split("\"manifest_path\":\"")
            .filter_map(|rest| rest.split('"').next())
            .find(|path| path.contains("/zeromq-src-") && path.ends_with(end))
            .expect("zeromq-src is a dependency of capi-tests");
        Path::new(&manifest[..manifest.len() - end.len()]).join("vendor")
    })
}

/// How the library under test is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// As `cargo test` builds everything else.
    Dev,
    /// As it is shipped: optimised as a whole.
    Release,
}

/// A folder with the shared library of this profile as `libzmq.so` and `libzmq.so.5`, built once
/// for each test program.
///
/// `ZMQ_LIB_DIR` names the folder of another library to test instead (the genuine one, say).
pub fn library(profile: Profile) -> &'static Path {
    static DEV: OnceLock<PathBuf> = OnceLock::new();
    static RELEASE: OnceLock<PathBuf> = OnceLock::new();
    if let Some(folder) = env::var_os("ZMQ_LIB_DIR") {
        return DEV.get_or_init(|| PathBuf::from(folder));
    }
    match profile {
        Profile::Dev => DEV.get_or_init(|| build(&["--crate-type", "cdylib"], "debug")),
        Profile::Release => {
            let flags = &["--release", "--crate-type", "cdylib,staticlib"];
            RELEASE.get_or_init(|| build(flags, "release"))
        }
    }
}

fn build(flags: &[&str], folder: &str) -> PathBuf {
    let mut cargo = cargo();
    cargo.args(["rustc", "--quiet", "--package", "ferrozmq", "--lib"]);
    run_ok(cargo.args(FEATURES).args(flags), "cargo");
    let built = target().join(folder).join("libzmq.so");
    let staged = target().join("capi-tests").join(format!("lib-{folder}"));
    fs::create_dir_all(&staged).expect("the target folder can be written to");
    for name in ["libzmq.so", "libzmq.so.5"] {
        // A new name put in its place at once: tests of other processes may be using the old one.
        let fresh = staged.join(format!("{name}.{}", std::process::id()));
        fs::copy(&built, &fresh).expect("the library was just built");
        fs::rename(&fresh, staged.join(name)).expect("the target folder can be written to");
    }
    staged
}

/// Debian's genuine library, where `libzmq5` is installed.
pub fn installed() -> Option<PathBuf> {
    let list = run(Command::new("dpkg").args(["-L", "libzmq5"]), "dpkg");
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    list.lines()
        .find(|line| line.ends_with("/libzmq.so.5"))
        .map(PathBuf::from)
}

/// A folder with the genuine libzmq 4.3.5 of the flavour that is tested, where `cargo xtask
/// reference` (`--draft`) has built it.
pub fn reference() -> Option<PathBuf> {
    let flavour = if cfg!(feature = "draft") {
        "draft"
    } else {
        "stable"
    };
    let folder = target().join("reference").join(flavour);
    folder.join("libzmq.so.5").is_file().then_some(folder)
}

/// A folder with a genuine library: the 4.3.5 of [`reference`], else Debian's.
pub fn genuine() -> Option<PathBuf> {
    if cfg!(feature = "draft") {
        // Debian's is built without drafts.
        return reference();
    }
    reference().or_else(|| installed()?.parent().map(Path::to_path_buf))
}

/// The names of the functions that a shared library exports, in order.
pub fn exports(library: &Path) -> Vec<String> {
    let table = run_ok(
        Command::new("nm")
            .args(["--dynamic", "--defined-only", "--format=posix"])
            .arg(library),
        "binutils",
    );
    let mut names: Vec<String> = table
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

/// The macros that a header defines beyond those of `<stdlib.h>`-like system headers: those that
/// begin with `ZMQ_`, and ZeroMQ's own error numbers.
pub fn macros(include: &Path, draft: bool) -> Vec<String> {
    let source = scratch(&format!(
        "macros-{draft}-{}",
        include.display().to_string().replace('/', "_")
    ));
    let file = source.join("macros.c");
    fs::write(&file, "#include \"zmq.h\"\n").expect("the target folder can be written to");
    let mut gcc = Command::new("gcc");
    gcc.args(["-E", "-dM", "-I"]).arg(include).arg(&file);
    if draft {
        gcc.arg("-DZMQ_BUILD_DRAFT_API");
    }
    let mut names: Vec<String> = run_ok(&mut gcc, "gcc")
        .lines()
        .filter_map(|line| line.strip_prefix("#define "))
        .filter_map(|line| line.split([' ', '(']).next())
        .filter(|name| {
            let own = ["EFSM", "ENOCOMPATPROTO", "ETERM", "EMTHREAD"];
            (name.starts_with("ZMQ_") && *name != "ZMQ_BUILD_DRAFT_API") || own.contains(name)
        })
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

/// The rows of a table of ours: words between spaces, `#` begins a comment.
pub fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let mut lines = text.lines();
    iter::from_fn(move || lines.next())
        .map(|line| {
            line.split('#')
                .next()
                .unwrap_or("")
                .split_whitespace()
                .collect()
        })
        .filter(|row: &Vec<&str>| !row.is_empty())
}
