//! A udp endpoint: moves datagrams between its descriptor and one pipe.
//!
//! Invariants: no answer of the kernel's and no datagram ends it, only the application does; a
//! datagram that cannot be understood, sent or kept is dropped whole, and nothing else with it. The
//! poller tells edges only: whoever stops before the kernel has no more sets `undrained`, and a
//! datagram for which the kernel had no room waits in `unsent`.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::errno::Errno;
use crate::msg::{Msg, RecvBuffer, flag};
use crate::proto::datagram;
use crate::runtime::{Handler, IoThread, Next, Pipe, Post, Ready, Share, Turn, Watch, mark};
use crate::transport::Datagrams;

use super::Plan;

/// Datagrams received and sent in one turn.
const TURN: usize = 64;
/// Errors that the network may report in one turn before it is left alone for a while.
const PATIENCE: usize = 8;
/// For how long.
const PAUSE: Duration = Duration::from_millis(100);
/// "Nobody asked to close" in [`Exchange::asked`].
const NOT_ASKED: i32 = i32::MIN;

/// See the module.
pub struct Exchange {
    post: Arc<Post>,
    /// The linger with which the socket asked it to close, in milliseconds.
    asked: AtomicI32,
    core: Mutex<Core>,
}

struct Core {
    datagrams: Option<Datagrams>,
    pipe: Option<Pipe>,
    /// Messages are an address and a body (DGRAM), not a group and a body.
    addressed: bool,
    /// The first part of a message of which the second is still to be read.
    first: Option<Msg>,
    unsent: Option<(Msg, Msg)>,
    blocked: bool,
    undrained: bool,
    /// Errors without end: nothing is received before this.
    paused: Option<Instant>,
    watched: Watch,
    closing: bool,
    deadline: Option<Instant>,
    share: Option<Share>,
}

impl Exchange {
    /// Begins to exchange datagrams with the socket behind the pipe. `addressed`: their first
    /// part is a peer's address (DGRAM), not a group.
    pub fn start(
        plan: &Plan,
        io: &IoThread,
        datagrams: Datagrams,
        pipe: Pipe,
        addressed: bool,
    ) -> Result<Arc<Exchange>, Errno> {
        let key = io.reserve();
        let fd = datagrams.as_raw_fd();
        let post = Arc::new(Post::new(io.clone(), key));
        pipe.set_owner(post.clone());
        pipe.set_token(0);
        let exchange = Arc::new(Exchange {
            post,
            asked: AtomicI32::new(NOT_ASKED),
            core: Mutex::new(Core {
                datagrams: Some(datagrams),
                pipe: Some(pipe),
                addressed,
                first: None,
                unsent: None,
                blocked: false,
                undrained: true,
                paused: None,
                watched: Watch::Reading,
                closing: false,
                deadline: None,
                share: Some(plan.shares.share()),
            }),
        });
        io.add(key, exchange.clone());
        let registered = io.register(key, fd, Watch::Reading);
        if registered.is_err() {
            exchange.close(0);
        }
        exchange.post.ask();
        registered.map(|()| exchange)
    }

    /// Asks it to end: at once with linger 0, when all is sent with -1, else by then.
    pub fn close(&self, linger: i32) {
        self.asked.store(linger, Ordering::Release);
        self.post.ask();
    }

    /// Ends it now: the address is free when this returns. What the kernel has room for is sent.
    pub fn shut(&self) {
        let mut core = self.core.lock();
        core.send();
        self.let_go(&mut core);
        core.closing = true;
        core.deadline = None;
        drop(core);
        self.post.ask();
    }

    fn let_go(&self, core: &mut Core) {
        if let Some(datagrams) = core.datagrams.take() {
            self.post.io().deregister(datagrams.as_raw_fd());
        }
    }

    /// Takes in what was asked.
    fn hear(&self, core: &mut Core, marks: u32, now: Instant) {
        if marks & mark::ASKED == 0 || core.closing {
            return;
        }
        match self.asked.load(Ordering::Acquire) {
            NOT_ASKED => return,
            -1 => {}
            linger => {
                let linger = Duration::from_millis(linger.max(0) as u64);
                core.deadline = now.checked_add(linger);
            }
        }
        core.closing = true;
        if let Some(pipe) = &mut core.pipe {
            pipe.retire();
        }
    }

    /// Has the poller watch for room while the kernel has none.
    fn watch(&self, core: &mut Core) {
        let Some(datagrams) = &core.datagrams else {
            return;
        };
        let wanted = if core.blocked {
            Watch::Both
        } else {
            Watch::Reading
        };
        if core.watched != wanted {
            let io = self.post.io();
            let changed = io.watch(self.post.key(), datagrams.as_raw_fd(), wanted);
            if changed.is_ok() {
                core.watched = wanted;
            } else if core.blocked {
                // Nobody would tell of room: what waits is lost, as datagrams are.
                core.blocked = false;
                core.unsent = None;
            }
        }
    }
}

