//! `_int_malloc`: where a chunk for a request comes from, in the order in which the places are tried.
//!
//! glibc 2.36, malloc/malloc.c, `_int_malloc`: fastbin, small bin, unsorted bin (sorting it on the way), best fit in
//! the large bins, top, and at last the system.

use crate::arena::Call;
use crate::bins::{BINS, UNSORTED, bin_of, is_small};
use crate::chunk::{Chunk, MIN_SIZE, PREV_INUSE, request_to_size};
use crate::rules::TcacheStart;
use crate::tcache::Tcache;
use highwater_allocator::{Bytes, Decision};

/// So many unsorted chunks are sorted before other places are tried.
const MAX_SORTED: u64 = 10_000;

impl Call<'_> {
    /// Finds a chunk for a request of `bytes`; `None` where there is no memory.
    #[inline]
    pub(crate) fn int_malloc(&mut self, bytes: Bytes) -> Option<Chunk> {
        self.int_malloc_sized(bytes, request_to_size(bytes)?)
    }

    /// The same, where the size of the chunk was computed already.
    pub(crate) fn int_malloc_sized(&mut self, bytes: Bytes, size: Bytes) -> Option<Chunk> {
        let (chunk, from_tcache) = self.find_chunk(size)?;
        if !from_tcache {
            self.perturb(chunk.user(), bytes);
        }
        Some(chunk)
    }

    /// A chunk of `size`, and whether it came out of the thread cache, filled on the way.
    fn find_chunk(&mut self, size: Bytes) -> Option<(Chunk, bool)> {
        if size <= self.shared.params.max_fast
            && let Some(chunk) = self.take_fast(size)
        {
            return Some((chunk, false));
        }
        if is_small(size) {
            if let Some(chunk) = self.take_small(size) {
                return Some((chunk, false));
            }
        } else if self.arena.fast.maybe_filled {
            self.consolidate();
        }
        let mut sorted = 0;
        loop {
            if let Some(found) = self.take_unsorted(size, &mut sorted) {
                return Some(found);
            }
            let found = self
                .take_best_fit(size)
                .or_else(|| self.take_larger(size))
                .or_else(|| self.take_top(size));
            if let Some(chunk) = found {
                return Some((chunk, false));
            }
            if !self.arena.fast.maybe_filled {
                return self.ask_system(size);
            }
            self.consolidate();
        }
    }

    fn ask_system(&mut self, size: Bytes) -> Option<(Chunk, bool)> {
        let chunk = self.sysmalloc(size);
        if chunk.is_none() {
            self.shared
                .log
                .record(Decision::OutOfMemory { request: size });
        }
        chunk.map(|chunk| (chunk, false))
    }

    /// Takes the first chunk of its fastbin, and moves others of it to the thread cache while there is room.
    fn take_fast(&mut self, size: Bytes) -> Option<Chunk> {
        let victim = self.arena.fast.pop(self.kernel, size)?;
        let limit = self.shared.params.tcache_count;
        if let Some(bin) = self.shared.params.tcache_bin(size)
            && let Some(tcache) = &mut self.thread.tcache
        {
            while tcache.has_room(bin, limit)
                && let Some(other) = self.arena.fast.pop(self.kernel, size)
            {
                tcache.put(self.kernel, other, bin);
            }
        }
        Some(victim)
    }

    /// Takes the last chunk of its small bin, and moves others of it to the thread cache while there is room.
    fn take_small(&mut self, size: Bytes) -> Option<Chunk> {
        let victim = self.arena.bins.pop_small(self.kernel, size)?;
        self.arena.claim(self.kernel, victim, size);
        let Some(bin) = self.shared.params.tcache_bin(size) else {
            return Some(victim);
        };
        self.begin_tcache();
        let limit = self.shared.params.tcache_count;
        if let Some(tcache) = &mut self.thread.tcache {
            while tcache.has_room(bin, limit)
                && let Some(other) = self.arena.bins.pop_small(self.kernel, size)
            {
                self.arena.claim(self.kernel, other, size);
                tcache.put(self.kernel, other, bin);
            }
        }
        Some(victim)
    }

    /// Goes through the unsorted bin, oldest first: chunks of exactly `size` fill the thread cache and then serve the
    /// request, all others go to their bins. `sorted` counts those over the whole request.
    fn take_unsorted(&mut self, size: Bytes, sorted: &mut u64) -> Option<(Chunk, bool)> {
        let mut cached = None;
        let mut rounds = 0;
        while let Some(victim) = self.arena.bins.last(UNSORTED) {
            let found = victim.size(self.kernel);
            if is_small(size)
                && self.arena.bins.first(UNSORTED) == Some(victim)
                && victim == self.arena.last_remainder
                && found > size + MIN_SIZE
            {
                self.arena.bins.pop_unsorted(self.kernel, victim, found);
                let rest = self.split(victim, found, size);
                self.arena.last_remainder = rest;
                return Some((victim, false));
            }
            self.arena.bins.pop_unsorted(self.kernel, victim, found);
            if found == size {
                self.arena.claim(self.kernel, victim, size);
                self.begin_tcache();
                let limit = self.shared.params.tcache_count;
                if let Some(bin) = self.shared.params.tcache_bin(size)
                    && let Some(tcache) = &mut self.thread.tcache
                    && tcache.has_room(bin, limit)
                {
                    tcache.put(self.kernel, victim, bin);
                    cached = Some(bin);
                    continue;
                }
                return Some((victim, false));
            }
            self.arena.bins.sort_in(self.kernel, victim, found);
            *sorted += 1;
            let limit = self.shared.params.tcache_unsorted_limit;
            if cached.is_some() && limit > 0 && *sorted > limit {
                break;
            }
            rounds += 1;
            if rounds >= MAX_SORTED {
                break;
            }
        }
        cached?;
        let kernel = &*self.kernel;
        let bin = self.shared.params.tcache_bin(size)?;
        let tcache = self.thread.tcache.as_mut();
        tcache.map(|tcache| (tcache.get(kernel, bin), true))
    }

    /// Makes the thread's cache now that there is something to put in, in releases that wait for that (`tcache_init`).
    #[inline]
    fn begin_tcache(&mut self) {
        if self.shared.rules.tcache_start == TcacheStart::FirstPut && self.thread.lacks_tcache() {
            self.init_tcache_here();
        }
    }

    #[cold]
    fn init_tcache_here(&mut self) {
        if !self.thread.begins_tcache(self.shared.params.tcache_count) {
            return;
        }
        let bytes = self.shared.rules.tcache_struct;
        // The size is padded twice.
        let padded = request_to_size(bytes).unwrap_or(bytes);
        if let Some(home) = self.int_malloc(padded) {
            self.keep_tcache(home);
        }
    }

    /// Makes `home` the thread's cache.
    pub(crate) fn keep_tcache(&mut self, home: Chunk) {
        self.kernel
            .touch(home.user(), self.shared.rules.tcache_struct);
        self.thread.tcache = Some(Tcache::new(home));
        self.thread.tcache_disabled = false;
    }

    /// For a large request: the smallest chunk of its own bin that holds it.
    fn take_best_fit(&mut self, size: Bytes) -> Option<Chunk> {
        if is_small(size) {
            return None;
        }
        let victim = self.arena.bins.best_fit(self.kernel, bin_of(size), size)?;
        self.take_from_bin(victim, size);
        Some(victim)
    }

    /// The last, so smallest, chunk of the next larger bin that holds anything.
    fn take_larger(&mut self, size: Bytes) -> Option<Chunk> {
        let mut bin = bin_of(size) + 1;
        loop {
            bin = self.arena.bins.next_marked(bin)?;
            if let Some(victim) = self.arena.bins.last(bin) {
                let rest = self.take_from_bin(victim, size);
                if is_small(size)
                    && let Some(rest) = rest
                {
                    self.arena.last_remainder = rest;
                }
                return Some(victim);
            }
            self.arena.bins.unmark(bin);
            bin += 1;
            debug_assert!(bin < BINS, "the last bin is never marked");
        }
    }

    /// Unlinks a chunk and gives what is beyond `size` to the unsorted bin, where that makes a chunk.
    fn take_from_bin(&mut self, victim: Chunk, size: Bytes) -> Option<Chunk> {
        let found = victim.size(self.kernel);
        self.arena.bins.unlink(self.kernel, victim, found);
        if found - size < MIN_SIZE {
            self.arena.claim(self.kernel, victim, found);
            return None;
        }
        Some(self.split(victim, found, size))
    }

    /// Cuts a free, unlinked chunk in two: the first `size` bytes in use, the rest in the unsorted bin.
    fn split(&mut self, chunk: Chunk, whole: Bytes, size: Bytes) -> Chunk {
        let (rest, rest_size) = (chunk.at(size), whole - size);
        self.arena.bins.push_unsorted(self.kernel, rest, rest_size);
        chunk.set_head(self.kernel, size, PREV_INUSE | self.arena.mark);
        rest.set_foot(self.kernel, rest_size);
        rest
    }

    /// Cuts the chunk off the top, where that leaves a top.
    pub(crate) fn take_top(&mut self, size: Bytes) -> Option<Chunk> {
        let victim = self.arena.top;
        let whole = self.arena.top_size(self.kernel);
        if whole < size + MIN_SIZE {
            return None;
        }
        self.arena.top = victim.at(size);
        victim.set_head(self.kernel, size, PREV_INUSE | self.arena.mark);
        self.arena
            .top
            .set_head(self.kernel, whole - size, PREV_INUSE);
        Some(victim)
    }
}
