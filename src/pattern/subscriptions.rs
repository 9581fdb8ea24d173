//! Who wants what: the prefixes that pipes subscribed to, and those that a subscriber asked for.
//!
//! Invariant of [`Subscriptions`]: the number of a topic in `topics` says who wants it, one pipe
//! by its number or several as a crowd; nobody wants a topic that is not there. `held` lists every
//! topic of a pipe at least once; what it lists beyond that is found out by asking the topic.

use super::keys::{Keys, Place};
use crate::errno::Errno;
use crate::runtime::PipeId;

/// Set in the number of a topic: a crowd, not a pipe.
const CROWD: u32 = 1 << 31;

/// How many outdated topics a pipe may list before they are looked for.
const OUTDATED: u32 = 64;

/// What a cancellation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// Nobody wants the topic any more.
    Last,
    /// Others want it still.
    Remains,
    /// It was not subscribed to.
    Unknown,
}

#[derive(Default)]
struct Held {
    /// By their hashes.
    topics: Vec<u32>,
    outdated: u32,
}

/// Topics and the pipes that want them.
#[derive(Default)]
pub(super) struct Subscriptions {
    topics: Keys,
    /// Pipes that want the same topic, at least two, ascending.
    crowds: Vec<Vec<PipeId>>,
    free_crowds: Vec<u32>,
    /// By the number of the pipe.
    held: Vec<Held>,
}

impl Subscriptions {
    /// How many topics there are.
    pub(super) fn len(&self) -> usize {
        self.topics.len()
    }

    /// Has a pipe want a topic; `true` if nobody did. A pipe that wants it already is not counted
    /// twice. `ENOMEM` without memory, with nothing changed.
    pub(super) fn add(&mut self, topic: &[u8], pipe: PipeId) -> Result<bool, Errno> {
        let number = pipe.0 as usize;
        if self.held.len() <= number {
            self.held.resize_with(number + 1, Held::default);
        }
        let no_memory = |_| Errno::ENOMEM;
        self.held[number].topics.try_reserve(1).map_err(no_memory)?;
        let known = self.topics.find(topic);
        match known {
            Some(place) if !self.join(place, pipe)? => return Ok(false),
            Some(_) => {}
            None => self.topics.insert(topic, pipe.0)?,
        }
        let hash = self.topics.hash(topic);
        self.held[number].topics.push(hash);
        Ok(known.is_none())
    }

    /// Adds a pipe to those that want a topic; `false` if it was among them.
    fn join(&mut self, place: Place, pipe: PipeId) -> Result<bool, Errno> {
        let value = self.topics.value(place);
        if value & CROWD != 0 {
            let crowd = &mut self.crowds[(value & !CROWD) as usize];
            let Err(at) = crowd.binary_search(&pipe) else {
                return Ok(false);
            };
            crowd.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            crowd.insert(at, pipe);
            return Ok(true);
        }
        if value == pipe.0 {
            return Ok(false);
        }
        let both = [PipeId(value.min(pipe.0)), PipeId(value.max(pipe.0))];
        let crowd = match self.free_crowds.pop() {
            Some(crowd) => crowd,
            None => {
                self.crowds.push(Vec::new());
                self.crowds.len() as u32 - 1
            }
        };
        self.crowds[crowd as usize].extend(both);
        self.topics.set_value(place, CROWD | crowd);
        Ok(true)
    }

    /// Has a pipe not want a topic any more.
    pub(super) fn remove(&mut self, topic: &[u8], pipe: PipeId) -> Removed {
        let Some(place) = self.topics.find(topic) else {
            return Removed::Unknown;
        };
        let removed = self.leave(place, pipe);
        if removed != Removed::Unknown
            && let Some(held) = self.held.get_mut(pipe.0 as usize)
        {
            held.outdated += 1;
            if held.outdated > OUTDATED && held.outdated as usize > held.topics.len() / 2 {
                let topics = std::mem::take(&mut held.topics);
                self.held[pipe.0 as usize].topics = self.current(topics, pipe);
                self.held[pipe.0 as usize].outdated = 0;
            }
        }
        removed
    }

    fn leave(&mut self, place: Place, pipe: PipeId) -> Removed {
        let value = self.topics.value(place);
        if value & CROWD == 0 {
            if value != pipe.0 {
                return Removed::Unknown;
            }
            self.topics.remove(place);
            return Removed::Last;
        }
        let number = value & !CROWD;
        let crowd = &mut self.crowds[number as usize];
        let Ok(at) = crowd.binary_search(&pipe) else {
            return Removed::Unknown;
        };
        crowd.remove(at);
        if let [single] = crowd[..] {
            *crowd = Vec::new();
            self.free_crowds.push(number);
            self.topics.set_value(place, single.0);
        }
        Removed::Remains
    }

