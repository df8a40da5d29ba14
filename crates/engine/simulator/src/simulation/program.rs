//! The program: what it holds, and what each of its calls does to its process.

use super::touched::TouchedBlocks;
use crate::model::Serve;
use highwater_allocator::{Address, Bytes, Kernel, Micros};
use highwater_workload::{BlockId, Call, Event, Workload};
use std::sync::Arc;

/// What is known of a block of the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Where it is or was; null where allocating it failed.
    pub(crate) address: Address,
    /// Bytes the program asked for.
    pub(crate) size: Bytes,
    /// The event that allocated it.
    pub(crate) allocated: u32,
    /// The event that freed it, or [`NEVER`].
    pub(crate) freed: u32,
}

/// The event of a block that was not freed.
pub(crate) const NEVER: u32 = u32::MAX;

const NOTHING: Held = Held {
    address: Address::NULL,
    size: Bytes::ZERO,
    allocated: NEVER,
    freed: NEVER,
};

impl Held {
    #[inline]
    pub(crate) fn is_live(&self) -> bool {
        self.freed == NEVER && !self.address.is_null()
    }
}

/// A program in the middle of its run.
#[derive(Clone)]
pub(super) struct Program {
    /// The blocks by number, as far as any was allocated.
    pub(super) blocks: Vec<Held>,
    /// One more than the highest number a block may have.
    numbers: usize,
    /// Whether it writes every page of what it allocates.
    touches: bool,
    /// The blocks of which the trace says what it touched.
    touched: TouchedBlocks,
    /// Events run.
    pub(super) events: u64,
    /// The time, which the model was told if it has timers.
    pub(super) now: Micros,
    pub(super) live: Bytes,
    pub(super) peak_live: Bytes,
    pub(super) allocations: u64,
    pub(super) failed: u64,
    /// Calls of malloc_trim, and the resident bytes they gave back.
    pub(super) trims: u64,
    pub(super) trimmed: Bytes,
}

impl Program {
    /// The program before its first event.
    pub(super) fn new(workload: &Arc<Workload>) -> Self {
        Self {
            blocks: Vec::with_capacity(workload.blocks as usize),
            numbers: workload.blocks as usize,
            touches: workload.header.touch,
            touched: TouchedBlocks::of(workload),
            events: 0,
            now: Micros(0),
            live: Bytes::ZERO,
            peak_live: Bytes::ZERO,
            allocations: 0,
            failed: 0,
            trims: 0,
            trimmed: Bytes::ZERO,
        }
    }

    /// Goes on to the next part of its events, where numbers of blocks that are free are used again.
    pub(super) fn go_on(&mut self, part: &Arc<Workload>) {
        self.numbers = part.blocks as usize;
        self.blocks.truncate(self.numbers);
        self.touches = part.header.touch;
        self.touched = TouchedBlocks::of(part);
    }

    /// Returns the most it held since the last call, and begins anew.
    pub(super) fn take_peak(&mut self) -> Bytes {
        std::mem::replace(&mut self.peak_live, self.live)
    }

    /// Runs events one after another, up to a mark or a pause as long as `rest`, and returns how many: none only where there
    /// are none or the process was killed.
    pub(super) fn run<A: Serve>(
        &mut self,
        model: &mut A,
        kernel: &mut Kernel,
        events: &[Event],
        rest: Micros,
    ) -> usize {
        let is_timed = model.is_timed();
        let mut before = events.first().map_or(Micros(0), |first| first.time);
        for (count, event) in events.iter().enumerate() {
            if kernel.is_killed() || event.time.0.wrapping_sub(before.0) >= rest.0 {
                return count;
            }
            before = event.time;
            model.decisions_mut().stamp(self.events);
            if is_timed && event.time != self.now {
                model.advance(kernel, event.time);
            }
            self.now = event.time;
            let is_mark = self.perform(model, kernel, event);
            self.events += 1;
            if is_mark {
                return count + 1;
            }
        }
        events.len()
    }

    /// The event at hand, as it is kept with a block.
    #[inline]
    fn event(&self) -> u32 {
        self.events as u32
    }

