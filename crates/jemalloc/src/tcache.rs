//! Thread caches: for each class a stack of freed blocks that its thread takes from first.
//!
//! jemalloc 5.3.0, src/tcache.c, include/jemalloc/internal/cache_bin.h and tcache_inlines.h. The stacks lie in one block
//! from arena 0, whose pages become resident as the stacks grow.

use crate::edata::EdataId;
use crate::options::Options;
use crate::rules::CacheStacks;
use crate::size_classes::{CACHE_LINE, PAGE, SMALL_CLASSES, class_of, size_of, slab_of};
use highwater_allocator::{Address, Bytes, Kernel};
use std::ops::Range;

/// `CACHE_BIN_NCACHED_MAX`
const SLOTS_MAX: u32 = (1 << 16) / 8 - 1;
const SLOT: u64 = 8;

/// What is the same for the caches of all threads.
#[derive(Clone)]
pub(crate) struct CacheShape {
    /// Slots of each class that is cached; a small class may have none.
    slots: Vec<u32>,
    /// Classes that are cached are below this.
    pub(crate) classes: usize,
    /// Whether there is a word before all stacks and one behind them.
    guarded: bool,
    /// Bytes of all stacks, with these words.
    pub(crate) bytes: u64,
    /// The alignment of their block.
    pub(crate) alignment: u64,
}

impl CacheShape {
    /// `tcache_boot`
    pub(crate) fn new(options: &Options, stacks: CacheStacks) -> Self {
        let classes = class_of(options.tcache_max).map_or(0, |class| class + 1);
        let slots: Vec<u32> = (0..classes.max(SMALL_CLASSES))
            .map(|class| match class {
                _ if class >= classes => 0,
                _ if class >= SMALL_CLASSES => options.tcache_nslots_large,
                _ => small_slots(options, slab_of(class).regions),
            })
            .collect();
        let all: u64 = slots[..classes].iter().map(|slots| u64::from(*slots)).sum();
        let guarded = stacks == CacheStacks::Guarded;
        Self {
            guarded,
            bytes: all * SLOT + if guarded { 2 * SLOT } else { 0 },
            alignment: if guarded { PAGE } else { CACHE_LINE },
            slots,
            classes,
        }
    }
}

/// `tcache_ncached_max_compute`
fn small_slots(options: &Options, regions: u32) -> u32 {
    let mut most = options.tcache_nslots_small_max.min(SLOTS_MAX);
    let mut least = options.tcache_nslots_small_min;
    least = (least + least % 2).max(2);
    most = (most - most % 2).max(2);
    least = least.min(most);
    let shift = options.lg_tcache_nslots_mul;
    let candidate = if shift < 0 {
        regions.checked_shr(shift.unsigned_abs()).unwrap_or(0)
    } else {
        regions.checked_shl(shift.unsigned_abs()).unwrap_or(0)
    };
    (candidate + candidate % 2).clamp(least, most)
}

/// The stack of one class.
#[derive(Clone)]
pub(crate) struct CacheBin {
    /// Blocks, the next to be taken last.
    stack: Vec<u64>,
    pub(crate) slots: u32,
    /// The fewest blocks there were since the last collection.
    pub(crate) low_water: u32,
    /// A refill takes the slots divided by two to this power, less that of the burst.
    pub(crate) lg_fill_div: u32,
    /// How many refills there were without a flush or a collection between them, as far as that counts.
    pub(crate) burst: u32,
    /// Whether it was refilled since the last collection.
    pub(crate) refilled: bool,
    /// Blocks a collection still lets pass.
    pub(crate) delay: u8,
    /// The address behind the stack's deepest slot.
    end: u64,
    /// The most blocks it ever held: so many slots were written.
    deepest: usize,
}

/// One thread's cache.
#[derive(Clone)]
pub(crate) struct Tcache {
    pub(crate) bins: Vec<CacheBin>,
    /// The class whose turn it is to be collected.
    pub(crate) next_collected: usize,
    /// The same for small and for large classes, and when there was a collection, where these have turns of their own.
    pub(crate) next_small: usize,
    pub(crate) next_large: usize,
    pub(crate) collected: u64,
    /// The block that holds the stacks.
    pub(crate) home: u64,
}

