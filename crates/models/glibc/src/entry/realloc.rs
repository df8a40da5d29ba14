//! `realloc` and `memalign` as the program calls them.
//!
//! glibc 2.36, 2.41 and 2.43, malloc/malloc.c: `__libc_realloc`, `_mid_memalign`.

use crate::Glibc;
use crate::arena::MAIN;
use crate::chunk::{ALIGNMENT, Chunk, HEADER, WORD, request_to_size};
use crate::memalign::effective_alignment;
use crate::rules::{Memalign, ReallocKeeps};
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
        let chunk = self.chunks.of_user(old);
        let head = self.chunks.head(chunk);
        let mapped = head.is_mmapped();
        let keeps = self.shared.rules.realloc_keeps;
        if keeps != ReallocKeeps::Nothing {
            let usable = self.usable(chunk);
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
        let arena = match head.is_of_main_arena() {
            true => MAIN,
            false => self.arena_of_freed(thread, chunk),
        };
        let mut call = self.call(kernel, thread, arena);
        if let Some(new) = call.int_realloc(chunk, head.size(), size) {
            return Some(new);
        }
        if !self.host.threaded {
            return None;
        }
        // Another arena may have what this one has not.
        let new = self.libc_malloc(kernel, thread, bytes)?;
        kernel.copy(old, new, self.usable(chunk));
        let passes = self.shared.rules.inner_frees_pass_tcache;
        if passes || !self.cache(kernel, thread, chunk) {
            self.free_elsewhere(kernel, thread, chunk);
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
            return Some(self.chunks.user(moved));
        }
        let old_size = self.chunks.size(chunk);
        let fits = match self.shared.rules.realloc_keeps {
            ReallocKeeps::Spare => bytes <= self.usable(chunk),
            ReallocKeeps::Nothing | ReallocKeeps::SpareOrPage => old_size - WORD >= size,
        };
        if fits {
            return Some(self.chunks.user(chunk));
        }
        let new = self.libc_malloc(kernel, thread, bytes)?;
        kernel.copy(self.chunks.user(chunk), new, old_size - HEADER);
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
        self.init_tcache_for(kernel, thread, bytes);
        if self.shared.rules.memalign != Memalign::Freed
            && let Some(block) = self.cached_aligned(thread, alignment, bytes)
        {
            return Some(block);
        }
        let wanted = bytes.0.wrapping_add(alignment.0).wrapping_add(32);
        let arena = self.arena_get(kernel, thread, Bytes(wanted))?;
        let mut call = self.call(kernel, thread, arena);
        if let Some(block) = call.int_memalign(alignment, bytes) {
            return Some(block);
        }
        if !self.host.threaded {
            return None;
        }
        let retry = self.arena_get_retry(kernel, thread, arena, bytes)?;
        let mut call = self.call(kernel, thread, retry);
        call.int_memalign(alignment, bytes)
    }

    /// Takes an aligned block with a chunk of exactly the size needed from the thread's cache.
    fn cached_aligned(
        &mut self,
        thread: ThreadId,
        alignment: Bytes,
        bytes: Bytes,
    ) -> Option<Address> {
        let size = request_to_size(bytes)?;
        self.thread(thread);
        let tcache = self.threads[usize::from(thread.0)].tcache.as_mut()?;
        tcache.get_aligned(&self.shared.params, size, alignment)
    }
}
