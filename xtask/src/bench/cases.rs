//! What is measured: one table.
//!
//! Invariant: a kind of work is one row of [`WORK`], which says how it is run, what is read off it
//! and what is wanted of it; to measure something more, add a row.

/// Bytes.
const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// A kind of work. In its arguments `{}` stands for the value of what varies, `#` for the count.
#[derive(Debug)]
pub struct Work {
    /// The name of its cases, before the value of what varies.
    pub name: &'static str,
    /// What is done, for people.
    pub what: &'static str,
    /// Who does it.
    pub tool: Tool,
    /// With which arguments; a pair of tools gets those of upstream's.
    pub args: &'static [&'static str],
    /// What varies from case to case.
    pub over: Over,
    /// The values it has: one case each.
    pub values: &'static [usize],
    /// How much is done in a run.
    pub count: Count,
    /// Messages that pass for each one of the count.
    pub messages: fn(usize) -> usize,
    /// What is read off a run. The first one tells how long a run takes, if the count is not fixed.
    pub figures: &'static [Figure],
    /// The arguments of `raw` for what the kernel's sockets do without a library.
    pub raw: Option<&'static [&'static str]>,
}

/// A program that measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// One of upstream's, in a single process.
    Upstream(&'static str),
    /// Upstream's `local_` and `remote_`, in two processes.
    Pair(Kind, Route),
    /// One of `benches/c`, which prints `NAME VALUE` a line.
    Own(&'static str),
}

/// How two processes are connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A Unix domain socket.
    Ipc,
    /// TCP on the loopback interface.
    Tcp,
}

/// The ending of the names of a pair of upstream's tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Messages per second, PUSH to PULL.
    Thr,
    /// Microseconds one way, REQ and REP in turn.
    Lat,
}

/// What varies between the cases of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The size of a message.
    Bytes,
    /// How many there are of these.
    Number(&'static str),
    /// Nothing: there is one case.
    Nothing,
}

/// How much is done in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// As much as takes the peer the time that a run should take; in a smoke run this much, which
    /// is also what the search for that begins with.
    Timed(u64),
    /// The same, but no less than several times what the queues of both ends hold: how fast they fill
    /// is not how fast messages pass.
    Streamed(u64),
    /// This much, in a smoke run that.
    Fixed(u64, u64),
    /// The value of what varies is the count, in a smoke run this, and never more than the
    /// process may have descriptors: each of the count takes one.
    Connections(u64),
}

/// Whether more or less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    More,
    Less,
}

/// A number that is read off a run.
#[derive(Debug)]
pub struct Figure {
    /// The program's name for it.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Digits behind the point.
    pub digits: usize,
    pub better: Better,
    /// What is wanted of it, by the value of what varies.
    pub target: fn(usize) -> Target,
}

/// What is wanted of a figure. What is not given is not asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Target {
    /// Ours as a multiple of the peer's.
    pub peer: Option<f64>,
    /// Ours as a multiple of the raw socket's.
    pub raw: Option<f64>,
    /// Ours.
    pub value: Option<f64>,
    /// Whether one of these is enough.
    pub any: bool,
}

const NONE: Target = Target {
    peer: None,
    raw: None,
    value: None,
    any: false,
};

const fn peer(times: f64) -> Target {
    Target {
        peer: Some(times),
        ..NONE
    }
}

const fn raw(times: f64) -> Target {
    Target {
        raw: Some(times),
        ..NONE
    }
}

const fn value(at_most: f64) -> Target {
    Target {
        value: Some(at_most),
        ..NONE
    }
}

/// Messages a second.
const fn rate(target: fn(usize) -> Target) -> Figure {
    Figure {
        name: "rate",
        unit: "msg/s",
        digits: 0,
        better: Better::More,
        target,
    }
}

/// Microseconds one way.
const fn latency(target: fn(usize) -> Target) -> Figure {
    Figure {
        name: "latency",
        unit: "us",
        digits: 2,
        better: Better::Less,
        target,
    }
}

/// Processor seconds per million messages, of all processes with the library.
const fn cpu(target: fn(usize) -> Target) -> Figure {
    Figure {
        name: "cpu",
        unit: "s/M",
        digits: 3,
        better: Better::Less,
        target,
    }
}

