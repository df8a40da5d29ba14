//! Why memory does not go back: what is free, what holds it, and what would give it back.
//!
//! free() gives memory back only from the end of the heap. So the question is what lies there: going down from the top,
//! every chunk that the allocator counts as in use is a pin, and the free memory between it and the next one below is
//! what it holds.

use crate::simulation::{Held, NEVER, Simulation};
use highwater_allocator::{Address, Allocator, Block, BlockState, Bytes, Cache, Micros};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// At most so many pins are listed.
const MOST_PINS: usize = 48;
/// Of chunks in use side by side, so many are listed before the lowest.
const LISTED_OF_A_RUN: usize = 2;

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
    /// Chunks in use between this one and the pin listed before it that are not listed, for there is no room between.
    pub unlisted_above: u64,
    /// What allocated it.
    pub allocated: Option<Origin>,
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
    /// Free memory above the highest chunk the program holds.
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
        let (above, parked_above) = above_highest_live(&heap);
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

    fn pins(&self, heap: &[Block]) -> Vec<Pin> {
        let free_below_top: Bytes = heap
            .iter()
            .filter(|block| matches!(block.state, BlockState::Free { .. }))
            .fold(Bytes::ZERO, |sum, block| sum + block.size);
        // What is left below one part in a thousand explains nothing any more.
        let enough = Bytes(free_below_top.0 - free_below_top.0 / 1000);
        let mut pins: Vec<(Pin, Block)> = Vec::new();
        let (mut explained, mut in_run, mut unlisted) = (Bytes::ZERO, 0, 0);
        let mut downwards = heap.iter().rev().peekable();
        while let Some(block) = downwards.next() {
            if is_free(block) {
                in_run = 0;
                continue;
            }
            let behind = match downwards.peek() {
                Some(below) if is_free(below) => below.size,
                _ => Bytes::ZERO,
            };
            in_run += 1;
            if behind == Bytes::ZERO && in_run > LISTED_OF_A_RUN {
                unlisted += 1;
                continue;
            }
            explained += behind;
            let unlisted_above = std::mem::take(&mut unlisted);
            pins.push((pin(block, behind, unlisted_above), *block));
            if explained >= enough || pins.len() == MOST_PINS {
                break;
            }
        }
        // What lies below the last memory that is held holds nothing itself.
        while pins
            .last()
            .is_some_and(|(pin, _)| pin.behind == Bytes::ZERO)
        {
            pins.pop();
        }
        self.trace_origins(&mut pins);
        pins.into_iter().map(|(pin, _)| pin).collect()
    }

    /// Finds the events that allocated and freed each pin. Only looked up when asked, so that a run pays nothing.
    fn trace_origins(&self, pins: &mut [(Pin, Block)]) {
        let mut latest: HashMap<Address, Held> = pins
            .iter()
            .map(|(pin, _)| (pin.address, NOT_FOUND))
            .collect();
        for held in self.blocks() {
            if let Some(found) = latest.get_mut(&held.address)
                && (found.allocated == NEVER || held.allocated > found.allocated)
            {
                *found = *held;
            }
        }
        for (pin, _) in pins {
            let Some(held) = latest.get(&pin.address).filter(|h| h.allocated != NEVER) else {
                continue;
            };
            if pin.state == PinState::Metadata {
                continue;
            }
            pin.requested = Some(held.size);
            pin.allocated = self.origin(held.allocated);
            pin.freed = self.origin(held.freed);
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

const NOT_FOUND: Held = Held {
    address: Address::NULL,
    size: Bytes::ZERO,
    allocated: NEVER,
    freed: NEVER,
};

fn is_free(block: &Block) -> bool {
    matches!(block.state, BlockState::Free { .. } | BlockState::Top)
}

fn pin(block: &Block, behind: Bytes, unlisted_above: u64) -> Pin {
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
        unlisted_above,
        allocated: None,
        freed: None,
    }
}

/// Free memory, and the number of parked chunks, above the highest live chunk; the top does not count.
fn above_highest_live(heap: &[Block]) -> (Bytes, u64) {
    let (mut free, mut parked) = (Bytes::ZERO, 0);
    for block in heap.iter().rev() {
        match block.state {
            BlockState::Free { .. } => free += block.size,
            BlockState::Parked(_) => parked += 1,
            BlockState::Top => {}
            BlockState::Live | BlockState::Metadata => break,
        }
    }
    (free, parked)
}

/// Below this nothing is worth a sentence.
const WORTH_SAYING: Bytes = Bytes::mib(1);

impl Diagnosis {
    /// What there is to say, in the order in which one would ask.
    fn in_words(&self) -> Vec<String> {
        let mut said = vec![format!(
            "{} are resident; the program holds {}, and {} are free in the allocator and still resident.",
            self.rss, self.live, self.free_resident
        )];
        if self.free_resident < WORTH_SAYING {
            return said;
        }
        said.extend(self.why_top());
        if self.above_highest_live >= WORTH_SAYING && self.parked_above_highest_live > 0 {
            said.push(format!(
                "{} of it lie above the highest block the program still holds. What holds them {} the program has freed: \
                 parked in a cache, which free() counts as in use.",
                self.above_highest_live,
                match self.parked_above_highest_live {
                    1 => "is one block".to_owned(),
                    n => format!("are {n} blocks"),
                }
            ));
        } else if let Some(first) = self.pins.first() {
            said.push(format!(
                "Right below the top lies a {} block of {} at {}, with {} of free memory behind it.",
                match first.state {
                    PinState::Live => "live",
                    PinState::Parked => "parked",
                    PinState::Metadata => "bookkeeping",
                },
                first.size,
                first.address,
                first.behind
            ));
        }
        said.push(if self.reclaimable >= WORTH_SAYING {
            format!(
                "malloc_trim(0) would give back {} now: it looks for whole free pages everywhere, not only at the top.",
                self.reclaimable
            )
        } else {
            "malloc_trim(0) would give back next to nothing now: hardly a whole page is free.".to_owned()
        });
        said
    }

    fn why_top(&self) -> Option<String> {
        if self.pins.is_empty() {
            return None;
        }
        let rule = "free() gives memory back from the top of the heap only";
        Some(if self.top < self.trim_threshold {
            format!(
                "{rule}, and only {} lie there, less than the trim threshold of {}: there is nothing it would trim, \
                 whatever the threshold says about the rest.",
                self.top, self.trim_threshold
            )
        } else {
            format!(
                "{rule}. {} lie there, at or above the trim threshold of {}, but free() looks at it only when it has \
                 merged a chunk of 64 KiB or more, and leaves the padding.",
                self.top, self.trim_threshold
            )
        })
    }
}
