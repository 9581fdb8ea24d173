//! A pipe: two queues of messages between two owners, with the counters of the high-water mark.
//!
//! ```text
//!   end 0  ── lane 0 ──►  end 1        lane: queue + counters + "tell me" notices
//!          ◄── lane 1 ──
//! ```
//!
//! Invariants: a writer shows whole messages only, so a reader never sees half of one; an end that
//! is gone leaves what it wrote for the other to read; a lane counts messages, not parts, and
//! neither routing ids nor metadata. Reads are acknowledged in steps of half the high-water mark,
//! as libzmq does (a writer that hit the mark is released when half the queue is drained).

mod reading;
pub mod runs;

use std::sync::Arc;
use std::sync::OnceLock;

use super::inbox::{Mailbox, NOBODY, Wakes, mark};
use super::lane::{Lane, SILENT};
use crate::msg::{Copies, Metadata, Msg, Piece, flag};
use crate::queue::sync::{AtomicU32, Ordering};
use crate::queue::{Consumer, Producer, RunCloser, RunReader, channel};

/// Parts that are not messages to the high-water mark.
const UNCOUNTED: u8 = flag::ROUTING_ID | flag::METADATA | flag::RUN;

/// The high-water marks of one end: messages that it may have on the way out, and may hold
/// unread. 0 is no limit; `None` leaves the limit to the other end alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `ZMQ_SNDHWM`.
    pub send: Option<i32>,
    /// `ZMQ_RCVHWM`.
    pub receive: Option<i32>,
}

impl Limits {
    /// No say in the limits (a session's end).
    pub const NONE: Limits = Limits {
        send: None,
        receive: None,
    };
}

struct Link {
    lanes: [Lane; 2],
    owners: [OnceLock<Arc<dyn Mailbox>>; 2],
    tokens: [AtomicU32; 2],
}

impl Link {
    fn tell(&self, side: usize, marks: u32) {
        if let Some(owner) = self.owners[side].get() {
            owner.deliver(self.tokens[side].load(Ordering::SeqCst), marks);
        }
    }

    fn leave(&self, side: usize, marks: u32) -> Wakes {
        match self.owners[side].get() {
            Some(owner) => owner.leave(self.tokens[side].load(Ordering::SeqCst), marks),
            None => Wakes::default(),
        }
    }
}

/// That there is something to read, and whom to tell.
#[must_use]
pub struct Owed(Arc<Link>, usize);

impl Owed {
    /// Tells it.
    pub fn tell(self) {
        self.0.tell(self.1, mark::READABLE);
    }
}

/// Room for so many parts of a message is kept for the next one.
const KEPT: usize = 64;

/// Why a part was not taken; it comes back.
pub struct Rejected(pub Msg);

/// What many ends never have.
#[derive(Default)]
struct Aside {
    /// Parts of a message that is not complete yet.
    staged: Vec<Msg>,
    /// The run that was written last, while it is open.
    run: Option<RunCloser>,
    /// The run that is read.
    reading: Option<RunReader>,
}

/// One end of a pipe. Dropping it is closing it.
pub struct Pipe {
    link: Arc<Link>,
    side: usize,
    outgoing: Producer<Msg>,
    incoming: Consumer<Msg>,
    /// Made when it is needed.
    aside: Option<Box<Aside>>,
    /// Complete messages pushed, but not shown yet.
    unshown: bool,
    /// Some were shown to a reader that waits and was not told yet.
    owed: bool,
    written: u64,
    acknowledged: u64,
    read: u64,
    /// How many of these the writer was told of.
    told: u64,
    /// A part with MORE was read last.
    mid_message: bool,
    /// This end was announced to be over.
    retired: bool,
    /// A message of one part goes into the queue without further ado if there is room: this end is
    /// not retired, no message was begun and no run is open, and the lane is a queue.
    straight: bool,
    /// A run is read.
    in_run: bool,
    /// Routing ids of the peer are handed out, not skipped.
    wants_routing_ids: bool,
    /// Whoever reads sees to the writer that waits for room.
    defers: bool,
    /// The writer waits for room, there is some, and it was not told yet.
    owes: bool,
    /// The connection that what is read now came from.
    metadata: Option<Arc<Metadata>>,
}

