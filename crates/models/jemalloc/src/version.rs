//! The modelled releases of jemalloc.

use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::Address;
use std::fmt;

/// A release of jemalloc whose rules the model follows.
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
    BorshSerialize,
    BorshDeserialize,
)]
pub enum Version {
    /// Debian 11, Ubuntu 20.04 and 22.04.
    V5_2_1,
    /// Debian 12 and 13, Ubuntu 23.04 to 25.04.
    #[default]
    V5_3_0,
    /// Debian unstable of 2026.
    V5_3_1,
}

impl Version {
    /// Every modelled release, oldest first.
    pub const ALL: [Self; 3] = [Self::V5_2_1, Self::V5_3_0, Self::V5_3_1];

    /// Returns the release named like `5.3.0`, if it is modelled.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.name() == name)
    }

    /// Returns the release's number.
    pub fn name(self) -> &'static str {
        match self {
            Self::V5_2_1 => "5.2.1",
            Self::V5_3_0 => "5.3.0",
            Self::V5_3_1 => "5.3.1",
        }
    }

    /// Returns the distributions that have it.
    pub fn found_in(self) -> &'static str {
        match self {
            Self::V5_2_1 => "Debian 11, Ubuntu 20.04–22.04",
            Self::V5_3_0 => "Debian 12–13",
            Self::V5_3_1 => "Debian unstable of 2026",
        }
    }

    /// Returns which cores it counts, on which the number of arenas depends: those that are online, or those that the process is
    /// allowed to use.
    ///
    /// jemalloc 5.3.0, src/jemalloc.c, `malloc_ncpus`, asks `sched_getaffinity`. Before, it did only where the C library had
    /// `__malloc_hook`, which Debian's build of 5.2.1 does not use: that asks `sysconf` for those that are online.
    pub fn counted_cores(self, online: u32, allowed: u32) -> u32 {
        match self {
            Self::V5_2_1 => online,
            Self::V5_3_0 | Self::V5_3_1 => allowed,
        }
    }

    /// Returns the address below which a process has its first mappings, if it is a small program that is started
    /// without randomised addresses on x86-64 Linux. The allocator's pseudo-random states start from addresses of its
    /// own structures, which are in the first of them.
    pub fn mappings_top(self) -> Address {
        match self {
            Self::V5_2_1 | Self::V5_3_0 => Address(0x7fff_f760_0000),
            Self::V5_3_1 => Address(0x7fff_f740_0000),
        }
    }

    /// Returns the seed of such a process: the address of its first thread's data.
    pub fn unrandomised_seed(self) -> u64 {
        match self {
            Self::V5_2_1 => 0x7fff_f7d3_5738,
            Self::V5_3_0 => 0x7fff_f7da_8738,
            Self::V5_3_1 => 0x7fff_f7d6_0748,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
