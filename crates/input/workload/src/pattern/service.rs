//! The service as a whole: it starts, has its bursts, and rests.

use super::connection::{Connection, LEAST_READ};
use super::payload::{Payload, Shape};
use super::process::{Process, whole_milliseconds_in_ns};
use super::python::{List, start};
use super::store::Stream;
use super::subscriber::Shared;
use super::survivors::Survivors;
use super::{Parameters, Schedule};
use crate::Progress;
use std::ops::ControlFlow;

/// What the collection after a burst takes.
const COLLECT_NS: u64 = 12_000_000;

/// The service between two bursts.
///
/// Marks: `start`, then with N from 0 `filled:N` where the streams are full, `burst:N` at the end of each burst,
/// `gc:N` where the streams are deleted and what was in circles is collected, and `rest:N` at the end of the rest; with `trim` set `trimmed` at the very end.
#[derive(Clone)]
pub(super) struct Service {
    schedule: Schedule,
    parameters: Parameters,
    /// Connections of the pool that nobody uses; all of them, between two bursts.
    idle: Vec<Connection>,
    survivors: Survivors,
    /// The event loop's list of timers.
    timers: List,
    /// The burst that is next.
    cycle: u32,
    steps: Steps,
}

impl Service {
    pub(super) fn new(process: &mut Process, schedule: Schedule, parameters: &Parameters) -> Self {
        start::imports(process, parameters.modules);
        start::preload(process, parameters.preload);
        process.mark("start".into());
        process.trim_every_ns(whole_milliseconds_in_ns(parameters.trim_every));
        Self {
            schedule,
            parameters: *parameters,
            idle: Vec::new(),
            survivors: Survivors::default(),
            timers: List::new(process),
            cycle: 0,
            steps: Steps::of(parameters),
        }
    }

    /// The next burst with its rest.
    pub(super) fn go_on(
        &mut self,
        process: &mut Process,
        watch: &mut crate::Watch,
    ) -> ControlFlow<()> {
        let parameters = self.parameters;
        let mut streams: Vec<Stream> = Vec::new();
        for _ in 0..parameters.streams {
            let mut stream = Stream::new(process);
            for _ in 0..parameters.events {
                // Each request is watched over by a timer, which goes with the answer.
                self.timers.append(process);
                stream.add(process, Shape::of(parameters.shape), parameters.payload);
                self.timers.pop(process);
            }
            process.trim_if_due();
            streams.push(stream);
            watch(self.steps.progress())?;
        }
        process.mark(format!("filled:{}", self.cycle));
        let steps = &mut self.steps;
        let mut tick = || {
            steps.done += 1;
            watch(steps.progress())
        };
        let mut shared = Shared {
            parameters: &self.parameters,
            streams: &streams,
            idle: &mut self.idle,
            survivors: &mut self.survivors,
            timers: &mut self.timers,
        };
        self.schedule.burst(process, &mut shared, &mut tick)?;
        process.mark(format!("burst:{}", self.cycle));
        for stream in streams {
            stream.delete(process);
        }
        process.spend_ns(COLLECT_NS);
        process.mark(format!("gc:{}", self.cycle));
        process.end_cycle(self.cycle, &parameters);
        self.cycle += 1;
        ControlFlow::Continue(())
    }
}

/// How often the subscribers have come to an await, and will, more or less.
#[derive(Clone)]
struct Steps {
    done: u64,
    total: u64,
}

impl Steps {
    fn of(parameters: &Parameters) -> Self {
        let tasks = u64::from(parameters.cycles)
            * u64::from(parameters.streams)
            * u64::from(parameters.subscribers);
        let bytes = u64::from(parameters.events) * u64::from(parameters.payload);
        let batches = match parameters.executor {
            0 => 2 * u64::from(parameters.events.div_ceil(parameters.batch)),
            _ => u64::from(parameters.events) * 2,
        };
        let reads = bytes / 55_000 * u64::from(parameters.socket);
        Self {
            done: 0,
            total: tasks * (4 + reads + batches),
        }
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.done.min(self.total),
            total: self.total.max(1),
        }
    }
}

impl Parameters {
    /// A bound of the calls of one of the service's bursts.
    pub(super) fn most_calls_of_service(&self) -> u64 {
        let tasks = u64::from(self.streams) * u64::from(self.subscribers);
        let written = u64::from(self.streams) * u64::from(self.events);
        let read = tasks * u64::from(self.events);
        let shape = Shape::of(self.shape);
        let items = Payload::most_items(shape, self.payload);
        let longest = Payload::longest(shape, self.payload);
        let readings = match self.socket {
            0 => 0,
            _ => longest / LEAST_READ + 1,
        };
        let of_event = 140 + 22 * items + 4 * readings;
        let pages = match self.page {
            0 => 1,
            page => u64::from(self.events.div_ceil(page)),
        };
        let of_task = 400 + pages * 120;
        let trims = match self.trim_every {
            0.0 => 0,
            // A bound for bursts that last twice the rests.
            every => ((self.rest + 60.0) * 3.0 / every) as u64,
        };
        (written + read) * of_event + tasks * of_task + trims + 1_000
    }

    /// A bound that the bytes the service holds at one time stay below.
    pub(super) fn most_held_by_service(&self) -> u64 {
        let tasks = u64::from(self.streams) * u64::from(self.subscribers);
        let shape = Shape::of(self.shape);
        let items = Payload::most_items(shape, self.payload);
        let event = Payload::longest(shape, self.payload) + 700 + items * 400;
        // The reply and the decoded events, some bookkeeping, and a few buffers of several payloads to each task.
        let per_task = u64::from(self.events) * 2 * event + 16 * event + (4 << 20);
        let decoded = tasks * u64::from(self.cycles) * u64::from(self.events);
        let of_share = |share: f64, size: u64| match share {
            0.0 => 0,
            _ => {
                decoded.min(match self.kept {
                    0 => u64::MAX,
                    kept => u64::from(kept),
                }) * size
            }
        };
        tasks * per_task
            + u64::from(self.streams) * u64::from(self.events) * event
            + of_share(self.survivors, u64::from(self.survivor_size) * 2 + 100)
            + of_share(self.sessions, 1_000)
            + u64::from(self.modules) * (128 << 10)
            + (u64::from(self.preload) + 1) * (5 << 18)
    }
}
