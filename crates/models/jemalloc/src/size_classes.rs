//! Size classes, and what a request is rounded up to.
//!
//! jemalloc 5.3.0, include/jemalloc/internal/sc.h and sz.h, src/sc.c and src/sz.c, for 64-bit words, pages of 4 KiB and
//! a quantum of 16 bytes. There are four classes to each doubling. Those below 16 KiB are small and cut from slabs;
//! those that are multiples of the page are also page size classes, numbered on their own (`pszind_t`).

use highwater_allocator::{Bytes, Pages};

/// The page, as jemalloc was built.
pub(crate) const PAGE: Bytes = Bytes(4096);
/// A line of the processor's cache: the least alignment of structures and of large blocks.
pub(crate) const CACHE_LINE: Bytes = Bytes(64);
/// The alignment of every block but the smallest.
pub(crate) const QUANTUM: Bytes = Bytes(16);
/// The huge page: the unit of bases and of growth (`HUGEPAGE`).
pub(crate) const HUGE_PAGE: Bytes = Bytes::mib(2);
/// The number of small classes (`SC_NBINS`).
pub(crate) const SMALL_CLASSES: usize = 36;
/// The largest small class (`SC_SMALL_MAXCLASS`).
pub(crate) const SMALL_MAX: Bytes = Bytes(14336);
/// The smallest large class (`SC_LARGE_MINCLASS`).
pub(crate) const LARGE_MIN: Bytes = Bytes(16384);
/// The largest class of all (`SC_LARGE_MAXCLASS`).
pub(crate) const LARGE_MAX: Bytes = Bytes(0x7000_0000_0000_0000);
/// The largest request that malloc's fast path serves (`SC_LOOKUP_MAXCLASS`).
pub(crate) const LOOKUP_MAX: Bytes = Bytes(4096);
/// The number of page size classes (`SC_NPSIZES`).
pub(crate) const PAGE_CLASSES: usize = 199;
/// The bytes of every large block beyond its class, where its first address varies (`sz_large_pad`).
pub(crate) const LARGE_PAD: Bytes = PAGE;

/// The class of each request up to [`LOOKUP_MAX`], by its size in units of eight bytes, rounded up (`sz_size2index_tab`).
static CLASSES: [u8; LOOKUP_MAX.0 as usize / 8 + 1] = {
    let mut classes = [0; LOOKUP_MAX.0 as usize / 8 + 1];
    let mut at = 1;
    while at < classes.len() {
        classes[at] = Szind::compute(8 * at as u64) as u8;
        at += 1;
    }
    classes
};
/// The size of each small class (`sz_index2size_tab`).
static SIZES: [u16; SMALL_CLASSES] = {
    let mut sizes = [0; SMALL_CLASSES];
    let mut class = 0;
    while class < SMALL_CLASSES {
        sizes[class] = Szind(class).compute_size() as u16;
        class += 1;
    }
    sizes
};

/// The index of a size class (`szind_t`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Szind(pub(crate) usize);

/// The index of a page size class (`pszind_t`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Pszind(pub(crate) usize);

impl Szind {
    /// The index of no class (`SC_NSIZES`).
    pub(crate) const NONE: Self = Self(232);

    /// Returns the class of a request, or `None` where it is too large (`sz_size2index`).
    #[inline]
    pub(crate) fn of(size: Bytes) -> Option<Self> {
        if size <= LOOKUP_MAX {
            return Some(Self::looked_up(size));
        }
        (size <= LARGE_MAX).then(|| Self(Self::compute(size.0)))
    }

    /// Returns the class of a request up to [`LOOKUP_MAX`] (`sz_size2index_lookup`).
    #[inline]
    pub(crate) fn looked_up(size: Bytes) -> Self {
        Self(CLASSES[(size.0 as usize + 7) >> 3].into())
    }

    /// Computes the class of a request of at least one byte (`sz_size2index_compute`).
    const fn compute(size: u64) -> usize {
        if size <= 8 {
            return 0;
        }
        let x = ((size << 1) - 1).ilog2() as usize;
        let shift = x.saturating_sub(6);
        let lg_delta = if x < 7 { 4 } else { x - 3 };
        let within = ((size - 1) >> lg_delta) as usize & 3;
        1 + (shift << 2) + within
    }

    /// Returns the size of the class (`sz_index2size`).
    #[inline]
    pub(crate) fn size(self) -> Bytes {
        match SIZES.get(self.0) {
            Some(size) => Bytes((*size).into()),
            None => Bytes(self.compute_size()),
        }
    }

