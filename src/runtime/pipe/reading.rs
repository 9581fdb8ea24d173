//! Reading from a pipe.
//!
//! Invariant: reads are acknowledged in steps of half the high-water mark or less, and a writer that waits
//! for room is told once there is, or whoever reads sees to it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::inbox::mark;
use super::{Pipe, UNCOUNTED};
use crate::msg::{Metadata, Msg, Spent, flag};

/// What became of looking for the next part.
enum Found {
    Part(Msg),
    /// There may be one now.
    More,
    /// The owner is told once there is one.
    Nothing,
}

impl Pipe {
    /// The next part. With nothing there the owner is told (`READABLE`) once there is.
    #[inline]
    pub fn read(&mut self) -> Option<Msg> {
        let mut part = self.take_part()?;
        if let Some(metadata) = &self.metadata {
            part.set_metadata(Some(metadata.clone()));
        }
        Some(part)
    }

    /// Like [`read`](Pipe::read), in place of what `msg` held; it stays as it was if there is
    /// nothing (`false`).
    #[inline]
    pub fn read_into(&mut self, msg: &mut Msg) -> bool {
        if self.take_over(msg, UNCOUNTED, Msg::make_way) {
            self.took(msg.more());
            return true;
        }
        let Some(part) = self.take_part() else {
            return false;
        };
        msg.receive(part, self.metadata.as_ref());
        true
    }

    /// Like [`read_into`](Pipe::read_into), if the next part is a message of its own. `false`: it is
    /// not, or there is none, and nobody is asked to tell of one.
    #[inline(always)]
    pub fn read_straight(&mut self, msg: &mut Msg, spent: &mut Spent) -> bool {
        if !self.take_over(msg, UNCOUNTED | flag::MORE, |msg, metadata| {
            msg.make_way_later(metadata, spent)
        }) {
            return false;
        }
        self.took(false);
        true
    }

    /// Moves the next part over `msg`, unless it has one of these marks. `make_way` has `msg` let go
    /// of what it owns.
    #[inline(always)]
    fn take_over(
        &mut self,
        msg: &mut Msg,
        unwanted: u8,
        make_way: impl FnOnce(&mut Msg, Option<&Arc<Metadata>>) -> Option<Arc<Metadata>>,
    ) -> bool {
        debug_assert!(!self.in_run, "no run is read one by one");
        let metadata = self.metadata.as_ref();
        let mut kept = None;
        let moved = self.incoming.pop_over(msg, |msg, next| {
            let wanted = !next.has(unwanted);
            if wanted {
                kept = make_way(msg, metadata);
            }
            wanted
        });
        msg.came_from(kept);
        moved
    }

    /// A part was taken out.
    #[inline(always)]
    pub(super) fn took(&mut self, more: bool) {
        self.mid_message = more;
        if !more {
            self.count_read();
        }
    }

    /// Hands the next part to `take`, and drops it by way of `spent`, if its body has at most 255
    /// octets, and it has no marks but [`flag::MORE`]. `false`: there is none, or another one; see
    /// [`take_part`](Pipe::take_part).
    #[inline]
    pub fn take_short(&mut self, spent: &mut Spent, take: impl FnOnce(&Msg)) -> bool {
        if self.in_run {
            return false;
        }
        let mut more = false;
        let taken = self.incoming.pop_if(|next| {
            let special = next.has(!(flag::MORE | flag::SHARED)) || next.metadata().is_some();
            let short = !special && next.len() <= usize::from(u8::MAX);
            if short {
                more = next.more();
                take(next);
            }
            short
        });
        let Some(part) = taken else {
            return false;
        };
        spent.add(part);
        self.took(more);
        true
    }

    /// The next part, without its metadata. For those who do not hand it on.
    #[inline]
    pub fn take_part(&mut self) -> Option<Msg> {
        self.take(true)
    }

    /// Like [`take_part`](Pipe::take_part), but with nothing there nobody is told once there is:
    /// for those who look again by themselves. Not for a lane that keeps only its newest message.
    #[inline]
    pub fn take_unasked(&mut self) -> Option<Msg> {
        self.take(false)
    }

    #[inline]
    fn take(&mut self, ask: bool) -> Option<Msg> {
        loop {
            if self.in_run
                && let Some(msg) = self.take_of_run()
            {
                return Some(msg);
            }
            let next = if self.in_run && !self.leave_run() {
                None
            } else {
                self.incoming.pop()
            };
            let msg = match next {
                Some(msg) => msg,
                None if ask => match self.read_slowly() {
                    Found::Part(msg) => msg,
                    Found::More => continue,
                    Found::Nothing => return None,
                },
                None => {
                    self.acknowledge_if_due();
                    return None;
                }
            };
            if !msg.has(UNCOUNTED) {
                self.took(msg.more());
                return Some(msg);
            }
            if msg.has(flag::RUN) {
                self.begin_run();
            } else if msg.has(flag::METADATA) {
                self.metadata = msg.metadata().cloned();
            } else if self.wants_routing_ids {
                return Some(msg);
            }
        }
    }

    /// Whether so many messages may be on their way to this end, all of which are kept.
    pub fn takes(&self, messages: u64) -> bool {
        let lane = self.in_lane();
        lane.newest.is_none() && lane.high_water() >= messages
    }

    fn take_newest(&mut self) -> Option<Msg> {
        self.in_lane()
            .newest
            .as_ref()
            .and_then(|newest| newest.msg.lock().take())
    }

