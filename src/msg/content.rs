//! The body of a message and who owns it: the one place where C's buffers are touched.
//!
//! ```text
//! offset 0                    24         48          56           60    61    62     63
//!        | block | data | len | held |    | metadata | routing id | len | kind | flags | – |   counted
//!        | 48 octets of body       | metadata | routing id | len | kind | flags | – |   inline
//! ```
//! A group (RADIO, DISH) is part of the metadata: only messages that have one pay for it.
//!
//! Invariant: `kind` says which member of the union is alive. A counted body holds one reference
//! on its block, and as many more as `held` says, for copies to come, if it is shared; a block is freed
//! by whoever drops the last reference, exactly once.

mod copies;

use std::ffi::c_void;
use std::mem::{ManuallyDrop, MaybeUninit, offset_of};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

pub use self::copies::Copies;
use super::block::{Block, Foreign, FreeFn, Piece};
use super::room::Room;
use super::spent::Spent;
use super::{Metadata, flag, metadata};
use crate::errno::Errno;

/// Alive, body inside the message.
const INLINE: u8 = 0xA1;
/// Alive, body in a block of its own (shared only if `flag::SHARED` is set).
const COUNTED: u8 = 0xA2;
/// Alive, body in a block that other messages look into too.
const SLICE: u8 = 0xA3;
/// Alive, body in memory that outlives everything (`zmq_send_const`).
const CONSTANT: u8 = 0xA4;
/// Not alive. Zero, so that zeroed memory is no message.
const CLOSED: u8 = 0;

#[derive(Clone, Copy)]
#[repr(C)]
struct Long {
    block: Option<NonNull<Block>>,
    data: *mut u8,
    len: usize,
    held: u64,
}

impl Long {
    fn new(block: Option<NonNull<Block>>, data: *mut u8, len: usize) -> Long {
        let held = 0;
        Long {
            block,
            data,
            len,
            held,
        }
    }
}

#[repr(C)]
union Body {
    inline: [u8; Msg::INLINE],
    long: Long,
}

/// One message part: `zmq_msg_t`.
#[repr(C, align(8))]
pub struct Msg {
    body: Body,
    metadata: Option<Arc<Metadata>>,
    /// The peer of a SERVER or PEER socket (RFC 41), 0 for none.
    pub routing_id: u32,
    inline_len: u8,
    kind: u8,
    flags: u8,
    spare: u8,
}

const _: () = assert!(size_of::<Msg>() == 64 && align_of::<Msg>() == 8);
const _: () = assert!(offset_of!(Msg, kind) == 61);

// SAFETY: a message owns its body; blocks are counted atomically, and a free function may run on
// any thread by the contract of `zmq_msg_init_data`.
unsafe impl Send for Msg {}
// SAFETY: through a shared reference the body can only be read.
unsafe impl Sync for Msg {}

impl Msg {
    /// Bodies up to this many octets need no allocation.
    pub const INLINE: usize = 48;

    /// An empty message part.
    pub const fn empty() -> Msg {
        Msg {
            body: Body {
                inline: [0; Msg::INLINE],
            },
            metadata: None,
            routing_id: 0,
            inline_len: 0,
            kind: INLINE,
            flags: 0,
            spare: 0,
        }
    }

    /// A part whose body is the first `len` (at most [`Msg::INLINE`]) of these octets, with marks.
    #[inline]
    pub const fn inline(octets: [u8; Msg::INLINE], len: usize, flags: u8) -> Msg {
        Msg {
            body: Body { inline: octets },
            metadata: None,
            routing_id: 0,
            inline_len: if len > Msg::INLINE {
                Msg::INLINE as u8
            } else {
                len as u8
            },
            kind: INLINE,
            flags,
            spare: 0,
        }
    }

    #[inline(always)]
    const fn long(kind: u8, long: Long) -> Msg {
        let mut msg = Msg::empty();
        msg.body.long = long;
        msg.kind = kind;
        msg
    }

