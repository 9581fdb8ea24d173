//! Monitor events, and the sink of one socket that they go into (`zmq_socket_monitor`).
//!
//! Invariant: raising an event never blocks and never calls up: it is written into the monitor's
//! pipe, or, while that is full or not there yet, kept in a bounded backlog that forgets the
//! oldest first. Nobody monitoring costs one relaxed load.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::inbox::{Acceptor, Attachment, Mailbox};
use super::inproc::{Names, Party};
use super::monitor::Monitor;
use super::pipe::Limits;
use crate::errno::Errno;
use crate::msg::{Msg, flag};

/// The numbers of the events (`ZMQ_EVENT_*`).
#[allow(missing_docs)]
pub mod number {
    pub const CONNECTED: u64 = 0x0001;
    pub const CONNECT_DELAYED: u64 = 0x0002;
    pub const CONNECT_RETRIED: u64 = 0x0004;
    pub const LISTENING: u64 = 0x0008;
    pub const BIND_FAILED: u64 = 0x0010;
    pub const ACCEPTED: u64 = 0x0020;
    pub const ACCEPT_FAILED: u64 = 0x0040;
    pub const CLOSED: u64 = 0x0080;
    pub const CLOSE_FAILED: u64 = 0x0100;
    pub const DISCONNECTED: u64 = 0x0200;
    pub const MONITOR_STOPPED: u64 = 0x0400;
    pub const HANDSHAKE_FAILED_NO_DETAIL: u64 = 0x0800;
    pub const HANDSHAKE_SUCCEEDED: u64 = 0x1000;
    pub const HANDSHAKE_FAILED_PROTOCOL: u64 = 0x2000;
    pub const HANDSHAKE_FAILED_AUTH: u64 = 0x4000;
    pub const PIPES_STATS: u64 = 0x1_0000;
}

/// The two ends of a connection, as endpoints; either may be empty. Version 1 of the events tells
/// one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// This side's.
    pub local: String,
    /// The peer's.
    pub remote: String,
    /// This side was bound: its own end is what the application knows.
    pub bound: bool,
}

impl Ends {
    /// Of a connection that a peer made to what was bound here.
    pub fn accepted(local: String, remote: String) -> Ends {
        Ends {
            local,
            remote,
            bound: true,
        }
    }

    /// Of what is bound here.
    pub fn bound(local: &str) -> Ends {
        Ends::accepted(local.to_owned(), String::new())
    }

    /// Of what is connected to a peer, or is to be.
    pub fn connected(local: String, remote: String) -> Ends {
        Ends {
            local,
            remote,
            bound: false,
        }
    }

    /// The one that version 1 tells: what the application bound or connected.
    pub fn given(&self) -> &str {
        if self.bound {
            &self.local
        } else {
            &self.remote
        }
    }
}

/// Something that happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// One of [`number`].
    pub number: u64,
    /// A descriptor, an errno, an interval in milliseconds: as the manual says of each event.
    pub values: Vec<u64>,
    /// What the event is about.
    pub ends: Ends,
}

/// To whom events are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// To one peer (PAIR).
    One,
    /// To several in turn (PUSH).
    Turns,
    /// To all who subscribed to them (PUB).
    All,
}

/// How, and to whom, events are told.
pub type Manner = (Version, Audience);

/// How events are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Number (16 bit) and value (32 bit) in one part, then the endpoint.
    One,
    /// Number, count of values and values (64 bit each), then both endpoints.
    Two,
}

impl Event {
    /// The parts of the message that tells it; `None` without memory.
    pub(super) fn parts(&self, version: Version) -> Option<Vec<Msg>> {
        let part = |octets: &[u8]| {
            let mut msg = Msg::from_slice(octets).ok()?;
            msg.set(flag::MORE);
            Some(msg)
        };
        let mut parts = Vec::new();
        match version {
            Version::One => {
                let value = self.values.first().copied().unwrap_or(0);
                let mut head = [0; 6];
                head[..2].copy_from_slice(&(self.number as u16).to_ne_bytes());
                head[2..].copy_from_slice(&(value as u32).to_ne_bytes());
                parts.push(part(&head)?);
                parts.push(part(self.ends.given().as_bytes())?);
            }
            Version::Two => {
                let head = [self.number, self.values.len() as u64];
                for number in head.iter().chain(&self.values) {
                    parts.push(part(&number.to_ne_bytes())?);
                }
                parts.push(part(self.ends.local.as_bytes())?);
                parts.push(part(self.ends.remote.as_bytes())?);
            }
        }
        if let Some(last) = parts.last_mut() {
            last.clear(flag::MORE);
        }
        Some(parts)
    }
}

