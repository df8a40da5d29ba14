//! [`Work::Look`](crate::protocol::Work::Look): one moment of the run that is kept, page by page and explained.

use std::sync::Arc;

use highwater_simulator::{Micros, Simulation};

use crate::{
    columns,
    protocol::{Looked, Outcome},
    wire::Attachments,
    words,
    worker::{Engine, Job, Slice, Step},
};

/// Events between two questions whether to go on: well under a millisecond.
const BATCH: u64 = 2048;

/// Decisions told at most.
const TOLD: usize = 40;

/// Decisions looked at: many of them say the same and are told together.
const LOOKED_AT: usize = 4096;

/// A look at one moment.
pub(crate) struct Look {
    pub(crate) event: u64,
    pub(crate) time: Micros,
}

impl Job for Look {
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step {
        match self.go_on(engine, slice) {
            Ok(step) => step,
            Err(message) => Step::Failed(message),
        }
    }
}

impl Look {
    fn go_on(&self, engine: &mut Engine, slice: &Slice) -> Result<Step, String> {
        let workload = engine.workload()?;
        let kept = engine.kept.as_mut().ok_or("nothing has run yet")?;
        let target = self.event.min(workload.events.len() as u64);
        // Where the playhead lies between two events, it may be drawn beyond the second.
        let next = workload.events.get(target as usize);
        let time = next.map_or(self.time, |next| next.time.min(self.time));
        let at = |cursor: &Simulation| (cursor.position(), cursor.now());
        let cursor = match &mut kept.cursor {
            Some(cursor) if at(cursor) <= (target, time) => cursor,
            cursor => cursor.insert(
                Simulation::new(Arc::clone(&workload), &kept.variant)
                    .map_err(|error| error.to_string())?,
            ),
        };
        while cursor.position() < target && cursor.killed().is_none() {
            if !slice.may_go_on() {
                return Ok(Step::More(cursor.position() as f64 / target as f64));
            }
            cursor.run_until(target.min(cursor.position() + BATCH));
        }
        cursor.wait_until(time);
        let mut attachments = Attachments::default();
        let frame = attachments.push_u32(&columns::encode_frames([&cursor.frame()]));
        let looked = Looked {
            diagnosis: cursor.diagnose(),
            decisions: words::tell_latest(&cursor.latest_decisions(LOOKED_AT), TOLD),
            decided: cursor.decisions_taken(),
            frame,
        };
        Ok(Step::Done(Outcome::Looked(Box::new(looked)), attachments))
    }
}
