//! One run of upstream's performance tools with one library.
//!
//! Invariant: the connecting side is started only once the other is listening, so that no
//! reconnect delay is measured; and whatever happens, no process outlives the run.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

use crate::loader;
use crate::proc::{self, Output, Running};
use crate::reference::{self, Flavour, Places};

/// No measurement takes that long unless something hangs.
const LIMIT: Duration = Duration::from_secs(60);
/// Bytes that the sender sends beyond what the receiver waits for. libzmq 4.3.5 loses up to a
/// socket buffer of messages when the sender's end of an ipc connection closes while the receiver
/// is at its high-water mark: with exact numbers most runs of small messages would never end.
const SURPLUS: usize = 1 << 20;
/// Upstream's tools that are measured with.
const TOOLS: [&str; 6] = [
    "inproc_thr",
    "inproc_lat",
    "local_thr",
    "remote_thr",
    "local_lat",
    "remote_lat",
];

/// How two sockets are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// Two threads of one process.
    Inproc,
    /// Two processes, a Unix domain socket.
    Ipc,
    /// Two processes, TCP on the loopback interface.
    Tcp,
    /// The same, encrypted.
    Curve,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Messages per second, PUSH to PULL.
    Throughput,
    /// Microseconds one way, REQ and REP in turn.
    Latency,
}

/// A measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    /// What.
    pub kind: Kind,
    /// How connected.
    pub route: Route,
    /// Bytes per message.
    pub size: usize,
}

/// The result of a run.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Messages per second, or microseconds.
    pub value: f64,
    /// Processor seconds, of both sides, user and system.
    pub cpu: f64,
    /// Seconds from start to end.
    pub wall: f64,
}

impl Route {
    /// Its name in cases.
    pub fn name(self) -> &'static str {
        match self {
            Route::Inproc => "inproc",
            Route::Ipc => "ipc",
            Route::Tcp => "tcp",
            Route::Curve => "curve",
        }
    }
}

impl Kind {
    /// The ending of upstream's tools' names.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Throughput => "thr",
            Kind::Latency => "lat",
        }
    }

    /// The unit of [`Sample::value`].
    pub fn unit(self) -> &'static str {
        match self {
            Kind::Throughput => "msg/s",
            Kind::Latency => "us",
        }
    }
}

impl Case {
    /// `ROUTE_KIND/SIZE`, for example `tcp_lat/1024`.
    pub fn name(&self) -> String {
        format!("{}_{}/{}", self.route.name(), self.kind.name(), self.size)
    }

    /// Every case there is with these sizes; upstream's latency tools know no CURVE.
    pub fn all(sizes: &[usize]) -> Vec<Case> {
        let mut cases = Vec::new();
        for kind in [Kind::Throughput, Kind::Latency] {
            for route in [Route::Inproc, Route::Ipc, Route::Tcp, Route::Curve] {
                if (kind, route) == (Kind::Latency, Route::Curve) {
                    continue;
                }
                cases.extend(sizes.iter().map(|&size| Case { kind, route, size }));
            }
        }
        cases
    }

    /// How often messages pass in a run of `count` messages, or round trips.
    pub fn messages(&self, count: u64) -> u64 {
        match self.kind {
            Kind::Throughput => count,
            Kind::Latency => 2 * count,
        }
    }

    /// Seconds that the measured part of a run takes.
    fn duration(&self, value: f64, count: u64) -> f64 {
        match self.kind {
            Kind::Throughput => count as f64 / value,
            Kind::Latency => 2.0 * count as f64 * value / 1e6,
        }
    }
}

/// The folder with upstream's tools, which are compiled if they are not there.
///
/// # Errors
/// What the compiler said.
pub fn tools(places: &Places) -> Result<PathBuf, String> {
    let library = reference::library(Flavour::Stable)?;
    let flags = [
        "-std=c++11",
        "-O2",
        "-D_GNU_SOURCE",
        "-DZMQ_CUSTOM_PLATFORM_HPP",
        "-pthread",
    ];
    let platform = "#pragma once\n#define ZMQ_HAVE_LINUX\n";
    let key = reference::fingerprint(&(flags, platform, &places.vendor));
    let folder = places.target.join(format!("bench/tools-{key}"));
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let _only_one = reference::exclusive(&folder.join("lock"))?;
    reference::write(&folder.join("platform.hpp"), platform)?;
    for tool in TOOLS {
        if folder.join(tool).is_file() {
            continue;
        }
        let mut command = reference::compiler();
        command.args(flags).arg("-I").arg(&folder);
        command.arg(places.vendor.join(format!("perf/{tool}.cpp")));
        command
            .args(["-Wl,--as-needed", "-Wl,-z,lazy", "-lzmq", "-L"])
            .arg(&library);
        reference::compile_to(command, &folder.join(tool))?;
    }
    Ok(folder)
}

