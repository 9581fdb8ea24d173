//! From pointers of C's to references: the checks that every function begins with.
//!
//! Invariant: a reference leaves this file only after its pointer was found to be non-null,
//! aligned and, for handles, to carry the tag of its kind. The cells of contexts and sockets are
//! never freed and keep their kind, so even a stale handle may be looked at; its tag is gone.

use std::ffi::{CStr, c_char, c_void};
use std::mem::offset_of;
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::ctx::Context;
use crate::errno::Errno;
use crate::msg::Msg;
use crate::socket::Socket;

// A foreign pointer may have no more than a word behind it: the tag comes first.
const _: () = assert!(offset_of!(Context, tag) == 0 && offset_of!(Socket, tag) == 0);

/// The handle of a cell.
pub(super) fn of<T>(cell: &'static T) -> *mut c_void {
    ptr::from_ref(cell).cast_mut().cast()
}

/// # Safety
/// If `handle` is aligned for `T` it points to 4 readable octets. Memory that holds `tag` at its
/// front is a cell of kind `T`.
#[inline]
unsafe fn cell<T>(handle: *mut c_void, tag: u32) -> Option<&'static T> {
    let cell = handle.cast::<T>();
    if cell.is_null() || !cell.is_aligned() {
        return None;
    }
    // SAFETY: readable by the caller's promise; the tag of a live cell is atomic.
    let found = unsafe { &*cell.cast::<AtomicU32>() }.load(Ordering::Acquire);
    // SAFETY: the tag says that this is a cell, and cells are never freed.
    (found == tag).then(|| unsafe { &*cell })
}

/// The context behind a handle. `EFAULT` if there is none.
///
/// # Safety
/// As the head of `capi` says.
#[inline]
pub(super) unsafe fn context(handle: *mut c_void) -> Result<&'static Context, Errno> {
    // SAFETY: the caller's promise; only contexts carry this tag.
    unsafe { cell(handle, Context::TAG) }.ok_or(Errno::EFAULT)
}

/// The socket behind a handle. `ENOTSOCK` if there is none.
///
/// # Safety
/// As the head of `capi` says.
#[inline]
pub(super) unsafe fn socket(handle: *mut c_void) -> Result<&'static Socket, Errno> {
    // SAFETY: the caller's promise; only sockets carry this tag.
    unsafe { cell(handle, Socket::TAG) }.ok_or(Errno::ENOTSOCK)
}

/// Like [`socket`], where NULL stands for none.
///
/// # Safety
/// As the head of `capi` says.
pub(super) unsafe fn optional_socket(
    handle: *mut c_void,
) -> Result<Option<&'static Socket>, Errno> {
    if handle.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { socket(handle) }.map(Some)
}

/// The live message that C's 64 octets hold. `EFAULT` if they hold none.
///
/// # Safety
/// As the head of `capi` says.
#[inline]
pub(super) unsafe fn msg<'a>(msg: *const Msg) -> Result<&'a Msg, Errno> {
    // SAFETY: the caller's promise.
    let msg = unsafe { any_msg(msg) }?;
    if msg.is_live() {
        Ok(msg)
    } else {
        Err(Errno::EFAULT)
    }
}

/// C's 64 octets as they are, whether they hold a message or not.
///
/// # Safety
/// As the head of `capi` says.
#[inline]
pub(super) unsafe fn any_msg<'a>(msg: *const Msg) -> Result<&'a Msg, Errno> {
    if msg.is_null() || !msg.is_aligned() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: 64 octets by the caller's promise; every pattern of bits is a `Msg`, dead or alive.
    Ok(unsafe { &*msg })
}

/// Like [`msg`](fn@msg), to be changed.
///
/// # Safety
/// As the head of `capi` says.
#[inline]
pub(super) unsafe fn msg_mut<'a>(msg: *mut Msg) -> Result<&'a mut Msg, Errno> {
    // SAFETY: the caller's promise.
    unsafe { self::msg(msg) }?;
    // SAFETY: just checked, and no one else uses it during the call.
    Ok(unsafe { &mut *msg })
}

/// Makes a message of memory that holds anything. `EFAULT` if there is no memory.
///
/// # Safety
/// As the head of `capi` says; what the memory held is forgotten.
#[inline]
pub(super) unsafe fn put_msg(place: *mut Msg, msg: Msg) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    unsafe { put_msg_with(place, || Ok(msg)) }
}

/// Like [`put_msg`], for a message that is made where it is to be, without a detour.
///
/// # Safety
/// As for [`put_msg`].
#[inline(always)]
pub(super) unsafe fn put_msg_with(
    place: *mut Msg,
    make: impl FnOnce() -> Result<Msg, Errno>,
) -> Result<(), Errno> {
    if place.is_null() || !place.is_aligned() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: 64 writable octets by the caller's promise.
    unsafe { place.write(make()?) };
    Ok(())
}

/// `len` octets. `EFAULT` for NULL with a length, `ENOMEM` for more than memory can hold.
///
/// # Safety
/// As the head of `capi` says.
#[inline]
pub(super) unsafe fn octets<'a>(data: *const c_void, len: usize) -> Result<&'a [u8], Errno> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Errno::EFAULT);
    }
    if len > isize::MAX as usize {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: neither null nor too long; alive by the caller's promise.
    Ok(unsafe { slice::from_raw_parts(data.cast(), len) })
}

/// Like [`octets`], to be written.
///
/// # Safety
/// As the head of `capi` says.
#[inline]
pub(super) unsafe fn octets_mut<'a>(data: *mut c_void, len: usize) -> Result<&'a mut [u8], Errno> {
    // SAFETY: the caller's promise.
    let checked = unsafe { octets(data, len) }?.len();
    if checked == 0 {
        return Ok(&mut []);
    }
    // SAFETY: just checked, and no one else uses it during the call.
    Ok(unsafe { slice::from_raw_parts_mut(data.cast(), checked) })
}

/// A string of C's. `EFAULT` for NULL.
///
/// # Safety
/// As the head of `capi` says.
pub(super) unsafe fn text<'a>(text: *const c_char) -> Result<&'a CStr, Errno> {
    if text.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: ends with a zero octet by the caller's promise.
    Ok(unsafe { CStr::from_ptr(text) })
}
