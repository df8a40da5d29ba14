//! One subscriber: reads a stream, decodes it, hands it out.

use super::connection::Connection;
use super::kind::Store;
use super::payload::Payload;
use super::process::{Process, time_for};
use super::python::json::{self, Decoded};
use super::python::{BYTES, Deque, List, Lock, Object, STR};
use super::reply::{Answer, Reply};
use super::store::Stream;
use super::survivors::Survivors;
use super::table::ServiceParameters;
use crate::{Bytes, Micros, Nanos};

/// A reply of many events comes with some bytes around each: its number, the field's name, lengths.
const FRAMING: Bytes = Bytes(60);

/// Turns of the loop that a new connection takes to stand: it is opened, and the client introduces itself.
const HANDSHAKE: u32 = 4;

/// The time to decode one KB.
const DECODE_PER_KB: Nanos = Nanos(1_100);

/// What a task does next after its step.
pub(super) enum Step {
    /// Lets the others run and is ready again at once.
    Yield,
    /// Has sent a request, and looks for the answer at its next turn.
    Request,
    /// Waits this long.
    Wait(Nanos),
    /// Waits until a thread of the pool has decoded its next event.
    Decode,
    /// Is done, with all it held let go.
    Done,
}

/// What all subscribers share.
pub(super) struct Shared<'a> {
    pub(super) parameters: &'a ServiceParameters,
    pub(super) streams: &'a [Stream],
    /// Connections that nobody uses.
    pub(super) idle: &'a mut Vec<Connection>,
    pub(super) survivors: &'a mut Survivors,
    /// The event loop's list of timers.
    pub(super) timers: &'a mut List,
}

/// Where it is.
enum Phase {
    Start,
    Connect,
    /// Turns of the loop until the connection stands.
    Connecting {
        turns: u32,
    },
    Send,
    /// Reads on a socket: bytes of the page that have not come, and bytes there of the event that is coming.
    Read {
        left: Bytes,
        partial: Bytes,
    },
    ReadAtOnce,
    Decode,
    HandOut {
        next: usize,
    },
}

/// A subscriber's task, with all it holds.
pub(super) struct Subscriber {
    stream: usize,
    phase: Phase,
    /// The first event of the page under way, and the one behind its last.
    page: (usize, usize),
    /// Events of the page that are read.
    arrived: usize,
    /// The task, its coroutines and what they refer to.
    state: Vec<Object>,
    queue: Option<Deque>,
    connection: Option<Connection>,
    answer: Option<Answer>,
    reply: Option<Reply>,
    events: Option<(List, Vec<Decoded>)>,
    /// Decoded by a thread and not yet taken over.
    fresh: Option<Decoded>,
    /// The job a thread has of it: its lock, and the queue of those that wait for it.
    job: Option<(Lock, Deque, Object)>,
    /// What variables still name of loops that have ended: the last value read, and the text handed out last.
    last_value: Option<Object>,
    last_text: Option<Object>,
}

impl Subscriber {
    pub(super) fn new(stream: usize) -> Self {
        Self {
            stream,
            phase: Phase::Start,
            page: (0, 0),
            arrived: 0,
            state: Vec::new(),
            queue: None,
            connection: None,
            answer: None,
            reply: None,
            events: None,
            fresh: None,
            job: None,
            last_value: None,
            last_text: None,
        }
    }

    /// Runs until the next await.
    pub(super) fn step(&mut self, process: &mut Process, shared: &mut Shared) -> Step {
        match self.phase {
            Phase::Start => self.start(process),
            Phase::Connect => self.connect(process, shared),
            Phase::Connecting { turns } => self.connecting(process, turns),
            Phase::Send => self.send(process, shared),
            Phase::ReadAtOnce => self.read_at_once(process, shared),
            Phase::Read { left, partial } => self.read(process, shared, left, partial),
            Phase::Decode => self.decode(process, shared),
            Phase::HandOut { next } => self.hand_out(process, shared, next),
        }
    }

    fn start(&mut self, process: &mut Process) -> Step {
        for size in [456, 232, 568, 184, 152] {
            let object = Object::new(process, Bytes(size));
            self.state.push(object);
        }
        self.queue = Some(Deque::new(process));
        self.phase = Phase::Connect;
        process.work(Nanos(50_000));
        Step::Yield
    }

