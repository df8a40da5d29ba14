//! The pins: the chunks in use that keep free memory from going back, arena by arena and from the top down.

use crate::address_filter::AddressFilter;
use crate::arenas::Arena;
use crate::simulation::Simulation;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Address, Block, BlockState, Bytes, Cache, Micros, places_by_key};
use highwater_glibc::Version;
use highwater_process::{Held, Stamp};
use serde::{Deserialize, Serialize};

/// The most pins that are listed.
const MOST_PINS: usize = 48;
/// A pin is listed if it holds at least this fraction (one part in) of all free memory below the tops.
const LEAST_PART: u64 = 500;

/// Whether the program holds a pin or has freed it.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PinState {
    /// The program holds it.
    Live,
    /// The program has freed it; a cache keeps it, and the allocator counts it as in use.
    Parked,
    /// It is the allocator's own.
    Metadata,
}

/// When and by which event something happened to a block.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct Origin {
    /// The event, from 0.
    pub event: u64,
    /// Its time.
    pub time: Micros,
    /// The thread that called.
    pub thread: u16,
}

/// A chunk in use that keeps free memory below it from going back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Pin {
    /// The address the program got.
    pub address: Address,
    /// The chunk's size, header included.
    pub size: Bytes,
    /// The arena it lies in, 0 the main one.
    pub arena: u16,
    /// Bytes the program asked for, where it was the program.
    pub requested: Option<Bytes>,
    /// Live or parked.
    pub state: PinState,
    /// Where it is parked.
    pub cache: Option<Cache>,
    /// Free memory between this chunk and the next one in use below it.
    pub behind: Bytes,
    /// The part of it that is resident.
    pub behind_resident: Bytes,
    /// Chunks in use between this one and the pin listed before it that are not listed: they hold next to nothing.
    pub unlisted_above: u64,
    /// What allocated it, or the block of the program that it was cut from.
    pub allocated: Option<Origin>,
    /// Where it was never a block of the program itself, the size of the block it was cut from: the allocator found it
    /// in a bin while it looked for another, and moved it to the cache.
    pub cut_from: Option<Bytes>,
    /// What freed it, where it is parked.
    pub freed: Option<Origin>,
    /// Places in the code that allocated it, the innermost first, one space between each, where the recording says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_in: Option<String>,
    /// Those that freed it, where it is parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freed_in: Option<String>,
    /// Whose it is, where it is the allocator's own and that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnBlock>,
}

/// A block that the allocator has for itself.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum OwnBlock {
    /// The counts and list heads of a thread's cache (`tcache_perthread_struct`).
    ThreadCacheTable {
        /// The thread.
        thread: u16,
        /// Whether it was made when the thread first freed a block, and not at its first call.
        at_first_free: bool,
    },
}

/// Chunks that keep free memory from going back and are not listed one by one.
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
pub struct UnlistedPins {
    /// How many.
    pub count: u64,
    /// Free memory behind them.
    pub behind: Bytes,
}

/// Where the pins that hold enough hold less than half of it all, at least this many are listed, if there are as many.
const FEWEST_PINS: usize = 8;

/// What the program held at a place, and when it gave it back, if it did.
pub(crate) type Holder = (Held, Option<Stamp>);

