//! Pools: stretches of an arena that are cut into blocks of one size.
//!
//! The real allocator keeps a pool's header in its first 48 bytes and links its free blocks through their first words.
//! Here header and links are kept beside simulated memory, a block named by its distance from the pool's start in units
//! of 16 bytes; a word of simulated memory for each block would cost as much memory as the program's own. Pages become
//! resident all the same where the real allocator writes: an arena's pages go back only with the whole arena, so the
//! first write to each page is all that counts, and that is always a header's or that of the first link through a
//! block.

use highwater_allocator::{Address, Bytes, Kernel};

/// The distance between sizes, and the alignment of blocks (`ALIGNMENT`).
pub(crate) const UNIT: Bytes = Bytes(16);
/// The largest block in a pool (`SMALL_REQUEST_THRESHOLD`).
pub(crate) const SMALL_MAX: Bytes = Bytes(512);
/// The number of sizes (`NB_SMALL_SIZE_CLASSES`).
pub(crate) const CLASSES: usize = (SMALL_MAX.0 / UNIT.0) as usize;
/// A pool's header (`POOL_OVERHEAD`).
pub(crate) const HEADER: Bytes = Bytes(48);
/// The link in a free block: a pointer.
const LINK: Bytes = Bytes(8);
/// Where the first block of a pool begins, in units.
const FIRST_BLOCK: u16 = (HEADER.0 / UNIT.0) as u16;
/// No block: a distance at which none begins.
const NULL: u16 = 0;

/// A pool: the number of its arena and its place in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PoolId(pub(crate) u32);

impl PoolId {
    /// No pool.
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }

    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A size of blocks: the first is of 16 bytes, the next of 32, and so on (`szidx`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SizeClass(u8);

impl SizeClass {
    /// The size class of a pool that has none yet (`DUMMY_SIZE_IDX`).
    const NONE: Self = Self(u8::MAX);

    /// Returns the class of a request of 1 to 512 bytes.
    #[inline]
    pub(crate) fn of(bytes: Bytes) -> Self {
        Self(((bytes - Bytes(1)) / UNIT) as u8)
    }

    #[inline]
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Returns the size of its blocks (`INDEX2SIZE`).
    #[inline]
    pub(crate) fn size(self) -> Bytes {
        UNIT * (u64::from(self.0) + 1)
    }

    /// Returns how many units a block has.
    fn units(self) -> u16 {
        u16::from(self.0) + 1
    }
}

/// `struct pool_header`, and the links of its free blocks.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    /// Its first byte.
    pub(crate) base: Address,
    /// The number of its blocks in use (`ref.count`).
    pub(crate) count: u32,
    /// The first free block (`freeblock`).
    free: u16,
    /// The next block that was never handed out (`nextoffset`).
    next_virgin: u16,
    /// The last place at which a block may begin (`maxnextoffset`).
    last_virgin: u16,
    /// The size class of its blocks (`szidx`).
    class: SizeClass,
    /// Its neighbours in the list of used pools of its class, or the next of its arena's free pools (`nextpool`,
    /// `prevpool`).
    pub(crate) next: PoolId,
    pub(crate) prev: PoolId,
    /// For each free block the next one.
    links: Box<[u16]>,
}

/// Returns whether a block of that many bytes is in a pool: 1 to 512.
#[inline]
pub(crate) fn is_small(bytes: Bytes) -> bool {
    bytes.0.wrapping_sub(1) < SMALL_MAX.0
}

impl Pool {
    /// Returns the bytes that the list of its free blocks takes.
    pub(crate) fn footprint(&self) -> Bytes {
        Bytes(size_of_val(&*self.links) as u64)
    }

    /// Makes a stretch of address space that no pool was carved from yet.
    pub(crate) fn uncarved() -> Self {
        Self {
            base: Address::NULL,
            count: 0,
            free: NULL,
            next_virgin: 0,
            last_virgin: 0,
            class: SizeClass::NONE,
            next: PoolId::NONE,
            prev: PoolId::NONE,
            links: Box::default(),
        }
    }

