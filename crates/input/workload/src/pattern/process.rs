//! The process whose calls are kept: its clock, its chance, its blocks.

use super::kind::Share;
use super::table::Bursts;
use crate::numbers::BlockNumbers;
use crate::{
    BlockId, Bytes, Call, Domain, Event, Mark, MarkId, Micros, Nanos, SiteId, ThreadId, Workload,
};
use oorandom::Rand32;

/// What a call to the allocator takes, as far as the clock goes.
const CALL_TIME: Nanos = Nanos(60);

/// Returns the time that something takes which takes `per_kb` for each 1,000 bytes.
pub(super) fn time_for(bytes: Bytes, per_kb: Nanos) -> Nanos {
    Nanos(bytes.0 * per_kb.0 / 1000)
}

/// A program under way. Everything it asks of its allocator becomes an event.
#[derive(Clone)]
pub(super) struct Process {
    clock: Nanos,
    chance: Rand32,
    thread: ThreadId,
    workload: Workload,
    /// Where something calls `malloc_trim` from time to time: how often, and when next.
    trims: Option<(Nanos, Nanos)>,
    numbers: BlockNumbers,
    /// Blocks that it holds to its end, whose numbers it does not keep.
    lasting: u64,
}

impl Process {
    pub(super) fn new(seed: u32, calls: u64) -> Self {
        let mut workload = Workload::default();
        // An upper bound of what comes, so that there is no copying; not more than some tens of megabytes at once.
        // What cannot be had now is asked for again when it is needed.
        let _ = workload.events.try_reserve(calls.min(1 << 20) as usize);
        Self {
            clock: Nanos(0),
            chance: Rand32::new(u64::from(seed)),
            thread: ThreadId::MAIN,
            workload,
            trims: None,
            numbers: BlockNumbers::default(),
            lasting: 0,
        }
    }

    /// Runs a part of the program whose blocks are freed in it or held to the end.
    pub(super) fn leaving(&mut self, what: impl FnOnce(&mut Self)) {
        let before = self.numbers.given_out();
        what(self);
        self.lasting += self.numbers.given_out() - before;
    }

    /// From now on the program calls `malloc_trim(0)` at this interval, between two steps of its tasks.
    pub(super) fn trim_every(&mut self, interval: Micros) {
        let interval = Nanos::from_micros(interval);
        self.trims = Some((interval, self.clock + interval));
    }

    // ---- the C library's malloc

    pub(super) fn malloc(&mut self, size: Bytes) -> BlockId {
        self.malloc_in(Domain::Raw, size)
    }

    pub(super) fn calloc(&mut self, count: u32, size: Bytes) -> BlockId {
        self.calloc_in(Domain::Raw, count, size)
    }

    pub(super) fn realloc(&mut self, old: BlockId, size: Bytes) -> BlockId {
        self.realloc_in(Domain::Raw, old, size)
    }

    pub(super) fn free(&mut self, block: BlockId) {
        self.free_in(Domain::Raw, block);
    }

    // ---- the interpreter's allocator of objects

    /// `PyObject_Malloc`, `PyMem_Malloc`
    pub(super) fn object_malloc(&mut self, size: Bytes) -> BlockId {
        self.malloc_in(Domain::Object, size)
    }

    /// `PyMem_Calloc`
    pub(super) fn object_calloc(&mut self, size: Bytes) -> BlockId {
        self.calloc_in(Domain::Object, 1, size)
    }

    /// `PyMem_Realloc`
    pub(super) fn object_realloc(&mut self, old: BlockId, size: Bytes) -> BlockId {
        self.realloc_in(Domain::Object, old, size)
    }

    /// `PyObject_Free`, `PyMem_Free`
    pub(super) fn object_free(&mut self, block: BlockId) {
        self.free_in(Domain::Object, block);
    }

    // ---- either

    fn malloc_in(&mut self, domain: Domain, size: Bytes) -> BlockId {
        let block = self.new_block();
        self.call(domain, Call::Malloc { block, size });
        block
    }

    fn calloc_in(&mut self, domain: Domain, count: u32, size: Bytes) -> BlockId {
        let block = self.new_block();
        self.call(domain, Call::Calloc { block, count, size });
        block
    }

    fn realloc_in(&mut self, domain: Domain, old: BlockId, size: Bytes) -> BlockId {
        let block = self.new_block();
        self.numbers.give_back(old);
        let old = Some(old);
        self.call(domain, Call::Realloc { block, old, size });
        block
    }

