//! One run of a program that measures, with one library.
//!
//! Invariant: the connecting side is started only once the other is listening, so that no
//! reconnect delay is measured; and whatever happens, no process outlives the run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};

use super::address::Address;
use super::cases::{Case, Count, Kind, Tool};
use super::programs::Programs;
use crate::proc::{self, Output, Running};

/// No measurement takes that long unless something hangs.
const LIMIT: Duration = Duration::from_secs(40);
/// Bytes that the sender sends beyond what the receiver waits for. libzmq 4.3.5 loses up to a
/// socket buffer of messages when the sender's end of an ipc connection closes while the receiver
/// is at its high-water mark: with exact numbers most runs of small messages would never end.
const SURPLUS: usize = 1 << 20;
/// Descriptors of a process that are not connections.
const OTHER_DESCRIPTORS: u64 = 200;

/// What was read off a run: figures by name.
pub type Run = BTreeMap<String, f64>;

/// How many messages the queues of both ends hold, unless told otherwise.
const QUEUED: u64 = 2_000;

/// How much is done in each run of a case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counts {
    /// With a library.
    pub library: u64,
    /// With none.
    pub raw: u64,
}

/// Finds how much makes a run last about `target` seconds; without a target, what a smoke run does.
///
/// # Errors
/// As [`run`].
pub fn counts(
    programs: &Programs,
    library: &Path,
    case: &Case,
    target: Option<f64>,
) -> Result<Counts, String> {
    let both = |count| Counts {
        library: count,
        raw: count,
    };
    let smoke = target.is_none();
    let pick = |full, quick| both(if smoke { quick } else { full });
    let (least, target) = match (case.work.count, target) {
        (Count::Fixed(full, quick), _) => return Ok(pick(full, quick)),
        (Count::Connections(quick), _) => {
            let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(|e| e.to_string())?;
            let full = (case.value as u64).min(most.saturating_sub(OTHER_DESCRIPTORS));
            return Ok(pick(full, quick));
        }
        (Count::Timed(quick) | Count::Streamed(quick), None) => return Ok(both(quick)),
        (Count::Timed(quick) | Count::Streamed(quick), Some(target)) => (quick, target),
    };
    let figure = &case.work.figures[0];
    let calibrate = |one: &dyn Fn(u64) -> Result<Run, String>| -> Result<u64, String> {
        let mut count = least;
        loop {
            let value = one(count)?.get(figure.name).copied();
            let value = value.ok_or_else(|| format!("no {}", figure.name))?;
            let messages = case.messages(count);
            let took = match figure.name {
                "rate" => messages / value,
                _ => messages * value / 1e6,
            };
            let took = took.max(1e-6);
            let wanted = (count as f64 * target / took).clamp(least as f64, 50e6) as u64;
            // From a run that was much too short nothing can be concluded but that it was.
            if took >= target / 5.0 || wanted <= count {
                return Ok(wanted);
            }
            count = wanted.min(count * 20);
        }
    };
    let mut library = calibrate(&|count| run(programs, library, case, count))?;
    if let Count::Streamed(_) = case.work.count {
        library = library.max(4 * QUEUED);
    }
    let raw = match case.work.raw {
        Some(_) => calibrate(&|count| raw(programs, case, count))?,
        None => library,
    };
    Ok(Counts { library, raw })
}

/// What the kernel's sockets do without a library.
///
/// # Errors
/// As [`run`], and if the case has no such counterpart.
pub fn raw(programs: &Programs, case: &Case, count: u64) -> Result<Run, String> {
    let args = case.work.raw.ok_or("there is no raw counterpart")?;
    let mut command = programs.command("raw", Path::new(""));
    command.args(case.arguments(args, count));
    printed(&finish("raw", proc::start(command, Output::Pipe)?)?)
}

