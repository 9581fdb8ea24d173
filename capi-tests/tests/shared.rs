//! Sockets that threads share, through the C API: `c/shared.c`.
//!
//! Invariant: the program ends by itself, and says where it was if that took too long.

#![cfg(feature = "draft")]

use std::process::Command;

use capi_tests::{Profile, include, library, root, run_ok, scratch};

#[test]
fn many_threads_use_and_close_the_same_sockets() {
    let lib = library(Profile::Dev);
    let program = scratch("shared").join("shared");
    let mut gcc = Command::new("gcc");
    gcc.args([
        "-std=gnu11",
        "-g",
        "-Wall",
        "-Wextra",
        "-pedantic",
        "-Werror",
    ])
    .arg("-I")
    .arg(include())
    .arg(root().join("capi-tests/c/shared.c"))
    .arg(lib.join("libzmq.so"))
    .args(["-lpthread", "-o"])
    .arg(&program);
    run_ok(&mut gcc, "gcc");
    run_ok(Command::new(program).env("LD_LIBRARY_PATH", lib), "gcc");
}
