//! The program: what it holds, and what each of its calls does to its process.
//!
//! It only gives an allocator blocks that are live, and leaves looking at what happened to others: nothing is computed here that a run
//! does not need at every event.

mod refused;
mod state;

use crate::held::{Held, Stamp};
use crate::history::History;
use crate::model::{Model, Serve};
use highwater_allocator::{Address, BlockState, Bytes, Kernel, Micros};
use highwater_workload::{BlockId, Call, Event, Moment, TouchedBlocks, TouchedId, Workload};
use std::sync::Arc;

/// A program in the middle of its run.
#[derive(Clone)]
pub struct Program {
    /// The blocks that it holds, by number, as far as any was allocated.
    blocks: Vec<Held>,
    /// Those that it has freed, if anybody may ask for them.
    history: History,
    keeps_history: bool,
    /// Allocating calls that it has made.
    asked: u64,
    /// One more than the highest number a block may have.
    numbers: usize,
    /// Whether it writes every page of what it allocates.
    touches: bool,
    /// The blocks of which the trace says what it touched.
    touched: TouchedBlocks,
    /// What the trace has just said was touched: what it says next of these blocks is touched before the next call.
    said: Vec<TouchedId>,
    /// Events run.
    events: u64,
    /// The time, which the model was told if it has timers.
    now: Micros,
    live: Bytes,
    peak_live: Bytes,
    allocations: u64,
    /// Events that are no calls.
    told: u64,
    failed: u64,
    /// Calls of malloc_trim, and the resident bytes they gave back.
    trims: u64,
    trimmed: Bytes,
    /// When the kernel first slowed it down.
    throttled: Option<Moment>,
}

impl Program {
    /// The program before its first event.
    pub fn new(workload: &Arc<Workload>) -> Self {
        Self {
            blocks: Vec::with_capacity(workload.blocks as usize),
            history: History::default(),
            keeps_history: true,
            asked: 0,
            numbers: workload.blocks as usize,
            touches: workload.header.touch,
            touched: TouchedBlocks::of(workload),
            said: Vec::new(),
            events: 0,
            now: Micros(0),
            live: Bytes::ZERO,
            peak_live: Bytes::ZERO,
            allocations: 0,
            told: 0,
            failed: 0,
            trims: 0,
            trimmed: Bytes::ZERO,
            throttled: None,
        }
    }

    /// Returns the program as if it held nothing and had freed nothing.
    #[inline]
    pub fn without_blocks(&self) -> Self {
        Self {
            blocks: Vec::new(),
            history: History::default(),
            touched: self.touched.clone(),
            said: self.said.clone(),
            ..*self
        }
    }

    /// Takes what it holds and has freed.
    #[inline]
    pub fn take_blocks(&mut self, blocks: Vec<Held>, history: History) {
        self.blocks = blocks;
        self.history = history;
    }

    /// From now on what it frees is not kept.
    pub fn forgo_history(&mut self) {
        self.keeps_history = false;
    }

    /// Goes on to the next part of its events.
    pub fn go_on(&mut self, part: &Workload) {
        self.numbers = self.numbers.max(part.blocks as usize);
    }

    /// Runs events one after another, up to a mark, to what the trace says was touched, or to a pause as long as `rest`, and
    /// returns how many: none only where there are none or the process was killed.
    pub fn run(
        &mut self,
        model: &mut Model,
        kernel: &mut Kernel,
        events: &[Event],
        rest: Micros,
    ) -> usize {
        match model {
            // The loop is made for each model, so that it asks only once which it is.
            Model::Glibc(glibc) => self.run_through(glibc, kernel, events, rest),
            Model::Jemalloc(jemalloc) => self.run_through(jemalloc, kernel, events, rest),
            model @ Model::Python(_) => self.run_through(model, kernel, events, rest),
        }
    }

