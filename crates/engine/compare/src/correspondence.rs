//! How the addresses of two processes correspond to each other.

use crate::pairs::{Pair, Pairs, Region, RegionKind};
use crate::place::{Place, Places};
use crate::unmapped::Unmapped;
use highwater_allocator::{Address, Bytes, Whereabouts};

/// The heap of the program break lies within this distance above the first break; mappings lie further away or below.
const HEAP_REACH: u64 = 1 << 40;
/// Address space of a thread arena's heap on 64 bits (glibc, malloc/arena.c, `HEAP_MAX_SIZE`), assumed until the model
/// has such a heap.
pub const USUAL_HEAP_SPAN: Bytes = Bytes::mib(64);

/// The kind of a recorded chunk, by the flags in its header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChunkKind {
    /// Of the main arena.
    Main,
    /// Of another arena.
    OtherArena,
    /// In a mapping of its own.
    Mapped,
}

/// A recorded answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The address; null where the call failed.
    pub address: Address,
    /// The kind of the chunk, if it is known. A trace does not record it.
    pub chunk: Option<ChunkKind>,
}

impl From<Address> for Recorded {
    fn from(address: Address) -> Self {
        Self {
            address,
            chunk: None,
        }
    }
}

/// The correspondence between a recorded process and a model, as far as their answers have shown it.
#[derive(Clone, Debug)]
pub struct Correspondence {
    recorded_brk: Address,
    model_brk: Address,
    page: Bytes,
    heap_span: Bytes,
    pairs: Pairs,
}

impl Correspondence {
    /// Begins with two processes whose pages have `page` bytes, each with its first program break.
    pub fn new(page: Bytes, recorded_brk: Address, model_brk: Address) -> Self {
        Self {
            recorded_brk,
            model_brk,
            page,
            heap_span: USUAL_HEAP_SPAN,
            pairs: Pairs::default(),
        }
    }

    /// Compares the recorded answer to a call with the model's, which is null where `whereabouts` is `None`. What the
    /// call unmapped must have been forgotten before ([`Self::forget`]).
    pub fn compare(
        &mut self,
        recorded: impl Into<Recorded>,
        model: Address,
        whereabouts: Option<Whereabouts>,
    ) -> Places {
        let recorded = recorded.into();
        let region = self.region(model, whereabouts);
        if let Some(region) = region {
            self.pair_if_first(recorded, model, region);
        }
        let found = match (region, whereabouts) {
            (Some(region), _) => {
                let number = self.pairs.of_model(region.base).map_or(0, |of| of.number);
                place_in(region.kind, number, model - region.base)
            }
            (None, Some(Whereabouts::Mapping)) if recorded.chunk.is_some() => Place::Mapping {
                offset: model.offset_in(self.page),
            },
            (None, _) => {
                let chunk = recorded.chunk.map(|_| ChunkKind::Main);
                self.outside_regions(model, self.model_brk, chunk)
            }
        };
        Places {
            expected: self.recorded_place_beside(recorded, region),
            found,
        }
    }

    /// Returns the place of a recorded answer to which the model has none.
    pub fn recorded_place(&self, recorded: impl Into<Recorded>) -> Place {
        self.recorded_place_beside(recorded.into(), None)
    }

    /// Ends the pairs of regions that the model has unmapped.
    pub fn forget(&mut self, unmapped: &Unmapped) {
        for base in &unmapped.heaps {
            self.pairs.forget(*base);
        }
        if let Some(mapped) = &unmapped.mapped {
            self.pairs.retain(|base| mapped.contain(base));
        }
    }

    /// Returns the region of a block of the model, if it is of a kind that is paired.
    fn region(&mut self, model: Address, whereabouts: Option<Whereabouts>) -> Option<Region> {
        match whereabouts? {
            Whereabouts::Main | Whereabouts::Mapping => None,
            Whereabouts::Heap { base, span } => {
                self.heap_span = span;
                Some(Region {
                    kind: RegionKind::Heap,
                    base,
                    span,
                })
            }
            Whereabouts::Pages => Some(Region {
                kind: RegionKind::Page,
                base: model.align_down(self.page),
                span: self.page,
            }),
        }
    }

    /// Pairs the regions of two blocks if neither has a partner and the blocks lie at the same distance in them.
    fn pair_if_first(&mut self, recorded: Recorded, model: Address, region: Region) {
        let address = recorded.address;
        let base = address.align_down(region.span);
        let may_be_heap = match recorded.chunk {
            Some(chunk) => chunk == ChunkKind::OtherArena,
            None => !is_near(address, self.recorded_brk),
        };
        let may_pair = !address.is_null()
            && (region.kind == RegionKind::Page || may_be_heap)
            && address - base == model - region.base
            && self.pairs.containing(address).is_none()
            && self.pairs.of_model(region.base).is_none();
        if may_pair {
            self.pairs.pair(base, region);
        }
    }

    /// Returns the place of a recorded answer beside a model's that lies in `region`.
    fn recorded_place_beside(&self, recorded: Recorded, region: Option<Region>) -> Place {
        let Recorded { address, chunk } = recorded;
        let pair = match chunk {
            Some(ChunkKind::Main | ChunkKind::Mapped) => None,
            Some(ChunkKind::OtherArena) | None => self.pairs.containing(address),
        };
        let is_page = region.is_some_and(|region| region.kind == RegionKind::Page);
        match (pair, chunk) {
            (Some(pair), _) => in_pair(pair, address),
            (None, Some(ChunkKind::OtherArena)) => {
                place_in(RegionKind::Heap, 0, address.offset_in(self.heap_span))
            }
            (None, _) if is_page && !address.is_null() => {
                place_in(RegionKind::Page, 0, address.offset_in(self.page))
            }
            (None, _) => self.outside_regions(address, self.recorded_brk, chunk),
        }
    }

    /// Returns the place of an address that lies in no paired region, in the process whose first break was `brk`.
    fn outside_regions(&self, address: Address, brk: Address, chunk: Option<ChunkKind>) -> Place {
        let offset = address.offset_in(self.page);
        if address.is_null() {
            Place::Null
        } else if chunk != Some(ChunkKind::Mapped) && is_near(address, brk) {
            Place::Heap {
                offset: address - brk,
            }
        } else if chunk == Some(ChunkKind::Main) {
            Place::MainMapping { offset }
        } else {
            Place::Mapping { offset }
        }
    }
}

fn is_near(address: Address, brk: Address) -> bool {
    address >= brk && (address - brk).0 < HEAP_REACH
}

fn in_pair(pair: &Pair, recorded: Address) -> Place {
    place_in(pair.model.kind, pair.number, recorded - pair.recorded)
}

fn place_in(kind: RegionKind, number: u32, offset: Bytes) -> Place {
    match kind {
        RegionKind::Heap => Place::Arena {
            heap: number,
            offset,
        },
        RegionKind::Page => Place::Page {
            page: number,
            offset,
        },
    }
}

#[cfg(test)]
mod tests;
