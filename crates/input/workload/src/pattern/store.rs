//! Streams of events kept in the same process, as a Redis in memory keeps them.
//!
//! An event is written through a client: its JSON text is made, encoded, framed, and the store keeps a copy of the value
//! with what an entry has around it. A reply gives every entry out as a text of its own.

use super::payload::Payload;
use super::process::{Process, time_for};
use super::python::{BYTES, Dict, List, Object, STR, json, tuple};
use super::shape::Shape;
use crate::{Bytes, Nanos};

/// The time that writing an event takes, and each KB of it.
const WRITE_TIME: Nanos = Nanos(60_000);
const WRITE_PER_KB: Nanos = Nanos(1_500);

/// A stream and its events.
pub(super) struct Stream {
    table: Dict,
    entries: List,
    /// Of each entry its number, its field's name, its value and the tuple that holds them.
    objects: Vec<[Object; 4]>,
    payloads: Vec<Payload>,
}

impl Stream {
    pub(super) fn new(process: &mut Process) -> Self {
        Self {
            table: Dict::new(process, 60),
            entries: List::new(process),
            objects: Vec::new(),
            payloads: Vec::new(),
        }
    }

    /// The events it holds.
    pub(super) fn payloads(&self) -> &[Payload] {
        &self.payloads
    }

    /// Adds an event of about `size` bytes, by way of a client.
    pub(super) fn add(&mut self, process: &mut Process, shape: Shape, size: Bytes) {
        let number = self.payloads.len() as u32;
        let payload = Payload::new(process, shape, size, number);
        let length = payload.length;
        let text = write_payload(process, &payload, number);
        // The client encodes the value and frames it; the store takes it out of the request again.
        let encoded = Object::new(process, BYTES + length);
        let framed = Object::new(process, BYTES + length + Bytes(2));
        let value = Object::new(process, BYTES + length);
        framed.drop(process);
        let id = Object::new(process, BYTES + Bytes(15));
        let field = Object::new(process, BYTES + Bytes(7));
        let pair = Object::new(process, tuple(2));
        self.entries.append(process);
        self.objects.push([id, field, value, pair]);
        encoded.drop(process);
        text.drop(process);
        self.payloads.push(payload);
        process.work(WRITE_TIME + time_for(length, WRITE_PER_KB));
    }

    /// The stream is deleted with all in it.
    pub(super) fn delete(mut self, process: &mut Process) {
        while let Some(entry) = self.objects.pop() {
            for object in entry {
                object.drop(process);
            }
        }
        self.entries.drop(process);
        self.table.drop(process);
    }
}

/// Makes a payload's value and writes it as JSON text; the value dies, its list from the end.
fn write_payload(process: &mut Process, payload: &Payload, number: u32) -> Object {
    let dict = Dict::new(process, 3);
    let text = (payload.text > 0).then(|| Object::new(process, STR + Bytes::from(payload.text)));
    let mut list = (payload.shape != Shape::Text).then(|| List::new(process));
    let mut items = Vec::with_capacity(payload.items.len());
    for text in &payload.items {
        let fields = (payload.shape != Shape::Chunks).then(|| Dict::new(process, 4));
        let text = Object::new(process, STR + Bytes::from(*text));
        items.push((fields, text));
        if let Some(list) = &mut list {
            list.append(process);
        }
    }
    let written = json::dumps(process, payload, number);
    if let Some(text) = text {
        text.drop(process);
    }
    while let Some((fields, text)) = items.pop() {
        text.drop(process);
        if let Some(fields) = fields {
            fields.drop(process);
        }
    }
    if let Some(list) = list {
        list.drop(process);
    }
    dict.drop(process);
    written
}