impl Simulation {
    /// The pins of all arenas, those of an arena from its top down; what its top ends at is always among them. Of more
    /// arenas than pins can be listed those with the most free memory are taken.
    pub(crate) fn pins(&self, arenas: &[Arena]) -> (Vec<Pin>, UnlistedPins) {
        let mut all_free = Bytes::ZERO;
        let mut richest: Vec<(Bytes, usize)> = Vec::new();
        for (index, arena) in arenas.iter().enumerate() {
            let free = arena.free_below_top();
            all_free += free;
            let at = richest.partition_point(|other| other.0 >= free);
            if at < MOST_PINS {
                richest.insert(at, (free, index));
                richest.truncate(MOST_PINS);
            }
        }
        let (mut pieces, mut behind_all) = (Vec::new(), UnlistedPins::default());
        for arena in arenas {
            for pair in arena.blocks.windows(2) {
                if let Some(behind) = held_below(&pair[0], &pair[1]) {
                    behind_all.count += 1;
                    behind_all.behind += behind;
                    pieces.push(behind);
                }
            }
        }
        let mut least = Bytes(all_free.0 / LEAST_PART + 1);
        let large = pieces.iter().filter(|behind| **behind >= least);
        let listed: u64 = large.map(|behind| behind.0).sum();
        if listed * 2 < behind_all.behind.0 {
            // A heap in thousands of small pieces has the largest of them listed.
            let largest_first = places_by_key(&pieces, |behind| u64::MAX - behind.0);
            let few = largest_first.take(FEWEST_PINS).last();
            least = few.map_or(least, |place| least.min(pieces[place]));
        }
        let most = MOST_PINS / richest.len().max(1);
        let is_taken = |index: usize| richest.iter().any(|taken| taken.1 == index);
        let taken = arenas
            .iter()
            .enumerate()
            .filter(|(index, _)| is_taken(*index));
        let mut pins: Vec<Pin> = taken
            .flat_map(|(_, arena)| self.pins_of(&arena.blocks, least, most))
            .collect();
        self.trace_origins(&mut pins);
        let mut unlisted = behind_all;
        for pin in pins.iter().filter(|pin| pin.behind > Bytes::ZERO) {
            unlisted.count -= 1;
            unlisted.behind -= pin.behind;
        }
        (pins, unlisted)
    }

    fn pins_of(&self, blocks: &[Block], least: Bytes, most: usize) -> Vec<Pin> {
        let mut pins: Vec<Pin> = Vec::new();
        let mut unlisted = 0;
        let mut downwards = blocks.iter().rev().peekable();
        while let Some(block) = downwards.next() {
            if is_free(block) {
                continue;
            }
            // The next block may lie in another heap.
            let below = downwards
                .peek()
                .filter(|below| is_free(below) && below.start + below.size == block.start);
            // The first is listed whatever it holds: it is what the top ends at.
            if !pins.is_empty() && below.is_none_or(|below| below.size < least) {
                unlisted += 1;
                continue;
            }
            let behind = below.map_or(Bytes::ZERO, |below| below.size);
            let resident = below.map_or(Bytes::ZERO, |below| self.resident(below));
            let unlisted_above = std::mem::take(&mut unlisted);
            pins.push(self.pin(block, (behind, resident), unlisted_above));
            if pins.len() == most {
                break;
            }
        }
        pins
    }

    /// Resident bytes of a block, its first and last page in part.
    pub(crate) fn resident(&self, block: &Block) -> Bytes {
        self.resident_within(block.start, block.start + block.size)
    }

    /// Resident bytes of a range, its first and last page in part.
    pub(crate) fn resident_within(&self, start: Address, end: Address) -> Bytes {
        if start >= end {
            return Bytes::ZERO;
        }
        let page = self.kernel.page_size();
        let (first, past) = (start.align_down(page), end.align_up(page));
        let pages = self.kernel.resident_in(start, end);
        if pages == past - first {
            return end - start;
        }
        let mut bytes = pages;
        // What the pages at both ends have outside the range.
        let ends = [(first, start - first), (past - page, past - end)];
        let one_page = past - first == page;
        for (at, outside) in ends.into_iter() {
            if bytes > Bytes::ZERO && self.kernel.resident_in(at, at + page) > Bytes::ZERO {
                bytes = bytes.saturating_sub(outside);
            }
            if one_page {
                break;
            }
        }
        bytes
    }

    /// Finds the events that allocated and freed each pin. Only looked up when asked, so that a run pays nothing.
    fn trace_origins(&self, pins: &mut [Pin]) {
        // What is the allocator's own the program never held.
        let was_held = |pin: &Pin| pin.state != PinState::Metadata;
        let held = pins.iter().filter(|pin| was_held(pin));
        let ascending = self.latest_holders(held.map(|pin| (pin.address.0, 0)).collect());
        for pin in pins.iter_mut().filter(|pin| was_held(pin)) {
            let at = ascending.partition_point(|(address, _)| *address < pin.address);
            if let Some((_, Some((held, freed)))) = ascending.get(at) {
                let whole = held.address == pin.address;
                pin.requested = whole.then_some(held.size);
                pin.cut_from = (!whole).then_some(held.size);
                pin.allocated = Some(held.allocated.into());
                pin.freed = freed.map(Origin::from);
                pin.allocated_in = self.name_of(held.allocated.site);
                pin.freed_in = freed.and_then(|freed| self.name_of(freed.site));
            }
        }
    }

