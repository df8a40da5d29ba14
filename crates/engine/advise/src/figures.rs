//! The figures by which candidates are compared, and how they are weighed.

use crate::costs::Costs;
use borsh::{BorshDeserialize, BorshSerialize};
use highwater_simulator::{Bytes, Micros, Outcome, Sample, repeated};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use thiserror::Error;

/// What came of a run.
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
pub struct Figures {
    /// The highest resident memory.
    pub peak: Bytes,
    /// Resident memory at the end of the last rest; of a run without one, at its end.
    pub after_rest: Bytes,
    /// What the program holds then.
    pub live: Bytes,
    /// Resident memory on average over the time of the run.
    pub mean: Bytes,
    /// Page faults.
    pub faults: u64,
    /// System calls.
    pub syscalls: u64,
    /// Calls of `malloc_trim`.
    pub trims: u64,
    /// Processes that were killed at the cap.
    pub killed: u64,
}

impl Figures {
    /// Those of an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        let summary = outcome.summary();
        Self {
            peak: summary.peak,
            after_rest: summary.after_rest,
            live: summary.live,
            mean: mean(&outcome.samples),
            faults: summary.faults,
            syscalls: summary.syscalls,
            trims: summary.trims,
            killed: summary.killed,
        }
    }

    /// The processor time of its faults and calls, in the middle of its bounds.
    pub fn cpu(&self, costs: &Costs) -> Micros {
        costs.of(self.faults, self.syscalls)[1]
    }
}

/// The average of resident memory, each sample weighed by the time up to the next.
fn mean(samples: &[Sample]) -> Bytes {
    let sum = samples.windows(2).map(|pair| {
        let time = pair[1].time.0.saturating_sub(pair[0].time.0);
        u128::from(pair[0].rss.0) * u128::from(time)
    });
    let (first, last) = (samples.first(), samples.last());
    let time = first
        .zip(last)
        .map(|(first, last)| last.time.0.saturating_sub(first.time.0));
    match time {
        Some(time) if time > 0 => Bytes((sum.sum::<u128>() / u128::from(time)) as u64),
        _ => last.map_or(Bytes::ZERO, |last| last.rss),
    }
}

/// A figure of memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The highest.
    Peak,
    /// After the last rest.
    Rest,
    /// The average over time.
    Mean,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Peak, Self::Rest, Self::Mean];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Peak => "peak",
            Self::Rest => "rest",
            Self::Mean => "mean",
        }
    }

    /// Its figure.
    pub fn of(self, figures: &Figures) -> Bytes {
        match self {
            Self::Peak => figures.peak,
            Self::Rest => figures.after_rest,
            Self::Mean => figures.mean,
        }
    }
}

/// How much each figure of memory counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Weights {
    /// The highest.
    pub peak: u32,
    /// After the last rest, or at the end of a run that never rests.
    pub rest: u32,
    /// The average over time.
    pub mean: u32,
    /// Whether the run rests.
    pub rests: bool,
}

/// A text that gives no weights.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "expected peak, rest or mean, or several with whole weights up to 1000 as in rest=2,peak=1, not {0}"
)]
pub struct UnknownMeasure(String);

impl Weights {
    /// One measure alone.
    pub fn only(measure: Measure) -> Self {
        let weight = |other| u32::from(other == measure);
        Self {
            peak: weight(Measure::Peak),
            rest: weight(Measure::Rest),
            mean: weight(Measure::Mean),
            rests: true,
        }
    }

    /// What is weighed where nobody says it: what stays after the last rest; of a run that never rests what stays at the end, where
    /// that is a tenth of the peak beyond what the program holds, else the average.
    pub(crate) fn usual(rests: bool, baseline: &Figures) -> Self {
        let stays = baseline.after_rest.saturating_sub(baseline.live);
        let measure = match rests || stays.0 >= (baseline.peak.0 / 10).max(1) {
            true => Measure::Rest,
            false => Measure::Mean,
        };
        Self {
            rests,
            ..Self::only(measure)
        }
    }

    fn weight(&self, measure: Measure) -> u64 {
        u64::from(match measure {
            Measure::Peak => self.peak,
            Measure::Rest => self.rest,
            Measure::Mean => self.mean,
        })
    }

    /// The memory that counts: the average of the figures by their weights.
    pub fn memory(&self, figures: &Figures) -> Bytes {
        let all = Measure::ALL.map(|measure| self.weight(measure));
        let sums = Measure::ALL.map(|measure| self.weight(measure) * measure.of(figures).0);
        Bytes(sums.iter().sum::<u64>() / all.iter().sum::<u64>().max(1))
    }

    /// What is weighed, in words.
    pub fn in_words(&self) -> String {
        let weighed = Measure::ALL.map(|measure| (measure, self.weight(measure)));
        let weighed: Vec<_> = weighed.iter().filter(|(_, weight)| *weight > 0).collect();
        let name = |measure: Measure| match measure {
            Measure::Peak => "at the peak",
            Measure::Rest if self.rests => "after the last rest",
            Measure::Rest => "at the end",
            Measure::Mean => "on average over time",
        };
        match &weighed[..] {
            [(measure, _)] => name(*measure).to_owned(),
            all => {
                let all = all
                    .iter()
                    .map(|(measure, weight)| format!("{} × {weight}", name(*measure)));
                all.collect::<Vec<_>>().join(" and ")
            }
        }
    }
}

impl FromStr for Weights {
    type Err = UnknownMeasure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownMeasure(repeated(text));
        let mut weights = Self {
            peak: 0,
            rest: 0,
            mean: 0,
            rests: true,
        };
        for part in text.split(',') {
            let (name, weight) = part.split_once('=').unwrap_or((part, "1"));
            let weight = weight.trim().parse().ok().filter(|weight| *weight <= 1000);
            let weight = weight.ok_or_else(unknown)?;
            match name.trim() {
                "peak" => weights.peak = weight,
                "rest" => weights.rest = weight,
                "mean" => weights.mean = weight,
                _ => return Err(unknown()),
            }
        }
        match weights.peak + weights.rest + weights.mean {
            0 => Err(unknown()),
            _ => Ok(weights),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time: u64, rss: u64) -> Sample {
        Sample {
            time: Micros(time),
            rss: Bytes(rss),
            ..Sample::default()
        }
    }

    #[test]
    fn the_mean_is_weighed_by_time() {
        assert_eq!(
            mean(&[sample(0, 10), sample(9, 110), sample(10, 500)]),
            Bytes(20)
        );
        assert_eq!(mean(&[sample(5, 7)]), Bytes(7));
        assert_eq!(mean(&[]), Bytes(0));
    }

    #[test]
    fn figures_are_weighed_as_they_are_asked_for() {
        let figures = Figures {
            peak: Bytes(300),
            after_rest: Bytes(60),
            mean: Bytes(90),
            ..Figures::default()
        };
        let memory = |text: &str| text.parse::<Weights>().expect(text).memory(&figures).0;
        assert_eq!(
            [memory("peak"), memory("rest"), memory("mean")],
            [300, 60, 90]
        );
        assert_eq!(memory("rest=2, peak=1"), 140);
        for text in ["", "rss", "rest=0", "rest=-1", "rest=1001"] {
            assert!(text.parse::<Weights>().is_err(), "{text}");
        }
    }
}
