//! The option table: one row per option, in the order of their numbers.
//!
//! Invariant: all that is special about an option is said in its row. Set, get, defaults, the
//! length rules of C memory and the tests all come from here; `custom` holds the few functions
//! that rows name. Manual pages: `zmq_setsockopt`, `zmq_getsockopt`.

use super::custom;
use super::shape::{Field, Kinds, Needs, Null, Reaction, Row, Shape, kind};

/// Any `int`.
const ANY: (i32, i32) = (i32::MIN, i32::MAX);
/// -1, which has a meaning of its own, and up.
const FROM_MINUS_ONE: (i32, i32) = (-1, i32::MAX);
/// 0 and up.
const FROM_ZERO: (i32, i32) = (0, i32::MAX);
/// 1 and up.
const FROM_ONE: (i32, i32) = (1, i32::MAX);
/// 0 or 1.
const BOOL: (i32, i32) = (0, 1);
/// A short string: 1 to 255 octets.
const SHORT: (usize, usize) = (1, 255);
/// Any number of octets.
const UNBOUNDED: (usize, usize) = (0, usize::MAX);
/// Any number of octets but none.
const NOT_EMPTY: (usize, usize) = (1, usize::MAX);

/// COMPAT: REP is a ROUTER underneath in libzmq, so it takes all that a ROUTER takes, and PUB what
/// an XPUB takes.
const ROUTERS: Kinds = Kinds::of(&[kind::REP, kind::ROUTER]);
const PUBLISHERS: Kinds = Kinds::of(&[kind::PUB, kind::XPUB]);
const REQ: Kinds = Kinds::of(&[kind::REQ]);

macro_rules! field {
    ($name:ident) => {
        Field {
            get: |options| &options.$name,
            get_mut: |options| &mut options.$name,
        }
    };
}

macro_rules! int {
    ($name:ident, $default:expr, $limits:expr) => {
        Row::new(Shape::Int {
            field: field!($name),
            default: $default,
            limits: $limits,
        })
    };
}

macro_rules! flag {
    ($name:ident, $default:expr, $limits:expr) => {
        Row::new(Shape::Flag {
            field: field!($name),
            default: $default,
            limits: $limits,
        })
    };
}

macro_rules! bytes {
    ($name:ident, $lengths:expr, $null:expr) => {
        Row::new(Shape::Bytes {
            field: field!($name),
            lengths: $lengths,
            null: $null,
        })
    };
}

macro_rules! text {
    ($name:ident, $lengths:expr, $null:expr) => {
        Row::new(Shape::Text {
            field: field!($name),
            lengths: $lengths,
            null: $null,
        })
    };
}

macro_rules! key {
    ($name:ident) => {
        Row::new(Shape::Key(field!($name)))
    };
}

macro_rules! custom {
    ($set:expr, $get:expr) => {
        Row::new(Shape::Custom {
            set: $set,
            get: $get,
        })
    };
}

