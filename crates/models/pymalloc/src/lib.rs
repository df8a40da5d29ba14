//! A model of CPython's object allocator, over any model of malloc.
//!
//! Python allocates its objects through an allocator of its own. Blocks of up to 512 bytes are in pools of one size
//! each, pools in arenas, which are mappings; everything larger comes from malloc. So another malloc moves the buffers,
//! not the small objects, and an arena goes back only when no object in it is left. The model gives out the addresses
//! that the real one gives out, and leaves the same pages resident.
//!
//! From the bottom: `raw` (malloc, as CPython calls it), `pools` and `arenas`, `map` (whose block it is), `radix` (the
//! memory that the real one spends on that question), `small` (blocks out of pools and back), `tracemalloc`, and
//! `objects` (the calls of the program, through hooks to pools or malloc). `settings` reads the environment, `version`
//! says where releases differ, `census` shows what is held. Each rule cites the function it follows.

mod arenas;
mod census;
mod map;
mod objects;
mod pools;
mod radix;
mod raw;
mod settings;
mod small;
mod stored;
mod tracemalloc;
mod version;

pub use settings::{Options, Settings, is_pythons};
pub use version::Version;

use highwater_allocator::{
    Accounting, Address, Allocator, Block, Bytes, Cache, DecisionLog, Figures, Kernel, Micros,
    Numbers, Objects, PageRun, Reclaimable, ThreadId, Whereabouts,
};
use pools::is_small;
use radix::Radix;
use raw::{Call, DEBUG_EXTRA, Hooks, REQUEST_MAX, Raw, product};
use small::Small;
use tracemalloc::Tracer;

/// CPython's object allocator in one process, over the allocator that is its malloc.
#[derive(Clone, Debug)]
pub struct Pymalloc<A> {
    version: Version,
    raw: Raw<A>,
    /// Whether small blocks come from pools; else all are malloc's.
    pools: bool,
    /// Whether a call goes straight to the pools: there are pools, and no hooks.
    plain: bool,
    small: Small,
    radix: Radix,
    /// The address of the table of arenas.
    table: Option<Address>,
    tracer: Option<Tracer>,
    /// Aligned blocks: Python asks for none, so no hook knows them. Kept only where there are hooks.
    foreign: Numbers,
}

impl<A> Pymalloc<A> {
    /// Returns the allocator below.
    pub fn inner(&self) -> &A {
        &self.raw.inner
    }
}

impl<A: Allocator> Pymalloc<A> {
    /// Makes the allocator of an interpreter that has allocated nothing, over a malloc that was not called yet.
    pub fn new(version: Version, options: Options, inner: A) -> Self {
        let rules = version.rules();
        Self {
            version,
            raw: Raw {
                inner,
                debug: options.debug,
                hooks: Hooks::default(),
            },
            pools: options.pools,
            plain: options.pools && !options.debug && !options.tracemalloc,
            small: Small::new(rules),
            radix: Radix::default(),
            table: None,
            tracer: options.tracemalloc.then(Tracer::new),
            foreign: Numbers::default(),
        }
    }

    /// Returns the release whose rules it follows.
    pub fn version(&self) -> Version {
        self.version
    }

    fn has_hooks(&self) -> bool {
        self.raw.debug || self.tracer.is_some()
    }

    #[inline(never)]
    fn malloc_slowly(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        bytes: Bytes,
    ) -> Option<Address> {
        if bytes > REQUEST_MAX {
            return None;
        }
        let call = &mut Call { kernel, thread };
        self.object_malloc(call, bytes)
    }

    #[inline(never)]
    fn free_slowly(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        if self.foreign.remove(block.0).is_some() {
            return self.raw.inner.free(kernel, thread, block);
        }
        self.object_free(&mut Call { kernel, thread }, block);
    }

    /// Lets `call` allocate from the C library's own allocator, as a program's C code does past the interpreter: the
    /// interpreter's allocator does not know the block it returns until it is given it.
    pub fn past(&mut self, call: impl FnOnce(&mut A) -> Option<Address>) -> Option<Address> {
        let block = call(&mut self.raw.inner)?;
        if !self.plain {
            self.foreign.insert(block.0, 0);
        }
        Some(block)
    }

    /// Returns the address for the allocator below of a block that the program holds; `None` for one of the pools.
    fn in_malloc(&self, block: Address) -> Option<Address> {
        if self.small.map.get(block).is_some() {
            return None;
        }
        Some(block - self.lead_from_malloc(block))
    }

    /// Returns the bytes before the program's own in a block of malloc's: 0 without debug hooks; with them a lead for
    /// each layer of hooks.
    fn lead_from_malloc(&self, block: Address) -> Bytes {
        if self.foreign.contains(block.0) {
            return Bytes::ZERO;
        }
        self.raw.lead() * (1 + u64::from(self.pools))
    }

    /// Checks what must hold between any two calls: lists of pools and arenas are what they should be, and the sums
    /// kept are those of the pools.
    ///
    /// # Panics
    /// If something does not hold; for tests.
    pub fn check(&self) {
        self.small.check();
    }
}

