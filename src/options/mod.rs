//! Options: what `zmq_setsockopt` stores and `zmq_getsockopt` reads, for sockets and contexts.
//!
//! Invariant: [`Options`] holds accepted values only, for all writing goes through the rows of
//! [`TABLE`]. To add an option, add its row and its field; tests and defaults follow from the row.

pub mod context;
mod custom;
mod shape;
mod table;

use std::net::IpAddr;

use crate::errno::Errno;
pub use context::{ContextDefaults, ContextOptions};
use shape::Argument;
pub use shape::{Field, Kinds, Needs, Null, Reaction, Row, Shape, kind};
pub use table::{TABLE, number, row};
use zeroize::Zeroizing;

/// `ZMQ_NULL`: no security.
pub const MECHANISM_NULL: i32 = 0;
/// `ZMQ_PLAIN`: name and password in clear text.
pub const MECHANISM_PLAIN: i32 = 1;
/// `ZMQ_CURVE`: elliptic curves.
pub const MECHANISM_CURVE: i32 = 2;
/// `ZMQ_GSSAPI`: Kerberos.
pub const MECHANISM_GSSAPI: i32 = 3;

/// Everything that the options of one socket say. The fields have the options' names, lower case;
/// the rows of [`TABLE`] tell their meaning, unit and default.
#[allow(missing_docs)]
#[derive(Clone, Default)]
pub struct Options {
    /// The socket's type, one of [`kind`]; it never changes.
    pub kind: i32,
    pub affinity: u64,
    pub routing_id: Vec<u8>,
    pub rate: i32,
    pub recovery_ivl: i32,
    pub sndbuf: i32,
    pub rcvbuf: i32,
    pub linger: i32,
    pub reconnect_ivl: i32,
    pub backlog: i32,
    pub reconnect_ivl_max: i32,
    pub maxmsgsize: i64,
    pub sndhwm: i32,
    pub rcvhwm: i32,
    pub multicast_hops: i32,
    pub rcvtimeo: i32,
    pub sndtimeo: i32,
    /// Written by the socket.
    pub last_endpoint: String,
    pub router_mandatory: bool,
    pub tcp_keepalive: i32,
    pub tcp_keepalive_cnt: i32,
    pub tcp_keepalive_idle: i32,
    pub tcp_keepalive_intvl: i32,
    /// Addresses with the length of their prefix in bits; none lets everyone in.
    pub tcp_accept_filter: Vec<(IpAddr, u8)>,
    pub immediate: bool,
    pub xpub_verbose: bool,
    pub router_raw: bool,
    pub ipv6: bool,
    /// One of the `MECHANISM_…` numbers.
    pub mechanism: i32,
    /// Whether the socket is the server in its mechanism.
    pub as_server: bool,
    pub plain_username: Vec<u8>,
    pub plain_password: Zeroizing<Vec<u8>>,
    pub curve_publickey: [u8; 32],
    /// Wiped with the options, like every copy of it.
    pub curve_secretkey: Zeroizing<[u8; 32]>,
    pub curve_serverkey: [u8; 32],
    pub probe_router: bool,
    pub req_correlate: bool,
    pub req_relaxed: bool,
    pub conflate: bool,
    pub zap_domain: Vec<u8>,
    pub router_handover: bool,
    pub tos: i32,
    /// With all three IPC filters empty everyone is let in.
    pub ipc_filter_pid: Vec<i32>,
    pub ipc_filter_uid: Vec<i32>,
    pub ipc_filter_gid: Vec<i32>,
    /// For the next connect only: whoever uses it empties it.
    pub connect_routing_id: Vec<u8>,
    pub gssapi_principal: Vec<u8>,
    pub gssapi_service_principal: Vec<u8>,
    pub gssapi_plaintext: bool,
    pub gssapi_principal_nametype: i32,
    pub gssapi_service_principal_nametype: i32,
    pub handshake_ivl: i32,
    /// Empty for no proxy.
    pub socks_proxy: Vec<u8>,
    pub socks_username: Vec<u8>,
    pub socks_password: Vec<u8>,
    pub xpub_nodrop: bool,
    pub xpub_manual: bool,
    pub xpub_welcome_msg: Vec<u8>,
    pub stream_notify: bool,
    pub invert_matching: bool,
    pub heartbeat_ivl: i32,
    /// A multiple of 100.
    pub heartbeat_ttl: i32,
    pub heartbeat_timeout: i32,
    /// Implies `xpub_verbose`.
    pub xpub_verboser: bool,
    pub connect_timeout: i32,
    pub tcp_maxrt: i32,
    pub multicast_maxtpdu: i32,
    pub vmci_buffer_size: u64,
    pub vmci_buffer_min_size: u64,
    pub vmci_buffer_max_size: u64,
    pub vmci_connect_timeout: i32,
    pub use_fd: i32,
    /// Empty for none.
    pub bindtodevice: Vec<u8>,
    pub zap_enforce_domain: bool,
    pub loopback_fastpath: bool,
    /// Names, with their `X-`, and values.
    pub metadata: Vec<(Vec<u8>, Vec<u8>)>,
    pub multicast_loop: bool,
    pub router_notify: i32,
    /// Implies `xpub_manual`.
    pub xpub_manual_last_value: bool,
    pub in_batch_size: i32,
    pub out_batch_size: i32,
    pub wss_key_pem: Vec<u8>,
    pub wss_cert_pem: Vec<u8>,
    pub wss_trust_pem: Vec<u8>,
    pub wss_hostname: Vec<u8>,
    pub wss_trust_system: bool,
    pub only_first_subscribe: bool,
    pub reconnect_stop: i32,
    pub hello_msg: Vec<u8>,
    pub disconnect_msg: Vec<u8>,
    pub priority: i32,
    pub busy_poll: i32,
    pub hiccup_msg: Vec<u8>,
    pub xsub_verbose_unsubscribe: bool,
    pub norm_mode: i32,
    pub norm_unicast_nack: bool,
    pub norm_buffer_size: i32,
    pub norm_segment_size: i32,
    pub norm_block_size: i32,
    pub norm_num_parity: i32,
    pub norm_num_autoparity: i32,
    pub norm_push: bool,
    /// From the context: large messages received may share the receive buffer.
    pub zero_copy_recv: bool,
}

