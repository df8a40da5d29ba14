//! Every tunable of malloc: its name, its variable, its type and bounds (elf/dl-tunables.list).

use crate::params::Params;
use crate::version::Version;

/// A setting that glibc knows: `glibc.malloc.NAME`, some with an environment variable of their own.
#[derive(Clone, Copy, Debug)]
pub struct Tunable {
    /// Its name within `glibc.malloc`.
    pub name: &'static str,
    /// The environment variable that sets it too.
    pub alias: Option<&'static str>,
    pub(super) id: Id,
    /// The least and the largest value that is taken, in the tunable's own type.
    pub(super) bounds: Bounds,
    /// The release that it came with; `None` if every modelled one has it.
    pub(super) since: Option<Since>,
}

/// The release that a tunable came with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since {
    /// Its number.
    pub(super) release: &'static str,
    /// The first modelled release from it on.
    first: Version,
}

/// Which tunable; the order is that of [`Tunable::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Id {
    Check,
    TopPad,
    Perturb,
    MmapThreshold,
    TrimThreshold,
    MmapMax,
    ArenaMax,
    ArenaTest,
    TcacheMax,
    TcacheCount,
    TcacheUnsortedLimit,
    Mxfast,
    Hugetlb,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bounds {
    /// A `size_t`, at least so much.
    Size(u64),
    /// An `int32_t` between two values.
    Int(i64, i64),
}

impl Tunable {
    /// Every tunable of malloc in any of the modelled releases, in the order of dl-tunables.list.
    pub const ALL: [Self; 13] = {
        use Bounds::{Int, Size};
        const MOST: i64 = i32::MAX as i64;
        [
            Self::new("check", Some("MALLOC_CHECK_"), Id::Check, Int(0, 3)),
            Self::new("top_pad", Some("MALLOC_TOP_PAD_"), Id::TopPad, Size(0)),
            Self::new("perturb", Some("MALLOC_PERTURB_"), Id::Perturb, Int(0, 255)),
            Self::new(
                "mmap_threshold",
                Some("MALLOC_MMAP_THRESHOLD_"),
                Id::MmapThreshold,
                Size(0),
            ),
            Self::new(
                "trim_threshold",
                Some("MALLOC_TRIM_THRESHOLD_"),
                Id::TrimThreshold,
                Size(0),
            ),
            Self::new(
                "mmap_max",
                Some("MALLOC_MMAP_MAX_"),
                Id::MmapMax,
                Int(0, MOST),
            ),
            Self::new("arena_max", Some("MALLOC_ARENA_MAX"), Id::ArenaMax, Size(1)),
            Self::new(
                "arena_test",
                Some("MALLOC_ARENA_TEST"),
                Id::ArenaTest,
                Size(1),
            ),
            Self::new("tcache_max", None, Id::TcacheMax, Size(0)),
            Self::new("tcache_count", None, Id::TcacheCount, Size(0)),
            Self::new(
                "tcache_unsorted_limit",
                None,
                Id::TcacheUnsortedLimit,
                Size(0),
            ),
            Self::new("mxfast", None, Id::Mxfast, Size(0)),
            // 5f6d8d97c6.
            Self::new("hugetlb", None, Id::Hugetlb, Size(0)).since("2.35", Version::V2_36),
        ]
    };

    const fn new(name: &'static str, alias: Option<&'static str>, id: Id, bounds: Bounds) -> Self {
        Self {
            name,
            alias,
            id,
            bounds,
            since: None,
        }
    }

    const fn since(mut self, release: &'static str, first: Version) -> Self {
        self.since = Some(Since { release, first });
        self
    }

    /// Returns the release that it came with, if this one is older.
    pub(super) fn came_after(&self, version: Version) -> Option<&'static str> {
        let since = self.since.filter(|since| version < since.first);
        since.map(|since| since.release)
    }

    /// Whether setting it, to whatever value, stops the mmap threshold from rising.
    pub(super) fn freezes(&self) -> bool {
        matches!(
            self.id,
            Id::TopPad | Id::MmapThreshold | Id::TrimThreshold | Id::MmapMax
        )
    }

    /// Whether a number is the one that a release starts with.
    pub(super) fn is_default(&self, version: Version, number: u64) -> bool {
        match self.id {
            Id::Check | Id::Perturb | Id::TcacheUnsortedLimit | Id::Hugetlb => number == 0,
            Id::ArenaTest => number == 8,
            Id::TcacheCount => number == Params::defaults(version).tcache_count,
            Id::TcacheMax => number == 1032,
            Id::Mxfast => number == 128,
            _ => false,
        }
    }

    /// The bounds in a release: mmap_max could be negative until 2.33 (228f30ab47).
    pub(super) fn bounds_in(&self, version: Version) -> Bounds {
        match self.bounds {
            Bounds::Int(_, most) if self.id == Id::MmapMax && version < Version::V2_36 => {
                Bounds::Int(i64::from(i32::MIN), most)
            }
            bounds => bounds,
        }
    }
}
