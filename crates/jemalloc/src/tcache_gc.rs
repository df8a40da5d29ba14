//! Collections: what thread caches did not need since the last time goes back, and how many blocks a bin takes when it is
//! refilled follows how it is used.
//!
//! jemalloc 5.3.0 and 5.3.1, src/tcache.c: `tcache_event`, `tcache_gc_event`, `tcache_gc_small`, `tcache_gc_large`.

use crate::Jemalloc;
use crate::rules::Collection;
use crate::size_classes::{SMALL_CLASSES, slab_of};
use crate::tcache::{CacheBin, item_delay};
use crate::tsd::EVENTS;
use highwater_allocator::Kernel;
use std::ops::Range;

/// `TCACHE_GC_INTERVAL_NS`
const INTERVAL: u64 = 10_000_000;
/// `TCACHE_GC_SMALL_NBINS_MAX`
const SMALL_BINS: u32 = 4;
/// `TCACHE_GC_LARGE_NBINS_MAX`
const LARGE_BINS: u32 = 1;
/// `TCACHE_GC_NEIGHBOR_LIMIT`
const NEIGHBOURHOOD: u64 = 2 << 20;

impl Jemalloc {
    /// Blocks were taken or given; each that was not in the cache, or found it full, counts twice if the call had tried the
    /// short way before (5.2.1, `ticker_trytick` and `tcache_event`).
    pub(crate) fn event(&mut self, kernel: &mut Kernel, thread: usize, count: i32) {
        let left = &mut self.threads[thread].until_event;
        *left -= count;
        if *left < 0 {
            *left = EVENTS;
            self.tcache_gc_event(kernel, thread);
        }
    }

    /// Whether collections mind where blocks lie, and fills whether there is a burst.
    fn is_local(&self) -> bool {
        let options = &self.shared.options;
        self.shared.rules.collection == Collection::Local && options.experimental_tcache_gc
    }

    /// The least and the most blocks that an empty bin is filled with (`tcache_alloc_small_hard`).
    pub(crate) fn fill_counts(&self, bin: &CacheBin) -> (u32, u32) {
        if self.is_local() {
            let most = (bin.slots >> (bin.lg_fill_div - bin.burst)).max(1);
            (most / 2 + 1, most)
        } else {
            let count = bin.slots >> bin.lg_fill_div;
            (count, count)
        }
    }

    /// The bytes between two collections were allocated or freed (`tcache_event`, `tcache_gc_event`).
    #[cold]
    pub(crate) fn tcache_gc_event(&mut self, kernel: &mut Kernel, thread: usize) {
        let (now, local, all) = (self.shared.now, self.is_local(), self.shape.classes);
        let Some(tcache) = &mut self.threads[thread].tcache else {
            return;
        };
        if !local {
            let class = tcache.next_collected;
            tcache.next_collected = (class + 1) % all;
            self.try_gc_bin(kernel, thread, class);
            return;
        }
        if now.saturating_sub(tcache.collected) < INTERVAL {
            return;
        }
        tcache.collected = now;
        let (small, large) = (tcache.next_small, tcache.next_large);
        let next = self.gc_bins(kernel, thread, small, 0..all.min(SMALL_CLASSES), SMALL_BINS);
        let next_large = if all > SMALL_CLASSES {
            self.gc_bins(kernel, thread, large, SMALL_CLASSES..all, LARGE_BINS)
        } else {
            large
        };
        if let Some(tcache) = &mut self.threads[thread].tcache {
            (tcache.next_small, tcache.next_large) = (next, next_large);
        }
    }

    /// Collects class after class, beginning at one of them, until so many had something to flush. Returns where the next
    /// collection begins.
    fn gc_bins(
        &mut self,
        kernel: &mut Kernel,
        thread: usize,
        mut class: usize,
        classes: Range<usize>,
        most: u32,
    ) -> usize {
        let mut flushed = 0;
        for _ in classes.clone() {
            if flushed == most {
                break;
            }
            flushed += u32::from(self.try_gc_bin(kernel, thread, class));
            class += 1;
            if class == classes.end {
                class = classes.start;
            }
        }
        class
    }

