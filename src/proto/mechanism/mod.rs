//! Mechanisms: how peers of ZMTP 3 prove who they are. One file each.
//!
//! ```text
//!  start ──► Handshake ──handle──► Progress::Wait(Handshake)
//!                          │
//!                          └─────► Progress::Done { properties, cipher }
//! ```
//!
//! Invariant: a handshake is consumed by each command it is handed, so that none can be handled
//! twice; what it becomes in the end says how traffic is to be read.

mod null;

use super::{Config, Failure};
use crate::msg::SendBuffer;
use crate::proto::property::Property;

/// The mechanism that a socket was told to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// No proof at all (`ZMTP 3.1, 3`).
    Null,
}

impl Mechanism {
    /// The size of a mechanism's name in the greeting.
    pub const NAME: usize = 20;

    /// The name as the greeting carries it, filled up with zeros.
    pub(super) fn name(&self) -> [u8; Mechanism::NAME] {
        let name: &[u8] = match self {
            Mechanism::Null => b"NULL",
        };
        let mut padded = [0; Mechanism::NAME];
        padded[..name.len()].copy_from_slice(name);
        padded
    }
}

/// A handshake under way.
pub(super) enum Handshake {
    /// NULL.
    Null(null::Handshake),
}

/// What traffic looks like after the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    /// Frames are what they seem.
    None,
}

/// What a command did to a handshake.
pub(super) enum Progress {
    /// It goes on.
    #[expect(dead_code, reason = "NULL is over with the first command")]
    Wait(Handshake),
    /// It is over.
    Done {
        /// What the peer announced.
        properties: Vec<Property>,
        /// How to read and write from here on.
        cipher: Cipher,
    },
}

impl Handshake {
    /// Begins, with whatever our side has to say first.
    pub(super) fn start(config: &Config, out: &mut SendBuffer) -> Handshake {
        match config.mechanism {
            Mechanism::Null => Handshake::Null(null::Handshake::start(config, out)),
        }
    }

    /// Handles the body of a command.
    pub(super) fn handle(self, body: &[u8]) -> Result<Progress, Failure> {
        match self {
            Handshake::Null(handshake) => handshake.handle(body),
        }
    }
}
