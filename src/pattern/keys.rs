//! A table of octet strings, each with a number: topics, routing ids.
//!
//! It answers two questions: which number belongs to a string, and which strings of the table are
//! prefixes of a given one. The second costs one look per *length* that occurs in the table, not
//! per octet: the hash of every prefix falls off while the string is hashed once from left to
//! right. A string takes 32 octets (those longer than [`SHORT`] an allocation on top) and 11 to 22
//! octets of hash slots.
//!
//! Invariant: every live entry has exactly one slot, found by walking on from its hash; `lengths`
//! counts the live entries by length. A hash is only a hint: octets are always compared. The hash
//! is keyed at random, so that a peer cannot choose strings that collide.

use std::hash::{BuildHasher, RandomState};

use crate::errno::Errno;

/// Strings up to this length need no allocation of their own.
pub(super) const SHORT: usize = 23;

/// Where an entry is, until it is removed.
pub(super) type Index = u32;

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    entry: Index,
}

const EMPTY: Slot = Slot {
    hash: 0,
    entry: NONE,
};

enum Octets {
    Short([u8; SHORT]),
    Long(Box<[u8]>),
}

struct Entry {
    octets: Octets,
    /// `NONE`: not alive, and `value` is the next entry that is not.
    len: u32,
    value: u32,
}

const _: () = assert!(size_of::<Entry>() == 32);

impl Entry {
    #[inline]
    fn key(&self) -> &[u8] {
        match &self.octets {
            Octets::Short(octets) => &octets[..(self.len as usize).min(SHORT)],
            Octets::Long(octets) => octets,
        }
    }
}

struct Length {
    len: u32,
    count: u32,
}

/// See the module.
pub(super) struct Keys {
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    /// The first entry that is not alive.
    free: Index,
    count: usize,
    /// Ascending.
    lengths: Vec<Length>,
    hash: Hash,
}

impl Default for Keys {
    fn default() -> Keys {
        Keys {
            slots: Vec::new(),
            entries: Vec::new(),
            free: NONE,
            count: 0,
            lengths: Vec::new(),
            hash: Hash::new(),
        }
    }
}

impl Keys {
    /// How many strings there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The entry of a string.
    pub(super) fn find(&self, key: &[u8]) -> Option<Index> {
        self.look_up(self.hash.of(key), key)
    }

    /// The entry of a string, and whether it is new; a new one gets `value`. `ENOMEM` without
    /// memory, with nothing changed.
    pub(super) fn insert(&mut self, key: &[u8], value: u32) -> Result<(Index, bool), Errno> {
        let hash = self.hash.of(key);
        if let Some(index) = self.look_up(hash, key) {
            return Ok((index, false));
        }
        let len = u32::try_from(key.len()).map_err(|_| Errno::ENOMEM)?;
        if len == NONE {
            return Err(Errno::ENOMEM);
        }
        let octets = copy(key)?;
        self.reserve()?;
        let entry = Entry { octets, len, value };
        let index = if self.free == NONE {
            self.entries.push(entry);
            self.entries.len() as u32 - 1
        } else {
            let index = self.free;
            let place = &mut self.entries[index as usize];
            self.free = place.value;
            *place = entry;
            index
        };
        self.place(Slot { hash, entry: index });
        self.count += 1;
        match self.lengths.binary_search_by_key(&len, |known| known.len) {
            Ok(known) => self.lengths[known].count += 1,
            Err(place) => self.lengths.insert(place, Length { len, count: 1 }),
        }
        Ok((index, true))
    }

    /// Takes a string out.
    pub(super) fn remove(&mut self, index: Index) {
        if !self.is_live(index) {
            return;
        }
        let entry = &mut self.entries[index as usize];
        let hash = self.hash.of(entry.key());
        let len = entry.len;
        *entry = Entry {
            octets: Octets::Short([0; SHORT]),
            len: NONE,
            value: self.free,
        };
        self.free = index;
        self.count -= 1;
        if let Ok(place) = self.lengths.binary_search_by_key(&len, |known| known.len) {
            self.lengths[place].count -= 1;
            if self.lengths[place].count == 0 {
                self.lengths.remove(place);
            }
        }
        self.displace(hash, index);
        if self.count == 0 {
            // What a burst of subscriptions took is given back.
            self.slots = Vec::new();
            self.entries = Vec::new();
            self.free = NONE;
        }
    }

    /// Whether this is an entry now.
    pub(super) fn is_live(&self, index: Index) -> bool {
        self.entries
            .get(index as usize)
            .is_some_and(|entry| entry.len != NONE)
    }

    /// The string of an entry.
    pub(super) fn key(&self, index: Index) -> &[u8] {
        self.entries[index as usize].key()
    }

    /// The number of an entry.
    #[inline]
    pub(super) fn value(&self, index: Index) -> u32 {
        self.entries[index as usize].value
    }

    /// Changes the number of an entry.
    pub(super) fn set_value(&mut self, index: Index, value: u32) {
        self.entries[index as usize].value = value;
    }

