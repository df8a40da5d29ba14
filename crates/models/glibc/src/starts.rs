//! Finding a chunk by where it begins: what the real allocator has for nothing, as its header lies there.

use crate::chunk::Chunk;
use highwater_allocator::{Address, Kernel, Numbers};

/// log2 of the bytes that one frame is for.
const FRAME_SHIFT: u32 = 12;
/// log2 of the bytes that one slot is for: the size of the smallest chunk, so that never two begin in the same.
const SLOT_SHIFT: u32 = 5;
const SLOTS: usize = 1 << (FRAME_SHIFT - SLOT_SHIFT);
/// How many frames upwards from the first program break are listed in one array at most: 4 GiB.
const LOW: u64 = 1 << (32 - FRAME_SHIFT);
/// How many downwards from the highest mapping: 8 GiB.
const HIGH: u64 = 1 << (33 - FRAME_SHIFT);

/// log2 of the slots of one block of frames: a kilobyte of them.
const BLOCK_SHIFT: u32 = 8;
const BLOCK: usize = 1 << BLOCK_SHIFT;

/// Two frames. Each block has a place of its own: none is copied where more are added.
type Block = Box<[Chunk; BLOCK]>;

/// The numbers of the chunks, by where they begin.
///
/// Nothing is taken out where a chunk is merged with the one below: an entry counts only as long as a chunk begins there.
#[derive(Clone)]
pub(crate) struct Starts {
    first: u64,
    low: Vec<u32>,
    last: u64,
    high: Vec<u32>,
    /// Those that lie elsewhere.
    far: Numbers,
    /// The slots of all frames, one frame after another. Frame 0 stays empty and is the frame of whatever has none.
    blocks: Vec<Block>,
    /// How many frames there are.
    frames: u32,
    /// Those that are for no page any more.
    spare: Vec<u32>,
}

fn empty() -> Block {
    let slots = vec![Chunk::NONE; BLOCK].into_boxed_slice();
    slots
        .try_into()
        .unwrap_or_else(|_| Box::new([Chunk::NONE; BLOCK]))
}

/// The number of the slot for an address in its frame, counted from the first slot of frame 0.
#[inline]
fn slot_of(frame: usize, at: Address) -> usize {
    frame * SLOTS + ((at.0 >> SLOT_SHIFT) as usize & (SLOTS - 1))
}

impl Starts {
    pub(crate) fn new() -> Self {
        Self {
            first: u64::MAX,
            low: Vec::new(),
            last: 0,
            high: Vec::new(),
            far: Numbers::default(),
            blocks: vec![empty()],
            frames: 1,
            spare: Vec::new(),
        }
    }

    #[inline]
    fn frame_of(&self, at: Address) -> usize {
        let number = at.0 >> FRAME_SHIFT;
        // What lies below the first wraps around, and so is none of these.
        let up = number.wrapping_sub(self.first);
        if up < self.low.len() as u64 {
            return self.low[up as usize] as usize;
        }
        self.high_frame_of(number)
    }

    #[inline]
    fn high_frame_of(&self, number: u64) -> usize {
        let down = self.last.wrapping_sub(number);
        if down < self.high.len() as u64 {
            return self.high[down as usize] as usize;
        }
        self.far.get(number).unwrap_or(0) as usize
    }

    /// The chunk that was last said to begin at an address.
    #[inline]
    pub(crate) fn get(&self, at: Address) -> Chunk {
        let slot = slot_of(self.frame_of(at), at);
        self.blocks[slot >> BLOCK_SHIFT][slot % BLOCK]
    }

    /// A chunk begins at an address.
    #[inline]
    pub(crate) fn set(&mut self, kernel: &Kernel, at: Address, chunk: Chunk) {
        let mut frame = self.frame_of(at);
        if frame == 0 {
            frame = self.new_frame(kernel, at);
        }
        let slot = slot_of(frame, at);
        self.blocks[slot >> BLOCK_SHIFT][slot % BLOCK] = chunk;
    }

    #[cold]
    #[inline(never)]
    fn new_frame(&mut self, kernel: &Kernel, at: Address) -> usize {
        let config = kernel.config();
        self.first = config.brk.0 >> FRAME_SHIFT;
        self.last = config.mmap_top.0 >> FRAME_SHIFT;
        let frame = self.spare.pop().unwrap_or(self.frames);
        if frame == self.frames {
            self.frames += 1;
            if frame as usize * SLOTS == self.blocks.len() * BLOCK {
                self.blocks.push(empty());
            }
        }
        self.enter(at.0 >> FRAME_SHIFT, frame);
        frame as usize
    }

    fn enter(&mut self, number: u64, frame: u32) {
        let (up, down) = (
            number.wrapping_sub(self.first),
            self.last.wrapping_sub(number),
        );
        let (list, index) = if up < LOW {
            (&mut self.low, up as usize)
        } else if down < HIGH {
            (&mut self.high, down as usize)
        } else {
            return self.far.insert(number, frame.into());
        };
        if list.len() <= index {
            // By some more, for the heap grows step by step.
            list.resize((index | 63) + 1, 0);
        }
        list[index] = frame;
    }

    /// No chunk begins near an address any more.
    pub(crate) fn forget(&mut self, at: Address) {
        let frame = self.frame_of(at);
        if frame != 0 {
            self.enter(at.0 >> FRAME_SHIFT, 0);
            let first = slot_of(frame, Address::NULL);
            self.blocks[first >> BLOCK_SHIFT][first % BLOCK..][..SLOTS].fill(Chunk::NONE);
            self.spare.push(frame as u32);
        }
    }
}
