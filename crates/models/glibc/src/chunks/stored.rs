//! The table as it was at a moment: the records that are in use.

use super::{BINS, Chunks, FLAGS, FREE, LEADS, NOTHING, Record, Sizes, UNLISTED};
use crate::chunk::Chunk;
use crate::starts::{Starts, share_a_slot};
use highwater_allocator::{Address, Bytes, Entry, Kernel, Numbers, Packed, Sparse, Unpacker};

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

impl Entry for Record {
    /// Most chunks lie above the one before them in the table, and were cut one after another.
    #[inline]
    fn put(&self, before: &Self, packed: &mut Packed) {
        packed.put_beside(self.start.0, above(before));
        packed.put(self.head);
        packed.put_beside(self.below.0.into(), before.below.0.into());
        packed.put_beside(self.above.0.into(), before.above.0.into());
        packed.put_beside(self.fd.0.into(), before.fd.0.into());
        packed.put_beside(self.bk.0.into(), before.bk.0.into());
    }

    #[inline]
    fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self {
        let start = Address(reader.take_beside(above(before)));
        let head = reader.take();
        let mut chunk = |before: Chunk| Chunk(reader.take_beside(before.0.into()) as u32);
        Self {
            start,
            head,
            below: chunk(before.below),
            above: chunk(before.above),
            fd: chunk(before.fd),
            bk: chunk(before.bk),
        }
    }
}

/// Returns where the chunk above one begins.
#[inline]
fn above(record: &Record) -> u64 {
    record.start.0.wrapping_add(record.head & !FLAGS)
}

impl Entry for Sizes {
    #[inline]
    fn put(&self, before: &Self, packed: &mut Packed) {
        packed.put_beside(self.fd_nextsize.0.into(), before.fd_nextsize.0.into());
        packed.put_beside(self.bk_nextsize.0.into(), before.bk_nextsize.0.into());
    }

    #[inline]
    fn take(before: &Self, reader: &mut Unpacker<'_>) -> Self {
        let mut chunk = |before: Chunk| Chunk(reader.take_beside(before.0.into()) as u32);
        Self {
            fd_nextsize: chunk(before.fd_nextsize),
            bk_nextsize: chunk(before.bk_nextsize),
        }
    }
}

impl Chunks {
    /// Returns the chunks as they are now.
    #[inline]
    pub(crate) fn stored(&self) -> StoredChunks {
        StoredChunks {
            records: Sparse::of(&self.records, NOTHING, is_used),
            sizes: Sparse::of(&self.sizes, UNLISTED, |number, _| {
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
            records: self.records.table(),
            sizes: self.sizes.table(),
            spare: Chunk::NONE,
            starts: Starts::new(),
            leads: self.leads.clone(),
            mapped: self.mapped,
        };
        for number in (0..chunks.records.len()).rev() {
            let record = chunks.records[number];
            if is_used(number, &record) {
                chunks.enter(kernel, Chunk(number as u32), &record);
            } else {
                chunks.release(Chunk(number as u32));
            }
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
        let there = self.start(self.find(record.start));
        if !share_a_slot(there, record.start) || there > record.start {
            self.set_start(kernel, record.start, chunk);
        }
    }
}
