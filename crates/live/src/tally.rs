//! How much of a run agrees, in numbers.

use crate::compare::outcomes;
use crate::figure::Figure;
use crate::operation::Sequence;
use crate::oracle::Answers;
use crate::outcome::Outcome;
use std::ops::AddAssign;

/// What was compared, and how much of it is equal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
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

impl Tally {
    /// Of one sequence.
    pub fn of(sequence: &Sequence, real: &Answers, model: &Answers) -> Self {
        let mut tally = Self::default();
        for (_, _, real, model) in outcomes(sequence, real, model) {
            tally.operations += 1;
            match (real, model) {
                (Outcome::Block { .. }, _) => {
                    tally.addresses += 1;
                    tally.addresses_equal += u64::from(model == Some(real));
                }
                (Outcome::Resident(bytes), model) => {
                    tally.marks += 1;
                    let other = match model {
                        Some(Outcome::Resident(other)) => other,
                        _ => 0,
                    };
                    tally.resident_off_bytes = tally.resident_off_bytes.max(bytes.abs_diff(other));
                }
                (Outcome::Figure(figure, bytes), model) => {
                    tally.figures += 1;
                    let other = match model {
                        Some(Outcome::Figure(_, other)) => other,
                        _ => 0,
                    };
                    let off = &mut tally.figures_off[figure as usize];
                    *off = (*off).max(bytes.abs_diff(other));
                }
                (real, model) => tally.other_differences += u64::from(model != Some(real)),
            }
        }
        tally
    }

    /// With the figures of another.
    pub fn with_figures_of(self, other: &Self) -> Self {
        Self {
            figures: other.figures,
            figures_off: other.figures_off,
            ..self
        }
    }

    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.addresses == self.addresses_equal
            && self.resident_off_bytes == 0
            && self.figures_off.iter().all(|off| *off == 0)
            && self.other_differences == 0
    }
}

impl AddAssign for Tally {
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
