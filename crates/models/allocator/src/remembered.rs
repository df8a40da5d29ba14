//! What a run remembers of its decisions besides the latest ones: a few of them, and how often memory came and went in turn.
//!
//! A ring of the latest thousands forgets what happened once, at the start, and decided everything after. This is kept
//! beside it and costs a few instructions for each decision.

use crate::decision::{Decision, Logged};
use highwater_kernel::{Bytes, Micros};
use serde::{Deserialize, Serialize};

/// What is remembered of a run's decisions from its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Remembered {
    /// The first rise of the thresholds.
    pub first_raise: Option<Logged>,
    /// The latest rise of the thresholds.
    pub latest_raise: Option<Logged>,
    /// Heaps that grew and were trimmed by turns.
    pub heaps: Turns,
    /// Mappings of single blocks that came and went by turns.
    pub mappings: Turns,
    /// Bytes of such mappings now.
    mapped: Bytes,
    /// The most bytes of such mappings at one time.
    pub most_mapped: Bytes,
}

/// How often memory was taken from the kernel and given back in turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Turns {
    /// Times that memory went back after some had been taken since the time before.
    pub turns: u64,
    /// When the first of them was.
    pub first: Micros,
    /// When the latest of them was.
    pub latest: Micros,
    /// Times that memory was taken.
    pub taken: u64,
    /// Times that memory went back.
    pub given_back: u64,
    /// Bytes that went back.
    pub bytes: Bytes,
    /// The largest top that there would have been without the trims since the growth before, or the largest mapping.
    pub largest: Bytes,
    /// Whether memory was taken since the latest was given back.
    took: bool,
    /// Bytes that went back since memory was taken.
    run: Bytes,
}

impl Turns {
    fn take(&mut self) {
        self.taken += 1;
        self.took = true;
    }

    fn give_back(&mut self, time: Micros, bytes: Bytes) {
        self.given_back += 1;
        self.bytes += bytes;
        self.run += bytes;
        if self.took {
            self.took = false;
            self.run = bytes;
            self.turns += 1;
            if self.turns == 1 {
                self.first = time;
            }
            self.latest = time;
        }
    }
}

impl Remembered {
    /// Takes note of a decision.
    pub(crate) fn note(&mut self, logged: &Logged) {
        let time = logged.time;
        match logged.decision {
            Decision::ThresholdRaised { .. } => {
                self.first_raise.get_or_insert(*logged);
                self.latest_raise = Some(*logged);
            }
            Decision::HeapGrown { .. } => self.heaps.take(),
            Decision::Trimmed {
                bytes, top_size, ..
            } => {
                let heaps = &mut self.heaps;
                heaps.give_back(time, bytes);
                heaps.largest = heaps.largest.max(heaps.run + top_size);
            }
            Decision::Mapped { bytes } => {
                self.mapped += bytes;
                self.most_mapped = self.most_mapped.max(self.mapped);
                self.mappings.take();
            }
            Decision::Unmapped { bytes } => {
                // A mapping that was moved to another size is given back in that one.
                self.mapped = self.mapped.saturating_sub(bytes);
                self.mappings.give_back(time, bytes);
                self.mappings.largest = self.mappings.largest.max(bytes);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ThreadId;

    fn noted(decisions: &[Decision]) -> Remembered {
        let mut remembered = Remembered::default();
        for (event, decision) in decisions.iter().enumerate() {
            remembered.note(&Logged {
                event: event as u64,
                time: Micros(event as u64),
                thread: ThreadId::MAIN,
                decision: *decision,
            });
        }
        remembered
    }

    #[test]
    fn only_a_growth_and_a_trim_are_a_turn() {
        let grown = Decision::HeapGrown {
            arena: 0,
            bytes: Bytes::kib(200),
            top_size: Bytes::kib(210),
        };
        let trimmed = Decision::Trimmed {
            arena: 0,
            considered: crate::Considered::LargeMerge,
            bytes: Bytes::kib(70),
            top_size: Bytes::kib(130),
        };
        let heaps = noted(&[grown, grown, trimmed, trimmed, grown, trimmed]).heaps;
        assert_eq!((heaps.turns, heaps.taken, heaps.given_back), (2, 3, 3));
        assert_eq!((heaps.first, heaps.latest), (Micros(2), Micros(5)));
        assert_eq!(heaps.largest, Bytes::kib(270));
    }

    #[test]
    fn the_first_rise_and_the_latest_are_kept() {
        let raised = |kib| Decision::ThresholdRaised {
            mmap_before: Bytes::kib(128),
            trim_before: Bytes::kib(128),
            mmap_threshold: Bytes::kib(kib),
            trim_threshold: Bytes::kib(2 * kib),
        };
        let kept = noted(&[raised(200), raised(300), raised(400)]);
        let events = [kept.first_raise, kept.latest_raise].map(|kept| kept.map(|kept| kept.event));
        assert_eq!(events, [Some(0), Some(2)]);
    }

    #[test]
    fn mappings_at_one_time_are_summed() {
        let mapped = Decision::Mapped {
            bytes: Bytes::mib(1),
        };
        let unmapped = Decision::Unmapped {
            bytes: Bytes::mib(1),
        };
        let kept = noted(&[mapped, mapped, unmapped, mapped, unmapped, unmapped]);
        assert_eq!(kept.most_mapped, Bytes::mib(2));
        assert_eq!(kept.mappings.turns, 2);
    }
}
