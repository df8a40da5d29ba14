//! The cost of asking jemalloc for figures: structures for all arenas, made at the first question.
//!
//! jemalloc 5.3.0, src/ctl.c: `ctl_init`, `arenas_i_impl`, `ctl_arena_clear`.

use crate::arenas::Arenas;
use crate::shared::Shared;
use crate::size_classes::QUANTUM;
use highwater_allocator::{Bytes, Kernel};

/// `sizeof (ctl_arenas_t)`
const ARENAS: Bytes = Bytes(32_800);
/// `offsetof (ctl_arenas_t, arenas)`: its pointers to the arenas' figures.
const ARENAS_POINTERS: Bytes = Bytes(24);
const POINTER: Bytes = Bytes(8);
/// `sizeof (ctl_arena_t)` without its figures.
const ARENA: Bytes = Bytes(88);

/// Answers the program's first `mallctl` (`ctl_init`).
pub(crate) fn ctl_init(kernel: &mut Kernel, shared: &mut Shared, arenas: &Arenas) {
    let layout = &shared.rules.layout;
    let (sums, with_figures) = (layout.ctl_sums, layout.ctl_arena);
    let Some(base) = shared.bases[0].as_mut() else {
        return;
    };
    let mut make = |bytes, written| {
        if let Some((at, _)) = base.alloc(kernel, bytes, QUANTUM) {
            kernel.touch(at, written);
        }
    };
    // Two sums over arenas before the arenas themselves, that of very large blocks last if there may be one.
    let pointers = POINTER * (2 + arenas.len() as u64);
    make(ARENAS, ARENAS_POINTERS + pointers);
    make(sums, sums);
    make(with_figures, with_figures);
    make(with_figures, with_figures);
    for is_made in arenas.made() {
        make(with_figures, if is_made { with_figures } else { ARENA });
    }
}
