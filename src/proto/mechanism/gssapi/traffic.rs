//! MESSAGE: what is sealed once a context stands.
//!
//! ```text
//!  octet   0         8       12
//!          7 MESSAGE length  token     made by the library of flags and body
//! ```
//!
//! Invariant: the library counts the tokens; one that comes twice or out of its order does not open.

use libgssapi::context::{ClientCtx, SecurityContext, ServerCtx};
use libgssapi::error::Error;
use libgssapi::util::Buf;

use super::{Length, counted};
use crate::msg::{Msg, SendBuffer, flag};
use crate::proto::mechanism::seal::{COMMAND, MORE, NAME};
use crate::proto::{Failure, ProtocolError, frame};

/// What a side ends its handshake with.
enum Context {
    Client(ClientCtx),
    Server(ServerCtx),
}

impl Context {
    fn wrap(&mut self, clear: &[u8]) -> Result<Buf, Error> {
        match self {
            Context::Client(context) => context.wrap(true, clear),
            Context::Server(context) => context.wrap(true, clear),
        }
    }

    fn unwrap(&mut self, token: &[u8]) -> Result<Buf, Error> {
        match self {
            Context::Client(context) => context.unwrap(token),
            Context::Server(context) => context.unwrap(token),
        }
    }
}

/// An open conversation's context.
pub(in crate::proto) struct Traffic(Context);

impl Traffic {
    /// More than any mechanism adds to a body. Kerberos adds some sixty octets and the head.
    pub(in crate::proto) const MOST_ADDED: usize = 1024;

    pub(super) fn of_client(context: ClientCtx) -> Traffic {
        Traffic(Context::Client(context))
    }

    pub(super) fn of_server(context: ServerCtx) -> Traffic {
        Traffic(Context::Server(context))
    }

    /// Adds a frame, of these flags of its own and with these inside, of a body in pieces.
    fn seal(
        &mut self,
        outside: u8,
        inside: u8,
        pieces: &[&[u8]],
        out: &mut SendBuffer,
    ) -> Result<(), Failure> {
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        let mut clear = Vec::new();
        clear
            .try_reserve_exact(1 + len)
            .map_err(|_| Failure::NoMemory)?;
        clear.push(inside);
        pieces
            .iter()
            .for_each(|piece| clear.extend_from_slice(piece));
        // A context may have come of age. The next one is made with a new ticket.
        let token = self.0.wrap(&clear).map_err(|_| Failure::NoCredentials)?;
        let length = u32::try_from(token.len()).map_err(|_| Failure::TooLarge)?;
        let len = NAME.len() + size_of::<Length>() + token.len();
        frame::put_header(outside, len, out);
        out.extend(NAME);
        out.extend(&length.to_be_bytes());
        out.extend(&token);
        Ok(())
    }

    /// Adds the command that ends a handshake, in a frame of a command.
    pub(super) fn seal_ready(
        &mut self,
        pieces: &[&[u8]],
        out: &mut SendBuffer,
    ) -> Result<(), Failure> {
        self.seal(frame::COMMAND, COMMAND, pieces, out)
    }

    /// Adds a frame with a command: its name and load, in pieces.
    pub(in crate::proto) fn seal_command(
        &mut self,
        pieces: &[&[u8]],
        out: &mut SendBuffer,
    ) -> Result<(), Failure> {
        self.seal(0, COMMAND, pieces, out)
    }

    /// Adds a frame with a message part.
    pub(in crate::proto) fn seal_part(
        &mut self,
        msg: &Msg,
        out: &mut SendBuffer,
    ) -> Result<(), Failure> {
        const _: () = assert!(MORE == flag::MORE);
        self.seal(0, msg.flags() & MORE, &[msg.data()], out)
    }

    /// Opens the body of a frame: returns its flags, as frames have them, and where in it what is
    /// clear begins now; it ends where the body ends.
    pub(in crate::proto) fn open(&mut self, body: &mut [u8]) -> Result<(u8, usize), ProtocolError> {
        const MALFORMED: ProtocolError = ProtocolError::MalformedCommandMessage;
        let load = body
            .strip_prefix(NAME)
            .ok_or(ProtocolError::UnexpectedCommand)?;
        let token = counted(load).ok_or(MALFORMED)?;
        let opened = self.0.unwrap(token);
        let opened = opened.map_err(|_| ProtocolError::Cryptographic)?;
        let (&flags, clear) = opened.split_first().ok_or(MALFORMED)?;
        let at = body.len().checked_sub(clear.len()).ok_or(MALFORMED)?;
        body[at..].copy_from_slice(clear);
        let flags = match flags {
            flags if flags & COMMAND != 0 => frame::COMMAND,
            flags => flags & MORE,
        };
        Ok((flags, at))
    }
}
