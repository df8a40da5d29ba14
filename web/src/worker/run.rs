//! [`Work::Run`](crate::protocol::Work::Run): the workload through a variant, from beginning to end.

use highwater_simulator::{Options, Recording, Variant};

use crate::{
    columns,
    protocol::{MarkAt, Outcome, Ran},
    wire::Attachments,
    worker::{Engine, Job, Slice, Step, engine::Kept, now_ms},
};

/// Heap maps to keep: what is shown at once while somebody scrubs.
const FRAMES: u32 = 120;

/// Events between two questions whether to go on: about a millisecond.
const BATCH: u64 = 8192;

/// One run.
pub(crate) struct Run {
    variant: Variant,
    curves_only: bool,
    /// What has been run so far, and the time that took.
    going: Option<highwater_simulator::Run>,
    took_ms: f64,
}

impl Run {
    pub(crate) fn new(variant: Variant, curves_only: bool) -> Self {
        Self {
            variant,
            curves_only,
            going: None,
            took_ms: 0.0,
        }
    }

    fn go_on(&mut self, engine: &Engine, slice: &Slice) -> Result<Option<Recording>, String> {
        let mut going = match self.going.take() {
            Some(going) => going,
            None => self.begin(engine)?,
        };
        loop {
            if !going.go_on(BATCH) {
                return Ok(Some(going.finish()));
            }
            if !slice.may_go_on() {
                self.going = Some(going);
                return Ok(None);
            }
        }
    }

    fn begin(&self, engine: &Engine) -> Result<highwater_simulator::Run, String> {
        let options = Options {
            frames: if self.curves_only { 0 } else { FRAMES },
            decisions: 0,
            ..Options::default()
        };
        highwater_simulator::Run::new(&engine.workload()?, &self.variant, &options)
            .map_err(|error| error.to_string())
    }
}

impl Job for Run {
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step {
        let started_ms = now_ms();
        let outcome = self.go_on(engine, slice);
        self.took_ms += now_ms() - started_ms;
        match outcome {
            Ok(Some(recording)) => self.finish(engine, recording),
            Ok(None) => {
                let progress = self.going.as_ref().map(highwater_simulator::Run::progress);
                Step::More(progress.map_or(0.0, highwater_workload::Progress::share))
            }
            Err(message) => Step::Failed(message),
        }
    }
}

impl Run {
    fn finish(&self, engine: &mut Engine, recording: Recording) -> Step {
        let mut attachments = Attachments::default();
        let samples = attachments.push_f64(&columns::encode_samples(&recording.samples));
        let frames = (!self.curves_only)
            .then(|| attachments.push_u32(&columns::encode_frames(&recording.frames)));
        let marks = recording.marks.iter().map(|mark| MarkAt {
            name: mark.name.clone(),
            event: mark.sample.event,
            time: mark.sample.time,
        });
        let ran = Ran {
            variant: self.variant.clone(),
            took_ms: self.took_ms,
            events: recording.events,
            allocations: recording.allocations,
            failed: recording.failed,
            page_size: recording.page_size,
            peak_rss: recording.peak_rss,
            faults: recording.faults,
            syscalls: recording.syscalls.total(),
            marks: marks.collect(),
            samples,
            frames,
        };
        if !self.curves_only {
            engine.kept = Some(Kept {
                variant: self.variant.clone(),
                cursor: None,
            });
        }
        Step::Done(Outcome::Ran(ran), attachments)
    }
}
