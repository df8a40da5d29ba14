//! One thread of the pool and the request it is answering.

use super::process::Process;
use super::shared::Shared;
use super::table::PoolParameters;
use crate::{BlockId, Bytes, Nanos, ThreadId};

/// Rows read between two turns.
const ROWS_A_TURN: u32 = 8;

/// The time that a row takes.
const ROW_TIME: Nanos = Nanos(12_000);

/// Sizes of small objects: keys, nodes, closures, small vectors.
const SMALL: [u64; 12] = [24, 32, 40, 56, 72, 88, 104, 136, 184, 264, 392, 648];

/// What came of a step.
pub(super) enum Step {
    /// There is more to do.
    Yield,
    /// The request is answered and let go.
    Answered,
}

/// A thread of the pool.
#[derive(Clone)]
pub(super) struct Worker {
    place: usize,
    /// The thread's number.
    pub(super) thread: ThreadId,
    request: Option<Request>,
}

/// A request under way, with all it holds.
#[derive(Clone)]
struct Request {
    /// The message, allocated by the main thread.
    message: BlockId,
    /// What it was parsed into; none before the first step.
    parsed: Vec<BlockId>,
    rows: Vec<Row>,
    answer: Option<(BlockId, Bytes)>,
}

#[derive(Clone)]
struct Row {
    text: BlockId,
    parts: [BlockId; 3],
}

impl Worker {
    pub(super) fn new(place: usize, thread: ThreadId) -> Self {
        Self {
            place,
            thread,
            request: None,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.request.is_none()
    }

    /// Takes a request, whose message the thread that runs now allocates.
    pub(super) fn take(&mut self, process: &mut Process) {
        let size = process.between(300, 2500).into();
        self.request = Some(Request {
            message: process.malloc(size),
            parsed: Vec::new(),
            rows: Vec::new(),
            answer: None,
        });
    }

    /// Works until the next turn.
    pub(super) fn step(
        &mut self,
        process: &mut Process,
        shared: &mut Shared,
        parameters: &PoolParameters,
    ) -> Step {
        shared.free_handed(process, self.place);
        let Some(request) = &mut self.request else {
            return Step::Yield;
        };
        if request.parsed.is_empty() {
            request.parse(process);
            return Step::Yield;
        }
        if (request.rows.len() as u32) < parameters.rows {
            request.read(process, shared, parameters);
            return Step::Yield;
        }
        if let Some(request) = self.request.take() {
            request.let_go(process, shared, self.place, parameters);
        }
        Step::Answered
    }
}

impl Request {
    fn parse(&mut self, process: &mut Process) {
        self.parsed.push(process.calloc(1, Bytes(1_032)));
        for _ in 0..process.between(6, 24) {
            let part = small(process);
            self.parsed.push(part);
        }
        process.spend(ROW_TIME);
    }

    /// Reads some rows through a buffer, and writes of each a part into the answer.
    fn read(&mut self, process: &mut Process, shared: &mut Shared, parameters: &PoolParameters) {
        let buffer = process.malloc(Bytes(16_384));
        let left = parameters.rows - self.rows.len() as u32;
        for _ in 0..left.min(ROWS_A_TURN) {
            let half = parameters.row.0 as u32 / 2;
            let size = process.between(half, half * 3 + 2);
            let parts = [process.calloc(1, Bytes(96)), small(process), small(process)];
            let text = process.malloc(size.into());
            self.rows.push(Row { text, parts });
            if process.chance(parameters.cached) {
                let size = process.between(100, 3000).into();
                let entry = process.malloc(size);
                if let Some(gone) = shared.keep(entry) {
                    process.free(gone);
                }
            }
            process.spend(ROW_TIME);
        }
        self.write(process, parameters.row);
        process.free(buffer);
    }

    /// The answer grows with the rows, doubling its buffer.
    fn write(&mut self, process: &mut Process, row: Bytes) {
        let needed = Bytes(self.rows.len() as u64 * (row.0 / 8 + 100));
        match self.answer {
            None => {
                let room = Bytes(needed.0.next_power_of_two()).max(Bytes(1_024));
                self.answer = Some((process.malloc(room), room));
            }
            Some((answer, room)) if room < needed => {
                let room = Bytes(needed.0.next_power_of_two());
                self.answer = Some((process.realloc(answer, room), room));
            }
            Some(_) => {}
        }
    }

    fn let_go(
        self,
        process: &mut Process,
        shared: &mut Shared,
        place: usize,
        parameters: &PoolParameters,
    ) {
        if let Some((answer, _)) = self.answer {
            process.free(answer);
        }
        for row in self.rows {
            for part in row.parts {
                process.free(part);
            }
            if process.chance(parameters.handoff) {
                shared.hand_on(process, place, row.text);
            } else {
                process.free(row.text);
            }
        }
        for part in self.parsed.into_iter().rev() {
            process.free(part);
        }
        process.free(self.message);
    }
}

fn small(process: &mut Process) -> BlockId {
    let index = process.between(0, SMALL.len() as u32) as usize;
    process.malloc(Bytes(SMALL[index]))
}