    fn run_through<A: Serve>(
        &mut self,
        model: &mut A,
        kernel: &mut Kernel,
        events: &[Event],
        rest: Micros,
    ) -> usize {
        let is_call = |event: &Event| event.call.is_call();
        if !self.said.is_empty() && events.first().is_some_and(is_call) {
            self.touch_what_was_said(kernel);
        }
        let is_timed = model.is_timed() || kernel.is_timed();
        let mut before = events.first().map_or(Micros(0), |first| first.time);
        let mut number = self.events;
        for event in events {
            if kernel.stops() || event.time.0.wrapping_sub(before.0) >= rest.0 {
                break;
            }
            before = event.time;
            (model.decisions_mut()).stamp(number, event.time, event.thread);
            if is_timed && event.time != self.now {
                model.advance(kernel, event.time);
                kernel.run_khugepaged(event.time);
                self.now = event.time;
            }
            let stops = self.perform(model, kernel, event, number as u32);
            number += 1;
            if stops {
                break;
            }
        }
        let count = number - self.events;
        if count > 0 {
            self.events = number;
            self.now = before;
        }
        count as usize
    }

    /// Touches what the trace says next of the blocks that it has said something of. At that moment itself it was not touched.
    #[cold]
    fn touch_what_was_said(&mut self, kernel: &mut Kernel) {
        for id in std::mem::take(&mut self.said) {
            let held = self.live_block_of(id);
            if let Some((held, next)) = held.zip(self.touched.after(id)) {
                self.touch(kernel, next, held.address, held.size);
            }
        }
    }

    /// Takes the block that the program has by a number, if it has one. The history keeps what it was.
    #[inline]
    fn give_back(&mut self, block: BlockId, freed: Stamp) -> Option<GivenBack> {
        let held = self.blocks.get_mut(block.0 as usize)?;
        if !held.is_live() {
            return None;
        }
        self.live -= held.size;
        let fills_history = self.keeps_history && self.history.add(held, freed);
        Some(GivenBack {
            address: std::mem::replace(&mut held.address, Address::NULL),
            fills_history,
        })
    }

    /// Drops from the history what nobody can ask for any more, if the block that was given back has filled it.
    #[inline]
    fn settle_if_due<A: Serve>(&mut self, model: &A, kernel: &Kernel, given: GivenBack) {
        if given.fills_history {
            self.settle_history(model, kernel);
        }
    }

    #[cold]
    #[inline(never)]
    fn settle_history<A: Serve>(&mut self, model: &A, kernel: &Kernel) {
        if !self.history.is_due(self.held()) {
            return;
        }
        let raises = model.decisions().remembered();
        let raises = [raises.first_raise, raises.latest_raise];
        let mut chunks: Vec<Address> = Vec::new();
        model.census(kernel, &mut |block| {
            if !matches!(block.state, BlockState::Live | BlockState::Metadata) {
                chunks.push(block.user);
            }
        });
        let raises = raises.map(|raise| Some(raise?.event));
        self.history.settle(chunks, &self.blocks, raises);
    }

