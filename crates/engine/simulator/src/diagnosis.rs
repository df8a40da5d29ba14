//! Why memory does not go back: what is free, what holds it, and what would give it back.
//!
//! free() gives memory back only from the end of a heap. So the question is what lies there: going down from the top,
//! every chunk that the allocator counts as in use is a pin, and the free memory between it and the next one below is
//! what it holds. Each arena has a top of its own.

use crate::arenas::{Arena, ArenaShare};
use crate::findings::Finding;
use crate::page_shares::PageShares;
use crate::pins::{Pin, UnlistedPins};
use crate::simulation::Simulation;
use crate::site_shares::SiteShares;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Allocator, BlockState, Bytes, Figures, Micros, Objects};
use serde::{Deserialize, Serialize};

/// A run's memory at one moment, and why it is as it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Diagnosis {
    /// How many events had been run.
    pub event: u64,
    /// When.
    pub time: Micros,
    /// Resident bytes of the allocator's mappings.
    pub rss: Bytes,
    /// Page tables, which a control group is charged for beside resident memory.
    #[serde(default)]
    pub page_tables: Bytes,
    /// Resident memory marked with MADV_FREE.
    #[serde(default)]
    pub lazy_free: Bytes,
    /// Bytes the program holds.
    pub live: Bytes,
    /// The resident part of them: a program need not write to all that it holds.
    #[serde(default)]
    pub live_resident: Bytes,
    /// Bytes in chunks that caches keep.
    pub parked: Bytes,
    /// Bytes free in the allocator, the tops included, resident or not.
    pub free: Bytes,
    /// Resident bytes of free chunks and tops: what could go back if it lay right.
    pub free_resident: Bytes,
    /// Size of the main arena's top.
    pub top: Bytes,
    /// The trim threshold in force.
    pub trim_threshold: Bytes,
    /// The mmap threshold in force.
    pub mmap_threshold: Bytes,
    /// Resident bytes that asking for it (`malloc_trim(0)`, or a purge of every arena) would give back.
    pub reclaimable: Bytes,
    /// What the allocator reports of its pages, where it decides over whole pages: it has no tops then, and no pins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
    /// What keeps each resident page there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<PageShares>,
    /// What Python's object allocator holds, where the program has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<Objects>,
    /// How long ago the program made its latest call.
    pub idle: Micros,
    /// Resident free memory above the highest chunk the program holds of each arena, the tops left aside.
    pub above_highest_live: Bytes,
    /// Parked chunks above the highest chunk the program holds.
    pub parked_above_highest_live: u64,
    /// Every arena that has memory, by number.
    pub arenas: Vec<ArenaShare>,
    /// The pins arena by arena, those of each from the top down, until nearly all free memory is accounted for.
    pub pins: Vec<Pin>,
    /// Pins that are not listed.
    pub unlisted_pins: UnlistedPins,
    /// From where in the program what is held was allocated, where the recording says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sites: Option<SiteShares>,
    /// The highest resident memory so far.
    pub peak_rss: Bytes,
    /// The most the program held so far.
    pub peak_live: Bytes,
    /// Why memory is as it is, the most important first.
    #[borsh(skip)]
    pub findings: Vec<Finding>,
}

impl Simulation {
    /// Looks at the process as it is now.
    pub fn diagnose(&self) -> Diagnosis {
        let (arenas, free_in_mappings) = self.arenas();
        let accounting = self.accounting();
        let rss = self.rss();
        let figures = self.figures();
        let objects = self.model.objects(self.kernel());
        let reclaimable = self.reclaimable();
        let (above, parked_above) = self.above_highest_live(&arenas);
        let shares: Vec<ArenaShare> = arenas.iter().map(|arena| self.share(arena)).collect();
        let (pins, unlisted_pins) = self.pins(&arenas);
        let (peak_live, peak_rss) = self.highest_so_far();
        let mut diagnosis = Diagnosis {
            event: self.position(),
            time: self.now(),
            rss,
            page_tables: self.kernel.page_tables(),
            lazy_free: self.kernel.lazy(),
            live: self.live(),
            live_resident: self.live_resident().min(rss),
            parked: accounting.parked,
            free: accounting.free,
            free_resident: match figures {
                // Pages of its own structures are in use only as far as they are written.
                Some(figures) => {
                    let between = figures.active.saturating_sub(figures.allocated);
                    let in_arenas = objects.map_or(Bytes::ZERO, |objects| objects.free_resident);
                    (reclaimable + between + in_arenas).min(rss)
                }
                None => {
                    let sum = |sum, share: &ArenaShare| sum + share.free_resident;
                    shares.iter().fold(free_in_mappings, sum).min(rss)
                }
            },
            top: accounting.top,
            trim_threshold: accounting.trim_threshold,
            mmap_threshold: accounting.mmap_threshold,
            reclaimable,
            figures,
            pages: figures.map(|_| self.page_shares()),
            objects,
            idle: self.idle(),
            above_highest_live: above,
            parked_above_highest_live: parked_above,
            arenas: shares,
            pins,
            unlisted_pins,
            sites: self.site_shares(&arenas),
            peak_rss,
            peak_live,
            findings: Vec::new(),
        };
        diagnosis.findings = self.findings(&arenas, &diagnosis);
        diagnosis
    }

    /// The resident part of what the program holds.
    fn live_resident(&self) -> Bytes {
        let page = self.kernel.page_size();
        // A smaller block shares its page with what the allocator writes beside it.
        let large = self
            .blocks()
            .iter()
            .filter(|held| held.is_live() && held.size >= page);
        large.fold(self.live(), |live, held| {
            let resident = self.resident_within(held.address, held.address + held.size);
            live.saturating_sub(held.size.saturating_sub(resident))
        })
    }

    /// Resident free memory, and the number of parked chunks, above the highest live chunk of each arena; the tops do
    /// not count.
    fn above_highest_live(&self, arenas: &[Arena]) -> (Bytes, u64) {
        let (mut free, mut parked) = (Bytes::ZERO, 0);
        for arena in arenas {
            for block in arena.blocks.iter().rev() {
                match block.state {
                    BlockState::Free { .. } => free += self.resident(block),
                    BlockState::Parked(_) => parked += 1,
                    BlockState::Top
                    | BlockState::Dirty
                    | BlockState::Muzzy
                    | BlockState::Retained => {}
                    BlockState::Live | BlockState::Metadata => break,
                }
            }
        }
        (free, parked)
    }
}
