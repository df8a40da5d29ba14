//! A chunk is gone, for the sake of asking what if it were: no call of glibc's does this.

use crate::Glibc;
use crate::chunk::{Chunk, IS_MMAPPED};
use highwater_allocator::{Cache, Kernel, ThreadId};

impl Glibc {
    /// Frees a chunk past thread cache and fastbins, out of the cache that keeps it, if one does; giving back is considered
    /// as at any free. False where the cache has no such chunk.
    pub(crate) fn discard_chunk(
        &mut self,
        kernel: &mut Kernel,
        chunk: Chunk,
        cache: Option<Cache>,
    ) -> bool {
        let header = chunk.header(kernel);
        if header.1 & IS_MMAPPED != 0 {
            self.call(kernel, ThreadId::MAIN, 0).free_mapped(chunk);
            return true;
        }
        let arena = self.arena_of(kernel, chunk, header.1);
        match cache {
            None => {}
            Some(Cache::Tcache { thread, bin }) => {
                let owner = self.threads.get_mut(usize::from(thread));
                let tcache = owner.and_then(|owner| owner.tcache.as_mut());
                if !tcache.is_some_and(|tcache| tcache.take(kernel, chunk, bin.into())) {
                    return false;
                }
            }
            // Emptying one fastbin empties all: that is what glibc has for it.
            Some(Cache::Fastbin { .. }) => {
                self.call(kernel, ThreadId::MAIN, arena).consolidate();
                return true;
            }
        }
        self.call(kernel, ThreadId::MAIN, arena)
            .merge_and_trim(chunk, header);
        true
    }
}