const fn less(
    name: &'static str,
    unit: &'static str,
    digits: usize,
    target: fn(usize) -> Target,
) -> Figure {
    Figure {
        name,
        unit,
        digits,
        better: Better::Less,
        target,
    }
}

/// Latency through the kernel: 0.4 of libzmq's and 1.4 of a raw socket's, for what fits a packet.
const NEAR: &[Figure] = &[
    latency(|size| match size {
        0..=KIB => Target {
            raw: Some(1.4),
            ..peer(0.4)
        },
        _ => NONE,
    }),
    cpu(|_| NONE),
];

/// Throughput through the kernel: 3 x libzmq, or what a raw socket carries where that is less.
const STREAM: &[Figure] = &[
    rate(|size| match size {
        0..KIB => peer(3.0),
        KIB..=8_192 => Target {
            raw: Some(0.9),
            any: true,
            ..peer(3.0)
        },
        8_193..=65_536 => Target {
            raw: Some(0.9),
            any: true,
            ..peer(1.5)
        },
        _ => raw(0.9),
    }),
    BUSY,
];

/// Beside every throughput: no more than the peer takes.
const BUSY: Figure = cpu(|_| peer(1.0));

const fn one(_: usize) -> usize {
    1
}

const NEAR_SIZES: &[usize] = &[1, 16, 256, KIB, 64 * KIB, MIB];
const STREAM_SIZES: &[usize] = &[16, 64, 256, KIB, 8 * KIB, 64 * KIB, MIB];
const PAIR_ARGS: &[&str] = &["{}", "#"];

