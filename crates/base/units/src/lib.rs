//! The units of the whole engine, kept apart so that a byte is never added to a page.

mod decimal;
mod repeated;

use borsh::{BorshDeserialize, BorshSerialize};
pub use decimal::Decimal;
pub use repeated::repeated;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Rem, Sub, SubAssign};

/// A virtual address of the simulated process.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(transparent)]
pub struct Address(pub u64);

/// A number of bytes.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(transparent)]
pub struct Bytes(pub u64);

/// A number of pages; how many bytes a page has is the kernel's `page_size`.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Pages(pub u64);

/// A moment of simulated time, or a span of it, in microseconds.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
#[serde(transparent)]
pub struct Micros(pub u64);

/// A moment of simulated time, or a span of it, in nanoseconds, for clocks that count finer than the simulation's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Nanos(pub u64);

impl Address {
    /// The null pointer.
    pub const NULL: Self = Self(0);

    /// Whether this is the null pointer.
    #[inline]
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The nearest multiple of `unit` (a power of two) that is not above this address.
    #[inline]
    pub const fn align_down(self, unit: Bytes) -> Self {
        Self(self.0 & !(unit.0 - 1))
    }

    /// The nearest multiple of `unit` (a power of two) that is not below this address.
    #[inline]
    pub const fn align_up(self, unit: Bytes) -> Self {
        Self((self.0 + unit.0 - 1) & !(unit.0 - 1))
    }

    /// How far this address lies above the nearest multiple of `unit` (a power of two) below it.
    #[inline]
    pub const fn offset_in(self, unit: Bytes) -> Bytes {
        Bytes(self.0 & (unit.0 - 1))
    }
}

impl Bytes {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `n` KiB.
    pub const fn kib(n: u64) -> Self {
        Self(n << 10)
    }

    /// `n` MiB.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// Rounded down to a multiple of `unit`, a power of two.
    #[inline]
    pub const fn align_down(self, unit: Bytes) -> Self {
        Self(self.0 & !(unit.0 - 1))
    }

    /// Rounded up to a multiple of `unit`, a power of two; wraps as machine arithmetic does.
    #[inline]
    pub const fn align_up(self, unit: Bytes) -> Self {
        Self(self.0.wrapping_add(unit.0 - 1) & !(unit.0 - 1))
    }

    /// This minus `other`, or nothing where `other` is larger.
    #[inline]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The sum, or `None` where it does not fit 64 bits.
    #[inline]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Returns the MiB with `decimals` decimals, 0 to 6.
    pub fn decimal_mib(self, decimals: u32) -> Decimal {
        Decimal::of_parts(self.0, 20, decimals)
    }

    /// Converts to MiB, for people.
    pub fn as_mib(self) -> f64 {
        self.0 as f64 / (1 << 20) as f64
    }
}

impl Micros {
    /// Returns this minus `other`, or nothing where `other` is later.
    #[inline]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns the seconds with `decimals` decimals, 0 to 6.
    pub fn decimal_seconds(self, decimals: u32) -> Decimal {
        Decimal::of_millionths(self.0, decimals)
    }

    /// Converts to seconds, for people.
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Nanos {
    /// A moment that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// `n` milliseconds.
    pub const fn from_millis(n: u64) -> Self {
        Self(n * 1_000_000)
    }

    /// Converts whole microseconds; more than 64 bits hold become the largest number.
    pub const fn from_micros(micros: Micros) -> Self {
        Self(micros.0.saturating_mul(1000))
    }

    /// Rounds down to whole microseconds.
    pub const fn to_micros(self) -> Micros {
        Micros(self.0 / 1000)
    }

    /// Returns the sum, or the largest number where it does not fit 64 bits.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns this minus `other`, or nothing where `other` is larger.
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl From<u32> for Bytes {
    fn from(bytes: u32) -> Self {
        Self(u64::from(bytes))
    }
}

macro_rules! sums {
    ($($unit:ident),*) => {$(
        impl Add for $unit {
            type Output = Self;
            #[inline]
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $unit {
            type Output = Self;
            #[inline]
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl AddAssign for $unit {
            #[inline]
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $unit {
            #[inline]
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }
        impl Mul<u64> for $unit {
            type Output = Self;
            #[inline]
            fn mul(self, times: u64) -> Self {
                Self(self.0 * times)
            }
        }
    )*};
}
sums!(Bytes, Pages, Micros, Nanos);

impl Add<Bytes> for Address {
    type Output = Self;
    #[inline]
    fn add(self, distance: Bytes) -> Self {
        Self(self.0 + distance.0)
    }
}

impl Sub<Bytes> for Address {
    type Output = Self;
    #[inline]
    fn sub(self, distance: Bytes) -> Self {
        Self(self.0 - distance.0)
    }
}

impl Sub for Address {
    type Output = Bytes;
    #[inline]
    fn sub(self, from: Self) -> Bytes {
        Bytes(self.0 - from.0)
    }
}

impl Mul<Bytes> for Pages {
    type Output = Bytes;
    #[inline]
    fn mul(self, page: Bytes) -> Bytes {
        Bytes(self.0 * page.0)
    }
}

impl Div for Bytes {
    type Output = u64;
    #[inline]
    fn div(self, other: Self) -> u64 {
        self.0 / other.0
    }
}

impl Div<u64> for Micros {
    type Output = Self;
    #[inline]
    fn div(self, parts: u64) -> Self {
        Self(self.0 / parts)
    }
}

impl Div for Nanos {
    type Output = u64;
    #[inline]
    fn div(self, other: Self) -> u64 {
        self.0 / other.0
    }
}

impl Rem for Bytes {
    type Output = Bytes;
    #[inline]
    fn rem(self, other: Self) -> Bytes {
        Bytes(self.0 % other.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Writes bytes below 10 KiB as bytes, then as KiB, then as MiB and GiB with one decimal.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shift, decimals, unit) = match self.0 {
            0..0x2800 => (0, 0, "B"),
            0x2800..0x10_0000 => (10, 0, "KiB"),
            0x10_0000..0x2_8000_0000 => (20, 1, "MiB"),
            _ => (30, 1, "GiB"),
        };
        write!(f, "{} {unit}", Decimal::of_parts(self.0, shift, decimals))
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.decimal_seconds(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_align_to_powers_of_two() {
        let page = Bytes::kib(4);
        assert_eq!(Address(0x1234).align_down(page), Address(0x1000));
        assert_eq!(Address(0x1234).align_up(page), Address(0x2000));
        assert_eq!(Address(0x2000).align_up(page), Address(0x2000));
        assert_eq!(Address(0x1234).offset_in(page), Bytes(0x234));
    }

    #[test]
    fn bytes_read_as_people_say_them() {
        assert_eq!(Bytes(592).to_string(), "592 B");
        assert_eq!(Bytes::kib(131).to_string(), "131 KiB");
        assert_eq!(Bytes(217_714_688).to_string(), "207.6 MiB");
    }
}
