//! Runs other programs: each in its own process group, with a time limit and its output collected.
//!
//! Invariant: when a program was waited for, every process of its group is dead, or dying of a
//! SIGKILL.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

/// Written after a program's output once its process group is dead: all that comes before it is
/// the output, whoever else still holds the writing end. (Waiting for the end of file instead
/// loses the last lines where closing a pseudo terminal discards what was not read yet.)
const END: &[u8] = b"\0\x01end of the output\x01\0";

/// Where the output of a program goes while it is collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// A pipe: C's stdio then buffers whole blocks, and loses them when the program is killed.
    Pipe,
    /// A pseudo terminal: C's stdio then writes line by line.
    Terminal,
}

/// What became of a program.
#[derive(Debug)]
pub struct Finished {
    /// Its exit status; that of SIGKILL when it ran into the limit.
    pub status: ExitStatus,
    /// Whether it was killed for running into the limit.
    pub timed_out: bool,
    /// How long it ran.
    pub elapsed: Duration,
    /// Its standard output and standard error, interleaved as written.
    pub output: String,
}

impl Finished {
    /// Whether it ended by itself with exit status 0.
    pub fn success(&self) -> bool {
        !self.timed_out && self.status.success()
    }
}

/// A program that was started and not yet waited for.
pub struct Running {
    child: std::process::Child,
    group: Pid,
    started: Instant,
    writer: File,
    output: mpsc::Receiver<String>,
    ended: mpsc::Receiver<()>,
}

/// Starts `command` in a process group of its own, without standard input.
///
/// # Errors
/// The text says what could not be started and why.
pub fn start(mut command: Command, output: Output) -> Result<Running, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let problem = |what: &str, e: &dyn std::fmt::Display| format!("{name}: {what}: {e}");
    let (reader, writer): (File, OwnedFd) = match output {
        Output::Terminal => terminal().map_err(|e| problem("no pseudo terminal", &e))?,
        Output::Pipe => {
            let (r, w) = std::io::pipe().map_err(|e| problem("cannot open a pipe", &e))?;
            (File::from(OwnedFd::from(r)), w.into())
        }
    };
    let another = || {
        writer
            .try_clone()
            .map_err(|e| problem("cannot duplicate its output", &e))
    };
    command
        .stdin(Stdio::null())
        .stdout(another()?)
        .stderr(another()?)
        .process_group(0);
    let started = Instant::now();
    let child = command
        .spawn()
        .map_err(|e| problem("cannot be started", &e))?;
    let group = Pid::from_raw(i32::try_from(child.id()).map_err(|e| problem("process id", &e))?);

    let (send_output, output) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = send_output.send(collect(reader));
    });
    let (send_ended, ended) = mpsc::channel();
    std::thread::spawn(move || {
        // The process stays a zombie, so that its id stays ours until the group is dead.
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        while let Err(nix::errno::Errno::EINTR) = waitid(Id::Pid(group), flags) {}
        let _ = send_ended.send(());
    });
    Ok(Running {
        child,
        group,
        started,
        writer: File::from(writer),
        output,
        ended,
    })
}

/// A pseudo terminal: the end to read from, and the one to write to. No program started meanwhile
/// by another thread inherits either.
fn terminal() -> std::io::Result<(File, OwnedFd)> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let slave = File::options()
        .read(true)
        .write(true)
        .custom_flags(OFlag::O_NOCTTY.bits())
        .open(ptsname_r(&master)?)?;
    Ok((File::from(OwnedFd::from(master)), slave.into()))
}

