//! ZMTP in all its versions: one conversation with one peer.
//!
//! ```text
//!  Opening ──Event::Ready──► traffic ◄──► a body in pieces
//!     └──────── failure ────────┴──► Failed
//! ```
//!
//! Invariant: what comes out depends on the octets that came in and not on how they were cut into
//! pieces.

use std::time::Instant;

use super::command::{self, Command};
use super::frame::{self, COMMAND, DIRECT_FROM, Header, Partial};
use super::heartbeat::{BACKLOG, Timers};
use super::mechanism::seal::Seal;
use super::mechanism::{Cipher, Done};
use super::opening::{Framing, Opened, Opening, Stage};
use super::zap::Status;
use super::{Config, Event, Failure, ProtocolError, Timeout, frame_v1, groups};
use crate::msg::{Msg, RecvBuffer, Room, SendBuffer, flag};

/// One conversation. Fed by [`decode`](Zmtp::decode) and [`encode`](Zmtp::encode), and by
/// [`handle_timeout`](Zmtp::handle_timeout) when its [`deadline`](Zmtp::deadline) has come.
///
/// The caller writes `out` to the stream as it can, and goes on to call `decode` whatever waits
/// there: two that stopped to read until they have written would wait for each other. A peer that
/// sends and does not read makes `out` grow by no more than 64 KiB of PONGs, and nothing else
/// answers a peer.
pub struct Zmtp {
    /// Traffic of whole frames that need no look: no body in pieces, ZMTP 2.0 or later, in clear.
    plain: bool,
    /// Parts become frames as they are: ZMTP 2.0 or later, in clear.
    bare: bool,
    framing: Framing,
    publishes: bool,
    /// RADIO: groups are joined and left by command.
    joins: bool,
    /// DISH: messages are groups with bodies.
    groups: Option<groups::Order>,
    /// The largest frame.
    max: u64,
    phase: Phase,
    /// The opening is behind us.
    opened: bool,
    partial: Option<Partial>,
    timers: Timers,
    /// All frames are sealed.
    sealed: Option<Box<Seal>>,
}

enum Phase {
    Opening(Box<Opening>),
    /// Open, and the peer cannot subscribe: a subscription to everything comes first.
    Phantom,
    Open,
    Failed(Box<Failure>),
}

impl Zmtp {
    /// A conversation that begins now, with the first octets of our greeting.
    pub fn new(config: Config, now: Instant, out: &mut SendBuffer) -> Zmtp {
        Zmtp::start(Opening::start(config, now, out))
    }

    /// A conversation for which another protocol did what a greeting does (RFC 45): in frames of
    /// ZMTP 3.0 with the handshake of our mechanism, or of ZMTP 2.0 with nothing but routing ids.
    /// The wait for its end began at this time.
    pub(super) fn agreed(
        config: Config,
        with_mechanism: bool,
        since: Instant,
        out: &mut SendBuffer,
    ) -> Zmtp {
        let opening = Opening::agreed(config, with_mechanism, since, out);
        Zmtp::start(opening)
    }

    fn start(opening: Opening) -> Zmtp {
        let config = opening.config();
        Zmtp {
            plain: false,
            bare: false,
            framing: Framing::V31,
            publishes: config.publishes,
            joins: config.socket_type == "RADIO",
            groups: (config.socket_type == "DISH").then(groups::Order::default),
            max: config.max_msg_size.unwrap_or(u64::MAX),
            phase: Phase::Opening(Box::new(opening)),
            opened: false,
            partial: None,
            timers: Timers::default(),
            sealed: None,
        }
    }

    /// The next event in what was received; `None` if more octets are needed.
    ///
    /// Consumes what it used, and writes what the peer has to be answered. Octets that stay in
    /// `input` have to be there, in front, at the next call. To be called until `None` after each
    /// read (also after one into [`body_room`](Zmtp::body_room)), unless the pipe is full. All
    /// calls of such a batch may carry the same time.
    ///
    /// An error is final: the same comes again from each later call.
    #[inline]
    pub fn decode(
        &mut self,
        input: &mut RecvBuffer,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        if let Some(msg) = self.decode_short(input) {
            return Ok(Some(Event::Message(msg)));
        }
        if self.plain
            && let [more @ (0 | frame::MORE), len, rest @ ..] = input.unread()
            && *len as usize <= rest.len()
            && u64::from(*len) <= self.max
        {
            let (more, len) = (*more, *len as usize);
            if self.timers.listens() {
                self.timers.heard(now);
            }
            input.advance(2);
            let mut msg = input.take(len)?;
            msg.set(more);
            return Ok(Some(Event::Message(msg)));
        }
        self.decode_any(input, out, now)
    }

