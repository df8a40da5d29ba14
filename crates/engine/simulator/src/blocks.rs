//! Looking closer: the blocks of a few pages one by one, and what would be if some were gone.

use crate::pins::Origin;
use crate::simulation::Simulation;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, Allocator, Block, Bytes};
use serde::{Deserialize, Serialize};

/// A block of the allocator's memory, and what is known of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BlockView {
    /// The block.
    pub block: Block,
    /// Bytes the program asked for, where it held or holds it.
    pub requested: Option<Bytes>,
    /// What allocated it, or last held something there.
    pub allocated: Option<Origin>,
    /// What freed it.
    pub freed: Option<Origin>,
}

/// What would be if some blocks were gone.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    BorshSerialize,
    BorshDeserialize,
)]
pub struct Without {
    /// How many of those asked for could be taken away.
    pub gone: u64,
    /// Resident bytes that free() would have given back by it.
    pub given_back: Bytes,
    /// What would be resident.
    pub rss: Bytes,
    /// The size of the top.
    pub top: Bytes,
    /// What `malloc_trim(0)` would give back besides.
    pub reclaimable: Bytes,
}

impl Simulation {
    /// The blocks that lie in a range of addresses or reach into it, in ascending order, at most `most`.
    pub fn blocks_between(&self, from: Address, to: Address, most: usize) -> Vec<BlockView> {
        let mut found: Vec<Block> = Vec::new();
        self.model.census(&self.kernel, &mut |block| {
            let reaches = block.start < to && block.start + block.size > from;
            if reaches && found.len() < most {
                found.push(block);
            }
        });
        // A census goes upwards within a mapping, and from mapping to mapping in any order.
        let starts = found.iter().enumerate();
        let mut order: Vec<(u64, u64)> = starts
            .map(|(place, block)| (block.start.0, place as u64))
            .collect();
        order.sort_unstable();
        let holders = self.latest_holders(found.iter().map(|block| (block.user.0, 0)).collect());
        let view = |block: Block| {
            let at = holders.partition_point(|(address, _)| *address < block.user);
            let held = holders
                .get(at)
                .filter(|(address, _)| *address == block.user);
            let held = held.and_then(|(_, held)| *held);
            BlockView {
                block,
                requested: held
                    .filter(|(held, _)| held.address == block.user)
                    .map(|(held, _)| held.size),
                allocated: held.map(|(held, _)| held.allocated.into()),
                freed: held.and_then(|(_, freed)| Some(freed?.into())),
            }
        };
        let ordered = order.into_iter().map(|(_, place)| found[place as usize]);
        ordered.map(view).collect()
    }

    /// Visits every block, upwards within a mapping.
    pub fn each_block(&self, visit: &mut dyn FnMut(Block)) {
        self.model.census(&self.kernel, visit);
    }

    /// What would be if these pins were gone, from the top down. The process cannot go on from there: whoever asks asks a
    /// simulation that is not needed any more.
    pub fn without(mut self, pins: &[Address]) -> Without {
        let before = self.rss();
        let known = self.diagnose().pins;
        let mut gone = 0;
        for pin in known.iter().filter(|pin| pins.contains(&pin.address)) {
            let kernel = &mut self.kernel;
            gone += u64::from(self.model.discard(kernel, pin.address, pin.cache));
        }
        Without {
            gone,
            given_back: before.saturating_sub(self.rss()),
            rss: self.rss(),
            top: self.accounting().top,
            reclaimable: self.reclaimable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variant::Variant;
    use highwater_settings::parse_lines;
    use highwater_workload::trace;

    /// Half a gigabyte in blocks of 1000 bytes, freed, below one that stays.
    fn pinned(lines: &str) -> Simulation {
        let mut text = String::from("highwater-trace 1\n");
        for block in 0..20_000 {
            text += &format!("m {block} 0 {block:#x}000 1000\n");
        }
        for block in 0..19_999 {
            text += &format!("f 30000 0 {block:#x}000\n");
        }
        let workload = trace::read(text.as_bytes()).expect("well formed");
        let variant = Variant {
            environment: parse_lines(lines),
            ..Variant::default()
        };
        let mut simulation = Simulation::new(workload, &variant).expect("it can run");
        simulation.run_until(u64::MAX);
        simulation
    }

    #[test]
    fn without_its_pin_a_heap_goes_back() {
        let simulation = pinned("");
        let pins = simulation.diagnose().pins;
        let (rss, first) = (simulation.rss(), pins[0].address);
        assert!(rss > Bytes::mib(18));
        // Freed blocks in tcache lie at the bottom here: the one that is held is all there is.
        let without = simulation.without(&[first]);
        assert_eq!(without.gone, 1);
        assert!(without.given_back > Bytes::mib(18), "{without:?}");
        assert_eq!(without.rss + without.given_back, rss);
    }

    #[test]
    fn what_is_parked_is_taken_out_of_its_cache() {
        let mut simulation = pinned("");
        let blocks = simulation.blocks_between(Address(0), Address(u64::MAX), usize::MAX);
        let parked = blocks
            .iter()
            .find(|view| matches!(view.block.state, highwater_allocator::BlockState::Parked(_)));
        let parked = *parked.expect("tcache keeps seven");
        assert_eq!(parked.requested, Some(Bytes(1000)));
        assert!(parked.freed.is_some_and(|freed| freed.event >= 20_000));
        let highwater_allocator::BlockState::Parked(cache) = parked.block.state else {
            panic!("it is parked");
        };
        let before = simulation.accounting().parked;
        let kernel = &mut simulation.kernel;
        assert!(
            simulation
                .model
                .discard(kernel, parked.block.user, Some(cache))
        );
        assert!(
            !simulation
                .model
                .discard(kernel, parked.block.user, Some(cache))
        );
        assert_eq!(simulation.accounting().parked, before - parked.block.size);
        let after = simulation.blocks_between(parked.block.start, parked.block.start + Bytes(1), 1);
        assert!(matches!(
            after[0].block.state,
            highwater_allocator::BlockState::Free { .. }
        ));
    }

    #[test]
    fn a_range_has_the_blocks_that_reach_into_it() {
        let simulation = pinned("");
        let all = simulation.blocks_between(Address(0), Address(u64::MAX), usize::MAX);
        assert!(all.is_sorted_by_key(|view| view.block.start));
        let middle = all[all.len() / 2].block;
        let found = simulation.blocks_between(middle.start + Bytes(1), middle.start + Bytes(2), 9);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].block, middle);
        assert_eq!(
            simulation
                .blocks_between(Address(0), Address(u64::MAX), 3)
                .len(),
            3
        );
    }
}
