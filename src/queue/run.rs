//! A run: messages that one adds, one behind the other, and many read, each when it comes to it.
//!
//! ```text
//!   octets: │message│message│message│ …          │   state: octets and messages so far,
//!            ▲ reader 1      ▲ reader 0             CLOSED, ASKED;  asking: a bit for each reader
//! ```
//!
//! Invariants: octets below the count in `state` never change, those above are the writer's alone.
//! A reader that asks sets its bit first and then `ASKED`, with the count that it has read to; so
//! either the writer finds both, or the reader finds that there is more.

use std::mem::MaybeUninit;

use super::spsc::Line;
use super::sync::{Arc, AtomicU64, Ordering, UnsafeCell};

/// So many octets fit.
const OCTETS: usize = if cfg!(loom) { 8 } else { 4096 };

/// In `state`: a message; the octets are below.
const MESSAGE: u64 = 1 << 32;
/// Nothing is added any more.
const CLOSED: u64 = 1 << 62;
/// Somebody wants to be told of the next message.
const ASKED: u64 = 1 << 63;

fn octets(state: u64) -> usize {
    (state & (MESSAGE - 1)) as usize
}

fn messages(state: u64) -> u32 {
    ((state & !(CLOSED | ASKED)) / MESSAGE) as u32
}

/// What writer and readers share.
struct Shared {
    state: Line<AtomicU64>,
    /// No more messages than this.
    limit: u32,
    asking: Box<[AtomicU64]>,
    octets: Box<[UnsafeCell<MaybeUninit<u8>>]>,
}

// SAFETY: an octet is written by the one writer before it is counted, and only read after that.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    fn state(&self, order: Ordering) -> u64 {
        self.state.0.load(order)
    }

    fn close(&self) {
        self.state.0.fetch_or(CLOSED, Ordering::AcqRel);
    }
}

/// What else can end a run, on the writer's side.
pub struct RunCloser(Arc<Shared>);

impl RunCloser {
    /// Has nothing be added any more. Nobody adds anything meanwhile.
    pub fn close(&self) {
        self.0.close();
    }

    /// How many messages there can be.
    pub fn limit(&self) -> u32 {
        self.0.limit
    }

    /// How many more messages there can be than there are.
    pub fn left(&self) -> u32 {
        self.0.limit - messages(self.0.state(Ordering::Relaxed))
    }
}

/// The one who adds.
pub struct RunWriter(Arc<Shared>);

impl RunWriter {
    /// A run of at most so many messages, and the readers, so many. `None` without memory.
    pub fn new(readers: usize, limit: u32) -> Option<RunWriter> {
        let mut octets = Vec::new();
        octets.try_reserve_exact(OCTETS).ok()?;
        octets.resize_with(OCTETS, || UnsafeCell::new(MaybeUninit::uninit()));
        let words = readers.div_ceil(64);
        let mut asking = Vec::new();
        asking.try_reserve_exact(words).ok()?;
        asking.resize_with(words, || AtomicU64::new(0));
        Some(RunWriter(Arc::new(Shared {
            state: Line(AtomicU64::new(0)),
            limit,
            asking: asking.into(),
            octets: octets.into(),
        })))
    }

    /// What else can end it.
    pub fn closer(&self) -> RunCloser {
        RunCloser(self.0.clone())
    }

    /// How many messages there are.
    pub fn messages(&self) -> u32 {
        messages(self.0.state(Ordering::Relaxed))
    }

    /// The reader of this number, which begins with the first message. Each number once.
    pub fn reader(&self, number: u32) -> RunReader {
        RunReader {
            run: self.0.clone(),
            number,
            octets: 0,
            messages: 0,
        }
    }

    /// Whether a message of so many octets can be added.
    #[inline]
    pub fn takes(&self, size: usize) -> bool {
        let state = self.0.state(Ordering::Relaxed);
        state & CLOSED == 0
            && messages(state) < self.0.limit
            && self.0.octets.len() - octets(state) >= size
    }

    /// Adds a message of two pieces, if there is room for it. `Some(true)`: readers have
    /// [asked](RunWriter::each_asking).
    #[inline]
    pub fn add(&mut self, front: &[u8], body: &[u8]) -> Option<bool> {
        let size = front.len() + body.len();
        if !self.takes(size) {
            return None;
        }
        let run = &*self.0;
        let at = octets(run.state(Ordering::Relaxed));
        // SAFETY: not counted, so nobody else's; `takes` says that both fit.
        unsafe {
            write(&run.octets[at..], front);
            write(&run.octets[at + front.len()..], body);
        }
        let before = run
            .state
            .0
            .fetch_add(MESSAGE + size as u64, Ordering::AcqRel);
        Some(before & ASKED != 0)
    }

