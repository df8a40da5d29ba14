//! The thread cache: freed chunks that one thread keeps for itself, and that everybody else takes for chunks in use.
//!
//! glibc 2.36, malloc/malloc.c: `tcache_put`, `tcache_get`, `tcache_init`. The links between cached chunks lie in the
//! chunks themselves; counts and list heads in a chunk of their own, which is never given back while the thread runs, so
//! that a copy of them outside simulated memory changes nothing.

use crate::chunk::Chunk;
use crate::params::TCACHE_BINS;
use highwater_allocator::{Address, Bytes, Kernel};

/// `sizeof (tcache_perthread_struct)`: 64 counts of two bytes, 64 list heads.
pub(crate) const STRUCT_BYTES: Bytes = Bytes(TCACHE_BINS as u64 * (2 + 8));

/// One thread's cache.
#[derive(Clone)]
pub(crate) struct Tcache {
    /// The chunk that holds counts and list heads.
    pub(crate) home: Chunk,
    counts: [u16; TCACHE_BINS],
    entries: [Address; TCACHE_BINS],
    parked: Bytes,
}

impl Tcache {
    pub(crate) fn new(home: Chunk) -> Self {
        Self {
            home,
            counts: [0; TCACHE_BINS],
            entries: [Address::NULL; TCACHE_BINS],
            parked: Bytes::ZERO,
        }
    }

    #[inline]
    pub(crate) fn has(&self, bin: usize) -> bool {
        self.counts[bin] > 0
    }

    #[inline]
    pub(crate) fn has_room(&self, bin: usize, limit: u64) -> bool {
        u64::from(self.counts[bin]) < limit
    }

    /// Bytes of the chunks it holds.
    #[inline]
    pub(crate) fn parked(&self) -> Bytes {
        self.parked
    }

    /// Keeps a chunk.
    #[inline]
    pub(crate) fn put(&mut self, kernel: &mut Kernel, chunk: Chunk, bin: usize) {
        let entry = chunk.user();
        kernel.write(entry, self.entries[bin].0);
        // The second word gets the key that tells a double free. It is in the same 16 bytes, so the same page.
        self.entries[bin] = entry;
        self.counts[bin] += 1;
        self.parked += size_of(bin);
    }

    /// Gives out the chunk kept last; the bin holds one.
    #[inline]
    pub(crate) fn get(&mut self, kernel: &Kernel, bin: usize) -> Chunk {
        let entry = self.entries[bin];
        self.entries[bin] = Address(kernel.read(entry));
        self.counts[bin] -= 1;
        self.parked -= size_of(bin);
        Chunk::of_user(entry)
    }

    /// Every chunk it holds, with its bin.
    pub(crate) fn chunks<'a>(
        &'a self,
        kernel: &'a Kernel,
    ) -> impl Iterator<Item = (usize, Chunk)> + 'a {
        self.entries
            .iter()
            .enumerate()
            .flat_map(move |(bin, first)| {
                let first = (!first.is_null()).then_some(*first);
                std::iter::successors(first, move |entry| {
                    let next = Address(kernel.read(*entry));
                    (!next.is_null()).then_some(next)
                })
                .map(move |entry| (bin, Chunk::of_user(entry)))
            })
    }
}

/// The size of the chunks in a bin.
#[inline]
fn size_of(bin: usize) -> Bytes {
    Bytes(32 + 16 * bin as u64)
}
