//! Compares the answers of two runs, step by step: addresses as a trace's are compared, everything else to the byte.

use crate::allocator_family::AllocatorFamily;
use crate::operation::{Sequence, Step};
use crate::oracle::Answers;
use crate::outcome::Outcome;
use crate::wire::{Answer, MAPPED, OTHER_ARENA};
use highwater_allocator::{Address, Bytes, Whereabouts};
use highwater_compare::{ChunkKind, Correspondence, Recorded, USUAL_HEAP_SPAN};
use std::fmt;

const PAGE: Bytes = Bytes(4096);

/// The first step in which a model differs from the real library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Index of the step.
    pub index: usize,
    /// The step.
    pub step: Step,
    /// The library's outcome.
    pub real: Outcome,
    /// The model's, unless it gave up before.
    pub model: Option<Outcome>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "step {}, thread {}, {:?}: the library: {}; the model: ",
            self.index, self.step.thread, self.step.operation, self.real
        )?;
        match &self.model {
            Some(outcome) => write!(f, "{outcome}"),
            None => write!(f, "no answer"),
        }
    }
}

/// Returns the first step whose outcomes differ, if there is one.
pub fn first_difference(
    sequence: &Sequence,
    real: &Answers,
    model: &Answers,
) -> Option<Difference> {
    outcomes(sequence, real, model)
        .find(|compared| !compared.are_same())
        .map(|compared| Difference {
            index: compared.index,
            step: *compared.step,
            real: compared.real,
            model: compared.model,
        })
}

/// The outcomes of one step.
pub(crate) struct Compared<'a> {
    /// Index of the step.
    pub(crate) index: usize,
    /// The step.
    pub(crate) step: &'a Step,
    /// The library's outcome.
    pub(crate) real: Outcome,
    /// The model's, unless it gave up before.
    pub(crate) model: Option<Outcome>,
}

impl Compared<'_> {
    /// Returns whether both outcomes are the same.
    pub(crate) fn are_same(&self) -> bool {
        self.model == Some(self.real)
    }
}

/// Returns the outcomes of each step.
pub(crate) fn outcomes<'a>(
    sequence: &'a Sequence,
    real: &'a Answers,
    model: &'a Answers,
) -> impl Iterator<Item = Compared<'a>> {
    let mut places = Correspondence::new(PAGE, Address(real.layout.brk), Address(model.layout.brk));
    let steps = sequence.steps.iter().zip(&real.answers).enumerate();
    let mut unmapped = model.unmapped.iter().peekable();
    steps.map(move |(index, (step, real_answer))| {
        while let Some((_, unmapped)) = unmapped.next_if(|(at, _)| *at <= index) {
            places.forget(unmapped);
        }
        let operation = &step.operation;
        let recorded = real.recorded(real_answer);
        let outcome = |answer: &Answer, place| Outcome::of(operation, answer.value, place);
        let (real, model) = match model.answers.get(index) {
            None => (outcome(real_answer, places.recorded_place(recorded)), None),
            Some(answer) => {
                let address = Address(answer.address);
                let of_both = places.compare(recorded, address, model.whereabouts(answer));
                (
                    outcome(real_answer, of_both.expected),
                    Some(outcome(answer, of_both.found)),
                )
            }
        };
        Compared {
            index,
            step,
            real,
            model,
        }
    })
}

impl Answers {
    /// Returns what an answer shows of a recorded process.
    fn recorded(&self, answer: &Answer) -> Recorded {
        let chunk = if answer.flags & MAPPED != 0 {
            ChunkKind::Mapped
        } else if answer.flags & OTHER_ARENA != 0 {
            ChunkKind::OtherArena
        } else {
            ChunkKind::Main
        };
        Recorded {
            address: Address(answer.address),
            chunk: (self.family == AllocatorFamily::Glibc).then_some(chunk),
        }
    }

    /// Returns where an answer says that its block lies; `None` where the call failed.
    fn whereabouts(&self, answer: &Answer) -> Option<Whereabouts> {
        let recorded = self.recorded(answer);
        if recorded.address.is_null() {
            return None;
        }
        Some(match recorded.chunk {
            None => Whereabouts::Pages,
            Some(ChunkKind::Main) => Whereabouts::Main,
            Some(ChunkKind::Mapped) => Whereabouts::Mapping,
            Some(ChunkKind::OtherArena) => {
                let span = self.heap_span.unwrap_or(USUAL_HEAP_SPAN);
                Whereabouts::Heap {
                    base: recorded.address.align_down(span),
                    span,
                }
            }
        })
    }
}
