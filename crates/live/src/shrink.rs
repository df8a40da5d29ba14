//! Cuts a failing sequence down to what is needed to fail: fewer operations first, then smaller numbers in them.

use crate::operation::{Operation, Sequence};
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
        shrinker.fewer_operations();
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
    fn attempt(&mut self, operations: Vec<Operation>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let candidate = Sequence {
            operations: without_orphans(operations),
            touch: self.best.touch,
        };
        let smaller = candidate != self.best && (self.fails)(&candidate);
        if smaller {
            self.best = candidate;
        }
        smaller
    }

    /// Leaves out runs of operations, halving their length until it is one.
    fn fewer_operations(&mut self) {
        let mut run = self.best.operations.len() / 2;
        while run >= 1 {
            // From the end: what comes after the failure is the first to go.
            let mut end = self.best.operations.len();
            while end > 0 {
                let start = end.saturating_sub(run);
                let mut operations = self.best.operations.clone();
                operations.drain(start..end.min(operations.len()));
                self.attempt(operations);
                end = start.min(self.best.operations.len());
            }
            run /= 2;
        }
    }

    fn smaller_sizes(&mut self) {
        let mut index = 0;
        while index < self.best.operations.len() {
            for candidate in simpler(&self.best.operations[index]) {
                let mut operations = self.best.operations.clone();
                operations[index] = candidate;
                if self.attempt(operations) {
                    break;
                }
            }
            index += 1;
        }
    }
}

/// Without what speaks of a block that nothing makes any more; a realloc of such a one makes its block from nothing.
fn without_orphans(operations: Vec<Operation>) -> Vec<Operation> {
    let mut made = HashSet::new();
    let mut kept = Vec::with_capacity(operations.len());
    for mut operation in operations {
        if let Some(taken) = operation.takes()
            && !made.contains(&taken)
        {
            match &mut operation {
                Operation::Realloc { old, .. } => *old = None,
                _ => continue,
            }
        }
        made.extend(operation.makes());
        kept.push(operation);
    }
    kept
}

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
        .filter(move |smaller| *smaller < size)
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
        Operation::Trim { pad } if pad > 0 => vec![Operation::Trim { pad: 0 }],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn a_sequence_shrinks_to_the_operations_that_matter() {
        let sequence = generate(3);
        let needs = |sequence: &Sequence| {
            let large = sequence.operations.iter().position(
                |operation| matches!(operation, Operation::Malloc { size, .. } if *size >= 1000),
            );
            let freed = sequence
                .operations
                .iter()
                .rposition(|operation| matches!(operation, Operation::Free { .. }));
            matches!((large, freed), (Some(large), Some(freed)) if large < freed)
        };
        assert!(needs(&sequence), "the seed was chosen so that it does");
        let shrunk = shrink(&sequence, 10_000, needs);
        assert!(shrunk.operations.len() <= 3, "{shrunk:?}");
    }
}
