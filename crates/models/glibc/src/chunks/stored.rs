//! The table as it was at a moment: the records that are in use.

use super::{BINS, Chunks, FREE, LEADS, NOTHING, Record, Sizes, UNLISTED};
use crate::chunk::Chunk;
use crate::starts::Starts;
use highwater_allocator::{Bytes, Kernel, Numbers, Sparse};

/// The chunks as they were at a moment.
#[derive(Clone)]
pub(crate) struct StoredChunks {
    records: Sparse<Record>,
    sizes: Sparse<Sizes>,
    leads: Numbers,
    mapped: usize,
}

/// Returns whether a record is that of a chunk or of the head of a bin. Every chunk has a size. A head has none, and no place in
/// memory.
#[inline]
fn is_used(number: usize, record: &Record) -> bool {
    record.head != 0 || number < BINS || (record.start.is_null() && !record.bk.is_none())
}

impl Chunks {
    /// Returns the chunks as they are now.
    #[inline]
    pub(crate) fn stored(&self) -> StoredChunks {
        StoredChunks {
            records: Sparse::of(&self.records, is_used),
            sizes: Sparse::of(&self.sizes, |number, _| {
                self.records[number].head & (FREE | LEADS) == FREE | LEADS
            }),
            leads: self.leads.clone(),
            mapped: self.mapped,
        }
    }
}

impl StoredChunks {
    /// Returns the table again, with the index by address. Which number a new chunk takes may differ from then on, which nothing
    /// follows from.
    #[inline]
    pub(crate) fn resumed(&self, kernel: &Kernel) -> Chunks {
        let mut chunks = Chunks {
            records: self.records.table(NOTHING),
            sizes: self.sizes.table(UNLISTED),
            spare: Chunk::NONE,
            starts: Starts::new(),
            leads: self.leads.clone(),
            mapped: self.mapped,
        };
        let mut used = self.records.iter().rev().peekable();
        for number in (0..chunks.records.len() as u32).rev() {
            if used.next_if(|(place, _)| *place == number).is_none() {
                chunks.release(Chunk(number));
            }
        }
        for (number, record) in self.records.iter() {
            chunks.enter(kernel, Chunk(number), record);
        }
        chunks
    }

    /// Returns the bytes that it takes.
    #[inline]
    pub(crate) fn footprint(&self) -> Bytes {
        self.records.footprint() + self.sizes.footprint() + self.leads.footprint()
    }
}

impl Chunks {
    /// Enters a chunk in the index. Of two that begin within one slot, an old top and the fence above it, the lower one is found.
    #[inline]
    fn enter(&mut self, kernel: &Kernel, chunk: Chunk, record: &Record) {
        if record.head == 0 {
            return;
        }
        let there = self.find(record.start);
        if there.is_none() || self.start(there) > record.start {
            self.starts.set(kernel, record.start, chunk);
        }
    }
}