/// Which lanes of a pipe keep only their newest message, as its first end sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conflate {
    /// What the first end writes.
    pub outgoing: bool,
    /// What the first end reads.
    pub incoming: bool,
}

/// A new pipe: its two ends with their limits.
pub fn pair(limits: [Limits; 2], conflate: Conflate) -> (Pipe, Pipe) {
    let link = Arc::new(Link {
        lanes: [
            Lane::new(limits[0].send, limits[1].receive, conflate.outgoing),
            Lane::new(limits[1].send, limits[0].receive, conflate.incoming),
        ],
        owners: [OnceLock::new(), OnceLock::new()],
        tokens: [AtomicU32::new(NOBODY), AtomicU32::new(NOBODY)],
    });
    let (to_second, from_first) = channel();
    let (to_first, from_second) = channel();
    let end = |side, outgoing, incoming, link| Pipe {
        link,
        side,
        outgoing,
        incoming,
        aside: None,
        unshown: false,
        owed: false,
        written: 0,
        acknowledged: 0,
        read: 0,
        told: 0,
        mid_message: false,
        retired: false,
        straight: false,
        in_run: false,
        wants_routing_ids: false,
        defers: false,
        owes: false,
        metadata: None,
    };
    let mut ends = (
        end(0, to_second, from_second, link.clone()),
        end(1, to_first, from_first, link),
    );
    ends.0.straighten();
    ends.1.straighten();
    ends
}

impl Pipe {
    // (The sides are 0 and 1. To say so spares a check for each message.)
    #[inline(always)]
    fn out_lane(&self) -> &Lane {
        &self.link.lanes[self.side & 1]
    }

    #[inline(always)]
    fn in_lane(&self) -> &Lane {
        &self.link.lanes[(self.side & 1) ^ 1]
    }

    fn tell(&self, marks: u32) {
        self.link.tell(1 - self.side, marks);
    }

    /// Says where this end's owner is told things. Only the first call counts.
    pub fn set_owner(&self, owner: Arc<dyn Mailbox>) {
        let _ = self.link.owners[self.side].set(owner);
    }

    /// Says what the owner calls this end. What happened before is found by looking once.
    pub fn set_token(&self, token: u32) {
        self.link.tokens[self.side].store(token, Ordering::SeqCst);
    }

    /// Has routing ids of the peer handed out by `read` instead of skipped.
    pub fn want_routing_ids(&mut self) {
        self.wants_routing_ids = true;
    }

    /// Changes this end's limits; those it has no say in stay as they are.
    pub fn set_limits(&self, limits: Limits) {
        let set = |lane: &Lane, place: usize, limit: Option<i32>| {
            lane.allow(|allowed| {
                if let Some(limit) = limit
                    && allowed.limits[place] != SILENT
                {
                    allowed.limits[place] = limit;
                }
            })
        };
        let lowered = [
            set(self.in_lane(), 1, limits.receive),
            set(self.out_lane(), 0, limits.send),
        ];
        self.release_writers();
        // What the reader took already may reach a lower mark, and was not acknowledged.
        if lowered[0] {
            self.link.tell(self.side, mark::READABLE);
        }
        if lowered[1] {
            self.tell(mark::READABLE);
        }
    }

    /// A raised mark may release either writer.
    fn release_writers(&self) {
        if self.out_lane().writer.fire() {
            self.link.tell(self.side, mark::WRITABLE);
        }
        if self.in_lane().writer.fire() {
            self.tell(mark::WRITABLE);
        }
    }

