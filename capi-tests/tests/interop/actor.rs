//! A process of a play: the C program `c/interop/actor.c` on one library, told what to do.
//!
//! Invariant: nothing here waits for ever; an actor that does not answer in time fails the test.

use std::fmt::{self, Write as _};
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

#[cfg(feature = "draft")]
use crate::network::Host;
use crate::zmq;
use capi_tests::{Profile, genuine, include, library, root, run_ok, scratch};

/// An answer takes no longer; the actor itself gives up a call after 10 s.
const PATIENCE: Duration = Duration::from_secs(25);

/// Whose library an actor runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lib {
    /// The one that was just built.
    Ours,
    /// libzmq.
    Genuine,
}

impl Lib {
    /// Its folder; `None` if it is not there.
    pub fn folder(self) -> Option<&'static Path> {
        static GENUINE: OnceLock<Option<PathBuf>> = OnceLock::new();
        match self {
            Lib::Ours => Some(library(Profile::Dev)),
            Lib::Genuine => GENUINE.get_or_init(genuine).as_deref(),
        }
    }
}

impl Lib {
    /// Whether it speaks WebSocket.
    pub fn has_ws(self) -> bool {
        static GENUINE: OnceLock<bool> = OnceLock::new();
        let has = || {
            let mut actor = Actor::new(self);
            let has = actor.tell("has WS") == "1";
            actor.leave();
            has
        };
        match self {
            Lib::Ours => true,
            Lib::Genuine => *GENUINE.get_or_init(has),
        }
    }
}

/// The program, compiled once; it says `-lzmq` and takes what the loader finds.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let program = scratch("interop").join("actor");
        let mut gcc = Command::new("gcc");
        gcc.args(["-std=gnu99", "-O1", "-g", "-Wall", "-Wextra", "-Werror"])
            .arg("-I")
            .arg(include())
            .arg(root().join("capi-tests/c/interop/actor.c"))
            .arg("-L")
            .arg(library(Profile::Dev))
            .args(["-lzmq", "-o"])
            .arg(&program);
        if cfg!(feature = "draft") {
            gcc.arg("-DZMQ_BUILD_DRAFT_API");
        }
        run_ok(&mut gcc, "gcc");
        program
    })
}

/// A part of a message: how it is told to an actor and how an actor shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    tell: String,
    show: String,
}

fn hex(octets: &[u8]) -> String {
    let mut text = String::from("x");
    for octet in octets {
        let _ = write!(text, "{octet:02x}");
    }
    text
}

/// FNV-1a.
fn hash(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x100_0000_01b3)
    })
}

fn shown(octets: &[u8]) -> String {
    if octets.len() > 64 {
        shown_hashed(octets)
    } else {
        hex(octets)
    }
}

/// How `collect` shows what it got.
pub fn shown_hashed(octets: &[u8]) -> String {
    format!("#{}.{:016x}", octets.len(), hash(octets))
}

/// The octets of a long body.
pub fn octets(size: usize, seed: u32) -> Vec<u8> {
    let octet = |index: usize| {
        let index = index as u32;
        (seed.wrapping_mul(31))
            .wrapping_add(index.wrapping_mul(7))
            .wrapping_add(index >> 8) as u8
    };
    (0..size).map(octet).collect()
}

impl Part {
    /// These octets.
    pub fn new(octets: impl AsRef<[u8]>) -> Part {
        let octets = octets.as_ref();
        Part {
            tell: hex(octets),
            show: shown(octets),
        }
    }

    /// A body of this size that both sides make themselves.
    pub fn body(size: usize, seed: u32) -> Part {
        Part {
            tell: format!("@{size}.{seed}"),
            show: shown(&octets(size, seed)),
        }
    }

    /// What an actor showed, to be told to it again. Only for short parts.
    pub fn again(show: &str) -> Part {
        assert!(show.starts_with('x'), "{show} is not whole");
        Part {
            tell: show.to_owned(),
            show: show.to_owned(),
        }
    }

    /// How it is told to an actor.
    pub fn told(&self) -> &str {
        &self.tell
    }

    /// How an actor shows it.
    pub fn shown(&self) -> &str {
        &self.show
    }
}

/// See the module.
pub struct Actor {
    lib: Lib,
    child: Child,
    /// Its standard input ends, and so does it.
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    /// What was told last, for the report of a failure.
    told: String,
}

impl Actor {
    /// A new process on a library that is there.
    pub fn new(lib: Lib) -> Actor {
        Actor::run(lib, Command::new(program()))
    }

    /// A new process with this in its environment.
    #[cfg(feature = "draft")]
    pub fn with(lib: Lib, name: &str, value: &Path) -> Actor {
        let mut command = Command::new(program());
        command.env(name, value);
        Actor::run(lib, command)
    }

    /// A new process on a host of a network.
    #[cfg(feature = "draft")]
    pub fn at(lib: Lib, host: &Host) -> Actor {
        Actor::run(lib, host.command(program()))
    }

