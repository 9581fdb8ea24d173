//! From the stream to the pipe.
//!
//! Invariant: what is read is never lost while the connection stands: what the pipe refuses is kept in
//! `refused`, what is no whole frame yet in `left`, and the buffer of a full pipe in `held`, in that
//! order; and while any of it waits for room `undrained` is set.

use std::io;

use super::super::protocol::{Protocol, each};
use super::{Connection, Context, End, TURN};
use crate::errno::Errno;
use crate::msg::{Msg, RecvBuffer, SendBuffer};
use crate::proto::Event;
use crate::runtime::Pipe;

/// How much is read behind a large body: most likely another one begins, and what is read of it
/// into the common buffer must be copied.
const BEHIND_LARGE: usize = 8 * 1024;
/// Of large bodies that are opened first, so many octets are read before who waits for them is told.
const OPENED_AT_ONCE: usize = 128 * 1024;
/// Of what is left in the buffer so much is copied; the buffer of which more is left is kept.
const COPIED_LEFT: usize = 4 * 1024;
/// A peer that sends more than this before a ZAP handler has judged it is not heard further.
const EARLY: usize = 64 * 1024;

impl Connection {
    /// Reads until the stream is drained, the pipe is full or it has read so often (`true`).
    pub(super) fn read(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
        times: usize,
    ) -> Result<bool, End> {
        if !self.read_held(cx, pipe, buffer)? {
            return Ok(false);
        }
        buffer.append(&self.left).map_err(|_| End::Memory)?;
        self.left.clear();
        let result = self.read_all(cx, pipe, buffer, times);
        self.stash(pipe, buffer);
        result
    }

    /// Takes messages out of the buffer that was held. `false`: the pipe is full.
    fn read_held(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
    ) -> Result<bool, End> {
        let Some(mut held) = self.held.take() else {
            return Ok(true);
        };
        if !self.decode(cx, pipe, &mut held)? {
            self.flush(pipe);
            self.held = Some(held);
            return Ok(false);
        }
        self.left.extend_from_slice(held.unread());
        held.clear();
        if buffer.is_unused() {
            *buffer = *held;
        }
        Ok(true)
    }

    /// Shows the socket what came, and keeps what is left of the buffer.
    fn stash(&mut self, pipe: &mut Option<Pipe>, buffer: &mut RecvBuffer) {
        if let Some(pipe) = pipe {
            self.delivered |= pipe.is_unshown();
            // Who is told wants the session's lock at once, for the answer.
            pipe.flush_later();
        }
        if buffer.len() > COPIED_LEFT {
            self.held = Some(Box::new(buffer.take_over()));
            return;
        }
        self.left.extend_from_slice(buffer.unread());
        if self.left.is_empty() && self.left.capacity() > 4096 {
            self.left = Vec::new();
        }
        buffer.clear();
    }

    /// Reads what the peer said before nothing could be written to it any more; ends when that is
    /// all. While the pipe is full it waits.
    pub(super) fn read_rest(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
        errno: Errno,
    ) -> Result<bool, End> {
        self.out = SendBuffer::new();
        if !self.ready {
            return Err(End::Stream(errno));
        }
        self.ending = true;
        self.undrained = true;
        let more = self.read(cx, pipe, buffer, TURN)?;
        if !self.undrained {
            return Err(End::Stream(errno));
        }
        Ok(more)
    }

