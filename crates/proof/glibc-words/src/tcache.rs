//! The thread cache: freed chunks that one thread keeps for itself, and that everybody else takes for chunks in use.
//!
//! glibc 2.36 and 2.43, malloc/malloc.c: `tcache_put`, `tcache_get`, and for the large bins of 2.42 on `tcache_put_large`,
//! `tcache_get_large`, `tcache_get_align`. The links between cached chunks lie in the chunks themselves; counts and list
//! heads in a chunk of their own, which is never given back while the thread runs, so that a copy of them outside
//! simulated memory changes nothing.

use crate::chunk::Chunk;
use crate::params::{Params, TCACHE_BINS};
use highwater_allocator::{Address, Bytes, Kernel};

/// `TCACHE_LARGE_BINS`: one for each power of two of sizes above those of the small bins. Empty in older releases.
const LARGE_BINS: usize = 12;
const ALL_BINS: usize = TCACHE_BINS + LARGE_BINS;

/// One thread's cache.
#[derive(Clone)]
pub(crate) struct Tcache {
    /// The chunk that holds counts and list heads.
    pub(crate) home: Chunk,
    counts: [u16; ALL_BINS],
    entries: [Address; ALL_BINS],
    parked: Bytes,
}

/// The large bin for chunks of a size (`large_csize2tidx`), if there is one: the smallest of them is 1056.
#[inline]
pub(crate) fn large_bin(size: Bytes) -> Option<usize> {
    let bin = TCACHE_BINS + size.0.ilog2() as usize - 10;
    (bin < ALL_BINS).then_some(bin)
}

/// The small bin for chunks of a size, whatever the settings.
fn small_bin(size: Bytes) -> Option<usize> {
    let bin = (size.0 >> 4) as usize - 2;
    (bin < TCACHE_BINS).then_some(bin)
}

