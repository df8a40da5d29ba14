//! What every run of pages is used for, and how long free ones may still stay.

use crate::Jemalloc;
use crate::edata::{Edata, ExtentState};
use crate::pac::Pac;
use crate::size_classes::{PAGE, SMALL_CLASSES, pages, size_of};
use highwater_allocator::{Address, BlockState, Bytes, Micros, PageRun, PageUse};

/// Blocks of an extent that the program does not hold.
#[derive(Clone, Default)]
struct NotLive {
    /// Kept by thread caches.
    parked: u32,
    /// The thread caches themselves.
    own: u32,
}

impl Jemalloc {
    pub(crate) fn runs(&self, visit: &mut dyn FnMut(PageRun)) {
        let edatas = &self.shared.edatas;
        let not_live = self.not_live_of_extents();
        for (id, extent) in edatas.numbered() {
            match extent.state {
                ExtentState::Active => visit(run(extent, used(extent, &not_live[id.0 as usize]))),
                ExtentState::Retained => visit(run(extent, PageUse::Retained)),
                ExtentState::Unused | ExtentState::Dirty | ExtentState::Muzzy => {}
            }
        }
        for arena in self.arenas.iter().flatten() {
            for state in [ExtentState::Dirty, ExtentState::Muzzy] {
                self.free_runs(&arena.pac, state, visit);
            }
        }
        for (arena, base) in self.shared.bases.iter().enumerate() {
            for (start, size) in base.iter().flat_map(|base| base.blocks()) {
                visit(PageRun {
                    start: *start,
                    size: *size,
                    arena: arena as u16,
                    used: PageUse::Metadata,
                });
            }
        }
    }

    /// By the extents' numbers.
    fn not_live_of_extents(&self) -> Vec<NotLive> {
        let mut found = vec![NotLive::default(); self.shared.edatas.iter().count()];
        self.not_live(&mut |block, state| {
            if let Some(id) = self.shared.emap.get(block & !(PAGE - 1)) {
                let of = &mut found[id.0 as usize];
                match state {
                    BlockState::Metadata => of.own += 1,
                    _ => of.parked += 1,
                }
            }
        });
        found
    }

    /// Free extents go the longest free first, as soon as those freed later fill what may be left. Some go later than
    /// that: an extent merged with its neighbours on its way out counts as just freed.
    fn free_runs(&self, pac: &Pac, state: ExtentState, visit: &mut dyn FnMut(PageRun)) {
        let (set, decay) = match state {
            ExtentState::Dirty => (&pac.dirty, &pac.dirty_decay),
            _ => (&pac.muzzy, &pac.muzzy_decay),
        };
        let mut left = set.pages();
        if left == 0 {
            return;
        }
        let ahead = decay.ahead(self.shared.now, left);
        let mut ahead = ahead.iter().peekable();
        for id in set.iter(&self.shared.edatas) {
            while ahead.next_if(|(_, limit)| *limit >= left).is_some() {}
            let wait = ahead.peek().map_or(0, |(wait, _)| *wait);
            let wait = (decay.time_ms >= 0).then_some(Micros(wait / 1000));
            let extent = &self.shared.edatas[id];
            left -= pages(extent.size);
            let used = match state {
                ExtentState::Dirty => PageUse::Dirty { wait },
                _ => PageUse::Muzzy { wait },
            };
            visit(run(extent, used));
        }
    }
}

fn run(extent: &Edata, used: PageUse) -> PageRun {
    PageRun {
        start: Address(extent.base),
        size: Bytes(extent.size),
        arena: extent.arena,
        used,
    }
}

fn used(extent: &Edata, not_live: &NotLive) -> PageUse {
    let NotLive { parked, own } = *not_live;
    let (used, regions) = if extent.slab {
        let class = usize::from(extent.class).min(SMALL_CLASSES - 1);
        let regions = (extent.size / size_of(class)) as u32;
        (regions - extent.free_regions, regions)
    } else {
        (1, 1)
    };
    match (used > parked + own, own > 0, parked > 0) {
        (false, true, _) => PageUse::Metadata,
        (false, false, true) => PageUse::Parked,
        _ if extent.slab => PageUse::Slab { used, regions },
        _ => PageUse::Live,
    }
}
