//! What the allocator holds, in sums and block by block.

use crate::Pymalloc;
use crate::arenas::{Arena, ArenaId, OBJECT};
use crate::pools::{CLASSES, HEADER, Pool};
use highwater_allocator::{
    Address, Allocator, Block, BlockState, Bytes, Kernel, Objects, OwnMemory, States,
};

/// The bin of what belongs to no size: pools that are free, and what no pool was carved from yet.
const WHOLE_POOLS: u16 = CLASSES as u16;

/// Returns the bytes of an arena's blocks in use, and of the headers and ends of the pools that they are in.
fn in_use(pools: &[Pool], pool_bytes: Bytes) -> (Bytes, Bytes) {
    let used = pools.iter().filter(|pool| pool.count > 0);
    used.fold((Bytes::ZERO, Bytes::ZERO), |(live, own), pool| {
        let size = pool.class().size();
        let ends = HEADER + (pool_bytes - HEADER) % size;
        (live + size * u64::from(pool.count), own + ends)
    })
}

impl<A: Allocator> Pymalloc<A> {
    /// Returns the sums over all arenas and pools.
    pub(crate) fn sums(&self, kernel: &Kernel) -> Objects {
        let small = &self.small;
        let (mut pools, mut free, mut half_free, mut resident) = (0, 0, 0, Bytes::ZERO);
        let (pool, whole) = (small.rules.pool(), small.rules.arena());
        for (id, arena) in small.arenas.iter() {
            pools += u64::from(arena.total);
            free += u64::from(arena.free);
            let carved = &small.arenas.pools_of(id)[..arena.carved as usize];
            let (live, own) = in_use(carved, pool);
            half_free += u32::from(live > Bytes::ZERO && live * 2 <= whole);
            // What is before the first pool and after the last is never written.
            let there = kernel.resident_in(arena.address, arena.address + whole);
            resident += there.saturating_sub(live + own);
        }
        let tracer = self.tracer.as_ref();
        Objects {
            arenas: small.arenas.count,
            arenas_most: small.arenas.most,
            arena_bytes: whole * u64::from(small.arenas.count),
            arenas_half_free: half_free,
            live: small.live,
            free_in_pools: pool * (pools - free) - self.live_and_headers(),
            free_pools: pool * free,
            free_resident: resident,
            own: OwnMemory {
                table: OBJECT * small.arenas.all.len() as u64,
                radix_tree: self.radix.bytes(),
                traces: tracer.map_or(Bytes::ZERO, |tracer| tracer.bytes()),
                traced: tracer.map_or(0, |tracer| tracer.traced()),
            },
        }
    }

    fn live_and_headers(&self) -> Bytes {
        self.small.live + HEADER * self.small.pools_in_use
    }

    /// Returns the bytes in arenas that no block is in, the headers of pools left aside.
    pub(crate) fn free_bytes(&self) -> Bytes {
        let all = self.small.rules.arena() * u64::from(self.small.arenas.count);
        all - self.live_and_headers()
    }

    /// Visits every block: malloc's, then those of the arenas, the lowest arena first.
    pub(crate) fn walk(&self, kernel: &Kernel, visit: &mut dyn FnMut(Block)) {
        let mut own = self.own_blocks();
        self.raw.inner.census(kernel, &mut |mut block| {
            if block.state == BlockState::Live {
                match own.of(block.user.0) {
                    Some(state) => block.state = state,
                    None => block.user = block.user + self.lead_from_malloc(block.user),
                }
            }
            visit(block);
        });
        for (id, arena) in self.small.arenas.by_address() {
            self.walk_arena(id, arena, visit);
        }
    }

    /// Returns the blocks of the allocator below that the program never had.
    fn own_blocks(&self) -> States {
        let lead = self.raw.lead();
        let raw = self.table.into_iter().chain(self.radix.nodes());
        let tracer = self.tracer.iter();
        let traces = tracer.flat_map(|tracer| tracer.own(lead));
        let mut own = States::default();
        for at in raw.map(|at| at - lead).chain(traces) {
            own.note(at.0, BlockState::Metadata);
        }
        own.in_order()
    }

    fn walk_arena(&self, id: ArenaId, arena: &Arena, visit: &mut dyn FnMut(Block)) {
        let pool_bytes = self.small.rules.pool();
        let mut give = |start: Address, end: Address, user: Address, state| {
            if start < end {
                visit(Block {
                    start,
                    size: end - start,
                    user,
                    state,
                    arena: 0,
                    mapped: true,
                });
            }
        };
        let whole = BlockState::Free { bin: WHOLE_POOLS };
        let (address, first) = (arena.address, arena.first_pool);
        give(address, first, address, BlockState::Metadata);
        let carved = &self.small.arenas.pools_of(id)[..arena.carved as usize];
        for pool in carved {
            let end = pool.base + pool_bytes;
            if pool.count == 0 {
                give(pool.base, end, pool.base, whole);
            } else {
                self.walk_pool(pool, end, &mut give);
            }
        }
        let rest = first + pool_bytes * carved.len() as u64;
        let end = first + pool_bytes * u64::from(arena.total);
        give(rest, end, rest, whole);
        let past = address + self.small.rules.arena();
        give(end, past, end, BlockState::Metadata);
    }

    fn walk_pool(
        &self,
        pool: &Pool,
        end: Address,
        give: &mut dyn FnMut(Address, Address, Address, BlockState),
    ) {
        let size = pool.class().size();
        let bin = pool.class().index() as u16;
        let (base, data) = (pool.base, pool.base + HEADER);
        give(base, data, base, BlockState::Metadata);
        let lead = self.raw.lead();
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