impl Tcache {
    pub(crate) fn new(home: Chunk) -> Self {
        Self {
            home,
            counts: [0; ALL_BINS],
            entries: [Address::NULL; ALL_BINS],
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

    /// Keeps a freed chunk in the bin of its size, if there is one and it has room. Returns whether it does.
    #[inline]
    pub(crate) fn keep(
        &mut self,
        kernel: &mut Kernel,
        params: &Params,
        chunk: Chunk,
        size: Bytes,
    ) -> bool {
        if let Some(bin) = params.tcache_bin(size) {
            let room = self.has_room(bin, params.tcache_count);
            if room {
                self.put(kernel, chunk, bin);
            }
            return room;
        }
        if size < params.tcache_max_chunk
            && let Some(bin) = large_bin(size)
            && self.has_room(bin, params.tcache_count)
        {
            self.put_large(kernel, chunk, bin, size);
            return true;
        }
        false
    }

    /// Keeps a chunk in a small bin.
    #[inline]
    pub(crate) fn put(&mut self, kernel: &mut Kernel, chunk: Chunk, bin: usize) {
        let entry = chunk.user();
        kernel.write(entry, self.entries[bin].0);
        // The second word gets the key that tells a double free. It is in the same 16 bytes, so the same page.
        self.entries[bin] = entry;
        self.counts[bin] += 1;
        self.parked += size_of(bin);
    }

    /// Gives out the chunk kept last; the small bin holds one.
    #[inline]
    pub(crate) fn get(&mut self, kernel: &Kernel, bin: usize) -> Chunk {
        let entry = self.entries[bin];
        self.entries[bin] = Address(kernel.read(entry));
        self.counts[bin] -= 1;
        self.parked -= size_of(bin);
        Chunk::of_user(entry)
    }

    /// Keeps a chunk in a large bin, which is in ascending order of size, the latest of a size first.
    pub(crate) fn put_large(&mut self, kernel: &mut Kernel, chunk: Chunk, bin: usize, size: Bytes) {
        let fits = |kernel: &Kernel, entry| Chunk::of_user(entry).size(kernel) >= size;
        let (before, next) = self.locate(kernel, bin, fits);
        kernel.write(chunk.user(), next.0);
        self.link(kernel, bin, before, chunk.user());
        self.counts[bin] += 1;
        self.parked += size;
    }

    /// Gives out a chunk of exactly that size from a large bin.
    pub(crate) fn get_large(
        &mut self,
        kernel: &mut Kernel,
        bin: usize,
        size: Bytes,
    ) -> Option<Chunk> {
        let fits = |kernel: &Kernel, entry| Chunk::of_user(entry).size(kernel) >= size;
        let (before, found) = self.locate(kernel, bin, fits);
        if found.is_null() || Chunk::of_user(found).size(kernel) != size {
            return None;
        }
        Some(self.unlink(kernel, bin, before, found, size))
    }

    /// Gives out a chunk of that size whose user address is a multiple of `alignment`.
    pub(crate) fn get_aligned(
        &mut self,
        kernel: &mut Kernel,
        bin: usize,
        size: Bytes,
        alignment: Bytes,
    ) -> Option<Chunk> {
        let aligned = |entry: Address| entry.offset_in(alignment) == Bytes::ZERO;
        let fits = |kernel: &Kernel, entry| {
            let found = Chunk::of_user(entry).size(kernel);
            found > size || (found == size && aligned(entry))
        };
        let (before, found) = self.locate(kernel, bin, fits);
        if found.is_null() || Chunk::of_user(found).size(kernel) != size {
            return None;
        }
        Some(self.unlink(kernel, bin, before, found, size))
    }

    /// The first entry of a bin that fits, and the one before it; null for none.
    fn locate(
        &self,
        kernel: &Kernel,
        bin: usize,
        fits: impl Fn(&Kernel, Address) -> bool,
    ) -> (Address, Address) {
        let (mut before, mut entry) = (Address::NULL, self.entries[bin]);
        while !entry.is_null() && !fits(kernel, entry) {
            before = entry;
            entry = Address(kernel.read(entry));
        }
        (before, entry)
    }

    fn unlink(
        &mut self,
        kernel: &mut Kernel,
        bin: usize,
        before: Address,
        entry: Address,
        size: Bytes,
    ) -> Chunk {
        let next = Address(kernel.read(entry));
        self.link(kernel, bin, before, next);
        self.counts[bin] -= 1;
        self.parked -= size;
        Chunk::of_user(entry)
    }

    fn link(&mut self, kernel: &mut Kernel, bin: usize, before: Address, entry: Address) {
        if before.is_null() {
            self.entries[bin] = entry;
        } else {
            kernel.write(before, entry.0);
        }
    }

    /// Takes one chunk out of a bin, wherever in it it lies; false if it is not there.
    pub(crate) fn take(&mut self, kernel: &mut Kernel, chunk: Chunk, bin: usize) -> bool {
        if bin >= self.entries.len() {
            return false;
        }
        let (before, entry) = self.locate(kernel, bin, |_, entry| entry == chunk.user());
        if entry.is_null() {
            return false;
        }
        let size = chunk.size(kernel);
        self.unlink(kernel, bin, before, entry, size);
        true
    }

    /// Takes out the first chunk of the lowest bin that holds any.
    pub(crate) fn pop_any(&mut self, kernel: &Kernel) -> Option<Chunk> {
        let bin = self.entries.iter().position(|first| !first.is_null())?;
        let entry = self.entries[bin];
        self.entries[bin] = Address(kernel.read(entry));
        self.counts[bin] -= 1;
        let chunk = Chunk::of_user(entry);
        self.parked -= chunk.size(kernel);
        Some(chunk)
    }

    /// The bin that holds a chunk, which has that size, if it is here.
    pub(crate) fn holds(&self, kernel: &Kernel, chunk: Chunk, size: Bytes) -> Option<usize> {
        let bin = small_bin(size).or_else(|| large_bin(size))?;
        self.bin(kernel, bin)
            .any(|held| held == chunk)
            .then_some(bin)
    }

    /// The chunks of a bin.
    fn bin<'a>(&'a self, kernel: &'a Kernel, bin: usize) -> impl Iterator<Item = Chunk> + 'a {
        let some = |entry: Address| (!entry.is_null()).then_some(entry);
        std::iter::successors(some(self.entries[bin]), move |entry| {
            some(Address(kernel.read(*entry)))
        })
        .map(Chunk::of_user)
    }

    /// Every chunk it holds, with its bin.
    pub(crate) fn chunks<'a>(
        &'a self,
        kernel: &'a Kernel,
    ) -> impl Iterator<Item = (usize, Chunk)> + 'a {
        let bins = 0..self.entries.len();
        bins.flat_map(move |bin| self.bin(kernel, bin).map(move |chunk| (bin, chunk)))
    }
}

/// The size of the chunks in a small bin.
#[inline]
fn size_of(bin: usize) -> Bytes {
    Bytes(32 + 16 * bin as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_sizes_find_their_bins() {
        for (size, bin) in [(1056, 64), (2032, 64), (2048, 65), ((4 << 20) - 16, 75)] {
            assert_eq!(large_bin(Bytes(size)), Some(bin), "a chunk of {size}");
        }
        assert_eq!(large_bin(Bytes(4 << 20)), None);
    }
}
