//! A pool of threads that answer requests: the main thread takes them in, a worker reads rows, answers, and lets go.
//!
//! What matters to an allocator with an arena to each thread is who frees what. A request's message is allocated by the
//! main thread and freed by the worker; some rows are handed to another worker, which frees them; and what a cache keeps
//! is freed, when it goes, by whoever needs its place. Workers run side by side: who is next is left to chance.

use super::kind::Share;
use super::process::Process;
use super::python::BYTES;
use super::python::start::LOAD_PER_BYTE;
use super::shared::Shared;
use super::table::{Bounds, Bursts, PoolParameters};
use super::worker::{Step, Worker};
use crate::{Bytes, Progress, ThreadId, Watch};
use std::ops::ControlFlow;

/// Modules that the main thread loads at the start.
const MODULES: u32 = 60;

/// The threads and what they share, between two bursts.
#[derive(Clone)]
pub(super) struct Pool {
    parameters: PoolParameters,
    workers: Vec<Worker>,
    shared: Shared,
    /// The number of the thread that begins next.
    next_thread: u16,
    /// The burst that is next.
    cycle: u32,
    answered: u64,
}

impl Pool {
    /// Marks: `start`, then `burst:N` at the end of each burst and `rest:N` at the end of the rest after it, N from 0;
    /// with `trim` set `trimmed` at the very end.
    pub(super) fn new(process: &mut Process, parameters: &PoolParameters) -> Self {
        load(process);
        process.mark("start".into());
        let mut pool = Self {
            parameters: *parameters,
            workers: Vec::new(),
            shared: Shared::new(&parameters.workers),
            next_thread: 1,
            cycle: 0,
            answered: 0,
        };
        for place in 0..parameters.workers.threads as usize {
            let worker = Worker::new(place, pool.new_thread());
            pool.workers.push(worker);
        }
        pool
    }

    /// The next burst with its rest.
    pub(super) fn go_on(&mut self, process: &mut Process, watch: &mut Watch) -> ControlFlow<()> {
        let parameters = self.parameters;
        let total = u64::from(parameters.bursts.cycles) * u64::from(parameters.requests);
        let mut done = self.answered;
        let mut tick = |now_answered: bool| {
            done += u64::from(now_answered);
            watch(Progress { done, total })
        };
        self.burst(process, &parameters, &mut tick)?;
        self.answered = done;
        process.run_as(ThreadId::MAIN);
        process.mark(format!("burst:{}", self.cycle));
        process.end_cycle(self.cycle, &parameters.bursts);
        self.cycle += 1;
        ControlFlow::Continue(())
    }

    fn new_thread(&mut self) -> ThreadId {
        let thread = ThreadId(self.next_thread);
        // MAX_THREADS is far below what the number holds.
        self.next_thread += 1;
        thread
    }

    /// Answers the requests of one burst. `tick` is told after every step whether a request was answered by it.
    fn burst(
        &mut self,
        process: &mut Process,
        parameters: &PoolParameters,
        tick: &mut dyn FnMut(bool) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (mut waiting, mut ended, mut in_progress) = (parameters.requests, 0, 0);
        let most = parameters.concurrent.unwrap_or(u32::MAX);
        let mut busy: Vec<usize> = (0..self.workers.len()).collect();
        while !busy.is_empty() {
            let index = process.between(0, busy.len() as u32) as usize;
            let place = busy[index];
            let worker = &mut self.workers[place];
            if worker.is_idle() {
                if waiting == 0 {
                    busy.swap_remove(index);
                    continue;
                }
                if in_progress == most {
                    continue;
                }
                waiting -= 1;
                in_progress += 1;
                process.run_as(ThreadId::MAIN);
                worker.take(process);
            }
            process.run_as(worker.thread);
            let answered = match worker.step(process, &mut self.shared, parameters) {
                Step::Yield => false,
                Step::Answered => true,
            };
            in_progress -= u32::from(answered);
            // Spread over the burst, and at most one to a request.
            let done = u64::from(parameters.requests - waiting);
            let due = done * u64::from(parameters.churn) / u64::from(parameters.requests);
            if answered && ended < due {
                ended += 1;
                self.replace(process, place);
            }
            tick(answered)?;
        }
        for place in 0..self.workers.len() {
            process.run_as(self.workers[place].thread);
            self.shared.free_handed(process, place);
        }
        ControlFlow::Continue(())
    }

    /// The worker's thread ends, and a new one takes its place.
    fn replace(&mut self, process: &mut Process, place: usize) {
        self.shared.free_handed(process, place);
        process.exit_thread();
        self.workers[place] = Worker::new(place, self.new_thread());
    }
}

impl Bounds for PoolParameters {
    fn bursts(&self) -> &Bursts {
        &self.bursts
    }

    fn threads(&self) -> u64 {
        u64::from(self.workers.threads) + u64::from(self.churn) * u64::from(self.bursts.cycles)
    }

    fn calls_at_start(&self) -> u64 {
        20_000
    }

    fn calls_of_burst(&self) -> u64 {
        let requests = u64::from(self.requests);
        let begun = u64::from(self.workers.threads) + u64::from(self.churn);
        requests * (u64::from(self.rows) * 13 + 120) + begun + 100
    }

    fn held(&self) -> Bytes {
        let row = self.row * 2 + Bytes::kib(2);
        // What was handed on lies with others until they come to free it: as much again.
        let request = row * (2 * u64::from(self.rows)) + Bytes::mib(1);
        let cached = Bytes::kib(4) * u64::from(self.workers.cache);
        request * u64::from(self.workers.threads) + cached + Bytes::mib(16)
    }
}

/// Loads the program's modules: each reads its code, makes tables and constants, and lets the code go. What stays is
/// scattered over the lower end of the heap.
fn load(process: &mut Process) {
    for _ in 0..MODULES {
        let text = process.between(3_000, 60_000);
        let code = process.malloc(Bytes::from(text) + BYTES);
        let mut rubbish = Vec::new();
        for _ in 0..process.between(20, 60) {
            match process.between(0, 10) {
                0..=2 => {
                    process.malloc(Bytes(24));
                }
                3 => {
                    let size = process.between(600, 3_000);
                    rubbish.push(process.malloc(Bytes::from(size)));
                }
                4 => {
                    process.malloc(Bytes(768));
                }
                5 => {
                    process.malloc(Bytes(960));
                }
                _ => {
                    let size = process.between(513, 1_200);
                    process.malloc(Bytes::from(size));
                }
            }
        }
        let is_large = process.chance(Share::percent(20));
        let table = process.malloc(Bytes(768));
        if is_large {
            process.malloc(Bytes(1_520));
            process.free(table);
        }
        while let Some(object) = rubbish.pop() {
            process.free(object);
        }
        process.free(code);
        process.spend(LOAD_PER_BYTE * u64::from(text));
    }
    // A table of names, which has doubled its way up.
    let mut names = process.calloc(1, Bytes(147_520));
    for size in [294_976, 589_888] {
        let larger = process.calloc(1, Bytes(size));
        process.free(names);
        names = larger;
    }
}
