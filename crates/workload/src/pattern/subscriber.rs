//! One subscriber: reads a whole stream, decodes it, hands it out.

use super::Parameters;
use super::process::Process;
use super::python::{self, BYTES, List, Object, STR};
use crate::BlockId;

/// What the loop asks the socket for: StreamReader.read of a Redis client.
const READ: u32 = 65_536;
/// The least that a read brings while there is more to come.
pub(super) const LEAST_READ: u64 = 16_384;
/// A reply of many events comes with some bytes around each: its number, the field's name, lengths.
const FRAMING: u64 = 60;
/// hiredis gives an idle receive buffer back once it is larger (read.h, REDIS_READER_MAX_BUF).
const IDLE_BUFFER: u64 = 16_384;
/// The receive buffer doubles up to here and grows by this much from then on (sds.h, SDS_MAX_PREALLOC).
const DOUBLING_END: u64 = 1 << 20;

/// Nanoseconds to work through one byte: copying it, or decoding it.
const COPY_NS_PER_KB: u64 = 60;
const DECODE_NS_PER_KB: u64 = 1_100;

/// What a task does next after its step.
pub(super) enum Step {
    /// Lets the others run and is ready again at once.
    Yield,
    /// Waits for so many nanoseconds.
    Wait(u64),
    /// Is done, with all it held let go.
    Done,
}

/// Where it is.
enum Phase {
    Start,
    Read,
    Decode { next: u32 },
    HandOut { next: u32 },
}

/// A subscriber's task, with all it holds.
pub(super) struct Subscriber {
    phase: Phase,
    /// Client, connection, queues, frames.
    state: Vec<Object>,
    /// The bytes of the stream that have not arrived.
    left: u64,
    /// Bytes of the event that is arriving which are there.
    partial: u64,
    buffer: Option<(BlockId, u64)>,
    /// The reply, one `bytes` to an event, in a list.
    raw: Vec<Object>,
    raw_list: Option<List>,
    /// The decoded events, each its text and perhaps a table.
    events: Vec<Object>,
    event_list: Option<List>,
    /// The text that was handed out last, which dies when the next one is there.
    last_text: Option<Object>,
}

impl Subscriber {
    pub(super) fn new(parameters: &Parameters) -> Self {
        Self {
            phase: Phase::Start,
            state: Vec::new(),
            left: u64::from(parameters.events) * (u64::from(parameters.payload) + FRAMING),
            partial: 0,
            buffer: None,
            raw: Vec::new(),
            raw_list: None,
            events: Vec::new(),
            event_list: None,
            last_text: None,
        }
    }

    /// Runs until the next await.
    pub(super) fn step(&mut self, process: &mut Process, parameters: &Parameters) -> Step {
        match self.phase {
            Phase::Start => self.start(process, parameters),
            Phase::Read => self.read(process, parameters),
            Phase::Decode { next } => self.decode(process, parameters, next),
            Phase::HandOut { next } => self.hand_out(process, parameters, next),
        }
    }

    fn start(&mut self, process: &mut Process, parameters: &Parameters) -> Step {
        // A connection with its reader, its writer and the queues between them; a lock is 32 bytes of C.
        for size in [568, 1_104, 2_048] {
            let object = Object::new(process, size);
            self.state.push(object);
        }
        for _ in 0..4 {
            let queue = python::deque(process);
            self.state.push(queue);
        }
        for size in [0, 0, 1] {
            let table = python::dict(process, size);
            self.state.push(table);
        }
        self.raw_list = Some(List::with_length(process, u64::from(parameters.events)));
        self.phase = Phase::Read;
        process.spend_ns(150_000);
        Step::Wait(u64::from(process.between(200_000, 600_000)))
    }

