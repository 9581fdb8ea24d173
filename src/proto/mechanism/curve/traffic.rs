//! MESSAGE: what is sealed after the handshake.
//!
//! ```text
//!  octet   0         8        16     32      33
//!          7 MESSAGE counter  tag    flags   body        flags and body are sealed
//! ```
//!
//! Invariant: counters only grow, each way. A box with a counter that is not larger than all
//! before it, or that does not open, ends the conversation and moves nothing.

use super::secretbox::{BoxKey, Lane, TAG};
use crate::errno::Errno;
use crate::msg::{Msg, SendBuffer, flag};
use crate::proto::mechanism::seal::{COMMAND, MORE, NAME};
use crate::proto::{ProtocolError, frame};

/// Where the tag and the flags stand.
const TAG_AT: usize = 16;
const FLAGS_AT: usize = TAG_AT + TAG;

/// Bodies from this size on are sealed outside of the buffer, and written from where they are.
const OWN_MEMORY_FROM: usize = 4 * 1024;

/// The keys and counters of an open conversation.
pub(in crate::proto) struct Traffic {
    outgoing: Lane,
    incoming: Lane,
    /// The counter used last.
    sent: u64,
    /// The peer's counter seen last.
    heard: u64,
}

impl Traffic {
    /// What is in front of a body.
    pub(in crate::proto) const OVERHEAD: usize = FLAGS_AT + 1;

    /// For a client; `heard` is the counter of READY.
    pub(super) fn of_client(key: &BoxKey, heard: u64) -> Traffic {
        Traffic {
            outgoing: key.lane(b"CurveZMQMESSAGEC"),
            incoming: key.lane(b"CurveZMQMESSAGES"),
            sent: 2,
            heard,
        }
    }

    /// For a server; `heard` is the counter of INITIATE.
    pub(super) fn of_server(key: &BoxKey, heard: u64) -> Traffic {
        Traffic {
            outgoing: key.lane(b"CurveZMQMESSAGES"),
            incoming: key.lane(b"CurveZMQMESSAGEC"),
            sent: 1,
            heard,
        }
    }

    /// The counter of the next box, and what stands in front of its tag.
    fn next(&mut self) -> (u64, [u8; Traffic::OVERHEAD]) {
        // At a thousand million boxes a second this takes five hundred years to come round.
        self.sent = self.sent.wrapping_add(1);
        let count = self.sent;
        let mut head = [0; Traffic::OVERHEAD];
        head[..8].copy_from_slice(NAME);
        head[8..TAG_AT].copy_from_slice(&count.to_be_bytes());
        (count, head)
    }

    /// Adds a frame with a command, or with a data part, in pieces.
    // COMPAT: RFC 26 calls MESSAGE a command; libzmq sends it as a data frame, and so do we. Both
    // are understood.
    fn seal(&mut self, flags: u8, pieces: &[&[u8]], out: &mut SendBuffer) {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        let (count, mut head) = self.next();
        head[FLAGS_AT] = flags;
        frame::put_header(0, head.len() + len, out);
        out.extend(&head);
        pieces.iter().for_each(|piece| out.extend(piece));
        if let Some((tag, sealed)) = out.tail_mut(TAG + 1 + len).split_first_chunk_mut() {
            *tag = self.outgoing.seal(count, sealed);
        }
    }

    /// Adds a frame with a command: its name and load, in pieces.
    pub(in crate::proto) fn seal_command(&mut self, pieces: &[&[u8]], out: &mut SendBuffer) {
        self.seal(COMMAND, pieces, out);
    }

    /// Adds a frame with a message part. `ENOMEM` without memory for a long one.
    #[inline]
    pub(in crate::proto) fn seal_part(
        &mut self,
        msg: Msg,
        out: &mut SendBuffer,
    ) -> Result<(), Errno> {
        const _: () = assert!(MORE == flag::MORE);
        if msg.len() < OWN_MEMORY_FROM {
            self.seal(msg.flags() & MORE, &[msg.data()], out);
            return Ok(());
        }
        self.seal_long(msg, out)
    }

    /// The same, for bodies that are written from where they are: sealed there if nobody else sees
    /// them.
    fn seal_long(&mut self, mut msg: Msg, out: &mut SendBuffer) -> Result<(), Errno> {
        let (count, mut head) = self.next();
        let mut flags = msg.flags() & MORE;
        let (lane, apart) = (&mut self.outgoing, msg.data_mut());
        let apart = apart.and_then(|body| lane.seal_apart(count, &mut flags, body));
        let (tag, body) = if let Some(tag) = apart {
            (tag, msg)
        } else {
            let mut sealed = Msg::with_size(1 + msg.len())?;
            let inside = sealed.data_mut().ok_or(Errno::ENOMEM)?;
            inside[0] = flags;
            inside[1..].copy_from_slice(msg.data());
            let tag = lane.seal(count, inside);
            flags = inside[0];
            sealed.trim_front(1);
            (tag, sealed)
        };
        head[TAG_AT..FLAGS_AT].copy_from_slice(&tag);
        head[FLAGS_AT] = flags;
        frame::put_header(0, head.len() + body.len(), out);
        out.extend(&head);
        out.push_body(body);
        Ok(())
    }

    /// Opens the body of a frame where it is. What is behind [`OVERHEAD`](Traffic::OVERHEAD) is
    /// then clear; returned are its flags, as frames have them.
    #[inline]
    pub(in crate::proto) fn open(&mut self, body: &mut [u8]) -> Result<u8, ProtocolError> {
        if body.first_chunk() != Some(NAME) {
            return Err(ProtocolError::UnexpectedCommand);
        }
        let Some((head, sealed @ [_, ..])) = body.split_first_chunk_mut::<FLAGS_AT>() else {
            return Err(ProtocolError::MalformedCommandMessage);
        };
        let (mut count, mut tag) = ([0; 8], [0; TAG]);
        count.copy_from_slice(&head[8..TAG_AT]);
        tag.copy_from_slice(&head[TAG_AT..]);
        let heard = u64::from_be_bytes(count);
        if heard <= self.heard {
            return Err(ProtocolError::InvalidSequence);
        }
        if !self.incoming.open(heard, sealed, &tag) {
            return Err(ProtocolError::Cryptographic);
        }
        self.heard = heard;
        Ok(match sealed[0] {
            flags if flags & COMMAND != 0 => frame::COMMAND,
            flags => flags & MORE,
        })
    }
}
