//! What is replayed: a workload that is in memory whole, or one that is made part by part on the way.

use crate::changed::{Trims, TrimsError, changed};
use crate::pattern::{Generator, PatternError};
use crate::trace::{Outside, Survey, Surveyed, TraceError, TraceFile, TraceParts};
use crate::{Bytes, Counts, Micros, Phases, Sample, Watch, Workload, unwatched};
use std::sync::{Arc, OnceLock};

/// What comes after the first part.
#[derive(Clone)]
enum Rest {
    Nothing,
    /// Parts, which begin anew for each replay. A pattern makes them, or they are read from a trace.
    Parts {
        are_made: bool,
        begin: Arc<dyn Fn() -> Parts + Send + Sync>,
    },
}

/// What gives the parts of a source after its first, one after another.
pub(crate) trait GivesParts {
    /// The next part; `None` after the last.
    fn next_part(&mut self) -> Result<Option<Workload>, TraceError>;
    /// About how many bytes a copy takes.
    fn footprint(&self) -> Bytes;
    /// Whether the last part was given.
    fn is_done(&self) -> bool;
    /// One that goes on from here.
    fn copy(&self) -> Parts;
}

/// The parts of a source after its first, one after another. Whoever never reads a trace in parts does not carry what reads it.
pub struct Parts(Box<dyn GivesParts + Send + Sync>);

impl Clone for Parts {
    fn clone(&self) -> Self {
        self.0.copy()
    }
}

impl Parts {
    pub(crate) fn of(parts: impl GivesParts + Send + Sync + 'static) -> Self {
        Self(Box::new(parts))
    }

    /// The next part; `None` after the last.
    ///
    /// # Errors
    /// A file that cannot be read any more, or has changed.
    pub fn take(&mut self) -> Result<Option<Workload>, TraceError> {
        self.0.next_part()
    }

    /// Returns about how many bytes a copy takes.
    pub fn footprint(&self) -> Bytes {
        self.0.footprint()
    }

    /// Whether the last part was taken.
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }
}

impl GivesParts for Generator {
    fn next_part(&mut self) -> Result<Option<Workload>, TraceError> {
        // It is broken off by nobody.
        Ok(self.next(&mut unwatched).unwrap_or(None))
    }

    fn footprint(&self) -> Bytes {
        self.footprint()
    }

    fn is_done(&self) -> bool {
        self.is_done()
    }

    fn copy(&self) -> Parts {
        Parts::of(self.clone())
    }
}

/// How long a workload runs.
fn lasts(workload: &Workload) -> Micros {
    let begins = workload
        .events
        .first()
        .map_or(Micros(0), |event| event.time);
    workload.ends().saturating_sub(begins)
}

/// A program's calls from beginning to end. Cheap to copy, and every copy replays the same.
#[derive(Clone)]
pub struct Source {
    first: Arc<Workload>,
    rest: Rest,
    /// How many events there are, and how long the program runs; about, where it is made on the way.
    events: u64,
    duration: Micros,
    /// Whether a pattern made it: each of its marks ends a phase and says which.
    is_generated: bool,
    /// Found when they are asked for first, once for all copies.
    phases: Arc<OnceLock<Phases>>,
    /// Of a trace that is read on the way, what its first reading counted.
    counts: Option<Counts>,
    trims: Option<Trims>,
}

impl Source {
    /// A workload that is made burst by burst, by a generator. The first is made
    /// here: it says how large the others will be.
    ///
    /// # Errors
    /// `watch` broke off.
    pub fn streamed(mut generator: Generator, watch: &mut Watch) -> Result<Self, PatternError> {
        let first = generator.next(watch)?.unwrap_or_default();
        let parts = generator.bursts();
        Ok(Self {
            events: first.events.len() as u64 * u64::from(parts),
            duration: Micros(lasts(&first).0.saturating_mul(parts.into())),
            first: Arc::new(first),
            is_generated: true,
            rest: Rest::Parts {
                are_made: true,
                begin: Arc::new(move || generator.copy()),
            },
            phases: Arc::default(),
            counts: None,
            trims: None,
        })
    }

    /// A trace that is read as it is replayed, or, if it has at most `whole` events or not many more, kept in memory. It is read
    /// once here. `samples` were taken of the process from outside, at their times; the events before each are counted
    /// here.
    ///
    /// # Errors
    /// As [`trace::read`](crate::trace::read).
    pub fn traced(file: TraceFile, whole: u64, samples: Vec<Sample>) -> Result<Self, TraceError> {
        let outside = Outside::new(samples);
        let mut placing = outside.clone();
        let mut survey = Survey::new(file, whole)?.showing(move |part| placing.place(part));
        while survey.go_on()? {}
        Ok(Self::surveyed(survey).with(|workload| outside.join(workload)))
    }

