//! The state that all arenas share: the structures of extents, the map of pages, the arenas' bases, and the settings.

use crate::base::Base;
use crate::edata::{EdataId, Edatas, ExtentState};
use crate::emap::Emap;
use crate::options::Options;
use crate::rules::Rules;
use crate::size_classes::{LARGE_MAX, LARGE_MIN, PAGE, Request, usable_aligned};
use crate::thp::MetadataThp;
use crate::units::{ArenaIndex, Nanos};
use crate::version::Version;
use highwater_allocator::{Address, Bytes, DecisionLog, Kernel};

/// The state that belongs to no single arena: the globals of the C, such as `arena_emap_global`, `b0` and `opt`.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) version: Version,
    /// The rules of that release.
    pub(crate) rules: &'static Rules,
    pub(crate) options: Options,
    pub(crate) edatas: Edatas,
    pub(crate) emap: Emap,
    /// The bases of the arenas, by index; the first also holds the leaves of the map.
    pub(crate) bases: Vec<Option<Base>>,
    /// The time of the process's clock.
    pub(crate) now: Nanos,
    pub(crate) log: DecisionLog,
}

/// Everything that a call into an arena works on besides the arena: the kernel, and what all arenas share.
pub(crate) struct Call<'a> {
    pub(crate) kernel: &'a mut Kernel,
    pub(crate) shared: &'a mut Shared,
}

impl<'a> Call<'a> {
    #[inline]
    pub(crate) fn new(kernel: &'a mut Kernel, shared: &'a mut Shared) -> Self {
        Self { kernel, shared }
    }
}

impl Shared {
    /// Rounds a request up (`sz_s2u`). `None` where it is too large.
    #[inline]
    pub(crate) fn request(&self, size: Bytes) -> Option<Request> {
        Request::of(size, self.options.large_size_classes)
    }

    /// Returns the usable size of an aligned request (`sz_sa2u`). `None` where it is too large.
    pub(crate) fn usable_aligned(&self, size: Bytes, alignment: Bytes) -> Option<Bytes> {
        let small_up_to = match self.rules.small_aligned_to_page {
            true => PAGE,
            false => PAGE - Bytes(1),
        };
        let classes = self.options.large_size_classes;
        usable_aligned(size, alignment, small_up_to, classes)
    }

    /// Returns the extent that the block at `block` is in (`emap_edata_lookup`).
    ///
    /// # Panics
    /// If there is none: a block that is passed in is live, so its page is in the map.
    #[inline]
    pub(crate) fn edata_of(&self, block: Address) -> EdataId {
        self.emap
            .lookup(block)
            .expect("a block that is passed in is live, so its page is in the map")
    }

    /// Returns the usable size of the block that an extent holds, or of one of its regions.
    #[inline]
    pub(crate) fn usable_of(&self, id: EdataId) -> Bytes {
        self.edatas[id].usable(self.options.large_pad())
    }

    /// Returns the blocks of all bases: the arena, the address and the length of each.
    pub(crate) fn base_blocks(&self) -> impl Iterator<Item = (ArenaIndex, Address, Bytes)> {
        let numbered = self.bases.iter().enumerate();
        numbered.flat_map(|(arena, base)| {
            let blocks = base.iter().flat_map(|base| base.blocks());
            blocks.map(move |(start, size)| (ArenaIndex(arena as u16), *start, *size))
        })
    }

    /// Returns the size from which on blocks go to an arena of their own (`arena_init_huge`); above the largest class
    /// where there is no such arena.
    pub(crate) fn oversize_threshold(&self) -> Bytes {
        let threshold = self.options.oversize_threshold;
        if (LARGE_MIN..=LARGE_MAX).contains(&threshold) {
            threshold
        } else {
            LARGE_MAX + PAGE
        }
    }

    /// Returns whether very large extents stay dirty for the decay time when they are freed, like others
    /// (`background_thread_enabled` in `extent_record`, from 5.3.1 on).
    pub(crate) fn keeps_oversize(&self) -> bool {
        self.rules.background_keeps_very_large && self.options.background_thread
    }

    /// Returns whether the stacks of thread caches come from the first arena's base (`cache_bin_stack_use_thp`).
    pub(crate) fn has_stacks_in_base(&self) -> bool {
        self.rules.stacks_in_base && self.options.metadata_thp != MetadataThp::Disabled
    }

    /// Enters an extent for its first and its last page (`extent_register`). `false` where there is no memory.
    pub(crate) fn extent_register(&mut self, kernel: &mut Kernel, id: EdataId) -> bool {
        let Some(base) = self.bases[0].as_mut() else {
            return false;
        };
        self.emap
            .register_boundary(kernel, base, id, &self.edatas[id])
    }

    /// Removes the entries for the first and the last page of an extent (`extent_deregister`).
    pub(crate) fn extent_deregister(&mut self, kernel: &mut Kernel, id: EdataId) {
        self.emap.set_boundary(kernel, &self.edatas[id], None);
    }

    /// Returns the free neighbour that may be merged with an extent, after it (`forward`) or before it
    /// (`emap_try_acquire_edata_neighbor`).
    pub(crate) fn free_neighbour(
        &self,
        id: EdataId,
        state: ExtentState,
        forward: bool,
    ) -> Option<EdataId> {
        let edata = &self.edatas[id];
        let at = if forward {
            edata.past()
        } else {
            Address(edata.base.0.checked_sub(PAGE.0)?)
        };
        let found = self.emap.lookup(at)?;
        let neighbour = &self.edatas[found];
        // The beginning of a mapping is not merged with what is before it.
        let upper = if forward { neighbour } else { edata };
        let may = !upper.head && neighbour.state == state && neighbour.arena == edata.arena;
        may.then_some(found)
    }
}