    /// A part with a copy of `octets`. `ENOMEM` without memory.
    #[inline]
    pub fn from_slice(octets: &[u8]) -> Result<Msg, Errno> {
        if let Some(piece) = Piece::copy_of(octets) {
            return Ok(Msg::of(piece, 0));
        }
        let mut msg = Msg::with_size(octets.len())?;
        // SAFETY: the part is ours alone and has room for exactly these octets.
        unsafe { ptr::copy_nonoverlapping(octets.as_ptr(), msg.data_ptr(), octets.len()) };
        Ok(msg)
    }

    /// A part of so many zero octets, at most [`Msg::INLINE`].
    #[inline]
    pub const fn small(size: u8) -> Msg {
        Msg::inline([0; Msg::INLINE], size as usize, 0)
    }

    /// A part of `size` octets for the application to fill (`zmq_msg_init_size`): what they hold
    /// until then is not specified. `ENOMEM` without memory.
    #[inline]
    pub fn with_size(size: usize) -> Result<Msg, Errno> {
        if size <= Msg::INLINE {
            return Ok(Msg::small(size as u8));
        }
        match Piece::of_size(size) {
            Some(piece) => Ok(Msg::of(piece, 0)),
            None => Msg::allocate(size, false),
        }
    }

    /// A part of `size` zero octets. Large ones cost no memory until they are touched.
    pub fn zeroed(size: usize) -> Result<Msg, Errno> {
        if size <= Msg::INLINE {
            Msg::with_size(size)
        } else {
            Msg::allocate(size, true)
        }
    }

    fn allocate(size: usize, zeroed: bool) -> Result<Msg, Errno> {
        let block = Block::allocate(size, 1, zeroed).ok_or(Errno::ENOMEM)?;
        // SAFETY: just allocated.
        let data = unsafe { Block::octets(block) };
        Ok(Msg::long(COUNTED, Long::new(Some(block), data, size)))
    }

    /// A part over memory of the application (`zmq_msg_init_data`), given back by calling `free`
    /// once, from any thread. On `ENOMEM` nothing was taken over.
    ///
    /// # Safety
    /// `data` holds `len` octets until `free` is called.
    pub unsafe fn from_foreign(
        data: *mut c_void,
        len: usize,
        free: FreeFn,
        hint: *mut c_void,
    ) -> Result<Msg, Errno> {
        let mut block = Block::allocate(0, 1, false).ok_or(Errno::ENOMEM)?;
        // SAFETY: just allocated, ours alone.
        unsafe { block.as_mut() }.foreign = Some(Foreign { data, free, hint });
        Ok(Msg::long(COUNTED, Long::new(Some(block), data.cast(), len)))
    }

    /// A part over memory that outlives every use of it (`zmq_send_const`).
    ///
    /// # Safety
    /// `data` holds `len` octets for good, and nobody changes them.
    pub unsafe fn from_constant(data: *const c_void, len: usize) -> Msg {
        Msg::long(CONSTANT, Long::new(None, data.cast_mut().cast(), len))
    }

    /// A part whose body is a piece of a block, with marks.
    #[inline(always)]
    pub fn of(piece: Piece, flags: u8) -> Msg {
        let (block, data, len) = piece.into_parts();
        let long = Long::new(Some(block), data, len);
        let mut msg = Msg::long(SLICE, long);
        msg.flags = flags;
        msg
    }

    /// Whether this memory holds a live message. For what C hands in.
    #[inline]
    pub fn is_live(&self) -> bool {
        matches!(self.kind, INLINE | COUNTED | SLICE | CONSTANT)
    }

    /// The size of the body in octets.
    #[inline]
    pub fn len(&self) -> usize {
        if self.kind == INLINE {
            self.inline_len as usize
        } else {
            // SAFETY: every kind but inline keeps a `Long`.
            unsafe { self.body.long.len }
        }
    }

    /// Whether the body is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The body.
    #[inline]
    pub fn data(&self) -> &[u8] {
        if self.kind == INLINE {
            // SAFETY: the kind says that the octets are inside.
            let inline = unsafe { &self.body.inline };
            return &inline[..self.inline_len as usize];
        }
        // SAFETY: every kind but inline keeps a `Long`.
        let long = unsafe { self.body.long };
        if long.data.is_null() {
            return &[];
        }
        // SAFETY: the body is alive as long as this message is.
        unsafe { slice::from_raw_parts(long.data, long.len) }
    }

