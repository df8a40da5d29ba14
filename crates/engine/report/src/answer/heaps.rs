//! Where most of the free memory of heaps lies.

use super::AnswerKind;
use crate::count;
use crate::numbers::of;
use highwater_simulator::{Bytes, Cause, Diagnosis, Finding, Pin, PinState};

/// Chunks up to this are called small.
const SMALL: Bytes = Bytes::kib(4);

/// Chunks in use that keep free memory from going back.
struct Keepers {
    /// Resident bytes that they keep.
    behind: Bytes,
    /// How many.
    number: u64,
    /// How many of them are live, parked, and the allocator's own.
    states: [u64; 3],
    smallest: Bytes,
    largest: Bytes,
}

/// Resident free bytes of heaps: those in arenas of Python's own have findings of their own.
pub(super) fn free_in(diagnosis: &Diagnosis) -> Bytes {
    let objects = diagnosis.objects.map(|objects| objects.free_resident);
    (diagnosis.free_resident).saturating_sub(objects.unwrap_or_default())
}

/// Says where free memory lies, the end of a sentence that begins with how much.
pub(super) fn free(kind: AnswerKind, diagnosis: &Diagnosis) -> String {
    let all = free_in(diagnosis);
    let place = match all < diagnosis.free_resident {
        true => "malloc's heaps",
        false => "the allocator",
    };
    let spread = match kind {
        AnswerKind::Top => {
            return format!("is free in {place} but stays, most of it at the top of its heap");
        }
        AnswerKind::Arenas => format!("spread over {} arenas, ", diagnosis.arenas.len()),
        _ => String::new(),
    };
    let mut lies = "still resident".to_owned();
    let slivers = |one: &&Finding| matches!(one.cause, Cause::Slivers { .. });
    let slivers = diagnosis.findings.iter().find(slivers);
    let keepers = Keepers::of(diagnosis);
    if let Some(slivers) = slivers.filter(|slivers| slivers.bytes.0 * 2 >= all.0) {
        let part = part(slivers.bytes, all);
        lies = format!("stuck{part} in pieces that fill no page");
    } else if keepers.behind.0 * 2 >= all.0 {
        // The rest lies at tops, or in ends of pages.
        lies = format!("stuck{} below {}", part(keepers.behind, all), keepers.say());
    }
    format!("is free in {place} but {spread}{lies}")
}

/// ", 9.5 MiB of it", where it is clearly less than all.
fn part(bytes: Bytes, all: Bytes) -> String {
    match bytes.0 * 20 < all.0 * 19 {
        true => format!(", {bytes} of it"),
        false => String::new(),
    }
}

impl Keepers {
    /// Those of thousands of pieces, where the finding about these counts them all; else those that are listed.
    fn of(diagnosis: &Diagnosis) -> Self {
        for finding in &diagnosis.findings {
            if let Cause::SmallPins {
                pieces,
                live,
                parked,
                own,
                smallest,
                largest,
                ..
            } = &finding.cause
            {
                return Self {
                    behind: finding.bytes,
                    number: *pieces,
                    states: [*live, *parked, *own],
                    smallest: *smallest,
                    largest: *largest,
                };
            }
        }
        Self::listed(&diagnosis.pins)
    }

    fn listed(pins: &[Pin]) -> Self {
        let mut all = Self {
            behind: Bytes::ZERO,
            number: 0,
            states: [0; 3],
            smallest: Bytes(u64::MAX),
            largest: Bytes::ZERO,
        };
        for pin in pins.iter().filter(|pin| pin.behind_resident > Bytes::ZERO) {
            all.behind += pin.behind_resident;
            all.number += 1;
            all.states[match pin.state {
                PinState::Live => 0,
                PinState::Parked => 1,
                PinState::Metadata => 2,
            }] += 1;
            all.smallest = all.smallest.min(pin.size);
            all.largest = all.largest.max(pin.size);
        }
        all
    }

    /// "22 small chunks (64 B to 1536 B; 7 live, 15 parked in caches)".
    fn say(&self) -> String {
        let (one, many) = match self.largest <= SMALL {
            true => ("small chunk", "small chunks"),
            false => ("chunk", "chunks"),
        };
        let mut said = format!("{} ({}", of(self.number, one, many), self.smallest);
        if self.smallest < self.largest {
            said += &format!(" to {}", self.largest);
        }
        let states = ["live", "parked in caches", "the allocator's own"];
        let mut before = "; ";
        for (number, state) in self.states.iter().zip(states) {
            if *number > 0 {
                said += &format!("{before}{} {state}", count(*number));
                before = ", ";
            }
        }
        said + ")"
    }
}
