//! PLAIN, CURVE and ZAP against the genuine library, both ways.
//!
//! Invariant: what is expected of our library is what the genuine one does; where the two are meant
//! to differ it is said here.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use capi_tests::{Profile, include, library, root, run_ok, scratch, target};

/// The folder of the genuine library with CURVE, where it was built.
fn reference() -> Option<PathBuf> {
    let folder = target().join("reference/stable");
    if folder.join("libzmq.so.5").is_file() {
        return Some(folder);
    }
    println!("skipped: no genuine library with CURVE (cargo xtask reference)");
    None
}

fn ours() -> &'static Path {
    library(Profile::Dev)
}

/// A program of `c/`, compiled once for both libraries: their ABI is the same.
fn compile(name: &str) -> PathBuf {
    let program = scratch(name).join(name);
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=gnu99", "-g", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(include())
        .arg(root().join("capi-tests/c").join(name).with_extension("c"))
        .arg(ours().join("libzmq.so"))
        .args(["-lpthread", "-o"])
        .arg(&program);
    run_ok(&mut gcc, "gcc");
    program
}

// ---- traffic ------------------------------------------------------------------------------------

fn wire() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile("security_wire"))
}

struct Peer {
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Peer {
    fn start(lib: &Path, args: [&str; 5]) -> Peer {
        let mut process = Command::new(wire())
            .args(args)
            .env("LD_LIBRARY_PATH", lib)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it was just compiled");
        let says = BufReader::new(process.stdout.take().expect("a pipe"));
        Peer { process, says }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.says.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }

    /// Closes its input, which ends it.
    fn end(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().expect("a child").success());
    }
}

/// Has a binder and a connecter talk in all patterns, each side being the server once.
fn talk(binder: &Path, connecter: &Path, mechanism: &str) {
    for pattern in ["pair", "reqrep", "router", "pipeline", "pubsub", "subpub"] {
        for (one, other) in [("server", "client"), ("client", "server")] {
            if pattern == "reqrep" && other == "server" && connecter != ours() {
                // A genuine REQ that connects as the server of a mechanism gets no answer, not
                // even from a genuine REP.
                continue;
            }
            let what = format!("{mechanism} {pattern}, the one that binds is the {one}");
            let args = ["bind", "tcp://127.0.0.1:*", mechanism, one, pattern];
            let mut bound = Peer::start(binder, args);
            let endpoint = bound.line();
            let args = ["connect", &endpoint, mechanism, other, pattern];
            let mut connected = Peer::start(connecter, args);
            assert_eq!(bound.line(), "fine", "{what}: the one that binds");
            assert_eq!(connected.line(), "fine", "{what}: the one that connects");
            bound.end();
            connected.end();
        }
    }
}

#[test]
fn plain_among_ours() {
    talk(ours(), ours(), "plain");
}

#[test]
fn curve_among_ours() {
    talk(ours(), ours(), "curve");
}

#[test]
fn plain_with_the_genuine() {
    if let Some(reference) = reference() {
        talk(ours(), &reference, "plain");
        talk(&reference, ours(), "plain");
    }
}

#[test]
fn curve_to_the_genuine() {
    if let Some(reference) = reference() {
        talk(ours(), &reference, "curve");
    }
}

#[test]
fn curve_from_the_genuine() {
    if let Some(reference) = reference() {
        talk(&reference, ours(), "curve");
    }
}

// ---- events -------------------------------------------------------------------------------------