    /// The room of a body that lies within the message, and how much of it is body.
    #[inline]
    pub fn short(&self) -> Option<(&[u8; Msg::INLINE], u8)> {
        if self.kind != INLINE {
            return None;
        }
        // SAFETY: the kind says that the octets are inside; all of them were written once.
        Some((unsafe { &self.body.inline }, self.inline_len))
    }

    /// The body for C to read and write; never null for messages of our own.
    #[inline]
    pub fn data_ptr(&mut self) -> *mut u8 {
        if self.kind == INLINE {
            // SAFETY: the kind says that the octets are inside.
            unsafe { self.body.inline.as_mut_ptr() }
        } else {
            // SAFETY: every kind but inline keeps a `Long`.
            unsafe { self.body.long.data }
        }
    }

    /// The body to write to, if nobody else can see it.
    pub fn data_mut(&mut self) -> Option<&mut [u8]> {
        let alone = match self.kind {
            INLINE | SLICE => self.flags & flag::SHARED == 0,
            COUNTED => {
                // SAFETY: a counted body keeps a `Long` with a live block.
                let foreign = unsafe { self.body.long.block.map(|b| b.as_ref().foreign.is_some()) };
                self.flags & flag::SHARED == 0 && foreign == Some(false)
            }
            _ => false,
        };
        let len = self.len();
        // SAFETY: alive, `len` long, and `alone` says that no other message sees it.
        alone.then(|| unsafe { slice::from_raw_parts_mut(self.data_ptr(), len) })
    }

    /// An empty part with memory for a body of `capacity` octets (see [`Msg::room`]). `ENOMEM`
    /// without memory.
    pub fn with_room(capacity: usize) -> Result<Msg, Errno> {
        let mut msg = Msg::allocate(capacity, false)?;
        msg.truncate(0);
        Ok(msg)
    }

    /// Makes memory for a body of `capacity` octets, in a part made with [`Msg::with_room`] that
    /// nobody else can see. `EINVAL` for others, `ENOMEM` without memory; both change nothing.
    pub fn enlarge(&mut self, capacity: usize) -> Result<(), Errno> {
        let block = self.own_block().ok_or(Errno::EINVAL)?;
        // SAFETY: the message holds a reference on it.
        if unsafe { block.as_ref() }.capacity >= capacity {
            return Ok(());
        }
        // SAFETY: our own and nobody else's, and more than it has.
        let block = unsafe { Block::enlarge(block, capacity) }.ok_or(Errno::ENOMEM)?;
        self.body.long = Long {
            block: Some(block),
            // SAFETY: alive.
            data: unsafe { Block::octets(block) },
            ..self.long_parts()
        };
        Ok(())
    }

