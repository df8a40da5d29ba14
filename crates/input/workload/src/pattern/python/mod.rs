//! What CPython's objects ask of its allocator. The rules are those of CPython 3.11.
//!
//! Every object of Python's, however small, is asked for here; that blocks of 512 bytes and less come from pools of the
//! interpreter's own and malloc hears nothing of them is for the allocator to decide. What C code asks of malloc itself
//! (locks) is asked of it.

pub(super) mod json;
pub(super) mod start;

use super::process::Process;
use crate::{BlockId, Bytes};

/// A `str` of ASCII: header and terminating zero around the text (Include/cpython/unicodeobject.h, PyASCIIObject).
pub(super) const STR: Bytes = Bytes(49);

/// A `bytes`: header and terminating zero (Include/cpython/bytesobject.h).
pub(super) const BYTES: Bytes = Bytes(33);

/// A `float`, and an `int` of one or two digits of 30 bits.
pub(super) const FLOAT: Bytes = Bytes(24);
pub(super) const INT: Bytes = Bytes(28);

/// An `int` below this always exists already (Include/internal/pycore_global_objects.h, _PY_NSMALLPOSINTS).
pub(super) const SMALL_INTS: u32 = 257;

/// A `tuple` with the collector's header before it (Include/cpython/tupleobject.h).
pub(super) const fn tuple(length: u64) -> Bytes {
    Bytes(40 + POINTER.0 * length)
}

/// A `dict` and a `list` without their tables, with the collector's header.
const DICT: Bytes = Bytes(64);
const LIST: Bytes = Bytes(56);

/// A lock of C's (Python/thread_pthread.h, a semaphore).
const LOCK: Bytes = Bytes(32);

/// A place in a list or tuple.
const POINTER: Bytes = Bytes(8);

/// The memory of an object.
#[derive(Clone, Copy)]
pub(super) struct Object(BlockId);

impl Object {
    pub(super) fn new(process: &mut Process, size: Bytes) -> Self {
        Self(process.object_malloc(size))
    }

    pub(super) fn drop(self, process: &mut Process) {
        process.object_free(self.0);
    }
}

/// Drops objects as a list does that dies: from its end (Objects/listobject.c, list_dealloc).
pub(super) fn drop_backwards(process: &mut Process, objects: &mut Vec<Object>) {
    while let Some(object) = objects.pop() {
        object.drop(process);
    }
}

/// A lock, which is C's own memory.
#[derive(Clone)]
pub(super) struct Lock(BlockId);

impl Lock {
    pub(super) fn new(process: &mut Process) -> Self {
        Self(process.malloc(LOCK))
    }

    pub(super) fn drop(self, process: &mut Process) {
        process.free(self.0);
    }
}

/// A list: the object and the table of what is in it, which grows and shrinks with it.
#[derive(Clone)]
pub(super) struct List {
    object: Object,
    length: u64,
    room: u64,
    table: Option<Table>,
}

/// A list's table. One of no bytes is malloc's own, as the pools have no such blocks, and remains so when it grows again
/// (Objects/obmalloc.c, pymalloc_alloc and _PyMem_RawMalloc).
#[derive(Clone, Copy)]
enum Table {
    Objects(BlockId),
    Malloc(BlockId),
}

impl Table {
    fn resized(self, process: &mut Process, bytes: Bytes) -> Self {
        match self {
            Self::Objects(table) if bytes > Bytes::ZERO => {
                Self::Objects(process.object_realloc(table, bytes))
            }
            Self::Objects(table) => {
                let nothing = process.malloc(Bytes(1));
                process.object_free(table);
                Self::Malloc(nothing)
            }
            Self::Malloc(table) => Self::Malloc(process.realloc(table, bytes.max(Bytes(1)))),
        }
    }

    fn drop(self, process: &mut Process) {
        match self {
            Self::Objects(table) => process.object_free(table),
            Self::Malloc(table) => process.free(table),
        }
    }
}

impl List {
    /// `[]`
    pub(super) fn new(process: &mut Process) -> Self {
        Self {
            object: Object::new(process, LIST),
            length: 0,
            room: 0,
            table: None,
        }
    }

    /// A list made with all of its length, as one is that copies another.
    pub(super) fn with_length(process: &mut Process, length: u64) -> Self {
        let mut list = Self::new(process);
        if length > 0 {
            (list.length, list.room) = (length, length);
            list.table = Some(Table::Objects(process.object_malloc(POINTER * length)));
        }
        list
    }

    /// `append`
    pub(super) fn append(&mut self, process: &mut Process) {
        self.resize(process, self.length + 1);
    }

    /// `pop`, of what is somebody else's.
    pub(super) fn pop(&mut self, process: &mut Process) {
        if self.length > 0 {
            self.resize(process, self.length - 1);
        }
    }

