//! Why memory does not go back: what is free, what holds it, and what would give it back.
//!
//! free() gives memory back only from the end of the heap. So the question is what lies there: going down from the top,
//! every chunk that the allocator counts as in use is a pin, and the free memory between it and the next one below is
//! what it holds.

use crate::simulation::{Held, Simulation};
use highwater_allocator::{Address, Allocator, Block, BlockState, Bytes, Cache, Micros};
use serde::{Deserialize, Serialize};

/// At most so many pins are listed.
const MOST_PINS: usize = 48;
/// A pin is listed if it holds at least one part in so many of all free memory below the top.
const LEAST_PART: u64 = 500;

/// Whether the program holds a pin or has freed it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The event, from 0.
    pub event: u64,
    /// Its time.
    pub time: Micros,
    /// The thread that called.
    pub thread: u16,
}

/// A chunk in use that keeps free memory below it from going back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pin {
    /// The address the program got.
    pub address: Address,
    /// The chunk's size, header included.
    pub size: Bytes,
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
}

/// A run's memory at one moment, and why it is as it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Diagnosis {
    /// How many events had been run.
    pub event: u64,
    /// When.
    pub time: Micros,
    /// Resident bytes of the allocator's mappings.
    pub rss: Bytes,
    /// Bytes the program holds.
    pub live: Bytes,
    /// Bytes in chunks that caches keep.
    pub parked: Bytes,
    /// Bytes free in the allocator, the top included, resident or not.
    pub free: Bytes,
    /// Resident bytes outside every chunk in use: what could go back if it lay right.
    pub free_resident: Bytes,
    /// Size of the top.
    pub top: Bytes,
    /// The trim threshold in force.
    pub trim_threshold: Bytes,
    /// The mmap threshold in force.
    pub mmap_threshold: Bytes,
    /// Resident bytes that `malloc_trim(0)` would give back.
    pub reclaimable: Bytes,
    /// Resident free memory above the highest chunk the program holds, the top left aside.
    pub above_highest_live: Bytes,
    /// Parked chunks above the highest chunk the program holds.
    pub parked_above_highest_live: u64,
    /// The pins from the top down, until nearly all free memory is accounted for.
    pub pins: Vec<Pin>,
    /// The same in sentences.
    pub sentences: Vec<String>,
}

impl Simulation {
    /// Looks at the process as it is now.
    pub fn diagnose(&self) -> Diagnosis {
        let mut heap: Vec<Block> = Vec::new();
        let mut in_use = Bytes::ZERO;
        self.model.census(&self.kernel, &mut |block| {
            if !is_free(&block) {
                in_use += block.size;
            }
            if !block.mapped {
                heap.push(block);
            }
        });
        let accounting = self.accounting();
        let rss = self.kernel.rss();
        let (above, parked_above) = self.above_highest_live(&heap);
        let mut diagnosis = Diagnosis {
            event: self.position(),
            time: self.now(),
            rss,
            live: self.live(),
            parked: accounting.parked,
            free: accounting.free,
            free_resident: rss.saturating_sub(in_use),
            top: accounting.top,
            trim_threshold: accounting.trim_threshold,
            mmap_threshold: accounting.mmap_threshold,
            reclaimable: self.reclaimable(),
            above_highest_live: above,
            parked_above_highest_live: parked_above,
            pins: self.pins(&heap),
            sentences: Vec::new(),
        };
        diagnosis.sentences = diagnosis.in_words();
        diagnosis
    }

    /// Resident free memory, and the number of parked chunks, above the highest live chunk; the top does not count.
    fn above_highest_live(&self, heap: &[Block]) -> (Bytes, u64) {
        let (mut free, mut parked) = (Bytes::ZERO, 0);
        for block in heap.iter().rev() {
            match block.state {
                BlockState::Free { .. } => free += self.resident(block),
                BlockState::Parked(_) => parked += 1,
                BlockState::Top => {}
                BlockState::Live | BlockState::Metadata => break,
            }
        }
        (free, parked)
    }

    fn pins(&self, heap: &[Block]) -> Vec<Pin> {
        let free_below_top: Bytes = heap
            .iter()
            .filter(|block| matches!(block.state, BlockState::Free { .. }))
            .fold(Bytes::ZERO, |sum, block| sum + block.size);
        let least = Bytes(free_below_top.0 / LEAST_PART + 1);
        let mut pins: Vec<(Pin, Block)> = Vec::new();
        let mut unlisted = 0;
        let mut downwards = heap.iter().rev().peekable();
        while let Some(block) = downwards.next() {
            if is_free(block) {
                continue;
            }
            let below = downwards.peek().filter(|below| is_free(below));
            // The first is listed whatever it holds: it is what the top ends at.
            if !pins.is_empty() && below.is_none_or(|below| below.size < least) {
                unlisted += 1;
                continue;
            }
            let behind = below.map_or(Bytes::ZERO, |below| below.size);
            let resident = below.map_or(Bytes::ZERO, |below| self.resident(below));
            let unlisted_above = std::mem::take(&mut unlisted);
            pins.push((pin(block, (behind, resident), unlisted_above), *block));
            if pins.len() == MOST_PINS {
                break;
            }
        }
        self.trace_origins(&mut pins);
        pins.into_iter().map(|(pin, _)| pin).collect()
    }

