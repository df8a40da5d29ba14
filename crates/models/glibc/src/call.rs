//! One call into an arena.

use crate::arena::Arena;
use crate::chunks::Chunks;
use crate::shared::Shared;
use crate::thp;
use crate::thread::Thread;
use highwater_allocator::{Address, Bytes, Kernel};

/// Everything one call into an arena works on: the arena, the calling thread, the chunks, and what all share.
pub(crate) struct Call<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) shared: &'a mut Shared,
    pub(crate) chunks: &'a mut Chunks,
    pub(crate) arena: &'a mut Arena,
    pub(crate) threads: &'a mut [Thread],
    /// The number of the calling thread.
    pub(crate) thread: usize,
}

impl Call<'_> {
    /// The size of the arena's top; nothing as long as it has none.
    #[inline]
    pub(crate) fn top_size(&self) -> Bytes {
        self.chunks.size(self.arena.top)
    }

    /// Fills fresh memory where MALLOC_PERTURB_ asks for it (`alloc_perturb`).
    #[inline]
    pub(crate) fn perturb(&mut self, from: Address, length: Bytes) {
        if self.shared.params.perturb != 0 {
            self.kernel.touch(from, length);
        }
    }

    /// See [`thp::madvise_thp`].
    pub(crate) fn madvise_thp(&mut self, start: Address, length: Bytes) {
        let Shared { params, rules, .. } = &*self.shared;
        thp::madvise_thp(self.kernel, params, rules, start, length);
    }

    /// See [`thp::break_unit`].
    pub(crate) fn break_unit(&self) -> Bytes {
        thp::break_unit(self.kernel, &self.shared.params, self.shared.rules)
    }

    /// See [`thp::heap_unit`].
    pub(crate) fn heap_unit(&self) -> Bytes {
        thp::heap_unit(self.kernel, &self.shared.params, self.shared.rules)
    }
}