    /// For each of these addresses, whatever is said with them, in ascending order, what the program held there last, if it did. Asked
    /// for are those where chunks begin: of a chunk that was cut since from one long free it is not known.
    pub(crate) fn latest_holders(
        &self,
        mut addresses: Vec<(u64, u64)>,
    ) -> Vec<(Address, Option<Holder>)> {
        if addresses.is_empty() {
            return Vec::new();
        }
        // A block covers an address from above, so they are needed in ascending order.
        addresses.sort_unstable();
        let mut ascending: Vec<_> = (addresses.iter())
            .map(|(at, _)| (Address(*at), None))
            .collect();
        let mut filter = AddressFilter::default();
        for (at, _) in &addresses {
            filter.add(*at);
        }
        let mut missing = ascending.len();
        for (held, freed) in self.held_lately() {
            let (start, end) = held.place();
            if !filter.may_be_in(start.0, end.0) {
                continue;
            }
            let first = ascending.partition_point(|(at, _)| *at < start);
            for (at, found) in &mut ascending[first..] {
                if *at >= end {
                    break;
                }
                if found.is_none() {
                    *found = Some((*held, freed.copied()));
                    missing -= 1;
                }
            }
            if missing == 0 {
                break;
            }
        }
        for (at, found) in ascending.iter_mut().filter(|(_, found)| found.is_none()) {
            let past = self.history().settled_at(*at);
            *found = past.map(|past| (past.held, Some(past.freed)));
        }
        ascending
    }

    /// What the program held at an address last, if it did.
    pub(crate) fn latest_holder(&self, at: Address) -> Option<Held> {
        let covers = |held: &&Held| {
            // One comparison for both ends: what begins above wraps around.
            at.0.wrapping_sub(held.address.0) < held.size.0.max(1)
        };
        let mut lately = self.held_lately().map(|(held, _)| held);
        let found = lately.find(|held| covers(held)).copied();
        found.or_else(|| Some(self.history().settled_at(at)?.held))
    }
}

impl From<Stamp> for Origin {
    fn from(stamp: Stamp) -> Self {
        Self {
            event: stamp.event.into(),
            time: stamp.time,
            thread: stamp.thread.0,
        }
    }
}

/// Whether new blocks can be cut from it.
pub(crate) fn is_free(block: &Block) -> bool {
    matches!(
        block.state,
        BlockState::Free { .. }
            | BlockState::Top
            | BlockState::Dirty
            | BlockState::Muzzy
            | BlockState::Retained
    )
}

/// The size of a free block below another that is in use and touches it.
fn held_below(below: &Block, above: &Block) -> Option<Bytes> {
    let is_held = is_free(below) && !is_free(above) && below.start + below.size == above.start;
    is_held.then_some(below.size)
}

impl Simulation {
    fn pin(
        &self,
        block: &Block,
        (behind, behind_resident): (Bytes, Bytes),
        unlisted_above: u64,
    ) -> Pin {
        let (state, cache) = match block.state {
            BlockState::Parked(cache) => (PinState::Parked, Some(cache)),
            BlockState::Metadata => (PinState::Metadata, None),
            _ => (PinState::Live, None),
        };
        let glibc = self.model.glibc().filter(|_| state == PinState::Metadata);
        let own = glibc.and_then(|glibc| {
            let thread = glibc.owner_of_cache(block.user)?.0;
            let at_first_free = glibc.version() >= Version::V2_43;
            Some(OwnBlock::ThreadCacheTable {
                thread,
                at_first_free,
            })
        });
        Pin {
            address: block.user,
            size: block.size,
            arena: block.arena,
            requested: None,
            state,
            cache,
            behind,
            behind_resident,
            unlisted_above,
            cut_from: None,
            allocated: None,
            freed: None,
            allocated_in: None,
            freed_in: None,
            own,
        }
    }
}
