//! `highwater compare`: variants of a trace or of a scenario, run on all cores and compared.

use crate::arguments::Compare;
use crate::display::pictures::Pictures;
use crate::display::text::trims_of;
use crate::input::environment;
use crate::input::imported::Imported;
use crate::input::moment::Place;
use crate::input::rerun::{Measured, Rerun};
use crate::input::scenario::Found;
use crate::input::variants::Asked;
use crate::output::{Files, MarkdownTo};
use crate::parallel;
use anyhow::{Context, Result};
use highwater_report::moment as words;
use highwater_report::table::{Row, Table, runtime};
use highwater_simulator::{ALLOCATOR, Bytes, Judged, Outcome, Phases, Plan, Sources, Summary};
use highwater_workload::Source;
use serde::Serialize;
use std::path::Path;

/// Runs what is asked for, and returns what to print.
pub(crate) fn run(asked: &Compare) -> Result<String> {
    let found = Found::look_up(&asked.runs.subject)?;
    let variants = Asked::read(&asked.runs.variant, &asked.runs.settings)?;
    let planned = found.plan(&asked.runs.set, &variants, &[])?;
    // Calls are added to what is in memory only.
    let mut stages = planned.iter().flat_map(|planned| &planned.stages);
    let trace = match stages.any(|stage| stage.trims.is_some()) {
        true => found.trace()?,
        false => found.streamed_trace()?,
    };
    let mut sources = Sources::default();
    let mut plans: Vec<Plan> = (planned.iter())
        .map(|planned| found.make(planned, trace.as_ref(), &mut sources))
        .collect::<Result<_, _>>()?;
    remark_on_images(&mut plans, &variants);
    drop(sources);
    let names: Vec<&str> = plans.iter().map(|plan| found.name_of(plan)).collect();
    let reruns = Rerun::read(&asked.measured, &names)?;
    let to = MarkdownTo::of(asked.markdown.as_deref(), asked.csv, asked.json)?;
    let mut files = Files::default();
    files.read(Path::new(&asked.runs.subject));
    asked.runs.settings.iter().for_each(|file| files.read(file));
    reruns.iter().for_each(|rerun| files.read(rerun.file()));
    let table_file = to.claim(&mut files)?;
    let pictures = Pictures::prepare(asked, &found, plans.len(), &mut files)?;
    say_replaced(&plans);
    let outcomes = parallel::plans(&plans, asked.jobs)?;
    let measured = measured(&reruns, &found, trace.as_ref(), &outcomes)?;
    pictures.draw(&plans, &outcomes, &measured)?;
    let table = table(asked, &found, &plans, &outcomes)?;
    let markdown = || {
        let below = measured
            .iter()
            .map(|(place, one)| one.markdown(names[*place]));
        table.markdown() + &below.collect::<String>()
    };
    if let Some(file) = table_file {
        file.write(markdown().as_bytes())?;
    }
    Ok(if asked.json {
        json(&found, &table, &plans, &outcomes, &measured)?
    } else if asked.csv {
        table.csv()
    } else if to == MarkdownTo::Printed {
        markdown()
    } else {
        let below = measured.iter().map(|(place, one)| one.text(names[*place]));
        table.text() + &below.collect::<String>()
    })
}

/// Adds a remark where a variant's settings are out of a file whose image has another C library than the one that runs.
fn remark_on_images(plans: &mut [Plan], variants: &Asked) {
    for (variant, file, image) in &variants.images {
        let how = |image: &str| {
            format!(
                "--variant \"{image}: allocator={image} {}\"",
                file.display()
            )
        };
        for plan in plans.iter_mut().filter(|plan| plan.name == *variant) {
            for stage in &mut plan.stages {
                let remark = environment::on_image(image, stage, how);
                stage.said.extend(remark);
            }
        }
    }
}

/// Says which allocators were replaced, since they are not modelled.
fn say_replaced(plans: &[Plan]) {
    for plan in plans {
        let replaced = plan.stages.iter().flat_map(|stage| &stage.said);
        for remark in replaced.filter(|remark| remark.variable == ALLOCATOR) {
            crate::console::say(&format!("variant {}: {}", plan.name, remark.text));
        }
    }
}

