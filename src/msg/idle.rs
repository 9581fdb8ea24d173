//! Large blocks and slabs that were let go of a moment ago, kept for whoever wants one next.
//!
//! The allocator would give such memory back to the kernel, which clears every page before it is
//! used again; and it is mostly another thread that lets go, so that two contend for one arena.
//!
//! Invariant: no more blocks and octets are kept than a shelf has places and says, for the whole
//! process; a block that is kept is nobody else's; nobody waits for the lock, so that a process may
//! fork while somebody holds it.

use parking_lot::{Mutex, MutexGuard};

use super::block::Idle;
use super::slab::SLAB;

/// How many blocks a shelf has places for.
const PLACES: usize = 128;

/// Blocks that are kept, the oldest first.
pub(super) struct Kept {
    /// Each has at least so many octets, and at most so many.
    from: usize,
    to: usize,
    /// And all together.
    most: usize,
    shelf: Mutex<Shelf>,
}

struct Shelf {
    places: [Option<Idle>; PLACES],
    /// What there is to know of them, so that nobody has to look into a block that another thread
    /// wrote last.
    about: [About; PLACES],
    /// How many places are taken, from the front.
    taken: usize,
    /// What they hold together.
    octets: usize,
}

#[derive(Clone, Copy)]
struct About {
    capacity: usize,
    clean: bool,
}

/// Those that large bodies lay in, or that were read into. (The allocator is quick with smaller ones.)
pub(super) static LARGE: Kept = Kept::new(32 * 1024, 4 * 1024 * 1024, 8 * 1024 * 1024);
/// Those that short bodies were cut from: the queues of a stream of 1 KiB are as long.
pub(super) static SLABS: Kept = Kept::new(SLAB, SLAB, PLACES * SLAB);

/// Where blocks of this capacity are kept. `clean`: all their octets were written once.
#[inline]
pub(super) fn shelf(capacity: usize, clean: bool) -> &'static Kept {
    if clean && capacity == SLAB {
        &SLABS
    } else {
        &LARGE
    }
}

impl Kept {
    const fn new(from: usize, to: usize, most: usize) -> Kept {
        let nothing = About {
            capacity: 0,
            clean: false,
        };
        Kept {
            from,
            to,
            most,
            shelf: Mutex::new(Shelf {
                places: [const { None }; PLACES],
                about: [nothing; PLACES],
                taken: 0,
                octets: 0,
            }),
        }
    }

    /// Keeps a block, or frees it. The oldest ones make room.
    #[inline]
    pub(super) fn give(&self, block: Idle) {
        let about = About {
            capacity: block.capacity(),
            clean: block.is_clean(),
        };
        if (self.from..=self.to).contains(&about.capacity) {
            self.keep(block, about);
        }
    }

    fn keep(&self, block: Idle, about: About) {
        let Some(mut shelf) = self.shelf.try_lock() else {
            return;
        };
        if !self.has_room(&shelf, about) {
            return self.keep_instead(shelf, block, about);
        }
        shelf.put(block, about);
    }

    fn has_room(&self, shelf: &Shelf, about: About) -> bool {
        shelf.taken < PLACES && shelf.octets + about.capacity <= self.most
    }

    #[cold]
    fn keep_instead(&self, mut shelf: MutexGuard<'_, Shelf>, block: Idle, about: About) {
        // What has to go is freed when the lock is let go of.
        let mut leaving = [const { None }; PLACES];
        for place in &mut leaving {
            if self.has_room(&shelf, about) {
                break;
            }
            *place = shelf.take(0);
        }
        shelf.put(block, about);
        drop(shelf);
    }

    /// A block with room for `capacity` octets, and not for many more. What it holds is not said;
    /// `clean`: but all of it was written once.
    #[inline]
    pub(super) fn take(&self, capacity: usize, clean: bool) -> Option<Idle> {
        if (self.from / 4 * 3..=self.to).contains(&capacity) {
            self.find(capacity, clean)
        } else {
            None
        }
    }

    fn find(&self, capacity: usize, clean: bool) -> Option<Idle> {
        let mut shelf = self.shelf.try_lock()?;
        // The newest is the likeliest to be in a cache.
        let taken = shelf.about.get(..shelf.taken)?;
        let will_do = |has: &About| fits(capacity, has.capacity) && (has.clean || !clean);
        let at = taken.iter().rposition(will_do)?;
        shelf.take(at)
    }

    /// Frees all of them.
    pub(super) fn clear(&self) {
        let Some(mut shelf) = self.shelf.try_lock() else {
            return;
        };
        let leaving = std::mem::replace(&mut shelf.places, [const { None }; PLACES]);
        (shelf.taken, shelf.octets) = (0, 0);
        drop(shelf);
        drop(leaving);
    }

    /// How many there are, and how many octets they hold.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        let shelf = self.shelf.lock();
        let blocks = shelf.places.iter().flatten();
        let octets = blocks.clone().map(Idle::capacity).sum();
        assert_eq!(
            (shelf.taken, shelf.octets),
            (blocks.clone().count(), octets)
        );
        (shelf.taken, octets)
    }
}

/// Whether a block of such a capacity has room for what is wanted, and wastes no more than a
/// quarter.
fn fits(wanted: usize, capacity: usize) -> bool {
    (capacity / 4 * 3..=capacity).contains(&wanted)
}

impl Shelf {
    /// Puts a block into the next place, of which there is one.
    fn put(&mut self, block: Idle, about: About) {
        if let Some(place) = self.places.get_mut(self.taken) {
            *place = Some(block);
            self.about[self.taken] = about;
            self.taken += 1;
            self.octets += about.capacity;
        }
    }

    fn take(&mut self, at: usize) -> Option<Idle> {
        let block = self.places.get_mut(at)?.take()?;
        self.octets -= self.about[at].capacity;
        self.places[at..self.taken].rotate_left(1);
        self.about[at..self.taken].rotate_left(1);
        self.taken -= 1;
        Some(block)
    }
}

#[cfg(test)]
mod tests;
