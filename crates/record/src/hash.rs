//! Hashes, and tables whose slots have one beside a number.

/// A hash of nothing; an odd number whose bits are spread.
pub(crate) const NOTHING: u64 = 0x9e37_79b9_7f4a_7c15;

/// Returns a hash that goes on with a number.
#[inline(always)]
pub(crate) fn mixed(hash: u64, number: u64) -> u64 {
    (hash ^ number).wrapping_mul(NOTHING).rotate_left(29)
}

/// Returns the part of a hash that a slot has beside a number of 16 bits.
#[inline(always)]
pub(crate) fn tag(hash: u64) -> u64 {
    hash & !0xffff
}

/// Returns the first slot, of a power of two of them, that a hash may have.
#[inline(always)]
pub(crate) fn place(hash: u64, slots: usize) -> usize {
    (hash >> 20) as usize % slots
}
