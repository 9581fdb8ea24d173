//! Checks of the library as it is installed.
//!
//! Invariant: the functions that must be there are those of `xtask/symbols.txt`, which was taken
//! from libzmq; neither our header nor our library is asked what they should be.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Outcome, prefix};
use crate::demo::compile;
use crate::demo::stage::{Actor, Library, Play};
use crate::elf;
use crate::install::{self, Options};
use crate::sh::{Run, note, root};

/// What the shared library may need; the loader's own name differs between machines.
const NEEDED: &[&str] = &["libc.so.6", "libgcc_s.so.1", "libm.so.6"];

/// Builds and installs the stable flavour.
pub fn install() -> Result<Outcome, String> {
    install::install(&Options::new(&prefix()))?;
    Ok(Outcome::Passed)
}

/// An error if nothing is installed there.
pub fn present(prefix: &Path) -> Result<(), String> {
    if prefix.join("lib/libzmq.so.5").is_file() {
        return Ok(());
    }
    let shown = prefix.display();
    Err(format!(
        "nothing is installed in {shown}: run cargo xtask test install"
    ))
}

/// The headers compile cleanly in every language they are for, and declare what they should.
pub fn headers() -> Result<Outcome, String> {
    present(&prefix())?;
    let include = prefix().join("include");
    let standards = [
        ("gcc", "c", ["c89", "c99", "c11", "c17"].as_slice()),
        ("g++", "c++", ["c++98", "c++11", "c++20"].as_slice()),
    ];
    for (compiler, language, standards) in standards {
        for standard in standards {
            for draft in [None, Some("-DZMQ_BUILD_DRAFT_API")] {
                for header in ["zmq.h", "zmq_utils.h"] {
                    let run = Run::new(compiler).args(["-x", language]).args(draft);
                    let run = run.arg(format!("-std={standard}"));
                    let run = run.args(["-Wall", "-Wextra", "-pedantic", "-Werror"]);
                    // Given as a file of its own a header is warned about; included it is not.
                    let run = run.args(["-fsyntax-only", "-include", header]);
                    run.arg("-I").arg(&include).arg("/dev/null").quiet()?;
                }
            }
        }
    }
    note("compiled cleanly in C89, C99, C11, C17, C++98, C++11, C++20, with drafts and without");

    for draft in [false, true] {
        let define = draft.then_some("-DZMQ_BUILD_DRAFT_API");
        let run = Run::new("gcc").args(["-E", "-P"]).args(define);
        let text = run.arg(include.join("zmq.h")).quiet()?;
        let expected = functions(draft)?;
        same("zmq.h declares", &declared(&text), &expected)?;
        note(format!(
            "zmq.h declares the {} functions it should",
            expected.len()
        ));
    }
    Ok(Outcome::Passed)
}

/// The shared library of the stable flavour.
pub fn shared() -> Result<Outcome, String> {
    present(&prefix())?;
    inspect(&prefix(), false)?;
    Ok(Outcome::Passed)
}

fn inspect(prefix: &Path, draft: bool) -> Result<(), String> {
    let lib = prefix.join("lib");
    let real = fs::canonicalize(lib.join("libzmq.so")).map_err(|e| format!("libzmq.so: {e}"))?;
    let name = real
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if name != "libzmq.so.5.2.5" {
        return Err(format!("libzmq.so leads to {name}"));
    }
    let dynamic = elf::dynamic(&real)?;
    if dynamic.soname.as_deref() != Some("libzmq.so.5") {
        return Err(format!("the SONAME is {:?}", dynamic.soname));
    }
    if !dynamic.flags.iter().any(|flag| flag == "NODELETE") {
        return Err(format!(
            "NODELETE is not among the flags {:?}",
            dynamic.flags
        ));
    }
    if dynamic.textrel {
        return Err("its code must be changed at load time (TEXTREL)".to_owned());
    }
    let may_need = |name: &str| NEEDED.contains(&name) || name.starts_with("ld-linux");
    if let Some(name) = dynamic.needed.iter().find(|name| !may_need(name)) {
        return Err(format!(
            "it needs {name}, which a plain system may not have"
        ));
    }
    if elf::has_versions(&real)? {
        return Err("it has version definitions; libzmq has none".to_owned());
    }
    note(format!(
        "SONAME libzmq.so.5, NODELETE, needs {}",
        dynamic.needed.join(" ")
    ));
    let expected = functions(draft)?;
    same("libzmq.so.5 exports", &elf::exports(&real)?, &expected)?;
    same(
        "libzmq.a defines",
        &elf::archive_exports(&lib.join("libzmq.a"))?,
        &expected,
    )?;
    note(format!(
        "both libraries export the {} functions of libzmq, nothing else",
        expected.len()
    ));
    Ok(())
}

