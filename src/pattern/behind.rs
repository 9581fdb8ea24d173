//! What peers are to be told and did not take yet, as their pipes were full.
//!
//! Invariant: each pipe is told everything in the order in which it was said; a full pipe delays
//! and never loses.

use std::collections::VecDeque;

use crate::msg::Msg;
use crate::runtime::{PipeId, Pipes, Rejected};

/// See the module.
#[derive(Default)]
pub(super) struct Behind(Vec<(PipeId, VecDeque<Msg>)>);

impl Behind {
    /// Writes a message, or has it wait. `false`: it waits, or the peer is gone.
    pub(super) fn tell(&mut self, pipes: &mut Pipes, pipe: PipeId, msg: Msg) -> bool {
        if let Some((_, waiting)) = self.0.iter_mut().find(|(behind, _)| *behind == pipe) {
            waiting.push_back(msg);
            return false;
        }
        match pipes.write(pipe, msg) {
            Ok(()) => {
                pipes.flush(pipe);
                true
            }
            Err(Rejected(msg)) => {
                let gone = pipes.get(pipe).is_none_or(|end| end.is_abandoned());
                if !gone {
                    self.0.push((pipe, VecDeque::from([msg])));
                }
                false
            }
        }
    }

    /// Writes what waits for a pipe that has room. `true` if nothing is left.
    pub(super) fn catch_up(&mut self, pipes: &mut Pipes, pipe: PipeId) -> bool {
        let Some(place) = self.0.iter().position(|(behind, _)| *behind == pipe) else {
            return true;
        };
        let waiting = &mut self.0[place].1;
        while let Some(msg) = waiting.pop_front() {
            if let Err(Rejected(msg)) = pipes.write(pipe, msg) {
                waiting.push_front(msg);
                break;
            }
        }
        pipes.flush(pipe);
        let done = waiting.is_empty();
        if done {
            self.0.swap_remove(place);
        }
        done
    }

    /// Drops what waits for a pipe.
    pub(super) fn forget(&mut self, pipe: PipeId) {
        self.0.retain(|(behind, _)| *behind != pipe);
    }
}
