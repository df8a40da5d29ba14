//! `json.loads` and `json.dumps` with their C parts (Modules/_json.c, Lib/json), on a payload.

use super::super::payload::Payload;
use super::super::process::Process;
use super::super::shape::Shape;
use super::{Dict, FLOAT, INT, List, Object, SMALL_INTS, STR, drop_backwards, tuple};
use crate::Bytes;

/// A match of a regular expression without groups: the object, and while it is sought an array of no marks, for which
/// malloc is asked for one byte, and the matcher's stack (Modules/_sre/sre_lib.h, data_stack_grow: the 56 bytes it needs,
/// a quarter more, and 1024).
fn match_white_space(process: &mut Process) {
    let marks = process.malloc(Bytes(1));
    let stack = process.object_malloc(Bytes(1_094));
    process.object_free(stack);
    process.free(marks);
    let found = Object::new(process, Bytes(104));
    found.drop(process);
}

/// What was decoded from a payload: a dict, its values, and perhaps a list with an item for each part.
pub(in super::super) struct Decoded {
    dict: Dict,
    /// The keys' texts, which the dicts share.
    keys: Vec<Object>,
    /// The values of the dict that are objects of their own.
    values: Vec<Object>,
    items: Option<(List, Vec<Item>)>,
}

/// An item of the list.
enum Item {
    Text(Object),
    Fields { dict: Dict, values: Vec<Object> },
}

impl Item {
    fn drop(self, process: &mut Process) {
        match self {
            Self::Text(text) => text.drop(process),
            Self::Fields { dict, values } => {
                for value in values {
                    value.drop(process);
                }
                dict.drop(process);
            }
        }
    }
}

impl Decoded {
    /// The value dies: the dict's values in their order, a list's items from its end.
    pub(in super::super) fn drop(self, process: &mut Process) {
        for value in self.values {
            value.drop(process);
        }
        if let Some((list, mut items)) = self.items {
            while let Some(item) = items.pop() {
                item.drop(process);
            }
            list.drop(process);
        }
        for key in self.keys {
            key.drop(process);
        }
        self.dict.drop(process);
    }
}

/// Reads keys: each is made, and let go again where the same one was met before.
struct Keys(Vec<Object>);

impl Keys {
    fn read(&mut self, process: &mut Process, length: u64, is_new: bool) {
        let key = Object::new(process, STR + Bytes(length));
        if is_new {
            self.0.push(key);
        } else {
            key.drop(process);
        }
    }
}

fn integer(process: &mut Process, value: u32, values: &mut Vec<Object>) {
    if value >= SMALL_INTS {
        values.push(Object::new(process, INT));
    }
}

/// `json.loads` of a payload's text.
pub(in super::super) fn loads(process: &mut Process, payload: &Payload, number: u32) -> Decoded {
    match_white_space(process);
    let mut dict = Dict::empty(process);
    let mut keys = Keys(Vec::with_capacity(8));
    let mut values = Vec::with_capacity(3);
    keys.read(process, 2, true);
    integer(process, number, &mut values);
    dict.first_key(process);
    if matches!(payload.shape, Shape::Text | Shape::Mixed) {
        keys.read(process, 4, true);
        values.push(Object::new(process, STR + Bytes(5)));
        keys.read(process, 4, true);
        values.push(Object::new(process, STR + Bytes::from(payload.text)));
    }
    let items = (payload.shape != Shape::Text).then(|| {
        keys.read(process, 6, true);
        let mut list = List::new(process);
        let read = |(index, text): (usize, &u32)| {
            let item = item(process, payload.shape, *text, &mut keys, index == 0);
            list.append(process);
            item
        };
        let items: Vec<Item> = payload.items.iter().enumerate().map(read).collect();
        (list, items)
    });
    // The value with where it ended, as a tuple.
    let end = Object::new(process, INT);
    let pair = Object::new(process, tuple(2));
    pair.drop(process);
    match_white_space(process);
    end.drop(process);
    Decoded {
        dict,
        keys: keys.0,
        values,
        items,
    }
}

