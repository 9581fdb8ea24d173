//! Patterns over pipes in one thread: a socket's place is taken by a [`Rig`], a peer's by the far
//! end of a pipe.

mod distribution;
mod pipeline;
mod pubsub;
mod radio_dish;
mod reqrep;
mod routing;
mod single;
mod subscriptions;
mod table;
mod upstream;

use std::sync::Arc;

use super::*;
use crate::msg::{Spent, flag};
use crate::options::{ContextDefaults, Options};
use crate::runtime::{Conflate, Inbox, Limits, Pipe, Rejected, mark, pair};

/// No limit on what a pipe holds.
const UNLIMITED: Limits = Limits {
    send: Some(0),
    receive: Some(0),
};

/// What a socket does around its pattern.
struct Rig {
    pattern: Box<dyn Pattern>,
    pipes: Pipes,
    options: Options,
    inbox: Arc<Inbox>,
    wants_routing_ids: bool,
    /// The pipe that was attached last.
    last: PipeId,
    /// Messages of one part pass the pattern by at every other turn, where it says that they may.
    straight: bool,
    /// Peers would have short messages in runs.
    runs: bool,
}

impl Rig {
    fn new(number: i32) -> Rig {
        Rig::with(number, |_| {})
    }

    fn with(number: i32, set: impl FnOnce(&mut Options)) -> Rig {
        let row = kind(number).unwrap();
        let mut options = Options::new(number, &ContextDefaults::default());
        set(&mut options);
        Rig {
            pattern: (row.make)(&mut options),
            pipes: Pipes::new(),
            options,
            inbox: Arc::new(Inbox::new()),
            wants_routing_ids: row.wants_routing_ids,
            last: PipeId(u32::MAX),
            straight: false,
            runs: false,
        }
    }

    /// A peer without limits.
    fn peer(&mut self) -> Pipe {
        self.limited(UNLIMITED)
    }

    /// A peer behind a pipe with the socket's limits.
    fn limited(&mut self, limits: Limits) -> Pipe {
        let (near, far) = pair([limits, Limits::NONE], Conflate::default());
        far.take_runs(self.runs);
        self.attach(near, false, b"");
        far
    }

    /// A peer that says its routing id.
    fn named(&mut self, id: &str) -> Pipe {
        let (near, mut far) = pair([UNLIMITED, Limits::NONE], Conflate::default());
        announce(&mut far, id);
        self.attach(near, false, b"");
        far
    }

    fn attach(&mut self, near: Pipe, locally_initiated: bool, routing_id: &[u8]) -> PipeId {
        near.set_owner(self.inbox.clone());
        let id = self.pipes.insert(near, None);
        self.last = id;
        let end = self.pipes.get(id).unwrap();
        end.set_token(id.0);
        if self.wants_routing_ids {
            end.want_routing_ids();
        }
        self.call(|pattern, scope| {
            let arrival = Arrival {
                subscribe_to_all: false,
                locally_initiated,
                routing_id,
            };
            pattern.attached(scope, id, arrival);
        });
        id
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut dyn Pattern, &mut Scope<'_>) -> T) -> T {
        let mut scope = Scope {
            pipes: &mut self.pipes,
            options: &mut self.options,
        };
        let result = call(&mut *self.pattern, &mut scope);
        while let Some(id) = self.pipes.take_finished() {
            let mut scope = Scope {
                pipes: &mut self.pipes,
                options: &mut self.options,
            };
            self.pattern.gone(&mut scope, id);
            self.pipes.remove(id);
        }
        self.pipes.settle(false);
        result
    }

    /// Tells the pattern what happened to its pipes.
    fn catch_up(&mut self) {
        let (mut marks, mut attachments) = (Vec::new(), Vec::new());
        self.inbox.take(&mut marks, &mut attachments);
        for (token, marks) in marks {
            let id = PipeId(token);
            if !self.pipes.contains(id) {
                continue;
            }
            self.call(|pattern, scope| {
                if marks & mark::HICCUP != 0 {
                    pattern.hiccuped(scope, id);
                }
                if marks & mark::READABLE != 0 {
                    pattern.readable(scope, id);
                }
                // A pipe may be full again by the time that one hears of its room.
                if marks & mark::WRITABLE != 0 && scope.pipes.writable(id) {
                    pattern.writable(scope, id);
                }
                if marks & mark::CLOSED != 0 {
                    scope.pipes.check_finished(id);
                }
            });
        }
    }

