//! `compare --measured`: what was measured in a real rerun with a variant's settings, beside what the variant foretells.
//!
//! The model has the allocator's memory alone. What the rest of the process takes (code, libraries, stacks, Python's arenas)
//! is taken from the samples of the trace that is compared, at the same moment.

use crate::input::recorded::Recorded;
use anyhow::{Context, Result, bail};
use highwater_chart::Dot;
use highwater_report::one_line;
use highwater_report::table::{code, escaped};
use highwater_simulator::{Bytes, Outcome, Phase, PhaseKind, Phases, Sample};
use highwater_workload::{Call, Micros, Workload};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How long before a mark a sample still says what was resident there, in microseconds.
const JUST: Micros = Micros(20_000);

/// A rest this much shorter than the longest is none of its kind.
const SHORTER: u64 = 4;

/// A rerun.
pub(crate) struct Rerun {
    /// The place of the variant with whose settings it was made.
    pub(crate) variant: usize,
    file: PathBuf,
    workload: Workload,
}

/// What was measured of one, and what was foretold.
#[derive(Serialize)]
pub(crate) struct Measured {
    file: String,
    moments: Vec<Compared>,
    /// When the whole process was measured, and its resident bytes.
    samples: Vec<Dot>,
}

/// A moment of both.
#[derive(Serialize)]
struct Compared {
    name: String,
    /// When it is in the rerun.
    time_us: u64,
    /// Resident bytes of the whole process.
    foretold: Bytes,
    measured: Bytes,
    /// Of the foretold, what is not the allocator's: as recorded.
    rest: Bytes,
}

impl Rerun {
    /// Reads `--measured`, whose names must be those of variants.
    pub(crate) fn read(asked: &[String], names: &[&str]) -> Result<Vec<Self>> {
        let one = |text: &String| {
            // A variant may be named after its settings, which have such a sign in them, too.
            let known = names.iter().enumerate().filter_map(|(place, name)| {
                let file = text.strip_prefix(*name)?.strip_prefix('=')?;
                Some((place, file))
            });
            let Some((variant, file)) = known.min_by_key(|(_, file)| file.len()) else {
                bail!(
                    "--measured {text}: expected NAME=FILE with the name of a variant: {}",
                    names.join(", ")
                );
            };
            let file = PathBuf::from(file);
            let shown = || format!("--measured {}", file.display());
            let recorded = Recorded::open(&file).with_context(shown)?;
            let workload = recorded.read(&file).with_context(shown)?;
            if resident(&workload).next().is_none() {
                bail!(
                    "{}: it has no samples of the process; record the rerun with `highwater record`",
                    shown()
                );
            }
            Ok(Self {
                variant,
                file,
                workload,
            })
        };
        asked.iter().map(one).collect()
    }

    /// The file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Compares it with its variant's outcome. `before` is the trace, and the outcome of the run that it recorded.
    pub(crate) fn compare(
        &self,
        outcome: &Outcome,
        before: (&Workload, &Outcome),
    ) -> Result<Measured> {
        let (trace, recorded) = before;
        let own = Phases::of(&self.workload);
        let mut moments = Vec::new();
        // From the last one back: a rerun may pause once more while it starts.
        let both = rests(&recorded.phases).zip(rests(&outcome.phases));
        for ((was, foretold), is) in both.zip(rests(&own)) {
            let Some(resident) = in_rest(trace, was).zip(in_rest(&self.workload, is)) else {
                continue;
            };
            let models = (recorded.sample_at(was.end), outcome.sample_at(foretold.end));
            moments.push(Compared::new(&was.name, is.end.time, resident, models));
        }
        moments.reverse();
        let named = recorded.marks.iter().zip(&outcome.marks);
        for (was, foretold) in named {
            let is = marks(&self.workload).find(|(name, _)| *name == was.name);
            let is_rest = moments.iter().any(|moment| moment.name == was.name);
            let Some((_, time)) = is.filter(|_| !is_rest) else {
                continue;
            };
            let resident = at_mark(trace, was.sample.time).zip(at_mark(&self.workload, time));
            let models = (was.sample, foretold.sample);
            moments.extend(resident.map(|both| Compared::new(&was.name, time, both, models)));
        }
        if moments.is_empty() {
            bail!(
                "--measured {}: no rest and no mark that the trace has as well, with samples of both",
                self.file.display()
            );
        }
        moments.sort_by_key(|moment| moment.time_us);
        Ok(Measured {
            file: self.file.display().to_string(),
            moments,
            samples: resident(&self.workload).collect(),
        })
    }
}

