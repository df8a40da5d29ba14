//! The thread cache: freed chunks that one thread keeps for itself, and that everybody else takes for chunks in use.
//!
//! glibc 2.36, 2.42 and 2.43, malloc/malloc.c: `tcache_put`, `tcache_get`, and for the large bins of 2.42 on `tcache_put_large`,
//! `tcache_get_large`, `tcache_get_align`. The real lists are linked through the cached chunks, counts and list heads lie
//! in a chunk of their own, which is never given back while the thread runs. Here each list is an array of user addresses.
//! What that leaves to be said of memory: a chunk that is kept has its first word written, the link; the second, the key
//! that tells a double free, lies beside it. The chunk whose link changes when one is put in or taken out behind it had
//! that word written when it was kept itself.

use crate::chunk::{WORD, start_of};
use crate::chunks::touch_behind_header;
use crate::params::{Params, TCACHE_BINS};
use crate::shared::Shared;
use highwater_allocator::{Address, Bytes, Kernel, table_bytes};

/// `TCACHE_LARGE_BINS`: one for each power of two of sizes above those of the small bins. Empty in older releases.
const LARGE_BINS: usize = 12;
const ALL_BINS: usize = TCACHE_BINS + LARGE_BINS;

/// One thread's cache.
#[derive(Clone)]
pub(crate) struct Tcache {
    /// The block that holds counts and list heads.
    pub(crate) home: Address,
    /// The user addresses in each small bin, the latest last.
    small: [Vec<Address>; TCACHE_BINS],
    /// The large bins, in descending order of size, the latest of a size last: what is taken first is last.
    large: [Vec<Large>; LARGE_BINS],
    parked: Bytes,
}

impl Tcache {
    /// Returns the bytes that its lists take.
    #[inline]
    pub(crate) fn footprint(&self) -> Bytes {
        let small = self.small.iter().map(|list| table_bytes(list).0);
        let large = self.large.iter().map(|list| table_bytes(list).0);
        Bytes(small.chain(large).sum())
    }
}

/// A chunk in a large bin.
#[derive(Clone, Copy)]
struct Large {
    user: Address,
    size: Bytes,
}

