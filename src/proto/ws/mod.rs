//! ZMTP in WebSocket messages (RFC 45, ZWS 2.0, over RFC 6455): one conversation with one peer.
//!
//! ```text
//!  Upgrading ──HTTP──► Talking ──► Failed
//!
//!  stream ──► frames ──unmasked──► ZMTP frames ──► Zmtp ──► events
//!  stream ◄── frames ◄──masked──── ZMTP frames ◄── Zmtp ◄── messages
//! ```
//!
//! A WebSocket message is one ZMTP frame: an octet of flags, and the body. So everything but the
//! greeting, for which the upgrade stands, and the heartbeats, which are WebSocket's own, is left
//! to a [`Zmtp`] that never learns of the difference.
//!
//! Invariant: what comes out depends on the octets that came in and not on how they were cut into
//! pieces: at most one frame is on its way to the [`Zmtp`], which has looked at all before it.

mod deframer;
pub mod frame;
pub mod upgrade;

#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::time::Instant;

use self::deframer::{Deframer, Step};
use self::frame::{Mask, Opcode, code};
use self::upgrade::{Chosen, Client, Outcome};
use super::frame::{self as zmtp_frame, COMMAND, MORE};
use super::heartbeat::{BACKLOG, Timers};
use super::zap::Status;
use super::{Config, Done, Event, Failure, Heartbeat, ProtocolError, Timeout, Zmtp};
use crate::msg::{Msg, RecvBuffer, Room, SendBuffer, flag};

/// The flags of ZWS (RFC 45): the frame is the last of its message, or not, or a command.
const ZWS_LAST: u8 = 0;
const ZWS_MORE: u8 = 1;
const ZWS_COMMAND: u8 = 2;
/// Bodies from this size on are masked where they are, if nobody else sees them.
const MASKED_IN_PLACE: usize = 4 * 1024;

/// Which side of a connection we are.
#[derive(Clone, Debug)]
pub enum Side {
    /// We connected: to this host (with its port), and want this path there.
    Client {
        /// As it goes into the request: without white space and control characters.
        host: String,
        /// Begins with a slash, and may end with a query; as the host.
        path: String,
    },
    /// The peer connected.
    Server,
}

/// A conversation over WebSocket. The same verbs as [`Zmtp`], and the same contract.
pub struct Ws {
    phase: Phase,
    /// Our frames are masked, and the peer's must not be; or the other way round.
    is_client: bool,
    /// What the masks come from: unpredictable for those who do not know it (RFC 6455, 10.3).
    masks: RandomState,
    masks_used: u64,
    deframer: Deframer,
    /// What the Zmtp says, and was not framed yet.
    scratch: SendBuffer,
    heartbeat: Heartbeat,
    timers: Timers,
    /// When the conversation began.
    since: Instant,
    /// Upgrade and handshake are behind us.
    opened: bool,
    /// It failed where no failure could be told.
    untold: bool,
    /// What the peer is told of its last mistake.
    complaint: u16,
}

enum Phase {
    Upgrading(Box<Upgrading>),
    Talking(Box<Zmtp>),
    Failed(Box<Failure>),
}

struct Upgrading {
    config: Config,
    /// What the server has to say; `None` if we are the server.
    client: Option<Client>,
}

impl Ws {
    /// A conversation that begins now: a client's with its request.
    pub fn new(mut config: Config, side: &Side, now: Instant, out: &mut SendBuffer) -> Ws {
        let heartbeat = mem::take(&mut config.heartbeat);
        let max = config.max_msg_size.unwrap_or(u64::MAX);
        let client = match side {
            Side::Client { host, path } => {
                let (client, request) = Client::new(host, path, &config);
                out.extend(request.as_bytes());
                Some(client)
            }
            Side::Server => None,
        };
        let client_side = client.is_some();
        Ws {
            is_client: client_side,
            phase: Phase::Upgrading(Box::new(Upgrading { config, client })),
            masks: RandomState::new(),
            masks_used: 0,
            deframer: Deframer::new(client_side, max),
            scratch: SendBuffer::new(),
            heartbeat,
            timers: Timers::default(),
            since: now,
            opened: false,
            untold: false,
            complaint: code::PROTOCOL,
        }
    }

