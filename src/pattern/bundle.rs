//! Bundle: a stream of short messages to the same pipes, each encoded and written once for all.
//!
//! Invariant: whoever gets the messages of a run is settled when it begins, and has room for all
//! that may come; anything that changes that ends it. Messages go one by one until several in
//! succession went to the same pipes, for a run takes memory for many.

use crate::msg::Msg;
use crate::queue::RunWriter;
use crate::runtime::{PipeId, Pipes, runs};

/// For fewer pipes it is not worth it: with two, messages go out sooner one by one.
const PIPES: usize = 3;
/// A run brings so many messages at most,
const MOST: u64 = 64;
/// and is not worth it where there is room for fewer than this.
const LEAST: u64 = if cfg!(test) { 2 } else { 16 };
/// So many messages in succession to the same pipes have a run begin,
const STREAK: u32 = if cfg!(test) { 2 } else { 8 };
/// and at most so many after runs that brought few: each message to each pipe counts, of which so
/// many take as much memory by themselves.
const LONGEST_STREAK: u32 = 1024;
const FEW: usize = if cfg!(test) { 4 } else { 64 };

/// See the module.
pub(super) struct Bundle {
    run: Option<RunWriter>,
    /// Who was to get the latest messages, and how many there were in succession.
    set: Vec<PipeId>,
    streak: u32,
    /// How many it takes.
    wanted: u32,
    /// Those of them who get what is added to the run, by the numbers they have in it.
    members: Vec<PipeId>,
}

impl Bundle {
    pub(super) fn new() -> Bundle {
        Bundle {
            run: None,
            set: Vec::new(),
            streak: 0,
            wanted: STREAK,
            members: Vec::new(),
        }
    }

    /// Ends the run.
    pub(super) fn end(&mut self) {
        let Some(run) = self.run.take() else { return };
        let brought = run.messages() as usize;
        if brought * self.members.len() < FEW {
            self.streak = 1;
            self.wanted = (self.wanted * 2).min(LONGEST_STREAK);
        } else {
            self.wanted = STREAK;
        }
    }

    /// Whether a message for these pipes can be added to the run, and all of them get it.
    pub(super) fn takes(&self, pipes: &[PipeId], msg: &Msg) -> bool {
        let all = self.members.len() == pipes.len() && self.set == pipes;
        all && self.run.as_ref().is_some_and(|run| runs::takes(run, msg))
    }

    /// Sends a message by way of a run. `false`: it is to be sent to each of the pipes, and no run is
    /// open. `full` are left out.
    #[inline]
    pub(super) fn send(
        &mut self,
        pipes: &mut Pipes,
        matching: &[PipeId],
        full: impl Fn(PipeId) -> bool,
        msg: &Msg,
    ) -> bool {
        if matching.len() < PIPES || !runs::may_run(msg) {
            self.end();
            self.streak = 0;
            return false;
        }
        if self.streak == 0 || self.set != matching {
            self.end();
            self.set.clear();
            self.set.extend_from_slice(matching);
            self.streak = 1;
            return false;
        }
        if let Some(run) = &mut self.run
            && let Some(asked) = runs::add(run, msg)
        {
            if asked {
                let members = &self.members;
                run.each_asking(|number| {
                    if let Some(&pipe) = members.get(number as usize) {
                        pipes.announce_run(pipe);
                    }
                });
            }
            return true;
        }
        self.end();
        self.streak = self.streak.saturating_add(1);
        if self.streak < self.wanted {
            return false;
        }
        let begun = self.begin(pipes, full, msg);
        if !begun {
            // To ask all of them costs something, so not at every message.
            self.streak = 1;
        }
        begun
    }

    /// Begins a run with a message. `false`: not everybody would have room for one.
    fn begin(&mut self, pipes: &mut Pipes, full: impl Fn(PipeId) -> bool, msg: &Msg) -> bool {
        self.members.clear();
        let mut most = MOST;
        for &pipe in self.set.iter().filter(|&&pipe| !full(pipe)) {
            most = most.min(pipes.room_for_run(pipe));
            if most < LEAST {
                return false;
            }
            self.members.push(pipe);
        }
        let Some(mut run) = RunWriter::new(self.members.len(), most as u32) else {
            return false;
        };
        if runs::add(&mut run, msg).is_none() {
            return false;
        }
        for (number, &pipe) in self.members.iter().enumerate() {
            pipes.put_run(pipe, &run, number as u32);
        }
        self.run = Some(run);
        true
    }
}
