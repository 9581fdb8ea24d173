//! A socket's monitor: the peers that are told its events.
//!
//! Invariant: an event is told whole or not at all, and in order; what nobody takes waits in a
//! bounded backlog that forgets its oldest first, but where all are told there is no waiting.

use std::collections::VecDeque;
use std::sync::Arc;

use super::event::{Audience, Event, Manner};
use super::inbox::{Mailbox, mark};
use super::pipe::Pipe;
use crate::msg::Msg;

/// Events that wait for a reader at most.
const BACKLOG: usize = 1000;

struct Peer {
    token: u32,
    pipe: Pipe,
    /// What it subscribed to.
    topics: Vec<Vec<u8>>,
}

impl Peer {
    fn has_room(&mut self) -> bool {
        !self.pipe.is_abandoned() && self.pipe.writable()
    }

    fn tell(&mut self, parts: impl IntoIterator<Item = Msg>) {
        for part in parts {
            // There was room; a reader that left in between loses it.
            let _ = self.pipe.write(part);
        }
        self.pipe.flush();
    }

    /// Takes in what the peer sends: subscriptions (RFC 29) if anything.
    fn listen(&mut self) {
        while let Some(msg) = self.pipe.read() {
            let Some((verb, topic)) = msg.data().split_first() else {
                continue;
            };
            match verb {
                1 => self.topics.push(topic.to_vec()),
                0 => {
                    let place = self.topics.iter().position(|known| known == topic);
                    place.map(|place| self.topics.swap_remove(place));
                }
                _ => {}
            }
        }
    }

    fn wants(&self, octets: &[u8]) -> bool {
        self.topics.iter().any(|topic| octets.starts_with(topic))
    }
}

/// See the module.
pub(super) struct Monitor {
    manner: Manner,
    name: Vec<u8>,
    owner: u64,
    peers: Vec<Peer>,
    last_token: u32,
    backlog: VecDeque<Event>,
    /// The only reader came and went: later events are for nobody.
    over: bool,
}

impl Monitor {
    pub(super) fn new(manner: Manner, name: &[u8], owner: u64) -> Monitor {
        Monitor {
            manner,
            name: name.to_vec(),
            owner,
            peers: Vec::new(),
            last_token: 0,
            backlog: VecDeque::new(),
            over: false,
        }
    }

    /// Lets the peers go. The name and its owner, to be unbound.
    pub(super) fn into_name(self) -> (Vec<u8>, u64) {
        (self.name, self.owner)
    }

    /// Takes in a peer, or lets it go at once where there is one already.
    pub(super) fn attach(&mut self, pipe: Pipe, port: impl Fn() -> Arc<dyn Mailbox>) {
        if self.manner.1 == Audience::One && (self.over || !self.peers.is_empty()) {
            return;
        }
        self.last_token += 1;
        pipe.set_owner(port());
        pipe.set_token(self.last_token);
        let mut peer = Peer {
            token: self.last_token,
            pipe,
            topics: Vec::new(),
        };
        // From now on it is heard.
        peer.listen();
        self.peers.push(peer);
        self.pump();
    }

    /// Something happened to a peer.
    pub(super) fn hear(&mut self, token: u32, marks: u32) {
        let Some(place) = self.peers.iter().position(|peer| peer.token == token) else {
            return;
        };
        if marks & mark::CLOSED != 0 {
            self.peers.remove(place);
            if self.manner.1 == Audience::One {
                self.over = true;
                self.backlog.clear();
            }
            return;
        }
        self.peers[place].listen();
        self.pump();
    }

    /// Tells an event, or keeps it.
    pub(super) fn push(&mut self, event: Event) {
        if self.manner.1 == Audience::All {
            self.publish(&event);
            return;
        }
        if self.over {
            return;
        }
        if self.backlog.len() == BACKLOG {
            self.backlog.pop_front();
        }
        self.backlog.push_back(event);
        self.pump();
    }

    fn publish(&mut self, event: &Event) {
        let Some(mut parts) = event.parts(self.manner.0) else {
            return;
        };
        for peer in &mut self.peers {
            peer.listen();
            if parts.first().is_some_and(|head| peer.wants(head.data())) && peer.has_room() {
                peer.tell(parts.iter_mut().map(Msg::share));
            }
        }
    }

    /// Tells what waits, as long as somebody takes it.
    fn pump(&mut self) {
        while !self.backlog.is_empty() {
            let Some(place) = self.peers.iter_mut().position(Peer::has_room) else {
                break;
            };
            let event = self.backlog.pop_front();
            let parts = event.and_then(|event| event.parts(self.manner.0));
            self.peers[place].tell(parts.into_iter().flatten());
            // The others come first next time.
            self.peers[place..].rotate_left(1);
        }
    }
}
