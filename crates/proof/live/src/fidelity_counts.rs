//! Counts how much of a run is equal.

use crate::difference::outcomes;
use crate::figure::Figure;
use crate::operation::Sequence;
use crate::oracle::Answers;
use crate::outcome::Outcome;
use std::ops::AddAssign;

/// The answers of a run that were compared, and how many of them are equal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FidelityCounts {
    /// Operations performed.
    pub operations: u64,
    /// Addresses returned by the library.
    pub addresses: u64,
    /// Those where the model's place and usable size are the same.
    pub addresses_equal: u64,
    /// Times that resident memory was measured.
    pub marks: u64,
    /// The largest difference in resident bytes.
    pub resident_off_bytes: u64,
    /// Times that jemalloc was asked for a figure.
    pub figures: u64,
    /// The largest difference in each of [`Figure::ALL`], in bytes.
    pub figures_off: [u64; Figure::ALL.len()],
    /// Anything else that was asked and answered otherwise: usable sizes, what malloc_trim returned.
    pub other_differences: u64,
}

impl FidelityCounts {
    /// Counts one sequence.
    pub fn of(sequence: &Sequence, real: &Answers, model: &Answers) -> Self {
        let mut counts = Self::default();
        for compared in outcomes(sequence, real, model) {
            counts.operations += 1;
            match (compared.real, compared.model) {
                (Outcome::Block { .. }, _) => {
                    counts.addresses += 1;
                    counts.addresses_equal += u64::from(compared.are_same());
                }
                (Outcome::Resident(bytes), model) => {
                    counts.marks += 1;
                    let other = match model {
                        Some(Outcome::Resident(other)) => other,
                        _ => 0,
                    };
                    counts.resident_off_bytes =
                        counts.resident_off_bytes.max(bytes.abs_diff(other));
                }
                (Outcome::Figure(figure, bytes), model) => {
                    counts.figures += 1;
                    let other = match model {
                        Some(Outcome::Figure(_, other)) => other,
                        _ => 0,
                    };
                    let off = &mut counts.figures_off[figure as usize];
                    *off = (*off).max(bytes.abs_diff(other));
                }
                _ => counts.other_differences += u64::from(!compared.are_same()),
            }
        }
        counts
    }

    /// Takes the figures from the counts of another run.
    pub fn with_figures_of(self, other: &Self) -> Self {
        Self {
            figures: other.figures,
            figures_off: other.figures_off,
            ..self
        }
    }

    /// Returns whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.addresses == self.addresses_equal
            && self.resident_off_bytes == 0
            && self.figures_off.iter().all(|off| *off == 0)
            && self.other_differences == 0
    }
}

impl AddAssign for FidelityCounts {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.addresses += other.addresses;
        self.addresses_equal += other.addresses_equal;
        self.marks += other.marks;
        self.resident_off_bytes = self.resident_off_bytes.max(other.resident_off_bytes);
        self.figures += other.figures;
        for (off, other) in self.figures_off.iter_mut().zip(other.figures_off) {
            *off = (*off).max(other);
        }
        self.other_differences += other.other_differences;
    }
}
