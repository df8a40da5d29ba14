//! The interface through which Python allocates objects: small blocks from pools, others from the raw interface, and what
//! hooks put around both.
//!
//! CPython 3.11, Objects/obmalloc.c: `PyObject_Malloc` and its kin, `_PyObject_Malloc`, `_PyObject_Realloc`,
//! `pymalloc_realloc`, `new_arena`; Modules/_tracemalloc.c: `tracemalloc_alloc`, `tracemalloc_realloc`, `tracemalloc_free`.

use crate::Pymalloc;
use crate::arenas::OBJECT;
use crate::pools::SMALL_MAX;
use crate::raw::{Call, DEBUG_EXTRA, DEBUG_LEAD, Filled, adorn, bury, disrobe};
use highwater_allocator::{Address, Allocator, Bytes, Decision, Kernel};

impl<A: Allocator> Pymalloc<A> {
    // ---- arenas

    /// Maps an arena, after the table of arenas where that is full, and enters it in the radix tree.
    #[cold]
    fn new_arena(&mut self, call: &mut Call<'_>) -> Option<()> {
        let (room, wanted) = self.small.arenas.room()?;
        if wanted != room {
            let bytes = u64::from(wanted) * OBJECT;
            let table = self.raw.realloc(call, self.table, bytes)?;
            let kept = u64::from(room) * OBJECT;
            // The last member of the last entry is left as it is.
            let written = Bytes(bytes - kept - 8);
            call.kernel.touch(Address(table + kept), written);
            self.table = Some(table);
            self.small.arenas.grow(wanted);
            self.record(Decision::ArenaTableGrown {
                room: wanted,
                bytes: Bytes(bytes),
                table: Address(table),
            });
        }
        let rules = self.small.rules;
        let size = Bytes(rules.arena());
        let address = call.kernel.mmap(size).ok()?;
        if rules.radix_tree && !self.radix.mark(call, &mut self.raw, address.0) {
            call.kernel.munmap(address, size);
            return None;
        }
        let number = self.small.arenas.add(address, rules.arena(), rules.pool());
        self.small.enter(number);
        self.record(Decision::ObjectArenaMapped {
            base: address,
            bytes: size,
            arenas: self.small.arenas.count,
        });
        Some(())
    }

    /// Unmaps an arena of which all pools are free.
    #[cold]
    pub(crate) fn return_arena(&mut self, kernel: &mut Kernel, number: u32) {
        let size = Bytes(self.small.rules.arena());
        let base = Address(self.small.arenas.all[number as usize].address);
        self.small.leave(number);
        self.small.arenas.remove(number);
        kernel.munmap(base, size);
        self.record(Decision::ObjectArenaReturned {
            base,
            bytes: size,
            arenas: self.small.arenas.count,
        });
    }

    fn record(&mut self, decision: Decision) {
        self.raw.inner.decisions_mut().record(decision);
    }

    // ---- without hooks

    /// A block of 1 to 512 bytes from the pools.
    fn small_malloc(&mut self, call: &mut Call<'_>, bytes: u64) -> Option<u64> {
        if let Some(block) = self.small.take(call.kernel, bytes) {
            return Some(block);
        }
        if self.small.arenas.is_exhausted() {
            self.new_arena(call)?;
        }
        Some(self.small.take_from_new_pool(call.kernel, bytes))
    }

    fn is_small(&self, bytes: u64) -> bool {
        self.pools && bytes.wrapping_sub(1) < SMALL_MAX
    }

    fn own_malloc(&mut self, call: &mut Call<'_>, bytes: u64) -> Option<u64> {
        if !self.pools {
            return self.raw.plain_malloc(call, bytes);
        }
        if self.is_small(bytes)
            && let Some(block) = self.small_malloc(call, bytes)
        {
            return Some(block);
        }
        // As a last resort for small ones, too.
        self.raw.malloc(call, bytes)
    }

    fn own_calloc(&mut self, call: &mut Call<'_>, count: u64, size: u64) -> Option<u64> {
        if !self.pools {
            return self.raw.plain_calloc(call, count, size);
        }
        let bytes = count.checked_mul(size)?;
        if self.is_small(bytes)
            && let Some(block) = self.small_malloc(call, bytes)
        {
            call.kernel.touch(Address(block), Bytes(bytes));
            return Some(block);
        }
        self.raw.calloc(call, count, size)
    }

