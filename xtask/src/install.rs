//! `cargo xtask install`: builds the library and lays it down the way libzmq's packages do.
//!
//! Invariant: a file is put in place by renaming a finished one over it, so that a program which
//! has the old library mapped keeps running.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process;

use crate::args::Args;
use crate::deps;
use crate::elf;
use crate::sh::{Run, heading, note, ok, root};

mod archive;
mod template;

/// The name that programs look for, and the file behind it.
const SONAME: &str = "libzmq.so.5";
const REAL_NAME: &str = "libzmq.so.5.2.5";

const HELP: &str = "\
usage: cargo xtask install --prefix DIR [OPTIONS]

Builds the library with everything the release is built with, and installs
  LIBDIR/libzmq.so -> libzmq.so.5 -> libzmq.so.5.2.5, LIBDIR/libzmq.a
  LIBDIR/pkgconfig/libzmq.pc, LIBDIR/cmake/ZeroMQ/*.cmake
  INCLUDEDIR/zmq.h, INCLUDEDIR/zmq_utils.h

  --prefix DIR      where it will be used from, e.g. /usr/local
  --destdir DIR     put it below DIR instead, for packaging; no file mentions DIR
  --libdir DIR      within the prefix or absolute [lib]
  --includedir DIR  within the prefix or absolute [include]
  --features LIST   cargo features; 'draft' brings libzmq's draft API
  --target TRIPLE   build for another target (set LD, OBJCOPY, AR, NM, READELF as needed)
  --strip           strip the shared library of its symbol table too
  --relocatable     write libzmq.pc so that the whole prefix can be moved
  --no-build        install what was built last";

/// What to install, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it will be used from; absolute.
    pub prefix: PathBuf,
    /// The folder that stands for `/` meanwhile.
    pub destdir: Option<PathBuf>,
    /// Where libraries go; absolute.
    pub libdir: PathBuf,
    /// Where headers go; absolute.
    pub includedir: PathBuf,
    /// Cargo features, as given.
    pub features: String,
    /// The target, if not the host.
    pub target: Option<String>,
    /// Strip the symbol table.
    pub strip: bool,
    /// Write `libzmq.pc` relative to itself.
    pub relocatable: bool,
    /// Build first.
    pub build: bool,
}

impl Options {
    /// The usual layout below `prefix`, which is absolute.
    pub fn new(prefix: &Path) -> Options {
        Options {
            prefix: prefix.to_owned(),
            destdir: None,
            libdir: prefix.join("lib"),
            includedir: prefix.join("include"),
            features: String::new(),
            target: env::var("CARGO_BUILD_TARGET").ok(),
            strip: false,
            relocatable: false,
            build: true,
        }
    }

    fn parse(args: &[String]) -> Result<Options, String> {
        let mut args = Args::new(args);
        let prefix = args.value("--prefix")?;
        let prefix = prefix.ok_or("--prefix is missing: say where to install, e.g. /usr/local")?;
        let mut options = Options::new(&absolute(&prefix)?);
        options.destdir = args
            .value("--destdir")?
            .map(|dir| absolute(&dir))
            .transpose()?;
        if let Some(dir) = args.value("--libdir")? {
            options.libdir = options.prefix.join(dir);
        }
        if let Some(dir) = args.value("--includedir")? {
            options.includedir = options.prefix.join(dir);
        }
        options.features = args.value("--features")?.unwrap_or_default();
        options.target = args.value("--target")?.or(options.target);
        options.strip = args.switch("--strip");
        options.relocatable = args.switch("--relocatable");
        options.build = !args.switch("--no-build");
        args.none()?;
        Ok(options)
    }

    /// Whether the draft API is asked for.
    pub fn is_draft(&self) -> bool {
        self.features
            .split([',', ' '])
            .any(|feature| feature == "draft")
    }

    /// Where a file that will be used at `path` is put now.
    fn staged(&self, path: &Path) -> PathBuf {
        match &self.destdir {
            Some(destdir) => destdir.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
        }
    }

    /// Where cargo builds this flavour. Flavours are kept apart: cargo would take one's library
    /// for the other's.
    fn target_dir(&self) -> PathBuf {
        root()
            .join("target/dist")
            .join(if self.is_draft() { "draft" } else { "stable" })
    }

    fn built(&self) -> PathBuf {
        let dir = self.target_dir();
        match &self.target {
            Some(target) => dir.join(target).join("release"),
            None => dir.join("release"),
        }
    }

    fn native_libs_file(&self) -> PathBuf {
        self.target_dir().join("native-static-libs")
    }
}

fn absolute(dir: &str) -> Result<PathBuf, String> {
    if dir.is_empty() {
        return Err("a folder's name is empty".to_owned());
    }
    std::path::absolute(dir).map_err(|e| format!("{dir}: {e}"))
}

/// `cargo xtask install`.
///
/// # Errors
/// When the arguments are wrong, or building or installing fails.
pub fn run(args: &[String]) -> Result<(), String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let options = Options::parse(args)?;
    heading("What installing needs");
    deps::ensure(&[deps::CC, deps::BINUTILS])?;
    install(&options)?;
    let is_system = options.destdir.is_none() && options.prefix.starts_with("/usr");
    if is_system {
        note("run ldconfig, so that the loader finds the new library");
    }
    Ok(())
}

/// Builds and installs.
///
/// # Errors
/// When building fails or a file cannot be written.
pub fn install(options: &Options) -> Result<(), String> {
    let headers = root().join("include");
    for name in ["zmq.h", "zmq_utils.h"] {
        if !headers.join(name).is_file() {
            return Err(format!(
                "include/{name} is missing: restore it with git checkout include"
            ));
        }
    }
    if options.build {
        let flavour = if options.is_draft() {
            "with the draft API"
        } else {
            "stable API"
        };
        heading(format!("Building the library ({flavour})"));
        build(options)?;
    }
    let shared = options.built().join("libzmq.so");
    let archive = options.built().join("libzmq.a");
    if !shared.is_file() || !archive.is_file() {
        let dir = options.built();
        return Err(format!(
            "nothing is built in {}: leave out --no-build",
            dir.display()
        ));
    }
    let soname = elf::dynamic(&shared)?.soname;
    if soname.as_deref() != Some(SONAME) {
        return Err(format!(
            "the library's SONAME is {soname:?}, not {SONAME}: see build.rs"
        ));
    }

    heading(format!(
        "Installing into {}",
        options.staged(&options.prefix).display()
    ));
    let lib = options.staged(&options.libdir);
    let include = options.staged(&options.includedir);
    let work = options.target_dir().join("install");
    fs::create_dir_all(&work).map_err(|e| trouble("create", &work, &e))?;

    let exports = elf::exports(&shared)?;
    let small_archive = archive::seal(&archive, &exports, &work)?;
    let shared = if options.strip {
        stripped(&shared, &work)?
    } else {
        shared
    };

    put(&shared, &lib.join(REAL_NAME), 0o755)?;
    link(REAL_NAME, &lib.join(SONAME))?;
    link(SONAME, &lib.join("libzmq.so"))?;
    put(&small_archive, &lib.join("libzmq.a"), 0o644)?;
    for name in ["zmq.h", "zmq_utils.h"] {
        put(&headers.join(name), &include.join(name), 0o644)?;
    }
    for (name, text) in template::fill(options, &version()?, &native_libs(options)?)? {
        let made = work.join(name.rsplit('/').next().unwrap_or(name));
        fs::write(&made, text).map_err(|e| trouble("write", &made, &e))?;
        put(&made, &lib.join(name), 0o644)?;
    }
    ok("installed");
    Ok(())
}

/// Builds the shared and the static library. `rlib`, which the tests need, is left out here: with
/// it cargo silently builds without link-time optimisation.
fn build(options: &Options) -> Result<(), String> {
    let dir = options.target_dir();
    fs::create_dir_all(&dir).map_err(|e| trouble("create", &dir, &e))?;
    let mut run = Run::cargo().args(["rustc", "--release", "--package", "ferrozmq", "--lib"]);
    run = run
        .args(["--crate-type", "cdylib,staticlib"])
        .arg("--target-dir")
        .arg(&dir);
    if !options.features.is_empty() {
        run = run.args(["--features", &options.features]);
    }
    if let Some(target) = &options.target {
        run = run.args(["--target", target]);
    }
    let mut print = OsString::from("native-static-libs=");
    print.push(options.native_libs_file());
    run.args(["--", "--print"]).arg(print).stream()
}

/// What a program that links the archive must link as well. The C compiler adds libc and libgcc
/// by itself, and in a fully static program the latter exists under another name only.
fn native_libs(options: &Options) -> Result<String, String> {
    let file = options.native_libs_file();
    let text = fs::read_to_string(&file)
        .map_err(|e| format!("{}: {e}; leave out --no-build", file.display()))?;
    let words = text
        .split_whitespace()
        .filter(|word| !matches!(*word, "-lgcc_s" | "-lc"));
    Ok(words.collect::<Vec<_>>().join(" "))
}

/// The version of libzmq that this is: that of the package.
fn version() -> Result<String, String> {
    let file = root().join("Cargo.toml");
    let text = fs::read_to_string(&file).map_err(|e| trouble("read", &file, &e))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("version = "));
    let version = line.map(|value| value.trim().trim_matches('"').to_owned());
    version.ok_or_else(|| format!("{} has no line 'version = …'", file.display()))
}

fn stripped(shared: &Path, work: &Path) -> Result<PathBuf, String> {
    let small = work.join("libzmq.so");
    let run = elf::tool("strip", "STRIP").args(["--strip-unneeded", "-o"]);
    run.arg(&small).arg(shared).output()?;
    Ok(small)
}

/// Puts a copy of `from` at `to`.
fn put(from: &Path, to: &Path, mode: u32) -> Result<(), String> {
    let copy = beside(to)?;
    let copied = fs::copy(from, &copy)
        .and_then(|_| fs::set_permissions(&copy, fs::Permissions::from_mode(mode)))
        .and_then(|()| fs::rename(&copy, to));
    finish(copied, &copy, to)?;
    note(to.display());
    Ok(())
}

/// Puts a link to `target` at `to`.
fn link(target: &str, to: &Path) -> Result<(), String> {
    let fresh = beside(to)?;
    finish(
        symlink(target, &fresh).and_then(|()| fs::rename(&fresh, to)),
        &fresh,
        to,
    )?;
    note(format!("{} -> {target}", to.display()));
    Ok(())
}

/// A name in the same folder, which is made if it is not there.
fn beside(to: &Path) -> Result<PathBuf, String> {
    let dir = to.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(dir).map_err(|e| trouble("create", dir, &e))?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let beside = dir.join(format!(".{name}.{}", process::id()));
    // Left behind by one that was interrupted and had our number.
    let _ = fs::remove_file(&beside);
    Ok(beside)
}

fn finish(result: io::Result<()>, unfinished: &Path, to: &Path) -> Result<(), String> {
    result.map_err(|error| {
        let _ = fs::remove_file(unfinished);
        trouble("write", to, &error)
    })
}

fn trouble(verb: &str, path: &Path, error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => "; run as root, or choose another --prefix or --destdir",
        _ => "",
    };
    format!("cannot {verb} {}: {error}{hint}", path.display())
}

#[cfg(test)]
mod tests;
