//! How much of a run agrees, in numbers.

use crate::compare::outcomes;
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
                (real, model) => tally.other_differences += u64::from(model != Some(real)),
            }
        }
        tally
    }

    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.addresses == self.addresses_equal
            && self.resident_off_bytes == 0
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
        self.other_differences += other.other_differences;
    }
}
