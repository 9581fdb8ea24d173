//! What may be counted for a message, at most: one table.
//!
//! Invariant: a bound is an entry of [`ROWS`], and is far enough above what was counted that a busy
//! machine does not break it, and below what the next mistake would cost.

use super::trace::Role;
use crate::bench::cases::{Kind, Route};

/// A program that is counted, and what may come out.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    pub what: &'static str,
    pub how: How,
    pub bounds: &'static [Bound],
}

/// How it is counted.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// System calls of one side of a pair of upstream's tools, for each round trip or message.
    Side {
        kind: Kind,
        route: Route,
        role: Role,
        size: usize,
        messages: u64,
    },
    /// System calls of one of upstream's tools that has both sides in it.
    Whole {
        tool: &'static str,
        size: usize,
        messages: u64,
    },
    /// What a program of `benches/c` counts itself.
    Own {
        program: &'static str,
        args: &'static [&'static str],
    },
}

/// A bound.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// What is counted: see [`super::trace::figures`], and the program's own names.
    pub figure: &'static str,
    /// How many.
    pub at_most: f64,
    /// Out of so many messages or round trips, so that small figures can be read.
    pub per: f64,
}

const fn each(figure: &'static str, at_most: f64) -> Bound {
    Bound {
        figure,
        at_most,
        per: 1.0,
    }
}

const fn thousand(figure: &'static str, at_most: f64) -> Bound {
    Bound {
        figure,
        at_most,
        per: 1000.0,
    }
}

const fn conversation(route: Route, role: Role) -> How {
    How::Side {
        kind: Kind::Lat,
        route,
        role,
        size: 16,
        messages: 1_000,
    }
}

const fn stream(route: Route, role: Role, size: usize, messages: u64) -> How {
    How::Side {
        kind: Kind::Thr,
        route,
        role,
        size,
        messages,
    }
}

