//! The pipe ends of one socket, by number, as patterns see them.
//!
//! Invariant: a number is alive from `insert` to `remove`; using one that is not is a quiet no.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::event::Ends;
use super::inbox::Wakes;
use super::io_thread::IoThread;
use super::nest::Nest;
use super::pipe::{Limits, Pipe, Rejected};
use crate::errno::Errno;
use crate::msg::{Copies, Metadata, Msg, Spent};
use crate::queue::RunWriter;
use crate::sys;

/// The number of a pipe within its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PipeId(pub u32);

/// Whoever has a stream, or many, that a thread of the application may wait for and read itself.
pub trait Lender: Send + Sync {
    /// The calling thread is about to wait for messages that come by the stream:
    /// lends it, so that it waits for that as well and reads it itself. `conversing`: it sent since it last received.
    /// `None`: it is told in the ordinary way. A loan ends with [`leave`](Lender::leave).
    fn lend(&self, conversing: bool) -> Option<Loan>;

    /// Reads the stream of a loan in the calling thread, after it became readable. `true`: nothing
    /// came of it that the socket would hear of, so that it may wait on.
    fn drive_in(&self, loan: Loan) -> bool;

    /// The calling thread waits no more for a loan. `in_vain`: its deadline came, or a signal.
    /// `true`: nobody else waits for the stream, and the thread is expected to be back soon; if it
    /// is to wait in any other way it [gives it back](Lender::give_back).
    fn leave(&self, loan: Loan, in_vain: bool) -> bool;

    /// Has the I/O thread wait for the stream, if it does not.
    fn give_back(&self);
}

/// Whoever stands behind a pipe and can move its messages on: a session.
pub trait Driver: Lender {
    /// Writes out what waits in the pipe, in the calling thread, if nobody else is at it and the
    /// stream is idle. `false`: it did not, and must be told in the ordinary way.
    fn drive_out(&self) -> bool;

    /// There is room again in the pipe, for which its writer waits: uses it in the calling thread, if
    /// nobody else is at it and it is soon done. `false`: it must be told in the ordinary way.
    fn drive_refill(&self) -> bool;
    /// Some messages were written to the pipe and nobody was told: writes them out in the calling
    /// thread if the I/O thread leaves them to it, and else does nothing. `last`: no more come for
    /// now.
    fn drive_portion(&self, last: bool);

    /// Whether its stream may be watched in a nest of this I/O thread, if it is worth while.
    fn may_settle(&self, io: &IoThread) -> bool;

    /// Has its stream watched in this nest from now on, for which it [may](Driver::may_settle), or,
    /// without one, in the I/O thread's own poller. If that cannot be, it stays where it is.
    fn settle(&self, nest: Option<&Arc<Nest>>);

    /// Where its conversation stands.
    fn standing(&self) -> Standing;
}

/// A stream to wait for, lent to one thread for one wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loan {
    /// Its descriptor, to be looked at and nothing else.
    pub fd: RawFd,
    /// The number of this wait.
    pub ticket: u64,
}

/// What there is to say of a conversation.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Its endpoints.
    pub ends: Ends,
    /// Messages that came and wait in the pipe to be received.
    pub incoming: u64,
}

/// So many readers are not woken by the thread that writes. Fewer hear sooner if they are,
const MANY: usize = 8;
/// unless there were several to wake within this time before: then it is a stream of messages, and
/// to wake them later lets batches form.
const STREAM: Duration = Duration::from_micros(200);

/// How many places are searched for the only pipe.
const SEARCHED: usize = 16;

/// So many messages make a portion.
const PORTION: u32 = if cfg!(loom) { 2 } else { 64 };

struct Slot {
    pipe: Pipe,
    driver: Option<Arc<dyn Driver>>,
    /// Messages since the last portion.
    portion: u32,
}

impl Slot {
    /// There is room in the pipe, for which its writer waits.
    #[cold]
    fn refill(&mut self) {
        if self
            .driver
            .as_ref()
            .is_some_and(|driver| driver.drive_refill())
        {
            self.pipe.forgive();
        } else {
            self.pipe.repay();
        }
    }
}

/// See the module.
#[derive(Default)]
pub struct Pipes {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// How many have a driver.
    driven: usize,
    /// Pipes that the pattern closed, or whose end was read, since the socket last looked.
    finished: Vec<PipeId>,
    /// Pipes whose reader waits and is not told yet.
    owed: Vec<PipeId>,
    /// Who wakes readers when there are many.
    waker: Option<IoThread>,
    /// Empty between calls.
    wakes: Vec<Wakes>,
    /// When there were several readers to tell last.
    told_several: Option<Instant>,
}

