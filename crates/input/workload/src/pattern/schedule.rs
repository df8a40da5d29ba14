//! Who runs next.

use super::process::Process;
use super::python::{List, Object};
use super::subscriber::{Shared, Step, Subscriber};
use crate::{Bytes, Nanos, ThreadId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::ControlFlow;

/// How the subscribers of a burst take turns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Schedule {
    /// One after another, each from its start to its end.
    OneByOne,
    /// All at once in an event loop.
    Interleaved,
}

/// Time between the starts of two subscribers of a stream.
const STAGGER: Nanos = Nanos(3_000_000);

/// What the event loop keeps for a callback that is ready, and for a timer (Lib/asyncio/events.py).
const HANDLE: Bytes = Bytes(88);
const TIMER_HANDLE: Bytes = Bytes(104);
/// A future.
const FUTURE: Bytes = Bytes(168);

impl Schedule {
    /// Runs one burst. `tick` is told after every step, and may break off.
    pub(super) fn burst(
        self,
        process: &mut Process,
        shared: &mut Shared,
        tick: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let streams = shared.parameters.streams as usize;
        let subscribers = shared.parameters.subscribers as usize;
        match self {
            Self::OneByOne => {
                for index in 0..streams * subscribers {
                    let first = Task::new(index / subscribers, Nanos(0));
                    EventLoop::new(process, shared.timers, vec![first])
                        .run(process, shared, tick)?;
                }
                ControlFlow::Continue(())
            }
            Self::Interleaved => {
                let task = |index: usize| {
                    let of_stream = (index % subscribers) as u64;
                    Task::new(index / subscribers, STAGGER * of_stream)
                };
                let tasks = (0..streams * subscribers).map(task).collect();
                EventLoop::new(process, shared.timers, tasks).run(process, shared, tick)
            }
        }
    }
}

/// A task and when it starts, from the loop's start.
struct Task {
    subscriber: Subscriber,
    starts: Nanos,
    /// What its pending callback or timer takes.
    handle: Option<Object>,
    future: Option<Object>,
}

impl Task {
    fn new(stream: usize, starts: Nanos) -> Self {
        Self {
            subscriber: Subscriber::new(stream),
            starts,
            handle: None,
            future: None,
        }
    }

    /// Its callback runs.
    fn woken(&mut self, process: &mut Process) {
        for object in [self.handle.take(), self.future.take()]
            .into_iter()
            .flatten()
        {
            object.drop(process);
        }
    }
}

/// What a timer does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// Wakes a task.
    Wake(usize),
    /// Nothing any more: it watched over a request that was answered. It stays in the list until it comes to the head.
    Cancelled(usize),
}

/// How long a request may take.
const TIMEOUT: Nanos = Nanos(5_000_000_000);

/// An event loop as asyncio's: those that are ready in the order in which they became so, then the timers that are due.
struct EventLoop {
    tasks: Vec<Task>,
    ready: VecDeque<usize>,
    /// The number of the timer decides between two of the same moment, so that the order is always the same.
    timers: BinaryHeap<Reverse<(Nanos, u64, Timer)>>,
    next_timer: u64,
    /// The handles of timers that watch over requests.
    watches: Vec<Option<Object>>,
    /// Tasks that wait for a thread of the pool, and the thread whose turn it is.
    jobs: VecDeque<usize>,
    next_thread: u16,
}

impl EventLoop {
    fn new(process: &mut Process, list: &mut List, tasks: Vec<Task>) -> Self {
        let started = process.now();
        let mut this = Self {
            ready: VecDeque::new(),
            timers: BinaryHeap::new(),
            next_timer: 0,
            watches: Vec::new(),
            jobs: VecDeque::new(),
            next_thread: 0,
            tasks,
        };
        for index in 0..this.tasks.len() {
            let starts = started + this.tasks[index].starts;
            this.call_at(process, list, index, starts);
        }
        this
    }

    /// A task is to run again at a moment.
    fn call_at(&mut self, process: &mut Process, list: &mut List, index: usize, moment: Nanos) {
        let task = &mut self.tasks[index];
        task.future = Some(Object::new(process, FUTURE));
        task.handle = Some(Object::new(process, TIMER_HANDLE));
        self.push(process, list, moment, Timer::Wake(index));
    }

    /// A request is watched over.
    fn watch(&mut self, process: &mut Process, list: &mut List) {
        let watch = Object::new(process, TIMER_HANDLE);
        let timer = Timer::Cancelled(self.watches.len());
        self.watches.push(Some(watch));
        let moment = process.now() + TIMEOUT;
        self.push(process, list, moment, timer);
    }

    fn push(&mut self, process: &mut Process, list: &mut List, moment: Nanos, timer: Timer) {
        list.append(process);
        self.timers.push(Reverse((moment, self.next_timer, timer)));
        self.next_timer += 1;
    }

    /// Takes out what was cancelled, as far as it stands at the head (Lib/asyncio/base_events.py, _run_once).
    fn drop_cancelled(&mut self, process: &mut Process, list: &mut List) {
        while let Some(&Reverse((.., Timer::Cancelled(watch)))) = self.timers.peek() {
            self.timers.pop();
            list.pop(process);
            if let Some(handle) = self.watches[watch].take() {
                handle.drop(process);
            }
        }
    }

    fn run(
        mut self,
        process: &mut Process,
        shared: &mut Shared,
        tick: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        loop {
            self.drop_cancelled(process, shared.timers);
            if self.ready.is_empty() && self.jobs.is_empty() {
                let Some(Reverse((due, ..))) = self.timers.peek() else {
                    return ControlFlow::Continue(());
                };
                process.wait_until(*due);
            }
            process.trim_if_due();
            while let Some(&Reverse((due, _, timer))) = self.timers.peek()
                && due <= process.now()
                && let Timer::Wake(index) = timer
            {
                self.timers.pop();
                shared.timers.pop(process);
                self.ready.push_back(index);
            }
            // One turn of the loop: those that become ready meanwhile wait for the next.
            for _ in 0..self.ready.len() {
                let Some(index) = self.ready.pop_front() else {
                    break;
                };
                self.tasks[index].woken(process);
                match self.tasks[index].subscriber.step(process, shared) {
                    Step::Yield => {
                        self.tasks[index].handle = Some(Object::new(process, HANDLE));
                        self.ready.push_back(index);
                    }
                    Step::Request => {
                        self.watch(process, shared.timers);
                        self.tasks[index].handle = Some(Object::new(process, HANDLE));
                        self.ready.push_back(index);
                    }
                    Step::Wait(time) => {
                        let moment = process.now() + time;
                        self.call_at(process, shared.timers, index, moment);
                    }
                    Step::Decode => self.jobs.push_back(index),
                    Step::Done => {}
                }
                tick()?;
            }
            self.run_jobs(process, shared);
        }
    }

    /// Each thread of the pool does one of the jobs that wait.
    fn run_jobs(&mut self, process: &mut Process, shared: &mut Shared) {
        let threads = shared.parameters.executor.unwrap_or(0) as u16;
        for _ in 0..threads {
            let Some(index) = self.jobs.pop_front() else {
                break;
            };
            process.run_as(ThreadId(1 + self.next_thread % threads));
            self.next_thread = self.next_thread.wrapping_add(1);
            let subscriber = &mut self.tasks[index].subscriber;
            subscriber.decode_next(process, shared.streams);
            self.ready.push_back(index);
        }
        process.run_as(ThreadId::MAIN);
    }
}
