//! Memory in chunks that the program has freed and that fastbins or thread caches keep.

use super::finding::Finding;
use super::kinds::{CacheKind, Cause};
use super::remedy::Remedy;
use super::scene::Scene;
use super::tuned::Tuned;
use highwater_allocator::{Address, Block, BlockState, Bytes, Cache};

/// What is summed up over the chunks of one kind of cache.
struct Sum {
    bytes: Bytes,
    chunks: u64,
    pages: u64,
    last_page: u64,
    smallest: Bytes,
    largest: Bytes,
    highest: Address,
    /// The threads whose caches keep them, in ascending order.
    threads: Vec<u16>,
    /// Pages of the stretch at hand, in ascending order, that nothing in use was found on.
    alone: Vec<u64>,
    /// Resident bytes of such pages in the stretches before.
    alone_before: Bytes,
}

impl Sum {
    fn new() -> Self {
        Self {
            bytes: Bytes::ZERO,
            chunks: 0,
            pages: 0,
            last_page: u64::MAX,
            smallest: Bytes(u64::MAX),
            largest: Bytes::ZERO,
            highest: Address::NULL,
            threads: Vec::new(),
            alone: Vec::new(),
            alone_before: Bytes::ZERO,
        }
    }

    fn add(&mut self, block: &Block, (first, last): (u64, u64), used_to: Option<u64>) {
        self.bytes += block.size;
        self.chunks += 1;
        self.smallest = self.smallest.min(block.size);
        self.largest = self.largest.max(block.size);
        self.highest = self.highest.max(block.user);
        if let BlockState::Parked(Cache::Tcache { thread, .. }) = block.state
            && let Err(place) = self.threads.binary_search(&thread)
        {
            self.threads.insert(place, thread);
        }
        for page in first..=last {
            if self.last_page == u64::MAX || page > self.last_page {
                self.pages += 1;
                self.last_page = page;
                if used_to.is_none_or(|used| page > used) {
                    self.alone.push(page);
                }
            }
        }
    }

    /// Something in use begins on a page.
    fn used_from(&mut self, page: u64) {
        while self.alone.last().is_some_and(|last| *last >= page) {
            self.alone.pop();
        }
    }
}

impl Scene<'_> {
    /// Finds what fastbins keep, and what thread caches keep.
    pub(super) fn parked(&self, tuned: &Tuned) -> Vec<Finding> {
        if !self.is_worth(self.diagnosis.parked) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for cache in [CacheKind::Fastbin, CacheKind::Tcache] {
            let sum = self.sum_of(cache);
            if !self.is_worth(sum.bytes) {
                continue;
            }
            let cause = Cause::Parked {
                cache,
                chunks: sum.chunks,
                pages: sum.pages,
                alone: sum.alone_before,
                smallest: sum.smallest,
                largest: sum.largest,
                threads: sum.threads.len() as u64,
                example: sum.highest,
            };
            let finding = Finding::new(cause, sum.bytes);
            found.push(match cache {
                CacheKind::Fastbin => {
                    // malloc_trim empties the fastbins first, but no thread's cache.
                    let now = self.diagnosis.reclaimable;
                    let trim = self.is_worth(now).then(|| Remedy::malloc_trim(now));
                    let finding = finding.by("fastbins_count_as_in_use", "_int_free");
                    finding.with(trim).with(tuned.for_fastbins())
                }
                CacheKind::Tcache => finding
                    .by("tcache_counts_as_in_use", "tcache_put")
                    .with(tuned.for_tcache()),
            });
        }
        found
    }

    fn sum_of(&self, cache: CacheKind) -> Sum {
        let mut sum = Sum::new();
        let page = self.page();
        for arena in self.arenas {
            let mut used_to: Option<u64> = None;
            let mut below = Address::NULL;
            for block in &arena.blocks {
                if block.start != below {
                    self.end_stretch(&mut sum);
                    used_to = None;
                }
                below = block.start + block.size;
                let last = block.start + block.size - Bytes(1);
                let pages = (block.start.0 / page.0, last.0 / page.0);
                match block.state {
                    BlockState::Parked(of) if is_of(of, cache) => sum.add(block, pages, used_to),
                    BlockState::Live | BlockState::Metadata => {
                        sum.used_from(pages.0);
                        used_to = Some(pages.1);
                    }
                    _ => {}
                }
            }
            self.end_stretch(&mut sum);
        }
        sum
    }

    fn end_stretch(&self, sum: &mut Sum) {
        sum.last_page = u64::MAX;
        sum.alone_before += self.resident_pages(&std::mem::take(&mut sum.alone));
    }

    fn resident_pages(&self, pages: &[u64]) -> Bytes {
        let (kernel, page) = (self.simulation.kernel(), self.page());
        pages.iter().fold(Bytes::ZERO, |sum, number| {
            let start = Address(number * page.0);
            sum + kernel.resident_in(start, start + page)
        })
    }
}

fn is_of(cache: Cache, kind: CacheKind) -> bool {
    matches!(
        (cache, kind),
        (Cache::Fastbin { .. }, CacheKind::Fastbin) | (Cache::Tcache { .. }, CacheKind::Tcache)
    )
}
