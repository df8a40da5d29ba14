//! What the threads of the pool share: a cache, and what one of them leaves to another to free.

use super::process::Process;
use super::table::Workers;
use crate::BlockId;
use std::collections::VecDeque;

/// What all threads share.
#[derive(Clone)]
pub(super) struct Shared {
    /// Entries of the cache, the oldest first.
    cache: VecDeque<BlockId>,
    room: usize,
    /// What was handed to each worker and not freed by it yet.
    handed: Vec<Vec<BlockId>>,
}

impl Shared {
    /// An empty cache, and nothing handed on.
    pub(super) fn new(workers: &Workers) -> Self {
        Self {
            cache: VecDeque::new(),
            room: workers.cache as usize,
            handed: vec![Vec::new(); workers.threads as usize],
        }
    }

    /// Puts an entry into the cache; returns what has to go for it.
    pub(super) fn keep(&mut self, entry: BlockId) -> Option<BlockId> {
        self.cache.push_back(entry);
        (self.cache.len() > self.room).then(|| self.cache.pop_front())?
    }

    /// Hands a block to any worker but `from`, if there is one.
    pub(super) fn hand_on(&mut self, process: &mut Process, from: usize, block: BlockId) {
        let others = self.handed.len() as u32 - 1;
        if others == 0 {
            process.free(block);
            return;
        }
        let to = process.between(0, others) as usize;
        let to = if to >= from { to + 1 } else { to };
        self.handed[to].push(block);
    }

    /// Frees what was handed to a worker.
    pub(super) fn free_handed(&mut self, process: &mut Process, worker: usize) {
        for block in std::mem::take(&mut self.handed[worker]) {
            process.free(block);
        }
    }
}
