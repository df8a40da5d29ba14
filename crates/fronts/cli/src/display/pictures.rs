//! The pictures that `highwater compare` draws: the curves of all variants, and the heap map of each.

use crate::arguments::Compare;
use crate::display::png;
use crate::display::text::trims_of;
use crate::input::moment::Place;
use crate::input::rerun::Measured;
use crate::input::scenario::Found;
use crate::output::{Files, Output};
use anyhow::{Context, Result, bail};
use highwater_chart::{Chart, Dot, Entry, Head, Map, bands, letter, limits, settings};
use highwater_simulator::{Micros, Outcome, Plan, Quoted};
use std::path::{Path, PathBuf};

/// What is to be drawn into which files.
pub(crate) struct Pictures<'a> {
    asked: &'a Compare,
    /// The files of the curves.
    svg: Option<Output>,
    png: Option<Output>,
    /// The files of the heap maps, one to a variant.
    maps: Vec<Output>,
    /// What stands at the head of each picture.
    title: &'a str,
    date: String,
    source: String,
}

impl<'a> Pictures<'a> {
    /// Claims the files that are asked for, before runs that may take long.
    ///
    /// # Errors
    /// A file that cannot be written or that something else reads or writes.
    pub(crate) fn prepare(
        asked: &'a Compare,
        found: &'a Found,
        variants: usize,
        files: &mut Files,
    ) -> Result<Self> {
        let maps = match &asked.map {
            Some(file) => files_of_maps(file, variants)?,
            None => Vec::new(),
        };
        let mut claim = |option: &str, file: &Path| files.claim(option, file);
        let svg = asked.svg.as_deref().map(|file| claim("--svg", file));
        let png = asked.png.as_deref().map(|file| claim("--png", file));
        let maps = maps.iter().map(|file| claim("--map", file));
        let maps = maps.collect::<Result<_, _>>()?;
        let date = asked
            .date
            .unwrap_or_else(|| jiff::ZonedDateTime::now().date());
        let mut source = match found.is_trace() {
            true => format!("trace {}", found.scenario.name),
            false => format!("scenario {}", found.scenario.name),
        };
        for set in &asked.runs.set {
            source += &format!(" · {set}");
        }
        Ok(Self {
            asked,
            svg: svg.transpose()?,
            png: png.transpose()?,
            maps,
            title: found.title(),
            date: date.to_string(),
            source,
        })
    }

    /// Draws all of them.
    pub(crate) fn draw(
        mut self,
        plans: &[Plan],
        outcomes: &[Outcome],
        reruns: &[(usize, Measured)],
    ) -> Result<()> {
        let (svg_file, png_file) = (self.svg.take(), self.png.take());
        if svg_file.is_some() || png_file.is_some() {
            let svg = self.curves(plans, outcomes, reruns);
            if let Some(file) = png_file {
                file.write(&png::of(&svg)?)?;
            }
            if let Some(file) = svg_file {
                file.write(svg.as_bytes())?;
            }
        }
        let maps = std::mem::take(&mut self.maps);
        let runs = plans.iter().zip(outcomes).zip(maps);
        for (number, ((plan, outcome), file)) in runs.enumerate() {
            let svg = self.map(number, plan, outcome)?;
            match is_png(file.name()) {
                true => file.write(&png::of(&svg)?)?,
                false => file.write(svg.as_bytes())?,
            }
        }
        Ok(())
    }