    fn read_all(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
        times: usize,
    ) -> Result<bool, End> {
        if !self.decode(cx, pipe, buffer)? {
            return Ok(false);
        }
        let mut unseen = 0;
        for _ in 0..times {
            let (count, room) = self.fill(buffer)?;
            if count == 0 {
                self.undrained = false;
                return Ok(false);
            }
            each!(&mut self.protocol, protocol => protocol.heard(self.now));
            if !self.decode(cx, pipe, buffer)? {
                return Ok(false);
            }
            unseen += count;
            if self.large && (unseen >= OPENED_AT_ONCE || self.is_plain()) {
                // Worth a wake-up of its own; more may take a while.
                self.flush(pipe);
                unseen = 0;
            }
            if count < room && !self.ending {
                // Less than there was room for: an edge will tell of more.
                self.undrained = false;
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn flush(&mut self, pipe: &mut Option<Pipe>) {
        if let Some(pipe) = pipe {
            self.delivered |= pipe.is_unshown();
            pipe.flush();
        }
    }

    /// Reads once: how much was read, and how much there was room for. Nothing now: (0, 0).
    fn fill(&mut self, buffer: &mut RecvBuffer) -> Result<(usize, usize), End> {
        loop {
            let body = each!(&mut self.protocol, protocol => protocol.body_room());
            let direct = body.is_some();
            let (size, result) = if let Some(room) = body {
                let room = room.limit(self.batches.0);
                (room.len(), self.stream.read_body(room))
            } else {
                let room = buffer.room().map_err(|_| End::Memory)?;
                let most = if self.large { BEHIND_LARGE } else { usize::MAX };
                let size = room.len().min(most).min(self.batches.0);
                (size, self.stream.read(&mut room[..size]))
            };
            match result {
                // COMPAT: as libzmq has it in its events.
                Ok(0) => return Err(End::Stream(Errno::EPIPE)),
                Ok(count) => {
                    self.large = direct;
                    if direct {
                        each!(&mut self.protocol, protocol => {
                            protocol.body_filled(count);
                        });
                    } else {
                        buffer.filled(count);
                    }
                    return Ok((count, size));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok((0, 0)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(End::Stream(error.into())),
            }
        }
    }

    /// Takes messages out of what was received. `false`: the pipe is full, do not go on.
    fn decode(
        &mut self,
        cx: &Context<'_>,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
    ) -> Result<bool, End> {
        if let Some(msg) = self.refused.take()
            && !self.deliver(pipe, msg)?
        {
            return Ok(false);
        }
        if self.ready && pipe.is_none() {
            // Nobody listens any more: only the end of the stream is of interest.
            buffer.clear();
            return Ok(true);
        }
        loop {
            if !self.decode_short(pipe, buffer)? {
                return Ok(false);
            }
            let (out, now) = (&mut self.out, self.now);
            let event = each!(&mut self.protocol, protocol => protocol.decode(buffer, out, now))
                .map_err(End::Protocol)?;
            match event {
                Some(Event::Message(msg)) => {
                    if !self.deliver(pipe, msg)? {
                        return Ok(false);
                    }
                }
                Some(event) => self.proceed(cx, pipe, event)?,
                None => break,
            }
        }
        if (self.inquiry.is_some() || self.errand.is_some()) && buffer.len() > EARLY {
            return Ok(false);
        }
        Ok(true)
    }

    /// Takes out short parts, of which there may be very many, without the detour by events.
    fn decode_short(
        &mut self,
        pipe: &mut Option<Pipe>,
        buffer: &mut RecvBuffer,
    ) -> Result<bool, End> {
        let (Protocol::Zmtp(zmtp), Some(end)) = (&self.protocol, pipe.as_mut()) else {
            return Ok(true);
        };
        loop {
            while let Some((octets, len)) = zmtp.peek_short(buffer)
                && end.put_short(octets, len)
            {
                buffer.advance(2 + len);
            }
            let longer = zmtp.peek_len(buffer).filter(|_| end.takes_straight());
            if let Some(piece) = longer.and_then(|len| buffer.take_piece(2, len)) {
                match end.put_piece(piece) {
                    Ok(()) => continue,
                    Err(piece) => return self.deliver(pipe, Msg::of(piece, 0)),
                }
            }
            // Of another kind, or the pipe is to look for room first: then the next are not.
            let Some(mut msg) = zmtp.decode_short(buffer) else {
                return Ok(true);
            };
            if !end.put(&mut msg) {
                return self.deliver(pipe, msg);
            }
        }
    }

    /// Puts a part into the pipe; `false` if it is full and the part was kept.
    fn deliver(&mut self, pipe: &mut Option<Pipe>, msg: Msg) -> Result<bool, End> {
        let Some(pipe) = pipe else { return Ok(true) };
        match pipe.write(msg) {
            Ok(()) => Ok(true),
            Err(rejected) if pipe.is_abandoned() => {
                drop(rejected);
                Ok(true)
            }
            // Only the first part of a message finds a pipe full.
            Err(_) if pipe.is_mid_write() => Err(End::Memory),
            Err(rejected) => {
                self.refused = Some(rejected.0);
                Ok(false)
            }
        }
    }
}
