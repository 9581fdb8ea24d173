//! Running other programs, and telling the terminal about it.
//!
//! Invariant: no program runs without a time limit, and one that overstays it is ended together
//! with everything it started.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::fs;
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How long a program may take unless it is told otherwise.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Lines of a failed program's output that go into the error.
const TAIL: usize = 40;

/// The folder of the project: where the workspace's `Cargo.toml` is.
pub fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}

/// A program to run: what, where, with what around it, and for how long at most.
#[derive(Clone, Debug)]
pub struct Run {
    program: OsString,
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    dir: PathBuf,
    limit: Duration,
}

impl Run {
    /// `program`, in the project's folder.
    pub fn new(program: impl AsRef<OsStr>) -> Run {
        Run {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            envs: Vec::new(),
            dir: root(),
            limit: LIMIT,
        }
    }

    /// The cargo that runs this.
    pub fn cargo() -> Run {
        Run::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Run {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Run {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Sets a variable of the environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Run {
        self.envs.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Sets the folder it runs in.
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Run {
        self.dir = dir.as_ref().to_owned();
        self
    }

    /// Sets how long it may take.
    pub fn limit(mut self, limit: Duration) -> Run {
        self.limit = limit;
        self
    }

    /// Says what is run, then runs it with its output going to the terminal.
    ///
    /// # Errors
    /// When it cannot be started, does not end in time, or ends with another status than 0.
    pub fn stream(self) -> Result<(), String> {
        command(&self);
        let child = self.spawn(Stdio::inherit(), Stdio::inherit())?;
        let guard = Watchdog::new(child.id(), self.limit);
        let status = wait(child, &self)?;
        self.judge(status, guard.finish(), "")
    }

    /// Says what is run, then runs it and returns what it printed on its standard output.
    ///
    /// # Errors
    /// As `stream`; the error carries the end of what it printed.
    pub fn output(self) -> Result<String, String> {
        command(&self);
        self.quiet()
    }

    /// As `output`, without a word.
    ///
    /// # Errors
    /// As `output`.
    pub fn quiet(self) -> Result<String, String> {
        let (status, late, output) = self.collect()?;
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let both = format!("{out}{}", String::from_utf8_lossy(&output.stderr));
        self.judge(status, late, &both)?;
        Ok(out)
    }

    /// Whether it can be started and ends with status 0; what it prints is dropped.
    pub fn succeeds(self) -> bool {
        matches!(self.collect(), Ok((status, false, _)) if status.success())
    }

    /// Starts it with these outputs. Its standard input is empty.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&self, out: Stdio, err: Stdio) -> Result<Child, String> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        command.envs(self.envs.iter().map(|(name, value)| (name, value)));
        command
            .spawn()
            .map_err(|e| format!("cannot run {}: {e}", self.program.display()))
    }

    /// The command line as one would type it, with paths below the project's folder relative.
    pub fn shown(&self) -> String {
        let mut words = Vec::new();
        for (name, value) in &self.envs {
            words.push(format!("{}={}", name.display(), quoted(value)));
        }
        let program = Path::new(&self.program);
        let is_cargo = program.file_stem() == Some(OsStr::new("cargo"));
        words.push(if is_cargo {
            "cargo".to_owned()
        } else {
            quoted(&self.program)
        });
        words.extend(self.args.iter().map(|arg| quoted(arg)));
        words.join(" ")
    }

    fn collect(&self) -> Result<(ExitStatus, bool, Output), String> {
        let child = self.spawn(Stdio::piped(), Stdio::piped())?;
        let guard = Watchdog::new(child.id(), self.limit);
        let output = child
            .wait_with_output()
            .map_err(|e| format!("{}: {e}", self.shown()))?;
        Ok((output.status, guard.finish(), output))
    }

    fn judge(&self, status: ExitStatus, late: bool, printed: &str) -> Result<(), String> {
        if status.success() && !late {
            return Ok(());
        }
        let why = if late {
            format!("not finished after {} s, ended", self.limit.as_secs())
        } else {
            status.to_string()
        };
        let lines: Vec<&str> = printed.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
        let gap = if tail.is_empty() { "" } else { "\n" };
        Err(format!("{}: {why}{gap}{tail}", self.shown()))
    }
}

fn wait(mut child: Child, run: &Run) -> Result<ExitStatus, String> {
    child.wait().map_err(|e| format!("{}: {e}", run.shown()))
}

fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let root = format!("{}/", root().display());
    let text = text.replace(&root, "");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Ends a process and all that it started when time is up.
#[derive(Debug)]
pub struct Watchdog {
    done: Sender<()>,
    thread: thread::JoinHandle<bool>,
}

impl Watchdog {
    /// Watches the process `pid`.
    pub fn new(pid: u32, limit: Duration) -> Watchdog {
        let (done, waiting) = channel();
        let thread = thread::spawn(move || {
            let late = waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
            if late {
                end(pid);
            }
            late
        });
        Watchdog { done, thread }
    }

    /// Stops watching; true if the process had to be ended.
    pub fn finish(self) -> bool {
        // A watchdog that has already barked no longer listens.
        let _ = self.done.send(());
        self.thread.join().unwrap_or(true)
    }
}

/// Ends a process and its descendants.
fn end(pid: u32) {
    let mut pids = vec![pid];
    let parents = parents();
    let mut next = 0;
    while let Some(&parent) = pids.get(next) {
        pids.extend(
            parents
                .iter()
                .filter(|(_, p)| *p == parent)
                .map(|(child, _)| *child),
        );
        next += 1;
    }
    let pids = pids.iter().map(u32::to_string);
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -KILL \"$@\"", "sh"])
        .args(pids)
        .stderr(Stdio::null());
    // A process that ended meanwhile is what we want.
    let _ = kill.status();
}

/// Every process with its parent.
fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        Some((pid, parent_in(&stat)?))
    };
    entries.filter_map(read).collect()
}

