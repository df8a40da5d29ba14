//! `_int_malloc`: where a chunk for a request comes from, in the order in which the places are tried.
//!
//! glibc 2.36, malloc/malloc.c, `_int_malloc`: fastbin, small bin, unsorted bin (sorting it on the way), best fit in
//! the large bins, top, and at last the system.

use crate::bins::{BINS, bin_of, is_small};
use crate::call::Call;
use crate::chunk::{Chunk, MIN_SIZE, request_to_size};
use crate::rules::TcacheStart;
use crate::tcache::Tcache;
use highwater_allocator::{Address, Bytes, Decision};

/// So many unsorted chunks are sorted before other places are tried.
const MAX_SORTED: u64 = 10_000;

/// The chunk that serves a request.
struct Found {
    chunk: Chunk,
    /// Whether it comes out of the thread cache, which was filled on the way.
    cached: bool,
}

impl From<Chunk> for Found {
    #[inline]
    fn from(chunk: Chunk) -> Self {
        Self {
            chunk,
            cached: false,
        }
    }
}

impl Call<'_> {
    /// Finds a block for a request of `bytes`; `None` where there is no memory.
    #[inline(never)]
    pub(crate) fn int_malloc(&mut self, bytes: Bytes) -> Option<Address> {
        self.int_malloc_sized(bytes, request_to_size(bytes)?)
    }

    /// The same, where the size of the chunk was computed already.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn int_malloc_sized(&mut self, bytes: Bytes, size: Bytes) -> Option<Address> {
        let found = self.find_chunk(size)?;
        let user = self.chunks.user(found.chunk);
        if !found.cached {
            self.perturb(user, bytes);
        }
        Some(user)
    }

    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    #[cfg_attr(target_family = "wasm", inline(never))]
    fn find_chunk(&mut self, size: Bytes) -> Option<Found> {
        if size <= self.shared.params.max_fast
            && let Some(chunk) = self.take_fast(size)
        {
            return Some(chunk.into());
        }
        if is_small(size) {
            if let Some(chunk) = self.take_small(size) {
                return Some(chunk.into());
            }
        } else if self.arena.fast.maybe_filled {
            self.consolidate(None);
        }
        let (bin, mut sorted) = (bin_of(size), 0);
        loop {
            if let Some(found) = self.take_unsorted(size, &mut sorted) {
                return Some(found);
            }
            if let Some(victim) = (self.best_fit(bin, size)).or_else(|| self.next_larger(bin)) {
                self.take_from_bin(victim, size);
                return Some(victim.into());
            }
            if let Some(chunk) = self.take_top(size) {
                return Some(chunk.into());
            }
            if !self.arena.fast.maybe_filled {
                return self.ask_system(size).map(Found::from);
            }
            self.consolidate(None);
        }
    }

    fn ask_system(&mut self, size: Bytes) -> Option<Chunk> {
        let chunk = self.sysmalloc(size);
        if chunk.is_none() {
            self.shared
                .log
                .record(Decision::OutOfMemory { request: size });
        }
        chunk
    }

    /// Takes the first chunk of its fastbin, and moves others of it to the thread cache while there is room.
    #[inline]
    fn take_fast(&mut self, size: Bytes) -> Option<Chunk> {
        let victim = self.arena.fast.pop(self.chunks, size)?;
        self.cache_from_fast(size);
        Some(victim)
    }

    #[inline(never)]
    fn cache_from_fast(&mut self, size: Bytes) {
        let limit = self.shared.params.tcache_count;
        if let Some(bin) = self.shared.params.tcache_bin(size)
            && let Some(tcache) = &mut self.threads[self.thread].tcache
        {
            while tcache.has_room(bin, limit)
                && let Some(other) = self.arena.fast.pop(self.chunks, size)
            {
                tcache.put(self.kernel, self.chunks.user(other), bin);
            }
        }
    }

    /// Takes the last chunk of its small bin, and moves others of it to the thread cache while there is room.
    #[inline]
    fn take_small(&mut self, size: Bytes) -> Option<Chunk> {
        let victim = self.arena.bins.pop_small(self.chunks, size)?;
        self.cache_from_small(size);
        Some(victim)
    }

    #[inline(never)]
    fn cache_from_small(&mut self, size: Bytes) {
        let Some(bin) = self.shared.params.tcache_bin(size) else {
            return;
        };
        self.begin_tcache();
        let limit = self.shared.params.tcache_count;
        if let Some(tcache) = &mut self.threads[self.thread].tcache {
            while tcache.has_room(bin, limit)
                && let Some(other) = self.arena.bins.pop_small(self.chunks, size)
            {
                tcache.put(self.kernel, self.chunks.user(other), bin);
            }
        }
    }

    /// Goes through the unsorted bin, oldest first: chunks of exactly `size` fill the thread cache and then serve the
    /// request (from 2.44 on the first of them does), all others go to their bins. `sorted` counts those over the whole request.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    fn take_unsorted(&mut self, size: Bytes, sorted: &mut u64) -> Option<Found> {
        let (victim, count) = self.sort(size, MAX_SORTED);
        *sorted += count;
        if victim.is_none() {
            return None;
        }
        self.take_found(victim, size, (MAX_SORTED - count, sorted))
    }

    /// Sorts unsorted chunks, at most `room`, up to one that serves the request. Returns that one, or none, and how many went to
    /// their bins.
    #[inline]
    fn sort(&mut self, size: Bytes, room: u64) -> (Chunk, u64) {
        let last_remainder = self.arena.last_remainder;
        let bins = &mut self.arena.bins;
        bins.sort(self.chunks, size, last_remainder, room)
    }

    /// Takes an unsorted chunk that was found to serve the request, and goes on with the others while it fills the thread cache.
    /// `left` of [`MAX_SORTED`] may be sorted yet.
    #[inline(never)]
    fn take_found(
        &mut self,
        mut victim: Chunk,
        size: Bytes,
        (mut left, sorted): (u64, &mut u64),
    ) -> Option<Found> {
        let mut cached = None;
        while !victim.is_none() {
            let whole = self.chunks.size(victim);
            self.arena.bins.pop_unsorted(self.chunks, whole);
            if whole != size {
                self.arena.last_remainder = self.split(victim, size);
                return Some(victim.into());
            }
            if !self.shared.rules.exact_fits_are_cached {
                return Some(victim.into());
            }
            let Some(bin) = self.cache_unsorted(victim, size) else {
                return Some(victim.into());
            };
            cached = Some(bin);
            let count;
            (victim, count) = self.sort(size, self.sortable(left, *sorted));
            left -= count;
            *sorted += count;
        }
        let tcache = self.threads[self.thread].tcache.as_mut()?;
        let user = tcache.get(cached?)?;
        Some(Found {
            chunk: self.chunks.of_user(user),
            cached: true,
        })
    }

    /// How many chunks may be sorted before the next place is tried, where `left` are left of [`MAX_SORTED`] and the thread cache
    /// has got one: only up to `tcache_unsorted_limit`, but always one more.
    fn sortable(&self, left: u64, sorted: u64) -> u64 {
        match self.shared.params.tcache_unsorted_limit {
            0 => left,
            limit => left.min(limit.saturating_sub(sorted).saturating_add(1)),
        }
    }

    /// Puts a chunk from the unsorted bin in the thread cache, and returns the bin there, if that has room.
    #[inline(never)]
    fn cache_unsorted(&mut self, victim: Chunk, size: Bytes) -> Option<usize> {
        self.begin_tcache();
        let bin = self.shared.params.tcache_bin(size)?;
        let tcache = self.threads[self.thread].tcache.as_mut()?;
        if !tcache.has_room(bin, self.shared.params.tcache_count) {
            return None;
        }
        tcache.put(self.kernel, self.chunks.user(victim), bin);
        Some(bin)
    }

    /// Makes the thread's cache now that there is something to put in, in releases that wait for that (`tcache_init`).
    #[inline]
    fn begin_tcache(&mut self) {
        if self.shared.rules.tcache_start == TcacheStart::Put
            && self.threads[self.thread].lacks_tcache()
        {
            self.init_tcache_here();
        }
    }

    #[cold]
    fn init_tcache_here(&mut self) {
        let room = self.shared.params.tcache_count;
        if !self.threads[self.thread].begins_tcache(room) {
            return;
        }
        let bytes = self.shared.rules.tcache_struct;
        let wanted = if self.shared.rules.tcache_padded_twice {
            request_to_size(bytes).unwrap_or(bytes)
        } else {
            bytes
        };
        if let Some(home) = self.int_malloc(wanted) {
            self.keep_tcache(home);
        }
    }

    /// Makes `home` the thread's cache.
    pub(crate) fn keep_tcache(&mut self, home: Address) {
        self.kernel.touch(home, self.shared.rules.tcache_struct);
        let thread = &mut self.threads[self.thread];
        thread.tcache = Some(Tcache::new(home));
        thread.tcache_disabled = false;
    }

    /// For a large request: the smallest chunk of its own bin that holds it.
    #[inline]
    fn best_fit(&self, bin: usize, size: Bytes) -> Option<Chunk> {
        if is_small(size) {
            return None;
        }
        self.arena.bins.best_fit(self.chunks, bin, size)
    }

    /// The last, so smallest, chunk of the next bin above one that holds anything.
    #[inline]
    fn next_larger(&mut self, mut bin: usize) -> Option<Chunk> {
        bin += 1;
        loop {
            bin = self.arena.bins.next_marked(bin)?;
            let victim = self.arena.bins.last(self.chunks, bin);
            if victim.is_some() {
                return victim;
            }
            self.arena.bins.unmark(bin);
            bin += 1;
            debug_assert!(bin < BINS, "the last bin is never marked");
        }
    }

    /// Unlinks a chunk and gives what is beyond `size` to the unsorted bin, where that makes a chunk.
    #[inline(always)]
    fn take_from_bin(&mut self, victim: Chunk, size: Bytes) {
        let whole = self.arena.bins.unlink(self.chunks, victim);
        if whole - size >= MIN_SIZE {
            let rest = self.split(victim, size);
            if is_small(size) {
                self.arena.last_remainder = rest;
            }
        }
    }

    /// Cuts a chunk that was taken from a bin in two: the first `size` bytes in use, the rest in the unsorted bin. Returns where
    /// that begins.
    #[inline]
    fn split(&mut self, chunk: Chunk, size: Bytes) -> Address {
        let bins = &mut self.arena.bins;
        bins.split(self.chunks, self.kernel, chunk, size)
    }

    /// Cuts the chunk off the top, where that leaves a top.
    pub(crate) fn take_top(&mut self, size: Bytes) -> Option<Chunk> {
        let victim = self.arena.top;
        if self.top_size() < size + MIN_SIZE {
            return None;
        }
        self.arena.top = self.chunks.cut(self.kernel, victim, size);
        Some(victim)
    }
}
