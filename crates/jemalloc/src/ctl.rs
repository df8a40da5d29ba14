//! What asking jemalloc for figures costs it: structures for all arenas, made at the first question.
//!
//! jemalloc 5.3.0, src/ctl.c: `ctl_init`, `arenas_i_impl`, `ctl_arena_clear`.

use crate::Jemalloc;
use crate::size_classes::QUANTUM;
use highwater_allocator::{Bytes, Kernel};

/// `sizeof (ctl_arenas_t)`, and where its pointers to the arenas' figures begin.
const ARENAS: (u64, u64) = (32_800, 24);
/// `sizeof (ctl_arena_t)` without its figures.
const ARENA: u64 = 88;

impl Jemalloc {
    /// The program's first `mallctl`.
    pub(crate) fn first_question(&mut self, kernel: &mut Kernel) {
        let layout = &self.shared.rules.layout;
        let (sums, with_figures) = (layout.ctl_sums, layout.ctl_arena);
        let Some(base) = self.shared.bases[0].as_mut() else {
            return;
        };
        // Two sums over arenas before the arenas themselves, the one of very large blocks last if there is to be one.
        let pointers = 2 + self.arenas.len() as u64;
        let mut make = |bytes, written| {
            if let Some(at) = base.allocate(kernel, bytes, QUANTUM) {
                kernel.touch(at, Bytes(written));
            }
        };
        make(ARENAS.0, ARENAS.1 + pointers * 8);
        make(sums, sums);
        make(with_figures, with_figures);
        make(with_figures, with_figures);
        for arena in &self.arenas {
            let written = if arena.is_some() { with_figures } else { ARENA };
            make(with_figures, written);
        }
    }
}
