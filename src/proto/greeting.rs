//! The greeting: finding out which version the peer speaks, before either side has said much.
//!
//! ```text
//!  octet   0  1..9             9   10     11     12..32     32         33..64
//!         FF  routing id + 1   7F  major  minor  mechanism  as-server  filler     ZMTP 3
//!         FF  routing id + 1   7F  1      type                                    ZMTP 2.0
//!         FF  routing id + 1   7F  routing id …                                   ZMTP 1.0
//! ```
//!
//! Invariant: nothing is sent that a peer of a version not yet excluded would misread. The first
//! ten octets are at once the head of a ZMTP 1.0 frame with our routing id, and a signature.

use super::{Config, Mechanism};
use crate::msg::SendBuffer;

/// The size of the signature.
const SIGNATURE: usize = 10;
/// The size of a greeting of ZMTP 2.0.
pub(super) const V2_SIZE: usize = 12;
/// The size of a greeting of ZMTP 3.
pub(super) const V3_SIZE: usize = 64;

/// How much of our greeting was sent.
pub(super) enum Greeting {
    /// The signature.
    Signature,
    /// The signature and our major version.
    Major,
    /// All of it.
    Whole,
}

/// What the peer's greeting says so far.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Not enough yet.
    More,
    /// ZMTP 1.0. No octet of what came is a greeting.
    Unversioned,
    /// A greeting of [`V2_SIZE`] octets: revision 0 speaks in frames of ZMTP 1.0, revision 1 is
    /// ZMTP 2.0.
    Legacy { revision: u8, socket_code: u8 },
    /// A greeting of [`V3_SIZE`] octets.
    V3 {
        minor: u8,
        mechanism: [u8; Mechanism::NAME],
    },
}

impl Greeting {
    /// Starts a conversation.
    pub(super) fn start(config: &Config, out: &mut SendBuffer) -> Greeting {
        let mut signature = [0xFF; SIGNATURE];
        signature[1..9].copy_from_slice(&(config.routing_id.len() as u64 + 1).to_be_bytes());
        signature[9] = 0x7F;
        out.extend(&signature);
        Greeting::Signature
    }

    /// Looks at all that came so far, consuming nothing, and sends what may be sent by now.
    pub(super) fn advance(
        &mut self,
        received: &[u8],
        config: &Config,
        out: &mut SendBuffer,
    ) -> Step {
        match received {
            [] => return Step::More,
            [0xFF, ..] if received.len() < SIGNATURE => return Step::More,
            // The tenth octet of ZMTP 1.0 is the flags of a frame that is the last of its message.
            [0xFF, ..] if received[SIGNATURE - 1] & 1 == 1 => {}
            _ => return Step::Unversioned,
        }
        if let Greeting::Signature = self {
            out.extend(&[3]);
            *self = Greeting::Major;
        }
        let Some(&major) = received.get(SIGNATURE) else {
            return Step::More;
        };
        let legacy = major <= 1;
        if let Greeting::Major = self {
            if legacy {
                out.extend(&[config.socket_code]);
            } else {
                let mut rest = [0; V3_SIZE - SIGNATURE - 1];
                rest[0] = 1;
                rest[1..=Mechanism::NAME].copy_from_slice(&config.mechanism.name());
                // COMPAT: as-server stays 0 for all mechanisms, as libzmq sends it.
                out.extend(&rest);
            }
            *self = Greeting::Whole;
        }
        if legacy {
            return match received.get(V2_SIZE - 1) {
                None => Step::More,
                Some(&socket_code) => Step::Legacy {
                    revision: major,
                    socket_code,
                },
            };
        }
        match received[V2_SIZE.min(received.len())..].first_chunk() {
            Some(mechanism) if received.len() >= V3_SIZE => Step::V3 {
                // ZMTP 3.1, 2.2: versions above ours are answered with ours.
                // COMPAT: major version 2, which nobody defined, counts as one of them.
                minor: if major == 3 { received[11].min(1) } else { 1 },
                mechanism: *mechanism,
            },
            _ => Step::More,
        }
    }
}

/// The socket type that ZMTP 2.0 numbers so. RFC 15 ends with PUSH; libzmq goes on.
pub(super) fn socket_type(code: u8) -> Option<&'static str> {
    const NAMES: [&str; 11] = [
        "PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB",
    ];
    NAMES.get(code as usize).copied()
}
