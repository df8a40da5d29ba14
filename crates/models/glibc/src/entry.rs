//! The calls of a program: what each does before and after it works on an arena.
//!
//! glibc 2.36, 2.41, 2.42 and 2.43, malloc/malloc.c: `__libc_malloc`, `__libc_free`, `__libc_calloc`, `__libc_realloc`,
//! `_mid_memalign`, `__malloc_trim`, `__libc_mallopt`, `tcache_init`, `tcache_thread_shutdown`; 2.31, malloc/hooks.c.

mod realloc;

use crate::Glibc;
use crate::arena::{ArenaId, MAIN};
use crate::chunk::{Chunk, WORD, request_to_size};
use crate::chunks::Head;
use crate::mapped::usable;
use crate::rules::TcacheStart;
use crate::tunables;
use crate::version::Version;
use highwater_allocator::{Address, Bytes, Kernel, ThreadId};

impl Glibc {
    // ---- beginning

    /// The first call attaches its thread to the main arena (`ptmalloc_init`).
    #[inline]
    fn initialise(&mut self, thread: ThreadId) {
        if !self.initialised {
            self.initialised = true;
            self.thread(thread).arena = Some(MAIN);
        }
    }

    /// Makes the thread's cache at its first call that may need one (`MAYBE_INIT_TCACHE`).
    #[inline]
    fn maybe_init_tcache(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        if self.shared.rules.tcache_start == TcacheStart::Call && self.thread(thread).lacks_tcache()
        {
            self.init_tcache(kernel, thread);
        }
    }

    /// Makes the thread's cache at its first request that a cache could serve, in 2.42 (`tcache_malloc_init`,
    /// `tcache_calloc_init`, `tcache_get_align`).
    #[inline]
    fn init_tcache_for(&mut self, kernel: &mut Kernel, thread: ThreadId, bytes: Bytes) {
        if self.shared.rules.tcache_start == TcacheStart::Request
            && request_to_size(bytes).is_some_and(|size| size < self.shared.params.tcache_max_chunk)
            && self.thread(thread).lacks_tcache()
        {
            self.init_tcache(kernel, thread);
        }
    }

    /// `tcache_init`
    #[cold]
    fn init_tcache(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        let lazily = self.shared.rules.tcache_start == TcacheStart::Put;
        let room = self.shared.params.tcache_count;
        if lazily && !self.thread(thread).begins_tcache(room) {
            return;
        }
        let bytes = self.shared.rules.tcache_struct;
        if let Some((home, arena)) = self.malloc_anywhere(kernel, thread, bytes) {
            self.call(kernel, thread, arena).keep_tcache(home);
        }
    }

    // ---- arenas

    /// A block from the thread's arena, or where that fails from another, and the arena it was asked from last. Without
    /// any arena it gets a mapping of its own.
    #[inline]
    fn malloc_anywhere(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        bytes: Bytes,
    ) -> Option<(Address, ArenaId)> {
        let Some(arena) = self.arena_get(kernel, thread, bytes) else {
            return Some((self.malloc_mapped(kernel, thread, bytes)?, MAIN));
        };
        match self.call(kernel, thread, arena).int_malloc(bytes) {
            Some(block) => Some((block, arena)),
            None => self.malloc_elsewhere(kernel, thread, arena, bytes),
        }
    }

    /// Maps a block of its own for a thread that gets no arena.
    #[cold]
    fn malloc_mapped(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        bytes: Bytes,
    ) -> Option<Address> {
        let size = request_to_size(bytes)?;
        let mut call = self.call(kernel, thread, MAIN);
        let chunk = call.sysmalloc_mmap(size)?;
        let block = call.chunks.user(chunk);
        call.perturb(block, bytes);
        Some(block)
    }

    /// Asks another arena than the one that has failed, if the process can have several.
    #[cold]
    fn malloc_elsewhere(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        arena: ArenaId,
        bytes: Bytes,
    ) -> Option<(Address, ArenaId)> {
        if !self.host.threaded {
            return None;
        }
        let retry = self.arena_get_retry(kernel, thread, arena, bytes)?;
        let block = self.call(kernel, thread, retry).int_malloc(bytes)?;
        Some((block, retry))
    }

    // ---- the thread cache