    fn send_part(&mut self, text: &[u8], more: bool) -> Result<(), Errno> {
        self.catch_up();
        let mut msg = part(text, more);
        let result = if !more && self.sends_straight(&mut msg) {
            Ok(())
        } else {
            self.call(|pattern, scope| pattern.send(scope, &mut msg))
        };
        // Taken if and only if it was sent.
        let (data, marked) = (msg.data().to_vec(), msg.more());
        match result {
            Ok(()) => assert!(data.is_empty() && !marked, "a sent part was left behind"),
            Err(_) => assert!(
                (data, marked) == (text.to_vec(), more),
                "a refused part is lost"
            ),
        }
        result
    }

    fn send(&mut self, parts: &[&str]) -> Result<(), Errno> {
        for (index, text) in parts.iter().enumerate() {
            self.send_part(text.as_bytes(), index + 1 < parts.len())?;
        }
        Ok(())
    }

    fn recv_part(&mut self) -> Result<Msg, Errno> {
        self.catch_up();
        let mut msg = Msg::empty();
        if !self.receives_straight(&mut msg) {
            self.call(|pattern, scope| pattern.recv(scope, &mut msg))?;
        }
        Ok(msg)
    }

    fn sends_straight(&mut self, msg: &mut Msg) -> bool {
        self.straight = !self.straight;
        let out = self.pattern.straight().out.filter(|_| self.straight);
        let sent = out.is_some_and(|pipe| self.pipes.publish_straight(pipe, msg));
        if sent {
            self.call(|_, _| {});
        }
        sent
    }

    fn receives_straight(&mut self, msg: &mut Msg) -> bool {
        self.straight = !self.straight;
        let inbound = self.pattern.straight().inbound;
        let inbound = inbound.filter(|_| self.straight);
        inbound.is_some_and(|pipe| self.pipes.read_straight(pipe, msg, &mut Spent::default()))
    }

    /// A whole message; its parts joined by `|`.
    fn recv(&mut self) -> Result<String, Errno> {
        let mut parts = Vec::new();
        loop {
            let msg = self.recv_part()?;
            parts.push(text(&msg));
            if !msg.more() {
                return Ok(parts.join("|"));
            }
        }
    }

    fn has_in(&mut self) -> bool {
        self.catch_up();
        self.call(|pattern, scope| pattern.has_in(scope))
    }

    fn has_out(&mut self) -> bool {
        self.catch_up();
        self.call(|pattern, scope| pattern.has_out(scope))
    }

    fn set(&mut self, option: i32, value: &str) -> Result<(), Errno> {
        self.catch_up();
        self.call(|pattern, scope| pattern.set_option(scope, option, value.as_bytes()))
    }

    /// Takes a pipe away, as `zmq_disconnect` does.
    fn disconnect(&mut self, id: PipeId) {
        self.call(|_, scope| scope.pipes.terminate(id));
    }
}

fn part(octets: &[u8], more: bool) -> Msg {
    let mut msg = Msg::from_slice(octets).unwrap();
    if more {
        msg.set(flag::MORE);
    }
    msg
}

fn text(msg: &Msg) -> String {
    msg.data().escape_ascii().to_string()
}

fn announce(far: &mut Pipe, id: &str) {
    let mut msg = part(id.as_bytes(), false);
    msg.set(flag::ROUTING_ID);
    write(far, msg);
    far.flush();
}

fn write(far: &mut Pipe, msg: Msg) {
    if let Err(Rejected(msg)) = far.write(msg) {
        panic!("refused: {msg:?}");
    }
}

/// A peer sends a message.
fn push(far: &mut Pipe, parts: &[&str]) {
    for (index, text) in parts.iter().enumerate() {
        write(far, part(text.as_bytes(), index + 1 < parts.len()));
    }
    far.flush();
}

/// A peer sends a subscription as a command.
fn subscribe(far: &mut Pipe, topic: &str) {
    command(far, 1, flag::SUBSCRIBE, topic);
}

/// A peer sends a cancellation as a command.
fn cancel(far: &mut Pipe, topic: &str) {
    command(far, 0, flag::CANCEL, topic);
}

fn command(far: &mut Pipe, verb: u8, mark: u8, topic: &str) {
    let mut body = vec![verb];
    body.extend_from_slice(topic.as_bytes());
    let mut msg = part(&body, false);
    msg.set(mark);
    write(far, msg);
    far.flush();
}

/// What a peer received: one message, its parts joined by `|`.
fn pull(far: &mut Pipe) -> Option<String> {
    let mut parts = Vec::new();
    loop {
        let Some(msg) = far.read() else {
            assert!(parts.is_empty(), "half a message: {parts:?}");
            return None;
        };
        parts.push(text(&msg));
        if !msg.more() {
            return Some(parts.join("|"));
        }
    }
}

/// Everything that a peer received.
fn drain(far: &mut Pipe) -> Vec<String> {
    std::iter::from_fn(|| pull(far)).collect()
}

fn limits(send: i32, receive: i32) -> Limits {
    Limits {
        send: Some(send),
        receive: Some(receive),
    }
}
