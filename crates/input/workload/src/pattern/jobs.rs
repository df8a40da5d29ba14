//! Threads that work off jobs in a runtime with a collector, as Sidekiq's do in Ruby.
//!
//! One thread runs at a time and gives way when it waits. A job makes strings and tables; what it does not need any more
//! is garbage, which stays until a collection frees it: all garbage of all threads, in the order in which it was made, by
//! the thread that happens to run. So blocks go back to the arenas they came from, whoever works there now. A collection
//! is due when enough was allocated since the last (Ruby's GC_MALLOC_LIMIT_MIN: 16 MiB).

use super::kind::Share;
use super::process::Process;
use super::table::{Bounds, Bursts, JobsParameters};
use crate::{BlockId, Bytes, Nanos, Progress, ThreadId, Watch};
use highwater_allocator::places_by_key;
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// Strings that a job makes between two turns.
const STRINGS_A_TURN: u32 = 50;
/// Blocks that are freed between two turns once a collection has found the garbage: a lazy sweep.
const SWEPT_A_TURN: usize = 4_000;
/// The time that a string takes with what is done with it.
const STRING_TIME: Nanos = Nanos(2_500);
/// Share of a job's strings that it needs to its end; the others are garbage after the turn.
const NEEDED: Share = Share::percent(30);
/// Objects that stay from the program's start: code, tables, constants.
const LOADED: u32 = 12_000;
/// The largest of them.
const LOADED_MOST: Bytes = Bytes(4_000);

/// Sizes of what is made, each with the share, in 100,000, of those up to it: texts and small tables, rows, bodies of
/// requests, documents.
const SIZES: [(u32, u32, u32); 4] = [
    (70_000, 24, 200),
    (90_000, 200, 2_000),
    (98_000, 2_000, 16_000),
    (100_000, 16_000, 160_000),
];

/// The program between two bursts.
#[derive(Clone)]
pub(super) struct Jobs {
    parameters: JobsParameters,
    threads: Vec<Thread>,
    heap: Heap,
    cycle: u32,
}

/// A thread and its job.
#[derive(Clone)]
struct Thread {
    id: ThreadId,
    /// Strings that its job has still to make; no job if none is said.
    left: Option<u32>,
    needed: Vec<Made>,
}

/// What is freed by collections.
#[derive(Clone, Default)]
struct Heap {
    /// Freed by the next collection, in the order in which it was made, more or less.
    garbage: Vec<Made>,
    /// Found by the last collection and not yet freed.
    unswept: VecDeque<BlockId>,
    /// Bytes allocated since the last collection.
    allocated: Bytes,
    /// What outlives jobs, the oldest first.
    kept: VecDeque<Made>,
    /// Blocks made so far.
    made: u64,
}

/// A block, behind the number of those made before it.
type Made = (u64, BlockId);

impl Jobs {
    /// Marks: `start`, then `burst:N` at the end of each burst and `rest:N` at the end of the rest after it, N from 0;
    /// with `trim` set `trimmed` at the very end.
    pub(super) fn new(process: &mut Process, parameters: &JobsParameters) -> Self {
        for _ in 0..LOADED {
            let size = string_size(process).min(LOADED_MOST);
            process.malloc(size);
        }
        process.mark("start".into());
        let thread = |number| Thread {
            // Fewer than what the number holds.
            id: ThreadId(number as u16 + 1),
            left: None,
            needed: Vec::new(),
        };
        Self {
            parameters: *parameters,
            threads: (0..parameters.workers.threads).map(thread).collect(),
            heap: Heap::default(),
            cycle: 0,
        }
    }

    /// The next burst with its rest.
    pub(super) fn go_on(&mut self, process: &mut Process, watch: &mut Watch) -> ControlFlow<()> {
        let parameters = self.parameters;
        let (mut waiting, mut done) = (parameters.jobs, 0);
        let total = u64::from(parameters.bursts.cycles) * u64::from(parameters.jobs);
        let before = u64::from(self.cycle) * u64::from(parameters.jobs);
        while done < parameters.jobs {
            let index = process.between(0, self.threads.len() as u32) as usize;
            let thread = &mut self.threads[index];
            process.run_as(thread.id);
            if thread.left.is_none() {
                if waiting == 0 {
                    continue;
                }
                waiting -= 1;
                thread.left = Some(strings_of_job(process, &parameters));
            }
            done += u32::from(thread.turn(process, &mut self.heap, &parameters));
            self.heap.sweep(process, &parameters);
            watch(Progress {
                done: before + u64::from(done),
                total,
            })?;
        }
        process.run_as(ThreadId::MAIN);
        process.mark(format!("burst:{}", self.cycle));
        // The runtime collects once more when there is nothing to do, on the thread that waits for jobs.
        self.heap.collect();
        while self.heap.free_some(process) {}
        process.end_cycle(self.cycle, &parameters.bursts);
        self.cycle += 1;
        ControlFlow::Continue(())
    }
}

