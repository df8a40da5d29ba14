//! Cuts a failing sequence down to what is needed to fail: fewer operations first, then smaller numbers in them.

use crate::operation::{Operation, Sequence, Step};
use std::collections::HashSet;

/// The smallest sequence found that still `fails`, after at most `patience` trials.
pub fn shrink(
    sequence: &Sequence,
    patience: usize,
    fails: impl FnMut(&Sequence) -> bool,
) -> Sequence {
    let mut shrinker = Shrinker {
        best: sequence.clone(),
        left: patience,
        fails,
    };
    loop {
        let before = shrinker.best.clone();
        shrinker.fewer_steps();
        shrinker.fewer_threads();
        shrinker.smaller_sizes();
        if shrinker.best == before || shrinker.left == 0 {
            return shrinker.best;
        }
    }
}

struct Shrinker<F> {
    best: Sequence,
    left: usize,
    fails: F,
}

impl<F: FnMut(&Sequence) -> bool> Shrinker<F> {
    fn attempt(&mut self, steps: Vec<Step>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let candidate = Sequence {
            steps: without_orphans(steps),
            touch: self.best.touch,
        };
        let smaller = candidate != self.best && candidate.is_sound() && (self.fails)(&candidate);
        if smaller {
            self.best = candidate;
        }
        smaller
    }

    /// Leaves out runs of steps, halving their length until it is one.
    fn fewer_steps(&mut self) {
        let mut run = self.best.steps.len() / 2;
        while run >= 1 {
            // From the end: what comes after the failure is the first to go.
            let mut end = self.best.steps.len();
            while end > 0 {
                let start = end.saturating_sub(run);
                let mut steps = self.best.steps.clone();
                steps.drain(start..end.min(steps.len()));
                self.attempt(steps);
                end = start.min(self.best.steps.len());
            }
            run /= 2;
        }
    }

    /// Lets another thread do what a thread does: the main one, or the one before it.
    fn fewer_threads(&mut self) {
        for thread in (1..self.best.threads() as u16).rev() {
            for other in [0, thread - 1] {
                let moved = self.best.steps.iter().filter_map(|step| match *step {
                    Step {
                        thread: from,
                        operation: Operation::ThreadExit,
                    } if from == thread => None,
                    step if step.thread == thread => Some(Step {
                        thread: other,
                        ..step
                    }),
                    step => Some(step),
                });
                let candidate = moved.collect();
                if self.attempt(candidate) {
                    break;
                }
            }
        }
    }

    fn smaller_sizes(&mut self) {
        let mut index = 0;
        while index < self.best.steps.len() {
            for candidate in simpler(&self.best.steps[index].operation) {
                let mut steps = self.best.steps.clone();
                steps[index].operation = candidate;
                if self.attempt(steps) {
                    break;
                }
            }
            index += 1;
        }
    }
}

/// Without what speaks of a block that nothing makes any more; a realloc of such a one makes its block from nothing.
fn without_orphans(steps: Vec<Step>) -> Vec<Step> {
    let mut made = HashSet::new();
    let mut kept = Vec::with_capacity(steps.len());
    for mut step in steps {
        if let Some(taken) = step.operation.takes()
            && !made.contains(&taken)
        {
            match &mut step.operation {
                Operation::Realloc { old, .. } => *old = None,
                _ => continue,
            }
        }
        made.extend(step.operation.makes());
        kept.push(step);
    }
    kept
}

/// Sizes that no process is granted are not made half as large: the half might be, and no machine could write it.
const HALVED_MAX: u64 = 1 << 32;

/// Simpler forms of an operation, the simplest first.
fn simpler(operation: &Operation) -> Vec<Operation> {
    let sizes = |size: u64| {
        [
            0,
            24,
            1040,
            size / 2,
            size & !4095,
            size & !15,
            size.saturating_sub(1),
        ]
        .into_iter()
        .filter(move |smaller| *smaller < size && (*smaller < 4096 || size <= HALVED_MAX))
    };
    match *operation {
        Operation::Malloc { block, size } => sizes(size)
            .map(|size| Operation::Malloc { block, size })
            .collect(),
        Operation::Calloc { block, count, size } => {
            let size = count.saturating_mul(size);
            [Operation::Malloc { block, size }]
                .into_iter()
                .chain(sizes(size).map(|size| Operation::Calloc {
                    block,
                    count: 1,
                    size,
                }))
                .collect()
        }
        Operation::Aligned {
            block,
            alignment,
            size,
        } => [Operation::Malloc { block, size }]
            .into_iter()
            .chain(sizes(size).map(|size| Operation::Aligned {
                block,
                alignment,
                size,
            }))
            .collect(),
        Operation::Realloc { block, old, size } => {
            let fresh = old.is_none().then_some(Operation::Malloc { block, size });
            fresh
                .into_iter()
                .chain(sizes(size).map(|size| Operation::Realloc { block, old, size }))
                .collect()
        }
        Operation::Wait { us } if us > 1 => [1, us / 2, us / 1_000_000 * 1_000_000]
            .into_iter()
            .filter(|shorter| (1..us).contains(shorter))
            .map(|us| Operation::Wait { us })
            .collect(),
        Operation::Trim { pad } if pad > 0 => vec![Operation::Trim { pad: 0 }],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{generate, generate_threads};

    #[test]
    fn a_sequence_shrinks_to_the_operations_that_matter() {
        let sequence = generate(3);
        let needs = |sequence: &Sequence| {
            let operations = || sequence.steps.iter().map(|step| step.operation);
            let large = operations().position(
                |operation| matches!(operation, Operation::Malloc { size, .. } if size >= 1000),
            );
            let freed = operations()
                .collect::<Vec<_>>()
                .iter()
                .rposition(|operation| matches!(operation, Operation::Free { .. }));
            matches!((large, freed), (Some(large), Some(freed)) if large < freed)
        };
        assert!(needs(&sequence), "the seed was chosen so that it does");
        let shrunk = shrink(&sequence, 10_000, needs);
        assert!(shrunk.steps.len() <= 3, "{shrunk:?}");
    }

    #[test]
    fn a_difference_of_one_thread_shrinks_to_one_thread() {
        let sequence = generate_threads(5, 16);
        let frees = |sequence: &Sequence| {
            let mut steps = sequence.steps.iter();
            steps.any(|step| matches!(step.operation, Operation::Free { .. }))
        };
        assert!(frees(&sequence) && sequence.threads() > 1);
        let shrunk = shrink(&sequence, 10_000, frees);
        assert_eq!((shrunk.steps.len(), shrunk.threads()), (2, 1), "{shrunk:?}");
    }
}
