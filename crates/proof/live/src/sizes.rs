//! Sizes to ask for: each kind keeps to the neighbourhood of one rule of the allocator.

use fastrand::Rng;

/// A way of choosing sizes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sizes {
    /// Few different small ones, as a program with a handful of types asks for: caches and fast bins.
    Few([u64; 4]),
    /// Any up to the largest small bin.
    Small,
    /// 1 to 100 KiB, small ones likelier: sorted bins, last remainder, top.
    Medium,
    /// Up to 300 KiB: into and out of mappings.
    Threshold,
    /// 128 KiB to 64 MiB: mappings and the threshold's growth.
    Large,
    /// At and beside the places where a rule changes.
    Edges,
    /// Anything up to 300 KiB.
    Any,
    /// At and beside the classes of jemalloc, four to a doubling, up to 16 MiB: the smallest likelier.
    Classes,
    /// About what a heap of a thread's arena can hold at most, and what the mmap threshold can become.
    Heaps,
}

/// Sizes at which something changes: the smallest chunk, the fast bins' end (default and largest), tcache's end, small
/// bins' end, steps of the large bins, the fast-bin consolidation and trim thresholds, the mmap threshold, pages.
const EDGES: [u64; 27] = [
    0, 1, 24, 25, 40, 56, 120, 121, 152, 160, 161, 504, 1008, 1016, 1032, 1033, 1040, 2048, 3072,
    4072, 10_752, 45_056, 65_512, 65_536, 131_072, 135_168, 163_840,
];

impl Sizes {
    /// One of the kinds, with its own choices made.
    pub(crate) fn choose(rng: &mut Rng) -> Self {
        match rng.u8(..16) {
            0..=3 => Self::Few(std::array::from_fn(|_| rng.u64(..1100))),
            4 | 5 => Self::Small,
            6..=8 => Self::Medium,
            9 | 10 => Self::Threshold,
            11 => Self::Large,
            12 | 13 => Self::Edges,
            _ => Self::Any,
        }
    }

    /// One size, in bytes.
    pub(crate) fn next(self, rng: &mut Rng) -> u64 {
        match self {
            Self::Few(sizes) => sizes[rng.usize(..4)],
            Self::Small => rng.u64(..=1040),
            Self::Medium => logarithmic(rng, 1 << 10, 100 << 10),
            Self::Threshold => match rng.u8(..8) {
                0..=2 => rng.u64(131_072 - 96..131_072 + 96),
                3 => page_multiple(rng, 75),
                4 => logarithmic(rng, 64 << 10, 300 << 10),
                5 => rng.u64(..=1040),
                _ => logarithmic(rng, 1 << 10, 300 << 10),
            },
            Self::Large => match rng.u8(..8) {
                0 => logarithmic(rng, 1 << 20, 64 << 20),
                1 => near(rng, 32 << 20, 4200),
                2 => rng.u64(..=1040),
                _ => logarithmic(rng, 128 << 10, 4 << 20),
            },
            Self::Edges => {
                let edge = EDGES[rng.usize(..EDGES.len())];
                match rng.u8(..4) {
                    0 => page_multiple(rng, 40),
                    1 => near(rng, edge, 40),
                    _ => near(rng, edge, 1),
                }
            }
            Self::Heaps => match rng.u8(..8) {
                0 | 1 => near(rng, 64 << 20, 8300),
                2 => near(rng, 32 << 20, 4200),
                3 => near(rng, 8 << 20, 8300),
                4 => logarithmic(rng, 1 << 20, 100 << 20),
                5 => logarithmic(rng, 64 << 10, 1 << 20),
                _ => rng.u64(..131_072),
            },
            Self::Classes => {
                let doubling = match rng.u8(..8) {
                    0..=4 => rng.u32(4..14),
                    5 | 6 => rng.u32(13..19),
                    _ => rng.u32(18..24),
                };
                let class = (1 << doubling) + (rng.u64(..4) << (doubling - 2));
                // The page that a large block has beyond its class.
                let class = class - if rng.u8(..8) == 0 { 4096.min(class) } else { 0 };
                near(rng, class, 1)
            }
            Self::Any => match rng.u8(..8) {
                0 | 1 => Self::Medium.next(rng),
                2 => Self::Threshold.next(rng),
                3 => Self::Edges.next(rng),
                _ => Self::Small.next(rng),
            },
        }
    }
}

/// A size that no process can have.
pub(crate) fn impossible(rng: &mut Rng) -> u64 {
    let limits = [1 << 47, 1 << 48, 1 << 62, 1 << 63, u64::MAX];
    let limit = limits[rng.usize(..limits.len())];
    match rng.u8(..3) {
        0 => limit,
        1 => limit.saturating_add(rng.u64(..4200)),
        _ => limit - rng.u64(..40),
    }
}

/// Between `low` and `high` so that each doubling is as likely as any other.
fn logarithmic(rng: &mut Rng, low: u64, high: u64) -> u64 {
    let doublings = (high as f64 / low as f64).log2() * rng.f64();
    (low as f64 * doublings.exp2()) as u64
}

fn near(rng: &mut Rng, size: u64, distance: u64) -> u64 {
    (size + rng.u64(..=2 * distance)).saturating_sub(distance)
}

/// Up to `pages` pages, or what a chunk header, two of them, or a few bytes make of it.
fn page_multiple(rng: &mut Rng, pages: u64) -> u64 {
    let offsets = [-32, -24, -17, -16, -9, -8, -1, 0, 1, 8, 16];
    let offset = offsets[rng.usize(..offsets.len())];
    (rng.u64(1..=pages) * 4096).saturating_add_signed(offset)
}