    /// Computes the size of the class (`sz_index2size_compute`).
    const fn compute_size(self) -> u64 {
        if self.0 == 0 {
            return 8;
        }
        let (group, within) = ((self.0 - 1) >> 2, (self.0 - 1) & 3);
        let (base, lg_delta) = match group {
            0 => (0, 4),
            _ => (32 << group, group + 3),
        };
        base + ((within as u64 + 1) << lg_delta)
    }

    #[inline]
    pub(crate) fn is_small(self) -> bool {
        self.0 < SMALL_CLASSES
    }

    /// Returns every small class, the smallest first.
    pub(crate) fn all_small() -> impl Iterator<Item = Self> {
        (0..SMALL_CLASSES).map(Self)
    }
}

impl Pszind {
    /// Returns the first class whose size is at least `size` (`sz_psz2ind`).
    #[inline]
    pub(crate) fn of(size: Bytes) -> Self {
        if size > LARGE_MAX {
            return Self(PAGE_CLASSES);
        }
        let x = 64 - (size.0 - 1).leading_zeros() as usize;
        let group = x.saturating_sub(14);
        let lg_delta = if group == 0 { 12 } else { 11 + group };
        let within = ((size.0 - 1) >> lg_delta) as usize & 3;
        Self((group << 2) + within)
    }

    /// Returns the size of the class (`sz_pind2sz`).
    #[inline]
    pub(crate) fn size(self) -> Bytes {
        if self.0 >= PAGE_CLASSES {
            return LARGE_MAX + PAGE;
        }
        let (group, within) = (self.0 >> 2, self.0 & 3);
        let base = if group == 0 { 0 } else { 8192 << group };
        let lg_delta = group.max(1) + 11;
        Bytes(base + ((within as u64 + 1) << lg_delta))
    }

    /// Returns the class that `steps` classes follow.
    pub(crate) fn after(self, steps: usize) -> Self {
        Self(self.0 + steps)
    }

    /// Returns the class in which an extent of `size` bytes is kept: the largest that it can serve with `pad` bytes
    /// added (`sz_psz_quantize_floor`).
    #[inline]
    pub(crate) fn quantize_floor(size: Bytes, pad: Bytes) -> Self {
        // An extent smaller than the pad wraps around here, which leads to the last class and so to itself.
        let class = Self::of(Bytes(size.0.wrapping_sub(pad.0).wrapping_add(1)));
        if class.0 == 0 || size < pad {
            return Self::of(size);
        }
        Self::of(Self(class.0 - 1).size() + pad)
    }

    /// Returns the first class in which every extent holds `size` bytes (`sz_psz_quantize_ceil`).
    #[inline]
    pub(crate) fn quantize_ceil(size: Bytes, pad: Bytes) -> Self {
        let above = Self::of(Bytes(size.0.wrapping_sub(pad.0).wrapping_add(1)));
        if above.0 == 0 || size < pad {
            return Self::of(size);
        }
        let below = Self(above.0 - 1).size() + pad;
        Self::of(if below < size {
            above.size() + pad
        } else {
            below
        })
    }
}

/// A request: its size, its class, and the usable size it is rounded up to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    pub(crate) size: Bytes,
    pub(crate) class: Szind,
    pub(crate) usable: Bytes,
    /// Whether the call first tries malloc's fast path, which serves up to [`LOOKUP_MAX`].
    pub(crate) fast_path: bool,
}

impl Request {
    /// Rounds a request up (`sz_s2u`): to the size of its class, or where there are no large `classes` to whole pages.
    /// `None` where it is too large.
    #[inline]
    pub(crate) fn of(size: Bytes, classes: bool) -> Option<Self> {
        let class = Szind::of(size)?;
        let usable = if class.is_small() || classes {
            class.size()
        } else {
            size.align_up(PAGE)
        };
        Some(Self {
            size,
            class,
            usable,
            fast_path: false,
        })
    }

    /// A request for all that is usable of a block of a class.
    pub(crate) fn whole(class: Szind, usable: Bytes) -> Self {
        Self {
            size: usable,
            class,
            usable,
            fast_path: false,
        }
    }
}

/// Returns the usable size of an aligned request (`sz_sa2u`), or `None` where it is too large. `alignment` is a power
/// of two; small classes may serve it up to `small_up_to`.
pub(crate) fn usable_aligned(
    size: Bytes,
    alignment: Bytes,
    small_up_to: Bytes,
    classes: bool,
) -> Option<Bytes> {
    let usable = |size| Request::of(size, classes).map(|request| request.usable);
    if size <= SMALL_MAX && alignment <= small_up_to {
        // A multiple of the alignment: the first class from there on whose regions are all aligned.
        let usable = usable(size.align_up(alignment))?;
        if usable < LARGE_MIN {
            return Some(usable);
        }
    }
    if alignment > LARGE_MAX {
        return None;
    }
    let usable = if size <= LARGE_MIN {
        LARGE_MIN
    } else {
        usable(size)?
    };
    // The largest extent that may be needed to find an aligned one in it.
    usable
        .checked_add(LARGE_PAD)?
        .checked_add(alignment.align_up(PAGE) - PAGE)?;
    Some(usable)
}