    /// All strings.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries
            .iter()
            .filter(|entry| entry.len != NONE)
            .map(Entry::key)
    }

    /// Calls `found` for the entry of every prefix of `octets`, the shortest first, until it
    /// answers `false`.
    #[inline]
    pub(super) fn prefixes_of(&self, octets: &[u8], mut found: impl FnMut(Index) -> bool) {
        let mut hasher = Hasher::new(self.hash, octets);
        for length in &self.lengths {
            let len = length.len as usize;
            if len > octets.len() {
                return;
            }
            if let Some(index) = self.look_up(hasher.prefix(len), &octets[..len])
                && !found(index)
            {
                return;
            }
        }
    }

    #[inline]
    fn look_up(&self, hash: u32, key: &[u8]) -> Option<Index> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut place = hash as usize & mask;
        loop {
            let slot = self.slots[place];
            if slot.entry == NONE {
                return None;
            }
            if slot.hash == hash && self.entries[slot.entry as usize].key() == key {
                return Some(slot.entry);
            }
            place = (place + 1) & mask;
        }
    }

    /// Makes room for one more: slots are at most three quarters full, entries grow by a quarter.
    fn reserve(&mut self) -> Result<(), Errno> {
        self.lengths.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        if self.free == NONE && self.entries.len() == self.entries.capacity() {
            if self.entries.len() >= NONE as usize - 1 {
                return Err(Errno::ENOMEM);
            }
            let more = (self.entries.len() / 4).max(4);
            self.entries
                .try_reserve_exact(more)
                .map_err(|_| Errno::ENOMEM)?;
        }
        if (self.count + 1) * 4 <= self.slots.len() * 3 {
            return Ok(());
        }
        let size = (self.slots.len() * 2).max(8);
        let mut slots = Vec::new();
        slots.try_reserve_exact(size).map_err(|_| Errno::ENOMEM)?;
        slots.resize(size, EMPTY);
        let before = std::mem::replace(&mut self.slots, slots);
        for slot in before {
            if slot.entry != NONE {
                self.place(slot);
            }
        }
        Ok(())
    }

    fn place(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut place = slot.hash as usize & mask;
        while self.slots[place].entry != NONE {
            place = (place + 1) & mask;
        }
        self.slots[place] = slot;
    }

    /// Empties the slot of an entry, and moves those behind it up that would not be found then.
    fn displace(&mut self, hash: u32, index: Index) {
        let mask = self.slots.len() - 1;
        let mut hole = hash as usize & mask;
        while self.slots[hole].entry != index {
            if self.slots[hole].entry == NONE {
                debug_assert!(false, "a live entry has a slot");
                return;
            }
            hole = (hole + 1) & mask;
        }
        let mut place = hole;
        loop {
            place = (place + 1) & mask;
            let slot = self.slots[place];
            if slot.entry == NONE {
                break;
            }
            let home = slot.hash as usize & mask;
            if place.wrapping_sub(home) & mask >= place.wrapping_sub(hole) & mask {
                self.slots[hole] = slot;
                hole = place;
            }
        }
        self.slots[hole] = EMPTY;
    }
}

fn copy(key: &[u8]) -> Result<Octets, Errno> {
    if key.len() <= SHORT {
        let mut octets = [0; SHORT];
        octets[..key.len()].copy_from_slice(key);
        return Ok(Octets::Short(octets));
    }
    let mut octets = Vec::new();
    octets
        .try_reserve_exact(key.len())
        .map_err(|_| Errno::ENOMEM)?;
    octets.extend_from_slice(key);
    Ok(Octets::Long(octets.into_boxed_slice()))
}

/// A random number.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// The key of the hash.
#[derive(Clone, Copy)]
struct Hash {
    seed: u64,
    factor: u64,
}

impl Hash {
    fn new() -> Hash {
        Hash {
            seed: random(),
            factor: random() | 1,
        }
    }

    fn of(self, octets: &[u8]) -> u32 {
        Hasher::new(self, octets).prefix(octets.len())
    }

    #[inline]
    fn mix(self, state: u64) -> u64 {
        let product = u128::from(state) * u128::from(self.factor);
        product as u64 ^ (product >> 64) as u64
    }
}

/// Hashes the prefixes of a string, shorter ones first.
struct Hasher<'a> {
    hash: Hash,
    octets: &'a [u8],
    /// Whole words before here are in `state`; the word from here is `word`.
    start: usize,
    state: u64,
    word: u64,
}

impl<'a> Hasher<'a> {
    #[inline]
    fn new(hash: Hash, octets: &'a [u8]) -> Hasher<'a> {
        Hasher {
            hash,
            octets,
            start: 0,
            state: hash.seed,
            word: word(octets),
        }
    }

    /// The hash of the first `len` octets; `len` never shrinks from call to call.
    #[inline]
    fn prefix(&mut self, len: usize) -> u32 {
        while len - self.start >= 8 {
            self.state = self.hash.mix(self.state ^ self.word);
            self.start += 8;
            self.word = word(&self.octets[self.start..]);
        }
        let tail = self.word & !(u64::MAX << (8 * (len - self.start)));
        // The length tells a prefix from the same one with zero octets behind it.
        let end = self.state.wrapping_add(len as u64) ^ tail.rotate_left(8);
        let hash = self.hash.mix(end);
        (hash ^ (hash >> 32)) as u32
    }
}

/// The next eight octets, zeros where there are none.
#[inline]
fn word(octets: &[u8]) -> u64 {
    match octets.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => octets
            .iter()
            .rev()
            .fold(0, |word, &octet| word << 8 | u64::from(octet)),
    }
}