    /// Gives an end that had no say the limits of the owner that took it.
    pub fn claim_limits(&self, limits: Limits) {
        let claim = |lane: &Lane, place: usize, limit: Option<i32>| {
            lane.allow(|allowed| allowed.limits[place] = limit.unwrap_or(SILENT));
        };
        claim(self.out_lane(), 0, limits.send);
        claim(self.in_lane(), 1, limits.receive);
        self.release_writers();
    }

    /// The connection that the part read last came from.
    #[inline]
    pub fn metadata(&self) -> Option<&Arc<Metadata>> {
        self.metadata.as_ref()
    }

    // ---- writing ----------------------------------------------------------------------------

    /// Whether a message can be written. If not because the pipe is full, the owner is told
    /// (`WRITABLE`) once it is not.
    #[inline]
    pub fn writable(&mut self) -> bool {
        !self.retired && (self.has_room() || self.writable_slowly())
    }

    #[inline]
    fn has_room(&self) -> bool {
        self.written - self.acknowledged < self.out_lane().high_water()
    }

    #[cold]
    fn writable_slowly(&mut self) -> bool {
        if self.is_unread() {
            return false;
        }
        self.end_run();
        if self.look_for_room() {
            return true;
        }
        self.out_lane().writer.arm();
        if !self.look_for_room() {
            return false;
        }
        self.out_lane().writer.disarm();
        true
    }

    fn look_for_room(&mut self) -> bool {
        let lane = self.out_lane();
        self.acknowledged = lane.acknowledged.0.load(Ordering::Acquire);
        self.has_room()
    }

    /// Whether nobody reads what is written here.
    fn is_unread(&self) -> bool {
        self.out_lane().high_water() == 0
    }

    /// Like [`writable`](Pipe::writable), but a pipe that was filled up to the mark counts as full
    /// until its owner has heard (`WRITABLE`) that it is not, be it that room was made meanwhile.
    ///
    /// COMPAT: libzmq learns of room only with its other news, so whoever sends without waiting
    /// sees `EAGAIN` once for each time the mark is reached. Programs count on that to notice that
    /// they outrun their peer.
    #[inline(always)]
    pub fn writable_as_heard(&mut self) -> bool {
        if self.has_room() {
            return !self.retired;
        }
        self.writable_once_heard()
    }

    #[cold]
    fn writable_once_heard(&mut self) -> bool {
        if self.writable() {
            self.link.tell(self.side, mark::WRITABLE);
        }
        false
    }

    /// Adds a part. Shown to the reader by [`flush`](Pipe::flush) once its message is complete.
    #[inline(always)]
    pub fn write(&mut self, msg: Msg) -> Result<(), Rejected> {
        if self.takes_at_once(&msg) {
            self.push(msg);
            return Ok(());
        }
        self.write_slowly(msg)
    }

    fn write_slowly(&mut self, mut msg: Msg) -> Result<(), Rejected> {
        if self.put_slowly(&mut msg) {
            Ok(())
        } else {
            Err(Rejected(msg))
        }
    }

    /// Whether this is a message of one part for which nothing but room in the queue is needed.
    #[inline(always)]
    fn takes_at_once(&self, msg: &Msg) -> bool {
        self.straight && !msg.has(UNCOUNTED | flag::MORE) && self.has_room()
    }

    /// Like [`write`](Pipe::write): `true` if the part was taken, and `msg` is empty now.
    #[inline]
    pub fn put(&mut self, msg: &mut Msg) -> bool {
        if self.takes_at_once(msg) {
            self.push_with(|| msg.take());
            return true;
        }
        self.put_slowly(msg)
    }

    /// Like [`put`](Pipe::put), for the next of several copies, which is made where it is to be.
    #[inline(always)]
    pub fn put_next(&mut self, copies: &mut Copies<'_>) -> bool {
        if self.takes_at_once(copies.of()) {
            self.push_with(|| copies.next().unwrap_or_default());
            return true;
        }
        copies
            .next()
            .is_some_and(|mut copy| self.put_slowly(&mut copy))
    }

