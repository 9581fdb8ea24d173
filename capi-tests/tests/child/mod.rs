//! Runs one case of a C program as a process of its own, on the library that was just built.
//!
//! Invariant: a program ends by itself within its time (`SECONDS_AT_MOST` in `check.h`), so that a
//! hang is a failure with a name.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use capi_tests::{Profile, include, library, root, run_ok, scratch};

/// A C program of `c/`, compiled once for each test program.
pub struct Program {
    name: &'static str,
    built: OnceLock<PathBuf>,
}

/// Programs measure time and count what the process holds: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

impl Program {
    pub const fn new(name: &'static str) -> Program {
        Program {
            name,
            built: OnceLock::new(),
        }
    }

    fn path(&self) -> &PathBuf {
        self.built.get_or_init(|| {
            let program = scratch(self.name).join(self.name);
            let mut gcc = Command::new("gcc");
            gcc.args(["-std=gnu99", "-O1", "-g", "-rdynamic", "-D_GNU_SOURCE"])
                .args(["-Wall", "-Wextra", "-Werror", "-I"])
                .arg(include())
                .arg(
                    root()
                        .join("capi-tests/c")
                        .join(self.name)
                        .with_extension("c"),
                )
                .arg(library(Profile::Dev).join("libzmq.so"))
                .args(["-ldl", "-lpthread", "-o"])
                .arg(&program);
            run_ok(&mut gcc, "gcc");
            program
        })
    }

    /// Runs one case, which has to succeed.
    pub fn case(&self, case: &str) {
        self.case_under(&[], case);
    }

    /// Runs one case under another program (its name and arguments).
    pub fn case_under(&self, outer: &[&str], case: &str) {
        let path = self.path();
        let mut command = match outer {
            [] => Command::new(path),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(path);
                command
            }
        };
        command
            .arg(case)
            .env("LD_LIBRARY_PATH", library(Profile::Dev));
        let alone = ALONE
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let output = run_ok(&mut command, "gcc");
        drop(alone);
        print!("{output}");
    }
}

/// One test for each case of a program.
#[macro_export]
macro_rules! cases {
    ($program:ident: $($case:ident)*) => {
        mod $program {
            static PROGRAM: super::child::Program =
                super::child::Program::new(stringify!($program));
            $(#[test] fn $case() { PROGRAM.case(stringify!($case)); })*
        }
    };
}