/// The table.
pub const WORK: &[Work] = &[
    Work {
        name: "tcp_lat",
        what: "REQ to REP and back, two processes, tcp",
        tool: Tool::Pair(Kind::Lat, Route::Tcp),
        args: PAIR_ARGS,
        over: Over::Bytes,
        values: NEAR_SIZES,
        count: Count::Timed(20),
        messages: |_| 2,
        figures: NEAR,
        raw: Some(&["lat", "tcp", "{}", "#"]),
    },
    Work {
        name: "ipc_lat",
        what: "REQ to REP and back, two processes, ipc",
        tool: Tool::Pair(Kind::Lat, Route::Ipc),
        args: PAIR_ARGS,
        over: Over::Bytes,
        values: NEAR_SIZES,
        count: Count::Timed(20),
        messages: |_| 2,
        figures: NEAR,
        raw: Some(&["lat", "ipc", "{}", "#"]),
    },
    Work {
        name: "inproc_lat",
        what: "REQ to REP and back, two threads",
        tool: Tool::Upstream("inproc_lat"),
        args: PAIR_ARGS,
        over: Over::Bytes,
        values: &[1, 16, KIB],
        count: Count::Timed(20),
        messages: |_| 2,
        figures: &[latency(|_| peer(0.5)), cpu(|_| NONE)],
        raw: None,
    },
    Work {
        name: "tcp_thr",
        what: "PUSH to PULL, two processes, tcp",
        tool: Tool::Pair(Kind::Thr, Route::Tcp),
        args: PAIR_ARGS,
        over: Over::Bytes,
        values: STREAM_SIZES,
        count: Count::Streamed(200),
        messages: one,
        figures: STREAM,
        raw: Some(&["thr", "tcp", "{}", "#"]),
    },
    Work {
        name: "ipc_thr",
        what: "PUSH to PULL, two processes, ipc",
        tool: Tool::Pair(Kind::Thr, Route::Ipc),
        args: PAIR_ARGS,
        over: Over::Bytes,
        values: STREAM_SIZES,
        count: Count::Streamed(200),
        messages: one,
        figures: STREAM,
        raw: Some(&["thr", "ipc", "{}", "#"]),
    },
    Work {
        name: "inproc_thr",
        what: "PUSH to PULL, two threads",
        tool: Tool::Upstream("inproc_thr"),
        args: PAIR_ARGS,
        over: Over::Bytes,
        values: &[16, 64, 256, KIB, 64 * KIB, MIB],
        count: Count::Streamed(200),
        messages: one,
        figures: &[
            rate(|size| if size <= KIB { peer(4.0) } else { NONE }),
            BUSY,
        ],
        raw: None,
    },
    Work {
        name: "publish_tcp",
        what: "deliveries of 64 B from XPUB to so many SUBs in another process, tcp",
        tool: Tool::Own("publish"),
        args: &["tcp", "{}", "64", "#"],
        over: Over::Number("subscribers"),
        values: &[1, 10, 100],
        count: Count::Timed(50),
        messages: |subscribers| subscribers,
        figures: &[
            rate(|subscribers| if subscribers >= 10 { peer(3.0) } else { NONE }),
            BUSY,
        ],
        raw: None,
    },
    Work {
        name: "publish_inproc",
        what: "deliveries of 64 B from XPUB to so many SUBs, a thread each",
        tool: Tool::Own("publish"),
        args: &["inproc", "{}", "64", "#"],
        over: Over::Number("subscribers"),
        values: &[1, 10, 100],
        count: Count::Timed(50),
        messages: |subscribers| subscribers,
        figures: &[
            rate(|subscribers| if subscribers >= 10 { peer(3.0) } else { NONE }),
            BUSY,
        ],
        raw: None,
    },
    Work {
        name: "subscriptions",
        what: "a SUB with so many topics; publishing what nobody wants, and what it wants",
        tool: Tool::Own("subscriptions"),
        args: &["{}", "#"],
        over: Over::Number("topics"),
        values: &[1_000_000],
        count: Count::Fixed(200_000, 1_000),
        messages: one,
        figures: &[
            less("unwanted", "ns", 0, |_| value(150.0)),
            less("wanted", "ns", 0, |_| value(150.0)),
            less("publisher_heap", "B/topic", 0, |_| value(100.0)),
            less("subscriber_heap", "B/topic", 0, |_| value(100.0)),
        ],
        raw: None,
    },
    Work {
        name: "curve_thr",
        what: "PUSH to PULL, two processes, tcp with CURVE",
        tool: Tool::Own("curve"),
        args: PAIR_ARGS,
        over: Over::Bytes,
        values: &[64, 32 * KIB],
        count: Count::Streamed(200),
        messages: one,
        figures: &[rate(|_| peer(1.5)), BUSY],
        raw: None,
    },
    Work {
        name: "router",
        what: "requests of 16 B to a ROUTER from so many DEALERs, tcp",
        tool: Tool::Own("router"),
        args: &["{}", "16", "#"],
        over: Over::Number("DEALERs"),
        values: &[1, 100, 5_000],
        count: Count::Timed(200),
        messages: one,
        figures: &[rate(|_| peer(2.0)), BUSY],
        raw: Some(&["router", "{}", "16", "#"]),
    },
    Work {
        name: "poll",
        what: "a request of 16 B and its answer, found by zmq_poll over so many DEALERs, tcp",
        tool: Tool::Own("poll"),
        args: &["{}", "16", "#"],
        over: Over::Number("sockets"),
        values: &[1, 10, 500],
        count: Count::Timed(50),
        messages: one,
        figures: &[latency(|_| peer(0.5)), cpu(|_| NONE)],
        raw: None,
    },
    Work {
        name: "proxy_thr",
        what: "two XPUBs through a proxy to a SUB, a thread each",
        tool: Tool::Upstream("proxy_thr"),
        args: PAIR_ARGS,
        over: Over::Bytes,
        values: &[16, KIB],
        // With few messages the SUB has all it wants, and is gone, before the second XPUB has heard
        // of it, which then waits for it for ever: with libzmq as with ours.
        count: Count::Timed(200_000),
        messages: one,
        figures: &[rate(|_| peer(2.0)), BUSY],
        raw: None,
    },
    Work {
        name: "accepting",
        what: "a ROUTER to which so many connect by tcp and then say nothing",
        tool: Tool::Own("connections"),
        args: &["server", "#"],
        over: Over::Number("connections"),
        values: &[10_000],
        count: Count::Connections(50),
        messages: one,
        figures: CONNECTIONS,
        raw: None,
    },
    Work {
        name: "connecting",
        what: "a ROUTER that connects so many times by tcp and then says nothing",
        tool: Tool::Own("connections"),
        args: &["client", "#"],
        over: Over::Number("connections"),
        values: &[10_000],
        count: Count::Connections(50),
        messages: one,
        figures: CONNECTIONS,
        raw: None,
    },
    Work {
        name: "load",
        what: "loading the shared object with what it needs, TLS and the C library left out",
        tool: Tool::Own("load"),
        // libzmq needs GnuTLS for wss alone, which our stable build does not have.
        args: &["#", "libgnutls.so.30"],
        over: Over::Nothing,
        values: &[0],
        count: Count::Fixed(50, 2),
        messages: one,
        figures: &[
            less("load", "us", 0, |_| peer(1.0)),
            less("size", "B", 0, |_| peer(1.0)),
        ],
        raw: None,
    },
];

