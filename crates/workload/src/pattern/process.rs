//! The process whose calls are kept: its clock, its chance, its blocks.

use crate::{BlockId, Bytes, Call, Event, Mark, MarkId, Micros, ThreadId, Workload};
use oorandom::Rand32;

/// What a call to the allocator takes, as far as the clock goes.
const CALL_NS: u64 = 60;

/// A program under way. Everything it asks of its allocator becomes an event.
pub(super) struct Process {
    clock_ns: u64,
    chance: Rand32,
    thread: ThreadId,
    workload: Workload,
}

impl Process {
    pub(super) fn new(seed: u32, calls: u64) -> Self {
        let mut workload = Workload::default();
        // An upper bound of what comes, so that there is no copying; not more than some tens of megabytes at once.
        workload.events.reserve(calls.min(1 << 20) as usize);
        Self {
            clock_ns: 0,
            chance: Rand32::new(u64::from(seed)),
            thread: ThreadId::MAIN,
            workload,
        }
    }

    pub(super) fn malloc(&mut self, size: u64) -> BlockId {
        let block = self.new_block();
        let size = Bytes(size);
        self.call(Call::Malloc { block, size });
        block
    }

    pub(super) fn calloc(&mut self, count: u32, size: u64) -> BlockId {
        let block = self.new_block();
        let size = Bytes(size);
        self.call(Call::Calloc { block, count, size });
        block
    }

    pub(super) fn realloc(&mut self, old: BlockId, size: u64) -> BlockId {
        let block = self.new_block();
        let size = Bytes(size);
        let old = Some(old);
        self.call(Call::Realloc { block, old, size });
        block
    }

    pub(super) fn free(&mut self, block: BlockId) {
        self.call(Call::Free { block });
    }

    /// The calls that follow are made by this thread.
    pub(super) fn run_as(&mut self, thread: ThreadId) {
        self.thread = thread;
        self.workload.last_thread = self.workload.last_thread.max(thread);
    }

    /// The thread that runs ends.
    pub(super) fn exit_thread(&mut self) {
        self.call(Call::ThreadExit);
        self.thread = ThreadId::MAIN;
    }

    /// `malloc_trim(0)`
    pub(super) fn trim(&mut self) {
        self.call(Call::Trim { pad: Bytes::ZERO });
    }

    pub(super) fn mark(&mut self, name: String) {
        // Few marks to a cycle, and cycles are counted in 32 bits.
        let id = MarkId(self.workload.marks.len() as u32);
        self.workload.marks.push(Mark {
            name,
            measured: Vec::new(),
        });
        self.call(Call::Mark(id));
    }

    /// Now, in nanoseconds from the start.
    pub(super) fn now_ns(&self) -> u64 {
        self.clock_ns
    }

    /// Time passes, with work or without.
    pub(super) fn spend_ns(&mut self, time: u64) {
        self.clock_ns += time;
    }

    /// Time passes until `moment`, if it is still to come.
    pub(super) fn wait_until_ns(&mut self, moment: u64) {
        self.clock_ns = self.clock_ns.max(moment);
    }

    /// A number from `low` to below `high`, each as likely as any other.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        self.chance.rand_range(low..high)
    }

    /// True in `share` of 100,000 cases.
    pub(super) fn chance(&mut self, share: u32) -> bool {
        self.between(0, 100_000) < share
    }

    pub(super) fn finish(self) -> Workload {
        self.workload
    }

    fn new_block(&mut self) -> BlockId {
        let block = BlockId(self.workload.blocks);
        self.workload.blocks += 1;
        block
    }

    fn call(&mut self, call: Call) {
        self.clock_ns += CALL_NS;
        self.workload.events.push(Event {
            time: Micros(self.clock_ns / 1000),
            thread: self.thread,
            call,
        });
    }
}