impl CacheBin {
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.stack.len() as u32
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.stack.len() >= self.slots as usize
    }

    /// `cache_bin_alloc`
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<u64> {
        let block = self.stack.pop()?;
        self.low_water = self.low_water.min(self.len());
        Some(block)
    }

    /// `cache_bin_dalloc_easy`, where there is room.
    #[inline]
    pub(crate) fn push(&mut self, kernel: &mut Kernel, block: u64) {
        self.stack.push(block);
        self.wrote(kernel, self.stack.len());
    }

    #[inline]
    fn wrote(&mut self, kernel: &mut Kernel, depth: usize) {
        if depth > self.deepest {
            let from = Address(self.end - depth as u64 * SLOT);
            kernel.touch(from, Bytes((depth - self.deepest) as u64 * SLOT));
            self.deepest = depth;
        }
    }

    /// Fills the empty stack so that the first of `blocks` is taken first. They were written below room for so many, and
    /// then moved up.
    pub(crate) fn refill(&mut self, kernel: &mut Kernel, blocks: &[u64], room: u32) {
        self.stack.extend(blocks.iter().rev());
        if !blocks.is_empty() {
            self.wrote(kernel, room as usize);
        }
    }

    /// It was refilled: if that happens again before it is flushed or collected, it is to get more
    /// (`tcache_nfill_small_burst_prepare`).
    pub(crate) fn was_refilled(&mut self) {
        self.refilled = true;
        if self.burst + 1 < self.lg_fill_div {
            self.burst += 1;
        }
    }

    /// Refills take half as many from now on, at least one.
    pub(crate) fn fills_less(&mut self) {
        if self.slots >> (self.lg_fill_div + 1) >= 1 {
            self.lg_fill_div += 1;
        }
        self.burst = 0;
    }

    /// Refills take twice as many from now on, at most half of the slots.
    pub(crate) fn fills_more(&mut self) {
        if self.lg_fill_div > 1 {
            self.lg_fill_div -= 1;
        }
        self.burst = 0;
        self.refilled = false;
    }

    /// Whether a collection that would flush so many blocks is put off; if not, the next ones are again.
    pub(crate) fn puts_off(&mut self, flushed: u32, delay: u8) -> bool {
        let puts_off = flushed < u32::from(self.delay);
        if puts_off {
            self.delay -= flushed as u8;
        } else {
            self.delay = delay;
        }
        puts_off
    }

    /// Moves the blocks outside a range, of which there are `remote`, to the bottom; the others keep their order
    /// (`tcache_gc_small_bin_shuffle`).
    pub(crate) fn sink(&mut self, remote: u32, range: &Range<u64>) {
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

    /// Takes out all but the `kept` newest, in the order in which they are flushed: newest first, or oldest first.
    pub(crate) fn take_bottom(&mut self, kept: u32, oldest_first: bool) -> Vec<u64> {
        let flushed = self.stack.len() - kept as usize;
        let mut blocks: Vec<u64> = self.stack.drain(..flushed).collect();
        if !oldest_first {
            blocks.reverse();
        }
        self.low_water = self.low_water.min(kept);
        self.burst = 0;
        blocks
    }

    /// The blocks kept, the next to be taken last.
    pub(crate) fn blocks(&self) -> &[u64] {
        &self.stack
    }
}

impl Tcache {
    /// Bytes of the blocks kept.
    pub(crate) fn parked(&self) -> u64 {
        let bins = self.bins.iter().enumerate();
        bins.map(|(class, bin)| size_of(class) * u64::from(bin.len()))
            .sum()
    }

    /// A cache whose stacks lie at `home` (`tcache_init`).
    pub(crate) fn new(
        kernel: &mut Kernel,
        shape: &CacheShape,
        options: &Options,
        home: u64,
    ) -> Self {
        let mut end = home + if shape.guarded { SLOT } else { 0 };
        let bin = |(class, &slots): (usize, &u32)| {
            end += u64::from(slots) * SLOT;
            CacheBin {
                stack: Vec::new(),
                slots,
                low_water: 0,
                lg_fill_div: 1,
                burst: 0,
                refilled: false,
                delay: item_delay(options, class),
                end,
                deepest: 0,
            }
        };
        let bins = shape.slots.iter().enumerate().map(bin).collect();
        if shape.guarded {
            kernel.touch(Address(home), Bytes(SLOT));
            kernel.touch(Address(home + shape.bytes - SLOT), Bytes(SLOT));
        }
        Self {
            bins,
            next_collected: 0,
            next_small: 0,
            next_large: SMALL_CLASSES,
            collected: 0,
            home,
        }
    }
}

/// `tcache_gc_item_delay_compute`
pub(crate) fn item_delay(options: &Options, class: usize) -> u8 {
    (options.tcache_gc_delay_bytes / size_of(class)).min(255) as u8
}

/// A block that is to be flushed, and its extent.
#[derive(Clone, Copy)]
pub(crate) struct Flushed {
    pub(crate) block: u64,
    pub(crate) extent: EdataId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_two_slabs_within_bounds() {
        let shape = CacheShape::new(&Options::default(), CacheStacks::Guarded);
        assert_eq!(shape.classes, 41);
        assert_eq!(shape.slots[0], 200, "512 regions of 8 bytes");
        assert_eq!(shape.slots[35], 20, "2 regions of 14 KiB");
        assert_eq!(shape.slots[40], 20, "32 KiB");
    }

    #[test]
    fn a_flush_takes_the_oldest_and_keeps_the_newest() {
        let mut bin = CacheBin {
            stack: vec![1, 2, 3, 4, 5],
            slots: 8,
            low_water: 4,
            lg_fill_div: 1,
            burst: 0,
            refilled: false,
            delay: 0,
            end: 0,
            deepest: 5,
        };
        assert_eq!(bin.clone().take_bottom(2, true), [1, 2, 3]);
        assert_eq!(bin.take_bottom(2, false), [3, 2, 1]);
        assert_eq!((bin.blocks(), bin.low_water), (&[4, 5][..], 2));
    }
}