    /// Takes a connection out of the pool, or makes one.
    fn connect(&mut self, process: &mut Process, shared: &mut Shared) -> Step {
        match shared.idle.pop() {
            Some(connection) => {
                self.connection = Some(connection);
                self.phase = Phase::Send;
            }
            None => {
                self.connection = Some(Connection::new(process));
                self.phase = Phase::Connecting { turns: HANDSHAKE };
            }
        }
        Step::Yield
    }

    fn connecting(&mut self, process: &mut Process, turns: u32) -> Step {
        process.work(Nanos(30_000));
        self.phase = match turns {
            0 | 1 => Phase::Send,
            more => Phase::Connecting { turns: more - 1 },
        };
        if turns.is_multiple_of(2) {
            Step::Request
        } else {
            Step::Yield
        }
    }

    /// Sends the request for the next page. A store in the same process answers at once.
    fn send(&mut self, process: &mut Process, shared: &mut Shared) -> Step {
        let payloads = shared.streams[self.stream].payloads();
        let first = self.page.1;
        let page = shared.parameters.page;
        let most = page.map_or(payloads.len(), |most| most as usize);
        self.page = (first, payloads.len().min(first.saturating_add(most)));
        self.arrived = 0;
        let page = &payloads[self.page.0..self.page.1];
        process.work(Nanos(100_000));
        if shared.parameters.socket == Store::InProcess {
            self.answer = Some(Answer::new(process, page.len()));
            self.phase = Phase::ReadAtOnce;
            return Step::Request;
        }
        let bytes = |sum, payload: &Payload| sum + payload.length + FRAMING;
        self.reply = Some(Reply::new(process));
        self.phase = Phase::Read {
            left: page.iter().fold(Bytes::ZERO, bytes),
            partial: Bytes::ZERO,
        };
        Step::Wait(Nanos(process.between(200_000, 600_000).into()))
    }

    fn read_at_once(&mut self, process: &mut Process, shared: &mut Shared) -> Step {
        let page = &shared.streams[self.stream].payloads()[self.page.0..self.page.1];
        if let Some(answer) = self.answer.take() {
            self.reply = Some(answer.read(process, page));
        }
        self.begin_decoding(process, shared)
    }

    /// One read of the socket; each event that is whole becomes a text of its own.
    fn read(
        &mut self,
        process: &mut Process,
        shared: &mut Shared,
        mut left: Bytes,
        mut partial: Bytes,
    ) -> Step {
        if let Some(connection) = &mut self.connection {
            let came = connection.read(process, left, partial);
            left -= came;
            partial += came;
        }
        let payloads = shared.streams[self.stream].payloads();
        while let Some(payload) = payloads.get(self.page.0 + self.arrived)
            && self.page.0 + self.arrived < self.page.1
            && partial >= payload.length + FRAMING
        {
            partial -= payload.length + FRAMING;
            self.arrived += 1;
            if let Some(reply) = &mut self.reply {
                reply.add(process, payload);
            }
        }
        if left > Bytes::ZERO {
            self.phase = Phase::Read { left, partial };
            return Step::Wait(Nanos(process.between(10_000, 120_000).into()));
        }
        self.begin_decoding(process, shared)
    }

    fn begin_decoding(&mut self, process: &mut Process, shared: &mut Shared) -> Step {
        if let Some(mut connection) = self.connection.take() {
            connection.done(process);
            shared.idle.push(connection);
        }
        self.events = Some((List::new(process), Vec::new()));
        self.phase = Phase::Decode;
        Step::Yield
    }

    /// Events of the page that are decoded.
    fn decoded(&self) -> usize {
        self.events.as_ref().map_or(0, |(_, events)| events.len())
    }

    /// Decodes a batch, or has a thread decode an event.
    fn decode(&mut self, process: &mut Process, shared: &mut Shared) -> Step {
        let whole = self.page.1 - self.page.0;
        if shared.parameters.executor.is_some() {
            self.take_over(process, shared);
            if self.decoded() < whole {
                self.submit(process);
                return Step::Decode;
            }
        } else {
            let first = self.decoded();
            let last = whole.min(first + shared.parameters.batch as usize);
            for _ in first..last {
                self.decode_next(process, shared.streams);
                self.take_over(process, shared);
            }
            if last < whole {
                return Step::Yield;
            }
        }
        if let Some(reply) = self.reply.take() {
            let last = reply.release(process);
            if let Some(before) = std::mem::replace(&mut self.last_value, last) {
                before.drop(process);
            }
        }
        self.phase = Phase::HandOut { next: 0 };
        Step::Yield
    }