    /// Takes a block whose chunk has that size from the thread's cache, if it has one.
    #[inline]
    fn cached(&mut self, thread: ThreadId, size: Bytes) -> Option<Address> {
        let thread = self.threads.get_mut(usize::from(thread.0))?;
        thread.tcache.as_mut()?.take_cached(&self.shared, size)
    }

    /// Puts a freed chunk in the thread's cache, if that takes it.
    #[inline]
    fn cache(&mut self, kernel: &mut Kernel, thread: ThreadId, chunk: Chunk) -> bool {
        let (user, size) = self.chunks.user_and_size(chunk);
        let thread = self.threads.get_mut(usize::from(thread.0));
        let tcache = thread.and_then(|thread| thread.tcache.as_mut());
        tcache.is_some_and(|tcache| tcache.keep(kernel, &self.shared.params, user, size))
    }

    // ---- malloc and calloc

    /// `__libc_malloc`. Native builds serve a request from the thread's cache without a call.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub(crate) fn libc_malloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        bytes: Bytes,
    ) -> Option<Address> {
        self.hook = false;
        if let Some(size) = request_to_size(bytes)
            && let Some(state) = self.threads.get_mut(usize::from(thread.0))
            && let Some(tcache) = &mut state.tcache
        {
            if let Some(block) = tcache.take_cached(&self.shared, size) {
                return Some(block);
            }
            return self.malloc_past_cache(kernel, thread, bytes, size);
        }
        self.malloc_uncached(kernel, thread, bytes)
    }

    /// Serves a request for which the thread's cache has nothing. A thread with a cache has nothing to begin.
    #[inline(never)]
    fn malloc_past_cache(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        bytes: Bytes,
        size: Bytes,
    ) -> Option<Address> {
        let Some(arena) = self.arena_get(kernel, thread, bytes) else {
            return self.malloc_mapped(kernel, thread, bytes);
        };
        let mut call = self.call(kernel, thread, arena);
        if let Some(block) = call.int_malloc_sized(bytes, size) {
            return Some(block);
        }
        let (block, _) = self.malloc_elsewhere(kernel, thread, arena, bytes)?;
        Some(block)
    }

    #[inline(never)]
    fn malloc_uncached(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        bytes: Bytes,
    ) -> Option<Address> {
        self.initialise(thread);
        if self.shared.rules.impossible_refused_first {
            request_to_size(bytes)?;
        }
        // A thread that gets its cache only here finds nothing in it.
        self.maybe_init_tcache(kernel, thread);
        self.init_tcache_for(kernel, thread, bytes);
        let (block, _) = self.malloc_anywhere(kernel, thread, bytes)?;
        Some(block)
    }

    /// `__libc_calloc`: it clears only what may not be clear.
    pub(crate) fn libc_calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        let bytes = Bytes(count.checked_mul(size.0)?);
        if self.shared.rules.impossible_refused_first {
            request_to_size(bytes)?;
        }
        if self.hook {
            let block = self.libc_malloc(kernel, thread, bytes)?;
            kernel.touch(block, bytes);
            return Some(block);
        }
        self.initialise(thread);
        self.maybe_init_tcache(kernel, thread);
        self.init_tcache_for(kernel, thread, bytes);
        if self.shared.rules.calloc_from_tcache
            && let Some(size) = request_to_size(bytes)
            && let Some(block) = self.cached(thread, size)
        {
            kernel.touch(block, self.usable(self.chunks.of_user(block)));
            return Some(block);
        }
        let arena = self.arena_get(kernel, thread, bytes);
        let (old_top, unclear) = match arena {
            Some(arena) => self.maybe_unclear(arena),
            None => (Address::NULL, Bytes::ZERO),
        };
        let (block, _) = self.malloc_anywhere(kernel, thread, bytes)?;
        let chunk = self.chunks.of_user(block);
        let perturbed = self.shared.params.perturb != 0;
        if self.chunks.is_mmapped(chunk) {
            if perturbed {
                kernel.touch(block, bytes);
            }
            return Some(block);
        }
        let mut cleared = self.chunks.size(chunk);
        if !perturbed && self.chunks.start(chunk) == old_top {
            cleared = cleared.min(unclear);
        }
        kernel.touch(block, cleared - WORD);
        Some(block)
    }

    /// Where an arena's top begins, and how much from there on may not be clear. What lies beyond is fresh from the kernel,
    /// and taken to be clear: on Linux MORECORE_CLEARS is 2 (sysdeps/unix/sysv/linux/Makefile).
    fn maybe_unclear(&self, arena: ArenaId) -> (Address, Bytes) {
        let arena = &self.arenas[arena];
        let top = self.chunks.start(arena.top);
        let mut unclear = self.chunks.size(arena.top);
        if let Some(heap) = arena.heaps.last() {
            unclear = unclear.max(heap.base + heap.protected - top);
        }
        (top, unclear)
    }

    fn usable(&self, chunk: Chunk) -> Bytes {
        usable(&self.chunks, self.shared.rules, chunk)
    }

    // ---- free

    /// `__libc_free`
    #[inline]
    pub(crate) fn libc_free(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        let chunk = self.chunks.of_user(block);
        let state = self.threads.get_mut(usize::from(thread.0));
        let Some(tcache) = state.and_then(|state| state.tcache.as_mut()) else {
            return self.free_uncached(kernel, thread, chunk);
        };
        let head = self.chunks.head(chunk);
        if (head.is_mmapped() && !self.shared.rules.tcache_takes_mapped)
            || !tcache.keep(kernel, &self.shared.params, block, head.size())
        {
            self.free_past_cache(kernel, thread, chunk, head);
        }
    }

    /// Frees a chunk for a thread that has no cache, and may get one now.
    #[inline(never)]
    fn free_uncached(&mut self, kernel: &mut Kernel, thread: ThreadId, chunk: Chunk) {
        let head = self.chunks.head(chunk);
        let may_begin = match self.shared.rules.tcache_start {
            TcacheStart::Call => !head.is_mmapped(),
            TcacheStart::Request => false,
            TcacheStart::Put => head.size() < self.shared.params.tcache_max_chunk,
        };
        if may_begin && self.thread(thread).lacks_tcache() {
            self.init_tcache(kernel, thread);
            if self.cache(kernel, thread, chunk) {
                return;
            }
        }
        self.free_elsewhere(kernel, thread, chunk);
    }

    /// Frees a chunk past the thread cache, where that happens seldom.
    #[inline(never)]
    fn free_elsewhere(&mut self, kernel: &mut Kernel, thread: ThreadId, chunk: Chunk) {
        self.free_past_cache(kernel, thread, chunk, self.chunks.head(chunk));
    }

    /// Frees a chunk with this header past the thread cache (`_int_free_chunk`).
    #[inline]
    fn free_past_cache(&mut self, kernel: &mut Kernel, thread: ThreadId, chunk: Chunk, head: Head) {
        if head.is_mmapped() {
            return self.call(kernel, thread, MAIN).free_mapped(chunk);
        }
        let arena = match head.is_of_main_arena() {
            true => MAIN,
            false => self.arena_of_freed(thread, chunk),
        };
        let mut call = self.call(kernel, thread, arena);
        call.free_chunk(chunk, head.size());
    }

    // ---- mallopt, trim and thread exit

    /// `__libc_mallopt`: up to 2.42 it consolidates the main arena, whatever the option; 2.43 has nothing to consolidate.
    pub(crate) fn libc_mallopt(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        option: i32,
        value: i32,
    ) -> bool {
        self.initialise(thread);
        if self.version < Version::V2_43 {
            self.call(kernel, thread, MAIN).consolidate(None);
        }
        tunables::mallopt(self.version, &mut self.shared.params, option, value)
    }

    /// `__malloc_trim`: every arena, the main one first.
    pub(crate) fn malloc_trim(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        pad: Bytes,
    ) -> bool {
        self.initialise(thread);
        let mut released = false;
        for arena in self.ring() {
            released |= self.call(kernel, thread, arena).mtrim(pad);
        }
        released
    }

    /// The thread ends: what its cache holds is freed, then the cache, and its arena loses a thread
    /// (`__malloc_arena_thread_freeres`). The main thread's end is the process's: nothing is returned then.
    pub(crate) fn thread_freeres(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        if thread == ThreadId::MAIN {
            return;
        }
        let ending = self.thread(thread);
        ending.tcache_disabled = true;
        if let Some(mut tcache) = ending.tcache.take() {
            while let Some(block) = tcache.pop_any() {
                self.free_elsewhere(kernel, thread, self.chunks.of_user(block));
            }
            self.free_elsewhere(kernel, thread, self.chunks.of_user(tcache.home));
        }
        self.leave_arena(thread);
    }
}
