//! `highwater matrix`: every variant of a scenario, run on all cores and compared.

use crate::arguments::Matrix;
use crate::output::Files;
use crate::pictures::Pictures;
use crate::scenario::{Found, unknown};
use highwater_simulator::{Bytes, Column, Options, Outcome, Plan, Sources, Summary, run_plan};
use highwater_workload::Progress;
use serde::Serialize;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

const COLUMNS: [Column; 9] = [
    Column::bytes("peak", "peak", |s| s.peak.0),
    Column::bytes("after burst", "after_burst", |s| s.after_burst.0),
    Column::bytes("after rest", "after_rest", |s| s.after_rest.0),
    Column::bytes("held", "held", |s| s.live.0),
    Column::bytes("reclaimable", "reclaimable", |s| s.reclaimable.0),
    Column::bytes("trim gave", "given_back_by_trim", |s| s.trimmed.0),
    Column::bytes("at end", "at_end", |s| s.at_end.0),
    Column::count("faults", "faults", |s| s.faults),
    Column::count("syscalls", "syscalls", |s| s.syscalls),
];

/// Runs what is asked for, and returns what to print.
pub(crate) fn run(matrix: &Matrix) -> Result<String, String> {
    let found = Found::look_up(&matrix.scenario)?.ok_or_else(|| unknown(&matrix.scenario))?;
    let mut planned = found.plan(&matrix.set)?;
    if let Some(missing) =
        (matrix.variant.iter()).find(|name| planned.iter().all(|p| p.name != **name))
    {
        let known: Vec<&str> = planned.iter().map(|p| p.name.as_str()).collect();
        return Err(format!(
            "--variant {missing}: {} has no such variant; it has {}",
            found.scenario.name,
            known.join(", ")
        ));
    }
    if !matrix.variant.is_empty() {
        planned.retain(|planned| matrix.variant.contains(&planned.name));
    }
    let mut sources = Sources::default();
    let plans: Vec<Plan> = (planned.iter())
        .map(|planned| found.make(planned, &mut sources))
        .collect::<Result<_, _>>()?;
    drop(sources);
    let (table_file, printed) = match &matrix.markdown {
        Some(file) if file.as_os_str() == "-" => (None, true),
        file => (file.as_deref(), false),
    };
    if printed && (matrix.csv || matrix.json) {
        let other = if matrix.csv { "--csv" } else { "--json" };
        return Err(format!(
            "--markdown -: it is printed in place of the table, as {other} is; name a file"
        ));
    }
    let mut files = Files::default();
    files.read(Path::new(&matrix.scenario));
    let table_file = table_file.map(|file| files.claim("--markdown", file));
    let table_file = table_file.transpose()?;
    let pictures = Pictures::prepare(matrix, &found, plans.len(), &mut files)?;
    let outcomes = run_all(&plans, matrix.jobs)?;
    pictures.draw(&plans, &outcomes)?;
    let title = &found.scenario.script.title;
    if let Some(file) = table_file {
        file.write(markdown(title, &outcomes).as_bytes())?;
    }
    Ok(if matrix.json {
        json(&found, &outcomes)
    } else if matrix.csv {
        csv(&outcomes)
    } else if printed {
        markdown(title, &outcomes)
    } else {
        table(title, &outcomes)
    })
}

/// Runs all plans, at most so many at a time; the outcomes come in the order of the plans.
pub(crate) fn run_all(plans: &[Plan], jobs: Option<usize>) -> Result<Vec<Outcome>, String> {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let jobs = jobs.unwrap_or(cores).clamp(1, plans.len().max(1));
    let next = AtomicUsize::new(0);
    let shares: Vec<AtomicU64> = plans.iter().map(|_| AtomicU64::new(0)).collect();
    let results: Vec<Mutex<Option<Result<Outcome, String>>>> =
        plans.iter().map(|_| Mutex::new(None)).collect();
    let watched = std::io::stderr().is_terminal();
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let number = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(plan) = plans.get(number)
                {
                    let mut told = |progress: Progress| {
                        let thousandths = (progress.share().min(1.0) * 1000.0) as u64;
                        let before = shares[number].swap(thousandths, Ordering::Relaxed);
                        if watched && before / 10 != thousandths / 10 {
                            let all = shares.iter().map(|share| share.load(Ordering::Relaxed));
                            let percent = all.sum::<u64>() / 10 / plans.len() as u64;
                            eprint!("\r{percent:3} %");
                        }
                        ControlFlow::Continue(())
                    };
                    let options = Options {
                        decisions: 0,
                        ..Options::default()
                    };
                    let outcome = run_plan(plan.clone(), &options, &mut told);
                    let outcome = outcome.map_err(|error| format!("{}: {error}", plan.name));
                    if let Ok(mut result) = results[number].lock() {
                        *result = Some(outcome);
                    }
                }
            });
        }
    });
    if watched {
        eprint!("\r     \r");
    }
    let taken = |result: Mutex<Option<Result<Outcome, String>>>| {
        let result = result.into_inner().ok().flatten();
        result.unwrap_or_else(|| Err("a variant was not run".to_owned()))
    };
    results.into_iter().map(taken).collect()
}

