//! A model of glibc's malloc that returns the very addresses the real one returns, and leaves the same pages resident.
//!
//! It is the allocator itself, not a description of it: chunk headers, links and boundary tags are words in simulated
//! memory, written where the real allocator writes them, so that which pages are resident follows from the rules and is
//! never computed apart. Only what the C library keeps in its own data (bin heads, parameters) stands outside.
//!
//! Each file is a part of the allocator: [`chunk`] (the header), `bins`, `fastbins`, `tcache`, `malloc` (where a chunk
//! comes from), `free` (where it goes), `top` (the heap's end: sysmalloc, systrim), `mapped`, `realloc`, `memalign`,
//! `trim` (malloc_trim), `arenas` (which thread allocates from which), `heap` (what the arenas of threads are made of),
//! `tunables` (the environment), `version`, and `rules`, where releases differ. Each rule cites the function it follows.

mod arena;
mod arenas;
mod bins;
mod census;
mod chunk;
mod differences;
mod discard;
mod entry;
mod facts;
mod fastbins;
mod free;
mod heap;
mod host;
mod malloc;
mod mapped;
mod memalign;
mod params;
mod realloc;
mod refusal;
mod rules;
mod tcache;
mod thread;
mod top;
mod trim;
mod tunables;
mod version;

pub use differences::Difference;
pub use facts::ArenaUse;
pub use host::{Cores, Host};
pub use params::Params;
pub use tunables::{Settings, Tunable};
pub use version::Version;

use arena::{Arena, Call, Shared};
use arenas::{ArenaId, Sharing};
use chunk::{Chunk, IS_MMAPPED, NON_MAIN_ARENA};
use highwater_allocator::{
    Accounting, Address, Allocator, Block, Bytes, Cache, DecisionLog, Kernel, Micros, ThreadId,
    Whereabouts,
};
use rules::Rules;
use std::collections::BTreeSet;
use thread::Thread;

/// glibc's malloc in one process.
#[derive(Clone)]
pub struct Glibc {
    version: Version,
    host: Host,
    shared: Shared,
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
            main.arena = Some(arenas::MAIN);
        }
        Self {
            version,
            host,
            shared: Shared {
                rules,
                params,
                mapped: BTreeSet::new(),
                next_area: None,
                log: DecisionLog::default(),
            },
            arenas: vec![Arena::main()],
            sharing: Sharing::default(),
            threads: vec![main],
            initialised: !rules.first_caller_gets_main,
            hook: rules.hooked,
        }
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
        self.thread(thread);
        let (before, rest) = self.threads.split_at_mut(usize::from(thread.0));
        let (own, after) = rest.split_first_mut().expect("thread() added it");
        Call {
            kernel,
            shared: &mut self.shared,
            arena: &mut self.arenas[arena],
            thread: own,
            others: [before, after],
        }
    }

    fn sums(&self, kernel: &Kernel) -> Accounting {
        let tcaches = self.threads.iter().filter_map(|t| t.tcache.as_ref());
        let mut sums = Accounting {
            parked: tcaches.fold(Bytes::ZERO, |sum, tcache| sum + tcache.parked()),
            free: Bytes::ZERO,
            top: self.arenas[arenas::MAIN].top_size(kernel),
            trim_threshold: self.shared.params.trim_threshold,
            mmap_threshold: self.shared.params.mmap_threshold,
        };
        for arena in &self.arenas {
            sums.parked += arena.fast.parked();
            sums.free += arena.bins.bytes() + arena.top_size(kernel);
        }
        sums
    }
}

impl Allocator for Glibc {
    #[inline]
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

    fn discard(&mut self, kernel: &mut Kernel, block: Address, cache: Option<Cache>) -> bool {
        self.discard_chunk(kernel, Chunk::of_user(block), cache)
    }

    fn thread_exit(&mut self, kernel: &mut Kernel, thread: ThreadId) {
        self.thread_freeres(kernel, thread);
    }

    /// glibc has no timers.
    fn advance(&mut self, _: &mut Kernel, _: Micros) {}

    fn usable_size(&self, kernel: &Kernel, block: Address) -> Bytes {
        mapped::usable(kernel, self.shared.rules, Chunk::of_user(block))
    }

    fn whereabouts(&self, kernel: &Kernel, block: Address) -> Whereabouts {
        let chunk = Chunk::of_user(block);
        let head = chunk.head(kernel);
        if head & IS_MMAPPED != 0 {
            Whereabouts::Mapping
        } else if head & NON_MAIN_ARENA != 0 {
            let span = self.shared.heap_span();
            let base = heap::base_of(chunk, span);
            Whereabouts::Heap { base, span }
        } else {
            Whereabouts::Main
        }
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
        &self.shared.log
    }

    fn decisions_mut(&mut self) -> &mut DecisionLog {
        &mut self.shared.log
    }
}
