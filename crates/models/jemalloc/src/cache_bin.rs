//! The stack of one class in a thread cache.
//!
//! jemalloc 5.3.0, include/jemalloc/internal/cache_bin.h and src/cache_bin.c; before 5.3.0 `tcache_bin_t`.

use highwater_allocator::{Address, Bytes, Kernel, table_bytes};
use std::ops::Range;

/// One pointer in the stack.
pub(crate) const SLOT: Bytes = Bytes(8);

/// The stack of one class (`cache_bin_t`), with what `tcache_slow_t` has of it.
#[derive(Clone)]
pub(crate) struct CacheBin {
    /// Blocks, the next to be taken last.
    stack: Vec<Address>,
    /// The most blocks it keeps (`ncached_max`).
    pub(crate) slots: u32,
    /// The fewest blocks there were since the last collection (`low_bits_low_water`).
    low_water: u32,
    /// A refill takes the slots divided by 2 to this power, less that of the burst (`lg_fill_div`).
    lg_fill_div: u32,
    /// The refills without a flush or a collection between them, as far as that counts (`fill_offset`).
    burst: u32,
    /// Whether it was refilled since the last collection (`bin_refilled`).
    refilled: bool,
    /// The blocks a collection still lets pass (`bin_flush_delay_items`).
    delay: u8,
    /// The address after the stack's deepest slot.
    end: Address,
    /// The most blocks it ever held: that many slots were written.
    deepest: usize,
}

/// The fewest and the most blocks that a bin is filled with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FillCounts {
    pub(crate) least: u32,
    pub(crate) most: u32,
}

impl FillCounts {
    pub(crate) const ONE: Self = Self { least: 1, most: 1 };
}

/// The addresses of the slab of a class that is in use, and those around it (`TCACHE_GC_NEIGHBOR_LIMIT`).
pub(crate) struct Near {
    pub(crate) slab: Range<Address>,
    pub(crate) around: Range<Address>,
}

impl CacheBin {
    /// Returns the bytes that its stack takes here.
    #[inline]
    pub(crate) fn footprint(&self) -> Bytes {
        table_bytes(&self.stack)
    }

    /// Makes an empty bin whose stack ends at `end` (`cache_bin_init`).
    pub(crate) fn new(slots: u32, delay: u8, end: Address) -> Self {
        Self {
            stack: Vec::new(),
            slots,
            low_water: 0,
            lg_fill_div: 1,
            burst: 0,
            refilled: false,
            delay,
            end,
            deepest: 0,
        }
    }

