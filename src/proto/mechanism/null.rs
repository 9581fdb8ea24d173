//! NULL (`ZMTP 3.1, 3`): both sides say READY, at once and in any order; where a ZAP domain is set,
//! not before its handler has agreed.
//!
//! Invariant: our READY is out before the peer's is looked at, so the peer's ends the handshake.

use super::{Cipher, Handshake as Any, Progress, introduce, refusal};
use crate::msg::SendBuffer;
use crate::proto::command::{self, Command};
use crate::proto::zap::Credentials;
use crate::proto::{Config, Failure, ProtocolError, property};

/// READY was sent, or waits for a handler.
pub(in crate::proto) struct Handshake;

impl Handshake {
    pub(super) fn start(config: &Config, out: &mut SendBuffer) -> Progress {
        if config.asks {
            let credentials = Credentials {
                mechanism: "NULL",
                values: Vec::new(),
            };
            return Progress::Ask(Any::Null(Handshake), credentials);
        }
        Handshake.admit(config, out)
    }

    pub(super) fn admit(self, config: &Config, out: &mut SendBuffer) -> Progress {
        command::put(b"READY", &[&property::announce(config)], out);
        Progress::Wait(Any::Null(self))
    }

    pub(super) fn handle(self, body: &[u8], config: &Config) -> Result<Progress, Failure> {
        match command::parse(body)? {
            Command::Ready(properties) => Ok(Progress::Done {
                peer: introduce(properties, config)?,
                cipher: Cipher::None,
            }),
            Command::Error(reason) => Err(refusal(reason)),
            _ => Err(ProtocolError::UnexpectedCommand.into()),
        }
    }
}
