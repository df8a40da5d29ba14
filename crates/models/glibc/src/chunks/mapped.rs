//! Chunks with mappings of their own: they have no neighbours, and may begin above the start of their mapping.

use super::{Chunks, IS_MMAPPED};
use crate::chunk::Chunk;
use highwater_allocator::{Address, Bytes, Kernel, places_by_key};

impl Chunks {
    /// Makes a chunk, and writes its header, that begins `lead` above its mapping's start.
    pub(crate) fn add_mapped(
        &mut self,
        kernel: &mut Kernel,
        start: Address,
        size: Bytes,
        lead: Bytes,
    ) -> Chunk {
        let chunk = self.insert(kernel, start, size.0 | IS_MMAPPED);
        self.mapped += 1;
        if lead > Bytes::ZERO {
            self.leads.insert(chunk.0.into(), lead.0);
        }
        chunk
    }

    /// The mapped chunk is no more.
    pub(crate) fn remove_mapped(&mut self, chunk: Chunk) {
        self.mapped -= 1;
        self.leads.remove(chunk.0.into());
        self.starts.forget(self.start(chunk));
        self.release(chunk);
    }

    /// How far a mapped chunk begins above its mapping's start (its `prev_size`).
    pub(crate) fn lead(&self, chunk: Chunk) -> Bytes {
        Bytes(self.leads.get(chunk.0.into()).unwrap_or(0))
    }

    /// How many chunks have mappings of their own.
    pub(crate) fn mapped(&self) -> usize {
        self.mapped
    }

    /// The chunks with mappings of their own, in ascending order.
    pub(crate) fn each_mapped(&self) -> Vec<Chunk> {
        let all = (0..self.records.len() as u32).map(Chunk);
        let mapped: Vec<Chunk> = all.filter(|chunk| self.is_mmapped(*chunk)).collect();
        let order = places_by_key(&mapped, |chunk| self.start(*chunk).0);
        order.map(|place| mapped[place]).collect()
    }
}