/// The reruns beside their variants, by the variants' places.
fn measured(
    reruns: &[Rerun],
    found: &Found,
    trace: Option<&Source>,
    outcomes: &[Outcome],
) -> Result<Vec<(usize, Measured)>> {
    if reruns.is_empty() {
        return Ok(Vec::new());
    }
    let trace = trace.context("--measured: only a recording can be compared with a rerun")?;
    let planned = found.plan(&[], &Asked::default(), &[])?;
    let plan = found.make(&planned[0], Some(trace), &mut Sources::default())?;
    let recorded = parallel::plans(&[plan], None)?;
    let before = (&**trace.first(), &recorded[0]);
    let compared = reruns.iter().map(|rerun| {
        let compared = rerun.compare(&outcomes[rerun.variant], before);
        Ok((rerun.variant, compared?))
    });
    compared.collect()
}

/// The table of all variants.
fn table(asked: &Compare, found: &Found, plans: &[Plan], outcomes: &[Outcome]) -> Result<Table> {
    let row = |(plan, outcome): (&Plan, &Outcome)| {
        let place = Place::of(outcome, asked.at.as_deref()).with_context(|| plan.name.clone())?;
        let stages = plan.stages.iter();
        let stages = stages.map(|stage| {
            let processes = stage.sources.len() as u64;
            (&stage.name[..], processes, &stage.variant)
        });
        let (allocator, mut settings) = runtime(stages);
        for trims in trims_of(plan) {
            settings += if settings.is_empty() { "" } else { " " };
            settings += &trims;
        }
        Ok(Row {
            name: outcome.name.clone(),
            allocator,
            settings,
            burst: words::burst(&outcome.phases, outcome.ends()),
            summary: Some(place.summary(plan, outcome)?),
            moment: place.short,
            lacks_moment: false,
        })
    };
    let rows = plans.iter().zip(outcomes).map(row);
    Ok(Table {
        title: found.title().to_owned(),
        is_after_rest: asked.at.is_none(),
        rows: rows.collect::<Result<_>>()?,
    })
}

#[derive(Serialize)]
struct Report<'a> {
    scenario: &'a str,
    title: &'a str,
    source: &'a str,
    /// What the recording lacks, where another tool made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    imported: Option<Imported>,
    variants: Vec<VariantReport<'a>>,
}

/// What the recording lacks that runs, where another tool made it.
fn imported(plan: &Plan) -> Option<Imported> {
    let source = plan.stages.first()?.sources.first()?;
    Imported::of(&source.first().header)
}

#[derive(Serialize)]
struct VariantReport<'a> {
    name: &'a str,
    allocator: &'a str,
    settings: &'a str,
    /// What comes of each setting, and remarks on the allocator.
    remarks: Vec<Judged>,
    /// What the figures "after burst" and "after rest" are of.
    after_burst_at: &'a str,
    moment: &'a str,
    #[serde(flatten)]
    summary: Summary,
    phases: &'a Phases,
    marks: Vec<MarkReport<'a>>,
    /// What was measured in reruns with its settings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    measured: Vec<&'a Measured>,
    /// Time in seconds, resident and held bytes.
    curve: Vec<(f64, u64, u64)>,
}

#[derive(Serialize)]
struct MarkReport<'a> {
    name: &'a str,
    time_us: u64,
    rss: Bytes,
    live: Bytes,
    reclaimable: Option<Bytes>,
}

fn json(
    found: &Found,
    table: &Table,
    plans: &[Plan],
    outcomes: &[Outcome],
    measured: &[(usize, Measured)],
) -> Result<String> {
    let script = &found.scenario.run;
    let report = Report {
        scenario: &found.scenario.name,
        title: found.title(),
        source: script.text("source"),
        imported: plans.first().and_then(imported),
        variants: (outcomes.iter().zip(&table.rows).zip(plans).enumerate())
            .map(|(place, ((outcome, row), plan))| VariantReport {
                name: &outcome.name,
                allocator: &row.allocator,
                settings: &row.settings,
                remarks: plan.remarks(),
                after_burst_at: &row.burst,
                moment: &row.moment,
                summary: row.summary.unwrap_or_default(),
                phases: &outcome.phases,
                marks: (outcome.marks.iter())
                    .map(|mark| MarkReport {
                        name: &mark.name,
                        time_us: mark.sample.time.0,
                        rss: mark.sample.rss,
                        live: mark.sample.live,
                        reclaimable: mark.sample.reclaimable,
                    })
                    .collect(),
                measured: (measured.iter())
                    .filter(|(variant, _)| *variant == place)
                    .map(|(_, measured)| measured)
                    .collect(),
                curve: (outcome.samples.iter())
                    .map(|s| (s.time.as_seconds(), s.rss.0, s.live.0))
                    .collect(),
            })
            .collect(),
    };
    crate::display::json::line(&report)
}
