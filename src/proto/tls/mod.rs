//! WebSocket in TLS (RFC 8446, RFC 5246): one conversation with one peer.
//!
//! ```text
//!  stream ──► records ──opened──► Ws ──► events
//!  stream ◄── records ◄──sealed── Ws ◄── messages
//! ```
//!
//! TLS itself is rustls, which does no I/O either; the [`Ws`] in it never learns of it. (The time of
//! day, by which certificates expire, and random numbers rustls gets itself.)
//!
//! Invariant: no octet of the [`Ws`] leaves before the handshake of TLS is over, and none that was
//! not authentic reaches it.

mod credentials;
mod verifier;

use std::io::{self, BufRead, Read, Write};
use std::time::Instant;

use rustls::{ClientConnection, Connection, ServerConnection};

use super::ws::Side;
use super::zap::Status;
use super::{Config, Done, Event, Failure, Ws};
use crate::msg::{Msg, RecvBuffer, Room, SendBuffer};

pub use credentials::{Credentials, system_trust};

/// Messages are gathered up to this, a few records, before they are sealed.
const RECORD: usize = 16 * 1024;
/// No more is sealed while this much waits to be written.
const AHEAD: usize = 128 * 1024;
/// What was opened goes through so much room: a record, and the beginning of a message before it.
const OPENED: usize = 32 * 1024;

/// A conversation over WebSocket over TLS. The same verbs as [`Zmtp`](super::Zmtp), and the same
/// contract, but that what is encoded leaves with [`settle`](Tls::settle) at the latest.
pub struct Tls {
    /// Without one the conversation has failed.
    tls: Option<Box<Connection>>,
    ws: Ws,
    /// What the peer said, as far as it was opened.
    opened: RecvBuffer,
    /// What the Ws says, and was not sealed yet.
    said: SendBuffer,
    failed: Option<Failure>,
    /// It failed where no failure could be told.
    untold: bool,
    since: Instant,
}

/// A stream that ends in a buffer.
struct Sink<'a>(&'a mut SendBuffer);