impl<A: Allocator> Allocator for Pymalloc<A> {
    #[inline]
    fn malloc(&mut self, kernel: &mut Kernel, thread: ThreadId, size: Bytes) -> Option<Address> {
        if self.plain
            && is_small(size)
            && let Some(block) = self.small.take(kernel, size)
        {
            return Some(block);
        }
        self.malloc_slowly(kernel, thread, size)
    }

    fn calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        if product(count, size)? > REQUEST_MAX {
            return None;
        }
        let call = &mut Call { kernel, thread };
        self.object_calloc(call, count, size)
    }

    /// `PyObject_Realloc`. To reallocate to nothing frees no block: it returns one of a byte.
    fn realloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        old: Option<Address>,
        size: Bytes,
    ) -> Option<Address> {
        if size > REQUEST_MAX {
            return None;
        }
        if let Some(old) = old
            && self.foreign.contains(old.0)
        {
            let new = self.raw.inner.realloc(kernel, thread, Some(old), size);
            if new.is_some() || size == Bytes::ZERO {
                self.foreign.remove(old.0);
            }
            if let Some(new) = new {
                self.foreign.insert(new.0, 0);
            }
            return new;
        }
        let call = &mut Call { kernel, thread };
        self.object_realloc(call, old, size)
    }

    /// Python has no such call: a library asks malloc itself.
    fn aligned(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        size: Bytes,
    ) -> Option<Address> {
        let block = self.raw.inner.aligned(kernel, thread, alignment, size)?;
        if self.has_hooks() {
            self.foreign.insert(block.0, 0);
        }
        Some(block)
    }

    #[inline]
    fn free(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        if !self.plain {
            return self.free_slowly(kernel, thread, block);
        }
        match self.small.map.get(block) {
            Some(pool) => {
                if let Some(arena) = self.small.give(pool, block) {
                    self.return_arena(kernel, arena);
                }
            }
            None => self.raw.inner.free(kernel, thread, block),
        }
    }

    /// Reaches what malloc has; pools and arenas know no such call.
    fn trim(&mut self, kernel: &mut Kernel, thread: ThreadId, pad: Bytes) -> bool {
        self.raw.inner.trim(kernel, thread, pad)
    }

    fn mallopt(&mut self, kernel: &mut Kernel, thread: ThreadId, option: i32, value: i32) -> bool {
        self.raw.inner.mallopt(kernel, thread, option, value)
    }

    fn forked(&mut self, thread: ThreadId) {
        self.raw.inner.forked(thread);
    }

    fn discard(&mut self, kernel: &mut Kernel, block: Address, cache: Option<Cache>) -> bool {
        self.raw.inner.discard(kernel, block, cache)
    }

    fn thread_exit(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        self.raw.inner.thread_exit(kernel, thread);
    }

    fn advance(&mut self, kernel: &mut Kernel, now: Micros) {
        self.raw.inner.advance(kernel, now);
    }

    fn usable_size(&self, kernel: &Kernel, block: Address) -> Bytes {
        let extra = |layers: u64| match self.raw.debug {
            true if !self.foreign.contains(block.0) => DEBUG_EXTRA * layers,
            _ => Bytes::ZERO,
        };
        match (self.small.map.get(block), self.in_malloc(block)) {
            (Some(pool), _) => self.small.size(pool) - extra(1),
            (None, Some(inner)) => {
                let usable = self.raw.inner.usable_size(kernel, inner);
                usable - extra(1 + u64::from(self.pools))
            }
            (None, None) => Bytes::ZERO,
        }
    }

    fn whereabouts(&self, kernel: &Kernel, block: Address) -> Whereabouts {
        match self.in_malloc(block) {
            Some(inner) => self.raw.inner.whereabouts(kernel, inner),
            None => Whereabouts::Pages,
        }
    }

    fn accounting(&self, kernel: &Kernel) -> Accounting {
        let mut sums = self.raw.inner.accounting(kernel);
        sums.free += self.free_bytes();
        sums
    }

    /// Returns what malloc could give back; no call reaches an arena.
    fn reclaimable(&self, kernel: &Kernel) -> Reclaimable {
        self.raw.inner.reclaimable(kernel)
    }

    fn census(&self, kernel: &Kernel, visit: &mut dyn FnMut(Block)) {
        self.walk(kernel, visit);
    }

    fn figures(&self) -> Option<Figures> {
        self.raw.inner.figures()
    }

    fn page_runs(&self, visit: &mut dyn FnMut(PageRun)) {
        self.raw.inner.page_runs(visit);
    }

    fn objects(&self, kernel: &Kernel) -> Option<Objects> {
        Some(self.sums(kernel))
    }

    fn resident_at_start(&self) -> Bytes {
        self.raw.inner.resident_at_start()
    }

    fn written_at_start(&self) -> Bytes {
        self.raw.inner.written_at_start()
    }

    fn decisions(&self) -> &DecisionLog {
        self.raw.inner.decisions()
    }

    fn decisions_mut(&mut self) -> &mut DecisionLog {
        self.raw.inner.decisions_mut()
    }
}
