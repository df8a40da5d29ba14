//! Collections: what thread caches did not need since the last time goes back, and how many blocks a bin takes when it
//! is refilled follows how it is used.
//!
//! jemalloc 5.3.0 and 5.3.1, src/tcache.c: `tcache_event`, `tcache_gc_event`, `tcache_gc_small`, `tcache_gc_large`.

use crate::Jemalloc;
use crate::cache_bin::Near;
use crate::edata::Edata;
use crate::rules::Collection;
use crate::size_classes::{SMALL_CLASSES, Szind};
use crate::tcache::item_delay;
use crate::tsd::TCACHE_GC_INCR;
use crate::units::{ArenaIndex, Nanos};
use highwater_allocator::{Address, Bytes, Kernel, ThreadId};
use std::ops::Range;

/// `TCACHE_GC_INTERVAL_NS`
const INTERVAL: Nanos = Nanos::from_millis(10);
/// `TCACHE_GC_SMALL_NBINS_MAX`
const SMALL_BINS: u32 = 4;
/// `TCACHE_GC_LARGE_NBINS_MAX`
const LARGE_BINS: u32 = 1;
/// `TCACHE_GC_NEIGHBOR_LIMIT`
const NEIGHBOURHOOD: Bytes = Bytes::mib(2);

impl Jemalloc {
    /// Counts blocks that were taken or given; each that was not in the cache, or found it full, counts twice if the
    /// call had tried the fast path before (5.2.1, `ticker_trytick` and `tcache_event`).
    pub(crate) fn tcache_event(&mut self, kernel: &mut Kernel, thread: ThreadId, count: i32) {
        let left = &mut self.threads[thread].gc_ticker;
        *left -= count;
        if *left < 0 {
            *left = TCACHE_GC_INCR;
            self.tcache_gc_event(kernel, thread);
        }
    }

    /// Returns whether collections consider the addresses of blocks, and fills whether there is a burst.
    pub(crate) fn gc_is_local(&self) -> bool {
        let options = &self.shared.options;
        self.shared.rules.collection == Collection::Local && options.experimental_tcache_gc
    }

    /// Collects when the bytes between two collections were allocated or freed (`tcache_event`, `tcache_gc_event`).
    #[cold]
    pub(crate) fn tcache_gc_event(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        let (now, local) = (self.shared.now, self.gc_is_local());
        let all = self.shape.classes;
        let Some(tcache) = &mut self.threads[thread].tcache else {
            return;
        };
        if !local {
            let class = tcache.next_gc_bin;
            let next = class.0 + 1;
            tcache.next_gc_bin = Szind(if next < all { next } else { 0 });
            self.try_gc_bin(kernel, thread, class);
            return;
        }
        if now.saturating_sub(tcache.last_gc_time) < INTERVAL {
            return;
        }
        tcache.last_gc_time = now;
        let (small, large) = (tcache.next_gc_bin_small, tcache.next_gc_bin_large);
        let first_large = SMALL_CLASSES;
        let small = self.gc_bins(kernel, thread, small, 0..all.min(first_large), SMALL_BINS);
        let large = if all > first_large {
            self.gc_bins(kernel, thread, large, first_large..all, LARGE_BINS)
        } else {
            large
        };
        if let Some(tcache) = &mut self.threads[thread].tcache {
            (tcache.next_gc_bin_small, tcache.next_gc_bin_large) = (small, large);
        }
    }

    /// Collects class after class, beginning at one of them, until `most` had something to flush. Returns the class at
    /// which the next collection begins.
    fn gc_bins(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        mut class: Szind,
        classes: Range<usize>,
        most: u32,
    ) -> Szind {
        let mut flushed = 0;
        for _ in classes.clone() {
            if flushed == most {
                break;
            }
            flushed += u32::from(self.try_gc_bin(kernel, thread, class));
            class.0 += 1;
            if class.0 == classes.end {
                class.0 = classes.start;
            }
        }
        class
    }

    /// Collects one bin (`tcache_try_gc_bin`); returns whether anything was flushed.
    fn try_gc_bin(&mut self, kernel: &mut Kernel, thread: ThreadId, class: Szind) -> bool {
        let local = self.gc_is_local();
        let (shared, tsd) = (&mut self.shared, &mut self.threads[thread]);
        let Some(tcache) = &mut tsd.tcache else {
            return false;
        };
        let bin = tcache.bin(class);
        let kept = if !class.is_small() {
            bin.gc_large()
        } else if shared.rules.collection != Collection::Local {
            bin.gc_small(item_delay(&shared.options, class))
        } else {
            let arena = tsd.arena.unwrap_or(ArenaIndex::FIRST);
            let arena = self.arenas.get_mut(arena);
            let slab = arena.and_then(|arena| arena.bins[class.0].first_slab(&mut shared.edatas));
            let near = slab
                .filter(|_| local)
                .map(|slab| near(&shared.edatas[slab]));
            let delay = item_delay(&shared.options, class);
            bin.gc_small_local(delay, local, near.as_ref())
        };
        let Some(kept) = kept else {
            bin.reset_low_water();
            return false;
        };
        self.tcache_bin_flush(kernel, thread, class, kept);
        if let Some(tcache) = &mut self.threads[thread].tcache {
            tcache.bin(class).reset_low_water();
        }
        true
    }
}

/// Returns the addresses near a slab (`tcache_gc_small_heuristic_addr_get`).
fn near(slab: &Edata) -> Near {
    let below = Address(slab.base.0.saturating_sub(NEIGHBOURHOOD.0));
    Near {
        slab: slab.base..slab.past(),
        around: below..slab.base + NEIGHBOURHOOD,
    }
}