/// Of connections that are set up, and of one that is idle.
const CONNECTIONS: &[Figure] = &[
    Figure {
        unit: "conn/s",
        ..rate(|_| peer(1.5))
    },
    less("heap", "B/conn", 0, |_| value(4_000.0)),
    less("resident", "B/conn", 0, |_| NONE),
];

/// One row with one value.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub work: &'static Work,
    pub value: usize,
}

impl Case {
    /// Every case there is, in the order of the table.
    pub fn all() -> Vec<Case> {
        let of = |work: &'static Work| work.values.iter().map(move |&value| Case { work, value });
        WORK.iter().flat_map(of).collect()
    }

    /// `WORK/VALUE`, for example `tcp_lat/1024`.
    pub fn name(&self) -> String {
        match self.work.over {
            Over::Nothing => self.work.name.to_owned(),
            _ => format!("{}/{}", self.work.name, self.value),
        }
    }

    /// Whether `filter` names it: its row, a part of the row's name, or the row and the value.
    pub fn is_named(&self, filter: &str) -> bool {
        let name = self.work.name;
        filter == name || filter == self.name() || name.split('_').any(|part| part == filter)
    }

    /// Messages in a run of `count`.
    pub fn messages(&self, count: u64) -> f64 {
        count as f64 * (self.work.messages)(self.value) as f64
    }

    /// The arguments with the value and `count` put in.
    pub fn arguments(&self, args: &[&str], count: u64) -> Vec<String> {
        let filled = |arg: &&str| match *arg {
            "{}" => self.value.to_string(),
            "#" => count.to_string(),
            plain => plain.to_owned(),
        };
        args.iter().map(filled).collect()
    }
}

impl Figure {
    /// How many times better `ours` is than `other`: above 1 is better.
    pub fn times_better(&self, ours: f64, other: f64) -> f64 {
        match self.better {
            Better::More => ours / other,
            Better::Less => other / ours,
        }
    }
}

impl Target {
    /// Whether it is met by ours, as multiples of the peer's and the raw socket's, and plain.
    /// None if nothing is wanted, or if what it would be judged by is missing.
    pub fn met(
        &self,
        better: Better,
        of_peer: Option<f64>,
        of_raw: Option<f64>,
        ours: Option<f64>,
    ) -> Option<bool> {
        let good = |limit: f64, found: f64| match better {
            Better::More => found >= limit,
            Better::Less => found <= limit,
        };
        let asked = [(self.peer, of_peer), (self.raw, of_raw), (self.value, ours)];
        let answers: Vec<Option<bool>> = asked
            .iter()
            .filter_map(|(limit, found)| limit.map(|limit| found.map(|f| good(limit, f))))
            .collect();
        if answers.is_empty() {
            return None;
        }
        // One answer may decide though another is missing.
        let decides = self.any;
        if answers.contains(&Some(decides)) {
            return Some(decides);
        }
        (!answers.contains(&None)).then_some(!decides)
    }

    /// In words: `>= 3 x`, `<= 0.4 x, 1.4 raw`, `<= 150`.
    pub fn text(&self, better: Better) -> String {
        let parts = [(self.peer, " x"), (self.raw, " raw"), (self.value, "")];
        let parts: Vec<String> = parts
            .iter()
            .filter_map(|(limit, unit)| limit.map(|limit| format!("{limit}{unit}")))
            .collect();
        if parts.is_empty() {
            return String::new();
        }
        let sign = if better == Better::More { ">=" } else { "<=" };
        let joint = if self.any { " or " } else { ", " };
        format!("{sign} {}", parts.join(joint))
    }
}

#[cfg(test)]
mod tests;