impl Options {
    /// What a new socket of this type has, in a context with these defaults.
    pub fn new(kind: i32, context: &ContextDefaults) -> Options {
        let mut options = Options::default();
        for row in TABLE {
            match row.shape {
                Shape::Int { field, default, .. } => *(field.get_mut)(&mut options) = default,
                Shape::Flag { field, default, .. } => *(field.get_mut)(&mut options) = default,
                Shape::Long { field, default } => *(field.get_mut)(&mut options) = default,
                // Empty, all zero, or set by `Options::default` to what their code expects.
                Shape::Bitmap(_)
                | Shape::Bytes { .. }
                | Shape::Text { .. }
                | Shape::Key(_)
                | Shape::Custom { .. }
                | Shape::Live => {}
            }
        }
        options.kind = kind;
        options.ipv6 = context.ipv6;
        options.zero_copy_recv = context.zero_copy_recv;
        // COMPAT: the manual says -1 for all; who only receives has nothing to linger for.
        if !context.blocky || matches!(kind, kind::SUB | kind::XSUB | kind::DISH) {
            options.linger = 0;
        }
        options
    }

    /// Whether the socket is of a type that libzmq calls thread-safe.
    pub fn is_thread_safe(&self) -> bool {
        Kinds::THREAD_SAFE.contains(self.kind)
    }
}

/// What the socket has to do after an option was accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect<'a> {
    /// Nothing more: the value is stored.
    None,
    /// Give its pipes the new high-water marks.
    Hwm,
    /// Subscribe to this prefix (nothing is stored).
    Subscribe(&'a [u8]),
    /// Take back one subscription to this prefix (nothing is stored).
    Unsubscribe(&'a [u8]),
    /// Let its pattern know: the option of this number is stored, and the pattern acts on it.
    Pattern(i32),
}

/// A value that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// An `int`.
    Int(i32),
    /// An `int64_t`.
    Long(i64),
    /// A `uint64_t`.
    Bitmap(u64),
    /// Octets.
    Bytes(&'a [u8]),
    /// Octets behind which a NUL is written.
    Text(&'a [u8]),
    /// A CURVE key.
    Key(&'a [u8; 32]),
}

/// What [`get`] knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Got<'a> {
    /// The value.
    Value(Value<'a>),
    /// The number of an option that only the socket can answer, with a [`Value::Int`].
    Live(i32),
}

/// The row of an option that this build has.
fn known(number: i32) -> Result<&'static Row, Errno> {
    row(number)
        .filter(|row| row.needs.met())
        .ok_or(Errno::EINVAL)
}

/// Sets an option: `zmq_setsockopt` without what needs the socket.
///
/// `value` is `None` for a NULL pointer; else it has `length` octets. Nothing is changed on error:
/// `EINVAL` for an option that is unknown or cannot be set on this socket type and for a value it
/// does not take, `ENOMEM` when the value finds no room.
pub fn set<'a>(
    options: &mut Options,
    number: i32,
    value: Option<&'a [u8]>,
    length: usize,
) -> Result<Effect<'a>, Errno> {
    set_row(options, known(number)?, Argument::new(value, length)?)
}

