//! The clients: where each comes from and how it is started.
//!
//! Invariant: a client is one row of `CLIENTS`; packages are unpacked below `target/clients`, and
//! nothing is installed on the system.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::work;
use crate::deps;
use crate::reference::fingerprint;
use crate::sh::{Run, root};

/// A client.
pub struct Client {
    /// Its name, which is that of its folder in `capi-tests/clients`.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// The Debian packages it is made of.
    packages: &'static [&'static str],
    /// Programs that are not fetched, because they are large: without them it is left out.
    programs: &'static [&'static str],
    /// Whether it can be server and client too, not only `alone`.
    pub converses: bool,
    /// How it is started, once its packages are unpacked.
    start: fn(&Place) -> Result<Program, String>,
}

/// To add a client, add a row, and its program in `capi-tests/clients`.
pub const CLIENTS: &[Client] = &[
    Client {
        name: "czmq",
        what: "C: CZMQ with the tests that its library carries",
        packages: &["libczmq4", "libczmq-dev"],
        programs: &["gcc"],
        converses: true,
        start: czmq,
    },
    Client {
        name: "perl",
        what: "Perl: ZMQ::FFI",
        packages: &["libzmq-ffi-perl"],
        programs: &["perl"],
        converses: true,
        start: perl,
    },
    Client {
        name: "php",
        what: "PHP: the extension zmq",
        packages: &["php-zmq", "php-cli"],
        programs: &[],
        converses: true,
        start: php,
    },
    Client {
        name: "ruby",
        what: "Ruby: ffi-rzmq",
        packages: &["ruby-ffi-rzmq", "ruby"],
        programs: &[],
        converses: true,
        start: ruby,
    },
    Client {
        name: "java",
        what: "Java: jzmq",
        packages: &["libzmq-java", "libzmq-jni"],
        programs: &["java", "javac"],
        converses: true,
        start: java,
    },
    Client {
        name: "jupyter",
        what: "Jupyter: a notebook and its kernel, from PyPI",
        packages: &[],
        programs: &["python3"],
        converses: false,
        start: jupyter,
    },
];

/// How to start a client.
#[derive(Clone, Debug)]
pub struct Program {
    /// The command, without its role.
    pub run: Run,
    /// Folders of libraries that it needs beside libzmq's.
    pub libraries: Vec<PathBuf>,
    /// It brings a libzmq of its own, so ours is preloaded.
    pub brings_its_own: bool,
}

impl Program {
    fn new(run: Run, place: &Place) -> Program {
        Program {
            run,
            libraries: place.folders("usr/lib"),
            brings_its_own: false,
        }
    }
}

/// Where a client's things are.
struct Place {
    /// Its own sources.
    sources: PathBuf,
    /// Where its packages are unpacked.
    unpacked: PathBuf,
    /// Where what is made of its sources goes.
    built: PathBuf,
    /// Where our library is installed.
    prefix: PathBuf,
}

impl Place {
    /// The folder `below` of the unpacked packages and its subfolder for this kind of machine.
    fn folders(&self, below: &str) -> Vec<PathBuf> {
        let folder = self.unpacked.join(below);
        let mut found = matching(&folder, |name| name.contains("-linux-"));
        found.push(folder);
        found
    }

    /// The first file or folder whose path below an unpacked package, or else the system's root,
    /// matches; `*` in a part of the
    /// pattern stands for anything, `?` for one character.
    fn find(&self, pattern: &str) -> Result<PathBuf, String> {
        let roots = [self.unpacked.clone(), PathBuf::from("/")];
        let found = roots.iter().find_map(|root| glob(root, pattern));
        found.ok_or_else(|| format!("its packages hold no {pattern}"))
    }
}

/// Gets a client ready.
///
/// # Errors
/// Why it cannot be had.
pub fn prepare(client: &Client, prefix: &Path) -> Result<Program, String> {
    if let Some(name) = client
        .programs
        .iter()
        .find(|name| deps::find(name).is_none())
    {
        return Err(format!("there is no {name} here"));
    }
    let top = root().join("target/clients").join(client.name);
    let place = Place {
        sources: root().join("capi-tests/clients").join(client.name),
        unpacked: top.join("packages"),
        built: top.join("built"),
        prefix: prefix.to_owned(),
    };
    unpack(client.packages, &place.unpacked)?;
    fs::create_dir_all(&place.built).map_err(|e| format!("{}: {e}", place.built.display()))?;
    (client.start)(&place)
}

