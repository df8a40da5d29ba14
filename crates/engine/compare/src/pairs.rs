//! Regions of two processes, paired one to one.

use highwater_allocator::{Address, Bytes, Numbers};
use std::collections::BTreeMap;

/// A region of address space that lies at different addresses in the two processes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RegionKind {
    /// A heap of a thread's arena.
    Heap,
    /// A page of an allocator that has no heaps.
    Page,
}

/// A region of the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Region {
    pub(crate) kind: RegionKind,
    pub(crate) base: Address,
    pub(crate) span: Bytes,
}

/// A recorded region with its partner in the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pair {
    /// Base of the recorded region.
    pub(crate) recorded: Address,
    /// The partner.
    pub(crate) model: Region,
    /// Counted from 1.
    pub(crate) number: u32,
}

/// The pairs, found from either process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    /// By base of the recorded region.
    by_recorded: BTreeMap<Address, Pair>,
    /// Base of the recorded region, by base of the model's.
    recorded_of_model: Numbers,
    made: u32,
}

impl Pairs {
    /// Returns the pair whose recorded region contains an address.
    pub(crate) fn containing(&self, recorded: Address) -> Option<&Pair> {
        let (_, pair) = self.by_recorded.range(..=recorded).next_back()?;
        (recorded - pair.recorded < pair.model.span).then_some(pair)
    }

    /// Returns the pair of the model's region at `base`.
    pub(crate) fn of_model(&self, base: Address) -> Option<&Pair> {
        let recorded = self.recorded_of_model.get(base.0)?;
        self.by_recorded.get(&Address(recorded))
    }

    /// Pairs two regions that have no partners.
    pub(crate) fn pair(&mut self, recorded: Address, model: Region) {
        self.made += 1;
        let pair = Pair {
            recorded,
            model,
            number: self.made,
        };
        self.by_recorded.insert(recorded, pair);
        self.recorded_of_model.insert(model.base.0, recorded.0);
    }

    /// Drops the pair of the model's region at `base`.
    pub(crate) fn forget(&mut self, base: Address) {
        if let Some(recorded) = self.recorded_of_model.remove(base.0) {
            self.by_recorded.remove(&Address(recorded));
        }
    }

    /// Drops every pair whose region in the model does not satisfy `is_there`.
    pub(crate) fn retain(&mut self, is_there: impl Fn(Address) -> bool) {
        let recorded_of_model = &mut self.recorded_of_model;
        self.by_recorded.retain(|_, pair| {
            let stays = is_there(pair.model.base);
            if !stays {
                recorded_of_model.remove(pair.model.base.0);
            }
            stays
        });
    }
}
