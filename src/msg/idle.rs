//! Large blocks that were let go of a moment ago, kept for whoever wants one next.
//!
//! The allocator would give such memory back to the kernel, which clears every page before it is
//! used again; and it is mostly another thread that lets go, so that two contend for one arena.
//!
//! Invariant: no more than [`PLACES`] blocks and [`MOST`] octets are kept, for the whole process;
//! a block that is kept is nobody else's; nobody waits for the lock, so that a process may fork
//! while somebody holds it.

use parking_lot::Mutex;

use super::block::Idle;

/// Blocks of these capacities are kept, in octets. (The allocator is quick with smaller ones.)
const FROM: usize = 32 * 1024;
const TO: usize = 4 * 1024 * 1024;
/// How many blocks are kept.
const PLACES: usize = 64;
/// How many octets they hold together.
const MOST: usize = 8 * 1024 * 1024;

/// Blocks that are kept, the oldest first.
pub(super) struct Kept(Mutex<Shelf>);

struct Shelf {
    places: [Option<Idle>; PLACES],
    /// Their capacities, so that nobody has to look into a block that another thread wrote last.
    capacities: [usize; PLACES],
    /// How many places are taken, from the front.
    taken: usize,
    /// What they hold together.
    octets: usize,
}

/// The one of the process.
pub(super) static KEPT: Kept = Kept::new();

impl Kept {
    pub(super) const fn new() -> Kept {
        Kept(Mutex::new(Shelf {
            places: [const { None }; PLACES],
            capacities: [0; PLACES],
            taken: 0,
            octets: 0,
        }))
    }

    /// Keeps a block, or frees it. The oldest ones make room.
    #[inline]
    pub(super) fn give(&self, block: Idle) {
        let capacity = block.capacity();
        if (FROM..=TO).contains(&capacity) {
            self.keep(block, capacity);
        }
    }

    fn keep(&self, block: Idle, capacity: usize) {
        let Some(mut shelf) = self.0.try_lock() else {
            return;
        };
        // What has to go is freed when the lock is let go of.
        let mut leaving = [const { None }; PLACES];
        for place in &mut leaving {
            if shelf.taken < PLACES && shelf.octets + capacity <= MOST {
                break;
            }
            *place = shelf.take(0);
        }
        shelf.put(block, capacity);
        drop(shelf);
    }

    /// A block with room for `capacity` octets, and not for many more. What it holds is not said.
    #[inline]
    pub(super) fn take(&self, capacity: usize) -> Option<Idle> {
        if (FROM / 4 * 3..=TO).contains(&capacity) {
            self.find(capacity)
        } else {
            None
        }
    }

    fn find(&self, capacity: usize) -> Option<Idle> {
        let mut shelf = self.0.try_lock()?;
        // The newest is the likeliest to be in a cache.
        let taken = shelf.capacities.get(..shelf.taken)?;
        let at = taken.iter().rposition(|&has| fits(capacity, has))?;
        shelf.take(at)
    }

    /// Frees all of them.
    pub(super) fn clear(&self) {
        let Some(mut shelf) = self.0.try_lock() else {
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
        let shelf = self.0.lock();
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
    fn put(&mut self, block: Idle, capacity: usize) {
        if let Some(place) = self.places.get_mut(self.taken) {
            *place = Some(block);
            self.capacities[self.taken] = capacity;
            self.taken += 1;
            self.octets += capacity;
        }
    }

    fn take(&mut self, at: usize) -> Option<Idle> {
        let block = self.places.get_mut(at)?.take()?;
        self.octets -= self.capacities[at];
        self.places[at..self.taken].rotate_left(1);
        self.capacities[at..self.taken].rotate_left(1);
        self.taken -= 1;
        Some(block)
    }
}

#[cfg(test)]
mod tests;
