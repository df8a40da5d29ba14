//! tracemalloc as the overhead it is: for each block that is held a trace and an entry of a hash table, from malloc.
//!
//! The tables are made when the interpreter starts, which is no part of a workload; they cost nothing here until they
//! grow. Where the program's lines are not known there is one traceback, which is static. In a real program each
//! distinct traceback costs a block more, of 24 bytes and 12 for each frame but the first; there are as many as places
//! that allocate, not as many as blocks.
//!
//! CPython 3.11, Modules/_tracemalloc.c: `tracemalloc_add_trace`, `tracemalloc_remove_trace`; Python/hashtable.c:
//! `_Py_hashtable_set`, `_Py_hashtable_steal`, `hashtable_rehash`.

use crate::raw::{Call, Raw};
use highwater_allocator::{Address, Allocator, Bytes, Numbers, table_bytes};

/// `sizeof (trace_t)`
const TRACE: Bytes = Bytes(16);
/// `sizeof (_Py_hashtable_entry_t)`
const ENTRY: Bytes = Bytes(32);
/// The fewest buckets a table has (`HASHTABLE_MIN_SIZE`).
const BUCKETS_MIN: u64 = 16;
/// A bucket: a pointer.
const BUCKET: Bytes = Bytes(8);
/// A table with more entries than this for each bucket grows (`HASHTABLE_HIGH`).
const HIGH: f64 = 0.50;
/// One with fewer shrinks (`HASHTABLE_LOW`).
const LOW: f64 = 0.10;

/// The trace of a block and its entry in the table.
#[derive(Clone, Copy, Debug)]
struct Trace {
    trace: Address,
    entry: Address,
}

/// The table of traces.
#[derive(Clone, Debug)]
pub(crate) struct Tracer {
    /// The place of the trace of each block.
    places: Numbers,
    /// The traces, by place; a free place is `None`, and listed in `spare`.
    kept: Vec<Option<Trace>>,
    spare: Vec<u64>,
    /// The number of its buckets.
    buckets: u64,
    /// Their address, once there are more than at first.
    home: Option<Address>,
}

impl Tracer {
    /// Makes the table as the interpreter's start leaves it.
    pub(crate) fn new() -> Self {
        Self {
            places: Numbers::default(),
            kept: Vec::new(),
            spare: Vec::new(),
            buckets: BUCKETS_MIN,
            home: None,
        }
    }

    /// Returns the bytes of the tables that it takes here.
    pub(crate) fn footprint(&self) -> Bytes {
        self.places.footprint() + table_bytes(&self.kept) + table_bytes(&self.spare)
    }

    /// Traces a block; `false` where there is no memory for that (`tracemalloc_add_trace`).
    pub(crate) fn add<A: Allocator>(
        &mut self,
        call: &mut Call<'_>,
        raw: &mut Raw<A>,
        block: Address,
    ) -> bool {
        if self.places.contains(block.0) {
            return true;
        }
        let Some(trace) = raw.malloc(call, TRACE) else {
            return false;
        };
        call.kernel.touch(trace, TRACE);
        let Some(entry) = raw.plain_malloc(call, ENTRY) else {
            raw.free(call, trace);
            return false;
        };
        call.kernel.touch(entry, ENTRY);
        self.keep(block, Trace { trace, entry });
        if self.load() > HIGH && !self.rehash(call, raw) {
            self.forget(block);
            raw.plain_free(call, entry);
            raw.free(call, trace);
            return false;
        }
        true
    }

    /// Removes the trace of a block, if it has one (`tracemalloc_remove_trace`).
    pub(crate) fn remove<A: Allocator>(
        &mut self,
        call: &mut Call<'_>,
        raw: &mut Raw<A>,
        block: Address,
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

    fn keep(&mut self, block: Address, trace: Trace) {
        let place = self.spare.pop().unwrap_or_else(|| {
            self.kept.push(None);
            self.kept.len() as u64 - 1
        });
        self.kept[place as usize] = Some(trace);
        self.places.insert(block.0, place);
    }

    fn forget(&mut self, block: Address) -> Option<Trace> {
        let place = self.places.remove(block.0)?;
        self.spare.push(place);
        self.kept[place as usize].take()
    }

    /// Returns the entries for each bucket, as exactly as CPython computes them.
    fn load(&self) -> f64 {
        f64::from(self.places.len() as f32 / self.buckets as f32)
    }

    fn rehash<A: Allocator>(&mut self, call: &mut Call<'_>, raw: &mut Raw<A>) -> bool {
        let wanted = (self.places.len() as f64 * 2.0 / (LOW + HIGH)) as u64;
        let buckets = wanted.max(BUCKETS_MIN).next_power_of_two();
        if buckets == self.buckets {
            return true;
        }
        let Some(home) = raw.plain_malloc(call, BUCKET * buckets) else {
            return false;
        };
        call.kernel.touch(home, BUCKET * buckets);
        self.buckets = buckets;
        if let Some(old) = self.home.replace(home) {
            raw.plain_free(call, old);
        }
        true
    }

    /// Returns the number of blocks that are traced.
    pub(crate) fn traced(&self) -> u64 {
        self.places.len() as u64
    }

    /// Returns the bytes it has asked for.
    pub(crate) fn bytes(&self) -> Bytes {
        (TRACE + ENTRY) * self.traced() + BUCKET * self.buckets
    }

    /// Returns every block it has, by its address for the allocator below: `lead` bytes before what hooks return.
    pub(crate) fn own(&self, lead: Bytes) -> impl Iterator<Item = Address> + '_ {
        let pairs = self
            .kept
            .iter()
            .flatten()
            .flat_map(move |known| [known.trace - lead, known.entry]);
        pairs.chain(self.home)
    }
}
