//! Everything before the first message: greeting, handshake, the routing ids of old versions.
//!
//! ```text
//!                              ┌─ Asked, ◄─┐ (a ZAP handler,
//!                              │  Working  │  a key server)
//!  Greeting ──ZMTP 3─────────► Handshake ──┴─► open
//!     │                        └───► Denied
//!     └──────ZMTP 1, 2───────► RoutingId ────► open
//! ```
//!
//! Invariant: no octet behind the opening is consumed by it, and none is needed to complete it.

use std::mem;
use std::time::Instant;

use super::frame::{self, COMMAND, Header, MORE};
use super::greeting::{self, Greeting, Step};
use super::mechanism::{Cipher, Done, Handshake, Progress, Work};
use super::property::MAX_ROUTING_ID;
use super::zap::{Credentials, Status};
use super::{Config, Failure, Peer, ProtocolError, command, frame_v1};
use crate::msg::{RecvBuffer, SendBuffer};

/// The largest command of a handshake. It has to be whole in the receive buffer.
pub(super) const MAX_COMMAND: usize = 64 * 1024;

/// How frames and subscriptions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Frames of ZMTP 1.0.
    V1,
    /// ZMTP 2.0: no commands.
    V2,
    /// ZMTP 3.0: subscriptions are data.
    V30,
    /// ZMTP 3.1: subscriptions are commands.
    V31,
}

impl Framing {
    /// Reads the header of a frame; `None` if it is not whole yet.
    #[inline]
    pub(super) fn header(self, octets: &[u8]) -> Result<Option<Header>, Failure> {
        if self == Framing::V1 {
            return frame_v1::header(octets);
        }
        let header = frame::header(octets)?;
        match header {
            // RFC 15: in ZMTP 2.0 the flag of commands is still a reserved one.
            Some(header) if self == Framing::V2 && header.flags & COMMAND != 0 => {
                Err(ProtocolError::Unspecified.into())
            }
            header => Ok(header),
        }
    }
}

/// A conversation that has not begun.
pub(super) struct Opening {
    config: Config,
    state: State,
    /// When patience ends.
    pub(super) deadline: Option<Instant>,
}

enum State {
    Greeting(Greeting),
    /// There was no greeting, and a handshake is to begin.
    Agreed(Framing),
    Handshake(Handshake, Framing),
    /// A handler is asked.
    Asked(Handshake, Framing),
    /// Work is under way.
    Working(Framing),
    /// The peer was told that it is refused, and is to go.
    Denied,
    RoutingId {
        framing: Framing,
        socket_type: &'static str,
        /// The peer may be too old to subscribe.
        phantom: bool,
    },
    Over,
}

/// How far an opening came.
pub(super) enum Stage {
    /// More is needed, from the peer or from a handler.
    More,
    /// A handler is to be asked.
    Ask(Credentials),
    /// This is to be done.
    Work(Work),
    /// It succeeded.
    Opened(Opened),
}

/// An opening that succeeded.
pub(super) struct Opened {
    pub(super) peer: Peer,
    pub(super) framing: Framing,
    pub(super) cipher: Cipher,
    /// The peer cannot subscribe, so it wants everything.
    pub(super) phantom: bool,
}

impl Opening {
    /// Starts with our half of the greeting.
    pub(super) fn start(config: Config, now: Instant, out: &mut SendBuffer) -> Opening {
        Opening {
            state: State::Greeting(Greeting::start(&config, out)),
            deadline: (config.handshake_timeout).and_then(|timeout| now.checked_add(timeout)),
            config,
        }
    }

    /// Starts behind an agreement that another protocol reached (RFC 45): on the handshake of our
    /// mechanism, in frames of ZMTP 3.0, or on routing ids, in those of ZMTP 2.0. The wait began
    /// at this time.
    pub(super) fn agreed(
        config: Config,
        with_mechanism: bool,
        since: Instant,
        out: &mut SendBuffer,
    ) -> Opening {
        let state = if with_mechanism {
            State::Agreed(Framing::V30)
        } else {
            frame::put_header(0, config.routing_id.len(), out);
            out.extend(&config.routing_id);
            State::RoutingId {
                framing: Framing::V2,
                socket_type: "",
                phantom: false,
            }
        };
        Opening {
            state,
            deadline: (config.handshake_timeout).and_then(|timeout| since.checked_add(timeout)),
            config,
        }
    }

