//! What is encoded and waits to be written: short octets in one arena, long bodies where they are.
//!
//! Invariant: octets leave in the order they were added; a body stays alive until its last octet
//! was written. An arena of more than 4 KiB is a thread's, which lends it to a buffer from when that
//! has so much to say until all is written: many connections that one thread writes to in turn use
//! the same one, which stays in the cache.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};

use super::Msg;

/// Bodies from this size on are written from where they are instead of being copied.
const GATHER_FROM: usize = 4 * 1024;
/// How many pieces one gather-write takes at most.
const PIECES: usize = 128;
/// The size of a thread's arenas: for whoever adds nothing more once 64 KiB are there. Larger ones are
/// freed once they are empty.
const LENT: usize = 64 * 1024 + GATHER_FROM + 512;
/// An arena up to this size is the buffer's own, and begins with so much.
const OWN: usize = 4 * 1024;
const LEAST: usize = 128;
/// How many arenas a thread keeps.
const SPARES: usize = 8;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An arena that the calling thread has to spare. (While a thread ends it may have none.)
fn borrow() -> Option<Vec<u8>> {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
    spare.ok().flatten()
}

/// Gives the calling thread an empty arena.
fn give_back(arena: Vec<u8>) {
    if arena.capacity() != LENT {
        return;
    }
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < SPARES {
            spare.push(arena);
        }
    });
}

/// A body between two stretches of the arena.
struct Cut {
    /// Where in the arena the body belongs: in front of the octet at this offset.
    at: usize,
    body: Msg,
    written: usize,
}

/// Encoded octets on their way to a stream.
#[derive(Default)]
pub struct SendBuffer {
    arena: Vec<u8>,
    head: usize,
    cuts: VecDeque<Cut>,
    len: usize,
}

impl SendBuffer {
    /// An empty buffer, which owns no memory.
    pub const fn new() -> SendBuffer {
        SendBuffer {
            arena: Vec::new(),
            head: 0,
            cuts: VecDeque::new(),
            len: 0,
        }
    }

    /// How many octets wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many of them are copies in the arena.
    pub fn copied(&self) -> usize {
        self.arena.len() - self.head
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Has room for so many octets in the arena.
    #[inline(always)]
    fn make_room(&mut self, more: usize) {
        if self.arena.capacity() - self.arena.len() < more {
            self.grow(more);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let least = self.arena.len() + more;
        let fresh = self.arena.capacity() == 0;
        if least <= LENT
            && let Some(mut arena) = (fresh || least > OWN).then(borrow).flatten()
        {
            arena.extend_from_slice(&self.arena);
            self.arena = arena;
            return;
        }
        let capacity = if least <= OWN {
            least.max(LEAST).next_power_of_two()
        } else if least <= LENT {
            LENT
        } else {
            least.saturating_mul(2)
        };
        self.arena.reserve_exact(capacity - self.arena.len());
    }

    /// Adds octets.
    #[inline]
    pub fn extend(&mut self, octets: &[u8]) {
        self.make_room(octets.len());
        self.arena.extend_from_slice(octets);
        self.len += octets.len();
    }

    /// Adds a short frame: its two octets of header, of which the second is the length (at most
    /// [`Msg::INLINE`]) of the body, and that much of the octets. Copies of one size cost less than
    /// copies of the right size, and to put both together first would have the processor wait: what
    /// was written in two pieces cannot be read as one at once.
    #[inline]
    pub fn extend_short(&mut self, header: [u8; 2], octets: &[u8; Msg::INLINE]) {
        let size = header.len() + (header[1] as usize).min(Msg::INLINE);
        let end = self.arena.len() + size;
        self.make_room(header.len() + octets.len());
        self.arena.extend_from_slice(&header);
        self.arena.extend_from_slice(octets);
        self.arena.truncate(end);
        self.len += size;
    }

    /// Adds a header and the octets behind it.
    #[inline]
    pub fn extend_behind(&mut self, header: [u8; 2], octets: &[u8]) {
        let size = header.len() + octets.len();
        self.make_room(size);
        self.arena.extend_from_slice(&header);
        self.arena.extend_from_slice(octets);
        self.len += size;
    }

    /// The `count` octets that were [added](SendBuffer::extend) last, to be sealed.
    #[inline]
    pub fn tail_mut(&mut self, count: usize) -> &mut [u8] {
        let at = self.arena.len().saturating_sub(count);
        &mut self.arena[at..]
    }

    /// Adds the body of a message: copied when short, else kept and written from where it is.
    #[inline]
    pub fn push_body(&mut self, msg: Msg) {
        if msg.len() < GATHER_FROM {
            self.extend(msg.data());
        } else {
            self.len += msg.len();
            self.cuts.push_back(Cut {
                at: self.arena.len(),
                body: msg,
                written: 0,
            });
        }
    }

    /// Calls `write` with what waits, as pieces in order, and removes what it says was written.
    /// Nothing waiting writes nothing.
    pub fn write_with(
        &mut self,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.is_empty() {
            return Ok(0);
        }
        let count = if self.cuts.is_empty() {
            write(&[IoSlice::new(&self.arena[self.head..])])?
        } else {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let used = self.pieces(&mut pieces);
            write(&pieces[..used])?
        };
        self.consume(count);
        Ok(count)
    }

    fn pieces<'a>(&'a self, pieces: &mut [IoSlice<'a>; PIECES]) -> usize {
        let mut used = 0;
        let mut at = self.head;
        for cut in &self.cuts {
            if used + 2 > PIECES {
                return used;
            }
            if cut.at > at {
                pieces[used] = IoSlice::new(&self.arena[at..cut.at]);
                used += 1;
                at = cut.at;
            }
            pieces[used] = IoSlice::new(&cut.body.data()[cut.written..]);
            used += 1;
        }
        if at < self.arena.len() && used < PIECES {
            pieces[used] = IoSlice::new(&self.arena[at..]);
            used += 1;
        }
        used
    }

    fn consume(&mut self, count: usize) {
        let mut left = count.min(self.len);
        self.len -= left;
        while let Some(cut) = self.cuts.front_mut() {
            let before = (cut.at - self.head).min(left);
            self.head += before;
            left -= before;
            let body = (cut.body.len() - cut.written).min(left);
            cut.written += body;
            left -= body;
            if self.head < cut.at || cut.written < cut.body.len() {
                return;
            }
            self.cuts.pop_front();
        }
        self.head += left;
        if self.len == 0 {
            self.head = 0;
            self.arena.clear();
            if self.arena.capacity() > OWN {
                give_back(std::mem::take(&mut self.arena));
            }
        }
    }

    /// Everything that waits, in one piece. For tests and for protocols that wrap this one.
    pub fn drain(&mut self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len);
        while !self.is_empty() {
            // Writing into memory neither fails nor stops short.
            let _ = self.write_with(|pieces| {
                pieces.iter().for_each(|piece| all.extend_from_slice(piece));
                Ok(pieces.iter().map(|piece| piece.len()).sum())
            });
        }
        all
    }

    /// Where the arena is, and how large.
    #[cfg(test)]
    pub fn arena(&self) -> (*const u8, usize) {
        (self.arena.as_ptr(), self.arena.capacity())
    }

    /// Gives back the memory of an idle connection.
    pub fn shrink(&mut self) {
        if self.is_empty() {
            self.arena = Vec::new();
            self.cuts = VecDeque::new();
        }
    }
}
