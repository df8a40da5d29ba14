//! How the blocks that live lie: as the calls with which a part of a recording begins.

use crate::live::Block;
use highwater_hwr::Event;

/// Hands on the calls that lay blocks out as they lie, each with its thread and site, and returns how many they are. `blocks` are in
/// order of their addresses. Of glibc's heaps, of which `heap` is that of the program break, what lies between blocks is allocated too,
/// and freed at the end; and glibc's threshold is raised by a block of `largest_mapped` bytes.
pub(crate) fn lay_out(
    blocks: &[Block],
    heap: Option<(u64, u64)>,
    largest_mapped: u64,
    mut call: impl FnMut(u32, u16, &Event),
) -> u64 {
    /// No block has this address.
    const NOWHERE: u64 = 0x10;
    let mut calls = blocks.len() as u64;
    if heap.is_some() && largest_mapped > 0 {
        let (address, size) = (NOWHERE, largest_mapped);
        call(0, 0, &Event::Malloc { address, size });
        call(0, 0, &Event::Free { address });
        calls += 2;
    }
    let mut fill = |thread, gap: Gap, is_end, call: &mut dyn FnMut(u32, u16, &Event)| {
        for (address, size) in gap {
            calls += 1;
            match is_end {
                false => call(thread, 0, &Event::Malloc { address, size }),
                true => call(thread, 0, &Event::Free { address }),
            }
        }
    };
    for is_end in [false, true] {
        let (mut before, mut last) = (None, None);
        for block in blocks {
            if let Some(heap) = heap {
                fill(
                    block.thread,
                    block.gap_behind(before, heap),
                    is_end,
                    &mut call,
                );
                if (heap.0..heap.1).contains(&block.address) {
                    last = Some((block, heap.1));
                }
            }
            if !is_end {
                call(block.thread, block.site, &block.event(heap.is_some()));
            }
            before = Some(*block);
        }
        // The chunk at the heap's end.
        if let Some((block, end)) = last {
            let end = end.saturating_sub(Block::SMALLEST);
            fill(
                block.thread,
                Gap::between(block.end(), end),
                is_end,
                &mut call,
            );
        }
    }
    calls
}

impl Block {
    /// Bytes of a chunk's header, and of the smallest chunk.
    const HEADER: u64 = 16;
    const SMALLEST: u64 = 32;

    /// Whether glibc gave it a mapping of its own, by where it lies.
    pub(crate) fn is_mapped(&self) -> bool {
        self.size >= 128 << 10 && self.address & 4095 == Self::HEADER
    }

    /// The call that allocates it. Where it lies follows from what came before it in a heap of glibc's.
    fn event(&self, is_glibc: bool) -> Event<'static> {
        let (address, size) = (self.address, self.size);
        match (is_glibc, self.alignment) {
            (false, 1..) => Event::Aligned {
                address,
                alignment: 1 << self.alignment,
                size,
            },
            _ => Event::Malloc { address, size },
        }
    }

    /// Returns where its chunk ends, by the size that was asked for.
    fn end(&self) -> u64 {
        let chunk = self.size.saturating_add(8).saturating_add(15) & !15;
        let begin = self.address - Self::HEADER.min(self.address);
        begin.saturating_add(chunk.max(Self::SMALLEST))
    }

    /// Returns what lies between this one and the one before it in the same heap, or the heap's beginning.
    fn gap_behind(&self, before: Option<Self>, heap: (u64, u64)) -> Gap {
        /// Bytes of the first chunk, which malloc takes for its own cache.
        const CACHE: u64 = 0x290;
        const SPAN: u32 = 26;
        let is_main = |address: u64| (heap.0..heap.1).contains(&address);
        let same = before.filter(|before| match is_main(self.address) {
            true => is_main(before.address),
            false => {
                let is_one = before.address >> SPAN == self.address >> SPAN;
                is_one && !before.is_mapped() && !self.is_mapped()
            }
        });
        let from = match same {
            Some(before) => before.end(),
            None if is_main(self.address) => heap.0.next_multiple_of(16) + CACHE,
            None => return Gap::between(0, 0),
        };
        Gap::between(from, self.address.saturating_sub(Self::HEADER))
    }
}

/// What lies between two chunks, as the blocks that fill it: where each lies, and its bytes. None is so large that glibc could give it
/// a mapping of its own.
struct Gap {
    from: u64,
    end: u64,
}

impl Gap {
    fn between(from: u64, end: u64) -> Self {
        Self { from, end }
    }
}

impl Iterator for Gap {
    type Item = (u64, u64);

    fn next(&mut self) -> Option<(u64, u64)> {
        const LARGEST: u64 = 64 << 10;
        let left = self.end.checked_sub(self.from)? & !15;
        if left < Block::SMALLEST {
            return None;
        }
        // What is left of it must be a whole chunk.
        let chunk = match left {
            ..=LARGEST => left,
            _ => LARGEST.min(left - Block::SMALLEST),
        };
        let address = self.from + Block::HEADER;
        self.from += chunk;
        Some((address, chunk - 8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::tests::table;

    #[test]
    fn what_lies_between_blocks_of_a_heap_is_allocated_and_freed() {
        let mut live = table(1);
        let heap = (0x1000, 0x13000);
        for (address, size) in [(0x12a0, 24), (0x1300, 100), (0x5000_0010, 200_000)] {
            live.follow(0, 0, &Event::Malloc { address, size });
        }
        // One with a mapping of its own is gone, and one that was moved.
        for address in [0x6000_0010, 0x7000_0010] {
            live.follow(
                0,
                0,
                &Event::Malloc {
                    address,
                    size: 300_000,
                },
            );
        }
        live.follow(
            0,
            0,
            &Event::Free {
                address: 0x6000_0010,
            },
        );
        let (address, old, size) = (0, 0x7000_0010, 0);
        live.follow(0, 0, &Event::Realloc { address, old, size });
        let mut calls = Vec::new();
        let largest = live.largest_mapped();
        let blocks = live.sorted().expect("memory");
        let count = lay_out(blocks, Some(heap), largest, |_, _, event| {
            calls.push(match *event {
                Event::Malloc { address, size } => (address, size),
                Event::Free { address } => (address, u64::MAX),
                _ => panic!("{event:?}"),
            });
        });
        assert_eq!(count, 11);
        let expected = [
            (0x10, 300_000),
            (0x10, u64::MAX),
            (0x12a0, 24),
            (0x12c0, 0x38),
            (0x1300, 100),
            (0x5000_0010, 200_000),
            // To the heap's end it is more than one may have.
            (0x1370, 0xfff8),
            (0x11370, 0x1c78),
            (0x12c0, u64::MAX),
            (0x1370, u64::MAX),
            (0x11370, u64::MAX),
        ];
        assert_eq!(calls, expected);
    }
}