fn item(process: &mut Process, shape: Shape, text: u32, keys: &mut Keys, is_first: bool) -> Item {
    let bytes = STR + Bytes::from(text);
    if shape == Shape::Chunks {
        return Item::Text(Object::new(process, bytes));
    }
    let mut dict = Dict::empty(process);
    let mut values = Vec::with_capacity(4);
    if shape == Shape::Small {
        keys.read(process, 1, is_first);
        values.push(Object::new(process, bytes));
        dict.first_key(process);
        keys.read(process, 1, is_first);
        values.push(Object::new(process, FLOAT));
        return Item::Fields { dict, values };
    }
    keys.read(process, 5, is_first);
    values.push(Object::new(process, INT));
    dict.first_key(process);
    keys.read(process, 3, is_first);
    integer(process, text, &mut values);
    keys.read(process, 4, is_first);
    values.push(Object::new(process, bytes));
    keys.read(process, 5, is_first);
    values.push(Object::new(process, FLOAT));
    Item::Fields { dict, values }
}

/// The parts of a JSON text, gathered in a list until they are joined.
struct Parts {
    list: List,
    texts: Vec<Object>,
}

impl Parts {
    /// A part that exists for good: a bracket, a comma.
    fn mark(&mut self, process: &mut Process) {
        self.list.append(process);
    }

    /// A part with a number of characters.
    fn text(&mut self, process: &mut Process, length: u64) {
        self.texts.push(Object::new(process, STR + Bytes(length)));
        self.list.append(process);
    }

    /// A key with its colon: the comma before it, the text in quotes, the colon.
    fn key(&mut self, process: &mut Process, length: u64) {
        self.mark(process);
        self.text(process, length + 2);
        self.mark(process);
    }
}

/// `json.dumps` of what such a payload's text decodes to: its text again.
pub(in super::super) fn dumps(process: &mut Process, payload: &Payload, number: u32) -> Object {
    // The encoder with its table of what it is inside of, and the function it writes floats with.
    let markers = Dict::empty(process);
    let float = Object::new(process, Bytes(136));
    let encoder = Object::new(process, Bytes(112));
    let mut parts = Parts {
        list: List::new(process),
        texts: Vec::new(),
    };
    let digits = u64::from(number.checked_ilog10().unwrap_or(0) + 1);
    parts.key(process, 2);
    parts.text(process, digits);
    if matches!(payload.shape, Shape::Text | Shape::Mixed) {
        parts.key(process, 4);
        parts.text(process, 7);
        parts.key(process, 4);
        parts.text(process, u64::from(payload.text) + 2);
    }
    if payload.shape != Shape::Text {
        parts.key(process, 6);
        parts.mark(process);
        for text in &payload.items {
            encode_item(process, &mut parts, payload.shape, u64::from(*text));
        }
        parts.mark(process);
    }
    parts.mark(process);
    let joined = Object::new(process, STR + payload.length);
    drop_backwards(process, &mut parts.texts);
    parts.list.drop(process);
    encoder.drop(process);
    float.drop(process);
    markers.drop(process);
    joined
}

fn encode_item(process: &mut Process, parts: &mut Parts, shape: Shape, text: u64) {
    parts.mark(process);
    match shape {
        Shape::Chunks | Shape::Text => parts.text(process, text + 2),
        Shape::Small => {
            parts.key(process, 1);
            parts.text(process, text + 2);
            parts.key(process, 1);
            parts.text(process, 18);
            parts.mark(process);
        }
        Shape::Mixed => {
            parts.key(process, 5);
            parts.text(process, 6);
            parts.key(process, 3);
            parts.text(process, 3);
            parts.key(process, 4);
            parts.text(process, text + 2);
            parts.key(process, 5);
            parts.text(process, 18);
            parts.mark(process);
        }
    }
}