/// The static library, in every way it is linked.
pub fn archive() -> Result<Outcome, String> {
    present(&prefix())?;
    let (lib, include) = (prefix().join("lib"), prefix().join("include"));
    let archive = lib.join("libzmq.a");
    let work = folder("static")?;
    let run = Run::new("pkg-config").env("PKG_CONFIG_PATH", lib.join("pkgconfig"));
    let flags = run.args(["--static", "--libs-only-l", "libzmq"]).output()?;
    let private: Vec<&str> = flags
        .split_whitespace()
        .filter(|flag| *flag != "-lzmq")
        .collect();

    for mode in [None, Some("-static")] {
        let run = compile("reqrep", &work)
            .arg("-I")
            .arg(&include)
            .arg("-DZMQ_STATIC")
            .args(mode);
        run.arg(&archive).args(&private).output()?;
        let play = Play::new("reqrep", "request-reply, statically linked, over tcp");
        let server = Actor::new("server", &["tcp://127.0.0.1:*"]).listens();
        play.actor(server)
            .actor(Actor::new("client", &[]))
            .perform(&work, &[], &Library::Linked)?;
    }

    let absorbed = work.join("libabsorbed.so");
    let run = Run::new("gcc").arg("-shared").arg("-o").arg(&absorbed);
    let run = run
        .arg("-Wl,--whole-archive")
        .arg(&archive)
        .arg("-Wl,--no-whole-archive");
    run.args(&private).output()?;
    same(
        "a library that absorbed ours exports",
        &elf::exports(&absorbed)?,
        &functions(false)?,
    )?;

    let other = work.join("libbeside.a");
    let run = Run::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let run = run.args(["-O", "--edition", "2021", "--crate-type", "staticlib", "-o"]);
    run.arg(&other).arg(ours("beside.rs")).output()?;
    for (name, archives) in [
        ("ours-first", [&archive, &other]),
        ("ours-last", [&other, &archive]),
    ] {
        let program = work.join(name);
        let run = Run::new("gcc")
            .arg("-o")
            .arg(&program)
            .arg(ours("beside.c"));
        let run = run
            .arg("-I")
            .arg(&include)
            .arg("-DZMQ_STATIC")
            .args(archives);
        run.args(&private).output()?;
        Run::new(&program)
            .limit(std::time::Duration::from_secs(30))
            .output()?;
    }
    Ok(Outcome::Passed)
}

/// The draft flavour: built, installed, inspected, used.
pub fn draft() -> Result<Outcome, String> {
    let prefix = root().join("target/test/prefix-draft");
    let options = Options {
        features: "draft".to_owned(),
        ..Options::new(&prefix)
    };
    install::install(&options)?;
    inspect(&prefix, true)?;
    let lib = prefix.join("lib");
    let run = Run::new("pkg-config").env("PKG_CONFIG_PATH", lib.join("pkgconfig"));
    let flags = run.args(["--cflags", "--libs", "libzmq"]).output()?;
    let program = folder("draft")?.join("draft");
    let run = Run::new("gcc").arg("-o").arg(&program).arg(ours("draft.c"));
    run.args(flags.split_whitespace()).output()?;
    let run = Run::new(&program).env("LD_LIBRARY_PATH", &lib);
    run.limit(std::time::Duration::from_secs(30)).output()?;
    Ok(Outcome::Passed)
}

fn ours(name: &str) -> PathBuf {
    root().join("xtask/installed").join(name)
}

fn folder(name: &str) -> Result<PathBuf, String> {
    let dir = root().join("target/test").join(name);
    fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
    Ok(dir)
}

/// The functions that a flavour has.
fn functions(draft: bool) -> Result<BTreeSet<String>, String> {
    let file = root().join("xtask/symbols.txt");
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let name = |line: &str| match line.split_once(' ') {
        Some(("stable", name)) => Some(name.to_owned()),
        Some(("draft", name)) if draft => Some(name.to_owned()),
        _ => None,
    };
    Ok(text.lines().filter_map(name).collect())
}

/// The functions that a preprocessed header declares: a `zmq_` name before a parenthesis.
fn declared(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices('(') {
        let before = text[..at].trim_end();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = &before[before.trim_end_matches(is_part).len()..];
        if name.starts_with("zmq_") {
            names.insert(name.to_owned());
        }
    }
    names
}

fn same(what: &str, found: &BTreeSet<String>, due: &BTreeSet<String>) -> Result<(), String> {
    if found == due {
        return Ok(());
    }
    let list = |a: &BTreeSet<String>, b| a.difference(b).cloned().collect::<Vec<_>>().join(" ");
    let (lacking, odd) = (list(due, found), list(found, due));
    Err(format!(
        "{what} not what libzmq has\nlacking: {lacking}\ntoo much: {odd}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_all_functions_of_libzmq() {
        assert_eq!(functions(false).map(|names| names.len()), Ok(70));
        assert_eq!(functions(true).map(|names| names.len()), Ok(97));
    }

    #[test]
    fn declarations_are_told_from_types() {
        let text = "typedef void (zmq_free_fn) (void *data_, void *hint_);\n\
                    extern int zmq_bind (void *s_, const char *addr_);\n\
                    long zmq_timers_timeout(void *timers);\nint other (zmq_msg_t *);";
        let names: Vec<_> = declared(text).into_iter().collect();
        assert_eq!(names, ["zmq_bind", "zmq_timers_timeout"]);
    }

    #[test]
    fn a_difference_names_both_sides() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert!(same("it has", &set(&["a", "b"]), &set(&["a", "b"])).is_ok());
        let error = same("it has", &set(&["a", "x"]), &set(&["a", "y"])).expect_err("they differ");
        assert!(
            error.contains("lacking: y") && error.contains("too much: x"),
            "{error}"
        );
    }

    #[test]
    fn the_sources_of_the_checks_are_there() {
        for file in [ours("beside.c"), ours("beside.rs"), ours("draft.c")] {
            assert!(file.is_file(), "{}", file.display());
        }
    }
}