/// The slab of a small class (`bin_info_t`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slab {
    /// One region.
    pub(crate) region: Bytes,
    /// The whole slab: the fewest pages that regions fill without rest.
    pub(crate) bytes: Bytes,
    /// The number of regions.
    pub(crate) regions: u32,
}

impl Slab {
    /// Returns the slab of a small class (src/sc.c, `slab_size`).
    pub(crate) fn of(class: Szind) -> Self {
        let region = class.size();
        let mut bytes = PAGE;
        while bytes % region != Bytes::ZERO {
            bytes += PAGE;
        }
        Self {
            region,
            bytes,
            regions: (bytes / region) as u32,
        }
    }
}

/// Returns the whole pages in `bytes`.
#[inline]
pub(crate) fn pages(bytes: Bytes) -> Pages {
    Pages(bytes / PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_sizes_are_each_others_inverse() {
        assert_eq!(Szind(SMALL_CLASSES - 1).size(), SMALL_MAX);
        assert_eq!(Szind(SMALL_CLASSES).size(), LARGE_MIN);
        for class in (0..200).map(Szind) {
            let size = class.size();
            assert_eq!(Szind::of(size), Some(class), "{size}");
            let above = Szind(class.0 + 1);
            assert_eq!(Szind::of(size + Bytes(1)), Some(above), "above {size}");
        }
        assert_eq!(Szind::of(LARGE_MAX).map(Szind::size), Some(LARGE_MAX));
        assert_eq!(Szind::of(LARGE_MAX + Bytes(1)), None);
        assert_eq!(Szind::of(Bytes::ZERO), Some(Szind(0)));
    }

    #[test]
    fn page_size_classes_are_those_of_whole_pages() {
        for class in (0..150).map(Pszind) {
            let size = class.size();
            assert_eq!(size % PAGE, Bytes::ZERO);
            assert_eq!(Pszind::of(size), class);
            assert_eq!(Pszind::of(size + Bytes(1)), class.after(1));
        }
        assert_eq!(Pszind(PAGE_CLASSES - 1).size(), LARGE_MAX);
        assert_eq!(Pszind::of(PAGE * 5 + Bytes(1)).size(), PAGE * 6);
    }

    #[test]
    fn slabs_are_filled_without_rest() {
        let slab = |class| {
            let Slab {
                region,
                bytes,
                regions,
            } = Slab::of(Szind(class));
            (region.0, bytes.0, regions)
        };
        assert_eq!(slab(0), (8, 4096, 512));
        assert_eq!(slab(3), (48, 12288, 256));
        assert_eq!(slab(SMALL_CLASSES - 1), (14336, 28672, 2));
    }

    #[test]
    fn aligned_requests_find_a_class_that_keeps_the_alignment() {
        let usable = |size, alignment| {
            usable_aligned(Bytes(size), Bytes(alignment), PAGE, true).expect("not too large")
        };
        assert_eq!(usable(100, 64), Bytes(128));
        assert_eq!(usable(1, 4096), Bytes(4096));
        assert_eq!(usable(5000, 4096), Bytes(8192));
        assert_eq!(usable(13000, 4096), LARGE_MIN);
        assert_eq!(usable(100, 8192), LARGE_MIN);
    }

    #[test]
    fn without_large_classes_large_sizes_are_whole_pages() {
        let rounded = |size, classes| {
            let request = Request::of(Bytes(size), classes).expect("not too large");
            (request.class.0, request.usable.0)
        };
        assert_eq!(rounded(100_000, true), (47, 114_688));
        assert_eq!(rounded(100_000, false), (47, 102_400));
        assert_eq!(rounded(14_337, false), (36, LARGE_MIN.0));
        assert_eq!(rounded(100, false), (7, 112));
        let aligned = usable_aligned(Bytes(100_000), Bytes(8192), PAGE, false);
        assert_eq!(aligned, Some(Bytes(102_400)));
    }

    #[test]
    fn every_extent_of_a_class_that_is_looked_in_is_large_enough() {
        for pad in [Bytes::ZERO, PAGE] {
            for count in 1..2000 {
                let class = Pszind::quantize_ceil(PAGE * count, pad);
                for kept in 1..2000 {
                    if Pszind::quantize_floor(PAGE * kept, pad) >= class {
                        assert!(kept >= count, "{kept} pages for {count}, pad {pad}");
                    }
                }
            }
        }
    }
}
