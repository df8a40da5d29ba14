//! Runs of pages: their use, and the time free ones may still stay.

use crate::Jemalloc;
use crate::edata::{Edata, ExtentState};
use crate::pac::Pac;
use crate::size_classes::{PAGE, pages};
use crate::units::Nanos;
use highwater_allocator::{BlockState, PageRun, PageUse, Pages};

/// The blocks of an extent that the program does not hold.
#[derive(Clone, Copy, Default)]
struct NotLive {
    /// Those in thread caches.
    parked: u32,
    /// The thread caches themselves.
    own: u32,
}

impl Jemalloc {
    /// Visits every run of pages, in no order.
    pub(crate) fn visit_runs(&self, visit: &mut dyn FnMut(PageRun)) {
        let not_live = self.not_live_by_extent();
        for (id, edata) in self.shared.edatas.iter() {
            match edata.state {
                ExtentState::Active => visit(run(edata, used(edata, not_live[id.0 as usize]))),
                ExtentState::Retained => visit(run(edata, PageUse::Retained)),
                ExtentState::Unused | ExtentState::Dirty | ExtentState::Muzzy => {}
            }
        }
        for arena in self.arenas.iter() {
            for state in [ExtentState::Dirty, ExtentState::Muzzy] {
                self.visit_free_runs(&arena.pac, state, visit);
            }
        }
        for (arena, start, size) in self.shared.base_blocks() {
            visit(PageRun {
                start,
                size,
                arena: arena.0,
                used: PageUse::Metadata,
            });
        }
    }

    /// Returns them by the number of the extent.
    fn not_live_by_extent(&self) -> Vec<NotLive> {
        let mut found = vec![NotLive::default(); self.shared.edatas.len()];
        self.visit_not_live(&mut |block, state| {
            if let Some(id) = self.shared.emap.lookup(block.align_down(PAGE)) {
                let of = &mut found[id.0 as usize];
                match state {
                    BlockState::Metadata => of.own += 1,
                    _ => of.parked += 1,
                }
            }
        });
        found
    }

    /// Visits free extents, the longest free first: each goes as soon as those freed later fill what may be left. Some
    /// go later than that: an extent merged with its neighbours on its way out counts as just freed.
    fn visit_free_runs(&self, pac: &Pac, state: ExtentState, visit: &mut dyn FnMut(PageRun)) {
        let (ecache, decay) = (pac.ecache(state), pac.decay(state));
        let mut left = ecache.pages();
        if left == Pages(0) {
            return;
        }
        let forecast = decay.forecast(self.shared.now, left);
        let mut forecast = forecast.iter().peekable();
        for id in ecache.iter(&self.shared.edatas) {
            while forecast.next_if(|(_, limit)| *limit >= left).is_some() {}
            let wait = forecast.peek().map_or(Nanos(0), |(wait, _)| *wait);
            let wait = (decay.time_ms >= 0).then_some(wait.to_micros());
            let edata = &self.shared.edatas[id];
            left -= pages(edata.size);
            let used = match state {
                ExtentState::Dirty => PageUse::Dirty { wait },
                _ => PageUse::Muzzy { wait },
            };
            visit(run(edata, used));
        }
    }
}

fn run(edata: &Edata, used: PageUse) -> PageRun {
    PageRun {
        start: edata.base,
        size: edata.size,
        arena: edata.arena.0,
        used,
    }
}

fn used(edata: &Edata, not_live: NotLive) -> PageUse {
    let NotLive { parked, own } = not_live;
    let (used, regions) = if edata.slab {
        let regions = edata.region_count();
        (regions - edata.free_regions, regions)
    } else {
        (1, 1)
    };
    match (used > parked + own, own > 0, parked > 0) {
        (false, true, _) => PageUse::Metadata,
        (false, false, true) => PageUse::Parked,
        _ if edata.slab => PageUse::Slab { used, regions },
        _ => PageUse::Live,
    }
}
