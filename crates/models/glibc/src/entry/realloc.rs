//! `realloc` and `memalign` as the program calls them.
//!
//! glibc 2.36, 2.41 and 2.43, malloc/malloc.c: `__libc_realloc`, `_mid_memalign`.

use crate::Glibc;
use crate::arenas::MAIN;
use crate::chunk::{ALIGNMENT, Chunk, HEADER, IS_MMAPPED, WORD, request_to_size, size_of_head};
use crate::mapped::usable;
use crate::memalign::effective_alignment;
use crate::rules::{Memalign, ReallocKeeps};
use crate::tcache::large_bin;
use highwater_allocator::{Address, Bytes, Kernel, ThreadId};

impl Glibc {
    /// `__libc_realloc`
    pub(crate) fn libc_realloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        old: Option<Address>,
        bytes: Bytes,
    ) -> Option<Address> {
        self.hook = false;
        self.initialise(thread);
        let Some(old) = old else {
            return self.libc_malloc(kernel, thread, bytes);
        };
        if bytes == Bytes::ZERO {
            self.libc_free(kernel, thread, old);
            return None;
        }
        let chunk = Chunk::of_user(old);
        let (_, head) = chunk.header(kernel);
        let mapped = head & IS_MMAPPED != 0;
        let keeps = self.shared.rules.realloc_keeps;
        if keeps != ReallocKeeps::Nothing {
            let usable = usable(kernel, self.shared.rules, chunk);
            let page_to_spare = mapped && keeps == ReallocKeeps::SpareOrPage;
            if bytes <= usable
                && (usable - bytes < WORD * 2
                    || (page_to_spare && usable - bytes <= kernel.page_size()))
            {
                return Some(old);
            }
        }
        if mapped {
            return self.realloc_mapped(kernel, thread, chunk, bytes);
        }
        self.maybe_init_tcache(kernel, thread);
        let size = request_to_size(bytes)?;
        let arena = self.arena_of(kernel, chunk, head);
        if let Some(new) = self.call(kernel, thread, arena).int_realloc(chunk, size) {
            return Some(new.user());
        }
        if !self.host.threaded {
            return None;
        }
        // Another arena may have what this one has not.
        let new = self.libc_malloc(kernel, thread, bytes)?;
        kernel.touch(new, usable(kernel, self.shared.rules, chunk));
        let header = chunk.header(kernel);
        let passes = self.shared.rules.inner_frees_pass_tcache;
        if passes || !self.cache(kernel, thread, chunk, size_of_head(header.1)) {
            self.free_past_cache(kernel, thread, chunk, header);
        }
        Some(new)
    }

    fn realloc_mapped(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        chunk: Chunk,
        bytes: Bytes,
    ) -> Option<Address> {
        let size = request_to_size(bytes)?;
        let moved = self.call(kernel, thread, MAIN).mremap_chunk(chunk, size);
        if let Some(moved) = moved {
            return Some(moved.user());
        }
        let old_size = chunk.size(kernel);
        let fits = match self.shared.rules.realloc_keeps {
            ReallocKeeps::Spare => bytes <= usable(kernel, self.shared.rules, chunk),
            ReallocKeeps::Nothing | ReallocKeeps::SpareOrPage => old_size - WORD >= size,
        };
        if fits {
            return Some(chunk.user());
        }
        let new = self.libc_malloc(kernel, thread, bytes)?;
        kernel.touch(new, old_size - HEADER);
        self.call(kernel, thread, MAIN).munmap_chunk(chunk);
        Some(new)
    }

    /// `_mid_memalign`
    pub(crate) fn mid_memalign(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        bytes: Bytes,
    ) -> Option<Address> {
        self.initialise(thread);
        if alignment <= ALIGNMENT {
            return self.libc_malloc(kernel, thread, bytes);
        }
        let alignment = effective_alignment(alignment)?;
        if self.shared.rules.impossible_memalign_refused_first {
            request_to_size(bytes)?;
        }
        if self.shared.rules.memalign != Memalign::Freed
            && let Some(chunk) = self.cached_aligned(kernel, thread, alignment, bytes)
        {
            return Some(chunk.user());
        }
        let wanted = bytes.0.wrapping_add(alignment.0).wrapping_add(32);
        let arena = self.arena_get(kernel, thread, Bytes(wanted))?;
        let mut call = self.call(kernel, thread, arena);
        if let Some(chunk) = call.int_memalign(alignment, bytes) {
            return Some(chunk.user());
        }
        if !self.host.threaded {
            return None;
        }
        let retry = self.arena_get_retry(kernel, thread, arena, bytes)?;
        let mut call = self.call(kernel, thread, retry);
        call.int_memalign(alignment, bytes).map(Chunk::user)
    }

    /// Takes an aligned chunk of exactly the size needed from the thread's cache.
    fn cached_aligned(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        bytes: Bytes,
    ) -> Option<Chunk> {
        let size = request_to_size(bytes)?;
        let bin = match self.shared.params.tcache_bin(size) {
            Some(bin) => bin,
            None if size < self.shared.params.tcache_max_chunk => large_bin(size)?,
            None => return None,
        };
        let tcache = self.thread(thread).tcache.as_mut()?;
        tcache.get_aligned(kernel, bin, size, alignment)
    }
}