/// Server, client, domain, handler, enforced, keys, types: what comes of it.
///
/// EFAULT is 14, EPIPE 32; 0x1100_0001 is a box that does not open, 0x1100_0002 a mechanism that
/// does not fit, 0x2000_0001 and on are the ways to answer wrongly.
const OUTCOMES: &[(&str, &str)] = &[
    (
        "null null - 400 0 right right",
        "succeeded succeeded nobody",
    ),
    ("null null - - 1 right right", "succeeded succeeded nobody"),
    (
        "null null home - 0 right right",
        "succeeded succeeded nobody",
    ),
    (
        "null null home 200 0 right right",
        "succeeded succeeded somebody",
    ),
    (
        "null null home 200 1 right right",
        "succeeded succeeded somebody",
    ),
    ("null null home 400 0 right right", "auth:400 auth:400 out"),
    ("null null home 500 0 right right", "auth:500 auth:500 out"),
    (
        "plain plain - 200 0 right right",
        "succeeded succeeded somebody",
    ),
    (
        "plain plain home 200 0 right right",
        "succeeded succeeded somebody",
    ),
    (
        "plain plain home 400 0 right right",
        "auth:400 auth:400 out",
    ),
    (
        "plain plain home 500 0 right right",
        "auth:500 auth:500 out",
    ),
    (
        "plain null home 200 0 right right",
        "protocol:285212674 protocol:285212674 out",
    ),
    (
        "null plain - - 0 right right",
        "protocol:285212674 protocol:285212674 out",
    ),
    (
        "curve curve - - 0 right right",
        "succeeded succeeded nobody",
    ),
    (
        "curve curve - 200 0 right right",
        "succeeded succeeded somebody",
    ),
    (
        "curve curve - 400 1 right right",
        "succeeded succeeded nobody",
    ),
    (
        "curve curve home - 0 right right",
        "succeeded succeeded nobody",
    ),
    (
        "curve curve home 200 1 right right",
        "succeeded succeeded somebody",
    ),
    (
        "curve curve home 400 1 right right",
        "auth:400 auth:400 out",
    ),
    (
        "curve curve home 500 1 right right",
        "auth:500 auth:500 out",
    ),
    (
        "curve curve home 999 1 right right",
        "protocol:536870916 errno:32 out",
    ),
    (
        "curve curve home version 1 right right",
        "protocol:536870915 errno:32 out",
    ),
    (
        "curve curve home request 1 right right",
        "protocol:536870914 errno:32 out",
    ),
    (
        "curve curve home parts 1 right right",
        "protocol:536870913 errno:32 out",
    ),
    (
        "curve curve home 200 0 wrong right",
        "protocol:285212673 errno:32 out",
    ),
    (
        "curve plain home 200 0 right right",
        "protocol:285212674 protocol:285212674 out",
    ),
    (
        "curve null home 200 0 right right",
        "protocol:285212674 protocol:285212674 out",
    ),
    (
        "null curve - - 0 right right",
        "protocol:285212674 protocol:285212674 out",
    ),
];

/// Where we are clearer than the genuine library. With NULL and PLAIN that leaves connections as
/// they are on status 300 and on wrong answers, until the handshake takes too long (with CURVE it
/// mostly ends them); without a handler it does either, as it comes; and of peers whose types do not fit
/// monitors hear nothing.
const OURS: &[(&str, &str)] = &[
    (
        "curve curve home 300 1 right right",
        "auth:300 errno:32 out",
    ),
    ("plain plain - - 0 right right", "errno:14 errno:32 out"),
    ("plain plain home - 0 right right", "errno:14 errno:32 out"),
    ("plain plain home - 1 right right", "errno:14 errno:32 out"),
    ("curve curve home - 1 right right", "errno:14 errno:32 out"),
    ("null null home 300 0 right right", "auth:300 errno:32 out"),
    (
        "plain plain home 300 0 right right",
        "auth:300 errno:32 out",
    ),
    (
        "null null home 999 0 right right",
        "protocol:536870916 errno:32 out",
    ),
    (
        "null null home version 0 right right",
        "protocol:536870915 errno:32 out",
    ),
    (
        "plain plain home request 0 right right",
        "protocol:536870914 errno:32 out",
    ),
    (
        "plain plain home parts 0 right right",
        "protocol:536870913 errno:32 out",
    ),
    ("null null home - 1 right right", "errno:14 errno:32 out"),
    (
        "plain plain home 200 0 right wrong",
        "protocol:268435480 errno:32 out",
    ),
];

fn check(lib: &Path, program: &Path, outcomes: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (scenario, expected) in outcomes {
        let mut command = Command::new(program);
        command
            .args(scenario.split(' '))
            .env("LD_LIBRARY_PATH", lib);
        let outcome = run_ok(&mut command, "gcc");
        if outcome.trim() != *expected {
            wrong.push(format!(
                "{scenario}: {} instead of {expected}",
                outcome.trim()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn outcomes_and_events_are_those_of_the_genuine() {
    let program = compile("security_events");
    check(ours(), &program, OUTCOMES);
    check(ours(), &program, OURS);
    if let Some(reference) = reference() {
        check(&reference, &program, OUTCOMES);
    }
}
