//! Runs in a pipe: messages that lie in one place for many pipes. A part with a mark says where in
//! the queue one belongs.
//!
//! ```text
//!   queue: │msg│msg│RUN│msg│         lane.runs: [reader of the run]
//! ```
//! A message of a run is what ZMTP makes of it (RFC 23, short frame, the last one of a message): 0,
//! the length, the body.
//!
//! Invariants: the end that writes is not `straight` while its run is open, so that whatever else
//! it writes ends that first. The messages that a run may come to count as written from the
//! beginning; when it ends, those that did not come are taken off.

use std::sync::atomic::Ordering;

use super::{Pipe, UNCOUNTED};
use crate::msg::{Msg, flag};
use crate::queue::{RunReader, RunWriter};

const _: () = assert!(UNCOUNTED & flag::RUN != 0);

impl Pipe {
    // ---- writing ------------------------------------------------------------------------------

    /// How many messages a run may bring; 0 if it may not be written here, or the reader
    /// [does not care](Pipe::take_runs) for it.
    pub fn room_for_run(&mut self) -> u64 {
        self.end_run();
        if !self.straight || !self.out_lane().takes_runs.load(Ordering::Relaxed) {
            return 0;
        }
        self.look_for_room();
        let mark = self.out_lane().high_water();
        mark.saturating_sub(self.written - self.acknowledged)
    }

    /// Writes a run, with what is in it, for which there is [room](Pipe::room_for_run). `number` is
    /// the reader's.
    pub fn put_run(&mut self, run: &RunWriter, number: u32) {
        self.end_run();
        let lane = &self.link.lanes[self.side];
        lane.rare().runs.lock().push_back(run.reader(number));
        let mut mark = Msg::empty();
        mark.set(flag::RUN);
        self.outgoing.push(mark);
        self.unshown = true;
        let closer = run.closer();
        self.written += u64::from(closer.limit());
        self.aside.get_or_insert_default().run = Some(closer);
        self.straighten();
    }

    /// Whether the reader has asked to be told, and is to be. For messages that it gets by way of a
    /// run.
    pub fn announce_run(&mut self) -> bool {
        self.unshown = false;
        self.outgoing.announce()
    }

    /// Has the run that was written last, if it is open, be over.
    pub(super) fn end_run(&mut self) {
        let run = self.aside.as_mut().and_then(|aside| aside.run.take());
        if let Some(run) = run {
            run.close();
            self.written -= u64::from(run.left());
            self.straighten();
        }
    }

    /// Messages that count as written, and were not.
    pub(super) fn reserved(&self) -> u64 {
        let run = self.aside.as_ref().and_then(|aside| aside.run.as_ref());
        run.map_or(0, |run| run.left().into())
    }

    // ---- reading ------------------------------------------------------------------------------

    /// Says whether this end makes use of messages that are encoded. It reads runs in any case.
    pub fn take_runs(&self, yes: bool) {
        self.in_lane().takes_runs.store(yes, Ordering::Relaxed);
    }

    /// Hands `take` all there is to read of a run, if one is next or was begun, and says how many
    /// messages that is.
    #[inline]
    pub fn take_run(&mut self, take: impl FnOnce(&[u8])) -> u32 {
        if !self.find_run() {
            return 0;
        }
        let count = self.reading_mut().map_or(0, |run| run.read_all(take));
        if count > 0 {
            self.mid_message = false;
            self.read += u64::from(count);
            self.acknowledge_if_due();
        }
        count
    }

    /// Whether something of a run can be read, or may be soon. Goes on to the next one.
    fn find_run(&mut self) -> bool {
        loop {
            if self.in_run {
                if !self.leave_run() {
                    return true;
                }
            } else if self.incoming.pop_if(|next| next.has(flag::RUN)).is_some() {
                self.begin_run();
            } else {
                return false;
            }
        }
    }

    /// The run that is read.
    pub(super) fn reading(&self) -> Option<&RunReader> {
        self.aside.as_ref()?.reading.as_ref()
    }

    fn reading_mut(&mut self) -> Option<&mut RunReader> {
        self.aside.as_mut()?.reading.as_mut()
    }

    /// The part that stands for a run was taken out.
    pub(super) fn begin_run(&mut self) {
        let next = self.in_lane().rare().runs.lock().pop_front();
        self.in_run = next.is_some();
        self.aside.get_or_insert_default().reading = next;
    }

    /// Has done with a run that is over. `false`: it is not.
    pub(super) fn leave_run(&mut self) -> bool {
        // Who is gone adds nothing. This comes first: what it had added is visible then.
        let ended = self.in_lane().ended.load(Ordering::Acquire);
        let over = |run: &RunReader| run.is_over() || ended && !run.has_unread();
        if self.reading().is_none_or(over) {
            self.in_run = false;
            if let Some(aside) = &mut self.aside {
                aside.reading = None;
            }
            return true;
        }
        false
    }

    /// Whether a run was begun and there is more of it to read.
    pub(super) fn has_more_of_run(&self) -> bool {
        self.reading().is_some_and(RunReader::has_unread)
    }

    /// The next message of the run that was begun. One for which there is no memory is lost.
    pub(super) fn take_of_run(&mut self) -> Option<Msg> {
        loop {
            let msg = self.reading_mut()?.read_one(|octets| {
                let size = usize::from(octets.get(1).copied().unwrap_or_default());
                let body = octets.get(2..2 + size).unwrap_or_default();
                (2 + size, Msg::from_slice(body))
            })?;
            self.took(false);
            if let Ok(msg) = msg {
                return Some(msg);
            }
        }
    }
}

/// Adds a message to a run, if there is room in it and it is of a kind that may be in one. `Some(true)`:
/// readers asked to be told.
#[inline]
pub fn add(run: &mut RunWriter, msg: &Msg) -> Option<bool> {
    let body = msg.data();
    let len = u8::try_from(body.len()).ok()?;
    run.add(&[0, len], body)
}

/// Whether this message [may be in a run](add), and there is room for it.
#[inline]
pub fn takes(run: &RunWriter, msg: &Msg) -> bool {
    may_run(msg) && run.takes(2 + msg.len())
}

/// Whether a message may be in a run.
#[inline]
pub fn may_run(msg: &Msg) -> bool {
    !msg.has(!flag::SHARED) && msg.len() <= usize::from(u8::MAX)
}
