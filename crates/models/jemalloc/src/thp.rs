//! Transparent huge pages: what the options `thp` and `metadata_thp` make of new mappings.
//!
//! jemalloc 5.3.0, src/pages.c: `pages_set_thp_state`; src/base.c: `base_block_alloc`, `base_auto_thp_switch`.

use crate::units::ArenaIndex;
use highwater_allocator::{Address, Bytes, Kernel};
use highwater_kernel::HugeMode;

/// What the option `thp` asks of the kernel for every mapping (`opt_thp`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Thp {
    /// Nothing: the machine decides.
    #[default]
    Default,
    /// Huge pages, where the machine leaves them to the program.
    Always,
    /// None.
    Never,
}

/// Which of the allocator's own structures are to lie in huge pages (`opt_metadata_thp`), where the machine leaves them to the
/// program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MetadataThp {
    /// None.
    #[default]
    Disabled,
    /// Those of an arena that has needed several blocks.
    Auto,
    /// All.
    Always,
}

/// Gives the advice about a new mapping that the option asks for (`pages_set_thp_state`).
pub(crate) fn set_thp_state(kernel: &mut Kernel, thp: Thp, start: Address, size: Bytes) {
    match (thp, kernel.config().huge_pages.mode) {
        (Thp::Always, HugeMode::Madvise) => kernel.madvise_hugepage(start, size),
        (Thp::Never, HugeMode::Madvise | HugeMode::Always) => {
            kernel.madvise_nohugepage(start, size);
        }
        _ => {}
    }
}

/// Blocks of a base with which `auto` begins to ask for huge pages, and of the base that also holds the map
/// (`BASE_AUTO_THP_THRESHOLD`, `BASE_AUTO_THP_THRESHOLD_A0`).
const AUTO_BLOCKS: usize = 2;
const AUTO_BLOCKS_FIRST: usize = 5;

/// The huge pages of one base.
#[derive(Clone, Copy)]
pub(crate) struct BaseHugePages {
    mode: MetadataThp,
    /// What is asked for each block, as for any mapping: only 5.3.0 does that (src/base.c, `base_map`).
    thp: Thp,
    auto_blocks: usize,
    has_switched: bool,
}

impl BaseHugePages {
    /// Returns those of an arena that has no block yet; `thp` is what its blocks share with other mappings.
    pub(crate) fn new(arena: ArenaIndex, mode: MetadataThp, thp: Thp) -> Self {
        Self {
            mode,
            thp,
            auto_blocks: match arena {
                ArenaIndex::FIRST => AUTO_BLOCKS_FIRST,
                _ => AUTO_BLOCKS,
            },
            has_switched: false,
        }
    }

    /// Gives the advice about a new block, beside those that there are (`base_block_alloc`, `base_auto_thp_switch`).
    pub(crate) fn advise(
        &mut self,
        kernel: &mut Kernel,
        others: &[(Address, Bytes)],
        start: Address,
        size: Bytes,
    ) {
        set_thp_state(kernel, self.thp, start, size);
        if kernel.config().huge_pages.mode != HugeMode::Madvise {
            return;
        }
        if self.mode == MetadataThp::Auto
            && !self.has_switched
            && others.len() + 1 == self.auto_blocks
        {
            self.has_switched = true;
            for (start, size) in others.iter().rev() {
                kernel.madvise_hugepage(*start, *size);
            }
        }
        if self.mode == MetadataThp::Always || self.has_switched {
            kernel.madvise_hugepage(start, size);
        }
    }
}
