//! XPUB (RFC 29): distributes messages by topic, and shows the application what is subscribed to.
//!
//! Invariant: subscriptions are applied as they arrive, whether or not the application reads; it
//! reads copies from `pending`. `manual` holds what peers asked for while `ZMQ_XPUB_MANUAL` was on
//! (`subscriptions` then holds what the application granted).

use std::collections::VecDeque;

use super::distribute::Distribute;
use super::subscriptions::{Removed, Subscriptions};
use super::{Arrival, Pattern, Scope};
use crate::errno::Errno;
use crate::msg::{Msg, flag};
use crate::options::number;
use crate::runtime::PipeId;

/// Marks of a subscription that the application does not see.
const WIRE: u8 = flag::SUBSCRIBE | flag::CANCEL | flag::MORE;

/// Something for the application to read.
struct Pending {
    msg: Msg,
    /// For a subscription in manual mode: whose it is (`None`: that peer is gone).
    manual: Option<Option<PipeId>>,
}

/// See the module.
pub(super) struct Xpub {
    /// A PUB: nobody reads what comes from subscribers.
    quiet: bool,
    subscriptions: Subscriptions,
    manual: Subscriptions,
    distribute: Distribute,
    pending: VecDeque<Pending>,
    /// The peer of the subscription that the application read last, in manual mode.
    last: Option<PipeId>,
}

/// What a part that came from a subscriber says.
enum Request {
    Subscribe,
    Cancel,
    /// Nothing: it is the application's.
    User,
}

impl Request {
    /// RFC 29: 0x01 or 0x00 and a topic, or the commands of ZMTP 3.1 (which the session has turned
    /// into the same octets and a mark).
    fn of(msg: &Msg) -> Request {
        if msg.has(flag::SUBSCRIBE) {
            return Request::Subscribe;
        }
        if msg.has(flag::CANCEL) {
            return Request::Cancel;
        }
        match msg.data().first() {
            Some(1) => Request::Subscribe,
            Some(0) => Request::Cancel,
            _ => Request::User,
        }
    }
}

/// A subscription (1) or cancellation (0) as data. `ENOMEM` without memory.
pub(super) fn request(verb: u8, topic: &[u8]) -> Result<Msg, Errno> {
    let mut msg = Msg::with_size(topic.len().checked_add(1).ok_or(Errno::ENOMEM)?)?;
    let body = msg.data_mut().ok_or(Errno::ENOMEM)?;
    body[0] = verb;
    body[1..].copy_from_slice(topic);
    Ok(msg)
}

/// What follows the octet that says what to do.
fn topic(msg: &Msg) -> &[u8] {
    msg.data().get(1..).unwrap_or(&[])
}

impl Xpub {
    /// `quiet`: nothing that comes from subscribers is kept for the application (PUB).
    pub(super) fn new(quiet: bool) -> Xpub {
        Xpub {
            quiet,
            subscriptions: Subscriptions::default(),
            manual: Subscriptions::default(),
            distribute: Distribute::bundling(),
            pending: VecDeque::new(),
            last: None,
        }
    }

    /// Applies a subscription or cancellation; `Ok(true)` if the application is to see it.
    fn apply(
        &mut self,
        scope: &Scope<'_>,
        pipe: PipeId,
        subscribe: bool,
        topic: &[u8],
    ) -> Result<bool, Errno> {
        let options = &*scope.options;
        if options.xpub_manual {
            if subscribe {
                self.manual.add(topic, pipe)?;
            } else {
                self.manual.remove(topic, pipe);
            }
            return Ok(true);
        }
        if subscribe {
            let first = self.subscriptions.add(topic, pipe)?;
            Ok(first || options.xpub_verbose || options.xpub_verboser)
        } else {
            // COMPAT: a cancellation of what was not subscribed to is shown like a last one.
            let removed = self.subscriptions.remove(topic, pipe);
            Ok(removed != Removed::Remains || options.xpub_verboser)
        }
    }

    /// Takes in a part from a subscriber.
    fn take_in(
        &mut self,
        scope: &mut Scope<'_>,
        pipe: PipeId,
        mut msg: Msg,
        request: Request,
    ) -> Result<(), Errno> {
        let manual = match request {
            Request::User => None,
            Request::Subscribe | Request::Cancel => {
                let subscribe = matches!(request, Request::Subscribe);
                if !self.apply(scope, pipe, subscribe, topic(&msg))? {
                    return Ok(());
                }
                msg.clear(WIRE);
                scope.options.xpub_manual.then_some(Some(pipe))
            }
        };
        if !self.quiet {
            self.keep(msg, manual)?;
        }
        Ok(())
    }

    fn keep(&mut self, msg: Msg, manual: Option<Option<PipeId>>) -> Result<(), Errno> {
        self.pending.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.pending.push_back(Pending { msg, manual });
        Ok(())
    }