/// Downloads and unpacks packages, unless they are there.
fn unpack(packages: &[&str], dir: &Path) -> Result<(), String> {
    let stamp = dir.join("stamp");
    let due = fingerprint(&packages);
    if packages.is_empty() || fs::read_to_string(&stamp).is_ok_and(|found| found == due) {
        return Ok(());
    }
    if let Some(missing) = deps::missing(&[deps::DPKG]) {
        return Err(missing);
    }
    let problem = |e: std::io::Error| format!("{}: {e}", dir.display());
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(problem)?;
    }
    let archives = dir.join("archives");
    fs::create_dir_all(&archives).map_err(problem)?;
    deps::apt_fetch(packages, &archives)?;
    for file in matching(&archives, |name| name.ends_with(".deb")) {
        Run::new("dpkg").arg("-x").arg(&file).arg(dir).quiet()?;
    }
    fs::write(stamp, due).map_err(problem)
}

fn czmq(place: &Place) -> Result<Program, String> {
    let program = place.built.join("client");
    let header = place.find("usr/include/czmq.h")?;
    let library = place.find("usr/lib/*/libczmq.so.4")?;
    let run = Run::new("gcc").args(["-O1", "-Wall", "-o"]).arg(&program);
    let run = run.arg(place.sources.join("client.c"));
    let run = run.arg("-I").arg(parent(&header));
    let run = run
        .arg("-I")
        .arg(place.prefix.join("include"))
        .arg(&library);
    let run = run.arg(place.prefix.join("lib/libzmq.so"));
    run.arg("-Wl,--allow-shlib-undefined").output()?;
    Ok(Program::new(Run::new(program), place))
}

fn perl(place: &Place) -> Result<Program, String> {
    let mut folders = place.folders("usr/share/perl5");
    for folder in place.folders("usr/lib") {
        folders.extend(matching(&folder.join("perl5"), |_| true));
    }
    let run = Run::new("perl").env("PERL5LIB", joined(&folders));
    Ok(Program::new(
        run.arg(place.sources.join("client.pl")),
        place,
    ))
}

fn php(place: &Place) -> Result<Program, String> {
    let php = place.find("usr/bin/php?.?")?;
    let mut extension = std::ffi::OsString::from("extension=");
    extension.push(place.find("usr/lib/php/*/zmq.so")?);
    let run = Run::new(php).args(["-n", "-d"]).arg(extension);
    Ok(Program::new(
        run.arg(place.sources.join("client.php")),
        place,
    ))
}

fn ruby(place: &Place) -> Result<Program, String> {
    let ruby = place.find("usr/bin/ruby?.?")?;
    // Where the interpreter and Debian's packages of gems put things.
    let patterns = [
        "usr/lib/*/rubygems-integration/*/gems/ffi-*/lib",
        "usr/lib/*/rubygems-integration/*/extensions/*/*/ffi-*",
        "usr/lib/ruby/vendor_ruby",
        "usr/lib/*/ruby/vendor_ruby/*",
        "usr/lib/ruby/*.*",
        "usr/lib/*/ruby/*.*",
    ];
    let found: Vec<PathBuf> = patterns.iter().filter_map(|p| place.find(p).ok()).collect();
    let run = Run::new(ruby).env("RUBYLIB", joined(&found));
    Ok(Program::new(
        run.arg(place.sources.join("client.rb")),
        place,
    ))
}

fn java(place: &Place) -> Result<Program, String> {
    let jar = place.find("usr/share/java/zmq.jar")?;
    let native = place.find("usr/lib/*/jni/libjzmq.so")?;
    let run = Run::new("javac")
        .args(["-nowarn", "-Xlint:-deprecation", "-cp"])
        .arg(&jar);
    let run = run.arg("-d").arg(&place.built);
    run.arg(place.sources.join("Client.java")).output()?;
    let mut path = std::ffi::OsString::from("-Djava.library.path=");
    path.push(parent(&native));
    let run = Run::new("java").arg(path).args(["-Xmx256m", "-cp"]);
    let run = run.arg(joined(&[jar, place.built.clone()])).arg("Client");
    Ok(Program::new(run, place))
}