macro_rules! table {
    ($($(#[doc = $about:literal])+ $name:ident = $number:literal, $row:expr;)*) => {
        /// The options' numbers, as `zmq.h` has them.
        pub mod number {
            $($(#[doc = $about])+ pub const $name: i32 = $number;)*
        }

        /// All options, sorted by number.
        pub static TABLE: &[Row] = &[
            $(Row {
                number: $number,
                name: stringify!($name),
                about: concat!($($about),+),
                ..$row
            }),*
        ];
    };
}

table! {
    /// Bitmap: I/O threads that may serve new connections, bit n for thread n; 0 for any.
    AFFINITY = 4, Row::new(Shape::Bitmap(field!(affinity)));
    /// 1 to 255 octets: the routing id that this socket announces to ROUTER peers.
    ROUTING_ID = 5, bytes!(routing_id, SHORT, Null::Refused);
    /// Octets: add a subscription with this prefix; publishers in manual mode give it to the peer
    /// whose subscription was received last.
    SUBSCRIBE = 6, custom!(custom::subscribe, custom::nothing)
        .set_on(Kinds::of(&[kind::SUB, kind::PUB, kind::XPUB])).write_only();
    /// Octets: take away one subscription with this prefix; publishers as for SUBSCRIBE.
    UNSUBSCRIBE = 7, custom!(custom::unsubscribe, custom::nothing)
        .set_on(Kinds::of(&[kind::SUB, kind::PUB, kind::XPUB])).write_only();
    /// kbit/s: the rate of multicast sending and receiving.
    RATE = 8, int!(rate, 100, FROM_ONE);
    /// ms: how long multicast data can be recovered.
    RECOVERY_IVL = 9, int!(recovery_ivl, 10_000, FROM_ZERO);
    /// Octets: `SO_SNDBUF`; -1 leaves the system's default.
    SNDBUF = 11, int!(sndbuf, -1, FROM_MINUS_ONE);
    /// Octets: `SO_RCVBUF`; -1 leaves the system's default.
    RCVBUF = 12, int!(rcvbuf, -1, FROM_MINUS_ONE);
    /// Flag: more parts of the message just received follow.
    RCVMORE = 13, Row::new(Shape::Live).read_only().roomy();
    /// Descriptor that becomes readable when the socket's events may have changed. None on the
    /// thread-safe types.
    FD = 14, Row::new(Shape::Live).read_only().read_on(Kinds::THREAD_SAFE.others()).roomy();
    /// Bits: `ZMQ_POLLIN` and `ZMQ_POLLOUT` as they are now.
    EVENTS = 15, Row::new(Shape::Live).read_only().roomy();
    /// Enum: the socket's type.
    TYPE = 16, int!(kind, 0, ANY).read_only();
    /// ms: how long messages outlive `zmq_close` unsent; -1 for ever, 0 not at all.
    /// Default -1, or 0 on SUB, XSUB and DISH and in a context that is not BLOCKY.
    LINGER = 17, int!(linger, -1, FROM_MINUS_ONE);
    /// ms: time before the first attempt to connect again; -1 makes none.
    RECONNECT_IVL = 18, int!(reconnect_ivl, 100, FROM_MINUS_ONE);
    /// Count: connections that wait to be accepted.
    BACKLOG = 19, int!(backlog, 100, FROM_ZERO);
    /// ms: where the doubling of RECONNECT_IVL ends; 0 for no doubling.
    RECONNECT_IVL_MAX = 21, int!(reconnect_ivl_max, 0, FROM_ZERO);
    /// Octets: the longest message accepted, else its peer is disconnected; -1 for any.
    MAXMSGSIZE = 22, Row::new(Shape::Long { field: field!(maxmsgsize), default: -1 });
    /// Messages: the high-water mark towards each peer; 0 for none.
    SNDHWM = 23, int!(sndhwm, 1000, FROM_ZERO).reaction(Reaction::Hwm);
    /// Messages: the high-water mark from each peer; 0 for none.
    RCVHWM = 24, int!(rcvhwm, 1000, FROM_ZERO).reaction(Reaction::Hwm);
    /// Hops: time to live of multicast packets.
    MULTICAST_HOPS = 25, int!(multicast_hops, 1, FROM_ONE);
    /// ms: how long a receive waits before `EAGAIN`; -1 for ever.
    RCVTIMEO = 27, int!(rcvtimeo, -1, FROM_MINUS_ONE);
    /// ms: how long a send waits before `EAGAIN`; -1 for ever.
    SNDTIMEO = 28, int!(sndtimeo, -1, FROM_MINUS_ONE);
    /// Flag: the opposite of IPV6; deprecated.
    IPV4ONLY = 31, custom!(custom::set_ipv4only, custom::ipv4only);
    /// Text: the last endpoint bound or connected, its wildcards resolved.
    LAST_ENDPOINT = 32, custom!(custom::refuse, custom::last_endpoint).read_only();
    /// Flag: a message that cannot be routed fails with `EHOSTUNREACH` instead of being dropped.
    ROUTER_MANDATORY = 33, flag!(router_mandatory, false, FROM_ZERO).pattern(ROUTERS);
    /// `SO_KEEPALIVE`: 1 on, 0 off, -1 leaves the system's default.
    TCP_KEEPALIVE = 34, int!(tcp_keepalive, -1, (-1, 1));
    /// Count: `TCP_KEEPCNT`; -1 leaves the system's default.
    TCP_KEEPALIVE_CNT = 35, int!(tcp_keepalive_cnt, -1, FROM_MINUS_ONE);
    /// s: `TCP_KEEPIDLE`; -1 leaves the system's default.
    TCP_KEEPALIVE_IDLE = 36, int!(tcp_keepalive_idle, -1, FROM_MINUS_ONE);
    /// s: `TCP_KEEPINTVL`; -1 leaves the system's default.
    TCP_KEEPALIVE_INTVL = 37, int!(tcp_keepalive_intvl, -1, FROM_MINUS_ONE);
    /// Text, an address and maybe `/` and the length of a prefix: who may connect over TCP, once
    /// more each time; NULL lets everyone. Deprecated.
    TCP_ACCEPT_FILTER = 38,
        custom!(custom::set_tcp_accept_filter, custom::nothing).write_only();
    /// Flag: messages go to connections that stand only, not to those still being made.
    IMMEDIATE = 39, flag!(immediate, false, BOOL);
    /// Flag: pass every subscription to the application, not only the first of its kind.
    XPUB_VERBOSE = 40,
        flag!(xpub_verbose, false, FROM_ZERO).pattern(PUBLISHERS).then(custom::xpub_verbose);
    /// Flag: the peers of this ROUTER speak no ZMTP, but plain octets.
    ROUTER_RAW = 41, flag!(router_raw, false, FROM_ZERO).pattern(ROUTERS);
    /// Flag: names and addresses may be IPv6. Default: that of the context.
    IPV6 = 42, flag!(ipv6, false, BOOL);
    /// Enum: the mechanism that the security options have chosen.
    MECHANISM = 43, int!(mechanism, 0, ANY).read_only();
    /// Flag: be a server of PLAIN; 0 goes back to NULL.
    PLAIN_SERVER = 44, custom!(custom::set_plain_server, custom::plain_server);
    /// 1 to 255 octets: name with which a client of PLAIN logs in; NULL goes back to the mechanism
    /// NULL.
    PLAIN_USERNAME = 45, text!(plain_username, SHORT, Null::Kept).then(custom::plain_client);
    /// 1 to 255 octets: password with which a client of PLAIN logs in; NULL as for PLAIN_USERNAME.
    PLAIN_PASSWORD = 46, text!(plain_password, SHORT, Null::Kept).then(custom::plain_client);
    /// Flag: be a server of CURVE; 0 goes back to NULL.
    CURVE_SERVER = 47, custom!(custom::set_curve_server, custom::curve_server);
    /// Key: the socket's own public key.
    CURVE_PUBLICKEY = 48, key!(curve_publickey).then(custom::curve);
    /// Key: the socket's own secret key.
    CURVE_SECRETKEY = 49, key!(curve_secretkey).then(custom::curve);
    /// Key: the public key of the server; makes the socket a client.
    CURVE_SERVERKEY = 50, key!(curve_serverkey).then(custom::curve_client);
    /// Flag: greet each new peer with an empty message.
    PROBE_ROUTER = 51, flag!(probe_router, false, FROM_ZERO)
        .pattern(Kinds::of(&[kind::REQ, kind::REP, kind::DEALER, kind::ROUTER]));
    /// Flag: requests carry an id, and only the reply with the same id is accepted.
    REQ_CORRELATE = 52, flag!(req_correlate, false, FROM_ZERO).pattern(REQ);
    /// Flag: a new request may be sent before the reply to the last has come.
    REQ_RELAXED = 53, flag!(req_relaxed, false, FROM_ZERO).pattern(REQ);
    /// Flag: queues hold the newest message only.
    CONFLATE = 54, flag!(conflate, false, BOOL);
    /// 1 to 255 octets: the domain in which ZAP looks peers up.
    ZAP_DOMAIN = 55, text!(zap_domain, SHORT, Null::Refused);
    /// Flag: a new peer with the routing id of another takes its place.
    ROUTER_HANDOVER = 56, flag!(router_handover, false, FROM_ZERO).pattern(ROUTERS);
    /// `IP_TOS` and `IPV6_TCLASS`.
    TOS = 57, int!(tos, 0, FROM_ZERO);
    /// Process id of who may connect over ipc, one more each time; NULL lets everyone. Deprecated.
    IPC_FILTER_PID = 58, custom!(custom::set_ipc_filter_pid, custom::nothing).write_only();
    /// User id of who may connect over ipc, one more each time; NULL lets everyone. Deprecated.
    IPC_FILTER_UID = 59, custom!(custom::set_ipc_filter_uid, custom::nothing).write_only();
    /// Group id of who may connect over ipc, one more each time; NULL lets everyone. Deprecated.
    IPC_FILTER_GID = 60, custom!(custom::set_ipc_filter_gid, custom::nothing).write_only();
    /// Octets, one at least: the routing id of the peer that is connected next.
    CONNECT_ROUTING_ID = 61, bytes!(connect_routing_id, NOT_EMPTY, Null::Refused)
        .pattern(Kinds::of(&[kind::REP, kind::ROUTER, kind::STREAM]));
    /// Flag: be a server of GSSAPI.
    GSSAPI_SERVER = 62,
        custom!(custom::set_gssapi_server, custom::gssapi_server).needs(Needs::Gssapi);
    /// 1 to 255 octets: the socket's own principal.
    GSSAPI_PRINCIPAL = 63, text!(gssapi_principal, SHORT, Null::Refused)
        .then(custom::gssapi).needs(Needs::Gssapi);
    /// 1 to 255 octets: the principal of the server; makes the socket a client.
    GSSAPI_SERVICE_PRINCIPAL = 64, text!(gssapi_service_principal, SHORT, Null::Refused)
        .then(custom::gssapi_client).needs(Needs::Gssapi);
    /// Flag: authenticate with GSSAPI, but do not encrypt.
    GSSAPI_PLAINTEXT = 65, flag!(gssapi_plaintext, false, BOOL).needs(Needs::Gssapi);
    /// ms: how long a handshake may take; 0 for any time.
    HANDSHAKE_IVL = 66, int!(handshake_ivl, 30_000, FROM_ZERO);
    /// Text, `host:port`: SOCKS5 proxy for outgoing connections; NULL for none.
    SOCKS_PROXY = 68, text!(socks_proxy, NOT_EMPTY, Null::Clears);
    /// Flag: a send waits or fails with `EAGAIN` at the high-water mark instead of dropping.
    XPUB_NODROP = 69, flag!(xpub_nodrop, false, FROM_ZERO)
        .pattern(Kinds::of(&[kind::PUB, kind::XPUB, kind::RADIO]));
    /// Flag: subscriptions take effect only when the application says so with SUBSCRIBE.
    XPUB_MANUAL = 71, flag!(xpub_manual, false, FROM_ZERO).pattern(PUBLISHERS);
    /// Octets: message sent to each new subscriber; empty for none.
    XPUB_WELCOME_MSG = 72,
        bytes!(xpub_welcome_msg, UNBOUNDED, Null::Clears).pattern(PUBLISHERS);
    /// Flag: an empty message tells of each connection made and lost. Default 1.
    STREAM_NOTIFY = 73, flag!(stream_notify, true, BOOL).pattern(Kinds::of(&[kind::STREAM]));
    /// Flag: deliver what matches no subscription.
    INVERT_MATCHING = 74, flag!(invert_matching, false, ANY);
    /// ms: between the pings of ZMTP; 0 for none.
    HEARTBEAT_IVL = 75, int!(heartbeat_ivl, 0, FROM_ZERO);
    /// ms: how long the peer may wait for our traffic, told with each ping; counted in tenths of a
    /// second.
    HEARTBEAT_TTL = 76, custom!(custom::set_heartbeat_ttl, custom::heartbeat_ttl);
    /// ms: how long we wait for traffic after a ping; -1, the default, as long as HEARTBEAT_IVL.
    HEARTBEAT_TIMEOUT = 77, int!(heartbeat_timeout, -1, FROM_ZERO);
    /// Flag: pass every subscription and every unsubscription to the application.
    XPUB_VERBOSER = 78,
        flag!(xpub_verboser, false, FROM_ZERO).pattern(PUBLISHERS).then(custom::xpub_verboser);
    /// ms: how long a TCP connect may take; 0 leaves it to the system.
    CONNECT_TIMEOUT = 79, int!(connect_timeout, 0, FROM_ZERO);
    /// ms: `TCP_USER_TIMEOUT`; 0 leaves it to the system.
    TCP_MAXRT = 80, int!(tcp_maxrt, 0, FROM_ZERO);
    /// Flag: the socket is of a thread-safe type.
    THREAD_SAFE = 81, custom!(custom::refuse, custom::thread_safe).read_only().roomy();
    /// Octets: the longest multicast packet.
    MULTICAST_MAXTPDU = 84, int!(multicast_maxtpdu, 1500, FROM_ONE);
    /// Octets: VMCI buffer.
    VMCI_BUFFER_SIZE = 85,
        Row::new(Shape::Bitmap(field!(vmci_buffer_size))).write_only().needs(Needs::Vmci);
    /// Octets: least VMCI buffer.
    VMCI_BUFFER_MIN_SIZE = 86,
        Row::new(Shape::Bitmap(field!(vmci_buffer_min_size))).write_only().needs(Needs::Vmci);
    /// Octets: greatest VMCI buffer.
    VMCI_BUFFER_MAX_SIZE = 87,
        Row::new(Shape::Bitmap(field!(vmci_buffer_max_size))).write_only().needs(Needs::Vmci);
    /// ms: how long a VMCI connect may take; -1 leaves it to the system.
    VMCI_CONNECT_TIMEOUT = 88,
        int!(vmci_connect_timeout, -1, FROM_MINUS_ONE).write_only().needs(Needs::Vmci);
    /// Descriptor, bound and listening, that the next bind takes instead of making one; -1 none.
    USE_FD = 89, int!(use_fd, -1, FROM_MINUS_ONE);
    /// Enum: what kind of name GSSAPI_PRINCIPAL is.
    GSSAPI_PRINCIPAL_NAMETYPE = 90,
        int!(gssapi_principal_nametype, 0, (0, 2)).needs(Needs::Gssapi);
    /// Enum: what kind of name GSSAPI_SERVICE_PRINCIPAL is.
    GSSAPI_SERVICE_PRINCIPAL_NAMETYPE = 91,
        int!(gssapi_service_principal_nametype, 0, (0, 2)).needs(Needs::Gssapi);
    /// 1 to 16 octets: `SO_BINDTODEVICE`; NULL for none.
    BINDTODEVICE = 92, text!(bindtodevice, (1, 16), Null::Clears);
    /// Flag: with a ZAP_DOMAIN set, a connection needs a ZAP handler.
    ZAP_ENFORCE_DOMAIN = 93, flag!(zap_enforce_domain, false, ANY);
    /// Flag: a shortcut for loopback connections on Windows; stored only.
    LOOPBACK_FASTPATH = 94, flag!(loopback_fastpath, false, ANY);
    /// Text, `X-name:value`: a property that the handshake tells the peer, one more each time.
    METADATA = 95, custom!(custom::set_metadata, custom::nothing).write_only();
    /// Flag: multicast comes back to the sending host.
    MULTICAST_LOOP = 96, flag!(multicast_loop, true, ANY);
    /// Bits: an empty message tells of connections made (1) and lost (2).
    ROUTER_NOTIFY = 97, int!(router_notify, 0, (0, 3))
        .pattern(ROUTERS).read_on(Kinds::ALL).needs(Needs::Draft);
    /// Flag: XPUB_MANUAL, and the next message goes to the last subscriber only.
    XPUB_MANUAL_LAST_VALUE = 98, flag!(xpub_manual_last_value, false, FROM_ZERO)
        .pattern(PUBLISHERS).then(custom::xpub_manual_last_value);
    /// Up to 255 octets: name for the SOCKS5 proxy; empty for none.
    SOCKS_USERNAME = 99, text!(socks_username, (0, 255), Null::Clears);
    /// Up to 255 octets: password for the SOCKS5 proxy; empty for none.
    SOCKS_PASSWORD = 100, text!(socks_password, (0, 255), Null::Clears);
    /// Octets: how much is read at once.
    IN_BATCH_SIZE = 101, int!(in_batch_size, 8192, FROM_ONE).needs(Needs::Draft);
    /// Octets: how much is written at once.
    OUT_BATCH_SIZE = 102, int!(out_batch_size, 8192, FROM_ONE).needs(Needs::Draft);
    /// PEM: the private key of a wss server.
    WSS_KEY_PEM = 103,
        bytes!(wss_key_pem, UNBOUNDED, Null::Clears).write_only().needs(Needs::Wss);
    /// PEM: the certificate of a wss server.
    WSS_CERT_PEM = 104,
        bytes!(wss_cert_pem, UNBOUNDED, Null::Clears).write_only().needs(Needs::Wss);
    /// PEM: certificates that a wss client trusts.
    WSS_TRUST_PEM = 105,
        bytes!(wss_trust_pem, UNBOUNDED, Null::Clears).write_only().needs(Needs::Wss);
    /// Text: the name that the wss server must have.
    WSS_HOSTNAME = 106,
        bytes!(wss_hostname, UNBOUNDED, Null::Clears).write_only().needs(Needs::Wss);
    /// Flag: trust the certificates of the system for wss.
    WSS_TRUST_SYSTEM = 107, flag!(wss_trust_system, false, BOOL).write_only().needs(Needs::Wss);
    /// Flag: only the first part of a message can be a subscription.
    ONLY_FIRST_SUBSCRIBE = 108, flag!(only_first_subscribe, false, FROM_ZERO)
        .pattern(Kinds::of(&[kind::PUB, kind::XPUB, kind::XSUB]));
    /// Bits: do not connect again once refused (1), after a failed handshake (2), after
    /// `zmq_disconnect` (4).
    RECONNECT_STOP = 109, int!(reconnect_stop, 0, ANY);
    /// Octets: message sent to each new peer; empty for none.
    HELLO_MSG = 110, bytes!(hello_msg, UNBOUNDED, Null::Clears).write_only().needs(Needs::Draft);
    /// Octets: message received here when a peer has gone; empty for none.
    DISCONNECT_MSG = 111,
        bytes!(disconnect_msg, UNBOUNDED, Null::Clears).write_only().needs(Needs::Draft);
    /// `SO_PRIORITY`.
    PRIORITY = 112, int!(priority, 0, FROM_ZERO).needs(Needs::Draft);
    /// `SO_BUSY_POLL`. COMPAT: it cannot be read.
    BUSY_POLL = 113, int!(busy_poll, 0, ANY).write_only().needs(Needs::Draft);
    /// Octets: message received here when a connection is made again; empty for none.
    HICCUP_MSG = 114, bytes!(hiccup_msg, UNBOUNDED, Null::Clears).write_only().needs(Needs::Draft);
    /// Flag: pass every unsubscription to the publishers, not only the last of its kind.
    XSUB_VERBOSE_UNSUBSCRIBE = 115,
        custom!(custom::set_xsub_verbose_unsubscribe, custom::nothing)
            .pattern(Kinds::of(&[kind::XSUB])).needs(Needs::Draft);
    /// Count: subscriptions that the socket holds.
    TOPICS_COUNT = 116, Row::new(Shape::Live).read_only().roomy()
        .read_on(Kinds::of(&[kind::PUB, kind::SUB, kind::XPUB, kind::XSUB]));
    /// Enum: how NORM controls congestion.
    NORM_MODE = 117, int!(norm_mode, 1, (0, 4)).needs(Needs::Norm);
    /// Flag: NORM receivers complain to the sender alone.
    NORM_UNICAST_NACK = 118, flag!(norm_unicast_nack, false, BOOL).needs(Needs::Norm);
    /// KiB: NORM buffer.
    NORM_BUFFER_SIZE = 119, int!(norm_buffer_size, 2048, FROM_ONE).needs(Needs::Norm);
    /// Octets: NORM segment.
    NORM_SEGMENT_SIZE = 120, int!(norm_segment_size, 1400, FROM_ONE).needs(Needs::Norm);
    /// Segments: NORM block.
    NORM_BLOCK_SIZE = 121, int!(norm_block_size, 16, (1, 255)).needs(Needs::Norm);
    /// Segments: NORM parity for each block.
    NORM_NUM_PARITY = 122, int!(norm_num_parity, 4, (0, 254)).needs(Needs::Norm);
    /// Segments: NORM parity that is sent unasked.
    NORM_NUM_AUTOPARITY = 123, int!(norm_num_autoparity, 0, (0, 254)).needs(Needs::Norm);
    /// Flag: NORM sends new data rather than wait for slow receivers.
    NORM_PUSH = 124, flag!(norm_push, false, BOOL).needs(Needs::Norm);
}

/// The row of an option, if there is such an option.
pub fn row(number: i32) -> Option<&'static Row> {
    let at = TABLE.binary_search_by_key(&number, |row| row.number).ok()?;
    Some(&TABLE[at])
}
