//! The table of all chunks: what the real allocator keeps in their headers, boundary tags and links.
//!
//! glibc 2.36, malloc/malloc.c, `struct malloc_chunk`. The real fields lie in the memory of the heap itself, so that writing
//! one makes its page resident. Here they lie in a record, and whoever changes one says what that writes. Nearly always it
//! writes nothing that could be missing, because of two rules that hold between any two calls:
//!
//! - The page of every chunk's header is resident, its top's and its fences' included. A header is written when the chunk
//!   is cut ([`Chunks::cut`]), and what gives pages back leaves it: `mtrim` begins behind the header and links of a free
//!   chunk, `systrim` and `heap_trim` leave more than a header of the top, and mappings go whole. The size of a free chunk
//!   that is repeated at its end (`set_foot`) and the flag beside it that it is free (PREV_INUSE) lie in the header of the
//!   next chunk.
//! - The pages of the links of every chunk in a bin are resident: they are written when it is put there, and lie within
//!   what `mtrim` leaves.
//!
//! So merging, taking a chunk whole, and changing the links of its neighbours in a list touch no new page. What may:
//! a cut, a chunk that is put in a list (its own links), and a chunk that a cache keeps (its first word).

mod found;
mod links;
mod mapped;
mod stored;

pub(crate) use stored::StoredChunks;

use crate::chunk::{Chunk, WORD, user_of};
use crate::starts::Starts;
use highwater_allocator::{Address, Bytes, Kernel, Numbers};

/// The chunk is free and in a bin. The real flag is the opposite, PREV_INUSE in the header of the next chunk.
const FREE: u64 = 1;
/// The chunk has a mapping of its own.
const IS_MMAPPED: u64 = 2;
/// The chunk belongs to another arena than the main one.
const NON_MAIN_ARENA: u64 = 4;
/// The chunk is in a fastbin. The real one does not say so.
const FAST: u64 = 8;
/// The chunk, a free one, is the first of its size in a large bin, and so in the list of sizes.
const LEADS: u64 = FAST;
const FLAGS: u64 = FREE | IS_MMAPPED | NON_MAIN_ARENA | FAST;

/// Bytes of the smallest page. What lies in the page of a header, taken so, is resident.
const SMALLEST_PAGE: u64 = 4096;

/// So many chunks are few.
const FEW: usize = 1 << 16;

/// How many bins an arena has, the unused bin 0 included.
pub(crate) const BINS: usize = 128;

/// What is known of one chunk.
#[derive(Clone, Copy)]
struct Record {
    start: Address,
    /// Size and flags.
    head: u64,
    /// Its neighbours in memory, where there are any.
    below: Chunk,
    above: Chunk,
    /// Its neighbours in the list of a bin; `fd` also the next one in a fastbin.
    fd: Chunk,
    bk: Chunk,
}

const NOTHING: Record = Record {
    start: Address::NULL,
    head: 0,
    below: Chunk::NONE,
    above: Chunk::NONE,
    fd: Chunk::NONE,
    bk: Chunk::NONE,
};

/// What the header of a chunk says of it.
#[derive(Clone, Copy)]
pub(crate) struct Head(u64);

impl Head {
    #[inline]
    pub(crate) fn size(self) -> Bytes {
        Bytes(self.0 & !FLAGS)
    }

    #[inline]
    pub(crate) fn is_mmapped(self) -> bool {
        self.0 & IS_MMAPPED != 0
    }

    #[inline]
    pub(crate) fn is_of_main_arena(self) -> bool {
        self.0 & NON_MAIN_ARENA == 0
    }
}

/// The neighbours of a large chunk in the list of sizes of its bin. They count only for a chunk that is in that list, beside
/// others in its bin.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sizes {
    fd_nextsize: Chunk,
    bk_nextsize: Chunk,
}

/// Of a chunk that is in no list of sizes.
const UNLISTED: Sizes = Sizes {
    fd_nextsize: Chunk::NONE,
    bk_nextsize: Chunk::NONE,
};

/// The chunks of all arenas, and those with mappings of their own.
#[derive(Clone)]
pub(crate) struct Chunks {
    /// Record 0 is the head of the main arena's bin 0, which is not used. It stands for no chunk: it is neither free nor has
    /// it a size, and what is written of the neighbour that a chunk does not have goes there.
    records: Vec<Record>,
    sizes: Vec<Sizes>,
    /// The number to be used next, if one is free; each holds the one after it as its `fd`.
    spare: Chunk,
    starts: Starts,
    /// How far above its mapping's start a mapped chunk begins, where memalign has moved it.
    leads: Numbers,
    /// Chunks with mappings of their own (`n_mmaps`).
    mapped: usize,
}

