//! [`Work::Run`](crate::protocol::Work::Run): the workload through a variant, from beginning to end.

use std::ops::ControlFlow;

use highwater_simulator::{Options, Recording, Variant, run};
use highwater_workload::Progress;

use crate::{
    columns,
    protocol::{MarkAt, Outcome, Ran},
    wire::Attachments,
    worker::{Engine, Job, Slice, Step, engine::Kept, now_ms},
};

/// Heap maps to keep: what is shown at once while somebody scrubs.
const FRAMES: u32 = 120;

/// Decisions to keep.
const DECISIONS: u32 = 4096;

/// One run.
pub(crate) struct Run {
    pub(crate) variant: Variant,
    pub(crate) curves_only: bool,
}

impl Job for Run {
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step {
        let workload = match engine.workload() {
            Ok(workload) => workload,
            Err(message) => return Step::Failed(message),
        };
        let options = Options {
            frames: if self.curves_only { 0 } else { FRAMES },
            decisions: if self.curves_only { 0 } else { DECISIONS },
            ..Options::default()
        };
        let started_ms = now_ms();
        let mut watch = |progress: Progress| {
            slice.tell(progress.share());
            ControlFlow::Continue(())
        };
        match run(&workload, &self.variant, &options, &mut watch) {
            Ok(recording) => self.finish(engine, recording, now_ms() - started_ms),
            Err(error) => Step::Failed(error.to_string()),
        }
    }
}

impl Run {
    fn finish(&self, engine: &mut Engine, recording: Recording, took_ms: f64) -> Step {
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
            took_ms,
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
                decisions: recording.decisions,
                cursor: None,
            });
        }
        Step::Done(Outcome::Ran(ran), attachments)
    }
}
