//! When two runs agree: addresses are compared as the trace format says, everything else to the byte.

use crate::family::Family;
use crate::heaps::Heaps;
use crate::operation::{Operation, Sequence, Step};
use crate::oracle::Answers;
use crate::outcome::{Outcome, Place};
use crate::pages::PagePairs;
use crate::wire::{Answer, MAPPED, OTHER_ARENA};
use std::fmt;

/// The brk heap cannot reach further than this, and mappings lie further away than this.
const BREAK_REACH: u64 = 1 << 40;
const PAGE: u64 = 4096;
/// Address space of a heap where the model has none yet.
const HEAP_SPAN: u64 = 64 << 20;

/// Where a model first differs from the real library.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Index of the step.
    pub index: usize,
    /// The step.
    pub step: Step,
    /// What the library did.
    pub real: Outcome,
    /// What the model did; nothing where it gave up before.
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

/// The first step whose outcome is not the same in both, if there is one.
pub fn first_difference(
    sequence: &Sequence,
    real: &Answers,
    model: &Answers,
) -> Option<Difference> {
    outcomes(sequence, real, model)
        .find(|(_, _, real, model)| *model != Some(*real))
        .map(|(index, step, real, model)| Difference {
            index,
            step: *step,
            real,
            model,
        })
}

/// What came of each step: its index, the step, the library's outcome, the model's if it has one.
pub(crate) fn outcomes<'a>(
    sequence: &'a Sequence,
    real: &'a Answers,
    model: &'a Answers,
) -> impl Iterator<Item = (usize, &'a Step, Outcome, Option<Outcome>)> {
    let mut pairing = Pairing {
        family: real.family,
        heaps: Heaps::default(),
        pages: PagePairs::default(),
        heap_of: vec![None; sequence.blocks() as usize],
        span: model.heap_span.or(real.heap_span).unwrap_or(HEAP_SPAN),
    };
    let steps = sequence.steps.iter().zip(&real.answers).enumerate();
    let mut unmapped = model.unmapped.iter().peekable();
    steps.map(move |(index, (step, real_answer))| {
        while let Some((_, page)) = unmapped.next_if(|(after, _)| *after < index) {
            pairing.pages.forget(*page);
        }
        let operation = &step.operation;
        let model_answer = model.answers.get(index);
        let (place, model_place) = pairing.places(
            (real_answer, real.layout.brk),
            model_answer.map(|answer| (answer, model.layout.brk)),
        );
        pairing.follow(operation, real_answer, place, model_place);
        let real_outcome = Outcome::of(operation, real_answer.value, place);
        let model_outcome = model_answer
            .zip(model_place)
            .map(|(answer, place)| Outcome::of(operation, answer.value, place));
        (index, step, real_outcome, model_outcome)
    })
}

/// Follows which blocks the program holds in which heaps.
struct Pairing {
    family: Family,
    heaps: Heaps,
    pages: PagePairs,
    /// The pair of heaps in which a block lies, if it does.
    heap_of: Vec<Option<u32>>,
    span: u64,
}

impl Pairing {
    /// The places of a block in both processes, each with the first break of its own.
    fn places(
        &mut self,
        (real, brk): (&Answer, u64),
        model: Option<(&Answer, u64)>,
    ) -> (Place, Option<Place>) {
        if self.family == Family::Jemalloc {
            return self.pages_of(real, model.map(|(answer, _)| answer));
        }
        let mut place = self.place(real, brk);
        let mut model_place = model.map(|(answer, brk)| self.place(answer, brk));
        if let (Place::Heap { heap, offset }, Some((answer, _))) = (&mut place, model)
            && let Some(Place::Heap {
                heap: model_heap,
                offset: model_offset,
            }) = &mut model_place
        {
            let bases = (real.address - *offset, answer.address - *model_offset);
            (*heap, *model_heap) = self.heaps.meet(bases.0, bases.1);
        }
        (place, model_place)
    }

    /// The same for an allocator of pages.
    fn pages_of(&mut self, real: &Answer, model: Option<&Answer>) -> (Place, Option<Place>) {
        let place = |answer: &Answer, page| match answer.address {
            0 => Place::Null,
            address => Place::Page {
                page,
                offset: address % PAGE,
            },
        };
        let Some(model) = model else {
            return (place(real, None), None);
        };
        let (mut of_real, mut of_model) = (None, None);
        if real.address != 0 && model.address != 0 {
            let same = real.address % PAGE == model.address % PAGE;
            let pages = (real.address / PAGE, model.address / PAGE);
            (of_real, of_model) = self.pages.meet(pages.0, pages.1, same);
        }
        (place(real, of_real), Some(place(model, of_model)))
    }

    fn place(&self, answer: &Answer, brk: u64) -> Place {
        let address = answer.address;
        if address == 0 {
            Place::Null
        } else if answer.flags & MAPPED != 0 {
            Place::Mapping(address % PAGE)
        } else if answer.flags & OTHER_ARENA != 0 {
            Place::Heap {
                heap: None,
                offset: address % self.span,
            }
        } else if (brk..brk.saturating_add(BREAK_REACH)).contains(&address) {
            Place::Break(address - brk)
        } else {
            Place::InsteadOfBreak(address % PAGE)
        }
    }

    /// A new block is held before the one that it replaces is given back.
    fn follow(&mut self, operation: &Operation, real: &Answer, place: Place, model: Option<Place>) {
        let mut new = None;
        if let Place::Heap {
            heap: Some(heap), ..
        } = place
            && model == Some(place)
        {
            self.heaps.hold(heap);
            new = Some(heap);
        }
        let gone = match *operation {
            Operation::Free { block } => Some(block),
            Operation::Realloc { old, size, .. } if real.address != 0 || size == 0 => old,
            _ => None,
        };
        if let Some(block) = gone
            && let Some(heap) = self.heap_of[block as usize].take()
        {
            self.heaps.release(heap);
        }
        if let Some(block) = operation.makes() {
            self.heap_of[block as usize] = new;
        }
    }
}
