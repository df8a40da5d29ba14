//! The allocator's own memory: blocks of huge-page size from which an arena's structures are cut and never given back.
//!
//! jemalloc 5.3.0, src/base.c: `base_new`, `base_block_alloc`, `base_alloc_impl`, `base_extent_bump_alloc`. The memory
//! is fresh from the kernel, so only what is written becomes resident. Only the stacks of thread caches come back, where they
//! are from here (`base_stacks`).

use crate::options::Options;
use crate::pages::pages_map;
use crate::rules::Rules;
use crate::size_classes::{CACHE_LINE, HUGE_PAGE, PAGE, Pszind, QUANTUM, Szind};
use crate::thp::{BaseHugePages, Thp};
use crate::units::{ArenaIndex, Serial};
use highwater_allocator::{Address, Bytes, Kernel};

/// `sizeof (base_block_t)`, and where the structure of the block's rest is in it.
const BLOCK_HEADER: Bytes = Bytes(144);
const BLOCK_EDATA: Bytes = Bytes(16);

/// One arena's base (`base_t`).
#[derive(Clone)]
pub(crate) struct Base {
    /// The rest of each block, and the stacks that came back, ascending (`avail`).
    rests: Vec<Rest>,
    /// The structures of what has no rest any more, ascending (`edata_avail`).
    pub(crate) unused: Vec<Address>,
    /// The stacks that are in use.
    pub(crate) stacks: Vec<Rest>,
    /// The page size class of the last block (`pind_last`).
    last_class: Pszind,
    next_serial: Serial,
    mapped: Bytes,
    allocated: Bytes,
    resident: Bytes,
    blocks: Vec<(Address, Bytes)>,
    huge_pages: BaseHugePages,
}

/// The unused end of a block or of a stack that came back, ordered by the class of its size, then by the block's age, then by its
/// place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rest {
    /// The largest class that is not larger than it.
    pub(crate) class: Szind,
    /// The serial number of the block.
    pub(crate) serial: Serial,
    pub(crate) start: Address,
    pub(crate) size: Bytes,
    /// Where its structure is.
    pub(crate) edata: Address,
    /// Whether it is of a stack: it was counted when it was cut from its block (`base_edata_is_reused`).
    pub(crate) is_reused: bool,
}

impl Base {
    /// Makes a base in a block of its own (`base_new`). `None` where there is no memory.
    pub(crate) fn new(
        kernel: &mut Kernel,
        arena: ArenaIndex,
        rules: &Rules,
        options: &Options,
    ) -> Option<Self> {
        let bytes = rules.layout.base;
        let thp = match rules.base_sets_thp {
            true => options.thp,
            false => Thp::Default,
        };
        let mut base = Self {
            rests: Vec::new(),
            unused: Vec::new(),
            stacks: Vec::new(),
            last_class: Pszind(0),
            next_serial: Serial(0),
            mapped: Bytes::ZERO,
            allocated: Bytes::ZERO,
            resident: Bytes::ZERO,
            blocks: Vec::new(),
            huge_pages: BaseHugePages::new(arena, options.metadata_thp, thp),
        };
        let block = base.block_alloc(kernel, bytes, QUANTUM)?;
        let at = base.bump_alloc(block, bytes.align_up(CACHE_LINE), CACHE_LINE);
        kernel.touch(at, bytes);
        Some(base)
    }

    /// Maps a block with room for `size` bytes and returns what is free of it (`base_block_alloc`). `None` where there
    /// is no memory.
    fn block_alloc(&mut self, kernel: &mut Kernel, size: Bytes, alignment: Bytes) -> Option<Rest> {
        let least = BLOCK_HEADER.align_up(alignment) + size.align_up(alignment);
        let least = Pszind::of(least).size().align_up(HUGE_PAGE);
        let next = self.last_class.after(1).size().align_up(HUGE_PAGE);
        let length = least.max(next);
        let start = pages_map(kernel, length, HUGE_PAGE)?;
        self.huge_pages.advise(kernel, &self.blocks, start, length);
        kernel.touch(start, BLOCK_HEADER);
        self.last_class = Pszind::of(length);
        self.mapped += length;
        self.allocated += BLOCK_HEADER;
        self.resident += BLOCK_HEADER.align_up(PAGE);
        self.blocks.push((start, length));
        Some(Rest {
            class: Szind::NONE,
            serial: self.next_serial.take_next(),
            start: start + BLOCK_HEADER,
            size: length - BLOCK_HEADER,
            edata: start + BLOCK_EDATA,
            is_reused: false,
        })
    }

    /// Cuts an aligned piece off a free range and keeps the rest (`base_extent_bump_alloc`).
    fn bump_alloc(&mut self, from: Rest, size: Bytes, alignment: Bytes) -> Address {
        let at = from.start.align_up(alignment);
        let end = at + size;
        let left = from.start + from.size - end;
        if left > Bytes::ZERO {
            self.keep(Rest {
                start: end,
                size: left,
                ..from
            });
        } else {
            self.keep_structure(from.edata);
        }
        if from.is_reused {
            return at;
        }
        self.allocated += size;
        // Every page boundary that is crossed counts as a page written.
        self.resident += end.align_up(PAGE) - from.start.align_up(PAGE);
        at
    }

    /// Keeps a structure that nothing needs (`edata_avail_insert`).
    pub(crate) fn keep_structure(&mut self, edata: Address) {
        let place = self.unused.partition_point(|other| *other < edata);
        self.unused.insert(place, edata);
    }

    /// Keeps a free range to be cut from (`base_edata_heap_insert`).
    pub(crate) fn keep(&mut self, range: Rest) {
        let above = Szind::of(range.size + Bytes(1)).map_or(0, |above| above.0 - 1);
        let rest = Rest {
            class: Szind(above),
            ..range
        };
        let place = self.rests.partition_point(|other| *other < rest);
        self.rests.insert(place, rest);
    }

    /// Allocates memory that reads as zeros and is not touched (`base_alloc_impl`). Returns its address and the serial
    /// number of its block; `None` where there is no memory.
    pub(crate) fn alloc(
        &mut self,
        kernel: &mut Kernel,
        size: Bytes,
        alignment: Bytes,
    ) -> Option<(Address, Serial)> {
        let alignment = alignment.align_up(QUANTUM);
        let size = size.align_up(alignment);
        let class = Szind::of(size + alignment - QUANTUM)?;
        let place = self.rests.partition_point(|rest| rest.class < class);
        let from = if place < self.rests.len() {
            self.rests.remove(place)
        } else {
            self.block_alloc(kernel, size, alignment)?
        };
        let at = self.bump_alloc(from, size, alignment);
        Some((at, from.serial))
    }

    /// Returns the bytes of its blocks.
    pub(crate) fn mapped(&self) -> Bytes {
        self.mapped
    }

    /// Returns the bytes cut from them, headers included (part of `stats.metadata`).
    pub(crate) fn allocated(&self) -> Bytes {
        self.allocated
    }

    /// Returns the bytes of pages in which anything was cut, as jemalloc counts them (part of `stats.resident`).
    pub(crate) fn resident(&self) -> Bytes {
        self.resident
    }

    /// Returns its blocks: the address and the length of each.
    pub(crate) fn blocks(&self) -> &[(Address, Bytes)] {
        &self.blocks
    }
}