fn jupyter(place: &Place) -> Result<Program, String> {
    if let Some(missing) = deps::missing(&[deps::VENV]) {
        return Err(missing);
    }
    let venv = place.built.join("venv");
    let python = venv.join("bin/python");
    let requirements = place.sources.join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).map_err(|e| e.to_string())?;
    let due = fingerprint(&(wanted, Run::new("python3").arg("--version").quiet()?));
    let stamp = venv.join("stamp");
    if !fs::read_to_string(&stamp).is_ok_and(|found| found == due) {
        let run = Run::new("python3").args(["-m", "venv", "--clear"]);
        run.arg(&venv).output()?;
        let run = Run::new(&python).args(["-m", "pip", "install", "--quiet", "--no-input"]);
        let run = run.args([
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
            "-r",
        ]);
        run.arg(&requirements)
            .limit(Duration::from_secs(300))
            .output()?;
        fs::write(&stamp, due).map_err(|e| e.to_string())?;
    }
    // Kernels leave notes and read settings: not the user's.
    let run = Run::new(&python)
        .env("HOME", work()?)
        .env("PYTHONWARNINGS", "ignore");
    let run = run
        .env("JUPYTER_PLATFORM_DIRS", "1")
        .arg(place.sources.join("client.py"));
    Ok(Program {
        run,
        libraries: Vec::new(),
        brings_its_own: true,
    })
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn joined(folders: &[PathBuf]) -> std::ffi::OsString {
    // A colon in a path cannot be expressed in such lists at all.
    std::env::join_paths(folders).unwrap_or_default()
}

/// The entries of a folder whose names are wanted, sorted.
fn matching(dir: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let named = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|n| wanted(&n.to_string_lossy()))
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(named);
    found.sort();
    found
}

/// The last path in order of names that matches.
fn glob(root: &Path, pattern: &str) -> Option<PathBuf> {
    let mut found = vec![root.to_owned()];
    for part in pattern.split('/') {
        found = if part.contains(['*', '?']) {
            let inside = |dir: &PathBuf| matching(dir, |name| fits(name, part));
            found.iter().flat_map(inside).collect()
        } else {
            found
                .iter()
                .map(|dir| dir.join(part))
                .filter(|path| path.exists())
                .collect()
        };
    }
    found.pop()
}

/// Whether a name fits a pattern in which `*` stands for anything and `?` for one character.
fn fits(name: &str, pattern: &str) -> bool {
    let mut rest = name.chars();
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => {
            fits(name, &pattern[1..]) || rest.next().is_some() && fits(rest.as_str(), pattern)
        }
        Some(wanted) => {
            rest.next()
                .is_some_and(|found| wanted == '?' || wanted == found)
                && fits(rest.as_str(), &pattern[wanted.len_utf8()..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit() {
        assert!(fits("php8.2", "php?.?") && !fits("phpdbg8.2", "php?.?"));
        assert!(fits("abc", "*") && fits("", "*") && fits("ruby3.1", "ruby*.*"));
        assert!(!fits("xruby3.1", "ruby*.*") && !fits("3", "*.*"));
        assert!(fits("ffi-1.15", "ffi-*") && !fits("ffi", "ffi-*"));
    }

    #[test]
    fn every_client_has_its_program() {
        for client in CLIENTS {
            let dir = root().join("capi-tests/clients").join(client.name);
            assert!(!matching(&dir, |name| name.to_lowercase().starts_with("client.")).is_empty());
        }
    }

    #[test]
    fn globs_find_in_order() {
        let sources = root().join("capi-tests/clients");
        assert_eq!(
            glob(&sources, "per*/client.*"),
            Some(sources.join("perl/client.pl"))
        );
        assert_eq!(glob(&sources, "perl/*.none"), None);
    }
}