/// The large bin for chunks of a size (`large_csize2tidx`), if there is one: the smallest of them is 1056. Its number counts
/// on from the small ones.
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
    pub(crate) fn new(home: Address) -> Self {
        Self {
            home,
            small: [const { Vec::new() }; TCACHE_BINS],
            large: [const { Vec::new() }; LARGE_BINS],
            parked: Bytes::ZERO,
        }
    }

    /// Whether a small bin has room for a chunk.
    #[inline]
    pub(crate) fn has_room(&self, bin: usize, limit: u64) -> bool {
        (self.small[bin].len() as u64) < limit
    }

    /// Bytes of the chunks it holds.
    #[inline]
    pub(crate) fn parked(&self) -> Bytes {
        self.parked
    }

    /// Keeps a freed block in the bin of its chunk's size, if there is one and it has room. Returns whether it does.
    #[inline]
    pub(crate) fn keep(
        &mut self,
        kernel: &mut Kernel,
        params: &Params,
        user: Address,
        size: Bytes,
    ) -> bool {
        if let Some(bin) = params.tcache_bin(size) {
            let room = self.has_room(bin, params.tcache_count);
            if room {
                self.put(kernel, user, bin);
            }
            return room;
        }
        size < params.tcache_max_chunk && self.put_large(kernel, params, user, size)
    }

    /// Keeps a block in a small bin.
    #[inline]
    pub(crate) fn put(&mut self, kernel: &mut Kernel, user: Address, bin: usize) {
        touch_behind_header(kernel, start_of(user), WORD);
        self.small[bin].push(user);
        self.parked += size_of(bin);
    }

    /// Gives out a block for a chunk of that size, from a bin of either kind.
    #[inline]
    pub(crate) fn take_cached(&mut self, shared: &Shared, size: Bytes) -> Option<Address> {
        match shared.params.tcache_bin(size) {
            Some(bin) => self.get(bin),
            None if size < shared.params.tcache_max_chunk => {
                self.get_large(size, shared.rules.large_tcache_is_exact)
            }
            None => None,
        }
    }

    /// Gives out the block kept last in a small bin.
    #[inline]
    pub(crate) fn get(&mut self, bin: usize) -> Option<Address> {
        let user = self.small[bin].pop()?;
        self.parked -= size_of(bin);
        Some(user)
    }

    /// Keeps a block in its large bin, if there is one and it has room.
    fn put_large(
        &mut self,
        kernel: &mut Kernel,
        params: &Params,
        user: Address,
        size: Bytes,
    ) -> bool {
        let Some(list) = self.large_list(size) else {
            return false;
        };
        if list.len() as u64 >= params.tcache_count {
            return false;
        }
        let place = list.partition_point(|held| held.size >= size);
        list.insert(place, Large { user, size });
        touch_behind_header(kernel, start_of(user), WORD);
        self.parked += size;
        true
    }

    #[inline]
    fn large_list(&mut self, size: Bytes) -> Option<&mut Vec<Large>> {
        Some(&mut self.large[large_bin(size)? - TCACHE_BINS])
    }

    /// Gives out a block from the large bin of a size: one whose chunk has exactly that size, or where that is not required the
    /// smallest that is large enough.
    pub(crate) fn get_large(&mut self, size: Bytes, exact: bool) -> Option<Address> {
        let list = self.large_list(size)?;
        let fits = |held: &Large| held.size == size || (!exact && held.size > size);
        let held = list.remove(list.iter().rposition(fits)?);
        self.parked -= held.size;
        Some(held.user)
    }

    /// Gives out a block whose chunk has that size and whose address is a multiple of `alignment`, from a bin of either kind.
    pub(crate) fn get_aligned(
        &mut self,
        params: &Params,
        size: Bytes,
        alignment: Bytes,
    ) -> Option<Address> {
        let aligned = |user: Address| user.offset_in(alignment) == Bytes::ZERO;
        let user = if let Some(bin) = params.tcache_bin(size) {
            let list = &mut self.small[bin];
            list.remove(list.iter().rposition(|user| aligned(*user))?)
        } else if size < params.tcache_max_chunk {
            let list = self.large_list(size)?;
            let fits = |held: &Large| held.size == size && aligned(held.user);
            list.remove(list.iter().rposition(fits)?).user
        } else {
            return None;
        };
        self.parked -= size;
        Some(user)
    }

    /// Takes one block, whose chunk has that size, out of a bin, wherever in it it lies; false if it is not there.
    pub(crate) fn take(&mut self, user: Address, size: Bytes, bin: usize) -> bool {
        let taken = if let Some(list) = self.small.get_mut(bin) {
            let place = list.iter().position(|held| *held == user);
            place.map(|place| list.remove(place)).is_some()
        } else if let Some(list) = self.large.get_mut(bin - TCACHE_BINS) {
            let place = list.iter().position(|held| held.user == user);
            place.map(|place| list.remove(place)).is_some()
        } else {
            false
        };
        if taken {
            self.parked -= size;
        }
        taken
    }

    /// Takes out the first block of the lowest bin that holds any.
    pub(crate) fn pop_any(&mut self) -> Option<Address> {
        if let Some(bin) = self.small.iter().position(|list| !list.is_empty()) {
            return self.get(bin);
        }
        let first = self.large.iter_mut().find_map(Vec::pop)?;
        self.parked -= first.size;
        Some(first.user)
    }

    /// The bin that holds a block, whose chunk has that size, if it is here.
    pub(crate) fn holds(&self, user: Address, size: Bytes) -> Option<usize> {
        let bin = small_bin(size).or_else(|| large_bin(size))?;
        self.bin(bin).any(|held| held == user).then_some(bin)
    }

    /// The blocks of a bin of either kind.
    fn bin(&self, bin: usize) -> impl Iterator<Item = Address> + '_ {
        let small = self.small.get(bin).into_iter().flatten().copied();
        let large = bin.checked_sub(TCACHE_BINS);
        let large = large.and_then(|bin| self.large.get(bin));
        small.chain(large.into_iter().flatten().map(|held| held.user))
    }

    /// Every block it holds, with its bin.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (usize, Address)> + '_ {
        (0..ALL_BINS).flat_map(move |bin| self.bin(bin).map(move |user| (bin, user)))
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