    /// The configuration, for those who go on from here.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether a handler is asked or work is under way, and nothing goes on without it.
    pub(super) fn is_asking(&self) -> bool {
        matches!(self.state, State::Asked(..) | State::Working(_))
    }

    /// Whether the peer was refused.
    pub(super) fn is_denied(&self) -> bool {
        matches!(self.state, State::Denied)
    }

    /// Takes in what the handler decided. Whoever is let in may be open with that.
    ///
    /// RFC 27 has status 300 end the connection without a word, so that the peer tries again.
    pub(super) fn answered(
        &mut self,
        status: Status,
        out: &mut SendBuffer,
    ) -> Result<Stage, Failure> {
        let State::Asked(handshake, framing) = mem::replace(&mut self.state, State::Over) else {
            return Err(ProtocolError::ZapUnspecified.into());
        };
        match status {
            Status::Success => {
                let progress = handshake.admit(&self.config, out)?;
                Ok(self.progressed(progress, framing))
            }
            Status::Temporary => Err(Failure::Denied),
            Status::Authentication | Status::Internal => {
                let text = status.text();
                command::put(b"ERROR", &[&[text.len() as u8], text], out);
                self.state = State::Denied;
                Ok(Stage::More)
            }
        }
    }

    /// Takes in what came of work.
    pub(super) fn worked(&mut self, done: Done, out: &mut SendBuffer) -> Result<Stage, Failure> {
        let State::Working(framing) = mem::replace(&mut self.state, State::Over) else {
            return Err(ProtocolError::Unspecified.into());
        };
        let progress = done.0?.resume(&self.config, out)?;
        Ok(self.progressed(progress, framing))
    }

    /// Goes on from what became of a handshake.
    fn progressed(&mut self, progress: Progress, framing: Framing) -> Stage {
        match progress {
            Progress::Wait(handshake) => {
                self.state = State::Handshake(handshake, framing);
                Stage::More
            }
            Progress::Ask(handshake, credentials) => {
                self.state = State::Asked(handshake, framing);
                Stage::Ask(credentials)
            }
            Progress::Work(work) => {
                self.state = State::Working(framing);
                Stage::Work(work)
            }
            Progress::Done { mut peer, cipher } => {
                peer.version = (3, u8::from(framing == Framing::V31));
                Stage::Opened(Opened {
                    peer,
                    framing,
                    cipher,
                    phantom: false,
                })
            }
        }
    }

