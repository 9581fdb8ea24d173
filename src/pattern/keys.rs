//! A table of octet strings, each with a number: topics, routing ids.
//!
//! It answers two questions: which number belongs to a string, and which strings of the table are
//! prefixes of a given one. The second costs one look per *length* that occurs in the table, not
//! per octet: the hash of every prefix falls off while the string is hashed once from left to
//! right. Of lengths beyond 32 no more are looked for than the string gives reason to
//! ([`Guards`]). A string takes 32 octets (those longer than [`SHORT`] an allocation on top) and 11
//! to 22 octets of hash slots.
//!
//! Invariant: every live entry but that of the empty string has exactly one slot, found by walking
//! on from its hash; `lengths` counts the live entries by length, that one excepted. A hash is only
//! a hint: octets are always compared.

use super::guards::{FREE, Guards};
use super::prefix_hash::{Hash, Hasher};
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
    /// The entry of the empty string: the most common topic by far.
    empty: Index,
    /// Ascending.
    lengths: Vec<Length>,
    /// For tables that are asked for prefixes.
    guards: Option<Guards>,
    hash: Hash,
    #[cfg(test)]
    pub(super) looks: std::cell::Cell<usize>,
}

impl Default for Keys {
    fn default() -> Keys {
        Keys {
            slots: Vec::new(),
            entries: Vec::new(),
            free: NONE,
            count: 0,
            empty: NONE,
            lengths: Vec::new(),
            guards: Some(Guards::default()),
            hash: Hash::new(),
            #[cfg(test)]
            looks: std::cell::Cell::default(),
        }
    }
}

impl Keys {
    /// A table that is never asked for prefixes.
    pub(super) fn of_names() -> Keys {
        Keys {
            guards: None,
            ..Keys::default()
        }
    }

    /// How many strings there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Whether the empty string, with which everything begins, is one of them.
    #[inline]
    pub(super) fn has_empty(&self) -> bool {
        self.empty != NONE
    }

    /// The entry of a string.
    pub(super) fn find(&self, key: &[u8]) -> Option<Index> {
        if key.is_empty() {
            return self.has_empty().then_some(self.empty);
        }
        self.look_up(self.hash.of(key), key)
    }

    /// The entry of a string, and whether it is new; a new one gets `value`. `ENOMEM` without
    /// memory, with nothing changed.
    pub(super) fn insert(&mut self, key: &[u8], value: u32) -> Result<(Index, bool), Errno> {
        if let Some(index) = self.find(key) {
            return Ok((index, false));
        }
        let len = u32::try_from(key.len()).map_err(|_| Errno::ENOMEM)?;
        if len == NONE {
            return Err(Errno::ENOMEM);
        }
        let octets = copy(key)?;
        self.reserve()?;
        if let Some(guards) = &mut self.guards {
            guards.reserve(key.len())?;
        }
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
        self.count += 1;
        if len == 0 {
            self.empty = index;
            return Ok((index, true));
        }
        let hash = self.hash.of(key);
        self.place(Slot { hash, entry: index });
        if let Some(guards) = &mut self.guards {
            guards.add(self.hash, key);
        }
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
        let gone = Entry {
            octets: Octets::Short([0; SHORT]),
            len: NONE,
            value: self.free,
        };
        let gone = std::mem::replace(entry, gone);
        self.free = index;
        self.count -= 1;
        if gone.len == 0 {
            self.empty = NONE;
        } else {
            self.displace(self.hash.of(gone.key()), index);
            self.forget_length(gone.len);
            if let Some(guards) = &mut self.guards {
                guards.remove(self.hash, gone.key());
            }
        }
        if self.count == 0 {
            // What a burst of subscriptions took is given back.
            self.slots = Vec::new();
            self.entries = Vec::new();
            self.free = NONE;
        }
    }

    fn forget_length(&mut self, len: u32) {
        if let Ok(place) = self.lengths.binary_search_by_key(&len, |known| known.len) {
            self.lengths[place].count -= 1;
            if self.lengths[place].count == 0 {
                self.lengths.remove(place);
            }
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
        if self.empty != NONE && !found(self.empty) {
            return;
        }
        let mut hasher = Hasher::new(self.hash, octets);
        // Up to twice this length all is clear.
        let mut guarded = FREE / 2;
        for length in &self.lengths {
            let len = length.len as usize;
            if len > octets.len() {
                return;
            }
            while len > guarded * 2 {
                guarded *= 2;
                let guards = self.guards.as_ref();
                if guards.is_some_and(|guards| !guards.admit(hasher.prefix(guarded))) {
                    return;
                }
            }
            if let Some(index) = self.look_up(hasher.prefix(len) as u32, &octets[..len])
                && !found(index)
            {
                return;
            }
        }
    }

    #[inline]
    fn look_up(&self, hash: u32, key: &[u8]) -> Option<Index> {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
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