    #[cold]
    fn read_slowly(&mut self) -> Found {
        if let Some(msg) = self.take_newest() {
            return Found::Part(msg);
        }
        if !self.asks_in_vain() {
            return Found::Nothing;
        }
        match self.take_newest() {
            Some(msg) => Found::Part(msg),
            None => Found::More,
        }
    }

    /// Asks to be told of the next part. `false`: there may be one.
    fn ask(&mut self) -> bool {
        if !self.incoming.ask() {
            return false;
        }
        if let Some(run) = self.reading() {
            return run.ask();
        }
        let lane = self.in_lane();
        let Some(newest) = &lane.newest else {
            return true;
        };
        newest.reader.arm();
        if newest.msg.lock().is_none() {
            return true;
        }
        newest.reader.disarm();
        false
    }

    #[inline]
    fn count_read(&mut self) {
        self.read += 1;
        self.acknowledge_if_due();
    }

    /// Acknowledges in steps of half the mark, so that the writer is not told of every message.
    #[inline]
    pub(super) fn acknowledge_if_due(&mut self) {
        let unacknowledged = self.read - self.told;
        // As 2 * n >= mark is n >= mark / 2 rounded up. Without a mark it never comes to that.
        if unacknowledged * 2 >= self.in_lane().high_water() && unacknowledged > 0 {
            self.acknowledge();
        }
    }

    /// Acknowledges what was read, be it less than half the mark.
    pub fn acknowledge_early(&mut self) {
        if self.read > self.told {
            self.acknowledge();
        }
    }

    #[cold]
    fn acknowledge(&mut self) {
        self.told = self.read;
        let lane = self.in_lane();
        lane.acknowledged.0.store(self.read, Ordering::Release);
        if lane.writer.fire() {
            self.owes = true;
            if !self.defers {
                self.repay();
            }
        }
    }

    /// Has whoever reads with [`read`](Pipe::read) or [`read_into`](Pipe::read_into) see to the
    /// writer that waits for room.
    pub fn defer(&mut self) {
        self.defers = true;
    }

    /// Whether the writer that waits is to be [told](Pipe::repay) of room, or it is to be used in its
    /// place.
    #[inline]
    pub fn owes(&self) -> bool {
        self.owes
    }

    /// The writer used the room, or is told of it otherwise.
    pub fn forgive(&mut self) {
        self.owes = false;
    }

    /// Tells the writer of room if that is owed.
    pub fn repay(&mut self) {
        if std::mem::take(&mut self.owes) {
            self.tell(mark::WRITABLE);
        }
    }

    /// Whether a part can be read. With nothing there the owner is told once there is.
    pub fn readable(&mut self) -> bool {
        loop {
            if self.in_run && self.has_more_of_run() {
                return true;
            }
            if self.in_run && !self.leave_run() {
                if self.asks_in_vain() {
                    continue;
                }
                return false;
            }
            let Some(next) = self.incoming.peek() else {
                break;
            };
            let skipped = flag::METADATA
                | flag::RUN
                | if self.wants_routing_ids {
                    0
                } else {
                    flag::ROUTING_ID
                };
            if !next.has(skipped) {
                return true;
            }
            match self.incoming.pop() {
                Some(msg) if msg.has(flag::RUN) => self.begin_run(),
                Some(msg) if msg.has(flag::METADATA) => self.metadata = msg.metadata().cloned(),
                _ => {}
            }
        }
        let newest = |pipe: &Pipe| {
            pipe.in_lane()
                .newest
                .as_ref()
                .is_some_and(|newest| newest.msg.lock().is_some())
        };
        newest(self) || self.asks_in_vain()
    }

    /// Asks to be told of the next part, after what is due. `true`: there may be one.
    fn asks_in_vain(&mut self) -> bool {
        // The mark may have been lowered since.
        self.acknowledge_if_due();
        self.repay();
        !self.ask()
    }

    /// Whether the next part is the peer's routing id.
    pub fn next_is_routing_id(&mut self) -> bool {
        self.readable()
            && self
                .incoming
                .peek()
                .is_some_and(|next| next.has(flag::ROUTING_ID))
    }

    /// Whether the other end is gone and everything it wrote was read.
    pub fn is_finished(&mut self) -> bool {
        self.in_lane().ended.load(Ordering::Acquire) && {
            // What was written before the end was marked is visible now.
            !self.incoming.available()
                && !self.has_more_of_run()
                && self
                    .in_lane()
                    .newest
                    .as_ref()
                    .is_none_or(|newest| newest.msg.lock().is_none())
        }
    }

    /// Whether nothing that is written here arrives any more: the other end is gone, read or not,
    /// or this one is [retired](Pipe::retire).
    pub fn is_abandoned(&self) -> bool {
        self.in_lane().ended.load(Ordering::Acquire)
            || self.out_lane().ended.load(Ordering::Relaxed)
    }

    /// Whether the other end is gone and never had anything to say.
    pub fn was_silent(&self) -> bool {
        let lane = self.in_lane();
        lane.ended.load(Ordering::Acquire) && lane.silent.load(Ordering::Relaxed)
    }

    /// Drops everything unread (the peer of a session was lost: what waits is out of date).
    pub fn discard_incoming(&mut self) {
        while self.read().is_some() {}
        self.mid_message = false;
    }
}
