//! The table of socket types. To add one: write its pattern, add its row here.
//!
//! Invariant: one row per type that this build has, in the order of the numbers in `zmq.h`.

use super::Pattern;
use super::dealer::Dealer;
use super::dgram::Dgram;
use super::dish::Dish;
use super::pair::Pair;
use super::publish::Publish;
use super::pull::Pull;
use super::push::Push;
use super::radio::Radio;
use super::rep::Rep;
use super::req::Req;
use super::router::Router;
use super::server::Server;
use super::single::{Channel, Client, Gather, Scatter};
use super::stream::Stream;
use super::subscribe::Subscribe;
use super::xpub::Xpub;
use super::xsub::Xsub;
use crate::options::{Options, kind as kinds};

/// A socket type.
pub struct Kind {
    /// `ZMQ_PAIR` and so on.
    pub number: i32,
    /// As `Socket-Type` in the handshake (`ZMTP 3.1, 2.5.1`).
    pub name: &'static str,
    /// The types of peers that it may talk to (`ZMTP 3.1, 2.5.1`).
    pub peers: &'static [&'static str],
    /// Its pipes hand out the routing ids of their peers.
    pub wants_routing_ids: bool,
    /// It says its routing id in the handshake.
    pub announces_routing_id: bool,
    /// It speaks no ZMTP: octets of the stream are the messages.
    pub raw: bool,
    /// It sends subscriptions, which are sent anew after each reconnect.
    pub subscribes: bool,
    /// It receives subscriptions.
    pub publishes: bool,
    /// `ZMQ_CONFLATE` works on it.
    pub conflatable: bool,
    /// Messages that it sends have a group.
    pub has_groups: bool,
    /// Messages name its peers by number.
    pub numbers_peers: bool,
    /// `ZMQ_HELLO_MSG` works on it.
    pub says_hello: bool,
    /// `ZMQ_DISCONNECT_MSG` works on it.
    pub hears_disconnects: bool,
    /// `ZMQ_HICCUP_MSG` works on it.
    pub hears_hiccups: bool,
    /// It belongs to the draft API.
    pub draft: bool,
    /// It may be used from several threads at once, and has single-part messages only.
    pub thread_safe: bool,
    /// Makes its pattern; may set options that follow from the type.
    pub make: fn(&mut Options) -> Box<dyn Pattern>,
}

/// What most types are; rows say what they are beyond it.
const PLAIN: Kind = Kind {
    number: -1,
    name: "",
    peers: &[],
    wants_routing_ids: false,
    announces_routing_id: false,
    raw: false,
    subscribes: false,
    publishes: false,
    conflatable: false,
    has_groups: false,
    numbers_peers: false,
    says_hello: false,
    hears_disconnects: false,
    hears_hiccups: false,
    draft: false,
    thread_safe: false,
    make: |_| Box::new(Pair::default()),
};

/// What most draft types are.
const DRAFT: Kind = Kind {
    draft: true,
    thread_safe: true,
    ..PLAIN
};

