//! `cargo xtask demo`: shows the library doing libzmq's work, on a machine with Rust and gcc.
//!
//! Invariant: a step passes only if the messages arrived as they should and the process had the
//! expected libzmq mapped; both are said by the programs themselves.

use std::fs;
use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::deps;
use crate::install;
use crate::sh::{Run, failed, heading, note, ok, root};

pub mod pyzmq;
pub mod stage;
mod swap;

use stage::{Actor, Library, Play};

const HELP: &str = "\
usage: cargo xtask demo [--prefix DIR] [STEP…]

Builds and installs the library into target/demo/prefix and shows it at work. Steps, all by
default: pkg-config, cmake, swap, pyzmq.

  --prefix DIR   do not build; use the library that is installed there";

/// How a step went, if it did not fail.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// It did what it should.
    Passed,
    /// It could not be tried here, and why.
    Skipped(String),
}

/// One thing to show.
struct Step {
    name: &'static str,
    title: &'static str,
    run: fn(&Place) -> Result<Outcome, String>,
}

const STEPS: &[Step] = &[
    Step {
        name: "pkg-config",
        title: "C programs, compiled with pkg-config, over tcp, ipc and inproc",
        run: with_pkg_config,
    },
    Step {
        name: "cmake",
        title: "The same programs, through CMake's find_package (ZeroMQ)",
        run: with_cmake,
    },
    Step {
        name: "swap",
        title: "Programs compiled for Debian's libzmq, swapped without recompiling",
        run: swap::run,
    },
    Step {
        name: "pyzmq",
        title: "Python: pyzmq as published, swapped underneath",
        run: pyzmq::run,
    },
];

/// Where the demo finds and puts things.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where the library is installed.
    pub prefix: PathBuf,
    /// Where the demo works.
    pub work: PathBuf,
}

impl Place {
    /// The folder of the installed library.
    pub fn lib(&self) -> PathBuf {
        self.prefix.join("lib")
    }

    /// A folder to work in, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf, String> {
        let dir = self.work.join(name);
        fs::create_dir_all(&dir).map_err(|e| format!("cannot create {}: {e}", dir.display()))?;
        Ok(dir)
    }
}

/// The folder of the demo's programs.
pub fn sources() -> PathBuf {
    root().join("capi-tests/demo")
}

/// The demo's C programs.
pub const PROGRAMS: &[&str] = &["pubsub", "reqrep", "pipeline"];

/// `cargo xtask demo`.
///
/// # Errors
/// When a step fails.
pub fn run(args: &[String]) -> Result<(), String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{HELP}");
        return Ok(());
    }
    let mut args = Args::new(args);
    let prefix = args.value("--prefix")?;
    let names = args.words()?;
    let known = |name: &String| STEPS.iter().any(|step| step.name == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        return Err(format!("there is no step '{name}'; --help lists them"));
    }

    heading("What the demo needs");
    let needs = [
        deps::CC,
        deps::BINUTILS,
        deps::PKG_CONFIG,
        deps::CMAKE,
        deps::DPKG,
        deps::VENV,
    ];
    if let Err(error) = deps::ensure(&needs) {
        // Each step says what it cannot do without.
        failed(error);
    }
    let work = root().join("target/demo");
    let prefix = match prefix {
        Some(prefix) => std::path::absolute(prefix).map_err(|e| e.to_string())?,
        None => {
            let prefix = work.join("prefix");
            install::install(&install::Options::new(&prefix))?;
            prefix
        }
    };
    show(&Place { prefix, work }, &names)
}

/// Shows one step.
///
/// # Errors
/// When it fails, or there is no such step.
pub fn step(name: &str, place: &Place) -> Result<Outcome, String> {
    let step = STEPS.iter().find(|step| step.name == name);
    let step = step.ok_or_else(|| format!("the demo has no step '{name}'"))?;
    (step.run)(place)
}

/// Shows these steps, or all if none is named.
///
/// # Errors
/// When one fails.
pub fn show(place: &Place, names: &[String]) -> Result<(), String> {
    let (mut passed, mut skipped, mut broken) = (0, 0, Vec::new());
    for step in STEPS {
        if !names.is_empty() && !names.iter().any(|name| name == step.name) {
            continue;
        }
        heading(step.title);
        match (step.run)(place) {
            Ok(Outcome::Passed) => passed += 1,
            Ok(Outcome::Skipped(why)) => {
                note(format!("skipped: {why}"));
                skipped += 1;
            }
            Err(error) => {
                failed(error);
                broken.push(step.name);
            }
        }
    }
    heading(format!(
        "{passed} shown, {skipped} skipped, {} failed",
        broken.len()
    ));
    match broken.as_slice() {
        [] => Ok(()),
        names => Err(format!("these steps failed: {}", names.join(", "))),
    }
}

