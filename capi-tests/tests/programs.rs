//! The C programs of `c/`, on the library that was just built and on the genuine one.

use std::path::{Path, PathBuf};
use std::process::Command;

use capi_tests::{Profile, include, installed, library, root, run, run_ok, scratch};

/// Compiles a program for one library.
fn compile(name: &str, folder: &Path, flags: &[&str], library: &Path) -> PathBuf {
    let program = folder.join(name);
    let mut gcc = Command::new("gcc");
    gcc.args([
        "-std=gnu99",
        "-g",
        "-Wall",
        "-Wextra",
        "-pedantic",
        "-Werror",
    ])
    .args(["-Wno-overlength-strings", "-Wno-stringop-overflow"])
    .args(flags)
    .arg("-I")
    .arg(include())
    .arg(root().join("capi-tests/c").join(name).with_extension("c"))
    .arg(library)
    .args(["-lpthread", "-o"])
    .arg(&program);
    run_ok(&mut gcc, "gcc");
    program
}

fn on_ours(name: &str) {
    let lib = library(Profile::Dev);
    let program = compile(name, &scratch(name), &[], &lib.join("libzmq.so"));
    run_ok(Command::new(program).env("LD_LIBRARY_PATH", lib), "gcc");
}

/// What is expected of the library is what the genuine one does.
fn on_the_genuine(name: &str) {
    let Some(genuine) = installed() else {
        println!("skipped: no libzmq.so.5 of Debian's (apt-get install libzmq5)");
        return;
    };
    let folder = scratch(&format!("{name}-genuine"));
    let program = compile(name, &folder, &["-DGENUINE"], &genuine);
    run_ok(Command::new(program).env_remove("LD_LIBRARY_PATH"), "gcc");
}

/// No octet is used that is not there, and none is lost.
fn under_valgrind(name: &str) {
    if run(
        Command::new("sh").args(["-c", "command -v valgrind"]),
        "dash",
    )
    .stdout
    .is_empty()
    {
        println!("skipped: no valgrind (apt-get install valgrind)");
        return;
    }
    let lib = library(Profile::Dev);
    let folder = scratch(&format!("{name}-valgrind"));
    let program = compile(name, &folder, &[], &lib.join("libzmq.so"));
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args([
            "--quiet",
            "--error-exitcode=9",
            "--leak-check=full",
            "--errors-for-leak-kinds=all",
        ])
        .args([
            "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect",
        ])
        .arg(program)
        .env("LD_LIBRARY_PATH", lib);
    run_ok(&mut valgrind, "valgrind");
}

macro_rules! programs {
    ($($name:ident)*) => {
        mod ours {
            $(#[test] fn $name() { super::on_ours(stringify!($name)); })*
        }
        mod genuine {
            $(#[test] fn $name() { super::on_the_genuine(stringify!($name)); })*
        }
        mod valgrind {
            $(#[test] fn $name() { super::under_valgrind(stringify!($name)); })*
        }
    };
}

programs! {
    errors
    messages
    z85
    utils
    timers
    sockets
    waits
}