/// The `length` bytes behind the header of a chunk are written: what lies in the header's page is resident.
#[inline]
pub(crate) fn touch_behind_header(kernel: &mut Kernel, start: Address, length: Bytes) {
    let (user, last) = (user_of(start), user_of(start) + length - Bytes(1));
    if start.0 ^ last.0 >= SMALLEST_PAGE {
        kernel.touch(user, length);
    }
}

impl Chunks {
    /// No chunks, and the heads of the main arena's bins.
    pub(crate) fn new() -> Self {
        let mut chunks = Self {
            records: Vec::new(),
            sizes: Vec::new(),
            spare: Chunk::NONE,
            starts: Starts::new(),
            leads: Numbers::default(),
            mapped: 0,
        };
        chunks.add_heads();
        chunks
    }

    /// Makes room for the chunks of a program that holds at most this number of blocks, with some free ones between them.
    pub(crate) fn expect(&mut self, blocks: usize) {
        let chunks = blocks + blocks / 4;
        self.records.reserve_exact(chunks);
        self.sizes.reserve_exact(chunks);
    }

    /// Adds the heads of an arena's bins, each an empty list, and returns the first.
    pub(crate) fn add_heads(&mut self) -> Chunk {
        let first = self.records.len() as u32;
        for number in first..first + BINS as u32 {
            let head = Chunk(number);
            self.records.push(Record {
                fd: head,
                bk: head,
                ..NOTHING
            });
            self.sizes.push(UNLISTED);
        }
        Chunk(first)
    }

    // ---- one chunk

    #[inline]
    fn record(&self, chunk: Chunk) -> &Record {
        &self.records[chunk.index()]
    }

    #[inline]
    fn record_mut(&mut self, chunk: Chunk) -> &mut Record {
        &mut self.records[chunk.index()]
    }

    /// What its header says.
    #[inline]
    pub(crate) fn head(&self, chunk: Chunk) -> Head {
        Head(self.record(chunk).head)
    }

    /// Where it begins.
    #[inline]
    pub(crate) fn start(&self, chunk: Chunk) -> Address {
        self.record(chunk).start
    }

    /// The address the program gets for it.
    #[inline]
    pub(crate) fn user(&self, chunk: Chunk) -> Address {
        user_of(self.start(chunk))
    }

    /// The first byte above it.
    #[inline]
    pub(crate) fn end(&self, chunk: Chunk) -> Address {
        let record = self.record(chunk);
        record.start + Bytes(record.head & !FLAGS)
    }

    /// Its size; nothing for no chunk.
    #[inline]
    pub(crate) fn size(&self, chunk: Chunk) -> Bytes {
        Bytes(self.record(chunk).head & !FLAGS)
    }

    /// The address the program gets for it, and its size.
    #[inline]
    pub(crate) fn user_and_size(&self, chunk: Chunk) -> (Address, Bytes) {
        let record = self.record(chunk);
        (user_of(record.start), Bytes(record.head & !FLAGS))
    }

    #[inline]
    pub(crate) fn set_size(&mut self, chunk: Chunk, size: Bytes) {
        let record = self.record_mut(chunk);
        record.head = size.0 | (record.head & FLAGS);
    }

    /// Whether it is free and in a bin. A top is not.
    #[inline]
    pub(crate) fn is_free(&self, chunk: Chunk) -> bool {
        self.record(chunk).head & FREE != 0
    }

    #[inline]
    pub(crate) fn is_mmapped(&self, chunk: Chunk) -> bool {
        self.record(chunk).head & IS_MMAPPED != 0
    }

    #[inline]
    pub(crate) fn is_of_main_arena(&self, chunk: Chunk) -> bool {
        self.record(chunk).head & NON_MAIN_ARENA == 0
    }

    /// Whether it is in a fastbin.
    #[inline]
    pub(crate) fn is_fast(&self, chunk: Chunk) -> bool {
        self.record(chunk).head & (FAST | FREE) == FAST
    }

    /// Whether one of its neighbours is in a fastbin.
    pub(crate) fn is_beside_fast(&self, chunk: Chunk) -> bool {
        let record = self.record(chunk);
        self.is_fast(record.below) || self.is_fast(record.above)
    }

