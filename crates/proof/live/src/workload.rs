//! A workload, recorded or made by a pattern, as a sequence that the oracle can run.

use crate::operation::{Operation, Sequence, Step};
use highwater_allocator::Bytes;
use highwater_workload::{
    BlockId, Call, Event, MarkId, Micros, TouchedBlocks, TouchedId, Workload,
};
use std::sync::Arc;

/// What a sequence has beside the calls and the marks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// The times at which the calls were made.
    pub times: bool,
    /// A question at each moment at which the real process was measured.
    pub samples: bool,
}

/// A workload as a sequence, and where its steps come from.
#[derive(Clone, Debug)]
pub struct Performance {
    /// The calls, what the program wrote of its blocks, and questions.
    pub sequence: Sequence,
    /// The questions, in order: at each mark, at each sample if wanted, and at the end.
    pub questions: Vec<Question>,
    /// For each event its first step.
    steps_of: Vec<usize>,
}

/// A question how much is resident.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    /// What it is asked at.
    pub of: Occasion,
    /// When.
    pub time: Micros,
}

/// What a question is asked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// A mark.
    Mark(MarkId),
    /// A sample of the real process.
    Sample,
    /// The end.
    End,
}

impl Performance {
    /// That of a workload: all that it has written where the trace says nothing else.
    pub fn of(workload: &Arc<Workload>, wanted: Wanted) -> Self {
        let mut writer = Writer::new(workload, wanted.times);
        let mut samples = match wanted.samples {
            true => &workload.samples[..],
            false => &[],
        };
        for (number, event) in workload.events.iter().enumerate() {
            while let [first, rest @ ..] = samples
                && first.event as usize <= number
            {
                writer.ask(Occasion::Sample, first.time);
                samples = rest;
            }
            writer.event(event);
        }
        for sample in samples {
            writer.ask(Occasion::Sample, sample.time);
        }
        writer.ask(Occasion::End, writer.now);
        writer.done
    }

    /// Returns the number of the event that a step belongs to.
    pub fn event_of(&self, step: usize) -> usize {
        let after = self.steps_of.partition_point(|first| *first <= step);
        after.saturating_sub(1)
    }
}

/// The workload's calls, its marks as questions, and one more at the end.
pub fn of_workload(workload: &Arc<Workload>) -> Sequence {
    Performance::of(workload, Wanted::default()).sequence
}

/// The same with the times at which the calls were made.
pub fn timed_of_workload(workload: &Arc<Workload>) -> Sequence {
    let wanted = Wanted {
        times: true,
        ..Wanted::default()
    };
    Performance::of(workload, wanted).sequence
}

/// Writes a sequence.
struct Writer {
    done: Performance,
    times: bool,
    now: Micros,
    /// What a block has that is not touched as the trace says.
    writes_all: bool,
    touched: TouchedBlocks,
    /// What the trace has just said; what it says next of the same blocks was touched from now on.
    said: Vec<TouchedId>,
    /// Bytes of each block, 0 where there is none, and the allocating calls so far.
    sizes: Vec<u64>,
    asked: u64,
    /// How many numbers blocks have.
    blocks: u32,
}

impl Writer {
    fn new(workload: &Arc<Workload>, times: bool) -> Self {
        // Where the trace says of no block what was touched, the oracle writes all of each itself.
        let is_told = !workload.touched.is_empty();
        Self {
            done: Performance {
                sequence: Sequence {
                    steps: Vec::with_capacity(workload.events.len()),
                    touch: workload.header.touch && !is_told,
                },
                questions: Vec::new(),
                steps_of: Vec::with_capacity(workload.events.len()),
            },
            times,
            now: Micros(0),
            writes_all: workload.header.touch && is_told,
            touched: TouchedBlocks::of(workload),
            said: Vec::new(),
            sizes: Vec::new(),
            asked: 0,
            blocks: workload.blocks,
        }
    }

    fn push(&mut self, thread: u16, operation: Operation) {
        self.done.sequence.steps.push(Step { thread, operation });
    }

    fn wait_until(&mut self, thread: u16, time: Micros) {
        let us = time.0.saturating_sub(self.now.0);
        if self.times && us > 0 {
            self.push(thread, Operation::Wait { us });
        }
        self.now = self.now.max(time);
    }

    fn ask(&mut self, of: Occasion, time: Micros) {
        self.wait_until(0, time);
        self.push(0, Operation::Mark);
        self.done.questions.push(Question { of, time });
    }

