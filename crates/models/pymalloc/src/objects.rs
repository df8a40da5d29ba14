//! The interface through which Python allocates objects: small blocks from pools, others from the raw interface, and
//! what hooks put around both.
//!
//! CPython 3.11, Objects/obmalloc.c: `PyObject_Malloc` and its kin, `_PyObject_Malloc`, `_PyObject_Realloc`,
//! `pymalloc_realloc`, `new_arena`; Modules/_tracemalloc.c: `tracemalloc_alloc`, `tracemalloc_realloc`,
//! `tracemalloc_free`.

use crate::Pymalloc;
use crate::arenas::{ArenaId, OBJECT};
use crate::pools::is_small;
use crate::raw::{Call, DEBUG_EXTRA, DEBUG_LEAD, Filled, product};
use highwater_allocator::{Address, Allocator, Bytes, Decision, Kernel};

/// A pointer in the table of arenas.
const POINTER: Bytes = Bytes(8);

impl<A: Allocator> Pymalloc<A> {
    // ---- arenas

    /// Maps an arena, after the table of arenas where that is full, and enters it in the radix tree.
    #[cold]
    fn new_arena(&mut self, call: &mut Call<'_>) -> Option<()> {
        let (room, wanted) = self.small.arenas.room()?;
        if wanted != room {
            let bytes = OBJECT * u64::from(wanted);
            let table = self.raw.realloc(call, self.table, bytes)?;
            let kept = OBJECT * u64::from(room);
            // The last member of the last entry is left as it is.
            let written = bytes - kept - POINTER;
            call.kernel.touch(table + kept, written);
            self.table = Some(table);
            self.small.arenas.grow(wanted);
            self.record(Decision::ArenaTableGrown {
                room: wanted,
                bytes,
                table,
            });
        }
        let rules = self.small.rules;
        let size = rules.arena();
        let address = call.kernel.mmap(size).ok()?;
        if rules.radix_tree && !self.radix.mark(call, &mut self.raw, address) {
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
    pub(crate) fn return_arena(&mut self, kernel: &mut Kernel, number: ArenaId) {
        let size = self.small.rules.arena();
        let base = self.small.arenas.all[number.index()].address;
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

    /// Allocates a block of 1 to 512 bytes from the pools; `None` where there is no memory (`pymalloc_alloc`).
    fn small_malloc(&mut self, call: &mut Call<'_>, bytes: Bytes) -> Option<Address> {
        if let Some(block) = self.small.take(call.kernel, bytes) {
            return Some(block);
        }
        if self.small.arenas.is_exhausted() {
            self.new_arena(call)?;
        }
        Some(self.small.take_from_new_pool(call.kernel, bytes))
    }

    fn is_small(&self, bytes: Bytes) -> bool {
        self.pools && is_small(bytes)
    }

    fn own_malloc(&mut self, call: &mut Call<'_>, bytes: Bytes) -> Option<Address> {
        if !self.pools {
            return self.raw.plain_malloc(call, bytes);
        }
        if self.is_small(bytes)
            && let Some(block) = self.small_malloc(call, bytes)
        {
            return Some(block);
        }
        // The last resort for small ones, too.
        self.raw.malloc(call, bytes)
    }

    fn own_calloc(&mut self, call: &mut Call<'_>, count: u64, size: Bytes) -> Option<Address> {
        if !self.pools {
            return self.raw.plain_calloc(call, count, size);
        }
        let bytes = product(count, size)?;
        if self.is_small(bytes)
            && let Some(block) = self.small_malloc(call, bytes)
        {
            call.kernel.touch(block, bytes);
            return Some(block);
        }
        self.raw.calloc(call, count, size)
    }

    /// Whatever is asked for, a block that came from malloc stays malloc's. One of the pools stays where it is unless
    /// it grows beyond its class or a quarter of it would be saved.
    fn own_realloc(
        &mut self,
        call: &mut Call<'_>,
        old: Option<Address>,
        bytes: Bytes,
    ) -> Option<Address> {
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
        if bytes <= size && bytes * 4 > size * 3 {
            return Some(old);
        }
        let new = self.own_malloc(call, bytes)?;
        call.kernel.copy(old, new, bytes.min(size));
        self.own_free(call, old);
        Some(new)
    }

    fn own_free(&mut self, call: &mut Call<'_>, block: Address) {
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

    fn hooked_malloc(&mut self, call: &mut Call<'_>, bytes: Bytes) -> Option<Address> {
        if !self.raw.debug {
            return self.own_malloc(call, bytes);
        }
        let block = self.own_malloc(call, bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(
            self.raw
                .hooks
                .adorn(call.kernel, block, bytes, Filled::Whole),
        )
    }

    fn hooked_calloc(&mut self, call: &mut Call<'_>, count: u64, size: Bytes) -> Option<Address> {
        if !self.raw.debug {
            return self.own_calloc(call, count, size);
        }
        let bytes = product(count, size)?;
        let block = self.own_calloc(call, 1, bytes.checked_add(DEBUG_EXTRA)?)?;
        Some(
            self.raw
                .hooks
                .adorn(call.kernel, block, bytes, Filled::From(bytes)),
        )
    }

    fn hooked_realloc(
        &mut self,
        call: &mut Call<'_>,
        old: Option<Address>,
        bytes: Bytes,
    ) -> Option<Address> {
        if !self.raw.debug {
            return self.own_realloc(call, old, bytes);
        }
        let Some(old) = old else {
            return self.hooked_malloc(call, bytes);
        };
        let wanted = bytes.checked_add(DEBUG_EXTRA)?;
        let block = self.own_realloc(call, Some(old - DEBUG_LEAD), wanted)?;
        let before = self.raw.hooks.forget(old);
        Some(
            self.raw
                .hooks
                .adorn(call.kernel, block, bytes, Filled::From(before)),
        )
    }

    fn hooked_free(&mut self, call: &mut Call<'_>, block: Address) {
        let block = if self.raw.debug {
            self.raw.hooks.bury(call.kernel, block)
        } else {
            block
        };
        self.own_free(call, block);
    }

    // ---- with the traces, if they are kept

    /// Traces a new block, or frees it where there is no memory for the trace (`tracemalloc_alloc`).
    fn traced(&mut self, call: &mut Call<'_>, block: Address) -> Option<Address> {
        if let Some(tracer) = &mut self.tracer
            && !tracer.add(call, &mut self.raw, block)
        {
            self.hooked_free(call, block);
            return None;
        }
        Some(block)
    }

    fn forget(&mut self, call: &mut Call<'_>, block: Address) {
        if let Some(tracer) = &mut self.tracer {
            tracer.remove(call, &mut self.raw, block);
        }
    }

    /// Allocates a block for the program (`PyObject_Malloc`); `None` where there is no memory.
    pub(crate) fn object_malloc(&mut self, call: &mut Call<'_>, bytes: Bytes) -> Option<Address> {
        let block = self.hooked_malloc(call, bytes)?;
        self.traced(call, block)
    }

    /// Allocates a block of zeros for the program (`PyObject_Calloc`).
    pub(crate) fn object_calloc(
        &mut self,
        call: &mut Call<'_>,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        let block = self.hooked_calloc(call, count, size)?;
        self.traced(call, block)
    }

    /// Reallocates a block of the program (`PyObject_Realloc`).
    pub(crate) fn object_realloc(
        &mut self,
        call: &mut Call<'_>,
        old: Option<Address>,
        bytes: Bytes,
    ) -> Option<Address> {
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
            self.forget(call, block - self.raw.lead());
        }
        if new != old {
            self.forget(call, old);
        }
        // If there is no memory for the trace, the real process ends.
        self.traced(call, new)
    }

    /// Frees a block of the program (`PyObject_Free`).
    pub(crate) fn object_free(&mut self, call: &mut Call<'_>, block: Address) {
        self.hooked_free(call, block);
        self.forget(call, block);
    }
}