    /// Where the body can grow within its memory.
    pub fn room(&mut self) -> Room<'_> {
        Room::new(self)
    }

    /// The block of a body that begins where its octets do, and that nobody else can see.
    fn own_block(&mut self) -> Option<NonNull<Block>> {
        if self.kind != COUNTED || self.data_mut().is_none() {
            return None;
        }
        let Long { block, data, .. } = self.long_parts();
        // SAFETY: the message holds a reference on it.
        block.filter(|&block| data == unsafe { Block::octets(block) })
    }

    /// The memory behind the body, which may hold anything.
    pub(super) fn spare(&mut self) -> &mut [MaybeUninit<u8>] {
        let Some(block) = self.own_block() else {
            return &mut [];
        };
        let Long { data, len, .. } = self.long_parts();
        // SAFETY: alive, ours alone, and `len` is within the capacity.
        unsafe {
            let size = block.as_ref().capacity - len;
            slice::from_raw_parts_mut(data.add(len).cast(), size)
        }
    }

    /// Has the first `count` octets of [`spare`](Msg::spare) belong to the body.
    ///
    /// # Safety
    /// They are there, and were written.
    pub(super) unsafe fn lengthen(&mut self, count: usize) {
        if count > 0 {
            let long = self.long_parts();
            self.body.long = Long {
                len: long.len + count,
                ..long
            };
        }
    }

    /// Shortens the body to `len` octets; longer than it is changes nothing.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            if self.kind == INLINE {
                self.inline_len = len as u8;
            } else {
                // Writing a `Copy` member of the union that the kind says is alive.
                self.body.long = Long {
                    len,
                    ..self.long_parts()
                };
            }
        }
    }

    /// Takes `count` octets (at most all) off the front of the body.
    pub fn trim_front(&mut self, count: usize) {
        let count = count.min(self.len());
        if self.kind == INLINE {
            // SAFETY: the kind says that the octets are inside.
            let inline = unsafe { &mut self.body.inline };
            inline.copy_within(count.., 0);
            self.inline_len -= count as u8;
        } else {
            let long = self.long_parts();
            self.body.long = Long {
                data: long.data.wrapping_add(count),
                len: long.len - count,
                ..long
            };
        }
    }

    fn long_parts(&self) -> Long {
        // SAFETY: only called when the kind is not inline.
        unsafe { self.body.long }
    }

    /// All marks (see [`flag`]).
    #[inline]
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether any of these marks is set.
    #[inline]
    pub fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// Sets marks.
    #[inline]
    pub fn set(&mut self, flags: u8) {
        self.flags |= flags;
    }

    /// Clears marks.
    #[inline]
    pub fn clear(&mut self, flags: u8) {
        self.flags &= !flags;
    }

    /// Whether further parts of the same message follow.
    #[inline]
    pub fn more(&self) -> bool {
        self.has(flag::MORE)
    }

    /// Whether an application sees the body as shared (`ZMQ_SHARED`).
    pub fn is_shared(&self) -> bool {
        self.kind == CONSTANT || self.has(flag::SHARED)
    }

    /// The connection this part came from, if it came from one.
    #[inline]
    pub fn metadata(&self) -> Option<&Arc<Metadata>> {
        self.metadata.as_ref()
    }

    /// Says which connection this part came from.
    #[inline]
    pub fn set_metadata(&mut self, metadata: Option<Arc<Metadata>>) {
        self.metadata = metadata;
    }

    /// Moves the message out and leaves an empty one.
    #[inline]
    pub fn take(&mut self) -> Msg {
        // Field by field: the last ones were written just before, one by one, and a wider read of
        // them would have to wait until they have reached the cache.
        let msg = Msg {
            // SAFETY: plain data; what was owned goes with the copy, and the original owns nothing
            // from here on.
            body: unsafe { ptr::read(&raw const self.body) },
            metadata: self.metadata.take(),
            routing_id: self.routing_id,
            inline_len: self.inline_len,
            kind: self.kind,
            flags: self.flags,
            spare: 0,
        };
        // Less to write than the 64 octets of an empty message.
        (self.routing_id, self.inline_len) = (0, 0);
        (self.kind, self.flags) = (INLINE, 0);
        msg
    }

    /// Like [`take`](Msg::take), without what it may have of a socket that it was received from:
    /// metadata, the number of a peer, and marks other than [`flag::SHARED`].
    #[inline(always)]
    pub fn take_bare(&mut self) -> Msg {
        if self.metadata.is_some() {
            self.metadata = None;
        }
        let msg = Msg {
            // SAFETY: as in `take`.
            body: unsafe { ptr::read(&raw const self.body) },
            metadata: None,
            routing_id: 0,
            // SAFETY: a field of its own. (Volatile keeps the compiler from joining the two reads.)
            inline_len: unsafe { ptr::read_volatile(&raw const self.inline_len) },
            kind: self.kind,
            flags: self.flags & flag::SHARED,
            spare: 0,
        };
        (self.routing_id, self.inline_len) = (0, 0);
        (self.kind, self.flags, self.spare) = (INLINE, 0, 0);
        msg
    }

    /// Replaces the message by a part that has no metadata, and says which connection it came
    /// from. While parts come from the same connection nothing is counted.
    #[inline(always)]
    pub fn receive(&mut self, part: Msg, metadata: Option<&Arc<Metadata>>) {
        let kept = self.make_way(metadata);
        // SAFETY: way was made: nothing is left to drop.
        unsafe { ptr::write(self, part) };
        self.metadata = kept;
    }

    /// Lets go of all that the message owns, so that nothing is lost when a part that has no
    /// metadata is moved over it; the part is to have what is returned.
    #[inline(always)]
    pub fn make_way(&mut self, metadata: Option<&Arc<Metadata>>) -> Option<Arc<Metadata>> {
        let same = match (&self.metadata, metadata) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (None, None) => true,
            _ => false,
        };
        if self.kind == INLINE && same {
            self.metadata.take()
        } else {
            self.make_way_slowly(metadata)
        }
    }

    /// Like [`make_way`](Msg::make_way); what is let go of may be given back later, with more.
    #[inline(always)]
    pub fn make_way_later(
        &mut self,
        metadata: Option<&Arc<Metadata>>,
        spent: &mut Spent,
    ) -> Option<Arc<Metadata>> {
        if self.kind == SLICE
            && let Long {
                block: Some(block),
                held,
                ..
            } = self.long_parts()
        {
            (self.kind, self.inline_len) = (INLINE, 0);
            // SAFETY: the body's own references, which are gone from here.
            unsafe { spent.take_over(block, 1 + held) };
        }
        self.make_way(metadata)
    }

    fn make_way_slowly(&mut self, metadata: Option<&Arc<Metadata>>) -> Option<Arc<Metadata>> {
        self.release_body();
        (self.kind, self.inline_len) = (INLINE, 0);
        match (self.metadata.take(), metadata) {
            (Some(before), Some(now)) if Arc::ptr_eq(&before, now) => Some(before),
            (_, now) => now.map(metadata::hold),
        }
    }

    /// Says which connection a part came from that was moved here over one that had
    /// [made way](Msg::make_way).
    #[inline(always)]
    pub fn came_from(&mut self, metadata: Option<Arc<Metadata>>) {
        if metadata.is_some() {
            self.metadata = metadata;
        }
    }

    /// Drops the message, but for the references on the block of its body, which are the caller's
    /// now.
    #[inline(always)]
    pub(super) fn into_references(self) -> Option<(NonNull<Block>, u64)> {
        let mut msg = ManuallyDrop::new(self);
        if msg.metadata.is_some() {
            msg.metadata = None;
        }
        let counted = matches!(msg.kind, COUNTED | SLICE);
        counted.then(|| msg.references()).flatten()
    }

    /// The block of a body that is not inline, and how many references on it the message holds.
    fn references(&self) -> Option<(NonNull<Block>, u64)> {
        let Long { block, held, .. } = self.long_parts();
        Some((block?, 1 + held))
    }

    /// Drops what is owned and leaves memory that is no message (`zmq_msg_close`).
    #[inline]
    pub fn close(&mut self) {
        if self.kind != INLINE || self.metadata.is_some() {
            self.let_go();
        }
        self.kind = CLOSED;
        self.flags &= flag::MORE;
    }

    #[inline(never)]
    fn let_go(&mut self) {
        self.release_body();
        if let Some(metadata) = self.metadata.take() {
            metadata::keep(metadata);
        }
    }

    #[inline]
    fn release_body(&mut self) {
        if matches!(self.kind, COUNTED | SLICE) {
            let Some((block, count)) = self.references() else {
                return;
            };
            if self.kind == COUNTED && self.flags & flag::SHARED == 0 {
                // SAFETY: never shared, so this is the only reference.
                unsafe { Block::free(block) };
            } else {
                // SAFETY: our references, not used again.
                unsafe { Block::release(block, count) };
            }
        }
    }
}

impl Drop for Msg {
    #[inline]
    fn drop(&mut self) {
        self.release_body();
    }
}

impl Default for Msg {
    fn default() -> Msg {
        Msg::empty()
    }
}

impl std::fmt::Debug for Msg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Msg({:#04x}, {:?})",
            self.flags,
            self.data().escape_ascii().to_string()
        )
    }
}

// The body is plain data: what it owns is released by `Msg`.
const _: fn(Body) -> ManuallyDrop<Body> = ManuallyDrop::new;
