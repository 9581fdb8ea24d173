//! A table of octet strings, each with a number: topics, routing ids.
//!
//! It answers two questions: which number belongs to a string, and which strings of the table are
//! prefixes of a given one. The second costs one look per *length* that occurs in the table, not
//! per octet: the hash of every prefix falls off while the string is hashed once from left to
//! right. Of lengths beyond 32 no more are looked for than the string gives reason to
//! ([`Guards`]).
//!
//! Invariant: `table` has every string but the empty one; `lengths` counts those by length.

use super::guards::{FREE, Guards};
use super::prefix_hash::{Hash, Hasher};
use super::table::Table;
use crate::errno::Errno;

/// Where a string is, until one is added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The empty string.
    Empty,
    /// Another one.
    At(usize),
}

struct Length {
    len: usize,
    count: u32,
    /// A bit for each hash that one of them had since there was none: of a length with few strings
    /// most others are known not to be there without looking into the table.
    hashes: u64,
}

/// The bit of a hash.
#[inline]
fn bit(hash: u32) -> u64 {
    // Neither those by which the table finds a place nor those that it compares first.
    1 << (hash >> 8 & 63)
}

/// See the module.
pub(super) struct Keys {
    table: Table,
    /// The number of the empty string: the most common topic by far.
    empty: Option<u32>,
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
            table: Table::default(),
            empty: None,
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
        self.table.len() + usize::from(self.has_empty())
    }

    /// Whether the empty string, with which everything begins, is one of them.
    #[inline]
    pub(super) fn has_empty(&self) -> bool {
        self.empty.is_some()
    }

    /// The hash of a string, by which [`find_hash`](Keys::find_hash) finds it.
    pub(super) fn hash(&self, key: &[u8]) -> u32 {
        self.hash.of(key)
    }

    /// Where a string is.
    pub(super) fn find(&self, key: &[u8]) -> Option<Place> {
        if key.is_empty() {
            return self.empty.map(|_| Place::Empty);
        }
        self.table.find(self.hash.of(key), key).map(Place::At)
    }

    /// Where a string of this hash is whose number is `wanted`.
    pub(super) fn find_hash(&self, hash: u32, wanted: impl Fn(u32) -> bool) -> Option<Place> {
        match self.empty {
            Some(value) if hash == self.hash.of(&[]) && wanted(value) => Some(Place::Empty),
            _ => self.table.find_hash(hash, wanted).map(Place::At),
        }
    }

    /// Adds a string that is not there. `ENOMEM` without memory, with nothing changed.
    pub(super) fn insert(&mut self, key: &[u8], value: u32) -> Result<(), Errno> {
        if key.is_empty() {
            self.empty = Some(value);
            return Ok(());
        }
        self.lengths.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        if let Some(guards) = &mut self.guards {
            guards.reserve(key.len())?;
        }
        let hash = self.hash.of(key);
        self.table.insert(hash, key, value)?;
        if let Some(guards) = &mut self.guards {
            guards.add(self.hash, key);
        }
        match self.place_of_length(key.len()) {
            Ok(known) => {
                self.lengths[known].count += 1;
                self.lengths[known].hashes |= bit(hash);
            }
            Err(place) => {
                let only = Length {
                    len: key.len(),
                    count: 1,
                    hashes: bit(hash),
                };
                self.lengths.insert(place, only);
            }
        }
        Ok(())
    }

    fn place_of_length(&self, len: usize) -> Result<usize, usize> {
        self.lengths.binary_search_by_key(&len, |known| known.len)
    }

    /// Takes a string out.
    pub(super) fn remove(&mut self, place: Place) {
        let Place::At(place) = place else {
            self.empty = None;
            return;
        };
        let key = self.table.key(place);
        if let Some(guards) = &mut self.guards {
            guards.remove(self.hash, key);
        }
        if let Ok(length) = self.place_of_length(key.len()) {
            self.lengths[length].count -= 1;
            if self.lengths[length].count == 0 {
                self.lengths.remove(length);
            }
        }
        self.table.remove(place);
    }

    /// The string at a place.
    pub(super) fn key(&self, place: Place) -> &[u8] {
        match place {
            Place::Empty => &[],
            Place::At(place) => self.table.key(place),
        }
    }

    /// The number of a string.
    #[inline]
    pub(super) fn value(&self, place: Place) -> u32 {
        match place {
            Place::Empty => self.empty.unwrap_or(0),
            Place::At(place) => self.table.value(place),
        }
    }

    /// Changes the number of a string.
    pub(super) fn set_value(&mut self, place: Place, value: u32) {
        match place {
            Place::Empty => self.empty = Some(value),
            Place::At(place) => *self.table.value_mut(place) = value,
        }
    }

    /// All strings.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let empty: Option<&[u8]> = self.empty.map(|_| &[][..]);
        empty.into_iter().chain(self.table.iter())
    }

    /// Calls `found` with the number of every prefix of `octets`, the shortest first, until it
    /// answers `false`.
    #[inline]
    pub(super) fn prefixes_of(&self, octets: &[u8], mut found: impl FnMut(u32) -> bool) {
        if let Some(value) = self.empty
            && !found(value)
        {
            return;
        }
        let mut hasher = Hasher::new(self.hash, octets);
        // Up to twice this length all is clear.
        let mut guarded = FREE / 2;
        for length in &self.lengths {
            let len = length.len;
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
            #[cfg(test)]
            self.looks.set(self.looks.get() + 1);
            let hash = hasher.prefix(len) as u32;
            if length.hashes & bit(hash) == 0 {
                continue;
            }
            if let Some(place) = self.table.find(hash, &octets[..len])
                && !found(self.table.value(place))
            {
                return;
            }
        }
    }
}
