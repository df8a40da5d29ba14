//! The words that allocators have written, stored sparsely.
//!
//! Address space is cut into frames of 128 bytes. A frame exists once a word of it was written; everything else reads as
//! zero, as fresh memory does. Frame 0 is never written and stands for "nothing here", so that reading needs no branch.
//!
//! The heap of the program break is one stretch that grows upwards, so the frames of its first gigabytes are listed in
//! one array: this is what nearly every read and write of an allocator looks up. What lies further, and mappings, which
//! lie far apart, are listed span by span: mappings are placed from the top down, so their spans are numbered from there.

use crate::Numbers;

/// log2 of the bytes of a span.
pub(crate) const SPAN_SHIFT: u32 = 21;
/// log2 of the bytes of a frame.
const FRAME_SHIFT: u32 = 7;
const FRAMES_IN_SPAN: usize = 1 << (SPAN_SHIFT - FRAME_SHIFT);
const WORDS_IN_FRAME: usize = 1 << (FRAME_SHIFT - 3);
/// So many frames of the heap are listed in one array at most: 4 GiB of heap.
const LISTED: u64 = 1 << (32 - FRAME_SHIFT);
/// So many spans below the highest mapping are listed in one array at most: 128 GiB of mappings.
const NEAR_TOP: usize = 1 << (37 - SPAN_SHIFT);

type Frame = [u64; WORDS_IN_FRAME];
type Table = Box<[u32; FRAMES_IN_SPAN]>;

#[derive(Clone)]
pub(crate) struct Words {
    /// The heap's first frame, by number, and the frames from there on as far as any was written.
    first: u64,
    heap: Vec<u32>,
    /// The span of the highest mapping, and the tables of the spans from there down; table 0 is empty.
    top: u64,
    near_top: Vec<u32>,
    /// The tables of the spans that lie anywhere else.
    table_of: Numbers,
    tables: Vec<Table>,
    frames: Vec<Frame>,
    free_frames: Vec<u32>,
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
    /// Nothing written, in an address space whose heap begins at `heap` and whose mappings end at `top`.
    pub(crate) fn new(heap: u64, top: u64) -> Self {
        Self {
            first: heap >> FRAME_SHIFT,
            heap: Vec::new(),
            top: top.saturating_sub(1) >> SPAN_SHIFT,
            near_top: Vec::new(),
            table_of: Numbers::default(),
            tables: vec![empty_table()],
            frames: vec![[0; WORDS_IN_FRAME]],
            free_frames: Vec::new(),
        }
    }

    #[inline]
    fn frame_of(&self, at: u64) -> u32 {
        // What lies below the heap wraps around, and so is far as well.
        let index = (at >> FRAME_SHIFT).wrapping_sub(self.first) as usize;
        match self.heap.get(index) {
            Some(&frame) => frame,
            None => self.far_frame_of(at),
        }
    }

    #[cold]
    #[inline(never)]
    fn far_frame_of(&self, at: u64) -> u32 {
        let span = at >> SPAN_SHIFT;
        // What lies above the top wraps around, and so is none of these.
        let table = match self.near_top.get(self.top.wrapping_sub(span) as usize) {
            Some(&table) => table as usize,
            None => self.table_of.get_here(span).unwrap_or(0) as usize,
        };
        self.tables[table][frame_in_span(at)]
    }

    #[inline]
    pub(crate) fn read(&self, at: u64) -> u64 {
        self.frames[self.frame_of(at) as usize][word_in_frame(at)]
    }

    /// Two words side by side, the first at a multiple of 16.
    #[inline]
    pub(crate) fn read_pair(&self, at: u64) -> (u64, u64) {
        let frame = &self.frames[self.frame_of(at) as usize];
        let word = word_in_frame(at) & !1;
        (frame[word], frame[word + 1])
    }

    /// Stores a word where its frame exists already; `false` where it does not.
    #[inline]
    pub(crate) fn overwrite(&mut self, at: u64, value: u64) -> bool {
        let frame = self.frame_of(at);
        if frame == 0 {
            return false;
        }
        self.frames[frame as usize][word_in_frame(at)] = value;
        true
    }

    /// Stores words side by side where one frame holds all of them and exists already.
    #[inline]
    pub(crate) fn overwrite_run<const N: usize>(&mut self, at: u64, values: [u64; N]) -> bool {
        let frame = self.frame_of(at);
        let first = word_in_frame(at);
        match self.frames[frame as usize].get_mut(first..first + N) {
            Some(words) if frame != 0 => {
                words.copy_from_slice(&values);
                true
            }
            _ => false,
        }
    }

    /// Whether anything near `at` is stored, in which case its page is resident.
    #[inline]
    pub(crate) fn has_frame(&self, at: u64) -> bool {
        self.frame_of(at) != 0
    }

    /// Stores as many of the words as the first one's frame holds, making it if need be; returns how many.
    pub(crate) fn write_first_of(&mut self, at: u64, values: &[u64]) -> usize {
        let mut frame = self.frame_of(at);
        if frame == 0 {
            frame = self.free_frames.pop().unwrap_or_else(|| {
                self.frames.push([0; WORDS_IN_FRAME]);
                (self.frames.len() - 1) as u32
            });
            *self.slot(at) = frame;
        }
        let words = &mut self.frames[frame as usize][word_in_frame(at)..];
        let fitting = words.len().min(values.len());
        words[..fitting].copy_from_slice(&values[..fitting]);
        fitting
    }

    /// Where the number of an address's frame is kept.
    fn slot(&mut self, at: u64) -> &mut u32 {
        let index = (at >> FRAME_SHIFT).wrapping_sub(self.first);
        if index < LISTED {
            let index = index as usize;
            if self.heap.len() <= index {
                // By whole kilobytes, for the heap grows step by step.
                self.heap.resize((index | 255) + 1, 0);
            }
            return &mut self.heap[index];
        }
        let table = self.table_for(at >> SPAN_SHIFT);
        &mut self.tables[table][frame_in_span(at)]
    }

    /// The table of a span, which is made if need be.
    fn table_for(&mut self, span: u64) -> usize {
        let new = self.tables.len();
        let below = self.top.wrapping_sub(span) as usize;
        let table = if below < NEAR_TOP {
            if self.near_top.len() <= below {
                self.near_top.resize(below + 1, 0);
            }
            let table = &mut self.near_top[below];
            if *table == 0 {
                *table = new as u32;
            }
            *table as usize
        } else {
            self.table_of.get(span).unwrap_or_else(|| {
                self.table_of.insert(span, new as u64);
                new as u64
            }) as usize
        };
        if table == new {
            self.tables.push(empty_table());
        }
        table
    }

    /// Forgets the words of `bytes` from `from` on, whole frames.
    pub(crate) fn clear(&mut self, from: u64, bytes: u64) {
        for at in (from..from + bytes).step_by(1 << FRAME_SHIFT) {
            let frame = self.frame_of(at);
            if frame != 0 {
                *self.slot(at) = 0;
                self.frames[frame as usize] = [0; WORDS_IN_FRAME];
                self.free_frames.push(frame);
            }
        }
    }

    /// Moves the words of `bytes` from `from` on, whole frames, to a place that holds none.
    pub(crate) fn relocate(&mut self, from: u64, to: u64, bytes: u64) {
        for offset in (0..bytes).step_by(1 << FRAME_SHIFT) {
            let frame = self.frame_of(from + offset);
            if frame != 0 {
                *self.slot(from + offset) = 0;
                *self.slot(to + offset) = frame;
            }
        }
    }
}