    /// Writes a part as a message of its own, [bare](Msg::take_bare), and [shows](Pipe::show) it, if
    /// nothing but room in the queue is needed for that: what `show` would return. `None` changes
    /// nothing.
    #[inline(always)]
    pub fn put_straight(&mut self, msg: &mut Msg) -> Option<bool> {
        if !self.takes_straight() {
            return None;
        }
        self.push_with(|| msg.take_bare());
        self.unshown = false;
        Some(self.outgoing.announce())
    }

    /// The last part of a message.
    #[inline(always)]
    fn push(&mut self, msg: Msg) {
        self.push_with(|| msg);
    }

    #[inline(always)]
    fn push_with(&mut self, make: impl FnOnce() -> Msg) {
        self.outgoing.push_with(make);
        self.written += 1;
        self.unshown = true;
    }

    /// Adds a message of one part of these octets, if that takes no further ado. For the many that
    /// do not.
    #[inline]
    pub fn put_short(&mut self, octets: &[u8; Msg::INLINE], len: usize) -> bool {
        if !self.takes_straight() {
            return false;
        }
        self.push_with(|| Msg::inline(*octets, len, 0));
        true
    }

    /// Adds a message of one part whose body this is, if that takes no further ado.
    #[inline(always)]
    pub fn put_piece(&mut self, piece: Piece) -> Result<(), Piece> {
        if !self.takes_straight() {
            return Err(piece);
        }
        self.push_with(|| Msg::of(piece, 0));
        Ok(())
    }

    /// Whether a message of one part can be added without further ado.
    #[inline(always)]
    pub fn takes_straight(&self) -> bool {
        self.straight && self.has_room()
    }

    fn put_slowly(&mut self, msg: &mut Msg) -> bool {
        self.end_run();
        if msg.has(UNCOUNTED) {
            self.outgoing.push(msg.take());
            self.unshown = true;
            return true;
        }
        let refused = if !self.is_mid_write() {
            !self.writable()
        } else {
            self.retired || self.is_unread()
        };
        if refused {
            return false;
        }
        if let Some(newest) = &self.link.lanes[self.side].newest {
            let before = newest.msg.lock().replace(msg.take());
            drop(before);
            self.unshown = true;
            return true;
        }
        if msg.more() {
            // A peer chooses how many parts there are.
            let staged = &mut self.aside.get_or_insert_default().staged;
            if staged.try_reserve(1).is_err() {
                return false;
            }
            staged.push(msg.take());
        } else {
            if let Some(aside) = &mut self.aside {
                for part in aside.staged.drain(..) {
                    self.outgoing.push(part);
                }
                aside.staged.shrink_to(KEPT);
            }
            self.push(msg.take());
        }
        self.straighten();
        true
    }

    fn straighten(&mut self) {
        let begun = |aside: &Aside| !aside.staged.is_empty() || aside.run.is_some();
        let plain = self.out_lane().newest.is_none();
        self.straight = plain && !self.retired && !self.aside.as_deref().is_some_and(begun);
    }

    /// Writes a whole message, to a full pipe too, and shows it: what is said about a peer, and must
    /// not get lost when it does not read. A message that was begun is dropped.
    pub fn write_anyway(&mut self, octets: &[u8]) {
        self.rollback();
        self.end_run();
        if self.retired || self.is_unread() || self.out_lane().newest.is_some() {
            return;
        }
        // Without memory for it the message is lost like any other.
        if let Ok(msg) = Msg::from_slice(octets) {
            self.push(msg);
            self.flush();
        }
    }

    /// Has this end read a message when the other one goes (`ZMQ_DISCONNECT_MSG`). Only the first
    /// call counts.
    pub fn await_farewell(&self, octets: &[u8]) {
        if !octets.is_empty() {
            let _ = self.in_lane().rare().farewell.set(octets.into());
        }
    }