    /// Whatever is asked for, a block that came from malloc stays malloc's. One of the pools stays where it is unless it
    /// grows beyond its class or a quarter of it would be saved.
    fn own_realloc(&mut self, call: &mut Call<'_>, old: Option<u64>, bytes: u64) -> Option<u64> {
        if !self.pools {
            return self.raw.plain_realloc(call, old, bytes);
        }
        let Some(old) = old else {
            return self.own_malloc(call, bytes);
        };
        let Some(pool) = self.small.map.get(old) else {
            return self.raw.realloc(call, Some(old), bytes);
        };
        let size = self.small.size(pool);
        if bytes <= size && 4 * bytes > 3 * size {
            return Some(old);
        }
        let new = self.own_malloc(call, bytes)?;
        call.kernel.touch(Address(new), Bytes(bytes.min(size)));
        self.own_free(call, old);
        Some(new)
    }

    fn own_free(&mut self, call: &mut Call<'_>, block: u64) {
        if !self.pools {
            return self.raw.plain_free(call, block);
        }
        let Some(pool) = self.small.map.get(block) else {
            return self.raw.free(call, block);
        };
        if let Some(arena) = self.small.give(pool, block) {
            self.return_arena(call.kernel, arena);
        }
    }

    // ---- with the debug hooks, if there are any

    fn hooked_malloc(&mut self, call: &mut Call<'_>, bytes: u64) -> Option<u64> {
        if !self.raw.debug {
            return self.own_malloc(call, bytes);
        }
        let block = self.own_malloc(call, bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(adorn(call.kernel, block, bytes, Filled::Whole))
    }

    fn hooked_calloc(&mut self, call: &mut Call<'_>, count: u64, size: u64) -> Option<u64> {
        if !self.raw.debug {
            return self.own_calloc(call, count, size);
        }
        let bytes = count.checked_mul(size)?;
        let block = self.own_calloc(call, 1, bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(adorn(call.kernel, block, bytes, Filled::From(bytes)))
    }

    fn hooked_realloc(&mut self, call: &mut Call<'_>, old: Option<u64>, bytes: u64) -> Option<u64> {
        if !self.raw.debug {
            return self.own_realloc(call, old, bytes);
        }
        let Some(old) = old else {
            return self.hooked_malloc(call, bytes);
        };
        let (head, before) = disrobe(call.kernel, old);
        let block = self.own_realloc(call, Some(head), bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(adorn(call.kernel, block, bytes, Filled::From(before)))
    }

    fn hooked_free(&mut self, call: &mut Call<'_>, block: u64) {
        let block = if self.raw.debug {
            bury(call.kernel, block)
        } else {
            block
        };
        self.own_free(call, block);
    }

    // ---- with the traces, if they are kept

    /// A new block is taken down, or given back where it cannot be.
    fn traced(&mut self, call: &mut Call<'_>, block: u64) -> Option<u64> {
        if let Some(tracer) = &mut self.tracer
            && !tracer.add(call, &mut self.raw, block)
        {
            self.hooked_free(call, block);
            return None;
        }
        Some(block)
    }

    fn forget(&mut self, call: &mut Call<'_>, block: u64) {
        if let Some(tracer) = &mut self.tracer {
            tracer.remove(call, &mut self.raw, block);
        }
    }

    pub(crate) fn object_malloc(&mut self, call: &mut Call<'_>, bytes: u64) -> Option<u64> {
        let block = self.hooked_malloc(call, bytes)?;
        self.traced(call, block)
    }

    pub(crate) fn object_calloc(
        &mut self,
        call: &mut Call<'_>,
        count: u64,
        size: u64,
    ) -> Option<u64> {
        let block = self.hooked_calloc(call, count, size)?;
        self.traced(call, block)
    }

    pub(crate) fn object_realloc(
        &mut self,
        call: &mut Call<'_>,
        old: Option<u64>,
        bytes: u64,
    ) -> Option<u64> {
        let from_malloc = old.filter(|old| self.pools && self.small.map.get(*old).is_none());
        let new = self.hooked_realloc(call, old, bytes)?;
        if self.tracer.is_none() {
            return Some(new);
        }
        let Some(old) = old else {
            return self.traced(call, new);
        };
        // The raw interface below is hooked, too: by the address that it knows the block by.
        if let Some(block) = from_malloc
            && self.version.rules().realloc_drops_trace
        {
            let lead = if self.raw.debug { DEBUG_LEAD } else { 0 };
            self.forget(call, block - lead);
        }
        if new != old {
            self.forget(call, old);
        }
        // What cannot be taken down now ends the real process.
        self.traced(call, new)
    }

    pub(crate) fn object_free(&mut self, call: &mut Call<'_>, block: u64) {
        self.hooked_free(call, block);
        self.forget(call, block);
    }
}
