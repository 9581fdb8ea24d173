//! The conversations that a stream can carry, as one.
//!
//! Invariant: which one it is shows nowhere else in the session.

use std::time::Instant;

use super::Plan;
use crate::msg::SendBuffer;
#[cfg(feature = "wss")]
use crate::proto::Tls;
use crate::proto::zap::Status;
use crate::proto::{Done, Event, Failure, Raw, Ws, Zmtp};
use crate::transport::Family;

/// See the module.
pub(super) enum Protocol {
    Zmtp(Box<Zmtp>),
    Ws(Box<Ws>),
    #[cfg(feature = "wss")]
    Tls(Box<Tls>),
    Raw(Raw),
}

/// The same verb of whichever it is.
macro_rules! each {
    ($protocol:expr, $one:ident => $call:expr) => {
        match $protocol {
            Protocol::Zmtp($one) => $call,
            Protocol::Ws($one) => $call,
            #[cfg(feature = "wss")]
            Protocol::Tls($one) => $call,
            Protocol::Raw($one) => $call,
        }
    };
}
pub(super) use each;

impl Protocol {
    /// Begins what the socket and the family want. `connected_to`: the address, if it was we who
    /// connected.
    pub(super) fn begin(
        plan: &Plan,
        family: &Family,
        connected_to: Option<&str>,
        now: Instant,
        out: &mut SendBuffer,
    ) -> Protocol {
        if plan.raw {
            return Protocol::Raw(Raw::new());
        }
        let config = plan.protocol();
        let side = family.websocket(connected_to);
        #[cfg(feature = "wss")]
        if let (Some(credentials), Some(side)) = (&plan.tls, &side) {
            return Protocol::Tls(Box::new(Tls::new(credentials, config, side, now, out)));
        }
        match side {
            Some(side) => Protocol::Ws(Box::new(Ws::new(config, &side, now, out))),
            None => Protocol::Zmtp(Box::new(Zmtp::new(config, now, out))),
        }
    }

    /// Takes in what a ZAP handler decided.
    pub(super) fn answered(
        &mut self,
        status: Status,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        match self {
            Protocol::Zmtp(zmtp) => zmtp.answered(status, out, now),
            Protocol::Ws(ws) => ws.answered(status, out, now),
            #[cfg(feature = "wss")]
            Protocol::Tls(tls) => tls.answered(status, out, now),
            // It never asked.
            Protocol::Raw(_) => Ok(None),
        }
    }

    /// Takes in what came of work.
    pub(super) fn worked(
        &mut self,
        done: Done,
        out: &mut SendBuffer,
        now: Instant,
    ) -> Result<Option<Event>, Failure> {
        match self {
            Protocol::Zmtp(zmtp) => zmtp.worked(done, out, now),
            Protocol::Ws(ws) => ws.worked(done, out, now),
            #[cfg(feature = "wss")]
            Protocol::Tls(tls) => tls.worked(done, out, now),
            // It never had any.
            Protocol::Raw(_) => Ok(None),
        }
    }

    /// Whether the handshake is not over, and the monitors do not know yet how it ended.
    pub(super) fn during_handshake(&self) -> bool {
        match self {
            Protocol::Zmtp(zmtp) => zmtp.during_handshake() && !zmtp.is_denied(),
            Protocol::Ws(ws) => ws.during_handshake() && !ws.is_denied(),
            #[cfg(feature = "wss")]
            Protocol::Tls(tls) => tls.during_handshake() && !tls.is_denied(),
            Protocol::Raw(_) => false,
        }
    }

    /// The last words, where peers have some for each other.
    pub(super) fn goodbye(&mut self, out: &mut SendBuffer) {
        match self {
            Protocol::Ws(ws) => ws.goodbye(out),
            #[cfg(feature = "wss")]
            Protocol::Tls(tls) => tls.goodbye(out),
            Protocol::Zmtp(_) | Protocol::Raw(_) => {}
        }
    }

    /// Puts into the output what was encoded and does not stand there yet; not all of it if much
    /// stands there.
    pub(super) fn settle(&mut self, _out: &mut SendBuffer) {
        #[cfg(feature = "wss")]
        if let Protocol::Tls(tls) = self {
            tls.settle(_out);
        }
    }

    /// Whether there is something to [settle](Protocol::settle).
    pub(super) fn is_unsettled(&self) -> bool {
        match self {
            #[cfg(feature = "wss")]
            Protocol::Tls(tls) => tls.unsealed() > 0,
            _ => false,
        }
    }
}