    /// Goes as far as the input and the handler allow.
    pub(super) fn advance(
        &mut self,
        input: &mut RecvBuffer,
        out: &mut SendBuffer,
    ) -> Result<Stage, Failure> {
        const TOO_LONG: ProtocolError = ProtocolError::MalformedCommandUnspecified;
        loop {
            match mem::replace(&mut self.state, State::Over) {
                State::Greeting(mut greeting) => {
                    match greeting.advance(input.unread(), &self.config, out) {
                        Step::More => {
                            self.state = State::Greeting(greeting);
                            return Ok(Stage::More);
                        }
                        step => match self.greeted(&step, input, out)? {
                            Stage::More => {}
                            stage => return Ok(stage),
                        },
                    }
                }
                State::Agreed(framing) => {
                    let progress = Handshake::start(&self.config, out)?;
                    match self.progressed(progress, framing) {
                        Stage::More => {}
                        stage => return Ok(stage),
                    }
                }
                State::Handshake(handshake, framing) => {
                    let Some(header) = whole(framing, MAX_COMMAND, TOO_LONG, input)? else {
                        self.state = State::Handshake(handshake, framing);
                        return Ok(Stage::More);
                    };
                    // COMPAT: libzmq does not look for the flag of commands here.
                    if header.flags & MORE != 0 {
                        return Err(ProtocolError::Unspecified.into());
                    }
                    let body = &input.unread()[header.size..header.size + header.len];
                    let progress = handshake.handle(body, &self.config, out)?;
                    input.advance(header.size + header.len);
                    match self.progressed(progress, framing) {
                        Stage::More => {}
                        stage => return Ok(stage),
                    }
                }
                state @ (State::Asked(..) | State::Working(_)) => {
                    self.state = state;
                    return Ok(Stage::More);
                }
                State::Denied => {
                    input.clear();
                    self.state = State::Denied;
                    return Ok(Stage::More);
                }
                State::RoutingId {
                    framing,
                    socket_type,
                    phantom,
                } => {
                    let Some(header) = whole(
                        framing,
                        MAX_ROUTING_ID,
                        ProtocolError::InvalidMetadata,
                        input,
                    )?
                    else {
                        self.state = State::RoutingId {
                            framing,
                            socket_type,
                            phantom,
                        };
                        return Ok(Stage::More);
                    };
                    let routing_id = &input.unread()[header.size..header.size + header.len];
                    let peer = Peer {
                        version: (if framing == Framing::V1 { 1 } else { 2 }, 0),
                        socket_type: socket_type.to_owned(),
                        routing_id: routing_id.to_vec(),
                        properties: Vec::new(),
                    };
                    input.advance(header.size + header.len);
                    return Ok(Stage::Opened(Opened {
                        peer,
                        framing,
                        cipher: Cipher::None,
                        phantom: phantom && self.config.publishes,
                    }));
                }
                State::Over => return Ok(Stage::More),
            }
        }
    }

    /// The peer's version is known. A handler may have to be asked at once, or work to be done.
    fn greeted(
        &mut self,
        step: &Step,
        input: &mut RecvBuffer,
        out: &mut SendBuffer,
    ) -> Result<Stage, Failure> {
        let config = &self.config;
        if let Step::V3 { minor, mechanism } = step {
            if *mechanism != config.mechanism.name() {
                return Err(ProtocolError::MechanismMismatch.into());
            }
            input.advance(greeting::V3_SIZE);
            let framing = if *minor == 0 {
                Framing::V30
            } else {
                Framing::V31
            };
            let progress = Handshake::start(config, out)?;
            return Ok(self.progressed(progress, framing));
        }
        if !config.legacy_allowed {
            return Err(ProtocolError::MechanismMismatch.into());
        }
        let Step::Legacy {
            revision,
            socket_code,
        } = *step
        else {
            // The head of the frame with our routing id is already sent: it was the signature.
            out.extend(&config.routing_id);
            self.state = State::RoutingId {
                framing: Framing::V1,
                socket_type: "",
                phantom: true,
            };
            return Ok(Stage::More);
        };
        input.advance(greeting::V2_SIZE);
        let mut socket_type = "";
        let framing = if revision == 0 {
            frame_v1::put_header(0, config.routing_id.len(), out);
            Framing::V1
        } else {
            socket_type = greeting::socket_type(socket_code)
                .filter(|name| config.peers.contains(name))
                .ok_or(ProtocolError::InvalidMetadata)?;
            frame::put_header(0, config.routing_id.len(), out);
            Framing::V2
        };
        out.extend(&config.routing_id);
        self.state = State::RoutingId {
            framing,
            socket_type,
            phantom: false,
        };
        Ok(Stage::More)
    }
}

/// The header of the next frame, once the frame is whole in the buffer. Frames of more than `max`
/// octets are this error.
fn whole(
    framing: Framing,
    max: usize,
    error: ProtocolError,
    input: &RecvBuffer,
) -> Result<Option<Header>, Failure> {
    match framing.header(input.unread())? {
        Some(header) if header.len > max => Err(error.into()),
        Some(header) if input.len() - header.size < header.len => Ok(None),
        header => Ok(header),
    }
}
