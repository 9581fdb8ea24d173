//! How strings of a table begin that are longer than [`FREE`]: a bound for whoever looks for
//! prefixes length by length.
//!
//! Lengths are chosen by peers: someone who subscribes to ten thousand topics of as many lengths,
//! which nothing ever begins with, would have each message looked up ten thousand times. So of a
//! longer string the hash of its first 32 octets is counted, of its first 64, 128 and so on, as far
//! as it goes. Lengths up to 32 are looked up in any case, those up to 64 only for messages whose
//! first 32 octets some string of the table has, and so on. Whoever wants more looks than twice the
//! octets by which its topics and the message agree cannot have them.
//!
//! Invariant: `counts` has each guarded prefix with the number of strings that it guards. What
//! collides only costs looks.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher as StdHasher};

use super::prefix_hash::{Hash, Hasher};
use crate::errno::Errno;

/// Lengths up to this one are not guarded.
pub(super) const FREE: usize = 32;

/// What is hashed already is not hashed again.
#[derive(Default)]
struct AsIs(u64);

impl StdHasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for &octet in octets {
            self.0 = self.0 << 8 | u64::from(octet);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Guards {
    counts: HashMap<u64, u32, BuildHasherDefault<AsIs>>,
}

/// The lengths of the prefixes that guard a string.
fn lengths(len: usize) -> impl Iterator<Item = usize> {
    let doubled = |len: &usize| len.checked_mul(2);
    std::iter::successors(Some(FREE), doubled).take_while(move |&guard| guard < len)
}

impl Guards {
    /// Makes room for one more string of this length. `ENOMEM` without memory.
    pub(super) fn reserve(&mut self, len: usize) -> Result<(), Errno> {
        if len <= FREE {
            return Ok(());
        }
        let more = lengths(len).count();
        self.counts.try_reserve(more).map_err(|_| Errno::ENOMEM)
    }

    /// Guards one more string.
    pub(super) fn add(&mut self, hash: Hash, octets: &[u8]) {
        if octets.len() <= FREE {
            return;
        }
        let mut hasher = Hasher::new(hash, octets);
        for len in lengths(octets.len()) {
            *self.counts.entry(hasher.prefix(len)).or_insert(0) += 1;
        }
    }

    /// Guards a string no more.
    pub(super) fn remove(&mut self, hash: Hash, octets: &[u8]) {
        if octets.len() <= FREE {
            return;
        }
        let mut hasher = Hasher::new(hash, octets);
        for len in lengths(octets.len()) {
            let guard = hasher.prefix(len);
            if let Some(count) = self.counts.get_mut(&guard) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(&guard);
                }
            }
        }
        if self.counts.is_empty() {
            self.counts = HashMap::default();
        }
    }

    /// Whether a string may begin with the prefix of this hash.
    pub(super) fn admit(&self, prefix: u64) -> bool {
        self.counts.contains_key(&prefix)
    }
}
