//! A model of glibc's malloc that returns the very addresses the real one returns, and leaves the same pages resident.
//!
//! It is the allocator itself, not a description of it: the same lists, searched in the same order. What the real one keeps
//! in chunk headers, links and boundary tags lies in a table of chunks; what it writes there makes the same pages resident
//! (`chunks` says which writes can).
//!
//! Each file is a part of the allocator: `chunk` (sizes and layout), `chunks` (the table), `starts` (finding a chunk by its
//! address), `bins`, `fastbins`, `tcache`, `malloc` (where a chunk comes from), `free` (where it goes), `top` (the heap's end: sysmalloc, systrim), `mapped`, `realloc`, `memalign`,
//! `trim` (malloc_trim), `arenas` (which thread allocates from which), `heap` (what the arenas of threads are made of),
//! `tunables` (the environment), `version`, and `rules`, where releases differ. Each rule cites the function it follows.

mod arena;
mod arenas;
mod bins;
mod call;
mod census;
mod chunk;
mod chunks;
mod differences;
mod discard;
mod entry;
mod facts;
mod fastbins;
mod free;
mod heap;
mod heaps;
mod host;
mod malloc;
mod mapped;
mod memalign;
mod params;
mod realloc;
mod refusal;
mod rules;
mod shared;
mod starts;
mod stored;
mod tcache;
mod thp;
mod thread;
mod top;
mod trim;
mod tunables;
mod version;

pub use differences::Difference;
pub use facts::ArenaUse;
pub use host::{Cores, Host};
pub use params::Params;
pub use stored::Stored;
pub use tunables::{Settings, Tunable};
pub use version::Version;

use arena::{Arena, ArenaId};
use arenas::Sharing;
use call::Call;
use chunk::Chunk;
use chunks::Chunks;
use highwater_allocator::{
    Accounting, Address, Allocator, Block, Bytes, Cache, DecisionLog, Kernel, Micros, Numbers,
    Reclaimable, ThreadId, Whereabouts,
};
use rules::Rules;
use shared::Shared;
use thread::Thread;

/// glibc's malloc in one process.
#[derive(Clone)]
pub struct Glibc {
    version: Version,
    host: Host,
    shared: Shared,
    chunks: Chunks,
    arenas: Vec<Arena>,
    sharing: Sharing,
    threads: Vec<Thread>,
    /// Whether any call was made (`__malloc_initialized`).
    initialised: bool,
    /// Whether the next call of malloc, calloc or realloc goes through the hook of the first.
    hook: bool,
}

impl Glibc {
    /// The allocator of a process that has called it not once, with the settings its environment gave.
    pub fn new(version: Version, params: Params, host: Host) -> Self {
        let rules = Rules::of(version);
        let mut main = Thread::default();
        if !rules.first_caller_gets_main {
            main.arena = Some(arena::MAIN);
        }
        Self {
            version,
            host,
            shared: Shared {
                rules,
                params,
                arena_of_heap: Numbers::default(),
                next_area: None,
                knows_break: false,
                log: DecisionLog::default(),
            },
            chunks: Chunks::new(),
            arenas: vec![Arena::main(Chunk::NONE)],
            sharing: Sharing::default(),
            threads: vec![main],
            initialised: !rules.first_caller_gets_main,
            hook: rules.hooked,
        }
    }

    /// Returns it with room for a program that holds at most this number of blocks, so that its table of chunks seldom moves. The
    /// program may hold more.
    #[must_use]
    pub fn expecting(mut self, blocks: usize) -> Self {
        self.chunks.expect(blocks);
        self
    }

    /// The release whose rules it follows.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What the process found around it.
    pub fn host(&self) -> Host {
        self.host
    }

    /// The parameters as they stand now.
    pub fn params(&self) -> &Params {
        &self.shared.params
    }

    /// What belongs to a thread.
    #[inline]
    fn thread(&mut self, thread: ThreadId) -> &mut Thread {
        let index = usize::from(thread.0);
        if index >= self.threads.len() {
            self.add_threads(index + 1);
        }
        &mut self.threads[index]
    }

    #[cold]
    fn add_threads(&mut self, count: usize) {
        self.threads.resize_with(count, Thread::default);
    }

