//! A hash table of octet strings, each with a number, laid out for look-ups that no cache helps.
//!
//! ```text
//!   tags:     · 7 c · · 1 · 9 …     an octet for each place: 0 is free, else a part of the hash
//!   entries:  · A B · · C · D …     32 octets each: hash, number, and the octets themselves
//! ```
//!
//! A look-up reads sixteen tags at once. A string that is not there mostly costs no more than that:
//! a million tags fit into a cache that a million strings do not fit into. One that is there costs
//! its entry as well, and that is fetched while the tags are looked at. Places are between half and
//! three quarters full, so that a string takes 44 to 66 octets (those longer than [`SHORT`] an
//! allocation on top).
//!
//! Invariant: an entry is at the first place that was free from its [`home`](Table::home) on, so
//! that none is free in between; the tag of a place is 0 exactly if it is free; the first tags are
//! repeated behind the last, so that sixteen can be read from anywhere. A hash is only a hint: octets
//! are always compared.

use crate::errno::Errno;
use crate::sys::memory::{equal, fetch, prefer_large_pages};

/// Strings up to this length need no allocation of their own.
pub(super) const SHORT: usize = 22;

/// How many tags are looked at at once. With so many, another look is rarely needed.
const GROUP: usize = 16;

enum Octets {
    Short { len: u8, octets: [u8; SHORT] },
    Long(Box<[u8]>),
}

/// Two of them to a cache line.
#[repr(align(32))]
struct Entry {
    octets: Octets,
    hash: u32,
    value: u32,
}

const _: () = assert!(size_of::<Entry>() == 32);

impl Entry {
    const FREE: Entry = Entry {
        octets: Octets::Short {
            len: 0,
            octets: [0; SHORT],
        },
        hash: 0,
        value: 0,
    };

    #[inline]
    fn key(&self) -> &[u8] {
        match &self.octets {
            Octets::Short { len, octets } => &octets[..usize::from(*len).min(SHORT)],
            Octets::Long(octets) => octets,
        }
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Table {
    /// `GROUP` more than there are entries, unless there are none.
    tags: Vec<u8>,
    entries: Vec<Entry>,
    count: usize,
}

/// The tag of a hash. Its low bits, for the high ones say where its home is.
#[inline]
fn tag(hash: u32) -> u8 {
    (hash as u8).max(1)
}

impl Table {
    /// How many strings there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The place at which the search for a hash begins. A larger hash has no smaller one.
    #[inline]
    fn home(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.entries.len() as u64) >> 32) as usize
    }

    #[inline]
    fn wrap(&self, place: usize) -> usize {
        if place < self.entries.len() {
            place
        } else {
            place - self.entries.len()
        }
    }

    fn set_tag(&mut self, place: usize, tag: u8) {
        self.tags[place] = tag;
        if place < GROUP {
            let size = self.entries.len();
            self.tags[size + place] = tag;
        }
    }

    /// The first place of this hash of which `found` answers `true`.
    #[inline]
    fn search(&self, hash: u32, mut found: impl FnMut(&Entry) -> bool) -> Option<usize> {
        let mut place = self.home(hash);
        fetch(self.entries.get(place)?);
        // A quarter of all strings is not in the line of its home, but mostly in the next.
        if let Some(next) = self.entries.get(place + 2) {
            fetch(next);
        }
        loop {
            let group = self.tags[place..].first_chunk::<GROUP>()?;
            let free = equal(group, 0);
            // Nothing behind the first free place belongs to this hash.
            let mut like = equal(group, tag(hash)) & free.wrapping_sub(1) & !free;
            while like != 0 {
                let at = self.wrap(place + like.trailing_zeros() as usize);
                let entry = &self.entries[at];
                if entry.hash == hash && found(entry) {
                    return Some(at);
                }
                like &= like - 1;
            }
            if free != 0 {
                return None;
            }
            place = self.wrap(place + GROUP);
        }
    }

    /// The place of a string, until the table changes.
    #[inline]
    pub(super) fn find(&self, hash: u32, key: &[u8]) -> Option<usize> {
        self.search(hash, |entry| entry.key() == key)
    }

    /// The place of a string of this hash whose number is `wanted`.
    pub(super) fn find_hash(&self, hash: u32, wanted: impl Fn(u32) -> bool) -> Option<usize> {
        self.search(hash, |entry| wanted(entry.value))
    }

    /// The string at a place.
    pub(super) fn key(&self, place: usize) -> &[u8] {
        self.entries[place].key()
    }

    /// The number of the string at a place.
    #[inline]
    pub(super) fn value(&self, place: usize) -> u32 {
        self.entries[place].value
    }

    /// The same, to be changed.
    pub(super) fn value_mut(&mut self, place: usize) -> &mut u32 {
        &mut self.entries[place].value
    }

