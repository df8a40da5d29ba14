//! [`Work::Run`](crate::protocol::Work::Run): something from beginning to end.

use highwater_advise::{Trial, half, options};
use highwater_simulator::{Explain, Frame, Micros, Options, PlanRun, RealProcess, Sample};

use crate::{
    protocol::{MarkAt, Order, Outcome, Piece, Ran, StageRan, Tried},
    wire::bytes,
    worker::{
        Engine, Job, Rank, Slice, Step,
        log::{Log, READ_EVERY},
        now_ms,
    },
};

/// Events between two questions whether to go on: about a millisecond.
const BATCH: u64 = 8192;

/// Moments of the real process that a chart has room for.
const DOTS: usize = 1000;

/// Samples of a curve that still grows.
const POINTS: usize = 300;

/// What is wanted of a run.
enum Wanted {
    /// The curves, and a number of maps.
    Curves(u32),
    /// What a search for what would help asks: of which half of a recording, where not of all of it, and whether explained.
    Trial(Option<bool>, bool),
}

/// One run.
pub(crate) struct Run {
    order: Order,
    wanted: Wanted,
    /// What has been run so far, and the time that took.
    going: Option<PlanRun>,
    /// What the process of a stage has decided, for the moments of it that are kept.
    log: (usize, Log),
    took_ms: f64,
}

impl Run {
    pub(crate) fn new(order: Order, frames: u32) -> Self {
        Self {
            order,
            wanted: Wanted::Curves(frames),
            going: None,
            log: (0, Log::default()),
            took_ms: 0.0,
        }
    }

    /// A run for a search, from the bytes of a piece.
    pub(crate) fn trial(bytes: &[u8]) -> Result<Self, String> {
        let piece: Piece = borsh::from_slice(bytes).map_err(|error| error.to_string())?;
        Ok(Self {
            wanted: Wanted::Trial(piece.half, piece.is_explained),
            ..Self::new(piece.order, 0)
        })
    }

    fn go_on(
        &mut self,
        engine: &mut Engine,
        slice: &Slice,
    ) -> Result<Option<highwater_simulator::Outcome>, String> {
        let mut going = match self.going.take() {
            Some(going) => going,
            None => self.begin(engine, slice)?,
        };
        loop {
            if !self.batch(engine, &mut going)? {
                return Ok(Some(going.finish()));
            }
            if !slice.may_go_on() {
                self.going = Some(going);
                return Ok(None);
            }
        }
    }

    /// Runs a batch, and keeps moments of what can be looked into; `false` once there is nothing left.
    fn batch(&mut self, engine: &mut Engine, going: &mut PlanRun) -> Result<bool, String> {
        let mut goes_on = true;
        let mut left = BATCH;
        while goes_on && left > 0 {
            let is_kept = matches!(self.wanted, Wanted::Curves(_)) && going.process().is_some();
            let events = if is_kept { READ_EVERY } else { BATCH };
            goes_on = going.go_on(events).map_err(|error| error.to_string())?;
            left = left.saturating_sub(events);
            if let (true, Some((stage, simulation))) = (is_kept, going.process()) {
                if self.log.0 != stage {
                    self.log = (stage, Log::default());
                }
                self.log.1.read(simulation);
                // A part of a recording that is read on the way ends within a batch.
                if left > 0 && simulation.is_seam() {
                    engine.offer((&self.order, stage), simulation, &self.log.1);
                }
            }
        }
        if let (Wanted::Curves(_), Some((stage, simulation))) = (&self.wanted, going.process()) {
            engine.offer((&self.order, stage), simulation, &self.log.1);
        }
        Ok(goes_on)
    }

    fn begin(&self, engine: &mut Engine, slice: &Slice) -> Result<PlanRun, String> {
        let mut plan = engine.plan(&self.order, slice)?;
        let options = match self.wanted {
            Wanted::Curves(frames) => Options {
                frames,
                decisions: 0,
                explain: Explain::LastRest,
                ..Options::default()
            },
            Wanted::Trial(of, is_explained) => {
                if let Some(is_second) = of {
                    plan = half(&plan, is_second).ok_or("the recording has no halves")?;
                }
                options(is_explained)
            }
        };
        PlanRun::new(plan, &options).map_err(|error| error.to_string())
    }
}

impl Job for Run {
    fn advance(&mut self, engine: &mut Engine, slice: &Slice) -> Step {
        let started_ms = now_ms();
        let outcome = self.go_on(engine, slice);
        self.took_ms += now_ms() - started_ms;
        match outcome {
            Ok(Some(outcome)) => match self.wanted {
                Wanted::Curves(_) => self.finish(&outcome),
                Wanted::Trial(..) => {
                    let trial = Trial::of(&outcome, Vec::new());
                    let tried = bytes(&(trial.figures, trial.reasons));
                    Step::Done(Outcome::Tried(Tried::Done(tried)))
                }
            },
            Ok(None) => {
                let progress = self.going.as_ref().map(PlanRun::progress);
                Step::More(progress.map_or(0.0, |progress| progress.share().min(1.0)))
            }
            Err(message) => Step::Failed(message),
        }
    }

    fn so_far(&self) -> Option<Vec<Sample>> {
        let going = self.going.as_ref()?;
        matches!(self.wanted, Wanted::Curves(_)).then(|| going.so_far(POINTS))
    }

    fn rank(&self) -> Rank {
        match self.wanted {
            Wanted::Curves(_) => Rank::Asked,
            Wanted::Trial(..) => Rank::Patient,
        }
    }
}

impl Run {
    fn finish(&self, outcome: &highwater_simulator::Outcome) -> Step {
        let marks = outcome.marks.iter().map(|mark| MarkAt {
            name: mark.name.clone(),
            event: mark.sample.event,
            time: mark.sample.time,
        });
        let recordings = || outcome.stages.iter().flat_map(|stage| &stage.recordings);
        let stages = outcome.stages.iter().map(|stage| StageRan {
            name: stage.name.clone(),
            begins: stage.begins,
            first_event: stage.first_event,
            killed: (stage.recordings.iter())
                .filter_map(|recording| recording.killed)
                .map(|killed| Micros(killed.time.0 + stage.begins.0))
                .collect(),
        });
        let ran = Ran {
            took_ms: self.took_ms,
            calls: recordings().map(|recording| recording.calls).sum(),
            page_size: recordings()
                .map(|recording| recording.page_size)
                .next()
                .unwrap_or_default(),
            summary: outcome.summary(),
            answer: highwater_report::answer(outcome),
            stages: stages.collect(),
            marks: marks.collect(),
            phases: outcome.phases.clone(),
            samples: outcome.samples.clone(),
            frames: frames(outcome),
            real: (outcome.real()).map_or_else(RealProcess::default, |real| real.thinned(DOTS)),
        };
        Step::Done(Outcome::Ran(Box::new(ran)))
    }
}

/// The maps of the first process of each stage, in the run's own time.
fn frames(outcome: &highwater_simulator::Outcome) -> Vec<Frame> {
    let stages = outcome.stages.iter().flat_map(|stage| {
        let first = stage.recordings.first().into_iter();
        let frames = first.flat_map(|recording| &recording.frames);
        frames.map(|frame| Frame {
            event: frame.event + stage.first_event,
            time: Micros(frame.time.0 + stage.begins.0),
            ..frame.clone()
        })
    });
    stages.collect()
}
