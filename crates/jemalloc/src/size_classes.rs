//! Size classes: which sizes there are, and what a request is rounded up to.
//!
//! jemalloc 5.3.0, include/jemalloc/internal/sc.h and sz.h, src/sc.c and src/sz.c, for 64-bit words, pages of 4 KiB and a
//! quantum of 16 bytes. There are four classes to each doubling. Those below 16 KiB are small and cut from slabs; those that
//! are multiples of the page are also classes of extents, numbered on their own (`psz`).

/// Bytes of a page, as jemalloc was built.
pub(crate) const PAGE: u64 = 4096;
/// Bytes of a line of the processor's cache: the least alignment of structures and of large blocks.
pub(crate) const CACHE_LINE: u64 = 64;
/// The alignment of every block but the smallest.
pub(crate) const QUANTUM: u64 = 16;
/// Bytes of a huge page: bases and growth go by it.
pub(crate) const HUGE_PAGE: u64 = 2 << 20;
/// How many classes are small.
pub(crate) const SMALL_CLASSES: usize = 36;
/// The largest small class.
pub(crate) const SMALL_MAX: u64 = 14336;
/// The smallest large class.
pub(crate) const LARGE_MIN: u64 = 16384;
/// The largest class of all.
pub(crate) const LARGE_MAX: u64 = 0x7000_0000_0000_0000;
/// How many classes of extents there are.
pub(crate) const PAGE_CLASSES: usize = 199;
/// What every large block has beyond its class where its first address is varied (`sz_large_pad`).
pub(crate) const LARGE_PAD: u64 = PAGE;

/// The class of a request, or `None` where it is too large (`sz_size2index`).
#[inline]
pub(crate) fn class_of(size: u64) -> Option<usize> {
    if size <= 8 {
        return Some(0);
    }
    if size > LARGE_MAX {
        return None;
    }
    let x = ((size << 1) - 1).ilog2() as usize;
    let shift = x.saturating_sub(6);
    let lg_delta = if x < 7 { 4 } else { x - 3 };
    let within = ((size - 1) >> lg_delta) as usize & 3;
    Some(1 + (shift << 2) + within)
}

/// The size of a class (`sz_index2size`).
#[inline]
pub(crate) fn size_of(class: usize) -> u64 {
    if class == 0 {
        return 8;
    }
    let (group, within) = ((class - 1) >> 2, (class - 1) & 3);
    let base = if group == 0 { 0 } else { 32 << group };
    let lg_delta = group.max(1) + 3;
    base + ((within as u64 + 1) << lg_delta)
}

/// A request: its size, the class it belongs to, and the usable size it is rounded up to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Request {
    pub(crate) size: u64,
    pub(crate) class: usize,
    pub(crate) usable: u64,
    /// Whether the call first tries malloc's short way, which holds for up to 4 KiB.
    pub(crate) short_way: bool,
}

impl Request {
    /// For a block of a class, of which all that is usable is asked for.
    pub(crate) fn whole(class: usize, usable: u64) -> Self {
        Self {
            size: usable,
            class,
            usable,
            short_way: false,
        }
    }
}

/// `SC_LOOKUP_MAXCLASS`: the largest request that malloc's short way serves.
pub(crate) const SHORT_WAY_MAX: u64 = 4096;

/// What a request is rounded up to (`sz_s2u`): the size of its class, or for large ones where there are no `classes` whole
/// pages.
#[inline]
pub(crate) fn request(size: u64, classes: bool) -> Option<Request> {
    let class = class_of(size)?;
    let usable = if class < SMALL_CLASSES || classes {
        size_of(class)
    } else {
        size.next_multiple_of(PAGE)
    };
    Some(Request {
        size,
        class,
        usable,
        short_way: false,
    })
}