    /// Carves the pool from its arena: its header is written.
    pub(crate) fn carve(&mut self, kernel: &mut Kernel, bytes: Bytes) {
        if self.links.is_empty() {
            self.links = vec![NULL; (bytes / UNIT) as usize].into_boxed_slice();
        }
        self.count = 0;
        self.class = SizeClass::NONE;
        kernel.touch(self.base, HEADER);
    }

    /// Returns the size class of its blocks; of a pool in use only.
    #[inline]
    pub(crate) fn class(&self) -> SizeClass {
        self.class
    }

    /// Gives out the first block of a pool that had none in use, setting it up for the class where it was another's.
    pub(crate) fn open(&mut self, kernel: &mut Kernel, class: SizeClass) -> Address {
        self.count = 1;
        if self.class == class {
            let block = self.free;
            self.free = self.links[usize::from(block)];
            return self.at(block);
        }
        let units = class.units();
        let first = FIRST_BLOCK;
        let second = first + units;
        self.class = class;
        self.next_virgin = second + units;
        self.last_virgin = self.links.len() as u16 - units;
        self.free = second;
        self.links[usize::from(second)] = NULL;
        kernel.touch(self.at(self.free), LINK);
        self.at(first)
    }

    /// Gives out the first free block of a pool that has one, and whether it was the last that was linked.
    #[inline]
    pub(crate) fn take(&mut self) -> (Address, bool) {
        self.count += 1;
        let block = self.free;
        self.free = self.links[usize::from(block)];
        (self.at(block), self.free == NULL)
    }

    /// Links the next block that was never handed out; `false` where no such block is left: the pool is full.
    ///
    /// CPython 3.11, Objects/obmalloc.c, `pymalloc_pool_extend`.
    #[inline]
    pub(crate) fn extend(&mut self, kernel: &mut Kernel, page: Bytes) -> bool {
        if self.next_virgin > self.last_virgin {
            return false;
        }
        let block = self.next_virgin;
        let size = self.class.size();
        self.free = block;
        self.next_virgin += self.class.units();
        self.links[usize::from(block)] = NULL;
        let at = self.at(block);
        // The link of the block before was written, too.
        if (at.0 ^ (at - size).0) >= page.0 {
            kernel.touch(at, LINK);
        }
        true
    }

    /// Takes a block back; returns whether the pool was full before.
    #[inline]
    pub(crate) fn give(&mut self, block: Address) -> bool {
        let block = ((block - self.base) / UNIT) as u16;
        let was_full = self.free == NULL;
        self.links[usize::from(block)] = self.free;
        self.free = block;
        self.count -= 1;
        was_full
    }

    #[inline]
    fn at(&self, block: u16) -> Address {
        self.base + UNIT * u64::from(block)
    }

    /// Returns the address of each of its blocks, the lowest first, and whether it is free. What was never handed out
    /// is left out, except the one that is linked.
    pub(crate) fn blocks(&self) -> Vec<(Address, bool)> {
        let (units, first) = (self.class.units(), FIRST_BLOCK);
        let places = (first..self.next_virgin).step_by(usize::from(units));
        let mut blocks: Vec<_> = places.map(|at| (self.at(at), false)).collect();
        let mut free = self.free;
        while free != NULL {
            blocks[usize::from((free - first) / units)].1 = true;
            free = self.links[usize::from(free)];
        }
        blocks
    }

    /// Returns the start of what was never linked, and the end of the last block that fits there.
    pub(crate) fn virgin(&self) -> (Address, Address) {
        let units = self.class.units();
        let room = (self.last_virgin + units).saturating_sub(self.next_virgin);
        let end = self.next_virgin + room / units * units;
        (self.at(self.next_virgin), self.at(end))
    }
}