    fn event(&mut self, event: &Event) {
        let thread = event.thread.0;
        self.wait_until(thread, event.time);
        for id in std::mem::take(&mut self.said) {
            if let Some(next) = self.touched.after(id) {
                self.touch(thread, next);
            }
        }
        self.done.steps_of.push(self.done.sequence.steps.len());
        match event.call {
            Call::Mark(id) => {
                self.push(thread, Operation::Mark);
                let (of, time) = (Occasion::Mark(id), event.time);
                self.done.questions.push(Question { of, time });
            }
            Call::Touched(id) => {
                self.touch(thread, id);
                self.said.push(id);
            }
            // A sequence has one process, which has made its parent's calls itself.
            Call::Forked => {}
            // The program went on without a block, and another one of the same number would be touched.
            call if call.is_refused() => {
                let operation = self.refused(&call);
                self.push(thread, operation);
                self.asked += 1;
            }
            call => {
                let kept = self.kept_by(&call);
                if let Some(operation) = operation_of(&call) {
                    self.push(thread, operation);
                }
                if let Some((block, size)) = made_by(&call) {
                    self.made(thread, block, kept, size);
                }
            }
        }
    }

    /// Returns a call that fails on any machine, for one that failed when it was recorded.
    fn refused(&self, call: &Call) -> Operation {
        const NOT_TO_BE_HAD: u64 = 1 << 62;
        // A number that no block has.
        let block = self.blocks;
        match *call {
            Call::Realloc { old, .. } => Operation::Realloc {
                block,
                old: old.map(|old| old.0),
                size: NOT_TO_BE_HAD,
            },
            _ => Operation::Malloc {
                block,
                size: NOT_TO_BE_HAD,
            },
        }
    }

    /// Takes a block away that a call gives back, and returns its size.
    fn kept_by(&mut self, call: &Call) -> u64 {
        let (Call::Free { block: old } | Call::Realloc { old: Some(old), .. }) = *call else {
            return 0;
        };
        let size = self.sizes.get_mut(old.0 as usize);
        size.map_or(0, std::mem::take)
    }

    /// Notes a new block, and writes of it what the program wrote.
    fn made(&mut self, thread: u16, block: BlockId, kept: u64, size: u64) {
        let number = block.0 as usize;
        if number >= self.sizes.len() {
            self.sizes.resize(number + 1, 0);
        }
        self.sizes[number] = size;
        let call = self.asked;
        self.asked += 1;
        let is_due = call >= self.touched.due();
        if let Some(first) = is_due.then(|| self.touched.first(call)).flatten() {
            self.touch(thread, first);
        } else if self.writes_all && size > kept {
            let (block, bytes) = (block.0, size - kept);
            self.push(
                thread,
                Operation::Touch {
                    block,
                    from: kept,
                    bytes,
                },
            );
        }
    }

    /// Writes what the trace says was touched of a block.
    fn touch(&mut self, thread: u16, id: TouchedId) {
        let Some(block) = self.touched.block(id) else {
            return;
        };
        let size = self.sizes.get(block.0 as usize).copied().unwrap_or(0);
        let runs = self.touched.runs(id, Bytes(size));
        let operation = |(from, bytes): (Bytes, Bytes)| Operation::Touch {
            block: block.0,
            from: from.0,
            bytes: bytes.0,
        };
        let steps = runs
            .map(operation)
            .map(|operation| Step { thread, operation });
        self.done.sequence.steps.extend(steps);
    }
}

/// The block that a call returns, and its bytes.
fn made_by(call: &Call) -> Option<(BlockId, u64)> {
    match *call {
        Call::Malloc { block, size }
        | Call::Aligned { block, size, .. }
        | Call::Realloc { block, size, .. } => Some((block, size.0)),
        Call::Calloc { block, count, size } => Some((block, size.0.saturating_mul(count.into()))),
        _ => None,
    }
}

/// The call as an operation; `None` where it asks nothing of the allocator.
pub fn operation_of(call: &Call) -> Option<Operation> {
    Some(match *call {
        Call::Malloc { block, size } => Operation::Malloc {
            block: block.0,
            size: size.0,
        },
        Call::Calloc { block, count, size } => Operation::Calloc {
            block: block.0,
            count: count.into(),
            size: size.0,
        },
        Call::Aligned {
            block,
            alignment,
            size,
        } => Operation::Aligned {
            block: block.0,
            alignment: alignment.into(),
            size: size.0,
        },
        Call::Realloc { block, old, size } => Operation::Realloc {
            block: block.0,
            old: old.map(|old| old.0),
            size: size.0,
        },
        Call::Free { block } => Operation::Free { block: block.0 },
        Call::Trim { pad } => Operation::Trim { pad: pad.0 },
        Call::Mallopt { option, value } => Operation::Mallopt { option, value },
        Call::ThreadExit => Operation::ThreadExit,
        Call::Mark(_) | Call::Forked | Call::Touched(_) => return None,
    })
}