    /// Runs an event, and returns whether to stop behind it.
    #[inline(always)]
    fn perform<A: Serve>(
        &mut self,
        model: &mut A,
        kernel: &mut Kernel,
        event: &Event,
        number: u32,
    ) -> bool {
        let thread = event.thread;
        // What the call allocates: the block's number, address and size, and how much of it the program had before.
        let (block, address, size, kept) = match event.call {
            Call::Malloc { block, .. }
            | Call::Calloc { block, .. }
            | Call::Aligned { block, .. }
            | Call::Realloc { block, .. }
                if block == BlockId::REFUSED =>
            {
                self.refused(model, kernel, event);
                return false;
            }
            Call::Malloc { block, size } => {
                let address = model.malloc_in(event.domain, kernel, thread, size);
                (block, address, size, Bytes::ZERO)
            }
            Call::Free { block } => {
                if let Some(given) = self.give_back(block, stamp(event, number)) {
                    model.free(kernel, thread, given.address);
                    self.settle_if_due(model, kernel, given);
                }
                return false;
            }
            Call::Realloc { block, old, size } => {
                let before = old.and_then(|old| Some((old, self.live_block(old)?)));
                let address = before.map(|(_, held)| held.address);
                let kept = before.map_or(Bytes::ZERO, |(_, held)| held.size);
                let new = model.realloc(kernel, thread, address, size);
                if let Some((old, _)) = before
                    && (new.is_some() || size == Bytes::ZERO)
                {
                    if let Some(given) = self.give_back(old, stamp(event, number)) {
                        self.settle_if_due(model, kernel, given);
                    }
                    if new.is_none() {
                        self.asked += 1;
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
            Call::Trim { .. }
            | Call::ThreadExit
            | Call::Mark(_)
            | Call::Mallopt { .. }
            | Call::Forked
            | Call::Touched(_) => return self.perform_rare(model, kernel, event),
        };
        let asked = self.asked;
        self.asked += 1;
        let address = address.filter(|address| {
            let allocated = stamp(event, number);
            self.hold(
                block,
                Held {
                    address: *address,
                    size,
                    allocated,
                },
            )
        });
        let Some(address) = address else {
            self.failed += 1;
            return false;
        };
        if asked >= self.touched.due()
            && let Some(first) = self.touched.first(asked)
        {
            self.touch(kernel, first, address, size);
            return false;
        }
        if self.touches && size > kept {
            kernel.touch(address + kept, size - kept);
        }
        false
    }

    /// Runs an event that neither allocates nor frees, and returns whether to stop behind it.
    #[cold]
    fn perform_rare<A: Serve>(
        &mut self,
        model: &mut A,
        kernel: &mut Kernel,
        event: &Event,
    ) -> bool {
        let thread = event.thread;
        match event.call {
            Call::Trim { pad } => {
                let before = kernel.rss();
                model.trim(kernel, thread, pad);
                self.trims += 1;
                self.trimmed += before.saturating_sub(kernel.rss());
            }
            Call::ThreadExit => model.thread_exit(kernel, thread),
            Call::Mark(_) => {
                self.told += 1;
                return true;
            }
            Call::Mallopt { option, value } => {
                model.mallopt(kernel, thread, option, value);
            }
            Call::Forked => {
                self.told += 1;
                kernel.forked();
                model.forked(thread);
                return true;
            }
            Call::Touched(id) => {
                self.told += 1;
                if let Some(held) = self.live_block_of(id) {
                    self.touch(kernel, id, held.address, held.size);
                }
                self.said.push(id);
                return true;
            }
            Call::Malloc { .. }
            | Call::Calloc { .. }
            | Call::Aligned { .. }
            | Call::Realloc { .. }
            | Call::Free { .. } => {}
        }
        false
    }

    /// The block that the trace says was touched, if the program still holds it.
    fn live_block_of(&self, id: TouchedId) -> Option<&Held> {
        self.live_block(self.touched.block(id)?)
    }

    /// Touches what the trace says of a block.
    #[cold]
    fn touch(&self, kernel: &mut Kernel, id: TouchedId, address: Address, size: Bytes) {
        for (begin, length) in self.touched.runs(id, size) {
            kernel.touch(address + begin, length);
        }
    }

    /// What the program holds by a number.
    #[inline]
    fn live_block(&self, block: BlockId) -> Option<&Held> {
        let held = self.blocks.get(block.0 as usize);
        held.filter(|held| held.is_live())
    }

    /// Enters a block that the program got. Returns false for a number beyond those of the workload: nobody has such a block.
    #[inline]
    fn hold(&mut self, block: BlockId, held: Held) -> bool {
        let number = block.0 as usize;
        match self.blocks.get_mut(number) {
            Some(known) => *known = held,
            None if number < self.numbers => self.enter(number, held),
            None => return false,
        }
        self.allocations += 1;
        self.live += held.size;
        if self.live > self.peak_live {
            self.peak_live = self.live;
        }
        true
    }

    /// Enters a block with a number that none had yet. Mostly the numbers come in turn.
    #[inline]
    fn enter(&mut self, number: usize, held: Held) {
        if number > self.blocks.len() {
            self.blocks.resize(number, Held::NOTHING);
        }
        self.blocks.push(held);
    }
}

/// A block that the program gives back.
struct GivenBack {
    address: Address,
    /// Whether it may be time to settle the history.
    fills_history: bool,
}

/// An event, the `number`th, as it is kept with a block.
#[inline]
fn stamp(event: &Event, number: u32) -> Stamp {
    Stamp {
        time: event.time,
        event: number,
        thread: event.thread,
        site: event.site,
    }
}
