//! What a thread has of its own.

use crate::prng::{Prng, Ticker};
use crate::tcache::Tcache;

/// `ARENA_DECAY_NTICKS_PER_UPDATE`
const TICKS_PER_DECAY: i32 = 1000;

/// The thread-local data of jemalloc (`tsd_t`).
#[derive(Clone)]
pub(crate) struct Thread {
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
    /// Bytes it may still allocate and free until a bin of its cache is collected.
    pub(crate) until_collected: Waits,
}

/// Bytes until an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waits {
    pub(crate) allocated: u64,
    pub(crate) freed: u64,
}

impl Default for Thread {
    fn default() -> Self {
        Self {
            started: false,
            frees: 0,
            ended: false,
            arena: None,
            tcache: None,
            prng: Prng(0),
            ticker: Ticker::new(TICKS_PER_DECAY),
            until_collected: Waits {
                allocated: u64::MAX,
                freed: u64::MAX,
            },
        }
    }
}
