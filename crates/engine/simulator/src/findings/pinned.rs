//! Free memory behind chunks in use: one that holds most of it, or thousands that hold a little each.

use super::finding::Finding;
use super::kinds::{Cause, Commonest};
use super::scene::Scene;
use super::tuned::Tuned;
use crate::pins::PinState;
use highwater_allocator::{Block, BlockState, Bytes};

/// With this many pieces or more, a list of them says little.
const MANY: u64 = 64;
/// Chunks named as examples.
const EXAMPLES: usize = 3;
/// Sizes of chunks up to this are counted one by one; a chunk of more is rare.
const COUNTED: u64 = 64 << 10;

impl Scene<'_> {
    /// Finds free memory above everything the program holds, which only parked chunks keep from the top.
    pub(super) fn above_highest_live(&self, tuned: &Tuned) -> Option<Finding> {
        let bytes = self.diagnosis.above_highest_live;
        let chunks = self.diagnosis.parked_above_highest_live;
        if !self.is_worth(bytes) || chunks == 0 {
            return None;
        }
        let finding = Finding::new(Cause::AboveHighestLive { chunks }, bytes)
            .by("cached_chunks_count_as_in_use", "_int_free");
        Some(finding.with(tuned.for_any()))
    }

    /// Finds the one chunk that holds most.
    pub(super) fn largest_pin(&self, tuned: &Tuned) -> Option<Finding> {
        let pin = self.diagnosis.pins.iter();
        let pin = pin.max_by_key(|pin| pin.behind_resident)?;
        if !self.is_worth(pin.behind_resident) {
            return None;
        }
        let remedies = match (pin.state, pin.own) {
            (PinState::Parked, _) | (_, Some(_)) => tuned.for_any(),
            _ => Vec::new(),
        };
        let cause = Cause::LargestPin {
            pin: pin.clone(),
            others: self.has_others(),
        };
        let finding = Finding::new(cause, pin.behind_resident);
        let finding = finding.by("merge_stops_at_chunks_in_use", "_int_free");
        Some(finding.with(remedies))
    }

    /// Finds free memory in many pieces, each behind a chunk of its own.
    pub(super) fn small_pins(&self, tuned: &Tuned) -> Option<Finding> {
        let pins = self.pins_of_pieces();
        let pieces = pins.len() as u64;
        let bytes = pins
            .iter()
            .fold(Bytes::ZERO, |sum, (_, behind)| sum + *behind);
        let largest_piece = pins.iter().map(|(_, behind)| *behind).max()?;
        // Where a few pieces hold most of it, the list of pins says it all.
        let listed = self.diagnosis.pins.iter();
        let listed = listed.fold(Bytes::ZERO, |sum, pin| sum + pin.behind_resident);
        let unlisted = bytes.saturating_sub(listed);
        if pieces < MANY || !self.is_worth(bytes) || unlisted.0 * 4 < bytes.0 {
            return None;
        }
        let count = |of: fn(BlockState) -> bool| {
            let found = pins.iter().filter(|(pin, _)| of(pin.state));
            found.count() as u64
        };
        let mut downwards = pins.iter().rev().map(|(pin, _)| pin.user);
        let cause = Cause::SmallPins {
            pieces,
            live: count(|state| state == BlockState::Live),
            parked: count(|state| matches!(state, BlockState::Parked(_))),
            own: count(|state| state == BlockState::Metadata),
            smallest: pins.iter().map(|(pin, _)| pin.size).min()?,
            largest: pins.iter().map(|(pin, _)| pin.size).max()?,
            commonest: self.commonest(&pins)?,
            examples: downwards.by_ref().take(EXAMPLES).collect(),
            largest_piece,
        };
        let finding = Finding::new(cause, bytes);
        let finding = finding.by("merge_stops_at_chunks_in_use", "_int_free");
        Some(finding.with(tuned.for_any()))
    }

    /// Returns the chunks in use right above a free piece, and the resident bytes of that, those of each arena upwards.
    fn pins_of_pieces(&self) -> Vec<(Block, Bytes)> {
        let mut found = Vec::new();
        for arena in self.arenas {
            for pair in arena.blocks.windows(2) {
                let (piece, above) = (&pair[0], &pair[1]);
                let is_pin = matches!(piece.state, BlockState::Free { .. })
                    && !super::regions::is_free(above)
                    && piece.start + piece.size == above.start;
                if is_pin {
                    found.push((*above, self.simulation.resident(piece)));
                }
            }
        }
        found
    }

    fn commonest(&self, pins: &[(Block, Bytes)]) -> Option<Commonest> {
        let sizes = pins.iter().map(|(pin, _)| pin.size.0);
        let mut sizes: Vec<(u64, u64)> = sizes
            .filter(|size| *size < COUNTED)
            .map(|size| (size, 0))
            .collect();
        sizes.sort_unstable();
        let mut commonest = (0, Bytes(pins.first()?.0.size.0));
        let mut rest = &sizes[..];
        while let Some((size, _)) = rest.first() {
            let run = rest.partition_point(|(other, _)| other <= size);
            if run > commonest.0 {
                commonest = (run, Bytes(*size));
            }
            rest = &rest[run..];
        }
        let size = commonest.1;
        let of_size = || pins.iter().filter(|(pin, _)| pin.size == size);
        let is_live = |pin: &Block| pin.state == BlockState::Live;
        let live = of_size().filter(|(pin, _)| is_live(pin)).count() as u64;
        // One that most of them are like.
        let mostly_live = live * 2 >= of_size().count() as u64;
        // Of a listed pin it is known what allocated it.
        let listed = self.diagnosis.pins.iter().find(|pin| {
            let is_like = pin.size == size && (pin.state == PinState::Live) == mostly_live;
            is_like && pin.behind > Bytes::ZERO
        });
        if let Some(pin) = listed {
            return Some(Commonest {
                size,
                chunks: of_size().count() as u64,
                live,
                requested: pin.requested,
                allocated: pin.allocated,
                example: pin.address,
            });
        }
        let (example, _) = of_size()
            .rev()
            .find(|(pin, _)| is_live(pin) == mostly_live)?;
        let held = self.simulation.latest_holder(example.user);
        Some(Commonest {
            size,
            chunks: of_size().count() as u64,
            live,
            requested: held
                .filter(|held| held.address == example.user)
                .map(|held| held.size),
            allocated: held.map(|held| held.allocated.into()),
            example: example.user,
        })
    }
}
