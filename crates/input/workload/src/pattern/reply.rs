//! What a client makes of the store's reply: of each event a text, in a list.

use super::payload::Payload;
use super::process::{Process, time_for};
use super::python::{Dict, List, Object, STR, tuple};
use crate::{Bytes, Nanos};

/// The time that finding an event takes.
const FIND_TIME: Nanos = Nanos(2_000);
/// The time that taking an event out of the store takes, and each KB of it.
const TAKE_TIME: Nanos = Nanos(3_000);
const TAKE_PER_KB: Nanos = Nanos(550);

/// An event of a reply: its number's text, the dict of its one field, and the value.
struct Entry {
    id: Object,
    fields: Dict,
    value: Object,
    pair: Object,
}

/// A reply, whole or in part.
pub(super) struct Reply {
    list: List,
    entries: Vec<Entry>,
}

impl Reply {
    pub(super) fn new(process: &mut Process) -> Self {
        Self {
            list: List::new(process),
            entries: Vec::new(),
        }
    }

    /// An event becomes a text of its own.
    pub(super) fn add(&mut self, process: &mut Process, payload: &Payload) {
        let id = Object::new(process, STR + Bytes(15));
        let value = Object::new(process, STR + payload.length);
        let fields = Dict::new(process, 1);
        let pair = Object::new(process, tuple(2));
        self.list.append(process);
        self.entries.push(Entry {
            id,
            fields,
            value,
            pair,
        });
    }

    /// The list dies with all in it but the last value, which the variable that went over it still names.
    pub(super) fn release(mut self, process: &mut Process) -> Option<Object> {
        let mut last = None;
        while let Some(entry) = self.entries.pop() {
            if last.is_none() {
                last = Some(entry.value);
            } else {
                entry.value.drop(process);
            }
            entry.fields.drop(process);
            entry.id.drop(process);
            entry.pair.drop(process);
        }
        self.list.drop(process);
        last
    }
}

/// What a store in the same process has found and made into what is sent: lists of its own values.
pub(super) struct Answer {
    sent: List,
    entries: Vec<(List, List)>,
}

impl Answer {
    pub(super) fn new(process: &mut Process, events: usize) -> Self {
        let mut found = List::new(process);
        for _ in 0..events {
            found.append(process);
        }
        let mut sent = List::new(process);
        let mut entries = Vec::with_capacity(events);
        for _ in 0..events {
            let fields = List::with_length(process, 2);
            let entry = List::with_length(process, 2);
            entries.push((entry, fields));
            sent.append(process);
        }
        found.drop(process);
        process.work(FIND_TIME * events as u64);
        Self { sent, entries }
    }

    /// The client reads it whole.
    pub(super) fn read(mut self, process: &mut Process, payloads: &[Payload]) -> Reply {
        let mut reply = Reply::new(process);
        for payload in payloads {
            reply.add(process, payload);
            process.work(TAKE_TIME + time_for(payload.length, TAKE_PER_KB));
        }
        while let Some((entry, fields)) = self.entries.pop() {
            fields.drop(process);
            entry.drop(process);
        }
        self.sent.drop(process);
        reply
    }
}