impl Core {
    /// Sends what waits, until the pipe is empty, the kernel full, or the turn over (`true`).
    fn send(&mut self) -> bool {
        for _ in 0..TURN {
            if self.blocked {
                return false;
            }
            let Some((first, body)) = self.unsent.take().or_else(|| self.next_message()) else {
                return false;
            };
            if !self.send_one(&first, &body) {
                self.unsent = Some((first, body));
                self.blocked = true;
            }
        }
        true
    }

    /// The next message of two parts from the pipe. What is none (commands) is dropped.
    fn next_message(&mut self) -> Option<(Msg, Msg)> {
        let pipe = self.pipe.as_mut()?;
        loop {
            let msg = pipe.take_part()?;
            if msg.has(flag::COMMAND) {
                continue;
            }
            match (self.first.take(), msg.more()) {
                (None, true) => self.first = Some(msg),
                (Some(first), false) => return Some((first, msg)),
                _ => {}
            }
        }
    }

    /// `false`: the kernel has no room.
    fn send_one(&self, first: &Msg, body: &Msg) -> bool {
        let Some(datagrams) = &self.datagrams else {
            return true;
        };
        let body = IoSlice::new(body.data());
        if self.addressed {
            let Some(peer) = datagram::named(first.data()) else {
                return true;
            };
            return datagrams.send(&[body], Some(peer));
        }
        let Some(head) = datagram::head(first.data()) else {
            return true;
        };
        let pieces = [IoSlice::new(&head), IoSlice::new(first.data()), body];
        // Who only hears has nobody to send to.
        !datagrams.is_connected() || datagrams.send(&pieces, None)
    }

    /// Receives until nothing is left, the pipe is full, or the turn over (`true`).
    fn receive(&mut self, buffer: &mut RecvBuffer, now: Instant) -> bool {
        if self.paused.is_some_and(|until| until > now) {
            return false;
        }
        self.paused = None;
        let more = self.receive_all(buffer, now);
        if let Some(pipe) = &mut self.pipe {
            pipe.flush();
        }
        more
    }

    fn receive_all(&mut self, buffer: &mut RecvBuffer, now: Instant) -> bool {
        let mut errors = 0;
        for _ in 0..TURN {
            let (Some(datagrams), Some(pipe)) = (&self.datagrams, &mut self.pipe) else {
                return false;
            };
            let deaf = datagrams.is_connected();
            if !deaf && !pipe.writable() {
                // The kernel keeps what it has room for, and the socket tells of room.
                return false;
            }
            buffer.clear();
            let Ok(room) = buffer.room() else {
                return true;
            };
            match datagrams.receive(room) {
                Ok(Some((count, peer))) if !deaf => {
                    deliver(pipe, &room[..count], self.addressed.then_some(peer));
                }
                // What nobody wants.
                Ok(Some(_)) => {}
                // What the network said of datagrams sent before (ICMP), mostly.
                Err(_) => {
                    errors += 1;
                    if errors == PATIENCE {
                        self.paused = now.checked_add(PAUSE);
                        return false;
                    }
                }
                Ok(None) => {
                    self.undrained = false;
                    return false;
                }
            }
        }
        true
    }
}

/// Puts a datagram into the pipe as a message of two parts. Without memory for it, it is lost.
fn deliver(pipe: &mut Pipe, octets: &[u8], peer: Option<SocketAddr>) {
    let parts = match peer {
        Some(peer) => {
            let name = datagram::name(peer);
            Msg::from_slice(name.as_bytes()).and_then(|name| Ok((name, Msg::from_slice(octets)?)))
        }
        None => {
            let Some((group, body)) = datagram::parse(octets) else {
                return;
            };
            Msg::from_slice(group).and_then(|group| Ok((group, Msg::from_slice(body)?)))
        }
    };
    let Ok((mut first, body)) = parts else { return };
    first.set(flag::MORE);
    if pipe.write(first).is_err() || pipe.write(body).is_err() {
        pipe.rollback();
    }
}

impl Handler for Exchange {
    fn drive(&self, turn: &mut Turn<'_>, ready: Ready) -> Next {
        let mut core = self.core.lock();
        let core = &mut *core;
        let marks = self.post.take();
        self.hear(core, marks, turn.now);
        if ready.writable {
            core.blocked = false;
        }
        core.undrained |= ready.readable;
        let mut again = core.send();
        if core.undrained && !core.closing {
            again |= core.receive(turn.buffer, turn.now);
        }
        self.watch(core);
        if core.pipe.as_mut().is_some_and(Pipe::is_finished) {
            core.pipe = None;
        }
        let sent = core.pipe.is_none() && core.unsent.is_none();
        let late = core.deadline.is_some_and(|deadline| deadline <= turn.now);
        if sent || core.datagrams.is_none() || (core.closing && late) {
            self.let_go(core);
            core.pipe = None;
            core.share = None;
            return Next {
                ended: true,
                ..Next::default()
            };
        }
        Next {
            deadline: [core.deadline, core.paused].into_iter().flatten().min(),
            ended: false,
            again,
        }
    }
}
