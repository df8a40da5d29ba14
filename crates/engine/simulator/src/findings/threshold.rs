//! The trim threshold: what a top below it keeps, and what stays because the thresholds rose.

use super::finding::Finding;
use super::kinds::Cause;
use super::remedy::{Cost, Gain, Remedy, variable};
use super::scene::Scene;
use crate::arenas::Arena;
use crate::pins::Origin;
use highwater_allocator::{Address, Allocator, Block, BlockState, Bytes, Decision, Logged};
use highwater_glibc::Glibc;
use highwater_process::{Held, LARGE};

/// A rise of the thresholds.
struct Raise {
    mmap: (Bytes, Bytes),
    trim: (Bytes, Bytes),
    /// Bytes the program had asked for of the block that was freed.
    freed: Bytes,
    origin: Origin,
}

impl Scene<'_> {
    /// Finds what lies free because the thresholds rose: tops that the first threshold would have let go, and the places
    /// of freed blocks that would have had mappings of their own.
    pub(super) fn risen_threshold(&self, glibc: &Glibc) -> Option<Finding> {
        if !glibc.params().dynamic_threshold {
            return None;
        }
        let remembered = self.simulation.model.decisions().remembered();
        let first = self.raise(remembered.first_raise?)?;
        let latest = self.raise(remembered.latest_raise?)?;
        let (mmap_from, mmap_to) = (first.mmap.0, latest.mmap.1);
        let (trim_from, trim_to) = (first.trim.0, latest.trim.1);
        let places = self.places_of_large((mmap_from, mmap_to), first.origin.event);
        let (mut bytes, mut in_tops, mut trims) = (Bytes::ZERO, Bytes::ZERO, Bytes::ZERO);
        for arena in self.arenas {
            for block in &arena.blocks {
                let kept = matches!(block.state, BlockState::Top)
                    && block.size >= trim_from
                    && block.size < trim_to;
                if kept {
                    let top = self.simulation.resident(block);
                    in_tops += top;
                    bytes += top;
                    let range = (block.start, block.start + block.size);
                    trims += self.trim_takes(glibc, arena.number, range);
                } else if matches!(block.state, BlockState::Free { .. } | BlockState::Top) {
                    bytes += self.within(&places, block);
                }
            }
        }
        if !self.is_worth(bytes) {
            return None;
        }
        let cause = Cause::RisenThreshold {
            mmap_from,
            mmap_to,
            trim_from,
            trim_to,
            raises: self
                .simulation
                .model
                .decisions()
                .counters()
                .threshold_raises,
            first_freed: first.freed,
            first: first.origin,
            latest_freed: latest.freed,
            latest: latest.origin,
            in_tops,
        };
        let finding = Finding::new(cause, bytes).by("dynamic_threshold", "__libc_free");
        Some(finding.with(self.fixed_thresholds(&first, bytes, in_tops, trims)))
    }

    /// Returns the settings that keep the thresholds as they were before the first rise. A threshold that is set stays as it
    /// is, and so does the other.
    fn fixed_thresholds(
        &self,
        first: &Raise,
        bytes: Bytes,
        in_tops: Bytes,
        trims: Bytes,
    ) -> Vec<Remedy> {
        // Bytes are only reckoned where they are nearly all that is free: else much more would lie elsewhere in a run with the
        // setting.
        let gain = |bytes: Bytes| match bytes.0 * 8 >= self.diagnosis.free_resident.0 * 7 {
            true => Gain::AtLeast { bytes },
            false => Gain::Ends {},
        };
        let set = |name, threshold: Bytes, gain| {
            let setting = vec![variable(name, threshold.0)];
            Remedy::set(setting, gain, Cost::MappingForEachBlock)
        };
        let elsewhere = bytes.saturating_sub(in_tops);
        let mut remedies = Vec::new();
        if self.is_worth(trims) {
            let gives = gain(trims);
            remedies.push(set("MALLOC_TRIM_THRESHOLD_", first.trim.0, gives));
        }
        if elsewhere > trims {
            let gives = gain(elsewhere - Bytes(elsewhere.0 / 8) + trims);
            remedies.push(set("MALLOC_MMAP_THRESHOLD_", first.mmap.0, gives));
        }
        remedies
    }

    fn raise(&self, logged: Logged) -> Option<Raise> {
        let Decision::ThresholdRaised {
            mmap_before,
            trim_before,
            mmap_threshold,
            trim_threshold,
        } = logged.decision
        else {
            return None;
        };
        let simulation = self.simulation;
        let origin = Origin {
            event: logged.event,
            time: logged.time,
            thread: logged.thread.0,
        };
        let held = simulation.history().freed_at(logged.event);
        Some(Raise {
            mmap: (mmap_before, mmap_threshold),
            trim: (trim_before, trim_threshold),
            freed: held.map_or(mmap_threshold, |held| held.size),
            origin,
        })
    }

    /// Returns where nothing has lain but freed blocks that are too large for the heap by the one threshold and not by the
    /// other, ascending and without overlaps. Where smaller blocks have lain, too, the heap would have grown without these.
    fn places_of_large(&self, (from, to): (Bytes, Bytes), since: u64) -> Vec<(Address, Address)> {
        let simulation = self.simulation;
        let history = simulation.history();
        let place = |held: &Held| (held.address.0, (held.address + held.size).0);
        let is_large = |held: &Held| held.size >= from && held.size < to;
        let large = history.large_and_recent().filter(|held| {
            is_large(held) && u64::from(held.allocated.event) > since && held.size > Bytes::ZERO
        });
        let large = joined(large.map(place).collect());
        let (Some(lowest), Some(highest)) = (large.first(), large.last()) else {
            return Vec::new();
        };
        let (mut small, mut others) = (history.small().clone(), Vec::new());
        for held in simulation.live_blocks().chain(history.large_and_recent()) {
            let (start, end) = held.place();
            if end.0 <= lowest.0 || highest.1 <= start.0 {
                continue;
            }
            if held.size < LARGE {
                small.add(start, end);
            } else if !is_large(held) {
                others.push(place(held));
            }
        }
        others.append(&mut small.ranges());
        without(&large, &joined(others))
    }

    /// Returns the resident bytes of a block that lie in these places.
    fn within(&self, places: &[(Address, Address)], block: &Block) -> Bytes {
        let (start, end) = (block.start, block.start + block.size);
        let first = places.partition_point(|place| place.1 <= start);
        let mut sum = Bytes::ZERO;
        for place in places[first..].iter().take_while(|place| place.0 < end) {
            let (from, to) = (place.0.max(start), place.1.min(end));
            sum += self.simulation.resident_within(from, to);
        }
        sum
    }

    /// Says what lies at the main arena's top, against the threshold in force.
    pub(super) fn top(&self, glibc: &Glibc) -> Option<Finding> {
        let main: Option<&Arena> = self.arenas.iter().find(|arena| arena.number == 0);
        let top = main?.blocks.last()?;
        if top.state != BlockState::Top || (self.has_others() && !self.is_worth(self.main_free())) {
            return None;
        }
        let range = (top.start, top.start + top.size);
        let cause = Cause::Top {
            top: top.size,
            threshold: self.diagnosis.trim_threshold,
            lower_gives: self.trim_takes(glibc, 0, range),
            others: self.has_others(),
        };
        let bytes = self.simulation.resident(top);
        Some(Finding::new(cause, bytes).by("trim_from_the_top", "systrim"))
    }

    /// Returns the resident free bytes of the main arena.
    pub(super) fn main_free(&self) -> Bytes {
        let main = self.diagnosis.arenas.iter().find(|share| share.arena == 0);
        main.map_or(Bytes::ZERO, |share| share.free_resident)
    }

    /// Says what lies at the largest top of the other arenas, if much is free in them.
    pub(super) fn other_arena_top(&self) -> Option<Finding> {
        let most = self.others().max_by_key(|share| share.top)?;
        let free = self
            .others()
            .fold(Bytes::ZERO, |sum, share| sum + share.free_resident);
        let cause = Cause::OtherArenaTop {
            arena: most.arena,
            top: most.top,
            threshold: self.diagnosis.trim_threshold,
        };
        (self.is_worth(free)).then(|| {
            Finding::new(cause, most.top_resident).by("trim_of_the_last_heap", "heap_trim")
        })
    }
}