/// Finds how many messages make a run last about `target` seconds.
///
/// # Errors
/// As [`run`].
pub fn calibrate(tools: &Path, library: &Path, case: Case, target: f64) -> Result<u64, String> {
    let mut count: u64 = if case.kind == Kind::Throughput {
        500
    } else {
        50
    };
    loop {
        let sample = run(tools, library, case, count)?;
        let duration = case.duration(sample.value, count).max(1e-6);
        let wanted = (count as f64 * target / duration).clamp(20.0, 20e6) as u64;
        // From a run that was much too short nothing can be concluded but that it was.
        if duration >= target / 5.0 || wanted <= count {
            return Ok(wanted);
        }
        count = wanted.min(count * 20);
    }
}

/// Measures once. `count` is the number of messages, or of round trips.
///
/// # Errors
/// What went wrong: a time limit, an exit status, output that is not understood.
pub fn run(tools: &Path, library: &Path, case: Case, count: u64) -> Result<Sample, String> {
    let tool = |name: &str, args: &[&str]| {
        let mut command = Command::new(tools.join(format!("{name}_{}", case.kind.name())));
        loader::use_library(&mut command, library);
        command.args(args);
        command
    };
    let (size, number) = (case.size.to_string(), count.to_string());
    let before = children_cpu()?;
    let started = Instant::now();
    let output = if case.route == Route::Inproc {
        finish(
            "inproc",
            proc::start(tool("inproc", &[&size, &number]), Output::Pipe)?,
        )?
    } else {
        let address = Address::new(case.route)?;
        let endpoint = address.endpoint();
        let surplus = match case.kind {
            Kind::Throughput => SURPLUS / case.size.max(1) + 16,
            Kind::Latency => 0,
        };
        let sent = (count + surplus as u64).to_string();
        let curve: &[&str] = if case.route == Route::Curve {
            &["1"]
        } else {
            &[]
        };
        let args = |number| [&[endpoint.as_str(), &size, number], curve].concat();
        let local = proc::start(tool("local", &args(&number)), Output::Pipe)?;
        let remote = address
            .wait_for_listener(&local)
            .and_then(|()| proc::start(tool("remote", &args(&sent)), Output::Pipe));
        let remote = match remote {
            Ok(remote) => remote,
            Err(problem) => {
                let local = local.wait(Duration::ZERO, |_| String::new())?;
                return Err(format!("{problem} {}", local.output.trim()));
            }
        };
        // The side that measures decides when it is over; the other would wait for it for ever.
        let (measuring, other) = match case.kind {
            Kind::Throughput => (("local", local), remote),
            Kind::Latency => (("remote", remote), local),
        };
        let result = finish(measuring.0, measuring.1);
        let other = other.wait(Duration::ZERO, |_| String::new())?;
        result.map_err(|problem| format!("{problem} {}", other.output.trim()))?
    };
    let wall = started.elapsed().as_secs_f64();
    let cpu = children_cpu()? - before;
    let value = value(case.kind, &output).ok_or_else(|| format!("no result in {output:?}"))?;
    Ok(Sample { value, cpu, wall })
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

/// The result that a tool prints; one that is not above zero is none.
fn value(kind: Kind, output: &str) -> Option<f64> {
    let (label, unit) = match kind {
        Kind::Throughput => ("mean throughput: ", " [msg/s]"),
        Kind::Latency => ("average latency: ", " [us]"),
    };
    let text = output
        .lines()
        .find_map(|l| l.strip_prefix(label)?.strip_suffix(unit))?;
    text.parse().ok().filter(|value: &f64| *value > 0.0)
}

/// Processor seconds of all children that were waited for.
fn children_cpu() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|e| format!("getrusage: {e}"))?;
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Where two processes meet. A socket file goes with it.
enum Address {
    Tcp(u16),
    Ipc(PathBuf),
}

