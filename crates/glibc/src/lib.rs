//! A model of glibc's malloc that returns the very addresses the real one returns, and leaves the same pages resident.
//!
//! It is the allocator itself, not a description of it: chunk headers, links and boundary tags are words in simulated
//! memory, written where the real allocator writes them, so that which pages are resident follows from the rules and is
//! never computed apart. Only what the C library keeps in its own data (bin heads, parameters) stands outside.
//!
//! Each file is a part of the allocator: [`chunk`] (the header), `bins`, `fastbins`, `tcache`, `malloc` (where a chunk
//! comes from), `free` (where it goes), `top` (the heap's end: sysmalloc, systrim), `mapped`, `realloc`, `memalign`,
//! `trim` (malloc_trim), `tunables` (the environment), `version`. Each rule cites the function it follows.
//!
//! Modelled is a process of one thread on the main arena.

mod arena;
mod bins;
mod census;
mod chunk;
mod fastbins;
mod free;
mod malloc;
mod mapped;
mod memalign;
mod params;
mod realloc;
mod tcache;
mod top;
mod trim;
mod tunables;
mod version;

pub use params::Params;
pub use tunables::{Settings, Tunable};
pub use version::Version;

use arena::{Arena, Call};
use chunk::{ALIGNMENT, Chunk, HEADER, IS_MMAPPED, WORD, request_to_size};
use highwater_allocator::{
    Accounting, Address, Allocator, Block, Bytes, DecisionLog, Kernel, Micros, ThreadId,
};
use memalign::effective_alignment;
use std::collections::BTreeSet;
use tcache::Tcache;

/// glibc's malloc in one process.
#[derive(Clone)]
pub struct Glibc {
    version: Version,
    params: Params,
    arenas: Vec<Arena>,
    tcaches: Vec<Option<Tcache>>,
    mapped: BTreeSet<Chunk>,
    log: DecisionLog,
}

impl Glibc {
    /// The allocator of a process that has called it not once, with the settings its environment gave.
    pub fn new(version: Version, params: Params) -> Self {
        Self {
            version,
            params,
            arenas: vec![Arena::new()],
            tcaches: vec![None],
            mapped: BTreeSet::new(),
            log: DecisionLog::default(),
        }
    }

    /// The release whose rules it follows.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The parameters as they stand now.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// What a call of a thread works on.
    #[inline]
    fn call<'a>(&'a mut self, kernel: &'a mut Kernel, thread: ThreadId) -> Call<'a> {
        debug_assert_eq!(thread, ThreadId::MAIN, "one thread is modelled");
        Call {
            kernel,
            params: &mut self.params,
            arena: &mut self.arenas[0],
            tcache: &mut self.tcaches[0],
            mapped: &mut self.mapped,
            log: &mut self.log,
        }
    }

    fn sums(&self, kernel: &Kernel) -> Accounting {
        let main = &self.arenas[0];
        let tcaches = self.tcaches.iter().flatten();
        let parked = tcaches.fold(main.fast.parked(), |sum, tcache| sum + tcache.parked());
        let top = main.top_size(kernel);
        Accounting {
            parked,
            free: main.bins.bytes() + top,
            top,
            trim_threshold: self.params.trim_threshold,
            mmap_threshold: self.params.mmap_threshold,
        }
    }
}

