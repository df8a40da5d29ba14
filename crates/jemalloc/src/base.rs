//! The allocator's own memory: blocks of huge-page size from which an arena's structures are cut and never given back.
//!
//! jemalloc 5.3.0, src/base.c: `base_new`, `base_block_alloc`, `base_alloc_impl`, `base_extent_bump_alloc`. The memory is
//! fresh from the kernel, so only what is written becomes resident.

use crate::pages::map_aligned;
use crate::rules::Rules;
use crate::size_classes::{
    self as sizes, CACHE_LINE, HUGE_PAGE, PAGE, QUANTUM, page_class_of, page_class_size,
    page_class_usable,
};
use highwater_allocator::{Address, Bytes, Kernel};

/// `sizeof (base_block_t)`
const BLOCK_HEADER: u64 = 144;

/// One arena's base.
#[derive(Clone)]
pub(crate) struct Base {
    /// What is left of each block, ascending: the class of its size, the block's number, address and bytes.
    rests: Vec<(usize, u64, u64, u64)>,
    /// The class of extents of the last block's size.
    last_class: usize,
    next_serial: u64,
    mapped: u64,
    allocated: u64,
    resident: u64,
    blocks: Vec<(Address, Bytes)>,
}

impl Base {
    /// A base in a block of its own (`base_new`). `None` where there is no memory.
    pub(crate) fn new(kernel: &mut Kernel, rules: &Rules) -> Option<Self> {
        let bytes = rules.layout.base;
        let mut base = Self {
            rests: Vec::new(),
            last_class: 0,
            next_serial: 0,
            mapped: 0,
            allocated: 0,
            resident: 0,
            blocks: Vec::new(),
        };
        let (serial, start, length) = base.new_block(kernel, bytes, QUANTUM)?;
        let size = bytes.next_multiple_of(CACHE_LINE);
        let at = base.cut(serial, start, length, size, CACHE_LINE);
        kernel.touch(at, Bytes(bytes));
        Some(base)
    }

    /// Maps a block with room for `size` bytes and returns what is free of it (`base_block_alloc`).
    fn new_block(
        &mut self,
        kernel: &mut Kernel,
        size: u64,
        alignment: u64,
    ) -> Option<(u64, u64, u64)> {
        let gap = BLOCK_HEADER.next_multiple_of(alignment) - BLOCK_HEADER;
        let least = page_class_usable(BLOCK_HEADER + gap + size.next_multiple_of(alignment));
        let next = page_class_size(self.last_class + 1);
        let length = least
            .next_multiple_of(HUGE_PAGE)
            .max(next.next_multiple_of(HUGE_PAGE));
        let start = map_aligned(kernel, length, HUGE_PAGE)?;
        kernel.touch(start, Bytes(BLOCK_HEADER));
        self.last_class = page_class_of(length);
        self.mapped += length;
        self.allocated += BLOCK_HEADER;
        self.resident += BLOCK_HEADER.next_multiple_of(PAGE);
        self.blocks.push((start, Bytes(length)));
        let serial = self.next_serial;
        self.next_serial += 1;
        Some((serial, start.0 + BLOCK_HEADER, length - BLOCK_HEADER))
    }

    /// Cuts an aligned piece off a free range and keeps the rest (`base_extent_bump_alloc`).
    fn cut(&mut self, serial: u64, start: u64, length: u64, size: u64, alignment: u64) -> Address {
        let at = start.next_multiple_of(alignment);
        let rest = length - (at - start) - size;
        if rest > 0 {
            // The largest class that is not larger than the rest.
            let class = sizes::class_of(rest + 1).map_or(0, |class| class - 1);
            let entry = (class, serial, at + size, rest);
            let place = self.rests.partition_point(|other| *other < entry);
            self.rests.insert(place, entry);
        }
        self.allocated += size;
        // Every page boundary that is crossed counts as a page written.
        self.resident += (at + size).next_multiple_of(PAGE) - start.next_multiple_of(PAGE);
        Address(at)
    }

    /// Allocates, and says which block it came from. The memory reads as zeros and is not touched (`base_alloc_impl`).
    pub(crate) fn allocate_in(
        &mut self,
        kernel: &mut Kernel,
        size: u64,
        alignment: u64,
    ) -> Option<(Address, u64)> {
        let alignment = alignment.next_multiple_of(QUANTUM);
        let size = size.next_multiple_of(alignment);
        let class = sizes::class_of(size + alignment - QUANTUM)?;
        let place = self.rests.partition_point(|rest| rest.0 < class);
        let (serial, start, length) = match place < self.rests.len() {
            true => {
                let (_, serial, start, length) = self.rests.remove(place);
                (serial, start, length)
            }
            false => self.new_block(kernel, size, alignment)?,
        };
        let at = self.cut(serial, start, length, size, alignment);
        Some((at, serial))
    }

    /// The same without the block.
    pub(crate) fn allocate(
        &mut self,
        kernel: &mut Kernel,
        size: u64,
        alignment: u64,
    ) -> Option<Address> {
        self.allocate_in(kernel, size, alignment).map(|(at, _)| at)
    }

    /// Bytes of its blocks.
    pub(crate) fn mapped(&self) -> u64 {
        self.mapped
    }

    /// Bytes cut from them, headers included (`stats.metadata` counts these).
    pub(crate) fn allocated(&self) -> u64 {
        self.allocated
    }

    /// Bytes of pages that what was cut lies in, as jemalloc reckons.
    pub(crate) fn resident(&self) -> u64 {
        self.resident
    }

    /// Its blocks: where each begins, and its length.
    pub(crate) fn blocks(&self) -> &[(Address, Bytes)] {
        &self.blocks
    }
}