    /// Of a list of hashes those of topics that a pipe wants, each once.
    fn current(&self, mut hashes: Vec<u32>, pipe: PipeId) -> Vec<u32> {
        hashes.sort_unstable();
        hashes.dedup();
        hashes.retain(|&hash| self.held_as(hash, pipe).is_some());
        hashes.shrink_to(hashes.len() * 2);
        hashes
    }

    /// A topic of this hash that a pipe wants.
    fn held_as(&self, hash: u32, pipe: PipeId) -> Option<Place> {
        self.topics.find_hash(hash, |value| self.wants(value, pipe))
    }

    #[cfg(test)]
    pub(super) fn held_by(&self, pipe: PipeId) -> usize {
        self.held[pipe.0 as usize].topics.len()
    }

    /// Whether a pipe is among those of a topic's number.
    fn wants(&self, value: u32, pipe: PipeId) -> bool {
        if value & CROWD == 0 {
            value == pipe.0
        } else {
            let crowd = &self.crowds[(value & !CROWD) as usize];
            crowd.binary_search(&pipe).is_ok()
        }
    }

    /// Has a pipe want nothing any more: `lost` is told each topic that it wanted, and whether
    /// nobody else wants it.
    pub(super) fn remove_pipe(&mut self, pipe: PipeId, mut lost: impl FnMut(&[u8], bool)) {
        let Some(held) = self.held.get_mut(pipe.0 as usize) else {
            return;
        };
        let topics = std::mem::take(held).topics;
        for hash in self.current(topics, pipe) {
            while let Some(place) = self.held_as(hash, pipe) {
                let last = self.topics.value(place) & CROWD == 0;
                lost(self.topics.key(place), last);
                self.leave(place, pipe);
            }
        }
    }

    /// Calls `found` for each topic that a message begins with, with the pipes that want it. One
    /// that has several reasons to want the message is among several of them.
    #[inline]
    pub(super) fn matching(&self, octets: &[u8], mut found: impl FnMut(&[PipeId])) {
        self.topics.prefixes_of(octets, |value| {
            found(self.crowd(value, &mut PipeId(0)));
            true
        });
    }

    /// The pipes that want a topic of this number, each once; a single one is put into `single`.
    #[inline]
    fn crowd<'a>(&'a self, value: u32, single: &'a mut PipeId) -> &'a [PipeId] {
        if value & CROWD == 0 {
            *single = PipeId(value);
            std::slice::from_ref(single)
        } else {
            &self.crowds[(value & !CROWD) as usize]
        }
    }

    /// The same for the pipes that want just this topic: where topics are names (groups).
    #[inline]
    pub(super) fn wanting(&self, topic: &[u8], mut found: impl FnMut(&[PipeId])) {
        if let Some(place) = self.topics.find(topic) {
            found(self.crowd(self.topics.value(place), &mut PipeId(0)));
        }
    }
}

/// Topics that a subscriber asked for, each with how often.
#[derive(Default)]
pub(super) struct Interests(Keys);

impl Interests {
    /// How many different topics there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Asks for a topic once (more). `ENOMEM` without memory, with nothing changed.
    pub(super) fn add(&mut self, topic: &[u8]) -> Result<(), Errno> {
        let Some(place) = self.0.find(topic) else {
            return self.0.insert(topic, 1);
        };
        let count = self.0.value(place);
        self.0.set_value(place, count.saturating_add(1));
        Ok(())
    }

    /// Takes one request for a topic back.
    pub(super) fn remove(&mut self, topic: &[u8]) -> Removed {
        let Some(place) = self.0.find(topic) else {
            return Removed::Unknown;
        };
        match self.0.value(place) {
            0 | 1 => {
                self.0.remove(place);
                Removed::Last
            }
            count => {
                self.0.set_value(place, count - 1);
                Removed::Remains
            }
        }
    }

    /// Whether everything was asked for.
    pub(super) fn wants_all(&self) -> bool {
        self.0.has_empty()
    }

    /// Whether a message that begins like this was asked for.
    #[inline(always)]
    pub(super) fn matches(&self, octets: &[u8]) -> bool {
        self.wants_all() || self.begins(octets)
    }

    fn begins(&self, octets: &[u8]) -> bool {
        let mut matches = false;
        self.0.prefixes_of(octets, |_| {
            matches = true;
            false
        });
        matches
    }

    /// All topics, each once, in their order: peers that count on one see the same as from libzmq.
    /// Without memory for a list, in none.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut sorted = Vec::new();
        let reserved = sorted.try_reserve_exact(self.len());
        if reserved.is_ok() {
            sorted.extend(self.0.iter());
            sorted.sort_unstable();
        }
        let unsorted = reserved.is_err().then(|| self.0.iter());
        sorted.into_iter().chain(unsorted.into_iter().flatten())
    }
}