    /// As [`Zmtp::decode`].
    pub fn decode(
        &mut self,
        input: &mut RecvBuffer,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        if !input.is_empty() {
            self.heard(now);
        }
        let result = self.advance(input, out, now);
        self.told(result, out)
    }

    /// As [`Zmtp::encode`].
    pub fn encode(&mut self, mut msg: Msg, out: &mut SendBuffer) {
        let Phase::Talking(zmtp) = &mut self.phase else {
            return;
        };
        if !zmtp.is_bare() || msg.has(flag::COMMAND) {
            zmtp.encode(msg, &mut self.scratch);
            self.relay(out);
            return;
        }
        let flags = if msg.more() { ZWS_MORE } else { ZWS_LAST };
        let mut mask = self.put_head(flags, msg.len(), out);
        match &mut mask {
            Some(mask) if msg.len() < MASKED_IN_PLACE => {
                out.extend(msg.data());
                mask.apply(out.tail_mut(msg.len()));
            }
            Some(mask) => {
                if msg.data_mut().is_none() {
                    match copy(&msg) {
                        Ok(copied) => msg = copied,
                        Err(failure) => {
                            self.fail(&failure, None);
                            self.untold = true;
                            return;
                        }
                    }
                }
                if let Some(body) = msg.data_mut() {
                    mask.apply(body);
                }
                out.push_body(msg);
            }
            None => out.push_body(msg),
        }
    }

    /// As [`Zmtp::answered`].
    pub fn answered(
        &mut self,
        status: Status,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        let result = match &mut self.phase {
            Phase::Talking(zmtp) => zmtp.answered(status, &mut self.scratch, now),
            Phase::Upgrading(_) => Err(ProtocolError::ZapUnspecified.into()),
            Phase::Failed(failure) => Err((**failure).clone()),
        };
        self.relay(out);
        self.notice(&result, now);
        self.told(result, out)
    }

    /// As [`Zmtp::worked`].
    pub fn worked(
        &mut self,
        done: Done,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        let result = match &mut self.phase {
            Phase::Talking(zmtp) => zmtp.worked(done, &mut self.scratch, now),
            Phase::Upgrading(_) => Err(ProtocolError::Unspecified.into()),
            Phase::Failed(failure) => Err((**failure).clone()),
        };
        self.relay(out);
        self.notice(&result, now);
        self.told(result, out)
    }

    /// As [`Zmtp::is_asking`].
    pub fn is_asking(&self) -> bool {
        matches!(&self.phase, Phase::Talking(zmtp) if zmtp.is_asking())
    }

    /// As [`Zmtp::is_denied`].
    pub fn is_denied(&self) -> bool {
        match &self.phase {
            Phase::Upgrading(_) => false,
            Phase::Talking(zmtp) => zmtp.is_denied(),
            Phase::Failed(failure) => **failure == Failure::Denied,
        }
    }

    /// As [`Zmtp::is_ready`].
    pub fn is_ready(&self) -> bool {
        matches!(&self.phase, Phase::Talking(zmtp) if zmtp.is_ready())
    }

    /// As [`Zmtp::during_handshake`]; the upgrade is a part of it.
    pub fn during_handshake(&self) -> bool {
        !self.opened
    }

