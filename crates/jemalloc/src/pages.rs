//! Mapping memory at an alignment or at a place.

use highwater_allocator::{Address, Bytes, Kernel};

/// Maps `size` bytes at a multiple of `alignment`: as it comes, and if that is not aligned with room to spare, which is
/// then cut off (jemalloc 5.3.0, src/pages.c, `pages_map`).
pub(crate) fn map_aligned(kernel: &mut Kernel, size: u64, alignment: u64) -> Option<Address> {
    let page = kernel.page_size();
    let start = kernel.mmap(Bytes(size)).ok()?;
    if start.offset_in(Bytes(alignment)) == Bytes::ZERO {
        return Some(start);
    }
    kernel.munmap(start, Bytes(size));
    let length = size.checked_add(alignment)?.checked_sub(page.0)?;
    let start = kernel.mmap(Bytes(length)).ok()?;
    let aligned = start.align_up(Bytes(alignment));
    let lead = aligned - start;
    if lead > Bytes::ZERO {
        kernel.munmap(start, lead);
    }
    let trail = Bytes(length - size) - lead;
    if trail > Bytes::ZERO {
        kernel.munmap(aligned + Bytes(size), trail);
    }
    Some(aligned)
}

/// Maps `size` bytes at `place`, the start of a page, if nothing is mapped there (src/pages.c, `os_pages_map`).
pub(crate) fn map_at(kernel: &mut Kernel, place: u64, size: u64) -> Option<Address> {
    let place = Address(place);
    let start = kernel.mmap_near(place, Bytes(size)).ok()?;
    if start == place {
        return Some(start);
    }
    kernel.munmap(start, Bytes(size));
    None
}
