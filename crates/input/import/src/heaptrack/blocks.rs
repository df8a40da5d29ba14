//! The live blocks of a file whose calls have no addresses.

use crate::error::Fault;

/// Blocks that may be live at one time, and pairs of a size and a stack.
const LIVE: usize = 1 << 24;
const INFOS: usize = 1 << 21;
/// Numbers stand for addresses that differ by this.
const STEP: u64 = 16;
const NONE: u32 = u32::MAX;

/// A size and a stack.
#[derive(Clone, Copy)]
pub(super) struct Info {
    pub(super) size: u64,
    pub(super) stack: u64,
    /// The oldest live block and the newest.
    oldest: u32,
    newest: u32,
}

/// Live blocks, a queue for each size and stack.
#[derive(Default)]
pub(super) struct Blocks {
    infos: Vec<Info>,
    /// For each block the next newer one of its queue; for a free number the next free one.
    next: Vec<u32>,
    free: Option<u32>,
}

const UNKNOWN: Fault = Fault::Bad("a size and a stack that were not named before");

impl Blocks {
    /// Names a size and a stack by the next number.
    pub(super) fn info(&mut self, size: u64, stack: u64) -> Result<(), Fault> {
        if self.infos.len() >= INFOS {
            let (what, limit) = ("sizes with their stacks", INFOS as u64);
            return Err(Fault::TooMuch { what, limit });
        }
        self.infos.push(Info {
            size,
            stack,
            oldest: NONE,
            newest: NONE,
        });
        Ok(())
    }

    fn index(&self, info: u64) -> Result<usize, Fault> {
        let index = usize::try_from(info).ok();
        index
            .filter(|index| *index < self.infos.len())
            .ok_or(UNKNOWN)
    }

    /// Adds a block, and returns its address.
    pub(super) fn allocate(&mut self, info: u64) -> Result<(u64, Info), Fault> {
        let index = self.index(info)?;
        let block = match self.free {
            Some(block) => {
                let next = self.next[block as usize];
                self.free = (next != NONE).then_some(next);
                block
            }
            None if self.next.len() >= LIVE => {
                let (what, limit) = ("live blocks", LIVE as u64);
                return Err(Fault::TooMuch { what, limit });
            }
            None => {
                self.next.push(NONE);
                self.next.len() as u32 - 1
            }
        };
        self.next[block as usize] = NONE;
        let info = &mut self.infos[index];
        match info.newest {
            NONE => info.oldest = block,
            newest => self.next[newest as usize] = block,
        }
        info.newest = block;
        Ok((address(block), *info))
    }

    /// Removes the oldest block of a size and a stack, and returns its address.
    pub(super) fn release(&mut self, info: u64) -> Result<u64, Fault> {
        let index = self.index(info)?;
        let info = &mut self.infos[index];
        let block = info.oldest;
        if block == NONE {
            return Err(Fault::Bad("a free of a block that is not live"));
        }
        info.oldest = self.next[block as usize];
        if info.oldest == NONE {
            info.newest = NONE;
        }
        self.next[block as usize] = self.free.unwrap_or(NONE);
        self.free = Some(block);
        Ok(address(block))
    }
}

fn address(block: u32) -> u64 {
    (u64::from(block) + 1) * STEP
}

#[cfg(test)]
mod tests {
    use super::Blocks;

    #[test]
    fn a_free_releases_the_oldest_block_of_its_size_and_stack() {
        let mut blocks = Blocks::default();
        blocks.info(10, 0).expect("there is room");
        blocks.info(20, 0).expect("there is room");
        let mut allocate = |info| blocks.allocate(info).expect("it is known").0;
        let (first, other, second) = (allocate(0), allocate(1), allocate(0));
        assert_eq!(blocks.release(0).expect("it is live"), first);
        assert_eq!(blocks.release(0).expect("it is live"), second);
        assert!(blocks.release(0).is_err());
        assert_eq!(blocks.release(1).expect("it is live"), other);
    }
}