    /// A trace that was read once, to its end.
    pub fn surveyed(survey: Survey) -> Self {
        match survey.finish() {
            (_, Surveyed::Whole(workload)) => Self::from(*workload),
            (file, Surveyed::Parts(known)) => Self {
                events: known.events,
                duration: known.ends.saturating_sub(known.begins),
                first: Arc::new(known.workload),
                is_generated: false,
                rest: Rest::Parts {
                    are_made: false,
                    begin: Arc::new(move || Parts::of(TraceParts::new(file.clone()))),
                },
                phases: Arc::new(OnceLock::from(known.phases)),
                counts: Some(known.counts),
                trims: None,
            },
        }
    }

    /// The same with something else known of the process.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Workload)) -> Self {
        change(Arc::make_mut(&mut self.first));
        self
    }

    /// A pattern's calls, all of them.
    pub(crate) fn generated(workload: Workload) -> Self {
        Self {
            is_generated: true,
            ..Self::from(workload)
        }
    }

    /// Its first part, which is all of it unless it [`is_streamed`](Self::is_streamed). Of a trace that is read on the way it
    /// has no events, and everything else.
    pub fn first(&self) -> &Arc<Workload> {
        &self.first
    }

    /// Whether it is made or read on the way.
    pub fn is_streamed(&self) -> bool {
        !matches!(self.rest, Rest::Nothing)
    }

    /// Whether a pattern makes it on the way.
    pub fn is_made_on_the_way(&self) -> bool {
        matches!(self.rest, Rest::Parts { are_made: true, .. })
    }

    /// The parts after the first.
    pub fn rest(&self) -> Option<Parts> {
        match &self.rest {
            Rest::Nothing => None,
            Rest::Parts { begin, .. } => Some(begin()),
        }
    }

    /// Its phases. Those of one that is made on the way are known from the marks of its run.
    pub fn phases(&self) -> Option<&Phases> {
        let find = match self.is_generated {
            true => Phases::of_named_marks,
            false => Phases::of,
        };
        (!self.is_made_on_the_way()).then(|| self.phases.get_or_init(|| find(&self.first)))
    }

    /// The same program, which also calls `malloc_trim(0)`. Its phases stay those that it had.
    ///
    /// # Errors
    /// It is made on the way, or there would be too many of these calls.
    pub fn with_trims(&self, trims: Trims) -> Result<Self, TrimsError> {
        let phases = self.phases().filter(|_| !self.is_streamed());
        let phases = phases.ok_or(TrimsError::Streamed)?;
        let (workload, phases) = changed(&self.first, phases, trims)?;
        Ok(Self {
            events: workload.events.len() as u64,
            duration: lasts(&workload),
            first: Arc::new(workload),
            phases: Arc::new(OnceLock::from(phases)),
            trims: Some(trims),
            ..self.clone()
        })
    }

    /// When it calls `malloc_trim(0)` besides what it did at first.
    pub fn trims(&self) -> Option<Trims> {
        self.trims
    }

    /// What its events are, of all parts; of one that a pattern makes on the way, those of the first.
    pub fn counts(&self) -> Counts {
        self.counts.unwrap_or_else(|| {
            let mut counts = Counts::default();
            counts.add(&self.first);
            counts
        })
    }

    /// How many events there are; about, where it is made on the way.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How long the program runs; about, where it is made on the way.
    pub fn duration(&self) -> Micros {
        self.duration
    }
}

impl From<Workload> for Source {
    fn from(workload: Workload) -> Self {
        Self::from(Arc::new(workload))
    }
}

impl From<Arc<Workload>> for Source {
    fn from(workload: Arc<Workload>) -> Self {
        Self {
            events: workload.events.len() as u64,
            duration: lasts(&workload),
            first: workload,
            rest: Rest::Nothing,
            is_generated: false,
            phases: Arc::default(),
            counts: None,
            trims: None,
        }
    }
}

impl From<&Arc<Workload>> for Source {
    fn from(workload: &Arc<Workload>) -> Self {
        Self::from(Arc::clone(workload))
    }
}

impl From<&Self> for Source {
    fn from(source: &Self) -> Self {
        source.clone()
    }
}