    /// All strings.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let used = self.tags.iter().zip(&self.entries);
        used.filter(|(tag, _)| **tag != 0)
            .map(|(_, entry)| entry.key())
    }

    /// Adds a string that is not there. `ENOMEM` without memory, with nothing changed.
    pub(super) fn insert(&mut self, hash: u32, key: &[u8], value: u32) -> Result<(), Errno> {
        let octets = copy(key)?;
        self.reserve()?;
        self.put(Entry {
            octets,
            hash,
            value,
        });
        self.count += 1;
        Ok(())
    }

    /// Puts an entry to the first free place; there is one.
    fn put(&mut self, entry: Entry) {
        let mut place = self.home(entry.hash);
        while self.tags[place] != 0 {
            place = self.wrap(place + 1);
        }
        self.set_tag(place, tag(entry.hash));
        self.entries[place] = entry;
    }

    /// Makes room for one more: places are at most three quarters full, and grow by half.
    fn reserve(&mut self) -> Result<(), Errno> {
        let before = self.entries.len();
        if (self.count + 1) * 4 <= before * 3 {
            return Ok(());
        }
        let size = (before + before / 2).max(GROUP);
        if size >= u32::MAX as usize {
            return Err(Errno::ENOMEM);
        }
        let mut grown = Table {
            tags: filled(size + GROUP, || 0)?,
            entries: filled(size, || Entry::FREE)?,
            count: self.count,
        };
        let before = std::mem::take(self);
        let used = before.tags.into_iter().zip(before.entries);
        used.filter(|(tag, _)| *tag != 0)
            .for_each(|(_, entry)| grown.put(entry));
        *self = grown;
        Ok(())
    }

    /// Takes the string at a place out, and moves those behind it up that would not be found then.
    pub(super) fn remove(&mut self, at: usize) {
        let (mut hole, mut place) = (at, at);
        loop {
            place = self.wrap(place + 1);
            if self.tags[place] == 0 || place == hole {
                break;
            }
            let home = self.home(self.entries[place].hash);
            if self.distance(home, place) >= self.distance(hole, place) {
                self.entries.swap(hole, place);
                self.set_tag(hole, self.tags[place]);
                hole = place;
            }
        }
        self.set_tag(hole, 0);
        self.entries[hole] = Entry::FREE;
        self.count -= 1;
        if self.count == 0 {
            // What a burst of subscriptions took is given back.
            *self = Table::default();
        }
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        if to >= from {
            to - from
        } else {
            to + self.entries.len() - from
        }
    }
}

fn filled<T>(size: usize, make: impl FnMut() -> T) -> Result<Vec<T>, Errno> {
    let mut places = Vec::new();
    places.try_reserve_exact(size).map_err(|_| Errno::ENOMEM)?;
    prefer_large_pages(places.spare_capacity_mut());
    places.resize_with(size, make);
    Ok(places)
}

fn copy(key: &[u8]) -> Result<Octets, Errno> {
    if key.len() <= SHORT {
        let mut octets = [0; SHORT];
        octets[..key.len()].copy_from_slice(key);
        let len = key.len() as u8;
        return Ok(Octets::Short { len, octets });
    }
    let mut octets = Vec::new();
    octets
        .try_reserve_exact(key.len())
        .map_err(|_| Errno::ENOMEM)?;
    octets.extend_from_slice(key);
    Ok(Octets::Long(octets.into_boxed_slice()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn octets_are_compared_side_by_side() {
        for octet in 0..=255_u8 {
            let mut octets = [octet.wrapping_add(7); GROUP];
            octets[..8].copy_from_slice(&[octet, 0, 1, octet ^ 0x80, 0x7f, 0x80, 255, octet]);
            octets[GROUP - 1] = octet;
            let bits = equal(&octets, octet);
            for (place, known) in octets.iter().enumerate() {
                assert_eq!(bits >> place & 1 == 1, *known == octet);
            }
            assert_eq!(bits >> GROUP, 0);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Hashes are given, so that they collide, and crowd at the end.
        #[test]
        fn a_table_does_what_a_map_does(steps in prop::collection::vec(
            (any::<bool>(), 0_u32..40, prop_oneof![
                Just(0), Just(1), Just(0x100), Just(1 << 31), Just(u32::MAX), Just(u32::MAX - 1),
            ]),
            1..200,
        )) {
            let mut real = Table::default();
            let mut model = BTreeMap::new();
            for (step, (add, number, hash)) in steps.into_iter().enumerate() {
                let key = number.to_be_bytes();
                match (add, real.find(hash, &key)) {
                    (true, None) => {
                        real.insert(hash, &key, step as u32).unwrap();
                        prop_assert_eq!(model.insert((hash, key), step as u32), None);
                    }
                    (false, Some(place)) => {
                        real.remove(place);
                        prop_assert!(model.remove(&(hash, key)).is_some());
                    }
                    (_, found) => prop_assert_eq!(found.is_some(), model.contains_key(&(hash, key))),
                }
                prop_assert_eq!(real.len(), model.len());
                prop_assert_eq!(real.iter().count(), model.len());
                for ((hash, key), value) in &model {
                    let found = real.find(*hash, key).map(|place| real.value(place));
                    prop_assert_eq!(found, Some(*value));
                    let found = real.find_hash(*hash, |number| number == *value);
                    prop_assert_eq!(found.map(|place| real.key(place)), Some(&key[..]));
                }
            }
        }
    }
}