    /// The numbers of those who asked to be told of the next message, each once for each time that
    /// it asked, or seldom once more.
    pub fn each_asking(&mut self, mut tell: impl FnMut(u32)) {
        self.0.state.0.fetch_and(!ASKED, Ordering::AcqRel);
        for (word, bits) in self.0.asking.iter().enumerate() {
            let mut bits = bits.swap(0, Ordering::AcqRel);
            while bits != 0 {
                tell(word as u32 * 64 + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }
}

impl Drop for RunWriter {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// One of those who read.
pub struct RunReader {
    run: Arc<Shared>,
    number: u32,
    /// How far it has read.
    octets: u32,
    messages: u32,
}

impl RunReader {
    /// Whether there is something that it has not read.
    pub fn has_unread(&self) -> bool {
        octets(self.run.state(Ordering::Acquire)) > self.octets as usize
    }

    /// Whether it has read everything, and there will be no more.
    pub fn is_over(&self) -> bool {
        let state = self.run.state(Ordering::Acquire);
        state & CLOSED != 0 && octets(state) == self.octets as usize
    }

    /// Reads all messages that are there, and says how many there were.
    #[inline]
    pub fn read_all(&mut self, read: impl FnOnce(&[u8])) -> u32 {
        let state = self.run.state(Ordering::Acquire);
        let (from, to) = (self.octets as usize, octets(state));
        if from == to {
            return 0;
        }
        // SAFETY: counted, so written and never changed again.
        unsafe { with(&self.run.octets[from..to], read) };
        let count = messages(state) - self.messages;
        self.octets += (to - from) as u32;
        self.messages += count;
        count
    }

    /// Reads one message, whose size in octets `read` says. `None`: there is none.
    pub fn read_one<R>(&mut self, read: impl FnOnce(&[u8]) -> (usize, R)) -> Option<R> {
        let state = self.run.state(Ordering::Acquire);
        let (from, to) = (self.octets as usize, octets(state));
        if from == to {
            return None;
        }
        // SAFETY: as in `read_all`.
        let (size, result) = unsafe { with(&self.run.octets[from..to], read) };
        self.octets += size.min(to - from) as u32;
        self.messages += 1;
        Some(result)
    }

    /// Asks to be told of the next message. `false`: there is one, or there will be none.
    pub fn ask(&self) -> bool {
        let bit = 1 << (self.number % 64);
        if let Some(bits) = self.run.asking.get(self.number as usize / 64) {
            bits.fetch_or(bit, Ordering::AcqRel);
        }
        let state = &self.run.state.0;
        let mut found = state.load(Ordering::Acquire);
        // Written even if `ASKED` is there already: so the writer that takes it sees the bit.
        while found & CLOSED == 0 && octets(found) == self.octets as usize {
            let wanted = found | ASKED;
            match state.compare_exchange(found, wanted, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(other) => found = other,
            }
        }
        false
    }
}

/// Writes octets into the first cells.
///
/// # Safety
/// There are enough of them, and they are the caller's alone.
unsafe fn write(cells: &[UnsafeCell<MaybeUninit<u8>>], octets: &[u8]) {
    #[cfg(loom)]
    for (cell, octet) in cells.iter().zip(octets) {
        // SAFETY: the caller's promise.
        cell.with_mut(|cell| unsafe { (*cell).write(*octet) });
    }
    #[cfg(not(loom))]
    // SAFETY: the caller's promise; a cell is nothing but its octet.
    unsafe {
        let place = cells.as_ptr().cast::<u8>().cast_mut();
        std::ptr::copy_nonoverlapping(octets.as_ptr(), place, octets.len());
    }
}

/// Has the octets of these cells read.
///
/// # Safety
/// They were written, and nobody writes them any more.
unsafe fn with<R>(cells: &[UnsafeCell<MaybeUninit<u8>>], read: impl FnOnce(&[u8]) -> R) -> R {
    #[cfg(loom)]
    {
        // SAFETY: the caller's promise.
        let octet =
            |cell: &UnsafeCell<MaybeUninit<u8>>| cell.with(|cell| unsafe { (*cell).assume_init() });
        read(&cells.iter().map(octet).collect::<Vec<u8>>())
    }
    #[cfg(not(loom))]
    // SAFETY: the caller's promise; a cell is nothing but its octet.
    read(unsafe { std::slice::from_raw_parts(cells.as_ptr().cast(), cells.len()) })
}
