//! What monitors hear of the end of a connection, but that it ended.
//!
//! Invariant: of a handshake that failed they hear once, with libzmq's numbers; a ZAP handler's
//! verdict they have heard when it came.

use super::connection::End;
use super::protocol::Protocol;
use crate::proto::{Failure, ProtocolError};
use crate::runtime::number;

/// The number of the event, and its value.
pub(super) fn obituary(protocol: &Protocol, end: &End) -> Option<(u64, u64)> {
    if let End::Protocol(Failure::Sealed(error)) = end {
        // COMPAT: long after the handshake, too.
        return Some((number::HANDSHAKE_FAILED_PROTOCOL, error.number().into()));
    }
    if !protocol.during_handshake() {
        return None;
    }
    let errno = match end {
        End::Protocol(Failure::Protocol(error)) => {
            return Some((number::HANDSHAKE_FAILED_PROTOCOL, error.number().into()));
        }
        End::Protocol(Failure::Auth(status)) => {
            return Some((number::HANDSHAKE_FAILED_AUTH, (*status).into()));
        }
        End::Protocol(Failure::Refused(_)) => return None,
        End::Protocol(Failure::Timeout(_)) => libc::ETIMEDOUT,
        End::Protocol(Failure::NotUpgraded) => {
            let number = ProtocolError::WsUnspecified.number();
            return Some((number::HANDSHAKE_FAILED_PROTOCOL, number.into()));
        }
        End::Protocol(Failure::Closed) => libc::EPIPE,
        End::Protocol(Failure::NoHandler) => libc::EFAULT,
        End::Protocol(_) => libc::EPROTO,
        End::Stream(errno) => errno.0,
        End::Memory => libc::ENOMEM,
    };
    Some((number::HANDSHAKE_FAILED_NO_DETAIL, errno as u64))
}
