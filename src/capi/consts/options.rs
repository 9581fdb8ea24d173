//! The options of sockets and their values, in the order of `zmq.h`.
//!
//! Invariant: a number here is a row in `options::table`; what it accepts is said there.

use core::ffi::c_int;

/// Option (bits): which I/O threads may serve new connections; bit n = thread n, 0 = any.
pub const ZMQ_AFFINITY: c_int = 4;
/// Option (octets): identity this socket announces to ROUTER peers (1..255 bytes).
pub const ZMQ_ROUTING_ID: c_int = 5;
/// Option (octets, set only): add a topic prefix filter (SUB; on XPUB/PUB only in manual mode,
/// applied to the last subscriber).
pub const ZMQ_SUBSCRIBE: c_int = 6;
/// Option (octets, set only): remove one topic prefix filter.
pub const ZMQ_UNSUBSCRIBE: c_int = 7;
/// Option (kbit/s): multicast send/receive rate ceiling.
pub const ZMQ_RATE: c_int = 8;
/// Option (milliseconds): multicast recovery window.
pub const ZMQ_RECOVERY_IVL: c_int = 9;
/// Option (octets): SO_SNDBUF; -1 leaves the OS default.
pub const ZMQ_SNDBUF: c_int = 11;
/// Option (octets): SO_RCVBUF; -1 leaves the OS default.
pub const ZMQ_RCVBUF: c_int = 12;
/// Option (0 or 1, get only): 1 if the message part just received has further parts.
pub const ZMQ_RCVMORE: c_int = 13;
/// Option (descriptor, get only): edge-triggered signalling descriptor; not available on
/// thread-safe types.
pub const ZMQ_FD: c_int = 14;
/// Option (bits, get only): POLLIN/POLLOUT readiness; reading it processes pending commands, so
/// may fail ETERM/EINTR.
pub const ZMQ_EVENTS: c_int = 15;
/// Option (number, get only): socket type constant.
pub const ZMQ_TYPE: c_int = 16;
/// Option (milliseconds): how long unsent messages survive close; -1 forever, 0 drop.
pub const ZMQ_LINGER: c_int = 17;
/// Option (milliseconds): base reconnect delay; -1 disables reconnecting.
pub const ZMQ_RECONNECT_IVL: c_int = 18;
/// Option (number): listen() backlog.
pub const ZMQ_BACKLOG: c_int = 19;
/// Option (milliseconds): cap for exponential back-off; 0 = no back-off.
pub const ZMQ_RECONNECT_IVL_MAX: c_int = 21;
/// Option (octets): largest inbound message; -1 unlimited; peer is dropped when exceeded.
pub const ZMQ_MAXMSGSIZE: c_int = 22;
/// Option (messages): outbound queue limit per peer; 0 unlimited.
pub const ZMQ_SNDHWM: c_int = 23;
/// Option (messages): inbound queue limit per peer; 0 unlimited.
pub const ZMQ_RCVHWM: c_int = 24;
/// Option (hops): multicast TTL.
pub const ZMQ_MULTICAST_HOPS: c_int = 25;
/// Option (milliseconds): recv timeout; -1 block, 0 never block (EAGAIN).
pub const ZMQ_RCVTIMEO: c_int = 27;
/// Option (milliseconds): send timeout; -1 block, 0 never block (EAGAIN).
pub const ZMQ_SNDTIMEO: c_int = 28;
/// Option (text, get only): last bound/connected endpoint with wildcards resolved; NUL counted in
/// the length.
pub const ZMQ_LAST_ENDPOINT: c_int = 32;
/// Option (0 or 1, set only): unroutable send fails EHOSTUNREACH (full peer EAGAIN) rather than
/// dropping.
pub const ZMQ_ROUTER_MANDATORY: c_int = 33;
/// Option (-1, 0 or 1): SO_KEEPALIVE; -1 OS default, 0 off, 1 on.
pub const ZMQ_TCP_KEEPALIVE: c_int = 34;
/// Option (number): TCP_KEEPCNT; -1 OS default.
pub const ZMQ_TCP_KEEPALIVE_CNT: c_int = 35;
/// Option (seconds): TCP_KEEPIDLE / TCP_KEEPALIVE; -1 OS default.
pub const ZMQ_TCP_KEEPALIVE_IDLE: c_int = 36;
/// Option (seconds): TCP_KEEPINTVL; -1 OS default.
pub const ZMQ_TCP_KEEPALIVE_INTVL: c_int = 37;
/// Option (0 or 1): 1 queues only to completed connections.
pub const ZMQ_IMMEDIATE: c_int = 39;
/// Option (0 or 1, set only): pass every subscribe upstream, duplicates included.
pub const ZMQ_XPUB_VERBOSE: c_int = 40;
/// Option (0 or 1, set only): legacy raw TCP mode on ROUTER.
pub const ZMQ_ROUTER_RAW: c_int = 41;
/// Option (0 or 1): allow IPv6 addresses.
pub const ZMQ_IPV6: c_int = 42;
/// Option (number, get only): active security mechanism: 0 NULL 1 PLAIN 2 CURVE 3 GSSAPI.
pub const ZMQ_MECHANISM: c_int = 43;
/// Option (0 or 1): act as PLAIN server.
pub const ZMQ_PLAIN_SERVER: c_int = 44;
/// Option (text): PLAIN client user (1..255); NULL,0 resets to NULL mechanism.
pub const ZMQ_PLAIN_USERNAME: c_int = 45;
/// Option (text): PLAIN client password (1..255); NULL,0 resets to NULL mechanism.
pub const ZMQ_PLAIN_PASSWORD: c_int = 46;
/// Option (0 or 1): act as CURVE server.
pub const ZMQ_CURVE_SERVER: c_int = 47;
/// Option (key): own public key: 32 raw bytes, or 40/41 bytes of Z85 when setting.
pub const ZMQ_CURVE_PUBLICKEY: c_int = 48;
/// Option (key): own secret key.
pub const ZMQ_CURVE_SECRETKEY: c_int = 49;
/// Option (key): public key of the server a client talks to; setting makes it a client.
pub const ZMQ_CURVE_SERVERKEY: c_int = 50;
/// Option (0 or 1, set only): send an empty message to each new connection.
pub const ZMQ_PROBE_ROUTER: c_int = 51;
/// Option (0 or 1, set only): prefix requests with a request id and match replies.
pub const ZMQ_REQ_CORRELATE: c_int = 52;
/// Option (0 or 1, set only): allow a new request before the reply.
pub const ZMQ_REQ_RELAXED: c_int = 53;
/// Option (0 or 1): keep only the newest message in each queue.
pub const ZMQ_CONFLATE: c_int = 54;
/// Option (text): ZAP domain (1..255).
pub const ZMQ_ZAP_DOMAIN: c_int = 55;
/// Option (0 or 1, set only): a new peer with a known id takes over the old connection.
pub const ZMQ_ROUTER_HANDOVER: c_int = 56;
/// Option (number): IP TOS / traffic class.
pub const ZMQ_TOS: c_int = 57;
/// Option (octets, set only): id to give the peer of the next connect.
pub const ZMQ_CONNECT_ROUTING_ID: c_int = 61;
/// Option (0 or 1): act as GSSAPI server.
pub const ZMQ_GSSAPI_SERVER: c_int = 62;
/// Option (text): own GSSAPI principal (1..255).
pub const ZMQ_GSSAPI_PRINCIPAL: c_int = 63;
/// Option (text): server principal a client expects.
pub const ZMQ_GSSAPI_SERVICE_PRINCIPAL: c_int = 64;
/// Option (0 or 1): GSSAPI without encryption.
pub const ZMQ_GSSAPI_PLAINTEXT: c_int = 65;
/// Option (milliseconds): ZMTP handshake limit; 0 none.
pub const ZMQ_HANDSHAKE_IVL: c_int = 66;
/// Option (text): SOCKS5 proxy host:port; NULL,0 clears.
pub const ZMQ_SOCKS_PROXY: c_int = 68;
/// Option (0 or 1, set only): send blocks/EAGAIN at HWM rather than dropping.
pub const ZMQ_XPUB_NODROP: c_int = 69;
/// Option (0 or 1, set only): application decides subscriptions via SUBSCRIBE/UNSUBSCRIBE.
pub const ZMQ_XPUB_MANUAL: c_int = 71;
/// Option (octets, set only): message sent to each new subscriber; empty clears.
pub const ZMQ_XPUB_WELCOME_MSG: c_int = 72;
/// Option (0 or 1, set only): STREAM: empty message on connect/disconnect.
pub const ZMQ_STREAM_NOTIFY: c_int = 73;
/// Option (0 or 1): deliver messages that do NOT match.
pub const ZMQ_INVERT_MATCHING: c_int = 74;
/// Option (milliseconds): ZMTP PING interval; 0 off.
pub const ZMQ_HEARTBEAT_IVL: c_int = 75;
/// Option (milliseconds): TTL announced in PING; stored in 1/10 s (rounded down), max 6553599.
pub const ZMQ_HEARTBEAT_TTL: c_int = 76;
/// Option (milliseconds): wait for traffic after PING; getsockopt default -1 = use HEARTBEAT_IVL.
pub const ZMQ_HEARTBEAT_TIMEOUT: c_int = 77;
/// Option (0 or 1, set only): pass every subscribe and unsubscribe upstream.
pub const ZMQ_XPUB_VERBOSER: c_int = 78;
/// Option (milliseconds): TCP connect limit; 0 = OS default.
pub const ZMQ_CONNECT_TIMEOUT: c_int = 79;
/// Option (milliseconds): TCP_USER_TIMEOUT / TCP_MAXRT; 0 = OS default.
pub const ZMQ_TCP_MAXRT: c_int = 80;
/// Option (0 or 1, get only): 1 for the thread-safe (draft) types.
pub const ZMQ_THREAD_SAFE: c_int = 81;
/// Option (octets): largest multicast datagram.
pub const ZMQ_MULTICAST_MAXTPDU: c_int = 84;
/// Option (octets, set only): VMCI buffer.
pub const ZMQ_VMCI_BUFFER_SIZE: c_int = 85;
/// Option (octets, set only): VMCI minimum buffer.
pub const ZMQ_VMCI_BUFFER_MIN_SIZE: c_int = 86;
/// Option (octets, set only): VMCI maximum buffer.
pub const ZMQ_VMCI_BUFFER_MAX_SIZE: c_int = 87;
/// Option (milliseconds, set only): VMCI connect limit.
pub const ZMQ_VMCI_CONNECT_TIMEOUT: c_int = 88;
/// Option (descriptor): adopt an already bound/listening descriptor; -1 none.
pub const ZMQ_USE_FD: c_int = 89;
/// Option (number): name type of the own principal.
pub const ZMQ_GSSAPI_PRINCIPAL_NAMETYPE: c_int = 90;
/// Option (number): name type of the service principal.
pub const ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE: c_int = 91;
/// Option (text): SO_BINDTODEVICE interface/VRF name (max IFNAMSIZ=16); needs CAP_NET_RAW.
pub const ZMQ_BINDTODEVICE: c_int = 92;
/// Option (0 or 1): require a ZAP handler when a domain is set.
#[cfg(feature = "draft")]
pub const ZMQ_ZAP_ENFORCE_DOMAIN: c_int = 93;
/// Option (0 or 1): Windows SIO_LOOPBACK_FAST_PATH.
#[cfg(feature = "draft")]
pub const ZMQ_LOOPBACK_FASTPATH: c_int = 94;
/// Option (text, set only): "X-key:value" application property sent in the handshake; may be set
/// repeatedly.
#[cfg(feature = "draft")]
pub const ZMQ_METADATA: c_int = 95;
/// Option (0 or 1): IP_MULTICAST_LOOP.
#[cfg(feature = "draft")]
pub const ZMQ_MULTICAST_LOOP: c_int = 96;
/// Option (bits): empty message on peer connect (1) / disconnect (2).
#[cfg(feature = "draft")]
pub const ZMQ_ROUTER_NOTIFY: c_int = 97;
/// Option (0 or 1, set only): manual mode, next message only to the last subscriber.
#[cfg(feature = "draft")]
pub const ZMQ_XPUB_MANUAL_LAST_VALUE: c_int = 98;
/// Option (text): SOCKS5 user; empty or NULL clears.
#[cfg(feature = "draft")]
pub const ZMQ_SOCKS_USERNAME: c_int = 99;
/// Option (text): SOCKS5 password; empty or NULL clears.
#[cfg(feature = "draft")]
pub const ZMQ_SOCKS_PASSWORD: c_int = 100;
/// Option (octets): receive batch.
#[cfg(feature = "draft")]
pub const ZMQ_IN_BATCH_SIZE: c_int = 101;
/// Option (octets): send batch.
#[cfg(feature = "draft")]
pub const ZMQ_OUT_BATCH_SIZE: c_int = 102;
/// Option (text, set only): TLS private key, PEM.
#[cfg(feature = "draft")]
pub const ZMQ_WSS_KEY_PEM: c_int = 103;
/// Option (text, set only): TLS certificate, PEM.
#[cfg(feature = "draft")]
pub const ZMQ_WSS_CERT_PEM: c_int = 104;
/// Option (text, set only): trusted certificates, PEM.
#[cfg(feature = "draft")]
pub const ZMQ_WSS_TRUST_PEM: c_int = 105;
/// Option (text, set only): expected server name.
#[cfg(feature = "draft")]
pub const ZMQ_WSS_HOSTNAME: c_int = 106;
/// Option (0 or 1, set only): use the system trust store.
#[cfg(feature = "draft")]
pub const ZMQ_WSS_TRUST_SYSTEM: c_int = 107;
/// Option (0 or 1, set only): only the first part of a multipart message may be a subscription.
#[cfg(feature = "draft")]
pub const ZMQ_ONLY_FIRST_SUBSCRIBE: c_int = 108;
/// Option (bits): conditions that stop reconnecting: 1 refused, 2 handshake failed, 4 after
/// zmq_disconnect.
#[cfg(feature = "draft")]
pub const ZMQ_RECONNECT_STOP: c_int = 109;
/// Option (octets, set only): message sent to each new peer; empty clears.
#[cfg(feature = "draft")]
pub const ZMQ_HELLO_MSG: c_int = 110;
/// Option (octets, set only): message delivered locally when a peer goes.
#[cfg(feature = "draft")]
pub const ZMQ_DISCONNECT_MSG: c_int = 111;
/// Option (number): SO_PRIORITY.
#[cfg(feature = "draft")]
pub const ZMQ_PRIORITY: c_int = 112;
/// Option (number, set only): SO_BUSY_POLL, in microseconds.
#[cfg(feature = "draft")]
pub const ZMQ_BUSY_POLL: c_int = 113;
/// Option (octets, set only): message delivered locally when a connection is re-established.
#[cfg(feature = "draft")]
pub const ZMQ_HICCUP_MSG: c_int = 114;
/// Option (0 or 1, set only): pass duplicate unsubscribes upstream.
#[cfg(feature = "draft")]
pub const ZMQ_XSUB_VERBOSE_UNSUBSCRIBE: c_int = 115;
/// Option (number, get only): number of subscriptions held.
#[cfg(feature = "draft")]
pub const ZMQ_TOPICS_COUNT: c_int = 116;
/// Option (number, set only): NORM congestion control 0..4.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_MODE: c_int = 117;
/// Option (0 or 1, set only): NORM unicast NACK.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_UNICAST_NACK: c_int = 118;
/// Option (KiB, set only): NORM buffer.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_BUFFER_SIZE: c_int = 119;
/// Option (octets, set only): NORM segment.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_SEGMENT_SIZE: c_int = 120;
/// Option (segments, set only): NORM FEC block, 1..255.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_BLOCK_SIZE: c_int = 121;
/// Option (segments, set only): NORM FEC parity, 0..254.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_NUM_PARITY: c_int = 122;
/// Option (segments, set only): NORM proactive parity, 0..254.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_NUM_AUTOPARITY: c_int = 123;
/// Option (0 or 1, set only): NORM push mode.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_PUSH: c_int = 124;
/// ZMQ_NORM_MODE: fixed rate.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_FIXED: c_int = 0;
/// ZMQ_NORM_MODE: congestion control.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_CC: c_int = 1;
/// ZMQ_NORM_MODE: congestion control that tolerates loss.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_CCL: c_int = 2;
/// ZMQ_NORM_MODE: congestion control that heeds ECN.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_CCE: c_int = 3;
/// ZMQ_NORM_MODE: congestion control by ECN alone.
#[cfg(feature = "draft")]
pub const ZMQ_NORM_CCE_ECNONLY: c_int = 4;
/// ZMQ_RECONNECT_STOP: when the connection is refused.
#[cfg(feature = "draft")]
pub const ZMQ_RECONNECT_STOP_CONN_REFUSED: c_int = 0x1;
/// ZMQ_RECONNECT_STOP: when the handshake fails.
#[cfg(feature = "draft")]
pub const ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED: c_int = 0x2;
/// ZMQ_RECONNECT_STOP: after zmq_disconnect.
#[cfg(feature = "draft")]
pub const ZMQ_RECONNECT_STOP_AFTER_DISCONNECT: c_int = 0x4;
/// ZMQ_ROUTER_NOTIFY: when a peer arrives.
#[cfg(feature = "draft")]
pub const ZMQ_NOTIFY_CONNECT: c_int = 1;
/// ZMQ_ROUTER_NOTIFY: when a peer is gone.
#[cfg(feature = "draft")]
pub const ZMQ_NOTIFY_DISCONNECT: c_int = 2;
/// GSSAPI name type: service at a host.
pub const ZMQ_GSSAPI_NT_HOSTBASED: c_int = 0;
/// GSSAPI name type: user.
pub const ZMQ_GSSAPI_NT_USER_NAME: c_int = 1;
/// GSSAPI name type: Kerberos principal.
pub const ZMQ_GSSAPI_NT_KRB5_PRINCIPAL: c_int = 2;
/// Deprecated name of ZMQ_ROUTING_ID.
pub const ZMQ_IDENTITY: c_int = ZMQ_ROUTING_ID;
/// Deprecated name of ZMQ_CONNECT_ROUTING_ID.
pub const ZMQ_CONNECT_RID: c_int = ZMQ_CONNECT_ROUTING_ID;
/// Option (text, set only), deprecated: allow-list address/mask; NULL,0 clears.
pub const ZMQ_TCP_ACCEPT_FILTER: c_int = 38;
/// Option (process id, set only), deprecated: allow-list peer pid; NULL,0 clears.
pub const ZMQ_IPC_FILTER_PID: c_int = 58;
/// Option (user id, set only), deprecated: allow-list peer uid.
pub const ZMQ_IPC_FILTER_UID: c_int = 59;
/// Option (group id, set only), deprecated: allow-list peer gid.
pub const ZMQ_IPC_FILTER_GID: c_int = 60;
/// Option (0 or 1), deprecated: inverse of IPV6.
pub const ZMQ_IPV4ONLY: c_int = 31;
/// Deprecated name of ZMQ_IMMEDIATE.
pub const ZMQ_DELAY_ATTACH_ON_CONNECT: c_int = ZMQ_IMMEDIATE;
/// Deprecated name of ZMQ_ROUTER_MANDATORY.
pub const ZMQ_FAIL_UNROUTABLE: c_int = ZMQ_ROUTER_MANDATORY;
/// Deprecated name of ZMQ_ROUTER_MANDATORY.
pub const ZMQ_ROUTER_BEHAVIOR: c_int = ZMQ_ROUTER_MANDATORY;