    fn free_in(&mut self, domain: Domain, block: BlockId) {
        self.numbers.give_back(block);
        self.call(domain, Call::Free { block });
    }

    // ---- threads, time and chance

    /// The calls that follow are made by this thread.
    pub(super) fn run_as(&mut self, thread: ThreadId) {
        self.thread = thread;
        self.workload.last_thread = self.workload.last_thread.max(thread);
    }

    /// The thread that runs ends.
    pub(super) fn exit_thread(&mut self) {
        self.call(Domain::Raw, Call::ThreadExit);
        self.thread = ThreadId::MAIN;
    }

    /// `malloc_trim(0)`
    pub(super) fn trim(&mut self) {
        self.call(Domain::Raw, Call::Trim { pad: Bytes::ZERO });
    }

    /// Rests as long as the program does after each of its cycles, which are counted from 0. After the last it calls
    /// `malloc_trim(0)`, and marks that it did, if it is to.
    pub(super) fn end_cycle(&mut self, cycle: u32, bursts: &Bursts) {
        self.rest(bursts.rest);
        self.mark(format!("rest:{cycle}"));
        if cycle + 1 == bursts.cycles && bursts.trim {
            self.trim();
            self.mark("trimmed".into());
        }
    }

    /// Calls `malloc_trim(0)` if it is time for it.
    pub(super) fn trim_if_due(&mut self) {
        if let Some((interval, due)) = self.trims
            && due <= self.clock
        {
            // A call that comes late is not made up for.
            self.trims = Some((interval, self.clock.max(due) + interval));
            let thread = std::mem::replace(&mut self.thread, ThreadId::MAIN);
            self.trim();
            self.thread = thread;
        }
    }

    pub(super) fn mark(&mut self, name: String) {
        // Few marks to a cycle, and cycles are counted in 32 bits.
        let id = MarkId(self.workload.marks.len() as u32);
        self.workload.marks.push(Mark {
            name,
            measured: Vec::new(),
        });
        self.call(Domain::Raw, Call::Mark(id));
    }

    /// Returns about how many bytes it takes, with what the program keeps of each block that it may free.
    pub(super) fn footprint(&self) -> Bytes {
        // A number alone, or the numbers of the blocks of a dict or a record.
        const OF_BLOCK: u64 = 16;
        self.numbers.footprint()
            + Bytes(OF_BLOCK * self.numbers.given_out().saturating_sub(self.lasting))
    }

    /// Returns the time since the start.
    pub(super) fn now(&self) -> Nanos {
        self.clock
    }

    /// Lets time pass, with work or without.
    pub(super) fn spend(&mut self, time: Nanos) {
        self.clock += time;
    }

    /// Does work that takes about this long: up to a fifth more or less, as on a machine that does other things as well.
    pub(super) fn work(&mut self, time: Nanos) {
        let share = u64::from(self.between(800, 1_200));
        self.spend(Nanos(time.0 * share / 1000));
    }

    /// Lets time pass until `moment`, if it is still to come; what is due on the way happens.
    pub(super) fn wait_until(&mut self, moment: Nanos) {
        while let Some((_, due)) = self.trims.filter(|(_, due)| *due <= moment) {
            self.clock = self.clock.max(due);
            self.trim_if_due();
        }
        self.clock = self.clock.max(moment);
    }

    /// Lets time pass without work.
    fn rest(&mut self, time: Micros) {
        self.wait_until(self.clock + Nanos::from_micros(time));
    }

    /// A number from `low` to below `high`, each as likely as any other.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        self.chance.rand_range(low..high)
    }

    /// Returns true in a share of all cases.
    pub(super) fn chance(&mut self, share: Share) -> bool {
        self.between(0, Share::ALL.0) < share.0
    }

    // ---- what was called

    /// The calls made since they were taken last.
    pub(super) fn take_calls(&mut self) -> Workload {
        // A copy of the process at this moment is kept for as long as its next calls can be asked for again.
        self.numbers.fold();
        let next = Workload {
            header: self.workload.header.clone(),
            blocks: self.workload.blocks,
            last_thread: self.workload.last_thread,
            ..Workload::default()
        };
        std::mem::replace(&mut self.workload, next)
    }

    fn new_block(&mut self) -> BlockId {
        let block = self.numbers.take();
        self.workload.blocks = self.numbers.end;
        block
    }

    fn call(&mut self, domain: Domain, call: Call) {
        self.clock += CALL_TIME;
        self.workload.events.push(Event {
            time: self.clock.to_micros(),
            thread: self.thread,
            domain,
            site: SiteId::UNKNOWN,
            call,
        });
    }
}