    /// Decodes the page's next event, in whichever thread runs.
    pub(super) fn decode_next(&mut self, process: &mut Process, streams: &[Stream]) {
        let index = self.page.0 + self.decoded();
        let payload = &streams[self.stream].payloads()[index];
        self.fresh = Some(json::loads(process, payload, index as u32));
        process.work(Nanos(3_000) + time_for(payload.length, DECODE_PER_KB));
    }

    /// Appends what was decoded to the list; now and then it leaves something behind.
    fn take_over(&mut self, process: &mut Process, shared: &mut Shared) {
        let Some(event) = self.fresh.take() else {
            return;
        };
        if let Some((lock, queue, wake)) = self.job.take() {
            wake.drop(process);
            queue.drop(process);
            lock.drop(process);
        }
        if let Some((list, events)) = &mut self.events {
            list.append(process);
            events.push(event);
        }
        shared.survivors.after_event(process, shared.parameters);
    }

    /// Gives a thread of the pool the next event: a future with its lock and queue, and the bytes that wake the loop.
    fn submit(&mut self, process: &mut Process) {
        let lock = Lock::new(process);
        let queue = Deque::new(process);
        let read = process.object_malloc(BYTES + Bytes(4096));
        let read = process.object_realloc(read, BYTES + Bytes(1));
        process.object_free(read);
        let wake = Object::new(process, Bytes(152));
        self.job = Some((lock, queue, wake));
        process.work(Nanos(15_000));
    }

    /// Hands a batch out: each event is made text again, framed, and encoded, one copy after another.
    fn hand_out(&mut self, process: &mut Process, shared: &mut Shared, first: usize) -> Step {
        let payloads = shared.streams[self.stream].payloads();
        let whole = self.page.1 - self.page.0;
        let last = whole.min(first + shared.parameters.batch as usize);
        for index in first..last {
            let number = self.page.0 + index;
            let payload = &payloads[number];
            let length = payload.length;
            let mut text = json::dumps(process, payload, number as u32);
            for size in [STR + Bytes(6), STR + Bytes(8), BYTES + Bytes(8)] {
                let next = Object::new(process, length + size);
                text.drop(process);
                text = next;
            }
            if let Some(sent) = self.last_text.replace(text) {
                sent.drop(process);
            }
            process.work(Nanos(4_000) + time_for(length * 2, DECODE_PER_KB));
        }
        if last < whole {
            self.phase = Phase::HandOut { next: last };
            return self.pause(process, shared.parameters);
        }
        self.drop_events(process);
        if self.page.1 < payloads.len() {
            self.phase = Phase::Connect;
            return self.pause(process, shared.parameters);
        }
        self.end(process);
        Step::Done
    }

    /// Waits until the reader at the other end has taken what was handed out.
    fn pause(&self, process: &mut Process, parameters: &ServiceParameters) -> Step {
        // The parameter's range keeps it far below what the number holds.
        let most = parameters.pause.0 as u32;
        let pause = Micros(process.between(0, most.max(1)).into());
        Step::Wait(Nanos::from_micros(pause))
    }

    /// The page's list dies; the event that the loop went over last dies after the others.
    fn drop_events(&mut self, process: &mut Process) {
        if let Some((list, mut events)) = self.events.take() {
            let last = events.pop();
            while let Some(event) = events.pop() {
                event.drop(process);
            }
            list.drop(process);
            if let Some(last) = last {
                last.drop(process);
            }
        }
    }

    fn end(&mut self, process: &mut Process) {
        let named = [self.last_value.take(), self.last_text.take()];
        for rest in named.into_iter().flatten() {
            rest.drop(process);
        }
        if let Some(queue) = self.queue.take() {
            queue.drop(process);
        }
        super::python::drop_backwards(process, &mut self.state);
    }
}
