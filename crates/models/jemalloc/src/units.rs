//! Units of jemalloc's own, beside the workspace's bytes, pages and addresses.

use highwater_allocator::Micros;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// A moment of the process's clock, or a span of it, in nanoseconds (`nstime_t`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Nanos(pub(crate) u64);

/// The serial number of an extent or of a block of a base: the lower, the older (`edata_sn_get`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Serial(pub(crate) u64);

/// The index of an arena (`arena_ind_get`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct ArenaIndex(pub(crate) u16);

impl Nanos {
    /// A moment that never comes.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    pub(crate) const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    pub(crate) const fn from_micros(micros: Micros) -> Self {
        Self(micros.0.saturating_mul(1000))
    }

    /// Rounds down to whole microseconds.
    pub(crate) const fn to_micros(self) -> Micros {
        Micros(self.0 / 1000)
    }

    pub(crate) const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sub for Nanos {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<u64> for Nanos {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0 * times)
    }
}

impl Div for Nanos {
    type Output = u64;
    fn div(self, other: Self) -> u64 {
        self.0 / other.0
    }
}

impl Serial {
    /// Returns this number and counts up (`extent_sn_next`).
    pub(crate) fn take_next(&mut self) -> Self {
        let taken = *self;
        self.0 += 1;
        taken
    }
}

impl ArenaIndex {
    /// Arena 0, which the library makes when it is loaded.
    pub(crate) const FIRST: Self = Self(0);

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}
