//! Every tunable of malloc: its name, its variable, its type and bounds (elf/dl-tunables.list), and what malloc does with
//! its number.

use super::set::{self, Effect, Setting};
use crate::params::Params;
use crate::version::Version;

/// A setting that glibc knows, some with an environment variable of their own.
#[derive(Clone, Copy, Debug)]
pub struct Tunable {
    /// Its name in `GLIBC_TUNABLES`.
    pub name: &'static str,
    /// The environment variable that sets it too.
    pub alias: Option<&'static str>,
    /// The least and the largest value that is taken, in the tunable's own type.
    pub(super) bounds: Bounds,
    /// What malloc does with a number that the loader took.
    pub(super) set: fn(&mut Setting<'_>) -> Effect,
    /// The number that a release starts with, where setting it changes nothing.
    pub(super) usual: fn(Version) -> Option<u64>,
    /// The release that it came with; `None` if every modelled one has it.
    since: Option<Since>,
    /// The first modelled release that no longer has it.
    gone: Option<Version>,
}

/// The release that a tunable came with.
#[derive(Clone, Copy, Debug)]
struct Since {
    /// Its number.
    release: &'static str,
    /// The first modelled release from it on.
    first: Version,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bounds {
    /// A `size_t`, at least so much.
    Size(u64),
    /// An `int32_t` between two values.
    Int(i64, i64),
}

/// The tunable that sets the mmap threshold, which `hugetlb` leaves alone where it is set.
pub(super) const MMAP_THRESHOLD: &str = "glibc.malloc.mmap_threshold";
/// The tunable that sets it as well.
pub(super) const HUGETLB: &str = "glibc.malloc.hugetlb";
/// The tunable that could be negative until 2.33.
const MMAP_MAX: &str = "glibc.malloc.mmap_max";

impl Tunable {
    /// Every tunable that malloc reads in any of the modelled releases, in the order of dl-tunables.list.
    pub const ALL: [Self; 14] = {
        use Bounds::{Int, Size};
        const MOST: i64 = i32::MAX as i64;
        [
            Self::new("glibc.malloc.check", Int(0, 3), set::check)
                .alias("MALLOC_CHECK_")
                .usual(|_| Some(0)),
            Self::new("glibc.malloc.top_pad", Size(0), set::top_pad).alias("MALLOC_TOP_PAD_"),
            Self::new("glibc.malloc.perturb", Int(0, 255), set::perturb)
                .alias("MALLOC_PERTURB_")
                .usual(|_| Some(0)),
            Self::new(MMAP_THRESHOLD, Size(0), set::mmap_threshold).alias("MALLOC_MMAP_THRESHOLD_"),
            Self::new("glibc.malloc.trim_threshold", Size(0), set::trim_threshold)
                .alias("MALLOC_TRIM_THRESHOLD_"),
            Self::new(MMAP_MAX, Int(0, MOST), set::mmap_max).alias("MALLOC_MMAP_MAX_"),
            Self::new("glibc.malloc.arena_max", Size(1), set::arena_max).alias("MALLOC_ARENA_MAX"),
            Self::new("glibc.malloc.arena_test", Size(1), set::arena_test)
                .alias("MALLOC_ARENA_TEST")
                .usual(|_| Some(8)),
            Self::new("glibc.malloc.tcache_max", Size(0), set::tcache_max).usual(|_| Some(1032)),
            Self::new("glibc.malloc.tcache_count", Size(0), set::tcache_count)
                .usual(|version| Some(Params::defaults(version).tcache_count)),
            Self::new(
                "glibc.malloc.tcache_unsorted_limit",
                Size(0),
                set::tcache_unsorted_limit,
            )
            .usual(|_| Some(0))
            .gone(Version::V2_44),
            Self::new("glibc.malloc.mxfast", Size(0), set::mxfast).usual(|_| Some(128)),
            // 5f6d8d97c6.
            Self::new(HUGETLB, Size(0), set::hugetlb)
                .usual(|_| Some(0))
                .since("2.35", Version::V2_35),
            // bf033c0072.
            Self::new("glibc.mem.decorate_maps", Int(0, 1), set::decorate_maps)
                .usual(|_| Some(0))
                .since("2.39", Version::V2_39),
        ]
    };

    const fn new(name: &'static str, bounds: Bounds, set: fn(&mut Setting<'_>) -> Effect) -> Self {
        Self {
            name,
            alias: None,
            bounds,
            set,
            usual: |_| None,
            since: None,
            gone: None,
        }
    }

    const fn alias(mut self, variable: &'static str) -> Self {
        self.alias = Some(variable);
        self
    }

    const fn usual(mut self, usual: fn(Version) -> Option<u64>) -> Self {
        self.usual = usual;
        self
    }

    const fn since(mut self, release: &'static str, first: Version) -> Self {
        self.since = Some(Since { release, first });
        self
    }

    const fn gone(mut self, from: Version) -> Self {
        self.gone = Some(from);
        self
    }

    /// Whether a release has it.
    pub(super) fn is_in(&self, version: Version) -> bool {
        self.came_after(version).is_none() && self.went_with(version).is_none()
    }

    /// Returns the release that it went with, if this is that or a later one.
    pub(super) fn went_with(&self, version: Version) -> Option<Version> {
        self.gone.filter(|gone| version >= *gone)
    }

    /// Returns its name without the part before the last dot.
    pub(super) fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// Returns the release that it came with, if this one is older.
    pub(super) fn came_after(&self, version: Version) -> Option<&'static str> {
        let since = self.since.filter(|since| version < since.first);
        since.map(|since| since.release)
    }

    /// Returns the bounds in a release: mmap_max could be negative until 2.33 (228f30ab47).
    pub(super) fn bounds_in(&self, version: Version) -> Bounds {
        match self.bounds {
            Bounds::Int(_, most) if self.name == MMAP_MAX && version < Version::V2_34 => {
                Bounds::Int(i64::from(i32::MIN), most)
            }
            bounds => bounds,
        }
    }
}
