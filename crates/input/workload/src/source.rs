//! What is replayed: a workload that is in memory whole, or one that is made part by part on the way.

use crate::changed::{Trims, TrimsError, changed};
use crate::pattern::{Generator, PatternError};
use crate::{Micros, Phases, Watch, Workload};
use std::sync::{Arc, OnceLock};

/// A program's calls from beginning to end. Cheap to copy, and every copy replays the same.
#[derive(Clone)]
pub struct Source {
    first: Arc<Workload>,
    rest: Option<Arc<Generator>>,
    parts: u32,
    /// Whether a pattern made it: each of its marks ends a phase and says which.
    is_generated: bool,
    /// Found when they are asked for first, once for all copies.
    phases: Arc<OnceLock<Phases>>,
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
        Ok(Self {
            first: Arc::new(first),
            parts: generator.bursts(),
            is_generated: true,
            rest: Some(Arc::new(generator)),
            phases: Arc::default(),
            trims: None,
        })
    }

    /// A pattern's calls, all of them.
    pub(crate) fn generated(workload: Workload) -> Self {
        Self {
            is_generated: true,
            ..Self::from(workload)
        }
    }

    /// Its first part, which is all of it unless it [`is_streamed`](Self::is_streamed).
    pub fn first(&self) -> &Arc<Workload> {
        &self.first
    }

    /// Whether it is made on the way.
    pub fn is_streamed(&self) -> bool {
        self.rest.is_some()
    }

    /// What makes the parts after the first.
    pub fn rest(&self) -> Option<Generator> {
        self.rest.as_deref().cloned()
    }

    /// Its phases, where it is in memory whole. Those of one that is made on the way are known from the marks of its run.
    pub fn phases(&self) -> Option<&Phases> {
        let find = match self.is_generated {
            true => Phases::of_named_marks,
            false => Phases::of,
        };
        (!self.is_streamed()).then(|| self.phases.get_or_init(|| find(&self.first)))
    }

    /// The same program, which also calls `malloc_trim(0)`. Its phases stay those that it had.
    ///
    /// # Errors
    /// It is made on the way, or there would be too many of these calls.
    pub fn with_trims(&self, trims: Trims) -> Result<Self, TrimsError> {
        let phases = self.phases().ok_or(TrimsError::Streamed)?;
        let (workload, phases) = changed(&self.first, phases, trims)?;
        Ok(Self {
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

    /// How many events there are; about, where it is made on the way.
    pub fn events(&self) -> u64 {
        self.first.events.len() as u64 * u64::from(self.parts)
    }

    /// How long the program runs; about, where it is made on the way.
    pub fn duration(&self) -> Micros {
        let begins = self.first.events.first().map_or(0, |event| event.time.0);
        let of_first = self.first.ends().0.saturating_sub(begins);
        Micros(of_first.saturating_mul(self.parts.into()))
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
            first: workload,
            rest: None,
            parts: 1,
            is_generated: false,
            phases: Arc::default(),
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