impl Write for Sink<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.extend(octets);
        Ok(octets.len())
    }

    fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().for_each(|piece| self.0.extend(piece));
        Ok(pieces.iter().map(|piece| piece.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tls {
    /// A conversation that begins now: a client's with its greeting.
    pub fn new(
        credentials: &Credentials,
        config: Config,
        side: &Side,
        now: Instant,
        out: &mut SendBuffer,
    ) -> Tls {
        let connection = match credentials {
            Credentials::Server(config) => {
                ServerConnection::new(config.clone()).map(Connection::from)
            }
            Credentials::Client { config, name } => {
                ClientConnection::new(config.clone(), name.clone()).map(Connection::from)
            }
        };
        let mut said = SendBuffer::new();
        let mut tls = Tls {
            // It fails without random numbers.
            failed: connection.is_err().then_some(Failure::NoMemory),
            untold: connection.is_err(),
            tls: connection.ok().map(Box::new),
            ws: Ws::new(config, side, now, &mut said),
            opened: RecvBuffer::new(OPENED),
            said,
            since: now,
        };
        tls.settle(out);
        tls
    }

    /// As [`Zmtp::decode`](super::Zmtp::decode).
    pub fn decode(
        &mut self,
        input: &mut RecvBuffer,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        let result = self.advance(input, out, now);
        if self.opened.is_empty() {
            // An idle connection owns no buffers.
            self.opened = RecvBuffer::new(OPENED);
        }
        self.told(result, out)
    }

    fn advance(
        &mut self,
        input: &mut RecvBuffer,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        if let Some(failure) = &self.failed {
            return Err(failure.clone());
        }
        loop {
            let event = self.ws.decode(&mut self.opened, &mut self.said, now)?;
            if event.is_some() || self.ws.is_asking() || !self.open(input, out)? {
                return Ok(event);
            }
        }
    }

    /// As [`Zmtp::encode`](super::Zmtp::encode).
    pub fn encode(&mut self, msg: Msg, out: &mut SendBuffer) {
        self.ws.encode(msg, &mut self.said);
        if self.said.len() >= RECORD {
            self.settle(out);
        }
    }

    /// Seals what was encoded; while much waits in `out` only a part of it.
    pub fn settle(&mut self, out: &mut SendBuffer) {
        let Some(tls) = &mut self.tls else {
            self.said = SendBuffer::new();
            return;
        };
        flush(tls, out);
        if tls.is_handshaking() {
            return;
        }
        while !self.said.is_empty() && out.len() < AHEAD {
            let sealed = (self.said).write_with(|pieces| tls.writer().write_vectored(pieces));
            flush(tls, out);
            if !sealed.is_ok_and(|count| count > 0) {
                return;
            }
        }
    }

    /// How much was encoded and waits to be sealed.
    pub fn unsealed(&self) -> usize {
        self.said.len()
    }

    /// As [`Zmtp::answered`](super::Zmtp::answered).
    pub fn answered(
        &mut self,
        status: Status,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        let result = self.ws.answered(status, &mut self.said, now);
        self.told(result, out)
    }

    /// As [`Zmtp::worked`](super::Zmtp::worked).
    pub fn worked(
        &mut self,
        done: Done,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        let result = self.ws.worked(done, &mut self.said, now);
        self.told(result, out)
    }

    /// As [`Zmtp::is_asking`](super::Zmtp::is_asking).
    pub fn is_asking(&self) -> bool {
        self.ws.is_asking()
    }

    /// As [`Zmtp::is_denied`](super::Zmtp::is_denied).
    pub fn is_denied(&self) -> bool {
        self.ws.is_denied()
    }

    /// As [`Zmtp::is_ready`](super::Zmtp::is_ready).
    pub fn is_ready(&self) -> bool {
        self.failed.is_none() && self.ws.is_ready()
    }

    /// As [`Zmtp::during_handshake`](super::Zmtp::during_handshake); TLS is a part of it.
    pub fn during_handshake(&self) -> bool {
        self.ws.during_handshake()
    }

    /// As [`Zmtp::body_room`](super::Zmtp::body_room): nothing comes as it is.
    pub fn body_room(&mut self) -> Option<Room<'_>> {
        None
    }

    /// As [`Zmtp::body_filled`](super::Zmtp::body_filled).
    pub fn body_filled(&mut self, _count: usize) {}

    /// As [`Zmtp::heard`](super::Zmtp::heard).
    pub fn heard(&mut self, now: Instant) {
        self.ws.heard(now);
    }

    /// As [`Zmtp::deadline`](super::Zmtp::deadline).
    pub fn deadline(&self) -> Option<Instant> {
        match self.failed {
            Some(_) => self.untold.then_some(self.since),
            None => self.ws.deadline(),
        }
    }

    /// As [`Zmtp::handle_timeout`](super::Zmtp::handle_timeout).
    pub fn handle_timeout(&mut self, now: Instant, out: &mut SendBuffer) -> Result<(), Failure> {
        let result = match &self.failed {
            Some(failure) => Err(failure.clone()),
            None => self.ws.handle_timeout(now, &mut self.said),
        };
        self.told(result, out)
    }

    /// As [`Ws::goodbye`].
    pub fn goodbye(&mut self, out: &mut SendBuffer) {
        self.ws.goodbye(&mut self.said);
        self.hang_up(Failure::Closed, out);
    }

    // ---- failing ----------------------------------------------------------------------------

    fn told<T>(&mut self, result: Result<T, Failure>, out: &mut SendBuffer) -> Result<T, Failure> {
        match &result {
            Ok(_) => self.settle(out),
            Err(failure) => {
                self.hang_up(failure.clone(), out);
                self.untold = false;
            }
        }
        result
    }

    /// Says what is left to be said, and that this is all.
    fn hang_up(&mut self, failure: Failure, out: &mut SendBuffer) {
        self.settle(out);
        if let Some(mut tls) = self.tls.take() {
            // Who is told of a mistake needs no goodbye, and the handshake ends with an alert.
            if failure != Failure::Tls && !tls.is_handshaking() {
                tls.send_close_notify();
            }
            flush(&mut tls, out);
        }
        self.said = SendBuffer::new();
        self.opened = RecvBuffer::new(0);
        self.failed.get_or_insert(failure);
    }

    // ---- from the peer ----------------------------------------------------------------------

    /// Hands the Ws something new; `false` if nothing new is whole.
    fn open(&mut self, input: &mut RecvBuffer, out: &mut SendBuffer) -> Result<bool, Failure> {
        loop {
            if self.hand_on()? {
                return Ok(true);
            }
            let Some(tls) = &mut self.tls else {
                return Err(Failure::Closed);
            };
            if input.is_empty() {
                return Ok(false);
            }
            let mut unread = input.unread();
            let taken = match tls.read_tls(&mut unread) {
                // The peer said before that this was all.
                Ok(0) => return Err(Failure::Closed),
                Ok(count) => count,
                Err(_) => return Err(Failure::Tls),
            };
            input.advance(taken);
            let state = tls.process_new_packets();
            // The next flight of the handshake, or what is wrong.
            self.settle(out);
            let state = state.map_err(|_| Failure::Tls)?;
            if state.peer_has_closed() && state.plaintext_bytes_to_read() == 0 {
                return Err(Failure::Closed);
            }
        }
    }

    /// Moves what was opened on to the Ws: into the body that it waits for, or in front of it.
    fn hand_on(&mut self) -> Result<bool, Failure> {
        let Some(tls) = &mut self.tls else {
            return Ok(false);
        };
        let mut reader = tls.reader();
        // What is in front of it must be taken out first.
        let body = self.opened.is_empty().then(|| self.ws.body_room());
        let count = match body.flatten() {
            Some(mut room) => {
                let count = reader.fill_buf().map_or(0, |opened| room.put(opened));
                reader.consume(count);
                if count > 0 {
                    self.ws.body_filled(count);
                }
                count
            }
            None => {
                let count = reader.read(self.opened.room()?).unwrap_or(0);
                self.opened.filled(count);
                count
            }
        };
        Ok(count > 0)
    }
}

/// Writes what TLS has to say.
fn flush(tls: &mut Connection, out: &mut SendBuffer) {
    // A buffer takes everything.
    while tls.wants_write() && tls.write_tls(&mut Sink(out)).is_ok_and(|count| count > 0) {}
}

#[cfg(test)]
mod tests;
