//! The numbers of `zmq.h`: versions, errors, socket types, flags, context options. Options of
//! sockets and monitor events have files of their own.
//!
//! Invariant: written out one by one, in plain arithmetic, because `cbindgen` sees nothing that a
//! macro writes; the check `facts` compares each with libzmq's.

use core::ffi::c_int;

mod monitor;
mod options;

pub use monitor::*;
pub use options::*;

/// Major version of this header.
pub const ZMQ_VERSION_MAJOR: c_int = 4;
/// Minor version of this header.
pub const ZMQ_VERSION_MINOR: c_int = 3;
/// Patch level of this header.
pub const ZMQ_VERSION_PATCH: c_int = 5;
/// Where ZeroMQ's own error numbers begin, far from those of any system.
pub const ZMQ_HAUSNUMERO: c_int = 156_384_712;
/// The operation does not fit the state of the socket (REQ and REP).
pub const EFSM: c_int = ZMQ_HAUSNUMERO + 51;
/// The transport does not carry this type of socket.
pub const ENOCOMPATPROTO: c_int = ZMQ_HAUSNUMERO + 52;
/// The context was terminated.
pub const ETERM: c_int = ZMQ_HAUSNUMERO + 53;
/// No I/O thread is there to do the work.
pub const EMTHREAD: c_int = ZMQ_HAUSNUMERO + 54;
/// Context option: number of I/O threads, 0 or more; counts until the first socket is made.
pub const ZMQ_IO_THREADS: c_int = 1;
/// Context option: most sockets open at once, 1 or more.
pub const ZMQ_MAX_SOCKETS: c_int = 2;
/// Context option, get only: the largest value that ZMQ_MAX_SOCKETS may have.
pub const ZMQ_SOCKET_LIMIT: c_int = 3;
/// Context option, set only: scheduling priority of the I/O threads.
pub const ZMQ_THREAD_PRIORITY: c_int = 3;
/// Context option: scheduling policy of the I/O threads.
pub const ZMQ_THREAD_SCHED_POLICY: c_int = 4;
/// Context option: largest message to be sent, in octets.
pub const ZMQ_MAX_MSGSZ: c_int = 5;
/// Context option, get only: size of zmq_msg_t in octets.
pub const ZMQ_MSG_T_SIZE: c_int = 6;
/// Context option, set only: adds a CPU to those that I/O threads may run on.
pub const ZMQ_THREAD_AFFINITY_CPU_ADD: c_int = 7;
/// Context option, set only: takes a CPU away again.
pub const ZMQ_THREAD_AFFINITY_CPU_REMOVE: c_int = 8;
/// Context option: a number put in front of the names of I/O threads.
pub const ZMQ_THREAD_NAME_PREFIX: c_int = 9;
/// Default of ZMQ_IO_THREADS.
pub const ZMQ_IO_THREADS_DFLT: c_int = 1;
/// Default of ZMQ_MAX_SOCKETS.
pub const ZMQ_MAX_SOCKETS_DFLT: c_int = 1023;
/// Default of ZMQ_THREAD_PRIORITY: leave it to the system.
pub const ZMQ_THREAD_PRIORITY_DFLT: c_int = -1;
/// Default of ZMQ_THREAD_SCHED_POLICY: leave it to the system.
pub const ZMQ_THREAD_SCHED_POLICY_DFLT: c_int = -1;
/// Context option: 0 gives new sockets a ZMQ_LINGER of 0.
pub const ZMQ_BLOCKY: c_int = 70;
/// Context option: 1 if received messages may share the receive buffer.
#[cfg(feature = "draft")]
pub const ZMQ_ZERO_COPY_RECV: c_int = 10;
/// Socket type: one peer, both ways.
pub const ZMQ_PAIR: c_int = 0;
/// Socket type: sends to all who subscribed.
pub const ZMQ_PUB: c_int = 1;
/// Socket type: receives what it subscribed to.
pub const ZMQ_SUB: c_int = 2;
/// Socket type: sends a request, receives its reply, in turn.
pub const ZMQ_REQ: c_int = 3;
/// Socket type: receives a request, sends its reply, in turn.
pub const ZMQ_REP: c_int = 4;
/// Socket type: sends to its peers in turn, receives from all fairly.
pub const ZMQ_DEALER: c_int = 5;
/// Socket type: addresses its peers by routing id.
pub const ZMQ_ROUTER: c_int = 6;
/// Socket type: receives from all PUSH peers fairly.
pub const ZMQ_PULL: c_int = 7;
/// Socket type: sends to its PULL peers in turn.
pub const ZMQ_PUSH: c_int = 8;
/// Socket type: PUB that receives the subscriptions.
pub const ZMQ_XPUB: c_int = 9;
/// Socket type: SUB that sends subscriptions as messages.
pub const ZMQ_XSUB: c_int = 10;
/// Socket type: speaks plain TCP, addressing peers by routing id.
pub const ZMQ_STREAM: c_int = 11;
/// Deprecated name of ZMQ_DEALER.
pub const ZMQ_XREQ: c_int = ZMQ_DEALER;
/// Deprecated name of ZMQ_ROUTER.
pub const ZMQ_XREP: c_int = ZMQ_ROUTER;
/// Deprecated device type: PULL to PUSH.
pub const ZMQ_STREAMER: c_int = 1;
/// Deprecated device type: XSUB to XPUB.
pub const ZMQ_FORWARDER: c_int = 2;
/// Deprecated device type: ROUTER to DEALER.
pub const ZMQ_QUEUE: c_int = 3;
/// Draft socket type: answers many CLIENT peers; thread safe.
#[cfg(feature = "draft")]
pub const ZMQ_SERVER: c_int = 12;
/// Draft socket type: talks to SERVER peers; thread safe.
#[cfg(feature = "draft")]
pub const ZMQ_CLIENT: c_int = 13;
/// Draft socket type: sends to groups; thread safe.
#[cfg(feature = "draft")]
pub const ZMQ_RADIO: c_int = 14;
/// Draft socket type: receives from the groups it joined; thread safe.
#[cfg(feature = "draft")]
pub const ZMQ_DISH: c_int = 15;
/// Draft socket type: receives from SCATTER peers; thread safe.
#[cfg(feature = "draft")]
pub const ZMQ_GATHER: c_int = 16;
/// Draft socket type: sends to GATHER peers in turn; thread safe.
#[cfg(feature = "draft")]
pub const ZMQ_SCATTER: c_int = 17;
/// Draft socket type: plain UDP datagrams.
#[cfg(feature = "draft")]
pub const ZMQ_DGRAM: c_int = 18;
/// Draft socket type: addresses its peers by number; thread safe.
#[cfg(feature = "draft")]
pub const ZMQ_PEER: c_int = 19;
/// Draft socket type: one peer, both ways; thread safe.
#[cfg(feature = "draft")]
pub const ZMQ_CHANNEL: c_int = 20;
/// Message property: 1 if further parts of the same message follow.
pub const ZMQ_MORE: c_int = 1;
/// Message property: 1 if the body may be shared with a copy.
pub const ZMQ_SHARED: c_int = 3;
/// Message property, deprecated: descriptor the message came through.
pub const ZMQ_SRCFD: c_int = 2;
/// Send and receive flag: fail with EAGAIN rather than wait.
pub const ZMQ_DONTWAIT: c_int = 1;
/// Send flag: further parts of the same message follow.
pub const ZMQ_SNDMORE: c_int = 2;
/// Deprecated name of ZMQ_DONTWAIT.
pub const ZMQ_NOBLOCK: c_int = ZMQ_DONTWAIT;
/// Security mechanism: none.
pub const ZMQ_NULL: c_int = 0;
/// Security mechanism: user name and password in clear text.
pub const ZMQ_PLAIN: c_int = 1;
/// Security mechanism: CURVE, by key pairs.
pub const ZMQ_CURVE: c_int = 2;
/// Security mechanism: GSSAPI, as with Kerberos.
pub const ZMQ_GSSAPI: c_int = 3;
/// Longest name of a RADIO and DISH group, in octets.
pub const ZMQ_GROUP_MAX_LENGTH: c_int = 255;
/// Poll event: a message, or octets of a descriptor, can be received.
pub const ZMQ_POLLIN: c_int = 1;
/// Poll event: can be sent to.
pub const ZMQ_POLLOUT: c_int = 2;
/// Poll event: error on a descriptor.
pub const ZMQ_POLLERR: c_int = 4;
/// Poll event: urgent data on a descriptor.
pub const ZMQ_POLLPRI: c_int = 8;
/// Up to how many items polling is cheapest.
pub const ZMQ_POLLITEMS_DFLT: c_int = 16;
/// zmq_has is there.
pub const ZMQ_HAS_CAPABILITIES: c_int = 1;