    /// As [`Zmtp::body_room`].
    pub fn body_room(&mut self) -> Option<Room<'_>> {
        match &mut self.phase {
            Phase::Talking(zmtp) => self.deframer.body_room(zmtp),
            _ => None,
        }
    }

    /// As [`Zmtp::body_filled`].
    pub fn body_filled(&mut self, count: usize) {
        if let Phase::Talking(zmtp) = &mut self.phase {
            self.deframer.body_filled(zmtp, count);
            self.timers.touch();
        }
    }

    /// As [`Zmtp::heard`].
    pub fn heard(&mut self, now: Instant) {
        if self.timers.listens() {
            self.timers.heard(now);
        }
        if let Phase::Talking(zmtp) = &mut self.phase {
            zmtp.heard(now);
        }
    }

    /// As [`Zmtp::deadline`].
    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Upgrading(upgrading) => (upgrading.config.handshake_timeout)
                .and_then(|timeout| self.since.checked_add(timeout)),
            Phase::Talking(zmtp) => [zmtp.deadline(), self.timers.deadline()]
                .into_iter()
                .flatten()
                .min(),
            Phase::Failed(_) => self.untold.then_some(self.since),
        }
    }

    /// As [`Zmtp::handle_timeout`].
    // COMPAT: heartbeats are WebSocket's pings, as libzmq sends them; they carry no TTL.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut SendBuffer) -> Result<(), Failure> {
        let result = self.check_time(now, out);
        self.told(result, out)
    }

    fn check_time(&mut self, now: Instant, out: &mut SendBuffer) -> Result<(), Failure> {
        let deadline = self.deadline();
        match &mut self.phase {
            Phase::Upgrading(_) if deadline.is_some_and(|deadline| deadline <= now) => {
                Err(Failure::Timeout(Timeout::Handshake))
            }
            Phase::Upgrading(_) => Ok(()),
            Phase::Talking(zmtp) => {
                let result = zmtp.handle_timeout(now, &mut self.scratch);
                self.relay(out);
                result?;
                if self.timers.due(now)? && out.len() < BACKLOG {
                    self.put_control(Opcode::Ping, b"", out);
                }
                Ok(())
            }
            Phase::Failed(failure) => Err((**failure).clone()),
        }
    }

    /// Ends the conversation from our side. Nothing can be said after it.
    pub fn goodbye(&mut self, out: &mut SendBuffer) {
        if let Phase::Talking(_) = self.phase {
            self.put_control(Opcode::Close, &code::NORMAL.to_be_bytes(), out);
            self.phase = Phase::Failed(Box::new(Failure::Closed));
        }
    }

    // ---- failing ----------------------------------------------------------------------------

    fn told<T>(&mut self, result: Result<T, Failure>, out: &mut SendBuffer) -> Result<T, Failure> {
        if let Err(failure) = &result {
            self.fail(failure, Some(out));
            self.untold = false;
        }
        result
    }

    /// Fails, if that did not happen yet, and tells the peer why.
    fn fail(&mut self, failure: &Failure, out: Option<&mut SendBuffer>) {
        let reason = match failure {
            Failure::Protocol(_) | Failure::Sealed(_) => Some(self.complaint),
            Failure::TooLarge => Some(code::TOO_LARGE),
            Failure::Denied | Failure::NoHandler => Some(code::POLICY),
            _ => None,
        };
        if let (Phase::Talking(_), Some(reason), Some(out)) = (&self.phase, reason, out) {
            self.put_control(Opcode::Close, &reason.to_be_bytes(), out);
        }
        if !matches!(self.phase, Phase::Failed(_)) {
            self.phase = Phase::Failed(Box::new(failure.clone()));
        }
        self.deframer.forget();
    }

    // ---- from the peer ----------------------------------------------------------------------

    fn advance(
        &mut self,
        input: &mut RecvBuffer,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        loop {
            let zmtp = match &mut self.phase {
                Phase::Upgrading(_) => {
                    if self.upgrade(input, out)? {
                        continue;
                    }
                    return Ok(None);
                }
                Phase::Talking(zmtp) => zmtp,
                Phase::Failed(failure) => return Err((**failure).clone()),
            };
            let result = zmtp.decode(self.deframer.frames(), &mut self.scratch, now);
            let is_asking = zmtp.is_asking();
            self.relay(out);
            self.notice(&result, now);
            if let Some(event) = result? {
                return Ok(Some(event));
            }
            let Phase::Talking(zmtp) = &mut self.phase else {
                continue;
            };
            let step = match is_asking {
                true => Step::More,
                false => self.deframer.step(input, zmtp).map_err(|mistake| {
                    self.complaint = mistake.code;
                    mistake.failure
                })?,
            };
            match step {
                Step::Taken => {}
                Step::Control { opcode, payload } => {
                    self.control(opcode, payload.octets(), out)?;
                }
                Step::More => {
                    self.deframer.rest();
                    return Ok(None);
                }
            }
        }
    }

    /// Looks whether the conversation is open now.
    fn notice(&mut self, result: &Result<Option<Event>, Failure>, now: Instant) {
        if let Ok(Some(Event::Ready(_))) = result {
            self.opened = true;
            self.timers.start(&self.heartbeat, now);
        }
    }

    /// Goes over to WebSocket, if both agree; `false` if more octets are needed.
    fn upgrade(&mut self, input: &mut RecvBuffer, out: &mut SendBuffer) -> Result<bool, Failure> {
        let Phase::Upgrading(upgrading) = &self.phase else {
            return Ok(true);
        };
        // Whole lines only: what is wrong with half a line depends on where it was cut.
        let received = input.unread();
        let most = &received[..received.len().min(upgrade::MAX_HEAD)];
        let lines = match most.iter().rposition(|&octet| octet == b'\n') {
            _ if most.len() == upgrade::MAX_HEAD => most,
            Some(end) => &most[..=end],
            None => return Ok(false),
        };
        let config = &upgrading.config;
        let outcome = match &upgrading.client {
            Some(client) => client.judge(lines, config),
            None => upgrade::serve(lines, config),
        };
        match outcome {
            Outcome::More => Ok(false),
            Outcome::Malformed(answer) => {
                out.extend(answer);
                Err(ProtocolError::WsUnspecified.into())
            }
            Outcome::Refused => Err(Failure::NotUpgraded),
            Outcome::Done {
                chosen,
                size,
                response,
            } => {
                input.advance(size);
                out.extend(response.as_bytes());
                let zmtp = Zmtp::agreed(
                    config.clone(),
                    chosen == Chosen::Mechanism,
                    self.since,
                    &mut self.scratch,
                );
                self.phase = Phase::Talking(Box::new(zmtp));
                self.relay(out);
                Ok(true)
            }
        }
    }

    /// Obeys a control frame.
    fn control(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        out: &mut SendBuffer,
    ) -> Result<(), Failure> {
        match opcode {
            Opcode::Ping if out.len() < BACKLOG => self.put_control(Opcode::Pong, payload, out),
            Opcode::Close => {
                let code = match payload {
                    [] => &[],
                    // RFC 6455, 5.5.1: with the code that the peer gave.
                    [high, low, ..] if code::may_be_said(u16::from_be_bytes([*high, *low])) => {
                        &payload[..2]
                    }
                    _ => return Err(ProtocolError::WsUnspecified.into()),
                };
                self.put_control(Opcode::Close, code, out);
                return Err(Failure::Closed);
            }
            _ => {}
        }
        Ok(())
    }

    // ---- to the peer ------------------------------------------------------------------------

    /// Puts what the Zmtp said into messages.
    fn relay(&mut self, out: &mut SendBuffer) {
        if self.scratch.is_empty() {
            return;
        }
        let wire = self.scratch.drain();
        let mut rest = wire.as_slice();
        while let Ok(Some(header)) = zmtp_frame::header(rest)
            && let Some((body, later)) = rest[header.size..].split_at_checked(header.len)
        {
            let flags = match header.flags {
                MORE => ZWS_MORE,
                COMMAND => ZWS_COMMAND,
                _ => ZWS_LAST,
            };
            let mask = self.put_head(flags, body.len(), out);
            out.extend(body);
            if let Some(mut mask) = mask {
                mask.apply(out.tail_mut(body.len()));
            }
            rest = later;
        }
        debug_assert!(rest.is_empty(), "half a frame");
    }

    /// Puts the head of a message, and its flags; gives the mask of what is to follow.
    fn put_head(&mut self, flags: u8, len: usize, out: &mut SendBuffer) -> Option<Mask> {
        let mut mask = self.next_mask();
        frame::put_header(Opcode::Binary, len.saturating_add(1), mask, out);
        let mut flags = [flags];
        if let Some(mask) = &mut mask {
            mask.apply(&mut flags);
        }
        out.extend(&flags);
        mask
    }

    fn put_control(&mut self, opcode: Opcode, payload: &[u8], out: &mut SendBuffer) {
        let mask = self.next_mask();
        frame::put_control(opcode, payload, mask, out);
    }

    fn next_mask(&mut self) -> Option<Mask> {
        self.is_client.then(|| {
            self.masks_used = self.masks_used.wrapping_add(1);
            Mask::new((self.masks.hash_one(self.masks_used) as u32).to_ne_bytes())
        })
    }
}

/// A body of one's own.
fn copy(msg: &Msg) -> Result<Msg, Failure> {
    Ok(Msg::from_slice(msg.data())?)
}