/// Measures once.
///
/// # Errors
/// What went wrong: a time limit, an exit status, output that is not understood.
pub fn run(programs: &Programs, library: &Path, case: &Case, count: u64) -> Result<Run, String> {
    let command = |name: &str, args: &[&str]| {
        let mut command = programs.command(name, library);
        command.args(case.arguments(args, count));
        command
    };
    let before = children_cpu()?;
    let output = match case.work.tool {
        Tool::Own(name) => {
            let running = proc::start(command(name, case.work.args), Output::Pipe)?;
            return printed(&finish(name, running)?);
        }
        Tool::Upstream(name) => {
            let running = proc::start(command(name, case.work.args), Output::Pipe)?;
            finish(name, running)?
        }
        Tool::Pair(kind, route) => {
            let address = Address::new(route)?;
            let endpoint = address.endpoint();
            let [size, number] = [case.value.to_string(), count.to_string()];
            let (ending, surplus) = match kind {
                Kind::Thr => ("thr", SURPLUS / case.value.max(1) + 16),
                Kind::Lat => ("lat", 0),
            };
            let sent = (count + surplus as u64).to_string();
            let local = command(&format!("local_{ending}"), &[&endpoint, &size, &number]);
            let remote = command(&format!("remote_{ending}"), &[&endpoint, &size, &sent]);
            pair(&address, kind, local, remote)?
        }
    };
    let cpu = children_cpu()? - before;
    let (name, value) =
        upstreams(&output).ok_or_else(|| format!("no result in {:?}", output.trim()))?;
    let cpu = cpu / case.messages(count) * 1e6;
    Ok(Run::from([
        (name.to_owned(), value),
        ("cpu".to_owned(), cpu),
    ]))
}

/// Runs both sides; gives what the one prints that measures.
fn pair(address: &Address, kind: Kind, local: Command, remote: Command) -> Result<String, String> {
    let local = proc::start(local, Output::Pipe)?;
    let remote = address
        .wait_for_listener(&local)
        .and_then(|()| proc::start(remote, Output::Pipe));
    let remote = match remote {
        Ok(remote) => remote,
        Err(problem) => {
            let local = local.wait(Duration::ZERO, |_| String::new())?;
            return Err(format!("{problem} {}", local.output.trim()));
        }
    };
    // The side that measures decides when it is over; the other would wait for it for ever.
    let (measuring, other) = match kind {
        Kind::Thr => (("local", local), remote),
        Kind::Lat => (("remote", remote), local),
    };
    let result = finish(measuring.0, measuring.1);
    let other = other.wait(Duration::ZERO, |_| String::new())?;
    result.map_err(|problem| format!("{problem} {}", other.output.trim()))
}

fn finish(side: &str, running: Running) -> Result<String, String> {
    let finished = running.wait(LIMIT, |_| String::new())?;
    if finished.success() {
        return Ok(finished.output);
    }
    Err(format!(
        "{side}: {} {}",
        proc::describe(&finished),
        finished.output.trim()
    ))
}

/// The result that one of upstream's tools prints; one that is not above zero is none.
fn upstreams(output: &str) -> Option<(&'static str, f64)> {
    let forms = [
        ("rate", "mean throughput: ", " [msg/s]"),
        ("latency", "average latency: ", " [us]"),
    ];
    let found = forms.iter().find_map(|(name, label, unit)| {
        let line = |l: &str| l.strip_prefix(label)?.strip_suffix(unit)?.parse().ok();
        Some((*name, output.lines().find_map(line)?))
    });
    found.filter(|(_, value): &(_, f64)| *value > 0.0)
}

/// What one of our programs prints: `NAME VALUE` a line.
///
/// # Errors
/// When it is something else.
pub fn printed(output: &str) -> Result<Run, String> {
    let read = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    let run: Option<Run> = output.lines().map(read).collect();
    run.filter(|run| !run.is_empty())
        .ok_or_else(|| format!("no result in {:?}", output.trim()))
}

/// Processor seconds of all children that were waited for.
fn children_cpu() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| format!("getrusage: {e}"))?;
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_what_upstreams_tools_print() {
        let throughput = "message size: 16 [B]\nmessage count: 9\nmean throughput: 1234567 [msg/s]\n\
                          mean throughput: 158.024 [Mb/s]\n";
        assert_eq!(upstreams(throughput), Some(("rate", 1_234_567.0)));
        let latency = "average latency: 27.512 [us]\n";
        assert_eq!(upstreams(latency), Some(("latency", 27.512)));
        assert_eq!(upstreams("mean throughput: -5 [msg/s]\n"), None);
        assert_eq!(upstreams(""), None);
    }

    #[test]
    fn results_are_read_from_what_our_programs_print() {
        let run = printed("rate 1e6\ncpu 0.5\n").unwrap();
        assert_eq!((run["rate"], run["cpu"]), (1e6, 0.5));
        for bad in ["", "rate\n", "rate x\n", "router.c:5: rc == 0 (errno 4)\n"] {
            assert!(printed(bad).is_err(), "{bad:?}");
        }
    }
}