    /// Resident bytes of a free block, its first and last page in part.
    fn resident(&self, block: &Block) -> Bytes {
        let end = block.start + block.size;
        self.kernel.resident_in(block.start, end).min(block.size)
    }

    /// Finds the events that allocated and freed each pin. Only looked up when asked, so that a run pays nothing.
    fn trace_origins(&self, pins: &mut [(Pin, Block)]) {
        // A block covers a pin from above, so the pins are needed in ascending order.
        let ascending: Vec<Address> = pins.iter().rev().map(|(pin, _)| pin.address).collect();
        let mut latest: Vec<Option<Held>> = vec![None; ascending.len()];
        for held in self.blocks().iter().filter(|held| !held.address.is_null()) {
            let first = ascending.partition_point(|pin| *pin < held.address);
            let end = held.address + held.size.max(Bytes(1));
            for (pin, found) in ascending.iter().zip(&mut latest).skip(first) {
                if *pin >= end {
                    break;
                }
                if found.is_none_or(|found| held.allocated > found.allocated) {
                    *found = Some(*held);
                }
            }
        }
        for ((pin, _), held) in pins.iter_mut().zip(latest.iter().rev()) {
            if let Some(held) = held
                && pin.state != PinState::Metadata
            {
                let whole = held.address == pin.address;
                pin.requested = whole.then_some(held.size);
                pin.cut_from = (!whole).then_some(held.size);
                pin.allocated = self.origin(held.allocated);
                pin.freed = self.origin(held.freed);
            }
        }
    }

    fn origin(&self, event: u32) -> Option<Origin> {
        let found = self.workload().events.get(event as usize)?;
        Some(Origin {
            event: event.into(),
            time: found.time,
            thread: found.thread.0,
        })
    }
}

fn is_free(block: &Block) -> bool {
    matches!(block.state, BlockState::Free { .. } | BlockState::Top)
}

fn pin(block: &Block, (behind, behind_resident): (Bytes, Bytes), unlisted_above: u64) -> Pin {
    let (state, cache) = match block.state {
        BlockState::Parked(cache) => (PinState::Parked, Some(cache)),
        BlockState::Metadata => (PinState::Metadata, None),
        _ => (PinState::Live, None),
    };
    Pin {
        address: block.user,
        size: block.size,
        requested: None,
        state,
        cache,
        behind,
        behind_resident,
        unlisted_above,
        cut_from: None,
        allocated: None,
        freed: None,
    }
}

/// Below this nothing is worth a sentence.
const WORTH_SAYING: Bytes = Bytes::mib(1);

impl Diagnosis {
    /// What there is to say, in the order in which one would ask.
    fn in_words(&self) -> Vec<String> {
        let mut said = vec![format!(
            "{} are resident. The program holds {}; {} are free in the allocator and still resident.",
            self.rss, self.live, self.free_resident
        )];
        if self.free_resident < WORTH_SAYING {
            return said;
        }
        said.push(self.about_top());
        if self.above_highest_live >= WORTH_SAYING && self.parked_above_highest_live > 0 {
            let blocks = match self.parked_above_highest_live {
                1 => "one block".to_owned(),
                n => format!("{n} blocks"),
            };
            said.push(format!(
                "{} lie above the highest block the program still holds. What keeps them from the top is {blocks} the \
                 program has freed: parked in a cache, which free() counts as in use.",
                self.above_highest_live
            ));
        }
        said.extend(self.about_largest());
        said.push(if self.reclaimable >= WORTH_SAYING {
            format!(
                "malloc_trim(0) would give back {} now: it takes whole free pages wherever they lie.",
                self.reclaimable
            )
        } else {
            "malloc_trim(0) would give back next to nothing now: hardly a whole page is free."
                .to_owned()
        });
        said
    }

    fn about_top(&self) -> String {
        let rule = "free() gives heap memory back only from the top";
        if self.top < self.trim_threshold {
            format!(
                "{rule}: {} lie there, less than the trim threshold of {}. Even a threshold of 0 would get no more \
                 than that.",
                self.top, self.trim_threshold
            )
        } else {
            format!(
                "{rule}: {} lie there, no less than the trim threshold of {}, but it looks only after a merge of 64 KiB \
                 or more, and leaves the padding.",
                self.top, self.trim_threshold
            )
        }
    }

    /// The one chunk that holds most.
    fn about_largest(&self) -> Option<String> {
        let pin = self.pins.iter().max_by_key(|pin| pin.behind_resident)?;
        if pin.behind_resident < WORTH_SAYING {
            return None;
        }
        let state = match pin.state {
            PinState::Live => "the program holds",
            PinState::Parked => "the program has freed and a cache keeps",
            PinState::Metadata => "the allocator needs for itself",
        };
        Some(format!(
            "The largest piece, {}, lies behind {} at {} that {state}.",
            pin.behind_resident, pin.size, pin.address
        ))
    }
}
