//! Patterns: small programs whose allocator calls are generated.
//!
//! Two patterns run the same service, a Python one in which subscribers read a whole stream of events each, decode it
//! and hand it out (`subscriber.rs`). They differ in nothing but who runs next (`schedule.rs`): in `sync` a subscriber
//! runs to its end before the next one starts, in `async_fanout` an event loop runs all of them and changes over at
//! every await. Lifetimes interleave, or not, because of that alone.
//!
//! What the service asks its allocators for follows the rules of what it is made of (`python`): a list grows in steps of an
//! eighth, a dict's table is replaced by a larger one, a parser gathers what it has read. All objects are asked for, small
//! ones as well; which come from pools of the interpreter's own is for the interpreter's allocator to say. Sizes, order and
//! what is held for how long were checked against the recording of such a service, whose store was in the same process.
//!
//! `threads` runs another program, a pool of threads that answer requests (`pool.rs`): there every thread has its own
//! arena, and blocks are freed by others than those that allocated them.
//!
//! The calls are the same for the same parameters and seed, on every machine: times are counted in whole nanoseconds,
//! chance comes from a PCG generator, and no table's order is ever used.

mod connection;
mod decimal;
mod parameter;
mod parameters;
mod payload;
mod pool;
mod process;
mod python;
mod reply;
mod schedule;
mod service;
mod store;
mod subscriber;
mod survivors;
mod worker;

pub use parameter::{Parameter, ParameterError, Program};
pub use parameters::{MAX_CALLS, MAX_HELD, MAX_THREADS, Parameters};

pub(crate) use pool::run as run_pool;
pub(crate) use schedule::Schedule;

use crate::{ScenarioError, Watch, Workload};
use process::Process;
use service::Service;
use std::ops::ControlFlow;

/// Runs the service and keeps its calls.
pub(crate) fn run_service(
    schedule: Schedule,
    parameters: &Parameters,
    watch: &mut Watch,
) -> Result<Workload, ScenarioError> {
    parameters.check(Program::Service)?;
    let mut process = Process::new(parameters.seed, parameters.most_calls(Program::Service));
    let mut service = Service::new(&mut process, schedule, parameters);
    loop {
        match service.go_on(&mut process, watch) {
            ControlFlow::Continue(true) => {}
            ControlFlow::Continue(false) => return Ok(process.finish()),
            ControlFlow::Break(()) => return Err(ScenarioError::Cancelled),
        }
    }
}

impl From<ParameterError> for ScenarioError {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}
