//! What comes of a plan: its curves from beginning to end, and the figures that variants are compared by.

use crate::measured::RealProcess;
use crate::recording::Recording;
use crate::sample::{MarkSample, Sample};
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_allocator::{Bytes, Micros};
use highwater_workload::{Moment, Phases};
use serde::{Deserialize, Serialize};

/// Everything kept of a plan's run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The plan's name.
    pub name: String,
    /// The curves, of all processes together. An event is counted from the plan's beginning, in the first process of each
    /// stage.
    pub samples: Vec<Sample>,
    /// The marks of the first process of each stage, measured over all processes.
    pub marks: Vec<MarkSample>,
    /// The phases of the first process of each stage.
    pub phases: Phases,
    /// The stages.
    pub stages: Vec<StageOutcome>,
}

/// What came of a stage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StageOutcome {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub begins: Micros,
    /// Events of the stages before, in the first process of each.
    pub first_event: u64,
    /// What each process recorded, from its own beginning.
    pub recordings: Vec<Recording>,
}

/// The figures that variants are compared by.
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
pub struct Summary {
    /// The highest resident memory.
    pub peak: Bytes,
    /// The most the program held.
    pub peak_live: Bytes,
    /// Resident memory when the last burst is over and what it left is collected.
    pub after_burst: Bytes,
    /// Resident memory at the moment of the comparison: the end of the last rest, if it is not said otherwise.
    pub after_rest: Bytes,
    /// What the program holds then.
    pub live: Bytes,
    /// What is free in the allocator then, resident or not.
    pub free: Bytes,
    /// What `malloc_trim(0)` would give back then.
    pub reclaimable: Bytes,
    /// What a control group is charged for then, as far as it is known here: [`Sample::charged`].
    pub memory_current: Bytes,
    /// Resident memory in huge pages then.
    pub huge: Bytes,
    /// Resident memory marked with MADV_FREE then.
    pub lazy_free: Bytes,
    /// Calls of `malloc_trim` in the run.
    pub trims: u64,
    /// Resident bytes that these gave back.
    pub trimmed: Bytes,
    /// Resident memory at the very end, after the last of them.
    pub at_end: Bytes,
    /// Page faults.
    pub faults: u64,
    /// System calls.
    pub syscalls: u64,
    /// Processes that were killed at the cap.
    pub killed: u64,
    /// How long what was charged was above the cap less one part in fifty, where there is a cap.
    pub near_cap: Option<Micros>,
    /// When more was charged than `memory.high` for the first time, and nothing could be taken back.
    pub throttled: Option<Micros>,
}

impl Outcome {
    /// The figures to compare, after the last rest; where there is none, of the end.
    pub fn summary(&self) -> Summary {
        self.summary_of(&self.sample_at(self.rested()))
    }

    /// When the last rest ends, or the run where there is no rest.
    pub fn rested(&self) -> Moment {
        let rest = self.phases.last_rest();
        rest.map_or_else(|| self.ends(), |rest| rest.end)
    }

    /// When the last burst is over, or the run where none is known.
    pub fn burst(&self) -> Moment {
        let burst = self.phases.last_burst();
        burst.map_or_else(|| self.ends(), |burst| burst.end)
    }

    /// The end of the run.
    pub fn ends(&self) -> Moment {
        let last = self.samples.last().copied().unwrap_or_default();
        Moment {
            event: last.event,
            time: last.time,
        }
    }

    /// What was measured at a moment: at a mark or a bound of a phase exactly, else at the sample before.
    pub fn sample_at(&self, moment: Moment) -> Sample {
        let is_there = |sample: &Sample| (sample.event, sample.time) == (moment.event, moment.time);
        let marked = self.marks.iter().rfind(|mark| is_there(&mark.sample));
        if let Some(mark) = marked {
            return mark.sample;
        }
        let until = |sample: &Sample| (sample.event, sample.time) <= (moment.event, moment.time);
        let after = self.samples.partition_point(until);
        let sample = self.samples.get(after.saturating_sub(1));
        sample.copied().unwrap_or_default()
    }

    /// What was measured last up to a time.
    pub fn sample_before(&self, time: Micros) -> Sample {
        let after = self.samples.partition_point(|sample| sample.time <= time);
        let sample = self.samples.get(after.saturating_sub(1));
        sample.copied().unwrap_or_default()
    }

    /// The figures to compare, at a moment that was measured.
    pub fn summary_of(&self, at: &Sample) -> Summary {
        let last = self.samples.last().copied().unwrap_or_default();
        let burst = self.sample_at(self.burst());
        let most = |of: fn(&Sample) -> Bytes| self.samples.iter().map(of).max();
        let recordings = || self.stages.iter().flat_map(|stage| &stage.recordings);
        Summary {
            peak: most(|sample| sample.rss_peak).unwrap_or_default(),
            peak_live: most(|sample| sample.live_peak).unwrap_or_default(),
            after_burst: burst.rss,
            after_rest: at.rss,
            live: at.live,
            free: at.free,
            reclaimable: at.reclaimable.unwrap_or_default(),
            memory_current: at.charged(),
            huge: at.huge,
            lazy_free: at.lazy_free,
            trims: recordings().map(|recording| recording.trims).sum(),
            trimmed: Bytes(recordings().map(|recording| recording.trimmed.0).sum()),
            at_end: last.rss,
            faults: recordings().map(|recording| recording.faults).sum(),
            syscalls: recordings()
                .map(|recording| recording.syscalls.total())
                .sum(),
            killed: recordings()
                .filter(|recording| recording.killed.is_some())
                .count() as u64,
            near_cap: self.near_cap(),
            throttled: self.throttled(),
        }
    }

    /// The real process, where the run is of one whose trace says what was measured of it.
    pub fn real(&self) -> Option<&RealProcess> {
        let [stage] = &self.stages[..] else {
            return None;
        };
        let [recording] = &stage.recordings[..] else {
            return None;
        };
        Some(&recording.real).filter(|real| real.count > 0)
    }

    /// When more was charged than `memory.high` for the first time in a process, and nothing could be taken back.
    pub fn throttled(&self) -> Option<Micros> {
        let stages = self.stages.iter().flat_map(|stage| {
            let processes = stage.recordings.iter();
            processes.filter_map(|process| Some(process.throttled?.time + stage.begins))
        });
        stages.min()
    }

    fn near_cap(&self) -> Option<Micros> {
        let cap_at = |time: Micros| {
            let begun = self.stages.iter().rev().find(|stage| stage.begins <= time);
            begun.and_then(|stage| stage.recordings.first()?.variant.cap)
        };
        self.stages
            .iter()
            .find_map(|stage| stage.recordings.first()?.variant.cap)?;
        let mut near = 0;
        for pair in self.samples.windows(2) {
            let is_near = cap_at(pair[0].time)
                .is_some_and(|cap| pair[1].charged_peak.0 >= cap.0 - cap.0 / 50);
            near += u64::from(is_near) * (pair[1].time.0.saturating_sub(pair[0].time.0));
        }
        Some(Micros(near))
    }
}