    /// Shows the reader every complete message. `true`: the reader waits and must be
    /// [told](Pipe::tell_reader), unless it is driven at once.
    #[inline]
    pub fn show(&mut self) -> bool {
        if !self.unshown {
            return false;
        }
        self.unshown = false;
        let asked = self.outgoing.announce();
        let lane = &self.link.lanes[self.side];
        // What is not in the queue has a notice of its own.
        if let Some(newest) = &lane.newest {
            return newest.reader.fire() || asked;
        }
        asked
    }

    /// Whether complete messages wait to be shown.
    pub fn is_unshown(&self) -> bool {
        self.unshown
    }

    /// Tells the reader that there is something to read.
    pub fn tell_reader(&self) {
        self.tell(mark::READABLE);
    }

    /// Like [`tell_reader`](Pipe::tell_reader), but who sleeps is left to the caller to wake.
    pub fn tell_reader_quietly(&self) -> Wakes {
        self.link.leave(1 - self.side, mark::READABLE)
    }

    /// Shows the reader every complete message, and tells it if it waits.
    #[inline]
    pub fn flush(&mut self) {
        if self.show() | std::mem::take(&mut self.owed) {
            self.tell_reader();
        }
    }

    /// Like [`flush`](Pipe::flush), for a writer under a lock that the reader is about to want: it
    /// is told by what [`take_owed`](Pipe::take_owed) returns, by the next `flush`, or by the end.
    pub fn flush_later(&mut self) {
        self.owed |= self.show();
    }

    /// What the reader is still to be told.
    pub fn take_owed(&mut self) -> Option<Owed> {
        let owed = std::mem::take(&mut self.owed);
        owed.then(|| Owed(self.link.clone(), 1 - self.side))
    }

    /// How many of the messages written here the reader did not acknowledge yet. It does so in
    /// steps of half the high-water mark; without one it never does.
    pub fn unread(&self) -> u64 {
        let acknowledged = self.out_lane().acknowledged.0.load(Ordering::Acquire);
        let written = self.written - self.reserved();
        written.saturating_sub(acknowledged)
    }

    /// Drops the parts of a message that was not completed.
    pub fn rollback(&mut self) {
        if let Some(aside) = &mut self.aside {
            aside.staged.clear();
            aside.staged.shrink_to(KEPT);
        }
        self.straighten();
    }

    /// Whether a message was begun and not completed.
    pub fn is_mid_write(&self) -> bool {
        self.aside
            .as_ref()
            .is_some_and(|aside| !aside.staged.is_empty())
    }

    /// Whether a message was read in part.
    pub fn is_mid_read(&self) -> bool {
        self.mid_message
    }

    /// Announces the end: nothing more is written from here, and nothing more is taken from the
    /// other end, but what that wrote already can still be read. The other end lets go when it
    /// hears of it.
    pub fn retire(&mut self) {
        self.rollback();
        self.end_run();
        self.flush();
        if !self.retired {
            self.say_farewell();
        }
        self.retired = true;
        self.straighten();
        self.in_lane().allow(|allowed| allowed.unread = true);
        let lane = self.out_lane();
        let silent = self.written == 0 && lane.newest.is_none();
        lane.silent.store(silent, Ordering::Relaxed);
        if !lane.ended.swap(true, Ordering::AcqRel) {
            self.tell(mark::CLOSED);
        }
    }

    fn say_farewell(&mut self) {
        let link = self.link.clone();
        if let Some(octets) = link.lanes[self.side].farewell() {
            self.write_anyway(octets);
        }
    }

    /// Tells the other end that this end's peer was lost and must be told everything again.
    pub fn hiccup(&self) {
        self.tell(mark::HICCUP);
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let told = self.out_lane().ended.load(Ordering::Relaxed);
        self.retire();
        if told {
            // It knew that the end was coming; now it is here.
            self.tell(mark::CLOSED);
        }
    }
}