/// See the module.
#[derive(Default)]
pub struct EventSink {
    mask: AtomicU64,
    monitor: Mutex<Option<Monitor>>,
}

impl EventSink {
    /// A sink that nobody monitors.
    pub fn new() -> Arc<EventSink> {
        Arc::default()
    }

    /// Begins to keep the events in `mask` for whoever connects to the name.
    pub fn start(&self, mask: u64, manner: Manner, name: &[u8], owner: u64) {
        *self.monitor.lock() = Some(Monitor::new(manner, name, owner));
        self.mask.store(mask, Ordering::Relaxed);
    }

    /// Ends monitoring: a last event says so, if asked for. Returns the name and owner to unbind.
    pub fn stop(&self) -> Option<(Vec<u8>, u64)> {
        let mut monitor = self.monitor.lock().take()?;
        let mask = self.mask.swap(0, Ordering::Relaxed);
        if mask & number::MONITOR_STOPPED != 0 {
            monitor.push(Event {
                number: number::MONITOR_STOPPED,
                values: vec![0],
                ends: Ends::default(),
            });
        }
        // The pipes close behind what was written.
        Some(monitor.into_name())
    }

    /// Whether anyone monitors this event.
    #[inline]
    pub fn wants(&self, number: u64) -> bool {
        self.mask.load(Ordering::Relaxed) & number != 0
    }

    /// Reports an event with its value, about a connection or what is to be one.
    pub fn raise(&self, number: u64, value: u64, ends: &Ends) {
        self.raise_many(number, &[value], ends);
    }

    /// Reports an event with several values.
    pub fn raise_many(&self, number: u64, values: &[u64], ends: &Ends) {
        if self.wants(number)
            && let Some(monitor) = &mut *self.monitor.lock()
        {
            monitor.push(Event {
                number,
                values: values.to_vec(),
                ends: ends.clone(),
            });
        }
    }
}

/// A socket's events: held by the socket and by every session of its; when the last of them is
/// gone, monitoring ends.
pub struct EventSource {
    sink: Arc<EventSink>,
    names: Arc<Names>,
}

impl EventSource {
    /// Events whose monitors are reached by a name among these.
    pub fn new(names: Arc<Names>) -> Arc<EventSource> {
        Arc::new(EventSource {
            sink: EventSink::new(),
            names,
        })
    }

    /// Begins monitoring the events in `mask` at an inproc name; an earlier monitor ends.
    /// `EADDRINUSE` if the name is taken.
    pub fn monitor(&self, mask: u64, manner: Manner, name: &[u8], owner: u64) -> Result<(), Errno> {
        self.stop();
        self.sink.start(mask, manner, name, owner);
        let party = Party {
            owner,
            limits: EventPort::LIMITS,
            routing_id: Vec::new(),
            wants_routing_ids: false,
            hello: Vec::new(),
            farewell: Vec::new(),
        };
        self.names
            .bind(name, party, Arc::new(EventPort(self.sink.clone())))
            .inspect_err(|_| {
                self.sink.stop();
            })
    }

    /// Ends monitoring.
    pub fn stop(&self) {
        if let Some((name, owner)) = self.sink.stop() {
            // A name that was never bound is as good as unbound.
            let _ = self.names.unbind(&name, owner);
        }
    }

    /// Whether anyone monitors this event.
    pub fn wants(&self, number: u64) -> bool {
        self.sink.wants(number)
    }

    /// Reports an event; see [`EventSink::raise`].
    pub fn raise(&self, number: u64, value: u64, ends: &Ends) {
        self.sink.raise(number, value, ends);
    }

    /// Reports an event; see [`EventSink::raise_many`].
    pub fn raise_many(&self, number: u64, values: &[u64], ends: &Ends) {
        self.sink.raise_many(number, values, ends);
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The face that the monitor's peers see.
pub struct EventPort(pub Arc<EventSink>);

impl EventPort {
    /// A monitor's own limits: it holds few events, and forgets rather than waits.
    pub const LIMITS: Limits = Limits {
        send: Some(1000),
        receive: Some(1000),
    };
}

impl Acceptor for EventPort {
    fn attach(&self, attachment: Attachment) -> Option<Attachment> {
        let mut monitor = self.0.monitor.lock();
        let Some(monitor) = &mut *monitor else {
            return Some(attachment);
        };
        let port = || Arc::new(EventPort(self.0.clone())) as Arc<dyn Mailbox>;
        monitor.attach(attachment.pipe, port);
        None
    }
}

impl Mailbox for EventPort {
    fn deliver(&self, token: u32, marks: u32) {
        if let Some(monitor) = &mut *self.0.monitor.lock() {
            monitor.hear(token, marks);
        }
    }
}
