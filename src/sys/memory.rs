//! What is said about memory that is too large for the caches: hints, which change nothing that a
//! program can see.
//!
//! Invariant: every hint may be ignored, by this function or by what it hints to.

use std::mem::{MaybeUninit, size_of_val};

/// Smaller memory is not worth it: the kernel's large pages are of 2 MiB.
const LARGE: usize = 4 << 20;

/// Fetches the cache line in which this begins, for whoever reads it soon.
#[inline(always)]
pub fn fetch<T>(at: &T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a hint for any address, which changes nothing.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(
            std::ptr::from_ref(at).cast(),
        );
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = at;
}

/// Has the kernel use large pages for memory that is about to be filled, if there is much of it: of
/// what is read here and there, each page costs a look into its tables.
pub fn prefer_large_pages<T>(room: &mut [MaybeUninit<T>]) {
    let size = size_of_val(room);
    if size < LARGE || cfg!(miri) {
        return;
    }
    // SAFETY: no pointers are passed.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(0);
    if !page.is_power_of_two() {
        return;
    }
    let first = room.as_mut_ptr().cast::<u8>();
    let before = first.align_offset(page);
    let whole = size.saturating_sub(before) & !(page - 1);
    // SAFETY: whole pages within the caller's memory; how they are mapped is nothing that it sees.
    unsafe {
        libc::madvise(
            first.wrapping_add(before).cast(),
            whole,
            libc::MADV_HUGEPAGE,
        );
    }
}

/// A bit for each of these octets that is equal to `octet`, the lowest for the first.
#[inline]
pub fn equal(octets: &[u8; 16], octet: u8) -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8,
        };

        // SAFETY: sixteen octets, which may lie anywhere; every processor of this kind has SSE2.
        unsafe {
            let octets = _mm_loadu_si128(octets.as_ptr().cast());
            _mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8(octet as i8))) as u32
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let equal = octets.iter().map(|&known| u32::from(known == octet));
        equal.rev().fold(0, |bits, equal| bits << 1 | equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_change_nothing() {
        for size in [0, 1, LARGE - 1, LARGE, LARGE + 12_345] {
            let mut octets: Vec<u8> = Vec::with_capacity(size);
            prefer_large_pages(octets.spare_capacity_mut());
            octets.resize(size, 7);
            octets.last().inspect(|last| fetch(*last));
            assert!(octets.iter().all(|&octet| octet == 7));
        }
    }
}
