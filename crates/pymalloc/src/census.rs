//! What the allocator holds, in sums and block by block.

use crate::Pymalloc;
use crate::arenas::OBJECT;
use crate::pools::{HEADER, Pool, size_of};
use crate::raw::DEBUG_LEAD;
use highwater_allocator::{
    Address, Allocator, Block, BlockState, Bytes, Kernel, Objects, OwnMemory, States,
};

/// The bin of what belongs to no size: pools that are free, and what no pool was carved from yet.
const WHOLE_POOLS: u16 = crate::pools::CLASSES as u16;

/// Bytes of an arena's blocks in use, and of the headers and ends of the pools that they lie in.
fn in_use(pools: &[Pool], pool_bytes: u64) -> (u64, u64) {
    let used = pools.iter().filter(|pool| pool.count > 0);
    used.fold((0, 0), |(live, own), pool| {
        let size = size_of(pool.class());
        let ends = HEADER + (pool_bytes - HEADER) % size;
        (live + u64::from(pool.count) * size, own + ends)
    })
}

impl<A: Allocator> Pymalloc<A> {
    pub(crate) fn sums(&self, kernel: &Kernel) -> Objects {
        let small = &self.small;
        let (mut pools, mut free, mut half_free, mut resident) = (0, 0, 0, Bytes::ZERO);
        let pool = small.rules.pool();
        for (number, arena) in small.arenas.all.iter().enumerate() {
            if arena.address == 0 {
                continue;
            }
            pools += u64::from(arena.total);
            free += u64::from(arena.free);
            let carved = &small.arenas.pools_of(number as u32)[..arena.carved as usize];
            let (live, own) = in_use(carved, pool);
            half_free += u32::from(live > 0 && live * 2 <= small.rules.arena());
            let end = arena.address + small.rules.arena();
            // What lies before the first pool and behind the last is never written.
            let there = kernel.resident_in(Address(arena.address), Address(end));
            resident += there.saturating_sub(Bytes(live + own));
        }
        let in_use = small.live + small.pools_in_use * HEADER;
        let tracer = self.tracer.as_ref();
        Objects {
            arenas: small.arenas.count,
            arenas_most: small.arenas.most,
            arena_bytes: Bytes(u64::from(small.arenas.count) * small.rules.arena()),
            arenas_half_free: half_free,
            live: Bytes(small.live),
            free_in_pools: Bytes((pools - free) * pool - in_use),
            free_pools: Bytes(free * pool),
            free_resident: resident,
            own: OwnMemory {
                table: Bytes(small.arenas.all.len() as u64 * OBJECT),
                radix_tree: Bytes(self.radix.bytes()),
                traces: Bytes(tracer.map_or(0, |tracer| tracer.bytes())),
                traced: tracer.map_or(0, |tracer| tracer.traced()),
            },
        }
    }

    /// Bytes in arenas that no block is in, the headers of pools left aside.
    pub(crate) fn free_bytes(&self) -> Bytes {
        let small = &self.small;
        let all = u64::from(small.arenas.count) * small.rules.arena();
        Bytes(all - small.live - small.pools_in_use * HEADER)
    }

    pub(crate) fn walk(&self, kernel: &Kernel, visit: &mut dyn FnMut(Block)) {
        let mut own = self.own_blocks();
        self.raw.inner.census(kernel, &mut |mut block| {
            if block.state == BlockState::Live {
                match own.of(block.user.0) {
                    Some(state) => block.state = state,
                    None => {
                        block.user = block.user + Bytes(self.lead_from_malloc(block.user.0));
                    }
                }
            }
            visit(block);
        });
        for number in self.small.arenas.by_address() {
            self.walk_arena(number, visit);
        }
    }

    /// The blocks of the allocator below that the program never had.
    fn own_blocks(&self) -> States {
        let lead = if self.raw.debug { DEBUG_LEAD } else { 0 };
        let raw = self.table.into_iter().chain(self.radix.nodes());
        let mut own = States::default();
        for at in raw {
            own.note(at - lead, BlockState::Metadata);
        }
        for at in self
            .tracer
            .iter()
            .flat_map(|tracer| tracer.own(self.raw.debug))
        {
            own.note(at, BlockState::Metadata);
        }
        own.in_order()
    }

    /// How far into a block of malloc's the program's own begins.
    fn lead_from_malloc(&self, block: u64) -> u64 {
        match (self.raw.debug, self.pools) {
            _ if self.foreign.contains(block) => 0,
            (false, _) => 0,
            (true, false) => DEBUG_LEAD,
            (true, true) => 2 * DEBUG_LEAD,
        }
    }

    fn walk_arena(&self, number: u32, visit: &mut dyn FnMut(Block)) {
        let arena = &self.small.arenas.all[number as usize];
        let pool_bytes = self.small.rules.pool();
        let mut give = |start: u64, end: u64, user: u64, state| {
            if start < end {
                visit(Block {
                    start: Address(start),
                    size: Bytes(end - start),
                    user: Address(user),
                    state,
                    arena: 0,
                    mapped: true,
                });
            }
        };
        let whole = BlockState::Free { bin: WHOLE_POOLS };
        let (address, first) = (arena.address, arena.first_pool);
        give(address, first, address, BlockState::Metadata);
        let carved = &self.small.arenas.pools_of(number)[..arena.carved as usize];
        for pool in carved {
            let end = pool.base + pool_bytes;
            if pool.count == 0 {
                give(pool.base, end, pool.base, whole);
            } else {
                self.walk_pool(pool, end, &mut give);
            }
        }
        let rest = first + carved.len() as u64 * pool_bytes;
        let end = first + u64::from(arena.total) * pool_bytes;
        give(rest, end, rest, whole);
        let past = address + self.small.rules.arena();
        give(end, past, end, BlockState::Metadata);
    }

    fn walk_pool(&self, pool: &Pool, end: u64, give: &mut dyn FnMut(u64, u64, u64, BlockState)) {
        let size = size_of(pool.class());
        let bin = pool.class() as u16;
        let lead = if self.raw.debug { DEBUG_LEAD } else { 0 };
        give(
            pool.base,
            pool.base + HEADER,
            pool.base,
            BlockState::Metadata,
        );
        for (at, is_free) in pool.blocks() {
            if is_free {
                give(at, at + size, at, BlockState::Free { bin });
            } else {
                give(at, at + size, at + lead, BlockState::Live);
            }
        }
        let (from, to) = pool.virgin();
        give(from, to, from, BlockState::Free { bin });
        give(to, end, to, BlockState::Metadata);
    }
}