    /// One read of the socket: into a `bytes` of the full size, shortened to what came, copied to the parser's buffer,
    /// and each event that is whole becomes a `bytes` of its own.
    fn read(&mut self, process: &mut Process, parameters: &Parameters) -> Step {
        let whole = u64::from(parameters.payload) + FRAMING;
        let came = if process.chance(60_000) {
            READ
        } else {
            process.between(LEAST_READ as u32, READ)
        };
        let came = u64::from(came).min(self.left);
        let mut chunk = process.malloc(u64::from(READ) + BYTES);
        if came < u64::from(READ) {
            chunk = process.realloc(chunk, came + BYTES);
        }
        self.receive(process, self.partial + came);
        process.free(chunk);
        self.left -= came;
        self.partial += came;
        while self.partial >= whole {
            self.partial -= whole;
            let event = Object::new(process, u64::from(parameters.payload) + BYTES);
            self.raw.push(event);
        }
        process.spend_ns(20_000 + came * COPY_NS_PER_KB / 1000);
        if self.left > 0 {
            return Step::Wait(u64::from(process.between(10_000, 120_000)));
        }
        if let Some((buffer, _)) = self.buffer.take() {
            process.free(buffer);
        }
        self.event_list = Some(List::new());
        self.phase = Phase::Decode { next: 0 };
        Step::Yield
    }

    /// Makes room for `bytes` in the parser's buffer. What was parsed is moved out of it before.
    fn receive(&mut self, process: &mut Process, bytes: u64) {
        let room = if bytes < DOUBLING_END {
            bytes * 2
        } else {
            bytes + DOUBLING_END
        };
        self.buffer = match self.buffer.take() {
            Some((block, size)) if size >= bytes => Some((block, size)),
            Some((block, size)) if size > IDLE_BUFFER && self.partial == 0 => {
                process.free(block);
                Some((process.malloc(room), room))
            }
            Some((block, _)) => Some((process.realloc(block, room), room)),
            None => Some((process.malloc(room), room)),
        };
    }

    /// Decodes a batch: the event's text, what was decoded from it, for some a table of fields; the text goes.
    fn decode(&mut self, process: &mut Process, parameters: &Parameters, first: u32) -> Step {
        let payload = u64::from(parameters.payload);
        // In thousandths of a percent, which is what the value is rounded to.
        let survivors = (parameters.survivors * 1000.0).round() as u32;
        let last = first
            .saturating_add(parameters.batch)
            .min(parameters.events);
        for _ in first..last {
            let text = Object::new(process, payload + STR);
            python::match_white_space(process);
            let decoded = Object::new(process, payload.saturating_sub(60) + STR);
            python::match_white_space(process);
            self.events.push(decoded);
            if process.chance(4_000) {
                let size = usize::from(process.chance(30_000));
                let table = python::dict(process, size);
                self.events.push(table);
            }
            if let Some(list) = &mut self.event_list {
                list.append(process);
            }
            text.drop(process);
            if process.chance(survivors) {
                // For good: nothing ever drops it.
                Object::new(process, u64::from(parameters.survivor_size));
            }
            process.spend_ns(3_000 + payload * DECODE_NS_PER_KB / 1000);
        }
        if last < parameters.events {
            self.phase = Phase::Decode { next: last };
            return Step::Yield;
        }
        python::drop_backwards(process, &mut self.raw);
        if let Some(list) = self.raw_list.take() {
            list.drop(process);
        }
        self.phase = Phase::HandOut { next: 0 };
        Step::Yield
    }

    /// Hands a batch out: each event is made text again, framed, and encoded, one copy after another.
    fn hand_out(&mut self, process: &mut Process, parameters: &Parameters, first: u32) -> Step {
        let payload = u64::from(parameters.payload);
        let last = first
            .saturating_add(parameters.batch)
            .min(parameters.events);
        for _ in first..last {
            let mut text = Object::new(process, payload.saturating_sub(58) + STR);
            for size in [payload + STR, payload + 6 + STR, payload + 8 + BYTES] {
                let next = Object::new(process, size);
                text.drop(process);
                text = next;
            }
            if let Some(sent) = self.last_text.replace(text) {
                sent.drop(process);
            }
            process.spend_ns(4_000 + payload * 2 * DECODE_NS_PER_KB / 1000);
        }
        if last < parameters.events {
            self.phase = Phase::HandOut { next: last };
            return Step::Wait(u64::from(process.between(0, 500_000)));
        }
        self.end(process);
        Step::Done
    }

    fn end(&mut self, process: &mut Process) {
        if let Some(text) = self.last_text.take() {
            text.drop(process);
        }
        python::drop_backwards(process, &mut self.events);
        if let Some(list) = self.event_list.take() {
            list.drop(process);
        }
        python::drop_backwards(process, &mut self.state);
    }
}