    /// Returns the number of blocks (`cache_bin_ncached_get_local`).
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.stack.len() as u32
    }

    /// Returns the blocks, the next to be taken last.
    pub(crate) fn blocks(&self) -> &[Address] {
        &self.stack
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.stack.len() >= self.slots as usize
    }

    /// Takes a block (`cache_bin_alloc`).
    #[inline]
    pub(crate) fn alloc(&mut self) -> Option<Address> {
        let block = self.stack.pop()?;
        self.low_water = self.low_water.min(self.len());
        Some(block)
    }

    /// Adds a block to a bin that is not full (`cache_bin_dalloc_easy`).
    #[inline]
    pub(crate) fn dalloc(&mut self, kernel: &mut Kernel, block: Address) {
        self.stack.push(block);
        self.wrote(kernel, self.stack.len());
    }

    #[inline]
    fn wrote(&mut self, kernel: &mut Kernel, depth: usize) {
        if depth > self.deepest {
            let from = self.end - SLOT * depth as u64;
            kernel.touch(from, SLOT * (depth - self.deepest) as u64);
            self.deepest = depth;
        }
    }

    /// Returns how many blocks an empty bin is filled with (`tcache_alloc_small_hard`). If collections are `local` a
    /// fill may take more than usual in a burst.
    pub(crate) fn fill_counts(&self, local: bool) -> FillCounts {
        if local {
            let most = (self.slots >> (self.lg_fill_div - self.burst)).max(1);
            let least = most / 2 + 1;
            FillCounts { least, most }
        } else {
            let count = self.slots >> self.lg_fill_div;
            FillCounts {
                least: count,
                most: count,
            }
        }
    }

    /// Takes a block with which the empty stack is filled.
    #[inline]
    pub(crate) fn put(&mut self, block: Address) {
        self.stack.push(block);
    }

    /// Ends a fill: the first block that was put is taken first. They were written below room for `room` blocks, and then
    /// moved up (`cache_bin_finish_fill`). If the bin is filled again before it is flushed or collected, it gets more
    /// (`tcache_nfill_small_burst_prepare`).
    pub(crate) fn finish_fill(&mut self, kernel: &mut Kernel, room: u32) {
        self.stack.reverse();
        if !self.stack.is_empty() {
            self.wrote(kernel, room as usize);
        }
        self.refilled = true;
        if self.burst + 1 < self.lg_fill_div {
            self.burst += 1;
        }
    }

    /// Takes out all but the `kept` newest, in the order in which they are flushed: newest first, or oldest first
    /// (`cache_bin_finish_flush`).
    pub(crate) fn flush(&mut self, kept: u32, oldest_first: bool) -> Vec<Address> {
        let flushed = self.stack.len() - kept as usize;
        let mut blocks: Vec<Address> = self.stack.drain(..flushed).collect();
        if !oldest_first {
            blocks.reverse();
        }
        self.low_water = self.low_water.min(kept);
        self.burst = 0;
        blocks
    }

    // ---- collections

    /// Makes the next refills half as large, at least one block (`tcache_gc_small`).
    fn fill_less(&mut self) {
        if self.slots >> (self.lg_fill_div + 1) >= 1 {
            self.lg_fill_div += 1;
        }
        self.burst = 0;
    }

    /// Makes the next refills twice as large, at most half of the slots (`tcache_gc_small`).
    fn fill_more(&mut self) {
        if self.lg_fill_div > 1 {
            self.lg_fill_div -= 1;
        }
        self.burst = 0;
        self.refilled = false;
    }

    /// Returns whether a collection that would flush `flushed` blocks is put off; if not, the next ones are again, by
    /// `delay` blocks.
    fn puts_off(&mut self, flushed: u32, delay: u8) -> bool {
        let puts_off = flushed < u32::from(self.delay);
        if puts_off {
            self.delay -= flushed as u8;
        } else {
            self.delay = delay;
        }
        puts_off
    }

    /// Returns how many blocks of a large class stay where some are flushed: of those never needed a quarter
    /// (`tcache_gc_large`).
    pub(crate) fn gc_large(&self) -> Option<u32> {
        let low = self.low_water;
        (low > 0).then_some(self.len() - low + (low >> 2))
    }

    /// The same for a small class: it may be put off, and a bin that ran empty is refilled with more next time
    /// (`tcache_gc_small`, up to 5.3.0).
    pub(crate) fn gc_small(&mut self, delay: u8) -> Option<u32> {
        let low = self.low_water;
        if low > 0 {
            let flushed = low - (low >> 2);
            if self.puts_off(flushed, delay) {
                return None;
            }
            self.fill_less();
            return Some(self.len() - flushed);
        }
        if self.refilled {
            self.fill_more();
        }
        None
    }

    /// The same from 5.3.1 on. If collections are `local`, blocks far from the slab in use go first, all of them, and
    /// more than a quarter of those never needed if there are as many (`tcache_gc_small`).
    pub(crate) fn gc_small_local(
        &mut self,
        delay: u8,
        local: bool,
        near: Option<&Near>,
    ) -> Option<u32> {
        let (len, low) = (self.len(), self.low_water);
        if low > 0 {
            self.fill_less();
        } else if self.refilled {
            self.fill_more();
        }
        let mut flushed = low - (low >> 2);
        if !local {
            if self.puts_off(flushed, delay) {
                return None;
            }
        } else if flushed != len
            && let Some(near) = near
        {
            let mut range = &near.around;
            let mut remote = self.count_remote(range);
            if remote < flushed {
                range = &near.slab;
                remote = self.count_remote(range);
            }
            flushed = flushed.max(remote);
            if remote != 0 && remote != len {
                self.shuffle(remote, range);
            }
        }
        (flushed > 0).then_some(len - flushed)
    }

    /// Returns the number of blocks outside a range (`tcache_gc_small_nremote_get`).
    fn count_remote(&self, range: &Range<Address>) -> u32 {
        let remote = self.stack.iter().filter(|block| !range.contains(block));
        remote.count() as u32
    }

    /// Begins the count of the next collection.
    pub(crate) fn reset_low_water(&mut self) {
        self.low_water = self.len();
    }

    /// Moves the blocks outside a range, of which there are `remote`, to the bottom; the others keep their order
    /// (`tcache_gc_small_bin_shuffle`).
    fn shuffle(&mut self, remote: u32, range: &Range<Address>) {
        // From the top, as the real one goes.
        self.stack.reverse();
        let blocks = &mut self.stack;
        let top = blocks.len() - remote as usize;
        let (mut near, mut hole) = (0, None);
        for at in 0..top {
            if !range.contains(&blocks[at]) {
                hole.get_or_insert(at);
                continue;
            }
            near += 1;
            if let Some(to) = &mut hole {
                blocks.swap(at, *to);
                *to += 1;
            }
        }
        for at in top..blocks.len() {
            if near == top {
                break;
            }
            if range.contains(&blocks[at]) {
                blocks.swap(at, near);
                near += 1;
            }
        }
        self.stack.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_takes_the_oldest_and_keeps_the_newest() {
        let blocks = |numbers: &[u64]| numbers.iter().copied().map(Address).collect::<Vec<_>>();
        let mut bin = CacheBin {
            stack: blocks(&[1, 2, 3, 4, 5]),
            low_water: 4,
            ..CacheBin::new(8, 0, Address::NULL)
        };
        assert_eq!(bin.clone().flush(2, true), blocks(&[1, 2, 3]));
        assert_eq!(bin.flush(2, false), blocks(&[3, 2, 1]));
        assert_eq!((bin.blocks(), bin.low_water), (&blocks(&[4, 5])[..], 2));
    }
}