    fn head(&self) -> Head<'_> {
        Head {
            title: self.title,
            date: &self.date,
            source: &self.source,
            dark: self.asked.dark,
        }
    }

    fn curves(&self, plans: &[Plan], outcomes: &[Outcome], reruns: &[(usize, Measured)]) -> String {
        let runs = plans.iter().zip(outcomes).enumerate();
        let runs = runs.map(|(number, (plan, outcome))| {
            let summary = outcome.summary();
            highwater_chart::Run {
                entry: entry(number, plan, 0..plan.stages.len()),
                samples: &outcome.samples,
                figures: [summary.peak, summary.after_rest, summary.at_end],
                killed: killed(outcome),
                rerun: reruns
                    .iter()
                    .filter(|(variant, _)| *variant == number)
                    .flat_map(|(_, one)| one.dots())
                    .collect(),
            }
        });
        let last = |outcome: &Outcome| outcome.samples.last().map(|sample| sample.time);
        let dots = reruns.iter().flat_map(|(_, one)| one.dots());
        let ends = outcomes
            .iter()
            .filter_map(last)
            .chain(dots.map(|dot| dot.0));
        let ends = ends.max().unwrap_or_default();
        let planned = plans.iter().flat_map(|plan| &plan.stages);
        let main = outcomes.first();
        let main_bands = main.map_or_else(Vec::new, |outcome| bands(&outcome.phases));
        let stages = main.map_or(&[][..], |outcome| &outcome.stages).iter();
        Chart {
            head: self.head(),
            quoted: Quoted::Resident,
            runs: runs.collect(),
            main: 0,
            bands: &main_bands,
            stages: stages
                .map(|stage| (stage.begins, stage.name.as_str()))
                .collect(),
            measured: measured(outcomes),
            limits: limits(planned.map(|stage| &stage.variant)),
            shown: (Micros(0), ends.max(Micros(1))),
        }
        .svg()
    }

    /// The heap of a variant's first process: run again up to the moment, since a comparison keeps no heaps.
    fn map(&self, number: usize, plan: &Plan, outcome: &Outcome) -> Result<String> {
        let place = Place::of(outcome, self.asked.at.as_deref());
        let place = place.with_context(|| plan.name.clone())?;
        let run = place.run(plan, outcome)?;
        let simulation = run.simulation();
        let frame = simulation.frame();
        let svg = Map {
            head: self.head(),
            entry: entry(number, plan, place.stage..place.stage + 1),
            time: place.time,
            frame: &frame,
            page_size: simulation.kernel().page_size(),
            pins: &simulation.diagnose().pins,
            hidden: 0,
        }
        .svg();
        Ok(svg)
    }
}

/// A variant with the settings of some of its stages.
fn entry(number: usize, plan: &Plan, stages: std::ops::Range<usize>) -> Entry<'_> {
    let is_staged = plan.stages.len() > 1;
    let shown = plan.stages[stages].iter().map(|stage| {
        let name = if is_staged { &stage.name } else { "" };
        settings(name, stage.sources.len() as u64, &stage.variant)
    });
    Entry {
        number,
        colour: number,
        name: &plan.name,
        settings: shown.chain(trims_of(plan)).collect(),
    }
}

/// When processes were killed, counted from the beginning of the run.
fn killed(outcome: &Outcome) -> Vec<Micros> {
    let stages = outcome.stages.iter();
    let killed = stages.flat_map(|stage| {
        let killed = stage.recordings.iter().filter_map(|one| one.killed);
        killed.map(|killed| Micros(killed.time.0 + stage.begins.0))
    });
    killed.collect()
}

/// What was measured of the real process. Every variant that runs its calls as they were recorded says the same.
fn measured(outcomes: &[Outcome]) -> Vec<Dot> {
    let real = outcomes.iter().find_map(Outcome::real);
    real.map_or_else(Vec::new, |real| real.points().collect())
}

fn is_png(file: &Path) -> bool {
    file.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("png"))
}

/// The files of the heap maps: the one that is named, or of several one to a letter.
fn files_of_maps(file: &Path, variants: usize) -> Result<Vec<PathBuf>> {
    let end = file.extension().and_then(|end| end.to_str());
    let end = end.filter(|end| ["svg", "png"].contains(&end.to_ascii_lowercase().as_str()));
    let (Some(end), Some(stem)) = (end, file.file_stem()) else {
        bail!(
            "--map {}: the file name must end in .svg or .png",
            file.display()
        );
    };
    if variants == 1 {
        return Ok(vec![file.to_owned()]);
    }
    let named = |number| {
        let mut name = stem.to_owned();
        name.push(format!("-{}.{end}", letter(number)));
        file.with_file_name(name)
    };
    Ok((0..variants).map(named).collect())
}
