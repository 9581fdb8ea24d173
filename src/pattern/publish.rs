//! PUB (RFC 29): an XPUB whose application does not care who subscribes.
//!
//! Invariant: nothing is kept for the application to read.

use super::xpub::Xpub;
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::Msg;
use crate::runtime::PipeId;

/// See the module.
pub(super) struct Publish(Xpub);

impl Publish {
    pub(super) fn new() -> Publish {
        Publish(Xpub::new(true))
    }
}

impl Pattern for Publish {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>) {
        self.0.attached(scope, pipe, arrival);
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.readable(scope, pipe);
    }

    fn writable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.writable(scope, pipe);
    }

    fn gone(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        self.0.gone(scope, pipe);
    }

    #[inline]
    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        self.0.send(scope, msg)
    }

    fn recv(&mut self, _: &mut Scope<'_>, _: &mut Msg) -> Result<(), Errno> {
        Err(Errno::ENOTSUP)
    }

    fn has_in(&mut self, _: &mut Scope<'_>) -> bool {
        false
    }

    fn has_out(&mut self, scope: &mut Scope<'_>) -> bool {
        self.0.has_out(scope)
    }

    fn set_option(
        &mut self,
        scope: &mut Scope<'_>,
        option: i32,
        value: &[u8],
    ) -> Result<(), Errno> {
        self.0.set_option(scope, option, value)
    }

    fn topics_count(&self) -> Option<usize> {
        self.0.topics_count()
    }
}