fn set_row<'a>(
    options: &mut Options,
    row: &Row,
    argument: Argument<'a>,
) -> Result<Effect<'a>, Errno> {
    if !row.set.contains(options.kind) {
        return Err(Errno::EINVAL);
    }
    match row.shape {
        Shape::Int { field, limits, .. } => {
            *(field.get_mut)(options) = argument.int_within(limits)?;
        }
        Shape::Flag { field, limits, .. } => {
            *(field.get_mut)(options) = argument.int_within(limits)? != 0;
        }
        Shape::Long { field, .. } => {
            *(field.get_mut)(options) = i64::from_ne_bytes(argument.exactly()?);
        }
        Shape::Bitmap(field) => {
            *(field.get_mut)(options) = u64::from_ne_bytes(argument.exactly()?);
        }
        Shape::Bytes {
            field,
            lengths,
            null,
        }
        | Shape::Text {
            field,
            lengths,
            null,
        } => {
            if let Some(octets) = argument.bytes(lengths, null)? {
                *(field.get_mut)(options) = octets;
            }
        }
        Shape::Key(field) => *(field.get_mut)(options) = argument.key()?,
        Shape::Custom { set, .. } => return set(options, argument),
        Shape::Live => return Err(Errno::EINVAL),
    }
    if let Some(then) = row.then {
        then(options, argument.is_null());
    }
    Ok(match row.reaction {
        Reaction::None => Effect::None,
        Reaction::Hwm => Effect::Hwm,
        Reaction::Pattern => Effect::Pattern(row.number),
    })
}

/// Reads an option: `zmq_getsockopt` before anything is written to the caller.
///
/// `EINVAL` for an option that is unknown or cannot be read on this socket type.
pub fn get(options: &Options, number: i32) -> Result<Got<'_>, Errno> {
    get_row(options, known(number)?)
}

fn get_row<'a>(options: &'a Options, row: &Row) -> Result<Got<'a>, Errno> {
    if !row.get.contains(options.kind) {
        return Err(Errno::EINVAL);
    }
    Ok(Got::Value(match row.shape {
        Shape::Int { field, .. } => Value::Int(*(field.get)(options)),
        Shape::Flag { field, .. } => Value::Int(i32::from(*(field.get)(options))),
        Shape::Long { field, .. } => Value::Long(*(field.get)(options)),
        Shape::Bitmap(field) => Value::Bitmap(*(field.get)(options)),
        Shape::Bytes { field, .. } => Value::Bytes((field.get)(options)),
        Shape::Text { field, .. } => Value::Text((field.get)(options)),
        Shape::Key(field) => Value::Key((field.get)(options)),
        Shape::Custom { get, .. } => get(options),
        Shape::Live => return Ok(Got::Live(row.number)),
    }))
}

/// Writes what was read into the caller's buffer, and tells the length that the caller gets to see.
///
/// An `int` wants a buffer of exactly four octets (at least four where the row is roomy), a 64-bit
/// number of exactly eight, a key 32 for its octets or 41 for its Z85 and a NUL. Octets and text,
/// which has its NUL counted, want room enough; of all that may be longer, the rest of the buffer
/// is filled with zeros. `EINVAL` else, with nothing written.
pub fn store(number: i32, value: &Value<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    let roomy = row(number).is_some_and(|row| row.roomy);
    match *value {
        Value::Int(value) if roomy => front(buffer, &value.to_ne_bytes(), 0),
        Value::Int(value) => all(buffer, &value.to_ne_bytes()),
        Value::Long(value) => all(buffer, &value.to_ne_bytes()),
        Value::Bitmap(value) => all(buffer, &value.to_ne_bytes()),
        Value::Bytes(octets) => front(buffer, octets, 0),
        Value::Text(octets) => front(buffer, octets, 1),
        Value::Key(key) if buffer.len() == key.len() => all(buffer, key),
        Value::Key(key) if buffer.len() == 41 => {
            crate::z85::encode_into(key, buffer).ok_or(Errno::EINVAL)?;
            buffer[40] = 0;
            Ok(41)
        }
        Value::Key(_) => Err(Errno::EINVAL),
    }
}

/// Fills the buffer with octets of just its length.
fn all(buffer: &mut [u8], octets: &[u8]) -> Result<usize, Errno> {
    if buffer.len() != octets.len() {
        return Err(Errno::EINVAL);
    }
    buffer.copy_from_slice(octets);
    Ok(octets.len())
}

/// Fills the buffer with octets and zeros; `nuls` of the zeros belong to the value.
fn front(buffer: &mut [u8], octets: &[u8], nuls: usize) -> Result<usize, Errno> {
    if buffer.len() < octets.len() + nuls {
        return Err(Errno::EINVAL);
    }
    let (value, rest) = buffer.split_at_mut(octets.len());
    value.copy_from_slice(octets);
    rest.fill(0);
    Ok(octets.len() + nuls)
}

#[cfg(test)]
mod tests;