impl Thread {
    /// Works until it waits; true if the job was ended by it.
    fn turn(
        &mut self,
        process: &mut Process,
        heap: &mut Heap,
        parameters: &JobsParameters,
    ) -> bool {
        let left = self.left.unwrap_or_default();
        let now = left.min(STRINGS_A_TURN);
        for _ in 0..now {
            let size = string_size(process);
            let string = (heap.made, process.malloc(size));
            heap.made += 1;
            heap.allocated += size;
            if process.chance(parameters.retained) {
                heap.keep(string, parameters);
            } else if process.chance(NEEDED) {
                self.needed.push(string);
            } else {
                heap.garbage.push(string);
            }
            process.spend(STRING_TIME);
        }
        self.left = (left > now).then(|| left - now);
        let is_ended = self.left.is_none();
        if is_ended {
            heap.garbage.append(&mut self.needed);
        }
        is_ended
    }
}

impl Heap {
    fn keep(&mut self, string: Made, parameters: &JobsParameters) {
        self.kept.push_back(string);
        if self.kept.len() > parameters.workers.cache as usize {
            self.garbage.extend(self.kept.pop_front());
        }
    }

    /// Collects if it is time to, and frees some of what was found.
    fn sweep(&mut self, process: &mut Process, parameters: &JobsParameters) {
        if self.allocated >= parameters.collect {
            self.collect();
        }
        self.free_some(process);
    }

    fn collect(&mut self) {
        self.allocated = Bytes::ZERO;
        let order = places_by_key(&self.garbage, |(made, _)| *made);
        self.unswept
            .extend(order.map(|place| self.garbage[place].1));
        self.garbage.clear();
    }

    /// Frees some garbage; false if there was none.
    fn free_some(&mut self, process: &mut Process) -> bool {
        for _ in 0..SWEPT_A_TURN {
            match self.unswept.pop_front() {
                Some(block) => process.free(block),
                None => break,
            }
        }
        !self.unswept.is_empty()
    }
}

fn string_size(process: &mut Process) -> Bytes {
    let choice = process.between(0, 100_000);
    let within = SIZES.iter().find(|(share, ..)| choice < *share);
    let (_, least, most) = *within.unwrap_or(&SIZES[0]);
    Bytes::from(process.between(least, most))
}

/// How many strings the next job makes.
fn strings_of_job(process: &mut Process, parameters: &JobsParameters) -> u32 {
    let usual = process.between(parameters.strings / 2, parameters.strings / 2 * 3 + 2);
    if process.chance(parameters.heavy) {
        usual.saturating_mul(parameters.weight).max(1)
    } else {
        usual.max(1)
    }
}

impl JobsParameters {
    fn most_strings_of_usual_job(&self) -> u64 {
        u64::from(self.strings) * 3 / 2 + 2
    }

    fn most_strings_of_job(&self) -> u64 {
        let weight = match self.heavy {
            Share::NONE => 1,
            _ => u64::from(self.weight),
        };
        self.most_strings_of_usual_job() * weight
    }
}

impl Bounds for JobsParameters {
    fn bursts(&self) -> &Bursts {
        &self.bursts
    }

    fn calls_at_start(&self) -> u64 {
        20_000 + u64::from(LOADED)
    }

    fn calls_of_burst(&self) -> u64 {
        let jobs = u64::from(self.jobs);
        let usual = jobs * self.most_strings_of_usual_job();
        let heavy = match self.heavy {
            Share::NONE => 0,
            // Twice their share and 30 more are not heavy by any chance that matters.
            heavy => {
                let twice = jobs * 2 * u64::from(heavy.0) / u64::from(Share::ALL.0);
                (twice + 30).min(jobs) * self.most_strings_of_job()
            }
        };
        (usual + heavy) * 2 + 100
    }

    fn held(&self) -> Bytes {
        let largest = Bytes::from(SIZES[3].2);
        let strings = u64::from(self.workers.threads.min(self.jobs)) * self.most_strings_of_job();
        largest * (strings + u64::from(self.workers.cache))
            + self.collect * 3
            + LOADED_MOST * u64::from(LOADED)
    }
}
