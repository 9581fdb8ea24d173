//! From the pipe into the buffer that is written from.
//!
//! Invariant: parts are encoded in the order in which the pipe has them, as many as one write takes.

use super::super::protocol::{Protocol, each};
use super::{COPIED, Connection};
use crate::msg::{Msg, Spent};
use crate::proto::Zmtp;
use crate::runtime::Pipe;

/// Bodies in blocks that are kept, in octets.
const HEAVY: usize = 128 * 1024;
/// After so many octets of them their writer hears of room.
const STEP: u32 = 4 * 1024 * 1024;

impl Connection {
    /// Encodes what waits in the pipe.
    pub(super) fn encode_all(&mut self, pipe: &mut Pipe) {
        let portioned = self.portions.is_on();
        self.encode_short(pipe);
        while self.has_room() {
            let next = if portioned {
                pipe.take_unasked()
            } else {
                pipe.take_part()
            };
            let Some(msg) = next else { break };
            self.taken += 1;
            self.count_heavy(msg.len(), pipe);
            self.encode(msg);
            self.encode_short(pipe);
        }
    }

    /// A writer that waits until half the mark is gone would find none of the blocks again that its
    /// large bodies lay in: few are kept.
    fn count_heavy(&mut self, octets: usize, pipe: &mut Pipe) {
        if octets < HEAVY {
            return;
        }
        self.heavy = self
            .heavy
            .saturating_add(u32::try_from(octets).unwrap_or(u32::MAX));
        if self.heavy >= STEP {
            self.heavy = 0;
            pipe.acknowledge_early();
        }
    }

    /// Whether there is room for more in the next write.
    pub(super) fn has_room(&self) -> bool {
        self.out.len() < self.batches.1 && self.out.copied() < COPIED
    }

    /// Encodes short parts, of which there may be very many, from where they are.
    fn encode_short(&mut self, pipe: &mut Pipe) {
        let Protocol::Zmtp(zmtp) = &self.protocol else {
            return;
        };
        if !zmtp.is_bare() {
            return;
        }
        let room = self.batches.1.min(COPIED);
        let out = &mut self.out;
        let mut spent = Spent::new();
        // What is copied is part of what is there, so one look will do.
        while out.len() < room {
            if pipe.take_short(&mut spent, |msg| Zmtp::encode_short(msg, out)) {
                self.taken += 1;
                continue;
            }
            // What a publisher encoded for many.
            let count = pipe.take_run(|octets| out.extend(octets));
            if count == 0 {
                break;
            }
            self.taken += count as usize;
        }
    }

    pub(super) fn encode(&mut self, msg: Msg) {
        let out = &mut self.out;
        each!(&mut self.protocol, protocol => protocol.encode(msg, out));
    }
}