    fn run(lib: Lib, mut command: Command) -> Actor {
        let folder = lib.folder().expect("only plays with both libraries begin");
        let program = program();
        let mut child = command
            .current_dir(program.parent().expect("it is in a folder"))
            .env("LD_LIBRARY_PATH", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program was just compiled");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("it is a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Actor {
            lib,
            child,
            stdin,
            lines,
            told: String::new(),
        }
    }

    /// Tells it to do something, without waiting for the answer.
    pub fn begin(&mut self, command: impl fmt::Display) {
        self.told = command.to_string();
        let stdin = self.stdin.as_mut().expect("it did not leave");
        if let Err(error) = writeln!(stdin, "{}", self.told) {
            panic!("{:?} is gone ({error}) before: {}", self.lib, self.told);
        }
    }

    /// The answer to what was begun: what follows "ok", or what follows "err".
    pub fn answer(&mut self) -> Result<String, String> {
        let told: String = self.told.chars().take(200).collect();
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => match line.strip_prefix("ok") {
                Some(rest) => Ok(rest.trim_start().to_owned()),
                None => Err(line.trim_start_matches("err ").to_owned()),
            },
            Err(RecvTimeoutError::Timeout) => panic!("{:?} does not answer: {told}", self.lib),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait();
                panic!("{:?} died ({status:?}) of: {told}", self.lib)
            }
        }
    }

    /// The answer, which has to be a good one.
    pub fn end(&mut self) -> String {
        match self.answer() {
            Ok(answer) => answer,
            Err(error) => panic!("{:?}: {error} from: {}", self.lib, self.told),
        }
    }

    /// Tells it to do something and waits for the answer.
    pub fn ask(&mut self, command: impl fmt::Display) -> Result<String, String> {
        self.begin(command);
        self.answer()
    }

    /// Tells it to do something that has to work.
    pub fn tell(&mut self, command: impl fmt::Display) -> String {
        self.begin(command);
        self.end()
    }

    /// Binds; the endpoint that came of it.
    pub fn bind(&mut self, socket: usize, endpoint: &str) -> String {
        self.tell(format!("bind {socket} {endpoint}"))
    }

    /// Begins to send a message.
    pub fn begin_send(&mut self, socket: usize, parts: &[Part]) {
        let mut command = format!("send {socket}");
        for part in parts {
            let _ = write!(command, " {}", part.tell);
        }
        self.begin(command);
    }

    /// Sends a message.
    pub fn send(&mut self, socket: usize, parts: &[Part]) {
        self.begin_send(socket, parts);
        self.end();
    }

    /// Receives a message; how its parts are shown.
    pub fn recv(&mut self, socket: usize) -> Vec<String> {
        let answer = self.tell(format!("recv {socket}"));
        answer.split(' ').map(str::to_owned).collect()
    }

    /// Receives a message, which has to be this one.
    pub fn expect(&mut self, socket: usize, parts: &[Part]) {
        let got = self.recv(socket);
        let want: Vec<&str> = parts.iter().map(Part::shown).collect();
        assert_eq!(got, want, "what {:?} received", self.lib);
    }

    /// Waits for an event of a watched socket; its value.
    pub fn until(&mut self, socket: usize, event: i32) -> i64 {
        let answer = self.tell(format!("await {socket} {event}"));
        let value = answer
            .split(' ')
            .nth(1)
            .and_then(|value| value.parse().ok());
        value.expect("events have a value")
    }

    /// Sets an option that is an `int`.
    pub fn set(&mut self, socket: usize, option: i32, value: i32) {
        self.tell(format!("int {socket} {option} {value}"));
    }

    /// Opens a socket.
    pub fn open(&mut self, socket: usize, kind: i32) {
        self.tell(format!("socket {socket} {kind}"));
    }

    /// Whether a message can be received within so many milliseconds.
    pub fn hears(&mut self, socket: usize, milliseconds: i32) -> bool {
        self.tell(format!("ready {socket} 1 {milliseconds}")) == "1"
    }

    /// Waits for a message while the other uses its socket: with libzmq, what a socket has to say
    /// by itself (subscriptions, probes, the end of a stream) it says only inside a call.
    pub fn hears_while(&mut self, socket: usize, other: &mut Actor, others: usize) {
        for _ in 0..1000 {
            other.tell(format!("get {others} {}", zmq::EVENTS));
            if self.hears(socket, 10) {
                return;
            }
        }
        panic!("{:?} hears nothing", self.lib);
    }

    /// Ends the process at once, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops the process, or has it go on.
    pub fn freeze(&mut self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let pid = self.child.id().to_string();
        run_ok(Command::new("kill").args([signal, &pid]), "procps");
    }

    /// Ends the process in order, with its sockets closed and its context terminated.
    pub fn leave(mut self) {
        self.tell("term");
        self.stdin = None;
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "{:?} ended with {status}", self.lib);
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.kill();
    }
}