    /// Settles who gets the message that begins with this part.
    fn match_message(&mut self, scope: &Scope<'_>, msg: &Msg) {
        let distribute = &mut self.distribute;
        distribute.begin();
        match self.last {
            // The granted subscriber alone gets its last value.
            Some(last) if scope.options.xpub_manual_last_value => {
                self.subscriptions.matching(msg.data(), |pipes| {
                    if pipes.contains(&last) {
                        distribute.mark(last);
                    }
                });
            }
            _ => self
                .subscriptions
                .matching(msg.data(), |pipes| distribute.mark_each(pipes)),
        }
        if scope.options.invert_matching {
            distribute.invert();
        }
    }
}

impl Pattern for Xpub {
    fn attached(&mut self, scope: &mut Scope<'_>, pipe: PipeId, arrival: Arrival<'_>) {
        self.distribute.attach(pipe);
        if arrival.subscribe_to_all && self.subscriptions.add(&[], pipe).is_err() {
            scope.pipes.terminate(pipe);
            return;
        }
        if !scope.options.xpub_welcome_msg.is_empty()
            && let Ok(welcome) = Msg::from_slice(&scope.options.xpub_welcome_msg)
            && scope.pipes.write(pipe, welcome).is_ok()
        {
            scope.pipes.flush(pipe);
        }
        self.readable(scope, pipe);
    }

    fn readable(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        // Pipes show whole messages only, so the loop ends between two of them.
        let (mut first, mut process) = (true, true);
        while let Some(msg) = scope.pipes.read(pipe) {
            let more = msg.more();
            let mut request = Request::User;
            if first || process {
                request = Request::of(&msg);
            }
            if first {
                // ZMQ_ONLY_FIRST_SUBSCRIBE: a message that begins with something else is the
                // application's to the end, whatever its parts look like.
                process = !scope.options.only_first_subscribe || !matches!(request, Request::User);
            }
            first = !more;
            if self.take_in(scope, pipe, msg, request).is_err() {
                // Without memory for its subscriptions a peer cannot be served.
                scope.pipes.terminate(pipe);
                return;
            }
            if !more && let Some(pending) = self.pending.back_mut() {
                // The last part may have been a subscription that is no news.
                pending.msg.clear(flag::MORE);
            }
        }
    }

    fn writable(&mut self, _: &mut Scope<'_>, pipe: PipeId) {
        self.distribute.activate(pipe);
    }

    fn gone(&mut self, scope: &mut Scope<'_>, pipe: PipeId) {
        let manual = scope.options.xpub_manual;
        let verbose = manual || scope.options.xpub_verboser;
        let mut cancelled: Vec<Msg> = Vec::new();
        let mut lost = |topic: &[u8], last: bool| {
            if (last || verbose) && !self.quiet {
                cancelled.extend(request(0, topic));
            }
        };
        if manual {
            // What peers asked for is taken back in their name; what was granted just ends.
            self.manual.remove_pipe(pipe, &mut lost);
            self.subscriptions.remove_pipe(pipe, |_, _| {});
        } else {
            self.subscriptions.remove_pipe(pipe, &mut lost);
            self.manual.remove_pipe(pipe, |_, _| {});
        }
        // Numbers of pipes are used again: what waits must not be taken for the next one's.
        for pending in &mut self.pending {
            if pending.manual == Some(Some(pipe)) {
                pending.manual = Some(None);
            }
        }
        if self.last == Some(pipe) {
            self.last = None;
        }
        cancelled.sort_unstable_by(|one, other| one.data().cmp(other.data()));
        for msg in cancelled {
            if self.keep(msg, manual.then_some(None)).is_err() {
                break;
            }
        }
        self.distribute.gone(pipe);
    }

    #[inline]
    fn send(&mut self, scope: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        if !self.distribute.is_mid_message() {
            self.match_message(scope, msg);
            if scope.options.xpub_nodrop && !self.distribute.has_room(scope.pipes, msg) {
                return Err(Errno::EAGAIN);
            }
            if scope.options.xpub_manual_last_value {
                self.last = None;
            }
        }
        self.distribute.send(scope.pipes, msg);
        Ok(())
    }

    fn recv(&mut self, _: &mut Scope<'_>, msg: &mut Msg) -> Result<(), Errno> {
        let pending = self.pending.pop_front().ok_or(Errno::EAGAIN)?;
        if let Some(pipe) = pending.manual {
            self.last = pipe;
        }
        *msg = pending.msg;
        Ok(())
    }

    fn has_in(&mut self, _: &mut Scope<'_>) -> bool {
        !self.pending.is_empty()
    }

    fn has_out(&mut self, _: &mut Scope<'_>) -> bool {
        // Messages that nobody wants or has room for are dropped.
        true
    }

    fn set_option(
        &mut self,
        scope: &mut Scope<'_>,
        option: i32,
        value: &[u8],
    ) -> Result<(), Errno> {
        match option {
            number::SUBSCRIBE | number::UNSUBSCRIBE if !scope.options.xpub_manual => {
                Err(Errno::EINVAL)
            }
            number::SUBSCRIBE => match self.last {
                Some(pipe) => self.subscriptions.add(value, pipe).map(|_| ()),
                None => Ok(()),
            },
            number::UNSUBSCRIBE => {
                if let Some(pipe) = self.last {
                    self.subscriptions.remove(value, pipe);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn topics_count(&self) -> Option<usize> {
        Some(self.subscriptions.len())
    }
}
