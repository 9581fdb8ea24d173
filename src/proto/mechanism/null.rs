//! NULL (`ZMTP 3.1, 3`): both sides say READY, at once and in any order.
//!
//! Invariant: our READY is out before the peer's is looked at, so the peer's ends the handshake.

use super::{Cipher, Progress};
use crate::msg::SendBuffer;
use crate::proto::command::{self, Command};
use crate::proto::{Config, Failure, ProtocolError, property};

/// READY was sent.
pub(in crate::proto) struct Handshake;

impl Handshake {
    pub(super) fn start(config: &Config, out: &mut SendBuffer) -> Handshake {
        command::put(b"READY", &[&property::announce(config)], out);
        Handshake
    }

    pub(super) fn handle(self, body: &[u8]) -> Result<Progress, Failure> {
        match command::parse(body)? {
            Command::Ready(properties) => Ok(Progress::Done {
                properties: property::parse(properties)?,
                cipher: Cipher::None,
            }),
            Command::Error(reason) => Err(match command::zap_status(reason) {
                Some(status) => Failure::Auth(status),
                None => Failure::Refused(reason.to_vec()),
            }),
            _ => Err(ProtocolError::UnexpectedCommand.into()),
        }
    }
}