// COMPAT: draft types are there in builds without drafts too; what is missing then is functions
// and options.
/// All socket types, by number.
pub static KINDS: &[Kind] = &[
    Kind {
        number: kinds::PAIR,
        name: "PAIR",
        peers: &["PAIR"],
        make: |_| Box::new(Pair::default()),
        ..PLAIN
    },
    Kind {
        number: kinds::PUB,
        name: "PUB",
        peers: &["SUB", "XSUB"],
        publishes: true,
        conflatable: true,
        make: |_| Box::new(Publish::new()),
        ..PLAIN
    },
    Kind {
        number: kinds::SUB,
        name: "SUB",
        peers: &["PUB", "XPUB"],
        subscribes: true,
        conflatable: true,
        make: |_| Box::new(Subscribe::new()),
        ..PLAIN
    },
    Kind {
        number: kinds::REQ,
        name: "REQ",
        peers: &["REP", "ROUTER"],
        announces_routing_id: true,
        make: |_| Box::new(Req::new()),
        ..PLAIN
    },
    Kind {
        number: kinds::REP,
        name: "REP",
        peers: &["REQ", "DEALER"],
        wants_routing_ids: true,
        make: |_| Box::new(Rep::new()),
        ..PLAIN
    },
    Kind {
        number: kinds::DEALER,
        name: "DEALER",
        peers: &["REP", "DEALER", "ROUTER"],
        announces_routing_id: true,
        conflatable: true,
        says_hello: true,
        hears_hiccups: true,
        make: |_| Box::new(Dealer::default()),
        ..PLAIN
    },
    Kind {
        number: kinds::ROUTER,
        name: "ROUTER",
        peers: &["REQ", "DEALER", "ROUTER"],
        wants_routing_ids: true,
        announces_routing_id: true,
        says_hello: true,
        hears_disconnects: true,
        make: |_| Box::new(Router::new()),
        ..PLAIN
    },
    Kind {
        number: kinds::PULL,
        name: "PULL",
        peers: &["PUSH"],
        conflatable: true,
        make: |_| Box::new(Pull::default()),
        ..PLAIN
    },
    Kind {
        number: kinds::PUSH,
        name: "PUSH",
        peers: &["PULL"],
        conflatable: true,
        make: |_| Box::new(Push::default()),
        ..PLAIN
    },
    Kind {
        number: kinds::XPUB,
        name: "XPUB",
        peers: &["SUB", "XSUB"],
        publishes: true,
        make: |_| Box::new(Xpub::new(false)),
        ..PLAIN
    },
    Kind {
        number: kinds::XSUB,
        name: "XSUB",
        peers: &["PUB", "XPUB"],
        subscribes: true,
        make: |_| Box::new(Xsub::new(false)),
        ..PLAIN
    },
    Kind {
        number: kinds::STREAM,
        name: "STREAM",
        raw: true,
        make: |_| Box::new(Stream::new()),
        ..PLAIN
    },
    Kind {
        number: kinds::SERVER,
        name: "SERVER",
        peers: &["CLIENT"],
        numbers_peers: true,
        says_hello: true,
        hears_disconnects: true,
        make: |_| Box::new(Server::new()),
        ..DRAFT
    },
    Kind {
        number: kinds::CLIENT,
        name: "CLIENT",
        peers: &["SERVER"],
        says_hello: true,
        hears_hiccups: true,
        make: |_| Box::new(Client::default()),
        ..DRAFT
    },
    Kind {
        number: kinds::RADIO,
        name: "RADIO",
        peers: &["DISH"],
        has_groups: true,
        make: |_| Box::new(Radio::default()),
        ..DRAFT
    },
    Kind {
        number: kinds::DISH,
        name: "DISH",
        peers: &["RADIO"],
        subscribes: true,
        make: |_| Box::new(Dish::default()),
        ..DRAFT
    },
    Kind {
        number: kinds::GATHER,
        name: "GATHER",
        peers: &["SCATTER"],
        make: |_| Box::new(Gather::default()),
        ..DRAFT
    },
    Kind {
        number: kinds::SCATTER,
        name: "SCATTER",
        peers: &["GATHER"],
        make: |_| Box::new(Scatter::default()),
        ..DRAFT
    },
    Kind {
        number: kinds::DGRAM,
        name: "DGRAM",
        thread_safe: false,
        make: |_| Box::new(Dgram::default()),
        ..DRAFT
    },
    Kind {
        number: kinds::PEER,
        name: "PEER",
        peers: &["PEER"],
        numbers_peers: true,
        says_hello: true,
        hears_disconnects: true,
        hears_hiccups: true,
        make: |_| Box::new(Server::new()),
        ..DRAFT
    },
    Kind {
        number: kinds::CHANNEL,
        name: "CHANNEL",
        peers: &["CHANNEL"],
        make: |_| Box::new(Channel::default()),
        ..DRAFT
    },
];

/// The socket type with this number, if this build has it.
pub fn kind(number: i32) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.number == number)
}