    /// The table has an eighth and a bit more room than is needed, and is left alone while it is at least half full
    /// (Objects/listobject.c, list_resize).
    fn resize(&mut self, process: &mut Process, length: u64) {
        self.length = length;
        if length <= self.room && length >= self.room / 2 {
            return;
        }
        self.room = match length {
            0 => 0,
            _ => (length + (length >> 3) + 6) & !3,
        };
        let bytes = POINTER * self.room;
        self.table = Some(match self.table {
            Some(table) => table.resized(process, bytes),
            None => Table::Objects(process.object_malloc(bytes)),
        });
    }

    /// The list dies, after what was in it.
    pub(super) fn drop(self, process: &mut Process) {
        if let Some(table) = self.table {
            table.drop(process);
        }
        self.object.drop(process);
    }
}

/// The key tables that a dict of text keys goes through (Objects/dictobject.c, new_keys_object: 32 bytes, an index, and
/// 16 bytes for each of two thirds of its places): for 8 places, 16, 32, 64 and 128. A full one makes room for three
/// times what is in it (GROWTH_RATE), so that one of 8 places with 5 keys is followed by one of 16, and so on.
const TABLES: [Bytes; 5] = [Bytes(120), Bytes(208), Bytes(400), Bytes(768), Bytes(1520)];
const KEYS: [u64; 5] = [5, 10, 21, 42, 85];

/// A dict with text keys.
#[derive(Clone)]
pub(super) struct Dict {
    object: Object,
    table: Option<Object>,
}

impl Dict {
    /// `{}`, into which `keys` keys, at most 85, are put one after another: each new table is there before the old goes.
    pub(super) fn new(process: &mut Process, keys: u64) -> Self {
        let mut dict = Self::empty(process);
        if keys > 0 {
            dict.first_key(process);
            for larger in 1..KEYS.len() {
                if keys > KEYS[larger - 1] {
                    dict.grow(process, larger);
                }
            }
        }
        dict
    }

    /// `{}`, whose table all empty dicts share.
    pub(super) fn empty(process: &mut Process) -> Self {
        Self {
            object: Object::new(process, DICT),
            table: None,
        }
    }

    /// The first key is put in.
    pub(super) fn first_key(&mut self, process: &mut Process) {
        self.table = Some(Object::new(process, TABLES[0]));
    }

    fn grow(&mut self, process: &mut Process, table: usize) {
        let larger = Object::new(process, TABLES[table]);
        if let Some(smaller) = self.table.replace(larger) {
            smaller.drop(process);
        }
    }

    /// The dict dies, after what was in it (Objects/dictobject.c, dict_dealloc).
    pub(super) fn drop(self, process: &mut Process) {
        if let Some(table) = self.table {
            table.drop(process);
        }
        self.object.drop(process);
    }
}

/// A `collections.deque` with anything in it: the object, and a block of 64 places and two links
/// (Modules/_collectionsmodule.c).
#[derive(Clone)]
pub(super) struct Deque {
    object: Object,
    block: Object,
}

impl Deque {
    pub(super) fn new(process: &mut Process) -> Self {
        Self {
            object: Object::new(process, Bytes(232)),
            block: Object::new(process, Bytes(528)),
        }
    }

    pub(super) fn drop(self, process: &mut Process) {
        self.block.drop(process);
        self.object.drop(process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Call;

    fn sizes(mut process: Process) -> Vec<u64> {
        let size = |call| match call {
            Call::Malloc { size, .. } | Call::Realloc { size, .. } => Some(size.0),
            _ => None,
        };
        let events = process.take_calls().events;
        events.iter().filter_map(|event| size(event.call)).collect()
    }

    #[test]
    fn a_list_grows_as_in_a_recording() {
        let mut process = Process::new(1, 0);
        let mut list = List::new(&mut process);
        for _ in 0..300 {
            list.append(&mut process);
        }
        let sizes = sizes(process);
        assert_eq!(sizes[1..6], [32, 64, 128, 192, 256]);
        assert_eq!(
            sizes[9..],
            [608, 736, 864, 1024, 1184, 1376, 1600, 1856, 2144, 2464]
        );
    }

    #[test]
    fn a_list_that_is_emptied_gives_its_table_up() {
        let mut process = Process::new(1, 0);
        let mut list = List::new(&mut process);
        list.append(&mut process);
        list.pop(&mut process);
        list.append(&mut process);
        // Of nothing: malloc is asked for one byte then, as in a recording.
        assert_eq!(sizes(process), [56, 32, 1, 32]);
    }

    #[test]
    fn a_dict_goes_through_its_tables() {
        for (keys, tables) in [
            (0, &[][..]),
            (5, &[120][..]),
            (6, &[120, 208]),
            (12, &[120, 208, 400]),
            (30, &[120, 208, 400, 768]),
        ] {
            let mut process = Process::new(1, 0);
            Dict::new(&mut process, keys);
            assert_eq!(sizes(process)[1..], *tables);
        }
    }
}