/// The table.
pub const ROWS: &[Row] = &[
    Row {
        name: "req-tcp",
        what: "a round trip by tcp, system calls of REQ",
        how: conversation(Route::Tcp, Role::Remote),
        bounds: &[each("calls", 6.5)],
    },
    Row {
        name: "rep-tcp",
        what: "a round trip by tcp, system calls of REP",
        how: conversation(Route::Tcp, Role::Local),
        bounds: &[each("calls", 6.5)],
    },
    Row {
        name: "req-ipc",
        what: "a round trip by ipc, system calls of REQ",
        how: conversation(Route::Ipc, Role::Remote),
        bounds: &[each("calls", 6.5)],
    },
    Row {
        name: "rep-ipc",
        what: "a round trip by ipc, system calls of REP",
        how: conversation(Route::Ipc, Role::Local),
        bounds: &[each("calls", 6.5)],
    },
    Row {
        name: "turn-inproc",
        what: "a round trip between two threads, system calls of both",
        how: How::Whole {
            tool: "inproc_lat",
            size: 16,
            messages: 1_000,
        },
        bounds: &[each("calls", 5.0)],
    },
    Row {
        name: "push-tcp-16",
        what: "a stream of 16 B by tcp, system calls of PUSH",
        how: stream(Route::Tcp, Role::Remote, 16, 100_000),
        bounds: &[thousand("calls", 80.0), thousand("sends", 20.0)],
    },
    Row {
        name: "pull-tcp-16",
        what: "a stream of 16 B by tcp, system calls of PULL",
        how: stream(Route::Tcp, Role::Local, 16, 100_000),
        bounds: &[thousand("calls", 50.0), thousand("receives", 15.0)],
    },
    Row {
        name: "push-tcp-1024",
        what: "a stream of 1 KiB by tcp, system calls of PUSH",
        how: stream(Route::Tcp, Role::Remote, 1_024, 20_000),
        bounds: &[thousand("calls", 120.0), thousand("sends", 60.0)],
    },
    Row {
        name: "pull-tcp-1024",
        what: "a stream of 1 KiB by tcp, system calls of PULL",
        how: stream(Route::Tcp, Role::Local, 1_024, 20_000),
        bounds: &[thousand("calls", 80.0), thousand("receives", 40.0)],
    },
    Row {
        name: "push-tcp-1048576",
        what: "a stream of 1 MiB by tcp, system calls of PUSH",
        how: stream(Route::Tcp, Role::Remote, 1 << 20, 200),
        bounds: &[each("sends", 6.0)],
    },
    Row {
        name: "pull-tcp-1048576",
        what: "a stream of 1 MiB by tcp, system calls of PULL",
        how: stream(Route::Tcp, Role::Local, 1 << 20, 200),
        bounds: &[each("receives", 20.0)],
    },
    Row {
        name: "stream-inproc-16",
        what: "a stream of 16 B between two threads, system calls of both",
        how: How::Whole {
            tool: "inproc_thr",
            size: 16,
            messages: 100_000,
        },
        bounds: &[thousand("calls", 100.0)],
    },
    Row {
        name: "memory-inproc-16",
        what: "a stream of 16 B between two threads, by both",
        how: How::Own {
            program: "counts",
            args: &["stream", "inproc", "16", "50000"],
        },
        bounds: &[thousand("allocations", 30.0), each("copied", 1.0)],
    },
    Row {
        name: "memory-inproc-256",
        what: "a stream of 256 B between two threads, by both",
        how: How::Own {
            program: "counts",
            args: &["stream", "inproc", "256", "50000"],
        },
        bounds: &[thousand("allocations", 100.0), each("copies", 0.1)],
    },
    Row {
        name: "memory-inproc-1048576",
        what: "a stream of 1 MiB between two threads, by both",
        how: How::Own {
            program: "counts",
            args: &["stream", "inproc", "1048576", "500"],
        },
        bounds: &[each("allocations", 1.5), each("copies", 0.001)],
    },
    Row {
        name: "memory-tcp-16",
        what: "a stream of 16 B by tcp, by both sides",
        how: How::Own {
            program: "counts",
            args: &["stream", "tcp", "16", "50000"],
        },
        bounds: &[thousand("allocations", 30.0), each("copied", 500.0)],
    },
    Row {
        name: "memory-tcp-256",
        what: "a stream of 256 B by tcp, by both sides",
        how: How::Own {
            program: "counts",
            args: &["stream", "tcp", "256", "50000"],
        },
        bounds: &[thousand("allocations", 200.0), each("copies", 1.5)],
    },
    Row {
        name: "memory-tcp-65536",
        what: "a stream of 64 KiB by tcp, by both sides",
        how: How::Own {
            program: "counts",
            args: &["stream", "tcp", "65536", "2000"],
        },
        bounds: &[each("allocations", 3.0), each("copies", 1.0)],
    },
    Row {
        name: "memory-tcp-1048576",
        what: "a stream of 1 MiB by tcp, by both sides",
        how: How::Own {
            program: "counts",
            args: &["stream", "tcp", "1048576", "200"],
        },
        bounds: &[each("allocations", 4.0), each("copies", 0.1)],
    },
    Row {
        name: "memory-turn-inproc",
        what: "a message of 256 B there or back between two threads, by both",
        how: How::Own {
            program: "counts",
            args: &["turn", "inproc", "256", "2000"],
        },
        bounds: &[each("allocations", 0.1), each("copies", 0.1)],
    },
    Row {
        name: "memory-turn-tcp",
        what: "a message of 256 B there or back by tcp, by both sides",
        how: How::Own {
            program: "counts",
            args: &["turn", "tcp", "256", "2000"],
        },
        bounds: &[each("allocations", 0.2), each("copies", 1.5)],
    },
    Row {
        name: "memory-turn-ipc-65536",
        what: "a message of 64 KiB there or back by ipc, by both sides",
        how: How::Own {
            program: "counts",
            args: &["turn", "ipc", "65536", "500"],
        },
        bounds: &[each("allocations", 3.0), each("copies", 1.2)],
    },
    Row {
        name: "thread-16",
        what: "a message of 16 B by inproc, sent and received on one thread",
        how: How::Own {
            program: "atomics",
            args: &["16", "200"],
        },
        bounds: &[each("instructions", 500.0), each("locked", 3.0)],
    },
    Row {
        name: "thread-256",
        what: "a message of 256 B by inproc, sent and received on one thread",
        how: How::Own {
            program: "atomics",
            args: &["256", "200"],
        },
        bounds: &[each("instructions", 600.0), each("locked", 4.0)],
    },
    Row {
        name: "publish-10",
        what: "a message of 64 B sent to 10 subscribers by tcp",
        how: How::Own {
            program: "atomics",
            args: &["64", "124", "10"],
        },
        bounds: &[each("instructions", 900.0), each("locked", 6.0)],
    },
];
