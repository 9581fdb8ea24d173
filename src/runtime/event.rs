//! Monitor events, and the sink of one socket that they go into (`zmq_socket_monitor`).
//!
//! Invariant: raising an event never blocks and never calls up: it is written into the monitor's
//! pipe, or, while that is full or not there yet, kept in a bounded backlog that forgets the
//! oldest first. Nobody monitoring costs one relaxed load.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::inbox::{Acceptor, Attachment, Mailbox, mark};
use super::inproc::{Names, Party};
use super::pipe::{Limits, Pipe};
use crate::errno::Errno;
use crate::msg::{Msg, flag};

/// Events that wait for a reader at most.
const BACKLOG: usize = 1000;

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
}

/// Something that happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// One of [`number`].
    pub number: u64,
    /// A descriptor, an errno, an interval in milliseconds: as the manual says of each event.
    pub value: u64,
    /// The endpoint that the event is about.
    pub endpoint: String,
}

impl Event {
    /// An event.
    pub fn new(number: u64, value: u64, endpoint: &str) -> Event {
        Event {
            number,
            value,
            endpoint: endpoint.to_owned(),
        }
    }

    /// As version 1 has it on the wire: number (16 bit) and value (32 bit), then the endpoint.
    fn parts(&self) -> Option<[Msg; 2]> {
        let mut head = [0; 6];
        head[..2].copy_from_slice(&(self.number as u16).to_ne_bytes());
        head[2..].copy_from_slice(&(self.value as u32).to_ne_bytes());
        let mut first = Msg::from_slice(&head).ok()?;
        first.set(flag::MORE);
        Some([first, Msg::from_slice(self.endpoint.as_bytes()).ok()?])
    }
}

struct Monitor {
    name: Vec<u8>,
    owner: u64,
    pipe: Option<Pipe>,
    backlog: VecDeque<Event>,
    /// The reader came and went: later events are for nobody.
    over: bool,
}

impl Monitor {
    fn pump(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        while let Some(event) = self.backlog.front() {
            if pipe.is_abandoned() || !pipe.writable() {
                break;
            }
            if let Some(parts) = event.parts() {
                for part in parts {
                    // Checked above; a reader that left in between loses it.
                    let _ = pipe.write(part);
                }
            }
            self.backlog.pop_front();
        }
        pipe.flush();
    }

    fn push(&mut self, event: Event) {
        if self.over {
            return;
        }
        if self.backlog.len() == BACKLOG {
            self.backlog.pop_front();
        }
        self.backlog.push_back(event);
        self.pump();
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
    pub fn start(&self, mask: u64, name: &[u8], owner: u64) {
        *self.monitor.lock() = Some(Monitor {
            name: name.to_vec(),
            owner,
            pipe: None,
            backlog: VecDeque::new(),
            over: false,
        });
        self.mask.store(mask, Ordering::Relaxed);
    }

    /// Ends monitoring: a last event says so, if asked for. Returns the name and owner to unbind.
    pub fn stop(&self) -> Option<(Vec<u8>, u64)> {
        let mut monitor = self.monitor.lock().take()?;
        let mask = self.mask.swap(0, Ordering::Relaxed);
        if mask & number::MONITOR_STOPPED != 0 {
            monitor.push(Event::new(number::MONITOR_STOPPED, 0, ""));
        }
        // The pipe closes behind what was written.
        drop(monitor.pipe);
        Some((monitor.name, monitor.owner))
    }

    /// Whether anyone monitors this event.
    #[inline]
    pub fn wants(&self, number: u64) -> bool {
        self.mask.load(Ordering::Relaxed) & number != 0
    }

    /// Reports an event.
    pub fn raise(&self, number: u64, value: u64, endpoint: &str) {
        if self.wants(number)
            && let Some(monitor) = &mut *self.monitor.lock()
        {
            monitor.push(Event::new(number, value, endpoint));
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
    pub fn monitor(&self, mask: u64, name: &[u8], owner: u64) -> Result<(), Errno> {
        self.stop();
        self.sink.start(mask, name, owner);
        let party = Party {
            owner,
            limits: EventPort::LIMITS,
            routing_id: Vec::new(),
            wants_routing_ids: false,
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

    /// Reports an event; see [`EventSink::raise`].
    pub fn raise(&self, number: u64, value: u64, endpoint: &str) {
        self.sink.raise(number, value, endpoint);
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The face that the monitor's peer sees: an acceptor of one pipe.
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
        match &mut *monitor {
            Some(one) if one.pipe.is_none() => {
                let pipe = attachment.pipe;
                pipe.set_owner(Arc::new(EventPort(self.0.clone())));
                pipe.set_token(0);
                one.pipe = Some(pipe);
                one.pump();
                None
            }
            // A monitor is a PAIR: a second peer is let go.
            Some(_) => None,
            None => Some(attachment),
        }
    }
}

impl Mailbox for EventPort {
    fn deliver(&self, _token: u32, marks: u32) {
        let mut monitor = self.0.monitor.lock();
        let Some(monitor) = &mut *monitor else { return };
        if marks & mark::CLOSED != 0 {
            monitor.over = true;
            monitor.backlog.clear();
            monitor.pipe = None;
        } else {
            monitor.pump();
        }
    }
}