/// Reads until [`END`], or an error.
fn collect(mut reader: File) -> String {
    let mut bytes = Vec::new();
    let mut block = [0; 16 * 1024];
    loop {
        match reader.read(&mut block) {
            Ok(0) => break,
            Ok(n) => {
                let from = bytes.len().saturating_sub(END.len());
                bytes.extend_from_slice(&block[..n]);
                let tail = &bytes[from..];
                if let Some(at) = tail.windows(END.len()).position(|window| window == END) {
                    bytes.truncate(from + at);
                    break;
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

impl Running {
    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it ends within `limit`.
    pub fn ends_within(&self, limit: Duration) -> bool {
        !matches!(
            self.ended.recv_timeout(limit),
            Err(mpsc::RecvTimeoutError::Timeout)
        )
    }

    /// Waits for the end, at most until `limit` after the start, then ends what is left of the
    /// process group. `autopsy` is asked about a program that ran into the limit while it still
    /// lives; what it says is appended to the output.
    ///
    /// # Errors
    /// If the program's status cannot be had.
    pub fn wait(
        mut self,
        limit: Duration,
        autopsy: impl FnOnce(u32) -> String,
    ) -> Result<Finished, String> {
        let timed_out = !self.ends_within(limit.saturating_sub(self.started.elapsed()));
        let elapsed = self.started.elapsed();
        let remark = if timed_out {
            autopsy(self.id())
        } else {
            String::new()
        };
        // Fails only when the group is empty already.
        let _ = killpg(self.group, Signal::SIGKILL);
        let status = self
            .child
            .wait()
            .map_err(|e| format!("waiting for a program: {e}"))?;
        self.writer
            .write_all(END)
            .map_err(|e| format!("ending a program's output: {e}"))?;
        let mut output = self.output.recv().unwrap_or_default();
        output.push_str(&remark);
        Ok(Finished {
            status,
            timed_out,
            elapsed,
            output,
        })
    }
}

/// Starts a program and waits for it.
///
/// # Errors
/// As [`start`] and [`Running::wait`].
pub fn run(command: Command, output: Output, limit: Duration) -> Result<Finished, String> {
    start(command, output)?.wait(limit, |_| String::new())
}

/// In words: exit status, signal or time limit.
pub fn describe(finished: &Finished) -> String {
    if finished.timed_out {
        return format!("still running after {} s", finished.elapsed.as_secs());
    }
    match (finished.status.code(), finished.status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(number)) => match Signal::try_from(number) {
            Ok(signal) => signal.as_str().to_string(),
            Err(_) => format!("signal {number}"),
        },
        (None, None) => "no exit status".to_string(),
    }
}

/// Calls `job` for every item on `workers` threads and returns the results in the items' order.
/// `job` also gets how many items were begun before this one.
pub fn parallel<T: Sync, R: Send>(
    items: &[T],
    workers: usize,
    job: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = job(index, item);
                    lock(&done).push((index, result));
                }
            });
        }
    });
    let mut results = done
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Locks a mutex whose data stays whole even if a holder panicked.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn status_and_output_come_back() {
        let finished = run(
            shell("echo out; echo err >&2; exit 3"),
            Output::Pipe,
            Duration::from_secs(20),
        )
        .unwrap();
        assert_eq!(finished.output, "out\nerr\n");
        assert_eq!(describe(&finished), "exit status 3");
        assert!(!finished.success());
    }

    #[test]
    fn terminal_output_survives_an_abort() {
        let finished = run(
            shell("test -t 1 && echo terminal; kill -ABRT $$"),
            Output::Terminal,
            Duration::from_secs(20),
        )
        .unwrap();
        assert_eq!(finished.output, "terminal\n");
        assert_eq!(describe(&finished), "SIGABRT");
    }

    #[test]
    fn no_line_of_a_terminal_is_lost_at_the_end() {
        for _ in 0..50 {
            let finished = run(
                shell("for i in 1 2 3 4 5 6 7 8; do echo line $i; done"),
                Output::Terminal,
                Duration::from_secs(20),
            )
            .unwrap();
            assert_eq!(finished.output.lines().count(), 8, "{}", finished.output);
        }
    }

    #[test]
    fn a_daemon_that_keeps_the_output_open_holds_nobody_up() {
        let finished = run(
            shell("setsid sleep 3 & echo started"),
            Output::Pipe,
            Duration::from_secs(20),
        )
        .unwrap();
        assert_eq!(finished.output, "started\n");
        assert!(finished.elapsed < Duration::from_secs(3));
    }

    #[test]
    fn limit_ends_the_whole_group() {
        let running = start(shell("sleep 100 & echo $!; wait"), Output::Pipe).unwrap();
        let finished = running
            .wait(Duration::from_millis(300), |id| {
                assert!(id > 0);
                "autopsy\n".to_string()
            })
            .unwrap();
        assert!(finished.timed_out && !finished.success());
        let (child, rest) = finished.output.split_once('\n').unwrap();
        assert_eq!(rest, "autopsy\n");
        // Gone, or a zombie that nobody has reaped: at once, or when it is next scheduled.
        let state = || std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let until = Instant::now() + Duration::from_secs(10);
        while !state().is_empty() && !state().contains(") Z ") {
            assert!(Instant::now() < until, "{}", state());
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let gone = Command::new("/nonexistent/program");
        let error = run(gone, Output::Pipe, Duration::from_secs(1)).unwrap_err();
        assert!(error.contains("/nonexistent/program"), "{error}");
    }

    #[test]
    fn parallel_keeps_the_order() {
        let items: Vec<usize> = (0..50).collect();
        assert_eq!(
            parallel(&items, 4, |index, item| index + item),
            (0..50).map(|i| 2 * i).collect::<Vec<_>>()
        );
        assert!(parallel(&[] as &[u8], 3, |_, b| *b).is_empty());
    }
}