fn with_pkg_config(place: &Place) -> Result<Outcome, String> {
    if let Some(missing) = deps::missing(&[deps::CC, deps::PKG_CONFIG]) {
        return Err(missing);
    }
    let programs = place.folder("programs")?;
    let flags = Run::new("pkg-config")
        .env("PKG_CONFIG_PATH", place.lib().join("pkgconfig"))
        .args(["--cflags", "--libs", "libzmq"])
        .output()?;
    for name in PROGRAMS {
        let run = compile(name, &programs).args(flags.split_whitespace());
        run.output()?;
    }
    let env = [("LD_LIBRARY_PATH", place.lib())];
    perform(
        &programs,
        &env,
        &Library::In(place.lib()),
        &["tcp", "ipc", "inproc"],
    )?;
    Ok(Outcome::Passed)
}

/// The compiler on one of the programs; what it links comes behind.
pub fn compile(name: &str, programs: &Path) -> Run {
    let run = Run::new("gcc")
        .args(["-O2", "-Wall", "-o"])
        .arg(programs.join(name));
    run.arg(sources().join(format!("{name}.c"))).arg("-pthread")
}

fn with_cmake(place: &Place) -> Result<Outcome, String> {
    if let Some(missing) = deps::missing(&[deps::CC, deps::CMAKE]) {
        return Ok(Outcome::Skipped(missing));
    }
    let build = place.folder("cmake")?;
    // A cache of an earlier run may name another prefix.
    let _ = fs::remove_file(build.join("CMakeCache.txt"));
    let configure = Run::new("cmake")
        .arg("-S")
        .arg(sources())
        .arg("-B")
        .arg(&build);
    let mut prefix = std::ffi::OsString::from("-DCMAKE_PREFIX_PATH=");
    prefix.push(&place.prefix);
    let printed = configure
        .arg(prefix)
        .arg("-DCMAKE_BUILD_TYPE=Release")
        .output()?;
    for line in printed.lines().filter(|line| line.contains("libzmq")) {
        note(line);
    }
    Run::new("cmake").arg("--build").arg(&build).output()?;
    // CMake writes the library's folder into what it builds, so no variable is needed.
    perform(&build, &[], &Library::In(place.lib()), &["tcp"])?;
    if build.join("reqrep-static").is_file() {
        let all = Actor::new("all", &["inproc://demo"]);
        let play = Play::new(
            "reqrep-static",
            "request-reply, statically linked, over inproc",
        );
        play.actor(all).perform(&build, &[], &Library::Linked)?;
    }
    Ok(Outcome::Passed)
}

/// Performs the three patterns over these transports with the programs of a folder.
///
/// # Errors
/// When one does not go as it should.
pub fn perform(
    programs: &Path,
    env: &[(&str, PathBuf)],
    library: &Library,
    transports: &[&str],
) -> Result<(), String> {
    let mut seen = String::new();
    for transport in transports {
        for play in plays(transport) {
            seen = play.perform(programs, env, library)?;
        }
    }
    ok(format!(
        "every message arrived; the library at work was libzmq {seen}"
    ));
    Ok(())
}

/// The three patterns over one transport. Over inproc everybody is a thread of one process.
fn plays(transport: &str) -> Vec<Play> {
    let at = |name: &str| match transport {
        "tcp" => "tcp://127.0.0.1:*".to_owned(),
        "ipc" => format!("ipc://target/demo/{name}.ipc"),
        _ => format!("inproc://{name}"),
    };
    let (data, ready, results) = (at("data"), at("ready"), at("results"));
    let (data, ready, results) = (data.as_str(), ready.as_str(), results.as_str());
    let play =
        |name: &'static str, what: &str| Play::new(name, &format!("{what} over {transport}"));
    let pubsub = play("pubsub", "publish-subscribe");
    let reqrep = play("reqrep", "request-reply");
    let pipeline = play("pipeline", "ventilator-worker-sink");
    if transport == "inproc" {
        return vec![
            pubsub.actor(Actor::new("all", &[data, ready])),
            reqrep.actor(Actor::new("all", &[data])),
            pipeline.actor(Actor::new("all", &[data, ready, results])),
        ];
    }
    vec![
        pubsub
            .actor(Actor::new("publisher", &[data, ready]).listens())
            .actor(Actor::new("subscriber", &["berlin"]))
            .actor(Actor::new("subscriber", &["lisbon"])),
        reqrep
            .actor(Actor::new("server", &[data]).listens())
            .actor(Actor::new("client", &[])),
        pipeline
            .actor(Actor::new("sink", &[results]).listens())
            .actor(Actor::new("ventilator", &[data, ready]).listens())
            .actor(Actor::new("worker", &["A"]))
            .actor(Actor::new("worker", &["B"])),
    ]
}
