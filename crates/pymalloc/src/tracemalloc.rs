//! tracemalloc as the overhead it is: for each block that is held a trace and an entry of a hash table, from malloc.
//!
//! The tables are made when the interpreter starts, which is no part of a workload; they cost nothing here until they grow.
//! Where the program's lines are not known there is one traceback, which is static. In a real program each distinct
//! traceback costs a block more, of 24 bytes and 12 for each frame but the first; there are as many as places that allocate,
//! not as many as blocks.
//!
//! CPython 3.11, Modules/_tracemalloc.c: `tracemalloc_add_trace`, `tracemalloc_remove_trace`; Python/hashtable.c:
//! `_Py_hashtable_set`, `_Py_hashtable_steal`, `hashtable_rehash`.

use crate::raw::{Call, DEBUG_LEAD, Raw};
use highwater_allocator::{Address, Allocator, Bytes, Numbers};

/// Bytes of `trace_t`.
const TRACE: u64 = 16;
/// Bytes of `_Py_hashtable_entry_t`.
const ENTRY: u64 = 32;
/// The fewest buckets a table has (`HASHTABLE_MIN_SIZE`).
const BUCKETS_MIN: u64 = 16;
/// Bytes of a bucket: a pointer.
const BUCKET: u64 = 8;
/// A table with more entries than this for each bucket grows (`HASHTABLE_HIGH`).
const HIGH: f64 = 0.50;
/// One with fewer shrinks (`HASHTABLE_LOW`).
const LOW: f64 = 0.10;
/// What is kept of a block.
#[derive(Clone, Copy, Debug)]
struct Trace {
    trace: u64,
    entry: u64,
}

/// The table of traces.
#[derive(Clone, Debug)]
pub(crate) struct Tracer {
    /// For each block that is traced the place of its entry.
    places: Numbers,
    /// What is kept, by place; what nothing is kept at is `None`, and listed.
    kept: Vec<Option<Trace>>,
    spare: Vec<u64>,
    /// How many buckets it has.
    buckets: u64,
    /// Where they lie, once there are more than at first.
    home: Option<u64>,
}

impl Tracer {
    /// As the interpreter's start leaves it.
    pub(crate) fn new() -> Self {
        Self {
            places: Numbers::default(),
            kept: Vec::new(),
            spare: Vec::new(),
            buckets: BUCKETS_MIN,
            home: None,
        }
    }

    /// Takes down a block that is held from now on; `false` where there is no memory for that.
    pub(crate) fn add<A: Allocator>(
        &mut self,
        call: &mut Call<'_>,
        raw: &mut Raw<A>,
        block: u64,
    ) -> bool {
        if self.places.contains(block) {
            return true;
        }
        let Some(trace) = raw.malloc(call, TRACE) else {
            return false;
        };
        call.kernel.touch(Address(trace), Bytes(TRACE));
        let Some(entry) = raw.plain_malloc(call, ENTRY) else {
            raw.free(call, trace);
            return false;
        };
        call.kernel.touch(Address(entry), Bytes(ENTRY));
        self.keep(block, Trace { trace, entry });
        if self.load() > HIGH && !self.rehash(call, raw) {
            self.forget(block);
            raw.plain_free(call, entry);
            raw.free(call, trace);
            return false;
        }
        true
    }

    /// Forgets a block, if it was taken down.
    pub(crate) fn remove<A: Allocator>(
        &mut self,
        call: &mut Call<'_>,
        raw: &mut Raw<A>,
        block: u64,
    ) {
        let Some(Trace { trace, entry }) = self.forget(block) else {
            return;
        };
        raw.plain_free(call, entry);
        if self.load() < LOW {
            self.rehash(call, raw);
        }
        raw.free(call, trace);
    }

    fn keep(&mut self, block: u64, trace: Trace) {
        let place = self.spare.pop().unwrap_or_else(|| {
            self.kept.push(None);
            self.kept.len() as u64 - 1
        });
        self.kept[place as usize] = Some(trace);
        self.places.insert(block, place);
    }

    fn forget(&mut self, block: u64) -> Option<Trace> {
        let place = self.places.remove(block)?;
        self.spare.push(place);
        self.kept[place as usize].take()
    }

    /// Entries for each bucket, as exactly as it is reckoned.
    fn load(&self) -> f64 {
        f64::from(self.places.len() as f32 / self.buckets as f32)
    }

    fn rehash<A: Allocator>(&mut self, call: &mut Call<'_>, raw: &mut Raw<A>) -> bool {
        let wanted = (self.places.len() as f64 * 2.0 / (LOW + HIGH)) as u64;
        let buckets = wanted.max(BUCKETS_MIN).next_power_of_two();
        if buckets == self.buckets {
            return true;
        }
        let Some(home) = raw.plain_malloc(call, buckets * BUCKET) else {
            return false;
        };
        call.kernel.touch(Address(home), Bytes(buckets * BUCKET));
        self.buckets = buckets;
        if let Some(old) = self.home.replace(home) {
            raw.plain_free(call, old);
        }
        true
    }

    /// How many blocks are traced.
    pub(crate) fn traced(&self) -> u64 {
        self.places.len() as u64
    }

    /// Bytes asked for.
    pub(crate) fn bytes(&self) -> u64 {
        self.traced() * (TRACE + ENTRY) + self.buckets * BUCKET
    }

    /// Every block it has, as the allocator below knows it.
    pub(crate) fn own(&self, debug: bool) -> impl Iterator<Item = u64> + '_ {
        let lead = if debug { DEBUG_LEAD } else { 0 };
        let pairs = self
            .kept
            .iter()
            .flatten()
            .flat_map(move |known| [known.trace - lead, known.entry]);
        pairs.chain(self.home)
    }
}