impl Call<'_> {
    /// Makes the thread's cache at its first call that may need one (`MAYBE_INIT_TCACHE`, `tcache_init`).
    #[inline]
    fn maybe_init_tcache(&mut self) {
        if self.tcache.is_none() {
            self.init_tcache();
        }
    }

    #[cold]
    fn init_tcache(&mut self) {
        if let Some(home) = self.int_malloc(tcache::STRUCT_BYTES) {
            self.kernel.touch(home.user(), tcache::STRUCT_BYTES);
            *self.tcache = Some(Tcache::new(home));
        }
    }

    /// glibc 2.36, `__libc_malloc`.
    #[inline]
    fn libc_malloc(&mut self, bytes: Bytes) -> Option<Address> {
        let size = request_to_size(bytes)?;
        self.maybe_init_tcache();
        if let Some(bin) = self.params.tcache_bin(size)
            && let Some(tcache) = self.tcache
            && tcache.has(bin)
        {
            return Some(tcache.get(self.kernel, bin).user());
        }
        self.int_malloc(bytes).map(Chunk::user)
    }

    /// glibc 2.36, `__libc_free`.
    #[inline]
    fn libc_free(&mut self, block: Address) {
        let chunk = Chunk::of_user(block);
        let header = chunk.header(self.kernel);
        if header.1 & IS_MMAPPED != 0 {
            self.free_mapped(chunk);
        } else if self.tcache.is_some() {
            self.int_free_with(chunk, header);
        } else {
            // Making the cache may change the chunk's neighbours.
            self.init_tcache();
            self.int_free(chunk);
        }
    }

    /// glibc 2.36, `__libc_calloc`: it passes the thread cache by, and clears only what may not be clear.
    fn libc_calloc(&mut self, count: u64, size: Bytes) -> Option<Address> {
        let bytes = i64::try_from(count.checked_mul(size.0)?).ok()? as u64;
        self.maybe_init_tcache();
        // What lies beyond the top as it was is fresh from the kernel, and taken to be clear: on Linux MORECORE_CLEARS is
        // 2 (sysdeps/unix/sysv/linux/Makefile).
        let old_top = self.arena.top;
        let unclear = self.arena.top_size(self.kernel);
        let chunk = self.int_malloc(Bytes(bytes))?;
        let perturbed = self.params.perturb != 0;
        if chunk.is_mmapped(self.kernel) {
            if perturbed {
                self.kernel.touch(chunk.user(), Bytes(bytes));
            }
            return Some(chunk.user());
        }
        let mut cleared = chunk.size(self.kernel);
        if !perturbed && chunk == old_top {
            cleared = cleared.min(unclear);
        }
        self.kernel.touch(chunk.user(), cleared - WORD);
        Some(chunk.user())
    }

    /// glibc 2.36, `__libc_realloc`.
    fn libc_realloc(&mut self, old: Address, bytes: Bytes) -> Option<Address> {
        if bytes == Bytes::ZERO {
            self.libc_free(old);
            return None;
        }
        let chunk = Chunk::of_user(old);
        if !chunk.is_mmapped(self.kernel) {
            self.maybe_init_tcache();
            let size = request_to_size(bytes)?;
            return self.int_realloc(chunk, size).map(Chunk::user);
        }
        let size = request_to_size(bytes)?;
        if let Some(moved) = self.mremap_chunk(chunk, size) {
            return Some(moved.user());
        }
        let old_size = chunk.size(self.kernel);
        if old_size - WORD >= size {
            return Some(old);
        }
        let new = self.libc_malloc(bytes)?;
        self.kernel.touch(new, old_size - HEADER);
        self.munmap_chunk(chunk);
        Some(new)
    }
}

impl Allocator for Glibc {
    #[inline]
    fn malloc(&mut self, kernel: &mut Kernel, thread: ThreadId, size: Bytes) -> Option<Address> {
        self.call(kernel, thread).libc_malloc(size)
    }

    fn calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        self.call(kernel, thread).libc_calloc(count, size)
    }

    fn realloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        old: Option<Address>,
        size: Bytes,
    ) -> Option<Address> {
        let mut call = self.call(kernel, thread);
        match old {
            Some(old) => call.libc_realloc(old, size),
            None => call.libc_malloc(size),
        }
    }

    fn aligned(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        size: Bytes,
    ) -> Option<Address> {
        let mut call = self.call(kernel, thread);
        if alignment <= ALIGNMENT {
            return call.libc_malloc(size);
        }
        let alignment = effective_alignment(alignment)?;
        call.int_memalign(alignment, size).map(Chunk::user)
    }

    #[inline]
    fn free(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        self.call(kernel, thread).libc_free(block);
    }

    fn trim(&mut self, kernel: &mut Kernel, thread: ThreadId, pad: Bytes) -> bool {
        self.call(kernel, thread).mtrim(pad)
    }

    /// The main thread's end is the process's: nothing is returned then.
    fn thread_exit(&mut self, _: &mut Kernel, _: ThreadId) {}

    /// glibc has no timers.
    fn advance(&mut self, _: &mut Kernel, _: Micros) {}

    fn usable_size(&self, kernel: &Kernel, block: Address) -> Bytes {
        Chunk::of_user(block).usable(kernel)
    }

    fn accounting(&self, kernel: &Kernel) -> Accounting {
        self.sums(kernel)
    }

    fn reclaimable(&self, kernel: &Kernel) -> Bytes {
        self.arenas
            .iter()
            .fold(Bytes::ZERO, |sum, arena| sum + arena.reclaimable(kernel))
    }

    fn reclaimable_cost(&self) -> u64 {
        // A chunk of a fastbin has 32 bytes at least.
        let chunks = |arena: &Arena| arena.bins.with_page() + arena.fast.parked().0 / 32;
        self.arenas.iter().map(chunks).sum()
    }

    fn census(&self, kernel: &Kernel, visit: &mut dyn FnMut(Block)) {
        self.walk(kernel, visit);
    }

    fn decisions(&self) -> &DecisionLog {
        &self.log
    }

    fn decisions_mut(&mut self) -> &mut DecisionLog {
        &mut self.log
    }
}
