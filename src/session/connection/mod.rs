//! A connection that stands: moves octets between the stream and the protocol, and messages
//! between the protocol and the pipe. (What goes from the stream to the pipe is in `reading.rs`.)
//!
//! Invariants: the poller tells edges only, so whoever stops reading before the stream is drained
//! sets `undrained`, and whoever stops writing because the kernel is full sets `blocked`. The edge
//! of the stream's end may come before its last octets are read, so from then on (`ending`) only
//! reading the end itself ends reading. A part that the pipe refused is kept in `refused` and goes
//! first.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::errno::Errno;
use crate::msg::{Msg, RecvBuffer, SendBuffer};
use crate::proto::Failure;
use crate::proto::property::Property;
use crate::runtime::{Ends, Pipe, Post, Ready, Turn, Watch, mark, number};
use crate::transport::Stream;

mod attend;
mod encode;
mod entry;
mod portion;
mod reading;
mod refill;

use super::errand::Errand;
use super::lease::Lease;
use super::obituary::obituary;
use super::portions::Portions;
use super::protocol::{Protocol, each};
use super::zap::Inquiry;
use super::{Plan, Session};

/// Encoded octets gathered for one write, bodies where they are included.
const BATCH: usize = 256 * 1024;
/// How many of them are copied at most: each connection has its own memory for these.
const COPIED: usize = 64 * 1024;
/// Batch sizes that mean: as this library sees fit. COMPAT: libzmq's default, far too small here.
const DEFAULT_BATCH: i32 = 8192;
/// Reads and writes in one turn, so that one connection does not starve the others.
const TURN: usize = 16;

/// Why a connection is over.
#[derive(Debug)]
pub(super) enum End {
    /// The peer closed the stream, or the kernel gave it up.
    Stream(Errno),
    /// The conversation failed.
    Protocol(Failure),
    /// There is no memory for a message.
    Memory,
}

/// How a turn went.
pub(super) enum Outcome {
    /// `more`: it stopped only to let others have their turn.
    Fine {
        more: bool,
    },
    Over(End),
}

/// What a connection may use of its session.
pub(super) struct Context<'a> {
    pub(super) plan: &'a Arc<Plan>,
    pub(super) session: &'a Weak<Session>,
    pub(super) post: &'a Arc<Post>,
    /// The session connected (else the peer did).
    pub(super) connecting: bool,
    /// The thread that sends would write a stream of messages itself.
    pub(super) offered: bool,
}

/// What `ZMQ_IN_BATCH_SIZE` or `ZMQ_OUT_BATCH_SIZE` come to, in octets.
fn batch_size(option: i32, default: usize) -> usize {
    if option == DEFAULT_BATCH {
        default
    } else {
        usize::try_from(option).unwrap_or(default).max(1)
    }
}

pub(super) struct Connection {
    stream: Stream,
    protocol: Protocol,
    /// The endpoints that monitors hear of.
    endpoint: Ends,
    out: SendBuffer,
    /// Received octets that are not a whole frame yet.
    left: Vec<u8>,
    /// The buffer itself where much is left in it, as the pipe was full. It comes first.
    held: Option<Box<RecvBuffer>>,
    /// The most to read, and about the most to gather for writing, at once.
    batches: (usize, usize),
    refused: Option<Msg>,
    /// What the poller watches the stream for, if it knows it.
    watched: Option<Watch>,
    /// A ZAP handler is asked about the peer.
    inquiry: Option<Box<Inquiry>>,
    /// Work of the handshake is under way.
    errand: Option<Errand>,
    /// What the handler said of the peer.
    vouched: Vec<Property>,
    ready: bool,
    /// The stream may hold octets that no edge will announce.
    undrained: bool,
    /// The poller told of the end of the stream.
    ending: bool,
    /// What was read last went straight into a large body. (Nothing that was there to be read is no
    /// reading: the next body is as likely large when it comes later.)
    large: bool,
    /// The kernel takes no more for now.
    blocked: bool,
    /// Writing failed; what the peer said before may still be there to be read.
    broken: Option<Errno>,
    /// What a thread of the application came upon, for the I/O thread to see to.
    found: Option<End>,
    /// Something was shown to the socket by the last `read`.
    delivered: bool,
    /// Who waits for the stream, once it was lent out.
    lease: Option<Box<Lease>>,
    /// Who writes a stream of messages.
    portions: Portions,
    /// How many parts were taken out of the pipe, and about how many octets were encoded, since
    /// they were last counted.
    taken: usize,
    encoded: usize,
    /// Octets of large bodies that were taken out of the pipe since its writer heard of room.
    heavy: u32,
    /// Since when the oldest of what a sending thread encoded waits to be written.
    oldest: Instant,
    now: Instant,
}

