//! Ours with the genuine library, each in its own process, in all four casts: what one says the
//! other has to understand. Both sides genuine is the yardstick: a play that fails there tells
//! nothing of us.
//!
//! Invariant: everything is awaited as an event or a message, with a limit; nothing sleeps to let
//! something happen.

mod actor;
#[cfg(feature = "draft")]
mod drafts;
#[cfg(feature = "draft")]
mod groups;
mod linger;
#[cfg(feature = "draft")]
mod network;
mod patterns;
mod peers;
mod pubsub;
mod raw;
mod routing;
mod secured;
#[cfg(feature = "draft")]
mod tls;
#[cfg(feature = "draft")]
mod udp;
mod versions;

use std::sync::atomic::{AtomicUsize, Ordering};

use actor::{Actor, Lib};

/// The numbers of `zmq.h` that the plays use.
mod zmq {
    pub const PAIR: i32 = 0;
    pub const PUB: i32 = 1;
    pub const SUB: i32 = 2;
    pub const REQ: i32 = 3;
    pub const REP: i32 = 4;
    pub const DEALER: i32 = 5;
    pub const ROUTER: i32 = 6;
    pub const PULL: i32 = 7;
    pub const PUSH: i32 = 8;
    pub const XPUB: i32 = 9;
    pub const XSUB: i32 = 10;
    pub const STREAM: i32 = 11;

    pub const ROUTING_ID: i32 = 5;
    pub const SUBSCRIBE: i32 = 6;
    pub const UNSUBSCRIBE: i32 = 7;
    pub const EVENTS: i32 = 15;
    pub const LINGER: i32 = 17;
    pub const RECONNECT_IVL: i32 = 18;
    pub const MAXMSGSIZE: i32 = 22;
    pub const SNDHWM: i32 = 23;
    pub const RCVHWM: i32 = 24;
    pub const ROUTER_MANDATORY: i32 = 33;
    pub const PROBE_ROUTER: i32 = 51;
    pub const ROUTER_HANDOVER: i32 = 56;
    pub const CONNECT_ROUTING_ID: i32 = 61;
    pub const XPUB_NODROP: i32 = 69;
    pub const HEARTBEAT_IVL: i32 = 75;
    pub const HEARTBEAT_TTL: i32 = 76;
    pub const HEARTBEAT_TIMEOUT: i32 = 77;

    pub const DISCONNECTED: i32 = 512;
    pub const HANDSHAKE_SUCCEEDED: i32 = 4096;
}

/// How two actors reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Tcp,
    /// `ipc://` with a path.
    Path,
    /// `ipc://@`: the abstract names of Linux.
    Abstract,
    /// WebSocket.
    Ws,
    /// WebSocket over TLS: both sides have to be introduced to each other (`secured`).
    Wss,
}

/// Those that every libzmq has, and that carry STREAM sockets.
const SCHEMES: [Scheme; 3] = [Scheme::Tcp, Scheme::Path, Scheme::Abstract];

/// Who plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cast {
    a: Lib,
    b: Lib,
}

impl Cast {
    fn enter(self) -> (Actor, Actor) {
        (Actor::new(self.a), Actor::new(self.b))
    }

    /// Both with a handler that says who may come in.
    fn enter_judging(self) -> (Actor, Actor) {
        let (mut a, mut b) = self.enter();
        a.tell("judge");
        b.tell("judge");
        (a, b)
    }

    /// All schemes that both sides know, but for `wss`: Debian's libzmq is built without WebSocket.
    fn schemes(self) -> Vec<Scheme> {
        let mut schemes = SCHEMES.to_vec();
        if self.a.has_ws() && self.b.has_ws() {
            schemes.push(Scheme::Ws);
        }
        schemes
    }

    /// All schemes that both sides know.
    fn all_schemes(self) -> Vec<Scheme> {
        let mut schemes = self.schemes();
        if cfg!(feature = "draft") {
            schemes.push(Scheme::Wss);
        }
        schemes
    }

    /// Plays, if both libraries are there.
    fn play(self, scenario: fn(Cast)) {
        if self.a.folder().is_some() && self.b.folder().is_some() {
            scenario(self);
        } else {
            println!(
                "skipped: no genuine libzmq (cargo xtask reference, or apt-get install libzmq5)"
            );
        }
    }
}

/// An endpoint to bind to that nobody else uses.
fn fresh(scheme: Scheme) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    match scheme {
        Scheme::Tcp => "tcp://127.0.0.1:*".to_owned(),
        // The actors work in a folder of their own: names of sockets must be short.
        Scheme::Path => format!("ipc://{process}-{next}"),
        Scheme::Abstract => format!("ipc://@ferrozmq-{process}-{next}"),
        Scheme::Ws => "ws://127.0.0.1:*/play".to_owned(),
        Scheme::Wss => "wss://127.0.0.1:*/play".to_owned(),
    }
}

/// Makes a test of each scenario for each cast.
macro_rules! plays {
    ($($(#[$meta:meta])* $scenario:ident)*) => {$(
        $(#[$meta])*
        mod $scenario {
            use crate::{Cast, actor::Lib::{Genuine, Ours}};
            #[test]
            fn ours_with_genuine() {
                Cast { a: Ours, b: Genuine }.play(super::$scenario);
            }
            #[test]
            fn genuine_with_ours() {
                Cast { a: Genuine, b: Ours }.play(super::$scenario);
            }
            #[test]
            fn ours_with_ours() {
                Cast { a: Ours, b: Ours }.play(super::$scenario);
            }
            #[test]
            fn genuine_with_genuine() {
                Cast { a: Genuine, b: Genuine }.play(super::$scenario);
            }
        }
    )*};
}
pub(crate) use plays;