    /// Collects one bin (`tcache_try_gc_bin`). Whether anything was flushed.
    fn try_gc_bin(&mut self, kernel: &mut Kernel, thread: usize, class: usize) -> bool {
        let kept = if class >= SMALL_CLASSES {
            self.gc_large(thread, class)
        } else if self.shared.rules.collection != Collection::Local {
            self.gc_small(thread, class)
        } else {
            self.gc_small_local(thread, class)
        };
        if let Some(kept) = kept {
            self.tcache_bin_flush(kernel, thread, class, kept);
        }
        if let Some(bin) = self.bin_of(thread, class) {
            bin.low_water = bin.len();
        }
        kept.is_some()
    }

    fn bin_of(&mut self, thread: usize, class: usize) -> Option<&mut CacheBin> {
        let tcache = self.threads[thread].tcache.as_mut()?;
        Some(&mut tcache.bins[class])
    }

    /// How many blocks stay where some are flushed: of those never needed a quarter (`tcache_gc_large`).
    fn gc_large(&mut self, thread: usize, class: usize) -> Option<u32> {
        let bin = self.bin_of(thread, class)?;
        let (len, low) = (bin.len(), bin.low_water);
        (low > 0).then_some(len - low + (low >> 2))
    }

    /// The same for a small class: it may be put off, and a bin that ran empty is refilled with more next time
    /// (`tcache_gc_small`, up to 5.3.0).
    fn gc_small(&mut self, thread: usize, class: usize) -> Option<u32> {
        let delay = item_delay(&self.shared.options, class);
        let bin = self.bin_of(thread, class)?;
        let low = bin.low_water;
        if low > 0 {
            let flushed = low - (low >> 2);
            if bin.puts_off(flushed, delay) {
                return None;
            }
            bin.fills_less();
            return Some(bin.len() - flushed);
        }
        if bin.refilled {
            bin.fills_more();
        }
        None
    }

    /// The same from 5.3.1 on: blocks far from the slab that is in use go first, all of them, and more than a quarter of
    /// those never needed if there are as many (`tcache_gc_small`).
    fn gc_small_local(&mut self, thread: usize, class: usize) -> Option<u32> {
        let delay = item_delay(&self.shared.options, class);
        let local = self.is_local();
        let near = self.slab_in_use(thread, class);
        let bin = self.bin_of(thread, class)?;
        let (len, low) = (bin.len(), bin.low_water);
        if low > 0 {
            bin.fills_less();
        } else if bin.refilled {
            bin.fills_more();
        }
        let mut flushed = low - (low >> 2);
        if !local {
            if bin.puts_off(flushed, delay) {
                return None;
            }
        } else if flushed != len
            && let Some(near) = near
        {
            let slab = near..near + slab_of(class).bytes;
            let around = near.saturating_sub(NEIGHBOURHOOD)..near + NEIGHBOURHOOD;
            let far = |range: &Range<u64>| {
                let blocks = bin.blocks().iter();
                blocks.filter(|block| !range.contains(block)).count() as u32
            };
            let (mut range, mut remote) = (around.clone(), far(&around));
            if remote < flushed {
                (range, remote) = (slab.clone(), far(&slab));
            }
            flushed = flushed.max(remote);
            if remote != 0 && remote != len {
                bin.sink(remote, &range);
            }
        }
        (flushed > 0).then_some(len - flushed)
    }

    /// Where the slab of a class lies that the thread's arena cuts at the moment (`tcache_gc_small_heuristic_addr_get`).
    fn slab_in_use(&self, thread: usize, class: usize) -> Option<u64> {
        let arena = self.threads[thread].arena.unwrap_or(0);
        let bin = &self.arenas[arena].as_ref()?.bins[class];
        let slab = bin
            .current
            .or_else(|| bin.nonfull.iter().next().map(|(_, id)| id))?;
        Some(self.shared.edatas[slab].base)
    }
}