impl Connection {
    /// A connection over a stream. `registered`: the poller knows it already. `connected_to`: the
    /// address, if it was we who connected.
    pub(super) fn new(
        plan: &Plan,
        stream: Stream,
        registered: bool,
        endpoint: Ends,
        connected_to: Option<&str>,
        now: Instant,
    ) -> Connection {
        let mut out = SendBuffer::new();
        let protocol = Protocol::begin(plan, stream.family(), connected_to, now, &mut out);
        Connection {
            stream,
            protocol,
            endpoint,
            out,
            left: Vec::new(),
            held: None,
            batches: (
                batch_size(plan.options.in_batch_size, usize::MAX),
                batch_size(plan.options.out_batch_size, BATCH),
            ),
            refused: None,
            watched: registered.then_some(Watch::Both),
            inquiry: None,
            errand: None,
            vouched: Vec::new(),
            ready: false,
            undrained: true,
            ending: false,
            large: false,
            blocked: false,
            broken: None,
            found: None,
            delivered: false,
            lease: None,
            portions: Portions::default(),
            taken: 0,
            heavy: 0,
            encoded: 0,
            oldest: now,
            now,
        }
    }

    pub(super) fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.ready && (!self.out.is_empty() || self.protocol.is_unsettled())
    }

    /// The endpoints that monitors hear of.
    pub(super) fn ends(&self) -> &Ends {
        &self.endpoint
    }

    /// Whether greeting and handshake are over.
    pub(super) fn is_ready(&self) -> bool {
        self.ready
    }

    /// Whether coding is so little work that any thread may do it.
    pub(super) fn is_plain(&self) -> bool {
        matches!(&self.protocol, Protocol::Zmtp(zmtp) if zmtp.is_bare())
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let own = each!(&self.protocol, protocol => protocol.deadline());
        let ticks = [own, self.tick(), self.portions.due()];
        ticks.into_iter().flatten().min()
    }

    /// Does all that can be done without waiting.
    pub(super) fn drive(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        turn: &mut Turn<'_>,
        ready: Ready,
        marks: u32,
    ) -> Outcome {
        self.now = turn.now;
        match self.try_drive(cx, pipe, turn, ready, marks) {
            Ok(more) => Outcome::Fine { more },
            Err(end) => {
                if matches!(end, End::Protocol(_)) {
                    // What the peer was told already may tell it what is wrong.
                    self.write_out();
                }
                Outcome::Over(end)
            }
        }
    }

    fn try_drive(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        turn: &mut Turn<'_>,
        ready: Ready,
        marks: u32,
    ) -> Result<bool, End> {
        if let Some(end) = self.found.take() {
            return Err(end);
        }
        let idle = !self.blocked && self.out.is_empty();
        let was_ready = self.ready;
        self.watch(cx.post, ready.writable && idle)?;
        if ready.writable {
            self.blocked = false;
        }
        self.ending |= ready.closed;
        if self.refused.is_some() {
            // It is we who do not listen: the peer's silence is none of its fault.
            each!(&mut self.protocol, protocol => protocol.heard(turn.now));
        }
        if ready.timer
            && let Some(deadline) = self.deadline()
            && deadline <= turn.now
        {
            let out = &mut self.out;
            each!(&mut self.protocol, protocol => protocol.handle_timeout(turn.now, out))
                .map_err(End::Protocol)?;
        }
        self.hear_errand(cx, pipe)?;
        self.hear_handler(cx, pipe)?;
        let mut more = false;
        let resume = marks & mark::WRITABLE != 0 || ready.marked;
        if ready.readable || (resume && self.undrained) {
            self.undrained = true;
            more |= self.read(cx, pipe, turn.buffer, TURN)?;
        }
        if self.ready || !self.out.is_empty() {
            let called = ready.marked || ready.writable || marks != 0;
            more |= self.write_in_turn(pipe.as_mut(), called, cx.offered, turn.now);
        }
        if let Some(errno) = self.broken {
            more |= self.read_rest(cx, pipe, turn.buffer, errno)?;
        }
        self.watch(cx.post, false)?;
        if self.ready && !was_ready {
            self.shrink();
        }
        Ok(more)
    }

    /// Gives back what a handshake needs and an idle connection does not.
    pub(super) fn shrink(&mut self) {
        self.out.shrink();
        self.left.shrink_to_fit();
        self.vouched = Vec::new();
    }

    /// Has the poller watch for room to write while the kernel has none, and, when it is told of
    /// room that nobody needs (`needless`), no longer.
    fn watch(&mut self, post: &Post, needless: bool) -> Result<(), End> {
        let fd = self.fd();
        let watch = match self.watched {
            _ if self.blocked => Watch::Both,
            None if self.is_lent() => return Ok(()),
            None => Watch::Reading,
            Some(Watch::Both) if needless => Watch::Reading,
            Some(watched) => watched,
        };
        let changed = match self.watched {
            Some(watched) if watched == watch => return Ok(()),
            Some(_) => post.watch(fd, watch),
            None => post.register(fd, watch),
        };
        self.watched = Some(watch);
        if let Some(lease) = &mut self.lease {
            lease.end();
        }
        changed.map_err(End::Stream)
    }

    // ---- from the pipe to the stream --------------------------------------------------------

    /// Encodes and writes until the pipe is empty, the kernel is full or the turn is over (`true`).
    fn write(&mut self, mut pipe: Option<&mut Pipe>) -> bool {
        if self.blocked || self.broken.is_some() {
            return false;
        }
        for _ in 0..TURN {
            if self.ready
                && let Some(pipe) = &mut pipe
            {
                self.encode_all(pipe);
            }
            self.encoded += self.out.len();
            self.protocol.settle(&mut self.out);
            if self.out.is_empty() {
                return false;
            }
            if let Some(pipe) = &mut pipe {
                // What was read before need not wait for this.
                pipe.flush();
            }
            self.write_out();
            if self.blocked || self.broken.is_some() {
                return false;
            }
        }
        true
    }

    /// Writes what is encoded, once or until the kernel is full. What cannot be written any more is
    /// dropped.
    fn write_out(&mut self) {
        while !self.out.is_empty() && !self.blocked {
            let before = self.out.len();
            let stream = &self.stream;
            match self.out.write_with(|pieces| stream.write_vectored(pieces)) {
                Ok(0) => self.blocked = true,
                // Large bodies go in several writes; a short one means that the kernel is full,
                // but only a refusal makes the poller tell when it is not.
                Ok(count) if count == before => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.blocked = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.broken.get_or_insert(error.into());
                    self.out = SendBuffer::new();
                }
            }
        }
    }

    /// Writes what the pipe holds in the calling thread, if the stream is idle. `true` if the
    /// pipe is empty afterwards (and so its reader will be told of more).
    pub(super) fn write_now(&mut self, pipe: &mut Pipe) -> bool {
        let busy = self.blocked || self.has_unsent();
        if !self.ready || busy || self.broken.is_some() || self.found.is_some() {
            return false;
        }
        let more = self.write(Some(pipe));
        !more && !self.blocked && self.broken.is_none()
    }

    // ---- the end ----------------------------------------------------------------------------

    /// Says goodbye, where peers do, if nothing stands in the way.
    pub(super) fn say_goodbye(&mut self) {
        if self.out.is_empty() && !self.blocked {
            self.protocol.goodbye(&mut self.out);
            // A peer that is gone needs no goodbye.
            self.write_out();
        }
    }

    /// Ends the stream. Closing alone would not do: a child that this process forked may hold a
    /// duplicate of the descriptor, and the peer is to hear of the end now.
    pub(super) fn shut(&self) {
        self.stream.shutdown();
    }

    /// Reports the end of a connection that the peer or the kernel ended.
    pub(super) fn report_lost(&self, plan: &Plan, end: &End, pipe: Option<&mut Pipe>) {
        if let Some((event, value)) = obituary(&self.protocol, end) {
            plan.events.raise(event, value, &self.endpoint);
        }
        if plan.raw
            && plan.options.stream_notify
            && let Some(pipe) = pipe
        {
            let _ = pipe.write(Msg::empty());
            pipe.flush();
        }
        plan.events
            .raise(number::DISCONNECTED, self.fd() as u64, &self.endpoint);
    }
}
