//! Resident memory at the marks, side by side.

use crate::operation::{Operation, Sequence};
use crate::oracle::Answers;
use highwater_allocator::Bytes;

/// Resident bytes of the allocator's mappings at a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarkPair {
    /// Of the real library.
    pub real: Bytes,
    /// Of the model; none where it gave up before.
    pub model: Option<Bytes>,
}

/// Returns both at each mark of a sequence, in order.
pub fn marks(sequence: &Sequence, real: &Answers, model: &Answers) -> Vec<MarkPair> {
    let steps = sequence.steps.iter().zip(&real.answers).enumerate();
    let marks = steps.filter(|(_, (step, _))| step.operation == Operation::Mark);
    let pair = |(index, (_, real)): (usize, (_, &crate::wire::Answer))| MarkPair {
        real: Bytes(real.value),
        model: model.answers.get(index).map(|answer| Bytes(answer.value)),
    };
    marks.map(pair).collect()
}
