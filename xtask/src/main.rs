//! The project's commands: `cargo xtask …`.
//!
//! Invariant: a command is one row of `COMMANDS`; it returns an error instead of ending the
//! process, and every error says what to do.

use std::process::ExitCode;

mod args;
mod bench;
mod clients;
mod counts;
mod demo;
mod deps;
mod elf;
mod fuzz;
mod install;
mod loader;
mod loom;
mod proc;
mod pyzmq;
mod reference;
mod sh;
mod test;
mod upstream;

struct Command {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

/// To add a command, add a row and a module with a `run`.
const COMMANDS: &[Command] = &[
    Command {
        name: "demo",
        about: "shows the library at work: C programs, CMake, swapped binaries, pyzmq",
        run: demo::run,
    },
    Command {
        name: "test",
        about: "runs every check there is, as CI does",
        run: test::run,
    },
    Command {
        name: "install",
        about: "builds and installs the library, headers, pkg-config and CMake files",
        run: install::run,
    },
    Command {
        name: "upstream",
        about: "runs libzmq's own test programs on the library",
        run: upstream::run,
    },
    Command {
        name: "pyzmq",
        about: "runs pyzmq's own tests on the library and on the genuine one",
        run: pyzmq::run,
    },
    Command {
        name: "clients",
        about: "runs bindings of other languages on the library",
        run: clients::run,
    },
    Command {
        name: "bench",
        about: "measures the library and the genuine one, or any other, in turn",
        run: bench::run,
    },
    Command {
        name: "counts",
        about: "counts system calls, allocations and copies per message, against bounds",
        run: counts::run,
    },
    Command {
        name: "loom",
        about: "checks the queues between threads in every order of events",
        run: loom::run,
    },
    Command {
        name: "reference",
        about: "builds the genuine libzmq that tests and benchmarks compare with",
        run: reference::run,
    },
    Command {
        name: "fuzz",
        about: "runs the fuzz targets of the protocol floor",
        run: fuzz::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        help();
        return ExitCode::FAILURE;
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        help();
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("cargo xtask: there is no command '{name}'\n");
        help();
        return ExitCode::FAILURE;
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A command that has said everything itself returns an empty error.
            if !error.is_empty() {
                eprintln!("\ncargo xtask {name}: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn help() {
    println!("usage: cargo xtask COMMAND [ARGUMENTS]\n");
    for command in COMMANDS {
        println!("  {:<10} {}", command.name, command.about);
    }
    println!("\n`cargo xtask COMMAND --help` tells about one of them.");
}