/// The parent in a line of `/proc/PID/stat`; the name before it may hold anything.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

fn coloured() -> bool {
    static COLOURED: OnceLock<bool> = OnceLock::new();
    *COLOURED.get_or_init(|| {
        stdout().is_terminal()
            && env::var_os("NO_COLOR").is_none()
            && env::var_os("TERM").is_none_or(|term| term != "dumb")
    })
}

fn painted(code: &str, text: &dyn Display) -> String {
    if coloured() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_string()
    }
}

/// A heading.
pub fn heading(text: impl Display) {
    println!("\n{} {}", painted("1;36", &"==>"), painted("1", &text));
}

/// A program about to run.
pub fn command(run: &Run) {
    println!("{}", painted("2", &format!("    $ {}", run.shown())));
}

/// Something that went well.
pub fn ok(text: impl Display) {
    println!("    {} {text}", painted("1;32", &"ok"));
}

/// Something that did not; the first line beside the mark, the rest below it.
pub fn failed(text: impl Display) {
    let text = text.to_string().replace('\n', "\n      | ");
    println!("    {} {text}", painted("1;31", &"FAILED"));
}

/// A remark.
pub fn note(text: impl Display) {
    println!("    {text}");
}

/// Something seen, of lesser weight.
pub fn detail(text: impl Display) {
    println!("      {} {text}", painted("2", &"|"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_says_what_it_said() {
        let error = Run::new("sh")
            .args(["-c", "echo out; echo err >&2; exit 3"])
            .quiet();
        let error = error.expect_err("status 3 is a failure");
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(error.contains("out\nerr"), "{error}");
    }

    #[test]
    fn a_late_program_is_ended_with_its_children() {
        let run = Run::new("sh").args(["-c", "sleep 600 & sleep 600; true"]);
        // wait_with_output returns only when no descendant holds the pipe any more.
        let error = run
            .limit(Duration::from_millis(200))
            .quiet()
            .expect_err("it is late");
        assert!(error.contains("not finished"), "{error}");
    }

    #[test]
    fn command_lines_can_be_typed_again() {
        let run = Run::new("cc").env("A", "b c").args(["-o", "it's", ""]);
        assert_eq!(run.shown(), r"A='b c' cc -o 'it'\''s' ''");
        let run = Run::new(root().join("target/x")).arg(root().join("y"));
        assert_eq!(run.shown(), "target/x y");
    }

    #[test]
    fn the_parent_is_found_behind_any_name() {
        assert_eq!(parent_in("7 (a) b) S 3 7 7"), Some(3));
        assert_eq!(parent_in("7 (x"), None);
    }
}