/// Joins places that overlap or touch; returns them ascending.
fn joined(mut places: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    places.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (start, end) in places {
        match joined.last_mut() {
            Some(last) if last.1 >= start => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

/// Returns the parts of places that lie in none of the others; both are ascending and without overlaps.
fn without(places: &[(u64, u64)], others: &[(u64, u64)]) -> Vec<(Address, Address)> {
    let mut left = Vec::new();
    for (start, end) in places {
        let mut at = *start;
        let first = others.partition_point(|other| other.1 <= at);
        for other in others[first..].iter().take_while(|other| other.0 < *end) {
            if at < other.0 {
                left.push((Address(at), Address(other.0)));
            }
            at = at.max(other.1);
        }
        if at < *end {
            left.push((Address(at), Address(*end)));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::{Address, joined, without};

    #[test]
    fn places_of_large_blocks_leave_out_where_others_have_lain() {
        let large = joined(vec![(100, 200), (10, 50), (150, 300)]);
        assert_eq!(large, [(10, 50), (100, 300)]);
        let others = joined(vec![(0, 20), (120, 130), (290, 400), (125, 140)]);
        let left = [(20, 50), (100, 120), (140, 290)];
        let left = left.map(|(start, end)| (Address(start), Address(end)));
        assert_eq!(without(&large, &others), left);
        assert_eq!(without(&large, &[(0, 1000)]), []);
    }
}
