//! Z85 and keys.
//!
//! Invariant: texts are taken and given in pieces, so that no allocation grows with what a caller
//! hands in.

use std::ffi::{c_char, c_int};
use std::ptr;

use super::{answer, handle};
use crate::errno::Errno;
use crate::proto::curve::SecretKey;
use crate::z85;

/// How many octets are encoded at a time: a multiple of 4.
const PIECE: usize = 256;
/// The same octets as text: a multiple of 5.
const PIECE_OF_TEXT: usize = PIECE / 4 * 5;

/// char *zmq_z85_encode (char *dest, const uint8_t *data, size_t size);
///
/// Writes size octets as Z85 text (RFC 32) to dest, which has room for size * 5 / 4 + 1 octets,
/// and ends it with a zero octet. Returns dest, or NULL with EINVAL (size is no multiple of 4) or
/// EFAULT (NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_z85_encode(
    dest: *mut c_char,
    data: *const u8,
    size: usize,
) -> *mut c_char {
    answer(|| {
        if !size.is_multiple_of(4) {
            return Err(Errno::EINVAL);
        }
        // SAFETY: the caller's promise.
        let data = unsafe { handle::octets(data.cast(), size) }?;
        if dest.is_null() {
            return Err(Errno::EFAULT);
        }
        let mut end = dest.cast::<u8>();
        for piece in data.chunks(PIECE) {
            let text = z85::encode(piece).ok_or(Errno::EINVAL)?;
            // SAFETY: room for all of the text by the caller's promise, of which this is a part.
            unsafe {
                ptr::copy_nonoverlapping(text.as_ptr(), end, text.len());
                end = end.add(text.len());
            }
        }
        // SAFETY: the last octet of the room.
        unsafe { end.write(0) };
        Ok(dest)
    })
}

/// uint8_t *zmq_z85_decode (uint8_t *dest, const char *string);
///
/// Writes what Z85 text (RFC 32) says to dest, which has room for four octets for every five of
/// the text. Returns dest, or NULL with EINVAL (no Z85, or empty) or EFAULT (NULL), and then dest
/// may be written to in part.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_z85_decode(dest: *mut u8, string: *const c_char) -> *mut u8 {
    answer(|| {
        // SAFETY: the caller's promise.
        let text = unsafe { handle::text(string) }?.to_bytes();
        if text.is_empty() || !text.len().is_multiple_of(5) {
            return Err(Errno::EINVAL);
        }
        if dest.is_null() {
            return Err(Errno::EFAULT);
        }
        let mut end = dest;
        for piece in text.chunks(PIECE_OF_TEXT) {
            let octets = z85::decode(piece).ok_or(Errno::EINVAL)?;
            // SAFETY: room for all of the octets by the caller's promise, of which this is a part.
            unsafe {
                ptr::copy_nonoverlapping(octets.as_ptr(), end, octets.len());
                end = end.add(octets.len());
            }
        }
        Ok(dest)
    })
}

/// Writes a key as 40 octets of text and a zero octet.
///
/// # Safety
/// `dest` has room for 41 octets.
unsafe fn put_key(dest: *mut c_char, key: &[u8; 32]) -> Result<(), Errno> {
    let text = z85::encode(key).ok_or(Errno::EINVAL)?;
    // SAFETY: 32 octets are 40 of text, and one is for the end.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), dest.cast(), text.len());
        dest.add(text.len()).write(0);
    }
    Ok(())
}

/// int zmq_curve_keypair (char *z85_public_key, char *z85_secret_key);
///
/// Makes a new pair of CURVE keys and writes both as Z85 text, 41 octets each with their zero
/// octet. 0, or -1 with EAGAIN (the system gives no random
/// numbers) or EFAULT (NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_curve_keypair(
    z85_public_key: *mut c_char,
    z85_secret_key: *mut c_char,
) -> c_int {
    answer(|| {
        if z85_public_key.is_null() || z85_secret_key.is_null() {
            return Err(Errno::EFAULT);
        }
        let secret = SecretKey::random()?;
        // SAFETY: 41 octets each by the caller's promise.
        unsafe {
            put_key(z85_public_key, &secret.public())?;
            put_key(z85_secret_key, secret.octets())?;
        }
        Ok(0)
    })
}

/// int zmq_curve_public (char *z85_public_key, const char *z85_secret_key);
///
/// Writes the public key that belongs to a secret one; both are Z85 text, 41 octets with their
/// zero octet. 0, or -1 with EINVAL (no key) or EFAULT (NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_curve_public(
    z85_public_key: *mut c_char,
    z85_secret_key: *const c_char,
) -> c_int {
    answer(|| {
        // SAFETY: the caller's promise.
        let text = unsafe { handle::text(z85_secret_key) }?.to_bytes();
        if z85_public_key.is_null() {
            return Err(Errno::EFAULT);
        }
        if text.len() != 40 {
            return Err(Errno::EINVAL);
        }
        let secret = z85::decode(text).ok_or(Errno::EINVAL)?;
        let secret = SecretKey::new(secret.try_into().map_err(|_| Errno::EINVAL)?);
        // SAFETY: 41 octets by the caller's promise.
        unsafe { put_key(z85_public_key, &secret.public()) }.map(|()| 0)
    })
}