    /// Where the next message of one part is in what was received, if it is whole, short, and all
    /// that is to be done about it is to hand it on: its octets, with what lies behind them, and how
    /// many they are. With its header of two octets it is to be consumed by the caller.
    #[inline]
    pub fn peek_short<'a>(&self, input: &'a RecvBuffer) -> Option<(&'a [u8; Msg::INLINE], usize)> {
        if !self.plain || self.timers.listens() {
            return None;
        }
        let [0, len, rest @ ..] = input.unread() else {
            return None;
        };
        let len = *len as usize;
        if len > Msg::INLINE || len as u64 > self.max {
            return None;
        }
        Some((rest.first_chunk()?, len))
    }

    /// How long the body of the next message of one part is, behind a header of two octets, if all
    /// that is to be done about it is to hand it on once it is whole.
    #[inline]
    pub fn peek_len(&self, input: &RecvBuffer) -> Option<usize> {
        match input.unread() {
            [0, len, ..] if self.plain && !self.timers.listens() => {
                Some(usize::from(*len)).filter(|&len| len as u64 <= self.max)
            }
            _ => None,
        }
    }

    /// The next part, if it is whole, short, and all that is to be done about it is to hand it on.
    /// For the many that are; what comes next in any case is for [`decode`](Zmtp::decode) to say.
    #[inline]
    pub fn decode_short(&self, input: &mut RecvBuffer) -> Option<Msg> {
        if !self.plain || self.timers.listens() {
            return None;
        }
        let [more @ (0 | frame::MORE), len, rest @ ..] = input.unread() else {
            return None;
        };
        let (more, len) = (*more, usize::from(*len));
        if len as u64 > self.max || len > rest.len() {
            return None;
        }
        if len > Msg::INLINE {
            let mut msg = input.take_behind(2, len)?;
            msg.set(more);
            return Some(msg);
        }
        let msg = Msg::inline(*rest.first_chunk()?, len, more);
        input.advance(2 + len);
        Some(msg)
    }

    /// Adds one part. Only after [`Event::Ready`].
    ///
    /// Parts marked `flag::SUBSCRIBE` or `flag::CANCEL` become commands for peers of ZMTP 3.1 and
    /// data frames for older ones; both times without their first octet being looked at. Parts
    /// marked `flag::COMMAND` (name and load) are dropped where the version has no commands.
    #[inline]
    pub fn encode(&mut self, msg: Msg, out: &mut SendBuffer) {
        debug_assert!(self.is_ready(), "a part before the handshake was over");
        if self.bare && !msg.has(flag::COMMAND | flag::SUBSCRIBE | flag::CANCEL) {
            frame::put(msg, out);
        } else {
            self.encode_any(msg, out);
        }
    }

    /// What [`encode`](Zmtp::encode) does with a part of at most 255 octets that has no marks but
    /// perhaps `flag::MORE`, if parts [become frames as they are](Zmtp::is_bare).
    #[inline]
    pub fn encode_short(msg: &Msg, out: &mut SendBuffer) {
        frame::put_short(msg, out);
    }

    /// Takes in what a ZAP handler decided about the peer ([`Event::Authenticate`]), or that it is
    /// let in without one, and answers the peer. The peer may be ready with that: that is what
    /// comes back. [`decode`](Zmtp::decode) is to be called again in any case.
    pub fn answered(
        &mut self,
        status: Status,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        let result = match &mut self.phase {
            Phase::Opening(opening) => opening.answered(status, out),
            Phase::Failed(failure) => Err((**failure).clone()),
            _ => Err(ProtocolError::ZapUnspecified.into()),
        };
        let result = result.map(|stage| self.reached(stage, now));
        result.inspect_err(|failure| self.fail(failure))
    }

    /// Takes in what came of [`Event::Work`], and goes on as [`answered`](Zmtp::answered) does.
    pub fn worked(
        &mut self,
        done: Done,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        let result = match &mut self.phase {
            Phase::Opening(opening) => opening.worked(done, out),
            Phase::Failed(failure) => Err((**failure).clone()),
            _ => Err(ProtocolError::Unspecified.into()),
        };
        let result = result.map(|stage| self.reached(stage, now));
        result.inspect_err(|failure| self.fail(failure))
    }

    /// Whether the answer of a ZAP handler, or what comes of work, is waited for. Octets that come
    /// meanwhile are left where they are.
    pub fn is_asking(&self) -> bool {
        matches!(&self.phase, Phase::Opening(opening) if opening.is_asking())
    }

    /// Whether the peer was refused as a ZAP handler told. Monitors know; what the peer does now
    /// is of no interest to them.
    pub fn is_denied(&self) -> bool {
        match &self.phase {
            Phase::Opening(opening) => opening.is_denied(),
            Phase::Failed(failure) => **failure == Failure::Denied,
            _ => false,
        }
    }

    /// Whether parts become frames as they are: nothing has to be added to them or sealed.
    pub fn is_bare(&self) -> bool {
        self.bare
    }

    /// Whether greeting and handshake are over, and nothing failed since.
    pub fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Phantom | Phase::Open)
    }

    /// Whether the conversation is, or failed, in greeting or handshake. What a failure means to a
    /// monitor depends on it.
    pub fn during_handshake(&self) -> bool {
        !self.opened
    }

    /// Where to read the rest of a large body, if one has begun: at most what belongs to it, never
    /// empty. Reading into the receive buffer instead is allowed, and the only way when there is
    /// no memory (`None` here, and a failure from the next [`decode`](Zmtp::decode)).
    ///
    /// Only between a `None` from [`decode`](Zmtp::decode) and the next octet put into its buffer.
    pub fn body_room(&mut self) -> Option<Room<'_>> {
        match &mut self.partial {
            Some(partial) if !partial.is_whole() => partial.room().ok(),
            _ => None,
        }
    }

    /// Says that `count` octets were read into the room; as long as no more have come, they are
    /// given back. The message comes from `decode`.
    pub fn body_filled(&mut self, count: usize) -> &mut [u8] {
        let Some(partial) = &mut self.partial else {
            return &mut [];
        };
        self.timers.touch();
        let filled = partial.filled();
        let before = filled.len().saturating_sub(count);
        &mut filled[before..]
    }

    /// A sign of life that `decode` does not see: for sessions that leave octets in the stream
    /// because their pipe is full.
    pub fn heard(&mut self, now: Instant) {
        if self.timers.listens() {
            self.timers.heard(now);
        }
    }

    /// When [`handle_timeout`](Zmtp::handle_timeout) is to be called; `None` for not at all. Any
    /// call may change it.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Opening(opening) => opening.deadline,
            Phase::Phantom | Phase::Open => self.timers.deadline(),
            Phase::Failed(_) => None,
        }
    }

    /// Does what is due by now, if anything: sends a PING, or fails.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut SendBuffer) -> Result<(), Failure> {
        let result = match &self.phase {
            Phase::Opening(opening) => match opening.deadline {
                Some(deadline) if deadline <= now => Err(if opening.is_denied() {
                    Failure::Denied
                } else {
                    Failure::Timeout(Timeout::Handshake)
                }),
                _ => Ok(()),
            },
            Phase::Phantom | Phase::Open => {
                self.speak(out, |timers, out| timers.handle_timeout(now, out))
            }
            Phase::Failed(failure) => Err((**failure).clone()),
        };
        result.inspect_err(|failure| self.fail(failure))
    }

    fn fail(&mut self, failure: &Failure) {
        self.plain = false;
        self.partial = None;
        self.phase = Phase::Failed(Box::new(failure.clone()));
    }

    /// Everything but whole short data frames.
    fn decode_any(
        &mut self,
        input: &mut RecvBuffer,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        let result = match &mut self.phase {
            Phase::Opening(opening) => match opening.advance(input, out) {
                Ok(stage) => Ok(self.reached(stage, now)),
                Err(failure) => Err(failure),
            },
            Phase::Phantom => {
                self.phase = Phase::Open;
                subscription(1, flag::SUBSCRIBE, b"").map(Some)
            }
            Phase::Open => self.traffic(input, out, now),
            Phase::Failed(failure) => Err((**failure).clone()),
        };
        result.inspect_err(|failure| self.fail(failure))
    }

    /// What the caller has to know of how far the opening is.
    fn reached(&mut self, stage: Stage, now: Instant) -> Option<Event> {
        match stage {
            Stage::More => None,
            Stage::Ask(credentials) => Some(Event::Authenticate(credentials)),
            Stage::Work(work) => Some(Event::Work(work)),
            Stage::Opened(opened) => Some(self.open(opened, now)),
        }
    }

    /// The opening is over.
    fn open(&mut self, opened: Opened, now: Instant) -> Event {
        let Opened {
            peer,
            framing,
            cipher,
            phantom,
        } = opened;
        if let Phase::Opening(opening) = &self.phase
            && matches!(framing, Framing::V30 | Framing::V31)
        {
            self.timers.start(&opening.config().heartbeat, now);
        }
        self.framing = framing;
        self.phase = if phantom { Phase::Phantom } else { Phase::Open };
        self.sealed = match cipher {
            Cipher::None => None,
            Cipher::Sealed(seal) => Some(Box::new(seal)),
        };
        self.bare = framing != Framing::V1 && self.sealed.is_none();
        self.opened = true;
        self.plain = self.is_plain();
        Event::Ready(peer)
    }

    fn is_plain(&self) -> bool {
        matches!(self.phase, Phase::Open)
            && self.bare
            && self.partial.is_none()
            && self.groups.is_none()
    }

    /// The next event of an open conversation.
    fn traffic(
        &mut self,
        input: &mut RecvBuffer,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        if self.timers.listens() && (self.partial.is_some() || !input.is_empty()) {
            self.timers.heard(now);
        }
        loop {
            let Some((flags, mut body)) = self.next_frame(input)? else {
                return Ok(None);
            };
            if flags & COMMAND == 0 {
                if let Some(groups) = &mut self.groups {
                    groups.check(flags, body.len())?;
                }
                body.set(flags);
                return Ok(Some(Event::Message(body)));
            }
            if let Some(event) = self.obey(body, out, now)? {
                return Ok(Some(event));
            }
        }
    }

    /// The next frame, once it is whole, and opened if it is a box.
    fn next_frame(&mut self, input: &mut RecvBuffer) -> Result<Option<(u8, Msg)>, Failure> {
        if self.partial.is_none() {
            let Some(header) = self.framing.header(input.unread())? else {
                return Ok(None);
            };
            self.check_size(header)?;
            let arrived = input.len() - header.size;
            if arrived >= header.len {
                input.advance(header.size);
                let Some(seal) = &mut self.sealed else {
                    return Ok(Some((header.flags, input.take(header.len)?)));
                };
                let sealed = &mut input.unread_mut()[..header.len];
                let (flags, front) = seal.open(sealed).map_err(Failure::Sealed)?;
                input.advance(front);
                let body = input.take(header.len - front)?;
                self.check_opened(flags, &body)?;
                return Ok(Some((flags, body)));
            }
            if header.len <= DIRECT_FROM {
                return Ok(None);
            }
            input.advance(header.size);
            self.partial = Some(Partial::new(header)?);
        }
        if let Some(partial) = &mut self.partial {
            partial.absorb(input)?;
        }
        let whole = self.partial.take_if(|partial| partial.is_whole());
        self.plain = self.is_plain();
        let Some((flags, mut body)) = whole.map(Partial::finish) else {
            return Ok(None);
        };
        let Some(seal) = &mut self.sealed else {
            return Ok(Some((flags, body)));
        };
        let sealed = body.data_mut().ok_or(Failure::NoMemory)?;
        let (flags, front) = seal.open(sealed).map_err(Failure::Sealed)?;
        body.trim_front(front);
        self.check_opened(flags, &body)?;
        Ok(Some((flags, body)))
    }

    /// Short commands are always let through: a small `ZMQ_MAXMSGSIZE` is not to end heartbeats.
    /// What a box is shows only when it is open.
    fn check_size(&self, header: Header) -> Result<(), Failure> {
        let max = if let Some(seal) = &self.sealed {
            self.most_of_command()
                .saturating_add(seal.most_added() as u64)
        } else if header.flags & COMMAND == 0 {
            self.max
        } else {
            self.most_of_command()
        };
        if header.len as u64 > max {
            return Err(Failure::TooLarge);
        }
        Ok(())
    }

    fn most_of_command(&self) -> u64 {
        self.max
            .saturating_add(command::OVERHEAD as u64)
            .max(u64::from(u8::MAX))
    }

    // COMPAT: libzmq counts what a box adds against ZMQ_MAXMSGSIZE; the limit is the message's.
    fn check_opened(&self, flags: u8, body: &Msg) -> Result<(), Failure> {
        if flags & COMMAND == 0 && body.len() as u64 > self.max {
            return Err(Failure::TooLarge);
        }
        Ok(())
    }

    /// Has the timers say something, in a box where everything is.
    fn speak<R>(
        &mut self,
        out: &mut SendBuffer,
        call: impl FnOnce(&mut Timers, &mut SendBuffer) -> R,
    ) -> R {
        let Some(seal) = &mut self.sealed else {
            return call(&mut self.timers, out);
        };
        let mut clear = SendBuffer::new();
        let result = call(&mut self.timers, &mut clear);
        // PING and PONG are short frames.
        if let [_, _, command @ ..] = clear.drain().as_slice()
            && out.len() < BACKLOG
            && let Err(failure) = seal.seal_command(&[command], out)
        {
            // The next call of `decode` tells.
            self.fail(&failure);
        }
        result
    }

    /// Does what a command says.
    fn obey(
        &mut self,
        mut body: Msg,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        match command::parse(body.data())? {
            Command::Ping { ttl, context } => {
                self.speak(out, |timers, out| timers.ping(ttl, context, now, out));
            }
            Command::Subscribe(topic) if self.publishes => {
                return subscription(1, flag::SUBSCRIBE, topic).map(Some);
            }
            Command::Cancel(topic) if self.publishes => {
                return subscription(0, flag::CANCEL, topic).map(Some);
            }
            Command::Join(group) | Command::Leave(group) if self.joins => {
                groups::check(group)?;
                body.set(flag::COMMAND);
                return Ok(Some(Event::Message(body)));
            }
            // ZMTP 3.1, 2.3: what is not known, or not for us, is ignored.
            _ => {}
        }
        Ok(None)
    }

    /// Everything but data frames of ZMTP 2.0 and later in clear.
    fn encode_any(&mut self, msg: Msg, out: &mut SendBuffer) {
        let is_command = msg.has(flag::COMMAND);
        let name: &[u8] = if msg.has(flag::SUBSCRIBE) {
            b"SUBSCRIBE"
        } else {
            b"CANCEL"
        };
        let is_subscription = msg.has(flag::SUBSCRIBE | flag::CANCEL);
        if let Some(seal) = &mut self.sealed {
            let sealed = if is_command {
                seal.seal_command(&[msg.data()], out)
            } else if is_subscription && self.framing == Framing::V31 {
                seal.seal_command(&[&[name.len() as u8], name, topic(&msg)], out)
            } else {
                seal.seal_part(msg, out)
            };
            // The next call of `decode` tells.
            if let Err(failure) = sealed {
                self.fail(&failure);
            }
            return;
        }
        match self.framing {
            Framing::V1 | Framing::V2 if is_command => {}
            Framing::V1 => frame_v1::put(msg, out),
            Framing::V2 => frame::put(msg, out),
            Framing::V30 | Framing::V31 if is_command => {
                frame::put_header(COMMAND, msg.len(), out);
                out.push_body(msg);
            }
            Framing::V30 => frame::put(msg, out),
            Framing::V31 => command::put(name, &[topic(&msg)], out),
        }
    }
}

/// What a subscription is to, as patterns have it.
fn topic(msg: &Msg) -> &[u8] {
    msg.data().get(1..).unwrap_or_default()
}

/// A subscription in the form that patterns know.
fn subscription(first: u8, mark: u8, topic: &[u8]) -> Result<Event, Failure> {
    let mut msg = Msg::with_size(topic.len() + 1)?;
    if let Some([head, rest @ ..]) = msg.data_mut() {
        *head = first;
        rest.copy_from_slice(topic);
    }
    msg.set(mark);
    Ok(Event::Message(msg))
}
