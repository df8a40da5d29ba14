//! What CPython's objects ask of malloc. The rules are those of CPython 3.11.

use super::process::Process;
use crate::BlockId;

/// Up to here an object comes from pools that the interpreter maps itself (Objects/obmalloc.c,
/// SMALL_REQUEST_THRESHOLD), and malloc hears nothing of it.
const SMALL: u64 = 512;

/// A `str` of ASCII: header and terminating zero around the text (Include/cpython/unicodeobject.h, PyASCIIObject).
pub(super) const STR: u64 = 49;

/// A `bytes`: header and terminating zero (Include/cpython/bytesobject.h).
pub(super) const BYTES: u64 = 33;

/// The memory of an object: a block, or none if it is a small one.
#[derive(Clone, Copy)]
pub(super) struct Object(Option<BlockId>);

impl Object {
    pub(super) fn new(process: &mut Process, size: u64) -> Self {
        Self((size > SMALL).then(|| process.malloc(size)))
    }

    pub(super) fn drop(self, process: &mut Process) {
        if let Some(block) = self.0 {
            process.free(block);
        }
    }
}

/// Drops objects as a list does that dies: from its end (Objects/listobject.c, list_dealloc).
pub(super) fn drop_backwards(process: &mut Process, objects: &mut Vec<Object>) {
    while let Some(object) = objects.pop() {
        object.drop(process);
    }
}

/// The table of a list that is appended to.
pub(super) struct List {
    length: u64,
    room: u64,
    table: Option<BlockId>,
}

impl List {
    /// `[]`
    pub(super) fn new() -> Self {
        Self {
            length: 0,
            room: 0,
            table: None,
        }
    }

    /// A list made with all of its length, as a parser does that was told it.
    pub(super) fn with_length(process: &mut Process, length: u64) -> Self {
        let bytes = length * 8;
        Self {
            length,
            room: length,
            table: (bytes > SMALL).then(|| process.malloc(bytes)),
        }
    }

    /// `append`: once full, the table grows by an eighth and a bit (Objects/listobject.c, list_resize). The step from a
    /// small table to a large one is a malloc of its own; the others are reallocs.
    pub(super) fn append(&mut self, process: &mut Process) {
        self.length += 1;
        if self.length <= self.room {
            return;
        }
        self.room = (self.length + (self.length >> 3) + 6) & !3;
        let bytes = self.room * 8;
        self.table = match self.table {
            Some(table) => Some(process.realloc(table, bytes)),
            None => (bytes > SMALL).then(|| process.malloc(bytes)),
        };
    }

    pub(super) fn drop(self, process: &mut Process) {
        if let Some(table) = self.table {
            process.free(table);
        }
    }
}

/// The key tables that a dict of text keys goes through (Objects/dictobject.c, new_keys_object: 32 bytes, an index, and
/// 16 bytes for each of two thirds of its places), for 64 places
/// and for 128; smaller ones are small objects.
const TABLES: [u64; 2] = [768, 1520];

/// A dict that grew to the table number `size` of [`TABLES`]: each new table is there before the old one goes.
pub(super) fn dict(process: &mut Process, size: usize) -> Object {
    let mut table = Object::new(process, TABLES[0]);
    for &bytes in &TABLES[1..=size] {
        let larger = Object::new(process, bytes);
        table.drop(process);
        table = larger;
    }
    table
}

/// A match of a regular expression without groups, as `json.loads` makes one over the white space on either side of its
/// value: an array of no marks, for which malloc is asked for one byte, and the matcher's stack (Modules/_sre/sre_lib.h,
/// data_stack_grow: the 56 bytes it needs, a quarter more, and 1024).
pub(super) fn match_white_space(process: &mut Process) {
    let marks = process.malloc(1);
    let stack = process.malloc(1_094);
    process.free(stack);
    process.free(marks);
}

/// A `collections.deque` with anything in it (Modules/_collectionsmodule.c: 64 places and two links).
pub(super) fn deque(process: &mut Process) -> Object {
    Object::new(process, 528)
}

/// `import` of `modules` modules: each reads its byte code, makes its constants, code objects and tables, and lets the
/// byte code go. What stays is the interpreter's own, scattered over the lower end of the heap.
pub(super) fn imports(process: &mut Process, modules: u32) {
    for _ in 0..modules {
        let text = process.between(3_000, 60_000);
        let code = Object::new(process, u64::from(text) + BYTES);
        let mut rubbish = Vec::new();
        for _ in 0..process.between(20, 60) {
            // Locks and interned things of the C parts go to malloc however small; code objects are some hundred bytes.
            match process.between(0, 10) {
                0..=2 => {
                    process.malloc(24);
                }
                3 => {
                    let size = process.between(600, 3_000);
                    rubbish.push(Object::new(process, u64::from(size)));
                }
                4 => {
                    dict(process, 0);
                }
                5 => {
                    process.malloc(960);
                }
                _ => {
                    let size = process.between(513, 1_200);
                    Object::new(process, u64::from(size));
                }
            }
        }
        let tables = if process.chance(20_000) { 1 } else { 0 };
        dict(process, tables);
        drop_backwards(process, &mut rubbish);
        code.drop(process);
        process.spend_ns(u64::from(text) * 40);
    }
    // The table of interned text, which has doubled its way up.
    let mut interned = process.calloc(1, 147_520);
    for size in [294_976, 589_888] {
        let larger = process.calloc(1, size);
        process.free(interned);
        interned = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Call;

    #[test]
    fn a_list_grows_as_in_a_recording() {
        let mut process = Process::new(1, 0);
        let mut list = List::new();
        for _ in 0..300 {
            list.append(&mut process);
        }
        let sizes: Vec<u64> = process
            .finish()
            .events
            .iter()
            .filter_map(|event| match event.call {
                Call::Malloc { size, .. } | Call::Realloc { size, .. } => Some(size.0),
                _ => None,
            })
            .collect();
        assert_eq!(
            sizes,
            [608, 736, 864, 1024, 1184, 1376, 1600, 1856, 2144, 2464]
        );
    }
}
