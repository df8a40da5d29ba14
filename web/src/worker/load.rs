//! [`Work::Load`](crate::protocol::Work::Load) and [`Work::Build`](crate::protocol::Work::Build): from bytes or
//! parameters to a workload.
//!
//! Neither can be interrupted: reading and building are one call each, which tells how far it is and returns when it is
//! done. A page that does not want to wait for that ends the worker.

use std::{ops::ControlFlow, sync::Arc};

use highwater_simulator::{Choice, Simulation, Variable, Variant};
use highwater_workload::{Pattern, Progress, Workload, pattern::Parameters, trace};

use crate::{
    protocol::{Loaded, Outcome},
    wire::Attachments,
    worker::{Engine, Job, Slice, Step},
};

/// Where a workload comes from.
pub(crate) enum Load {
    /// A trace, plain or gzip.
    Trace(Vec<u8>),
    /// A pattern, and its parameters' values.
    Pattern(Pattern, Vec<f64>),
}

impl Job for Load {
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step {
        let mut watch = |progress: Progress| {
            slice.tell(progress.share());
            ControlFlow::Continue(())
        };
        let read = match self {
            Self::Trace(bytes) => {
                let bytes = std::mem::take(bytes);
                trace::read_with(&bytes, trace::Limits::default(), &mut watch)
                    .map_err(|error| error.to_string())
            }
            Self::Pattern(scenario, values) => Parameters::of_values(values)
                .map_err(|error| error.to_string())
                .and_then(|parameters| {
                    let built = scenario.build(&parameters, &mut watch);
                    built.map_err(|error| error.to_string())
                }),
        };
        match read.and_then(accept) {
            Ok((workload, loaded)) => {
                engine.take(workload);
                Step::Done(Outcome::Loaded(loaded), Attachments::default())
            }
            Err(message) => Step::Failed(message),
        }
    }
}

/// A workload that can be run, and what there is to say of it. One that cannot is refused here, before it takes the
/// place of another.
fn accept(workload: Workload) -> Result<(Workload, Loaded), String> {
    if workload.events.is_empty() {
        return Err("it holds no calls: there is nothing to run".to_owned());
    }
    let header = &workload.header;
    let named = |(name, version): &(String, String)| Choice::named(name, version);
    let loaded = Loaded {
        program: header.program.clone(),
        events: workload.events.len() as u64,
        skipped: workload.skipped,
        recorded: header
            .allocator
            .as_ref()
            .map(|(name, version)| format!("{name} {version}")),
        allocator: header
            .allocator
            .as_ref()
            .and_then(named)
            .unwrap_or_default(),
        environment: header
            .env
            .iter()
            .map(|(name, value)| Variable {
                name: name.clone(),
                value: value.clone(),
            })
            .collect(),
    };
    let shared = Arc::new(workload);
    Simulation::new(Arc::clone(&shared), &Variant::default()).map_err(|error| error.to_string())?;
    let workload = Arc::try_unwrap(shared).map_err(|_| "the workload is still in use")?;
    Ok((workload, loaded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> Step {
        let mut engine = Engine::default();
        Load::Trace(text.as_bytes().to_vec()).advance(&mut engine, &Slice::unlimited())
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_its_reason() {
        for (text, part) in [
            ("highwater-trace 1\nm 0 0 zzz 10\n", "line 2"),
            ("highwater-trace 1\n", "no calls"),
        ] {
            match loaded(text) {
                Step::Failed(message) => assert!(message.contains(part), "{message}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_header_is_reported() {
        let text = "highwater-trace 1\nallocator jemalloc 3.6.0\nenv A=1\nm 0 0 0x1000 10\n";
        match loaded(text) {
            Step::Done(Outcome::Loaded(loaded), _) => {
                assert_eq!(loaded.recorded.as_deref(), Some("jemalloc 3.6.0"));
                assert_eq!(loaded.allocator, Choice::default());
                assert_eq!(loaded.environment.len(), 1);
            }
            other => panic!("{other:?}"),
        }
    }
}