fn table(title: &str, outcomes: &[Outcome]) -> String {
    let names = outcomes.iter().map(|outcome| outcome.name.chars().count());
    let wide = names.max().unwrap_or(0).max("variant".len());
    let mut text = format!("{title}\n\n{:<wide$}", "variant");
    for column in COLUMNS {
        text += &format!(" {:>11}", column.head);
    }
    text.push('\n');
    for outcome in outcomes {
        let summary = outcome.summary();
        text += &format!("{:<wide$}", outcome.name);
        for column in COLUMNS {
            text += &format!(" {:>11}", shown(&column, &summary));
        }
        let words = in_words(&summary);
        if !words.is_empty() {
            text += &format!("  {words}");
        }
        text.push('\n');
    }
    text
}

/// A figure for people.
fn shown(column: &Column, summary: &Summary) -> String {
    let value = (column.value)(summary);
    match column.is_bytes {
        true => Bytes(value).to_string(),
        false => value.to_string(),
    }
}

/// The table as Markdown, for a document.
fn markdown(title: &str, outcomes: &[Outcome]) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace(['\n', '\r'], " ");
    let summaries = outcomes.iter().map(Outcome::summary);
    let rows: Vec<(Summary, String)> = summaries
        .map(|summary| (summary, in_words(&summary)))
        .collect();
    let has_words = rows.iter().any(|(_, words)| !words.is_empty());
    let mut text = format!("**{}**\n\n| variant |", cell(title));
    for column in COLUMNS {
        text += &format!(" {} |", column.head);
    }
    text += if has_words {
        " |\n| --- |"
    } else {
        "\n| --- |"
    };
    text += &" ---: |".repeat(COLUMNS.len());
    text += if has_words { " --- |\n" } else { "\n" };
    for (outcome, (summary, words)) in outcomes.iter().zip(&rows) {
        text += &format!("| {} |", cell(&outcome.name));
        for column in COLUMNS {
            text += &format!(" {} |", shown(&column, summary));
        }
        if has_words {
            text += &format!(" {words} |");
        }
        text.push('\n');
    }
    text
}

/// What has no column: kills, and time at the cap.
fn in_words(summary: &Summary) -> String {
    let mut said = Vec::new();
    match summary.killed {
        0 => {}
        1 => said.push("1 process killed at the cap".to_owned()),
        n => said.push(format!("{n} processes killed at the cap")),
    }
    if let Some(near) = summary.near_cap.filter(|near| near.0 > 0) {
        said.push(format!("{near} within 2 % of the cap"));
    }
    if summary.trims > 1 {
        said.push(format!("{} calls of malloc_trim", summary.trims));
    }
    said.join(", ")
}

fn csv(outcomes: &[Outcome]) -> String {
    let mut text = "variant".to_owned();
    for column in COLUMNS {
        text += &format!(",{}", column.key);
    }
    text += ",killed\n";
    for outcome in outcomes {
        let summary = outcome.summary();
        text += &quoted(&outcome.name);
        for column in COLUMNS {
            text += &format!(",{}", (column.value)(&summary));
        }
        text += &format!(",{}\n", summary.killed);
    }
    text
}

/// As a field of CSV (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
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
    #[serde(flatten)]
    summary: Summary,
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

fn json(found: &Found, outcomes: &[Outcome]) -> String {
    let script = &found.scenario.script;
    let report = Report {
        scenario: &found.scenario.name,
        title: &script.title,
        source: &script.source,
        variants: (outcomes.iter())
            .map(|outcome| VariantReport {
                name: &outcome.name,
                summary: outcome.summary(),
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
    match serde_json::to_string(&report) {
        Ok(text) => text + "\n",
        Err(error) => unreachable!("a report of numbers and texts is always JSON: {error}"),
    }
}