impl Pipes {
    /// No pipes.
    pub fn new() -> Pipes {
        Pipes::default()
    }

    /// Takes in a pipe end.
    pub fn insert(&mut self, mut pipe: Pipe, driver: Option<Arc<dyn Driver>>) -> PipeId {
        if driver.is_some() {
            pipe.defer();
        }
        self.driven += usize::from(driver.is_some());
        let slot = Some(Slot {
            pipe,
            driver,
            portion: 0,
        });
        match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = slot;
                PipeId(index)
            }
            None => {
                if self.slots.len() == self.slots.capacity() {
                    // By a quarter: a slot is large, and many peers would leave many empty.
                    self.slots.reserve_exact((self.slots.len() / 4).max(1));
                }
                self.slots.push(slot);
                PipeId(self.slots.len() as u32 - 1)
            }
        }
    }

    /// Whoever stands behind the pipe, if there is just one.
    pub fn sole_driver(&self) -> Option<&Arc<dyn Driver>> {
        if self.slots.len() - self.free.len() != 1 {
            return None;
        }
        // With one alive, many more were so at once: not worth a search.
        let mut first = self.slots.iter().take(SEARCHED).flatten();
        first.next()?.driver.as_ref()
    }

    /// Whether there are several pipes with a driver.
    pub fn are_many_driven(&self) -> bool {
        self.driven > 1
    }

    /// The drivers of at most so many places, from this one on, and where to go on.
    pub fn drivers(
        &self,
        from: usize,
        count: usize,
    ) -> (impl Iterator<Item = &Arc<dyn Driver>>, usize) {
        let end = self.slots.len().min(from.saturating_add(count));
        let slots = self.slots.get(from..end).unwrap_or_default();
        let drivers = slots
            .iter()
            .flatten()
            .filter_map(|slot| slot.driver.as_ref());
        (drivers, end)
    }

    /// Whether there are pipes, and all of them end in this process.
    pub fn are_all_local(&self) -> bool {
        self.driven == 0 && self.slots.len() > self.free.len()
    }

    /// Lets a pipe end go: drops it, and with that closes it.
    pub fn remove(&mut self, id: PipeId) -> bool {
        let Some(slot) = self.slots.get_mut(id.0 as usize).and_then(Option::take) else {
            return false;
        };
        self.free.push(id.0);
        self.driven -= usize::from(slot.driver.is_some());
        drop(slot);
        true
    }

    #[inline]
    fn slot(&mut self, id: PipeId) -> Option<&mut Slot> {
        self.slots.get_mut(id.0 as usize)?.as_mut()
    }

    /// The pipe end itself.
    #[inline]
    pub fn get(&mut self, id: PipeId) -> Option<&mut Pipe> {
        self.slot(id).map(|slot| &mut slot.pipe)
    }

    /// Whether this number is alive.
    pub fn contains(&self, id: PipeId) -> bool {
        self.slots.get(id.0 as usize).is_some_and(Option::is_some)
    }

    /// All numbers alive.
    pub fn ids(&self) -> Vec<PipeId> {
        let alive = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.is_some());
        alive.map(|(index, _)| PipeId(index as u32)).collect()
    }

    /// The next part from a pipe. `None`: nothing now; the pattern hears `readable` or `gone`.
    #[inline]
    pub fn read(&mut self, id: PipeId) -> Option<Msg> {
        let slot = self.slots.get_mut(id.0 as usize)?.as_mut()?;
        let msg = slot.pipe.read();
        if slot.pipe.owes() {
            slot.refill();
        }
        if msg.is_none() && slot.pipe.is_finished() {
            self.finished.push(id);
        }
        msg
    }

    /// Like [`read`](Pipes::read), in place of what `msg` held; `false` leaves it as it was.
    #[inline]
    pub fn read_into(&mut self, id: PipeId, msg: &mut Msg) -> bool {
        let Some(slot) = self.slot(id) else {
            return false;
        };
        let taken = slot.pipe.read_into(msg);
        if slot.pipe.owes() {
            slot.refill();
        }
        taken || {
            self.check_finished(id);
            false
        }
    }

    /// Like [`read_into`](Pipes::read_into), if the next part is a message of its own: as
    /// [`Pipe::read_straight`] has it.
    #[inline(always)]
    pub fn read_straight(&mut self, id: PipeId, msg: &mut Msg, spent: &mut Spent) -> bool {
        let Some(slot) = self.slot(id) else {
            return false;
        };
        let taken = slot.pipe.read_straight(msg, spent);
        if slot.pipe.owes() {
            slot.refill();
        }
        taken
    }

    /// Whether a part can be read from a pipe now.
    pub fn readable(&mut self, id: PipeId) -> bool {
        let Some(slot) = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut) else {
            return false;
        };
        let readable = slot.pipe.readable();
        if !readable && slot.pipe.is_finished() {
            self.finished.push(id);
        }
        readable
    }

    /// Whether a message can be written to a pipe now; if it is full the pattern hears `writable`.
    #[inline]
    pub fn writable(&mut self, id: PipeId) -> bool {
        self.get(id).is_some_and(Pipe::writable)
    }

    /// Like [`writable`](Pipes::writable), as [`Pipe::writable_as_heard`] has it.
    #[inline(always)]
    pub fn writable_as_heard(&mut self, id: PipeId) -> bool {
        self.get(id).is_some_and(Pipe::writable_as_heard)
    }

    /// Adds a part; it comes back when the pipe is full or its other end is gone. Parts after the
    /// first of a message are refused only when the other end is gone.
    #[inline]
    pub fn write(&mut self, id: PipeId, msg: Msg) -> Result<(), Rejected> {
        match self.slot(id) {
            Some(slot) => slot.pipe.write(msg),
            None => Err(Rejected(msg)),
        }
    }

    /// Like [`write`](Pipes::write): `true` if the part was taken, and `msg` is empty now.
    #[inline]
    pub fn put(&mut self, id: PipeId, msg: &mut Msg) -> bool {
        self.slot(id).is_some_and(|slot| slot.pipe.put(msg))
    }

    /// Writes a message of a single part, of which an empty one is left, and
    /// [flushes](Pipes::flush) it. `false`: the pipe is full, and the pattern hears `writable`, or
    /// nothing of the message is wanted any more.
    #[inline(always)]
    pub fn publish(&mut self, id: PipeId, msg: &mut Msg) -> bool {
        self.publish_by(id, |pipe| pipe.put(msg))
    }

    /// Like [`publish`](Pipes::publish), the next of several copies, of which there is one.
    #[inline(always)]
    pub fn publish_next(&mut self, id: PipeId, copies: &mut Copies<'_>) -> bool {
        self.publish_by(id, |pipe| pipe.put_next(copies))
    }

    #[inline(always)]
    fn publish_by(&mut self, id: PipeId, put: impl FnOnce(&mut Pipe) -> bool) -> bool {
        let Some(slot) = self.slots.get_mut(id.0 as usize).and_then(Option::as_mut) else {
            return false;
        };
        if !put(&mut slot.pipe) {
            return false;
        }
        self.flush(id);
        true
    }

    /// Writes a part as a message of its own and [flushes](Pipes::flush) it, if nothing but room is
    /// needed for that, as [`Pipe::put_straight`] has it. `false` changes nothing.
    #[inline(always)]
    pub fn publish_straight(&mut self, id: PipeId, msg: &mut Msg) -> bool {
        let Some(slot) = self.slot(id) else {
            return false;
        };
        let Some(asked) = slot.pipe.put_straight(msg) else {
            return false;
        };
        self.shown(id, asked);
        true
    }

    /// How many messages a run may bring to a pipe; 0 if it may not be written there.
    pub fn room_for_run(&mut self, id: PipeId) -> u64 {
        self.get(id).map_or(0, Pipe::room_for_run)
    }

    /// Writes a run, for which there is [room](Pipes::room_for_run), and
    /// [flushes](Pipes::flush) it. `number` is the reader's.
    pub fn put_run(&mut self, id: PipeId, run: &RunWriter, number: u32) {
        if let Some(slot) = self.slot(id) {
            slot.pipe.put_run(run, number);
            self.flush(id);
        }
    }

    /// Something was added to a run, which the peer has asked to be told of: it is, as of what is
    /// [flushed](Pipes::flush).
    pub fn announce_run(&mut self, id: PipeId) {
        if self.slot(id).is_some_and(|slot| slot.pipe.announce_run()) {
            self.owed.push(id);
        }
    }

    /// Shows the peer what was written. If it waits, it is told by [`settle`](Pipes::settle),
    /// which the socket calls once the pattern is done.
    #[inline]
    pub fn flush(&mut self, id: PipeId) {
        let Some(slot) = self.slot(id) else { return };
        let asked = slot.pipe.show();
        self.shown(id, asked);
    }

    /// A message was shown to the peer, which waits or does not.
    #[inline(always)]
    fn shown(&mut self, id: PipeId, asked: bool) {
        if asked {
            self.owed.push(id);
            return;
        }
        let Some(slot) = self.slot(id) else { return };
        slot.portion += 1;
        if slot.portion >= PORTION {
            slot.portion = 0;
            self.press(false);
        }
    }

    /// Has a portion of messages written out by the calling thread if there is one peer, and it
    /// takes them that way. `last`: no more come for now.
    #[cold]
    pub fn press(&self, last: bool) {
        if let Some(driver) = self.sole_driver() {
            driver.drive_portion(last);
        }
    }

    /// Tells every peer that waits for what was flushed. With `direct` the calling thread first
    /// tries to do the peer's work itself, which spares a wake-up; `true` if it did any.
    #[inline]
    pub fn settle(&mut self, direct: bool) -> bool {
        !self.owed.is_empty() && self.tell_owed(direct)
    }

    /// Who wakes readers when there are many; without, the calling thread does.
    pub fn set_waker(&mut self, waker: Option<IoThread>) {
        self.waker = waker;
    }

    fn tell_owed(&mut self, direct: bool) -> bool {
        if self.owed.len() > 1 && self.waker.is_some() {
            let now = sys::now();
            let last = self.told_several.replace(now);
            let streaming = last.is_some_and(|last| now - last < STREAM);
            if streaming || self.owed.len() >= MANY {
                self.tell_many();
                return false;
            }
        }
        let direct = direct && self.owed.len() == 1;
        let mut driven = false;
        for id in self.owed.drain(..) {
            let Some(slot) = self.slots.get(id.0 as usize).and_then(Option::as_ref) else {
                continue;
            };
            if direct
                && slot
                    .driver
                    .as_ref()
                    .is_some_and(|driver| driver.drive_out())
            {
                driven = true;
            } else {
                slot.pipe.tell_reader();
            }
        }
        driven
    }

    /// Leaves the marks for every reader, and the waking of those that sleep to the I/O thread: it
    /// costs a system call each, and by the time that the last one is woken there is more to read.
    fn tell_many(&mut self) {
        let Some(waker) = &self.waker else { return };
        for id in self.owed.drain(..) {
            if let Some(slot) = self.slots.get(id.0 as usize).and_then(Option::as_ref) {
                let wakes = slot.pipe.tell_reader_quietly();
                if !wakes.is_empty() {
                    self.wakes.push(wakes);
                }
            }
        }
        if !self.wakes.is_empty() {
            waker.wake_later(&mut self.wakes);
        }
    }

    /// Drops the parts of a message that was begun.
    pub fn rollback(&mut self, id: PipeId) {
        if let Some(pipe) = self.get(id) {
            pipe.rollback();
        }
    }

    /// Closes a pipe from this side: unread messages are dropped, written ones still leave. The
    /// pattern hears `gone` once the present call is over.
    pub fn terminate(&mut self, id: PipeId) {
        if self.contains(id) {
            self.finished.push(id);
        }
    }

    /// Pipes to let go of, each to be announced as `gone`.
    #[inline]
    pub fn take_finished(&mut self) -> Option<PipeId> {
        while let Some(id) = self.finished.pop() {
            if self.contains(id) {
                return Some(id);
            }
        }
        None
    }

    /// Marks a pipe as finished if its other end is gone and all was read.
    pub fn check_finished(&mut self, id: PipeId) {
        if self.get(id).is_some_and(Pipe::is_finished) {
            self.finished.push(id);
        }
    }

    /// The connection that the last part read from a pipe came from.
    pub fn metadata(&mut self, id: PipeId) -> Option<Arc<Metadata>> {
        self.get(id)?.metadata().cloned()
    }

    /// Where the conversation behind a pipe stands, and how many messages wait in the pipe to be
    /// sent. Of a peer in this process no more is known than that.
    pub fn standing(&mut self, id: PipeId) -> Option<(Standing, u64)> {
        let slot = self.slot(id)?;
        let driver = slot.driver.clone();
        let outgoing = slot.pipe.unread();
        let standing = driver.map_or_else(Standing::default, |driver| driver.standing());
        Some((standing, outgoing))
    }

    /// Changes the limits of all pipes (`ZMQ_SNDHWM`, `ZMQ_RCVHWM` on a live socket).
    pub fn set_limits(&mut self, limits: Limits) {
        for slot in self.slots.iter().flatten() {
            slot.pipe.set_limits(limits);
        }
    }

    /// Sends an empty message down a pipe (`ZMQ_PROBE_ROUTER`).
    pub fn probe(&mut self, id: PipeId) -> Result<(), Errno> {
        self.write(id, Msg::empty()).map_err(|_| Errno::EAGAIN)?;
        self.flush(id);
        Ok(())
    }
}
