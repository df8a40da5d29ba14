//! From where in the program the memory at hand was allocated, for a recording that names its call sites.

use crate::arenas::Arena;
use crate::pins::Holder;
use crate::places::innermost;
use crate::simulation::Simulation;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, BlockState, Bytes, places_by_key, text_key};
use highwater_workload::SiteId;
use serde::{Deserialize, Serialize};

/// The most places that are listed, and the most stacks.
const MOST: usize = 100;

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

/// What was allocated in one place, whoever called it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct PlaceShare {
    /// The place in the code; empty where the recording has only the number of a site.
    pub place: String,
    /// How many stacks led there.
    pub stacks: u64,
    /// What was allocated there.
    #[serde(flatten)]
    pub allotted: Allotted,
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
    /// The innermost places of all sites, those with the most bytes first.
    pub places: Vec<PlaceShare>,
    /// The sites with the most bytes, whole.
    pub sites: Vec<SiteShare>,
    /// How many more places there are.
    pub unlisted: u64,
    /// What was allocated from them.
    pub from_unlisted: Allotted,
    /// What was allocated from places that the recording does not name.
    pub from_unknown: Allotted,
}

impl SiteShares {
    /// Lists the places with the most bytes, and counts the others.
    fn list(&mut self, places: &[PlaceShare]) {
        let largest = places_by_key(places, |share| u64::MAX - share.allotted.bytes().0);
        for at in largest {
            if self.places.len() < MOST {
                self.places.push(places[at].clone());
            } else {
                self.unlisted += 1;
                self.from_unlisted.add(places[at].allotted);
            }
        }
    }

    /// How many places come after the first `first`, and what was allocated there.
    pub fn beyond(&self, first: usize) -> (u64, Allotted) {
        let mut sum = self.from_unlisted;
        let rest = self.places.get(first..).unwrap_or_default();
        for share in rest {
            sum.add(share.allotted);
        }
        (self.unlisted + rest.len() as u64, sum)
    }
}

/// Adds up what was allocated from the sites of each innermost place.
fn by_place(names: &[Box<str>], of_names: &[Allotted]) -> Vec<PlaceShare> {
    fn place_of(name: &str) -> &str {
        innermost(name).unwrap_or_default()
    }
    let mut places: Vec<PlaceShare> = Vec::new();
    // Those of one place come one after another.
    for at in places_by_key(names, |name| text_key(place_of(name).as_bytes())) {
        let (place, allotted) = (place_of(&names[at]), of_names[at]);
        if allotted == Allotted::default() {
            continue;
        }
        match places.last_mut() {
            Some(last) if last.place == place => {
                last.stacks += 1;
                last.allotted.add(allotted);
            }
            _ => places.push(PlaceShare {
                place: place.to_owned(),
                stacks: 1,
                allotted,
            }),
        }
    }
    places
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
        let largest = places_by_key(of_names, |allotted| u64::MAX - allotted.bytes().0);
        for at in largest.take(MOST) {
            if of_names[at] != Allotted::default() {
                shares.sites.push(SiteShare {
                    site: names[at].to_string(),
                    allotted: of_names[at],
                });
            }
        }
        shares.list(&by_place(names, of_names));
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
