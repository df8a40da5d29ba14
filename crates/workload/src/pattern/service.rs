//! The service as a whole: it starts, has its bursts, and rests.

use super::process::Process;
use super::python::{self, Object};
use super::{ParameterError, Parameters, Program, Schedule};
use crate::{Progress, ScenarioError, Watch, Workload};

/// Modules imported at the start: a small service with its framework.
const MODULES: u32 = 200;

/// Runs the service and keeps its calls.
///
/// Marks: `start`, then `burst:N` at the end of each burst and `rest:N` at the end of the rest after it, N from 0; with
/// `trim` set `trimmed` at the very end.
pub(crate) fn run(
    schedule: Schedule,
    parameters: &Parameters,
    watch: &mut Watch,
) -> Result<Workload, ScenarioError> {
    parameters.check(Program::Service)?;
    let mut process = Process::new(parameters.seed, parameters.most_calls(Program::Service));
    python::imports(&mut process, MODULES);
    process.mark("start".into());
    let steps = Steps::of(parameters);
    let mut done = 0;
    for cycle in 0..parameters.cycles {
        let mut streams: Vec<_> = (0..parameters.streams)
            .flat_map(|_| open_stream(&mut process))
            .collect();
        let mut tick = || {
            done += 1;
            watch(Progress {
                done: done.min(steps.0),
                total: steps.0,
            })
        };
        if schedule
            .burst(&mut process, parameters, &mut tick)
            .is_break()
        {
            return Err(ScenarioError::Cancelled);
        }
        process.mark(format!("burst:{cycle}"));
        // The streams end. What of them is held in circles goes with the collection that follows.
        python::drop_backwards(&mut process, &mut streams);
        process.spend_ns(12_000_000);
        // In whole milliseconds, which is what the value is rounded to.
        process.spend_ns((parameters.rest * 1000.0).round() as u64 * 1_000_000);
        process.mark(format!("rest:{cycle}"));
    }
    if parameters.trim == 1 {
        process.trim();
        process.mark("trimmed".into());
    }
    Ok(process.finish())
}

/// What the service keeps of a stream while it lasts: its table, its queue and its buffer of numbers.
fn open_stream(process: &mut Process) -> [Object; 3] {
    [
        python::dict(process, 1),
        python::deque(process),
        Object::new(process, 2_080),
    ]
}

/// How often the subscribers will come to an await, more or less.
struct Steps(u64);

impl Steps {
    fn of(parameters: &Parameters) -> Self {
        let tasks = u64::from(parameters.cycles)
            * u64::from(parameters.streams)
            * u64::from(parameters.subscribers);
        let bytes = u64::from(parameters.events) * u64::from(parameters.payload);
        let batches = u64::from(parameters.events.div_ceil(parameters.batch));
        Self(tasks * (2 + bytes / 55_000 + 2 * batches))
    }
}

impl Parameters {
    /// A bound of the service's calls.
    pub(super) fn most_calls_of_service(&self) -> u64 {
        let events = self.decoded();
        let readings = u64::from(self.payload) / super::subscriber::LEAST_READ + 1;
        let tasks = u64::from(self.streams) * u64::from(self.subscribers);
        events * (28 + 4 * readings) + u64::from(self.cycles) * (tasks * 300 + 2000) + 20_000
    }

    /// Events decoded in all the cycles.
    fn decoded(&self) -> u64 {
        u64::from(self.cycles)
            * u64::from(self.streams)
            * u64::from(self.subscribers)
            * u64::from(self.events)
    }

    /// A bound that the bytes the service holds at one time stay below.
    pub(super) fn most_held_by_service(&self) -> u64 {
        let tasks = u64::from(self.streams) * u64::from(self.subscribers);
        // The reply and the decoded events, some bookkeeping, and a few buffers of several payloads to each task.
        let per_task = u64::from(self.events) * (2 * u64::from(self.payload) + 4096)
            + 16 * u64::from(self.payload)
            + (4 << 20);
        let survivors = if self.survivors > 0.0 {
            self.decoded()
        } else {
            0
        };
        tasks * per_task + survivors * u64::from(self.survivor_size)
    }
}

impl From<ParameterError> for ScenarioError {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}
