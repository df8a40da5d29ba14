//! [`Work::Load`](crate::protocol::Work::Load): from a file to what can be run.
//!
//! A recording of many calls is read again for each run, a slice at a time: nothing holds it whole.

use std::io;

use highwater_settings::is_read;
use highwater_simulator::{Choice, Simulation, Variable, Variant};
use highwater_workload::{
    Header, Source,
    trace::{Limits, Survey, TraceError},
};

use crate::{
    protocol::{Loaded, Outcome},
    worker::{
        Engine, Job, Rank, Slice, Step,
        recorded::{Bytes, Recorded},
    },
};

/// A recording on its first reading, and the number it is kept under.
pub(crate) struct Load {
    recorded: Recorded,
    survey: Option<Survey>,
    number: u32,
    /// Events of a recording that is kept in memory.
    kept: u64,
}

impl Load {
    pub(crate) fn new(bytes: Bytes, number: u32) -> Self {
        Self {
            recorded: Recorded::of(bytes),
            survey: None,
            number,
            kept: Limits::KEPT,
        }
    }

    /// Reads on; returns the source once all was read.
    fn go_on(&mut self, slice: &Slice) -> Result<Option<Source>, TraceError> {
        let mut survey = match self.survey.take() {
            Some(survey) => survey,
            None => Survey::new(self.recorded.trace(), self.kept)?,
        };
        while survey.go_on()? {
            if !slice.may_go_on() {
                self.survey = Some(survey);
                return Ok(None);
            }
        }
        Ok(Some(Source::surveyed(survey)))
    }
}

impl Job for Load {
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step {
        let source = match self.go_on(slice) {
            Ok(Some(source)) => source,
            Ok(None) => {
                let position = self.survey.as_ref().map_or(0, Survey::position);
                return Step::More(position as f64 / self.recorded.size().max(1) as f64);
            }
            Err(error @ TraceError::NotATrace { .. }) => {
                return Step::Done(Outcome::Foreign(error.to_string()));
            }
            Err(error) => return Step::Failed(error.to_string()),
        };
        match accept(&source, self.recorded.checksum()) {
            Ok(loaded) => {
                engine.take(self.number, source);
                Step::Done(Outcome::Loaded(loaded))
            }
            Err(message) => Step::Failed(message),
        }
    }

    /// What is to be run may have been asked for: another worker has read the recording already.
    fn rank(&self) -> Rank {
        Rank::Needed
    }
}

/// Describes something that can be run. What cannot is refused here, before it takes the place of another.
fn accept(source: &Source, checksum: io::Result<u32>) -> Result<Loaded, String> {
    if source.events() == 0 {
        return Err("the trace has no calls, so nothing can run".to_owned());
    }
    let checksum = checksum.map_err(|error| error.to_string())?;
    let (workload, counts) = (source.first(), source.counts());
    let header = &workload.header;
    let replays = |(name, version): &(String, String)| Choice::recorded(name, version).choice;
    let loaded = Loaded {
        program: header.program.clone(),
        checksum,
        calls: counts.calls,
        blocks: counts.blocks,
        threads: u32::from(workload.last_thread.0) + 1,
        marks: counts.marks,
        lasts: counts.lasts,
        is_long: source.is_streamed(),
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
        origin: origin(header),
    };
    Simulation::new(source, &Variant::default()).map_err(|error| error.to_string())?;
    Ok(loaded)
}

/// Letters that are shown of such a line at most.
const LONGEST_LINE: usize = 400;

/// What the header of a file that was imported says of it: the tool, and what its file lacks.
fn origin(header: &Header) -> Option<String> {
    let line = header.noted.iter().find(|(name, _)| name == "imported");
    line.map(|(_, line)| of_a_tool(&line.chars().take(LONGEST_LINE).collect::<String>()))
}

/// The sentence about a recording of another tool: which, and what its file lacks.
pub(crate) fn of_a_tool(losses: &str) -> String {
    format!("Recorded by another tool: {losses}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::{Calls, Order, Ran, StageOrder},
        worker::run::Run,
    };
    use highwater_workload::trace;

    fn loaded(text: &str) -> Step {
        let mut engine = Engine::default();
        let bytes = Bytes::Here(text.as_bytes().to_vec());
        Load::new(bytes, 1).advance(&mut engine, &Slice::unlimited())
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

    #[test]
    fn a_long_recording_is_reported_and_runs_as_a_short_one() {
        let trace = include_bytes!("../../traces/asyncio_burst.hwt.gz");
        let outcomes = [u64::MAX, 1].map(|kept| {
            let mut engine = Engine::default();
            let mut load = Load::new(Bytes::Here(trace.to_vec()), 1);
            load.kept = kept;
            let loaded = match to_its_end(&mut load, &mut engine) {
                Outcome::Loaded(loaded) => loaded,
                other => panic!("{other:?}"),
            };
            assert_eq!(loaded.is_long, kept == 1);
            assert_eq!(loaded.checksum, trace::checksum(trace));
            let order = order(Variant::default());
            let ran = match to_its_end(&mut Run::new(order.clone(), 4), &mut engine) {
                Outcome::Ran(ran) => Ran {
                    took_ms: 0.0,
                    ..*ran
                },
                other => panic!("{other:?}"),
            };
            let survey = match to_its_end(&mut super::super::survey::Survey { order }, &mut engine)
            {
                Outcome::Surveyed(survey) => survey,
                other => panic!("{other:?}"),
            };
            let is_long = false;
            (Loaded { is_long, ..loaded }, ran, survey)
        });
        let [whole, in_parts] = outcomes;
        assert_eq!(whole.0, in_parts.0);
        assert!(whole.1 == in_parts.1, "the runs differ");
        let survey = |bytes: &[u8]| -> highwater_advise::Survey {
            borsh::from_slice(bytes).expect("it was written here")
        };
        let mut whole = survey(&whole.2);
        // What is not in memory is not cut.
        whole.has_halves = false;
        assert_eq!(whole, survey(&in_parts.2));
    }

    fn order(variant: Variant) -> Order {
        Order {
            stages: vec![StageOrder {
                name: String::new(),
                calls: Calls::Trace(1),
                workers: 1,
                trims: None,
                variant,
            }],
        }
    }

    fn to_its_end(job: &mut dyn Job, engine: &mut Engine) -> Outcome {
        loop {
            match job.advance(engine, &Slice::unlimited()) {
                Step::More(_) => {}
                Step::Done(outcome) => return outcome,
                other => panic!("{other:?}"),
            }
        }
    }
}