    /// What a call of a thread into an arena works on.
    #[inline]
    fn call<'a>(
        &'a mut self,
        kernel: &'a mut Kernel,
        thread: ThreadId,
        arena: ArenaId,
    ) -> Call<'a> {
        let thread = usize::from(thread.0);
        if thread >= self.threads.len() {
            self.add_threads(thread + 1);
        }
        Call {
            kernel,
            shared: &mut self.shared,
            chunks: &mut self.chunks,
            arena: &mut self.arenas[arena],
            threads: &mut self.threads,
            thread,
        }
    }

    fn sums(&self) -> Accounting {
        let tcaches = self.threads.iter().filter_map(|t| t.tcache.as_ref());
        let mut sums = Accounting {
            parked: tcaches.fold(Bytes::ZERO, |sum, tcache| sum + tcache.parked()),
            free: Bytes::ZERO,
            top: self.chunks.size(self.arenas[arena::MAIN].top),
            trim_threshold: self.shared.params.trim_threshold,
            mmap_threshold: self.shared.params.mmap_threshold,
        };
        for arena in &self.arenas {
            sums.parked += arena.fast.parked();
            sums.free += arena.bins.bytes() + self.chunks.size(arena.top);
        }
        sums
    }
}

impl Allocator for Glibc {
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    fn malloc(&mut self, kernel: &mut Kernel, thread: ThreadId, size: Bytes) -> Option<Address> {
        self.libc_malloc(kernel, thread, size)
    }

    fn calloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        count: u64,
        size: Bytes,
    ) -> Option<Address> {
        self.libc_calloc(kernel, thread, count, size)
    }

    fn realloc(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        old: Option<Address>,
        size: Bytes,
    ) -> Option<Address> {
        self.libc_realloc(kernel, thread, old, size)
    }

    fn aligned(
        &mut self,
        kernel: &mut Kernel,
        thread: ThreadId,
        alignment: Bytes,
        size: Bytes,
    ) -> Option<Address> {
        self.mid_memalign(kernel, thread, alignment, size)
    }

    #[inline]
    fn free(&mut self, kernel: &mut Kernel, thread: ThreadId, block: Address) {
        self.libc_free(kernel, thread, block);
    }

    fn trim(&mut self, kernel: &mut Kernel, thread: ThreadId, pad: Bytes) -> bool {
        self.malloc_trim(kernel, thread, pad)
    }

    fn mallopt(&mut self, kernel: &mut Kernel, thread: ThreadId, option: i32, value: i32) -> bool {
        self.libc_mallopt(kernel, thread, option, value)
    }

    fn forked(&mut self, thread: ThreadId) {
        self.fork_unlock_child(thread);
    }

    fn discard(&mut self, kernel: &mut Kernel, block: Address, cache: Option<Cache>) -> bool {
        self.discard_chunk(kernel, block, cache)
    }

    fn thread_exit(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        self.thread_freeres(kernel, thread);
    }

    /// glibc has no timers.
    fn advance(&mut self, _: &mut Kernel, _: Micros) {}

    fn usable_size(&self, _: &Kernel, block: Address) -> Bytes {
        let chunk = self.chunks.of_user(block);
        mapped::usable(&self.chunks, self.shared.rules, chunk)
    }

    fn whereabouts(&self, _: &Kernel, block: Address) -> Whereabouts {
        let chunk = self.chunks.of_user(block);
        if self.chunks.is_mmapped(chunk) {
            Whereabouts::Mapping
        } else if self.chunks.is_of_main_arena(chunk) {
            Whereabouts::Main
        } else {
            let span = self.shared.heap_span();
            let base = heap::base_of(block, span);
            Whereabouts::Heap { base, span }
        }
    }

    fn accounting(&self, _: &Kernel) -> Accounting {
        self.sums()
    }

    fn reclaimable(&self, kernel: &Kernel) -> Reclaimable {
        let unit = thp::break_unit(kernel, &self.shared.params, self.shared.rules);
        let mut found = Reclaimable::default();
        for arena in &self.arenas {
            arena.find_reclaimable(&self.chunks, kernel, unit, &mut found);
        }
        found
    }

    fn census(&self, _: &Kernel, visit: &mut dyn FnMut(Block)) {
        self.walk(visit);
    }

    fn decisions(&self) -> &DecisionLog {
        &self.shared.log
    }

    fn decisions_mut(&mut self) -> &mut DecisionLog {
        &mut self.shared.log
    }
}
