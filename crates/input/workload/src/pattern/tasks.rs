//! A worker that computes over blocks of numbers, one task after another, as Dask's does.
//!
//! A task loads its blocks, makes a temporary of each while it computes, and lets all of them go; its result, a small one,
//! is kept until the whole graph is done. Of every task a record stays in the worker's log. The blocks are numpy's, which
//! asks malloc itself; the objects around them are Python's.

use super::process::{Process, time_for};
use super::python::{Dict, List, Object, start};
use super::table::{Bounds, Bursts, TasksParameters};
use crate::{BlockId, Bytes, Nanos, Progress, Watch};
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// An array without its numbers.
const ARRAY: Bytes = Bytes(112);
/// Records that the log keeps.
const RECORDS: usize = 10_000;
/// The time to compute over one KB.
const COMPUTE_PER_KB: Nanos = Nanos(900);

/// The worker between two graphs.
#[derive(Clone)]
pub(super) struct Tasks {
    parameters: TasksParameters,
    log: VecDeque<Record>,
    cycle: u32,
}

/// What the log keeps of a task: what happened to it, and when.
#[derive(Clone)]
struct Record {
    facts: Dict,
    text: Object,
}

/// An array with its numbers.
struct Array {
    object: Object,
    numbers: BlockId,
}

impl Array {
    fn new(process: &mut Process, size: Bytes) -> Self {
        let object = Object::new(process, ARRAY);
        let numbers = process.malloc(size);
        Self { object, numbers }
    }

    fn drop(self, process: &mut Process) {
        process.free(self.numbers);
        self.object.drop(process);
    }
}

impl Tasks {
    /// Marks: `start`, then `burst:N` when the tasks of a graph are done, `gc:N` when its results are let go, and `rest:N`
    /// at the end of the rest after it, N from 0; with `trim` set `trimmed` at the very end.
    pub(super) fn new(process: &mut Process, parameters: &TasksParameters) -> Self {
        process.leaving(|process| start::imports(process, parameters.python.modules));
        process.mark("start".into());
        Self {
            parameters: *parameters,
            log: VecDeque::new(),
            cycle: 0,
        }
    }

    /// The next graph, and the rest after it.
    pub(super) fn go_on(&mut self, process: &mut Process, watch: &mut Watch) -> ControlFlow<()> {
        let parameters = self.parameters;
        let total = u64::from(parameters.bursts.cycles) * u64::from(parameters.tasks);
        let mut states = Vec::new();
        for _ in 0..parameters.tasks {
            states.push(Dict::new(process, 24));
        }
        let mut results = Vec::new();
        for task in 0..parameters.tasks {
            results.push(self.task(process));
            watch(Progress {
                done: u64::from(self.cycle) * u64::from(parameters.tasks) + u64::from(task),
                total,
            })?;
        }
        process.mark(format!("burst:{}", self.cycle));
        while let Some(result) = results.pop() {
            result.drop(process);
        }
        while let Some(state) = states.pop() {
            state.drop(process);
        }
        process.mark(format!("gc:{}", self.cycle));
        process.end_cycle(self.cycle, &parameters.bursts);
        self.cycle += 1;
        ControlFlow::Continue(())
    }

    /// One task; returns its result.
    fn task(&mut self, process: &mut Process) -> Array {
        let parameters = &self.parameters;
        let mut list = List::new(process);
        let mut blocks = Vec::new();
        for _ in 0..parameters.blocks {
            blocks.push(Array::new(process, parameters.block));
            list.append(process);
        }
        for _ in 0..parameters.blocks {
            let temporary = Array::new(process, parameters.block);
            process.work(time_for(parameters.block, COMPUTE_PER_KB));
            temporary.drop(process);
        }
        let result = Array::new(process, parameters.result);
        let record = Record {
            facts: Dict::new(process, 12),
            text: {
                let size = process.between(600, 1_400);
                Object::new(process, size.into())
            },
        };
        self.log.push_back(record);
        while let Some(block) = blocks.pop() {
            block.drop(process);
        }
        list.drop(process);
        if self.log.len() > RECORDS
            && let Some(oldest) = self.log.pop_front()
        {
            oldest.text.drop(process);
            oldest.facts.drop(process);
        }
        result
    }
}

impl Bounds for TasksParameters {
    fn bursts(&self) -> &Bursts {
        &self.bursts
    }

    fn calls_at_start(&self) -> u64 {
        20_000 + self.python.calls()
    }

    fn calls_of_burst(&self) -> u64 {
        let of_task = u64::from(self.blocks) * 10 + 60;
        u64::from(self.tasks) * of_task + 100
    }

    fn held(&self) -> Bytes {
        let blocks = (self.block + Bytes(300)) * (u64::from(self.blocks) + 2);
        let results = (self.result + Bytes(4_000)) * u64::from(self.tasks);
        let log = Bytes(4_000) * RECORDS as u64;
        blocks + results + log + self.python.held() + Bytes::mib(4)
    }
}
