//! A client's connection to the store, and how a reply comes through it.

use super::kind::Share;
use super::process::{Process, time_for};
use super::python::{BYTES, Deque, Dict, Lock, Object};
use crate::{BlockId, Bytes, Nanos};

/// What the loop asks the socket for: StreamReader.read of a Redis client.
const READ: Bytes = Bytes(65_536);
/// The least that a read brings while there is more to come.
pub(super) const LEAST_READ: Bytes = Bytes(16_384);
/// hiredis gives an idle receive buffer back once it is larger (read.h, REDIS_READER_MAX_BUF).
const IDLE_BUFFER: Bytes = Bytes(16_384);
/// The receive buffer doubles up to here and grows by this much from then on (sds.h, SDS_MAX_PREALLOC).
const DOUBLING_END: Bytes = Bytes::mib(1);

/// The time to copy one KB.
const COPY_PER_KB: Nanos = Nanos(60);

/// A connection: reader, writer, parser, locks and the queues between them. A pool keeps it when its user is done.
#[derive(Clone)]
pub(super) struct Connection {
    _parts: Vec<Object>,
    _tables: Vec<Dict>,
    _queues: Vec<Deque>,
    _locks: [Lock; 2],
    buffer: Option<(BlockId, Bytes)>,
}

impl Connection {
    /// As a recording has it: tables for the options that go once it is made, queues whose first blocks are replaced.
    pub(super) fn new(process: &mut Process) -> Self {
        let options = Dict::new(process, 30);
        let first_lock = Lock::new(process);
        let tables = vec![Dict::new(process, 60), Dict::new(process, 12)];
        let mut copies = Vec::new();
        for _ in 0..3 {
            copies.push(Dict::new(process, 24));
        }
        let kept = Dict::new(process, 24);
        while let Some(copy) = copies.pop() {
            copy.drop(process);
        }
        options.drop(process);
        let mut parts = Vec::new();
        for size in [568, 456, 344, 280, 200] {
            parts.push(Object::new(process, Bytes(size)));
        }
        let unused: Vec<Deque> = (0..4).map(|_| Deque::new(process)).collect();
        let second_lock = Lock::new(process);
        let queues = (0..5).map(|_| Deque::new(process)).collect();
        for queue in unused {
            queue.drop(process);
        }
        let mut tables = tables;
        tables.push(kept);
        tables.push(Dict::new(process, 60));
        process.work(Nanos(100_000));
        Self {
            _parts: parts,
            _tables: tables,
            _queues: queues,
            _locks: [first_lock, second_lock],
            buffer: None,
        }
    }

    /// One read of the socket while `left` bytes are to come and `partial` bytes of the event under way are there: into a
    /// `bytes` of the full size, shortened to what came, copied to the parser's buffer. Returns what came.
    pub(super) fn read(&mut self, process: &mut Process, left: Bytes, partial: Bytes) -> Bytes {
        let came = if process.chance(Share::percent(60)) {
            READ
        } else {
            Bytes::from(process.between(LEAST_READ.0 as u32, READ.0 as u32))
        };
        let came = came.min(left);
        let mut chunk = process.object_malloc(READ + BYTES);
        if came < READ {
            chunk = process.object_realloc(chunk, came + BYTES);
        }
        self.receive(process, partial, came);
        process.object_free(chunk);
        process.work(Nanos(20_000) + time_for(came, COPY_PER_KB));
        came
    }

    /// Makes room in the parser's buffer, which is C's memory. What was parsed is moved out of it before.
    fn receive(&mut self, process: &mut Process, partial: Bytes, came: Bytes) {
        let bytes = partial + came;
        let room = if bytes < DOUBLING_END {
            bytes * 2
        } else {
            bytes + DOUBLING_END
        };
        self.buffer = match self.buffer.take() {
            Some((block, size)) if size >= bytes => Some((block, size)),
            Some((block, size)) if size > IDLE_BUFFER && partial == Bytes::ZERO => {
                process.free(block);
                Some((process.malloc(room), room))
            }
            Some((block, _)) => Some((process.realloc(block, room), room)),
            None => Some((process.malloc(room), room)),
        };
    }

    /// The reply is complete: the parser lets its buffer go.
    pub(super) fn done(&mut self, process: &mut Process) {
        if let Some((buffer, _)) = self.buffer.take() {
            process.free(buffer);
        }
    }
}
