//! The service as a whole: it starts, has its bursts, and rests.

use super::connection::{Connection, LEAST_READ};
use super::kind::{Share, Store};
use super::payload::Payload;
use super::process::Process;
use super::python::{List, start};
use super::schedule::Schedule;
use super::store::Stream;
use super::subscriber::Shared;
use super::survivors::Survivors;
use super::table::{Bounds, Bursts, ServiceParameters};
use crate::{Bytes, Micros, Nanos, Progress};
use std::ops::ControlFlow;

/// What the collection after a burst takes.
const COLLECT_TIME: Nanos = Nanos(12_000_000);

/// The service between two bursts.
///
/// Marks: `start`, then with N from 0 `filled:N` where the streams are full, `burst:N` at the end of each burst,
/// `gc:N` where the streams are deleted and what was in circles is collected, and `rest:N` at the end of the rest; with `trim` set `trimmed` at the very end.
#[derive(Clone)]
pub(super) struct Service {
    schedule: Schedule,
    parameters: ServiceParameters,
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
    pub(super) fn new(
        process: &mut Process,
        schedule: Schedule,
        parameters: &ServiceParameters,
    ) -> Self {
        process.leaving(|process| {
            start::imports(process, parameters.python.modules);
            start::preload(process, parameters.preload);
        });
        process.mark("start".into());
        if let Some(interval) = parameters.trim_every {
            process.trim_every(interval);
        }
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
                stream.add(process, parameters.shape, parameters.payload);
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
        process.spend(COLLECT_TIME);
        process.mark(format!("gc:{}", self.cycle));
        process.end_cycle(self.cycle, &parameters.bursts);
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
    fn of(parameters: &ServiceParameters) -> Self {
        let tasks = u64::from(parameters.bursts.cycles)
            * u64::from(parameters.streams)
            * u64::from(parameters.subscribers);
        let bytes = u64::from(parameters.events) * parameters.payload.0;
        let batches = match parameters.executor {
            None => 2 * u64::from(parameters.events.div_ceil(parameters.batch)),
            Some(_) => u64::from(parameters.events) * 2,
        };
        let reads = match parameters.socket {
            Store::InProcess => 0,
            Store::Socket => bytes / 55_000,
        };
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

impl ServiceParameters {
    fn tasks(&self) -> u64 {
        u64::from(self.streams) * u64::from(self.subscribers)
    }
}

impl Bounds for ServiceParameters {
    fn bursts(&self) -> &Bursts {
        &self.bursts
    }

    fn calls_at_start(&self) -> u64 {
        20_000 + self.python.calls() + start::calls_of_preload(self.preload)
    }

    fn calls_of_burst(&self) -> u64 {
        let tasks = self.tasks();
        let written = u64::from(self.streams) * u64::from(self.events);
        let read = tasks * u64::from(self.events);
        let items = Payload::most_items(self.shape, self.payload);
        let readings = match self.socket {
            Store::InProcess => 0,
            Store::Socket => Payload::longest(self.shape, self.payload) / LEAST_READ + 1,
        };
        let of_event = 140 + 22 * items + 4 * readings;
        let pages = self.page.map_or(1, |page| self.events.div_ceil(page));
        let of_task = 400 + u64::from(pages) * 120;
        // A bound for bursts that last twice the rests.
        let time = (self.bursts.rest + Micros(60_000_000)).0 * 3;
        let trims = self.trim_every.map_or(0, |every| time / every.0);
        (written + read) * of_event + tasks * of_task + trims + 1_000
    }

    fn held(&self) -> Bytes {
        let items = Payload::most_items(self.shape, self.payload);
        let longest = Payload::longest(self.shape, self.payload);
        let event = longest + Bytes(700) + Bytes(400) * items;
        let events = u64::from(self.events);
        // The reply and the decoded events, some bookkeeping, and a few buffers of several payloads to each task.
        let per_task = event * (events * 2 + 16) + Bytes::mib(4);
        let decoded = self.tasks() * u64::from(self.bursts.cycles) * events;
        let kept = self.kept.map_or(decoded, |kept| decoded.min(kept.into()));
        let of_share = |share, size: Bytes| match share {
            Share::NONE => Bytes::ZERO,
            _ => size * kept,
        };
        per_task * self.tasks()
            + event * (u64::from(self.streams) * events)
            + of_share(self.survivors, self.survivor_size * 2 + Bytes(100))
            + of_share(self.sessions, Bytes(1_000))
            + self.python.held()
            + start::held_by_preload(self.preload)
    }
}
