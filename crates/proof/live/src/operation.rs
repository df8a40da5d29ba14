//! Operations on an allocator, and sequences of them.

use crate::figure::Figure;
use crate::wire::{self, Record, THREADS_MAX};

/// Names a block from the call that makes it to the end of the sequence; given once. A name whose call was removed or
/// failed, or whose block has been freed, stands for the null pointer: so every sequence of operations is a valid one,
/// and one from which some were removed still is.
pub type BlockName = u32;

/// One call, or one question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// `malloc(size)`
    Malloc {
        /// The block it makes.
        block: BlockName,
        /// In bytes.
        size: u64,
    },
    /// `calloc(count, size)`
    Calloc {
        /// The block it makes.
        block: BlockName,
        /// Elements.
        count: u64,
        /// Bytes of one.
        size: u64,
    },
    /// `memalign(alignment, size)`
    Aligned {
        /// The block it makes.
        block: BlockName,
        /// In bytes.
        alignment: u64,
        /// In bytes.
        size: u64,
    },
    /// `realloc(old, size)`. Where it fails, `old` keeps its name and `block` stands for null.
    Realloc {
        /// The block it makes.
        block: BlockName,
        /// The block it is given, `None` for the null pointer.
        old: Option<BlockName>,
        /// In bytes.
        size: u64,
    },
    /// `free(block)`
    Free {
        /// The block that goes.
        block: BlockName,
    },
    /// `malloc_trim(pad)`
    Trim {
        /// In bytes.
        pad: u64,
    },
    /// `mallopt(option, value)`
    Mallopt {
        /// Its number in malloc.h.
        option: i32,
        /// Its new value.
        value: i32,
    },
    /// The program writes every page of a part of a block, as far as the block has it.
    Touch {
        /// The block.
        block: BlockName,
        /// Where the part begins, in bytes from the block.
        from: u64,
        /// Its length in bytes.
        bytes: u64,
    },
    /// How much is resident?
    Mark,
    /// What does jemalloc report?
    Figure(Figure),
    /// Time passes before the next operation. It begins with the sequence and stands still otherwise.
    Wait {
        /// In microseconds.
        us: u64,
    },
    /// `malloc_usable_size(block)`
    Usable {
        /// The block asked about.
        block: BlockName,
    },
    /// The thread ends, and has ended before the next operation. Never the main thread.
    ThreadExit,
}

impl Operation {
    /// The block it makes, if it makes one.
    pub fn makes(&self) -> Option<BlockName> {
        match *self {
            Self::Malloc { block, .. }
            | Self::Calloc { block, .. }
            | Self::Aligned { block, .. }
            | Self::Realloc { block, .. } => Some(block),
            _ => None,
        }
    }

    /// The block it is given, if it is given one.
    pub fn takes(&self) -> Option<BlockName> {
        match *self {
            Self::Realloc { old, .. } => old,
            Self::Free { block } | Self::Usable { block } | Self::Touch { block, .. } => {
                Some(block)
            }
            _ => None,
        }
    }

    /// As the oracle reads it, performed by that thread.
    pub fn to_record(&self, thread: u16) -> Record {
        let (code, block, a, b) = match *self {
            Self::Malloc { block, size } => (wire::MALLOC, block, 0, size),
            Self::Calloc { block, count, size } => (wire::CALLOC, block, count, size),
            Self::Aligned {
                block,
                alignment,
                size,
            } => (wire::ALIGNED, block, alignment, size),
            Self::Realloc { block, old, size } => {
                let old = old.map_or(wire::NO_BLOCK, u64::from);
                (wire::REALLOC, block, old, size)
            }
            Self::Free { block } => (wire::FREE, block, 0, 0),
            Self::Trim { pad } => (wire::TRIM, 0, pad, 0),
            Self::Mallopt { option, value } => {
                let [a, b] = [option, value].map(|number| i64::from(number) as u64);
                (wire::MALLOPT, 0, a, b)
            }
            Self::Touch { block, from, bytes } => (wire::TOUCH, block, from, bytes),
            Self::Mark => (wire::MARK, 0, 0, 0),
            Self::Figure(figure) => (wire::FIGURE, 0, figure as u64, 0),
            Self::Wait { us } => (wire::WAIT, 0, us, 0),
            Self::Usable { block } => (wire::USABLE, block, 0, 0),
            Self::ThreadExit => (wire::THREAD_EXIT, 0, 0, 0),
        };
        Record {
            code,
            thread,
            block,
            a,
            b,
        }
    }
}

/// An operation and the thread that performs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// 0 is the main thread.
    pub thread: u16,
    /// What it does.
    pub operation: Operation,
}

/// Operations in their order, for a process that has made none before. Its threads exist from the start; with none but
/// the main thread it is a process of one thread.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sequence {
    /// What happens.
    pub steps: Vec<Step>,
    /// Whether the program writes every page of what it allocates.
    pub touch: bool,
}

impl Sequence {
    /// Of the main thread alone.
    pub fn of_main(operations: impl IntoIterator<Item = Operation>, touch: bool) -> Self {
        let step = |operation| Step {
            thread: 0,
            operation,
        };
        Self {
            steps: operations.into_iter().map(step).collect(),
            touch,
        }
    }

    /// The same with jemalloc's figures asked for at each mark, and nothing else there: asking costs jemalloc memory, which
    /// would be resident. The main thread asks: for another that has not called yet it would make a cache.
    pub fn asking(self) -> Self {
        let ask = |step: Step| match step.operation {
            Operation::Mark => Figure::ALL.map(|figure| Step {
                thread: 0,
                operation: Operation::Figure(figure),
            }),
            _ => [step; 8],
        };
        let count = |step: &Step| match step.operation {
            Operation::Mark => Figure::ALL.len(),
            _ => 1,
        };
        let steps = self.steps.into_iter();
        Self {
            steps: steps
                .flat_map(|step| ask(step).into_iter().take(count(&step)))
                .collect(),
            ..self
        }
    }

    /// Whether figures are asked for.
    pub fn asks(&self) -> bool {
        let mut operations = self.steps.iter().map(|step| step.operation);
        operations.any(|operation| matches!(operation, Operation::Figure(_)))
    }

    /// Every block the sequence names is below this.
    pub fn blocks(&self) -> u32 {
        let named = |step: &Step| step.operation.makes().max(step.operation.takes());
        self.steps
            .iter()
            .filter_map(named)
            .max()
            .map_or(0, |last| last + 1)
    }

    /// How many threads the process has, the main one included.
    pub fn threads(&self) -> u32 {
        let numbers = self.steps.iter().map(|step| u32::from(step.thread));
        numbers.max().map_or(1, |last| last + 1)
    }

    /// Whether it can be performed.
    pub fn is_sound(&self) -> bool {
        self.unsound().is_none()
    }

    /// Returns why it cannot be performed, if it cannot.
    pub fn unsound(&self) -> Option<&'static str> {
        let threads = self.threads();
        if threads > THREADS_MAX {
            return Some("it has more than 1024 threads");
        }
        let mut ended = vec![false; threads as usize];
        self.steps.iter().find_map(|step| {
            let ended = &mut ended[usize::from(step.thread)];
            if *ended {
                return Some("a thread makes calls after its end");
            }
            *ended = step.operation == Operation::ThreadExit;
            (*ended && step.thread == 0).then_some("the main thread ends before the process")
        })
    }
}
