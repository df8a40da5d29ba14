//! The test's end of the pipe to an oracle process.

use crate::operation::{Operation, Sequence};
use crate::wire::{Answer, Greeting, MAGIC, Record, Reply, Request};
use crate::{Environment, Place};
use bytemuck::Zeroable;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use thiserror::Error;

/// A process that runs sequences on the C library it is linked with, each on a pristine heap.
#[derive(Debug)]
pub struct Oracle {
    child: Child,
    requests: Option<BufWriter<ChildStdin>>,
    replies: BufReader<ChildStdout>,
    version: String,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum OracleError {
    /// The machine has no such library.
    #[error("no live C library to ask: {0}")]
    Unsupported(&'static str),
    /// The process could not be started, or went away.
    #[error("the oracle process is gone: {0}")]
    Gone(#[from] std::io::Error),
    /// Whatever answered was no oracle of this version.
    #[error("the oracle does not speak this version of the wire")]
    Stranger,
    /// The child that ran the operations did not end well.
    #[error("the oracle's child ended badly while running the operations (wait status {0:#x})")]
    Died(i64),
}

/// What came of one operation, in terms that are the same in any run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// An allocating call returned this.
    Block {
        /// Where.
        place: Place,
        /// `malloc_usable_size` of it.
        usable: u64,
    },
    /// The block had gone.
    Freed,
    /// `malloc_trim` returned this.
    Trimmed(bool),
    /// Bytes resident in the allocator's mappings.
    Resident(u64),
    /// `malloc_usable_size` of the block asked about.
    Usable(u64),
}

impl Outcome {
    /// Gives an answer its meaning, which depends on the operation.
    pub fn of(operation: &Operation, answer: Answer, brk: u64) -> Self {
        match operation {
            Operation::Malloc { .. }
            | Operation::Calloc { .. }
            | Operation::Aligned { .. }
            | Operation::Realloc { .. } => Self::Block {
                place: Place::of(answer.address, brk),
                usable: answer.value,
            },
            Operation::Free { .. } => Self::Freed,
            Operation::Trim { .. } => Self::Trimmed(answer.value != 0),
            Operation::Mark => Self::Resident(answer.value),
            Operation::Usable { .. } => Self::Usable(answer.value),
        }
    }
}

/// Where a process's memory begins. Addresses are compared without regard to it, but a model must start from the same:
/// where a block of a large alignment lies depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// The program break before the first operation.
    pub brk: u64,
    /// Mappings are placed below this address.
    pub mappings_top: u64,
}

/// The answers to a sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answers {
    /// Of the process that answered.
    pub layout: Layout,
    /// One for each operation.
    pub answers: Vec<Answer>,
}

impl Oracle {
    /// Starts the oracle `program` in an environment that holds these lines and nothing else.
    pub fn start(program: &Path, environment: &Environment) -> Result<Self, OracleError> {
        if !cfg!(all(
            target_os = "linux",
            target_env = "gnu",
            target_arch = "x86_64"
        )) {
            return Err(OracleError::Unsupported(
                "only x86-64 Linux with glibc is modelled",
            ));
        }
        let mut child = Command::new(program)
            .env_clear()
            .envs(environment.lines.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(requests), Some(replies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(OracleError::Stranger);
        };
        let mut oracle = Self {
            child,
            requests: Some(BufWriter::new(requests)),
            replies: BufReader::with_capacity(1 << 16, replies),
            version: String::new(),
        };
        let mut greeting = Greeting::zeroed();
        oracle
            .replies
            .read_exact(bytemuck::bytes_of_mut(&mut greeting))?;
        if greeting.magic != MAGIC {
            return Err(OracleError::Stranger);
        }
        let text = String::from_utf8_lossy(&greeting.version);
        oracle.version = text.trim_end_matches('\0').to_owned();
        Ok(oracle)
    }

    /// The library's version as it says it itself: `2.36`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Runs the operations and says what came of each.
    pub fn answer(&mut self, sequence: &Sequence) -> Result<Answers, OracleError> {
        let records: Vec<Record> = sequence
            .operations
            .iter()
            .map(Operation::to_record)
            .collect();
        let reply = self.ask(&records, sequence.blocks(), sequence.touch, false)?;
        let mut answers = vec![Answer::zeroed(); reply.answers as usize];
        self.replies
            .read_exact(bytemuck::cast_slice_mut(&mut answers))?;
        if reply.status != 0 {
            return Err(OracleError::Died(reply.status));
        }
        Ok(Answers {
            layout: Layout {
                brk: reply.brk,
                mappings_top: reply.mappings_top,
            },
            answers,
        })
    }

    /// Runs the operations and says how much processor time they took: from the first to the end of the last, writing the blocks
    /// included where `touch` says so, marks left out. Every block that `records` name is below `blocks`.
    pub fn time(
        &mut self,
        records: &[Record],
        blocks: u32,
        touch: bool,
    ) -> Result<Duration, OracleError> {
        let reply = self.ask(records, blocks, touch, true)?;
        if reply.status != 0 {
            return Err(OracleError::Died(reply.status));
        }
        Ok(Duration::from_nanos(reply.nanoseconds))
    }

    fn ask(
        &mut self,
        records: &[Record],
        blocks: u32,
        touch: bool,
        timed: bool,
    ) -> Result<Reply, OracleError> {
        let request = Request {
            records: records.len() as u64,
            blocks: u64::from(blocks),
            touch: u32::from(touch),
            timed: u32::from(timed),
        };
        let pipe = self.requests.as_mut().ok_or(OracleError::Stranger)?;
        pipe.write_all(bytemuck::bytes_of(&request))?;
        pipe.write_all(bytemuck::cast_slice(records))?;
        pipe.flush()?;
        let mut reply = Reply::zeroed();
        self.replies
            .read_exact(bytemuck::bytes_of_mut(&mut reply))?;
        Ok(reply)
    }
}

/// The oracle ends when its requests do.
impl Drop for Oracle {
    fn drop(&mut self) {
        self.requests = None;
        // Nothing is left to be done for a process that cannot even be waited for.
        let _ = self.child.wait();
    }
}
