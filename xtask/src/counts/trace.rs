//! System calls of a program, counted by strace.
//!
//! Invariant: what a program does once is not in a figure of a conversation, which is a difference of
//! two runs, one with more messages than the other. Of a stream a second run would tell nothing: how
//! its messages come together differs by more than that.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::bench::address::Address;
use crate::bench::cases::{Kind, Route};
use crate::bench::measure::Run;
use crate::bench::programs::Programs;
use crate::proc::{self, Output, Running};

/// No run takes that long unless something hangs.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The side of a pair that is counted: the one that binds or the one that connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// REP or PULL.
    Local,
    /// REQ or PUSH.
    Remote,
}

/// System calls by name.
pub type Calls = BTreeMap<String, u64>;

/// Counts programs of a folder, run with a library.
pub struct Tracer<'a> {
    pub programs: &'a Programs,
    pub library: &'a Path,
    /// Where strace may write.
    pub summary: PathBuf,
}

impl Tracer<'_> {
    /// System calls of one side, for each message or round trip.
    ///
    /// # Errors
    /// What went wrong: a time limit, an exit status, a summary that is not understood.
    pub fn side(
        &self,
        kind: Kind,
        route: Route,
        role: Role,
        size: usize,
        messages: u64,
    ) -> Result<Run, String> {
        self.figures(kind, messages, |count| {
            let address = Address::new(route)?;
            let ending = match kind {
                Kind::Lat => "lat",
                Kind::Thr => "thr",
            };
            let args = [address.endpoint(), size.to_string(), count.to_string()];
            let start = |side: &str, this: Role| {
                let name = format!("{side}_{ending}");
                let mut command = match this == role {
                    true => self.traced(&name),
                    false => self.programs.command(&name, self.library),
                };
                command.args(&args);
                proc::start(command, Output::Pipe)
            };
            let local = start("local", Role::Local)?;
            let remote = address
                .wait_for_listener(&local)
                .and_then(|()| start("remote", Role::Remote));
            let remote = match remote {
                Ok(remote) => finish("connecting side", remote),
                Err(problem) => Err(problem),
            };
            // Whatever became of the other: nothing is left behind.
            let limit = if remote.is_ok() {
                LIMIT
            } else {
                Duration::ZERO
            };
            let local = finish_within("binding side", local, limit);
            remote.and(local)
        })
    }

    /// System calls of a tool that has both sides in it.
    ///
    /// # Errors
    /// As [`Tracer::side`].
    pub fn whole(&self, tool: &str, size: usize, messages: u64) -> Result<Run, String> {
        let kind = match tool.ends_with("_thr") {
            true => Kind::Thr,
            false => Kind::Lat,
        };
        self.figures(kind, messages, |count| {
            let mut command = self.traced(tool);
            command.args([size.to_string(), count.to_string()]);
            finish(tool, proc::start(command, Output::Pipe)?)
        })
    }

    fn traced(&self, name: &str) -> Command {
        let program = self.programs.command(name, self.library);
        let mut command = Command::new("strace");
        command.args(["-f", "-c", "-o"]).arg(&self.summary);
        command.arg("--").arg(program.get_program());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn figures(
        &self,
        kind: Kind,
        messages: u64,
        run: impl Fn(u64) -> Result<(), String>,
    ) -> Result<Run, String> {
        let counted = |count: u64| -> Result<Calls, String> {
            // One of before would be taken for this one's.
            let _ = fs::remove_file(&self.summary);
            run(count)?;
            let text = fs::read_to_string(&self.summary);
            let text = text.map_err(|e| format!("{}: {e}", self.summary.display()))?;
            summary(&text).ok_or_else(|| format!("strace says {:?}", text.trim()))
        };
        if kind == Kind::Thr {
            return Ok(figures(&Calls::new(), &counted(messages)?, messages));
        }
        let first = messages / 5;
        let (few, many) = (counted(first)?, counted(first + messages)?);
        Ok(figures(&few, &many, messages))
    }
}

/// Waits for a program that is to end well.
///
/// # Errors
/// How it ended instead.
pub fn finish(what: &str, running: Running) -> Result<(), String> {
    finish_within(what, running, LIMIT)
}

fn finish_within(what: &str, running: Running, limit: Duration) -> Result<(), String> {
    let finished = running.wait(limit, |_| String::new())?;
    if finished.success() {
        return Ok(());
    }
    let how = proc::describe(&finished);
    Err(format!("{what}: {how} {}", finished.output.trim()))
}

/// What strace's summary says: `% time, seconds, usecs/call, calls, [errors,] name` a line.
fn summary(text: &str) -> Option<Calls> {
    let mut calls = Calls::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [share, _, _, count, .., name] = words[..] else {
            continue;
        };
        let (Ok(_), Ok(count)) = (share.parse::<f64>(), count.parse()) else {
            continue;
        };
        if name != "total" {
            calls.insert(name.to_owned(), count);
        }
    }
    (!calls.is_empty()).then_some(calls)
}

/// The figures that bounds are of: `calls` are all, `sends` and `receives` those on streams,
/// `wakes` what may wake another thread; and each call by its name.
pub fn figures(few: &Calls, many: &Calls, messages: u64) -> Run {
    let mut run = Run::new();
    for (name, count) in many {
        let before = few.get(name).copied().unwrap_or(0);
        let each = (*count as f64 - before as f64) / messages as f64;
        let group = match name.as_str() {
            "sendto" | "sendmsg" | "sendmmsg" | "writev" => Some("sends"),
            "recvfrom" | "recvmsg" | "readv" => Some("receives"),
            "write" | "futex" => Some("wakes"),
            _ => None,
        };
        for figure in [Some("calls"), group, Some(name)].into_iter().flatten() {
            *run.entry(figure.to_owned()).or_default() += each;
        }
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_read() {
        let text = "strace: Process 7 attached\n\
            % time     seconds  usecs/call     calls    errors syscall\n\
            ------ ----------- ----------- --------- --------- ----------------\n \
            60.00    0.000300           3       100           sendmsg\n \
            40.00    0.000200           4        50        10 recvfrom\n\
            ------ ----------- ----------- --------- --------- ----------------\n\
            100.00    0.000500           3       150        10 total\n";
        let calls = summary(text).unwrap();
        assert_eq!((calls["sendmsg"], calls["recvfrom"]), (100, 50));
        assert_eq!(calls.len(), 2);
        assert_eq!(summary("strace: not permitted\n"), None);
    }

    #[test]
    fn what_is_done_once_is_not_counted() {
        let calls = |pairs: &[(&str, u64)]| -> Calls {
            pairs.iter().map(|(n, c)| ((*n).to_owned(), *c)).collect()
        };
        let few = calls(&[("mmap", 30), ("sendmsg", 20), ("write", 1)]);
        let many = calls(&[("mmap", 30), ("sendmsg", 120), ("write", 51)]);
        let run = figures(&few, &many, 100);
        assert_eq!((run["calls"], run["sends"], run["wakes"]), (1.5, 1.0, 0.5));
        assert_eq!((run["mmap"], run["sendmsg"]), (0.0, 1.0));
    }
}
