//! From where in the program the memory at hand was allocated, for a recording that names its call sites.

use crate::arenas::Arena;
use crate::pins::Holder;
use crate::simulation::Simulation;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, BlockState, Bytes, places_by_key};
use highwater_workload::SiteId;
use serde::{Deserialize, Serialize};

/// At most so many sites are listed.
const MOST_SITES: usize = 100;

/// What was allocated from one place, or from several.
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
pub struct Allotted {
    /// Bytes that the program asked for and holds.
    pub live: Bytes,
    /// Blocks that it holds.
    pub live_blocks: u64,
    /// Bytes of chunks that it has freed and caches keep.
    pub parked: Bytes,
    /// Chunks that caches keep.
    pub parked_blocks: u64,
}

/// What was allocated from one site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct SiteShare {
    /// Places in the code, the innermost first, one space between each; empty if the recording has only a number.
    pub site: String,
    /// What was allocated there.
    #[serde(flatten)]
    pub allotted: Allotted,
}

/// What the program holds and caches keep, by call site.
#[derive(
    Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct SiteShares {
    /// The sites, those with the most bytes first.
    pub sites: Vec<SiteShare>,
    /// How many more sites there are.
    pub unlisted: u64,
    /// What was allocated from them.
    pub from_unlisted: Allotted,
    /// What was allocated from places that the recording does not name.
    pub from_unknown: Allotted,
}

impl SiteShares {
    /// How many sites come after the first so many, and what was allocated from them.
    pub fn beyond(&self, first: usize) -> (u64, Allotted) {
        let mut sum = self.from_unlisted;
        let rest = self.sites.get(first..).unwrap_or_default();
        for share in rest {
            sum.add(share.allotted);
        }
        (self.unlisted + rest.len() as u64, sum)
    }
}

impl Allotted {
    /// Bytes that it holds in memory.
    pub fn bytes(&self) -> Bytes {
        self.live + self.parked
    }

    fn add(&mut self, other: Self) {
        self.live += other.live;
        self.live_blocks += other.live_blocks;
        self.parked += other.parked;
        self.parked_blocks += other.parked_blocks;
    }
}

impl Simulation {
    /// The places in the code that a site stands for; `None` if it is unknown.
    pub(crate) fn name_of(&self, site: SiteId) -> Option<String> {
        let sites = &self.feed.first().sites;
        sites.get(site.place()?).map(|frames| frames.to_string())
    }

    /// What the program holds and caches keep, by site; `None` if the recording names none.
    pub(crate) fn site_shares(&self, arenas: &[Arena]) -> Option<SiteShares> {
        let names = &self.feed.first().sites;
        if names.is_empty() {
            return None;
        }
        // By number; 0 is unknown.
        let mut all = vec![Allotted::default(); names.len() + 1];
        let mut add = |site: SiteId, what| {
            if let Some(allotted) = all.get_mut(usize::from(site.number())) {
                allotted.add(what);
            }
        };
        for held in self.blocks().iter().filter(|held| held.is_live()) {
            let what = Allotted {
                live: held.size,
                live_blocks: 1,
                ..Allotted::default()
            };
            add(held.allocated.site, what);
        }
        for (site, size) in self.parked_sites(arenas) {
            let what = Allotted {
                parked: size,
                parked_blocks: 1,
                ..Allotted::default()
            };
            add(site, what);
        }
        let from_unknown = all[0];
        let of_names = &all[1..];
        let mut shares = SiteShares {
            from_unknown,
            ..SiteShares::default()
        };
        for place in places_by_key(of_names, |allotted| u64::MAX - allotted.bytes().0) {
            let allotted = of_names[place];
            if allotted == Allotted::default() {
                continue;
            }
            if shares.sites.len() < MOST_SITES {
                let site = names[place].to_string();
                shares.sites.push(SiteShare { site, allotted });
            } else {
                shares.unlisted += 1;
                shares.from_unlisted.add(allotted);
            }
        }
        Some(shares)
    }

    /// The site and the size of every chunk that a cache keeps.
    fn parked_sites(&self, arenas: &[Arena]) -> Vec<(SiteId, Bytes)> {
        let blocks = arenas.iter().flat_map(|arena| &arena.blocks);
        let parked = blocks.filter(|block| matches!(block.state, BlockState::Parked(_)));
        let mut parked: Vec<_> = parked.map(|block| (block.user.0, block.size.0)).collect();
        parked.sort_unstable();
        // They come back in the same order.
        let holders = self.latest_holders(parked.clone()).into_iter();
        let of = |((_, size), (_, holder)): ((u64, u64), (Address, Option<Holder>))| {
            let site = holder.map_or(SiteId::UNKNOWN, |(held, _)| held.allocated.site);
            (site, Bytes(size))
        };
        parked.into_iter().zip(holders).map(of).collect()
    }
}
