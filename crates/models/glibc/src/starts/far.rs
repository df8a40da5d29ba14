//! Finding a chunk that lies in a mapping: in the heap of a thread's arena, or alone.

use super::{SLOT_SHIFT, index};
use crate::chunk::Chunk;
use highwater_allocator::{Address, Numbers};

/// log2 of the bytes that one frame is for: no two mappings share one.
const FRAME_SHIFT: u32 = 12;
const SLOTS: usize = 1 << (FRAME_SHIFT - SLOT_SHIFT);
/// How many frames downwards from the highest mapping are listed in one array at most: for 8 GiB.
const HIGH: u64 = 1 << (33 - FRAME_SHIFT);

/// Each in a place of its own: none is copied where more are added.
type Frame = Box<[Chunk; SLOTS]>;

fn empty() -> Frame {
    Box::new([Chunk::NONE; SLOTS])
}

/// The numbers of the chunks in mappings, by where they begin.
#[derive(Clone)]
pub(super) struct Far {
    last: u64,
    high: Vec<u32>,
    /// Those that lie elsewhere.
    others: Numbers,
    /// Frame 0 stays empty and is the frame of whatever has none.
    frames: Vec<Frame>,
    spare: Vec<u32>,
}

#[inline]
fn slot_of(at: Address) -> usize {
    (at.0 >> SLOT_SHIFT) as usize % SLOTS
}

impl Far {
    pub(super) fn new() -> Self {
        Self {
            last: 0,
            high: Vec::new(),
            others: Numbers::default(),
            frames: vec![empty()],
            spare: Vec::new(),
        }
    }

    fn frame_of(&self, at: Address) -> usize {
        let number = at.0 >> FRAME_SHIFT;
        // What lies above the last wraps around, and so is none of these.
        match self.high.get(index(self.last.wrapping_sub(number))) {
            Some(frame) => *frame as usize,
            None => self.others.get(number).unwrap_or(0) as usize,
        }
    }

    #[inline(never)]
    pub(super) fn get(&self, at: Address) -> Chunk {
        self.frames[self.frame_of(at)][slot_of(at)]
    }

    /// A chunk begins at an address, in a page in which others do. Returns false if the page is not known as one.
    #[inline(never)]
    pub(super) fn set(&mut self, at: Address, chunk: Chunk) -> bool {
        let frame = self.frame_of(at);
        if frame != 0 {
            self.frames[frame][slot_of(at)] = chunk;
        }
        frame != 0
    }

    /// A chunk begins at an address in another page. No mapping ends above `top`.
    pub(super) fn add(&mut self, top: Address, at: Address, chunk: Chunk) {
        self.last = top.0 >> FRAME_SHIFT;
        let frame = self.spare.pop().unwrap_or_else(|| {
            self.frames.push(empty());
            (self.frames.len() - 1) as u32
        });
        self.enter(at.0 >> FRAME_SHIFT, frame);
        self.frames[frame as usize][slot_of(at)] = chunk;
    }

    fn enter(&mut self, number: u64, frame: u32) {
        let down = self.last.wrapping_sub(number);
        if down >= HIGH {
            return self.others.insert(number, frame.into());
        }
        let down = down as usize;
        if self.high.len() <= down {
            // By some more, for mappings are placed one below the other.
            self.high.resize((down | 63) + 1, 0);
        }
        self.high[down] = frame;
    }

    /// No chunk begins any more in the page of an address.
    pub(super) fn forget(&mut self, at: Address) {
        let frame = self.frame_of(at);
        if frame != 0 {
            self.enter(at.0 >> FRAME_SHIFT, 0);
            self.frames[frame].fill(Chunk::NONE);
            self.spare.push(frame as u32);
        }
    }
}
