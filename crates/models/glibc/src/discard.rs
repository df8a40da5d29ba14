//! A chunk is gone, for the sake of asking what if it were: no call of glibc's does this.

use crate::Glibc;
use crate::arena::MAIN;
use highwater_allocator::{Address, Cache, Kernel, ThreadId};

impl Glibc {
    /// Frees a block past thread cache and fastbins, out of the cache that keeps it, if one does; giving back is considered
    /// as at any free. False where the cache has no such block.
    pub(crate) fn discard_chunk(
        &mut self,
        kernel: &mut Kernel,
        block: Address,
        cache: Option<Cache>,
    ) -> bool {
        let chunk = self.chunks.of_user(block);
        match cache {
            None => {}
            Some(Cache::Tcache { thread, bin }) => {
                let size = self.chunks.size(chunk);
                let owner = self.threads.get_mut(usize::from(thread));
                let tcache = owner.and_then(|owner| owner.tcache.as_mut());
                if !tcache.is_some_and(|tcache| tcache.take(block, size, bin.into())) {
                    return false;
                }
            }
            // Emptying one fastbin empties all: that is what glibc has for it.
            Some(Cache::Fastbin { .. }) => {
                let arena = self.arena_of(chunk);
                self.call(kernel, ThreadId::MAIN, arena).consolidate(None);
                return true;
            }
        }
        if self.chunks.is_mmapped(chunk) {
            self.call(kernel, ThreadId::MAIN, MAIN).free_mapped(chunk);
        } else {
            let arena = self.arena_of(chunk);
            self.call(kernel, ThreadId::MAIN, arena)
                .merge_and_trim(chunk);
        }
        true
    }
}