    /// Runs an event, and returns whether it is a mark.
    #[inline(always)]
    fn perform<A: Serve>(&mut self, model: &mut A, kernel: &mut Kernel, event: &Event) -> bool {
        let thread = event.thread;
        // What the call allocates: the block's number, address and size, and how much of it the program had before.
        let (block, address, size, kept) = match event.call {
            Call::Malloc { block, size } => {
                let address = model.malloc_in(event.domain, kernel, thread, size);
                (block, address, size, Bytes::ZERO)
            }
            Call::Free { block } => {
                let now = self.event();
                let held = self.blocks.get_mut(block.0 as usize);
                if let Some(held) = held.filter(|held| held.is_live()) {
                    held.freed = now;
                    self.live -= held.size;
                    model.free(kernel, thread, held.address);
                }
                return false;
            }
            Call::Realloc { block, old, size } => {
                let before = old.and_then(|old| self.live_block(old));
                let address = before.map(|held| held.address);
                let new = model.realloc(kernel, thread, address, size);
                let kept = before.map_or(Bytes::ZERO, |held| held.size);
                if let Some(old) = old.filter(|_| before.is_some())
                    && (new.is_some() || size == Bytes::ZERO)
                {
                    self.blocks[old.0 as usize].freed = self.event();
                    self.live -= kept;
                    if new.is_none() {
                        return false;
                    }
                }
                (block, new, size, kept)
            }
            Call::Calloc { block, count, size } => {
                let count = u64::from(count);
                let address = model.calloc_in(event.domain, kernel, thread, count, size);
                let bytes = Bytes(size.0.saturating_mul(count));
                (block, address, bytes, Bytes::ZERO)
            }
            Call::Aligned {
                block,
                alignment,
                size,
            } => {
                let alignment = Bytes(alignment.into());
                let address = model.aligned(kernel, thread, alignment, size);
                (block, address, size, Bytes::ZERO)
            }
            Call::Trim { pad } => {
                let before = kernel.rss();
                model.trim(kernel, thread, pad);
                self.trims += 1;
                self.trimmed += before.saturating_sub(kernel.rss());
                return false;
            }
            Call::ThreadExit => {
                model.thread_exit(kernel, thread);
                return false;
            }
            Call::Mark(_) => return true,
            Call::Mallopt { option, value } => {
                model.mallopt(kernel, thread, option, value);
                return false;
            }
            Call::Forked => {
                model.forked(thread);
                return false;
            }
            Call::Touched(id) => {
                let held = self
                    .touched
                    .block(id)
                    .and_then(|block| self.live_block(block));
                if let Some(held) = held {
                    self.touched.go_on(kernel, id, held.address, held.size);
                }
                return false;
            }
        };
        // A block beyond those that the workload says it has is nobody's.
        let Some(address) = address.filter(|_| (block.0 as usize) < self.numbers) else {
            self.failed += 1;
            return false;
        };
        self.allocated(block, address, size);
        if block.0 >= self.touched.due() && self.touched.begin(kernel, block, address, size) {
            return false;
        }
        if self.touches && size > kept {
            kernel.touch(address + kept, size - kept);
        }
        false
    }

    /// What the program holds by a number.
    #[inline]
    fn live_block(&self, block: BlockId) -> Option<Held> {
        let held = self.blocks.get(block.0 as usize).copied();
        held.filter(Held::is_live)
    }

    /// The program got a block.
    #[inline]
    fn allocated(&mut self, block: BlockId, address: Address, size: Bytes) {
        self.allocations += 1;
        let held = Held {
            address,
            size,
            allocated: self.event(),
            freed: NEVER,
        };
        let number = block.0 as usize;
        match self.blocks.get_mut(number) {
            Some(known) => *known = held,
            None => self.enter(number, held),
        }
        self.live += size;
        self.peak_live = self.peak_live.max(self.live);
    }

    /// Enters a block with a number that none had yet. Mostly the numbers come in turn.
    #[inline]
    fn enter(&mut self, number: usize, held: Held) {
        if number > self.blocks.len() {
            self.blocks.resize(number, NOTHING);
        }
        self.blocks.push(held);
    }
}
