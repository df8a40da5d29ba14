//! Mappings at an alignment or at an address.
//!
//! jemalloc 5.3.0, src/pages.c.

use highwater_allocator::{Address, Bytes, Kernel};

/// Maps `size` bytes at a multiple of `alignment` (`pages_map`): where the kernel puts them, and if that is not aligned
/// with room to spare, which is then cut off. `None` where there is no memory.
pub(crate) fn pages_map(kernel: &mut Kernel, size: Bytes, alignment: Bytes) -> Option<Address> {
    let start = kernel.mmap(size).ok()?;
    if start.offset_in(alignment) == Bytes::ZERO {
        return Some(start);
    }
    kernel.munmap(start, size);
    let length = size.checked_add(alignment)? - kernel.page_size();
    let start = kernel.mmap(length).ok()?;
    let aligned = start.align_up(alignment);
    let lead = aligned - start;
    if lead > Bytes::ZERO {
        kernel.munmap(start, lead);
    }
    let trail = length - size - lead;
    if trail > Bytes::ZERO {
        kernel.munmap(aligned + size, trail);
    }
    Some(aligned)
}

/// Maps `size` bytes at `address`, the start of a page, if nothing is mapped there (`os_pages_map`). `None` where that
/// cannot be.
pub(crate) fn pages_map_at(kernel: &mut Kernel, address: Address, size: Bytes) -> Option<Address> {
    let start = kernel.mmap_near(address, size).ok()?;
    if start == address {
        return Some(start);
    }
    kernel.munmap(start, size);
    None
}
