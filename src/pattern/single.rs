//! CLIENT (RFC 41), SCATTER and GATHER (RFC 49), CHANNEL (RFC 52): DEALER, PUSH, PULL and PAIR for
//! messages of a single part, which threads can share.
//!
//! Invariant: no part of a longer message goes out or comes in; longer ones that come are dropped
//! whole.

use super::dealer::Dealer;
use super::pair::Pair;
use super::pull::Pull;
use super::push::Push;
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

/// CLIENT: load-balanced out, fair-queued in.
pub(super) type Client = Single<Dealer>;
/// SCATTER: load-balanced out.
pub(super) type Scatter = Single<Push>;
/// GATHER: fair-queued in.
pub(super) type Gather = Single<Pull, false>;
/// CHANNEL: one peer, both ways.
pub(super) type Channel = Single<Pair>;

/// See the module. `SENDS`: messages of this type go out at all.
#[derive(Default)]
pub(super) struct Single<P, const SENDS: bool = true> {
    inner: P,
    /// A message that was looked for before the application asked for it.
    prefetched: Option<Msg>,
}

impl<P: Pattern, const SENDS: bool> Single<P, SENDS> {
    fn find(&mut self, scope: &mut Scope<'_>) -> Result<Msg, Errno> {
        let mut part = Msg::empty();
        loop {
            // Pipes show whole messages only: parts that follow are there.
            let begun = part.more();
            self.inner.recv(scope, &mut part)?;
            if !begun && !part.more() {
                return Ok(part);
            }
        }
    }
}

impl<P: Pattern, const SENDS: bool> Pattern for Single<P, SENDS> {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>) {
        self.inner.attached(scope, pipe, arrival);
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.inner.readable(scope, pipe);
    }

    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.inner.writable(scope, pipe);
    }

    fn gone(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.inner.gone(scope, pipe);
    }

    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        if SENDS && msg.more() {
            return Err(Errno::EINVAL);
        }
        self.inner.send(scope, msg)
    }

    fn recv(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        *msg = match self.prefetched.take() {
            Some(found) => found,
            None => self.find(scope)?,
        };
        Ok(())
    }

    fn has_in(&mut self, scope: &mut Scope<'_>) -> bool {
        if self.prefetched.is_none() {
            self.prefetched = self.find(scope).ok();
        }
        self.prefetched.is_some()
    }

    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool {
        self.inner.has_out(scope)
    }
}
