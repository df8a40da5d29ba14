//! A simulation as it was at a moment, from which it can go on again.
//!
//! What copies is `#[inline]`, here and in the models: then it is compiled for size in the page's own crate, not for speed in theirs.

use crate::feed::Feed;
use crate::simulation::Simulation;
use highwater_allocator::{Bytes, Kernel, Micros, Sparse, Variable};
use highwater_process::{Held, PackedHistory, Program, StoredModel};
use std::sync::Arc;

/// A simulation as it was at a moment, in less memory than it runs with.
///
/// It has all of the process: what goes on from it can be told from what ran from the beginning by nothing. Left out is what
/// follows from the rest, and what a pattern makes again in the same way.
#[derive(Clone)]
pub struct Snapshot {
    feed: Feed,
    kernel: Kernel,
    model: StoredModel,
    /// The program without its blocks and its history.
    program: Program,
    blocks: Sparse<Held>,
    history: PackedHistory,
    highest: (Bytes, Bytes),
    environment: Arc<[Variable]>,
}

impl Simulation {
    /// Returns the process as it is now.
    #[inline]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            feed: self.feed.stored(self.position(), self.asked()),
            kernel: self.kernel.stored(),
            model: self.model.stored(),
            program: self.program.without_blocks(),
            blocks: Sparse::of(self.blocks(), Held::NOTHING, |_, held| held.is_live()),
            history: self.history().packed(),
            highest: self.highest,
            environment: Arc::clone(&self.environment),
        }
    }
}

impl Snapshot {
    /// Returns the process that goes on from here. The burst of a pattern that is made on the way is made again, unless `near`, a
    /// simulation of the same source, has it at hand.
    #[inline]
    pub fn resumed(&self, near: Option<&Simulation>) -> Simulation {
        let mut program = self.program.clone();
        program.take_blocks(self.blocks.table(), self.history.unpacked());
        let kernel = self.kernel.clone();
        Simulation {
            feed: self.feed.resumed(near.map(|near| &near.feed)),
            model: self.model.resumed(&kernel),
            kernel,
            program,
            highest: self.highest,
            environment: Arc::clone(&self.environment),
        }
    }

    /// Returns how many events were run.
    pub fn position(&self) -> u64 {
        self.program.events()
    }

    /// Returns the time of the moment.
    pub fn now(&self) -> Micros {
        self.program.now()
    }

    /// Returns about how many bytes it takes. Counted are the tables that grow with the process or the run: pages and mappings,
    /// chunks or extents, pools, caches, the log of decisions, blocks, the history of freed ones, a generator, and a part that was
    /// read from a file. A workload that is in memory whole is not: all snapshots share it.
    #[inline]
    pub fn bytes(&self) -> Bytes {
        self.feed.footprint()
            + self.kernel.footprint()
            + self.model.footprint()
            + self.blocks.footprint()
            + self.history.footprint()
            + Bytes(size_of::<Self>() as u64)
    }
}
