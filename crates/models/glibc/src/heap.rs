//! A heap that the arena of a thread is made of: a stretch of address space, set aside whole and used from the bottom.
//!
//! glibc 2.36, malloc/arena.c: `alloc_new_heap`, `new_heap`.

use crate::chunk::Chunk;
use crate::shared::Shared;
use crate::thp::{heap_unit, madvise_thp};
use highwater_allocator::{Address, Bytes, Kernel};

/// `HEAP_MIN_SIZE`
const HEAP_MIN: Bytes = Bytes::kib(32);
/// One heap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heap {
    /// Where it begins: a multiple of its span.
    pub(crate) base: Address,
    /// Bytes in use of its span.
    pub(crate) size: Bytes,
    /// Bytes that ever were in use, and may so hold something (`mprotect_size`).
    pub(crate) protected: Bytes,
    /// Where its first chunk begins: behind the header, and in an arena's first heap behind the arena.
    pub(crate) first: Address,
    /// One past the last chunk: the fence where the arena went on elsewhere, or the end of the top.
    pub(crate) end: Address,
    /// The fence that ends it, where the arena went on elsewhere.
    pub(crate) fence: Chunk,
}

impl Heap {
    /// A heap that has no fence, its chunks from `first` to the end.
    pub(crate) fn new(base: Address, size: Bytes, first: Address) -> Self {
        Self {
            base,
            size,
            protected: size,
            first,
            end: base + size,
            fence: Chunk::NONE,
        }
    }
}

/// Where the heap begins that an address in a thread's arena lies in (`heap_for_ptr`).
#[inline]
pub(crate) fn base_of(at: Address, span: Bytes) -> Address {
    at.align_down(span)
}

/// Sets address space aside for a heap and opens enough of it for `size` bytes and, if there is room, `pad` more.
pub(crate) fn open(
    kernel: &mut Kernel,
    shared: &mut Shared,
    size: Bytes,
) -> Option<(Address, Bytes)> {
    let span = shared.heap_span();
    let padded = Bytes(size.0.wrapping_add(shared.params.top_pad.0));
    let least = shared.params.huge_page.unwrap_or(HEAP_MIN);
    let length = if padded < least {
        least
    } else if padded <= span {
        padded
    } else if size > span {
        return None;
    } else {
        span
    };
    let length = length.align_up(heap_unit(kernel, &shared.params, shared.rules));
    if shared.params.huge_page.is_some() {
        // Huge pages are tried first. There are none, but the attempt uses up the place.
        shared.next_area = None;
    }
    let base = reserve(kernel, &mut shared.next_area, span)?;
    kernel.mprotect(base, length);
    madvise_thp(kernel, &shared.params, shared.rules, base, length);
    Some((base, length))
}

/// Finds an aligned place for a heap.
fn reserve(kernel: &mut Kernel, next_area: &mut Option<Address>, span: Bytes) -> Option<Address> {
    if let Some(area) = next_area.take()
        && let Ok(start) = kernel.set_aside_near(area, span)
    {
        if start.offset_in(span) == Bytes::ZERO {
            return Some(start);
        }
        kernel.munmap(start, span);
    }
    if let Ok(start) = kernel.set_aside(span * 2) {
        let base = start.align_up(span);
        let lead = base - start;
        if lead > Bytes::ZERO {
            kernel.munmap(start, lead);
        } else {
            *next_area = Some(base + span);
        }
        kernel.munmap(base + span, span - lead);
        return Some(base);
    }
    let start = kernel.set_aside(span).ok()?;
    if start.offset_in(span) > Bytes::ZERO {
        kernel.munmap(start, span);
        return None;
    }
    Some(start)
}