    /// Marks a chunk as in a fastbin, where `next` follows it.
    #[inline]
    pub(crate) fn set_fast(&mut self, chunk: Chunk, next: Chunk) {
        let record = self.record_mut(chunk);
        record.head |= FAST;
        record.fd = next;
    }

    /// Marks a chunk as taken out of its fastbin, and returns the one that followed it.
    #[inline]
    pub(crate) fn take_fast(&mut self, chunk: Chunk) -> Chunk {
        let record = self.record_mut(chunk);
        record.head &= !FAST;
        record.fd
    }

    // ---- neighbours in memory

    #[inline]
    pub(crate) fn below(&self, chunk: Chunk) -> Chunk {
        self.record(chunk).below
    }

    #[inline]
    pub(crate) fn above(&self, chunk: Chunk) -> Chunk {
        self.record(chunk).above
    }

    /// Makes fresh memory one chunk, and writes its header.
    pub(crate) fn add(
        &mut self,
        kernel: &mut Kernel,
        start: Address,
        size: Bytes,
        is_main: bool,
    ) -> Chunk {
        let arena = if is_main { 0 } else { NON_MAIN_ARENA };
        self.insert(kernel, start, size.0 | arena)
    }

    fn insert(&mut self, kernel: &mut Kernel, start: Address, head: u64) -> Chunk {
        let chunk = self.new_number();
        *self.record_mut(chunk) = Record {
            start,
            head,
            ..NOTHING
        };
        self.set_start(kernel, start, chunk);
        kernel.touch_word(start + WORD);
        chunk
    }

    /// Takes a number for a new chunk.
    #[inline]
    fn new_number(&mut self) -> Chunk {
        let chunk = self.spare;
        if chunk.is_none() {
            return self.add_record();
        }
        self.spare = self.fd(chunk);
        chunk
    }

    #[cold]
    #[inline(never)]
    fn add_record(&mut self) -> Chunk {
        let count = self.records.len();
        if count == self.records.capacity() {
            // Fourfold at first, so that few are copied.
            let more = if count < FEW { 3 * count } else { count };
            self.records.reserve_exact(more);
            self.sizes.reserve_exact(more);
        }
        let chunk = Chunk(count as u32);
        self.records.push(NOTHING);
        self.sizes.push(UNLISTED);
        chunk
    }

    /// The chunk is no more.
    #[inline]
    pub(crate) fn release(&mut self, chunk: Chunk) {
        let next = std::mem::replace(&mut self.spare, chunk);
        *self.record_mut(chunk) = Record {
            fd: next,
            ..NOTHING
        };
    }

    /// Ends a chunk in use, or a top, at `size` and makes the rest one of its own, whose header that writes.
    #[inline]
    pub(crate) fn cut(&mut self, kernel: &mut Kernel, chunk: Chunk, size: Bytes) -> Chunk {
        let rest = self.new_number();
        let records = self.records.as_mut_slice();
        let record = &mut records[chunk.index()];
        let Record {
            start, head, above, ..
        } = *record;
        record.head = size.0 | (head & FLAGS);
        record.above = rest;
        let start = start + size;
        records[above.index()].below = rest;
        records[rest.index()] = Record {
            start,
            head: head - size.0,
            below: chunk,
            above,
            ..NOTHING
        };
        self.begin(kernel, start, size, rest);
        rest
    }

    /// Ends a chunk, an old top, at `size`, and makes the rest a fence, which is returned; an old top of which nothing is left
    /// becomes the fence itself.
    pub(crate) fn fence(&mut self, kernel: &mut Kernel, chunk: Chunk, size: Bytes) -> Chunk {
        if size == Bytes::ZERO {
            return chunk;
        }
        let fence = self.cut(kernel, chunk, size);
        // What is left may be smaller than any other chunk, and is found where both begin so close to each other.
        self.set_start(kernel, self.start(chunk), chunk);
        fence
    }

    /// Adds to a chunk the one above it, which is no more.
    #[inline]
    pub(crate) fn join(&mut self, chunk: Chunk, above: Chunk) {
        let spare = std::mem::replace(&mut self.spare, above);
        let records = self.records.as_mut_slice();
        let joined = &mut records[above.index()];
        let (size, next) = (joined.head & !FLAGS, joined.above);
        joined.head = 0;
        joined.fd = spare;
        let record = &mut records[chunk.index()];
        record.head += size;
        record.above = next;
        records[next.index()].below = chunk;
    }
}