impl Compared {
    fn new(
        name: &str,
        time: Micros,
        (was, is): (Bytes, Bytes),
        (recorded, foretold): (Sample, Sample),
    ) -> Self {
        let rest = was.saturating_sub(recorded.rss);
        Self {
            name: name.to_owned(),
            time_us: time.0,
            foretold: foretold.rss + rest,
            measured: is,
            rest,
        }
    }

    /// How much more is foretold than was measured, in per cent.
    fn apart(&self) -> f64 {
        (self.foretold.0 as f64 / self.measured.0.max(1) as f64 - 1.0) * 100.0
    }
}

impl Measured {
    /// What a chart of the allocator's memory shows of it: each sample less the rest of the process, which is known at the moments
    /// that are compared, and taken from the nearest.
    pub(crate) fn dots(&self) -> impl Iterator<Item = Dot> {
        let rest = |time: u64| {
            let nearest = |moment: &&Compared| moment.time_us.abs_diff(time);
            let nearest = self.moments.iter().min_by_key(nearest);
            nearest.map_or(Bytes::ZERO, |moment| moment.rest)
        };
        self.samples
            .iter()
            .map(move |(time, bytes)| (*time, bytes.saturating_sub(rest(time.0))))
    }

    /// As plain text, below the table of the variants.
    pub(crate) fn text(&self, variant: &str) -> String {
        let names = self.moments.iter().map(|moment| one_line(&moment.name));
        let width = names.clone().map(|name| name.chars().count()).max();
        let width = width.unwrap_or(0).max(6);
        let mut text = format!(
            "\n{}, measured in {}; resident memory of the whole process\n{:<width$} {:>11} {:>11} {:>8}\n",
            one_line(variant),
            one_line(&self.file),
            "",
            "foretold",
            "measured",
            "apart"
        );
        for (moment, name) in self.moments.iter().zip(names) {
            text += &format!(
                "{name:<width$} {:>11} {:>11} {:>6.1} %\n",
                moment.foretold.to_string(),
                moment.measured.to_string(),
                moment.apart()
            );
        }
        text
    }

    /// As Markdown.
    pub(crate) fn markdown(&self, variant: &str) -> String {
        let mut text = format!(
            "\n{}, measured in {}: resident memory of the whole process\n\n| | foretold | measured | apart |\n| --- | ---: | ---: | ---: |\n",
            escaped(variant),
            code(&self.file)
        );
        for moment in &self.moments {
            text += &format!(
                "| {} | {} | {} | {:.1} % |\n",
                escaped(&moment.name),
                moment.foretold,
                moment.measured,
                moment.apart()
            );
        }
        text
    }
}

/// The rests, the last first; without those that are much shorter than the longest, which chance makes.
fn rests(phases: &Phases) -> impl Iterator<Item = &Phase> {
    let rests = || {
        phases
            .0
            .iter()
            .filter(|phase| phase.kind == PhaseKind::Rest)
    };
    let longest = rests().map(|rest| rest.lasts().0).max().unwrap_or(0);
    rests()
        .rev()
        .filter(move |rest| rest.lasts().0 >= longest / SHORTER)
}

/// The marks, with their times.
fn marks(workload: &Workload) -> impl Iterator<Item = (&str, Micros)> {
    workload.events.iter().filter_map(|event| match event.call {
        Call::Mark(mark) => {
            let mark = workload.marks.get(mark.0 as usize)?;
            Some((&mark.name[..], event.time))
        }
        _ => None,
    })
}

/// What the process had resident in each sample, and when.
fn resident(workload: &Workload) -> impl Iterator<Item = (Micros, Bytes)> {
    let samples = workload.samples.iter();
    samples.filter_map(|sample| Some((sample.time, Bytes(sample.value("rss")?))))
}

/// What it had resident at the end of a rest.
fn in_rest(workload: &Workload, rest: &Phase) -> Option<Bytes> {
    let within = rest.begin.time..=rest.end.time;
    let samples = resident(workload).filter(|(time, _)| within.contains(time));
    samples.last().map(|(_, bytes)| bytes)
}

/// What it had resident at a mark, or just before.
fn at_mark(workload: &Workload, mark: Micros) -> Option<Bytes> {
    let within = mark.saturating_sub(JUST)..=mark;
    let samples = resident(workload).filter(|(time, _)| within.contains(time));
    samples.last().map(|(_, bytes)| bytes)
}
