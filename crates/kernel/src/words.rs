//! The words that allocators have written, stored sparsely.
//!
//! Address space is cut into spans of 2 MiB, a span into frames of 128 bytes. A frame exists once a word of it was
//! written; everything else reads as zero, as fresh memory does. Frame 0 and table 0 are never written and stand for
//! "nothing here", so that reading needs no branch.

/// log2 of the bytes of a span.
pub(crate) const SPAN_SHIFT: u32 = 21;
/// log2 of the bytes of a frame.
const FRAME_SHIFT: u32 = 7;
const FRAMES_IN_SPAN: usize = 1 << (SPAN_SHIFT - FRAME_SHIFT);
const WORDS_IN_FRAME: usize = 1 << (FRAME_SHIFT - 3);

type Frame = [u64; WORDS_IN_FRAME];
type Table = Box<[u32; FRAMES_IN_SPAN]>;

#[derive(Clone)]
pub(crate) struct Words {
    tables: Vec<Table>,
    free_tables: Vec<u32>,
    frames: Vec<Frame>,
    free_frames: Vec<u32>,
}

/// Which table holds the frames of a span; 0 while nothing was written there.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct TableId(u32);

impl TableId {
    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }
}

#[inline]
fn frame_in_span(at: u64) -> usize {
    (at >> FRAME_SHIFT) as usize & (FRAMES_IN_SPAN - 1)
}

#[inline]
fn word_in_frame(at: u64) -> usize {
    (at >> 3) as usize & (WORDS_IN_FRAME - 1)
}

fn empty_table() -> Table {
    // Through a Vec, so that the array is never built on the stack.
    match vec![0u32; FRAMES_IN_SPAN].into_boxed_slice().try_into() {
        Ok(table) => table,
        Err(_) => unreachable!("the vector has exactly the table's length"),
    }
}

impl Words {
    pub(crate) fn new() -> Self {
        Self {
            tables: vec![empty_table()],
            free_tables: Vec::new(),
            frames: vec![[0; WORDS_IN_FRAME]],
            free_frames: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn read(&self, table: TableId, at: u64) -> u64 {
        let frame = self.tables[table.0 as usize][frame_in_span(at)];
        self.frames[frame as usize][word_in_frame(at)]
    }

    /// Stores a word where its frame exists already; `false` where it does not.
    #[inline]
    pub(crate) fn overwrite(&mut self, table: TableId, at: u64, value: u64) -> bool {
        let frame = self.tables[table.0 as usize][frame_in_span(at)];
        if frame == 0 {
            return false;
        }
        self.frames[frame as usize][word_in_frame(at)] = value;
        true
    }

    /// Stores a word, making its frame (and the span's table) if need be.
    pub(crate) fn write(&mut self, table: &mut TableId, at: u64, value: u64) {
        if table.is_none() {
            *table = self.new_table();
        }
        let frame = match self.tables[table.0 as usize][frame_in_span(at)] {
            0 => {
                let frame = self.new_frame();
                self.tables[table.0 as usize][frame_in_span(at)] = frame;
                frame
            }
            frame => frame,
        };
        self.frames[frame as usize][word_in_frame(at)] = value;
    }

    /// Forgets the words of `[from, from + bytes)`, which lies within one span and begins and ends with a frame.
    pub(crate) fn clear(&mut self, table: TableId, from: u64, bytes: u64) {
        if table.is_none() {
            return;
        }
        let first = frame_in_span(from);
        let entries =
            &mut self.tables[table.0 as usize][first..first + (bytes >> FRAME_SHIFT) as usize];
        for entry in entries {
            if *entry != 0 {
                self.frames[*entry as usize] = [0; WORDS_IN_FRAME];
                self.free_frames.push(*entry);
                *entry = 0;
            }
        }
    }

    /// Moves the frames of one page to another place, which holds none.
    pub(crate) fn relocate(
        &mut self,
        from: (TableId, u64),
        to: (&mut TableId, u64),
        page_bytes: u64,
    ) {
        if from.0.is_none() {
            return;
        }
        if to.0.is_none() {
            *to.0 = self.new_table();
        }
        for frame in 0..(page_bytes >> FRAME_SHIFT) as usize {
            let moved =
                std::mem::take(&mut self.tables[from.0.0 as usize][frame_in_span(from.1) + frame]);
            self.tables[to.0.0 as usize][frame_in_span(to.1) + frame] = moved;
        }
    }

    /// Takes back the table of a span whose words are all forgotten.
    pub(crate) fn release_table(&mut self, table: &mut TableId) {
        if !table.is_none() {
            self.free_tables.push(table.0);
            *table = TableId::default();
        }
    }

    fn new_table(&mut self) -> TableId {
        TableId(self.free_tables.pop().unwrap_or_else(|| {
            self.tables.push(empty_table());
            (self.tables.len() - 1) as u32
        }))
    }

    fn new_frame(&mut self) -> u32 {
        self.free_frames.pop().unwrap_or_else(|| {
            self.frames.push([0; WORDS_IN_FRAME]);
            (self.frames.len() - 1) as u32
        })
    }
}
