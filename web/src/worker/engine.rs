//! What a worker keeps between two jobs: a trace, the calls of patterns, and a simulation that stands at the moment looked
//! at last.

use std::ops::ControlFlow;

use highwater_simulator::{Bytes, Micros, Plan, Simulation, Snapshots, Stage};
use highwater_workload::{Pattern, Progress, Source, pattern::Parameters};

use crate::{
    protocol::{Calls, Order, StageOrder},
    worker::{Slice, log::Log, now_ms},
};

/// Calls in memory at most, besides those that are run: as many as one pattern may have.
const MOST_KEPT: u64 = highwater_workload::pattern::MAX_CALLS;

/// The worker's memory.
#[derive(Default)]
pub struct Engine {
    trace: Option<(u32, Source)>,
    /// Made, the one used last at the end.
    made: Vec<((Pattern, Parameters), Source)>,
    pub(crate) cursor: Option<Cursor>,
    /// Moments of the runs that were made or looked into here, those used last at the end.
    moments: Vec<Moments>,
}

/// Runs of which moments are kept.
const MOST_RUNS: usize = 8;

/// Moments kept of one run.
const MOST_MOMENTS: usize = 128;

/// Bytes that the moments of all runs take at most.
const MOST_BYTES: Bytes = Bytes::mib(64);

/// One part in so many of the time that a run or a look takes may be spent on keeping moments.
const SHARE: f64 = 16.0;

/// What passes between two offers of one job at most; more is another job's time.
const LONGEST_MS: f64 = 20.0;

/// Moments of one stage's process, each with what was decided up to it.
struct Moments {
    order: Order,
    stage: usize,
    kept: Snapshots<Log>,
    /// What was spent on keeping them, what was worked on the way, and when that was told last.
    keeping_ms: f64,
    worked_ms: f64,
    told_ms: f64,
}

/// A process at the moment looked at last. Going forward it continues, or begins at a kept moment that is nearer; going back it
/// begins at a kept moment.
pub(crate) struct Cursor {
    pub(crate) order: Order,
    pub(crate) stage: usize,
    pub(crate) simulation: Simulation,
    /// What was decided on the way.
    pub(crate) log: Log,
}

impl Engine {
    /// Takes another trace in place of the one before.
    pub(crate) fn take(&mut self, number: u32, source: Source) {
        self.cursor = None;
        self.moments.clear();
        self.trace = Some((number, source));
    }

    /// The kept moments of a stage's process.
    fn moments(&mut self, order: &Order, stage: usize) -> &mut Moments {
        let is_of = |moments: &Moments| moments.stage == stage && moments.order == *order;
        let moments = match self.moments.iter().position(is_of) {
            Some(found) => self.moments.remove(found),
            None => Moments {
                order: order.clone(),
                stage,
                kept: Snapshots::new(MOST_MOMENTS, MOST_BYTES),
                keeping_ms: 0.0,
                worked_ms: 0.0,
                told_ms: 0.0,
            },
        };
        if self.moments.len() == MOST_RUNS {
            self.moments.remove(0);
        }
        self.moments.push(moments);
        let last = self.moments.len() - 1;
        &mut self.moments[last]
    }

    /// How many events had been run at each kept moment.
    #[cfg(test)]
    pub(crate) fn kept(&mut self, (order, stage): (&Order, usize)) -> impl Iterator<Item = u64> {
        self.moments(order, stage).kept.positions()
    }

    /// Keeps the moment at which a process is, if one is due there and there is time for it.
    pub(crate) fn offer(
        &mut self,
        (order, stage): (&Order, usize),
        simulation: &Simulation,
        log: &Log,
    ) {
        let moments = self.moments(order, stage);
        let started_ms = now_ms();
        moments.worked_ms += (started_ms - moments.told_ms).min(LONGEST_MS);
        moments.told_ms = started_ms;
        let has_time = moments.keeping_ms * SHARE <= moments.worked_ms;
        if !has_time || !moments.kept.is_due(simulation) {
            return;
        }
        (moments.kept).keep(simulation, (log.clone(), log.footprint()));
        moments.told_ms = now_ms();
        moments.keeping_ms += moments.told_ms - started_ms;
        let bytes = |moments: &Moments| moments.kept.bytes();
        while Bytes(self.moments.iter().map(|moments| bytes(moments).0).sum()) > MOST_BYTES
            && let Some(largest) = self.moments.iter_mut().max_by_key(|moments| bytes(moments))
        {
            largest.kept.thin();
        }
    }

    /// The process at the latest kept moment up to this one, if that spares some way after `since` events.
    pub(crate) fn resumed(
        &mut self,
        (order, stage): (&Order, usize),
        moment: (u64, Micros),
        since: u64,
    ) -> Option<Cursor> {
        let near = self.cursor.take();
        let is_near = |near: &&Cursor| near.stage == stage && near.order == *order;
        let simulation = near.as_ref().filter(is_near).map(|near| &near.simulation);
        let kept = &self.moments(order, stage).kept;
        let resumed = kept.resumed(moment, since, simulation);
        self.cursor = near;
        let (simulation, log) = resumed?;
        Some(Cursor {
            order: order.clone(),
            stage,
            simulation,
            log,
        })
    }

    /// Everything that is to be run.
    pub(crate) fn plan(&mut self, order: &Order, slice: &Slice) -> Result<Plan, String> {
        let stages = order.stages.iter().map(|stage| {
            let sources = (0..stage.workers).map(|worker| self.source(stage, worker, slice));
            Ok(Stage {
                name: stage.name.clone(),
                sources: sources.collect::<Result<_, String>>()?,
                variant: stage.variant.clone(),
                // The page has the remarks where the settings are typed.
                said: Vec::new(),
            })
        });
        Ok(Plan {
            name: String::new(),
            stages: stages.collect::<Result<_, String>>()?,
        })
    }

    /// The calls of a stage's process.
    pub(crate) fn source(
        &mut self,
        stage: &StageOrder,
        worker: u32,
        slice: &Slice,
    ) -> Result<Source, String> {
        let source = match &stage.calls {
            Calls::Trace(number) => match &self.trace {
                Some((held, source)) if held == number => source.clone(),
                _ => return Err("the trace is no longer loaded; open it again".to_owned()),
            },
            Calls::Pattern { pattern, values } => {
                let parameters =
                    Parameters::of_values(values).map_err(|error| error.to_string())?;
                self.made(*pattern, parameters.of_process(worker), slice)?
            }
        };
        match stage.trims {
            Some(trims) => source.with_trims(trims).map_err(|error| error.to_string()),
            None => Ok(source),
        }
    }

    fn made(
        &mut self,
        pattern: Pattern,
        parameters: Parameters,
        slice: &Slice,
    ) -> Result<Source, String> {
        let asked = (pattern, parameters);
        let found = self.made.iter().position(|(made, _)| *made == asked);
        let entry = match found {
            Some(index) => self.made.remove(index),
            None => {
                let mut watch = |progress: Progress| {
                    slice.tell(progress.share());
                    ControlFlow::Continue(())
                };
                let made = pattern.source(&parameters, &mut watch);
                (asked, made.map_err(|error| error.to_string())?)
            }
        };
        let source = entry.1.clone();
        self.made.push(entry);
        let held = |(_, source): &(_, Source)| source.first().events.len() as u64;
        while self.made.len() > 1 && self.made.iter().map(held).sum::<u64>() > MOST_KEPT {
            self.made.remove(0);
        }
        Ok(source)
    }
}
