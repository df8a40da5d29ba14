//! What a thread has of its own.

use crate::arena_tdata::{ArenaTdata, TICKS_PER_DECAY};
use crate::prng::{Prng, Ticker};
use crate::tcache::Tcache;

/// `TCACHE_GC_INCR`
pub(crate) const EVENTS: i32 = 228;

/// The thread-local data of jemalloc (`tsd_t`).
#[derive(Clone)]
pub(crate) struct Tsd {
    /// Whether its data were set up, at its first call that allocates.
    pub(crate) started: bool,
    /// Calls before that, all of them frees.
    pub(crate) frees: u8,
    /// Whether it has ended.
    pub(crate) ended: bool,
    /// The arena it is bound to, once it had to choose one.
    pub(crate) arena: Option<usize>,
    pub(crate) tcache: Option<Tcache>,
    pub(crate) prng: Prng,
    pub(crate) ticker: Ticker,
    /// Ticks by arena, where they are counted so.
    pub(crate) arena_tdata: Option<ArenaTdata>,
    /// Blocks it may still take and give until a bin of its cache is collected, where these are counted.
    pub(crate) until_event: i32,
    /// Whether it has had a call of malloc that took the short way.
    pub(crate) took_short_way: bool,
    /// Bytes it may still allocate and free until a bin of its cache is collected.
    pub(crate) until_collected: EventWaits,
}

/// Bytes until an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventWaits {
    pub(crate) allocated: u64,
    pub(crate) freed: u64,
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
            until_event: EVENTS,
            took_short_way: false,
            until_collected: EventWaits {
                allocated: u64::MAX,
                freed: u64::MAX,
            },
        }
    }
}
