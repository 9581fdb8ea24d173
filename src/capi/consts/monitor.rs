//! Monitor events and protocol errors (`zmq_socket_monitor`).
//!
//! Invariant: every event is one bit; every protocol error fits a C `int`.

use core::ffi::c_int;

/// Connected to a peer; value: descriptor.
pub const ZMQ_EVENT_CONNECTED: c_int = 0x0001;
/// Connecting goes on in the background; value: error number.
pub const ZMQ_EVENT_CONNECT_DELAYED: c_int = 0x0002;
/// Connecting will be tried again; value: milliseconds until then.
pub const ZMQ_EVENT_CONNECT_RETRIED: c_int = 0x0004;
/// Listening; value: descriptor.
pub const ZMQ_EVENT_LISTENING: c_int = 0x0008;
/// Binding failed; value: error number.
pub const ZMQ_EVENT_BIND_FAILED: c_int = 0x0010;
/// A connection was accepted; value: descriptor.
pub const ZMQ_EVENT_ACCEPTED: c_int = 0x0020;
/// Accepting failed; value: error number.
pub const ZMQ_EVENT_ACCEPT_FAILED: c_int = 0x0040;
/// Closed; value: descriptor.
pub const ZMQ_EVENT_CLOSED: c_int = 0x0080;
/// Closing failed; value: error number.
pub const ZMQ_EVENT_CLOSE_FAILED: c_int = 0x0100;
/// A connection broke; value: descriptor.
pub const ZMQ_EVENT_DISCONNECTED: c_int = 0x0200;
/// Monitoring ends; no events follow.
pub const ZMQ_EVENT_MONITOR_STOPPED: c_int = 0x0400;
/// All events of version 1.
pub const ZMQ_EVENT_ALL: c_int = 0xFFFF;
/// The handshake failed; value: error number.
pub const ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: c_int = 0x0800;
/// The handshake is done, the peer is ready; value: 0.
pub const ZMQ_EVENT_HANDSHAKE_SUCCEEDED: c_int = 0x1000;
/// The peer or the ZAP handler broke the protocol; value: a ZMQ_PROTOCOL_ERROR.
pub const ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: c_int = 0x2000;
/// The peer was refused; value: status code of the ZAP handler.
pub const ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: c_int = 0x4000;
/// Protocol error: the peer broke ZMTP.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED: c_int = 0x1000_0000;
/// Protocol error: a command that does not belong here.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND: c_int = 0x1000_0001;
/// Protocol error: a command out of order, or a nonce that is not greater.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE: c_int = 0x1000_0002;
/// Protocol error: key exchange.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE: c_int = 0x1000_0003;
/// Protocol error: malformed command.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED: c_int = 0x1000_0011;
/// Protocol error: malformed MESSAGE.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE: c_int = 0x1000_0012;
/// Protocol error: malformed HELLO.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO: c_int = 0x1000_0013;
/// Protocol error: malformed INITIATE.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE: c_int = 0x1000_0014;
/// Protocol error: malformed ERROR.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR: c_int = 0x1000_0015;
/// Protocol error: malformed READY.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY: c_int = 0x1000_0016;
/// Protocol error: malformed WELCOME.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME: c_int = 0x1000_0017;
/// Protocol error: metadata that does not parse, or the wrong socket type.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA: c_int = 0x1000_0018;
/// Protocol error: a box that does not open.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: c_int = 0x1100_0001;
/// Protocol error: different mechanisms.
pub const ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: c_int = 0x1100_0002;
/// Protocol error: the ZAP handler broke its protocol.
pub const ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED: c_int = 0x2000_0000;
/// Protocol error: malformed reply of the ZAP handler.
pub const ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY: c_int = 0x2000_0001;
/// Protocol error: a ZAP reply to another request.
pub const ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID: c_int = 0x2000_0002;
/// Protocol error: a ZAP reply of another version.
pub const ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION: c_int = 0x2000_0003;
/// Protocol error: a ZAP status other than 200, 300, 400, 500.
pub const ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE: c_int = 0x2000_0004;
/// Protocol error: metadata of a ZAP reply that does not parse.
pub const ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA: c_int = 0x2000_0005;
/// Protocol error: the peer broke WebSocket.
pub const ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED: c_int = 0x3000_0000;
/// Draft: how full the queues are; values: messages to send, messages received.
#[cfg(feature = "draft")]
pub const ZMQ_EVENT_PIPES_STATS: c_int = 0x1_0000;
/// Newest version of monitor events.
#[cfg(feature = "draft")]
pub const ZMQ_CURRENT_EVENT_VERSION: c_int = 1;
/// Newest draft version of monitor events.
#[cfg(feature = "draft")]
pub const ZMQ_CURRENT_EVENT_VERSION_DRAFT: c_int = 2;
/// All events of version 1.
#[cfg(feature = "draft")]
pub const ZMQ_EVENT_ALL_V1: c_int = ZMQ_EVENT_ALL;
/// All events of version 2.
#[cfg(feature = "draft")]
pub const ZMQ_EVENT_ALL_V2: c_int = ZMQ_EVENT_ALL_V1 | ZMQ_EVENT_PIPES_STATS;
