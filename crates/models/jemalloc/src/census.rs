//! Every block of the allocator's memory: extents cut into regions, large blocks, free extents, its own structures.

use crate::Jemalloc;
use crate::edata::{Edata, ExtentState};
use crate::units::ArenaIndex;
use highwater_allocator::{
    Address, Block, BlockState, Bytes, Cache, Kernel, States, places_by_key,
};

/// Memory that one thing has: an extent, or a block of a base.
enum Held<'a> {
    Extent(&'a Edata),
    Base(ArenaIndex, Address, Bytes),
}

impl Held<'_> {
    fn start(&self) -> Address {
        match self {
            Self::Extent(edata) => edata.base,
            Self::Base(_, start, _) => *start,
        }
    }
}

impl Jemalloc {
    /// Visits every block, the lowest first.
    pub(crate) fn visit_blocks(&self, visit: &mut dyn FnMut(Block)) {
        let mut not_live = States::default();
        self.visit_not_live(&mut |block, state| not_live.note(block.0, state));
        let mut not_live = not_live.in_order();
        let mut state_of = |block: Address| not_live.of(block.0).unwrap_or(BlockState::Live);
        // None overlap, and the regions of a slab are in order, so that only these need be put in order.
        let extents = self.shared.edatas.iter().map(|(_, edata)| edata);
        let extents = extents.filter(|edata| edata.state != ExtentState::Unused);
        let bases = self.shared.base_blocks();
        let bases = bases.map(|(arena, start, size)| Held::Base(arena, start, size));
        let all: Vec<Held> = extents.map(Held::Extent).chain(bases).collect();
        for place in places_by_key(&all, |held| held.start().0) {
            match &all[place] {
                Held::Extent(edata) => visit_extent(edata, &mut state_of, visit),
                Held::Base(arena, start, size) => visit(Block {
                    start: *start,
                    size: *size,
                    user: *start,
                    state: BlockState::Metadata,
                    arena: arena.0,
                    mapped: true,
                }),
            }
        }
    }

    /// Visits every block that the program does not hold though its extent has it in use: those in caches, and the
    /// caches.
    pub(crate) fn visit_not_live(&self, visit: &mut dyn FnMut(Address, BlockState)) {
        for (thread, tcache) in self.threads.tcaches() {
            if !self.shared.has_stacks_in_base() {
                visit(tcache.home, BlockState::Metadata);
            }
            for (class, cached) in tcache.by_class() {
                let (thread, bin) = (thread.0, class.0 as u16);
                let state = BlockState::Parked(Cache::Tcache { thread, bin });
                for block in cached.blocks() {
                    visit(*block, state);
                }
            }
        }
    }

    /// Returns the resident bytes of free extents: what a purge of everything would give back.
    pub(crate) fn free_resident(&self, kernel: &Kernel) -> Bytes {
        let edatas = &self.shared.edatas;
        let mut sum = Bytes::ZERO;
        for arena in self.arenas.iter() {
            let pac = &arena.pac;
            for id in pac.dirty.iter(edatas).chain(pac.muzzy.iter(edatas)) {
                sum += kernel.resident_in(edatas[id].base, edatas[id].past());
            }
        }
        sum
    }
}

/// Visits the blocks of an extent, the lowest first. `state_of` knows the state of those that it has in use.
fn visit_extent(
    edata: &Edata,
    state_of: &mut dyn FnMut(Address) -> BlockState,
    visit: &mut dyn FnMut(Block),
) {
    let mut give = |start, size, user, state| {
        visit(Block {
            start,
            size,
            user,
            state,
            arena: edata.arena.0,
            mapped: true,
        });
    };
    let (base, size) = (edata.base, edata.size);
    match edata.state {
        ExtentState::Unused => {}
        ExtentState::Dirty => give(base, size, base, BlockState::Dirty),
        ExtentState::Muzzy => give(base, size, base, BlockState::Muzzy),
        ExtentState::Retained => give(base, size, base, BlockState::Retained),
        ExtentState::Active if edata.slab => {
            for region in edata.regions() {
                let state = match region.is_free {
                    true => BlockState::Free {
                        bin: edata.class.0 as u16,
                    },
                    false => state_of(region.start),
                };
                give(region.start, region.size, region.start, state);
            }
        }
        ExtentState::Active => give(base, size, edata.start, state_of(edata.start)),
    }
}
