//! The data of a thread.

use crate::options::Options;
use crate::prng::{Prng, Ticker};
use crate::tcache::Tcache;
use crate::units::ArenaIndex;
use highwater_allocator::{Address, Bytes, ThreadId};
use std::ops::{Index, IndexMut};

/// `ARENA_DECAY_NTICKS_PER_UPDATE`
pub(crate) const TICKS_PER_DECAY: i32 = 1000;
/// `TCACHE_GC_INCR`
pub(crate) const TCACHE_GC_INCR: i32 = 228;
/// The thread-local data of jemalloc (`tsd_t`).
#[derive(Clone)]
pub(crate) struct Tsd {
    /// Whether it was set up, at the thread's first call that allocates.
    pub(crate) started: bool,
    /// The calls before that, all of them frees.
    pub(crate) frees: u8,
    /// Whether the thread has ended.
    pub(crate) ended: bool,
    /// The arena it is bound to, once it had to choose one.
    pub(crate) arena: Option<ArenaIndex>,
    pub(crate) tcache: Option<Tcache>,
    pub(crate) prng: Prng,
    pub(crate) ticker: Ticker,
    /// The ticks by arena, where they are counted so.
    pub(crate) arena_tdata: Option<ArenaTdata>,
    /// The blocks it may still take and give until a bin of its cache is collected, where these are counted
    /// (`gc_ticker`).
    pub(crate) gc_ticker: i32,
    /// Whether it has had a call of malloc that tried the fast path.
    pub(crate) tried_fast_path: bool,
    /// The bytes it may still allocate and free until a bin of its cache is collected.
    pub(crate) until_gc: EventWaits,
}

/// A thread's counts of ticks by arena, up to 5.2.1 (`arenas_tdata`).
#[derive(Clone)]
pub(crate) struct ArenaTdata {
    /// The ticks left, by arena.
    pub(crate) left: Vec<i32>,
    /// The block they are in.
    pub(crate) home: Address,
}

/// The bytes until an event of a thread (`tcache_gc_event_wait`, `tcache_gc_dalloc_event_wait`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventWaits {
    pub(crate) alloc: Wait,
    pub(crate) dalloc: Wait,
}

/// Bytes that a thread may still allocate, or free.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait(Bytes);

impl Wait {
    /// One that never ends: no thread allocates that much.
    const UNBOUNDED: Self = Self(Bytes(u64::MAX));

    /// Counts bytes down, and returns whether the wait is over; the next one has begun then (`te_event_advance`).
    #[inline]
    pub(crate) fn count_down(&mut self, bytes: Bytes, options: &Options) -> bool {
        let is_over = bytes >= self.0;
        self.0 = match is_over {
            true => options.tcache_gc_incr_bytes,
            false => self.0 - bytes,
        };
        is_over
    }
}

impl EventWaits {
    /// Waits of `bytes` each; 0 for ever.
    pub(crate) fn each(bytes: Bytes) -> Self {
        let wait = match bytes {
            Bytes::ZERO => Wait::UNBOUNDED,
            bytes => Wait(bytes),
        };
        Self {
            alloc: wait,
            dalloc: wait,
        }
    }
}

impl Default for Tsd {
    fn default() -> Self {
        Self {
            started: false,
            frees: 0,
            ended: false,
            arena: None,
            tcache: None,
            prng: Prng(0),
            ticker: Ticker::new(TICKS_PER_DECAY),
            arena_tdata: None,
            gc_ticker: TCACHE_GC_INCR,
            tried_fast_path: false,
            until_gc: EventWaits::each(Bytes::ZERO),
        }
    }
}

/// The data of all threads, as far as there were calls of them.
#[derive(Clone)]
pub(crate) struct Threads(Vec<Tsd>);

impl Threads {
    /// The data of the main thread.
    pub(crate) fn new() -> Self {
        Self(vec![Tsd::default()])
    }

    #[inline]
    pub(crate) fn get(&self, thread: ThreadId) -> Option<&Tsd> {
        self.0.get(usize::from(thread.0))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, thread: ThreadId) -> Option<&mut Tsd> {
        self.0.get_mut(usize::from(thread.0))
    }

    /// Makes room for a thread's data, and returns them.
    #[inline]
    pub(crate) fn entry(&mut self, thread: ThreadId) -> &mut Tsd {
        let index = usize::from(thread.0);
        if index >= self.0.len() {
            self.0.resize_with(index + 1, Default::default);
        }
        &mut self.0[index]
    }

    /// Returns the caches there are, each with its thread.
    pub(crate) fn tcaches(&self) -> impl Iterator<Item = (ThreadId, &Tcache)> {
        let numbered = self.0.iter().enumerate();
        numbered.filter_map(|(thread, tsd)| Some((ThreadId(thread as u16), tsd.tcache.as_ref()?)))
    }

    /// Returns the ticks by arena of the threads that have such.
    pub(crate) fn arena_tdata(&self) -> impl Iterator<Item = &ArenaTdata> {
        self.0.iter().filter_map(|tsd| tsd.arena_tdata.as_ref())
    }
}

impl Index<ThreadId> for Threads {
    type Output = Tsd;

    #[inline]
    fn index(&self, thread: ThreadId) -> &Tsd {
        &self.0[usize::from(thread.0)]
    }
}

impl IndexMut<ThreadId> for Threads {
    #[inline]
    fn index_mut(&mut self, thread: ThreadId) -> &mut Tsd {
        &mut self.0[usize::from(thread.0)]
    }
}
