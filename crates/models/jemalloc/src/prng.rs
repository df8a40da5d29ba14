//! Pseudo-random numbers, and the ticker that uses them.
//!
//! jemalloc 5.3.0, include/jemalloc/internal/prng.h and ticker.h, src/ticker.c. The states start from addresses of the
//! process, which a model cannot know: they come from a seed.

/// A linear congruential generator (`prng_state_next_u64`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Prng(pub(crate) u64);

impl Prng {
    /// Returns the next `bits` bits, at most 64 (`prng_lg_range_u64`).
    #[inline]
    pub(crate) fn bits(&mut self, bits: u32) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> (64 - bits)
    }

    /// Returns a number below `range`, which is at least 2 (`prng_range_u64`).
    pub(crate) fn below(&mut self, range: u64) -> u64 {
        let bits = 64 - (range - 1).leading_zeros();
        loop {
            let number = self.bits(bits);
            if number < range {
                return number;
            }
        }
    }
}

/// `-ln(u)` for the 64 values of u, in units of 1/61 (`ticker_geom_table`).
const TABLE: [u8; 64] = {
    // From the largest to the smallest u, as src/ticker.py computes them; written out because there is no logarithm
    // here.
    [
        254, 211, 187, 169, 156, 144, 135, 127, 120, 113, 107, 102, 97, 93, 89, 85, 81, 77, 74, 71,
        68, 65, 62, 60, 57, 55, 53, 50, 48, 46, 44, 42, 40, 39, 37, 35, 33, 32, 30, 29, 27, 26, 24,
        23, 21, 20, 19, 18, 16, 15, 14, 13, 12, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    ]
};
const TABLE_UNIT: u64 = 61;

/// A counter that fires once in `mean` ticks on average (`ticker_geom_t`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ticker {
    left: i32,
    mean: i32,
}

impl Ticker {
    pub(crate) fn new(mean: i32) -> Self {
        Self { left: mean, mean }
    }

    /// Ticks `count` times; returns whether it fired (`ticker_geom_ticks`).
    #[inline]
    pub(crate) fn ticks(&mut self, prng: &mut Prng, count: i32) -> bool {
        self.left -= count;
        if self.left >= 0 {
            return false;
        }
        let entry = u64::from(TABLE[prng.bits(6) as usize]);
        self.left = (self.mean as u64 * entry / TABLE_UNIT) as i32;
        true
    }
}