/// The usable size of an aligned request (`sz_sa2u`). `alignment` is a power of two; small classes may serve it up to
/// `small_up_to`.
pub(crate) fn usable_aligned(
    size: u64,
    (alignment, small_up_to): (u64, u64),
    classes: bool,
) -> Option<u64> {
    let usable = |size| request(size, classes).map(|request| request.usable);
    if size <= SMALL_MAX && alignment <= small_up_to {
        // A multiple of the alignment: the first class from there on whose regions are all aligned.
        let usable = usable(size.checked_next_multiple_of(alignment)?)?;
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
        .checked_add(alignment.next_multiple_of(PAGE) - PAGE)?;
    Some(usable)
}

/// The class of extents whose size is at least `size` (`sz_psz2ind`).
#[inline]
pub(crate) fn page_class_of(size: u64) -> usize {
    if size > LARGE_MAX {
        return PAGE_CLASSES;
    }
    let x = 64 - (size - 1).leading_zeros() as usize;
    let group = x.saturating_sub(14);
    let lg_delta = if group == 0 { 12 } else { 11 + group };
    let within = ((size - 1) >> lg_delta) as usize & 3;
    (group << 2) + within
}

/// The size of a class of extents (`sz_pind2sz`).
#[inline]
pub(crate) fn page_class_size(class: usize) -> u64 {
    if class >= PAGE_CLASSES {
        return LARGE_MAX + PAGE;
    }
    let (group, within) = (class >> 2, class & 3);
    let base = if group == 0 { 0 } else { 8192 << group };
    let lg_delta = group.max(1) + 11;
    base + ((within as u64 + 1) << lg_delta)
}

/// The size of the smallest class of extents that holds `size` (`sz_psz2u`).
pub(crate) fn page_class_usable(size: u64) -> u64 {
    page_class_size(page_class_of(size))
}

/// The class in which an extent of a size is kept: the largest, the pad added, that it can serve (`sz_psz_quantize_floor`).
#[inline]
pub(crate) fn floor_class(size: u64, pad: u64) -> usize {
    // An extent smaller than the pad wraps around here, which leads to the last class and so to itself.
    let class = page_class_of(size.wrapping_sub(pad).wrapping_add(1));
    let floor = if class == 0 || size < pad {
        size
    } else {
        page_class_size(class - 1) + pad
    };
    page_class_of(floor)
}

/// The first class in which every extent holds `size` (`sz_psz_quantize_ceil`).
#[inline]
pub(crate) fn ceil_class(size: u64, pad: u64) -> usize {
    let class = page_class_of(size.wrapping_sub(pad).wrapping_add(1));
    if class == 0 || size < pad {
        return page_class_of(size);
    }
    let floor = page_class_size(class - 1) + pad;
    if floor < size {
        return page_class_of(page_class_size(page_class_of(floor - pad + 1)) + pad);
    }
    page_class_of(floor)
}

/// The slab of a small class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Slab {
    /// Bytes of a region.
    pub(crate) region: u64,
    /// Bytes of a slab: the smallest number of pages that regions fill without rest.
    pub(crate) bytes: u64,
    /// Regions of a slab.
    pub(crate) regions: u32,
}

/// The slab of a small class (`slab_size`).
pub(crate) fn slab_of(class: usize) -> Slab {
    let region = size_of(class);
    let mut bytes = PAGE;
    while !bytes.is_multiple_of(region) {
        bytes += PAGE;
    }
    Slab {
        region,
        bytes,
        regions: (bytes / region) as u32,
    }
}

/// Whole pages of a number of bytes.
#[inline]
pub(crate) fn pages(bytes: u64) -> u64 {
    bytes / PAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_sizes_are_each_others_inverse() {
        assert_eq!(size_of(SMALL_CLASSES - 1), SMALL_MAX);
        assert_eq!(size_of(SMALL_CLASSES), LARGE_MIN);
        for class in 0..200 {
            let size = size_of(class);
            assert_eq!(class_of(size), Some(class), "{size}");
            assert_eq!(class_of(size + 1), Some(class + 1), "above {size}");
        }
        assert_eq!(class_of(LARGE_MAX).map(size_of), Some(LARGE_MAX));
        assert_eq!(class_of(LARGE_MAX + 1), None);
        assert_eq!(class_of(0), Some(0));
    }

    #[test]
    fn classes_of_extents_are_those_that_are_whole_pages() {
        for class in 0..150 {
            let size = page_class_size(class);
            assert_eq!(size % PAGE, 0);
            assert_eq!(page_class_of(size), class);
            assert_eq!(page_class_of(size + 1), class + 1);
        }
        assert_eq!(page_class_size(PAGE_CLASSES - 1), LARGE_MAX);
        assert_eq!(page_class_usable(5 * PAGE + 1), 6 * PAGE);
    }

    #[test]
    fn slabs_are_filled_without_rest() {
        let slab = |class| (size_of(class), slab_of(class).bytes, slab_of(class).regions);
        assert_eq!(slab(0), (8, 4096, 512));
        assert_eq!(slab(3), (48, 12288, 256));
        assert_eq!(slab(SMALL_CLASSES - 1), (14336, 28672, 2));
    }

    #[test]
    fn aligned_requests_find_a_class_that_keeps_the_alignment() {
        let usable = |size, alignment| usable_aligned(size, (alignment, PAGE), true);
        assert_eq!(usable(100, 64), Some(128));
        assert_eq!(usable(1, 4096), Some(4096));
        assert_eq!(usable(5000, 4096), Some(8192));
        assert_eq!(usable(13000, 4096), Some(LARGE_MIN));
        assert_eq!(usable(100, 8192), Some(LARGE_MIN));
    }

    #[test]
    fn without_large_classes_large_sizes_are_whole_pages() {
        let rounded = |size, classes| {
            let request = request(size, classes).expect("not too large");
            (request.class, request.usable)
        };
        assert_eq!(rounded(100_000, true), (47, 114_688));
        assert_eq!(rounded(100_000, false), (47, 102_400));
        assert_eq!(rounded(14_337, false), (36, LARGE_MIN));
        assert_eq!(rounded(100, false), (7, 112));
        assert_eq!(usable_aligned(100_000, (8192, PAGE), false), Some(102_400));
    }
}
