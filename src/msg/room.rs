//! The room that a body grows into while its octets arrive.
//!
//! Invariant: an octet belongs to the body once it was written, and never before; so large bodies
//! need not be zeroed.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use super::Msg;

/// The memory behind a body (see [`Msg::with_room`]), or the first part of it.
pub struct Room<'a> {
    msg: &'a mut Msg,
    len: usize,
}

impl<'a> Room<'a> {
    pub(super) fn new(msg: &'a mut Msg) -> Room<'a> {
        let len = msg.spare().len();
        Room { msg, len }
    }

    /// How many octets there is room for.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// No more than the first `most` octets of it.
    #[must_use]
    pub fn limit(self, most: usize) -> Room<'a> {
        Room {
            len: self.len.min(most),
            ..self
        }
    }

    /// Adds octets to the body, as many as there is room for: how many.
    pub fn put(&mut self, octets: &[u8]) -> usize {
        let count = self.len.min(octets.len());
        let copied = self.read(|memory| Ok(copy(&octets[..count], memory)));
        copied.unwrap_or(0)
    }

    /// Adds to the body what `read` puts at the front of the memory it is given, and gives back:
    /// how much.
    #[inline]
    pub fn read(
        &mut self,
        read: impl FnOnce(&mut [MaybeUninit<u8>]) -> io::Result<&mut [u8]>,
    ) -> io::Result<usize> {
        let memory = &mut self.msg.spare()[..self.len];
        let front = memory.as_ptr();
        let written = read(memory)?;
        let count = written.len();
        // (Where there is no room the memory has an address too, and what lies there is another's.)
        if front != written.as_ptr().cast() || count > self.len {
            return Ok(0);
        }
        // SAFETY: they begin where the memory does, so they are the octets in front of it, and are
        // initialised as a slice of them is.
        unsafe { self.msg.lengthen(count) };
        self.len -= count;
        Ok(count)
    }
}

/// Writes octets to the front of memory that has room for them, and gives that back.
pub(super) fn copy<'a>(octets: &[u8], memory: &'a mut [MaybeUninit<u8>]) -> &'a mut [u8] {
    let front = &mut memory[..octets.len()];
    // SAFETY: as long as each other, and a unique reference lies apart from all others; after that
    // they are initialised.
    unsafe {
        ptr::copy_nonoverlapping(octets.as_ptr(), front.as_mut_ptr().cast(), octets.len());
        &mut *(ptr::from_mut(front) as *mut [u8])
    }
}
