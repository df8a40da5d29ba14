//! `highwater matrix`: every variant of a scenario, run on all cores and compared.

use crate::arguments::Matrix;
use crate::moment::Place;
use crate::output::Files;
use crate::pictures::Pictures;
use crate::scenario::Found;
use anyhow::{Context, Result, anyhow, bail};
use highwater_report::moment as words;
use highwater_report::table::{Row, Table, runtime};
use highwater_simulator::{
    ALLOCATOR, Bytes, Explain, Judged, Options, Outcome, Phases, Plan, Sources, Summary, run_plan,
};
use highwater_workload::Progress;
use serde::Serialize;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// Runs what is asked for, and returns what to print.
pub(crate) fn run(matrix: &Matrix) -> Result<String> {
    let found = Found::look_up(&matrix.scenario)?;
    let planned = found.plan(&matrix.set, &matrix.variant, None)?;
    let trace = found.trace()?;
    let mut sources = Sources::default();
    let plans: Vec<Plan> = (planned.iter())
        .map(|planned| found.make(planned, trace.as_ref(), &mut sources))
        .collect::<Result<_, _>>()?;
    drop(sources);
    let (table_file, printed) = match &matrix.markdown {
        Some(file) if file.as_os_str() == "-" => (None, true),
        file => (file.as_deref(), false),
    };
    if printed && (matrix.csv || matrix.json) {
        let other = if matrix.csv { "--csv" } else { "--json" };
        bail!("--markdown - and {other} both replace the printed table; give --markdown a file");
    }
    let mut files = Files::default();
    files.read(Path::new(&matrix.scenario));
    let table_file = table_file.map(|file| files.claim("--markdown", file));
    let table_file = table_file.transpose()?;
    let pictures = Pictures::prepare(matrix, &found, plans.len(), &mut files)?;
    for plan in &plans {
        let replaced = plan.stages.iter().flat_map(|stage| &stage.said);
        for remark in replaced.filter(|remark| remark.variable == ALLOCATOR) {
            crate::say(&format!("variant {}: {}", plan.name, remark.text));
        }
    }
    let outcomes = run_all(&plans, matrix.jobs)?;
    pictures.draw(&plans, &outcomes)?;
    let table = table(matrix, &found, &plans, &outcomes)?;
    if let Some(file) = table_file {
        file.write(table.markdown().as_bytes())?;
    }
    Ok(if matrix.json {
        json(&found, &table, &plans, &outcomes)?
    } else if matrix.csv {
        table.csv()
    } else if printed {
        table.markdown()
    } else {
        table.text()
    })
}

/// Runs all plans, at most so many at a time; the outcomes come in the order of the plans.
pub(crate) fn run_all(plans: &[Plan], jobs: Option<usize>) -> Result<Vec<Outcome>> {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let jobs = jobs.unwrap_or(cores).clamp(1, plans.len().max(1));
    let next = AtomicUsize::new(0);
    let shares: Vec<AtomicU64> = plans.iter().map(|_| AtomicU64::new(0)).collect();
    let results: Vec<Mutex<Option<Result<Outcome>>>> =
        plans.iter().map(|_| Mutex::new(None)).collect();
    let watched = std::io::stderr().is_terminal();
    let work = || {
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(plan) = plans.get(number)
        {
            let mut told = |progress: Progress| {
                let thousandths = (progress.share().min(1.0) * 1000.0) as u64;
                let before = shares[number].swap(thousandths, Ordering::Relaxed);
                if watched && before / 10 != thousandths / 10 {
                    let all = shares.iter().map(|share| share.load(Ordering::Relaxed));
                    let percent = all.sum::<u64>() / 10 / plans.len() as u64;
                    crate::run::hint(&format!("\r{percent:3} %"));
                }
                ControlFlow::Continue(())
            };
            let options = Options {
                decisions: 0,
                explain: Explain::Nothing,
                ..Options::default()
            };
            let outcome = run_plan(plan.clone(), &options, &mut told);
            let outcome = outcome.with_context(|| plan.name.clone());
            if let Ok(mut result) = results[number].lock() {
                *result = Some(outcome);
            }
        }
    };
    thread::scope(|scope| {
        // What finds no thread is run by those that there are.
        for _ in 1..jobs {
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    if watched {
        crate::run::hint("\r     \r");
    }
    let taken = |result: Mutex<Option<Result<Outcome>>>| {
        let result = result.into_inner().ok().flatten();
        result.unwrap_or_else(|| Err(anyhow!("a variant was not run")))
    };
    results.into_iter().map(taken).collect()
}

/// The table of all variants.
fn table(matrix: &Matrix, found: &Found, plans: &[Plan], outcomes: &[Outcome]) -> Result<Table> {
    let row = |(plan, outcome): (&Plan, &Outcome)| {
        let place = Place::of(outcome, matrix.at.as_deref()).with_context(|| plan.name.clone())?;
        let stages = plan.stages.iter();
        let stages = stages.map(|stage| {
            let processes = stage.sources.len() as u64;
            (&stage.name[..], processes, &stage.variant)
        });
        let (allocator, settings) = runtime(stages);
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
        title: found.scenario.run.text("title").to_owned(),
        is_after_rest: matrix.at.is_none(),
        rows: rows.collect::<Result<_>>()?,
    })
}

#[derive(Serialize)]
struct Report<'a> {
    scenario: &'a str,
    title: &'a str,
    source: &'a str,
    variants: Vec<VariantReport<'a>>,
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

fn json(found: &Found, table: &Table, plans: &[Plan], outcomes: &[Outcome]) -> Result<String> {
    let script = &found.scenario.run;
    let report = Report {
        scenario: &found.scenario.name,
        title: script.text("title"),
        source: script.text("source"),
        variants: (outcomes.iter().zip(&table.rows).zip(plans))
            .map(|((outcome, row), plan)| VariantReport {
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
                curve: (outcome.samples.iter())
                    .map(|s| (s.time.as_seconds(), s.rss.0, s.live.0))
                    .collect(),
            })
            .collect(),
    };
    crate::json::line(&report)
}