impl Address {
    fn new(route: Route) -> Result<Address, String> {
        if route == Route::Ipc {
            let name = format!("zmq-bench-{}.sock", std::process::id());
            return Ok(Address::Ipc(std::env::temp_dir().join(name)));
        }
        // The kernel picks a free port; it is free again when the listener is dropped.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let address = listener.and_then(|l| l.local_addr());
        Ok(Address::Tcp(
            address.map_err(|e| format!("no free port: {e}"))?.port(),
        ))
    }

    fn endpoint(&self) -> String {
        match self {
            Address::Tcp(port) => format!("tcp://127.0.0.1:{port}"),
            Address::Ipc(path) => format!("ipc://{}", path.display()),
        }
    }

    /// Waits until a process listens there. Asking the kernel disturbs the listener less than
    /// connecting to it would.
    fn wait_for_listener(&self, local: &Running) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            let table = match self {
                Address::Tcp(_) => "/proc/net/tcp",
                Address::Ipc(_) => "/proc/net/unix",
            };
            let text = std::fs::read_to_string(table).map_err(|e| format!("{table}: {e}"))?;
            if self.listens(&text) {
                return Ok(());
            }
            if local.ends_within(Duration::from_millis(1)) {
                return Err("local: ended before it listened".to_string());
            }
        }
        Err("local: did not listen".to_string())
    }

    /// Whether the kernel's table of sockets has a listener of this address.
    fn listens(&self, table: &str) -> bool {
        table.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            match self {
                // Number, local address, remote address, state (10 listens).
                Address::Tcp(port) => {
                    let ends = words.get(1).and_then(|w| w.rsplit_once(':'));
                    let same = ends.and_then(|(_, p)| u16::from_str_radix(p, 16).ok());
                    same == Some(*port) && words.get(3) == Some(&"0A")
                }
                // Number, references, protocol, flags (10000 listens), type, state, inode, path.
                Address::Ipc(path) => {
                    words.get(3) == Some(&"00010000")
                        && words.get(7).map(Path::new) == Some(path.as_path())
                }
            }
        })
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        if let Address::Ipc(path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_what_the_tools_print() {
        let throughput = "message size: 16 [B]\nmessage count: 9\nmean throughput: 1234567 [msg/s]\n\
                          mean throughput: 158.024 [Mb/s]\n";
        assert_eq!(value(Kind::Throughput, throughput), Some(1_234_567.0));
        assert_eq!(
            value(Kind::Latency, "average latency: 27.512 [us]\n"),
            Some(27.512)
        );
        assert_eq!(value(Kind::Latency, throughput), None);
        assert_eq!(
            value(Kind::Throughput, "mean throughput: -5 [msg/s]\n"),
            None
        );
    }

    #[test]
    fn cases_have_names_and_durations() {
        let all = Case::all(&[16, 1024]);
        assert_eq!(all.len(), 14);
        let names: Vec<String> = all.iter().map(Case::name).collect();
        assert!(names.contains(&"tcp_lat/1024".to_string()));
        assert!(names.contains(&"curve_thr/16".to_string()));
        assert!(!names.contains(&"curve_lat/16".to_string()));
        let latency = Case {
            kind: Kind::Latency,
            route: Route::Tcp,
            size: 1,
        };
        assert!((latency.duration(10.0, 1000) - 0.02).abs() < 1e-9);
        assert_eq!(latency.messages(1000), 2000);
    }

    #[test]
    fn listeners_are_found_in_the_kernels_tables() {
        let tcp = "  sl  local_address rem_address   st tx_queue\n\
                   0: 0100007F:15B3 00000000:0000 0A 00000000:00000000\n\
                   1: 0100007F:15B4 0100007F:15B3 01 00000000:00000000\n";
        assert!(Address::Tcp(0x15b3).listens(tcp));
        assert!(!Address::Tcp(0x15b4).listens(tcp));
        let unix = "Num RefCount Protocol Flags Type St Inode Path\n\
                    0000: 00000002 00000000 00010000 0001 01 123 /nowhere/a\n\
                    0000: 00000002 00000000 00000000 0001 03 124 /nowhere/b\n";
        assert!(Address::Ipc("/nowhere/a".into()).listens(unix));
        assert!(!Address::Ipc("/nowhere/b".into()).listens(unix));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(Address::Tcp(port).listens(&std::fs::read_to_string("/proc/net/tcp").unwrap()));
    }
}
