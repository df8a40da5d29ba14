//! [`Work::Load`](crate::protocol::Work::Load): from bytes to a workload.
//!
//! It cannot be interrupted: reading is one call, which tells how far it is and returns when it is done. A page that does not
//! want to wait for that ends the worker.

use std::{ops::ControlFlow, sync::Arc};

use highwater_settings::is_read;
use highwater_simulator::{Choice, Micros, Simulation, Variable, Variant};
use highwater_workload::{
    Header, Progress, Workload,
    trace::{self, TraceError},
};

use crate::{
    protocol::{Loaded, Outcome},
    worker::{Engine, Job, Slice, Step},
};

/// A trace, plain or gzip, and the number it is kept under.
pub(crate) struct Load {
    pub(crate) bytes: Vec<u8>,
    pub(crate) number: u32,
}

impl Job for Load {
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step {
        let mut watch = |progress: Progress| {
            slice.tell(progress.share());
            ControlFlow::Continue(())
        };
        let bytes = std::mem::take(&mut self.bytes);
        let read = trace::read_with(&bytes, trace::Limits::default(), &mut watch);
        if let Err(error @ TraceError::NotATrace { .. }) = &read {
            return Step::Done(Outcome::Foreign(error.to_string()));
        }
        match read
            .map_err(|error| error.to_string())
            .and_then(|workload| accept(workload, trace::checksum(&bytes)))
        {
            Ok((workload, loaded)) => {
                engine.take(self.number, workload);
                Step::Done(Outcome::Loaded(loaded))
            }
            Err(message) => Step::Failed(message),
        }
    }
}

/// A workload that can be run, and what there is to say of it. One that cannot is refused here, before it takes the
/// place of another.
fn accept(workload: Workload, checksum: u32) -> Result<(Arc<Workload>, Loaded), String> {
    if workload.events.is_empty() {
        return Err("the trace has no calls, so nothing can run".to_owned());
    }
    let header = &workload.header;
    let calls = workload.events.iter().map(|event| event.call);
    let calls = calls.filter(|call| call.is_call());
    let replays = |(name, version): &(String, String)| Choice::recorded(name, version).choice;
    let loaded = Loaded {
        program: header.program.clone(),
        checksum,
        calls: calls.clone().count() as u64,
        blocks: calls.filter(|call| call.allocated().is_some()).count() as u64,
        threads: u32::from(workload.last_thread.0) + 1,
        marks: workload.marks.len() as u64,
        lasts: workload.events.last().map_or(Micros(0), |event| event.time),
        skipped: workload.skipped,
        unended: workload.unended,
        recorded: header
            .allocator
            .as_ref()
            .map(|(name, version)| format!("{name} {version}")),
        allocator: header.allocator.as_ref().map(replays).unwrap_or_default(),
        environment: header
            .env
            .iter()
            .filter(|(name, _)| is_read(name))
            .map(|(name, value)| Variable {
                name: name.clone(),
                value: value.clone(),
            })
            .collect(),
        imported: imported(header),
    };
    let shared = Arc::new(workload);
    Simulation::new(&shared, &Variant::default()).map_err(|error| error.to_string())?;
    Ok((shared, loaded))
}

/// Letters that are shown of such a line at most.
const LONGEST_LINE: usize = 400;

/// What the header of a file that was imported says of it: the tool, and what its file lacks.
fn imported(header: &Header) -> Option<String> {
    let line = header.noted.iter().find(|(name, _)| name == "imported");
    line.map(|(_, line)| line.chars().take(LONGEST_LINE).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> Step {
        let mut engine = Engine::default();
        let bytes = text.as_bytes().to_vec();
        Load { bytes, number: 1 }.advance(&mut engine, &Slice::unlimited())
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
        let text = "highwater-trace 1\nallocator jemalloc 3.6.0\nenv A=1\nenv MALLOC_CONF=narenas:1\nm 0 0 0x1000 10\n";
        match loaded(text) {
            Step::Done(Outcome::Loaded(loaded)) => {
                assert_eq!(loaded.recorded.as_deref(), Some("jemalloc 3.6.0"));
                // The nearest release that is modelled.
                assert_eq!(loaded.allocator.to_string(), "jemalloc@5.2.1");
                // What no allocator reads stays in the file.
                let names = loaded.environment.iter().map(|v| v.name.as_str());
                assert_eq!(names.collect::<Vec<_>>(), ["MALLOC_CONF"]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_block_counts_though_it_takes_the_number_of_another() {
        let text = "highwater-trace 1\nm 0 0 0x1000 10\nf 1 0 0x1000\nm 2 0 0x1000 10\nr 3 0 0x2000 0x1000 20\nk 4 0 done\n";
        match loaded(text) {
            Step::Done(Outcome::Loaded(loaded)) => {
                assert_eq!((loaded.blocks, loaded.calls), (3, 4))
            }
            other => panic!("{other:?}"),
        }
    }
}
