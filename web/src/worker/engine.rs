//! What a worker keeps between two jobs: a trace, the calls of patterns, and a simulation that stands at the moment looked
//! at last.

use std::{ops::ControlFlow, sync::Arc};

use highwater_simulator::{Plan, Simulation, Stage};
use highwater_workload::{Pattern, Progress, Source, Workload, pattern::Parameters};

use crate::{
    protocol::{Calls, Order, StageOrder},
    worker::{Slice, log::Log},
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
}

/// A process at the moment looked at last. Going forward it continues; going back it begins anew. Copies of it along the way
/// would make going back quicker, but each holds as much memory as the process it simulates had written.
pub(crate) struct Cursor {
    pub(crate) order: Order,
    pub(crate) stage: usize,
    pub(crate) simulation: Simulation,
    /// What was decided on the way.
    pub(crate) log: Log,
}

impl Engine {
    /// Takes another trace in place of the one before.
    pub(crate) fn take(&mut self, number: u32, workload: Arc<Workload>) {
        self.cursor = None;
        self.trace = Some((number, workload.into()));
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
