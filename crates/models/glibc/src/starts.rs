//! Finding a chunk by where it begins: what the real allocator has for nothing, as its header lies there.

mod far;

use crate::chunk::Chunk;
use far::Far;
use highwater_allocator::{Address, Kernel};

/// log2 of the bytes that one slot is for: the size of the smallest chunk, so that never two begin in the same.
const SLOT_SHIFT: u32 = 5;
/// log2 of the bytes of the program break's heap that one frame is for: a page, for where blocks are large most pages have none.
const FRAME_SHIFT: u32 = 12;
const SLOTS: usize = 1 << (FRAME_SHIFT - SLOT_SHIFT);
/// A part of an empty frame.
const FEW: [Chunk; SLOTS / 8] = [Chunk::NONE; SLOTS / 8];
/// How many frames upwards from the first program break there are at most: for 4 GiB.
const FRAMES: usize = 1 << (32 - FRAME_SHIFT);

type Frame = Box<[Chunk; SLOTS]>;

/// The numbers of the chunks, by where they begin.
///
/// Nothing is taken out where a chunk is merged with the one below: an entry counts only as long as a chunk begins there.
#[derive(Clone)]
pub(crate) struct Starts {
    /// The first byte of the first frame.
    first: u64,
    /// The chunks of the program break's heap. Each frame has a place of its own: none is copied where more are added.
    near: Vec<Option<Frame>>,
    /// Those in mappings.
    far: Far,
}

/// A place in the list of frames; beyond every one where it has more bits than those.
#[inline]
fn index(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[inline]
fn slot_of(at: Address) -> usize {
    (at.0 >> SLOT_SHIFT) as usize % SLOTS
}

impl Starts {
    pub(crate) fn new() -> Self {
        Self {
            first: u64::MAX,
            near: Vec::new(),
            far: Far::new(),
        }
    }

    /// The frame for an address. What lies below the first wraps around, and so is in none.
    #[inline]
    fn frame_of(&self, at: Address) -> usize {
        index(at.0.wrapping_sub(self.first) >> FRAME_SHIFT)
    }

    /// The chunk that was last said to begin at an address.
    #[inline]
    pub(crate) fn get(&self, at: Address) -> Chunk {
        match self.near.get(self.frame_of(at)) {
            Some(Some(frame)) => frame[slot_of(at)],
            _ => self.far.get(at),
        }
    }

    /// A chunk begins at an address.
    #[inline]
    pub(crate) fn set(&mut self, kernel: &Kernel, at: Address, chunk: Chunk) {
        let frame = self.frame_of(at);
        match self.near.get_mut(frame) {
            Some(Some(frame)) => frame[slot_of(at)] = chunk,
            _ => self.add(kernel, at, chunk),
        }
    }

    #[inline(never)]
    fn add(&mut self, kernel: &Kernel, at: Address, chunk: Chunk) {
        let config = kernel.config();
        self.first = config.brk.0 >> FRAME_SHIFT << FRAME_SHIFT;
        let number = self.frame_of(at);
        if number >= FRAMES {
            return self.far.set(config.mmap_top, at, chunk);
        }
        if self.near.len() <= number {
            // By some more, for the heap grows step by step.
            self.near.resize((number | 63) + 1, None);
        }
        let mut frame = Vec::with_capacity(SLOTS);
        while frame.len() < SLOTS {
            frame.extend_from_slice(&FEW);
        }
        frame[slot_of(at)] = chunk;
        self.near[number] = Frame::try_from(frame).ok();
    }

    /// No chunk begins any more in the page of an address in a mapping.
    pub(crate) fn forget(&mut self, at: Address) {
        self.far.forget(at);
    }
}
